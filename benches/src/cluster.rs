//! The hard shape: a cluster in which nothing is alike, as JSON text.
//!
//! Pods of one namespace have many label maps, policies of four tiers select them across each other,
//! and rules name peers by labels, namespaces, networks and sets. What makes it hard is asserted:
//! [`Cluster::statement`] counts it with an evaluation of its own.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::random::Random;

/// The seed of every cluster.
const SEED: u64 = 20_260_601;

/// The shape at full size. Smaller ones have as many of everything less.
pub const PODS_FULL: usize = 100_000;
const PODS_PER_NAMESPACE: usize = 50;
const PODS_PER_POLICY: usize = 10;
/// One policy in so many is global.
const GLOBAL_ONE_IN: usize = 20;
const PODS_PER_SET: usize = 500;
/// Label maps of one namespace; pods take one of them.
const TEMPLATES: usize = 18;
const APPS_PER_NAMESPACE: usize = 4;
const ACCOUNTS_PER_NAMESPACE: usize = 3;

/// What the shape must have at full size to be called hard.
const PROFILES_MIN: usize = 30_000;
const CLASSES_MIN: usize = 12_000;
const SIGNATURES_MIN: usize = 8_000;
/// Steps of the mean list of an index, which the engine says itself.
pub const LIST_LENGTH_MIN: f64 = 3.0;

/// Ports that rules name: so many single ones, so many ranges, and what nobody names.
const SINGLE_PORTS: usize = 30;
const PORT_RANGES: usize = 9;
/// Parts of the port numbers that no rule tells apart.
pub const PORT_ATOMS: usize = SINGLE_PORTS + PORT_RANGES + 1;

/// Rules that name ports, in a hundred. Those that do not are in the lists of all ports: the more of
/// them, the longer every list. With these the mean list has about four steps, where three are due.
const PORTS_PERCENT: usize = 92;
/// How often a named port is listed, beside 39 for those listed by number.
const NAMED_PORTS_WEIGHT: usize = 2;

/// Tiers before `default`, by name and order.
const TIERS: [(&str, u32); 3] = [("security", 100), ("platform", 200), ("application", 300)];

/// What labels there are: the key, how many values, and whether namespaces have it. No selector asks
/// for the last one of pods.
const KEYS: [(&str, usize, bool); 8] = [
    ("app", 60, false),
    ("tier", 4, false),
    ("version", 4, false),
    ("zone", 6, false),
    ("revision", 1_000, false),
    ("team", 40, true),
    ("env", 4, true),
    ("region", 6, true),
];
const APP: usize = 0;
const TIER: usize = 1;
const VERSION: usize = 2;
const ZONE: usize = 3;
const REVISION: usize = 4;
const TEAM: usize = 5;
const ENV: usize = 6;
const REGION: usize = 7;

/// The values of all keys, of a pod and its namespace.
type Values = [usize; KEYS.len()];

/// A cluster as text.
pub struct Cluster {
    /// JSON values one after the other: namespaces, accounts and pods first, then policies.
    pub texts: Vec<String>,
    /// What it is made of.
    pub statement: Value,
}

/// One test of a selector.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Test {
    Is(usize, usize),
    Among(usize, Vec<usize>),
    Not(usize, usize),
}

/// Whom a policy or a rule selects: every test must hold.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Select {
    /// Only in this namespace.
    home: Option<usize>,
    tests: Vec<Test>,
}

/// The cluster before it is printed.
struct Draft {
    random: Random,
    namespaces: usize,
    /// Labels of every namespace, in the places of its own keys.
    of_namespace: Vec<Values>,
    /// The apps of every namespace.
    apps: Vec<Vec<usize>>,
    /// Label maps of every namespace, and the account of each.
    templates: Vec<Vec<(Values, usize)>>,
    /// Whom policies select, in the order of policies.
    subjects: Vec<Select>,
    /// Whom rules select.
    peers: HashSet<Select>,
    sets: usize,
}

/// The name of a port, and its number with those who are called `app-0`, `app-2`, ….
const NAMED_PORTS: [(&str, u16); 3] = [("http", 1_000), ("metrics", 1_200), ("admin", 1_400)];

/// The number of a port of the part `atom`.
pub fn port_of(atom: usize) -> u16 {
    let number = |n: usize| u16::try_from(n).expect("ports are small");
    match atom {
        single if single < SINGLE_PORTS => number(1_000 + 100 * single),
        range if range < SINGLE_PORTS + PORT_RANGES => {
            number(5_000 + 100 * (range - SINGLE_PORTS) + 7)
        }
        _ => 9,
    }
}

/// The address of the pod of this number.
pub fn address_of(pod: usize) -> [u8; 4] {
    let n = u32::try_from(pod + 1).expect("pods are few") | 10 << 24;
    n.to_be_bytes()
}

/// An address outside, in one of the networks that rules name or beside them.
pub fn outside(random: &mut Random) -> [u8; 4] {
    let byte = |n: usize| u8::try_from(n).expect("a byte");
    [198, 18 + byte(random.below(2)), byte(random.below(80)), byte(random.below(256))]
}

// === impl Cluster ===

impl Cluster {
    /// The cluster of so many pods.
    ///
    /// # Panics
    ///
    /// If the full one is not as hard as it is said to be.
    pub fn generate(pods: usize) -> Self {
        let mut draft = Draft::new(pods);
        let mut workloads = String::new();
        draft.namespaces(&mut workloads);
        let signatures = draft.pods(pods, &mut workloads);
        let mut policies = String::new();
        let count = pods / PODS_PER_POLICY;
        draft.tiers_and_sets(&mut policies);
        for index in 0..count {
            draft.policy(index, index.is_multiple_of(GLOBAL_ONE_IN), &mut policies);
        }
        let statement = draft.statement(pods, count, &signatures);
        if pods >= PODS_FULL {
            let at_least = |what: &str, least: usize| {
                let found = statement[what].as_u64().unwrap_or(0);
                assert!(found >= least as u64, "{what}: {found}, and {least} are due");
            };
            at_least("label_profiles", PROFILES_MIN);
            at_least("classes", CLASSES_MIN);
            at_least("target_signatures", SIGNATURES_MIN);
        }
        Self { texts: vec![workloads, policies], statement }
    }
}

// === impl Draft ===

impl Draft {
    fn new(pods: usize) -> Self {
        let mut random = Random::new(SEED);
        let namespaces = (pods / PODS_PER_NAMESPACE).max(2);
        let value = |random: &mut Random, key: usize| random.below(KEYS[key].1);
        let mut draft = Self {
            namespaces,
            of_namespace: Vec::new(),
            apps: Vec::new(),
            templates: Vec::new(),
            subjects: Vec::new(),
            peers: HashSet::new(),
            sets: (pods / PODS_PER_SET).max(4),
            random: random.clone(),
        };
        for _ in 0..namespaces {
            let mut own: Values = [usize::MAX; KEYS.len()];
            for key in [TEAM, ENV, REGION] {
                own[key] = value(&mut random, key);
            }
            let apps: Vec<usize> =
                (0..APPS_PER_NAMESPACE).map(|_| value(&mut random, APP)).collect();
            // A namespace is in one zone, and rolls from one version to another.
            let zone = value(&mut random, ZONE);
            let versions = [value(&mut random, VERSION), value(&mut random, VERSION)];
            let templates = (0..TEMPLATES).map(|index| {
                let mut values = own;
                values[APP] = apps[index % APPS_PER_NAMESPACE];
                values[TIER] = values[APP] % KEYS[TIER].1;
                values[ZONE] = zone;
                values[VERSION] = *random.of(&versions);
                values[REVISION] = value(&mut random, REVISION);
                (values, index % ACCOUNTS_PER_NAMESPACE)
            });
            draft.templates.push(templates.collect());
            draft.of_namespace.push(own);
            draft.apps.push(apps);
        }
        draft.random = random;
        draft
    }

    fn namespaces(&self, out: &mut String) {
        for (index, values) in self.of_namespace.iter().enumerate() {
            let labels = labels(values, true);
            print(
                out,
                &json!({
                    "apiVersion": "v1", "kind": "Namespace",
                    "metadata": { "name": namespace(index), "labels": labels },
                }),
            );
            for account in 0..ACCOUNTS_PER_NAMESPACE {
                print(
                    out,
                    &json!({
                        "apiVersion": "v1", "kind": "ServiceAccount",
                        "metadata": {
                            "name": format!("account-{account}"), "namespace": namespace(index),
                            "labels": { "role": format!("role-{account}") },
                        },
                    }),
                );
            }
        }
    }

    /// Writes the pods, and returns how many have which label map.
    fn pods(&mut self, pods: usize, out: &mut String) -> HashMap<(usize, Values, usize), usize> {
        let mut profiles = HashMap::new();
        for pod in 0..pods {
            let home = pod % self.namespaces;
            let (values, account) = *self.random.of(&self.templates[home]);
            *profiles.entry((home, values, account)).or_insert(0) += 1;
            let ports: Vec<Value> = NAMED_PORTS
                .iter()
                .map(|(name, number)| {
                    // The same name is not the same number everywhere.
                    let number = number + 100 * u16::from(values[APP] % 2 == 1);
                    json!({ "name": name, "containerPort": number, "protocol": "TCP" })
                })
                .collect();
            let [a, b, c, d] = address_of(pod);
            let address = format!("{a}.{b}.{c}.{d}");
            print(
                out,
                &json!({
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": {
                        "name": format!("pod-{pod}"), "namespace": namespace(home),
                        "labels": labels(&values, false),
                    },
                    "spec": {
                        "nodeName": format!("node-{}", pod % 500),
                        "serviceAccountName": format!("account-{account}"),
                        "containers": [{ "name": "main", "image": "registry.example/app:1", "ports": ports }],
                    },
                    "status": { "phase": "Running", "podIP": address, "podIPs": [{ "ip": address }] },
                }),
            );
        }
        profiles
    }

    fn tiers_and_sets(&mut self, out: &mut String) {
        for (name, order) in TIERS {
            print(
                out,
                &json!({
                    "apiVersion": "projectcalico.org/v3", "kind": "Tier",
                    "metadata": { "name": name },
                    "spec": { "order": order, "defaultAction": "Pass" },
                }),
            );
        }
        for set in 0..self.sets {
            let mut nets: Vec<String> = (0..4).map(|_| self.net()).collect();
            nets.sort();
            nets.dedup();
            print(
                out,
                &json!({
                    "apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkSet",
                    "metadata": { "name": format!("set-{set}"), "labels": { "set": format!("set-{}", set % 20) } },
                    "spec": { "nets": nets },
                }),
            );
        }
    }

    /// A network outside, or one that some pods are in.
    fn net(&mut self) -> String {
        let random = &mut self.random;
        match random.below(4) {
            0 => format!("10.0.{}.0/22", 4 * random.below(64)),
            1 => format!("198.{}.0.0/16", 18 + random.below(2)),
            _ => format!("198.{}.{}.0/24", 18 + random.below(2), random.below(64)),
        }
    }

    /// Some values of a key.
    fn some(&mut self, key: usize, count: usize) -> Test {
        let mut values: Vec<usize> = (0..count).map(|_| self.random.below(KEYS[key].1)).collect();
        values.sort_unstable();
        values.dedup();
        Test::Among(key, values)
    }

    fn one(&mut self, key: usize) -> Test {
        Test::Is(key, self.random.below(KEYS[key].1))
    }

    /// Whom a policy of the namespace `home` selects.
    fn subject_at_home(&mut self, home: usize) -> Select {
        let app = Test::Is(APP, *self.random.of(&self.apps[home]));
        let tests = match self.random.below(20) {
            0..4 => vec![],
            4..11 => vec![app],
            11..14 => vec![self.some(TIER, 2)],
            14..17 => vec![self.one(VERSION)],
            17..19 => vec![app, self.one(VERSION)],
            _ => vec![Test::Not(ZONE, self.random.below(KEYS[ZONE].1))],
        };
        Select { home: Some(home), tests }
    }

    /// Whom a global policy selects: one pod in twelve on average.
    fn subject_anywhere(&mut self) -> Select {
        let tests = match self.random.below(20) {
            0..5 => vec![self.one(TIER), self.one(ZONE)],
            5..9 => vec![self.one(ENV), self.one(TIER)],
            9..13 => vec![self.some(TEAM, 4)],
            13..17 => vec![self.some(APP, 5)],
            17..19 => vec![self.one(VERSION), self.one(REGION)],
            _ => vec![self.one(ENV)],
        };
        Select { home: None, tests }
    }

    /// Whom a rule means by labels.
    fn peer(&mut self, home: Option<usize>) -> Select {
        let select = match (home, self.random.below(10)) {
            (Some(home), 0..5) => {
                let app = Test::Is(APP, *self.random.of(&self.apps[home]));
                Select { home: Some(home), tests: vec![app] }
            }
            (_, 5) => Select { home: None, tests: vec![self.one(ENV)] },
            (_, 6) => Select { home: None, tests: vec![self.some(TEAM, 2)] },
            (_, 7) => Select { home: None, tests: vec![self.one(REGION), self.one(TIER)] },
            (_, 8) => Select { home: None, tests: vec![self.some(TEAM, 3), self.some(VERSION, 2)] },
            _ => Select { home: None, tests: vec![self.some(APP, 3), self.one(ENV)] },
        };
        self.peers.insert(select.clone());
        select
    }

    fn policy(&mut self, index: usize, global: bool, out: &mut String) {
        let home = (!global).then(|| self.random.below(self.namespaces));
        let subject = match home {
            Some(home) => self.subject_at_home(home),
            None => self.subject_anywhere(),
        };
        self.subjects.push(subject.clone());
        let (ingress, egress) = match self.random.below(10) {
            0..5 => (true, false),
            5..8 => (true, true),
            _ => (false, true),
        };
        let types: Vec<&str> = [(ingress, "Ingress"), (egress, "Egress")]
            .into_iter()
            .filter_map(|(wanted, name)| wanted.then_some(name))
            .collect();
        let kubernetes = !global && self.random.percent(45);
        let mut spec = Map::new();
        let (tier, group, kind) = if kubernetes {
            spec.insert("podSelector".into(), in_kubernetes(&subject.tests));
            spec.insert("policyTypes".into(), json!(types));
            (None, "networking.k8s.io/v1", "NetworkPolicy")
        } else {
            let tier = match self.random.below(if global { 9 } else { 12 }) {
                at @ 0..9 => TIERS[at / 3].0,
                _ => "default",
            };
            spec.insert("tier".into(), json!(tier));
            spec.insert("order".into(), json!(self.random.below(2_000)));
            in_calico(&mut spec, &subject);
            spec.insert("types".into(), json!(types));
            let kind = if global { "GlobalNetworkPolicy" } else { "NetworkPolicy" };
            (Some(tier), "projectcalico.org/v3", kind)
        };
        for (wanted, field) in [(ingress, "ingress"), (egress, "egress")] {
            if !wanted {
                continue;
            }
            let count = 1 + self.random.below(3);
            let rules: Vec<Value> = (0..count)
                .map(|_| match tier {
                    None => self.kubernetes_rule(field, home),
                    Some(tier) => self.calico_rule(field, tier, home),
                })
                .collect();
            spec.insert(field.into(), json!(rules));
        }
        let mut metadata = Map::new();
        let name = match tier {
            Some(tier) => format!("{tier}.policy-{index}"),
            None => format!("policy-{index}"),
        };
        metadata.insert("name".into(), json!(name));
        if let Some(home) = home {
            metadata.insert("namespace".into(), json!(namespace(home)));
        }
        print(
            out,
            &json!({
                "apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec,
            }),
        );
    }

    fn kubernetes_rule(&mut self, field: &str, home: Option<usize>) -> Value {
        let mut rule = Map::new();
        let peers: Vec<Value> = (0..=self.random.below(2))
            .map(|_| {
                if self.random.percent(12) {
                    return json!({ "ipBlock": { "cidr": self.net() } });
                }
                let peer = self.peer(home);
                let (of_namespaces, of_pods) = split(&peer.tests);
                match (peer.home, of_namespaces.is_empty(), of_pods.is_empty()) {
                    (Some(_), ..) => json!({ "podSelector": in_kubernetes(&of_pods) }),
                    (None, false, true) => {
                        json!({ "namespaceSelector": in_kubernetes(&of_namespaces) })
                    }
                    _ => json!({
                        "namespaceSelector": in_kubernetes(&of_namespaces),
                        "podSelector": in_kubernetes(&of_pods),
                    }),
                }
            })
            .collect();
        rule.insert(if field == "ingress" { "from" } else { "to" }.into(), json!(peers));
        if self.random.percent(PORTS_PERCENT) {
            let ports: Vec<Value> = (0..=self.random.below(2))
                .map(|_| match self.random.below(SINGLE_PORTS + PORT_RANGES + NAMED_PORTS_WEIGHT) {
                    atom if atom < SINGLE_PORTS => json!({ "port": port_of(atom) }),
                    atom if atom < SINGLE_PORTS + PORT_RANGES => {
                        let first = port_of(atom) - 7;
                        json!({ "port": first, "endPort": first + 49 })
                    }
                    _ => json!({ "port": self.random.of(&NAMED_PORTS).0 }),
                })
                .collect();
            rule.insert("ports".into(), json!(ports));
        }
        Value::Object(rule)
    }

    fn calico_rule(&mut self, field: &str, tier: &str, home: Option<usize>) -> Value {
        let action = match self.random.below(20) {
            0..12 => "Allow",
            12..15 => "Deny",
            15 => "Log",
            _ if tier == "default" => "Allow",
            _ => "Pass",
        };
        let mut there = Map::new();
        match self.random.below(20) {
            0..12 => in_calico(&mut there, &self.peer(home)),
            12..14 => {
                let mut nets = vec![self.net(), self.net()];
                nets.dedup();
                there.insert("nets".into(), json!(nets));
            }
            14 => {
                there.insert("notNets".into(), json!([self.net()]));
            }
            15..17 => {
                let set = self.random.below(20);
                there.insert("selector".into(), json!(format!("set == 'set-{set}'")));
                if home.is_some() {
                    there.insert("namespaceSelector".into(), json!("global()"));
                }
            }
            17 => {
                let app = self.random.below(KEYS[APP].1);
                there.insert("notSelector".into(), json!(format!("app == 'app-{app}'")));
            }
            _ => {}
        }
        let mut ports = Map::new();
        if self.random.percent(PORTS_PERCENT) {
            let listed: Vec<Value> = (0..=self.random.below(2))
                .map(|_| match self.random.below(SINGLE_PORTS + PORT_RANGES + NAMED_PORTS_WEIGHT) {
                    atom if atom < SINGLE_PORTS => json!(port_of(atom)),
                    atom if atom < SINGLE_PORTS + PORT_RANGES => {
                        let first = port_of(atom) - 7;
                        json!(format!("{first}:{}", first + 49))
                    }
                    _ => json!(self.random.of(&NAMED_PORTS).0),
                })
                .collect();
            ports.insert("ports".into(), json!(listed));
        }
        let (source, destination) = if field == "ingress" {
            (there, ports)
        } else {
            there.extend(ports);
            (Map::new(), there)
        };
        let mut rule = Map::new();
        rule.insert("action".into(), json!(action));
        rule.insert("protocol".into(), json!("TCP"));
        for (name, end) in [("source", source), ("destination", destination)] {
            if !end.is_empty() {
                rule.insert(name.into(), Value::Object(end));
            }
        }
        Value::Object(rule)
    }

    /// What the cluster is made of, counted from the drafts.
    fn statement(
        &self,
        pods: usize,
        policies: usize,
        profiles: &HashMap<(usize, Values, usize), usize>,
    ) -> Value {
        let mut signatures: HashSet<Vec<u32>> = HashSet::new();
        let mut classes: HashSet<Vec<u32>> = HashSet::new();
        let all: Vec<&Select> =
            self.subjects.iter().chain(&self.peers).collect::<HashSet<_>>().into_iter().collect();
        let subjects = Posted::of(self.subjects.iter());
        let all = Posted::of(all.iter().copied());
        let mut selecting = 0;
        let mut selecting_max = 0;
        // No selector asks for the revision: what differs in that alone is selected alike.
        let mut alike: HashMap<(usize, Values), usize> = HashMap::new();
        for ((home, values, _), count) in profiles {
            let mut values = *values;
            values[REVISION] = 0;
            *alike.entry((*home, values)).or_default() += count;
        }
        for ((home, values), count) in &alike {
            let mine = subjects.selecting(*home, values);
            selecting += mine.len() * count;
            selecting_max = selecting_max.max(mine.len());
            signatures.insert(mine);
            classes.insert(all.selecting(*home, values));
        }
        json!({
            "shape": "hard", "seed": SEED, "pods": pods, "namespaces": self.namespaces,
            "policies": policies, "global_policies": policies.div_ceil(GLOBAL_ONE_IN),
            "tiers": TIERS.len() + 1, "port_atoms": PORT_ATOMS, "network_sets": self.sets,
            "label_profiles": profiles.len(), "classes": classes.len(),
            "target_signatures": signatures.len(),
            "policies_per_pod": (selecting as f64 / pods as f64 * 10.0).round() / 10.0,
            "policies_per_pod_max": selecting_max,
        })
    }
}

/// Selectors by the namespace they are of, so that those of other namespaces are not asked.
struct Posted<'a> {
    at_home: HashMap<usize, Vec<(u32, &'a Select)>>,
    anywhere: Vec<(u32, &'a Select)>,
}

impl<'a> Posted<'a> {
    fn of(selects: impl Iterator<Item = &'a Select>) -> Self {
        let mut posted = Self { at_home: HashMap::new(), anywhere: Vec::new() };
        for (index, select) in selects.enumerate() {
            let index = u32::try_from(index).expect("selectors are few");
            match select.home {
                Some(home) => posted.at_home.entry(home).or_default().push((index, select)),
                None => posted.anywhere.push((index, select)),
            }
        }
        posted
    }

    fn selecting(&self, home: usize, values: &Values) -> Vec<u32> {
        let at_home = self.at_home.get(&home).into_iter().flatten();
        let listed = at_home.chain(&self.anywhere);
        listed.filter(|(_, select)| select.holds(values)).map(|(index, _)| *index).collect()
    }
}

impl Select {
    fn holds(&self, values: &Values) -> bool {
        self.tests.iter().all(|test| match test {
            Test::Is(key, value) => values[*key] == *value,
            Test::Among(key, wanted) => wanted.contains(&values[*key]),
            Test::Not(key, value) => values[*key] != *value,
        })
    }
}

// === Printing ===

fn print(out: &mut String, object: &Value) {
    writeln!(out, "{object}").expect("writing to memory cannot fail");
}

fn namespace(index: usize) -> String {
    format!("namespace-{index}")
}

fn value(key: usize, value: usize) -> String {
    format!("{}-{value}", KEYS[key].0)
}

/// The labels of a pod, or of its namespace.
fn labels(values: &Values, of_namespace: bool) -> Value {
    let own = KEYS.iter().enumerate().filter(|(_, (.., namespaces))| *namespaces == of_namespace);
    let map: Map<String, Value> =
        own.map(|(key, (name, ..))| ((*name).to_owned(), json!(value(key, values[key])))).collect();
    Value::Object(map)
}

/// The tests of namespaces, and those of pods.
fn split(tests: &[Test]) -> (Vec<Test>, Vec<Test>) {
    tests.iter().cloned().partition(|test| match test {
        Test::Is(key, _) | Test::Among(key, _) | Test::Not(key, _) => KEYS[*key].2,
    })
}

/// As a label selector.
fn in_kubernetes(tests: &[Test]) -> Value {
    let mut labels = Map::new();
    let mut expressions = Vec::new();
    for test in tests {
        match test {
            Test::Is(key, one) => {
                labels.insert(KEYS[*key].0.to_owned(), json!(value(*key, *one)));
            }
            Test::Among(key, some) => {
                let values: Vec<String> = some.iter().map(|one| value(*key, *one)).collect();
                expressions
                    .push(json!({ "key": KEYS[*key].0, "operator": "In", "values": values }));
            }
            Test::Not(key, one) => expressions.push(
                json!({ "key": KEYS[*key].0, "operator": "NotIn", "values": [value(*key, *one)] }),
            ),
        }
    }
    match (labels.is_empty(), expressions.is_empty()) {
        (true, true) => json!({}),
        (false, true) => json!({ "matchLabels": labels }),
        (true, false) => json!({ "matchExpressions": expressions }),
        (false, false) => json!({ "matchLabels": labels, "matchExpressions": expressions }),
    }
}

/// As selectors of Calico, into the fields of a spec or of a rule's end.
fn in_calico(into: &mut Map<String, Value>, select: &Select) {
    let (of_namespaces, of_pods) = split(&select.tests);
    let text = |tests: &[Test]| {
        let tests: Vec<String> = tests
            .iter()
            .map(|test| match test {
                Test::Is(key, one) => format!("{} == '{}'", KEYS[*key].0, value(*key, *one)),
                Test::Not(key, one) => format!("{} != '{}'", KEYS[*key].0, value(*key, *one)),
                Test::Among(key, some) => {
                    let listed: Vec<String> =
                        some.iter().map(|one| format!("'{}'", value(*key, *one))).collect();
                    format!("{} in {{{}}}", KEYS[*key].0, listed.join(", "))
                }
            })
            .collect();
        tests.join(" && ")
    };
    if !of_pods.is_empty() || of_namespaces.is_empty() {
        let all = of_pods.is_empty();
        into.insert(
            "selector".into(),
            json!(if all { "all()".to_owned() } else { text(&of_pods) }),
        );
    }
    if !of_namespaces.is_empty() {
        into.insert("namespaceSelector".into(), json!(text(&of_namespaces)));
    } else if select.home.is_none() {
        into.insert("namespaceSelector".into(), json!("all()"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_the_same_every_time() {
        let (one, other) = (Cluster::generate(1_000), Cluster::generate(1_000));
        assert_eq!(one.texts, other.texts);
        assert_eq!(one.statement, other.statement);
    }

    #[test]
    fn selectors_are_printed_as_they_hold() {
        let tests = vec![Test::Is(APP, 3), Test::Among(TEAM, vec![1, 2]), Test::Not(ZONE, 0)];
        let mut map = Map::new();
        in_calico(&mut map, &Select { home: None, tests: tests.clone() });
        let want = json!({
            "selector": "app == 'app-3' && zone != 'zone-0'",
            "namespaceSelector": "team in {'team-1', 'team-2'}",
        });
        assert_eq!(Value::Object(map), want);
        let (of_namespaces, _) = split(&tests);
        let want = json!({ "matchExpressions": [
            { "key": "team", "operator": "In", "values": ["team-1", "team-2"] },
        ] });
        assert_eq!(in_kubernetes(&of_namespaces), want);
    }

    #[test]
    fn atoms_are_told_apart() {
        let ports: HashSet<u16> = (0..PORT_ATOMS).map(port_of).collect();
        assert_eq!(ports.len(), PORT_ATOMS);
    }
}
