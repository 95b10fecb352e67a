//! The one thread that writes.

use std::iter;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::task::Waker;
use std::time::Duration;

use super::disk::{Disk, Mark};
use super::{Asked, Reopen, reach};
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

/// How many such rows are taken away at once when nobody waits, and when that is.
const GARBAGE_IDLE: usize = 1024;
const IDLE: Duration = Duration::from_millis(250);

pub(super) struct Writer {
    shared: Arc<Shared>,
    /// None after writing failed, until it is opened again.
    disk: Option<Disk>,
    reopen: Reopen,
    path: PathBuf,
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
    pub(super) fn new(shared: Arc<Shared>, disk: Disk, reopen: Reopen, path: PathBuf) -> Self {
        Self { shared, disk: Some(disk), reopen, path, lost: None }
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
                    self.tidy();
                    // What is left of a failure is put in order by the next commit, not before.
                    if self.disk.is_none() || self.shared.garbage(1).0.is_empty() {
                        let Ok(first) = asked.recv() else { return };
                        let batch = self.batch(first, asked);
                        self.carry_out(batch);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
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
        let most = events.len().saturating_mul(GARBAGE_PER_ROW);
        let (garbage, oldest) = self.shared.garbage(most);
        let rows = garbage.len();
        self.disk()?.keep(Mark { latest, oldest }, events, garbage.into_iter()).inspect_err(
            |_| {
                // What failed cannot be asked again; it is opened anew for the next commit.
                self.lost = self.disk.take().and_then(|disk| disk.unsynced());
            },
        )?;
        self.shared.discarded(rows);
        Ok(())
    }

    /// Takes away rows that nobody needs. If that fails, the next commit will say so.
    fn tidy(&mut self) {
        let (garbage, oldest) = self.shared.garbage(GARBAGE_IDLE);
        let Some(disk) = self.disk.as_ref().filter(|_| !garbage.is_empty()) else { return };
        let latest = self.shared.snapshot().revision;
        let rows = garbage.len();
        match disk.keep(Mark { latest, oldest }, &[], garbage.into_iter()) {
            Ok(()) => self.shared.discarded(rows),
            Err(_) => self.lost = self.disk.take().and_then(|disk| disk.unsynced()),
        }
    }

    /// What is written to. After a failure it is opened again, without what the failed commit may have
    /// left there: it was answered as failed, and its revision will be another's.
    fn disk(&mut self) -> Result<&Disk, Error> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let disk = match self.disk.take() {
            Some(disk) => disk,
            None => {
                let disk = reach(&mut self.reopen, &self.path, false)?;
                let (_, oldest) = self.shared.garbage(0);
                disk.rewind(Mark { latest: self.shared.snapshot().revision, oldest })?;
                disk
            }
        };
        Ok(self.disk.insert(disk))
    }
}
