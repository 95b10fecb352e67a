//! Questions about a snapshot.
//!
//! ```text
//!   "dev/centos" "default/frontend:8080"        Attempt { jane, delete, pods/exec }
//!          │ Spec: the grammar of endpoints                   │
//!          ▼                                                  ▼
//!   connect ──▶ ends ──▶ flows ──▶ netpol::explain     access::can ──▶ rbac::explain
//!          └──▶ Answer: verdict, every flow with its reasons, what was assumed and skipped
//!
//!   reach ──▶ ends ──▶ flows ──▶ netpol::decide ──▶ verdicts alone, of many pairs at once
//! ```
//! Names become endpoints here, services become the pods behind them, and the two sides of a flow
//! become one answer with reasons. The reasons are those of the evaluation, never told anew.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod access;
mod connect;
mod declared;
mod ends;
pub mod fuzzing;
mod missing;
mod reach;
mod spec;
mod trace;

pub use connect::{Answer, FlowAnswer, Outcome, Question, Would, connect};
pub use declared::{Declared, Pair, declared, pairs};
pub use ends::AskError;
pub use missing::Missing;
pub use reach::reach;
pub use spec::{PortSpec, Spec, SpecError, What, Who};
pub use trace::{DecidedBy, SideAnswer, TraceLine};
