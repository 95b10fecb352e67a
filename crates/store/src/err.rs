//! Why the store could not do what it was asked.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::Revision;

/// Why the store could not do what it was asked.
///
/// A condition that does not hold is not among these: it is an [`Outcome`](crate::Outcome).
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller asked for a revision whose history is gone.
    #[error("revision {asked} is compacted: the oldest that can be read is {oldest}")]
    Compacted {
        /// The revision asked for.
        asked: Revision,
        /// The oldest revision that can be read, and that a watch can start after.
        oldest: Revision,
    },
    /// The caller asked for a revision that no commit has reached.
    #[error("revision {asked} has not been reached: the newest is {newest}")]
    Future {
        /// The revision asked for.
        asked: Revision,
        /// The newest revision.
        newest: Revision,
    },
    /// The watch was not read for so long that events it has not seen are compacted. It is over.
    #[error("the watch fell behind: events after revision {delivered} are compacted")]
    Slow {
        /// What the watch was given before.
        delivered: Revision,
    },
    /// The caller's commit cannot be one.
    #[error("the commit is refused: {0}")]
    Refused(#[from] Refused),
    /// Reading or writing failed. Of a commit: nobody will see it, unless the process ends before
    /// the store could take it back; it is safe to try again once there is room.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was being done: `write`, `read`, `open`, and so on.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// What is stored is not what we stored.
    #[error("`{}` is damaged: {what}", path.display())]
    Corrupt {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        what: Arc<str>,
    },
    /// Another process uses the folder.
    #[error("`{}` is locked by {holder}", path.display())]
    Held {
        /// The lock.
        path: PathBuf,
        /// Who has it.
        holder: Holder,
    },
    /// The folder was made by a newer version of this program.
    #[error("`{}` says version {found}, and this program knows {known} at most", path.display())]
    Newer {
        /// The file that says so.
        path: PathBuf,
        /// The version it says.
        found: u64,
        /// The newest version we know.
        known: u64,
    },
    /// The store was closed, or its writer has ended.
    #[error("the store is closed")]
    Closed,
}

/// Who has a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder(
    /// The number of the process, if it has said it.
    pub Option<u32>,
);

impl From<Option<u32>> for Holder {
    fn from(process: Option<u32>) -> Self {
        Self(process)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(process) => write!(f, "process {process}"),
            None => f.write_str("another process"),
        }
    }
}

/// Why a commit cannot be one, whatever is stored. The caller's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// A key is empty or longer than the limit.
    #[error("a key has {bytes} bytes; it must have 1 to {max}")]
    Key {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The commit is larger than the limit.
    #[error("its keys and values have {bytes} bytes, more than {max}")]
    Size {
        /// Their length together.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Two writes of one commit are of one key, so that one of them could not be seen.
    #[error("it writes the key `{}` twice", String::from_utf8_lossy(key))]
    Twice {
        /// The key.
        key: Arc<[u8]>,
    },
}
