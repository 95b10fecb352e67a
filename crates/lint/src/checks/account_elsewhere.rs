//! A service account of one namespace that may act in another.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("RB110"),
    severity: Severity::Info,
    title: "a service account of one namespace may act in another",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for binding in context.bindings() {
        let Some(namespace) = &binding.namespace else { continue };
        for subject in binding.subjects.iter().filter(|s| s.kind == "ServiceAccount") {
            let Some(home) = subject.namespace.as_ref().filter(|home| *home != namespace) else {
                continue;
            };
            if home.starts_with("kube-") {
                continue;
            }
            let message = format!(
                "`{home}/{}` of another namespace gets `{}` in `{namespace}`",
                subject.name, binding.role_name
            );
            found.add(CHECK.at(subject.place.clone(), message));
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn bound(home: &str) -> String {
        format!(
            "
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: b, namespace: shop}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}
subjects: [{{kind: ServiceAccount, name: ci, namespace: {home}}}]
"
        )
    }

    #[test]
    fn a_bridge_between_namespaces() {
        check(
            CHECK.code,
            &bound("build"),
            expect![[r#"
            6 info "ci": `build/ci` of another namespace gets `view` in `shop`
        "#]],
        );
    }

    #[test]
    fn at_home_or_of_the_system() {
        silent(CHECK.code, &[&bound("shop"), &bound("kube-system")]);
    }
}
