//! What endpoints have in common, so that rules are held against it once.

use std::sync::{Arc, OnceLock};

use portcullis_core::Labels;
use portcullis_core::net::NamedPort;
use smol_str::SmolStr;

use super::lists::Lists;
use super::rulebook::Rulebook;
use super::seen::Seen;
use crate::model::{Direction, Endpoint, EndpointKind};

/// Everything about an endpoint that rules can ask for besides its addresses. Pods of one template
/// have one shape, and what is worked out about it is worked out once, when it is first asked for.
///
/// INVARIANT: whatever is worked out here is the same in every version of an index that holds this shape,
/// whoever asks first. So a shape whose rules change is replaced, also if nobody asked for them yet
/// ([`with_other_rules`](Self::with_other_rules)), and selectors count only if they had their numbers
/// when the shape was made: of two versions that come from one, each gives the next number to another.
///
/// What every question touches stands together; the rest is elsewhere.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct Shape {
    /// The lists of its rulebooks for what is enforced on IPv4, for flows in and out: what most
    /// questions ask, without the way through the rulebook.
    lists: [OnceLock<Lists>; 2],
    /// Which selectors of rules select it.
    pub(crate) seen: OnceLock<Seen>,
    /// Whether it is one that policy is asked about at its own end, a pod.
    pub(crate) workload: bool,
    pub(crate) look: Arc<Look>,
    /// How many criteria had numbers when it was made.
    pub(crate) known: u32,
    /// A shape that the same policies may select.
    pub(crate) kin: Option<u32>,
    /// Which rules it has itself: for flows in, and for flows out.
    own: [OnceLock<Arc<Rulebook>>; 2],
}

/// What makes two shapes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Look {
    pub(crate) labels: Labels,
    pub(crate) ports: Vec<NamedPort>,
    pub(crate) profiles: Vec<SmolStr>,
    pub(crate) workload: bool,
}

impl Shape {
    /// `known` is how many criteria have numbers.
    pub(crate) fn new(look: Arc<Look>, known: u32, kin: Option<u32>) -> Self {
        Self {
            lists: Default::default(),
            seen: OnceLock::new(),
            workload: look.workload,
            look,
            known,
            kin,
            own: Default::default(),
        }
    }

    /// The place for its lists for flows in this direction, as far as they are at hand.
    #[inline]
    pub(crate) fn at_hand(&self, direction: Direction) -> &OnceLock<Lists> {
        of(&self.lists, direction)
    }

    /// The place for its rules in this direction.
    pub(crate) fn own(&self, direction: Direction) -> &OnceLock<Arc<Rulebook>> {
        of(&self.own, direction)
    }

    /// The same, to be asked anew which rules it has.
    pub(crate) fn with_other_rules(&self) -> Self {
        Self { seen: self.seen.clone(), ..Self::new(Arc::clone(&self.look), self.known, self.kin) }
    }
}

/// What there is for flows in, or for flows out.
#[inline]
fn of<T>([ingress, egress]: &[T; 2], direction: Direction) -> &T {
    match direction {
        Direction::Ingress => ingress,
        Direction::Egress => egress,
    }
}

impl Look {
    pub(crate) fn of(endpoint: &Endpoint) -> Self {
        Self {
            labels: endpoint.labels.clone(),
            ports: endpoint.ports.clone(),
            profiles: endpoint.profiles.clone(),
            workload: matches!(endpoint.kind, EndpointKind::Workload { .. }),
        }
    }

    /// That of a network set, which has labels and nothing else.
    pub(crate) fn of_labels(labels: &Labels) -> Self {
        let (ports, profiles) = (Vec::new(), Vec::new());
        Self { labels: labels.clone(), ports, profiles, workload: false }
    }
}
