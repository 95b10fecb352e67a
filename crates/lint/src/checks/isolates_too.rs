//! A policy whose rules are about one direction shuts the other.

use portcullis_core::{Code, Severity};

use crate::context::{Context, DIRECTIONS, field_of, filled};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP413"),
    severity: Severity::Warning,
    title: "a policy with rules for one direction shuts the other",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        let Some(spec) = view.spec else { continue };
        let types = filled(spec, "types").or_else(|| filled(spec, "policyTypes"));
        let has_rules = DIRECTIONS.iter().any(|d| filled(spec, field_of(*d)).is_some());
        for direction in DIRECTIONS.into_iter().filter(|d| view.policy.looks(*d) && has_rules) {
            let field = field_of(direction);
            // An empty list that is written was meant.
            if spec.field(field).is_some_and(|rules| !rules.is_null()) {
                continue;
            }
            found.add(match types {
                Some(types) => {
                    let word = types.items().find(|t| {
                        t.as_str().is_some_and(|t| t.eq_ignore_ascii_case(field))
                    });
                    let message =
                        format!("with this type and no {field} rules, all {field} is denied");
                    CHECK
                        .note(word.unwrap_or(types).at(), message)
                        .help(format!("write `{field}: []` if that is meant"))
                }
                None => {
                    let other = filled(spec, "egress").map_or(view.place(), |e| e.key_place());
                    let message = format!(
                        "without `policyTypes` this policy is about {field} as well, and denies all of it"
                    );
                    CHECK.at(other, message).help("write `policyTypes: [Egress]` if only that is meant")
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(spec: &str) -> String {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a}}\n\
             spec: {{podSelector: {{}}, {spec}}}\n"
        )
    }

    #[test]
    fn the_other_direction_is_shut() {
        check(
            CHECK.code,
            &policy("egress: [{ports: [{port: 443}]}]"),
            expect![[r#"
            4 warning "egress": without `policyTypes` this policy is about ingress as well, and denies all of it (write `policyTypes: [Egress]` if only that is meant)
        "#]],
        );
        check(
            CHECK.code,
            &policy("policyTypes: [Ingress, Egress], ingress: [{}]"),
            expect![[r#"
            4 info "Egress": with this type and no egress rules, all egress is denied (write `egress: []` if that is meant)
        "#]],
        );
    }

    #[test]
    fn who_writes_the_empty_list_or_denies_all_knows() {
        silent(
            CHECK.code,
            &[
                &policy("policyTypes: [Ingress, Egress]"),
                &policy("policyTypes: [Ingress, Egress], ingress: [], egress: [{}]"),
                &policy("policyTypes: [Egress], egress: [{}]"),
            ],
        );
    }
}
