//! The engine against its independent twin, and the properties RBAC must have, over generated
//! clusters. The vocabulary is small so that rules, subjects and requests meet often.

use std::sync::Arc;

use portcullis_core::{DocumentId, FieldPath, Labels, Namespace, Origin, Verdict};
use portcullis_rbac::{
    self as rbac, Attempt, Party, Requester, Resource, RoleKind, RoleRef, Rules, Subject, Target,
    covers, decide, explain, spec, who, words,
};
use proptest::prelude::*;
use proptest::sample::select;
use smol_str::SmolStr;

const USERS: &[&str] =
    &["jane", "Jane", "*", "", "system:serviceaccount:a:bot", "system:serviceaccount:b:bot"];
const GROUPS: &[&str] = &["devs", "Devs", "jane", "system:serviceaccounts:a"];
const NAMES: &[&str] = &["jane", "Jane", "devs", "bot", "system:serviceaccount:a:bot", ""];
const NAMESPACES: &[&str] = &["", "a", "b"];
const VERBS: &[&str] = &["get", "Get", "list", "*"];
const API_GROUPS: &[&str] = &["", "apps", "*"];
const RESOURCES: &[&str] = &["pods", "secrets", "*"];
const SUBRESOURCES: &[&str] = &["", "log", "*"];
const RULE_RESOURCES: &[&str] =
    &["pods", "secrets", "*", "pods/log", "*/log", "pods/*", "*/*", "secrets/log"];
const OBJECTS: &[&str] = &["", "x", "*"];
const URLS: &[&str] = &["/a", "/a/b", "/a/*", "/a*", "*", "/a/**", "", "/*/b"];
const ROLES: &[&str] = &["r", "s", "gone"];

// === Generated clusters ===

fn one(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(words).prop_map(str::to_owned)
}

fn some(
    words: &'static [&'static str],
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(one(words), count)
}

prop_compose! {
    fn rule()(
        verbs in some(VERBS, 0..3),
        api_groups in some(API_GROUPS, 0..3),
        resources in some(RULE_RESOURCES, 0..3),
        resource_names in some(OBJECTS, 0..2),
        urls in some(URLS, 0..3),
    ) -> spec::Rule {
        spec::Rule { verbs, api_groups, resources, resource_names, urls }
    }
}

prop_compose! {
    /// A rule, and rules near enough to it to cover it now and then: the same one with some of its
    /// lists replaced.
    fn wanted_and_owned()(
        wanted in rule(),
        others in prop::collection::vec((rule(), any::<[bool; 5]>()), 1..4),
    ) -> (spec::Rule, Vec<spec::Rule>) {
        let near = |(other, [verbs, groups, resources, names, urls]): (spec::Rule, [bool; 5])| {
            let pick = |other: Vec<String>, own: &Vec<String>, replaced: bool| {
                if replaced { other } else { own.clone() }
            };
            spec::Rule {
                verbs: pick(other.verbs, &wanted.verbs, verbs),
                api_groups: pick(other.api_groups, &wanted.api_groups, groups),
                resources: pick(other.resources, &wanted.resources, resources),
                resource_names: pick(other.resource_names, &wanted.resource_names, names),
                urls: pick(other.urls, &wanted.urls, urls),
            }
        };
        let owned = others.into_iter().map(near).collect();
        (wanted, owned)
    }
}

prop_compose! {
    fn role()(
        namespace in one(NAMESPACES),
        name in select(&ROLES[..2]),
        rules in prop::collection::vec(rule(), 0..4),
    ) -> spec::Role {
        spec::Role { namespace, name: name.to_owned(), rules }
    }
}

prop_compose! {
    fn subject()(
        kind in select(&["User", "Group", "ServiceAccount", "user"][..]),
        namespace in one(NAMESPACES),
        name in one(NAMES),
    ) -> spec::Subject {
        // Only service accounts have a namespace.
        let namespace = if kind == "ServiceAccount" { namespace } else { String::new() };
        spec::Subject { kind: kind.to_owned(), namespace, name }
    }
}

prop_compose! {
    fn binding()(
        namespace in one(NAMESPACES),
        role_kind in select(&["Role", "ClusterRole"][..]),
        role_name in one(ROLES),
        subjects in prop::collection::vec(subject(), 0..4),
    ) -> spec::Binding {
        let role_kind = role_kind.to_owned();
        spec::Binding { namespace, name: String::new(), role_kind, role_name, subjects }
    }
}

prop_compose! {
    fn cluster()(
        mut roles in prop::collection::vec(role(), 0..6),
        mut bindings in prop::collection::vec(binding(), 0..8),
    ) -> spec::Cluster {
        // No two objects of a kind have the same name in a namespace.
        let mut seen = std::collections::HashSet::new();
        roles.retain(|role| seen.insert((role.namespace.clone(), role.name.clone())));
        for (i, binding) in bindings.iter_mut().enumerate() {
            binding.name = format!("b{i}");
        }
        spec::Cluster { roles, bindings }
    }
}

prop_compose! {
    fn request()(
        user in one(USERS),
        groups in some(GROUPS, 0..3),
        verb in one(VERBS),
        url in prop::option::weighted(0.2, one(URLS)),
        api_group in one(API_GROUPS),
        (resource, subresource) in (one(RESOURCES), one(SUBRESOURCES)),
        (namespace, name) in (one(NAMESPACES), one(OBJECTS)),
    ) -> spec::Request {
        spec::Request { user, groups, verb, url, api_group, resource, subresource, namespace, name }
    }
}

// === From the twin's words to the engine's ===

fn origin() -> Origin {
    Origin { document: DocumentId(0), object: None, path: FieldPath::root() }
}

fn texts(list: &[String]) -> Vec<SmolStr> {
    list.iter().map(SmolStr::from).collect()
}

fn placed(namespace: &str) -> Option<Namespace> {
    (!namespace.is_empty()).then(|| Namespace::new(namespace))
}

fn lowered_rule(rule: &spec::Rule) -> rbac::Rule {
    rbac::Rule {
        verbs: texts(&rule.verbs),
        api_groups: texts(&rule.api_groups),
        resources: texts(&rule.resources),
        resource_names: texts(&rule.resource_names),
        urls: texts(&rule.urls),
        origin: origin(),
    }
}

fn lowered_subject(subject: &spec::Subject) -> Subject {
    let name = SmolStr::from(&subject.name);
    let who = match subject.kind.as_str() {
        "User" => Party::User(name),
        "Group" => Party::Group(name),
        "ServiceAccount" => Party::ServiceAccount { namespace: placed(&subject.namespace), name },
        kind => Party::Other { kind: kind.into(), name },
    };
    Subject { who, origin: origin() }
}

fn lowered(cluster: &spec::Cluster) -> Rules {
    let roles = cluster.roles.iter().map(|role| rbac::Role {
        namespace: placed(&role.namespace),
        name: SmolStr::from(&role.name),
        labels: Labels::default(),
        rules: role.rules.iter().map(|rule| Arc::new(lowered_rule(rule))).collect(),
        aggregation: None,
        origin: origin(),
    });
    let bindings = cluster.bindings.iter().map(|binding| {
        let kind = if binding.role_kind == "Role" { RoleKind::Role } else { RoleKind::ClusterRole };
        rbac::Binding {
            namespace: placed(&binding.namespace),
            name: SmolStr::from(&binding.name),
            role: RoleRef { kind, name: SmolStr::from(&binding.role_name), origin: origin() },
            subjects: binding.subjects.iter().map(lowered_subject).collect(),
            origin: origin(),
        }
    });
    Rules::new(roles, bindings)
}

fn attempt(request: &spec::Request) -> Attempt {
    let target = match &request.url {
        Some(url) => Target::Url(url.into()),
        None => Target::Resource(Resource {
            group: SmolStr::from(&request.api_group),
            resource: SmolStr::from(&request.resource),
            subresource: SmolStr::from(&request.subresource),
            namespace: placed(&request.namespace),
            name: SmolStr::from(&request.name),
        }),
    };
    let groups = texts(&request.groups);
    let requester = Requester { user: SmolStr::from(&request.user), groups };
    Attempt { requester, verb: SmolStr::from(&request.verb), target }
}

// === The properties ===

/// Requests are cheap beside clusters, so each cluster is asked this many.
const REQUESTS: usize = 50;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_and_its_twin_agree(
        cluster in cluster(),
        requests in prop::collection::vec(request(), REQUESTS),
    ) {
        let rules = lowered(&cluster);
        for request in &requests {
            let attempt = attempt(request);
            let (allowed, reason) = spec::decide(&cluster, request);
            let explained = explain(&rules, &attempt);
            prop_assert_eq!(explained.verdict == Verdict::Allow, allowed, "{:?}", request);
            prop_assert_eq!(words::reason(&explained), reason.clone(), "{:?}", request);
            let ruling = decide(&rules, &attempt);
            prop_assert_eq!(ruling.verdict, explained.verdict);
            let by = ruling.by.and_then(|by| rules.grant(by)).map(|grant| words::allowed(&grant));
            prop_assert_eq!(by, allowed.then_some(reason));
        }
    }

    #[test]
    fn one_more_binding_never_takes_anything_away(
        mut cluster in cluster(),
        more in binding(),
        requests in prop::collection::vec(request(), REQUESTS),
    ) {
        let before = lowered(&cluster);
        cluster.bindings.insert(0, spec::Binding { name: "more".into(), ..more });
        let after = lowered(&cluster);
        for request in &requests {
            let attempt = attempt(request);
            if decide(&before, &attempt).verdict == Verdict::Allow {
                prop_assert_eq!(decide(&after, &attempt).verdict, Verdict::Allow, "{:?}", request);
            }
        }
    }

    #[test]
    fn who_names_exactly_those_who_may(
        cluster in cluster(),
        requests in prop::collection::vec(request(), REQUESTS),
    ) {
        let rules = lowered(&cluster);
        for request in &requests {
            let attempt = attempt(request);
            let named = who(&rules, &attempt.verb, &attempt.target)
                .iter()
                .any(|grant| grant.subject.who.includes(&attempt.requester));
            let may = decide(&rules, &attempt).verdict == Verdict::Allow;
            prop_assert_eq!(named, may, "{:?}", request);
        }
    }

    #[test]
    fn who_holds_what_covers_a_rule_may_do_all_it_permits(
        (wanted, owned) in wanted_and_owned(),
        requests in prop::collection::vec(request(), REQUESTS),
    ) {
        let owned: Vec<rbac::Rule> = owned.iter().map(lowered_rule).collect();
        let wanted = lowered_rule(&wanted);
        let wanted_only = std::slice::from_ref(&wanted);
        // A rule with names covers no URL, not even its own: no API server takes such a rule.
        let both_kinds = !wanted.resource_names.is_empty() && !wanted.urls.is_empty();
        prop_assert!(both_kinds || covers(wanted_only, wanted_only).covered());
        if !covers(&owned, wanted_only).covered() {
            return Ok(());
        }
        for request in &requests {
            let Attempt { verb, target, .. } = attempt(request);
            if wanted.permits(&verb, &target) {
                prop_assert!(owned.iter().any(|rule| rule.permits(&verb, &target)), "{:?}", request);
            }
        }
    }
}
