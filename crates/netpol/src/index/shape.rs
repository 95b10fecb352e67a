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
/// What most questions touch stands together, in one line of the cache; the rest is elsewhere.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Shape {
    /// What most questions ask, once more than one has asked.
    at_hand: OnceLock<AtHand>,
    /// Which selectors of rules select it.
    pub(crate) seen: OnceLock<Seen>,
    /// Which rules it has itself: for flows in, and for flows out.
    own: [OnceLock<Arc<Rulebook>>; 2],
    pub(crate) look: Arc<Look>,
    /// How many criteria had numbers when it was made.
    pub(crate) known: u32,
    /// A shape that the same policies may select.
    pub(crate) kin: Option<u32>,
    /// Whether it is one that policy is asked about at its own end, a pod.
    pub(crate) workload: bool,
    /// Whether its own policies were asked.
    asked: OnceLock<()>,
}

/// What is at hand of a shape: its lists for what is enforced on IPv4, without the way through its
/// rulebooks, and which selectors of rules select it.
#[derive(Clone, Debug)]
pub(crate) struct AtHand {
    seen: Seen,
    /// The lists for flows in, and for flows out, in two parts so that no room is lost between them.
    words: [Arc<[u32]>; 2],
    atoms: [u16; 2],
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
            at_hand: OnceLock::new(),
            seen: OnceLock::new(),
            own: Default::default(),
            workload: look.workload,
            look,
            known,
            kin,
            asked: OnceLock::new(),
        }
    }

    /// What is at hand of it, if that was worked out.
    #[inline]
    pub(crate) fn at_hand(&self) -> Option<&AtHand> {
        self.at_hand.get()
    }

    /// Has this at hand, unless something is.
    pub(super) fn have_at_hand(&self, at_hand: impl FnOnce() -> AtHand) {
        self.at_hand.get_or_init(at_hand);
    }

    /// Notes that its policies were asked. Whether they were before.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.set(()).is_err()
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

impl AtHand {
    pub(super) fn new(seen: Seen, lists: [Lists; 2]) -> Self {
        let atoms = lists.each_ref().map(|lists| lists.atoms);
        Self { seen, words: lists.map(|lists| lists.words), atoms }
    }

    #[inline(always)]
    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    #[inline(always)]
    pub(crate) fn lists(&self, direction: Direction) -> Lists<&[u32]> {
        Lists { words: of(&self.words, direction).as_ref(), atoms: *of(&self.atoms, direction) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn what_is_at_hand_fills_a_line_of_the_cache() {
        let shape = Shape::new(Arc::new(Look::of_labels(&Labels::default())), 0, None);
        assert_eq!((size_of_val(&shape.at_hand), align_of_val(&shape)), (64, 64));
    }
}
