//! What a store is kept on.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that stay: a file, or what a test takes for one.
///
/// What was written is promised to stay only once [`Medium::sync`] has answered. Calls may come from
/// several threads.
pub trait Medium: fmt::Debug + Send + Sync + 'static {
    /// How many bytes there are.
    ///
    /// # Errors
    /// What the system says.
    fn length(&self) -> io::Result<u64>;

    /// Makes it so many bytes; new ones are zero.
    ///
    /// # Errors
    /// What the system says.
    fn resize(&self, length: u64) -> io::Result<()>;

    /// Fills `into` with the bytes from `offset` on.
    ///
    /// # Errors
    /// What the system says; also if there are not so many bytes.
    fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` from `offset` on.
    ///
    /// # Errors
    /// What the system says. Some of them may have been written then.
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Waits until everything written before stays, whatever happens to power.
    ///
    /// # Errors
    /// What the system says. Nothing is promised then of what was written since the last success.
    fn sync(&self) -> io::Result<()>;
}

/// What one store is kept on: two media, as each is written in its own way.
#[derive(Clone, Debug)]
pub struct Media<M> {
    /// Holds the rows, in pages that are written anywhere.
    pub rows: M,
    /// Holds what is not in the rows yet, written from the beginning to the end and then again.
    pub log: M,
}

impl Medium for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn resize(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(into, offset)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Bytes in memory that are to become a file. Every clone is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft(Arc<Mutex<Vec<u8>>>);

impl Draft {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Medium for Draft {
    fn length(&self) -> io::Result<u64> {
        Ok(self.lock().len() as u64)
    }

    fn resize(&self, length: u64) -> io::Result<()> {
        self.lock().resize(place(length)?, 0);
        Ok(())
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let from = place(offset)?;
        let bytes = self.lock();
        let found =
            bytes.get(from..from.saturating_add(into.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(found);
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let from = place(offset)?;
        let to = from.saturating_add(bytes.len());
        let mut all = self.lock();
        if all.len() < to {
            all.resize(to, 0);
        }
        all.get_mut(from..to).ok_or(io::ErrorKind::UnexpectedEof)?.copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

fn place(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge.into())
}
