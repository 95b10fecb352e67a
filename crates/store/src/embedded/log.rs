//! What was answered and has no row yet.
//!
//! A row has its place in a tree, and to write one means writing a dozen pages. Here a transaction is
//! written where the one before it ended, and the disk is waited for once. When there is no room left,
//! everything that is here gets its row in one go and the log begins from the start.
//!
//! ```text
//! head, 512 bytes   frame   frame   frame   (what is left of the turn before, or zeros)
//!
//! head:  "portcullis log 1"   name   length of the log   zeros
//!        16                   16     8
//! frame: name   revision before   revision after   bytes of rows   digest   rows   zeros to the next sector
//!        16     8                 8                4               32
//! row:   revision   index   length   row.rs
//!        8          4       4
//! ```
//!
//! with numbers in little endian. A frame counts if its digest (SHA-256 of everything else in it) is right
//! and it goes on where the one before it, or the last row, ended. What was left of an earlier turn ends
//! before that. So a loss of power in the midst of a frame takes this frame, which nobody was told of; and
//! a frame that cannot be read though a later one can is damage, and so is a log of another length. (That
//! the last frame is damaged cannot be told from a loss of power; a store that is closed has none.)
//! Frames begin with sectors, so that writing one
//! touches no other; and with the name, chosen at random when the store was begun and told to nobody, so
//! that no value anybody stores can look like one.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use ring::digest::{Context, Digest, SHA256, SHA256_OUTPUT_LEN};
use ring::rand::{SecureRandom, SystemRandom};

use super::media::Watched;
use super::row;
use crate::head::Place;
use crate::{Error, Event, Revision};

/// What disks write as a whole, or not.
pub(super) const SECTOR: usize = 512;

/// What the log begins with, before its name.
const MAGIC: &[u8; 16] = b"portcullis log 1";

/// Where a frame's digest begins, and its rows.
const DIGEST: usize = NAME_BYTES + 8 + 8 + 4;
const ROWS: usize = DIGEST + SHA256_OUTPUT_LEN;

const NAME_BYTES: usize = 16;

/// What stands before a row.
const ROW_HEAD: usize = 8 + 4 + 4;

/// No log is longer: all of it is read at once.
const LENGTH_MAX: u64 = 1 << 30;

/// Tells a log, and each of its frames, from everything else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Name([u8; NAME_BYTES]);

/// Transactions that have no rows yet.
pub(super) struct Log {
    medium: Watched,
    name: Name,
    /// How long it is.
    room: u64,
    /// Where the next frame begins.
    end: u64,
    /// Up to which revision it, or the rows, know everything.
    latest: Revision,
    /// How many rows it holds.
    rows: usize,
    /// A frame while it is made.
    frame: Vec<u8>,
}

/// A frame that counts, among all the bytes of a log.
struct Frame {
    before: Revision,
    after: Revision,
    rows: Range<usize>,
    /// Where the next one begins.
    end: usize,
}

/// What a log holds.
pub(super) struct Held {
    bytes: Vec<u8>,
    frames: Vec<Frame>,
}

// === impl Name ===

impl Name {
    /// A name that no other log has.
    pub(super) fn random(path: &Path) -> Result<Self, Error> {
        let mut name = [0; NAME_BYTES];
        SystemRandom::new().fill(&mut name).map_err(|_| Error::Io {
            doing: "get random bytes for",
            path: path.to_owned(),
            source: Arc::new(io::Error::other("the system has none")),
        })?;
        Ok(Self(name))
    }
}

impl From<(u64, u64)> for Name {
    fn from((first, second): (u64, u64)) -> Self {
        Self((u128::from(second) << 64 | u128::from(first)).to_le_bytes())
    }
}

impl From<Name> for (u64, u64) {
    fn from(name: Name) -> Self {
        let whole = u128::from_le_bytes(name.0);
        // The lower half, and the upper.
        (whole as u64, (whole >> 64) as u64)
    }
}

impl fmt::Debug for Name {
    /// Not the name: who knows it can store what looks like a frame.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Name(…)")
    }
}

// === impl Log ===

impl Log {
    /// Begins an empty log of this length.
    pub(super) fn begin(medium: &Watched, name: Name, length: u64) -> Result<(), Error> {
        let sector = SECTOR as u64;
        let length = length.clamp(sector, LENGTH_MAX).next_multiple_of(sector);
        let mut head = [MAGIC, &name.0, &length.to_le_bytes()[..]].concat();
        head.resize(SECTOR, 0);
        medium.resize(length).map_err(|wrong| medium.error("write", wrong))?;
        medium.write(0, &head).map_err(|wrong| medium.error("write", wrong))?;
        medium.sync().map_err(|wrong| medium.error("sync", wrong))
    }

    /// Opens the log of this name, which goes on from a revision.
    pub(super) fn open(medium: Watched, name: Name, since: Revision) -> Result<Self, Error> {
        let mut log = Self { medium, name, room: 0, end: 0, latest: since, rows: 0, frame: vec![] };
        let held = log.held(since)?;
        log.room = held.bytes.len() as u64;
        log.continue_after(since, &held, &held.frames);
        Ok(log)
    }

    /// Up to which revision it, or the rows it goes on from, know everything.
    pub(super) fn latest(&self) -> Revision {
        self.latest
    }

    /// The file it is in.
    pub(super) fn path(&self) -> &Path {
        self.medium.path()
    }

    /// How many rows it holds.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Writes a transaction and waits until it stays. False, and nothing is done, if there is no room.
    pub(super) fn append(
        &mut self,
        latest: Revision,
        events: &[Arc<Event>],
    ) -> Result<bool, Error> {
        let rows: usize = events.iter().map(|event| ROW_HEAD + row::length(event)).sum();
        let length = (ROWS + rows).next_multiple_of(SECTOR);
        let (Ok(rows), end) = (u32::try_from(rows), self.end + length as u64) else {
            return Ok(false);
        };
        if end > self.room {
            return Ok(false);
        }
        let frame = &mut self.frame;
        frame.clear();
        frame.extend_from_slice(&self.name.0);
        frame.extend_from_slice(&self.latest.0.to_le_bytes());
        frame.extend_from_slice(&latest.0.to_le_bytes());
        frame.extend_from_slice(&rows.to_le_bytes());
        frame.resize(ROWS, 0);
        for event in events {
            let (revision, index) = row::place(event);
            // The sum of all of them fits.
            let length = row::length(event) as u32;
            frame.extend_from_slice(&revision.to_le_bytes());
            frame.extend_from_slice(&index.to_le_bytes());
            frame.extend_from_slice(&length.to_le_bytes());
            row::write(event, frame);
        }
        if let Some(digest) = digest(frame)
            && let Some(place) = frame.get_mut(DIGEST..ROWS)
        {
            place.copy_from_slice(digest.as_ref());
        }
        frame.resize(length, 0);
        self.medium.write(self.end, frame).map_err(|wrong| self.medium.error("write", wrong))?;
        self.medium.sync().map_err(|wrong| self.medium.error("sync", wrong))?;
        self.end = end;
        self.latest = latest;
        self.rows += events.len();
        Ok(true)
    }

    /// Begins from the start: everything up to a revision has its row.
    pub(super) fn restart(&mut self, latest: Revision) {
        self.end = SECTOR as u64;
        self.latest = latest;
        self.rows = 0;
    }

    /// Takes away what follows a revision: a transaction that was answered as failed. `since` is where the
    /// log goes on from.
    pub(super) fn rewind(&mut self, since: Revision, latest: Revision) -> Result<(), Error> {
        let held = self.held(since)?;
        let kept = held.frames.partition_point(|frame| frame.after <= latest);
        self.continue_after(since, &held, held.frames.get(..kept).unwrap_or_default());
        if self.end == self.room {
            return Ok(());
        }
        self.medium
            .write(self.end, &[0; SECTOR])
            .map_err(|wrong| self.medium.error("write", wrong))?;
        self.medium.sync().map_err(|wrong| self.medium.error("sync", wrong))
    }

    fn continue_after(&mut self, since: Revision, held: &Held, frames: &[Frame]) {
        self.restart(since);
        if let Some(last) = frames.last() {
            self.end = last.end as u64;
            self.latest = last.after;
            self.rows = frames.iter().map(|frame| held.of(frame).count()).sum();
        }
    }

    /// Everything that counts, if the log goes on from this revision.
    pub(super) fn held(&self, since: Revision) -> Result<Held, Error> {
        let length = self.medium.length().map_err(|wrong| self.medium.error("read", wrong))?;
        let length = usize::try_from(length.min(LENGTH_MAX)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        self.medium.read(0, &mut bytes).map_err(|wrong| self.medium.error("read", wrong))?;
        let named = bytes.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix(&self.name.0));
        let Some((said, _)) = named.and_then(<[u8]>::split_first_chunk) else {
            return Err(self.damaged("it is not the log that belongs to the rows"));
        };
        let said = u64::from_le_bytes(*said);
        if said != length as u64 {
            return Err(self.damaged(&format!("it has {length} bytes instead of {said}")));
        }
        let mut held = Held { bytes, frames: Vec::new() };
        let (mut end, mut latest) = (SECTOR, since);
        while let Some(next) = held.frame(end, self.name).filter(|next| next.before == latest) {
            (end, latest) = (next.end, next.after);
            held.frames.push(next);
        }
        // Nothing is written before what stands in front of it stays.
        let further = (end..held.bytes.len()).step_by(SECTOR);
        let mut further = further.filter_map(|at| held.frame(at, self.name));
        if further.any(|frame| frame.before >= latest) {
            let what = format!("what follows revision {latest} cannot be read, and more does");
            return Err(self.damaged(&what));
        }
        Ok(held)
    }

    fn damaged(&self, what: &str) -> Error {
        Error::Corrupt { path: self.medium.path().to_owned(), what: what.into() }
    }
}

// === impl Held ===

impl Held {
    /// The frame that begins here, if its digest is right.
    fn frame(&self, at: usize, name: Name) -> Option<Frame> {
        let bytes = self.bytes.get(at..)?;
        let head = bytes.strip_prefix(&name.0)?;
        let (before, head) = head.split_first_chunk()?;
        let (after, head) = head.split_first_chunk()?;
        let (length, _) = head.split_first_chunk()?;
        let length = ROWS.checked_add(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        let bytes = bytes.get(..length)?;
        if digest(bytes)?.as_ref() != bytes.get(DIGEST..ROWS)? {
            return None;
        }
        Some(Frame {
            before: Revision(u64::from_le_bytes(*before)),
            after: Revision(u64::from_le_bytes(*after)),
            rows: at + ROWS..at + length,
            end: at + length.next_multiple_of(SECTOR),
        })
    }

    /// All rows, in the order of revisions.
    pub(super) fn rows(&self) -> impl Iterator<Item = (Place, &[u8])> {
        self.frames.iter().flat_map(|frame| self.of(frame))
    }

    /// The rows of a frame.
    fn of(&self, frame: &Frame) -> impl Iterator<Item = (Place, &[u8])> {
        let mut rest = self.bytes.get(frame.rows.clone()).unwrap_or_default();
        std::iter::from_fn(move || {
            let (revision, bytes) = rest.split_first_chunk()?;
            let (index, bytes) = bytes.split_first_chunk()?;
            let (length, bytes) = bytes.split_first_chunk()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (row, bytes) = bytes.split_at_checked(length)?;
            rest = bytes;
            Some(((u64::from_le_bytes(*revision), u32::from_le_bytes(*index)), row))
        })
    }
}

/// What a frame's digest has to be. None of what is too short for one.
fn digest(frame: &[u8]) -> Option<Digest> {
    let mut context = Context::new(&SHA256);
    context.update(frame.get(..DIGEST)?);
    context.update(frame.get(ROWS..)?);
    Some(context.finish())
}
