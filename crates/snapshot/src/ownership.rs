//! Which pods were made from which templates.

use std::collections::BTreeSet;

use portcullis_core::{Labels, Namespace, ObjectRef};
use smol_str::SmolStr;

use crate::lower::workload::Owner;
use crate::record::{Part, PodPart};
use crate::seats::Seat;
use crate::snapshot::Snapshot;

/// The Deployment or CronJob that an owner which is not given was itself made from.
///
/// Dumps often leave out the ReplicaSet between a Deployment and its pods, and the Job between a
/// CronJob and its pods; the names and the label `pod-template-hash` still tell.
pub(crate) fn grandparent(labels: &Labels, owner: &Owner) -> Option<Owner> {
    let (kind, name) = match owner.kind.as_str() {
        "ReplicaSet" => {
            let hash = labels.value("pod-template-hash")?;
            ("Deployment", owner.name.strip_suffix(hash)?.strip_suffix('-')?)
        }
        "Job" => {
            let (name, stamp) = owner.name.rsplit_once('-')?;
            let stamped = !stamp.is_empty() && stamp.bytes().all(|b| b.is_ascii_digit());
            ("CronJob", stamped.then_some(name)?)
        }
        _ => return None,
    };
    Some(Owner { kind: kind.into(), name: name.into() })
}

/// The API groups that a kind of workload is in.
pub(crate) fn groups_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "Pod" | "ReplicationController" => &[""],
        "Deployment" | "DaemonSet" | "ReplicaSet" | "StatefulSet" => &["apps", "extensions"],
        "Job" | "CronJob" => &["batch"],
        _ => &[],
    }
}

impl Snapshot {
    /// The pod or template here, with its namespace.
    pub(crate) fn pod(&self, seat: Seat) -> Option<(&ObjectRef, &PodPart)> {
        let record = self.record(seat)?;
        match &record.part {
            Part::Pod(pod) => Some((&record.identity, pod)),
            _ => None,
        }
    }

    /// The last workload of this name.
    pub(crate) fn seat_of_workload(
        &self,
        kind: &SmolStr,
        namespace: &Namespace,
        name: &SmolStr,
    ) -> Option<Seat> {
        let named = |group: &&'static str| {
            self.seat(&ObjectRef {
                group: SmolStr::new_static(group),
                kind: kind.clone(),
                namespace: Some(namespace.clone()),
                name: name.clone(),
            })
        };
        groups_of(kind).iter().filter_map(named).max()
    }

    /// The workload that this one was made from, if that is given.
    pub(crate) fn owner(&self, seat: Seat) -> Option<Seat> {
        // What names itself was made from nothing.
        self.named_owner(seat).filter(|found| *found != seat)
    }

    /// The workload that the owner of this one names, which may be itself.
    fn named_owner(&self, seat: Seat) -> Option<Seat> {
        let (identity, pod) = self.pod(seat)?;
        let namespace = identity.namespace.as_ref()?;
        let find = |owner: &Owner| self.seat_of_workload(&owner.kind, namespace, &owner.name);
        let owner = find(pod.owner.as_ref()?);
        owner.or_else(|| find(pod.grandparent.as_ref()?))
    }

    /// Those that name the workload here, or one of its name, as what they were made from.
    pub(crate) fn naming(&self, seat: Seat) -> &[Seat] {
        let Some((identity, _)) = self.pod(seat) else { return &[] };
        let inside = identity.namespace.as_ref().and_then(|n| self.register.inside(n));
        let key = Owner { kind: identity.kind.clone(), name: identity.name.clone() };
        inside.and_then(|i| i.made_from.get(&key)).map_or(&[], |seats| seats.as_slice())
    }

    /// Those made from the one here, directly.
    fn children(&self, seat: Seat) -> impl Iterator<Item = Seat> + '_ {
        // Replicas name the same owner one after the other: a Deployment with five thousand asks
        // only a few times which ReplicaSet that is. Of those that name one owner here, all mean the
        // same: what names this as the origin of its owner does so for each.
        let mut last: Option<(&Owner, bool)> = None;
        self.naming(seat).iter().copied().filter(move |child| {
            let named = self.pod(*child).and_then(|(_, pod)| pod.owner.as_ref());
            let is = match (named, last) {
                (Some(named), Some((same, is))) if same == named => is,
                _ => self.named_owner(*child) == Some(seat),
            };
            last = named.map(|named| (named, is));
            is && *child != seat
        })
    }

    /// The pods made from the template here, directly or not.
    pub(crate) fn pods_under(&self, seat: Seat) -> Vec<Seat> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::from([seat]);
        let mut open: Vec<Seat> = self.children(seat).collect();
        while let Some(next) = open.pop() {
            if !seen.insert(next) {
                continue;
            }
            if self.pod(next).is_some_and(|(identity, _)| identity.kind == "Pod") {
                found.push(next);
            }
            open.extend(self.children(next));
        }
        found.sort_unstable();
        found
    }

    /// One of the same kind and name as the workload here, in another API group: which of the two is
    /// meant depends on both.
    pub(crate) fn namesake(&self, seat: Seat) -> Option<Seat> {
        let (identity, _) = self.pod(seat)?;
        let namespace = identity.namespace.as_ref()?;
        self.seat_of_workload(&identity.kind, namespace, &identity.name)
    }

    /// These and everything they were made from, directly or not.
    pub(crate) fn ancestors(&self, of: &BTreeSet<Seat>) -> BTreeSet<Seat> {
        let mut found = BTreeSet::new();
        let mut open: Vec<Seat> = of.iter().copied().collect();
        while let Some(next) = open.pop() {
            if found.insert(next) {
                open.extend(self.owner(next));
            }
        }
        found
    }
}
