//! A store that stays.
//!
//! ```text
//! commit ─► queue ─► the writer: applies what waits to a copy of the state
//!                                writes it down, one transaction, and waits until it stays
//!                                publishes the copy and its events
//!                                answers
//! ```
//!
//! Reads and watches are answered from memory and never wait for the writer.

use std::collections::VecDeque;
use std::future::{Future, ready};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use crate::answer::{Answer, answer};
use crate::commit::refuse;
use crate::event::{Change, Event};
use crate::head::{Limits, Shared};
use crate::history::History;
use crate::map::Map;
use crate::medium::{Draft, Medium};
use crate::{
    Condition, Entry, Error, Keys, Outcome, Page, Revision, Snapshot, Store, Watch, Write,
};

mod disk;
mod row;
mod writer;

use disk::{Disk, Mark};
use row::Row;
use writer::Writer;

/// A store that stays: what is answered survives the process, the system and a loss of power.
///
/// All of it is in memory as well. When writing fails, because the disk is full for instance, commits
/// fail with [`Error::Io`] and reads go on; a later commit works once there is room. Only when *waiting* for
/// the disk fails is nothing written any more: what it has is then unknown until the store is opened again.
/// Dropping the store answers the commits that wait and closes it.
///
/// History stays too, as far back as it was not compacted. What was compacted last may be there again
/// after a restart: forgetting does not wait for the disk.
pub struct Embedded {
    shared: Arc<Shared>,
    /// None only while it is being dropped.
    queue: Option<Sender<Asked>>,
    writer: Option<JoinHandle<()>>,
}

/// A commit that waits for the writer.
struct Asked {
    when: Vec<Condition>,
    then: Vec<Write>,
    bytes: usize,
    answer: Answer<Outcome>,
}

/// Opens the medium, at first and again after a failure.
type Reopen = Box<dyn FnMut() -> io::Result<Box<dyn Medium>> + Send>;

// === impl Embedded ===

impl Embedded {
    /// Opens the store on a medium, or begins it there. The medium is opened with `open`, and so again
    /// after writing failed; `name` stands for it in errors. Nobody else may write to it meanwhile:
    /// [`Directory::store`](crate::Directory::store) sees to that, and to this: a medium that loses power
    /// while a store is begun on it is damaged.
    ///
    /// # Errors
    /// [`Error::Io`] if the medium refuses, [`Error::Corrupt`] if it does not hold what we wrote.
    pub fn on<M: Medium>(
        name: &Path,
        open: impl FnMut() -> io::Result<M> + Send + 'static,
        limits: Limits,
    ) -> Result<Self, Error> {
        Self::start(name, open, limits, true)
    }

    /// As [`Embedded::on`]; with `check`, everything that is there is held against its checksums.
    pub(crate) fn start<M: Medium>(
        name: &Path,
        mut open: impl FnMut() -> io::Result<M> + Send + 'static,
        limits: Limits,
        check: bool,
    ) -> Result<Self, Error> {
        let mut reopen: Reopen = Box::new(move || Ok(Box::new(open()?) as Box<dyn Medium>));
        let disk = reach(&mut reopen, name, check)?;
        let shared = Arc::new(load(&disk, name, limits)?);
        let (queue, asked) = mpsc::channel();
        let writer = Writer::new(Arc::clone(&shared), disk, reopen, name.to_owned());
        let writer = start(writer, asked).map_err(|source| Error::Io {
            doing: "start the writer of",
            path: name.to_owned(),
            source: source.into(),
        })?;
        Ok(Self { shared, queue: Some(queue), writer: Some(writer) })
    }

    /// The current state. It does not wait for a write that is under way.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot()
    }
}

/// The bytes of a store that nothing was written to. They are made in memory, where waiting for them to
/// stay costs nothing.
pub(crate) fn begin(path: &Path) -> Result<Vec<u8>, Error> {
    let draft = Draft::default();
    let disk = Disk::open(Box::new(draft.clone()), path, false)?;
    load(&disk, path, Limits::default())?;
    drop(disk);
    Ok(draft.into_bytes())
}

/// Opens the medium and what is on it.
fn reach(reopen: &mut Reopen, path: &Path, check: bool) -> Result<Disk, Error> {
    let medium = reopen().map_err(|source| Error::Io {
        doing: "open",
        path: path.to_owned(),
        source: source.into(),
    })?;
    Disk::open(medium, path, check)
}

fn start(writer: Writer, asked: Receiver<Asked>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("store-writer".into()).spawn(move || writer.run(&asked))
}

/// Reads everything. A new store gets its mark, so that it is one from now on.
fn load(disk: &Disk, path: &Path, limits: Limits) -> Result<Shared, Error> {
    let mark = match disk.mark()? {
        Some(mark) => mark,
        None => {
            let mark = Mark { latest: Revision::EMPTY, oldest: Revision::EMPTY };
            disk.keep(mark, &[], [].into_iter())?;
            mark
        }
    };
    if mark.oldest > mark.latest || mark.latest < Revision::EMPTY {
        let Mark { latest, oldest } = mark;
        return Err(Error::Corrupt {
            path: path.to_owned(),
            what: format!("its latest revision is {latest}, and its oldest {oldest}").into(),
        });
    }
    let mut map = Map::new();
    let mut history = History::starting_at(mark.oldest);
    let mut garbage = VecDeque::new();
    disk.rows(|(revision, index), row| {
        let revision = Revision(revision);
        let change = match row {
            Row::Put(entry) => {
                let entry = Arc::new(entry);
                let previous = map.insert(Arc::clone(&entry));
                Some(Change::Put { entry, previous })
            }
            Row::Deleted(key) => map.remove(&key).map(|previous| Change::Delete { previous }),
        };
        let Some(change) = change else {
            // A deletion stays longer than what it deleted only if it is not history any more.
            garbage.push_back((revision.0, index));
            return revision <= mark.oldest;
        };
        let event = Arc::new(Event::new(revision, index, change));
        if revision > mark.oldest {
            history.push(event);
        } else {
            crate::head::note(&mut garbage, &event);
        }
        revision <= mark.latest
    })?;
    let state = Snapshot { map, revision: mark.latest };
    Ok(Shared::new(state, history, Some(garbage), limits))
}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(writer) = self.writer.take() {
            // If it panicked there is nobody left to tell, and everyone who waited has been told.
            let _ended = writer.join();
        }
    }
}

impl Store for Embedded {
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
        let waiting = refuse(&then).map_err(Error::from).and_then(|bytes| {
            let (answer, waiting) = answer();
            let asked = Asked { when, then, bytes, answer };
            let queue = self.queue.as_ref().ok_or(Error::Closed)?;
            queue.send(asked).map_err(|_| Error::Closed)?;
            Ok(waiting)
        });
        async move { waiting?.await }
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
