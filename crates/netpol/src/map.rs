//! A map whose copies share what they have in common.

use std::hash::Hash;
use std::ops::{Deref, DerefMut};

use foldhash::fast::RandomState;
use rpds::HashTrieMapSync;

/// Places in a branch, where the library's default is 64: to change an entry copies the branches on the
/// way to it, and each copy counts a reference in every child, and those lie far apart in memory.
const DEGREE: u8 = 16;

/// A map of which clones are O(1) and share everything until one of them changes. What it can do is what
/// the map inside can.
#[derive(Clone, Debug)]
pub(crate) struct Map<K: Eq + Hash, V>(HashTrieMapSync<K, V, RandomState>);

impl<K: Eq + Hash, V> Default for Map<K, V> {
    fn default() -> Self {
        let hasher = RandomState::default();
        Self(HashTrieMapSync::new_with_hasher_and_degree_and_ptr_kind(hasher, DEGREE))
    }
}

impl<K: Eq + Hash, V> Deref for Map<K, V> {
    type Target = HashTrieMapSync<K, V, RandomState>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<K: Eq + Hash, V> DerefMut for Map<K, V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Of a key given twice, the last one counts.
impl<K: Eq + Hash, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        entries.into_iter().for_each(|(key, value)| map.insert_mut(key, value));
        map
    }
}
