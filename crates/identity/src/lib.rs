//! Who is asking: what a client presents, judged against what is trusted.
//!
//! Pure: certificates and tokens in, an identity or the reason why there is none out. The clock and
//! randomness are arguments.

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
