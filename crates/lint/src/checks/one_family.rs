//! Excepted networks of one family say nothing of the other.

use portcullis_core::{Code, Family, Severity};
use portcullis_netpol::{Action, Peer};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP328"),
    severity: Severity::Warning,
    title: "a rule with excepted networks of one family is not about the other",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies().iter().filter(|v| v.is_calico()) {
        for rule in view.rules() {
            for lowered in rule.lowered.iter().filter(|r| r.family.is_none()) {
                let ends = [("source", &lowered.source), ("destination", &lowered.destination)];
                for (end, peer) in ends {
                    let Some(family) = only_family(peer) else { continue };
                    let Some(at) = rule.at.field(end).and_then(|e| e.field("notNets")) else {
                        continue;
                    };
                    let other = match family {
                        Family::V4 => Family::V6,
                        Family::V6 => Family::V4,
                    };
                    let message =
                        format!("with {family} networks alone, this rule never matches {other}");
                    let deny = lowered.action == Action::Deny;
                    let finding = if deny {
                        CHECK
                            .at(at.at(), message)
                            .help(format!("write a second rule that denies {other}"))
                    } else {
                        CHECK
                            .note(at.at(), message)
                            .help(format!("write a second rule for {other} if it is used"))
                    };
                    found.add(finding);
                }
            }
        }
    }
}

fn only_family(peer: &Peer) -> Option<Family> {
    if peer.nets.is_some() || peer.selector.is_some() {
        return None;
    }
    let mut families = peer.not_nets.as_ref()?.nets().iter().map(|net| net.family());
    let first = families.next()?;
    families.all(|f| f == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(rule: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {{name: a}}\n\
             spec:\n  types: [Egress]\n  egress:\n  - {rule}\n"
        )
    }

    #[test]
    fn the_other_family_is_not_meant() {
        check(
            CHECK.code,
            &policy("{action: Deny, destination: {notNets: [10.0.0.0/8]}}"),
            expect![[r#"
                7 warning "[10.0.0.0/8]": with IPv4 networks alone, this rule never matches IPv6 (write a second rule that denies IPv6)
            "#]],
        );
        check(
            CHECK.code,
            &policy("{action: Allow, destination: {notNets: [fd00::/8]}}"),
            expect![[r#"
                7 info "[fd00::/8]": with IPv6 networks alone, this rule never matches IPv4 (write a second rule for IPv4 if it is used)
            "#]],
        );
    }

    #[test]
    fn a_rule_of_one_family_says_so() {
        silent(
            CHECK.code,
            &[
                &policy("{action: Deny, ipVersion: 4, destination: {notNets: [10.0.0.0/8]}}"),
                &policy("{action: Deny, destination: {nets: [0.0.0.0/0], notNets: [10.0.0.0/8]}}"),
            ],
        );
    }
}
