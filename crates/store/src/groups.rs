//! Watches by what they watch: an event finds those it concerns without asking the others.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::{Event, Revision};

/// Where a group begins to count its events: they may come to be preceded by earlier ones.
const MIDDLE: u64 = 1 << 63;

/// All watches, by prefix.
#[derive(Default)]
pub(crate) struct Groups {
    by_prefix: HashMap<Box<[u8]>, Arc<Group>, foldhash::fast::RandomState>,
    /// How many groups have a prefix of this length: an event looks once for each length there is.
    lengths: BTreeMap<usize, usize>,
}

/// The watches of one prefix. They share the events; each has its own place among them.
pub(crate) struct Group {
    pub(crate) prefix: Box<[u8]>,
    inner: Mutex<Inner>,
}

pub(crate) struct Inner {
    /// The events of this prefix after `complete`, in order.
    events: VecDeque<Arc<Event>>,
    /// Number of the first of `events`, counted over the life of the group.
    first: u64,
    /// Every event of this prefix with a greater revision is or was in `events`.
    complete: Revision,
    /// One place for every watch, with its waker while it waits.
    waiting: Vec<Option<Waker>>,
    /// Places that no watch has.
    free: Vec<usize>,
}

impl Groups {
    /// The group of this prefix, made if there is none, complete after `now`.
    pub(crate) fn of(&mut self, prefix: &[u8], now: Revision) -> Arc<Group> {
        if let Some(group) = self.by_prefix.get(prefix) {
            return Arc::clone(group);
        }
        let inner = Inner {
            events: VecDeque::new(),
            first: MIDDLE,
            complete: now,
            waiting: Vec::new(),
            free: Vec::new(),
        };
        let group = Arc::new(Group { prefix: prefix.into(), inner: Mutex::new(inner) });
        self.by_prefix.insert(prefix.into(), Arc::clone(&group));
        *self.lengths.entry(prefix.len()).or_default() += 1;
        group
    }

    /// Takes a watch out of its group, and the group away with the last of them.
    pub(crate) fn leave(&mut self, group: &Group, place: usize) {
        let mut inner = group.lock();
        if let Some(waiting) = inner.waiting.get_mut(place) {
            *waiting = None;
        }
        inner.free.push(place);
        if inner.free.len() < inner.waiting.len() {
            return;
        }
        self.by_prefix.remove(&group.prefix);
        if let Some(count) = self.lengths.get_mut(&group.prefix.len()) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.lengths.remove(&group.prefix.len());
            }
        }
    }

    /// Gives an event to the groups it concerns, and puts those who wait for it into `wake`.
    pub(crate) fn push(&self, event: &Arc<Event>, wake: &mut Vec<Waker>) {
        let key = event.key();
        for length in self.lengths.keys() {
            let Some(prefix) = key.get(..*length) else { break };
            let Some(group) = self.by_prefix.get(prefix) else { continue };
            let mut inner = group.lock();
            inner.events.push_back(Arc::clone(event));
            wake.extend(inner.waiting.iter_mut().filter_map(Option::take));
        }
    }

    /// Forgets every event up to and with this revision. Nobody is woken: who waits has seen them all.
    pub(crate) fn forget(&self, below: Revision) {
        for group in self.by_prefix.values() {
            let mut inner = group.lock();
            while inner.events.front().is_some_and(|event| event.revision <= below) {
                inner.events.pop_front();
                inner.first = inner.first.saturating_add(1);
            }
            inner.complete = inner.complete.max(below);
        }
    }
}

impl Group {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing inside can be half done: what panics is a waker's clone, and it is called first.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Makes the events reach back to `after` with what history says of the time before. The number of
    /// the first event after it.
    pub(crate) fn reach<'a>(
        &mut self,
        after: Revision,
        earlier: impl Iterator<Item = &'a Arc<Event>>,
    ) -> u64 {
        if after < self.complete {
            let missing: Vec<_> =
                earlier.take_while(|event| event.revision <= self.complete).cloned().collect();
            // Numbers go down from where the group began, which is far enough from zero.
            self.first = self.first.saturating_sub(missing.len() as u64);
            for event in missing.into_iter().rev() {
                self.events.push_front(event);
            }
            self.complete = after;
        }
        let before = self.events.partition_point(|event| event.revision <= after);
        self.first.saturating_add(before as u64)
    }

    /// A place for one more watch.
    pub(crate) fn place(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.waiting.push(None);
            self.waiting.len().saturating_sub(1)
        })
    }

    /// The event of this number: none if it is not there yet, an error if it is there no more.
    pub(crate) fn event(&self, number: u64) -> Result<Option<&Arc<Event>>, Gone> {
        let at = number.checked_sub(self.first).ok_or(Gone)?;
        Ok(usize::try_from(at).ok().and_then(|at| self.events.get(at)))
    }

    /// Has this watch woken when there is something new.
    pub(crate) fn wait(&mut self, place: usize, waker: &Waker) {
        if let Some(waiting) = self.waiting.get_mut(place) {
            match waiting {
                Some(before) => before.clone_from(waker),
                None => *waiting = Some(waker.clone()),
            }
        }
    }
}

/// The event is not kept any more.
pub(crate) struct Gone;
