//! The half of a store that answers: state, history and watches, all in memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use crate::groups::{Group, Groups};
use crate::history::{self, History};
use crate::{Entry, Error, Event, Keys, Page, Revision, Snapshot, Watch};

/// How much history is kept at most, whatever its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most events.
    pub events: usize,
    /// The most bytes that they keep in memory, about.
    pub bytes: usize,
}

impl Default for Limits {
    /// As many events as the original keeps for one busy resource, and no more memory than a server of
    /// this kind can spare: 100,000 of 600 bytes, or fewer larger ones.
    fn default() -> Self {
        Self { events: 100_000, bytes: 64 << 20 }
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
}

impl Shared {
    /// Begins with this state; history begins with it.
    pub(crate) fn new(state: Snapshot, limits: Limits) -> Self {
        let revision = state.revision;
        let history = History::starting_at(revision);
        Self {
            state: ArcSwap::from_pointee(state),
            published: AtomicU64::new(revision.0),
            recent: Mutex::new(Recent { history, groups: Groups::default() }),
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

    /// Makes a state the current one, with what led to it.
    pub(crate) fn publish(&self, state: Snapshot, events: Vec<Arc<Event>>) {
        let revision = state.revision;
        let mut wake = Vec::new();
        let mut recent = self.lock();
        for event in events {
            recent.groups.push(&event, &mut wake);
            recent.history.push(event);
        }
        if recent.history.shrink(self.limits.events, self.limits.bytes) {
            recent.groups.forget(recent.history.oldest());
        }
        self.state.store(Arc::new(state));
        self.published.store(revision.0, Ordering::Release);
        drop(recent);
        // Outside the lock: who is woken may come at once.
        for waker in wake {
            waker.wake();
        }
    }

    pub(crate) fn compact(&self, below: Revision) {
        let mut recent = self.lock();
        let below = below.min(self.published());
        recent.history.forget(below);
        recent.groups.forget(below);
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
        let Recent { history, groups } = &mut *recent;
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
