//! Keys, bytes and one global revision.
//!
//! ```text
//! commit(conditions, writes) ─► one revision, all or nothing ─┬─► state     get, range: now
//!                                                             ├─► history   get, range: at an older revision
//!                                                             └─► events ─► watch: one prefix, from a revision on
//! ```
//!
//! Every commit that changes something has a revision, one greater than the one before; a key has the
//! revision of the commit that wrote it. What a key held at an older revision can be read, and what was
//! written after it be followed, until history is compacted. This crate moves bytes: it has never heard
//! of Kubernetes.
//!
//! [`Store`] is the contract. [`Memory`] keeps nothing beyond the process; [`Embedded`] keeps everything,
//! in a [`Directory`]. Neither needs a runtime: futures are those of the standard library, woken by
//! whoever committed.
//!
//! ```
//! use portcullis_store::{Keys, Memory, Revision, Write};
//!
//! let store = Memory::new();
//! let done = store.commit_now(&[], vec![Write::put(b"/a", "one"), Write::put(b"/b", "two")]);
//! assert_eq!(done.ok().and_then(|outcome| outcome.done()), Some(Revision(2)));
//! let now = store.snapshot();
//! assert_eq!(now.range(&Keys::prefix(b"/")).count(), 2);
//! ```

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod answer;
mod commit;
mod directory;
mod embedded;
mod entry;
mod err;
mod event;
mod groups;
mod head;
mod history;
mod keys;
mod local;
mod map;
mod medium;
mod memo;
mod memory;
mod snapshot;
mod store;
mod watch;

pub use commit::{COMMIT_BYTES_MAX, Condition, KEY_BYTES_MAX, Outcome, Write};
pub use directory::{Directory, VERSION};
pub use embedded::Embedded;
pub use entry::{Entry, Revision};
pub use err::{Error, Holder, Refused};
pub use event::{Change, Event};
pub use head::Limits;
pub use keys::Keys;
pub use local::Local;
pub use medium::{Media, Medium};
pub use memo::Memo;
pub use memory::Memory;
pub use snapshot::Snapshot;
pub use store::{Page, Store};
pub use watch::Watch;
