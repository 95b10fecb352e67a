//! The gates a request passes, each of which makes the value that the next one asks for.
//!
//! ```text
//! Authenticated (identity) ─► Authorized ─► Admitted ─► stored
//! ```

pub mod admitted;
pub mod authorize;
pub mod node;
