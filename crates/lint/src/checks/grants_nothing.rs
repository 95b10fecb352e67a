//! Roles that nobody has, and bindings that name nobody or repeat another.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};
use crate::roles;

pub(crate) const CHECK: Check = Check {
    code: Code("RB107"),
    severity: Severity::Info,
    title: "a role or binding that grants nothing, or nothing new",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let bindings = roles::bindings(context);
    for (i, binding) in bindings.iter().enumerate() {
        if binding.subjects.is_empty() {
            let place = crate::context::name_place(binding.object);
            found.add(CHECK.at(place, "this binding names nobody, and grants nothing"));
            continue;
        }
        let same = |other: &&roles::BindingView<'_>| {
            let who = |b: &roles::BindingView<'_>| -> Vec<(String, String, Option<String>)> {
                let mut all: Vec<_> = b
                    .subjects
                    .iter()
                    .map(|s| (s.kind.to_owned(), s.name.to_owned(), s.namespace.clone()))
                    .collect();
                all.sort();
                all
            };
            other.namespace == binding.namespace
                && (other.role_kind, other.role_name) == (binding.role_kind, binding.role_name)
                && other.object.name() != binding.object.name()
                && who(other) == who(binding)
        };
        if let Some(first) = bindings.iter().take(i).find(same) {
            let message = format!("`{}` grants the same to the same", first.object.name());
            let place = crate::context::name_place(binding.object);
            found.add(
                CHECK.at(place, message).also(crate::context::name_place(first.object), "the same"),
            );
        }
    }
    for role in roles::roles(context) {
        let own = (role.kind() == "Role").then(|| context.namespace(role).to_owned());
        let bound = bindings.iter().any(|b| {
            b.role_name == role.name()
                && b.role_kind == role.kind()
                && (own.is_none() || b.namespace == own)
        });
        let labels = role.root().field("metadata").and_then(|m| m.field("labels"));
        // Rules of such a role are collected by another.
        let aggregated = labels
            .into_iter()
            .flat_map(portcullis_object::Cursor::entries)
            .any(|(key, _)| key.contains("aggregate-to-"));
        if !bound && !aggregated && !bindings.is_empty() && !role.name().starts_with("system:") {
            let message =
                format!("no binding that is given grants the {} `{}`", role.kind(), role.name());
            found.add(CHECK.at(crate::context::name_place(role), message));
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn bound(first: &str, second: &str) -> String {
        let binding = |name: &str, subjects: &str| {
            format!(
                "
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: {name}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}}
subjects: [{subjects}]
---"
            )
        };
        format!(
            "{}{}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: reader}}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: more, labels: {{rbac.authorization.k8s.io/aggregate-to-view: 'true'}}}}
rules: []
",
            binding("a", first),
            binding("b", second)
        )
    }

    const JANE: &str = "{kind: User, apiGroup: rbac.authorization.k8s.io, name: jane}";
    const JOHN: &str = "{kind: User, apiGroup: rbac.authorization.k8s.io, name: john}";

    #[test]
    fn nobody_or_nothing_new() {
        check(CHECK.code, &bound(JANE, JANE), expect![[r#"
            10 info "b": `a` grants the same to the same
        "#]]);
        check(CHECK.code, &bound(JANE, ""), expect![[r#"
            10 info "b": this binding names nobody, and grants nothing
        "#]]);
        check(
            CHECK.code,
            &bound(JANE, JOHN).replace("metadata: {name: reader}", "metadata: {name: other}"),
            expect![[r#"
                16 info "other": no binding that is given grants the Role `other`
            "#]],
        );
    }

    #[test]
    fn different_people_and_collected_rules() {
        silent(CHECK.code, &[&bound(JANE, JOHN)]);
    }
}
