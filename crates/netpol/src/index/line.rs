//! The rules of one policy or profile, ready to be put into lists.

use std::borrow::Cow;

use portcullis_core::net::NamedPort;
use portcullis_core::{Ranges, Selector};
use smol_str::SmolStr;

use super::header::{Headers, SharedKeys, port_keys};
use crate::model::{Action, Direction, Peer, PortMatch, Rule};

/// The rules of a policy or profile. One that is put again has another identity, whatever it says.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) ingress: Vec<Line>,
    pub(crate) egress: Vec<Line>,
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

/// How to tell whether a rule is for the ends of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// It is, whoever they are.
    Any,
    /// If the other end is one that this selector, interned, selects.
    Selected(u32),
    /// By these criteria about the other end: selectors as interned, and the rule's networks.
    Criteria {
        /// It is selected by this.
        selector: Option<u32>,
        /// It is not selected by this.
        not_selector: Option<u32>,
        /// Its port is one that the rule has by number, or that it calls so itself.
        named: bool,
    },
    /// By asking the rule itself: it asks for something that is not indexed (the endpoint's own
    /// address, source ports, services, DNS names).
    Asked {
        /// Nothing is to be asked unless the other end is selected by this.
        selector: Option<u32>,
    },
}

impl Line {
    /// `intern` gives a selector its number, `called` the keys of the ports that any endpoint calls so.
    pub(crate) fn new(
        rule: &Rule,
        direction: Direction,
        intern: &mut dyn FnMut(&Selector) -> u32,
        called: &dyn Fn(&str) -> SharedKeys,
    ) -> Self {
        let (own, other) = match direction {
            Direction::Ingress => (&rule.destination, &rule.source),
            Direction::Egress => (&rule.source, &rule.destination),
        };
        let headers = Headers::of(rule);
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
        let selector = other.selector.as_ref().map(&mut *intern);
        let of_other = !names.is_empty() && !own_names;
        let test = if !indexed {
            Test::Asked { selector }
        } else {
            let not_selector = other.not_selector.as_ref().map(&mut *intern);
            let has_nets = other.nets.is_some() || other.not_nets.is_some();
            match (selector, not_selector, has_nets || of_other) {
                (None, None, false) => Test::Any,
                (Some(selector), None, false) => Test::Selected(selector),
                _ => Test::Criteria { selector, not_selector, named: of_other },
            }
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
                names.iter().filter(|_| of_other).map(|name| called(name)).collect();
            let called: Vec<_> = called.iter().flat_map(|keys| keys.iter().copied()).collect();
            Some(narrow(&headers.keys(&called)))
        };
        let names = if are_own { names } else { Vec::new() };
        Self { action: rule.action, headers, keys, names, test }
    }

    /// Whether the ports of the endpoint itself count.
    pub(crate) fn has_names(&self) -> bool {
        !self.names.is_empty()
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

/// Keys have 24 bits.
fn narrow(keys: &Ranges) -> Box<[(u32, u32)]> {
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
