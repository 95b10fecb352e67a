//! What a packet's header says, as one number, and which numbers a rule asks for.
//!
//! ```text
//!   key = protocol << 16 | destination port            for protocols with ports
//!         protocol << 16 | ICMP type << 8 | ICMP code  for ICMP and ICMPv6
//!         protocol << 16                               for all others
//! ```
//! The version of IP stands beside it. So every criterion about headers is a set of ranges, and the
//! ports that rules tell apart are the ends of those ranges.

use std::sync::Arc;

use portcullis_core::{Family, Protocol, Ranges};

use crate::flow::Flow;
use crate::model::{IcmpMatch, PortMatch, ProtocolMatch, Rule};

/// Ranges of keys that are shared.
pub(crate) type SharedKeys = Arc<[(u128, u128)]>;

/// The largest key.
pub(crate) const LAST_KEY: u32 = 0x00ff_ffff;

/// The protocols whose packets carry ports that policy can match.
const WITH_PORTS: [Protocol; 4] = [Protocol::TCP, Protocol::UDP, Protocol::SCTP, Protocol::UDPLITE];

/// The key of a flow; none if its header is not settled.
#[inline]
pub(crate) fn key(flow: &Flow) -> Option<u32> {
    let protocol = u32::from(flow.protocol.0) << 16;
    let low = match (flow.protocol, flow.port, &flow.icmp) {
        (p, Some(port), None) if p.has_ports() => u32::from(port),
        (p, None, Some(icmp)) if p.is_icmp() => {
            let byte = |of: &Ranges| of.single().and_then(|n| u8::try_from(n).ok());
            u32::from(byte(&icmp.kind)?) << 8 | u32::from(byte(&icmp.code)?)
        }
        (p, None, None) if !p.has_ports() && !p.is_icmp() => 0,
        _ => return None,
    };
    Some(protocol | low)
}

/// The keys of a port of a protocol.
pub(crate) fn port_keys(protocol: Protocol, first: u16, last: u16) -> (u128, u128) {
    let base = u128::from(protocol.0) << 16;
    (base | u128::from(first), base | u128::from(last))
}

fn keys_of(protocol: Protocol) -> Ranges {
    let (first, last) = port_keys(protocol, 0, u16::MAX);
    Ranges::span(first, last)
}

fn everything() -> Ranges {
    Ranges::span(0, u128::from(LAST_KEY))
}

/// The headers that a rule asks for, the names of ports left aside.
#[derive(Debug)]
pub(crate) struct Headers {
    /// Whether it is for IPv4, and for IPv6.
    pub(crate) families: [bool; 2],
    /// The keys that everything but the destination's positive ports allows.
    pub(crate) base: Ranges,
    /// The keys of the destination's positive ports given by number; none where it asks for none.
    pub(crate) ports: Option<Ranges>,
}

impl Headers {
    pub(crate) fn of(rule: &Rule) -> Self {
        let mut families = [true, true];
        let mut only = |family: Family| {
            families = [families[0] && family == Family::V4, families[1] && family == Family::V6];
        };
        rule.family.into_iter().for_each(&mut only);
        rule.protocol.and_then(|p| p.family).into_iter().for_each(&mut only);
        let mut base = match rule.protocol {
            Some(ProtocolMatch { protocol, .. }) => keys_of(protocol),
            None => everything(),
        };
        if let Some(not) = rule.not_protocol {
            base = base.without(&keys_of(not.protocol));
        }
        if let Some(icmp) = rule.icmp {
            base = base.and(&icmp_keys(icmp));
        }
        if let Some(icmp) = rule.not_icmp {
            base = base.without(&icmp_keys(icmp));
        }
        let destination = &rule.destination;
        base = base.without(&numbered(&destination.not_ports));
        let ports = (!destination.ports.is_empty()).then(|| numbered(&destination.ports));
        Self { families, base, ports }
    }

    /// The keys, with these ones for the names of ports.
    pub(crate) fn keys(&self, named: &[(u128, u128)]) -> Ranges {
        match &self.ports {
            None => self.base.clone(),
            Some(ports) => {
                let all = ports.spans().iter().chain(named).copied();
                self.base.and(&Ranges::of(all))
            }
        }
    }
}

/// The keys of ports given by number.
fn numbered(ports: &[PortMatch]) -> Ranges {
    let ranges = ports.iter().filter_map(|port| match port {
        PortMatch::Range(range) => Some(*range),
        PortMatch::Named(_) => None,
    });
    Ranges::of(
        ranges.flat_map(|r| WITH_PORTS.into_iter().map(move |p| port_keys(p, r.first, r.last))),
    )
}

fn icmp_keys(icmp: IcmpMatch) -> Ranges {
    let kinds = icmp.kind.map_or(0..=u8::MAX, |kind| kind..=kind);
    let spans = [Protocol::ICMP, Protocol::ICMPV6].into_iter().flat_map(|protocol| {
        kinds.clone().map(move |kind| {
            let codes = icmp.code.map_or((0, u8::MAX), |code| (code, code));
            let low = |code: u8| u16::from(kind) << 8 | u16::from(code);
            port_keys(protocol, low(codes.0), low(codes.1))
        })
    });
    Ranges::of(spans)
}
