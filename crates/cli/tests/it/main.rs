//! The built program, as a shell runs it.

mod bad_input;
mod connect;
mod damaged;
mod guide;
mod rbac;
mod secrets;
mod sources;
mod streams;
mod support;
