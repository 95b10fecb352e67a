//! An immutable cluster: Kubernetes objects turned, once, into the terms of the engines.
//!
//! ```text
//! Object ──lower (one file a kind)──▶ records ──settle──▶ Snapshot { network, rbac, workloads, services }
//!                 │                        ▲                  │
//!                 │                  Change (apply)           └── what was assumed, skipped, refused
//!                 └── Diagnostic (what the API would refuse, what cannot be evaluated)
//! ```
//! This is the only place where objects become engine terms: the command line, tests, servers and
//! nodes all judge what came out of [`Snapshot::build`].

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod change;
pub mod codes;
mod derive;
mod doubt;
mod findings;
pub mod fuzzing;
mod lower;
mod ownership;
mod record;
mod register;
mod routes;
mod seats;
mod settings;
mod settle;
mod snapshot;
mod threads;
mod touched;

pub use change::{Applied, Change};
pub use lower::custom_resource::CustomResource;
pub use lower::host_endpoint::PodToHost;
pub use lower::service::{Service, ServicePort, TargetPort};
pub use lower::workload::{ContainerPort, Variable};
pub use settings::{Aggregation, Intake, IntakeByApi, Refused, Settings};
pub use snapshot::{
    Backend, BackendAt, DoubtedHost, HostDoubt, Node, RbacDoubt, RefusedObject, Snapshot, Workload,
    WorkloadId, WorkloadState,
};
pub use touched::Touched;
