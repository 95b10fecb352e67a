//! Where a transaction goes: into the log at first, and once that is full, each of its writes into its row.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::log::{Log, Name};
use super::media::{Unsynced, Watched};
use super::row::{self, Row};
use super::rows::{self, Mark, Rows};
use crate::head::Place;
use crate::{Error, Event, Media, Medium, Revision};

/// The names of the two in their folder.
pub(crate) const ROWS: &str = "data";
pub(crate) const LOG: &str = "log";

/// What stays.
pub(super) struct Disk {
    rows: Rows,
    /// What the rows know. The log goes on from there.
    mark: Mark,
    log: Log,
    unsynced: Unsynced,
}

impl Disk {
    /// Opens what is on the media, or begins it; `path` stands for what they are in. With `check`, every
    /// page of rows is held against its checksum; without, only as far as is needed after a crash. The log
    /// is always read as a whole, and stays as long as it was when it was begun.
    pub(super) fn open(
        media: Media<Box<dyn Medium>>,
        path: &Path,
        log_length: u64,
        check: bool,
    ) -> Result<Self, Error> {
        let unsynced = Unsynced::default();
        let watched = |medium, name| Watched::new(medium, path.join(name), unsynced.clone());
        let log = watched(media.log, LOG);
        let rows = Rows::open(watched(media.rows, ROWS), &path.join(ROWS), check)?;
        let mark = rows.mark()?.unwrap_or(Mark::EMPTY);
        if mark.oldest > mark.latest || mark.latest < Revision::EMPTY {
            let Mark { latest, oldest } = mark;
            let what = format!("its latest revision is {latest}, and its oldest {oldest}");
            return Err(Error::Corrupt { path: path.join(ROWS), what: what.into() });
        }
        let name = match rows.log()? {
            Some(name) => name,
            // It is new, or of a time before there was a log.
            None => {
                let name = Name::random(path)?;
                Log::begin(&log, name, log_length)?;
                rows.begin(mark, name)?;
                name
            }
        };
        let log = Log::open(log, name, mark.latest)?;
        Ok(Self { rows, mark, log, unsynced })
    }

    /// The latest revision, and the oldest that history reaches back to.
    pub(super) fn mark(&self) -> Mark {
        Mark { latest: self.log.latest(), ..self.mark }
    }

    /// Gives every row to `each`, in the order of revisions, until it refuses one.
    pub(super) fn each(&self, mut each: impl FnMut(Place, Row) -> bool) -> Result<(), Error> {
        let mut read =
            |place, bytes: &[u8]| row::read(place, bytes).is_some_and(|row| each(place, row));
        self.rows.each(&mut read)?;
        let held = self.log.held(self.mark.latest)?;
        match held.rows().find(|(place, bytes)| !read(*place, bytes)) {
            None => Ok(()),
            Some((place, _)) => Err(rows::not_ours(self.log.path(), place)),
        }
    }

    /// Why nothing can be promised any more, if waiting for a medium failed.
    pub(super) fn unsynced(&self) -> Option<Error> {
        self.unsynced.why()
    }

    /// How many writes are in the log.
    pub(super) fn logged(&self) -> usize {
        self.log.rows()
    }

    /// Writes down what happened and waits until it stays. False, and nothing is done, if the log is full.
    pub(super) fn log(&mut self, latest: Revision, events: &[Arc<Event>]) -> Result<bool, Error> {
        self.log.append(latest, events)
    }

    /// Gives what is in the log its rows, and what happened now; takes away the rows that are not needed any
    /// more. All or nothing, and it stays.
    pub(super) fn file(
        &mut self,
        mark: Mark,
        events: &[Arc<Event>],
        garbage: &[Place],
    ) -> Result<(), Error> {
        let filed = self.mark.latest.0;
        let (removed, spared): (Vec<Place>, Vec<Place>) =
            garbage.iter().partition(|(revision, _)| *revision <= filed);
        // What is not needed any more before it had a row does not get one.
        let spared: HashSet<Place, RandomState> = spared.into_iter().collect();
        let made: Vec<(Place, Vec<u8>)> =
            events.iter().map(|event| (row::place(event), row::of(event))).collect();
        let held = self.log.held(self.mark.latest)?;
        let added = held
            .rows()
            .filter(|(place, _)| !spared.contains(place))
            .chain(made.iter().map(|(place, bytes)| (*place, bytes.as_slice())));
        self.rows.keep(mark, added, removed.into_iter())?;
        self.mark = mark;
        self.log.restart(mark.latest);
        Ok(())
    }

    /// Takes back everything after a revision: a transaction that was answered as failed.
    pub(super) fn rewind(&mut self, mark: Mark) -> Result<(), Error> {
        if self.mark.latest > mark.latest {
            self.rows.rewind(mark)?;
            self.mark = mark;
        }
        self.log.rewind(self.mark.latest, mark.latest)
    }
}
