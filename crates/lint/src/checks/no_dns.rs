//! Egress is isolated, and nothing allows DNS.

use std::collections::HashSet;

use portcullis_core::{Code, Protocol, Severity};
use portcullis_netpol::{Action, Direction, EndpointId, EndpointKind, PolicyId, Rule};

use super::dns_udp_only::may_name_dns;
use crate::context::{Context, PolicyView};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP324"),
    severity: Severity::Warning,
    title: "egress is isolated, and no policy allows DNS",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    // The endpoints of which some policy may allow DNS, staged or not.
    let mut served: HashSet<EndpointId> = HashSet::new();
    let looks = |v: &&PolicyView<'_>| v.policy.egress;
    for view in context.policies().iter().filter(looks) {
        if view.policy.egress_rules.iter().any(may_allow_dns) {
            served.extend(context.selected(view));
        }
    }
    for view in context.policies().iter().filter(looks) {
        let rules = &view.policy.egress_rules;
        if rules.iter().any(may_allow_dns) || ends_without_deny(context, view) {
            continue;
        }
        let pods = context.selected(view).iter().filter(|id| is_pod(context, **id));
        let Some(cut) = pods.copied().find(|id| !served.contains(id)) else { continue };
        // Told once for a pod, however many policies isolate it.
        served.extend(context.selected(view));
        let place = match view.spec.and_then(|s| s.field("egress")) {
            Some(egress) if !egress.is_null() => egress.key_place(),
            _ => view.place(),
        };
        let message = format!(
            "egress of `{}` is isolated, and no policy allows it to ask for names (53/UDP)",
            context.name_of(cut)
        );
        found.add(
            CHECK.at(place, message).help("allow port 53 over UDP and TCP to the cluster's DNS"),
        );
    }
}

fn is_pod(context: &Context<'_>, id: EndpointId) -> bool {
    matches!(context.endpoint(id).kind, EndpointKind::Workload { .. })
}

/// A rule that passes hands the question to a later tier, where somebody else may allow.
fn may_allow_dns(rule: &Rule) -> bool {
    let udp = rule.protocol.is_none_or(|p| p.protocol == Protocol::UDP);
    matches!(rule.action, Action::Allow) && udp && may_name_dns(rule)
}

/// Whether what no rule of the policy matches goes on to a later tier: its last rule passes it on,
/// or its tier does.
fn ends_without_deny(context: &Context<'_>, view: &PolicyView<'_>) -> bool {
    let passes = |r: &Rule| r.action == Action::Pass && crate::context::is_unconditional(r);
    let tier = context.network().tiers().find(|(_, t)| t.name == view.policy.tier);
    let tier_passes = tier.is_some_and(|(_, t)| {
        t.default_action == portcullis_netpol::DefaultAction::Pass
            || t.policies().iter().any(|id: &PolicyId| {
                context.network().policy(*id).rules(Direction::Egress).iter().any(passes)
            })
    });
    tier_passes || view.policy.egress_rules.iter().any(passes)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: a, image: a}]}
---";
    const DENY: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---";
    const DNS: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: dns}
spec:
  policyTypes: [Egress]
  egress: [{ports: [{port: 53, protocol: UDP}, {port: 53}]}]
---";

    #[test]
    fn nobody_can_ask_for_names() {
        check(
            CHECK.code,
            &format!("{POD}{DENY}"),
            expect![[r#"
            9 warning "deny": egress of `default/web` is isolated, and no policy allows it to ask for names (53/UDP) (allow port 53 over UDP and TCP to the cluster's DNS)
        "#]],
        );
    }

    #[test]
    fn another_policy_may_allow_it() {
        silent(CHECK.code, &[&format!("{POD}{DENY}{DNS}"), DENY, &format!("{POD}{DNS}")]);
    }
}
