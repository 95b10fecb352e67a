//! The state at one revision.

use std::fmt;
use std::sync::Arc;

use crate::map::Map;
use crate::{Entry, Keys, Page, Revision};

/// The whole state at one revision. Clone is O(1); reading never waits for writers and never changes.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) map: Map,
    pub(crate) revision: Revision,
}

impl Snapshot {
    /// The revision this is the state of.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What a key holds.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&Arc<Entry>> {
        self.map.get(key)
    }

    /// What these keys hold, in their order. How many there are is known without a walk.
    pub fn range(&self, keys: &Keys) -> impl ExactSizeIterator<Item = &Arc<Entry>> {
        self.map.range(keys)
    }

    /// How many of these keys are there, counted without a walk.
    #[must_use]
    pub fn count(&self, keys: &Keys) -> usize {
        self.map.count(keys)
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there are no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `limit` of these keys.
    #[must_use]
    pub fn page(&self, keys: &Keys, limit: usize) -> Page {
        let found = self.range(keys);
        let remaining = found.len().saturating_sub(limit);
        let entries = found.take(limit).cloned().collect();
        Page { entries, revision: self.revision, remaining }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot(revision {}, {} keys)", self.revision, self.len())
    }
}
