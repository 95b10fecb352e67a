//! `!=` and `not in` are true of what has no such label.

use portcullis_core::{Code, Selector, Severity};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP208"),
    severity: Severity::Warning,
    title: "`!=` or `not in` also selects what has no such label",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        for written in view.written() {
            let mut differing = Vec::new();
            differs(&written.selector, &mut differing);
            let has = positive_keys(&written.selector);
            for (key, term) in differing {
                // Every pod has these, whatever its author wrote.
                let given = key.starts_with("projectcalico.org/")
                    || key == "kubernetes.io/metadata.name"
                    || written.field == "serviceAccountSelector";
                if given || has.contains(&key) {
                    continue;
                }
                let place = written.at.at();
                let help = format!("`has({key}) && {term}` asks for the label first");
                found.add(if written.rule.is_some() {
                    let message = format!(
                        "`{term}` also holds for everything without the label `{key}`, and never for addresses that no pod or set has"
                    );
                    CHECK.at(place, message).help(help)
                } else {
                    let message =
                        format!("`{term}` also selects everything without the label `{key}`");
                    CHECK.note(place, message).help(help)
                });
            }
        }
    }
}

fn differs<'a>(selector: &'a Selector, out: &mut Vec<(&'a str, String)>) {
    match selector {
        Selector::Differs(key, _) | Selector::NotIn(key, _) => {
            out.push((key.as_str(), selector.to_string()));
        }
        Selector::And(list) | Selector::Or(list) => list.iter().for_each(|s| differs(s, out)),
        _ => {}
    }
}

/// The keys that must be there.
fn positive_keys(selector: &Selector) -> Vec<&str> {
    match selector {
        Selector::Has(key) | Selector::Equals(key, _) | Selector::In(key, _) => vec![key.as_str()],
        Selector::And(all) => all.iter().flat_map(positive_keys).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(subject: &str, source: &str) -> String {
        format!(
            "
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: pci}}
spec:
  selector: {subject}
  ingress:
  - action: Deny
    source:
      selector: {source}
"
        )
    }

    #[test]
    fn what_has_no_label_differs_too() {
        check(
            CHECK.code,
            &policy("PCI == \"true\"", "PCI != \"true\" && zone == 'a'"),
            expect![[r#"
                10 warning "PCI != \"true\" && zone == 'a'": `PCI != "true"` also holds for everything without the label `PCI`, and never for addresses that no pod or set has (`has(PCI) && PCI != "true"` asks for the label first)
            "#]],
        );
        check(
            CHECK.code,
            &policy("env not in {'dev', 'test'}", "all()"),
            expect![[r#"
            6 info "env not in {'dev', 'test'}": `env not in {"dev", "test"}` also selects everything without the label `env` (`has(env) && env not in {"dev", "test"}` asks for the label first)
        "#]],
        );
    }

    #[test]
    fn who_asks_for_the_label_first_knows() {
        silent(
            CHECK.code,
            &[
                &policy("has(PCI) && PCI != 'true'", "a == 'b'"),
                &policy("projectcalico.org/namespace != 'kube-system'", "all()"),
                &policy("'!has(PCI)'", "all()"),
            ],
        );
    }
}
