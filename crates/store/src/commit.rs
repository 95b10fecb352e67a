//! What a commit asks and does, and what comes of it.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::err::Refused;
use crate::event::{Change, Event};
use crate::map::Map;
use crate::{Entry, Keys, Revision};

/// The longest key. Every key is compared and kept many times, so it should stay short: the longest that
/// Kubernetes makes (group, resource, namespace and name) has about 700 bytes.
pub const KEY_BYTES_MAX: usize = 4096;

/// The most bytes one commit may carry, keys and values together. A request body is at most 3 MiB; a
/// commit may write several objects because of one, and must still fit a few times into memory.
pub const COMMIT_BYTES_MAX: usize = 64 << 20;

/// What must hold for a commit to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The key is not there.
    Absent(Arc<[u8]>),
    /// The key is there, whatever it holds.
    Present(Arc<[u8]>),
    /// The key is there and was last written by this revision.
    Unchanged(Arc<[u8]>, Revision),
    /// No key begins with this.
    Vacant(Arc<[u8]>),
}

/// One write of a commit. A commit writes a key at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// The key holds these bytes from now on.
    Put {
        /// The key.
        key: Arc<[u8]>,
        /// Its bytes.
        value: Bytes,
    },
    /// The key holds these bytes with the commit's own revision, in decimal digits, between them. So
    /// what is stored can carry its revision where readers look for it, and is sent as it lies there.
    Stamped {
        /// The key.
        key: Arc<[u8]>,
        /// What stands before the revision.
        head: Bytes,
        /// What stands after it.
        tail: Bytes,
    },
    /// The key is there no more. Nothing happens if it was not there.
    Delete {
        /// The key.
        key: Arc<[u8]>,
    },
}

/// What came of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every condition held and every write is done, for good.
    Done {
        /// The commit's revision; the store's current one if the commit changed nothing.
        revision: Revision,
    },
    /// A condition did not hold, so nothing was written.
    Failed {
        /// Which one, counted from zero: the first that did not hold.
        condition: usize,
        /// What its key held then. For [`Condition::Vacant`] the first key that is in the way.
        now: Option<Arc<Entry>>,
        /// When that was.
        revision: Revision,
    },
}

// === impl Condition ===

impl Condition {
    /// What is in the way, if the condition does not hold.
    fn fault(&self, state: &Map) -> Option<Option<Arc<Entry>>> {
        match self {
            Self::Absent(key) => state.get(key).map(|entry| Some(Arc::clone(entry))),
            Self::Present(key) => state.get(key).is_none().then_some(None),
            Self::Unchanged(key, revision) => {
                let now = state.get(key);
                (now.map(|entry| entry.modified) != Some(*revision)).then(|| now.cloned())
            }
            Self::Vacant(prefix) => {
                state.range(&Keys::prefix(prefix)).next().map(|entry| Some(Arc::clone(entry)))
            }
        }
    }
}

// === impl Write ===

impl Write {
    /// A put of copied bytes.
    #[must_use]
    pub fn put(key: &[u8], value: impl Into<Bytes>) -> Self {
        Self::Put { key: key.into(), value: value.into() }
    }

    /// A delete.
    #[must_use]
    pub fn delete(key: &[u8]) -> Self {
        Self::Delete { key: key.into() }
    }

    /// The key it writes.
    #[must_use]
    pub fn key(&self) -> &Arc<[u8]> {
        match self {
            Self::Put { key, .. } | Self::Stamped { key, .. } | Self::Delete { key } => key,
        }
    }

    fn bytes(&self) -> usize {
        let value = match self {
            Self::Put { value, .. } => value.len(),
            Self::Stamped { head, tail, .. } => head.len().saturating_add(tail.len()),
            Self::Delete { .. } => 0,
        };
        self.key().len().saturating_add(value)
    }

    /// What the key is to hold; none if it is to be gone.
    fn value(self, revision: Revision) -> Option<Bytes> {
        match self {
            Self::Put { value, .. } => Some(value),
            Self::Stamped { head, tail, .. } => {
                let digits = revision.to_string();
                let mut value = BytesMut::with_capacity(
                    head.len().saturating_add(digits.len()).saturating_add(tail.len()),
                );
                value.extend_from_slice(&head);
                value.extend_from_slice(digits.as_bytes());
                value.extend_from_slice(&tail);
                Some(value.freeze())
            }
            Self::Delete { .. } => None,
        }
    }
}

// === impl Outcome ===

impl Outcome {
    /// The commit's revision, if it happened.
    #[must_use]
    pub fn done(&self) -> Option<Revision> {
        match self {
            Self::Done { revision } => Some(*revision),
            Self::Failed { .. } => None,
        }
    }
}

// === for stores ===

/// Refuses a commit that cannot be one, whatever is stored. How many bytes it has if it can.
pub(crate) fn refuse(then: &[Write]) -> Result<usize, Refused> {
    let mut bytes = 0_usize;
    for write in then {
        let key = write.key().len();
        if key == 0 || key > KEY_BYTES_MAX {
            return Err(Refused::Key { bytes: key, max: KEY_BYTES_MAX });
        }
        bytes = bytes.saturating_add(write.bytes());
    }
    if bytes > COMMIT_BYTES_MAX {
        return Err(Refused::Size { bytes, max: COMMIT_BYTES_MAX });
    }
    if then.len() > 1 {
        let mut seen = HashSet::with_capacity(then.len());
        if let Some(twice) = then.iter().find(|write| !seen.insert(write.key())) {
            return Err(Refused::Twice { key: Arc::clone(twice.key()) });
        }
    }
    Ok(bytes)
}

/// Applies a commit to `state`, which is at `revision`. The outcome, and what it did: nothing if it failed
/// or had nothing to change, and then `state` is as it was.
pub(crate) fn apply(
    state: &mut Map,
    revision: Revision,
    when: &[Condition],
    then: Vec<Write>,
) -> (Outcome, Vec<Arc<Event>>) {
    for (condition, asked) in when.iter().enumerate() {
        if let Some(now) = asked.fault(state) {
            return (Outcome::Failed { condition, now, revision }, Vec::new());
        }
    }
    let next = revision.next();
    let mut events = Vec::with_capacity(then.len());
    for (index, write) in (0_u32..).zip(then) {
        events.extend(write_one(state, next, index, write).map(Arc::new));
    }
    let revision = if events.is_empty() { revision } else { next };
    (Outcome::Done { revision }, events)
}

fn write_one(state: &mut Map, revision: Revision, index: u32, write: Write) -> Option<Event> {
    let key = Arc::clone(write.key());
    let change = match write.value(revision) {
        Some(value) => {
            let created = state.get(&key).map_or(revision, |entry| entry.created);
            let entry = Arc::new(Entry::new(key, value, created, revision, index));
            let previous = state.insert(Arc::clone(&entry));
            Change::Put { entry, previous }
        }
        None => Change::Delete { previous: state.remove(&key)? },
    };
    Some(Event::new(revision, index, change))
}
