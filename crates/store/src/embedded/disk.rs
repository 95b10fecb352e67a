//! The rows on the medium. This is the only place that knows what keeps them.
//!
//! Rows lie in the order of revisions, not of keys: memory has the keys in order, and so a commit is
//! written at the end of the tree, where the rows before it lie too. One more row, the *mark*, says which
//! revision is the latest, also when all its rows are gone, and how far back history is complete.

use std::any::Any;
use std::fmt;
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use redb::{Builder, Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition};

use super::row::{self, Row};
use crate::head::Place;
use crate::{Error, Event, Medium, Revision};

const ROWS: TableDefinition<'_, Place, &[u8]> = TableDefinition::new("rows");
const MARKS: TableDefinition<'_, &str, (u64, u64)> = TableDefinition::new("marks");
const MARK: &str = "latest, oldest";

/// What is kept of the file in memory. All of it is read once, in order, and then only its right edge is
/// written, so a larger one would only take memory from the state itself.
const CACHE_BYTES: usize = 8 << 20;

/// The latest revision, and the oldest that history reaches back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) latest: Revision,
    pub(super) oldest: Revision,
}

/// Rows that stay.
pub(super) struct Disk {
    database: Database,
    path: PathBuf,
    unsynced: Arc<OnceLock<Arc<io::Error>>>,
}

impl Disk {
    /// Opens what is on the medium, or begins it. With `check`, every page is held against its checksum;
    /// without, only as far as is needed after a crash.
    pub(super) fn open(medium: Box<dyn Medium>, path: &Path, check: bool) -> Result<Self, Error> {
        let unsynced = Arc::new(OnceLock::new());
        let backend = Backend { medium, unsynced: Arc::clone(&unsynced) };
        let database = guarded(path, "open", || {
            let mut builder = Builder::new();
            builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(check);
            Ok(builder.create_with_backend(backend)?)
        })?;
        Ok(Self { database, path: path.to_owned(), unsynced })
    }

    /// The mark. None in a new store.
    pub(super) fn mark(&self) -> Result<Option<Mark>, Error> {
        let mark =
            guarded(&self.path, "read", || match self.database.begin_read()?.open_table(MARKS) {
                Ok(marks) => Ok(marks.get(MARK)?.map(|mark| mark.value())),
                Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
                Err(other) => Err(other.into()),
            })?;
        Ok(mark.map(|(latest, oldest)| Mark { latest: Revision(latest), oldest: Revision(oldest) }))
    }

    /// Gives every row to `each`, in order, until it refuses one.
    pub(super) fn rows(&self, mut each: impl FnMut(Place, Row) -> bool) -> Result<(), Error> {
        let refused = guarded(&self.path, "read", || {
            for found in self.database.begin_read()?.open_table(ROWS)?.iter()? {
                let (place, bytes) = found?;
                let place = place.value();
                if !row::read(place, bytes.value()).is_some_and(|row| each(place, row)) {
                    return Ok(Some(place));
                }
            }
            Ok(None)
        })?;
        match refused {
            None => Ok(()),
            Some((revision, index)) => Err(Error::Corrupt {
                path: self.path.clone(),
                what: format!("write {index} of revision {revision} is none of ours").into(),
            }),
        }
    }

    /// Why nothing can be promised any more, if waiting for the medium failed. What was written before
    /// may then be lost although it reads well, so a later commit must not be built on it.
    pub(super) fn unsynced(&self) -> Option<Error> {
        let source = Arc::clone(self.unsynced.get()?);
        Some(Error::Io { doing: "sync", path: self.path.clone(), source })
    }

    /// Writes down what happened and takes away what is not needed any more, all or nothing, and waits
    /// until it stays.
    pub(super) fn keep(
        &self,
        mark: Mark,
        events: &[Arc<Event>],
        garbage: impl Iterator<Item = Place>,
    ) -> Result<(), Error> {
        guarded(&self.path, "write", || {
            let writing = self.database.begin_write()?;
            let mut rows = writing.open_table(ROWS)?;
            let mut bytes = Vec::new();
            for event in events {
                row::write(event, &mut bytes);
                rows.insert(row::place(event), bytes.as_slice())?;
            }
            for place in garbage {
                rows.remove(place)?;
            }
            drop(rows);
            writing.open_table(MARKS)?.insert(MARK, (mark.latest.0, mark.oldest.0))?;
            Ok(writing.commit()?)
        })
    }

    /// Takes away every row after a revision: those of a commit that was answered as failed.
    pub(super) fn rewind(&self, mark: Mark) -> Result<(), Error> {
        guarded(&self.path, "write", || {
            let writing = self.database.begin_write()?;
            let mut rows = writing.open_table(ROWS)?;
            let later = (Bound::Excluded((mark.latest.0, u32::MAX)), Bound::Unbounded);
            rows.retain_in::<Place, _>(later, |_, _| false)?;
            drop(rows);
            writing.open_table(MARKS)?.insert(MARK, (mark.latest.0, mark.oldest.0))?;
            Ok(writing.commit()?)
        })
    }
}

/// Runs what reads or writes the file and says what went wrong in our words. A damaged file may make it
/// panic in places that its checksums do not cover; that is its damage and must not be our end.
fn guarded<T>(
    path: &Path,
    doing: &'static str,
    run: impl FnOnce() -> Result<T, redb::Error>,
) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(wrong)) => Err(said(path, doing, wrong)),
        Err(panic) => Err(Error::Corrupt { path: path.to_owned(), what: last_words(&*panic) }),
    }
}

fn said(path: &Path, doing: &'static str, wrong: redb::Error) -> Error {
    let path = path.to_owned();
    match wrong {
        redb::Error::Io(source) if source.kind() != io::ErrorKind::InvalidData => {
            Error::Io { doing, path, source: source.into() }
        }
        // After a failure it wants to be opened again, and says so until it is.
        redb::Error::PreviousIo => {
            let source = io::Error::other("writing failed before");
            Error::Io { doing, path, source: source.into() }
        }
        other => Error::Corrupt { path, what: other.to_string().into() },
    }
}

fn last_words(panic: &(dyn Any + Send)) -> Arc<str> {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it cannot be read").into()
}

/// A medium as the file's keeper wants it. Nobody else opens it: the folder is locked before.
struct Backend {
    medium: Box<dyn Medium>,
    /// What the first failed wait said.
    unsynced: Arc<OnceLock<Arc<io::Error>>>,
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.medium.fmt(f)
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.medium.length()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.medium.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.medium.resize(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.medium.sync().inspect_err(|wrong| {
            let copy = io::Error::new(wrong.kind(), wrong.to_string());
            self.unsynced.get_or_init(|| Arc::new(copy));
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.medium.write(offset, data)
    }
}
