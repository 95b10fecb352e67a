//! Networks, sets of addresses, protocols and ports.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use smol_str::SmolStr;

/// The version of the Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// Every address of the family.
    pub fn everything(self) -> Ranges {
        match self {
            Self::V4 => Ranges::span(0, u128::from(u32::MAX)),
            Self::V6 => Ranges::span(0, u128::MAX),
        }
    }

    /// The family as Calico's `ipVersion` writes it: 4 or 6.
    pub fn number(self) -> u8 {
        match self {
            Self::V4 => 4,
            Self::V6 => 6,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IPv{}", self.number())
    }
}

/// An address as a number, to be compared within its family.
pub fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(a) => u128::from(u32::from(a)),
        IpAddr::V6(a) => u128::from(a),
    }
}

/// The address that is `number` in `family`.
pub fn address(family: Family, number: u128) -> IpAddr {
    match family {
        // A number of the family V4 comes from a V4 address or range, so it fits.
        Family::V4 => IpAddr::from(u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes()),
        Family::V6 => IpAddr::from(number.to_be_bytes()),
    }
}

/// A network: an address and the length of its prefix, host bits zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Net(IpNet);

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANet;

impl fmt::Display for NotANet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an address with a prefix length, such as 10.0.0.0/8")
    }
}

impl Net {
    /// The network of one address.
    pub fn host(address: IpAddr) -> Self {
        Self(IpNet::from(address))
    }

    /// Reads `ADDRESS/LENGTH`, and says whether bits beyond the length were set (they are dropped).
    ///
    /// Leading zeros in an address are refused, as Go's `net.ParseCIDR` refuses them.
    pub fn parse_masking(text: &str) -> Result<(Self, bool), NotANet> {
        let (address, length) = text.split_once('/').ok_or(NotANet)?;
        // The library's own parser would take `/+8` and `08.0.0.0`; Go does not.
        if length.is_empty() || !length.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotANet);
        }
        let address: IpAddr = address.parse().map_err(|_| NotANet)?;
        let length: u8 = length.parse().map_err(|_| NotANet)?;
        let given = IpNet::new(address, length).map_err(|_| NotANet)?;
        let masked = given.trunc();
        Ok((Self(masked), masked.addr() != given.addr()))
    }

    /// Reads a network, or a bare address as the network of that address (network sets take both).
    pub fn parse_or_host(text: &str) -> Result<Self, NotANet> {
        if text.contains('/') {
            return Self::parse_masking(text).map(|(net, _)| net);
        }
        text.parse().map(Self::host).map_err(|_| NotANet)
    }

    /// Its family.
    pub fn family(&self) -> Family {
        Family::of(self.0.addr())
    }

    /// The length of the prefix.
    pub fn prefix_len(&self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether the address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether all of `other` lies in it.
    pub fn covers(&self, other: &Net) -> bool {
        self.0.contains(&other.0)
    }

    /// The first address.
    pub fn first(&self) -> IpAddr {
        self.0.network()
    }

    /// Its addresses as numbers of its family, both ends included.
    pub fn span(&self) -> (u128, u128) {
        (number(self.0.network()), number(self.0.broadcast()))
    }
}

impl FromStr for Net {
    type Err = NotANet;
    fn from_str(text: &str) -> Result<Self, NotANet> {
        Self::parse_masking(text).map(|(net, _)| net)
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A set of numbers (addresses of one family, ports, ICMP types): disjoint ranges in order, both
/// ends included.
///
/// Nearly all that are asked about hold one range, an address or a port: that one is held without a
/// way to somewhere else in memory.
#[derive(Clone)]
pub struct Ranges(Spans);

/// INVARIANT: one range is never among `Others`.
#[derive(Clone)]
enum Spans {
    One([(u128, u128); 1]),
    Others(Vec<(u128, u128)>),
}

impl Ranges {
    /// Nothing.
    pub fn none() -> Self {
        Self(Spans::Others(Vec::new()))
    }

    /// These, which are disjoint and in order.
    fn from_sorted(spans: Vec<(u128, u128)>) -> Self {
        match spans.as_slice() {
            [one] => Self(Spans::One([*one])),
            _ => Self(Spans::Others(spans)),
        }
    }

    /// One number.
    pub fn one(number: u128) -> Self {
        Self::span(number, number)
    }

    /// From `first` to `last`, both included; nothing if `last` is smaller.
    pub fn span(first: u128, last: u128) -> Self {
        if last < first { Self::none() } else { Self(Spans::One([(first, last)])) }
    }

    /// The union of spans in any order.
    pub fn of(spans: impl IntoIterator<Item = (u128, u128)>) -> Self {
        let mut all: Vec<_> = spans.into_iter().filter(|(a, b)| a <= b).collect();
        all.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(all.len());
        for (first, last) in all {
            match merged.last_mut() {
                Some(open) if first <= open.1.saturating_add(1) => open.1 = open.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self::from_sorted(merged)
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.spans().is_empty()
    }

    /// The number, if it holds exactly one.
    pub fn single(&self) -> Option<u128> {
        match self.spans() {
            [(a, b)] if a == b => Some(*a),
            _ => None,
        }
    }

    /// The smallest number.
    pub fn first(&self) -> Option<u128> {
        self.spans().first().map(|(a, _)| *a)
    }

    /// Whether `number` is in it.
    pub fn contains(&self, number: u128) -> bool {
        let spans = self.spans();
        let at = spans.partition_point(|(_, last)| *last < number);
        spans.get(at).is_some_and(|(first, _)| *first <= number)
    }

    /// What is in both.
    pub fn and(&self, other: &Self) -> Self {
        let (mut i, mut j, mut out) = (0, 0, Vec::new());
        while let (Some(a), Some(b)) = (self.spans().get(i), other.spans().get(j)) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                out.push((first, last));
            }
            if a.1 < b.1 { i += 1 } else { j += 1 }
        }
        Self::from_sorted(out)
    }

    /// What is in this one and not in `other`.
    pub fn without(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        for &(first, last) in self.spans() {
            let mut from = Some(first);
            for &(a, b) in other.spans() {
                let Some(start) = from else { break };
                if b < start || a > last {
                    continue;
                }
                if a > start {
                    out.push((start, a - 1));
                }
                from = if b < last { b.checked_add(1) } else { None };
            }
            if let Some(start) = from {
                out.push((start, last));
            }
        }
        Self::from_sorted(out)
    }

    /// The ranges in order.
    #[inline]
    pub fn spans(&self) -> &[(u128, u128)] {
        match &self.0 {
            Spans::One(one) => one,
            Spans::Others(spans) => spans,
        }
    }
}

impl Default for Ranges {
    fn default() -> Self {
        Self::none()
    }
}

impl PartialEq for Ranges {
    fn eq(&self, other: &Self) -> bool {
        self.spans() == other.spans()
    }
}

impl Eq for Ranges {}

impl Hash for Ranges {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spans().hash(state);
    }
}

impl PartialOrd for Ranges {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranges {
    fn cmp(&self, other: &Self) -> Ordering {
        self.spans().cmp(other.spans())
    }
}

impl fmt::Debug for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ranges").field(&self.spans()).finish()
    }
}

/// An IP protocol by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Protocol(pub u8);

impl Protocol {
    /// ICMP for IPv4.
    pub const ICMP: Self = Self(1);
    /// TCP.
    pub const TCP: Self = Self(6);
    /// UDP.
    pub const UDP: Self = Self(17);
    /// ICMP for IPv6.
    pub const ICMPV6: Self = Self(58);
    /// SCTP.
    pub const SCTP: Self = Self(132);
    /// UDP-Lite.
    pub const UDPLITE: Self = Self(136);

    /// The protocol of a name, in any case: `tcp udp icmp icmpv6 sctp udplite`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "tcp" => Self::TCP,
            "udp" => Self::UDP,
            "icmp" => Self::ICMP,
            "icmpv6" => Self::ICMPV6,
            "sctp" => Self::SCTP,
            "udplite" => Self::UDPLITE,
            _ => return None,
        })
    }

    /// Whether its packets carry port numbers that policy can match (TCP, UDP, SCTP, UDP-Lite).
    pub fn has_ports(self) -> bool {
        matches!(self, Self::TCP | Self::UDP | Self::SCTP | Self::UDPLITE)
    }

    /// Whether it is ICMP of either family.
    pub fn is_icmp(self) -> bool {
        matches!(self, Self::ICMP | Self::ICMPV6)
    }
}

/// The name in lower case, or the number.
impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::TCP => "tcp",
            Self::UDP => "udp",
            Self::ICMP => "icmp",
            Self::ICMPV6 => "icmpv6",
            Self::SCTP => "sctp",
            Self::UDPLITE => "udplite",
            Self(other) => return write!(f, "{other}"),
        })
    }
}

/// Ports from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortRange {
    /// The lowest port.
    pub first: u16,
    /// The highest port.
    pub last: u16,
}

impl PortRange {
    /// One port.
    pub fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// Whether the port is in it.
    pub fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

/// `80` or `80:90`.
impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}:{}", self.first, self.last)
        }
    }
}

/// A port that an endpoint names: `http` is 8080 of TCP there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamedPort {
    /// The name.
    pub name: SmolStr,
    /// The protocol.
    pub protocol: Protocol,
    /// The number.
    pub port: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_bits_are_dropped_and_said() {
        let (net, changed) = Net::parse_masking("8.8.8.8/24").expect("a net");
        assert_eq!((net.to_string().as_str(), changed), ("8.8.8.0/24", true));
        assert!(!Net::parse_masking("::0/0").expect("a net").1);
        for wrong in
            ["8.8.8.300/24", "8.8.8.8", "8.8.8.8/33", "08.8.8.8/8", "8.8.8.0/+8", "8.8.8.0/", ""]
        {
            assert_eq!(wrong.parse::<Net>(), Err(NotANet), "{wrong}");
        }
        assert_eq!(Net::parse_or_host("10.0.0.1").expect("a host").to_string(), "10.0.0.1/32");
    }

    #[test]
    fn ranges_are_equal_however_they_were_made() {
        let one = Ranges::span(10, 20);
        for same in [
            Ranges::of([(10, 14), (15, 20)]),
            Ranges::of([(0, 20)]).without(&Ranges::span(0, 9)),
            Ranges::of([(0, 3), (10, 40)]).and(&Ranges::span(5, 20)),
        ] {
            assert!(same == one && same.cmp(&one).is_eq(), "{same:?}");
        }
        let two = Ranges::of([(10, 20), (30, 40)]);
        assert!(Ranges::none() < one && one < two && two < Ranges::span(10, 21));
        assert_eq!(format!("{one:?} {:?}", Ranges::none()), "Ranges([(10, 20)]) Ranges([])");
    }

    #[test]
    fn ranges_are_a_boolean_algebra_at_their_edges() {
        let all = Family::V6.everything();
        let middle = Ranges::span(10, 20);
        assert_eq!(all.without(&middle), Ranges::of([(0, 9), (21, u128::MAX)]));
        assert_eq!(all.without(&all), Ranges::none());
        assert_eq!(middle.without(&Ranges::of([(0, 10), (20, u128::MAX)])), Ranges::span(11, 19));
        assert_eq!(Ranges::of([(5, 6), (1, 4), (8, 9)]), Ranges::of([(1, 6), (8, 9)]));
        assert_eq!(all.and(&middle), middle);
        assert!(middle.contains(20) && !middle.contains(21) && !middle.contains(9));
    }
}
