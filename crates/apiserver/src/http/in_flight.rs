//! How many requests may be under way at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Limits, Request};
use crate::request_info::RequestInfo;

/// Which limits hold for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Reads; counted and timed.
    Read,
    /// Writes; counted and timed.
    Write,
    /// Probes are answered however busy the server is, or it would be restarted for being busy.
    Probe,
    /// Watches: neither counted nor timed.
    Watch,
}

/// Counts what is under way.
pub(super) struct InFlight {
    reads: Arc<Counter>,
    writes: Arc<Counter>,
}

struct Counter {
    now: AtomicUsize,
    max: usize,
}

/// A place among those under way, given back when dropped.
pub(super) struct Place(Option<Arc<Counter>>);

impl Class {
    pub(super) fn of(request: &Request) -> Self {
        match &request.info {
            Ok(info) if info.verb == "watch" => Self::Watch,
            Ok(info) if is_probe(info) => Self::Probe,
            Ok(info) if !matches!(info.verb.as_str(), "get" | "list" | "head") => Self::Write,
            _ => Self::Read,
        }
    }

    pub(super) fn is_timed(self) -> bool {
        self != Self::Watch
    }
}

fn is_probe(info: &RequestInfo) -> bool {
    // The first part alone: `/livez/ping` asks as much as `/livez`.
    let first = info.path.trim_start_matches('/').split('/').next();
    !info.is_resource && matches!(first, Some("livez" | "readyz" | "healthz"))
}

impl InFlight {
    pub(super) fn new(limits: &Limits) -> Self {
        let counter = |max| Arc::new(Counter { now: AtomicUsize::new(0), max });
        Self { reads: counter(limits.reads), writes: counter(limits.writes) }
    }

    /// A place for one more, if there is one.
    pub(super) fn enter(&self, class: Class) -> Option<Place> {
        let counter = match class {
            Class::Read => &self.reads,
            Class::Write => &self.writes,
            Class::Probe | Class::Watch => return Some(Place(None)),
        };
        let place = Place(Some(Arc::clone(counter)));
        (counter.now.fetch_add(1, Ordering::Relaxed) < counter.max).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(counter) = &self.0 {
            counter.now.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
