//! What was written lately, for watches that start in the past and reads of older revisions.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::{Entry, Error, Event, Keys, Page, Revision, Snapshot};

/// The latest events. It holds all with a revision greater than `oldest`, and no others.
pub(crate) struct History {
    events: VecDeque<Arc<Event>>,
    /// The sum of their weights.
    bytes: usize,
    oldest: Revision,
}

impl History {
    pub(crate) fn starting_at(oldest: Revision) -> Self {
        Self { events: VecDeque::new(), bytes: 0, oldest }
    }

    pub(crate) fn oldest(&self) -> Revision {
        self.oldest
    }

    pub(crate) fn push(&mut self, event: Arc<Event>) {
        self.bytes = self.bytes.saturating_add(event.weight());
        self.events.push_back(event);
    }

    /// Forgets whole revisions until no more than so many events and bytes are left, and gives them to
    /// `forgotten`. Whether any was.
    pub(crate) fn shrink(
        &mut self,
        events_max: usize,
        bytes_max: usize,
        forgotten: &mut impl FnMut(&Event),
    ) -> bool {
        let before = self.oldest;
        while self.events.len() > events_max || self.bytes > bytes_max {
            let Some(first) = self.events.front() else { break };
            self.forget(first.revision, forgotten);
        }
        self.oldest > before
    }

    /// Forgets every event up to and with this revision, and gives them to `forgotten`.
    pub(crate) fn forget(&mut self, below: Revision, forgotten: &mut impl FnMut(&Event)) {
        while let Some(first) = self.events.front().filter(|event| event.revision <= below) {
            self.bytes = self.bytes.saturating_sub(first.weight());
            forgotten(first);
            self.events.pop_front();
        }
        self.oldest = self.oldest.max(below);
    }

    /// Every event after a revision, in order.
    pub(crate) fn after(&self, revision: Revision) -> impl Iterator<Item = &Arc<Event>> {
        let from = self.events.partition_point(|event| event.revision <= revision);
        self.events.range(from..)
    }

    /// Whether the state at `asked` can be told, `newest` being the current revision.
    pub(crate) fn reaches(&self, asked: Revision, newest: Revision) -> Result<(), Error> {
        match asked {
            _ if asked > newest => Err(Error::Future { asked, newest }),
            _ if asked < self.oldest => Err(Error::Compacted { asked, oldest: self.oldest }),
            _ => Ok(()),
        }
    }

    /// What these keys held at `at` where that is not what they hold now: the first thing that happened
    /// to a key since says what it held before.
    pub(crate) fn since(
        &self,
        keys: &Keys,
        at: Revision,
    ) -> BTreeMap<Arc<[u8]>, Option<Arc<Entry>>> {
        let mut then = BTreeMap::new();
        for event in self.after(at).filter(|event| keys.contains(event.key())) {
            then.entry(Arc::clone(event.key())).or_insert_with(|| event.previous().cloned());
        }
        then
    }
}

/// A page of these keys as they were at `at`: `now`, with what changed since put back.
pub(crate) fn page_then(
    now: &Snapshot,
    mut then: BTreeMap<Arc<[u8]>, Option<Arc<Entry>>>,
    keys: &Keys,
    at: Revision,
    limit: usize,
) -> Page {
    let mut entries = Vec::new();
    let mut remaining = 0_usize;
    let mut add = |entry: Arc<Entry>| match entries.len() < limit {
        true => entries.push(entry),
        false => remaining = remaining.saturating_add(1),
    };
    for entry in now.range(keys) {
        while let Some(gone) = then.first_entry().filter(|gone| *gone.key() < entry.key) {
            gone.remove().into_iter().for_each(&mut add);
        }
        match then.remove(&entry.key) {
            Some(before) => before.into_iter().for_each(&mut add),
            None => add(Arc::clone(entry)),
        }
    }
    then.into_values().flatten().for_each(&mut add);
    Page { entries, revision: at, remaining }
}
