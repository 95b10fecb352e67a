//! The built program, as a shell runs it.

mod bad_input;
mod check;
mod connect;
mod damaged;
mod explain;
mod formats;
mod guide;
mod pipelines;
mod rbac;
mod schema;
mod secrets;
mod sources;
mod streams;
mod support;
mod test_files;
