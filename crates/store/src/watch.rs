//! Following what is written.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::groups::{Gone, Group};
use crate::head::Shared;
use crate::{Error, Event, Revision};

/// Everything that happens to the keys of one prefix, from a revision on, in order and once.
///
/// Events are not kept for a watch: it has a place among those that are there for all, so a watch that is
/// not read costs nothing, and ends with [`Error::Slow`] once what it has not seen is compacted. It may
/// outlive its store, and then has nothing more to say.
pub struct Watch {
    shared: Arc<Shared>,
    group: Arc<Group>,
    /// Its place among the waiting of its group.
    place: usize,
    /// Number of the next event in its group.
    next: u64,
    /// The revision of the last event it was given, or where it began.
    delivered: Revision,
}

impl Watch {
    pub(crate) fn new(
        shared: Arc<Shared>,
        group: Arc<Group>,
        place: usize,
        next: u64,
        after: Revision,
    ) -> Self {
        Self { shared, group, place, next, delivered: after }
    }

    /// The next event, as soon as there is one. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// [`Error::Slow`] if the next event is compacted. It will be so for ever.
    pub async fn next(&mut self) -> Result<Arc<Event>, Error> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// The next event, if there is one already.
    ///
    /// # Errors
    /// [`Error::Slow`] if the next event is compacted.
    pub fn try_next(&mut self) -> Result<Option<Arc<Event>>, Error> {
        let event = match self.group.lock().event(self.next) {
            Ok(Some(event)) => Arc::clone(event),
            Ok(None) => return Ok(None),
            Err(Gone) => return Err(Error::Slow { delivered: self.delivered }),
        };
        Ok(Some(self.deliver(event)))
    }

    /// The next event, or the promise to be woken when there is one. The latest waker counts.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Arc<Event>, Error>> {
        let mut inner = self.group.lock();
        let event = match inner.event(self.next) {
            Ok(Some(event)) => Arc::clone(event),
            Ok(None) => {
                inner.wait(self.place, context.waker());
                return Poll::Pending;
            }
            Err(Gone) => return Poll::Ready(Err(Error::Slow { delivered: self.delivered })),
        };
        drop(inner);
        Poll::Ready(Ok(self.deliver(event)))
    }

    /// Everything up to this revision was delivered: whoever watches on after it misses nothing. It grows
    /// also when other keys are written.
    #[must_use]
    pub fn revision(&self) -> Revision {
        // Asked first: what is published is in the groups, so all of it up to here is there below.
        let published = self.shared.published();
        match self.group.lock().event(self.next) {
            Ok(None) => published.max(self.delivered),
            // The next event may be the second of a commit, so its revision is not delivered yet.
            Ok(Some(event)) => Revision(event.revision.0.saturating_sub(1)),
            // What is gone may have been of the commit that was delivered last.
            Err(Gone) => Revision(self.delivered.0.saturating_sub(1)),
        }
    }

    fn deliver(&mut self, event: Arc<Event>) -> Arc<Event> {
        self.next = self.next.saturating_add(1);
        self.delivered = event.revision;
        event
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.leave(&self.group, self.place);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = String::from_utf8_lossy(&self.group.prefix);
        write!(f, "Watch(`{prefix}`, delivered {})", self.delivered)
    }
}
