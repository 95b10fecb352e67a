//! Allowed out, and denied in: an allow at one end alone.

use portcullis_core::{Code, Diagnostic, Family, Net, Place, Protocol, Ranges, Severity, net};
use portcullis_netpol::{
    Action, By, Decider, Direction, EndpointId, EndpointKind, Flow, Party, PortMatch, Rule,
    SideVerdict, Stage, explain,
};
use portcullis_snapshot::ContainerPort;

use crate::context::{Context, PolicyView, RuleView};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP332"),
    severity: Severity::Warning,
    title: "an egress rule allows what the destination denies",
    run,
};

/// How many flows are asked about in one run: each walks every policy, and the first few hundred
/// rules of this sort tell the story.
const FLOWS_MAX: usize = 256;

fn run(context: &Context<'_>, found: &mut Found) {
    let mut asked = 0;
    for view in context.policies().iter().filter(|v| !v.policy.kind.is_staged()) {
        for rule in view.rules() {
            if rule.direction != Direction::Egress {
                continue;
            }
            for lowered in rule.lowered.iter().filter(|r| r.action == Action::Allow) {
                if asked >= FLOWS_MAX {
                    return;
                }
                let Some((from, to)) = pair(context, view, lowered) else { continue };
                asked += 1;
                if let Some(finding) = judge(context, view, &rule, lowered, (from, to)) {
                    found.add(finding);
                    break;
                }
            }
        }
    }
}

/// A pod that the policy selects, and another that the rule lets it reach.
fn pair(
    context: &Context<'_>,
    view: &PolicyView<'_>,
    rule: &Rule,
) -> Option<(EndpointId, EndpointId)> {
    let pods =
        |id: &EndpointId| matches!(context.endpoint(*id).kind, EndpointKind::Workload { .. });
    let selector = rule.destination.selector.as_ref()?;
    let protocol = rule.protocol.map_or(Protocol::TCP, |p| p.protocol);
    let from = context.selected(view).iter().copied().find(pods)?;
    let to = context
        .matching(selector)
        .into_iter()
        .filter(pods)
        .find(|to| *to != from && port(context, rule, protocol, *to).is_some())?;
    Some((from, to))
}

fn judge(
    context: &Context<'_>,
    view: &PolicyView<'_>,
    rule: &RuleView<'_>,
    lowered: &Rule,
    (from, to): (EndpointId, EndpointId),
) -> Option<Diagnostic> {
    let network = context.network();
    let protocol = lowered.protocol.map_or(Protocol::TCP, |p| p.protocol);
    let port = port(context, lowered, protocol, to)?;
    let flow = Flow {
        family: Family::V4,
        protocol,
        from: party(context, from),
        to: party(context, to),
        source_port: Ranges::span(1024, 65_535),
        port: Some(port),
        icmp: None,
    };
    let answer = explain(network, &flow, Stage::Enforced);
    let decider = |by: &Option<By>| match by {
        Some(By { decider: Decider::Policy(id), rule, .. }) => Some((network.policy(*id), *rule)),
        _ => None,
    };
    let (by, number) = decider(&answer.egress.by)?;
    let own = by.origin == view.policy.origin && number == Some(rule.number);
    if !own
        || answer.egress.verdict != SideVerdict::Allow
        || answer.ingress.verdict != SideVerdict::Deny
    {
        return None;
    }
    let (denier, _) = decider(&answer.ingress.by)?;
    let (from, to) = (context.name_of(from), context.name_of(to));
    let message = format!(
        "this lets `{from}` out to `{to}` on {port}/{protocol}, where it is denied on its way in"
    );
    Some(
        CHECK
            .at(rule.place(), message)
            .also(Place::At(denier.origin.field("metadata").field("name")), "denies it")
            .help(format!("allow it in an ingress rule for `{to}` as well")),
    )
}

/// A port that the rule opens and the destination serves, as far as it says what it serves.
fn port(context: &Context<'_>, rule: &Rule, protocol: Protocol, to: EndpointId) -> Option<u16> {
    let declared = context.declared_ports(to);
    let serves = |open: &dyn Fn(&ContainerPort) -> bool| {
        declared.iter().find(|p| p.protocol == protocol && open(p)).map(|p| p.port)
    };
    let listed = &rule.destination.ports;
    if declared.is_empty() {
        return listed.iter().find_map(|p| match p {
            PortMatch::Range(range) => Some(range.first),
            PortMatch::Named(_) => None,
        });
    }
    serves(&|own| {
        listed.is_empty()
            || listed.iter().any(|p| match p {
                PortMatch::Range(range) => range.contains(own.port),
                PortMatch::Named(name) => *name == own.name,
            })
    })
}

fn party(context: &Context<'_>, id: EndpointId) -> Party {
    let endpoint = context.endpoint(id);
    let own = endpoint.addresses.iter().filter(|a| Family::of(**a) == Family::V4);
    let own = Ranges::of(own.map(|a| (net::number(*a), net::number(*a))));
    if !own.is_empty() {
        return Party::somewhere(own).endpoint(id);
    }
    let pods = &context.snapshot.settings().pod_networks;
    let pods = Ranges::of(pods.iter().filter(|n| n.family() == Family::V4).map(Net::span));
    let anywhere = if pods.is_empty() { Family::V4.everything() } else { pods };
    Party::somewhere(anywhere).endpoint(id)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn shop(ingress: &str) -> String {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web}}}}
spec: {{containers: [{{name: a, image: a}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: db, labels: {{app: db}}}}
spec: {{containers: [{{name: a, image: a, ports: [{{containerPort: 5432}}]}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [Egress]
  egress:
  - to: [{{podSelector: {{matchLabels: {{app: db}}}}}}]
    ports: [{{port: 5432}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: db}}
spec:
  podSelector: {{matchLabels: {{app: db}}}}
  ingress: {ingress}
"
        )
    }

    #[test]
    fn the_door_at_the_other_end_is_shut() {
        check(
            CHECK.code,
            &shop("[]"),
            expect![[r#"
                19 warning "to": this lets `default/web` out to `default/db` on 5432/tcp, where it is denied on its way in (allow it in an ingress rule for `default/db` as well)
            "#]],
        );
    }

    #[test]
    fn both_doors_are_open() {
        silent(
            CHECK.code,
            &[&shop("[{from: [{podSelector: {matchLabels: {app: web}}}]}]"), &shop("[{}]")],
        );
    }
}
