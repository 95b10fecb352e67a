//! A multimap from hashes to ascending items, of which every version stays what it was.

use std::fmt;
use std::sync::Arc;

/// Bits of a hash that one branch uses up: 64 ways, so that a hundred thousand keys are two branches
/// deep, and both of them stay in the cache.
const BITS: u32 = 6;
const WAYS: usize = 1 << BITS;

/// Keys of one leaf. A leaf that grows beyond becomes a branch; a change copies one leaf and the few
/// branches above it.
const LEAF_MAX: usize = 64;

/// The deepest branch: one level more would have no bits left to tell keys apart by.
const DEPTH_MAX: u32 = 64 / BITS;

/// For each hash the items filed under it, ascending and each once. Clones are O(1).
///
/// A hash stands for what was hashed and for whatever else happens to have the same one. So what is
/// found is no more than a candidate, and who looks something up asks each one whether it is meant.
pub(crate) struct Postings<T>(Node<T>);

/// Two cache lines, so that a leaf can say what it does not have, and where it has the rest, before
/// its rows are touched: those are megabytes, the nodes above them stay in the cache, and most of
/// what is looked for is not there.
#[repr(align(64))]
enum Node<T> {
    Leaf(Leaf<T>),
    /// By the next bits of the hash.
    Branch(Arc<[Node<T>; WAYS]>),
}

struct Leaf<T> {
    sieve: Sieve<8>,
    homes: Homes,
    /// By their homes.
    rows: Arc<[Row<T>]>,
}

/// Three bits for each hash. Where one of them is missing, the hash is not there; of those that are not
/// there, a leaf of 36 lets one in a hundred pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sieve<const NUMBERS: usize>([u64; NUMBERS]);

/// The lowest bits of a hash, which say what bits it has in a sieve.
pub(crate) const SIEVE_BITS: u32 = 18;

/// For each of 32 homes how many rows there are before it. Where a row is is then read from the node:
/// to look for it in a table would be one load more, and a table has gaps.
#[derive(Clone, Copy, Default)]
struct Homes([u8; 32]);

#[derive(Clone)]
struct Row<T> {
    hash: u64,
    items: Items<T>,
}

/// Never empty.
#[derive(Clone)]
enum Items<T> {
    /// In the row itself: most keys have one item, and each load counts.
    One(T),
    Many(Arc<[T]>),
}

/// Where a hash may be. To make one begins to load the row and does not wait for it, which is left to
/// [`Found::items`]: who looks for several hashes waits for all rows at once.
pub(crate) struct Found<'a, T> {
    leaf: &'a Leaf<T>,
    hash: u64,
    place: usize,
    /// The hash of the row at that place.
    at: u64,
}

// === impl Postings ===

impl<T> Postings<T> {
    /// What is filed under `hash`, ascending.
    pub(crate) fn get(&self, hash: u64) -> &[T] {
        self.find(hash).map_or(&[], |found| found.items())
    }

    /// Where `hash` may be: none if it is not there.
    #[inline]
    pub(crate) fn find(&self, hash: u64) -> Option<Found<'_, T>> {
        let (mut node, mut rest) = (&self.0, hash);
        let leaf = loop {
            match node {
                Node::Leaf(leaf) => break leaf,
                Node::Branch(children) => {
                    (node, rest) = (children.get(way(rest))?, rest << BITS);
                }
            }
        };
        if !leaf.sieve.passes(hash) {
            return None;
        }
        let place = leaf.homes.place(hash);
        let at = leaf.rows.get(place)?.hash;
        Some(Found { leaf, hash, place, at })
    }
}

impl<T: Clone + Ord> Postings<T> {
    /// Those of all these. It takes them in any order.
    pub(crate) fn of(mut filed: Vec<(u64, T)>) -> Self {
        filed.sort_unstable();
        filed.dedup();
        let mut filed = filed.into_iter().peekable();
        let row = || {
            let (hash, first) = filed.next()?;
            let mut same = || filed.next_if(|(other, _)| *other == hash).map(|(_, item)| item);
            let items = match same() {
                None => Items::One(first),
                Some(second) => Items::Many(
                    [first, second].into_iter().chain(std::iter::from_fn(same)).collect(),
                ),
            };
            Some(Row { hash, items })
        };
        Self(Node::of(std::iter::from_fn(row).collect(), 0))
    }

    /// Files `item` under `hash`, where it may be already.
    pub(crate) fn insert(&mut self, hash: u64, item: T) {
        self.0.change(hash, 0, &mut |items| {
            if let Err(place) = items.binary_search(&item) {
                items.insert(place, item.clone());
            }
        });
    }

    /// Takes `item` from what is filed under `hash`, where it need not be.
    pub(crate) fn remove(&mut self, hash: u64, item: T) {
        self.0.change(hash, 0, &mut |items| {
            if let Ok(place) = items.binary_search(&item) {
                items.remove(place);
            }
        });
    }
}

impl<T> Default for Postings<T> {
    fn default() -> Self {
        Self(Node::leaf(Vec::new()))
    }
}

impl<T> Clone for Postings<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Clone for Node<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Leaf(Leaf { sieve, homes, rows }) => {
                Self::Leaf(Leaf { sieve: *sieve, homes: *homes, rows: Arc::clone(rows) })
            }
            Self::Branch(children) => Self::Branch(Arc::clone(children)),
        }
    }
}

/// How many keys there are.
impl<T> fmt::Debug for Postings<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Postings({} keys)", self.0.keys())
    }
}

// === Nodes ===

impl<T> Node<T> {
    fn leaf(mut rows: Vec<Row<T>>) -> Self {
        rows.sort_unstable_by_key(|row| Homes::of(row.hash));
        let (mut sieve, mut homes) = (Sieve::default(), Homes::default());
        for (home, before) in homes.0.iter_mut().enumerate() {
            let rows = rows.partition_point(|row| Homes::of(row.hash) < home);
            // INVARIANT: it fits. The deepest leaves are too deep for more than 16, others have
            // no more than LEAF_MAX.
            *before = u8::try_from(rows).unwrap_or(u8::MAX);
        }
        rows.iter().for_each(|row| sieve.insert(row.hash));
        Self::Leaf(Leaf { sieve, homes, rows: rows.into() })
    }

    fn keys(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.rows.len(),
            Self::Branch(children) => children.iter().map(Self::keys).sum(),
        }
    }
}

impl<T: Clone> Node<T> {
    fn change(&mut self, hash: u64, depth: u32, edit: &mut dyn FnMut(&mut Vec<T>)) {
        match self {
            Self::Branch(children) => {
                let child = Arc::make_mut(children).get_mut(way(hash << (BITS * depth)));
                if let Some(child) = child {
                    child.change(hash, depth + 1, edit);
                }
            }
            Self::Leaf(leaf) => {
                let (mut items, mut rows) = (Vec::new(), Vec::new());
                for row in leaf.rows.iter() {
                    if row.hash == hash {
                        items.extend_from_slice(row.items.as_slice());
                    } else {
                        rows.push(row.clone());
                    }
                }
                edit(&mut items);
                rows.extend(Items::of(&items).map(|items| Row { hash, items }));
                *self = Self::of(rows, depth);
            }
        }
    }

    /// Rows whose hashes agree in what lies above `depth`.
    fn of(mut rows: Vec<Row<T>>, depth: u32) -> Self {
        if rows.len() <= LEAF_MAX || depth == DEPTH_MAX {
            return Self::leaf(rows);
        }
        rows.sort_unstable_by_key(|row| row.hash);
        let mut rows = rows.into_iter().peekable();
        let child = |place| {
            let own =
                std::iter::from_fn(|| rows.next_if(|row| way(row.hash << (BITS * depth)) == place));
            Self::of(own.collect(), depth + 1)
        };
        Self::Branch(Arc::new(std::array::from_fn(child)))
    }
}

// === impl Sieve ===

impl<const NUMBERS: usize> Sieve<NUMBERS> {
    /// Which of the numbers, and which bits of it. These are the lowest bits of the hash: the highest
    /// are the same in all of a leaf.
    #[inline]
    fn bits(hash: u64) -> (usize, u64) {
        let place = usize::try_from((hash >> SIEVE_BITS) % NUMBERS as u64).unwrap_or(0);
        (place, 1 << (hash & 63) | 1 << ((hash >> 6) & 63) | 1 << ((hash >> 12) & 63))
    }

    pub(crate) fn insert(&mut self, hash: u64) {
        let (place, bits) = Self::bits(hash);
        if let Some(number) = self.0.get_mut(place) {
            *number |= bits;
        }
    }

    #[inline]
    pub(crate) fn passes(&self, hash: u64) -> bool {
        let (place, bits) = Self::bits(hash);
        self.0.get(place).is_some_and(|number| number & bits == bits)
    }
}

impl<const NUMBERS: usize> Default for Sieve<NUMBERS> {
    fn default() -> Self {
        Self([0; NUMBERS])
    }
}

// === impl Homes ===

impl Homes {
    /// By five bits that neither the sieve nor the branches go by.
    #[inline]
    fn of(hash: u64) -> usize {
        usize::try_from((hash >> 21) & 31).unwrap_or(0)
    }

    /// The place of the first row of its home.
    #[inline]
    fn place(&self, hash: u64) -> usize {
        self.0.get(Self::of(hash)).copied().map_or(0, usize::from)
    }
}

// === impl Items ===

impl<T: Clone> Items<T> {
    fn of(items: &[T]) -> Option<Self> {
        match items {
            [] => None,
            [item] => Some(Self::One(item.clone())),
            _ => Some(Self::Many(items.into())),
        }
    }
}

impl<T> Items<T> {
    #[inline]
    fn as_slice(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::Many(items) => items,
        }
    }
}

/// Which child the highest bits lead to.
#[inline]
fn way(rest: u64) -> usize {
    // Six bits fit into any integer.
    usize::try_from(rest >> (u64::BITS - BITS)).unwrap_or(0)
}

// === impl Found ===

impl<'a, T> Found<'a, T> {
    /// What is filed under the hash, ascending.
    #[inline]
    pub(crate) fn items(&self) -> &'a [T] {
        let rows = self.leaf.rows.get(self.place..).unwrap_or_default();
        let row = if self.at == self.hash { rows.first() } else { self.among(rows) };
        row.map_or(&[], |row| row.items.as_slice())
    }

    /// Its row, if it is not the first of these.
    fn among(&self, rows: &'a [Row<T>]) -> Option<&'a Row<T>> {
        let home = Homes::of(self.hash);
        let mut same = rows.iter().take_while(|row| Homes::of(row.hash) == home);
        same.find(|row| row.hash == self.hash)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    /// Hashes that share their first bits, or all of them, as an evil hand would choose them.
    fn hash() -> impl Strategy<Value = u64> {
        prop_oneof![
            any::<u64>(),
            (0..200_u64).prop_map(|low| low),
            (0..70_u64).prop_map(|high| high << 58),
            Just(u64::MAX),
        ]
    }

    type Model = BTreeMap<u64, BTreeSet<u32>>;

    fn check(postings: &Postings<u32>, model: &Model) -> Result<(), TestCaseError> {
        for (hash, items) in model {
            let want: Vec<u32> = items.iter().copied().collect();
            prop_assert_eq!(postings.get(*hash), want.as_slice());
            for near in [hash.wrapping_add(1), hash.wrapping_sub(1)] {
                let want = model.get(&near).map_or(0, BTreeSet::len);
                prop_assert_eq!(postings.get(near).len(), want);
            }
        }
        let keys = model.values().filter(|items| !items.is_empty()).count();
        prop_assert_eq!(postings.0.keys(), keys);
        Ok(())
    }

    proptest! {
        #[test]
        fn they_are_what_a_plain_map_is_and_stay_so(
            filed in prop::collection::vec((hash(), 0..9_u32), 0..500),
            changes in prop::collection::vec((any::<bool>(), hash(), 0..9_u32), 0..300),
        ) {
            let mut model = Model::new();
            for (hash, item) in &filed {
                model.entry(*hash).or_default().insert(*item);
            }
            let mut postings = Postings::of(filed);
            check(&postings, &model)?;
            let (before, was) = (postings.clone(), model.clone());
            for (insert, hash, item) in changes {
                if insert {
                    postings.insert(hash, item);
                    model.entry(hash).or_default().insert(item);
                } else {
                    postings.remove(hash, item);
                    model.entry(hash).or_default().remove(&item);
                }
            }
            check(&postings, &model)?;
            check(&before, &was)?;
        }
    }
}
