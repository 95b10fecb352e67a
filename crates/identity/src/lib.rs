//! Who is asking: what a client presents, judged against what is trusted.
//!
//! Pure: certificates and tokens in, an identity or the reason why there is none out. The clock and
//! randomness are arguments.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod bearer;
pub mod certificate;
mod der;
pub mod impersonation;
pub mod issue;
pub mod key;
mod pem;
mod public_key;
pub mod random;
pub mod token_file;
pub mod user;

pub use certificate::{ClientTrust, Vouched};
pub use issue::Authority;
pub use key::PrivateKey;
pub use random::Random;
pub use user::{Authenticated, User};
