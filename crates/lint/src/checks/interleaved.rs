//! A policy of the tier `default` that is asked before or behind those of Kubernetes.

use std::collections::HashMap;

use portcullis_core::{Code, Severity};
use portcullis_netpol::{Direction, EndpointId};

use crate::context::{Context, DIRECTIONS, PolicyView};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP408"),
    severity: Severity::Info,
    title: "a policy is asked before or after the NetworkPolicies of Kubernetes",
    run,
};

/// Where Calico puts every NetworkPolicy of Kubernetes.
const KUBERNETES: f64 = 1000.0;

fn run(context: &Context<'_>, found: &mut Found) {
    let enforced = |v: &&PolicyView<'_>| !v.policy.kind.is_staged();
    let all = || context.policies().iter().filter(enforced);
    // The first NetworkPolicy that has a say on an endpoint, by direction.
    let mut first: HashMap<(EndpointId, Direction), &PolicyView<'_>> = HashMap::new();
    for view in all().filter(|v| v.is_kubernetes()) {
        for direction in DIRECTIONS.into_iter().filter(|d| view.policy.looks(*d)) {
            for id in context.selected(view) {
                first.entry((*id, direction)).or_insert(view);
            }
        }
    }
    for view in all().filter(|v| v.is_calico() && v.policy.tier == "default") {
        let Some(order) = view.policy.order.0 else { continue };
        let looks: Vec<Direction> =
            DIRECTIONS.into_iter().filter(|d| view.policy.looks(*d)).collect();
        let mut shared = context
            .selected(view)
            .iter()
            .flat_map(|id| looks.iter().filter_map(|d| first.get(&(*id, *d))));
        let Some(other) = shared.next() else { continue };
        let side = if order < KUBERNETES { "before" } else { "after" };
        let message = format!(
            "with order {order} this is asked {side} every NetworkPolicy of Kubernetes (order 1000), such as `{}`",
            other.policy.name
        );
        found.add(
            CHECK
                .at(view.field_place("order"), message)
                .also(other.place(), "selects the same pods"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn cluster(subject: &str) -> String {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web}}}}
spec: {{containers: [{{name: a, image: a}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web}}
spec: {{podSelector: {{}}}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: metrics}}
spec: {{order: 900, selector: {subject}, ingress: [{{action: Allow, protocol: TCP}}]}}
"
        )
    }

    #[test]
    fn the_team_cannot_close_it() {
        check(
            CHECK.code,
            &cluster("app == 'web'"),
            expect![[r#"
            15 info "900": with order 900 this is asked before every NetworkPolicy of Kubernetes (order 1000), such as `web`
        "#]],
        );
    }

    #[test]
    fn other_pods_are_no_matter() {
        silent(CHECK.code, &[&cluster("app == 'db'")]);
    }
}
