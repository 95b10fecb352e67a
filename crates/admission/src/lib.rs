//! What may be created.
//!
//! ```text
//! Chain::start(review, object) ─► (object, chain) ─► the rules of its kind ─► chain.resume(object) ─► Passed
//!        every plugin may change it                       (the server)          every plugin may refuse it
//! ```
//!
//! A chain of admission is a value: it is started with a [`Review`], pauses while the server holds what
//! became of the object to the rules of its kind, and is resumed with the object as it would be stored.
//! It does nothing itself: what a plugin has to know of other objects, of rights and of chance comes from
//! [`Facts`]. The plugins, their order and their words are those of kube-apiserver 1.35 as it starts by
//! default, with `NodeRestriction`.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod chain;
mod fields;
mod plugins;
pub mod pods;
mod refusal;
mod review;
#[cfg(test)]
mod testing;

/// An object as JSON, its fields in the order of the API.
pub type Object = serde_json::Map<String, serde_json::Value>;

pub use chain::{Chain, Passed};
pub use refusal::{Cause, Fault, Refusal};
pub use review::{Access, Facts, Operation, Requester, Review, Sort, Subject};
