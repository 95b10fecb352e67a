//! A binding that gives everything.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};
use crate::roles;

pub(crate) const CHECK: Check = Check {
    code: Code("RB004"),
    severity: Severity::Warning,
    title: "a binding to cluster-admin, or to a role that is as much",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for binding in context.bindings() {
        let everything = binding
            .role
            .as_ref()
            .is_some_and(|role| role.rules.iter().any(|rule| roles::is_everything(rule)));
        if !everything {
            continue;
        }
        let scope = match &binding.namespace {
            Some(namespace) => format!("in namespace `{namespace}`"),
            None => "in the whole cluster".to_owned(),
        };
        let also =
            if binding.role_name == "cluster-admin" { "" } else { ", as cluster-admin does" };
        let message = format!("`{}` permits everything {scope}{also}", binding.role_name);
        found.add(
            CHECK
                .at(binding.role_place.clone(), message)
                .help("bind a role with the rights that are used"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn bound(role: &str) -> String {
        format!(
            "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: all}}
rules: [{{apiGroups: ['*'], resources: ['*'], verbs: ['*']}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: b}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {role}}}
subjects: [{{kind: Group, apiGroup: rbac.authorization.k8s.io, name: ops}}]
"
        )
    }

    #[test]
    fn by_name_or_by_content() {
        check(
            CHECK.code,
            &bound("cluster-admin"),
            expect![[r#"
            10 warning "cluster-admin": `cluster-admin` permits everything in the whole cluster (bind a role with the rights that are used)
        "#]],
        );
        check(
            CHECK.code,
            &bound("all"),
            expect![[r#"
            10 warning "all": `all` permits everything in the whole cluster, as cluster-admin does (bind a role with the rights that are used)
        "#]],
        );
    }

    #[test]
    fn less_is_not_everything() {
        silent(CHECK.code, &[&bound("admin"), &bound("view")]);
    }
}
