//! The folder everything is in.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt, FileExt as _, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Embedded, Error, Limits, Media, embedded};

/// The form of the folder and of what is in it, as `VERSION` says it. One greater whenever an older
/// program could misread it.
pub const VERSION: u64 = 2;

/// What an empty store is written in: the size of a file system's blocks, which are there or are holes.
const PAGE_BYTES: usize = 4096;

/// A folder that this process alone uses:
///
/// ```text
/// DIR/VERSION    the form of everything here
/// DIR/lock       locked while somebody uses it; says which process
/// DIR/store/     what is stored
/// DIR/pki/       keys and certificates; not of this crate's making
/// ```
///
/// Folders it makes are the owner's only (0700), and so are files (0600). The lock is held until the
/// directory and its store are dropped, and ends with the process however that ends.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    lock: Arc<File>,
}

impl Directory {
    /// Takes the folder for this process, and makes it if it is not there.
    ///
    /// # Errors
    /// [`Error::Held`] if another process has it, [`Error::Newer`] if a newer version made it,
    /// [`Error::Corrupt`] if its version cannot be read, [`Error::Io`] if the system refuses.
    pub fn open(path: &Path) -> Result<Self, Error> {
        make(path)?;
        let lock = lock(&path.join("lock"))?;
        let directory = Self { path: path.to_owned(), lock: Arc::new(lock) };
        directory.version()?;
        for folder in [directory.path.join("store"), directory.pki()] {
            make(&folder)?;
        }
        sync(path)?;
        Ok(directory)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder for keys and certificates.
    #[must_use]
    pub fn pki(&self) -> PathBuf {
        self.path.join("pki")
    }

    /// Opens what is stored here, or begins it. The folder stays taken until the store is dropped.
    ///
    /// # Errors
    /// As [`Embedded::on`].
    pub fn store(&self, limits: Limits) -> Result<Embedded, Error> {
        let folder = self.path.join("store");
        let (rows, log) = (folder.join(embedded::ROWS), folder.join(embedded::LOG));
        let known = rows.exists();
        if !known {
            // Half a beginning must never be taken for a damaged store: only with rows is it one.
            let begun = embedded::begin(&folder, limits)?;
            let used = match fs::read(&log) {
                Ok(bytes) => embedded::is_used(&bytes),
                Err(missing) if missing.kind() == io::ErrorKind::NotFound => false,
                Err(wrong) => return Err(io_error("read", &log, wrong)),
            };
            if used {
                let what = format!("it is missing, and `{}` is there", log.display());
                return Err(Error::Corrupt { path: rows, what: what.into() });
            }
            replace(&log, &begun.log)?;
            replace(&rows, &begun.rows)?;
            sync(&folder)?;
        }
        let lock = Arc::clone(&self.lock);
        let open = move || {
            let _held = &lock;
            let rows = owned().read(true).write(true).open(&rows)?;
            let log = owned().read(true).write(true).create(true).truncate(false).open(&log)?;
            Ok(Media { rows, log })
        };
        // What was just written need not be checked for damage.
        Embedded::start(&folder, open, limits, known)
    }

    /// Reads the version, or writes ours into a folder that has none.
    fn version(&self) -> Result<(), Error> {
        let path = self.path.join("VERSION");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return self.begin(&path),
            Err(wrong) if wrong.kind() == io::ErrorKind::InvalidData => String::new(),
            Err(wrong) => return Err(io_error("read", &path, wrong)),
        };
        match text.trim_end().parse::<u64>() {
            Ok(found) if found > VERSION => Err(Error::Newer { path, found, known: VERSION }),
            // An older program would not look into the log.
            Ok(found @ 1..) if found < VERSION => replace(&path, written().as_bytes()),
            Ok(VERSION) => Ok(()),
            _ => Err(Error::Corrupt { path, what: "it is not the number of a version".into() }),
        }
    }

    fn begin(&self, path: &Path) -> Result<(), Error> {
        // The version is written before anything it is about.
        let store = self.path.join("store").join(embedded::ROWS);
        if store.exists() {
            let what = format!("it is missing, and `{}` is there", store.display());
            return Err(Error::Corrupt { path: path.to_owned(), what: what.into() });
        }
        replace(path, written().as_bytes())
    }
}

/// Our version as it is written down.
fn written() -> String {
    format!("{VERSION}\n")
}

/// Makes a file that is there with all these bytes or not at all, once its folder is synced.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let new = path.with_extension("new");
    let write = || {
        let file = owned().write(true).create(true).truncate(true).open(&new)?;
        // An empty store is a megabyte that is nearly all zeros: they take no room and no time as holes.
        let mut at = 0;
        for page in bytes.chunks(PAGE_BYTES) {
            if page.iter().any(|byte| *byte != 0) {
                file.write_all_at(page, at)?;
            }
            at += page.len() as u64;
        }
        file.set_len(at)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(|wrong| io_error("write", path, wrong))
}

/// Makes a folder that is its owner's only. One that is there stays as it is.
fn make(folder: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|wrong| io_error("make", folder, wrong))
}

fn lock(path: &Path) -> Result<File, Error> {
    let open = owned().read(true).write(true).create(true).truncate(false).open(path);
    let mut file = open.map_err(|wrong| io_error("open", path, wrong))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Who has it may be about to write its number: then nobody knows it yet.
            let process =
                file.read_to_string(&mut text).ok().and_then(|_| text.trim_end().parse().ok());
            return Err(Error::Held { path: path.to_owned(), holder: process.into() });
        }
        Err(TryLockError::Error(wrong)) => return Err(io_error("lock", path, wrong)),
    }
    let say = |file: &mut File| {
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())
    };
    say(&mut file).map_err(|wrong| io_error("write", path, wrong))?;
    Ok(file)
}

/// Waits until a folder's list of files stays.
fn sync(folder: &Path) -> Result<(), Error> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|wrong| io_error("sync", folder, wrong))
}

/// Options for files that are their owner's only.
fn owned() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

fn io_error(doing: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Io { doing, path: path.to_owned(), source: source.into() }
}
