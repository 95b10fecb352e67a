//! From one snapshot to the next.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use portcullis_core::{Diagnostic, ObjectRef, Slots};
use portcullis_object::{Object, Unreadable};

use crate::record::{Read, Unread, identity};
use crate::seats::Seat;
use crate::settings::Settings;
use crate::settle::Work;
use crate::snapshot::Snapshot;
use crate::threads::each;
use crate::touched::Touched;

/// One change of what is given.
#[derive(Clone, Debug)]
pub enum Change {
    /// The object is given.
    ///
    /// It takes the place of what was given under its identity (group, kind, namespace and name; two
    /// versions of one object are one object), or comes last. One that the original would refuse only
    /// takes the place of others that it would refuse: what is there stays. An object without a name
    /// is always another one.
    Put(Object),
    /// Nothing is given under this identity any more. Namespaces are those of [`Change::Put`]: an
    /// object of a namespaced kind that names none is in the default one.
    Delete(ObjectRef),
}

/// What became of a snapshot.
#[derive(Debug)]
pub struct Applied {
    /// The next one. The one before stays what it was.
    pub snapshot: Snapshot,
    /// What may be answered otherwise.
    pub touched: Touched,
    /// What was found in the objects that were put, and of policies that are without their tier since.
    /// For what was found in everything, see [`Snapshot::diagnostics`].
    pub found: Vec<Diagnostic>,
}

impl Snapshot {
    /// Turns objects into a snapshot, and says what was found in them.
    ///
    /// Total: an object that cannot be lowered is reported, and everything else is there. Of two
    /// objects of one identity the last one counts, as when they are applied in turn.
    pub fn build(
        objects: &[Object],
        unreadable: &[Unreadable],
        settings: &Settings,
    ) -> (Self, Vec<Diagnostic>) {
        let reads = each(objects, |object| Read::new(object, settings));
        // What is refused never replaces what is there.
        let there = reads.iter().enumerate().filter(|(_, read)| !read.is_refused());
        let last: HashMap<Arc<ObjectRef>, usize, RandomState> =
            there.map(|(index, read)| (Arc::clone(&read.identity), index)).collect();
        let mut blank = Self::blank(settings);
        blank.unread = Arc::new(Unread::new(unreadable, settings));
        let mut work = Work::from_nothing(blank, objects.len());
        for (index, read) in reads.into_iter().enumerate() {
            let later = last
                .get(&read.identity)
                .copied()
                .filter(|later| *later > index && !read.identity.name.is_empty());
            let later = later.and_then(|later| objects.get(later));
            let (record, workload) = match later {
                Some(later) if !read.is_refused() => (read.twin(later), None),
                _ => read.record(settings, later.is_some()),
            };
            work.put(Seat::at(index), Some(record), workload);
        }
        let snapshot = work.finish().0;
        let found = snapshot.diagnostics();
        (snapshot, found)
    }

    /// The snapshot after one change. Costs what the change concerns, not what there is.
    pub fn apply(&self, change: Change) -> Applied {
        self.apply_all([change])
    }

    /// The snapshot after some changes in turn. Costs less than one after the other where they concern
    /// the same.
    pub fn apply_all(&self, changes: impl IntoIterator<Item = Change>) -> Applied {
        let mut work = Work::on(self);
        for change in changes {
            match change {
                Change::Put(object) => work.put_object(&object),
                Change::Delete(reference) => {
                    let identity = identity(&Arc::new(reference), &self.settings);
                    if !identity.name.is_empty() {
                        for seat in work.named(&identity) {
                            work.put(seat, None, None);
                        }
                    }
                }
            }
        }
        let (snapshot, touched, found) = work.finish();
        Applied { snapshot, touched, found }
    }
}

impl Work<'_> {
    fn put_object(&mut self, object: &Object) {
        let settings = Arc::clone(&self.after.settings);
        let read = Read::new(object, &settings);
        let named = !read.identity.name.is_empty();
        let mut rivals = if named { self.named(&read.identity) } else { Vec::new() };
        let counts = |seat: &Seat| self.after.record(*seat).is_some_and(|record| record.counts);
        let there = rivals.iter().copied().rfind(counts);
        // What is there stays beside one that is refused, and makes room for any other.
        if read.is_refused() {
            let record = |seat: &Seat| self.after.record(*seat);
            rivals.retain(|seat| record(seat).is_some_and(|record| record.refused.is_some()));
        }
        let place = there.filter(|_| !read.is_refused()).or(rivals.last().copied());
        for seat in rivals.into_iter().filter(|seat| Some(*seat) != place) {
            self.put(seat, None, None);
        }
        let seat = place.unwrap_or_else(|| Seat::at(self.after.records.len()));
        let replaced = read.is_refused() && there.is_some_and(|later| later > seat);
        let (record, workload) = read.record(&settings, replaced);
        self.put(seat, Some(record), workload);
    }

    fn named(&self, identity: &ObjectRef) -> Vec<Seat> {
        self.after.register.named(identity).as_slice().to_vec()
    }
}

/// Empty places for as many objects.
pub(crate) fn places<T: Clone, const LEAF: usize>(count: usize) -> Slots<Option<T>, LEAF> {
    std::iter::repeat_with(|| None).take(count).collect()
}
