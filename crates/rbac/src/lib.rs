//! Kubernetes RBAC: who may do what, by which binding and rule, and why not.
//!
//! ```text
//! roles, bindings ─► RulesBuilder ─► Rules ─┬─ decide   verdict, and which binding and rule
//!   (bootstrap, aggregate)                  ├─ explain  the same with every reason
//!                                           ├─ who      whom a target is granted to
//!                                           ├─ what     everything a requester is granted
//!                                           └─ rules_for ─► covers ─► may_write_role, may_write_binding
//! ```
//!
//! [`Rules::changed`] makes another set of one, and says whose answers that may change.
//!
//! RBAC only ever grants: rules add up, nothing takes away, and what nobody grants is refused. The
//! answers and the sentences ([`words`]) are those of the Kubernetes authorizer.
//!
//! ```
//! use portcullis_core::Verdict;
//! use portcullis_rbac::{Attempt, Requester, Resource, RulesBuilder, Target, explain};
//!
//! let rules = RulesBuilder::new().with_bootstrap().build();
//! let target = Resource { resource: "pods".into(), ..Resource::default() };
//! let attempt = Attempt {
//!     requester: Requester { user: "system:kube-scheduler".into(), groups: Vec::new() },
//!     verb: "delete".into(),
//!     target: Target::Resource(target),
//! };
//! let decision = explain(&rules, &attempt);
//! assert_eq!(decision.verdict, Verdict::Allow);
//! assert_eq!(
//!     decision.because.first().to_string(),
//!     "ClusterRoleBinding system:kube-scheduler grants ClusterRole system:kube-scheduler#5 \
//!      to User system:kube-scheduler",
//! );
//! ```
//!
//! Nothing here knows manifests, files or servers. Start reading at [`explain`], the walk; [`decide`]
//! and [`who`] find the same in an index. Their independent twin is `spec`.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod aggregate;
mod attempt;
mod bootstrap;
mod change;
mod covers;
mod decide;
mod escalation;
mod explain;
mod grant;
mod hash;
mod index;
mod lexicon;
mod nearly;
mod outline;
mod postings;
mod rule;
mod rules;
#[cfg(feature = "spec")]
pub mod spec;
mod who;
pub mod words;

pub use aggregate::aggregate;
pub use attempt::{Attempt, PRIVILEGED_GROUP, Requester, Resource, Target};
pub use bootstrap::bootstrap;
pub use change::{Change, Touched};
pub use covers::{Covers, compact, covers};
pub use decide::{Deciding, Ruling, decide};
pub use escalation::{Refusal, may_write_binding, may_write_role};
pub use explain::{Dangling, NearMiss, Why, explain, explain_as_server};
pub use grant::{Grant, Scope};
pub use nearly::{NearName, Slip};
pub use rule::{ALL, Respect, Rule};
pub use rules::{Binding, BindingId, Party, Role, RoleKind, RoleRef, Rules, RulesBuilder, Subject};
pub use who::{Holdings, RulesReview, rules_for, what, who, who_anywhere};

#[cfg(test)]
mod testing;
