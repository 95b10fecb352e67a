//! The state: an ordered map whose copies share what they have in common.

use std::ops::Bound;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use crate::{Entry, Keys};

/// Entries in the order of their keys. Clone is O(1) and a clone never changes.
#[derive(Clone)]
pub(crate) struct Map(RedBlackTreeMapSync<Arc<[u8]>, Arc<Entry>>);

impl Map {
    pub(crate) fn new() -> Self {
        Self(RedBlackTreeMapSync::new_sync())
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&Arc<Entry>> {
        self.0.get(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.size()
    }

    /// Puts an entry; what its key held before.
    pub(crate) fn insert(&mut self, entry: Arc<Entry>) -> Option<Arc<Entry>> {
        let previous = self.0.get(&entry.key).cloned();
        self.0.insert_mut(Arc::clone(&entry.key), entry);
        previous
    }

    /// Removes a key; what it held.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Arc<Entry>> {
        let previous = self.0.get(key).cloned()?;
        self.0.remove_mut(key);
        Some(previous)
    }

    pub(crate) fn range(&self, keys: &Keys) -> impl Iterator<Item = &Arc<Entry>> {
        let start = keys.start();
        let from: &[u8] = if keys.is_before(start) { &[] } else { start };
        let to = match keys.end() {
            // A stretch that ends before it starts has no keys, and the tree would not like to be asked.
            Some(end) if end <= start => Bound::Excluded::<&[u8]>(&[]),
            Some(end) => Bound::Excluded(end),
            None => Bound::Unbounded,
        };
        self.0.range::<[u8], _>((Bound::Included(from), to)).map(|(_, entry)| entry)
    }

    pub(crate) fn count(&self, keys: &Keys) -> usize {
        self.range(keys).count()
    }
}
