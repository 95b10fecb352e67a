//! Changes: from a parsed object to the first answer of the next snapshot.

use std::collections::HashMap;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use portcullis_core::{Family, Protocol, Ranges};
use portcullis_netpol::{
    Compiled, Direction, Endpoint, EndpointId, Flow, Party, Policy, Stage, decide,
};
use portcullis_object::{Input, Limits, Object, load};
use portcullis_snapshot::{Applied, Change, Snapshot};
use serde_json::Value;

use crate::clock::{self, Times};
use crate::cluster::{self, Cluster, PORT_ATOMS};
use crate::random::Random;

/// Changes of one run.
pub const CHANGES: usize = 1_000;

/// An object that is put, and the first question afterwards, about an endpoint that it concerns.
pub struct Edit {
    object: Object,
    question: Flow,
}

/// Pods that take the labels of another pod of their namespace.
///
/// # Panics
///
/// If the cluster is not one of those that are generated.
pub fn of_labels(cluster: &Cluster, network: &Compiled) -> Vec<Edit> {
    let mut random = Random::new(4);
    let pods: Vec<Value> = objects(&cluster.texts[0]).filter(|o| o["kind"] == "Pod").collect();
    let mut by_namespace: HashMap<&str, Vec<&Value>> = HashMap::new();
    for pod in &pods {
        by_namespace.entry(name_of(pod, "namespace")).or_default().push(pod);
    }
    let mut edited = Vec::new();
    let mut asked = Vec::new();
    for _ in 0..CHANGES {
        let mut pod = random.of(&pods).clone();
        let model = *random.of(&by_namespace[name_of(&pod, "namespace")]);
        pod["metadata"]["labels"] = model["metadata"]["labels"].clone();
        let address = pod["status"]["podIP"].as_str().expect("every pod has an address");
        let address: IpAddr = address.parse().expect("an address");
        asked.push((network.at_address(address)[0], Direction::Ingress));
        edited.push(pod);
    }
    edits(&edited, &asked, network, &mut random)
}

/// Policies that take the rules of another policy of their kind. Those that select nobody are left
/// out: there is no question about them.
///
/// # Panics
///
/// If the cluster is not one of those that are generated.
pub fn of_policies(cluster: &Cluster, network: &Compiled) -> Vec<Edit> {
    let mut random = Random::new(5);
    let is_policy = |object: &Value| {
        object["kind"].as_str().is_some_and(|kind| kind.ends_with("NetworkPolicy"))
    };
    let policies: Vec<Value> = objects(&cluster.texts[1]).filter(is_policy).collect();
    let subjects = Subjects::of(network);
    let mut edited = Vec::new();
    let mut asked = Vec::new();
    while edited.len() < CHANGES {
        let mut policy = random.of(&policies).clone();
        let model = random.of(&policies);
        let alike = |object: &Value| {
            let of = |field: &str| object[field].clone();
            (of("apiVersion"), of("kind"), object["spec"]["tier"].clone())
        };
        if alike(model) != alike(&policy) {
            continue;
        }
        let Some(subject) = subjects.of_policy(&policy) else { continue };
        for field in ["ingress", "egress"] {
            let there = policy["spec"].get(field).is_some();
            if let (true, Some(rules)) = (there, model["spec"].get(field)) {
                policy["spec"][field] = rules.clone();
            }
        }
        asked.push(subject);
        edited.push(policy);
    }
    edits(&edited, &asked, network, &mut random)
}

/// Nanoseconds from a parsed object to the first answer. Every change is applied to what the one
/// before left; the last snapshot of the last run is returned.
pub fn measure(base: &Snapshot, edits: &[Edit]) -> (Times, Snapshot) {
    let mut last = None;
    let times = clock::operations(edits.len(), |index| {
        let before = last.take().filter(|_| index > 0);
        let change = Change::Put(edits[index].object.clone());
        let start = clock::start();
        let applied = answered(before.as_ref().unwrap_or(base), change, &edits[index].question);
        let time = clock::since(start);
        assert!(applied.found.is_empty(), "{:?}", applied.found.first());
        last = Some(applied.snapshot);
        time
    });
    (times, last.expect("there are changes"))
}

/// Makes all changes in turn, each with its question.
pub fn in_turn(base: &Snapshot, edits: &[Edit]) {
    let mut last: Option<Snapshot> = None;
    for Edit { object, question } in edits {
        let change = Change::Put(object.clone());
        last = Some(answered(last.as_ref().unwrap_or(base), change, question).snapshot);
    }
}

/// The next snapshot, once it has answered a question.
fn answered(before: &Snapshot, change: Change, question: &Flow) -> Applied {
    let applied = before.apply(change);
    black_box(decide(applied.snapshot.network(), black_box(question), Stage::Enforced));
    applied
}

// === Making them ===

fn objects(text: &str) -> impl Iterator<Item = Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("every line is an object"))
}

fn name_of<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or("")
}

fn edits(
    edited: &[Value],
    asked: &[(EndpointId, Direction)],
    network: &Compiled,
    random: &mut Random,
) -> Vec<Edit> {
    let text: String = edited.iter().map(|object| format!("{object}\n")).collect();
    let input = Input { name: "edits.json".into(), bytes: text.into_bytes() };
    let loaded = load(vec![input], &Limits::default());
    assert_eq!(loaded.objects.len(), edited.len(), "{:?}", loaded.diagnostics.first());
    let questions = asked.iter().map(|asked| question(*asked, network, random));
    loaded
        .objects
        .into_iter()
        .zip(questions)
        .map(|(object, question)| Edit { object, question })
        .collect()
}

/// A flow into or out of an endpoint, from or to an address outside.
fn question(
    (id, direction): (EndpointId, Direction),
    network: &Compiled,
    random: &mut Random,
) -> Flow {
    let address = network.endpoint(id).addresses[0];
    let own = Party::at(address).endpoint(id);
    let other = Party::at(Ipv4Addr::from(cluster::outside(random)).into());
    let (from, to) = match direction {
        Direction::Ingress => (other, own),
        Direction::Egress => (own, other),
    };
    Flow {
        family: Family::V4,
        protocol: Protocol::TCP,
        from,
        to,
        source_port: Ranges::one(40_000),
        port: Some(cluster::port_of(random.below(PORT_ATOMS))),
        icmp: None,
    }
}

/// Whom policies select.
struct Subjects<'a> {
    policies: HashMap<String, &'a Policy>,
    endpoints: Vec<(EndpointId, &'a Endpoint)>,
}

impl<'a> Subjects<'a> {
    fn of(network: &'a Compiled) -> Self {
        let key = |policy: &Policy| {
            let namespace = policy.namespace.as_ref().map_or("", |namespace| namespace.as_str());
            format!("{namespace}/{}", policy.name)
        };
        Self {
            policies: network.policies().map(|policy| (key(policy), policy)).collect(),
            endpoints: network.endpoints().collect(),
        }
    }

    /// An endpoint that the policy selects, and a direction in which it has a say.
    fn of_policy(&self, object: &Value) -> Option<(EndpointId, Direction)> {
        let key = format!("{}/{}", name_of(object, "namespace"), name_of(object, "name"));
        let policy = self.policies[&key];
        let mut endpoints = self.endpoints.iter();
        let (id, _) = endpoints.find(|(_, endpoint)| policy.subject.matches(&endpoint.labels))?;
        Some((*id, if policy.ingress { Direction::Ingress } else { Direction::Egress }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network;

    #[test]
    fn changes_are_followed_as_if_all_was_built_anew() {
        let cluster = Cluster::generate(1_000);
        let base = network::build(&network::read(&cluster));
        base.network().warm(1);
        for edits in [of_labels(&cluster, base.network()), of_policies(&cluster, base.network())] {
            let (_, changed) = measure(&base, &edits);
            let mut given = network::read(&cluster).objects;
            for edit in &edits {
                let new = edit.object.reference();
                let old = given.iter_mut().find(|object| object.reference() == new);
                *old.expect("what is edited was given") = edit.object.clone();
            }
            let (anew, found) = Snapshot::build(&given, &[], &network::settings());
            assert!(found.is_empty(), "{:?}", found.first());
            let mut questions = network::Questions::about(base.network(), 1_000);
            let mut differed = 0;
            for flow in questions.random(20_000) {
                let ask = |snapshot: &Snapshot| decide(snapshot.network(), &flow, Stage::Enforced);
                assert_eq!(ask(&changed), ask(&anew), "{flow:?}");
                differed += usize::from(ask(&changed) != ask(&base));
            }
            assert!(differed > 100, "the changes change only {differed} answers");
        }
    }
}
