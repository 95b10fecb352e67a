//! The engine against its independent twin, over generated clusters and questions.
//!
//! A question leaves things open: addresses, ports, names. The engine answers it in branches, each
//! with conditions. For every branch a packet that meets its conditions is made, and packets are
//! drawn at random; for each the twin must say exactly what the one branch says whose conditions the
//! packet meets: verdict, decider, rule, and everything passed on the way.
//!
//! `PORTCULLIS_SPEC_SEEDS=N` runs N clusters instead of the usual number.

mod generated;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use generated::{DOMAINS, Openness, PATTERNS, Random};
use portcullis_core::{Family, Ranges, Verdict, net};
use portcullis_netpol::explain::Side;
use portcullis_netpol::flow::End;
use portcullis_netpol::host::Outcome;
use portcullis_netpol::spec::{self, Answer, Packet, Ruling};
use portcullis_netpol::{
    By, Class, Compiled, Condition, Connection, Decider, Direction, DomainPattern, EndpointId,
    EndpointKind, Fact, Flow, Hop, Input, Need, Party, SideVerdict, Stage, explain, host,
};

/// Clusters in an ordinary run, and questions about each of them.
const SEEDS: u64 = 2400;
const QUESTIONS: usize = 24;
/// Packets drawn for a question that leaves something open, and attempts to make one for a branch.
const DRAWN: usize = 6;

const STAGES: [(Stage, spec::Stage); 2] =
    [(Stage::Enforced, spec::Stage::Enforced), (Stage::Pending, spec::Stage::Pending)];
const CLASSES: [(Class, spec::Class); 4] = [
    (Class::Normal, spec::Class::Normal),
    (Class::Forward, spec::Class::Forward),
    (Class::PreDnat, spec::Class::PreDnat),
    (Class::Untracked, spec::Class::Untracked),
];

/// What was asked and what came out, by name. A run that never met something proves nothing of it.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    fn ruling(&mut self, ruling: &Ruling) {
        self.count(match ruling.answer {
            Answer::Allow => "allow",
            Answer::Deny => "deny",
            Answer::Continue => "continue",
        });
        self.count(match &ruling.by {
            spec::Decider::Policy(hop) if hop.rule.is_none() => "by the end of a tier",
            spec::Decider::Policy(hop) if hop.policy.starts_with("Staged") => "by a staged policy",
            spec::Decider::Policy(hop) if matches!(hop.tier.as_str(), "lost" | "gone") => {
                "by a policy of a missing tier"
            }
            spec::Decider::Policy(_) => "by a policy",
            spec::Decider::Profile { .. } => "by a profile",
            spec::Decider::MissingProfile(_) => "by a missing profile",
            spec::Decider::NoProfileMatched => "by no profile",
            spec::Decider::Failsafe => "by a failsafe",
            spec::Decider::NothingAppliesOnForward => "by nothing on forward",
            spec::Decider::Nobody => "by nobody",
        });
        if ruling.via.iter().any(|hop| hop.rule.is_some()) {
            self.count("via a rule");
        }
        if ruling.via.iter().any(|hop| hop.rule.is_none()) {
            self.count("via the end of a tier");
        }
    }
}

// === What the engine says, in the twin's words ===

fn answer(verdict: SideVerdict) -> Option<Answer> {
    match verdict {
        SideVerdict::Allow => Some(Answer::Allow),
        SideVerdict::Deny => Some(Answer::Deny),
        SideVerdict::Unpoliced | SideVerdict::Unknown => None,
    }
}

fn hop(compiled: &Compiled, hop: &Hop) -> spec::Hop {
    spec::Hop {
        tier: compiled.tier(hop.tier).name.to_string(),
        policy: compiled.policy(hop.policy).to_string(),
        rule: hop.rule,
    }
}

fn decider(compiled: &Compiled, by: Option<&By>) -> spec::Decider {
    let Some(by) = by else { return spec::Decider::Nobody };
    match (&by.decider, by.tier, by.rule) {
        (Decider::Policy(policy), Some(tier), rule) => {
            spec::Decider::Policy(hop(compiled, &Hop { tier, policy: *policy, rule }))
        }
        (Decider::Profile(name), None, Some(0)) if compiled.profile(name).is_none() => {
            spec::Decider::MissingProfile(name.to_string())
        }
        (Decider::Profile(name), None, Some(rule)) => {
            spec::Decider::Profile { name: name.to_string(), rule }
        }
        (Decider::NoProfile, None, None) => spec::Decider::NoProfileMatched,
        (Decider::Failsafe, None, None) => spec::Decider::Failsafe,
        (Decider::NotForwardPoliced, None, None) => spec::Decider::NothingAppliesOnForward,
        _ => panic!("no decision has this form: {by:?}"),
    }
}

fn side(compiled: &Compiled, side: &Side) -> Option<Ruling> {
    Some(Ruling {
        answer: answer(side.verdict)?,
        by: decider(compiled, side.by.as_ref()),
        via: side.via.iter().map(|h| hop(compiled, h)).collect(),
    })
}

// === Packets that a question may mean ===

/// Every number that one end may be at: not where others are known to be.
///
/// An endpoint of unknown address is nowhere where another one is known to be, and behind no name;
/// what is no endpoint is at no workload's address; and what was asked for by a name is outside the
/// cluster, at an address that no other name is known to have.
fn possible(input: &Input, flow: &Flow, party: &Party) -> Ranges {
    if party.addresses.single().is_some() {
        return party.addresses.clone();
    }
    let numbers = |addresses: &mut dyn Iterator<Item = IpAddr>| {
        let of_family = addresses.filter(|a| Family::of(*a) == flow.family);
        Ranges::of(of_family.map(|a| (net::number(a), net::number(a))))
    };
    let may_be_host = party.endpoint.is_none() && party.domain.is_none();
    let taken = input.endpoints.iter().filter(|e| !may_be_host || e.kind != EndpointKind::Host);
    let taken = numbers(&mut taken.flat_map(|e| e.addresses.iter().copied()));
    let mut possible = party.addresses.without(&taken);
    if !may_be_host {
        possible = possible.without(&numbers(&mut input.resolved.iter().map(|(_, a)| *a)));
    }
    possible
}

/// The names that may resolve to the destination without anybody having said so. Of a pattern for
/// which resolved names are known these are all there are.
fn possible_names(input: &Input) -> Vec<&'static str> {
    let known = |pattern: &DomainPattern| input.resolved.iter().any(|(n, _)| pattern.matches(n));
    let patterns: Vec<_> = PATTERNS.iter().map(|p| DomainPattern::new(p)).collect();
    let free = |name: &&str| !patterns.iter().any(|p| p.matches(name) && known(p));
    DOMAINS.iter().copied().filter(free).collect()
}

/// A question narrowed down: everything each open number may be, and what is true of names.
struct Case {
    from: Ranges,
    to: Ranges,
    source_port: Ranges,
    icmp: Option<(Ranges, Ranges)>,
    facts: Vec<(DomainPattern, bool)>,
}

impl Case {
    fn of(input: &Input, flow: &Flow) -> Self {
        Self {
            from: possible(input, flow, &flow.from),
            to: possible(input, flow, &flow.to),
            source_port: flow.source_port.clone(),
            icmp: flow.icmp.as_ref().map(|icmp| (icmp.kind.clone(), icmp.code.clone())),
            facts: Vec::new(),
        }
    }

    fn narrow(&mut self, condition: &Condition) {
        let cut = |numbers: &mut Ranges, inside: &Ranges| {
            *numbers = if condition.holds { numbers.and(inside) } else { numbers.without(inside) };
        };
        match &condition.need {
            Need::Address(End::Source, inside) => cut(&mut self.from, inside),
            Need::Address(End::Destination, inside) => cut(&mut self.to, inside),
            Need::SourcePort(inside) => cut(&mut self.source_port, inside),
            Need::IcmpType(inside) => {
                let icmp = self.icmp.as_mut().expect("types are asked of ICMP only");
                cut(&mut icmp.0, inside);
            }
            Need::IcmpCode(inside) => {
                let icmp = self.icmp.as_mut().expect("codes are asked of ICMP only");
                cut(&mut icmp.1, inside);
            }
            Need::Fact(Fact::Resolves(pattern)) => {
                self.facts.push((pattern.clone(), condition.holds));
            }
            Need::Fact(other) => panic!("nothing here is in doubt: {other:?}"),
        }
    }

    /// A packet of this case; none if there is none.
    fn packet(&self, random: &mut Random, input: &Input, flow: &Flow) -> Option<Packet> {
        let byte = |number: u128| u8::try_from(number).expect("ICMP numbers are bytes");
        let port = |number: u128| u16::try_from(number).expect("ports have 16 bits");
        let icmp = match &self.icmp {
            None => None,
            Some((kind, code)) => Some((byte(random.within(kind)?), byte(random.within(code)?))),
        };
        let source_port = match flow.protocol.has_ports() {
            true => Some(port(random.within(&self.source_port)?)),
            false => None,
        };
        let packet = Packet {
            protocol: flow.protocol,
            source: spec::End {
                address: net::address(flow.family, random.within(&self.from)?),
                port: source_port,
                endpoint: flow.from.endpoint,
            },
            destination: spec::End {
                address: net::address(flow.family, random.within(&self.to)?),
                port: flow.port,
                endpoint: flow.to.endpoint,
            },
            icmp,
            names: self.names(random, input, flow)?,
        };
        // Nor is an endpoint of unknown address where the other end is.
        let unknown = |end: &spec::End| {
            let listed = |id: EndpointId| &input.endpoints[id.0 as usize].addresses;
            end.endpoint.is_some_and(|id| !listed(id).contains(&end.address))
        };
        let (a, b) = (&packet.source, &packet.destination);
        let together = a.address == b.address && a.endpoint != b.endpoint;
        if together && (unknown(a) || unknown(b)) { None } else { Some(packet) }
    }

    fn names(&self, random: &mut Random, input: &Input, flow: &Flow) -> Option<Vec<String>> {
        // Names are names of the world outside, and who was asked for by one is taken to have no
        // other.
        let mut possible = match (&flow.to.endpoint, &flow.to.domain) {
            (Some(_), _) => Vec::new(),
            (None, Some(domain)) => return Some(vec![domain.to_string()]),
            (None, None) => possible_names(input),
        };
        possible.retain(|name| !self.facts.iter().any(|(p, holds)| !holds && p.matches(name)));
        let mut names = Vec::new();
        for (pattern, _) in self.facts.iter().filter(|(_, holds)| *holds) {
            names.push((*possible.iter().find(|name| pattern.matches(name))?).to_owned());
        }
        names.extend(possible.into_iter().filter(|_| random.chance(20)).map(str::to_owned));
        Some(names)
    }
}

fn meets(packet: &Packet, condition: &Condition) -> bool {
    let here = |end: &spec::End, inside: &Ranges| inside.contains(net::number(end.address));
    let is = match &condition.need {
        Need::Address(End::Source, inside) => here(&packet.source, inside),
        Need::Address(End::Destination, inside) => here(&packet.destination, inside),
        Need::SourcePort(inside) => {
            packet.source.port.is_some_and(|port| inside.contains(port.into()))
        }
        Need::IcmpType(inside) => packet.icmp.is_some_and(|(k, _)| inside.contains(k.into())),
        Need::IcmpCode(inside) => packet.icmp.is_some_and(|(_, c)| inside.contains(c.into())),
        Need::Fact(Fact::Resolves(pattern)) => packet.names.iter().any(|n| pattern.matches(n)),
        Need::Fact(_) => false,
    };
    is == condition.holds
}

// === The comparison ===

/// What the engine says in one branch, in the twin's words.
struct Said<T> {
    conditions: Vec<Condition>,
    what: T,
}

/// Holds the branches of one answer against the twin's answers about packets: every branch against
/// one of its own, and packets drawn at random against the one branch that each falls into.
fn hold<T: PartialEq + std::fmt::Debug>(
    input: &Input,
    flow: &Flow,
    branches: &[Said<T>],
    random: &mut Random,
    twin: impl Fn(&Packet) -> T,
    mut seen: impl FnMut(&T),
) -> Result<(), String> {
    let mut packets = Vec::new();
    for branch in branches {
        let mut case = Case::of(input, flow);
        branch.conditions.iter().for_each(|condition| case.narrow(condition));
        packets.extend((0..DRAWN).find_map(|_| case.packet(random, input, flow)));
    }
    if branches.iter().any(|branch| !branch.conditions.is_empty()) {
        let all = Case::of(input, flow);
        for _ in 0..DRAWN {
            packets.extend(all.packet(random, input, flow));
        }
    }
    for packet in packets {
        let mut fits = branches.iter().filter(|b| b.conditions.iter().all(|c| meets(&packet, c)));
        let (Some(branch), None) = (fits.next(), fits.next()) else {
            return Err(format!("not exactly one branch is about {packet:?}"));
        };
        let want = twin(&packet);
        if branch.what != want {
            return Err(format!("{packet:?}\n engine: {:?}\n twin:   {want:?}", branch.what));
        }
        seen(&want);
    }
    Ok(())
}

/// The summary is what all branches say, or unknown where they differ.
fn summary_agrees(connection: &Connection) -> Result<(), String> {
    fn one<T: PartialEq>(mut all: impl Iterator<Item = T>, unknown: T) -> T {
        let first = all.next();
        first.filter(|first| all.all(|other| other == *first)).unwrap_or(unknown)
    }
    let branches = || connection.branches.iter();
    let verdict = one(branches().map(|b| b.verdict), Verdict::Unknown);
    let egress = one(branches().map(|b| b.egress.verdict), SideVerdict::Unknown);
    let ingress = one(branches().map(|b| b.ingress.verdict), SideVerdict::Unknown);
    let want = (verdict, egress, ingress);
    let got = (connection.verdict, connection.egress.verdict, connection.ingress.verdict);
    if got == want { Ok(()) } else { Err(format!("summary {got:?}, branches {want:?}")) }
}

fn check_flow(input: &Input, flow: &Flow, world: u64, tally: &mut Tally) -> Result<(), String> {
    let compiled = Compiled::new(input.clone());
    let random = &mut Random::new(world);
    for (stage, twin_stage) in STAGES {
        let connection = explain(&compiled, flow, stage);
        if portcullis_netpol::decide(&compiled, flow, stage)
            != portcullis_netpol::Ruling::told(&compiled, flow, &connection)
        {
            return Err(format!("{stage:?}: the index says otherwise"));
        }
        if connection.cut_short {
            tally.count("cut short");
            continue;
        }
        summary_agrees(&connection)?;
        if connection.branches.len() > 1 {
            tally.count("several branches");
        }
        if connection.verdict == Verdict::Unknown {
            tally.count("unknown");
        }
        let branches: Vec<_> = connection
            .branches
            .iter()
            .map(|b| Said {
                conditions: b.conditions.clone(),
                what: (b.verdict, side(&compiled, &b.egress), side(&compiled, &b.ingress)),
            })
            .collect();
        let twin = |packet: &Packet| {
            let said = spec::verdict(input, packet, twin_stage);
            let denies =
                |ruling: &Option<Ruling>| ruling.as_ref().is_some_and(|r| r.answer == Answer::Deny);
            let denied = denies(&said.egress) || denies(&said.ingress);
            let verdict = if denied { Verdict::Deny } else { Verdict::Allow };
            (verdict, said.egress, said.ingress)
        };
        hold(input, flow, &branches, random, twin, |(_, egress, ingress)| {
            tally.count("packets");
            egress.iter().chain(ingress).for_each(|ruling| tally.ruling(ruling));
        })
        .map_err(|why| format!("{stage:?}: {why}"))?;
    }
    Ok(())
}

fn check_host(
    input: &Input,
    flow: &Flow,
    endpoint: EndpointId,
    world: u64,
    tally: &mut Tally,
) -> Result<(), String> {
    let compiled = Compiled::new(input.clone());
    let random = &mut Random::new(world);
    for (stage, twin_stage) in STAGES {
        for (class, twin_class) in CLASSES {
            for direction in [Direction::Ingress, Direction::Egress] {
                if class == Class::PreDnat && direction == Direction::Egress {
                    continue; // Nothing leaves a host before the address of a service is replaced.
                }
                let said = host(&compiled, endpoint, class, direction, flow, stage);
                if said.cut_short {
                    tally.count("cut short");
                    continue;
                }
                let branches: Vec<_> = said
                    .branches
                    .iter()
                    .map(|b| Said {
                        conditions: b.conditions.clone(),
                        what: Some(Ruling {
                            answer: match b.outcome {
                                Outcome::Allow => Answer::Allow,
                                Outcome::Deny => Answer::Deny,
                                Outcome::Continue => Answer::Continue,
                                Outcome::Unknown => panic!("nothing here is in doubt"),
                            },
                            by: decider(&compiled, b.by.as_ref()),
                            via: b.via.iter().map(|h| hop(&compiled, h)).collect(),
                        }),
                    })
                    .collect();
                let twin = |packet: &Packet| {
                    spec::host(input, packet, endpoint, twin_class, direction, twin_stage)
                };
                hold(input, flow, &branches, random, twin, |ruling| {
                    tally.count("host packets");
                    ruling.iter().for_each(|ruling| tally.ruling(ruling));
                })
                .map_err(|why| format!("{class:?} {direction} {stage:?}: {why}"))?;
            }
        }
    }
    Ok(())
}

/// The cluster with whatever can go taken out, so that what is left is what differs.
fn shrunk(mut input: Input, fails: &dyn Fn(&Input) -> bool) -> Input {
    fn drop_each<T: Clone>(
        input: &mut Input,
        list: &dyn Fn(&mut Input) -> Option<&mut Vec<T>>,
        fails: &dyn Fn(&Input) -> bool,
    ) {
        let mut index = 0;
        while list(input).is_some_and(|l| index < l.len()) {
            let mut less = input.clone();
            if let Some(list) = list(&mut less) {
                list.remove(index);
            }
            if fails(&less) { *input = less } else { index += 1 }
        }
    }
    drop_each(&mut input, &|i| Some(&mut i.policies), fails);
    drop_each(&mut input, &|i| Some(&mut i.tiers), fails);
    drop_each(&mut input, &|i| Some(&mut i.sets), fails);
    drop_each(&mut input, &|i| Some(&mut i.profiles), fails);
    drop_each(&mut input, &|i| Some(&mut i.resolved), fails);
    drop_each(&mut input, &|i| Some(&mut i.failsafe_inbound), fails);
    drop_each(&mut input, &|i| Some(&mut i.failsafe_outbound), fails);
    for at in 0..input.policies.len() {
        drop_each(&mut input, &|i| Some(&mut i.policies.get_mut(at)?.ingress_rules), fails);
        drop_each(&mut input, &|i| Some(&mut i.policies.get_mut(at)?.egress_rules), fails);
    }
    for at in 0..input.profiles.len() {
        drop_each(&mut input, &|i| Some(&mut i.profiles.get_mut(at)?.ingress_rules), fails);
        drop_each(&mut input, &|i| Some(&mut i.profiles.get_mut(at)?.egress_rules), fails);
    }
    for name in input.services.keys().cloned().collect::<Vec<_>>() {
        let mut less = input.clone();
        less.services.remove(&name);
        if fails(&less) {
            input = less;
        }
    }
    input
}

/// One line for each thing, without the places, of which there are none.
fn shown(input: &Input) -> String {
    let mut lines = String::new();
    let mut line = |thing: &dyn std::fmt::Debug| {
        let text = format!("{thing:?}");
        let place = "origin: Origin { document: DocumentId(0), object: None, path: FieldPath() }";
        let _ = writeln!(lines, "  {}", text.replace(&format!(", {place}"), ""));
    };
    input.tiers.iter().for_each(|thing| line(thing));
    input.policies.iter().for_each(|thing| line(thing));
    input.profiles.iter().for_each(|thing| line(thing));
    input.endpoints.iter().for_each(|thing| line(thing));
    input.sets.iter().for_each(|thing| line(thing));
    input.services.iter().for_each(|thing| line(&thing));
    input.resolved.iter().for_each(|thing| line(thing));
    line(&("failsafes", &input.failsafe_inbound, &input.failsafe_outbound));
    lines
}

fn seeds() -> u64 {
    match std::env::var("PORTCULLIS_SPEC_SEEDS") {
        Ok(text) => text.parse().expect("PORTCULLIS_SPEC_SEEDS is a number"),
        Err(_) => SEEDS,
    }
}

#[track_caller]
fn report(
    seed: u64,
    input: Input,
    flow: &Flow,
    check: &dyn Fn(&Input, &mut Tally) -> Result<(), String>,
) -> ! {
    let fails = |input: &Input| check(input, &mut Tally::default()).is_err();
    let input = shrunk(input, &fails);
    let why = check(&input, &mut Tally::default()).err().unwrap_or_default();
    panic!("seed {seed}: {why}\n{flow:?}\n{}", shown(&input));
}

#[test]
fn the_engine_and_its_twin_say_the_same() {
    let mut tally = Tally::default();
    for seed in 0..seeds() {
        let random = &mut Random::new(seed);
        let input = generated::cluster(random);
        let hosts: Vec<EndpointId> = Compiled::new(input.clone())
            .endpoints()
            .filter(|(_, e)| e.kind == EndpointKind::Host)
            .map(|(id, _)| id)
            .collect();
        for question in 0..QUESTIONS {
            let openness = if question % 2 == 0 { Openness::Open } else { Openness::Known };
            let flow = generated::flow(random, &input, openness);
            let world = random.next();
            tally.count("flows");
            if check_flow(&input, &flow, world, &mut tally).is_err() {
                report(seed, input, &flow, &|i, t| check_flow(i, &flow, world, t));
            }
            if question % 4 != 0 {
                continue;
            }
            for &endpoint in &hosts {
                if check_host(&input, &flow, endpoint, world, &mut tally).is_err() {
                    report(seed, input, &flow, &|i, t| check_host(i, &flow, endpoint, world, t));
                }
            }
        }
    }
    let mut counted = String::new();
    for (what, count) in &tally.0 {
        let _ = writeln!(counted, "{count:>9} {what}");
    }
    println!("{counted}");
    for what in [
        "allow",
        "deny",
        "continue",
        "several branches",
        "unknown",
        "by the end of a tier",
        "by a staged policy",
        "by a policy of a missing tier",
        "by a policy",
        "by a profile",
        "by a missing profile",
        "by no profile",
        "by a failsafe",
        "by nothing on forward",
        "by nobody",
        "via a rule",
        "via the end of a tier",
    ] {
        let met = tally.0.get(what).copied().unwrap_or(0);
        assert!(met >= 20, "the generated clusters hardly meet `{what}`:\n{counted}");
    }
}
