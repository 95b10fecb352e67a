//! What changes make of a snapshot is what is built from all objects at once, and what a change does not
//! touch is answered as before.

mod generated;
mod told;

use std::net::IpAddr;

use portcullis_core::{Family, Namespace, ObjectRef, Protocol, Ranges, net};
use portcullis_netpol::{Compiled, Endpoint, EndpointId, Flow, Party};
use portcullis_object::{Input, Limits, Object, Unreadable, load};
use portcullis_snapshot::{
    Aggregation, Applied, Change, Intake, IntakeByApi, Refused, Settings, Snapshot,
};

use generated::{ADDRESSES, Random, objects, text};
use told::{Told, answer, endpoints, service, told, workload};

/// How many changes are tried, unless the environment asks for more: a run by hand takes 10⁵.
const CHANGES: usize = 2_500;
/// How many changes one cluster goes through.
const CHANGES_OF_ONE: usize = 25;
/// How many flows are asked about after each.
const FLOWS: usize = 12;

#[test]
fn a_changed_snapshot_is_one_made_from_scratch() {
    let asked = std::env::var("PORTCULLIS_CHANGES").ok().and_then(|n| n.parse().ok());
    for seed in 0..asked.unwrap_or(CHANGES).div_ceil(CHANGES_OF_ONE) {
        go_through(seed as u64);
    }
}

/// One cluster and what becomes of it.
fn go_through(seed: u64) {
    let mut random = Random::new(seed);
    let settings = settings(&mut random);
    let unreadable = if random.chance(20) { unreadable() } else { Vec::new() };
    let texts: Vec<String> = (0..100).map(|_| text(&mut random)).collect();
    let mut fresh = objects(&texts).into_iter();
    let mut given: Vec<Object> = fresh.by_ref().take(random.below(30)).collect();
    let (mut snapshot, found) = Snapshot::build(&given, &unreadable, &settings);
    assert_eq!(snapshot.diagnostics(), found, "seed {seed}");
    let mut before = told(&snapshot);
    for step in 0..CHANGES_OF_ONE {
        let count = if random.chance(15) { 2 + random.below(2) } else { 1 };
        let changes: Vec<Change> = (0..count)
            .filter_map(|_| change(&mut random, &mut given, &mut fresh, &settings))
            .collect();
        let what = || format!("seed {seed}, step {step}: {changes:?}");
        let applied = snapshot.apply_all(changes.clone());
        let (scratch, _) = Snapshot::build(&given, &unreadable, &settings);
        let (after, wanted) = (told(&applied.snapshot), told(&scratch));
        same(&after, &wanted, &what);
        same(&told(&snapshot), &before, &|| format!("the one before, {}", what()));
        flows(&mut random, &snapshot, &applied, &scratch, &what);
        untouched(&snapshot, &applied, &before, &after, &what);
        (snapshot, before) = (applied.snapshot, after);
    }
}

fn settings(random: &mut Random) -> Settings {
    let intake = |random: &mut Random| random.pick(&[Intake::Proposed, Intake::Stored]);
    Settings {
        intake: IntakeByApi {
            kubernetes: intake(random),
            rbac: intake(random),
            calico: intake(random),
        },
        refused: random.pick(&[Refused::Unknown, Refused::Unknown, Refused::Absent]),
        aggregation: random.pick(&[Aggregation::Resolve, Aggregation::AsStored]),
        // Those of every server would be most of what is compared.
        bootstrap: false,
        without: if random.chance(20) { vec!["ciliumnetworkpolicy".into()] } else { Vec::new() },
        ..Settings::default()
    }
}

fn unreadable() -> Vec<Unreadable> {
    let texts = ["kind: NetworkPolicy\nspec: [", "kind: RoleBinding\nroleRef: {"];
    let inputs = texts.map(|t| Input { name: "broken.yaml".into(), bytes: t.into() });
    let unreadable = load(inputs.into(), &Limits::default()).unreadable;
    assert_eq!(unreadable.len(), 2);
    unreadable
}

// === Changes, and what they mean ===

/// A change, and the list of what is given after it.
fn change(
    random: &mut Random,
    given: &mut Vec<Object>,
    fresh: &mut impl Iterator<Item = Object>,
    settings: &Settings,
) -> Option<Change> {
    if random.chance(25) && !given.is_empty() {
        let reference = random.pick(given).reference().as_ref().clone();
        let gone = identity(&reference);
        if !gone.name.is_empty() {
            given.retain(|object| identity(object.reference()) != gone);
        }
        return Some(Change::Delete(reference));
    }
    // The same again, as a watch that starts anew tells it.
    let object = match random.chance(8) && !given.is_empty() {
        true => random.pick(given),
        false => fresh.next()?,
    };
    put(given, &object, settings);
    Some(Change::Put(object))
}

/// The list of what is given after an object was put.
fn put(given: &mut Vec<Object>, object: &Object, settings: &Settings) {
    let is_refused = |object: &Object| {
        let (alone, _) = Snapshot::build(std::slice::from_ref(object), &[], settings);
        alone.refused().next().is_some()
    };
    let refused = is_refused(object);
    let named = identity(object.reference());
    let rivals: Vec<(usize, bool)> = given
        .iter()
        .enumerate()
        .filter(|(_, other)| !named.name.is_empty() && identity(other.reference()) == named)
        .map(|(i, other)| (i, is_refused(other)))
        .filter(|(_, rival)| *rival || !refused)
        .collect();
    let counting = rivals.iter().rfind(|(_, rival)| *rival == refused).or(rivals.last());
    match counting {
        Some((place, _)) => given[*place] = object.clone(),
        None => given.push(object.clone()),
    }
    let place = counting.map(|(place, _)| *place);
    for (gone, _) in rivals.iter().rev().filter(|(i, _)| Some(*i) != place) {
        given.remove(*gone);
    }
}

fn identity(reference: &ObjectRef) -> ObjectRef {
    let group = match reference.group.as_str() {
        "crd.projectcalico.org" => "projectcalico.org",
        other => other,
    };
    let scope = match reference.kind.as_str() {
        "Namespace"
        | "Node"
        | "GlobalNetworkPolicy"
        | "StagedGlobalNetworkPolicy"
        | "Tier"
        | "ClusterNetworkPolicy"
        | "GlobalNetworkSet"
        | "Profile"
        | "HostEndpoint"
        | "FelixConfiguration"
        | "ClusterRole"
        | "ClusterRoleBinding" => None,
        _ => Some(reference.namespace.clone().unwrap_or_else(|| Namespace::new("default"))),
    };
    ObjectRef { group: group.into(), namespace: scope, ..reference.clone() }
}

// === Comparing ===

fn same(told: &Told, wanted: &Told, what: &dyn Fn() -> String) {
    assert!(told.keys().eq(wanted.keys()), "{:?} {:?}, {}", told.keys(), wanted.keys(), what());
    for (heading, wanted) in wanted {
        let told = told.get(heading).into_iter().flatten();
        let differs = told.clone().zip(wanted).find(|(told, wanted)| told != wanted);
        assert!(differs.is_none(), "{heading}, {}:\n{differs:#?}", what());
        assert_eq!(told.count(), wanted.len(), "{heading}, {}", what());
    }
}

/// Flows between any two are judged as from scratch; those that nothing touched, as before.
fn flows(
    random: &mut Random,
    before: &Snapshot,
    applied: &Applied,
    scratch: &Snapshot,
    what: &dyn Fn() -> String,
) {
    let after = &applied.snapshot;
    let (here, there) = (endpoints(after.network()), endpoints(scratch.network()));
    let names: Vec<&String> = here.keys().collect();
    let old: Vec<EndpointId> = before.network().endpoints().map(|(id, _)| id).collect();
    for _ in 0..FLOWS {
        let family = random.pick(&[Family::V4, Family::V4, Family::V6]);
        let question = Question::new(random, family);
        if !names.is_empty() {
            let (from, to) = (random.pick(&names), random.pick(&names));
            let of = |ids: &std::collections::BTreeMap<String, EndpointId>, network: &Compiled| {
                question.between(network, Some(ids[from]), Some(ids[to]))
            };
            let networks = [
                (Some(after.network()), Some(scratch.network())),
                (after.without_refused(), scratch.without_refused()),
            ];
            for (after, scratch) in networks {
                let (Some(after), Some(scratch)) = (after, scratch) else { continue };
                let flow = (of(&here, after), of(&there, scratch));
                let answers = (answer(after, &flow.0, true), answer(scratch, &flow.1, true));
                assert_eq!(answers.0, answers.1, "{from} -> {to}, {}", what());
            }
        }
        let end = |random: &mut Random| match random.chance(85) && !old.is_empty() {
            true => Some(random.pick(&old)),
            false => None,
        };
        let (from, to) = (end(random), end(random));
        let flow = question.between(before.network(), from, to);
        let concerned = applied.touched.concerns(before, &flow);
        assert_eq!(concerned, applied.touched.concerns(after, &flow), "{}", what());
        if !concerned {
            let without = |snapshot: &Snapshot| {
                answer(snapshot.without_refused().unwrap_or(snapshot.network()), &flow, false)
            };
            let was = (answer(before.network(), &flow, false), without(before));
            let is = (answer(after.network(), &flow, false), without(after));
            assert_eq!(was, is, "{flow:?}, {}", what());
        }
    }
}

/// What is asked of two ends.
struct Question {
    family: Family,
    protocol: Protocol,
    port: u16,
    addresses: [IpAddr; 2],
}

impl Question {
    fn new(random: &mut Random, family: Family) -> Self {
        let others: Vec<IpAddr> = ADDRESSES
            .iter()
            .chain(&["203.0.113.9", "2001:db8::7"])
            .map(|a| a.parse().expect("an address"))
            .filter(|a| Family::of(*a) == family)
            .collect();
        Self {
            family,
            protocol: random.pick(&[Protocol::TCP, Protocol::TCP, Protocol::UDP]),
            port: random.pick(&[80, 8080, 443]),
            addresses: [random.pick(&others), random.pick(&others)],
        }
    }

    fn between(
        &self,
        network: &Compiled,
        from: Option<EndpointId>,
        to: Option<EndpointId>,
    ) -> Flow {
        let party = |id: Option<EndpointId>, address: IpAddr| match id {
            None => Party::at(address),
            Some(id) => self.party(network.endpoint(id)).endpoint(id),
        };
        Flow {
            family: self.family,
            protocol: self.protocol,
            from: party(from, self.addresses[0]),
            to: party(to, self.addresses[1]),
            source_port: Ranges::span(1024, 65535),
            port: Some(self.port),
            icmp: None,
        }
    }

    fn party(&self, endpoint: &Endpoint) -> Party {
        let mut of_family = endpoint.addresses.iter().filter(|a| Family::of(**a) == self.family);
        match of_family.next() {
            Some(address) => Party::at(*address),
            None => Party::somewhere(match self.family {
                Family::V4 => Ranges::span(
                    net::number(IpAddr::from([10, 0, 0, 0])),
                    net::number(IpAddr::from([10, 0, 0, 255])),
                ),
                Family::V6 => self.family.everything(),
            }),
        }
    }
}

/// What a change says it does not touch is as before.
fn untouched(
    before: &Snapshot,
    applied: &Applied,
    was: &Told,
    is: &Told,
    what: &dyn Fn() -> String,
) {
    let Applied { snapshot: after, touched, .. } = applied;
    for (id, _) in before.workloads().chain(after.workloads()) {
        if !touched.workloads().contains(&id) {
            let one = |of: &Snapshot| of.find_workload(id).map(|_| workload(of, id, false));
            assert_eq!(one(before), one(after), "{}", what());
        }
    }
    for (place, _) in before.services().chain(after.services()) {
        if !touched.services().contains(&place) {
            let one = |of: &Snapshot| of.service_at(place).map(|_| service(of, place, false));
            assert_eq!(one(before), one(after), "{}", what());
        }
    }
    for (name, ..) in before.namespaces().chain(after.namespaces()) {
        if !touched.namespaces().contains(name) {
            assert_eq!(
                before.namespace(name.as_str()),
                after.namespace(name.as_str()),
                "{}",
                what()
            );
        }
    }
    let unless = |touched: bool, headings: &[&str]| {
        for heading in headings.iter().filter(|_| !touched) {
            assert_eq!(was.get(heading), is.get(heading), "{heading}, {}", what());
        }
    };
    unless(touched.rbac(), &["rbac", "rbac doubts"]);
    for attempt in told::attempts() {
        let namespace = attempt.target.namespace();
        let concerns = |of| touched.concerns_requester(of, &attempt.requester, namespace);
        if !concerns(before) && !concerns(after) {
            let one = |of: &Snapshot| {
                let by = portcullis_rbac::decide(of.rbac(), &attempt).by?;
                of.rbac().grant(by).map(|grant| grant.to_string())
            };
            assert_eq!(one(before), one(after), "{attempt:?}, {}", what());
        }
    }
    let remarks =
        ["nodes", "refused", "skipped", "carried", "host doubts", "resources", "pod to host"];
    unless(touched.remarks(), &remarks);
    let count = |told: &Told| (told["workloads"].len(), told["tiers"].len(), told["sets"].len());
    if touched.is_nothing() {
        assert_eq!(count(was), count(is), "{}", what());
    }
    let there = |of: &Snapshot, reference: &ObjectRef| {
        let name = reference.name.as_str();
        let namespace = reference.namespace.as_ref().map_or("", Namespace::as_str);
        Some(match reference.kind.as_str() {
            "Node" => of.node(name).is_some(),
            "Service" => of.service(namespace, name).is_some(),
            "Namespace" => of.namespace(name).is_some_and(|(_, given)| given),
            "Pod" => !of.workloads_named(Some("Pod"), namespace, name).is_empty(),
            _ => return None,
        })
    };
    for (all, then, now) in [(touched.appeared(), false, true), (touched.vanished(), true, false)] {
        for reference in all.iter().filter(|r| !r.name.is_empty()) {
            if let Some(was) = there(before, reference) {
                let at = (was, there(after, reference));
                assert_eq!(at, (then, Some(now)), "{reference}, {}", what());
            }
        }
    }
}
