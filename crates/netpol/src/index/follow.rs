//! How an index follows the changes of what it was made of.

use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use portcullis_core::Selector;
use smol_str::SmolStr;

use super::anchor::{Anchor, anchors};
use super::make::{key_of_port, seat, take};
use super::seat::{NO_SHAPE, Seat};
use super::shape::{Look, Shape};
use super::step::MAX_CRITERIA;
use super::{Index, LazyAddresses};
use crate::compiled::Compiled;
use crate::model::{Endpoint, EndpointId, NetworkSet, Policy, PolicyId, Profile};

impl Index {
    /// `compiled` is the input as it is after the change.
    pub(crate) fn put_endpoint(
        &mut self,
        compiled: &Compiled,
        id: EndpointId,
        old: Option<&Endpoint>,
        new: Option<&Endpoint>,
    ) {
        let stays = old.map(|e| &e.addresses) == new.map(|e| &e.addresses);
        let there = new.map(|endpoint| {
            let shape = self.shape_id(Look::of(endpoint));
            match self.seats.get(id.index()) {
                Some(seat) if stays => seat.with_shape(shape),
                _ => seat(compiled, id, endpoint, shape),
            }
        });
        while self.seats.len() <= id.index() {
            self.seats.push(Seat::empty());
        }
        self.seats.set(id.index(), there.unwrap_or(Seat::empty()));
        if stays {
            return;
        }
        for address in new.into_iter().flat_map(|e| &e.addresses) {
            self.take(*address);
        }
        // Who shares an address with it may be alone now, or no longer.
        let addresses = old.into_iter().chain(new).flat_map(|e| &e.addresses);
        let neighbours: HashSet<EndpointId> = addresses
            .flat_map(|address| compiled.at_address(*address))
            .copied()
            .filter(|other| *other != id)
            .collect();
        for other in neighbours {
            let (Some(endpoint), Some(there)) =
                (compiled.find_endpoint(other), self.seats.get(other.index()))
            else {
                continue;
            };
            let moved = seat(compiled, other, endpoint, there.shape());
            self.seats.set(other.index(), moved);
        }
    }

    /// The number of a shape; one that is new is added.
    fn shape_id(&mut self, look: Look) -> u32 {
        let id = u32::try_from(self.shapes.len()).unwrap_or(NO_SHAPE);
        let entry = self.entry(&look, id);
        let looks_so = |id: &u32| self.shapes.get(*id).is_some_and(|shape| *shape.look == look);
        if let Some(known) = self.directory.looking(entry.look).find(looks_so) {
            return known;
        }
        let look = Arc::new(look);
        let kin = self.directory.kin(entry);
        self.directory.enter(&look, entry);
        self.is_stale |= look.ports.iter().any(|port| {
            let known = self.called.get(&port.name).map_or(&[][..], |keys| keys);
            !known.contains(&key_of_port(port))
        });
        self.shapes.push(Shape::new(look, self.criteria.known(), kin));
        id
    }

    pub(crate) fn put_policy(&mut self, id: PolicyId, old: Option<&Policy>, new: Option<&Policy>) {
        if let Some(old) = old {
            let under = anchors_of_all(&old.subject);
            self.subjects.take(under, id);
            self.ask_anew(&old.subject);
        }
        let lines = new.map(|new| Arc::new(self.lines(&new.ingress_rules, &new.egress_rules)));
        while self.policies.len() <= id.index() {
            self.policies.push(None);
        }
        self.policies.set(id.index(), lines);
        self.note_addresses();
        if let Some(new) = new {
            let under = self.anchors(&new.subject);
            self.subjects.put(under, id);
            self.note_keys(&new.subject);
            self.ask_anew(&new.subject);
        }
    }

    pub(crate) fn put_profile(&mut self, name: &SmolStr, profile: Option<&Profile>) {
        match profile {
            Some(profile) => {
                let lines = self.lines(&profile.ingress_rules, &profile.egress_rules);
                self.profiles.insert_mut(name.clone(), Arc::new(lines));
            }
            None => {
                self.profiles.remove_mut(name);
            }
        }
        self.note_addresses();
        let having = self.directory.having(&Anchor::Profile(name.clone()));
        for id in having.unwrap_or_else(|| self.all_shapes().collect()) {
            self.ask_anew_if(id, |shape| shape.look.profiles.contains(name));
        }
    }

    /// `compiled` is the input as it is after the change.
    pub(crate) fn put_set(&mut self, compiled: &Compiled, place: usize, set: Option<&NetworkSet>) {
        let shape = set.map(|set| self.shape_id(Look::of_labels(&set.labels)));
        while self.sets.len() <= place {
            self.sets.push(None);
        }
        self.sets.set(place, shape);
        self.renew_addresses();
        self.note_limits(compiled);
    }

    fn take(&mut self, address: IpAddr) {
        let IpAddr::V4(v4) = address else { return };
        if self.is_nobodys(v4.into()) {
            take(Arc::make_mut(&mut self.taken), address);
        }
    }

    /// Has the table of addresses made anew when so many criteria came after it that it pays: those
    /// that it does not know are asked one by one.
    fn note_addresses(&mut self) {
        /// A changed policy brings a handful, and what is worked out about spans is worked out anew.
        const YOUNG: usize = 1024;
        let table = self.addresses.table.get();
        let spans = table.map_or(0, |table| table.spans());
        let young = self.criteria.known().saturating_sub(self.addresses.known);
        if young as usize > YOUNG + spans {
            self.renew_addresses();
        }
    }

    /// Has the table of addresses made anew, from what there is now.
    fn renew_addresses(&mut self) {
        let known = self.criteria.known();
        for id in self.sets.iter().flatten().copied().collect::<Vec<_>>() {
            let Some(shape) = self.shapes.get(id) else { continue };
            if shape.known < known && !shape.workload {
                let fresh = Shape::new(Arc::clone(&shape.look), known, None);
                self.shapes.set(id, fresh);
            }
        }
        self.addresses = LazyAddresses::new(known, self.next_table());
    }

    /// Notes what keeps the index from answering by itself.
    pub(crate) fn note_limits(&mut self, compiled: &Compiled) {
        let named = compiled.placed_sets().filter(|(_, set)| !set.domains.is_empty());
        let named = named.filter_map(|(place, _)| *self.sets.get(place)?);
        self.named_sets = named.collect();
        self.needs_walks =
            !compiled.foreign().is_empty() || compiled.sets().any(|set| set.doubt.is_some());
    }

    fn all_shapes(&self) -> Range<u32> {
        0..u32::try_from(self.shapes.len()).unwrap_or(NO_SHAPE)
    }

    /// Lets the shapes that a selector selects ask anew for their rules.
    fn ask_anew(&mut self, subject: &Selector) {
        let listed = self.anchors(subject).and_then(|anchors| {
            let mut ids = Vec::new();
            for anchor in &anchors {
                ids.append(&mut self.directory.having(anchor)?);
            }
            Some(ids)
        });
        for id in listed.unwrap_or_else(|| self.all_shapes().collect()) {
            self.ask_anew_if(id, |shape| shape.workload && subject.matches(&shape.look.labels));
        }
    }

    /// Lets a shape ask anew for its rules, if it is there and such a one.
    fn ask_anew_if(&mut self, id: u32, is_such: impl FnOnce(&Shape) -> bool) {
        // Also if it was never asked: a version before this one may be, and would answer for both.
        let shape = self.shapes.get(id).filter(|shape| is_such(shape));
        if let Some(fresh) = shape.map(Shape::with_other_rules) {
            self.shapes.set(id, fresh);
        }
    }

    /// Whether it has to be made anew: a port got a new name, or so much of it is out of use, or so
    /// many criteria came later and have no bits, that it is better made anew.
    pub(crate) fn is_worn(&self, compiled: &Compiled) -> bool {
        /// Below this nobody would notice.
        const SLACK: usize = 4096;
        let live = compiled.places();
        let known = self.criteria.known() as usize;
        self.is_stale
            || self.shapes.len() > 2 * live + SLACK
            || known > 4 * self.criteria.made() as usize + SLACK
            || known >= MAX_CRITERIA as usize
    }
}

/// Every anchor that a selector could have been posted under.
fn anchors_of_all(selector: &Selector) -> Option<Vec<Anchor>> {
    match selector {
        Selector::And(all) => {
            let parts = all.iter().filter_map(anchors_of_all).flatten();
            Some(parts.collect())
        }
        Selector::Or(any) => Some(any.iter().filter_map(anchors_of_all).flatten().collect()),
        other => anchors(other, &|_| 0),
    }
}
