//! Media in memory that can be made to fail, and that remember in which order they were written.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use portcullis_store::{Media, Medium};

/// Which of the two media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Rows,
    Log,
}

/// What happened to the media.
#[derive(Clone, Debug)]
pub enum Act {
    Write(Which, u64, Vec<u8>),
    Resize(Which, u64),
    /// Of one medium; of the other nothing is promised.
    Sync(Which),
    /// The test was told that everything up to this revision stays.
    Told(u64),
}

/// What both media hold.
#[derive(Clone, Debug, Default)]
pub struct Bytes {
    pub rows: Vec<u8>,
    pub log: Vec<u8>,
}

/// Both media of a store. Every clone is the same.
#[derive(Clone, Debug, Default)]
pub struct Ram(Arc<Mutex<Inner>>);

/// One of them.
#[derive(Clone, Debug)]
pub struct Part(Ram, Which);

#[derive(Debug, Default)]
struct Inner {
    bytes: Bytes,
    acts: Option<Vec<Act>>,
    /// How many more bytes may be written; none if there is no end.
    room: Option<usize>,
    /// How many more writes work before one that is done and said to have failed.
    lie: Option<usize>,
    sync_fails: bool,
}

impl Ram {
    pub fn of(bytes: Bytes) -> Self {
        let ram = Self::default();
        ram.lock().bytes = bytes;
        ram
    }

    /// From now on they remember what happens to them.
    pub fn record(&self) {
        self.lock().acts = Some(Vec::new());
    }

    pub fn note(&self, act: Act) {
        self.lock().acts.iter_mut().for_each(|acts| acts.push(act.clone()));
    }

    pub fn acts(&self) -> Vec<Act> {
        self.lock().acts.clone().expect("it records")
    }

    /// From now on so many bytes can be written, and then no more.
    pub fn leave_room(&self, bytes: Option<usize>) {
        self.lock().room = bytes;
    }

    /// So many writes from now on, one is done in full and said to have failed.
    pub fn lie_after(&self, writes: usize) {
        self.lock().lie = Some(writes);
    }

    /// Whether waiting for the medium fails.
    pub fn fail_sync(&self, fails: bool) {
        self.lock().sync_fails = fails;
    }

    /// As a store is opened on.
    pub fn media(&self) -> Media<Part> {
        Media { rows: Part(self.clone(), Which::Rows), log: Part(self.clone(), Which::Log) }
    }

    pub fn bytes(&self) -> Bytes {
        self.lock().bytes.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }
}

impl Bytes {
    pub fn of(&mut self, which: Which) -> &mut Vec<u8> {
        match which {
            Which::Rows => &mut self.rows,
            Which::Log => &mut self.log,
        }
    }
}

impl Medium for Part {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.lock().bytes.of(self.1).len() as u64)
    }

    fn resize(&self, length: u64) -> io::Result<()> {
        self.0.note(Act::Resize(self.1, length));
        self.0.lock().bytes.of(self.1).resize(usize::try_from(length).unwrap(), 0);
        Ok(())
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(offset).unwrap();
        let mut inner = self.0.lock();
        let bytes = inner.bytes.of(self.1);
        into.copy_from_slice(
            bytes.get(from..from + into.len()).ok_or(io::ErrorKind::UnexpectedEof)?,
        );
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.0.lock();
        let fits = inner.room.map_or(bytes.len(), |room| room.min(bytes.len()));
        inner.room = inner.room.map(|room| room - fits);
        splice(inner.bytes.of(self.1), offset, &bytes[..fits]);
        let lies = inner.lie == Some(0);
        inner.lie = inner.lie.and_then(|left| left.checked_sub(1));
        drop(inner);
        self.0.note(Act::Write(self.1, offset, bytes[..fits].to_vec()));
        if fits < bytes.len() || lies { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        if self.0.lock().sync_fails {
            return Err(io::Error::other("the disk does not answer"));
        }
        self.0.note(Act::Sync(self.1));
        Ok(())
    }
}

/// Writes into bytes, which become longer if need be.
pub fn splice(into: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let from = usize::try_from(offset).unwrap();
    let to = from + bytes.len();
    if into.len() < to {
        into.resize(to, 0);
    }
    into[from..to].copy_from_slice(bytes);
}
