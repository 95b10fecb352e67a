//! What no rule of a tier decides is denied at its end, though a later tier would be asked.

use portcullis_core::{Code, Diagnostic, Severity};
use portcullis_netpol::{DefaultAction, Direction, EndpointId, PolicyId, Tier};

use crate::context::{Context, DIRECTIONS, field_of, is_unconditional};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP406"),
    severity: Severity::Warning,
    title: "a tier ends in its default deny, and later tiers are not asked",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let network = context.network();
    let tiers: Vec<&Tier> = network.tiers().map(|(_, tier)| tier).filter(|t| t.defined).collect();
    for (place, tier) in tiers.iter().enumerate() {
        if tier.default_action != DefaultAction::Deny || tier.name == "default" {
            continue;
        }
        let later: Vec<PolicyId> =
            tiers.iter().skip(place + 1).flat_map(|t| t.policies().to_vec()).collect();
        for direction in DIRECTIONS {
            if let Some(finding) = ends(context, tier, &later, direction) {
                found.add(finding);
                break;
            }
        }
    }
}

fn ends(
    context: &Context<'_>,
    tier: &Tier,
    later: &[PolicyId],
    direction: Direction,
) -> Option<Diagnostic> {
    let enforced = |id: &PolicyId| {
        let policy = context.network().policy(*id);
        !policy.kind.is_staged() && policy.looks(direction)
    };
    let in_tier: Vec<_> = tier.policies().iter().filter(|id| enforced(id)).collect();
    for view in context.policies().iter().rev() {
        let policy = view.policy;
        let mine = in_tier.iter().any(|id| context.network().policy(**id).origin == policy.origin);
        if !mine || policy.rules(direction).iter().any(is_unconditional) {
            continue;
        }
        let caught = |endpoint: &EndpointId| {
            let labels = &context.endpoint(*endpoint).labels;
            let selects = |id: &PolicyId| {
                let policy = context.network().policy(*id);
                policy.subject.matches(labels)
            };
            let decided = in_tier.iter().any(|id| {
                let policy = context.network().policy(**id);
                selects(id) && policy.rules(direction).iter().any(is_unconditional)
            });
            !decided && later.iter().any(|id| enforced(id) && selects(id))
        };
        if let Some(endpoint) = context.selected(view).iter().find(|id| caught(id)) {
            let message = format!(
                "what no {} rule of the tier `{}` decides for `{}` is denied at its end: policies of later tiers are not asked",
                field_of(direction),
                tier.name,
                context.name_of(*endpoint)
            );
            return Some(
                CHECK
                    .at(view.place(), message)
                    .help("end the last policy of the tier with `action: Pass`"),
            );
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn cluster(rules: &str, end: &str) -> String {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web}}}}
spec: {{containers: [{{name: a, image: a}}]}}
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {{name: platform}}
spec: {{order: 100, defaultAction: {end}}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: platform.metrics}}
spec:
  tier: platform
  namespaceSelector: all()
  ingress: [{{action: Allow, protocol: TCP, destination: {{ports: [9898]}}}}{rules}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web}}
spec: {{podSelector: {{}}, ingress: [{{}}]}}
"
        )
    }

    #[test]
    fn the_rest_never_gets_to_the_teams() {
        check(
            CHECK.code,
            &cluster("", "Deny"),
            expect![[r#"
            14 warning "platform.metrics": what no ingress rule of the tier `platform` decides for `default/web` is denied at its end: policies of later tiers are not asked (end the last policy of the tier with `action: Pass`)
        "#]],
        );
    }

    #[test]
    fn who_passes_or_denies_on_purpose_says_so() {
        silent(
            CHECK.code,
            &[
                &cluster(", {action: Pass}", "Deny"),
                &cluster(", {action: Deny}", "Deny"),
                &cluster("", "Pass"),
            ],
        );
    }
}
