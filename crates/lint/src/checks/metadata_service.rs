//! Egress to every address includes the metadata service of the cloud.

use std::net::{IpAddr, Ipv4Addr};

use portcullis_core::{Code, Family, PortRange, Protocol, Severity, net};
use portcullis_netpol::{Action, Direction, NetList, Peer, PortMatch, Rule};

use crate::context::{Context, is_everyone};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP310"),
    severity: Severity::Warning,
    title: "egress to every address includes the metadata service",
    run,
};

/// Where clouds answer instances with their credentials (RFC 3927 link-local).
const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
const HTTP: u16 = 80;

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        for rule in view.rules() {
            if rule.direction != Direction::Egress {
                continue;
            }
            let reaches = |r: &&&Rule| r.action == Action::Allow && allows_metadata(r);
            let Some(reaching) = rule.lowered.iter().find(reaches) else { continue };
            let guarded = view.policy.egress_rules.iter().any(|earlier| {
                earlier.number < rule.number
                    && earlier.action == Action::Deny
                    && holds_metadata(earlier.destination.nets.as_ref())
            });
            if guarded || found.misread(rule.at) {
                continue;
            }
            let at = context.node(&reaching.origin).unwrap_or(rule.at);
            let block = at.field("ipBlock").and_then(|b| b.field("cidr"));
            let place = at.field("action").or(block).unwrap_or(at);
            let message = format!(
                "this lets pods reach {METADATA}, where clouds hand out the node's credentials"
            );
            found.add(CHECK.at(place.at(), message).help(match view.is_kubernetes() {
                true => "except it: `ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}`",
                false => "deny it before, or list it under `notNets`",
            }));
        }
    }
}

fn allows_metadata(rule: &Rule) -> bool {
    let tcp = rule.protocol.is_none_or(|p| p.protocol == Protocol::TCP)
        && rule.not_protocol.is_none_or(|p| p.protocol != Protocol::TCP);
    tcp && rule.family != Some(Family::V6) && covers_metadata(&rule.destination)
}

/// Whether the peer takes in the address together with the rest of the world: who names it meant it.
fn covers_metadata(peer: &Peer) -> bool {
    let narrow = peer.nets.as_ref().is_some_and(|list| {
        list.nets().iter().all(|net| net.prefix_len() == 32 || !net.contains(METADATA))
    });
    let here = is_everyone(peer)
        || peer.selector.is_none()
            && peer.service.is_none()
            && peer.domains.is_empty()
            && (peer.nets.is_none() || holds_metadata(peer.nets.as_ref()))
            && !narrow;
    let port = |ports: &[PortMatch]| {
        ports.iter().any(|p| match p {
            PortMatch::Range(PortRange { first, last }) => (*first..=*last).contains(&HTTP),
            PortMatch::Named(_) => false,
        })
    };
    here && !holds_metadata(peer.not_nets.as_ref())
        && (peer.ports.is_empty() || port(&peer.ports))
        && !port(&peer.not_ports)
}

fn holds_metadata(list: Option<&NetList>) -> bool {
    list.is_some_and(|list| list.of(Family::V4).contains(net::number(METADATA)))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    #[test]
    fn the_world_holds_the_metadata_service() {
        check(
            CHECK.code,
            r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 0.0.0.0/0}}]
    ports: [{port: 80}]
  - ports: [{port: 443}]
  - to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.0.0/16]}}]
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: b}
spec:
  types: [Egress]
  egress:
  - {action: Allow, destination: {notNets: [10.0.0.0/8]}}
"#,
            expect![[r#"
                9 warning "0.0.0.0/0": this lets pods reach 169.254.169.254, where clouds hand out the node's credentials (except it: `ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}`)
                20 warning "Allow": this lets pods reach 169.254.169.254, where clouds hand out the node's credentials (deny it before, or list it under `notNets`)
            "#]],
        );
    }

    #[test]
    fn who_denies_it_first_or_names_it_knows() {
        silent(
            CHECK.code,
            &[
                r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: b}
spec:
  types: [Egress]
  egress:
  - {action: Deny, destination: {nets: [169.254.169.254/32]}}
  - {action: Allow}
"#,
                r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: b}
spec:
  types: [Egress]
  egress:
  - {action: Allow, destination: {nets: [169.254.169.254/32]}}
  - {action: Allow, protocol: UDP}
  - {action: Allow, protocol: TCP, destination: {ports: [443]}}
  - {action: Allow, destination: {selector: a == 'b'}}
"#,
            ],
        );
    }
}
