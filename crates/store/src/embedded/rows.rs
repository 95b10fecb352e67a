//! The rows on their medium. This is the only place that knows what keeps them.
//!
//! Rows lie in the order of revisions, not of keys: memory has the keys in order, and so what is new is
//! written at the end of the tree, where the rows before it lie too. One more row, the *mark*, says which
//! revision is the latest, also when all its rows are gone, and how far back history is complete. Another
//! says which log belongs to them.

use std::any::Any;
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{
    Builder, Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition,
    WriteTransaction,
};

use super::log::Name;
use super::media::Watched;
use crate::head::Place;
use crate::{Error, Revision};

const ROWS: TableDefinition<'_, Place, &[u8]> = TableDefinition::new("rows");
const MARKS: TableDefinition<'_, &str, (u64, u64)> = TableDefinition::new("marks");
const MARK: &str = "latest, oldest";
const LOG: &str = "log";

/// What is kept of the file in memory. All of it is read once, in order, and then only its right edge is
/// written, so a larger one would only take memory from the state itself.
const CACHE_BYTES: usize = 8 << 20;

/// The latest revision, and the oldest that history reaches back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) latest: Revision,
    pub(super) oldest: Revision,
}

impl Mark {
    /// That of a new store.
    pub(super) const EMPTY: Self = Self { latest: Revision::EMPTY, oldest: Revision::EMPTY };
}

/// Rows that stay.
pub(super) struct Rows {
    database: Database,
    path: PathBuf,
}

impl Rows {
    /// Opens what is on the medium, or begins it. With `check`, every page is held against its checksum;
    /// without, only as far as is needed after a crash.
    pub(super) fn open(medium: Watched, path: &Path, check: bool) -> Result<Self, Error> {
        let database = guarded(path, "open", || {
            let mut builder = Builder::new();
            builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(check);
            Ok(builder.create_with_backend(Backend(medium))?)
        })?;
        Ok(Self { database, path: path.to_owned() })
    }

    /// The mark. None in a new store.
    pub(super) fn mark(&self) -> Result<Option<Mark>, Error> {
        let mark = self.marked(MARK)?;
        Ok(mark.map(|(latest, oldest)| Mark { latest: Revision(latest), oldest: Revision(oldest) }))
    }

    /// The log that goes on from here. None if there never was one.
    pub(super) fn log(&self) -> Result<Option<Name>, Error> {
        Ok(self.marked(LOG)?.map(Name::from))
    }

    fn marked(&self, what: &str) -> Result<Option<(u64, u64)>, Error> {
        guarded(&self.path, "read", || match self.database.begin_read()?.open_table(MARKS) {
            Ok(marks) => Ok(marks.get(what)?.map(|mark| mark.value())),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            Err(other) => Err(other.into()),
        })
    }

    /// Gives every row to `each`, in order, until it refuses one.
    pub(super) fn each(&self, mut each: impl FnMut(Place, &[u8]) -> bool) -> Result<(), Error> {
        let refused = guarded(&self.path, "read", || {
            for found in self.database.begin_read()?.open_table(ROWS)?.iter()? {
                let (place, bytes) = found?;
                if !each(place.value(), bytes.value()) {
                    return Ok(Some(place.value()));
                }
            }
            Ok(None)
        })?;
        refused.map_or(Ok(()), |place| Err(not_ours(&self.path, place)))
    }

    /// Begins: from now on the mark is this, and the log that.
    pub(super) fn begin(&self, mark: Mark, log: Name) -> Result<(), Error> {
        self.write(|writing| {
            drop(writing.open_table(ROWS)?);
            mark_as(writing, mark)?;
            writing.open_table(MARKS)?.insert(LOG, <(u64, u64)>::from(log))?;
            Ok(())
        })
    }

    /// Writes down rows and takes away others, all or nothing, and waits until it stays.
    pub(super) fn keep<'a>(
        &self,
        mark: Mark,
        added: impl Iterator<Item = (Place, &'a [u8])>,
        removed: impl Iterator<Item = Place>,
    ) -> Result<(), Error> {
        self.write(|writing| {
            let mut rows = writing.open_table(ROWS)?;
            for (place, bytes) in added {
                rows.insert(place, bytes)?;
            }
            for place in removed {
                rows.remove(place)?;
            }
            drop(rows);
            mark_as(writing, mark)
        })
    }

    /// Takes away every row after a revision: those of a commit that was answered as failed.
    pub(super) fn rewind(&self, mark: Mark) -> Result<(), Error> {
        self.write(|writing| {
            let later = (Bound::Excluded((mark.latest.0, u32::MAX)), Bound::Unbounded);
            writing.open_table(ROWS)?.retain_in::<Place, _>(later, |_, _| false)?;
            mark_as(writing, mark)
        })
    }

    /// One transaction. It waits twice, first for what is new and then for the word that it counts, so that
    /// no choice of values and no order of the disk's makes half of it count.
    fn write(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), Error> {
        guarded(&self.path, "write", || {
            let mut writing = self.database.begin_write()?;
            writing.set_two_phase_commit(true);
            change(&writing)?;
            Ok(writing.commit()?)
        })
    }
}

fn mark_as(writing: &WriteTransaction, mark: Mark) -> Result<(), redb::Error> {
    writing.open_table(MARKS)?.insert(MARK, (mark.latest.0, mark.oldest.0))?;
    Ok(())
}

/// A row that holds what we never write.
pub(super) fn not_ours(path: &Path, (revision, index): Place) -> Error {
    Error::Corrupt {
        path: path.to_owned(),
        what: format!("write {index} of revision {revision} is none of ours").into(),
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
#[derive(Debug)]
struct Backend(Watched);

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.resize(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}
