//! Roles that nobody has, and bindings that name nobody or repeat another.

use std::collections::{HashMap, HashSet};

use portcullis_core::{Code, Severity};
use portcullis_object::Cursor;

use crate::context::{Context, name_place};
use crate::found::{Check, Found};
use crate::roles::{self, BindingView};

pub(crate) const CHECK: Check = Check {
    code: Code("RB107"),
    severity: Severity::Info,
    title: "a role or binding that grants nothing, or nothing new",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let bindings = context.bindings();
    let mut seen: HashMap<Content<'_>, &BindingView<'_>> = HashMap::new();
    for binding in bindings {
        let place = name_place(binding.object);
        if binding.subjects.is_empty() {
            found.add(CHECK.at(place, "this binding names nobody, and grants nothing"));
            continue;
        }
        let first = *seen.entry(content(binding)).or_insert(binding);
        if first.object.name() != binding.object.name() {
            let message = format!("`{}` grants the same to the same", first.object.name());
            found.add(CHECK.at(place, message).also(name_place(first.object), "the same"));
        }
    }
    let bound: HashSet<(&str, &str, Option<&str>)> = bindings
        .iter()
        .map(|b| {
            let namespace = b.namespace.as_deref().filter(|_| b.role_kind == "Role");
            (b.role_kind, b.role_name, namespace)
        })
        .collect();
    for role in roles::roles(context) {
        let own = (role.kind() == "Role").then(|| context.namespace(role));
        let labels = role.root().field("metadata").and_then(|m| m.field("labels"));
        // Rules of such a role are collected by another.
        let mut labels = labels.into_iter().flat_map(Cursor::entries);
        if bound.contains(&(role.kind(), role.name(), own))
            || bindings.is_empty()
            || role.name().starts_with("system:")
            || labels.any(|(key, _)| key.contains("aggregate-to-"))
        {
            continue;
        }
        let message =
            format!("no binding that is given grants the {} `{}`", role.kind(), role.name());
        found.add(CHECK.at(name_place(role), message));
    }
}

/// What a binding grants, where, and to whom.
type Content<'a> = (Option<&'a str>, &'a str, &'a str, Vec<(&'a str, &'a str, Option<&'a str>)>);

fn content<'b>(binding: &'b BindingView<'_>) -> Content<'b> {
    let mut who: Vec<_> =
        binding.subjects.iter().map(|s| (s.kind, s.name, s.namespace.as_deref())).collect();
    who.sort_unstable();
    (binding.namespace.as_deref(), binding.role_kind, binding.role_name, who)
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
        check(
            CHECK.code,
            &bound(JANE, JANE),
            expect![[r#"
            10 info "b": `a` grants the same to the same
        "#]],
        );
        check(
            CHECK.code,
            &bound(JANE, ""),
            expect![[r#"
            10 info "b": this binding names nobody, and grants nothing
        "#]],
        );
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
