//! A vector whose copies share what they have in common.

use std::fmt;
use std::sync::Arc;

/// Leaves of one block: a hundred thousand items take two hundred blocks of eight each, or twenty-five
/// of sixty-four.
const BLOCK: usize = 64;

/// A vector of which clones are O(1) and share everything until one of them changes: setting an item
/// then copies `LEAF` items and two short lists of pointers, however long the vector is. Reading one is
/// three dependent loads, of which the first two stay in the cache.
///
/// To copy a counted pointer touches what it points to, so eight of them cost more than sixty-four
/// numbers: the size of a leaf is for who knows the items to choose.
///
/// It only grows: who removes things keeps `Slots<Option<T>>`, so that the places of the others stay.
#[derive(Clone)]
pub struct Slots<T, const LEAF: usize = 8> {
    blocks: Arc<[Block<T>]>,
    len: usize,
}

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
        self.blocks.get(index / (BLOCK * LEAF))?.get(index / LEAF % BLOCK)?.get(index % LEAF)
    }

    /// All items in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flat_map(|block| block.iter()).flat_map(|leaf| leaf.iter())
    }
}

impl<T: Clone, const LEAF: usize> Slots<T, LEAF> {
    /// Puts `item` in the place of the one at `index`. False, and nothing is changed, if there is no
    /// such place.
    pub fn set(&mut self, index: usize, item: T) -> bool {
        if index >= self.len {
            return false;
        }
        let blocks = Arc::make_mut(&mut self.blocks);
        let leaf = blocks
            .get_mut(index / (BLOCK * LEAF))
            .and_then(|block| Arc::make_mut(block).get_mut(index / LEAF % BLOCK))
            .and_then(|leaf| Arc::make_mut(leaf).get_mut(index % LEAF));
        match leaf {
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
        let whole = index.is_multiple_of(BLOCK * LEAF);
        let mut leaves: Vec<Leaf<T>> = Vec::new();
        if !whole && let Some(block) = self.blocks.last() {
            leaves.extend(block.iter().cloned());
        }
        if index.is_multiple_of(LEAF) {
            leaves.push(Arc::from([item]));
        } else if let Some(leaf) = leaves.last_mut() {
            *leaf = leaf.iter().cloned().chain([item]).collect();
        }
        let kept = self.blocks.len() - usize::from(!whole);
        let block: Block<T> = leaves.into();
        self.blocks = self.blocks.iter().take(kept).cloned().chain([block]).collect();
        index
    }
}

impl<T, const LEAF: usize> Default for Slots<T, LEAF> {
    fn default() -> Self {
        Self { blocks: Arc::from([]), len: 0 }
    }
}

impl<T, const LEAF: usize> FromIterator<T> for Slots<T, LEAF> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        let (mut blocks, mut leaves, mut len) = (Vec::new(), Vec::with_capacity(BLOCK), 0);
        loop {
            let leaf: Leaf<T> = items.by_ref().take(LEAF).collect();
            let last = leaf.len() < LEAF;
            len += leaf.len();
            if !leaf.is_empty() {
                leaves.push(leaf);
            }
            if leaves.len() == BLOCK || last && !leaves.is_empty() {
                blocks.push(Block::from(std::mem::replace(&mut leaves, Vec::with_capacity(BLOCK))));
            }
            if last {
                return Self { blocks: blocks.into(), len };
            }
        }
    }
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

    const LENGTHS: [usize; 13] = [0, 1, 7, 8, 9, 16, 64, 511, 512, 513, 520, 1024, 5000];

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
