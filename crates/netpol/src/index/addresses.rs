//! What rules can ask of an address: which network sets hold it, and which of the networks they name.

use std::sync::{Arc, OnceLock};

use portcullis_core::{Family, Ranges};

use super::criterion::Addresses;
use super::seen::Seen;

/// All addresses, in spans of which the network sets and networks of rules hold all or nothing.
#[derive(Debug)]
pub(crate) struct AddressTable {
    v4: Spans<u32>,
    v6: Spans<u128>,
    /// The networks of rules, by the numbers of their criteria.
    networks: Vec<(u32, Arc<Addresses>)>,
}

/// Spans in order. The first begins at 0, and each ends where the next begins.
#[derive(Debug)]
struct Spans<N> {
    firsts: Vec<N>,
    spans: Vec<Span>,
}

/// Neighbouring addresses that rules do not tell apart.
#[derive(Debug, Default)]
pub(crate) struct Span {
    /// The places of the network sets that hold them.
    pub(crate) sets: Box<[u32]>,
    /// Which criteria hold of them, worked out when it is first asked for.
    pub(crate) seen: OnceLock<Seen>,
}

impl AddressTable {
    /// `sets` gives the place of each set with its ranges of one family.
    pub(crate) fn new<'a>(
        sets: impl Fn(Family) -> Vec<(u32, &'a Ranges)>,
        networks: Vec<(u32, Arc<Addresses>)>,
    ) -> Self {
        let spans = |family| {
            let networks = networks.iter().map(|(_, addresses)| addresses.of_family(family));
            spans(&sets(family), networks)
        };
        let (firsts, of_v4) = spans(Family::V4);
        // Numbers of IPv4 have 32 bits, but for the one after the last, where nothing begins.
        let narrow = |first: u128| u32::try_from(first).ok();
        let v4 = Spans { firsts: firsts.into_iter().map_while(narrow).collect(), spans: of_v4 };
        let (firsts, spans) = spans(Family::V6);
        Self { v4, v6: Spans { firsts, spans }, networks }
    }

    /// The criteria that hold of an address because it is in a network of a rule.
    pub(crate) fn within(&self, family: Family, address: u128) -> impl Iterator<Item = u32> + '_ {
        let holds = move |addresses: &Addresses| addresses.of_family(family).contains(address);
        self.networks.iter().filter(move |(_, a)| holds(a)).map(|(number, _)| *number)
    }

    /// How many spans there are.
    pub(crate) fn spans(&self) -> usize {
        self.v4.spans.len() + self.v6.spans.len()
    }

    /// The span of an address.
    #[inline]
    pub(crate) fn holding(&self, family: Family, address: u128) -> Option<&Span> {
        match family {
            Family::V4 => self.v4.holding(u32::try_from(address).ok()?),
            Family::V6 => self.v6.holding(address),
        }
    }

    /// Where the span of an address of IPv4 stands.
    pub(crate) fn place_of_v4(&self, address: u32) -> Option<usize> {
        self.v4.place(address)
    }

    /// The span that stands there.
    #[inline]
    pub(crate) fn at_v4(&self, place: usize) -> Option<&Span> {
        self.v4.spans.get(place)
    }

    /// Whether any network set holds one of these addresses.
    pub(crate) fn meets(&self, family: Family, ranges: &[(u128, u128)]) -> bool {
        let narrow = |number: u128| u32::try_from(number).unwrap_or(u32::MAX);
        ranges.iter().any(|(first, last)| match family {
            Family::V4 => self.v4.meets(narrow(*first), narrow(*last)),
            Family::V6 => self.v6.meets(*first, *last),
        })
    }
}

impl<N: Copy + Ord> Spans<N> {
    #[inline]
    fn holding(&self, address: N) -> Option<&Span> {
        self.spans.get(self.place(address)?)
    }

    #[inline]
    fn place(&self, address: N) -> Option<usize> {
        self.firsts.partition_point(|first| *first <= address).checked_sub(1)
    }

    fn meets(&self, first: N, last: N) -> bool {
        let from = self.firsts.partition_point(|other| *other <= first).saturating_sub(1);
        let upto = self.firsts.partition_point(|other| *other <= last);
        let met = self.spans.get(from..upto).unwrap_or_default();
        met.iter().any(|span| !span.sets.is_empty())
    }
}

/// Where each span begins, and the spans.
fn spans<'a>(
    sets: &[(u32, &Ranges)],
    networks: impl Iterator<Item = &'a Ranges>,
) -> (Vec<u128>, Vec<Span>) {
    // Where a set begins to hold addresses (or a network of a rule does), and where it no longer
    // does; past the end is never.
    let mut edges: Vec<(u128, bool, Option<u32>)> = vec![(0, true, None)];
    let sets = sets.iter().map(|(set, ranges)| (Some(*set), *ranges));
    for (set, ranges) in sets.chain(networks.map(|ranges| (None, ranges))) {
        for (first, last) in ranges.spans() {
            edges.push((*first, true, set));
            edges.extend(last.checked_add(1).map(|after| (after, false, set)));
        }
    }
    edges.sort_unstable();
    edges.dedup();
    let (mut firsts, mut spans) = (Vec::new(), Vec::new());
    let mut open: Vec<u32> = Vec::new();
    let mut edges = edges.into_iter().peekable();
    while let Some((at, begins, set)) = edges.next() {
        let place = set.map(|set| (set, open.binary_search(&set)));
        match (begins, place) {
            (true, Some((set, Err(place)))) => open.insert(place, set),
            (false, Some((_, Ok(place)))) => {
                open.remove(place);
            }
            // The ranges of one set are disjoint: it neither begins twice nor ends unbegun.
            _ => {}
        }
        if edges.peek().is_none_or(|(next, ..)| *next != at) {
            firsts.push(at);
            spans.push(Span { sets: open.as_slice().into(), seen: OnceLock::new() });
        }
    }
    (firsts, spans)
}

#[cfg(test)]
mod tests {
    use portcullis_core::net::Net;

    use super::*;
    use crate::model::NetList;

    #[test]
    fn overlapping_sets_are_told_apart() {
        let a = Ranges::of([(10, 20), (30, 30)]);
        let b = Ranges::of([(15, 25), (u128::MAX, u128::MAX)]);
        let nets = ["::c/126", "::10/128", "::28/125", "::30/127", "::32/128"];
        let nets = nets.iter().map(|net| net.parse::<Net>().expect("a network")).collect();
        let networks = vec![(3, Arc::new(Addresses::of(&NetList::new(nets), None)))];
        let only_v6 = |family, all| if family == Family::V6 { all } else { Vec::new() };
        let table = AddressTable::new(|family| only_v6(family, vec![(0, &a), (7, &b)]), networks);
        let span = |family, address| table.holding(family, address).expect("all have one");
        let mut last: Option<&Span> = None;
        for (address, begins, want) in [
            (0, true, &[][..]),
            (9, false, &[]),
            (10, true, &[0]),
            (11, false, &[0]),
            (12, true, &[0]),
            (14, false, &[0]),
            (15, true, &[0, 7]),
            (16, false, &[0, 7]),
            (17, true, &[0, 7]),
            (20, false, &[0, 7]),
            (21, true, &[7]),
            (25, false, &[7]),
            (26, true, &[]),
            (30, true, &[0]),
            (31, true, &[]),
            (39, false, &[]),
            (40, true, &[]),
            (51, true, &[]),
            (u128::MAX, true, &[7]),
        ] {
            let span = span(Family::V6, address);
            assert_eq!(span.sets.as_ref(), want, "{address}");
            assert_eq!(last.is_none_or(|last| !std::ptr::eq(last, span)), begins, "{address}");
            last = Some(span);
            let within = (12..=16).contains(&address) || (40..=50).contains(&address);
            assert_eq!(table.within(Family::V6, address).eq([3]), within, "{address}");
        }
        for address in [0, 10, u128::from(u32::MAX)] {
            assert!(span(Family::V4, address).sets.is_empty(), "{address}");
        }
        assert!(table.meets(Family::V6, &[(0, 5), (26, 30)]));
        assert!(!table.meets(Family::V6, &[(0, 9), (26, 29), (40, 60)]));
        assert!(!table.meets(Family::V4, &[(0, u128::from(u32::MAX))]));
    }
}
