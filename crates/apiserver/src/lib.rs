//! The API server that kubectl uses unmodified.
//!
//! The only code that knows HTTP status codes.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod admission;
mod answer;
mod ask;
pub mod authn;
pub mod backend;
mod body;
mod bootstrap;
mod components;
pub mod config;
mod connect;
mod continue_token;
mod controllers;
pub mod data_dir;
mod discovery;
mod fixed;
pub mod fuzzing;
mod gates;
mod grants;
mod history;
pub mod http;
mod managed;
pub mod manifests;
mod meta;
mod negotiate;
mod openapi;
mod options;
mod pods;
pub mod request_info;
mod resource;
mod reviews;
pub mod run;
mod scale;
mod served;
pub mod server;
mod services;
mod status;
mod stored;
mod unenforced;
mod verbs;
mod versions;
pub mod wiring;
mod yaml;
