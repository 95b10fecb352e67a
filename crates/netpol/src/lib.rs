//! One flow, one verdict.
//!
//! ```text
//!   Input ──compile──▶ Compiled ──┬─ explain(flow) ──▶ Connection { egress: Side, ingress: Side }
//!                                 ├─ decide(flow) ───▶ Ruling     (the verdict and the rules, without the story)
//!                                 └─ host(question) ─▶ HostSide   (one class of policy of one HostEndpoint)
//! ```
//! Takes tiers of ordered policies in one normal form and a flow, says allow or deny, by which rule,
//! and everything that had a say on the way. It does not know Kubernetes objects, files, time or the
//! kernel: pods arrive as endpoints with labels, addresses and named ports.
//!
//! A flow may leave open where an end lives, which name resolves where, and whether a doubtful policy
//! is in force. Where a rule asks for such a fact, the walk splits; the verdict is definite only if
//! every branch agrees ([`explain()`]).
//!
//! The law is Calico's (tiers, order, Pass, profiles, end-of-tier) with the policies of Kubernetes
//! converted into it, as Calico itself enforces them. Start reading at [`mod@explain`]; its
//! slow twin is `spec`.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod compiled;
pub mod decide;
pub mod explain;
pub mod flow;
pub mod host;
mod index;
mod map;
mod matching;
pub mod model;
#[cfg(feature = "spec")]
pub mod spec;
mod touched;

pub use compiled::{Change, Compiled};
pub use decide::{Decides, Ruling, Said, decide, decide_all};
pub use explain::{
    Branch, By, Condition, Connection, Decider, Hop, PolicyTrace, Side, SideVerdict, Stage,
    TierEnd, TierTrace, explain,
};
pub use flow::{Fact, Flow, Icmp, Need, Party};
pub use host::{Class, HostBranch, HostSide, host};
pub use index::IndexStats;
pub use model::{
    Action, DefaultAction, Direction, DomainPattern, Doubt, Endpoint, EndpointId, EndpointKind,
    Failsafe, Foreign, IcmpMatch, Input, Member, NetList, NetworkSet, Order, Peer, Policy,
    PolicyClass, PolicyId, PolicyKind, PortMatch, Profile, ProtocolMatch, Rule, ServiceEndpoints,
    ServiceMatch, Tier, TierId,
};
pub use touched::Touched;
