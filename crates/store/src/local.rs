//! Either of the stores of this process.

use std::sync::Arc;

use crate::{
    Condition, Embedded, Entry, Error, Keys, Memory, Outcome, Page, Revision, Snapshot, Store,
    Watch, Write,
};

/// A store of this process, which has all of it in memory: one that stays, or one that does not.
pub enum Local {
    /// It is gone with the process.
    Memory(Memory),
    /// It stays.
    Embedded(Embedded),
}

impl Local {
    /// The current state. Reading it never waits.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        match self {
            Self::Memory(store) => store.snapshot(),
            Self::Embedded(store) => store.snapshot(),
        }
    }
}

impl Store for Local {
    async fn get(&self, key: &[u8], at: Option<Revision>) -> Result<Option<Arc<Entry>>, Error> {
        match self {
            Self::Memory(store) => store.get(key, at).await,
            Self::Embedded(store) => store.get(key, at).await,
        }
    }

    async fn range(&self, keys: &Keys, at: Option<Revision>, limit: usize) -> Result<Page, Error> {
        match self {
            Self::Memory(store) => store.range(keys, at, limit).await,
            Self::Embedded(store) => store.range(keys, at, limit).await,
        }
    }

    async fn commit(&self, when: Vec<Condition>, then: Vec<Write>) -> Result<Outcome, Error> {
        match self {
            Self::Memory(store) => store.commit(when, then).await,
            Self::Embedded(store) => store.commit(when, then).await,
        }
    }

    fn watch(&self, prefix: &[u8], after: Option<Revision>) -> Result<Watch, Error> {
        match self {
            Self::Memory(store) => store.watch(prefix, after),
            Self::Embedded(store) => store.watch(prefix, after),
        }
    }

    fn revision(&self) -> Revision {
        match self {
            Self::Memory(store) => store.revision(),
            Self::Embedded(store) => store.revision(),
        }
    }

    fn oldest(&self) -> Revision {
        match self {
            Self::Memory(store) => store.oldest(),
            Self::Embedded(store) => store.oldest(),
        }
    }

    fn compact(&self, below: Revision) {
        match self {
            Self::Memory(store) => store.compact(below),
            Self::Embedded(store) => store.compact(below),
        }
    }
}
