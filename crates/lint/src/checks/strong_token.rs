//! Pods that carry the token of a strong service account.

use portcullis_core::{Code, Severity};
use portcullis_object::Cursor;
use portcullis_snapshot::Workload;

use crate::context::Context;
use crate::found::{Check, Found};
use crate::roles;

pub(crate) const CHECK: Check = Check {
    code: Code("RB108"),
    severity: Severity::Warning,
    title: "pods carry the token of a strong service account",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let strong = roles::strong_accounts(context.bindings());
    for (_, workload) in context.snapshot.workloads() {
        if workload.kind == "DaemonSet" {
            continue;
        }
        let account = (workload.namespace.as_str(), workload.service_account.as_str());
        let Some((what, binding)) = strong.get(&account) else { continue };
        let Some(pod) = pod_spec(context, workload) else { continue };
        if unmounted(context, workload, pod) {
            continue;
        }
        let place = pod.field("serviceAccountName").map_or_else(|| pod.key_place(), |a| a.at());
        let message = format!(
            "these pods carry a token that may {what}: whoever gets into one of them may as well"
        );
        found.add(
            CHECK
                .at(place, message)
                .also(binding.role_place.clone(), "granted here")
                .help("`automountServiceAccountToken: false` where the token is not used"),
        );
    }
}

/// The spec of the pods that a workload makes.
pub(super) fn pod_spec<'a>(context: &Context<'a>, workload: &Workload) -> Option<Cursor<'a>> {
    let root = context.node(&workload.origin)?;
    let spec = root.field("spec")?;
    let template =
        spec.field("jobTemplate").and_then(|t| t.field("spec")).unwrap_or(spec).field("template");
    match template {
        Some(template) => template.field("spec"),
        None => Some(spec),
    }
}

/// Whether the token is kept out of the pods, by themselves or by their account.
fn unmounted(context: &Context<'_>, workload: &Workload, pod: Cursor<'_>) -> bool {
    const FIELD: &str = "automountServiceAccountToken";
    if let Some(said) = pod.field(FIELD).and_then(|f| f.as_bool()) {
        return !said;
    }
    let mut accounts = context.of_kind("", "ServiceAccount");
    accounts.any(|account| {
        account.name() == workload.service_account
            && context.namespace(account) == workload.namespace.as_str()
            && account.root().field(FIELD).and_then(|f| f.as_bool()) == Some(false)
    })
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
    fn getting_in_is_getting_the_right() {
        check(
            CHECK.code,
            &workload("Deployment", "", "get"),
            expect![[r#"
            9 warning "web": these pods carry a token that may read secrets: whoever gets into one of them may as well (`automountServiceAccountToken: false` where the token is not used)
        "#]],
        );
    }

    #[test]
    fn weak_rights_and_absent_tokens() {
        silent(
            CHECK.code,
            &[
                &workload("Deployment", "", "create"),
                &workload("Deployment", ", automountServiceAccountToken: false", "get"),
            ],
        );
    }
}
