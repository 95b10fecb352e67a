//! Roles and bindings as they are written, and what makes a right a strong one.

use std::collections::HashMap;
use std::sync::Arc;

use portcullis_core::{Namespace, Place};
use portcullis_object::{Cursor, Object};
use portcullis_rbac::{Resource, Role, Rule, Target};

use crate::context::{Context, RBAC};

/// A RoleBinding or ClusterRoleBinding.
pub(crate) struct BindingView<'a> {
    pub(crate) object: &'a Object,
    /// The namespace it grants in; none for all of them.
    pub(crate) namespace: Option<String>,
    pub(crate) role_kind: &'a str,
    pub(crate) role_name: &'a str,
    /// The name of the role, to be underlined.
    pub(crate) role_place: Place,
    pub(crate) subjects: Vec<SubjectView<'a>>,
    /// The role, if it is given or built in.
    pub(crate) role: Option<Arc<Role>>,
}

/// One of those whom a binding names.
pub(crate) struct SubjectView<'a> {
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    /// As written, for a service account; the binding's own where it says none.
    pub(crate) namespace: Option<String>,
    /// The name, to be underlined.
    pub(crate) place: Place,
}

/// A rule of a Role or ClusterRole.
pub(crate) struct RoleRule<'a> {
    pub(crate) at: Cursor<'a>,
    pub(crate) verbs: Vec<(&'a str, Cursor<'a>)>,
    pub(crate) groups: Vec<(&'a str, Cursor<'a>)>,
    pub(crate) resources: Vec<(&'a str, Cursor<'a>)>,
    pub(crate) names: Vec<(&'a str, Cursor<'a>)>,
}

/// Every binding that is given; [`Context::bindings`] keeps them.
pub(crate) fn bindings<'a>(context: &Context<'a>) -> Vec<BindingView<'a>> {
    let objects: &'a [Object] = context.objects;
    let roles: HashMap<(Option<&str>, &str), &Arc<Role>> = context
        .snapshot
        .rbac()
        .roles()
        .map(|role| ((role.namespace.as_ref().map(Namespace::as_str), role.name.as_str()), role))
        .collect();
    let is =
        |o: &&Object| o.group() == RBAC && matches!(o.kind(), "RoleBinding" | "ClusterRoleBinding");
    objects.iter().filter(is).map(|object| binding(context, object, &roles)).collect()
}

fn binding<'a>(
    context: &Context<'a>,
    object: &'a Object,
    roles: &HashMap<(Option<&str>, &str), &Arc<Role>>,
) -> BindingView<'a> {
    let root = object.root();
    let namespace = (object.kind() == "RoleBinding").then(|| context.namespace(object).to_owned());
    let reference = root.field("roleRef");
    let text =
        |name: &str| reference.and_then(|r| r.field(name)).and_then(Cursor::as_str).unwrap_or("");
    let subjects = root.field("subjects").into_iter().flat_map(Cursor::items);
    let (role_kind, role_name) = (text("kind"), text("name"));
    let role = match role_kind {
        "ClusterRole" => roles.get(&(None, role_name)),
        "Role" if namespace.is_some() => roles.get(&(namespace.as_deref(), role_name)),
        _ => None,
    };
    BindingView {
        object,
        role_kind,
        role_name,
        role_place: reference.and_then(|r| r.field("name")).or(reference).unwrap_or(root).at(),
        subjects: subjects.map(|at| subject(at, namespace.as_deref())).collect(),
        role: role.map(|role| Arc::clone(role)),
        namespace,
    }
}

fn subject<'a>(at: Cursor<'a>, binding: Option<&str>) -> SubjectView<'a> {
    let text = |name: &str| at.field(name).and_then(Cursor::as_str).filter(|t| !t.is_empty());
    SubjectView {
        kind: text("kind").unwrap_or(""),
        name: text("name").unwrap_or(""),
        namespace: text("namespace").or(binding).map(str::to_owned),
        place: at.field("name").unwrap_or(at).at(),
    }
}

/// Every role that is given.
pub(crate) fn roles<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a Object> {
    let objects: &'a [Object] = context.objects;
    objects.iter().filter(|o| o.group() == RBAC && matches!(o.kind(), "Role" | "ClusterRole"))
}

/// The rules of a role.
pub(crate) fn rules<'a>(role: &'a Object) -> impl Iterator<Item = RoleRule<'a>> {
    let rules = role.root().field("rules").into_iter().flat_map(Cursor::items);
    rules.map(|at| {
        let list = |name: &str| -> Vec<(&'a str, Cursor<'a>)> {
            let items = at.field(name).into_iter().flat_map(Cursor::items);
            items.filter_map(|item| Some((item.as_str()?, item))).collect()
        };
        RoleRule {
            at,
            verbs: list("verbs"),
            groups: list("apiGroups"),
            resources: list("resources"),
            names: list("resourceNames"),
        }
    })
}

impl<'a> RoleRule<'a> {
    /// Whether it has one of the words in a list, or all of them.
    pub(crate) fn has(list: &[(&'a str, Cursor<'a>)], words: &[&str]) -> Option<Cursor<'a>> {
        list.iter().find(|(word, _)| *word == "*" || words.contains(word)).map(|(_, at)| *at)
    }
}

/// A right that is as good as many others: verb, group, resource, subresource, in words.
type Strong = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Strong wherever a binding gives them.
const STRONG: &[Strong] = &[
    ("get", "", "secrets", "", "read secrets"),
    ("list", "", "secrets", "", "read secrets"),
    ("create", "", "pods", "", "create pods"),
    ("create", "", "pods", "exec", "run commands in pods"),
    ("get", "", "pods", "exec", "run commands in pods"),
    ("create", "apps", "deployments", "", "create deployments"),
    ("create", "apps", "daemonsets", "", "create daemon sets"),
    ("create", "batch", "jobs", "", "create jobs"),
    ("create", "", "serviceaccounts", "token", "issue tokens"),
    ("bind", RBAC, "clusterroles", "", "bind any role"),
];

/// About resources of the cluster: a RoleBinding to them gives nothing.
const STRONG_IN_CLUSTER: &[Strong] = &[
    ("get", "", "nodes", "proxy", "speak to every kubelet"),
    ("impersonate", "", "users", "", "be any user"),
    ("impersonate", "", "groups", "", "be in any group"),
    ("escalate", RBAC, "clusterroles", "", "give itself any right"),
    ("create", RBAC, "clusterrolebindings", "", "create cluster role bindings"),
    (
        "create",
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
        "",
        "rewrite every object",
    ),
];

/// The strongest thing that a binding of these rules gives, in words: none if it is nothing of the
/// sort. A namespace is that of a RoleBinding.
fn strength(rules: &[Arc<Rule>], namespace: Option<&str>) -> Option<String> {
    let permitted = |(verb, group, resource, subresource, _): &&Strong| {
        let target = Target::Resource(Resource {
            group: (*group).into(),
            resource: (*resource).into(),
            subresource: (*subresource).into(),
            ..Resource::default()
        });
        rules.iter().any(|rule| rule.permits(verb, &target))
    };
    let in_cluster = if namespace.is_none() { STRONG_IN_CLUSTER } else { &[] };
    let what = if rules.iter().any(|rule| is_everything(rule)) {
        "do everything"
    } else {
        STRONG.iter().chain(in_cluster).find(permitted)?.4
    };
    Some(match namespace {
        Some(namespace) => format!("{what} in namespace `{namespace}`"),
        None => what.to_owned(),
    })
}

/// Whether a rule permits every verb on every resource.
pub(crate) fn is_everything(rule: &Rule) -> bool {
    [&rule.verbs, &rule.api_groups, &rule.resources]
        .iter()
        .all(|list| list.iter().any(|word| word == portcullis_rbac::ALL))
}

/// The service accounts, by namespace and name, that some binding grants something strong: what, in
/// words, and the first such binding.
pub(crate) fn strong_accounts<'b>(
    bindings: &'b [BindingView<'_>],
) -> HashMap<(&'b str, &'b str), (String, &'b BindingView<'b>)> {
    let mut strong = HashMap::new();
    for binding in bindings {
        let namespace = binding.namespace.as_deref();
        let what = binding.role.as_ref().and_then(|role| strength(&role.rules, namespace));
        let Some(what) = what else { continue };
        for subject in binding.subjects.iter().filter(|s| s.kind == "ServiceAccount") {
            if let Some(namespace) = &subject.namespace {
                strong
                    .entry((namespace.as_str(), subject.name))
                    .or_insert_with(|| (what.clone(), binding));
            }
        }
    }
    strong
}
