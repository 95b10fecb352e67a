//! A store that stays.
//!
//! ```text
//! commit ─► queue ─► the writer: applies what waits to a copy of the state
//!                                writes it into the log, one frame, and waits until it stays
//!                                publishes the copy and its events
//!                                answers
//!                                log full: gives everything in it its row, one transaction
//! ```
//!
//! Reads and watches are answered from memory and never wait for the writer.

use std::collections::VecDeque;
use std::future::{Future, ready};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use crate::answer::{Answer, answer};
use crate::commit::refuse;
use crate::event::{Change, Event};
use crate::head::{Limits, Shared};
use crate::history::History;
use crate::map::Map;
use crate::medium::{Draft, Media, Medium};
use crate::{
    Condition, Entry, Error, Keys, Outcome, Page, Revision, Snapshot, Store, Watch, Write,
};

mod disk;
mod log;
mod media;
mod row;
mod rows;
mod writer;

use disk::Disk;
pub(crate) use disk::{LOG, ROWS};
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

/// Opens the media of a store, whatever they are.
type Open = Box<dyn FnMut() -> io::Result<Media<Box<dyn Medium>>> + Send>;

/// Where a store is, and how to get at it: at first, and again after a failure.
struct Location {
    open: Open,
    path: PathBuf,
    log_length: u64,
}

impl Location {
    fn open(&mut self, check: bool) -> Result<Disk, Error> {
        let media = (self.open)().map_err(|source| Error::Io {
            doing: "open",
            path: self.path.clone(),
            source: source.into(),
        })?;
        Disk::open(media, &self.path, self.log_length, check)
    }
}

// === impl Embedded ===

impl Embedded {
    /// Opens the store on its media, or begins it there. They are opened with `open`, and so again
    /// after writing failed; `name` stands for their folder in errors. Nobody else may write to them meanwhile:
    /// [`Directory::store`](crate::Directory::store) sees to that, and to this: media that lose power
    /// while a store is begun on them are damaged.
    ///
    /// # Errors
    /// [`Error::Io`] if a medium refuses, [`Error::Corrupt`] if they do not hold what we wrote.
    pub fn on<M: Medium>(
        name: &Path,
        open: impl FnMut() -> io::Result<Media<M>> + Send + 'static,
        limits: Limits,
    ) -> Result<Self, Error> {
        Self::start(name, open, limits, true)
    }

    /// As [`Embedded::on`]; with `check`, everything that is there is held against its checksums.
    pub(crate) fn start<M: Medium>(
        name: &Path,
        mut open: impl FnMut() -> io::Result<Media<M>> + Send + 'static,
        limits: Limits,
        check: bool,
    ) -> Result<Self, Error> {
        let open = move || {
            let Media { rows, log } = open()?;
            Ok(Media { rows: Box::new(rows) as Box<dyn Medium>, log: Box::new(log) as _ })
        };
        let mut location =
            Location { open: Box::new(open), path: name.to_owned(), log_length: limits.log };
        let disk = location.open(check)?;
        let shared = Arc::new(load(&disk, limits)?);
        let (queue, asked) = mpsc::channel();
        let writer = Writer::new(Arc::clone(&shared), disk, location);
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
pub(crate) fn begin(path: &Path, limits: Limits) -> Result<Media<Vec<u8>>, Error> {
    let (rows, log) = (Draft::default(), Draft::default());
    let media = Media { rows: Box::new(rows.clone()) as _, log: Box::new(log.clone()) as _ };
    drop(Disk::open(media, path, limits.log, false)?);
    Ok(Media { rows: rows.into_bytes(), log: log.into_bytes() })
}

/// Whether anything was ever written to the log that these are the bytes of.
pub(crate) fn is_used(log: &[u8]) -> bool {
    log.get(log::SECTOR..).is_some_and(|frames| frames.iter().any(|byte| *byte != 0))
}

fn start(writer: Writer, asked: Receiver<Asked>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("store-writer".into()).spawn(move || writer.run(&asked))
}

/// Reads everything.
fn load(disk: &Disk, limits: Limits) -> Result<Shared, Error> {
    let mark = disk.mark();
    let mut map = Map::new();
    let mut history = History::starting_at(mark.oldest);
    let mut garbage = VecDeque::new();
    disk.each(|(revision, index), row| {
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
