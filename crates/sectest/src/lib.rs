//! Test files: what people say must hold of a cluster's RBAC and network, read with places and
//! judged, one outcome an assertion.

mod case_file;
pub mod claim;
mod date;
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
pub use date::{Date, DateError};
pub use init::init;
pub use outcome::{Counterexample, Outcome, Reason, Results, Status, Trace};
pub use read::{GROUP, KIND, VERSION, read};
pub use run::{Given, run};
pub use suite::{
    Assertion, Fault, FixtureObject, Fixtures, Overrides, Patch, Skip, SourceRef, Step, Suite,
    Test, sources,
};
