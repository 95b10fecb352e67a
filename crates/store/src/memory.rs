//! A store that keeps nothing beyond the process.

use std::future::{Future, ready};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use crate::commit::{apply, refuse};
use crate::head::{Limits, Shared};
use crate::history::History;
use crate::map::Map;
use crate::{
    Condition, Entry, Error, Keys, Outcome, Page, Revision, Snapshot, Store, Watch, Write,
};

/// A store that keeps nothing beyond the process. Its commits are answered at once.
pub struct Memory {
    shared: Arc<Shared>,
    /// Held by the one commit that is being made. Readers do not need it.
    writing: Mutex<()>,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// An empty store that keeps this much history.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        let state = Snapshot { map: Map::new(), revision: Revision::EMPTY };
        let shared = Shared::new(state, History::starting_at(Revision::EMPTY), None, limits);
        Self { shared: Arc::new(shared), writing: Mutex::new(()) }
    }

    /// The current state.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot()
    }

    /// [`Store::commit`] for who does not want to wait: nothing here has to be waited for.
    ///
    /// # Errors
    /// [`Error::Refused`] for a commit that cannot be one.
    pub fn commit_now(&self, when: &[Condition], then: Vec<Write>) -> Result<Outcome, Error> {
        refuse(&then)?;
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wake = Vec::new();
        let mut state = (*self.shared.snapshot()).clone();
        let (outcome, events) = apply(&mut state.map, state.revision, when, then);
        if let Some(revision) = outcome.done().filter(|revision| *revision > state.revision) {
            state.revision = revision;
            wake = self.shared.publish(state, events);
        }
        drop(writing);
        wake.into_iter().for_each(Waker::wake);
        Ok(outcome)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for Memory {
    fn get(
        &self,
        key: &[u8],
        at: Option<Revision>,
    ) -> impl Future<Output = Result<Option<Arc<Entry>>, Error>> + Send {
        ready(self.shared.get(key, at))
    }

    fn range(
        &self,
        keys: &Keys,
        at: Option<Revision>,
        limit: usize,
    ) -> impl Future<Output = Result<Page, Error>> + Send {
        ready(self.shared.range(keys, at, limit))
    }

    fn commit(
        &self,
        when: Vec<Condition>,
        then: Vec<Write>,
    ) -> impl Future<Output = Result<Outcome, Error>> + Send {
        ready(self.commit_now(&when, then))
    }

    fn watch(&self, prefix: &[u8], after: Option<Revision>) -> Result<Watch, Error> {
        self.shared.watch(prefix, after)
    }

    fn revision(&self) -> Revision {
        self.shared.snapshot().revision()
    }

    fn oldest(&self) -> Revision {
        self.shared.oldest()
    }

    fn compact(&self, below: Revision) {
        self.shared.compact(below);
    }
}
