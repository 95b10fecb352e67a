//! The headers that rules tell apart, by number.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::header::LAST_KEY;

/// All keys of headers in parts, of which every rule is for all or for nothing; each has a number. A
/// question finds the part of its header once, and then every rulebook has the list for that part in a
/// place that is known.
///
/// Rules that come later split parts: the lower half keeps its number, the upper half gets the next one.
/// So what was put into a table by number stays true; who finds a number that is younger than a table
/// asks for the part that it was split from.
///
/// INVARIANT: of two versions made from one, each gives the next number to another part. A table must
/// keep to the numbers that there were when its rules were made, as all versions that have those rules
/// have those numbers ([`Lines::atoms`](super::line::Lines)).
#[derive(Clone, Debug)]
pub(crate) struct Atoms(Arc<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    /// Where each begins, in order: the first at 0. It ends where the next begins.
    firsts: Vec<u32>,
    /// Their numbers, in the same order.
    numbers: Vec<u32>,
    /// By number, where it begins, and from which it was split.
    known: Vec<(u32, u32)>,
}

/// There are no more than this, as every rulebook has a table of them: rules with other headers are
/// found by searching their own. Clusters have some hundred; a policy can have twenty thousand.
const MAX_ATOMS: usize = 1024;

/// So many there are in every version: what begins at 0, and at the last key.
pub(super) const ALWAYS: u32 = 2;

impl Atoms {
    /// Those that begin at these keys; of too many, the keys that are given most often.
    pub(crate) fn new(firsts: impl Iterator<Item = u32>) -> Self {
        let mut times: HashMap<u32, usize, RandomState> = HashMap::default();
        for first in firsts {
            *times.entry(first).or_default() += 1;
        }
        let mut often: Vec<(u32, usize)> = times.into_iter().collect();
        often.sort_unstable_by_key(|(first, times)| (usize::MAX - times, *first));
        let parts = Parts { firsts: vec![0], numbers: vec![0], known: vec![(0, 0)] };
        let mut atoms = Self(Arc::new(parts));
        atoms.begin(LAST_KEY);
        for (first, _) in often {
            atoms.begin(first);
        }
        atoms
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.0.known.len()).unwrap_or(u32::MAX)
    }

    /// Has one begin at this key, unless there are too many.
    pub(crate) fn begin(&mut self, first: u32) {
        let Err(place) = self.0.firsts.binary_search(&first) else { return };
        let split = place.checked_sub(1).and_then(|before| self.0.numbers.get(before).copied());
        let (Some(split), number) = (split, self.len()) else { return };
        if number as usize >= MAX_ATOMS {
            return;
        }
        let parts = Arc::make_mut(&mut self.0);
        parts.firsts.insert(place, first);
        parts.numbers.insert(place, number);
        parts.known.push((first, split));
    }

    /// That of a key.
    #[inline]
    pub(crate) fn of(&self, key: u32) -> u32 {
        let after = self.0.firsts.partition_point(|first| *first <= key);
        after.checked_sub(1).and_then(|at| self.0.numbers.get(at).copied()).unwrap_or(0)
    }

    /// That of the same keys among the first so many.
    #[cold]
    pub(crate) fn among(&self, mut atom: u32, count: u32) -> u32 {
        // Each was split from one with a smaller number.
        while atom >= count && atom > 0 {
            atom = self.0.known.get(atom as usize).map_or(0, |(_, split)| *split);
        }
        atom
    }

    /// The number of the one that begins there.
    pub(super) fn beginning(&self, first: u32) -> Option<u32> {
        let place = self.0.firsts.binary_search(&first).ok()?;
        self.0.numbers.get(place).copied()
    }

    /// The keys at which the first so many begin, by number.
    pub(super) fn firsts(&self, count: u32) -> impl Iterator<Item = u32> {
        self.0.known.iter().take(count as usize).map(|(first, _)| *first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_split_later_is_still_found_among_the_first() {
        let mut atoms = Atoms::new([80, 80, 443].into_iter());
        assert_eq!(atoms.len(), 4);
        let before: Vec<u32> = (0..1000).map(|key| atoms.of(key)).collect();
        assert_eq!(atoms.firsts(4).collect::<Vec<_>>(), [0, LAST_KEY, 80, 443]);
        assert_eq!(Atoms::new(std::iter::empty()).len(), ALWAYS);
        let firsts = [100, 90, 500, 10, 80, 95, 0];
        firsts.into_iter().for_each(|first| atoms.begin(first));
        assert_eq!(atoms.len(), 9, "two of them were there");
        for (key, before) in (0..).zip(before) {
            assert_eq!(atoms.among(atoms.of(key), 4), before, "{key}");
            assert_eq!(atoms.among(atoms.of(key), 1), 0, "{key}");
        }
        for (number, first) in (0..).zip(atoms.firsts(atoms.len())) {
            assert_eq!(
                (atoms.of(first), atoms.beginning(first)),
                (number, Some(number)),
                "{first}"
            );
        }
        assert_eq!([atoms.of(LAST_KEY), atoms.of(499)], [1, atoms.of(443)]);
        assert_eq!(atoms.beginning(81), None);
    }

    #[test]
    fn of_too_many_those_that_are_met_most_are_kept() {
        let many = (0..20_000).map(|n| 2 * n);
        let mut atoms = Atoms::new(many.chain([30_001, 30_001]));
        assert_eq!(atoms.len() as usize, MAX_ATOMS);
        assert!(atoms.beginning(30_001).is_some());
        atoms.begin(7);
        assert_eq!((atoms.len() as usize, atoms.beginning(7)), (MAX_ATOMS, None));
    }
}
