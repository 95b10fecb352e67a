//! Files that only their owner may read, written whole or not at all.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;

use portcullis_identity::Random;

use super::Error;

/// The largest key, certificate or token file that is read. A bundle of every public authority is
/// 200 kB.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What tells a file from the one that was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp(Option<(u64, u64, i64, i64)>);

/// Makes a folder, and those above it, for the owner alone. One that exists is left as it is.
pub(super) fn make_folder(path: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|cause| Error::io("make the folder", path, cause))
}

/// A folder's name that nobody has.
pub(super) fn temporary_name(random: &Random) -> Result<PathBuf, Error> {
    let base = std::env::temp_dir();
    let unique = random.uuid().map_err(|cause| Error::unusable(&base, cause))?;
    Ok(base.join(format!("portcullis-{unique}")))
}

/// Removes a folder that goes with the server. What cannot be removed is left to the system.
pub(super) fn remove_if(temporary: bool, root: &Path) {
    if temporary {
        let _ = fs::remove_dir_all(root);
    }
}

/// The contents; `None` if there is no such file.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::metadata(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(found) if found.len() > FILE_BYTES_MAX => {
            return Err(Error::io("read", path, io::ErrorKind::FileTooLarge.into()));
        }
        _ => {}
    }
    fs::read(path).map(Some).map_err(|cause| Error::io("read", path, cause))
}

/// The contents of a file that has to be there.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let missing = || Error::io("read", path, io::ErrorKind::NotFound.into());
    read_if_there(path)?.ok_or_else(missing)
}

/// Files that are written and not yet there, each beside its place.
///
/// Waiting for the disk is most of what a first start does, and files that wait together wait once: what
/// is written is kept as a whole at the end. Dropped instead, nothing of it is left.
#[derive(Default)]
pub(super) struct Drafts(Vec<Draft>);

struct Draft {
    file: File,
    beside: PathBuf,
    path: PathBuf,
}

impl Drafts {
    /// Writes a file that only its owner may read.
    pub(super) fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}.{}", std::process::id(), self.0.len()));
        let beside = PathBuf::from(beside);
        let file = written(&beside, bytes).map_err(|cause| {
            let _ = fs::remove_file(&beside);
            Error::io("write", path, cause)
        })?;
        self.0.push(Draft { file, beside, path: path.to_owned() });
        Ok(())
    }

    /// Puts the files into their places, in the order in which they were written: whoever reads one at
    /// any moment, even after a loss of power, finds the old contents or the new.
    pub(super) fn keep(mut self) -> Result<(), Error> {
        let synced: Vec<io::Result<()>> = thread::scope(|scope| {
            let waiting: Vec<_> =
                self.0.iter().map(|draft| scope.spawn(|| draft.file.sync_all())).collect();
            let died = |_| Err(io::Error::other("the thread that waited for it has died"));
            waiting.into_iter().map(|one| one.join().unwrap_or_else(died)).collect()
        });
        for (draft, synced) in self.0.iter().zip(synced) {
            synced
                .and_then(|()| fs::rename(&draft.beside, &draft.path))
                .map_err(|cause| Error::io("write", &draft.path, cause))?;
        }
        self.0.clear();
        Ok(())
    }
}

impl Drop for Drafts {
    fn drop(&mut self) {
        for draft in &self.0 {
            // Some may have found their place before another did not.
            let _ = fs::remove_file(&draft.beside);
        }
    }
}

fn written(path: &Path, bytes: &[u8]) -> io::Result<File> {
    // What a process of the same number left behind may be open to others: it is not written to.
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    Ok(file)
}

impl Stamp {
    /// What a file looks like now.
    pub(super) fn of(path: &Path) -> Self {
        let stamp = |found: Metadata| (found.ino(), found.len(), found.mtime(), found.mtime_nsec());
        Self(fs::metadata(path).ok().map(stamp))
    }
}
