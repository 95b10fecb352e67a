//! RBAC: a hundred thousand bindings, who may do what under them, and who else may.

use std::hint::black_box;
use std::sync::Arc;

use portcullis_core::{Namespace, ObjectRef, Origin, Verdict};
use portcullis_rbac::{
    Attempt, Binding, Party, Requester, Resource, Role, RoleKind, RoleRef, Rule, Rules,
    RulesBuilder, Subject, Target, Why, decide, explain, who,
};
use serde_json::{Value, json};
use smol_str::{SmolStr, format_smolstr};

use crate::clock::{self, Times};
use crate::random::Random;

/// The seed of every set of rules.
const SEED: u64 = 20_260_602;

/// Bindings at full size.
pub const BINDINGS_FULL: usize = 100_000;
const BINDINGS_PER_ROLE: usize = 10;
const BINDINGS_PER_NAMESPACE: usize = 50;
const BINDINGS_PER_USER: usize = 2;
const BINDINGS_PER_GROUP: usize = 50;
/// One binding in so many is of the whole cluster.
const CLUSTER_ONE_IN: usize = 200;
const GROUPS_PER_REQUESTER: usize = 3;

/// Questions of one run.
const QUESTIONS: usize = 100_000;
/// Requesters that the hot questions are about.
const HOT_REQUESTERS: usize = 100;
/// Of so many questions the answers are compared with those of the walk.
const COMPARED: usize = 10_000;

const VERBS: [&str; 8] =
    ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const URLS: [&str; 4] = ["/healthz", "/metrics", "/logs/*", "/version"];
const RESOURCES: [(&str, &str); 24] = [
    ("", "pods"),
    ("", "pods/log"),
    ("", "pods/exec"),
    ("", "services"),
    ("", "secrets"),
    ("", "configmaps"),
    ("", "endpoints"),
    ("", "events"),
    ("", "serviceaccounts"),
    ("", "persistentvolumeclaims"),
    ("apps", "deployments"),
    ("apps", "deployments/scale"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("networking.k8s.io", "networkpolicies"),
    ("networking.k8s.io", "ingresses"),
    ("policy", "poddisruptionbudgets"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("rbac.authorization.k8s.io", "roles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("projectcalico.org", "networkpolicies"),
];

/// Rules, and what questions need to know of them.
pub struct Access {
    roles: Vec<Role>,
    bindings: Vec<Binding>,
    /// The role of every binding, by its place.
    bound: Vec<usize>,
    namespaces: usize,
    users: usize,
    groups: usize,
    random: Random,
}

// === Making it ===

impl Access {
    /// So many bindings, and roles for them.
    pub fn generate(bindings: usize) -> Self {
        let mut this = Self {
            roles: Vec::new(),
            bindings: Vec::new(),
            bound: Vec::new(),
            namespaces: bindings / BINDINGS_PER_NAMESPACE,
            users: bindings / BINDINGS_PER_USER,
            groups: bindings / BINDINGS_PER_GROUP,
            random: Random::new(SEED),
        };
        let roles = bindings / BINDINGS_PER_ROLE;
        for index in 0..roles {
            // One role in ten is of the whole cluster.
            let home = (!index.is_multiple_of(10)).then(|| index % this.namespaces);
            let role = this.role(index, home);
            this.roles.push(role);
        }
        for index in 0..bindings {
            let binding = this.binding(index);
            this.bindings.push(binding);
        }
        this
    }

    /// What it is made of.
    pub fn statement(&self) -> Value {
        json!({
            "shape": "access", "seed": SEED, "bindings": self.bindings.len(),
            "roles": self.roles.len(), "namespaces": self.namespaces, "users": self.users,
            "groups": self.groups, "groups_per_requester": GROUPS_PER_REQUESTER,
        })
    }

    fn role(&mut self, index: usize, home: Option<usize>) -> Role {
        let name = format_smolstr!("role-{index}");
        let kind = if home.is_some() { "Role" } else { "ClusterRole" };
        let origin = origin(kind, home, &name);
        let count = 1 + self.random.below(4);
        let rules = (0..count).map(|_| Arc::new(self.rule(home.is_none(), &origin))).collect();
        let namespace = home.map(namespace);
        Role { namespace, name, labels: Default::default(), rules, aggregation: None, origin }
    }

    fn rule(&mut self, of_cluster: bool, origin: &Origin) -> Rule {
        let random = &mut self.random;
        let mut rule = Rule {
            verbs: Vec::new(),
            api_groups: Vec::new(),
            resources: Vec::new(),
            resource_names: Vec::new(),
            urls: Vec::new(),
            origin: origin.clone(),
        };
        rule.verbs = match random.below(20) {
            0 => vec!["*".into()],
            _ => (0..=random.below(4))
                .map(|_| SmolStr::new_static(random.of::<&str>(&VERBS)))
                .collect(),
        };
        if of_cluster && random.percent(5) {
            rule.urls = vec![SmolStr::new_static(random.of::<&str>(&URLS))];
            return rule;
        }
        let (group, first) = *random.of(&RESOURCES);
        match random.below(50) {
            0 => {
                rule.api_groups.push("*".into());
                rule.resources.push("*".into());
            }
            1 => {
                rule.api_groups.push(group.into());
                rule.resources.push("*".into());
            }
            _ => {
                rule.api_groups.push(group.into());
                rule.resources.push(first.into());
                let same = RESOURCES.iter().filter(|(other, _)| *other == group);
                let others: Vec<SmolStr> = same.map(|(_, name)| (*name).into()).collect();
                rule.resources.push(random.of(&others).clone());
            }
        }
        if random.percent(5) {
            rule.resource_names.push(format_smolstr!("object-{}", random.below(20)));
        }
        rule
    }

    fn binding(&mut self, index: usize) -> Binding {
        let home =
            (!index.is_multiple_of(CLUSTER_ONE_IN)).then(|| self.random.below(self.namespaces));
        let name = format_smolstr!("binding-{index}");
        let kind = if home.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
        let origin = origin(kind, home, &name);
        // Every tenth role is a ClusterRole; the others are those of their own namespace.
        let per_namespace = (self.roles.len() / self.namespaces).max(1);
        let (kind, role) = match home {
            Some(home) if self.random.percent(70) => {
                let role = home + self.namespaces * self.random.below(per_namespace);
                if role.is_multiple_of(10) {
                    (RoleKind::ClusterRole, role)
                } else {
                    (RoleKind::Role, role)
                }
            }
            _ => (RoleKind::ClusterRole, 10 * self.random.below(self.roles.len() / 10)),
        };
        self.bound.push(role);
        let role = RoleRef { kind, name: format_smolstr!("role-{role}"), origin: origin.clone() };
        let subjects = (0..=self.random.below(2))
            .map(|_| {
                let who = match self.random.below(10) {
                    0..5 => Party::User(user(self.random.below(self.users))),
                    5..8 => Party::Group(group(self.random.below(self.groups))),
                    _ => Party::ServiceAccount {
                        namespace: Some(namespace(self.random.below(self.namespaces))),
                        name: format_smolstr!("account-{}", self.random.below(3)),
                    },
                };
                Subject { who, origin: origin.clone() }
            })
            .collect();
        Binding { namespace: home.map(namespace), name, role, subjects, origin }
    }

    /// The set of all of it.
    pub fn rules(&self) -> Rules {
        let mut builder = RulesBuilder::new();
        for role in &self.roles {
            builder.role(role.clone());
        }
        for binding in &self.bindings {
            builder.binding(binding.clone());
        }
        builder.build()
    }

    /// Attempts: half of them by somebody whom a binding of the namespace names, and of those half
    /// about what a rule of its role is about.
    pub fn attempts(&mut self, count: usize) -> Vec<Attempt> {
        (0..count).map(|_| self.attempt()).collect()
    }

    /// Attempts by few requesters, over and over.
    pub fn hot_attempts(&mut self, count: usize) -> Vec<Attempt> {
        let few = self.attempts(HOT_REQUESTERS);
        (0..count).map(|_| self.random.of(&few).clone()).collect()
    }

    fn attempt(&mut self) -> Attempt {
        let random = &mut self.random;
        let mut groups: Vec<SmolStr> =
            (0..GROUPS_PER_REQUESTER).map(|_| group(random.below(self.groups))).collect();
        let mut requester = user(random.below(self.users));
        let mut home = namespace(random.below(self.namespaces));
        let (api_group, mut named) = *random.of(&RESOURCES);
        let mut api_group = SmolStr::new_static(api_group);
        let mut verb = SmolStr::new_static(random.of::<&str>(&VERBS));
        if random.percent(50) {
            let index = random.below(self.bindings.len());
            let binding = &self.bindings[index];
            if let Some(namespace) = &binding.namespace {
                home = namespace.clone();
            }
            match binding.subjects.first().map(|subject| &subject.who) {
                Some(Party::User(name)) => requester = name.clone(),
                Some(Party::Group(name)) => groups[0] = name.clone(),
                Some(Party::ServiceAccount { namespace: Some(namespace), name }) => {
                    requester = format_smolstr!("system:serviceaccount:{namespace}:{name}");
                }
                _ => {}
            }
            let rule = random.of(&self.roles[self.bound[index]].rules);
            if let (true, Some(resource)) = (random.percent(50), rule.resources.last()) {
                let known = RESOURCES.iter().find(|(_, known)| known == resource);
                named = known.map_or(named, |(_, known)| known);
                api_group = rule.api_groups[0].clone();
                verb = rule.verbs[0].clone();
            }
        }
        let (resource, subresource) = named.split_once('/').unwrap_or((named, ""));
        let named = random.percent(50);
        Attempt {
            requester: Requester { user: requester, groups },
            verb,
            target: Target::Resource(Resource {
                group: api_group,
                resource: resource.into(),
                subresource: subresource.into(),
                namespace: Some(home),
                name: if named {
                    format_smolstr!("object-{}", random.below(20))
                } else {
                    "".into()
                },
            }),
        }
    }
}

fn user(index: usize) -> SmolStr {
    format_smolstr!("user-{index}@example.com")
}

fn group(index: usize) -> SmolStr {
    format_smolstr!("group-{index}")
}

fn namespace(index: usize) -> Namespace {
    Namespace::new(format_smolstr!("namespace-{index}").as_str())
}

fn origin(kind: &str, home: Option<usize>, name: &SmolStr) -> Origin {
    Origin::built_in(ObjectRef {
        group: "rbac.authorization.k8s.io".into(),
        kind: kind.into(),
        namespace: home.map(namespace),
        name: name.clone(),
    })
}

// === Measuring it ===

/// Nanoseconds a decision takes: about anybody, and about few requesters.
pub fn decisions(access: &mut Access, rules: &Rules) -> [Times; 2] {
    [access.attempts(QUESTIONS), access.hot_attempts(QUESTIONS)]
        .map(|attempts| clock::questions(&attempts, |batch| ask(rules, batch)))
}

/// Decides on every one of these.
pub fn ask(rules: &Rules, attempts: &[Attempt]) {
    for attempt in attempts {
        black_box(decide(rules, black_box(attempt)));
    }
}

/// Nanoseconds it takes to list everybody who may do something to something in a namespace.
pub fn holders(access: &mut Access, rules: &Rules) -> Times {
    let attempts = access.attempts(10 * clock::BATCH);
    clock::questions(&attempts, |batch| {
        for Attempt { verb, target, .. } in batch {
            black_box(who(rules, black_box(verb), black_box(target)));
        }
    })
}

/// Compares many decisions with those of the walk that tells everything, and returns how many there
/// were and how many of them were allowed.
///
/// # Panics
///
/// If one differs, or another rule decided.
pub fn compare(access: &mut Access, rules: &Rules) -> (usize, usize) {
    let mut allowed = 0;
    for attempt in access.attempts(COMPARED) {
        let ruling = decide(rules, &attempt);
        let walk = explain(rules, &attempt);
        assert_eq!(ruling.verdict, walk.verdict, "{attempt:?}");
        if ruling.verdict != Verdict::Allow {
            continue;
        }
        allowed += 1;
        let by = ruling.by.expect("an allow has a reason");
        let (binding, _) = rules.binding(by.binding).expect("a binding of these rules");
        let Why::Granted(grant) = walk.because.first() else {
            panic!("{attempt:?} is allowed by no grant");
        };
        let of_walk = (&grant.binding.name, &grant.binding.namespace, grant.index);
        assert_eq!((&binding.name, &binding.namespace, by.rule), of_walk, "{attempt:?}");
    }
    (COMPARED, allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binding_finds_its_role_and_some_questions_are_allowed() {
        let mut access = Access::generate(2_000);
        let rules = access.rules();
        for (role, binding) in rules.bindings().map(|b| (rules.role(b), b)) {
            assert!(role.is_some(), "{binding:?}");
        }
        let (compared, allowed) = compare(&mut access, &rules);
        assert!(allowed * 20 > compared && allowed * 2 < compared, "{allowed} of {compared}");
    }
}
