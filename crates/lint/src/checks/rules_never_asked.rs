//! Rules for a direction that the policy has no say on.

use portcullis_core::{Code, Severity};

use crate::context::{Context, DIRECTIONS, field_of, filled};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP412"),
    severity: Severity::Warning,
    title: "rules of a direction that the policy types leave out",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        let Some(spec) = view.spec else { continue };
        let Some(types) = filled(spec, "types").or_else(|| filled(spec, "policyTypes")) else {
            continue;
        };
        for direction in DIRECTIONS.into_iter().filter(|d| !view.policy.looks(*d)) {
            let field = field_of(direction);
            if let Some(rules) = filled(spec, field) {
                let name = types.key().unwrap_or("types");
                let message = format!("these rules are never asked: `{name}` leaves {field} out");
                found.add(
                    CHECK
                        .at(rules.key_place(), message)
                        .also(types.at(), "the directions it has a say on")
                        .help(format!("add the type, or remove `{field}`")),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(types: &str) -> String {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a}}\n\
             spec: {{policyTypes: {types}, egress: [{{ports: [{{port: 443}}]}}]}}\n"
        )
    }

    #[test]
    fn nobody_asks_them() {
        check(
            CHECK.code,
            &policy("[Ingress]"),
            expect![[r#"
            4 warning "egress": these rules are never asked: `policyTypes` leaves egress out (add the type, or remove `egress`)
        "#]],
        );
    }

    #[test]
    fn with_the_type_they_are_asked() {
        silent(CHECK.code, &[&policy("[Egress]"), &policy("[]")]);
    }
}
