//! An empty list of rules without `types`: the direction is not isolated.

use portcullis_core::{Code, Severity};

use crate::context::{Context, DIRECTIONS, field_of, filled};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP409"),
    severity: Severity::Warning,
    title: "an empty list of rules isolates nothing without its type",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        let Some(spec) = view.spec else { continue };
        if filled(spec, "types").or_else(|| filled(spec, "policyTypes")).is_some() {
            continue;
        }
        for direction in DIRECTIONS.into_iter().filter(|d| !view.policy.looks(*d)) {
            let field = field_of(direction);
            let Some(rules) = spec.field(field).filter(|rules| rules.is_empty()) else { continue };
            let (types, word) = match view.is_kubernetes() {
                true => ("policyTypes", "Egress"),
                false if field == "egress" => ("types", "Egress"),
                false => ("types", "Ingress"),
            };
            let message = format!("`{field}` is empty and `{types}` is absent: {field} stays open");
            found.add(
                CHECK
                    .at(rules.key_place(), message)
                    .help(format!("write `{types}: [{word}]` to deny all {field}")),
            );
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
    fn nothing_is_isolated() {
        check(
            CHECK.code,
            &policy("egress: []"),
            expect![[r#"
            4 warning "egress": `egress` is empty and `policyTypes` is absent: egress stays open (write `policyTypes: [Egress]` to deny all egress)
        "#]],
        );
    }

    #[test]
    fn with_its_type_it_denies_all() {
        silent(CHECK.code, &[&policy("policyTypes: [Egress], egress: []"), &policy("ingress: []")]);
    }
}
