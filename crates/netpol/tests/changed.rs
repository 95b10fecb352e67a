//! What follows changes is what is made from scratch, and nothing that is not touched changes.

mod generated;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use generated::{Openness, Random};
use portcullis_core::net::NamedPort;
use portcullis_core::{Family, Namespace, PortRange, Protocol, Ranges, Selector};
use portcullis_netpol::{
    Action, Change, Compiled, Decider, Endpoint, EndpointId, EndpointKind, Flow, Input, Member,
    NetworkSet, Order, Party, Policy, PolicyClass, PolicyId, PolicyKind, PortMatch, ProtocolMatch,
    Rule, Side, SideVerdict, Stage, Tier, decide, explain,
};
use smol_str::SmolStr;

/// Sequences of changes in a run of the tests; `PORTCULLIS_CHANGES` asks for more.
const SEQUENCES: u64 = 150;
/// Changes in one sequence.
const CHANGES: usize = 20;
/// Questions after each change.
const QUESTIONS: usize = 8;

/// The input with empty places, as ids see it.
#[derive(Clone)]
struct Places {
    endpoints: Vec<Option<Endpoint>>,
    policies: Vec<Option<Policy>>,
    sets: Vec<Option<NetworkSet>>,
    /// Tiers, profiles, services and what else is there.
    rest: Input,
}

impl Places {
    fn of(mut input: Input) -> Self {
        let endpoints = std::mem::take(&mut input.endpoints).into_iter().map(Some).collect();
        let policies = std::mem::take(&mut input.policies).into_iter().map(Some).collect();
        let sets = std::mem::take(&mut input.sets).into_iter().map(Some).collect();
        Self { endpoints, policies, sets, rest: input }
    }

    /// The input without empty places, and the new places of its endpoints.
    fn input(&self) -> (Input, HashMap<EndpointId, EndpointId>) {
        let mut moved = HashMap::new();
        let mut input = self.rest.clone();
        for (endpoint, old) in self.endpoints.iter().zip(0..) {
            if let Some(endpoint) = endpoint {
                let new = EndpointId(u32::try_from(input.endpoints.len()).expect("few"));
                moved.insert(EndpointId(old), new);
                input.endpoints.push(endpoint.clone());
            }
        }
        input.policies = self.policies.iter().flatten().cloned().collect();
        input.sets = self.sets.iter().flatten().cloned().collect();
        for service in input.services.values_mut() {
            service.members.retain_mut(|(member, _)| match member {
                Member::Endpoint(id) => match moved.get(id) {
                    Some(new) => {
                        *id = *new;
                        true
                    }
                    None => false,
                },
                Member::Address(_) => true,
            });
        }
        (input, moved)
    }

    /// One change at random, here and for who follows.
    fn change(&mut self, random: &mut Random, donor: &Input) -> Change {
        match random.below(20) {
            0..=6 => {
                let place = random.below(self.endpoints.len() + 1);
                let gone = self.endpoints.iter().flatten().count() > 2 && random.chance(25);
                let endpoint = (!gone).then(|| random.pick(&donor.endpoints));
                put(&mut self.endpoints, place, endpoint.clone());
                let id = EndpointId(u32::try_from(place).expect("few"));
                if gone {
                    self.leave_services(id);
                }
                Change::Endpoint(id, endpoint.map(Arc::new))
            }
            7..=13 => {
                let place = random.below(self.policies.len() + 1);
                let policy = match donor.policies.is_empty() || random.chance(25) {
                    true => None,
                    false => Some(random.pick(&donor.policies)),
                };
                // No two objects of one kind have the same name.
                let name = |p: &Policy| (p.kind, p.namespace.clone(), p.name.clone());
                let taken = policy.as_ref().is_some_and(|new| {
                    let others = self.policies.iter().enumerate().filter(|(at, _)| *at != place);
                    others.filter_map(|(_, p)| p.as_ref()).any(|p| name(p) == name(new))
                });
                let policy = policy.filter(|_| !taken);
                put(&mut self.policies, place, policy.clone());
                let id = PolicyId(u32::try_from(place).expect("few"));
                Change::Policy(id, policy.map(Arc::new))
            }
            14 | 15 => {
                let place = random.below(self.sets.len() + 1);
                let set = match donor.sets.is_empty() || random.chance(30) {
                    true => None,
                    false => Some(random.pick(&donor.sets)),
                };
                put(&mut self.sets, place, set.clone());
                Change::Set(place, set.map(Arc::new))
            }
            16 => {
                self.rest.tiers.clone_from(&donor.tiers);
                Change::Tiers(donor.tiers.clone())
            }
            17 => {
                let name = SmolStr::new(random.pick(&["one", "two", "three"]));
                self.rest.profiles.retain(|p| p.name != name);
                let new = donor.profiles.iter().find(|p| p.name == name).cloned();
                self.rest.profiles.extend(new.clone());
                Change::Profile(name, new.map(Arc::new))
            }
            18 => {
                self.rest.failsafe_inbound.clone_from(&donor.failsafe_inbound);
                self.rest.failsafe_outbound.clone_from(&donor.failsafe_outbound);
                Change::Failsafes(donor.failsafe_inbound.clone(), donor.failsafe_outbound.clone())
            }
            _ => {
                let key: (Namespace, SmolStr) = (
                    Namespace::new(random.pick(&["a", "b"])),
                    random.pick(&["front", "back"]).into(),
                );
                let mut new = donor.services.get(&key).cloned();
                if let Some(service) = &mut new {
                    service.members.retain(|(member, _)| match member {
                        Member::Endpoint(id) => {
                            self.endpoints.get(id.0 as usize).is_some_and(Option::is_some)
                        }
                        Member::Address(_) => true,
                    });
                }
                match &new {
                    Some(service) => self.rest.services.insert(key.clone(), service.clone()),
                    None => self.rest.services.remove(&key),
                };
                Change::Service(key.0, key.1, new.map(Arc::new))
            }
        }
    }

    /// What a change comes with: services no longer lead to what is gone, and who says so says it too.
    fn told(&self, change: Change, after: &Self) -> Vec<Change> {
        let mut all = Vec::new();
        for (key, service) in &after.rest.services {
            let before = self.rest.services.get(key);
            let is_gone = matches!(change, Change::Endpoint(_, None));
            if is_gone && before.map(|s| s.members.len()) != Some(service.members.len()) {
                let (namespace, name) = key.clone();
                all.push(Change::Service(namespace, name, Some(Arc::new(service.clone()))));
            }
        }
        all.push(change);
        all
    }

    /// Who takes an endpoint away takes it from its services.
    fn leave_services(&mut self, gone: EndpointId) {
        for service in self.rest.services.values_mut() {
            service.members.retain(|(member, _)| *member != Member::Endpoint(gone));
        }
    }
}

fn put<T>(places: &mut Vec<Option<T>>, place: usize, thing: Option<T>) {
    if place == places.len() {
        places.push(None);
    }
    places[place] = thing;
}

/// One side by names: ids are numbers of one compilation.
fn told(compiled: &Compiled, side: &Side) -> String {
    let by = side.by.as_ref().map(|by| {
        let tier = by.tier.map(|tier| compiled.tier(tier).name.clone());
        match &by.decider {
            Decider::Policy(id) => format!("{tier:?} {} {:?}", compiled.policy(*id), by.rule),
            other => format!("{other:?} {:?}", by.rule),
        }
    });
    let via: Vec<String> = side
        .via
        .iter()
        .map(|h| {
            format!("{} {} {:?}", compiled.tier(h.tier).name, compiled.policy(h.policy), h.rule)
        })
        .collect();
    format!("{} {by:?} {via:?}", side.verdict.word())
}

fn answer(compiled: &Compiled, flow: &Flow) -> String {
    let of = |stage| {
        let connection = explain(compiled, flow, stage);
        let decided = decide(compiled, flow, stage);
        let ruled = portcullis_netpol::Ruling::told(compiled, flow, &connection);
        assert_eq!(decided, ruled, "{stage:?} {flow:?}");
        let sides = [told(compiled, &connection.egress), told(compiled, &connection.ingress)];
        format!("{} {sides:?}", connection.verdict)
    };
    format!("{}; {}", of(Stage::Enforced), of(Stage::Pending))
}

fn moved(flow: &Flow, to: &HashMap<EndpointId, EndpointId>) -> Flow {
    let party = |party: &Party| Party {
        endpoint: party.endpoint.and_then(|id| to.get(&id).copied()),
        ..party.clone()
    };
    Flow { from: party(&flow.from), to: party(&flow.to), ..flow.clone() }
}

fn names(compiled: &Compiled) -> Vec<String> {
    let tiers = compiled.tiers().map(|(_, tier): (_, &Tier)| {
        let policies = tier.policies().iter().map(|id| compiled.policy(*id).to_string());
        let policies: Vec<String> = policies.collect();
        format!("{} {} {policies:?}", tier.name, tier.defined)
    });
    tiers.collect()
}

fn sequences() -> u64 {
    match std::env::var("PORTCULLIS_CHANGES") {
        Ok(text) => {
            let changes: u64 = text.parse().expect("PORTCULLIS_CHANGES is a number");
            changes.div_ceil(CHANGES as u64)
        }
        Err(_) => SEQUENCES,
    }
}

#[test]
fn following_changes_is_making_anew() {
    let (mut changes, mut untouched) = (0_u64, 0_u64);
    for seed in 0..sequences() {
        let random = &mut Random::new(seed);
        let mut places = Places::of(generated::cluster(random));
        let mut compiled = Compiled::new(places.input().0);
        compiled.warm(1);
        for step in 0..CHANGES {
            let donor = generated::cluster(random);
            let before = compiled.clone();
            let old = places.clone();
            let all = old.told(places.change(random, &donor), &places);
            let change = format!("{all:?}");
            let (after, touched) = compiled.changed(all);
            compiled = after;
            changes += 1;
            let (input, to) = places.input();
            let scratch = Compiled::new(input.clone());
            assert_eq!(names(&compiled), names(&scratch), "seed {seed} step {step} {change}");
            let full = Input {
                endpoints: places.endpoints.iter().flatten().cloned().collect(),
                ..input.clone()
            };
            let back: HashMap<EndpointId, EndpointId> = to.iter().map(|(a, b)| (*b, *a)).collect();
            for question in 0..QUESTIONS {
                let openness = if question % 4 == 0 { Openness::Open } else { Openness::Known };
                let asked = generated::flow(random, &full, openness);
                let here = moved(&asked, &back);
                let now = answer(&compiled, &here);
                assert_eq!(now, answer(&scratch, &asked), "seed {seed} step {step} {change}");
                // Who was not there before is asked about for the first time.
                let there = |party: &Party| {
                    party.endpoint.is_none_or(|id| before.find_endpoint(id).is_some())
                };
                if !there(&here.from) || !there(&here.to) {
                    assert!(touched.concerns(&compiled, &here), "seed {seed} step {step} {change}");
                    continue;
                }
                let concerned = touched.concerns(&compiled, &here);
                assert_eq!(concerned, touched.concerns(&before, &here), "{change}");
                if concerned {
                    continue;
                }
                untouched += 1;
                let was = answer(&before, &here);
                assert_eq!(was, now, "seed {seed} step {step} {change} {here:?}");
            }
        }
    }
    println!("{changes} changes, {untouched} answers that none of them touched");
    assert!(untouched > changes, "hardly anything is ever left untouched");
}

/// Who tries a change and throws it away, or tries two on one cluster, holds several versions at a
/// time. They share what they have worked out, and each is right about itself, whoever is asked first.
#[test]
fn every_version_answers_for_itself() {
    const VERSIONS: usize = 6;
    for seed in 0..sequences() {
        let random = &mut Random::new(seed);
        let places = Places::of(generated::cluster(random));
        let first = Compiled::new(places.input().0);
        if random.chance(50) {
            first.warm(1);
        }
        let mut versions = vec![(first, places)];
        for _ in 0..2 * CHANGES {
            let donor = generated::cluster(random);
            let (compiled, before) = &versions[random.below(versions.len())];
            let mut places = before.clone();
            let change = places.change(random, &donor);
            let (next, _) = compiled.changed(before.told(change, &places));
            if versions.len() == VERSIONS {
                versions.swap_remove(random.below(VERSIONS));
            }
            versions.push((next, places));
            for _ in 0..QUESTIONS {
                let (compiled, places) = &versions[random.below(versions.len())];
                let (input, to) = places.input();
                let back = to.iter().map(|(here, there)| (*there, *here)).collect();
                let flow = generated::flow(random, &input, Openness::Known);
                // Holds the index, which is shared, against the walk, which is not.
                answer(compiled, &moved(&flow, &back));
            }
        }
    }
}

/// Endpoints that share all labels and differ in ports have two shapes, however often they change.
#[test]
fn who_differs_in_ports_alone_is_found_again() {
    let endpoint = generated::cluster(&mut Random::new(1)).endpoints[0].clone();
    let with = |port: u16, at: u8| Endpoint {
        ports: vec![NamedPort { name: "web".into(), protocol: Protocol::TCP, port }],
        addresses: vec![IpAddr::from([10, 0, at, u8::try_from(port).expect("small")])],
        ..endpoint.clone()
    };
    let input = Input { endpoints: vec![with(1, 0), with(2, 0)], ..Input::default() };
    let mut compiled = Compiled::new(input);
    compiled.warm(1);
    assert_eq!(compiled.index_stats().shapes, 2);
    for at in 1..20 {
        for (port, id) in [(1, 0), (2, 1)] {
            let put = Change::Endpoint(EndpointId(id), Some(Arc::new(with(port, at))));
            compiled = compiled.changed([put]).0;
        }
    }
    assert_eq!(compiled.index_stats().shapes, 2);
}

/// A pod at `10.0.0.address`, of which its name is the only label.
fn pod(name: &str, address: u8) -> Endpoint {
    Endpoint {
        kind: EndpointKind::Workload { namespace: Namespace::new("a") },
        name: name.into(),
        labels: [(name, "")].into_iter().collect(),
        addresses: vec![at(address)],
        ..generated::cluster(&mut Random::new(1)).endpoints[0].clone()
    }
}

fn at(address: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, address])
}

fn party(id: u32, address: u8) -> Party {
    Party::at(at(address)).endpoint(EndpointId(id))
}

fn tcp(from: Party, to: Party, port: u16) -> Flow {
    Flow {
        family: Family::V4,
        protocol: Protocol::TCP,
        from,
        to,
        source_port: Ranges::one(40_000),
        port: Some(port),
        icmp: None,
    }
}

/// A policy for flows into the pod of this name, which has one rule.
fn into_pod(name: &str, rule: impl FnOnce(&mut Rule)) -> Policy {
    let origin = pod(name, 0).origin;
    let mut ingress = Rule::new(Action::Allow, 0, origin.clone());
    rule(&mut ingress);
    Policy {
        kind: PolicyKind::Global,
        namespace: None,
        name: name.into(),
        tier: "default".into(),
        order: Order(None),
        subject: Selector::Has(name.into()),
        ingress: true,
        egress: false,
        ingress_rules: vec![ingress],
        egress_rules: Vec::new(),
        class: PolicyClass::Normal,
        apply_on_forward: false,
        doubt: None,
        origin,
    }
}

fn from_pod(name: &str) -> impl FnOnce(&mut Rule) {
    move |rule| rule.source.selector = Some(Selector::Has(name.into()))
}

#[test]
fn two_changes_of_one_version_are_told_apart() {
    let endpoints = vec![pod("peer", 1), pod("own", 2)];
    let base = Compiled::new(Input { endpoints, ..Input::default() });
    let outside = Party::at("203.0.113.9".parse().expect("an address"));
    // There is an index, and nobody has asked about the peer.
    answer(&base, &tcp(outside, party(1, 2), 80));
    let allowing = |name: &str| {
        let policy = into_pod("own", from_pod(name));
        base.changed([Change::Policy(PolicyId(0), Some(Arc::new(policy)))]).0
    };
    let (other, peer) = (allowing("other"), allowing("peer"));
    let from_peer = tcp(party(0, 1), party(1, 2), 80);
    let said = |compiled: &Compiled| decide(compiled, &from_peer, Stage::Enforced).ingress.verdict;
    assert_eq!(said(&other), SideVerdict::Deny);
    assert_eq!(said(&peer), SideVerdict::Allow);
    [&base, &other, &peer].into_iter().for_each(|compiled| drop(answer(compiled, &from_peer)));
}

/// Rules for other headers come, and the lists that were made before are still those of theirs.
#[test]
fn lists_outlive_headers_that_are_split() {
    let endpoints = vec![pod("peer", 1), pod("own", 2)];
    let base = Compiled::new(Input { endpoints, ..Input::default() });
    let policy = |id: u32, subject: &str, first: u16, last: u16| {
        let policy = into_pod(subject, |rule| {
            rule.protocol = Some(ProtocolMatch { protocol: Protocol::TCP, family: None });
            rule.destination.ports = vec![PortMatch::Range(PortRange { first, last })];
        });
        Change::Policy(PolicyId(id), Some(Arc::new(policy)))
    };
    let check = |compiled: &Compiled| {
        for (from, to) in [(party(0, 1), party(1, 2)), (party(1, 2), party(0, 1))] {
            for port in [0, 99, 100, 149, 150, 151, 159, 160, 161, 200, 201, 65_535] {
                answer(compiled, &tcp(from.clone(), to.clone(), port));
            }
        }
    };
    let own = base.changed([policy(0, "own", 100, 200)]).0;
    own.warm(1);
    check(&own);
    // Two versions made from one, which give the next numbers to different headers.
    let versions = [(150, 150), (160, 65_535)]
        .map(|(first, last)| own.changed([policy(1, "peer", first, last)]).0);
    let [one, other] = &versions;
    [&own, one, other, one, &own].into_iter().for_each(check);
    check(&one.changed([policy(2, "own", 151, 160)]).0);
    versions.iter().for_each(check);
}

/// Selectors are about addresses: who comes to share one is seen as both.
#[test]
fn who_shares_an_address_is_no_longer_alone() {
    let input = Input {
        endpoints: vec![pod("peer", 1), pod("own", 2), pod("third", 3)],
        policies: vec![into_pod("own", from_pod("peer"))],
        ..Input::default()
    };
    let mut compiled = Compiled::new(input);
    compiled.warm(1);
    let from_third = tcp(party(2, 3), party(1, 2), 80);
    for (address, want) in [(1, SideVerdict::Deny), (3, SideVerdict::Allow), (4, SideVerdict::Deny)]
    {
        let put = Change::Endpoint(EndpointId(0), Some(Arc::new(pod("peer", address))));
        compiled = compiled.changed([put]).0;
        answer(&compiled, &from_third);
        let said = decide(&compiled, &from_third, Stage::Enforced).ingress.verdict;
        assert_eq!(said, want, "the peer is at 10.0.0.{address}");
    }
}
