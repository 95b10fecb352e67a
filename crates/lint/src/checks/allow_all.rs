//! A rule that allows everything.

use portcullis_core::{Code, Severity};
use portcullis_netpol::{Action, Rule};

use crate::context::{Context, field_of, is_unconditional};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP321"),
    severity: Severity::Warning,
    title: "a rule that allows everything makes the others pointless",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        let rules = view.rules();
        for rule in &rules {
            let all = |r: &&Rule| r.action == Action::Allow && is_unconditional(r);
            if !rule.lowered.iter().any(all) || found.misread(rule.at) {
                continue;
            }
            let direction = field_of(rule.direction);
            let message = format!("this rule allows all {direction}");
            // What a policy allows in any order is a set: every other rule is then pointless. Where
            // rules are ordered, only those behind this one are.
            let pointless = |other: &&crate::context::RuleView<'_>| {
                other.direction == rule.direction
                    && (other.number > rule.number
                        || view.is_kubernetes() && other.number != rule.number)
            };
            found.add(match rules.iter().find(pointless) {
                Some(other) => {
                    let message = format!("{message}, and makes others pointless");
                    CHECK.at(rule.place(), message).also(other.at.at(), "changes nothing")
                }
                None => CHECK
                    .note(rule.place(), message)
                    .help(format!("if that is meant, leaving {direction} out says it better")),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    #[test]
    fn the_rest_is_pointless() {
        check(
            CHECK.code,
            r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec:
  ingress:
  - from: [{podSelector: {}}]
  - {}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: b}
spec:
  types: [Egress]
  egress:
  - action: Deny
    destination: {nets: [10.0.0.0/8]}
  - action: Allow
"#,
            expect![[r#"
                8 warning "{}": this rule allows all ingress, and makes others pointless
                18 info "Allow": this rule allows all egress (if that is meant, leaving egress out says it better)
            "#]],
        );
    }

    #[test]
    fn a_rule_with_any_condition_is_not_everything() {
        silent(
            CHECK.code,
            &[r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: b}
spec:
  ingress:
  - {action: Allow, protocol: TCP}
  - {action: Deny}
"#],
        );
    }
}
