//! Kubernetes objects as data: YAML and JSON in, with the place of every value.
//!
//! ```text
//! Input { name, bytes } ──split──▶ documents ──parse──▶ trees ──▶ Object ── Cursor ──▶ Origin
//!                                                                                        │
//!          file, line, column ◀───────────────── Sources::locate ◀── Place ◀─────────────┘
//! ```
//!
//! [`load`] is total: whatever cannot be read is a [`Diagnostic`](portcullis_core::Diagnostic), and
//! everything else is there. YAML is read as Kubernetes reads it (`sigs.k8s.io/yaml`): YAML 1.1
//! booleans in values and keys, Go's numbers, merges in the order written. An [`Object`] is a
//! [`Cursor`] into its document; what a cursor says about itself is an
//! [`Origin`](portcullis_core::Origin), without file or line, and [`Sources`] turns that into both.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod block;
mod check;
pub mod codes;
mod compose;
mod document;
pub mod fuzzing;
mod json;
mod limits;
mod list;
mod load;
mod object;
mod read;
mod scalar;
mod secret;
mod source;
mod split;
mod tree;
mod words;
mod yaml;

pub use check::check;
pub use document::{Document, NotADocument, document};
pub use limits::Limits;
pub use load::{Counts, Input, Loaded, Unreadable, load};
pub use object::Object;
pub use secret::looks_secret;
pub use source::{Content, Located, Sources};
pub use tree::{Cursor, NodeKind};
