//! Who is asking: what a client presents, judged against what is trusted.
//!
//! ```text
//! handshake ── Peer ──┐                                   ┌─▶ Done(Confirmed { Authenticated, … })
//! Authorization ──────┼─▶ authenticate(Trust, …, now) ────┼─▶ Need(Lookup) ── Facts ──▶ resume
//! path ───────────────┘                                   └─▶ Refused(Refusal)
//!
//! Authenticated + Impersonate-* ──▶ Impersonation ── Ask(Attempt) … ──▶ Done(Authenticated)
//! ```
//! Pure: bytes in, an identity or the reason why there is none out. The clock and randomness are
//! arguments, and what must be looked up is asked for. [`Authenticated`] is a value that only this crate
//! makes. That a signature was good is remembered, and for a second that a certificate was not; all else
//! is judged anew for every request.
//!
//! - [`authenticate`]: all authenticators in the order of the original; also for a `TokenReview`.
//! - [`certificate`]: client certificates, version 1 included, as Go judges them.
//! - [`service_account`]: tokens on request and of secrets, judged and issued.
//! - [`token_file`]: `--token-auth-file`. [`bearer`]: the header.
//! - [`impersonation`]: acting as somebody else.
//! - [`issue`], [`csr`], [`key`]: an authority of our own, requests for certificates, keys.
//! - [`jwt`]: signed tokens and the documents that publish their keys.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod authenticate;
pub mod bearer;
pub mod certificate;
pub mod csr;
mod der;
pub mod fuzzing;
pub mod impersonation;
pub mod issue;
pub mod jwt;
pub mod key;
mod pem;
mod public_key;
pub mod random;
pub mod service_account;
pub mod token_file;
pub mod user;
pub mod why;

pub use authenticate::{Anonymous, Lookup, Peer, Presented, Step, Trust, authenticate, review};
pub use certificate::{ClientTrust, Vouched};
pub use issue::Authority;
pub use jwt::VerifyingKeys;
pub use key::PrivateKey;
pub use random::Random;
pub use service_account::{Accounts, Confirmed, Facts, Found, Needs};
pub use user::{Authenticated, User};
pub use why::{Refusal, Why};

#[cfg(test)]
mod tests;
