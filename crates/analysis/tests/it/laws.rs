//! What must hold of every answer, over generated policies.

use portcullis_analysis::{Outcome, Question, connect, pairs, reach};
use portcullis_core::Family;
use portcullis_snapshot::{Settings, Snapshot};

use crate::support::{ask, read, verdict};

/// How many clusters each law is tried on.
const TRIES: u64 = 120;

/// A small generator (xorshift): the same clusters on every run.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ (seed + 1).wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).expect("below an usize")
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// The addresses a pod may turn out to have: inside and outside of every network below.
const ADDRESSES: [&str; 6] =
    ["10.0.0.1", "10.0.0.200", "10.0.1.1", "10.9.9.9", "172.16.0.1", "203.0.113.9"];

const QUESTIONS: [&str; 4] =
    ["a/web b/db:5432", "b/db a/web:80", "a/web ip/203.0.113.1:443", "ip/192.0.2.9 a/web:80"];

const CLUSTER: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: a, labels: {team: red}}
---
apiVersion: v1
kind: Namespace
metadata: {name: b, labels: {team: blue}}
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: first}
spec: {order: 1}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: set, labels: {app: set}}
spec: {nets: [10.9.0.0/16, 203.0.113.8/29]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: b, labels: {app: db}}
spec: {containers: [{name: c, ports: [{name: sql, containerPort: 5432}]}]}
status: {podIP: 10.8.0.1}
";

/// The pod that the laws are about, at an address or nowhere in particular.
fn web(address: Option<&str>) -> String {
    let status = address.map_or_else(String::new, |a| format!("status: {{podIP: {a}}}\n"));
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: a, labels: {{app: web}}}}\n{status}"
    )
}

fn peer(random: &mut Random) -> String {
    let nets = ["10.0.0.0/24", "10.0.0.128/25", "10.0.0.0/8", "203.0.113.0/24"];
    let selectors = ["app == 'web'", "app == 'db'", "app == 'set'", "all()", "app != 'db'"];
    match random.below(9) {
        0 | 6..=8 => format!("nets: [{}]", random.pick(&nets)),
        1 => format!("notNets: [{}, 10.200.0.0/16]", random.pick(&nets)),
        2 => format!("selector: \"{}\"", random.pick(&selectors)),
        3 => format!("notSelector: \"{}\"", random.pick(&selectors)),
        4 => format!("namespaceSelector: team == '{}'", random.pick(&["red", "blue"])),
        _ => String::new(),
    }
}

fn calico(random: &mut Random, name: usize) -> String {
    let mut rules = |direction: &str| {
        let mut list = Vec::new();
        for _ in 0..random.below(4) {
            let action = random.pick(&["Allow", "Deny", "Pass", "Log"]);
            let protocol = random.pick(&["", "", ", protocol: TCP", ", protocol: UDP"]);
            let end = random.pick(&["source", "destination"]);
            list.push(format!("{{action: {action}{protocol}, {end}: {{{}}}}}", peer(random)));
        }
        format!("{direction}: [{}]", list.join(", "))
    };
    let (ingress, egress) = (rules("ingress"), rules("egress"));
    let tier = random.pick(&["default", "first"]);
    let order = random.pick(&["", "order: 1, ", "order: 5, "]);
    let subject = random.pick(&["all()", "app == 'web'", "app == 'db'"]);
    let types = random.pick(&["[Ingress]", "[Egress]", "[Ingress, Egress]"]);
    let (kind, namespace) = match random.below(3) {
        0 => ("NetworkPolicy", ", namespace: a"),
        1 => ("NetworkPolicy", ", namespace: b"),
        _ => ("GlobalNetworkPolicy", ""),
    };
    format!(
        "apiVersion: projectcalico.org/v3\nkind: {kind}\nmetadata: {{name: p{name}{namespace}}}\n\
         spec: {{tier: {tier}, {order}selector: \"{subject}\", types: {types}, {ingress}, {egress}}}\n"
    )
}

fn kubernetes(random: &mut Random, name: usize, types: &str) -> String {
    let peers = [
        "{podSelector: {matchLabels: {app: db}}}",
        "{namespaceSelector: {matchLabels: {team: blue}}}",
        "{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.128/25]}}",
        "{ipBlock: {cidr: 203.0.113.0/24}}",
    ];
    let ports = random.pick(&["", ", ports: [{port: 80}]", ", ports: [{port: 1, endPort: 9999}]"]);
    let (from, to) = (random.pick(&peers), random.pick(&peers));
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: k{name}, namespace: a}}\n\
         spec: {{podSelector: {{}}, policyTypes: {types}, ingress: [{{from: [{from}]{ports}}}], \
         egress: [{{to: [{to}]{ports}}}]}}\n"
    )
}

/// One to four policies, of both APIs.
fn policies(random: &mut Random) -> Vec<String> {
    (0..=random.below(4))
        .map(|name| match random.below(3) {
            0 => kubernetes(random, name, "[Ingress, Egress]"),
            _ => calico(random, name),
        })
        .collect()
}

/// A document that the API would refuse.
fn refused(random: &mut Random) -> String {
    let specs = [
        "GlobalNetworkPolicy\nmetadata: {name: r}\nspec: {selector: app = 'web'}",
        "GlobalNetworkPolicy\nmetadata: {name: r}\nspec: {order: 2, ingress: [{action: Accept}]}",
        "NetworkPolicy\nmetadata: {name: p0, namespace: a}\nspec: {types: [Ingres]}",
        "Tier\nmetadata: {name: first}\nspec: {order: 1, defaultAction: Drop}",
        "Tier\nmetadata: {name: default}\nspec: {order: 7}",
        "GlobalNetworkSet\nmetadata: {name: set, labels: {app: web}}\nspec: {nets: [10.0.0.0/99]}",
        "HostEndpoint\nmetadata: {name: h}\nspec: {node: n1, expectedIPs: [192.0.2.9], profiles: [A_B]}",
    ];
    format!("apiVersion: projectcalico.org/v3\nkind: {}\n", random.pick(&specs))
}

fn joined(documents: &[String]) -> String {
    documents.join("---\n")
}

fn one(documents: &[String], question: &str) -> String {
    verdict(&[("k8s", &joined(documents))], question)
}

/// A cluster around some policies, with the pod at an address or nowhere in particular.
fn cluster(policies: &[String], address: Option<&str>) -> Vec<String> {
    let mut documents = vec![CLUSTER.to_owned(), web(address)];
    documents.extend_from_slice(policies);
    documents
}

#[test]
fn what_is_definite_at_an_unknown_address_holds_at_every_address() {
    let (mut definite, mut open) = (0, 0);
    for seed in 0..TRIES {
        let policies = policies(&mut Random::new(seed));
        for question in QUESTIONS {
            let unknown = one(&cluster(&policies, None), question);
            if unknown == "unknown" {
                open += 1;
                continue;
            }
            definite += 1;
            for address in ADDRESSES {
                let known = one(&cluster(&policies, Some(address)), question);
                assert_eq!(unknown, known, "{question} at {address}:\n{}", joined(&policies));
            }
        }
    }
    assert!(definite > 100 && open > 20, "{definite} definite, {open} open: hardly a test");
}

#[test]
fn leaving_out_what_is_refused_is_deleting_it() {
    let mut open = 0;
    for seed in 0..TRIES {
        let mut random = Random::new(seed);
        let policies = policies(&mut random);
        let without = cluster(&policies, Some(ADDRESSES[random.below(ADDRESSES.len())]));
        let mut with = without.clone();
        let refused = refused(&mut random);
        with.insert(random.below(with.len() + 1), refused.clone());
        for question in QUESTIONS {
            let deleted = one(&without, question);
            let absent = one(&with, &format!("{question} --refused absent"));
            assert_eq!(absent, deleted, "{question}:\n{refused}---\n{}", joined(&policies));
            let (answer, _) = ask(&[("k8s", &joined(&with))], question);
            let answer = answer.expect("an answer");
            // A doubt only ever opens a verdict; it never turns one into another.
            if answer.verdict.word() != "unknown" {
                assert_eq!(answer.verdict.word(), deleted, "{question}:\n{}", joined(&with));
                continue;
            }
            open += 1;
            let said = answer.flows[0].without_refused.map(|verdict| verdict.to_string());
            assert_eq!(said, Some(deleted), "{question}:\n{}", joined(&with));
        }
    }
    assert!(open > 50, "{open} open: hardly a test");
}

#[test]
fn one_more_policy_of_kubernetes_never_denies_what_isolation_allowed() {
    let mut allowed = 0;
    for seed in 0..TRIES {
        let mut random = Random::new(seed);
        let some: Vec<String> =
            (0..3).map(|name| kubernetes(&mut random, name, "[Ingress, Egress]")).collect();
        let more = [&some[..], &[kubernetes(&mut random, 9, "[Ingress, Egress]")]].concat();
        let address = Some(ADDRESSES[random.below(ADDRESSES.len())]);
        for question in QUESTIONS {
            if one(&cluster(&some, address), question) == "allow" {
                allowed += 1;
                let with_more = one(&cluster(&more, address), question);
                assert_eq!(with_more, "allow", "{question}:\n{}", joined(&more));
            }
        }
    }
    assert!(allowed > 50, "{allowed} allowed: hardly a test");
}

#[test]
fn of_many_at_once_each_is_judged_as_by_itself() {
    const SERVICES: &str = "
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: b}
spec: {selector: {app: db}, ports: [{port: 5432, targetPort: sql}]}
";
    let mut seen = [0; 3];
    for seed in 0..TRIES {
        let mut random = Random::new(seed);
        let mut documents = cluster(&policies(&mut random), None);
        documents.extend([SERVICES.to_owned(), refused(&mut random)]);
        let text = joined(&documents);
        let loaded = read(&[("k8s", &text)]);
        let settings = Settings { bootstrap: false, ..Settings::default() };
        let (snapshot, _) = Snapshot::build(&loaded.objects, &loaded.unreadable, &settings);
        let pairs = pairs(&snapshot, &["a", "b"]);
        let outcomes = reach(&snapshot, &pairs, Family::V4).expect("ends");
        let by_name = pairs.iter().map(|pair| {
            let name = |id| {
                let workload = snapshot.workload(id);
                format!("{}/{}", workload.namespace, workload.name)
            };
            let from = name(pair.from).parse().expect("an end");
            let to = format!("{}:{}", name(pair.to), pair.port).parse().expect("an end");
            let question = Question { from, to, family: Family::V4 };
            connect(&snapshot, &question).expect("an answer").verdict
        });
        assert_eq!(outcomes, by_name.collect::<Vec<_>>(), "{pairs:?}:\n{text}");
        for outcome in outcomes {
            let sorts = [Outcome::Allow, Outcome::Deny, Outcome::Unknown];
            for (count, _) in seen.iter_mut().zip(sorts).filter(|(_, sort)| *sort == outcome) {
                *count += 1;
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 10), "{seen:?}: hardly a test");
}

#[test]
fn the_order_and_the_files_of_documents_do_not_matter() {
    for seed in 0..TRIES {
        let mut random = Random::new(seed);
        let policies = policies(&mut random);
        let documents = cluster(&policies, None);
        let mut shuffled = documents.clone();
        for last in (1..shuffled.len()).rev() {
            shuffled.swap(last, random.below(last + 1));
        }
        let names: Vec<String> = (0..documents.len()).map(|i| format!("{i}.yaml")).collect();
        let files: Vec<(&str, &str)> =
            names.iter().zip(&documents).map(|(n, d)| (n.as_str(), d.as_str())).collect();
        for question in QUESTIONS {
            let want = one(&documents, question);
            assert_eq!(one(&shuffled, question), want, "{question}:\n{}", joined(&shuffled));
            assert_eq!(verdict(&files, question), want, "{question}:\n{}", joined(&documents));
        }
    }
}
