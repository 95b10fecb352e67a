//! DNS is opened over UDP alone.

use portcullis_core::{Code, Place, Protocol, Severity};
use portcullis_netpol::{Action, Direction, PortMatch, Rule};
use portcullis_object::Cursor;

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP323"),
    severity: Severity::Warning,
    title: "DNS is allowed over UDP and not over TCP",
    run,
};

pub(super) const DNS: u16 = 53;

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies().iter().filter(|v| v.policy.egress) {
        let rules = view.rules_of(Direction::Egress);
        let over = |protocol: Protocol| {
            move |r: &&Rule| r.action == Action::Allow && names_dns(r) && may_be(r, protocol)
        };
        let all = || rules.iter().flat_map(|r| r.lowered.iter().copied());
        let tcp_too = all()
            .any(|r| r.action == Action::Allow && may_be(&r, Protocol::TCP) && may_name_dns(r));
        if tcp_too {
            continue;
        }
        if let Some(rule) = rules.iter().find(|r| r.lowered.iter().any(|r| over(Protocol::UDP)(r)))
        {
            let place = port_place(rule.at);
            let message = "DNS is allowed over UDP alone: answers that do not fit are asked for again over TCP";
            found.add(CHECK.at(place, message).help("allow port 53 over TCP to the same peers"));
        }
    }
}

/// The 53, to be underlined; else the rule.
fn port_place(rule: Cursor<'_>) -> Place {
    let calico = rule.field("destination").and_then(|d| d.field("ports"));
    let ports = calico.or_else(|| rule.field("ports"));
    let number = |c: Cursor<'_>| c.scalar().is_some_and(|t| t == "53");
    ports
        .into_iter()
        .flat_map(portcullis_object::Cursor::items)
        .find_map(
            |item| {
                if number(item) { Some(item) } else { item.field("port").filter(|p| number(*p)) }
            },
        )
        .or_else(|| rule.field("action"))
        .unwrap_or(rule)
        .at()
}

fn may_be(rule: &&Rule, protocol: Protocol) -> bool {
    rule.protocol.is_none_or(|p| p.protocol == protocol)
        && rule.not_protocol.is_none_or(|p| p.protocol != protocol)
}

/// Whether the rule is about DNS: it lists the port.
fn names_dns(rule: &Rule) -> bool {
    let is = |p: &PortMatch| matches!(p, PortMatch::Range(r) if r.first == DNS && r.last == DNS);
    rule.destination.ports.iter().any(is)
}

pub(super) fn may_name_dns(rule: &Rule) -> bool {
    let ports = &rule.destination.ports;
    let holds = |p: &PortMatch| match p {
        PortMatch::Range(range) => range.contains(DNS),
        PortMatch::Named(_) => true,
    };
    ports.is_empty() || ports.iter().any(holds)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(ports: &str) -> String {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a}}\n\
             spec:\n  policyTypes: [Egress]\n  egress:\n  - ports:\n{ports}"
        )
    }

    #[test]
    fn udp_alone_is_half_of_dns() {
        check(
            CHECK.code,
            &policy("    - {port: 53, protocol: UDP}\n"),
            expect![[r#"
            8 warning "53": DNS is allowed over UDP alone: answers that do not fit are asked for again over TCP (allow port 53 over TCP to the same peers)
        "#]],
        );
    }

    #[test]
    fn both_are_all_of_it() {
        silent(
            CHECK.code,
            &[
                &policy("    - {port: 53, protocol: UDP}\n    - {port: 53}\n"),
                &policy("    - {port: 123, protocol: UDP}\n"),
                &policy("    - {port: 53, protocol: UDP}\n    - {port: 1, endPort: 65535}\n"),
            ],
        );
    }
}
