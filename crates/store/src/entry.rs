//! What is stored: a key, its bytes, and when they were written.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::Memo;

/// A point in the store's one history. Every commit that changes something makes the next.
///
/// Revisions of one store are comparable whatever key they belong to, and never go back, also not
/// across restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision of a store nothing was ever written to. The first commit makes the next one, so no
    /// key has this revision and 0, which some callers give a meaning of its own, is never one.
    pub const EMPTY: Self = Self(1);

    /// The revision after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A key and what it held from one revision on. Shared by state, history and events; never changed.
#[derive(Debug)]
pub struct Entry {
    /// The key.
    pub key: Arc<[u8]>,
    /// Its bytes. Cloning them is counting a reference.
    pub value: Bytes,
    /// When the key came to be: the revision of the put that found it absent.
    pub created: Revision,
    /// When these bytes were written. Equal to [`Entry::created`] until the key is put again.
    pub modified: Revision,
    /// What a reader made of the bytes, kept as long as the entry.
    pub memo: Memo,
    /// Which write of its commit it was.
    pub(crate) index: u32,
}

impl Entry {
    pub(crate) fn new(
        key: Arc<[u8]>,
        value: Bytes,
        created: Revision,
        modified: Revision,
        index: u32,
    ) -> Self {
        Self { key, value, created, modified, memo: Memo::default(), index }
    }

    /// How much this entry weighs in limits: its bytes and what surrounds them.
    #[must_use]
    pub fn weight(&self) -> usize {
        // The entry itself, its counters and its places in map and history, measured at about this.
        const AROUND: usize = 200;
        self.key.len().saturating_add(self.value.len()).saturating_add(AROUND)
    }
}

/// Equal in what is stored; what readers noted on it does not count.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
            && self.value == other.value
            && self.created == other.created
            && self.modified == other.modified
    }
}

impl Eq for Entry {}
