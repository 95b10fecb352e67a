//! Small clusters and questions about them, made from a seed. The vocabulary is small so that
//! labels, addresses, ports and names meet often.

#![allow(
    dead_code,
    reason = "each test file compiles this module for itself and uses a part of it"
)]

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use portcullis_core::net::{self, NamedPort, Net};
use portcullis_core::{
    DocumentId, Family, FieldPath, Labels, Namespace, Origin, PortRange, Protocol, Ranges, Selector,
};
use portcullis_netpol::{
    Action, DefaultAction, Direction, DomainPattern, Endpoint, EndpointId, EndpointKind, Failsafe,
    Flow, Icmp, IcmpMatch, Input, Member, NetList, NetworkSet, Order, Party, Peer, Policy,
    PolicyClass, PolicyKind, PortMatch, Profile, ProtocolMatch, Rule, ServiceEndpoints,
    ServiceMatch, Tier,
};
use smol_str::SmolStr;

const NAMESPACES: &[&str] = &["a", "b"];
const TIERS: &[&str] = &["a", "a-b", "default", "top"];
/// Tiers that policies name and nobody defines.
const LOST_TIERS: &[&str] = &["lost", "gone"];
const POLICY_NAMES: &[&str] = &["a", "a-b", "a.b", "ab", "a1", "p"];
const PROFILES: &[&str] = &["one", "two", "three"];
const ORDERS: &[Option<f64>] =
    &[None, None, Some(-1.0), Some(0.0), Some(-0.0), Some(10.0), Some(10.0), Some(10.5)];
const KEYS: &[&str] = &["app", "zone", "role"];
const VALUES: &[&str] = &["web", "we", "db", "eb", ""];
const PORT_NAMES: &[&str] = &["http", "dns", "metrics"];
const PORTS: &[u16] = &[22, 53, 80, 81, 443, 8080, 65535];
/// TCP and UDP stand twice, as most of what is to be found is there.
const PROTOCOLS: &[u8] = &[6, 6, 17, 17, 132, 136, 1, 58, 47];
const SERVICES: &[&str] = &["front", "back"];
pub const PATTERNS: &[&str] =
    &["www.a.com", "*.a.com", "*.y.a.com", "b.org", "www.*.com", "API.A.com."];
/// Names that some pattern may stand for.
pub const DOMAINS: &[&str] =
    &["www.a.com", "api.a.com", "x.y.a.com", "b.org", "www.b.com", "A.com"];
/// What endpoints have; several may have the same.
const INSIDE: &[&str] = &["10.0.0.1", "10.0.0.2", "10.0.1.1", "fd00::1", "fd00::2", "fd00:1::1"];
/// What no workload has.
const OUTSIDE: &[&str] = &["10.0.0.9", "198.51.100.7", "203.0.113.9", "fd00::9", "2001:db8::7"];
const NETS: &[&str] = &[
    "0.0.0.0/0",
    "0.0.0.0/1",
    "10.0.0.0/8",
    "10.0.0.0/24",
    "10.0.0.2/31",
    "10.0.1.1/32",
    "203.0.113.0/24",
    "203.0.113.8/29",
    "::/0",
    "fd00::/16",
    "fd00::/64",
    "fd00::2/128",
    "2001:db8::/32",
];
const KINDS: &[PolicyKind] = &[
    PolicyKind::Global,
    PolicyKind::Global,
    PolicyKind::Global,
    PolicyKind::KubernetesCluster,
    PolicyKind::Kubernetes,
    PolicyKind::Namespaced,
    PolicyKind::Namespaced,
    PolicyKind::StagedGlobal,
    PolicyKind::StagedKubernetes,
    PolicyKind::StagedNamespaced,
];

/// Marsaglia's xorshift64*: the same everywhere, which is all that is asked of it.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds must not begin alike, and zero would stay zero.
        let mut random = Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        random.next();
        random
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        ((self.next() >> 33) as usize) % bound
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for i in (1..all.len()).rev() {
            all.swap(i, self.below(i + 1));
        }
    }

    /// From none up to `most` things.
    fn several<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(most + 1);
        (0..count).map(|_| make(self)).collect()
    }

    fn maybe<T>(&mut self, percent: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.chance(percent).then(|| make(self))
    }

    /// A number in the ranges: an end of one as often as any other.
    pub fn within(&mut self, ranges: &Ranges) -> Option<u128> {
        let spans = ranges.spans();
        if spans.is_empty() {
            return None;
        }
        let (first, last) = self.pick(spans);
        Some(match self.below(3) {
            0 => first,
            1 => last,
            _ => {
                let width = (last - first).saturating_add(1);
                let far = u128::from(self.next()) << 64 | u128::from(self.next());
                first + far % width
            }
        })
    }
}

fn origin() -> Origin {
    Origin { document: DocumentId(0), object: None, path: FieldPath::root() }
}

fn addresses(texts: &[&str], family: Family) -> Vec<IpAddr> {
    let all = texts.iter().map(|a| a.parse::<IpAddr>().expect("an address of this file"));
    all.filter(|a| Family::of(*a) == family).collect()
}

// === Clusters ===

/// A cluster in which every criterion, class and kind may occur.
pub fn cluster(random: &mut Random) -> Input {
    let mut input = Input {
        endpoints: Vec::new(),
        sets: random.several(3, set),
        resolved: random.several(3, |r| {
            let family = r.pick(&[Family::V4, Family::V6]);
            let place = if r.chance(80) { OUTSIDE } else { INSIDE };
            (SmolStr::new(r.pick(DOMAINS)), r.pick(&addresses(place, family)))
        }),
        failsafe_inbound: random.several(2, failsafe),
        failsafe_outbound: random.several(2, failsafe),
        ..Input::default()
    };
    for index in 0..2 + random.below(5) {
        input.endpoints.push(endpoint(random, index));
    }
    for name in TIERS {
        if random.chance(70) {
            input.tiers.push(tier(random, name));
        }
    }
    for name in PROFILES {
        if random.chance(80) {
            let mut rules = |direction| {
                let mut rules = rules(random, direction);
                // Most profiles allow what nobody decided, as those of namespaces do.
                if random.chance(60) {
                    rules.push(Rule::new(Action::Allow, rules.len(), origin()));
                }
                rules
            };
            input.profiles.push(Profile {
                name: (*name).into(),
                ingress_rules: rules(Direction::Ingress),
                egress_rules: rules(Direction::Egress),
            });
        }
    }
    let count = input.endpoints.len();
    input.services = services(random, count);
    let mut named = BTreeSet::new();
    for policy in random.several(12, policy) {
        // No two objects of one kind have the same name, so their order is always defined.
        if named.insert((policy.kind, policy.namespace.clone(), policy.name.clone())) {
            input.policies.push(policy);
        }
    }
    input
}

fn tier(random: &mut Random, name: &str) -> Tier {
    let end = random.pick(&[DefaultAction::Deny, DefaultAction::Pass]);
    Tier::new(name, Order(random.pick(ORDERS)), end, origin())
}

fn policy(random: &mut Random) -> Policy {
    let kind = random.pick(KINDS);
    let namespaced = !matches!(
        kind,
        PolicyKind::Global | PolicyKind::KubernetesCluster | PolicyKind::StagedGlobal
    );
    let class = if random.chance(25) {
        random.pick(&[PolicyClass::PreDnat, PolicyClass::Untracked])
    } else {
        PolicyClass::Normal
    };
    // A policy before DNAT has no say on flows out: the API refuses one that claims to.
    let egress = class != PolicyClass::PreDnat && random.chance(75);
    let tiers = if random.chance(10) { LOST_TIERS } else { TIERS };
    Policy {
        kind,
        namespace: namespaced.then(|| Namespace::new(random.pick(NAMESPACES))),
        name: random.pick(POLICY_NAMES).into(),
        tier: random.pick(tiers).into(),
        order: Order(random.pick(ORDERS)),
        subject: if random.chance(60) { Selector::All } else { selector(random, 2) },
        ingress: !egress || random.chance(75),
        egress,
        ingress_rules: rules(random, Direction::Ingress),
        egress_rules: rules(random, Direction::Egress),
        class,
        apply_on_forward: class != PolicyClass::Normal || random.chance(30),
        doubt: None,
        origin: origin(),
    }
}

fn endpoint(random: &mut Random, index: usize) -> Endpoint {
    let mut at = Vec::new();
    for family in [Family::V4, Family::V6] {
        if random.chance(75) {
            at.push(random.pick(&addresses(INSIDE, family)));
        }
    }
    let host = random.chance(35);
    Endpoint {
        kind: if host {
            EndpointKind::Host
        } else {
            EndpointKind::Workload { namespace: Namespace::new(random.pick(NAMESPACES)) }
        },
        name: format!("e{index}").into(),
        labels: labels(random),
        addresses: at,
        ports: random.several(3, |r| NamedPort {
            name: r.pick(PORT_NAMES).into(),
            protocol: r.pick(&[Protocol::TCP, Protocol::UDP, Protocol::SCTP]),
            port: r.pick(PORTS),
        }),
        profiles: random.several(3, |r| r.pick(PROFILES).into()),
        origin: origin(),
    }
}

fn labels(random: &mut Random) -> Labels {
    random.several(3, |r| (r.pick(KEYS), r.pick(VALUES))).into_iter().collect()
}

fn set(random: &mut Random) -> NetworkSet {
    NetworkSet {
        namespace: None,
        name: "s".into(),
        labels: labels(random),
        nets: NetList::new(random.several(3, net)),
        domains: if random.chance(30) { random.several(2, domain) } else { Vec::new() },
        doubt: None,
        origin: origin(),
    }
}

fn services(
    random: &mut Random,
    endpoints: usize,
) -> HashMap<(Namespace, SmolStr), ServiceEndpoints> {
    let made = random.several(3, |r| {
        let members = r.several(3, |r| {
            let member = if r.chance(50) {
                Member::Endpoint(EndpointId(u32::try_from(r.below(endpoints)).unwrap_or(0)))
            } else {
                let family = r.pick(&[Family::V4, Family::V6]);
                Member::Address(r.pick(&addresses(INSIDE, family)))
            };
            let ports = r.several(2, |r| {
                (r.pick(&[Protocol::TCP, Protocol::UDP, Protocol::SCTP]), r.pick(PORTS))
            });
            (member, ports)
        });
        let name = (Namespace::new(r.pick(NAMESPACES)), SmolStr::new(r.pick(SERVICES)));
        (name, ServiceEndpoints { members })
    });
    made.into_iter().collect()
}

fn failsafe(random: &mut Random) -> Failsafe {
    Failsafe {
        protocol: random.pick(&[Protocol::TCP, Protocol::UDP]),
        port: random.pick(PORTS),
        net: random.maybe(40, net),
    }
}

fn net(random: &mut Random) -> Net {
    random.pick(NETS).parse().expect("a network of this file")
}

fn domain(random: &mut Random) -> DomainPattern {
    DomainPattern::new(random.pick(PATTERNS))
}

// === Rules ===

fn rules(random: &mut Random, direction: Direction) -> Vec<Rule> {
    let mut rules = random.several(5, |r| rule(r, direction));
    for (number, rule) in rules.iter_mut().enumerate() {
        rule.number = number;
    }
    rules
}

/// Few criteria, as many hardly ever hold together.
pub fn rule(random: &mut Random, direction: Direction) -> Rule {
    let action =
        random.pick(&[Action::Allow, Action::Allow, Action::Deny, Action::Pass, Action::Log]);
    let mut rule = Rule::new(action, 0, origin());
    let criteria = if random.chance(10) { 0 } else { 1 + random.below(3) };
    for _ in 0..criteria {
        criterion(random, &mut rule, direction);
    }
    rule
}

fn criterion(random: &mut Random, rule: &mut Rule, direction: Direction) {
    match random.below(12) {
        0 => rule.family = Some(random.pick(&[Family::V4, Family::V6])),
        1 | 2 => rule.protocol = Some(protocol(random)),
        3 => rule.not_protocol = Some(protocol(random)),
        4 => {
            // The API takes ICMP types only beside an ICMP protocol.
            rule.protocol = Some(icmp_protocol(random));
            let criterion = IcmpMatch {
                kind: Some(random.pick(&[0, 3, 8])),
                code: random.maybe(50, |r| r.pick(&[0, 1, 255])),
            };
            if random.chance(60) {
                rule.icmp = Some(criterion);
            } else {
                rule.not_icmp = Some(criterion);
            }
        }
        5 => rule.http = true,
        6 | 7 => peer(random, &mut rule.source, false, direction),
        _ => peer(random, &mut rule.destination, true, direction),
    }
}

fn icmp_protocol(random: &mut Random) -> ProtocolMatch {
    if random.chance(50) {
        ProtocolMatch::named(random.pick(&["ICMP", "ICMPv6"])).expect("a known name")
    } else {
        ProtocolMatch::number(random.pick(&[Protocol::ICMP, Protocol::ICMPV6]))
    }
}

fn protocol(random: &mut Random) -> ProtocolMatch {
    if random.chance(50) {
        let names = ["TCP", "TCP", "UDP", "SCTP", "UDPLite", "ICMP", "ICMPv6"];
        ProtocolMatch::named(random.pick(&names)).expect("a known name")
    } else {
        ProtocolMatch::number(Protocol(random.pick(PROTOCOLS)))
    }
}

fn peer(random: &mut Random, peer: &mut Peer, destination: bool, direction: Direction) {
    match random.below(11) {
        0 => peer.nets = Some(nets(random)),
        1 => peer.not_nets = Some(nets(random)),
        2 | 3 => peer.selector = Some(selector(random, 2)),
        4 => peer.not_selector = Some(selector(random, 2)),
        5 => peer.ports.extend(random.several(2, port)),
        6 => peer.not_ports.extend(random.several(2, port)),
        7 => {
            peer.service = Some(ServiceMatch {
                namespace: random.maybe(70, |r| Namespace::new(r.pick(NAMESPACES))),
                name: random.pick(SERVICES).into(),
                with_ports: destination,
            });
        }
        // The names of ports mean what they mean to whom the selector of the same peer selects.
        8 => {
            peer.selector = Some(selector(random, 1));
            peer.ports.push(PortMatch::Named(random.pick(PORT_NAMES).into()));
        }
        9 => {
            peer.selector = Some(selector(random, 1));
            peer.not_ports.push(PortMatch::Named(random.pick(PORT_NAMES).into()));
        }
        // Names are read in destinations of egress rules only.
        _ if destination && direction == Direction::Egress => {
            peer.domains.extend(random.several(2, domain));
        }
        _ => {}
    }
}

fn nets(random: &mut Random) -> NetList {
    let mut nets = random.several(2, net);
    nets.push(net(random));
    NetList::new(nets)
}

fn port(random: &mut Random) -> PortMatch {
    if random.chance(50) {
        return PortMatch::Named(random.pick(PORT_NAMES).into());
    }
    let (a, b) = (random.pick(PORTS), random.pick(PORTS));
    PortMatch::Range(if random.chance(50) {
        PortRange::one(a)
    } else {
        PortRange { first: a.min(b), last: a.max(b) }
    })
}

fn selector(random: &mut Random, depth: usize) -> Selector {
    let key = SmolStr::new(random.pick(KEYS));
    let value = SmolStr::new(random.pick(VALUES));
    let several = |random: &mut Random| {
        let values: BTreeSet<&str> = random.several(3, |r| r.pick(VALUES)).into_iter().collect();
        values.into_iter().map(SmolStr::new).collect::<Vec<_>>()
    };
    let both = |random: &mut Random| {
        let count = 2 + random.below(2);
        (0..count).map(|_| selector(random, depth - 1)).collect::<Vec<_>>()
    };
    match random.below(if depth == 0 { 10 } else { 13 }) {
        0 => Selector::All,
        1 => Selector::Global,
        2 => Selector::Has(key),
        3 => Selector::Equals(key, value),
        4 => Selector::Differs(key, value),
        5 => Selector::In(key, several(random)),
        6 => Selector::NotIn(key, several(random)),
        7 => Selector::Contains(key, value),
        8 => Selector::StartsWith(key, value),
        9 => Selector::EndsWith(key, value),
        10 => Selector::Not(Box::new(selector(random, depth - 1))),
        11 => Selector::And(both(random)),
        _ => Selector::Or(both(random)),
    }
}

// === Questions ===

/// How much of a flow is left open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Openness {
    /// Nothing.
    Known,
    /// Any of addresses, source port, ICMP type and code, names.
    Open,
}

/// A flow between two parties of this cluster.
pub fn flow(random: &mut Random, input: &Input, openness: Openness) -> Flow {
    let family = random.pick(&[Family::V4, Family::V6]);
    let protocol = Protocol(random.pick(PROTOCOLS));
    let open = |random: &mut Random| openness == Openness::Open && random.chance(60);
    let source_port = if !protocol.has_ports() {
        Ranges::none()
    } else if open(random) {
        Ranges::span(random.pick(&[0, 53, 32768]), 65535)
    } else {
        Ranges::one(random.pick(PORTS).into())
    };
    let number = |random: &mut Random, known: &[u128]| {
        if open(random) { Ranges::span(0, 255) } else { Ranges::one(random.pick(known)) }
    };
    Flow {
        family,
        protocol,
        from: party(random, input, family, openness, false),
        to: party(random, input, family, openness, true),
        source_port,
        port: protocol.has_ports().then(|| random.pick(PORTS)),
        icmp: protocol.is_icmp().then(|| {
            let (kind, code) = (number(random, &[0, 3, 8]), number(random, &[0, 1, 255]));
            Box::new(Icmp { kind, code })
        }),
    }
}

fn party(
    random: &mut Random,
    input: &Input,
    family: Family,
    openness: Openness,
    destination: bool,
) -> Party {
    if random.chance(70) {
        let index = random.below(input.endpoints.len());
        let known = input.endpoints[index].addresses.iter().find(|a| Family::of(**a) == family);
        let id = EndpointId(u32::try_from(index).unwrap_or(0));
        return match known {
            Some(address) => Party::at(*address).endpoint(id),
            None if openness == Openness::Known => {
                // An endpoint of unknown address, taken to have one that nobody else has.
                Party::at(net::address(family, 0x0a00_0063 + index as u128)).endpoint(id)
            }
            None => {
                // Somewhere, but not where others are known to be.
                let taken = addresses(INSIDE, family).into_iter().map(net::number);
                let taken = Ranges::of(taken.map(|number| (number, number)));
                let free = region(random, family).without(&taken);
                let region = if free.is_empty() { family.everything() } else { free };
                Party::somewhere(region).endpoint(id)
            }
        };
    }
    let mut party = match openness {
        Openness::Open if random.chance(80) => Party::somewhere(region(random, family)),
        _ => Party::at(random.pick(&addresses(OUTSIDE, family))),
    };
    if destination && openness == Openness::Open && random.chance(30) {
        party.domain = Some(random.pick(DOMAINS).into());
    }
    party
}

fn region(random: &mut Random, family: Family) -> Ranges {
    let nets = NETS.iter().map(|n| n.parse::<Net>().expect("a network of this file"));
    let spans: Vec<_> = nets.filter(|n| n.family() == family).map(|n| n.span()).collect();
    let region = match random.below(3) {
        0 => Ranges::none(),
        1 => Ranges::of(spans.iter().copied().filter(|_| random.chance(40)))
            .without(&Ranges::of([random.pick(&spans)])),
        _ => Ranges::of([random.pick(&spans)]),
    };
    if region.is_empty() { family.everything() } else { region }
}
