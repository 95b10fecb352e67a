//! What a kind looks like: its resource, its fields, their types, what is required.
//!
//! Tables of facts, most of them generated. Checks of people's files need to know the fields of
//! kinds that ask or answer a "may it?" ([`mod@message`]) and how every resource is called
//! ([`resource`]). A server needs all of it, as Kubernetes 1.35.4 has it, and what follows from it:
//!
//! ```text
//!                        api: groups, resources, kinds, messages (statics, nothing built at start)
//!                         │
//!        ┌────────────────┼─────────────────┬──────────────────┐
//! decode (JSON)    protobuf (bodies)   patch, managed   discovery, OpenAPI
//!        └──── both: an object as the original's types hold and print it
//! ```
//!
//! Values are JSON values throughout; nothing here knows of requests, storage or time.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod amount;
pub mod api;
mod base64;
pub mod decode;
pub mod discovery;
pub mod emulated;
pub mod fuzzing;
pub mod json;
pub mod managed;
pub mod message;
pub mod openapi;
pub mod own;
pub mod patch;
pub mod protobuf;
pub mod quantity;
pub mod resource;
mod time;

#[rustfmt::skip]
mod generated {
    pub(crate) mod api_messages;
    pub(crate) mod api_resources;
    pub(crate) mod messages;
    pub(crate) mod resources;
}

pub use message::{Field, Message, Type, message};
pub use resource::{Resource, Subresource};
