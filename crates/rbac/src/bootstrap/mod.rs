//! What every API server creates by itself: the default roles and bindings of Kubernetes 1.35.4.

use std::sync::Arc;

use portcullis_core::{Namespace, ObjectRef, Origin, Selector};
use smol_str::SmolStr;

use crate::aggregate::aggregate;
use crate::rule::Rule;
use crate::rules::{Binding, Party, Role, RoleKind, RoleRef, Subject};

#[rustfmt::skip]
mod generated;

/// The API group of the objects.
const GROUP: &str = "rbac.authorization.k8s.io";

struct RoleRow {
    /// Empty for a ClusterRole.
    namespace: &'static str,
    name: &'static str,
    labels: Pairs,
    /// The labels that each selector of the aggregation asks for; without any, the rules are its own.
    aggregates: &'static [Pairs],
    rules: &'static [RuleRow],
}

struct RuleRow {
    verbs: Words,
    api_groups: Words,
    resources: Words,
    resource_names: Words,
    urls: Words,
}

struct BindingRow {
    /// Empty for a ClusterRoleBinding.
    namespace: &'static str,
    name: &'static str,
    /// Kind and name.
    role: (&'static str, &'static str),
    /// Kind, namespace and name of each.
    subjects: &'static [(&'static str, &'static str, &'static str)],
}

type Words = &'static [&'static str];
type Pairs = &'static [(&'static str, &'static str)];

/// The roles and bindings that an API server of Kubernetes 1.35.4 creates by itself, cluster-scoped
/// ones first, sorted by name; `admin`, `edit` and `view` already have the rules they aggregate.
///
/// Their origins are [built in](Origin::built_in).
pub fn bootstrap() -> (Vec<Role>, Vec<Binding>) {
    let mut roles: Vec<Role> = generated::ROLES.iter().map(role).collect();
    aggregate(&mut roles);
    (roles, generated::BINDINGS.iter().map(binding).collect())
}

fn role(row: &RoleRow) -> Role {
    let kind = if row.namespace.is_empty() { "ClusterRole" } else { "Role" };
    let origin = origin(kind, row.namespace, row.name);
    let at = origin.field("rules");
    let rules = row.rules.iter().enumerate().map(|(i, r)| Arc::new(rule(r, at.index(i))));
    let picks = |labels: &Pairs| {
        let equals =
            labels.iter().map(|(key, value)| Selector::Equals((*key).into(), (*value).into()));
        equals.fold(Selector::All, Selector::and)
    };
    let aggregates: Vec<Selector> = row.aggregates.iter().map(picks).collect();
    Role {
        namespace: namespace(row.namespace),
        name: row.name.into(),
        labels: row.labels.iter().copied().collect(),
        rules: rules.collect(),
        aggregation: Some(aggregates).filter(|selectors| !selectors.is_empty()),
        origin,
    }
}

fn rule(row: &RuleRow, origin: Origin) -> Rule {
    let words = |list: Words| list.iter().copied().map(SmolStr::new_static).collect();
    Rule {
        verbs: words(row.verbs),
        api_groups: words(row.api_groups),
        resources: words(row.resources),
        resource_names: words(row.resource_names),
        urls: words(row.urls),
        origin,
    }
}

fn binding(row: &BindingRow) -> Binding {
    let kind = if row.namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
    let origin = origin(kind, row.namespace, row.name);
    let at = origin.field("subjects");
    let subjects = row.subjects.iter().enumerate().map(|(i, (kind, namespace, name))| Subject {
        who: party(kind, namespace, name),
        origin: at.index(i),
    });
    let (kind, name) = row.role;
    let kind = if kind == "Role" { RoleKind::Role } else { RoleKind::ClusterRole };
    Binding {
        namespace: namespace(row.namespace),
        name: row.name.into(),
        role: RoleRef { kind, name: name.into(), origin: origin.field("roleRef") },
        subjects: subjects.collect(),
        origin,
    }
}

fn party(kind: &'static str, in_namespace: &'static str, name: &'static str) -> Party {
    let name = SmolStr::new_static(name);
    match kind {
        "User" => Party::User(name),
        "Group" => Party::Group(name),
        "ServiceAccount" => Party::ServiceAccount { namespace: namespace(in_namespace), name },
        kind => Party::Other { kind: SmolStr::new_static(kind), name },
    }
}

fn namespace(name: &'static str) -> Option<Namespace> {
    (!name.is_empty()).then(|| Namespace::new(SmolStr::new_static(name)))
}

fn origin(kind: &'static str, in_namespace: &'static str, name: &'static str) -> Origin {
    Origin::built_in(ObjectRef {
        group: GROUP.into(),
        kind: kind.into(),
        namespace: namespace(in_namespace),
        name: name.into(),
    })
}

#[cfg(test)]
mod tests {
    use portcullis_core::{Labels, Verdict};

    use super::*;
    use crate::testing::{attempt, rule as written, somewhere};
    use crate::{RulesBuilder, explain};

    fn user_role(name: &str, label: &'static str, rule: &str) -> Role {
        Role {
            namespace: None,
            name: name.into(),
            labels: [(label, "true")].into_iter().collect::<Labels>(),
            rules: vec![Arc::new(written(rule))],
            aggregation: None,
            origin: somewhere(),
        }
    }

    #[test]
    fn everything_built_in_says_so_down_to_the_rule() {
        let (roles, bindings) = bootstrap();
        assert!(roles.iter().flat_map(|role| &role.rules).all(|rule| rule.origin.is_built_in()));
        assert!(bindings.iter().flat_map(|b| &b.subjects).all(|s| s.origin.is_built_in()));
    }

    #[test]
    fn roles_of_the_user_aggregate_into_the_built_in_ones() {
        let mut builder = RulesBuilder::new().with_bootstrap();
        let label = "rbac.authorization.k8s.io/aggregate-to-view";
        builder.role(user_role("widgets", label, "get - widgets"));
        let rules = builder.aggregated().build();
        for name in ["view", "edit", "admin"] {
            let role = rules.roles().find(|role| role.name == name).expect(name);
            assert!(role.rules.iter().any(|rule| rule.resources == ["widgets"]), "{name}");
        }
    }

    #[test]
    fn an_object_of_the_user_replaces_the_built_in_one() {
        let mut builder = RulesBuilder::new().with_bootstrap();
        let replaced = builder.role(user_role("cluster-admin", "x", "get - widgets"));
        assert!(replaced.expect("a built-in role").origin.is_built_in());
        let rules = builder.build();
        let verdict = |asked: &str| explain(&rules, &attempt(asked)).verdict;
        assert_eq!(verdict("root,system:masters get widgets"), Verdict::Allow);
        assert_eq!(verdict("root,system:masters get pods"), Verdict::Deny);
    }
}
