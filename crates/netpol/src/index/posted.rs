//! Which shapes have a label or profile.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;
use smol_str::SmolStr;

use super::anchor::Anchor;
use super::shape::Look;
use crate::map::Map;

/// Shapes under one label, beyond which they are no longer listed there: whoever looks for them goes
/// through all shapes. Selectors of namespaces are what most policies have, and a namespace has some
/// twenty shapes; to list those of widespread labels too would make a new shape cost twice as much.
pub(crate) const MAX_LISTED: usize = 256;

/// The shapes that have a label or profile, for those who look for shapes. Of labels only those are listed
/// that policies tell their endpoints by, and that tell few from many: each list that a new shape joins,
/// or might have joined, takes a part of a microsecond.
#[derive(Clone, Debug, Default)]
pub(crate) struct Posted {
    /// None where there are too many.
    lists: Map<Anchor, Option<Arc<[u32]>>>,
    /// The keys of labels that are listed, in order.
    keys: Arc<[SmolStr]>,
}

/// What is known of the shapes that have something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Having<'a> {
    /// They are these.
    Listed(&'a [u32]),
    /// They are many, or are not listed.
    Many,
}

/// The shapes by everything they have.
pub(crate) type Everything = HashMap<Anchor, Vec<u32>, RandomState>;

/// Everything that shapes have which look so.
pub(crate) fn everything(looks: &[Arc<Look>]) -> Everything {
    let mut all = Everything::default();
    for (look, id) in looks.iter().zip(0..) {
        for anchor in look.anchors() {
            all.entry(anchor).or_default().push(id);
        }
    }
    all
}

impl Posted {
    /// Of labels only those with some of these keys.
    pub(crate) fn new(all: Everything, keys: impl Iterator<Item = SmolStr>) -> Self {
        let is_listed = |ids: &[u32]| ids.len() <= MAX_LISTED;
        // Of each key, how many shapes would be listed, and how many not.
        let mut counts: BTreeMap<SmolStr, [usize; 2]> = keys.map(|key| (key, [0; 2])).collect();
        for (anchor, ids) in &all {
            if let Anchor::Pair(key, _) = anchor
                && let Some([listed, others]) = counts.get_mut(key)
            {
                *(if is_listed(ids) { listed } else { others }) += ids.len();
            }
        }
        counts.retain(|_, [listed, others]| listed >= others);
        let mut posted = Self { lists: Map::default(), keys: counts.into_keys().collect() };
        for (anchor, ids) in all {
            if posted.lists_such(&anchor) {
                let listed = is_listed(&ids).then(|| ids.into());
                posted.lists.insert_mut(anchor, listed);
            }
        }
        posted
    }

    fn lists_such(&self, anchor: &Anchor) -> bool {
        match anchor {
            Anchor::Pair(key, _) => self.keys.binary_search(key).is_ok(),
            Anchor::Key(_) => false,
            Anchor::Profile(_) => true,
        }
    }

    /// Those that have this.
    pub(crate) fn having(&self, anchor: &Anchor) -> Having<'_> {
        if !self.lists_such(anchor) {
            return Having::Many;
        }
        match self.lists.get(anchor) {
            Some(Some(ids)) => Having::Listed(ids),
            Some(None) => Having::Many,
            None => Having::Listed(&[]),
        }
    }

    /// Adds a shape, which has the largest number.
    pub(crate) fn push(&mut self, look: &Look, id: u32) {
        for anchor in look.anchors() {
            let listed = match self.having(&anchor) {
                Having::Many => continue,
                Having::Listed(ids) if ids.len() >= MAX_LISTED => None,
                Having::Listed(ids) => Some(ids.iter().copied().chain([id]).collect()),
            };
            self.lists.insert_mut(anchor, listed);
        }
    }
}
