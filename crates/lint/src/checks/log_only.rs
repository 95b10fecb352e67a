//! A policy that logs and decides nothing.

use portcullis_core::{Code, Severity};
use portcullis_netpol::Action;

use crate::context::{Context, DIRECTIONS, field_of};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP326"),
    severity: Severity::Warning,
    title: "a policy that only logs denies what it logs",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        for direction in DIRECTIONS {
            let rules = view.policy.rules(direction);
            let logs = !rules.is_empty() && rules.iter().all(|r| r.action == Action::Log);
            let first = view.rules_of(direction).into_iter().next();
            let Some(rule) = first.filter(|_| logs && view.policy.looks(direction)) else {
                continue;
            };
            let message = format!(
                "the {} rules only log: what no policy of the tier `{}` decides is denied at its end",
                field_of(direction),
                view.policy.tier
            );
            found.add(
                CHECK.at(rule.place(), message).help("end with `action: Pass` to only look on"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(rules: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {{name: a}}\n\
             spec:\n  ingress:\n{rules}"
        )
    }

    #[test]
    fn looking_on_is_not_neutral() {
        check(
            CHECK.code,
            &policy("  - {action: Log}\n"),
            expect![[r#"
            6 warning "Log": the ingress rules only log: what no policy of the tier `default` decides is denied at its end (end with `action: Pass` to only look on)
        "#]],
        );
    }

    #[test]
    fn a_rule_that_decides_is_enough() {
        silent(
            CHECK.code,
            &[&policy("  - {action: Log}\n  - {action: Pass}\n"), &policy("  []\n")],
        );
    }
}
