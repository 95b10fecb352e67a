//! What is done for each verb of the API.

pub mod create;
pub mod delete;
pub mod list;
pub mod patch;
pub mod read;
pub mod update;
pub mod watch;
