//! A vector whose copies share what they have in common.

use std::fmt;
use std::sync::Arc;

/// Branches of one block on either of the two levels above the leaves: with leaves of eight, a hundred
/// thousand items stand under fifty branches at the top. Setting an item counts a reference in each
/// branch of three short lists. With one level of 64 branches it was three times as many: a tenth of
/// what the change of a pod costs.
const BLOCK: usize = 16;

/// A vector of which clones are O(1) and share everything until one of them changes: setting an item
/// then copies `LEAF` items and three short lists of pointers, however long the vector is. Reading one is
/// four dependent loads, of which the first three stay in the cache.
///
/// To copy a counted pointer touches what it points to, so eight of them cost more than sixty-four
/// numbers: the size of a leaf is for who knows the items to choose.
///
/// It only grows: who removes things keeps `Slots<Option<T>>`, so that the places of the others stay.
#[derive(Clone)]
pub struct Slots<T, const LEAF: usize = 8> {
    halls: Arc<[Hall<T>]>,
    len: usize,
}

type Hall<T> = Arc<[Block<T>]>;
type Block<T> = Arc<[Leaf<T>]>;
type Leaf<T> = Arc<[T]>;

impl<T, const LEAF: usize> Slots<T, LEAF> {
    /// How many items there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The item at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        let hall = self.halls.get(index / (BLOCK * BLOCK * LEAF))?;
        let block = hall.get(index / (BLOCK * LEAF) % BLOCK)?;
        block.get(index / LEAF % BLOCK)?.get(index % LEAF)
    }

    /// All items in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let blocks = self.halls.iter().flat_map(|hall| hall.iter());
        blocks.flat_map(|block| block.iter()).flat_map(|leaf| leaf.iter())
    }
}

impl<T: Clone, const LEAF: usize> Slots<T, LEAF> {
    /// Puts `item` in the place of the one at `index`. False, and nothing is changed, if there is no
    /// such place.
    pub fn set(&mut self, index: usize, item: T) -> bool {
        if index >= self.len {
            return false;
        }
        let place = Arc::make_mut(&mut self.halls)
            .get_mut(index / (BLOCK * BLOCK * LEAF))
            .and_then(|hall| Arc::make_mut(hall).get_mut(index / (BLOCK * LEAF) % BLOCK))
            .and_then(|block| Arc::make_mut(block).get_mut(index / LEAF % BLOCK))
            .and_then(|leaf| Arc::make_mut(leaf).get_mut(index % LEAF));
        match place {
            Some(place) => {
                *place = item;
                true
            }
            None => false,
        }
    }

    /// Adds an item at the end, and hands back its place.
    pub fn push(&mut self, item: T) -> usize {
        let index = self.len;
        self.len += 1;
        let hall = self.halls.last().filter(|_| !index.is_multiple_of(BLOCK * BLOCK * LEAF));
        let block = hall.and_then(|hall| hall.last());
        let block = block.filter(|_| !index.is_multiple_of(BLOCK * LEAF));
        let leaf = block.and_then(|block| block.last());
        let leaf = leaf.filter(|_| !index.is_multiple_of(LEAF));
        let leaf = with_last(leaf.map_or(&[][..], |leaf| leaf), usize::MAX, item);
        let block = with_last(block.map_or(&[][..], |block| block), index / LEAF % BLOCK, leaf);
        let place = index / (BLOCK * LEAF) % BLOCK;
        let hall = with_last(hall.map_or(&[][..], |hall| hall), place, block);
        self.halls = with_last(&self.halls, index / (BLOCK * BLOCK * LEAF), hall);
        index
    }
}

/// The first of these, as many as `before`, and one more.
fn with_last<T: Clone>(items: &[T], before: usize, last: T) -> Arc<[T]> {
    items.iter().take(before).cloned().chain([last]).collect()
}

impl<T, const LEAF: usize> Default for Slots<T, LEAF> {
    fn default() -> Self {
        Self { halls: Arc::from([]), len: 0 }
    }
}

impl<T, const LEAF: usize> FromIterator<T> for Slots<T, LEAF> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut len = 0;
        let items = items.into_iter().fuse().inspect(|_| len += 1);
        let blocks = grouped::<_, BLOCK>(grouped::<_, LEAF>(items));
        let halls: Vec<Hall<T>> = grouped::<_, BLOCK>(blocks).collect();
        Self { halls: halls.into(), len }
    }
}

/// The items in groups of `SIZE`, the last of them perhaps smaller.
fn grouped<T, const SIZE: usize>(
    mut items: impl Iterator<Item = T>,
) -> impl Iterator<Item = Arc<[T]>> {
    std::iter::from_fn(move || {
        let group: Vec<T> = items.by_ref().take(SIZE).collect();
        (!group.is_empty()).then(|| group.into())
    })
}

impl<T: PartialEq, const LEAF: usize> PartialEq for Slots<T, LEAF> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<T: fmt::Debug, const LEAF: usize> fmt::Debug for Slots<T, LEAF> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTHS: [usize; 13] = [0, 1, 7, 8, 9, 127, 128, 129, 2047, 2048, 2049, 16_384, 16_400];

    fn holds_what_a_vector_holds<const LEAF: usize>() {
        for len in LENGTHS {
            let vector: Vec<usize> = (0..len).collect();
            let gathered: Slots<usize, LEAF> = vector.iter().copied().collect();
            let mut pushed = Slots::default();
            for (place, item) in vector.iter().enumerate() {
                assert_eq!(pushed.push(*item), place);
            }
            assert_eq!(gathered, pushed, "{len}");
            assert_eq!(gathered.len(), len);
            assert!(gathered.iter().eq(&vector), "{len}");
            assert_eq!(gathered.get(len), None);
            assert!((0..len).all(|i| pushed.get(i) == Some(&i)), "{len}");
        }
    }

    #[test]
    fn it_holds_what_a_vector_holds() {
        holds_what_a_vector_holds::<8>();
        holds_what_a_vector_holds::<64>();
    }

    #[test]
    fn a_copy_never_sees_what_happens_to_the_other() {
        for len in LENGTHS.into_iter().filter(|len| *len > 0) {
            let before: Slots<usize> = (0..len).collect();
            let mut after = before.clone();
            assert!(after.set(len - 1, 9_999));
            assert!(!after.set(len, 1));
            after.push(7);
            assert!(before.iter().copied().eq(0..len), "{len}");
            assert_eq!((after.get(len - 1), after.get(len)), (Some(&9_999), Some(&7)), "{len}");
        }
    }
}
