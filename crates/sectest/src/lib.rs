//! Test files: what people say must hold of a cluster's RBAC and network, read with places and
//! judged, one outcome an assertion.
//!
//! ```text
//! *.case.md ──yaml_of_case──▶ bytes          sources (the caller loads them)
//! *.sectest.yaml ────────────▶  │                 │
//!                        object::load, both in one load
//!                               │                 │
//!                     read ──▶ Suite              │
//!                               └──── run ◀───────┘
//!                                      │  fixtures and patches make a World, a World a Snapshot;
//!                                      ▼  each Claim is judged by rbac and by analysis::connect
//!                          Results { Outcome { status, why, counterexample, … } }
//! ```
//! A claim has a line form, for people, and a map of the same, for programs; both are read into one
//! [`Claim`], which prints as its line. Three rules keep tests honest:
//!
//! - What is about nothing there is (a pod, a user, a namespace) is *malformed*, unless
//!   `allowEmpty` is said: no test passes because nothing matched.
//! - What is not known is *unknown*, which passes only where `accept: unknown` gives a reason.
//! - A claim about many is about each of them, and the first that speaks against it is shown with
//!   its trace.
//!
//! ```
//! use portcullis_object::{Input, Limits, load};
//! use portcullis_sectest::{Date, Given, Status, read, run};
//! use portcullis_snapshot::Settings;
//!
//! let text = "
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: db, namespace: shop}
//! spec: {containers: [{name: db, image: none, ports: [{containerPort: 5432}]}]}
//! ---
//! apiVersion: portcullis.dev/v1alpha1
//! kind: SecurityTest
//! metadata: {name: closed}
//! cluster: {fixtures: [{ip: {internet: 198.51.100.7}}]}
//! assert:
//! - ip/internet -> shop/db deny
//! ";
//! let input = Input { name: "closed.sectest.yaml".into(), bytes: text.into() };
//! let loaded = load(vec![input], &Limits::default());
//! let given = Given {
//!     objects: &[],
//!     unreadable: &loaded.unreadable,
//!     settings: &Settings::default(),
//!     today: "2026-06-01".parse().expect("a day"),
//! };
//! let results = run(&read(&loaded.objects, &loaded.unreadable), &given);
//! assert_eq!(results.outcomes[0].status, Status::Fail);
//! assert_eq!(
//!     results.outcomes[0].why,
//!     "ip/198.51.100.7 -> shop/db tcp/5432 is allowed: \
//!      no policy selects shop/db for ingress: everything is allowed",
//! );
//! ```
//!
//! Nothing here opens files or knows the day: sources are listed ([`sources`]), and the caller
//! loads them. Start reading at `read/line.rs`, where the grammar is, then `judge/`.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod case_file;
pub mod claim;
pub mod fuzzing;
mod init;
mod judge;
mod outcome;
mod read;
pub mod resource;
mod run;
mod suite;
mod world;

pub use case_file::yaml_of_case;
pub use claim::Claim;
pub use init::init;
pub use outcome::{Counterexample, Outcome, Reason, Results, Status, Trace};
pub use portcullis_core::Date;
pub use read::{GROUP, KIND, VERSION, read};
pub use run::{Given, run};
pub use suite::{
    Assertion, Fault, FixtureObject, Fixtures, Overrides, Patch, Skip, SourceRef, Step, Suite,
    Test, sources,
};
