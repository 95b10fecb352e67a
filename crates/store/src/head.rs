//! The half of a store that answers: state, history and watches, all in memory.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use arc_swap::ArcSwap;

use crate::groups::{Group, Groups};
use crate::history::{self, History};
use crate::{Entry, Error, Event, Keys, Page, Revision, Snapshot, Watch};

/// How much history is kept at most, whatever its age, and how much may wait in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most events.
    pub events: usize,
    /// The most bytes that they keep in memory, about.
    pub bytes: usize,
    /// How long the log of a store that stays is, in bytes, if the store is begun now. Once it is full, what
    /// it holds is written to where it is kept for good, and commits wait for that.
    pub log: u64,
}

impl Default for Limits {
    /// As many events as the original keeps for one busy resource, and no more memory than a server of
    /// this kind can spare: 100,000 of 600 bytes, or fewer larger ones. A log of 4 MB is some thousand
    /// objects, which are kept for good in some 20 ms.
    fn default() -> Self {
        Self { events: 100_000, bytes: 64 << 20, log: 4 << 20 }
    }
}

/// What is published, and who waits for more.
pub(crate) struct Shared {
    state: ArcSwap<Snapshot>,
    published: AtomicU64,
    recent: Mutex<Recent>,
    limits: Limits,
}

/// What happened lately, and who follows it. INVARIANT: `history` ends at the revision of the state.
struct Recent {
    history: History,
    groups: Groups,
    /// What a store that keeps rows need not keep any more, oldest first. None if it keeps none.
    garbage: Option<VecDeque<Place>>,
}

/// Where an entry or a deletion was written: the revision of its commit, and which of its writes.
pub(crate) type Place = (u64, u32);

impl Shared {
    /// Begins with this state, and with the history that leads to it.
    pub(crate) fn new(
        state: Snapshot,
        history: History,
        garbage: Option<VecDeque<Place>>,
        limits: Limits,
    ) -> Self {
        let revision = state.revision;
        let mut recent = Recent { history, groups: Groups::default(), garbage };
        recent.shrink(limits);
        Self {
            state: ArcSwap::from_pointee(state),
            published: AtomicU64::new(revision.0),
            recent: Mutex::new(recent),
            limits,
        }
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.state.load_full()
    }

    /// The latest revision that every watch can see.
    pub(crate) fn published(&self) -> Revision {
        Revision(self.published.load(Ordering::Acquire))
    }

    pub(crate) fn oldest(&self) -> Revision {
        self.lock().history.oldest()
    }

    /// Makes a state the current one, with what led to it. Who waited for that is to be woken.
    #[must_use]
    pub(crate) fn publish(&self, state: Snapshot, events: Vec<Arc<Event>>) -> Vec<Waker> {
        let revision = state.revision;
        let mut wake = Vec::new();
        let mut recent = self.lock();
        for event in events {
            recent.groups.push(&event, &mut wake);
            recent.history.push(event);
        }
        recent.shrink(self.limits);
        self.state.store(Arc::new(state));
        self.published.store(revision.0, Ordering::Release);
        wake
    }

    pub(crate) fn compact(&self, below: Revision) {
        let mut recent = self.lock();
        let below = below.min(self.published());
        recent.forget(below);
    }

    /// The first `most` rows that need not be kept, and the oldest revision that can be told without them.
    pub(crate) fn garbage(&self, most: usize) -> (Vec<Place>, Revision) {
        let recent = self.lock();
        let garbage = recent.garbage.iter().flatten().take(most).copied().collect();
        (garbage, recent.history.oldest())
    }

    /// Forgets that many rows: they are kept no more.
    pub(crate) fn discarded(&self, rows: usize) {
        if let Some(garbage) = &mut self.lock().garbage {
            garbage.drain(..rows.min(garbage.len()));
        }
    }

    pub(crate) fn get(
        &self,
        key: &[u8],
        at: Option<Revision>,
    ) -> Result<Option<Arc<Entry>>, Error> {
        let now = self.snapshot();
        let Some(at) = at.filter(|at| *at != now.revision) else {
            return Ok(now.get(key).cloned());
        };
        let recent = self.lock();
        let now = self.snapshot();
        recent.history.reaches(at, now.revision)?;
        let changed = recent.history.after(at).find(|event| event.key().as_ref() == key);
        Ok(match changed {
            Some(event) => event.previous().cloned(),
            None => now.get(key).cloned(),
        })
    }

    pub(crate) fn range(
        &self,
        keys: &Keys,
        at: Option<Revision>,
        limit: usize,
    ) -> Result<Page, Error> {
        let now = self.snapshot();
        let Some(at) = at.filter(|at| *at != now.revision) else {
            return Ok(now.page(keys, limit));
        };
        let recent = self.lock();
        let now = self.snapshot();
        recent.history.reaches(at, now.revision)?;
        let then = recent.history.since(keys, at);
        drop(recent);
        Ok(history::page_then(&now, then, keys, at, limit))
    }

    pub(crate) fn watch(
        self: &Arc<Self>,
        prefix: &[u8],
        after: Option<Revision>,
    ) -> Result<Watch, Error> {
        let mut recent = self.lock();
        let newest = self.published();
        let after = after.unwrap_or(newest);
        recent.history.reaches(after, newest)?;
        let Recent { history, groups, .. } = &mut *recent;
        let group = groups.of(prefix, newest);
        let mut inner = group.lock();
        let earlier = history.after(after).filter(|event| event.key().starts_with(prefix));
        let next = inner.reach(after, earlier);
        let place = inner.place();
        drop(inner);
        Ok(Watch::new(Arc::clone(self), group, place, next, after))
    }

    pub(crate) fn leave(&self, group: &Group, place: usize) {
        self.lock().groups.leave(group, place);
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        // Nothing between the first and the last change of a publication can panic.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recent {
    fn shrink(&mut self, limits: Limits) {
        let Self { history, groups, garbage } = self;
        if history.shrink(limits.events, limits.bytes, &mut noting(garbage)) {
            groups.forget(history.oldest());
        }
    }

    fn forget(&mut self, below: Revision) {
        let Self { history, groups, garbage } = self;
        history.forget(below, &mut noting(garbage));
        groups.forget(below);
    }
}

fn noting(garbage: &mut Option<VecDeque<Place>>) -> impl FnMut(&Event) {
    |event| garbage.iter_mut().for_each(|garbage| note(garbage, event))
}

/// Notes the rows that nobody needs once an event is forgotten: what it replaced, and of a deletion its
/// own as well. INVARIANT: a deletion comes after the rows it deletes, and rows are taken away in this
/// order, or what was deleted would be there again.
pub(crate) fn note(garbage: &mut VecDeque<Place>, event: &Event) {
    garbage.extend(event.previous().map(|entry| (entry.modified.0, entry.index)));
    if event.entry().is_none() {
        garbage.push_back((event.revision.0, event.index));
    }
}
