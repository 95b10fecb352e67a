//! What a kind's objects are filled in with, held to and shown as.
//!
//! ```text
//! decoded ─► default ─► (admission changes) ─► prepare, stamp ─► validate ─► (admission judges) ─► stored ─► cells (Table)
//! ```
//!
//! One file a kind. Everything here is a pure function of JSON objects: no store, no clock, no request.
//! The API server asks [`kind()`] for the behaviour of a resource and calls it in the order above; the
//! order and the texts are those of kube-apiserver 1.35.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod admission_policy;
mod age;
mod autoscaling;
mod certificate;
mod config_map;
mod disruption;
mod endpoints;
mod event;
mod extension;
mod field_error;
mod flow_control;
pub mod fuzzing;
mod generation;
mod go_text;
mod ingress;
mod ip;
mod kind;
mod label;
mod lease;
mod match_rules;
mod metadata;
pub mod name;
mod namespace;
mod network_policy;
mod node;
mod path;
mod pem;
mod pod;
mod quota;
mod rbac;
mod rows;
mod scheduling;
mod secret;
pub mod service;
mod service_account;
mod storage;
mod value;
mod webhook;
mod workload;

pub use age::name_and_age;
pub use config_map::DATA_BYTES_MAX;
pub use field_error::{ErrorType, FieldError, joined};
pub use go_text::{is_duration, quoted};
pub use kind::{Columns, Kind, Object, Occasion, kind};
pub use metadata::{
    ANNOTATIONS_BYTES_MAX, MANAGER_BYTES_MAX, create_faults, dedup_owners, update_faults,
};
pub use workload::scale;
