//! May this object be? And the only way into the store.

use std::sync::Arc;

use portcullis_admission::Passed;
use portcullis_kinds::Object;
use portcullis_store::{Condition, Entry, Outcome, Revision, Store, Write};

use crate::status::Status;
use crate::stored::Item;

/// The proof that a change passed every gate: which key, what it held when it was judged, what it is to
/// hold. The writer compares what it held, so that nothing is stored that was judged on something else.
pub struct Admitted {
    key: String,
    old: Option<Arc<Entry>>,
    new: Option<Item>,
    /// What else must hold, as that the namespace is there.
    also: Vec<Condition>,
    /// What else is written, as an address that is taken.
    with: Vec<Write>,
}

/// What became of a write.
#[derive(Debug)]
pub enum Written {
    /// It is stored at this revision.
    Done(Revision),
    /// Somebody else changed the key in between: it is to be judged again.
    Overtaken,
    /// Another condition does not hold any more, as that the namespace is there.
    Unfounded,
}

impl Admitted {
    /// A change that the chain of admission let pass.
    pub(crate) fn by_chain(
        _passed: Passed,
        key: String,
        old: Option<Arc<Entry>>,
        new: Option<Item>,
    ) -> Self {
        Self { key, old, new, also: Vec::new(), with: Vec::new() }
    }

    /// What the server stores by itself at the start: the bootstrap policy, the first namespaces.
    pub(crate) fn by_bootstrap(key: String, old: Option<Arc<Entry>>, new: Object) -> Self {
        Self { key, old, new: Some(Item::of(new)), also: Vec::new(), with: Vec::new() }
    }

    /// What a controller makes of what it has read: see [`controllers`](crate::controllers).
    pub(crate) fn by_controller(key: String, old: Option<Arc<Entry>>, new: Option<Object>) -> Self {
        let new = new.map(Item::of);
        Self { key, old, new, also: Vec::new(), with: Vec::new() }
    }

    /// Both changes, or neither.
    pub(crate) fn together(mut self, other: Self) -> Self {
        let key: Arc<[u8]> = other.key.as_bytes().into();
        self.also.push(unchanged(&key, other.old.as_deref()));
        self.also.extend(other.also);
        self.with.push(change(key, other.new));
        self.with.extend(other.with);
        self
    }

    /// The same under further conditions.
    pub(crate) fn provided(mut self, condition: Condition) -> Self {
        self.also.push(condition);
        self
    }

    /// The same with further writes.
    pub(crate) fn with(mut self, write: Write) -> Self {
        self.with.push(write);
        self
    }

    /// Stores it.
    pub(crate) async fn write(self, store: &impl Store) -> Result<Written, Status> {
        let key: Arc<[u8]> = self.key.as_bytes().into();
        let mut when = vec![unchanged(&key, self.old.as_deref())];
        when.extend(self.also);
        let mut then = vec![change(key, self.new)];
        then.extend(self.with);
        let outcome = store.commit(when, then).await;
        match outcome.map_err(|why| Status::internal(&why.to_string()))? {
            Outcome::Done { revision } => Ok(Written::Done(revision)),
            Outcome::Failed { condition: 0, .. } => Ok(Written::Overtaken),
            Outcome::Failed { .. } => Ok(Written::Unfounded),
        }
    }
}

/// The key still holds what was judged.
fn unchanged(key: &Arc<[u8]>, old: Option<&Entry>) -> Condition {
    match old {
        Some(entry) => Condition::Unchanged(Arc::clone(key), entry.modified),
        None => Condition::Absent(Arc::clone(key)),
    }
}

fn change(key: Arc<[u8]>, new: Option<Item>) -> Write {
    match new {
        Some(item) => item.put(key),
        None => Write::Delete { key },
    }
}

/// The write that says that something there is only once of is taken, and by whom.
pub(crate) fn taken(key: &str, by: &str) -> Write {
    Write::put(key.as_bytes(), by.to_owned())
}
