//! Whether a rule matches a flow: written once, here, for every walk.
//!
//! Every criterion answers yes, no, or what must be known first. One "no" settles a rule, whatever
//! else is open.

use std::borrow::Cow;
use std::net::IpAddr;

use portcullis_core::net::NamedPort;
use portcullis_core::{Family, Protocol, Ranges, Selector, net};

use crate::compiled::Compiled;
use crate::flow::{End, Fact, Flow, Need, Party};
use crate::model::{
    Action, Direction, DomainPattern, Endpoint, EndpointId, IcmpMatch, Member, NetList, Peer,
    PortMatch, ProtocolMatch, Rule, ServiceMatch,
};

/// Yes, no, or what must be known first.
pub(crate) type Answer = Result<bool, Need>;

/// One branch of the walk: the flow as far as it is narrowed down, and what is taken to be so.
#[derive(Clone, Debug)]
pub(crate) struct World<'a> {
    pub(crate) compiled: &'a Compiled,
    pub(crate) flow: Cow<'a, Flow>,
    pub(crate) facts: Vec<(Fact, bool)>,
}

impl World<'_> {
    /// What is taken of a fact in this branch.
    pub(crate) fn fact(&self, fact: Fact) -> Answer {
        match self.facts.iter().find(|(known, _)| *known == fact) {
            Some((_, holds)) => Ok(*holds),
            None => Err(Need::Fact(fact)),
        }
    }

    fn party(&self, end: End) -> &Party {
        match end {
            End::Source => &self.flow.from,
            End::Destination => &self.flow.to,
        }
    }

    /// Whether the rule matches, as a rule for this direction.
    pub(crate) fn matches(&self, rule: &Rule, direction: Direction) -> Answer {
        let flow = self.flow.as_ref();
        let mut all = All::default();
        all.and(Ok(rule.family.is_none_or(|family| family == flow.family)));
        all.and(Ok(rule.protocol.is_none_or(|p| self.is_protocol(p))));
        all.and(Ok(rule.not_protocol.is_none_or(|p| p.protocol != flow.protocol)));
        if let Some(icmp) = rule.icmp {
            all.and(self.is_icmp(icmp));
        }
        if let Some(icmp) = rule.not_icmp {
            all.and(self.is_icmp(icmp).map(|is| !is));
        }
        if all.settled_no() {
            return Ok(false);
        }
        // The DNS names of a network set have an effect only where the destination of an egress rule
        // that allows selects it (Calico's reference, "Global network set").
        let names = direction == Direction::Egress && rule.action == Action::Allow;
        self.peer(End::Source, &rule.source, false, &mut all);
        self.peer(End::Destination, &rule.destination, names, &mut all);
        all.answer()
    }

    fn is_protocol(&self, wanted: ProtocolMatch) -> bool {
        wanted.protocol == self.flow.protocol
            && wanted.family.is_none_or(|family| family == self.flow.family)
    }

    fn is_icmp(&self, wanted: IcmpMatch) -> Answer {
        let Some(icmp) = &self.flow.icmp else { return Ok(false) };
        let mut all = All::default();
        if let Some(kind) = wanted.kind {
            all.and(within(&icmp.kind, &Ranges::one(kind.into()), Need::IcmpType));
        }
        if let Some(code) = wanted.code {
            all.and(within(&icmp.code, &Ranges::one(code.into()), Need::IcmpCode));
        }
        all.answer()
    }

    fn peer(&self, end: End, peer: &Peer, names: bool, all: &mut All) {
        if let Some(nets) = &peer.nets {
            all.and(self.in_nets(end, nets));
        }
        if let Some(nets) = &peer.not_nets {
            // A list without a network of the flow's family takes the whole rule out for that
            // family, also when it is negated: the rule is rendered per family from what is left.
            let of_family = nets.of(self.flow.family);
            all.and(Ok(nets.nets().is_empty() || !of_family.is_empty()));
            all.and(self.in_nets(end, nets).map(|is| !is));
        }
        if let Some(selector) = &peer.selector {
            all.and(self.selected(end, selector, names));
        }
        if let Some(selector) = &peer.not_selector {
            all.and(self.selected(end, selector, false).map(|is| !is));
        }
        if !peer.ports.is_empty() {
            all.and(self.port_among(end, peer, &peer.ports));
        }
        if !peer.not_ports.is_empty() {
            all.and(self.port_among(end, peer, &peer.not_ports).map(|is| !is));
        }
        if let Some(service) = &peer.service {
            all.and(self.in_service(end, service));
        }
        if !peer.domains.is_empty() {
            all.and(self.named(end, &peer.domains));
        }
    }

    fn in_nets(&self, end: End, nets: &NetList) -> Answer {
        let wanted = nets.of(self.flow.family);
        within(&self.party(end).addresses, wanted, |r| Need::Address(end, r))
    }

    /// Whether the end's address is that of an endpoint or network set that the selector selects.
    ///
    /// This is a question about addresses: one that two endpoints share is a member if either is
    /// selected. An endpoint whose address is open is a member if it is selected itself, and no
    /// endpoint's known address is its own. `names` says whether the DNS names of sets count.
    fn selected(&self, end: End, selector: &Selector, names: bool) -> Answer {
        let party = self.party(end);
        for endpoint in self.endpoints_at(party) {
            if selector.matches(&self.compiled.endpoint(endpoint).labels) {
                return Ok(true);
            }
        }
        let mut any = Any::default();
        let hosts = self.possible_hosts(party).filter(|e| selector.matches(&e.labels));
        any.or(self.is_one_of(end, hosts.flat_map(|e| &e.addresses)));
        let mut nets = Vec::new();
        for (index, set) in self.compiled.placed_sets() {
            if !selector.matches(&set.labels) {
                continue;
            }
            if set.doubt.is_some() {
                any.or(self.fact(Fact::SetHolds(index, end)));
                continue;
            }
            nets.extend_from_slice(set.nets.of(self.flow.family).spans());
            if names && !set.domains.is_empty() {
                any.or(self.named(end, &set.domains));
            }
        }
        any.or(within(&party.addresses, &Ranges::of(nets), |r| Need::Address(end, r)));
        any.answer()
    }

    /// The endpoints at the party's address: itself, and whoever shares an address that is known.
    fn endpoints_at<'b>(&'b self, party: &'b Party) -> impl Iterator<Item = EndpointId> + 'b {
        let address = party.addresses.single().map(|n| net::address(self.flow.family, n));
        let shared = address.map_or(&[][..], |a: IpAddr| self.compiled.at_address(a));
        let shared = shared.iter().copied().filter(move |e| Some(*e) != party.endpoint);
        party.endpoint.into_iter().chain(shared)
    }

    /// The hosts that an end may be: one that is no endpoint and whose address is open may be a node
    /// or a pod in a node's network.
    fn possible_hosts<'b>(&'b self, party: &Party) -> impl Iterator<Item = &'b Endpoint> + 'b {
        let open = party.endpoint.is_none()
            && party.domain.is_none()
            && party.addresses.single().is_none();
        self.compiled.hosts().map(|(_, endpoint)| endpoint).take_while(move |_| open)
    }

    /// Whether the end's address is one of these.
    fn is_one_of<'b>(&self, end: End, addresses: impl Iterator<Item = &'b IpAddr>) -> Answer {
        let numbers = addresses
            .filter(|a| Family::of(**a) == self.flow.family)
            .map(|a| (net::number(*a), net::number(*a)));
        within(&self.party(end).addresses, &Ranges::of(numbers), |r| Need::Address(end, r))
    }

    /// Whether the port of that end is one of these. A name stands for the ports that endpoints
    /// selected by the same peer's selector (all, where it has none) call so.
    fn port_among(&self, end: End, peer: &Peer, wanted: &[PortMatch]) -> Answer {
        let party = self.party(end);
        let mut any = Any::default();
        let mut numbers = Vec::new();
        for port in wanted {
            match port {
                PortMatch::Range(range) => {
                    numbers.push((u128::from(range.first), u128::from(range.last)));
                }
                PortMatch::Named(name) => {
                    for id in self.endpoints_at(party) {
                        let endpoint = self.compiled.endpoint(id);
                        any.or(self.port_named(end, peer, name, endpoint));
                    }
                    for host in self.possible_hosts(party) {
                        let mut all = All::default();
                        all.and(self.port_named(end, peer, name, host));
                        all.and(self.is_one_of(end, host.addresses.iter()));
                        any.or(all.answer());
                    }
                }
            }
        }
        any.or(self.port_within(end, &Ranges::of(numbers)));
        any.answer()
    }

    /// Whether the port of that end is one that this endpoint calls so, the peer's selector, where
    /// there is one, selecting the endpoint.
    fn port_named(&self, end: End, peer: &Peer, name: &str, endpoint: &Endpoint) -> Answer {
        if !peer.selector.as_ref().is_none_or(|s| s.matches(&endpoint.labels)) {
            return Ok(false);
        }
        let named = |p: &&NamedPort| p.name == name && p.protocol == self.flow.protocol;
        let ports = endpoint.ports.iter().filter(named);
        let numbers = Ranges::of(ports.map(|p| (p.port.into(), p.port.into())));
        self.port_within(end, &numbers)
    }

    fn port_within(&self, end: End, wanted: &Ranges) -> Answer {
        match (end, self.flow.port) {
            (End::Source, _) => within(&self.flow.source_port, wanted, Need::SourcePort),
            (End::Destination, Some(port)) => Ok(wanted.contains(port.into())),
            (End::Destination, None) => Ok(false),
        }
    }

    fn in_service(&self, end: End, wanted: &ServiceMatch) -> Answer {
        let Some(namespace) = &wanted.namespace else { return Ok(false) };
        let Some(service) = self.compiled.service(namespace, &wanted.name) else {
            return Ok(false);
        };
        let party = self.party(end);
        let serves = |ports: &[(Protocol, u16)]| {
            !wanted.with_ports
                || ports.iter().any(|(protocol, port)| {
                    *protocol == self.flow.protocol && Some(*port) == self.flow.port
                })
        };
        let mut addresses = Vec::new();
        for (member, _) in service.members.iter().filter(|(_, ports)| serves(ports)) {
            match member {
                Member::Endpoint(id) if party.endpoint == Some(*id) => return Ok(true),
                Member::Endpoint(id) => {
                    addresses.extend(&self.compiled.endpoint(*id).addresses);
                }
                Member::Address(address) => addresses.push(address),
            }
        }
        self.is_one_of(end, addresses.into_iter())
    }

    /// Whether the end's address is one that a name like these resolves to.
    fn named(&self, end: End, patterns: &[DomainPattern]) -> Answer {
        let party = self.party(end);
        // Names in policy are names of the world outside: an endpoint is behind none but those known
        // to resolve to its address.
        if party.endpoint.is_some() && party.addresses.single().is_none() {
            return Ok(false);
        }
        let mut any = Any::default();
        for pattern in patterns {
            if let Some(name) = &party.domain {
                if pattern.matches(name) {
                    return Ok(true);
                }
                // Two names are taken not to share an address, unless both are known to.
                if party.addresses.single().is_none() {
                    continue;
                }
            }
            let mut known = false;
            let mut addresses = Vec::new();
            for (name, address) in self.compiled.resolved() {
                if pattern.matches(name) {
                    known = true;
                    if Family::of(*address) == self.flow.family {
                        let number = net::number(*address);
                        addresses.push((number, number));
                    }
                }
            }
            any.or(if known {
                within(&party.addresses, &Ranges::of(addresses), |r| Need::Address(end, r))
            } else if party.domain.is_some() || party.endpoint.is_some() {
                Ok(false)
            } else {
                self.fact(Fact::Resolves(pattern.clone()))
            });
        }
        any.answer()
    }
}

/// Whether a number that is somewhere in `region` is in `wanted`.
pub(crate) fn within(
    region: &Ranges,
    wanted: &Ranges,
    need: impl FnOnce(Ranges) -> Need,
) -> Answer {
    if region.and(wanted).is_empty() {
        return Ok(false);
    }
    if region.without(wanted).is_empty() {
        return Ok(true);
    }
    Err(need(wanted.clone()))
}

/// A conjunction: one "no" settles it, else the first open question stands.
#[derive(Default)]
struct All {
    no: bool,
    open: Option<Need>,
}

impl All {
    fn and(&mut self, answer: Answer) {
        match answer {
            Ok(true) => {}
            Ok(false) => self.no = true,
            Err(need) => self.open = self.open.take().or(Some(need)),
        }
    }

    fn settled_no(&self) -> bool {
        self.no
    }

    fn answer(self) -> Answer {
        match (self.no, self.open) {
            (true, _) => Ok(false),
            (false, Some(need)) => Err(need),
            (false, None) => Ok(true),
        }
    }
}

/// A disjunction: one "yes" settles it, else the first open question stands.
#[derive(Default)]
struct Any {
    yes: bool,
    open: Option<Need>,
}

impl Any {
    fn or(&mut self, answer: Answer) {
        match answer {
            Ok(true) => self.yes = true,
            Ok(false) => {}
            Err(need) => self.open = self.open.take().or(Some(need)),
        }
    }

    fn answer(self) -> Answer {
        match (self.yes, self.open) {
            (true, _) => Ok(true),
            (false, Some(need)) => Err(need),
            (false, None) => Ok(false),
        }
    }
}
