//! A rule about clients' addresses, behind a service that replaces them.

use std::collections::HashMap;

use portcullis_core::{Code, Net, Origin, Severity};
use portcullis_netpol::{Direction, EndpointId, Peer};
use portcullis_snapshot::{BackendAt, WorkloadState};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP329"),
    severity: Severity::Warning,
    title: "a rule about client addresses behind a service that replaces them",
    run,
};

/// Networks that do not come from outside: RFC 1918, RFC 6598, loopback and link-local, RFC 4193.
const INSIDE: [&str; 8] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
];

fn run(context: &Context<'_>, found: &mut Found) {
    let behind = behind_services(context);
    let inside: Vec<Net> =
        INSIDE.iter().filter_map(|n| Net::parse_masking(n).ok()).map(|(net, _)| net).collect();
    let outside = |net: &Net| net.prefix_len() > 0 && !inside.iter().any(|i| i.covers(net));
    for view in context.policies() {
        let service = context.selected(view).iter().find_map(|id| behind.get(id));
        let Some((service, origin)) = service else { continue };
        for rule in view.rules().into_iter().filter(|r| r.direction == Direction::Ingress) {
            let about = |peer: &Peer| match (&peer.nets, &peer.selector) {
                (Some(nets), _) => nets.nets().iter().any(outside),
                (None, Some(selector)) => {
                    let mut sets = context.network().sets();
                    sets.any(|s| selector.matches(&s.labels) && s.nets.nets().iter().any(outside))
                }
                (None, None) => false,
            };
            let Some(lowered) = rule.lowered.iter().find(|r| about(&r.source)) else { continue };
            let at = context.node(&lowered.origin).unwrap_or(rule.at);
            let peers = at.field("source").or_else(|| at.field("ipBlock")).unwrap_or(at);
            let message = format!(
                "clients of the service `{service}` come with the address of a node: this rule does not see theirs"
            );
            let first = peers.entries().next().map(|(_, field)| field.key_place());
            found.add(
                CHECK
                    .at(first.unwrap_or_else(|| peers.at()), message)
                    .also(portcullis_core::Place::At((*origin).clone()), "this service")
                    .help("`externalTrafficPolicy: Local` keeps the client's address"),
            );
        }
    }
}

/// The endpoints that clients from outside reach through a service that replaces their address.
fn behind_services<'a>(context: &Context<'a>) -> HashMap<EndpointId, (String, &'a Origin)> {
    let mut behind = HashMap::new();
    for (index, service) in context.snapshot.services() {
        let public = matches!(service.kind.as_str(), "LoadBalancer" | "NodePort");
        if !public || service.keeps_source {
            continue;
        }
        for backend in context.snapshot.backends(index) {
            let BackendAt::Workload(id) = backend.at else { continue };
            if let WorkloadState::Endpoint(endpoint) = context.snapshot.workload(id).state {
                let name = format!("{}/{}", service.namespace, service.name);
                behind.insert(endpoint, (name, &service.origin));
            }
        }
    }
    behind
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn shop(policy: &str, source: &str) -> String {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web}}}}
spec: {{containers: [{{name: a, image: a, ports: [{{containerPort: 80}}]}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{type: LoadBalancer, externalTrafficPolicy: {policy}, selector: {{app: web}}, ports: [{{port: 80}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  ingress: [{{from: [{{ipBlock: {{cidr: {source}}}}}]}}]
"
        )
    }

    #[test]
    fn a_node_stands_between() {
        check(
            CHECK.code,
            &shop("Cluster", "203.0.113.0/24"),
            expect![[r#"
                17 warning "cidr": clients of the service `default/web` come with the address of a node: this rule does not see theirs (`externalTrafficPolicy: Local` keeps the client's address)
            "#]],
        );
    }

    #[test]
    fn kept_addresses_and_inner_networks_are_seen() {
        silent(
            CHECK.code,
            &[
                &shop("Local", "203.0.113.0/24"),
                &shop("Cluster", "10.0.0.0/8"),
                &shop("Cluster", "0.0.0.0/0"),
            ],
        );
    }
}
