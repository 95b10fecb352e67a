//! A rule for answers, which connection tracking lets pass anyway.

use portcullis_core::{Code, Severity};
use portcullis_netpol::{Action, Direction, PolicyClass, Rule};

use crate::context::{Context, is_everyone};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP325"),
    severity: Severity::Warning,
    title: "a rule for return traffic opens new connections instead",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    // Untracked policy sees every packet, and needs such rules.
    let tracked = |v: &&crate::context::PolicyView<'_>| v.policy.class != PolicyClass::Untracked;
    for view in context.policies().iter().filter(tracked) {
        let inward = view.rules_of(Direction::Ingress);
        let allows = |r: &&Rule| r.action == Action::Allow;
        for rule in view.rules_of(Direction::Egress) {
            let by_source = rule
                .lowered
                .iter()
                .filter(|r| allows(r))
                .any(|r| !r.source.ports.is_empty() && r.destination.ports.is_empty());
            let mirrored = inward.iter().find(|other| {
                other.lowered.iter().any(|i| {
                    rule.lowered.iter().any(|e| {
                        allows(i)
                            && allows(e)
                            && !e.destination.ports.is_empty()
                            && e.destination.ports == i.destination.ports
                            && e.protocol == i.protocol
                            && is_everyone(&e.destination)
                    })
                })
            });
            let message = match (by_source, mirrored) {
                (true, _) => {
                    "answers pass without a rule: this one lets pods open connections from that port"
                }
                (false, Some(_)) => {
                    "answers pass without a rule: this one lets pods open connections to that port, anywhere"
                }
                (false, None) => continue,
            };
            let mut finding = CHECK.at(rule.place(), message);
            if let Some(other) = mirrored {
                finding = finding.also(other.place(), "its answers pass by connection tracking");
            }
            found.add(finding.help("remove the rule if it is meant for answers"));
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    #[test]
    fn the_same_port_both_ways() {
        check(
            CHECK.code,
            r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: metrics}
spec:
  types: [Ingress, Egress]
  ingress:
  - {action: Allow, protocol: TCP, destination: {ports: [9898]}}
  egress:
  - {action: Allow, protocol: TCP, destination: {ports: [9898]}}
  - {action: Allow, protocol: TCP, source: {ports: [9898]}}
"#,
            expect![[r#"
                10 warning "Allow": answers pass without a rule: this one lets pods open connections to that port, anywhere (remove the rule if it is meant for answers)
                11 warning "Allow": answers pass without a rule: this one lets pods open connections from that port (remove the rule if it is meant for answers)
            "#]],
        );
    }

    #[test]
    fn another_port_or_a_named_peer_is_a_connection_of_its_own() {
        silent(
            CHECK.code,
            &[r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: metrics}
spec:
  types: [Ingress, Egress]
  ingress:
  - {action: Allow, protocol: TCP, destination: {ports: [9898]}}
  egress:
  - {action: Allow, protocol: TCP, destination: {ports: [443]}}
  - {action: Allow, protocol: TCP, destination: {selector: a == 'b', ports: [9898]}}
"#],
        );
    }
}
