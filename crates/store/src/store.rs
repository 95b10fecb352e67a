//! The contract every store keeps.

use std::future::Future;
use std::sync::Arc;

use crate::{Condition, Entry, Error, Keys, Outcome, Revision, Watch, Write};

/// Keys, bytes and one global revision.
///
/// Its futures need no runtime and may be dropped at any time; a commit whose future is dropped may
/// happen or not. What it promises is held by one suite of tests for every implementation:
///
/// - a commit happens as a whole or not at all, and once it is answered it stays;
/// - who was answered a revision sees it, and everything before it, in every later read and watch;
/// - a watch delivers every change of its keys once and in order, or ends with [`Error::Slow`].
pub trait Store: Send + Sync + 'static {
    /// What a key held at a revision, or holds now.
    ///
    /// # Errors
    /// [`Error::Compacted`] and [`Error::Future`] for revisions that cannot be read.
    fn get(
        &self,
        key: &[u8],
        at: Option<Revision>,
    ) -> impl Future<Output = Result<Option<Arc<Entry>>, Error>> + Send;

    /// The first `limit` of these keys, all as of one revision: the one asked for, or the current one.
    ///
    /// # Errors
    /// [`Error::Compacted`] and [`Error::Future`] for revisions that cannot be read.
    fn range(
        &self,
        keys: &Keys,
        at: Option<Revision>,
        limit: usize,
    ) -> impl Future<Output = Result<Page, Error>> + Send;

    /// Does all the writes at one revision if all the conditions hold, and nothing otherwise. It is
    /// answered when it is done for good, and seen by others no sooner.
    ///
    /// # Errors
    /// [`Error::Refused`] for a commit that cannot be one; [`Error::Io`] if it could not be kept.
    fn commit(
        &self,
        when: Vec<Condition>,
        then: Vec<Write>,
    ) -> impl Future<Output = Result<Outcome, Error>> + Send;

    /// Follows the keys that begin with `prefix`: everything written after a revision, or from now on.
    ///
    /// # Errors
    /// [`Error::Compacted`] if what was written after it is not all known any more; [`Error::Future`] for
    /// a revision that is not reached.
    fn watch(&self, prefix: &[u8], after: Option<Revision>) -> Result<Watch, Error>;

    /// The revision of the latest commit.
    fn revision(&self) -> Revision;

    /// The oldest revision that can be read, and that a watch can start after.
    fn oldest(&self) -> Revision;

    /// Forgets what was before this revision: it becomes the oldest, or the current one if that is
    /// older. Watches that have not yet been given what is forgotten end with [`Error::Slow`].
    fn compact(&self, below: Revision);
}

/// What a range found.
#[derive(Clone, Debug)]
pub struct Page {
    /// The entries, in the order of their keys.
    pub entries: Vec<Arc<Entry>>,
    /// The revision at which they were all so.
    pub revision: Revision,
    /// How many of the keys asked for come after these.
    pub remaining: usize,
}

impl Page {
    /// Whether there are more than these.
    #[must_use]
    pub fn more(&self) -> bool {
        self.remaining > 0
    }
}
