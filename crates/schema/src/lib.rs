//! What a kind looks like: its resource, its fields, their types, what is required.
//!
//! Tables of facts, most of them generated. The fields of kinds that ask or answer a "may it?" are
//! known ([`mod@message`]); of every other kind, how its resource is called ([`resource`]).

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod api;
mod base64;
pub mod decode;
pub mod discovery;
pub mod fuzzing;
pub mod json;
pub mod managed;
pub mod message;
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
