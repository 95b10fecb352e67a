//! A daemon set with a strong service account: its token is on every node.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};
use crate::roles;

pub(crate) const CHECK: Check = Check {
    code: Code("RB109"),
    severity: Severity::Warning,
    title: "a daemon set carries the token of a strong service account to every node",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let strong = roles::strong_accounts(context.bindings());
    for (_, workload) in context.snapshot.workloads().filter(|(_, w)| w.kind == "DaemonSet") {
        let account = (workload.namespace.as_str(), workload.service_account.as_str());
        let Some((what, binding)) = strong.get(&account) else { continue };
        let Some(pod) = super::strong_token::pod_spec(context, workload) else { continue };
        let place = pod.field("serviceAccountName").map_or_else(|| pod.key_place(), |a| a.at());
        let message =
            format!("every node holds a token that may {what}: whoever takes one node may as well");
        found.add(
            CHECK
                .at(place, message)
                .also(binding.role_place.clone(), "granted here")
                .help("let a deployment do what needs the right"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn workload(kind: &str, more: &str, verbs: &str) -> String {
        format!(
            "
apiVersion: apps/v1
kind: {kind}
metadata: {{name: web, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{serviceAccountName: web{more}, containers: [{{name: a, image: a}}]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: r}}
rules: [{{apiGroups: [''], resources: [secrets], verbs: [{verbs}]}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: b}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}}
subjects: [{{kind: ServiceAccount, name: web, namespace: shop}}]
"
        )
    }

    #[test]
    fn on_every_node() {
        check(
            CHECK.code,
            &workload("DaemonSet", "", "list"),
            expect![[r#"
            9 warning "web": every node holds a token that may read secrets: whoever takes one node may as well (let a deployment do what needs the right)
        "#]],
        );
    }

    #[test]
    fn weak_rights_or_a_few_nodes() {
        silent(
            CHECK.code,
            &[&workload("DaemonSet", "", "create"), &workload("Deployment", "", "list")],
        );
    }
}
