//! What a commit did to a key.

use std::sync::Arc;

use crate::{Entry, Memo, Revision};

/// What one commit did to one key. Shared by history and every watch it is delivered to.
#[derive(Debug)]
pub struct Event {
    /// The commit's revision. A commit of several writes has several events of one revision, in the order
    /// of its writes.
    pub revision: Revision,
    /// What happened.
    pub change: Change,
    /// What a reader made of the event, kept as long as it: its encoding, say.
    pub memo: Memo,
    /// Which write of its commit it was.
    pub(crate) index: u32,
}

/// What happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was put.
    Put {
        /// What it holds since.
        entry: Arc<Entry>,
        /// What it held before, if it was there.
        previous: Option<Arc<Entry>>,
    },
    /// It was deleted.
    Delete {
        /// What it held before.
        previous: Arc<Entry>,
    },
}

impl Event {
    pub(crate) fn new(revision: Revision, index: u32, change: Change) -> Self {
        Self { revision, change, memo: Memo::default(), index }
    }

    /// The key it happened to.
    #[must_use]
    pub fn key(&self) -> &Arc<[u8]> {
        match &self.change {
            Change::Put { entry, .. } => &entry.key,
            Change::Delete { previous } => &previous.key,
        }
    }

    /// What the key holds since.
    #[must_use]
    pub fn entry(&self) -> Option<&Arc<Entry>> {
        match &self.change {
            Change::Put { entry, .. } => Some(entry),
            Change::Delete { .. } => None,
        }
    }

    /// What the key held before.
    #[must_use]
    pub fn previous(&self) -> Option<&Arc<Entry>> {
        match &self.change {
            Change::Put { previous, .. } => previous.as_ref(),
            Change::Delete { previous } => Some(previous),
        }
    }

    /// How much memory history keeps because of this event: what was written, or what was deleted. What
    /// a put replaced is counted by the event that wrote it.
    pub(crate) fn weight(&self) -> usize {
        match &self.change {
            Change::Put { entry, .. } => entry.weight(),
            Change::Delete { previous } => previous.weight(),
        }
    }
}
