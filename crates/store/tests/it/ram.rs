//! A medium in memory that can be made to fail, and that remembers in which order it was written.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use portcullis_store::Medium;

/// What happened to the medium.
#[derive(Clone, Debug)]
pub enum Act {
    Write(u64, Vec<u8>),
    Resize(u64),
    Sync,
    /// The test was told that everything up to this revision stays.
    Told(u64),
}

/// Every clone is the same medium.
#[derive(Clone, Debug, Default)]
pub struct Ram(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    bytes: Vec<u8>,
    acts: Option<Vec<Act>>,
    /// How many more bytes may be written; none if there is no end.
    room: Option<usize>,
    /// How many more writes work before one that is done and said to have failed.
    lie: Option<usize>,
    sync_fails: bool,
}

impl Ram {
    pub fn of(bytes: Vec<u8>) -> Self {
        let ram = Self::default();
        ram.lock().bytes = bytes;
        ram
    }

    /// From now on it remembers what happens to it.
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

    pub fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }
}

impl Medium for Ram {
    fn length(&self) -> io::Result<u64> {
        Ok(self.lock().bytes.len() as u64)
    }

    fn resize(&self, length: u64) -> io::Result<()> {
        self.note(Act::Resize(length));
        self.lock().bytes.resize(usize::try_from(length).unwrap(), 0);
        Ok(())
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(offset).unwrap();
        let inner = self.lock();
        let bytes = inner.bytes.get(from..from + into.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(bytes);
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.lock();
        let fits = inner.room.map_or(bytes.len(), |room| room.min(bytes.len()));
        inner.room = inner.room.map(|room| room - fits);
        splice(&mut inner.bytes, offset, &bytes[..fits]);
        let lies = inner.lie == Some(0);
        inner.lie = inner.lie.and_then(|left| left.checked_sub(1));
        drop(inner);
        self.note(Act::Write(offset, bytes[..fits].to_vec()));
        if fits < bytes.len() || lies { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        if self.lock().sync_fails {
            return Err(io::Error::other("the disk does not answer"));
        }
        self.note(Act::Sync);
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
