//! The words every room of Portcullis speaks.
//!
//! Nothing here knows Kubernetes objects, files, servers, time or the kernel. Engines take and
//! return these values; the edge turns them into files, lines and colours.
//!
//! - [`name`]: namespaces, object references.
//! - [`label`]: label maps, shared and sorted.
//! - [`selector`]: the selector language of Calico, which Kubernetes selectors are lowered into.
//! - [`net`]: networks, address ranges, protocols, ports.
//! - [`date`]: days, for what expires; which one is today is the caller's to say.
//! - [`decision`]: verdicts, decisions, what was skipped and assumed.
//! - [`origin`]: where something was said: a document and a field path, never a file or a line.
//! - [`diagnostic`]: what is wrong with what people wrote, and what would mend it.
//! - [`slots`]: a vector whose copies share what they have in common.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod date;
pub mod decision;
pub mod diagnostic;
pub mod fuzzing;
pub mod label;
pub mod name;
pub mod net;
pub mod origin;
pub mod selector;
pub mod slots;
pub mod timestamp;

pub use date::{Date, NotADate};
pub use decision::{Assumed, Because, Decision, Skipped, Verdict};
pub use diagnostic::{Code, Diagnostic, Fix, Label, Severity, nearest};
pub use label::Labels;
pub use name::{Namespace, ObjectRef};
pub use net::{Family, Net, PortRange, Protocol, Ranges};
pub use origin::{DocumentId, FieldPath, Origin, Place, Step};
pub use selector::Selector;
pub use slots::Slots;
pub use timestamp::{NotATimestamp, Timestamp};
