//! A policy for pods that share the network of their node.

use portcullis_core::{Code, Labels, Severity};
use portcullis_snapshot::WorkloadState;

use crate::context::{Context, NAMESPACE_LABEL, PolicyView};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP213"),
    severity: Severity::Warning,
    title: "a policy that selects only pods on the network of their node",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        if !context.selected(view).is_empty() {
            continue;
        }
        let Some(pod) = host_network_only(context, view) else { continue };
        let field = if view.is_kubernetes() { "podSelector" } else { "selector" };
        let message = format!(
            "this selects only pods on the network of their node, such as `{pod}`: no policy for pods applies to them"
        );
        found.add(
            CHECK.at(view.field_place(field), message).help(
                "protect the node with a HostEndpoint, or give the pods a network of their own",
            ),
        );
    }
}

/// A pod on its node's network that the policy would select, had it a network of its own.
pub(super) fn host_network_only(context: &Context<'_>, view: &PolicyView<'_>) -> Option<String> {
    context.snapshot.workloads().find_map(|(_, workload)| {
        let WorkloadState::HostNetwork(_) = workload.state else { return None };
        let given = [
            (NAMESPACE_LABEL, workload.namespace.as_str()),
            ("projectcalico.org/orchestrator", "k8s"),
        ];
        let labels: Labels = workload.labels.iter().chain(given).collect();
        view.policy
            .subject
            .matches(&labels)
            .then(|| format!("{}/{}", workload.namespace, workload.name))
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn node(host_network: bool) -> String {
        format!(
            "
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: exporter}}
spec:
  selector: {{matchLabels: {{app: exporter}}}}
  template:
    metadata: {{labels: {{app: exporter}}}}
    spec: {{hostNetwork: {host_network}, containers: [{{name: a, image: a}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: exporter}}
spec:
  podSelector: {{matchLabels: {{app: exporter}}}}
"
        )
    }

    #[test]
    fn policy_does_not_reach_them() {
        check(
            CHECK.code,
            &node(true),
            expect![[r#"
            15 warning "{matchLabels: {app: exporter}}": this selects only pods on the network of their node, such as `default/exporter`: no policy for pods applies to them (protect the node with a HostEndpoint, or give the pods a network of their own)
        "#]],
        );
    }

    #[test]
    fn pods_of_their_own_network_are_reached() {
        silent(CHECK.code, &[&node(false)]);
    }
}
