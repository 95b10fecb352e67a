//! The verdict a second time: slow, obvious, and written from Calico's documentation of policy
//! evaluation and its recorded answers, not from the engine.
//!
//! It shares the input with the engine and nothing else: it orders tiers and policies itself, has
//! its own reading of selectors, networks, ports and names, and asks about one packet of which
//! everything is known, so that no mistake in one can hide in both. For tests only.
//!
//! Not read here: doubtful objects, policies of other engines.

use std::cmp::Ordering;
use std::net::IpAddr;

use portcullis_core::net::{Net, Protocol};
use portcullis_core::{Family, Labels, Selector};

use crate::model::{
    Action, DefaultAction, Direction, DomainPattern, Endpoint, EndpointId, EndpointKind, Failsafe,
    IcmpMatch, Input, Member, NetList, Peer, Policy, PolicyClass, PolicyKind, PortMatch, Rule,
    ServiceMatch,
};

/// The first packet of a connection, and everything that is true about it.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Its protocol.
    pub protocol: Protocol,
    /// Where it comes from.
    pub source: End,
    /// Where it goes.
    pub destination: End,
    /// Type and code, for ICMP.
    pub icmp: Option<(u8, u8)>,
    /// The DNS names that resolve to the destination's address, besides those the input resolves.
    pub names: Vec<String>,
}

/// One end of a packet.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// Its address.
    pub address: IpAddr,
    /// Its port, for protocols that have ports.
    pub port: Option<u16>,
    /// The endpoint it is. One that is known to have no address has this one.
    pub endpoint: Option<EndpointId>,
}

/// Whether staged policies count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// They do not.
    Enforced,
    /// They do, as if they had been promoted.
    Pending,
}

/// The part of a host endpoint's policies that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `doNotTrack`: before connection tracking.
    Untracked,
    /// `preDNAT`: before addresses of services are replaced; flows in only.
    PreDnat,
    /// `applyOnForward`: traffic through the host.
    Forward,
    /// Traffic of the host itself.
    Normal,
}

/// What is said about a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// It may pass.
    Allow,
    /// It may not.
    Deny,
    /// Nothing: the next class is asked. Never said of a workload.
    Continue,
}

/// An answer, who gave it, and how the walk got there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ruling {
    /// The answer.
    pub answer: Answer,
    /// Who gave it.
    pub by: Decider,
    /// Pass rules that matched and tiers whose default action is Pass, in order.
    pub via: Vec<Hop>,
}

/// Who gave an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decider {
    /// A rule of a policy, or the end of its tier.
    Policy(Hop),
    /// A rule of a profile.
    Profile {
        /// The profile.
        name: String,
        /// The rule, counted from 0.
        rule: usize,
    },
    /// A profile that nobody defined, which denies everything.
    MissingProfile(String),
    /// No profile had a rule that matched.
    NoProfileMatched,
    /// A port that is always open at host endpoints.
    Failsafe,
    /// No policy applies to traffic through the host here.
    NothingAppliesOnForward,
    /// The class had nothing to say.
    Nobody,
}

/// A policy that decided or passed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hop {
    /// Its tier.
    pub tier: String,
    /// `KIND namespace/name`, or `KIND name` where there is no namespace.
    pub policy: String,
    /// The rule, counted from 0 in the list of its direction; none for the end of the tier, which
    /// is attributed to the first policy that made the tier apply.
    pub rule: Option<usize>,
}

/// What both ends say of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdicts {
    /// The source's endpoint, of the way out; none if the source is no workload.
    pub egress: Option<Ruling>,
    /// The destination's endpoint, of the way in; none if the destination is no workload.
    pub ingress: Option<Ruling>,
}

/// What the workloads at both ends say of a packet.
pub fn verdict(input: &Input, packet: &Packet, stage: Stage) -> Verdicts {
    let world = World { input, packet };
    let side = |end: &End, direction| {
        let endpoint = world.endpoint(end.endpoint?)?;
        match endpoint.kind {
            EndpointKind::Workload { .. } => Some(world.workload(endpoint, direction, stage)),
            EndpointKind::Host => None,
        }
    };
    Verdicts {
        egress: side(&packet.source, Direction::Egress),
        ingress: side(&packet.destination, Direction::Ingress),
    }
}

/// What one class of policies of a host endpoint says of a packet in one direction.
///
/// Nothing is said, not even `Continue`, of an endpoint that does not exist.
pub fn host(
    input: &Input,
    packet: &Packet,
    endpoint: EndpointId,
    class: Class,
    direction: Direction,
    stage: Stage,
) -> Option<Ruling> {
    let world = World { input, packet };
    let endpoint = world.endpoint(endpoint)?;
    Some(world.host(endpoint, class, direction, stage))
}

/// How the end of the policies of a tier was reached.
enum TierResult {
    Decided(Answer, Hop),
    Passed(Hop),
    /// Nothing in it is asked, or in a class without defaults nothing matched: no trace is left.
    Silent,
}

/// A tier that policies name, defined or not.
#[derive(Clone, Debug)]
struct NamedTier {
    missing: bool,
    order: f64,
    name: String,
    ends_with_pass: bool,
}

struct World<'a> {
    input: &'a Input,
    packet: &'a Packet,
}

// === The walk ===

impl World<'_> {
    fn endpoint(&self, id: EndpointId) -> Option<&Endpoint> {
        self.input.endpoints.get(id.0 as usize)
    }

    fn workload(&self, endpoint: &Endpoint, direction: Direction, stage: Stage) -> Ruling {
        // At workloads policies for before DNAT and before tracking do nothing; those that apply on
        // forward are like any other.
        let asked = |policy: &Policy| policy.class == PolicyClass::Normal;
        let mut via = Vec::new();
        if let Some((answer, hop)) = self.tiers(endpoint, direction, stage, &asked, false, &mut via)
        {
            return Ruling { answer, by: Decider::Policy(hop), via };
        }
        self.profiles(endpoint, direction, via)
    }

    fn host(
        &self,
        endpoint: &Endpoint,
        class: Class,
        direction: Direction,
        stage: Stage,
    ) -> Ruling {
        let mut via = Vec::new();
        if class == Class::PreDnat && direction == Direction::Egress {
            return Ruling { answer: Answer::Continue, by: Decider::Nobody, via };
        }
        if class != Class::Forward && self.is_failsafe(class, direction) {
            return Ruling { answer: Answer::Allow, by: Decider::Failsafe, via };
        }
        let asked = |policy: &Policy| match class {
            Class::Untracked => policy.class == PolicyClass::Untracked,
            Class::PreDnat => policy.class == PolicyClass::PreDnat,
            Class::Normal => policy.class == PolicyClass::Normal,
            Class::Forward => policy.class == PolicyClass::Normal && policy.apply_on_forward,
        };
        if class == Class::Forward {
            // This is so for each endpoint, not for each direction.
            let nothing_applies = !self.input.policies.iter().any(|policy| {
                asked(policy)
                    && counts(policy, stage)
                    && (policy.ingress || policy.egress)
                    && selects(&policy.subject, &endpoint.labels)
            });
            if nothing_applies {
                let by = Decider::NothingAppliesOnForward;
                return Ruling { answer: Answer::Allow, by, via };
            }
        }
        let never_drops = matches!(class, Class::Untracked | Class::PreDnat);
        if let Some((answer, hop)) =
            self.tiers(endpoint, direction, stage, &asked, never_drops, &mut via)
        {
            return Ruling { answer, by: Decider::Policy(hop), via };
        }
        match class {
            Class::Normal => self.profiles(endpoint, direction, via),
            _ => Ruling { answer: Answer::Continue, by: Decider::Nobody, via },
        }
    }

    /// Before connection tracking replies look like any other packet: those to what is open in the
    /// other direction pass too, as Felix renders it in the raw table.
    fn is_failsafe(&self, class: Class, direction: Direction) -> bool {
        let inbound = &self.input.failsafe_inbound;
        let outbound = &self.input.failsafe_outbound;
        let (here, there, peer) = match direction {
            Direction::Ingress => (inbound, outbound, self.packet.source.address),
            Direction::Egress => (outbound, inbound, self.packet.destination.address),
        };
        let opens = |failsafe: &Failsafe, port: Option<u16>| {
            failsafe.protocol == self.packet.protocol
                && Some(failsafe.port) == port
                && failsafe.net.is_none_or(|net| within(&net, peer))
        };
        here.iter().any(|failsafe| opens(failsafe, self.packet.destination.port))
            || class == Class::Untracked
                && there.iter().any(|failsafe| opens(failsafe, self.packet.source.port))
    }

    fn tiers(
        &self,
        endpoint: &Endpoint,
        direction: Direction,
        stage: Stage,
        asked: &dyn Fn(&Policy) -> bool,
        never_drops: bool,
        via: &mut Vec<Hop>,
    ) -> Option<(Answer, Hop)> {
        for tier in tiers_in_order(self.input) {
            let mut live: Vec<&Policy> = Vec::new();
            for policy in &self.input.policies {
                let looks = match direction {
                    Direction::Ingress => policy.ingress,
                    Direction::Egress => policy.egress,
                };
                if policy.tier == tier.name
                    && looks
                    && asked(policy)
                    && counts(policy, stage)
                    && selects(&policy.subject, &endpoint.labels)
                {
                    live.push(policy);
                }
            }
            live.sort_by(|a, b| compare_policies(a, b));
            match self.tier(&tier, &live, direction, never_drops) {
                TierResult::Decided(answer, hop) => return Some((answer, hop)),
                TierResult::Passed(hop) => via.push(hop),
                TierResult::Silent => {}
            }
        }
        None
    }

    fn tier(
        &self,
        tier: &NamedTier,
        live: &[&Policy],
        direction: Direction,
        never_drops: bool,
    ) -> TierResult {
        let Some(trigger) = live.first() else { return TierResult::Silent };
        let hop =
            |policy: &Policy, rule| Hop { tier: tier.name.clone(), policy: written(policy), rule };
        for policy in live {
            let rules = match direction {
                Direction::Ingress => &policy.ingress_rules,
                Direction::Egress => &policy.egress_rules,
            };
            for (number, rule) in rules.iter().enumerate() {
                if !self.rule_matches(rule, direction) {
                    continue;
                }
                let here = hop(policy, Some(number));
                match rule.action {
                    Action::Log => {}
                    Action::Allow => return TierResult::Decided(Answer::Allow, here),
                    Action::Deny => return TierResult::Decided(Answer::Deny, here),
                    Action::Pass => return TierResult::Passed(here),
                }
            }
        }
        let end = hop(trigger, None);
        if never_drops {
            TierResult::Silent
        } else if tier.ends_with_pass {
            TierResult::Passed(end)
        } else {
            TierResult::Decided(Answer::Deny, end)
        }
    }

    fn profiles(&self, endpoint: &Endpoint, direction: Direction, via: Vec<Hop>) -> Ruling {
        for name in &endpoint.profiles {
            let Some(profile) = self.input.profiles.iter().find(|p| p.name == *name) else {
                let by = Decider::MissingProfile(name.to_string());
                return Ruling { answer: Answer::Deny, by, via };
            };
            let rules = match direction {
                Direction::Ingress => &profile.ingress_rules,
                Direction::Egress => &profile.egress_rules,
            };
            for (number, rule) in rules.iter().enumerate() {
                if !self.rule_matches(rule, direction) {
                    continue;
                }
                let by = Decider::Profile { name: name.to_string(), rule: number };
                match rule.action {
                    Action::Log => {}
                    Action::Allow => return Ruling { answer: Answer::Allow, by, via },
                    Action::Deny => return Ruling { answer: Answer::Deny, by, via },
                    // The next profile is asked.
                    Action::Pass => break,
                }
            }
        }
        Ruling { answer: Answer::Deny, by: Decider::NoProfileMatched, via }
    }
}

// === Order ===

/// Defined tiers before those that policies merely name; a tier without order after any number;
/// equal ones by name.
fn tiers_in_order(input: &Input) -> Vec<NamedTier> {
    let mut tiers: Vec<NamedTier> = Vec::new();
    for tier in &input.tiers {
        tiers.push(NamedTier {
            missing: !tier.defined,
            order: tier.order.0.unwrap_or(f64::INFINITY),
            name: tier.name.to_string(),
            ends_with_pass: tier.default_action == DefaultAction::Pass,
        });
    }
    for policy in &input.policies {
        if !tiers.iter().any(|tier| tier.name == policy.tier.as_str()) {
            tiers.push(NamedTier {
                missing: true,
                order: f64::INFINITY,
                name: policy.tier.to_string(),
                ends_with_pass: false,
            });
        }
    }
    tiers.sort_by(|a, b| {
        if a.missing != b.missing {
            return if b.missing { Ordering::Less } else { Ordering::Greater };
        }
        by_number(a.order, b.order).then(a.name.as_bytes().cmp(b.name.as_bytes()))
    });
    tiers
}

/// A policy without order after any number; equal ones by `name/namespace/kind`, byte by byte.
fn compare_policies(a: &Policy, b: &Policy) -> Ordering {
    let order = |policy: &Policy| policy.order.0.unwrap_or(f64::INFINITY);
    let tie = |policy: &Policy| {
        let namespace = policy.namespace.as_ref().map_or("", |n| n.as_str());
        [policy.name.as_str(), namespace, kind(policy)].join("/")
    };
    by_number(order(a), order(b)).then_with(|| tie(a).as_bytes().cmp(tie(b).as_bytes()))
}

fn by_number(a: f64, b: f64) -> Ordering {
    if a < b {
        Ordering::Less
    } else if a > b {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

fn kind(policy: &Policy) -> &'static str {
    match policy.kind {
        PolicyKind::Global => "GlobalNetworkPolicy",
        PolicyKind::KubernetesCluster => "KubernetesClusterNetworkPolicy",
        PolicyKind::Kubernetes => "KubernetesNetworkPolicy",
        PolicyKind::Namespaced => "NetworkPolicy",
        PolicyKind::StagedGlobal => "StagedGlobalNetworkPolicy",
        PolicyKind::StagedKubernetes => "StagedKubernetesNetworkPolicy",
        PolicyKind::StagedNamespaced => "StagedNetworkPolicy",
        PolicyKind::Unreadable => "Unreadable",
    }
}

fn written(policy: &Policy) -> String {
    match &policy.namespace {
        Some(namespace) => format!("{} {namespace}/{}", kind(policy), policy.name),
        None => format!("{} {}", kind(policy), policy.name),
    }
}

fn counts(policy: &Policy, stage: Stage) -> bool {
    stage == Stage::Pending || !kind(policy).starts_with("Staged")
}

// === Rules ===

impl World<'_> {
    fn family(&self) -> Family {
        if self.packet.destination.address.is_ipv6() { Family::V6 } else { Family::V4 }
    }

    /// A rule matches if everything it asks for is so. HTTP criteria ask nothing of a packet.
    fn rule_matches(&self, rule: &Rule, direction: Direction) -> bool {
        if let Some(family) = rule.family
            && family != self.family()
        {
            return false;
        }
        if let Some(wanted) = rule.protocol {
            let family = wanted.family.unwrap_or(self.family());
            if wanted.protocol != self.packet.protocol || family != self.family() {
                return false;
            }
        }
        // A name here implies no family: `notProtocol: ICMP` is true of UDP over IPv6.
        if let Some(unwanted) = rule.not_protocol
            && unwanted.protocol == self.packet.protocol
        {
            return false;
        }
        if let Some(wanted) = rule.icmp
            && !self.icmp_is(wanted)
        {
            return false;
        }
        if let Some(unwanted) = rule.not_icmp
            && self.icmp_is(unwanted)
        {
            return false;
        }
        // DNS names of network sets count where an egress Allow rule names its destination.
        let names = direction == Direction::Egress && rule.action == Action::Allow;
        self.peer_matches(rule, &rule.source, &self.packet.source, false)
            && self.peer_matches(rule, &rule.destination, &self.packet.destination, names)
    }

    fn icmp_is(&self, wanted: IcmpMatch) -> bool {
        let Some((kind, code)) = self.packet.icmp else { return false };
        wanted.kind.is_none_or(|k| k == kind) && wanted.code.is_none_or(|c| c == code)
    }

    fn peer_matches(&self, rule: &Rule, peer: &Peer, end: &End, names: bool) -> bool {
        if let Some(list) = &peer.nets
            && !(has_family(list, self.family()) && in_any(list, end.address))
        {
            return false;
        }
        // A list without an entry of the packet's family drops the rule for that family, also
        // where it is negated.
        if let Some(list) = &peer.not_nets
            && !list.nets().is_empty()
            && (!has_family(list, self.family()) || in_any(list, end.address))
        {
            return false;
        }
        if let Some(selector) = &peer.selector
            && !self.is_known_as(selector, end.address, names)
        {
            return false;
        }
        if let Some(selector) = &peer.not_selector
            && self.is_known_as(selector, end.address, false)
        {
            return false;
        }
        if !peer.ports.is_empty() && !self.port_is_among(&peer.ports, rule, peer, end) {
            return false;
        }
        if self.port_is_among(&peer.not_ports, rule, peer, end) {
            return false;
        }
        if let Some(service) = &peer.service
            && !self.serves(service, end)
        {
            return false;
        }
        if !peer.domains.is_empty() && !peer.domains.iter().any(|d| self.resolves(d)) {
            return false;
        }
        true
    }

    /// Whether the address is that of an endpoint or a network set with such labels. An address
    /// that two have is the address of both.
    fn is_known_as(&self, selector: &Selector, address: IpAddr, names: bool) -> bool {
        for (index, endpoint) in self.input.endpoints.iter().enumerate() {
            if selects(selector, &endpoint.labels) && self.has_address(index, address) {
                return true;
            }
        }
        for set in &self.input.sets {
            if selects(selector, &set.labels)
                && (in_any(&set.nets, address)
                    || names && set.domains.iter().any(|d| self.resolves(d)))
            {
                return true;
            }
        }
        false
    }

    fn has_address(&self, endpoint: usize, address: IpAddr) -> bool {
        let listed = self.input.endpoints.get(endpoint).map_or(&[][..], |e| &e.addresses);
        let is_end = |end: &End| {
            end.address == address && end.endpoint.is_some_and(|id| id.0 as usize == endpoint)
        };
        listed.contains(&address) || is_end(&self.packet.source) || is_end(&self.packet.destination)
    }

    /// Whether the end's port is among these. A named port is one that some endpoint with this
    /// address names so, for the rule's protocol, if the peer's selector (where it has one) selects
    /// that endpoint.
    fn port_is_among(&self, ports: &[PortMatch], rule: &Rule, peer: &Peer, end: &End) -> bool {
        let Some(port) = end.port else { return false };
        ports.iter().any(|wanted| match wanted {
            PortMatch::Range(range) => range.first <= port && port <= range.last,
            PortMatch::Named(name) => {
                self.input.endpoints.iter().enumerate().any(|(index, endpoint)| {
                    self.has_address(index, end.address)
                        && peer.selector.as_ref().is_none_or(|s| selects(s, &endpoint.labels))
                        && endpoint.ports.iter().any(|named| {
                            named.name == *name
                                && named.port == port
                                && named.protocol == self.packet.protocol
                                && rule.protocol.is_none_or(|p| p.protocol == named.protocol)
                        })
                })
            }
        })
    }

    fn serves(&self, wanted: &ServiceMatch, end: &End) -> bool {
        let Some(namespace) = &wanted.namespace else { return false };
        self.input.services.iter().any(|((of, name), endpoints)| {
            of == namespace
                && *name == wanted.name
                && endpoints.members.iter().any(|(member, ports)| {
                    let is_member = match member {
                        Member::Address(address) => *address == end.address,
                        Member::Endpoint(id) => self.has_address(id.0 as usize, end.address),
                    };
                    let is_port = ports.iter().any(|(protocol, port)| {
                        *protocol == self.packet.protocol && Some(*port) == end.port
                    });
                    is_member && (is_port || !wanted.with_ports)
                })
        })
    }

    fn resolves(&self, pattern: &DomainPattern) -> bool {
        let pattern = pattern.to_string();
        let here = self.packet.destination.address;
        self.packet.names.iter().any(|name| names_match(&pattern, name))
            || self
                .input
                .resolved
                .iter()
                .any(|(name, address)| *address == here && names_match(&pattern, name))
    }
}

// === Values ===

fn has_family(list: &NetList, family: Family) -> bool {
    list.nets().iter().any(|net| net.first().is_ipv6() == (family == Family::V6))
}

fn in_any(list: &NetList, address: IpAddr) -> bool {
    list.nets().iter().any(|net| within(net, address))
}

/// Whether the first bits are the same.
fn within(net: &Net, address: IpAddr) -> bool {
    let length = u32::from(net.prefix_len());
    match (net.first(), address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= length,
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= length,
        _ => false,
    }
}

/// `*` stands for one or more whole labels; letter case and a final dot do not count.
fn names_match(pattern: &str, name: &str) -> bool {
    fn labels(text: &str) -> Vec<String> {
        text.to_lowercase().trim_end_matches('.').split('.').map(str::to_owned).collect()
    }
    fn from(pattern: &[String], name: &[String]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some((star, rest)), Some((_, others))) if star == "*" => {
                from(rest, others) || from(pattern, others)
            }
            (Some((a, rest)), Some((b, others))) => a == b && from(rest, others),
            _ => false,
        }
    }
    from(&labels(pattern), &labels(name))
}

/// Of an absent label only `!=` and `not in` are true.
fn selects(selector: &Selector, labels: &Labels) -> bool {
    let value = |key: &str| labels.iter().find(|(k, _)| *k == key).map(|(_, v)| v);
    match selector {
        Selector::All | Selector::Global => true,
        Selector::Has(key) => value(key).is_some(),
        Selector::Equals(key, wanted) => value(key).is_some_and(|v| v == wanted),
        Selector::Differs(key, unwanted) => value(key).is_none_or(|v| v != unwanted),
        Selector::In(key, wanted) => value(key).is_some_and(|v| wanted.iter().any(|w| w == v)),
        Selector::NotIn(key, unwanted) => {
            value(key).is_none_or(|v| unwanted.iter().all(|u| u != v))
        }
        Selector::Contains(key, part) => value(key).is_some_and(|v| v.contains(part.as_str())),
        Selector::StartsWith(key, part) => value(key).is_some_and(|v| v.starts_with(part.as_str())),
        Selector::EndsWith(key, part) => value(key).is_some_and(|v| v.ends_with(part.as_str())),
        Selector::Not(inner) => !selects(inner, labels),
        Selector::And(all) => all.iter().all(|s| selects(s, labels)),
        Selector::Or(any) => any.iter().any(|s| selects(s, labels)),
    }
}
