//! The rules of one policy or profile, ready to be put into lists.

use std::borrow::Cow;

use portcullis_core::net::NamedPort;
use portcullis_core::{Family, Ranges, Selector};
use smol_str::SmolStr;

use super::criterion::Addresses;
use super::header::{Headers, LAST_KEY, SharedKeys, port_keys};
use crate::model::{Action, Direction, Peer, PortMatch, Rule};

/// The rules of a policy or profile. One that is put again has another identity, whatever it says.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) ingress: Vec<Line>,
    pub(crate) egress: Vec<Line>,
    /// How many atoms there were once those of these rules were among them: all versions that have
    /// these lines have so many in common.
    pub(crate) atoms: u32,
}

impl Lines {
    pub(crate) fn of(&self, direction: Direction) -> &[Line] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

/// One rule: the headers it is for, and how to tell whether it is for the ends of a flow.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) action: Action,
    headers: Headers,
    /// The keys, where no name of a port is among them.
    keys: Option<Box<[(u32, u32)]>>,
    /// Names of the endpoint's own ports that it is for.
    names: Vec<SmolStr>,
    pub(crate) test: Test,
}

/// How to tell whether a rule is for the ends of a flow, by criteria about the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// It is, whoever they are.
    Any,
    /// If this criterion holds.
    Has(u32),
    /// If this criterion does not hold.
    Lacks(u32),
    /// If several hold.
    Several(Several),
    /// By asking the rule itself: it asks for something that is not indexed (the endpoint's own
    /// address, source ports, services, DNS names).
    Asked {
        /// Nothing is to be asked unless this criterion holds.
        selector: Option<u32>,
    },
}

/// Several criteria about the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Several {
    /// It is selected by this.
    pub(crate) selector: Option<u32>,
    /// It is not selected by this.
    pub(crate) not_selector: Option<u32>,
    /// Its address is one of these.
    pub(crate) within: Option<u32>,
    /// Its address is none of these.
    pub(crate) not_within: Option<u32>,
    /// Its port is one that the rule has by number, or that it calls so itself.
    pub(crate) named: bool,
}

/// What gives numbers to criteria, and knows what ports are called.
pub(crate) trait Numbers {
    /// The number of a selector.
    fn selector(&mut self, selector: &Selector) -> u32;
    /// The number of some addresses.
    fn addresses(&mut self, addresses: Addresses) -> u32;
    /// The keys of the ports that any endpoint calls so.
    fn called(&self, name: &str) -> SharedKeys;
}

impl Line {
    pub(crate) fn new(rule: &Rule, direction: Direction, numbers: &mut dyn Numbers) -> Self {
        let (own, other) = match direction {
            Direction::Ingress => (&rule.destination, &rule.source),
            Direction::Egress => (&rule.source, &rule.destination),
        };
        let mut headers = Headers::of(rule);
        let named = |ports: &[PortMatch]| ports.iter().any(|p| matches!(p, PortMatch::Named(_)));
        let names: Vec<SmolStr> = rule.destination.ports.iter().filter_map(name_of).collect();
        // Names in the destination are those of the endpoint itself where the flow comes in.
        let own_names = direction == Direction::Ingress;
        let indexed = is_free(own)
            && other.service.is_none()
            && other.domains.is_empty()
            && rule.source.ports.is_empty()
            && rule.source.not_ports.is_empty()
            && !named(&rule.destination.not_ports);
        // A list of networks without one of the flow's version of IP takes the rule out, also if it is
        // negated; an empty one that is negated says nothing.
        let not_nets = other.not_nets.as_ref().filter(|nets| !nets.nets().is_empty());
        for nets in other.nets.iter().chain(not_nets) {
            let [v4, v6] = &mut headers.families;
            *v4 &= !nets.of(Family::V4).is_empty();
            *v6 &= !nets.of(Family::V6).is_empty();
        }
        let selector = other.selector.as_ref().map(|selector| numbers.selector(selector));
        let of_other = !names.is_empty() && !own_names;
        let test = if !indexed {
            Test::Asked { selector }
        } else {
            let mut addresses = |nets, without| numbers.addresses(Addresses::of(nets, without));
            let (within, not_within) = match (&other.nets, not_nets) {
                (Some(nets), without) => (Some(addresses(nets, without)), None),
                (None, Some(nets)) => (None, Some(addresses(nets, None))),
                (None, None) => (None, None),
            };
            let not_selector = other.not_selector.as_ref().map(|s| numbers.selector(s));
            let several = Several { selector, not_selector, within, not_within, named: of_other };
            several.test()
        };
        // Which ports count is told by who is asked then: no header is ruled out by them here.
        let are_own = indexed && !of_other;
        let headers = match names.is_empty() || indexed {
            true => headers,
            false => Headers { ports: None, ..headers },
        };
        let keys = if are_own && !names.is_empty() {
            None
        } else {
            // At the other end a name can only be one of the ports that somebody calls so.
            let called: Vec<_> =
                names.iter().filter(|_| of_other).map(|name| numbers.called(name)).collect();
            let called: Vec<_> = called.iter().flat_map(|keys| keys.iter().copied()).collect();
            Some(narrow(&headers.keys(&called)))
        };
        let names = if are_own { names } else { Vec::new() };
        Self { action: rule.action, headers, keys, names, test }
    }

    /// The keys at which what it says may begin to differ, the ports of endpoints left aside.
    pub(crate) fn cuts(&self) -> impl Iterator<Item = u32> + '_ {
        let all = match &self.keys {
            Some(keys) => Cow::Borrowed(&**keys),
            None => {
                let ports = self.headers.ports.iter();
                let parts = ports.chain([&self.headers.base]).flat_map(narrow);
                Cow::Owned(parts.collect())
            }
        };
        (0..all.len()).flat_map(move |at| all.get(at).copied().into_iter().flat_map(ends))
    }

    /// Whether the ports of the endpoint itself count.
    pub(crate) fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    /// Whether it only notes whatever it sees.
    pub(crate) fn is_void(&self) -> bool {
        self.action == Action::Log && matches!(self.test, Test::Any)
    }

    /// Whether it is for IPv4 (0) or IPv6 (1).
    pub(crate) fn is_for(&self, family: usize) -> bool {
        self.headers.families.get(family).copied().unwrap_or(false)
    }

    /// The keys it is for at an endpoint with these ports.
    pub(crate) fn keys(&self, own: &[NamedPort]) -> Cow<'_, [(u32, u32)]> {
        if let Some(keys) = &self.keys {
            return Cow::Borrowed(keys);
        }
        let called =
            |port: &&NamedPort| port.protocol.has_ports() && self.names.contains(&port.name);
        let named = own.iter().filter(called);
        let named: Vec<_> = named.map(|p| port_keys(p.protocol, p.port, p.port)).collect();
        Cow::Owned(narrow(&self.headers.keys(&named)).into())
    }
}

impl Several {
    /// The same, simply where it is simple.
    fn test(self) -> Test {
        let Self { selector, not_selector, within, not_within, named } = self;
        let mut has = selector.into_iter().chain(within);
        let mut lacks = not_selector.into_iter().chain(not_within);
        match ((has.next(), has.next()), (lacks.next(), lacks.next()), named) {
            ((None, _), (None, _), false) => Test::Any,
            ((Some(one), None), (None, _), false) => Test::Has(one),
            ((None, _), (Some(one), None), false) => Test::Lacks(one),
            _ => Test::Several(self),
        }
    }
}

/// Where a range of keys begins, and where what follows it does.
pub(super) fn ends((first, last): (u32, u32)) -> [u32; 2] {
    [first, (last + 1).min(LAST_KEY)]
}

/// Keys have 24 bits.
pub(super) fn narrow(keys: &Ranges) -> Box<[(u32, u32)]> {
    let word = |key: u128| u32::try_from(key).unwrap_or(u32::MAX);
    keys.spans().iter().map(|(first, last)| (word(*first), word(*last))).collect()
}

fn name_of(port: &PortMatch) -> Option<SmolStr> {
    match port {
        PortMatch::Named(name) => Some(name.clone()),
        PortMatch::Range(_) => None,
    }
}

/// Whether nothing is asked of this end but perhaps ports.
fn is_free(peer: &Peer) -> bool {
    peer.nets.is_none()
        && peer.not_nets.is_none()
        && peer.selector.is_none()
        && peer.not_selector.is_none()
        && peer.service.is_none()
        && peer.domains.is_empty()
}
