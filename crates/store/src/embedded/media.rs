//! A medium under watch: what it says when it does not answer is remembered.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::{Error, Medium};

/// Why nothing can be promised any more: the first wait that failed, of any medium of a store. What was
/// written before it may be lost although it reads well, so nothing must be built on that.
#[derive(Clone, Debug, Default)]
pub(super) struct Unsynced(Arc<OnceLock<Error>>);

impl Unsynced {
    pub(super) fn why(&self) -> Option<Error> {
        self.0.get().cloned()
    }
}

/// A medium with its name.
#[derive(Debug)]
pub(super) struct Watched {
    medium: Box<dyn Medium>,
    path: PathBuf,
    unsynced: Unsynced,
}

impl Watched {
    pub(super) fn new(medium: Box<dyn Medium>, path: PathBuf, unsynced: Unsynced) -> Self {
        Self { medium, path, unsynced }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn length(&self) -> io::Result<u64> {
        self.medium.length()
    }

    pub(super) fn resize(&self, length: u64) -> io::Result<()> {
        self.medium.resize(length)
    }

    pub(super) fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.medium.read(offset, into)
    }

    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.medium.write(offset, bytes)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.medium.sync().inspect_err(|wrong| {
            let copy = io::Error::new(wrong.kind(), wrong.to_string());
            self.unsynced.0.get_or_init(|| self.error("sync", copy));
        })
    }

    /// What the medium said, with its name.
    pub(super) fn error(&self, doing: &'static str, said: io::Error) -> Error {
        Error::Io { doing, path: self.path.clone(), source: said.into() }
    }
}
