//! What may be created.
//!
//! A chain of admission is a value that is started with a review and answers with what became of it. It
//! does nothing itself.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]
