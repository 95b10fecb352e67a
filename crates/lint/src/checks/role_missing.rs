//! A binding to a role that nobody defines.

use portcullis_core::{Code, Severity, nearest};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("RB105"),
    severity: Severity::Warning,
    title: "a binding to a role that is not there",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for binding in context.bindings() {
        if binding.role.is_some() || binding.role_name.is_empty() {
            continue;
        }
        let is_role = match binding.role_kind {
            "Role" => true,
            "ClusterRole" => false,
            _ => continue,
        };
        let near: Vec<String> = context
            .snapshot
            .rbac()
            .roles()
            .filter(|role| match (&role.namespace, is_role) {
                (None, false) => true,
                (Some(own), true) => Some(own.as_str()) == binding.namespace.as_deref(),
                _ => false,
            })
            .map(|role| role.name.to_string())
            .collect();
        let near = nearest(binding.role_name, near.iter().map(String::as_str));
        let message = match (&binding.namespace, is_role) {
            (Some(namespace), true) => {
                format!("there is no Role `{}` in namespace `{namespace}`", binding.role_name)
            }
            _ => format!("there is no ClusterRole `{}`", binding.role_name),
        };
        let message = format!("{message}: whoever may create one decides what this grants");
        let finding = CHECK.at(binding.role_place.clone(), message);
        found.add(match near {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("give its manifest as well, or name a role that is there"),
        });
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn bound(kind: &str, name: &str) -> String {
        format!(
            "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: reader, namespace: shop}}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: b, namespace: shop}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {name}}}
subjects: [{{kind: User, apiGroup: rbac.authorization.k8s.io, name: jane}}]
"
        )
    }

    #[test]
    fn a_role_that_is_not_there() {
        check(
            CHECK.code,
            &bound("Role", "raeder"),
            expect![[r#"
            10 warning "raeder": there is no Role `raeder` in namespace `shop`: whoever may create one decides what this grants (did you mean `reader`?)
        "#]],
        );
        check(
            CHECK.code,
            &bound("ClusterRole", "tigera-ui-user"),
            expect![[r#"
            10 warning "tigera-ui-user": there is no ClusterRole `tigera-ui-user`: whoever may create one decides what this grants (give its manifest as well, or name a role that is there)
        "#]],
        );
    }

    #[test]
    fn given_or_built_in() {
        silent(CHECK.code, &[&bound("Role", "reader"), &bound("ClusterRole", "view")]);
    }
}
