//! Roles and bindings of `rbac.authorization.k8s.io/v1`.

use std::sync::Arc;

use portcullis_core::{Namespace, Selector};
use portcullis_object::{Cursor, Object};
use portcullis_rbac::{Binding, Party, Role, RoleKind, RoleRef, Rule, Subject};
use smol_str::SmolStr;

use super::selectors::{self, Over};
use crate::codes;
use crate::findings::{Findings, place_of, shown};

/// The API group of RBAC.
pub(crate) const GROUP: &str = "rbac.authorization.k8s.io";

/// Lowers a Role (with its namespace) or a ClusterRole (without).
pub(crate) fn role(object: &Object, namespace: Option<Namespace>, out: &mut Findings) -> Role {
    let root = object.root();
    check_name(object, out);
    let namespaced = namespace.is_some();
    let rules =
        out.list(root, "rules").into_iter().map(|at| Arc::new(rule(at, namespaced, out))).collect();
    let aggregation = if namespaced { None } else { aggregation(root, out) };
    Role {
        namespace,
        name: object.name().into(),
        labels: out.labels(root),
        rules,
        aggregation,
        origin: object.origin(),
    }
}

/// Names of RBAC objects are path segments: nearly anything.
fn check_name(object: &Object, out: &mut Findings) {
    let name = object.name();
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '%']) {
        let metadata = object.root().field("metadata").unwrap_or(object.root());
        let message = if name.is_empty() {
            format!("this {} has no name", object.kind())
        } else {
            format!("`{name}` cannot be a name: it is not one segment of a path")
        };
        out.refuse(codes::NAME, place_of(metadata, "name"), message);
    }
}

fn rule(at: Cursor<'_>, namespaced: bool, out: &mut Findings) -> Rule {
    let words = |name: &str, out: &mut Findings| -> Vec<SmolStr> {
        out.texts(at, name).into_iter().map(|(text, _)| text.into()).collect()
    };
    let rule = Rule {
        verbs: words("verbs", out),
        api_groups: words("apiGroups", out),
        resources: words("resources", out),
        resource_names: words("resourceNames", out),
        urls: words("nonResourceURLs", out),
        origin: at.origin(),
    };
    if rule.verbs.is_empty() {
        out.refuse(codes::RBAC_RULE, place_of(at, "verbs"), "a rule has at least one verb");
    }
    if rule.urls.is_empty() {
        if rule.api_groups.is_empty() {
            let message =
                "a rule about resources has at least one API group (`\"\"` is the core group)";
            out.refuse(codes::RBAC_RULE, place_of(at, "apiGroups"), message);
        }
        if rule.resources.is_empty() {
            let message = "a rule has at least one resource, or URLs";
            out.refuse(codes::RBAC_RULE, place_of(at, "resources"), message);
        }
    } else {
        if namespaced {
            let message = "the rules of a Role cannot be about URLs: they are in no namespace";
            out.refuse(codes::RBAC_RULE, place_of(at, "nonResourceURLs"), message);
        }
        if !rule.api_groups.is_empty()
            || !rule.resources.is_empty()
            || !rule.resource_names.is_empty()
        {
            let message = "one rule cannot be about resources and URLs";
            out.refuse(codes::RBAC_RULE, place_of(at, "nonResourceURLs"), message);
        }
    }
    rule
}

fn aggregation(root: Cursor<'_>, out: &mut Findings) -> Option<Vec<Selector>> {
    let rule = out.map(root, "aggregationRule")?;
    let listed = out.list(rule, "clusterRoleSelectors");
    if listed.is_empty() {
        let message = "an aggregation rule has at least one selector";
        out.refuse(codes::RBAC_AGGREGATION, rule.at(), message);
    }
    let mut selectors = Vec::new();
    for at in listed {
        let before = out.broken_so_far();
        let selector = selectors::kubernetes(at, Over::Own, out);
        // A selector that lost a term would gather more rules than was meant.
        if out.broken_so_far() == before {
            selectors.push(selector);
        }
    }
    Some(selectors)
}

/// Lowers a RoleBinding (with its namespace) or a ClusterRoleBinding (without).
pub(crate) fn binding(
    object: &Object,
    namespace: Option<Namespace>,
    out: &mut Findings,
) -> Binding {
    let root = object.root();
    check_name(object, out);
    let cluster = namespace.is_none();
    let subjects =
        out.list(root, "subjects").into_iter().map(|at| subject(at, cluster, out)).collect();
    Binding {
        namespace,
        name: object.name().into(),
        role: role_ref(root, cluster, out),
        subjects,
        origin: object.origin(),
    }
}

fn role_ref(root: Cursor<'_>, cluster: bool, out: &mut Findings) -> RoleRef {
    let Some(at) = out.map(root, "roleRef") else {
        out.broken_as_said();
        return RoleRef {
            kind: RoleKind::Other("".into()),
            name: "".into(),
            origin: root.origin(),
        };
    };
    let kind = out.text(at, "kind").unwrap_or("");
    let name = out.text(at, "name").unwrap_or("");
    if name.is_empty() {
        let message = "`roleRef` has no `name`";
        out.refuse(codes::RBAC_ROLE_REF, place_of(at, "name"), message);
    }
    let group = out.text(at, "apiGroup").unwrap_or("");
    if !group.is_empty() && group != GROUP {
        let message = format!("the API group of a role is `{GROUP}`, not `{group}`");
        out.refuse(codes::RBAC_ROLE_REF, place_of(at, "apiGroup"), message);
    }
    let kind = match kind {
        "ClusterRole" => RoleKind::ClusterRole,
        "Role" => {
            if cluster {
                let message = "a ClusterRoleBinding binds a ClusterRole: a Role is in a namespace";
                out.refuse(codes::RBAC_ROLE_REF, place_of(at, "kind"), message);
            }
            RoleKind::Role
        }
        other => {
            let message = format!("`{other}` is not Role or ClusterRole");
            out.refuse(codes::RBAC_ROLE_REF, place_of(at, "kind"), message);
            RoleKind::Other(other.into())
        }
    };
    RoleRef { kind, name: name.into(), origin: at.origin() }
}

fn subject(at: Cursor<'_>, cluster: bool, out: &mut Findings) -> Subject {
    let name: SmolStr = out.text(at, "name").unwrap_or("").into();
    if name.is_empty() {
        out.refuse(codes::RBAC_SUBJECT, at.at(), "a subject has a `name`");
    }
    let group = out.text(at, "apiGroup").unwrap_or("");
    let kind = out.text(at, "kind").unwrap_or("");
    let wanted_group = if kind == "ServiceAccount" { "" } else { GROUP };
    if !group.is_empty() && group != wanted_group {
        let right = if wanted_group.is_empty() { "none".into() } else { format!("`{GROUP}`") };
        let message = format!("the API group of a {kind} is {right}, not `{group}`");
        out.refuse(codes::RBAC_SUBJECT, place_of(at, "apiGroup"), message);
    }
    let who = match kind {
        "User" => Party::User(name),
        "Group" => Party::Group(name),
        "ServiceAccount" => {
            let namespace = out.text(at, "namespace").filter(|n| !n.is_empty()).map(Namespace::new);
            if namespace.is_none() && cluster {
                let message = "in a ClusterRoleBinding, a service account has a `namespace`";
                out.refuse(codes::RBAC_SUBJECT, at.at(), message);
            }
            Party::ServiceAccount { namespace, name }
        }
        other => {
            let given = at.field("kind").map_or_else(|| "nothing".into(), shown);
            out.refuse_with(
                codes::RBAC_SUBJECT,
                place_of(at, "kind"),
                format!("`{given}` is not a kind of subject"),
                Some("the kinds are User, Group and ServiceAccount".into()),
            );
            Party::Other { kind: other.into(), name }
        }
    };
    Subject { who, origin: at.origin() }
}
