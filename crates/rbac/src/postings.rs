//! A multimap from hashes to ascending items, of which every version stays what it was.

use std::fmt;
use std::sync::Arc;

/// Bits of a hash that one branch uses up: 64 ways, so that a hundred thousand keys are two branches
/// deep, and both of them stay in the cache.
const BITS: u32 = 6;

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

/// One cache line, so that a leaf can say what it does not have before it is touched itself: leaves
/// are megabytes, the branches above them stay in the cache, and most of what is looked for is not
/// there.
#[repr(align(64))]
enum Node<T> {
    /// A table with gaps: see [`places`].
    Leaf(Sieve, Arc<[Option<Row<T>>]>),
    /// By the next bits of the hash, 2 to the power of [`BITS`] of them.
    Branch(Arc<[Node<T>]>),
}

/// Two bits for each hash of a leaf. Where one of them is missing, the hash is not there; of those
/// that are not there, a leaf of 32 lets one in twenty pass.
#[derive(Clone, Copy, Default)]
struct Sieve([u64; 4]);

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

// === impl Postings ===

impl<T> Postings<T> {
    /// What is filed under `hash`, ascending.
    #[inline]
    pub(crate) fn get(&self, hash: u64) -> &[T] {
        let (mut node, mut rest) = (&self.0, hash);
        loop {
            match node {
                Node::Leaf(sieve, rows) if sieve.passes(hash) => return in_leaf(rows, hash, rest),
                Node::Leaf(..) => return &[],
                Node::Branch(children) => {
                    let Some(child) = children.get(way(rest)) else { return &[] };
                    (node, rest) = (child, rest << BITS);
                }
            }
        }
    }
}

impl<T: Copy + Ord> Postings<T> {
    /// Those of all these. It takes them in any order.
    pub(crate) fn of(mut filed: Vec<(u64, T)>) -> Self {
        filed.sort_unstable();
        filed.dedup();
        Self(node(&filed, 0))
    }

    /// Files `item` under `hash`, where it may be already.
    pub(crate) fn insert(&mut self, hash: u64, item: T) {
        self.0.change(hash, 0, &mut |items| {
            if let Err(place) = items.binary_search(&item) {
                items.insert(place, item);
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
        Self(Node::leaf(Vec::new(), 0))
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
            Self::Leaf(sieve, rows) => Self::Leaf(*sieve, Arc::clone(rows)),
            Self::Branch(children) => Self::Branch(Arc::clone(children)),
        }
    }
}

/// How many keys there are: what is in them is numbers.
impl<T> fmt::Debug for Postings<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Postings({} keys)", self.0.keys())
    }
}

// === Nodes ===

impl<T> Node<T> {
    fn leaf(rows: Vec<Row<T>>, depth: u32) -> Self {
        let mut sieve = Sieve::default();
        // Half as many gaps as rows, and at least one: most are found where they are looked for first.
        let mut table: Vec<Option<Row<T>>> = Vec::new();
        table.resize_with(rows.len() + rows.len() / 2 + 1, || None);
        for row in rows {
            sieve.insert(row.hash);
            let mut places = places(row.hash << (BITS * depth), table.len());
            let free = places.find(|place| table.get(*place).is_some_and(Option::is_none));
            if let Some(place) = free.and_then(|place| table.get_mut(place)) {
                *place = Some(row);
            }
        }
        Self::Leaf(sieve, table.into())
    }

    fn keys(&self) -> usize {
        match self {
            Self::Leaf(_, table) => table.iter().flatten().count(),
            Self::Branch(children) => children.iter().map(Self::keys).sum(),
        }
    }
}

impl<T: Copy> Node<T> {
    fn change(&mut self, hash: u64, depth: u32, edit: &mut dyn FnMut(&mut Vec<T>)) {
        match self {
            Self::Branch(children) => {
                let child = Arc::make_mut(children).get_mut(way(hash << (BITS * depth)));
                if let Some(child) = child {
                    child.change(hash, depth + 1, edit);
                }
            }
            Self::Leaf(_, table) => {
                let (mut items, mut rows) = (Vec::new(), Vec::new());
                for row in table.iter().flatten() {
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
            return Self::leaf(rows, depth);
        }
        rows.sort_unstable_by_key(|row| row.hash);
        let mut rows = rows.into_iter().peekable();
        let child = |place| {
            let own =
                std::iter::from_fn(|| rows.next_if(|row| way(row.hash << (BITS * depth)) == place));
            Self::of(own.collect(), depth + 1)
        };
        Self::Branch((0..1 << BITS).map(child).collect())
    }
}

/// The rows of what is filed, sorted, as a node.
fn node<T: Copy + Ord>(filed: &[(u64, T)], depth: u32) -> Node<T> {
    let row = |same: &[(u64, T)]| {
        let items: Vec<T> = same.iter().map(|(_, item)| *item).collect();
        Some(Row { hash: same.first()?.0, items: Items::of(&items)? })
    };
    Node::of(filed.chunk_by(|a, b| a.0 == b.0).filter_map(row).collect(), depth)
}

impl Sieve {
    /// Which of the four numbers, and which bits of it. These are the lowest bits of the hash: the
    /// highest are the same in all of a leaf.
    #[inline]
    fn bits(hash: u64) -> (usize, u64) {
        let place = usize::try_from(hash & 3).unwrap_or(0);
        (place, 1 << ((hash >> 2) & 63) | 1 << ((hash >> 8) & 63))
    }

    fn insert(&mut self, hash: u64) {
        let (place, bits) = Self::bits(hash);
        if let Some(number) = self.0.get_mut(place) {
            *number |= bits;
        }
    }

    #[inline]
    fn passes(&self, hash: u64) -> bool {
        let (place, bits) = Self::bits(hash);
        self.0.get(place).is_some_and(|number| number & bits == bits)
    }
}

impl<T: Copy> Items<T> {
    fn of(items: &[T]) -> Option<Self> {
        match items {
            [] => None,
            [item] => Some(Self::One(*item)),
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

/// Where in a table of `len` places a row may be: at the one it is looked for first, or behind it
/// with no gap between.
///
/// The first place grows with what the branches above have left of the hash, `rest`. In a table
/// without gaps, ascending by hash, the same guess is two or three rows off, which is one cache line
/// more to wait for.
#[inline]
fn places(rest: u64, len: usize) -> impl Iterator<Item = usize> {
    let spread = u128::from(rest) * len as u128;
    let first = usize::try_from(spread >> u64::BITS).unwrap_or(0);
    (first..len).chain(0..first)
}

#[inline]
fn in_leaf<T>(table: &[Option<Row<T>>], hash: u64, rest: u64) -> &[T] {
    for place in places(rest, table.len()) {
        match table.get(place) {
            Some(Some(row)) if row.hash == hash => return row.items.as_slice(),
            Some(Some(_)) => {}
            Some(None) | None => break,
        }
    }
    &[]
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
