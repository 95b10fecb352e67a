//! The API server that kubectl uses unmodified.
//!
//! The only code that knows HTTP status codes.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod config;
pub mod data_dir;
pub mod http;
pub mod request_info;
