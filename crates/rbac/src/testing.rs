//! Short spellings for the tables of the tests.

use std::sync::Arc;

use portcullis_core::{DocumentId, FieldPath, Labels, Namespace, Origin};
use smol_str::SmolStr;

use crate::{
    Attempt, Binding, Party, Requester, Resource, Role, RoleKind, RoleRef, Rule, Rules, Subject,
    Target,
};

pub(crate) fn somewhere() -> Origin {
    Origin { document: DocumentId(0), object: None, path: FieldPath::root() }
}

/// `verbs groups resources [names]` or `verbs url urls`; lists joined by commas, `-` for the core
/// group.
pub(crate) fn rule(written: &str) -> Rule {
    let parts: Vec<&str> = written.split(' ').collect();
    let list = |i: usize| -> Vec<SmolStr> {
        let part = parts.get(i).into_iter().flat_map(|p| p.split(','));
        part.map(|word| SmolStr::new(if word == "-" { "" } else { word })).collect()
    };
    let url = parts.get(1) == Some(&"url");
    Rule {
        verbs: list(0),
        api_groups: if url { Vec::new() } else { list(1) },
        resources: if url { Vec::new() } else { list(2) },
        resource_names: if url { Vec::new() } else { list(3) },
        urls: if url { list(2) } else { Vec::new() },
        origin: somewhere(),
    }
}

/// `resource[/subresource][ name]` of an API group, cluster-wide.
pub(crate) fn on(group: &str, asked: &str) -> Target {
    let (path, name) = asked.split_once(' ').unwrap_or((asked, ""));
    let (resource, subresource) = path.split_once('/').unwrap_or((path, ""));
    Target::Resource(Resource {
        group: group.into(),
        resource: resource.into(),
        subresource: subresource.into(),
        namespace: None,
        name: name.into(),
    })
}

pub(crate) fn url(path: &str) -> Target {
    Target::Url(path.into())
}

/// `name` or `namespace/name`.
fn placed(written: &str) -> (Option<Namespace>, SmolStr) {
    match written.split_once('/') {
        Some((namespace, name)) => (Some(Namespace::new(namespace)), name.into()),
        None => (None, written.into()),
    }
}

/// Roles (`[namespace/]name: rule; rule`) and bindings (`[namespace/]name = [namespace/]role:
/// subject, subject`), one a line.
pub(crate) fn rules(written: &str) -> Rules {
    let (mut roles, mut bindings) = (Vec::new(), Vec::new());
    for line in written.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (head, tail) = line.split_once(": ").expect(line);
        match head.split_once(" = ") {
            Some((binding, granted)) => bindings.push(self::binding(binding, granted, tail)),
            None => roles.push(role(line)),
        }
    }
    Rules::new(roles, bindings)
}

/// `[namespace/]name: rule; rule`.
pub(crate) fn role(written: &str) -> Role {
    let (head, rules) = written.split_once(": ").expect(written);
    let (namespace, name) = placed(head);
    let rules = rules.split("; ").map(|r| Arc::new(rule(r))).collect();
    let (labels, origin) = (Labels::default(), somewhere());
    Role { namespace, name, labels, rules, aggregation: None, origin }
}

/// As in [`rules`], in its parts.
pub(crate) fn binding(name: &str, role: &str, subjects: &str) -> Binding {
    let (namespace, name) = placed(name);
    let (role_namespace, role) = placed(role);
    let kind = if role_namespace.is_some() { RoleKind::Role } else { RoleKind::ClusterRole };
    Binding {
        namespace,
        name,
        role: RoleRef { kind, name: role, origin: somewhere() },
        subjects: subjects.split(", ").map(subject).collect(),
        origin: somewhere(),
    }
}

/// `User jane`, `Group devs`, `ServiceAccount [namespace/]name`.
fn subject(written: &str) -> Subject {
    let (kind, name) = written.split_once(' ').expect(written);
    let who = match kind {
        "User" => Party::User(name.into()),
        "Group" => Party::Group(name.into()),
        "ServiceAccount" => {
            let (namespace, name) = placed(name);
            Party::ServiceAccount { namespace, name }
        }
        _ => Party::Other { kind: kind.into(), name: name.into() },
    };
    Subject { who, origin: somewhere() }
}

/// `user[,group…]`.
pub(crate) fn requester(written: &str) -> Requester {
    let mut names = written.split(',').map(SmolStr::new);
    Requester { user: names.next().unwrap_or_default(), groups: names.collect() }
}

/// `requester verb resource[/subresource] [namespace[/name]]` of the core group, or
/// `requester verb /path`.
pub(crate) fn attempt(written: &str) -> Attempt {
    let words: Vec<&str> = written.split(' ').collect();
    let [who, verb, what, rest @ ..] = words.as_slice() else { panic!("{written}") };
    let mut target = if what.starts_with('/') { url(what) } else { on("", what) };
    if let (Target::Resource(resource), [place]) = (&mut target, rest) {
        let (namespace, name) = place.split_once('/').unwrap_or((place, ""));
        resource.namespace = Some(Namespace::new(namespace)).filter(|n| !n.as_str().is_empty());
        resource.name = name.into();
    }
    Attempt { requester: requester(who), verb: (*verb).into(), target }
}
