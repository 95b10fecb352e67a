//! A set of rules that follows changes against one made from scratch, and whose answers a change may
//! change, over generated sequences of changes.
//!
//! `PORTCULLIS_SPEC_SEEDS=N` runs N sequences instead of the usual number.

use std::sync::Arc;

use portcullis_core::{DocumentId, FieldPath, Namespace, Origin, Selector};
use portcullis_rbac::{
    Attempt, Binding, Change, Grant, Party, Requester, Resource, Role, RoleKind, RoleRef, Rule,
    Rules, RulesBuilder, Scope, Subject, Target, Why, aggregate, decide, explain, rules_for, who,
    who_anywhere,
};
use smol_str::SmolStr;

/// Sequences of the usual run.
const SEEDS: u64 = 120;

/// Changes of one sequence.
const CHANGES: usize = 40;

/// Attempts that are made after each step.
const ATTEMPTS: usize = 25;

const NAMESPACES: &[&str] = &["a", "b"];
const ROLES: &[&str] = &["r", "s", "t", "view", "system:discovery"];
const BINDINGS: &[&str] = &["x", "y", "z", "system:discovery"];
const USERS: &[&str] =
    &["jane", "joe", "system:serviceaccount:a:bot", "system:serviceaccount:b:bot"];
const GROUPS: &[&str] = &["devs", "jane", "system:authenticated"];
const NAMES: &[&str] =
    &["jane", "joe", "devs", "bot", "system:serviceaccount:a:bot", "system:authenticated"];
const VERBS: &[&str] = &["get", "list", "*"];
const API_GROUPS: &[&str] = &["", "apps", "*"];
const RESOURCES: &[&str] = &["pods", "secrets", "*", "pods/log", "*/log"];
const OBJECTS: &[&str] = &["", "x"];
const URLS: &[&str] = &["/a", "/a/*", "/healthz", "*"];
const LABELS: &[&str] = &["rbac.authorization.k8s.io/aggregate-to-view", "p", "q"];

// === What is generated ===

/// Numbers without a pattern, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % end as u64).expect("a small number")
    }

    fn one(&mut self, words: &[&'static str]) -> SmolStr {
        words[self.below(words.len())].into()
    }

    fn some(&mut self, words: &[&'static str], most: usize) -> Vec<SmolStr> {
        (0..self.below(most + 1)).map(|_| self.one(words)).collect()
    }

    fn in_ten(&mut self, chances: usize) -> bool {
        self.below(10) < chances
    }

    fn namespace(&mut self) -> Option<Namespace> {
        self.in_ten(6).then(|| Namespace::new(self.one(NAMESPACES)))
    }

    /// Every object is one of its own, so that it can be seen which one an answer names.
    fn origin(&mut self) -> Origin {
        let document = u32::try_from(self.below(1 << 30)).expect("a small number");
        Origin { document: DocumentId(document), object: None, path: FieldPath::root() }
    }

    fn rule(&mut self) -> Rule {
        let urls = self.in_ten(3);
        Rule {
            verbs: self.some(VERBS, 2),
            api_groups: self.some(API_GROUPS, 2),
            resources: self.some(RESOURCES, 2),
            resource_names: if self.in_ten(2) { self.some(OBJECTS, 2) } else { Vec::new() },
            urls: if urls { self.some(URLS, 2) } else { Vec::new() },
            origin: self.origin(),
        }
    }

    fn role(&mut self) -> Role {
        let namespace = self.namespace();
        let gathers = namespace.is_none() && self.in_ten(4);
        let has = |label: SmolStr| Selector::Has(label);
        Role {
            namespace,
            name: self.one(ROLES),
            labels: self.some(LABELS, 2).into_iter().map(|label| (label, "")).collect(),
            rules: (0..self.below(3)).map(|_| Arc::new(self.rule())).collect(),
            aggregation: gathers.then(|| self.some(LABELS, 2).into_iter().map(has).collect()),
            origin: self.origin(),
        }
    }

    fn subject(&mut self) -> Subject {
        let name = self.one(NAMES);
        let who = match self.below(7) {
            0..=2 => Party::User(name),
            3..=4 => Party::Group(name),
            5 => Party::ServiceAccount { namespace: self.namespace(), name },
            _ => Party::Other { kind: "user".into(), name },
        };
        Subject { who, origin: self.origin() }
    }

    fn binding(&mut self) -> Binding {
        let kind = if self.in_ten(4) { RoleKind::Role } else { RoleKind::ClusterRole };
        Binding {
            namespace: self.namespace(),
            name: self.one(BINDINGS),
            role: RoleRef { kind, name: self.one(ROLES), origin: self.origin() },
            subjects: (0..self.below(4)).map(|_| self.subject()).collect(),
            origin: self.origin(),
        }
    }

    fn change(&mut self) -> Change {
        match self.below(10) {
            0..=2 => Change::PutRole(self.role()),
            3 => Change::DeleteRole(self.namespace(), self.one(ROLES)),
            4..=7 => Change::PutBinding(self.binding()),
            _ => Change::DeleteBinding(self.namespace(), self.one(BINDINGS)),
        }
    }

    fn requester(&mut self) -> Requester {
        Requester { user: self.one(USERS), groups: self.some(GROUPS, 2) }
    }

    fn attempt(&mut self) -> Attempt {
        let target = if self.in_ten(2) {
            Target::Url(self.one(&["/a", "/a/b", "/healthz"]))
        } else {
            Target::Resource(Resource {
                group: self.one(&["", "apps"]),
                resource: self.one(&["pods", "secrets", "services"]),
                subresource: self.one(&["", "", "log"]),
                namespace: self.namespace(),
                name: self.one(OBJECTS),
            })
        };
        Attempt { requester: self.requester(), verb: self.one(VERBS), target }
    }
}

// === The same in slow and obvious ===

/// What is there, as a list in which things keep their places.
#[derive(Clone)]
struct Model {
    roles: Vec<Role>,
    bindings: Vec<Binding>,
    with_bootstrap: bool,
    aggregated: bool,
}

impl Model {
    fn new(with_bootstrap: bool, aggregated: bool) -> Self {
        Self { roles: Vec::new(), bindings: Vec::new(), with_bootstrap, aggregated }
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::PutRole(role) => {
                let same = |r: &&mut Role| r.namespace == role.namespace && r.name == role.name;
                match self.roles.iter_mut().find(same) {
                    Some(before) => *before = role.clone(),
                    None => self.roles.push(role.clone()),
                }
            }
            Change::DeleteRole(namespace, name) => {
                self.roles.retain(|r| (&r.namespace, &r.name) != (namespace, name));
            }
            Change::PutBinding(binding) => {
                let same =
                    |b: &&mut Binding| b.namespace == binding.namespace && b.name == binding.name;
                match self.bindings.iter_mut().find(same) {
                    Some(before) => *before = binding.clone(),
                    None => self.bindings.push(binding.clone()),
                }
            }
            Change::DeleteBinding(namespace, name) => {
                self.bindings.retain(|b| (&b.namespace, &b.name) != (namespace, name));
            }
        }
    }

    fn builder(&self) -> RulesBuilder {
        let builder = RulesBuilder::new();
        if self.with_bootstrap { builder.with_bootstrap() } else { builder }
    }

    /// From scratch; where that can be, by the function that fills in roles alone.
    fn rules(&self) -> Rules {
        if self.aggregated && !self.with_bootstrap {
            let mut roles = self.roles.clone();
            aggregate(&mut roles);
            return Rules::new(roles, self.bindings.clone());
        }
        let mut builder = self.builder();
        self.roles.iter().for_each(|role| drop(builder.role(role.clone())));
        self.bindings.iter().for_each(|binding| drop(builder.binding(binding.clone())));
        if self.aggregated {
            builder = builder.aggregated();
        }
        builder.build()
    }
}

// === What answers are compared by ===

/// A grant with the places of all that is in it: two objects that say the same are not the same.
fn told(grant: &Grant) -> String {
    let Grant { binding, subject, role, rule, index } = grant;
    let at = |origin: &Origin| origin.document.0;
    let rules: Vec<u32> = role.rules.iter().map(|rule| at(&rule.origin)).collect();
    let places = [at(&binding.origin), at(&subject.origin), at(&role.origin), at(&rule.origin)];
    format!("{grant} {:?} {index} {places:?} {rules:?}", subject.who)
}

fn told_all<'a>(grants: impl IntoIterator<Item = &'a Grant>) -> Vec<String> {
    grants.into_iter().map(told).collect()
}

/// What `decide` names, after it was found to be the first of what the walk names.
fn decided(rules: &Rules, attempt: &Attempt) -> Vec<String> {
    let decision = explain(rules, attempt);
    let granted = decision.because.iter().filter_map(|why| match why {
        Why::Granted(grant) => Some(grant),
        _ => None,
    });
    let granted = told_all(granted);
    let ruling = decide(rules, attempt);
    let by = ruling.by.and_then(|by| rules.grant(by)).map(|grant| told(&grant));
    assert_eq!(ruling.verdict, decision.verdict, "{attempt:?}");
    assert_eq!(by.as_ref(), granted.first(), "{attempt:?}");
    granted
}

/// Every holder, found by asking each binding.
fn holders(rules: &Rules, attempt: &Attempt, anywhere: bool) -> Vec<String> {
    let namespace = attempt.target.namespace();
    let url = matches!(attempt.target, Target::Url(_));
    let mut holders = Vec::new();
    for binding in rules.bindings() {
        let here = binding.namespace.is_none() || binding.namespace.as_ref() == namespace;
        if !here && (url || !anywhere) {
            continue;
        }
        let Some(role) = rules.role(binding) else { continue };
        let permits = |rule: &Arc<Rule>| rule.permits(&attempt.verb, &attempt.target);
        let Some(index) = role.rules.iter().position(permits) else { continue };
        for subject in binding.subjects.iter().filter(|subject| !subject.who.is_nobody()) {
            holders.push(told(&Grant {
                binding: Arc::clone(binding),
                subject: subject.clone(),
                role: Arc::clone(role),
                rule: Arc::clone(&role.rules[index]),
                index,
            }));
        }
    }
    holders
}

fn same(changed: &Rules, fresh: &Rules, attempt: &Attempt) {
    assert_eq!(decided(changed, attempt), decided(fresh, attempt), "{attempt:?}");
    let words = |rules: &Rules| -> Vec<String> {
        explain(rules, attempt).because.iter().map(ToString::to_string).collect()
    };
    assert_eq!(words(changed), words(fresh), "{attempt:?}");
    let (verb, target) = (&attempt.verb, &attempt.target);
    let here = told_all(&who(changed, verb, target));
    assert_eq!(here, told_all(&who(fresh, verb, target)), "{attempt:?}");
    assert_eq!(here, holders(fresh, attempt, false), "{attempt:?}");
    let anywhere = told_all(&who_anywhere(changed, verb, target));
    assert_eq!(anywhere, told_all(&who_anywhere(fresh, verb, target)), "{attempt:?}");
    assert_eq!(anywhere, holders(fresh, attempt, true), "{attempt:?}");
    let review = |rules: &Rules| {
        let review = rules_for(rules, &attempt.requester, target.namespace());
        (review.resource_rules, review.url_rules, review.error)
    };
    assert_eq!(review(changed), review(fresh), "{attempt:?}");
}

fn listed(rules: &Rules) -> Vec<String> {
    let at = |origin: &Origin| origin.document.0;
    let roles = rules.roles().map(|role| {
        let rules: Vec<u32> = role.rules.iter().map(|rule| at(&rule.origin)).collect();
        format!("{role} {} {rules:?}", at(&role.origin))
    });
    let bindings = rules.bindings().map(|binding| format!("{binding} {}", at(&binding.origin)));
    roles.chain(bindings).collect()
}

// === The properties ===

fn seeds() -> u64 {
    match std::env::var("PORTCULLIS_SPEC_SEEDS") {
        Ok(text) => text.parse().expect("PORTCULLIS_SPEC_SEEDS is a number"),
        Err(_) => SEEDS,
    }
}

#[test]
fn a_changed_set_is_the_one_made_from_scratch_and_who_is_not_concerned_keeps_their_answers() {
    let (mut steps, mut changes, mut kept, mut concerned) = (0, 0, 0, 0);
    for seed in 1..=seeds() {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut model = Model::new(seed % 8 == 0, seed % 3 != 0);
        let mut rules = match model.aggregated {
            true => model.builder().aggregated().build(),
            false => model.builder().build(),
        };
        while changes < CHANGES * usize::try_from(seed).expect("a small number") {
            let step: Vec<Change> = (0..1 + dice.below(3)).map(|_| dice.change()).collect();
            step.iter().for_each(|change| model.change(change));
            let was = listed(&rules);
            let (next, touched) = rules.changed(step.clone());
            assert_eq!(listed(&rules), was, "seed {seed}: the old set has changed");
            let fresh = model.rules();
            assert_eq!(listed(&next), listed(&fresh), "seed {seed}: {step:?}");
            for _ in 0..ATTEMPTS {
                let attempt = dice.attempt();
                same(&next, &fresh, &attempt);
                let namespace = attempt.target.namespace();
                let named = |(scope, party): &(Scope, Party)| {
                    let counts = match scope {
                        Scope::Cluster => true,
                        Scope::Namespace(own) => Some(own) == namespace,
                    };
                    counts && party.includes(&attempt.requester)
                };
                let concerns = touched.concerns(&next, &attempt.requester, namespace);
                for rules in [&rules, &next] {
                    assert_eq!(touched.concerns(rules, &attempt.requester, namespace), concerns);
                    assert_eq!(touched.subjects(rules).iter().any(named), concerns, "{step:?}");
                }
                if concerns {
                    concerned += 1;
                } else {
                    kept += 1;
                    let before = decided(&rules, &attempt);
                    assert_eq!(
                        before,
                        decided(&next, &attempt),
                        "seed {seed}: {step:?} {attempt:?}"
                    );
                }
            }
            if touched.is_nothing() {
                assert!(touched.subjects(&next).is_empty());
            }
            (steps, changes) = (steps + 1, changes + step.len());
            rules = next;
        }
    }
    println!(
        "{changes} changes in {steps} steps, {} attempts: {kept} kept their answers",
        steps * ATTEMPTS
    );
    assert!(kept > 0 && concerned > 0);
}
