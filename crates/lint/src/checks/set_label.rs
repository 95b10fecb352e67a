//! A network set that carries a label which tells pods apart.

use portcullis_core::{Code, Severity};
use portcullis_object::Cursor;

use crate::context::{Context, is_calico};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP211"),
    severity: Severity::Warning,
    title: "a network set with a label that only pods should have",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let sets = context
        .objects
        .iter()
        .filter(|o| is_calico(o) && matches!(o.kind(), "NetworkSet" | "GlobalNetworkSet"));
    for set in sets {
        let labels = set.root().field("metadata").and_then(|m| m.field("labels"));
        for (key, value) in labels.into_iter().flat_map(Cursor::entries) {
            let of_pods = key.starts_with("pcns.")
                || key.starts_with("pcsa.")
                || matches!(
                    key,
                    "projectcalico.org/orchestrator" | "projectcalico.org/serviceaccount"
                );
            if of_pods {
                let message = format!(
                    "with the label `{key}` this set passes for pods: selectors over namespaces and service accounts match it"
                );
                found.add(CHECK.at(value.key_place(), message).help("use a label of your own"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn set(label: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: NetworkSet\n\
             metadata: {{name: a, labels: {{{label}: x}}}}\nspec: {{nets: [10.0.0.0/8]}}\n"
        )
    }

    #[test]
    fn addresses_that_pass_for_pods() {
        check(
            CHECK.code,
            &set("pcns.team"),
            expect![[r#"
            3 warning "pcns.team": with the label `pcns.team` this set passes for pods: selectors over namespaces and service accounts match it (use a label of your own)
        "#]],
        );
        check(
            CHECK.code,
            &set("projectcalico.org/orchestrator"),
            expect![[r#"
            3 warning "projectcalico.org/orchestrator": with the label `projectcalico.org/orchestrator` this set passes for pods: selectors over namespaces and service accounts match it (use a label of your own)
        "#]],
        );
    }

    #[test]
    fn labels_of_their_own_are_fine() {
        silent(CHECK.code, &[&set("team")]);
    }
}
