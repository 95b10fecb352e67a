//! The engine against its independent twin, and the properties RBAC must have, over generated
//! clusters. The vocabulary is small so that rules, subjects and requests meet often.
//!
//! `PORTCULLIS_SPEC_SEEDS=N` runs N clusters instead of the usual number.

use std::cell::Cell;
use std::sync::Arc;

use portcullis_core::{DocumentId, FieldPath, Labels, Namespace, Origin, Verdict};
use portcullis_rbac::{
    self as rbac, Attempt, Grant, Party, Requester, Resource, RoleKind, RoleRef, Rules, Subject,
    Target, Why, covers, decide, explain, spec, who, who_anywhere, words,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use smol_str::SmolStr;

const USERS: &[&str] =
    &["jane", "Jane", "*", "", "system:serviceaccount:a:bot", "system:serviceaccount:b:bot"];
const GROUPS: &[&str] =
    &["devs", "Devs", "jane", "system:serviceaccounts:a", "system:authenticated"];
const NAMES: &[&str] = &[
    "jane",
    "Jane",
    "devs",
    "bot",
    "system:serviceaccount:a:bot",
    "system:serviceaccounts:a",
    "system:authenticated",
    "*",
    "",
];
const NAMESPACES: &[&str] = &["", "a", "b"];
const VERBS: &[&str] = &["get", "Get", "list", "*"];
const API_GROUPS: &[&str] = &["", "apps", "*"];
const RESOURCES: &[&str] = &["pods", "secrets", "*"];
const SUBRESOURCES: &[&str] = &["", "log", "*"];
const RULE_RESOURCES: &[&str] =
    &["pods", "secrets", "*", "pods/log", "*/log", "pods/*", "*/*", "secrets/log"];
const OBJECTS: &[&str] = &["", "x", "*"];
const URLS: &[&str] = &["/a", "/a/b", "/a/*", "/a*", "*", "/a/**", "", "/*/b"];
const ROLES: &[&str] = &["r", "s", "r", "s", "gone"];

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

/// One to three words, now and then none at all.
fn list(words: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    prop_oneof![9 => some(words, 1..4), 1 => Just(Vec::new())]
}

prop_compose! {
    fn rule()(
        verbs in list(VERBS),
        api_groups in list(API_GROUPS),
        resources in list(RULE_RESOURCES),
        resource_names in prop_oneof![3 => Just(Vec::new()), 1 => some(OBJECTS, 1..3)],
        urls in prop_oneof![1 => Just(Vec::new()), 1 => some(URLS, 1..3)],
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
        (kind, name) in prop_oneof![
            3 => one(USERS).prop_map(|name| ("User", name)),
            3 => one(GROUPS).prop_map(|name| ("Group", name)),
            2 => Just(("ServiceAccount", "bot".to_owned())),
            2 => (select(&["User", "Group", "ServiceAccount", "user"][..]), one(NAMES)),
        ],
        namespace in one(NAMESPACES),
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
        subjects in prop::collection::vec(subject(), 0..5),
    ) -> spec::Binding {
        let role_kind = role_kind.to_owned();
        spec::Binding { namespace, name: String::new(), role_kind, role_name, subjects }
    }
}

prop_compose! {
    fn cluster()(
        mut roles in prop::collection::vec(role(), 0..16),
        mut bindings in prop::collection::vec(binding(), 0..10),
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

prop_compose! {
    /// A cluster and requests to it. Left to chance, one in fifty would be allowed, so that most aim at
    /// what a binding grants, and miss it now and then.
    fn asked(count: usize)(
        cluster in cluster(),
        requests in prop::collection::vec((request(), any::<[Index; 6]>()), count),
    ) -> (spec::Cluster, Vec<spec::Request>) {
        let requests = requests.into_iter().map(|(request, picks)| aimed(&cluster, request, picks));
        let requests = requests.collect();
        (cluster, requests)
    }
}

/// The request with some of its words taken from a binding, one of its subjects and one rule of its
/// role, as far as there are any.
fn aimed(cluster: &spec::Cluster, mut request: spec::Request, picks: [Index; 6]) -> spec::Request {
    fn pick<'a, T>(list: &'a [T], index: &Index) -> Option<&'a T> {
        (!list.is_empty()).then(|| index.get(list))
    }
    let [binding, subject, rule, word, other, keep] = &picks;
    let Some(binding) = pick(&cluster.bindings, binding) else { return request };
    if let Some(spec::Subject { kind, namespace, name }) = pick(&binding.subjects, subject) {
        match kind.as_str() {
            "Group" => request.groups.push(name.clone()),
            "ServiceAccount" => {
                let namespace = if namespace.is_empty() { &binding.namespace } else { namespace };
                request.user = format!("system:serviceaccount:{namespace}:{name}");
            }
            _ => request.user.clone_from(name),
        }
    }
    let role = cluster.roles.iter().find(|role| {
        let namespace = if binding.role_kind == "Role" { &binding.namespace } else { "" };
        role.name == binding.role_name && role.namespace == namespace
    });
    let Some(rule) = role.and_then(|role| pick(&role.rules, rule)) else { return request };
    let take = |place: usize, into: &mut String, list: &[String], index: &Index| {
        // One of eight words stays what it was.
        if keep.index(8) != place
            && let Some(word) = pick(list, index)
        {
            into.clone_from(word);
        }
    };
    take(0, &mut request.verb, &rule.verbs, word);
    if let Some(url) = &mut request.url {
        take(1, url, &rule.urls, word);
        return request;
    }
    take(2, &mut request.api_group, &rule.api_groups, word);
    take(3, &mut request.name, &rule.resource_names, word);
    if !binding.namespace.is_empty() {
        take(4, &mut request.namespace, std::slice::from_ref(&binding.namespace), word);
    }
    let mut resource = String::new();
    take(5, &mut resource, &rule.resources, other);
    match resource.split_once('/') {
        Some(("*", subresource)) => request.subresource = subresource.to_owned(),
        Some((resource, subresource)) => {
            request.resource = resource.to_owned();
            request.subresource = subresource.to_owned();
        }
        None if resource.is_empty() || resource == "*" => {}
        None => (request.resource, request.subresource) = (resource, String::new()),
    }
    request
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

fn lowered_subject((place, subject): (usize, &spec::Subject)) -> Subject {
    let name = SmolStr::from(&subject.name);
    let who = match subject.kind.as_str() {
        "User" => Party::User(name),
        "Group" => Party::Group(name),
        "ServiceAccount" => Party::ServiceAccount { namespace: placed(&subject.namespace), name },
        kind => Party::Other { kind: kind.into(), name },
    };
    Subject { who, origin: origin().index(place) }
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
            subjects: binding.subjects.iter().enumerate().map(lowered_subject).collect(),
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

/// Clusters of the usual run.
const SEEDS: u32 = 1_000;

fn config() -> ProptestConfig {
    let cases = match std::env::var("PORTCULLIS_SPEC_SEEDS") {
        Ok(text) => text.parse().expect("PORTCULLIS_SPEC_SEEDS is a number"),
        Err(_) => SEEDS,
    };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn the_engine_and_its_twin_agree() {
    let (questions, granted) = (Cell::new(0_u64), Cell::new(0_u64));
    let run = TestRunner::new(config()).run(&asked(REQUESTS), |(cluster, requests)| {
        let rules = lowered(&cluster);
        for request in &requests {
            let attempt = attempt(request);
            let (allowed, reason) = spec::decide(&cluster, request);
            let explained = explain(&rules, &attempt);
            prop_assert_eq!(explained.verdict == Verdict::Allow, allowed, "{:?}", request);
            prop_assert_eq!(words::reason(&explained), reason.clone(), "{:?}", request);
            let ruling = decide(&rules, &attempt);
            prop_assert_eq!(ruling.verdict, explained.verdict);
            let by = ruling.by.and_then(|by| rules.grant(by));
            // Which binding, subject and rule, and not only what is said of them.
            let first = match explained.because.first() {
                Why::Granted(grant) => Some(grant),
                _ => None,
            };
            let parts = |grant: &Grant| {
                (Arc::as_ptr(&grant.binding), Arc::as_ptr(&grant.rule), grant.index)
            };
            prop_assert_eq!(by.as_ref().map(parts), first.map(parts), "{:?}", request);
            let subject = |grant: &Grant| grant.subject.origin.clone();
            prop_assert_eq!(by.as_ref().map(subject), first.map(subject), "{:?}", request);
            prop_assert_eq!(by.map(|by| words::allowed(&by)), allowed.then_some(reason));
            questions.set(questions.get() + 1);
            granted.set(granted.get() + u64::from(allowed));
        }
        Ok(())
    });
    if let Err(failure) = run {
        panic!("{failure}");
    }
    let (questions, granted) = (questions.get(), granted.get());
    println!("{questions} questions, {granted} of them allowed");
    // Questions that are all refused would agree about nothing.
    assert!(granted > questions / 10);
}

/// Somebody who is this party and nothing else.
fn alone(party: &Party) -> Option<Requester> {
    let user = |user: SmolStr| Requester { user, groups: Vec::new() };
    match party {
        _ if party.is_nobody() => None,
        Party::User(name) => Some(user(name.clone())),
        Party::Group(name) => Some(Requester { groups: vec![name.clone()], ..user("a".into()) }),
        Party::ServiceAccount { namespace, name } => {
            let namespace = namespace.as_ref().map_or("", Namespace::as_str);
            Some(user(format!("system:serviceaccount:{namespace}:{name}").into()))
        }
        Party::Other { .. } => None,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_more_binding_never_takes_anything_away(
        (mut cluster, requests) in asked(REQUESTS),
        more in binding(),
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
        (cluster, requests) in asked(REQUESTS),
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
    fn who_is_everybody_whom_the_twin_allows_it(
        (cluster, requests) in asked(REQUESTS / 10),
    ) {
        let rules = lowered(&cluster);
        let all: Vec<Subject> = rules.bindings().flat_map(|b| b.subjects.clone()).collect();
        for request in &requests {
            let Attempt { verb, target, .. } = attempt(request);
            let named = who(&rules, &verb, &target);
            for requester in all.iter().filter_map(|subject| alone(&subject.who)) {
                let groups = requester.groups.iter().map(ToString::to_string).collect();
                let user = requester.user.to_string();
                let (allowed, _) =
                    spec::decide(&cluster, &spec::Request { user, groups, ..request.clone() });
                let is_named = named.iter().any(|grant| grant.subject.who.includes(&requester));
                prop_assert_eq!(is_named, allowed, "{:?} {:?}", requester, request);
            }
            // Wherever: where the namespaces asked one by one say so.
            let mut wanted: Vec<String> = Vec::new();
            for binding in rules.bindings() {
                let mut here = target.clone();
                if let Target::Resource(resource) = &mut here {
                    resource.namespace = binding.namespace.clone();
                } else if binding.namespace.is_some() {
                    continue;
                }
                let grants = who(&rules, &verb, &here);
                let own = grants.iter().filter(|grant| Arc::ptr_eq(&grant.binding, binding));
                wanted.extend(own.map(ToString::to_string));
            }
            let anywhere = who_anywhere(&rules, &verb, &target);
            let got: Vec<String> = anywhere.iter().map(ToString::to_string).collect();
            prop_assert_eq!(got, wanted, "{:?}", request);
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
