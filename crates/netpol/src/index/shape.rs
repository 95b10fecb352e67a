//! What endpoints have in common, so that rules are held against it once.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use portcullis_core::Labels;
use portcullis_core::net::NamedPort;
use smol_str::SmolStr;

use super::target::Target;
use crate::model::{Endpoint, EndpointKind};

/// Everything about an endpoint that rules can ask for besides its addresses. Pods of one template
/// have one shape, and what is worked out about it is worked out once, when it is first asked for.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) look: Look,
    /// What rules of others can see of it.
    pub(crate) seen: OnceLock<Arc<Seen>>,
    /// Which rules it has itself: for flows in, and for flows out.
    pub(crate) own: OnceLock<[Arc<Target>; 2]>,
}

/// What makes two shapes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) labels: Labels,
    pub(crate) ports: Vec<NamedPort>,
    pub(crate) profiles: Vec<SmolStr>,
    /// Whether it is one that policy is asked about at its own end, a pod.
    pub(crate) workload: bool,
}

/// Which selectors select a shape.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Their numbers, ascending.
    pub(crate) selectors: Box<[u32]>,
    /// Of selectors from this number on nothing is said: they are younger.
    pub(crate) upto: u32,
}

impl Shape {
    pub(crate) fn new(look: Look) -> Self {
        Self { look, seen: OnceLock::new(), own: OnceLock::new() }
    }

    /// The same, to be asked anew which rules it has.
    pub(crate) fn with_other_rules(&self) -> Self {
        Self { look: self.look.clone(), seen: self.seen.clone(), own: OnceLock::new() }
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

impl Hash for Look {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Pods of equal labels differ in little else.
        self.labels.hash(state);
    }
}

impl Seen {
    /// Whether the selector of this number is among them, as far as it is known.
    ///
    /// A shape is selected by about twenty-five selectors of a large cluster, which four at a time
    /// are compared faster than they are searched by halves.
    #[inline]
    pub(crate) fn has(&self, selector: u32) -> bool {
        const SWEPT: usize = 64;
        if self.selectors.len() <= SWEPT {
            return self.selectors.iter().fold(false, |found, s| found | (*s == selector));
        }
        self.selectors.binary_search(&selector).is_ok()
    }
}
