//! Keys, bytes and one global revision.
//!
//! Every commit has a revision, one greater than the one before; a key has the revision of the commit
//! that wrote it. What a key held at an older revision can be read, and what was written after it be
//! followed, until history is compacted. This crate moves bytes: it has never heard of Kubernetes.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]
