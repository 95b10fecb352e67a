//! The server as a whole: a process of its own, reached over TLS.

mod client;
mod kill;
mod refusals;
mod server;
