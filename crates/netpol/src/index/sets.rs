//! Which network sets hold an address.

use std::sync::OnceLock;

use portcullis_core::Family;

use super::shape::Seen;

/// Disjoint ranges of addresses, each with the places of the sets that hold it.
#[derive(Debug, Default)]
pub(crate) struct SetTable {
    v4: Vec<Span>,
    v6: Vec<Span>,
}

/// Neighbouring addresses that the same network sets hold.
#[derive(Debug)]
pub(crate) struct Span {
    first: u128,
    last: u128,
    /// The places of the sets; never none.
    pub(crate) sets: Box<[u32]>,
    /// Which selectors select any of them, worked out when it is first asked for.
    pub(crate) seen: OnceLock<Seen>,
}

impl SetTable {
    /// `sets` gives the place of each set with its ranges of one family.
    pub(crate) fn new<'a>(sets: impl Fn(Family) -> Vec<(u32, &'a [(u128, u128)])>) -> Self {
        Self { v4: spans(&sets(Family::V4)), v6: spans(&sets(Family::V6)) }
    }

    fn of(&self, family: Family) -> &[Span] {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }

    /// The span of this address, if any set holds it.
    #[inline]
    pub(crate) fn holding(&self, family: Family, address: u128) -> Option<&Span> {
        let spans = self.of(family);
        let at = spans.partition_point(|span| span.last < address);
        spans.get(at).filter(|span| span.first <= address)
    }

    /// Whether any set holds one of these addresses.
    pub(crate) fn meets(&self, family: Family, ranges: &[(u128, u128)]) -> bool {
        let spans = self.of(family);
        ranges.iter().any(|(first, last)| {
            let at = spans.partition_point(|span| span.last < *first);
            spans.get(at).is_some_and(|span| span.first <= *last)
        })
    }
}

/// Cuts ranges that overlap into pieces that do not.
fn spans(sets: &[(u32, &[(u128, u128)])]) -> Vec<Span> {
    // Where a set begins to hold addresses, and where it no longer does; past the end is never.
    let mut edges: Vec<(u128, bool, u32)> = Vec::new();
    for (set, ranges) in sets {
        for (first, last) in *ranges {
            edges.push((*first, true, *set));
            edges.extend(last.checked_add(1).map(|after| (after, false, *set)));
        }
    }
    edges.sort_unstable();
    let mut spans: Vec<Span> = Vec::new();
    let mut open: Vec<u32> = Vec::new();
    let mut edges = edges.into_iter().peekable();
    while let Some((at, begins, set)) = edges.next() {
        match (begins, open.binary_search(&set)) {
            (true, Err(place)) => open.insert(place, set),
            (false, Ok(place)) => {
                open.remove(place);
            }
            // The ranges of one set are disjoint: it neither begins twice nor ends unbegun.
            _ => {}
        }
        let next = edges.peek().map(|(next, ..)| *next);
        if next == Some(at) || open.is_empty() {
            continue;
        }
        let last = next.map_or(u128::MAX, |next| next - 1);
        let sets = open.as_slice().into();
        spans.push(Span { first: at, last, sets, seen: OnceLock::new() });
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_sets_are_told_apart() {
        const A: &[(u128, u128)] = &[(10, 20), (30, 30)];
        const B: &[(u128, u128)] = &[(15, 25), (u128::MAX, u128::MAX)];
        let table = SetTable::new(|family| match family {
            Family::V4 => vec![(0, A), (7, B)],
            Family::V6 => Vec::new(),
        });
        for (address, want) in [
            (9, &[][..]),
            (10, &[0]),
            (14, &[0]),
            (15, &[0, 7]),
            (20, &[0, 7]),
            (21, &[7]),
            (25, &[7]),
            (26, &[]),
            (30, &[0]),
            (31, &[]),
            (u128::MAX, &[7]),
        ] {
            let sets = table.holding(Family::V4, address).map_or(&[][..], |span| &span.sets);
            assert_eq!(sets, want, "{address}");
            assert!(table.holding(Family::V6, address).is_none(), "{address}");
        }
        assert!(table.meets(Family::V4, &[(0, 5), (26, 30)]));
        assert!(!table.meets(Family::V4, &[(0, 9), (26, 29)]));
    }
}
