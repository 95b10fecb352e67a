//! The listener: sockets, TLS and HTTP/1.1 and 2, with every limit that keeps a stranger from tying
//! the server up. What a request means is the [`Service`]'s affair.
//!
//! ```text
//! socket ─▶ TLS ─▶ HTTP ─▶ Request { RequestInfo, Body, Peer } ─▶ Service ─▶ Response ─▶ gzip ─▶ HTTP
//!    │        │      │         │                              │
//!  capped  timed   idle and  max in flight: 429          timed: 504, panics: 500
//!                  head timed
//! ```
//! A client certificate that nobody trusts does not end the handshake: it only proves that the other
//! side holds its key, and the gates judge it on every request, so that the answer is a 401 that
//! people can read.

mod answer;
mod body;
mod connection;
mod guard;
mod in_flight;
mod limits;
mod message;
mod shutdown;
mod tls;

#[cfg(test)]
mod tests;

pub use body::{Body, BodyError};
pub use connection::{Drained, serve};
pub use limits::Limits;
pub use message::{Frames, Peer, Refusal, Request, Response, ResponseBody, Service};
pub use shutdown::{Shutdown, Trigger};
pub use tls::{Tls, TlsError};
