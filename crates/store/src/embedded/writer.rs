//! The one thread that writes.

use std::iter;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::task::Waker;
use std::time::Duration;

use super::disk::Disk;
use super::rows::Mark;
use super::{Asked, Location};
use crate::answer::Answer;
use crate::commit::apply;
use crate::head::Shared;
use crate::{Error, Event, Outcome, Revision, Snapshot};

/// The most commits of one transaction. They share one wait for the disk, and the first of them waits for
/// all to be written: this many small ones take less time to write than the disk takes to answer.
const COMMITS_MAX: usize = 256;

/// No further commit joins a transaction of so many bytes, so that large ones do not add up in memory.
const BYTES_MAX: usize = 16 << 20;

/// How many rows that nobody needs are taken away for each one written. More than one, or they would never
/// all go; few, because each is a page to be found and written again, and somebody waits.
const GARBAGE_PER_ROW: usize = 2;

/// How many such rows are taken away at once at least, and when nobody waits; and when that is.
const GARBAGE_IDLE: usize = 1024;
const IDLE: Duration = Duration::from_millis(250);

pub(super) struct Writer {
    shared: Arc<Shared>,
    /// None after writing failed, until it is opened again.
    disk: Option<Disk>,
    location: Location,
    /// Why nothing will be written any more.
    lost: Option<Error>,
}

/// What a transaction does, and what everyone will be told once it is done.
struct Batch {
    state: Snapshot,
    events: Vec<Arc<Event>>,
    answers: Vec<(Answer<Outcome>, Outcome)>,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, disk: Disk, location: Location) -> Self {
        Self { shared, disk: Some(disk), location, lost: None }
    }

    /// Writes until nobody can ask any more.
    pub(super) fn run(mut self, asked: &Receiver<Asked>) {
        loop {
            match asked.recv_timeout(IDLE) {
                Ok(first) => {
                    let batch = self.batch(first, asked);
                    self.carry_out(batch);
                }
                Err(RecvTimeoutError::Timeout) => {
                    // What is left of a failure is put in order by the next commit, not before.
                    if self.disk.is_some() && !self.shared.garbage(1).0.is_empty() {
                        self.tidy();
                        continue;
                    }
                    let Ok(first) = asked.recv() else { return self.close() };
                    let batch = self.batch(first, asked);
                    self.carry_out(batch);
                }
                Err(RecvTimeoutError::Disconnected) => return self.close(),
            }
        }
    }

    /// Applies what waits to a copy of the state, each commit seeing those before it.
    fn batch(&self, first: Asked, asked: &Receiver<Asked>) -> Batch {
        let state = Snapshot::clone(&self.shared.snapshot());
        let mut batch = Batch { state, events: Vec::new(), answers: Vec::new() };
        let mut bytes = 0_usize;
        for asked in iter::once(first).chain(asked.try_iter()) {
            bytes = bytes.saturating_add(asked.bytes);
            let state = &mut batch.state;
            let (outcome, events) = apply(&mut state.map, state.revision, &asked.when, asked.then);
            if let Outcome::Done { revision } = outcome {
                state.revision = revision;
            }
            batch.events.extend(events);
            batch.answers.push((asked.answer, outcome));
            if batch.answers.len() >= COMMITS_MAX || bytes >= BYTES_MAX {
                break;
            }
        }
        batch
    }

    /// Writes it down, publishes it, and then answers. Answers are given after publication, so that who
    /// has one sees what it says; watches are woken after that, as there may be thousands.
    fn carry_out(&mut self, batch: Batch) {
        let Batch { state, events, answers } = batch;
        let mut wake = Vec::new();
        if !events.is_empty() {
            if let Err(wrong) = self.keep(state.revision, &events) {
                // Also of who changed nothing: what they were told may be about what others wrote.
                return answers.into_iter().for_each(|(answer, _)| answer.give(Err(wrong.clone())));
            }
            wake = self.shared.publish(state, events);
        }
        answers.into_iter().for_each(|(answer, outcome)| answer.give(Ok(outcome)));
        wake.into_iter().for_each(Waker::wake);
    }

    fn keep(&mut self, latest: Revision, events: &[Arc<Event>]) -> Result<(), Error> {
        let kept = match self.disk()?.log(latest, events) {
            Ok(true) => return Ok(()),
            Ok(false) => self.file(latest, events),
            Err(wrong) => Err(wrong),
        };
        kept.inspect_err(|_| {
            // What failed cannot be asked again; it is opened anew for the next commit.
            self.lost = self.disk.take().and_then(|disk| disk.unsynced());
        })
    }

    /// Empties the log, and takes away rows that nobody needs.
    fn file(&mut self, latest: Revision, events: &[Arc<Event>]) -> Result<(), Error> {
        let Some(disk) = &mut self.disk else { return Ok(()) };
        let written = disk.logged().saturating_add(events.len());
        let most = written.saturating_mul(GARBAGE_PER_ROW).max(GARBAGE_IDLE);
        let (garbage, oldest) = self.shared.garbage(most);
        disk.file(Mark { latest, oldest }, events, &garbage)?;
        self.shared.discarded(garbage.len());
        Ok(())
    }

    /// Does what is better done while nobody waits. If that fails, the next commit will say so.
    fn tidy(&mut self) {
        if self.file(self.shared.snapshot().revision, &[]).is_err() {
            self.lost = self.disk.take().and_then(|disk| disk.unsynced());
        }
    }

    /// Leaves an empty log, where damage would be told from a loss of power. If that fails it is as if the
    /// process had been killed: nothing is lost.
    fn close(&mut self) {
        if self.disk.as_ref().is_some_and(|disk| disk.logged() > 0) {
            self.tidy();
        }
    }

    /// What is written to. After a failure it is opened again, without what the failed commit may have
    /// left there: it was answered as failed, and its revision will be another's.
    fn disk(&mut self) -> Result<&mut Disk, Error> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let disk = match self.disk.take() {
            Some(disk) => disk,
            None => {
                let mut disk = self.location.open(false)?;
                let (_, oldest) = self.shared.garbage(0);
                disk.rewind(Mark { latest: self.shared.snapshot().revision, oldest })?;
                disk
            }
        };
        Ok(self.disk.insert(disk))
    }
}
