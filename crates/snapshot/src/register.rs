//! Where a snapshot finds what it was given.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use portcullis_core::{Labels, Namespace, ObjectRef};
use rpds::RedBlackTreeSetSync;
use smol_str::{SmolStr, format_smolstr};

use crate::lower::selectors::{NAME, OF_NAMESPACE};
use crate::lower::workload::Owner;
use crate::record::{Part, Record};
use crate::seats::{Map, Seat, Seats, SeatsBy, list, map};

/// The label that every namespace has.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Everything that was given, by what others ask for it. Cloning is O(1).
#[derive(Clone)]
pub(crate) struct Register {
    by_name: SeatsBy<Arc<ObjectRef>>,
    by_list: SeatsBy<List>,
    by_tier: SeatsBy<SmolStr>,
    /// The slices that list an address.
    by_address: SeatsBy<IpAddr>,
    /// The pods that have the addresses of their node.
    by_node: SeatsBy<SmolStr>,
    insides: Map<Namespace, Arc<Inside>>,
    /// The keys of `insides`, in order.
    pub(crate) namespaces: RedBlackTreeSetSync<Namespace>,
    pub(crate) carried: Arc<BTreeMap<String, usize>>,
}

/// What objects have in common that are asked for together.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum List {
    Nodes,
    Services,
    Policies,
    Tiers,
    Sets,
    Profiles,
    Hosts,
    Felix,
    Foreign,
    Roles,
    Bindings,
    CustomResources,
    RbacDoubts,
    HostDoubts,
    /// Policies, tiers and network sets that are in doubt themselves.
    Doubted,
    Refused,
    Skipped,
}

/// What there is in one namespace.
#[derive(Clone)]
pub(crate) struct Inside {
    /// The labels that the namespace really has.
    pub(crate) labels: Labels,
    /// Whether the namespace itself is given.
    pub(crate) given: bool,
    /// The labels it hands down, as what inherits them has them.
    pub(crate) handed: Labels,
    pub(crate) pods: Seats,
    pub(crate) services: Seats,
    pub(crate) sets: Seats,
    pub(crate) policies: Seats,
    /// The service accounts by their names.
    pub(crate) accounts: SeatsBy<SmolStr>,
    /// The slices of each service.
    pub(crate) slices: SeatsBy<SmolStr>,
    /// The pods and templates that name such an owner, or an owner made from it.
    pub(crate) made_from: SeatsBy<Owner>,
}

impl Inside {
    fn new(name: &Namespace) -> Self {
        let mut inside = Self {
            labels: Labels::default(),
            given: false,
            handed: Labels::default(),
            pods: Seats::default(),
            services: Seats::default(),
            sets: Seats::default(),
            policies: Seats::default(),
            accounts: map(),
            slices: map(),
            made_from: map(),
        };
        inside.labelled(name, None);
        inside
    }

    /// Whether there is such a namespace: it is given, or something is in it.
    pub(crate) fn exists(&self) -> bool {
        let rooms = [&self.pods, &self.services, &self.sets, &self.policies];
        self.given || rooms.into_iter().any(|room| !room.is_empty())
    }

    fn is_empty(&self) -> bool {
        let is_unnamed = self.accounts.is_empty() && self.slices.is_empty();
        !self.exists() && is_unnamed && self.made_from.is_empty()
    }

    fn list(&mut self, entry: &Entry<'_>, seat: Seat, there: bool) {
        let room = match entry {
            Entry::Account(name) => return list(&mut self.accounts, *name, seat, there),
            Entry::Slices(service) => return list(&mut self.slices, *service, seat, there),
            Entry::MadeFrom(owner) => return list(&mut self.made_from, *owner, seat, there),
            Entry::Room(Room::Pods) => &mut self.pods,
            Entry::Room(Room::Services) => &mut self.services,
            Entry::Room(Room::Sets) => &mut self.sets,
            Entry::Room(Room::Policies) => &mut self.policies,
            _ => return,
        };
        match there {
            true => room.insert(seat),
            false => room.remove(seat),
        }
    }

    /// Takes the labels that are given, if the namespace is.
    fn labelled(&mut self, name: &Namespace, given: Option<&Labels>) {
        let pairs = |labels: &Labels| -> Vec<(SmolStr, SmolStr)> {
            labels.iter().map(|(k, v)| (k.into(), v.into())).collect()
        };
        let own = given.map(pairs).unwrap_or_default();
        let automatic = (SmolStr::new_static(NAMESPACE_NAME), SmolStr::from(name.as_str()));
        self.labels = own.into_iter().chain([automatic]).collect();
        // Its name comes last: no label of its own can change it.
        let last = (format_smolstr!("{OF_NAMESPACE}{NAME}"), SmolStr::from(name.as_str()));
        let handed =
            self.labels.iter().map(|(k, v)| (format_smolstr!("{OF_NAMESPACE}{k}"), v.into()));
        self.handed = handed.chain([last]).collect();
        self.given = given.is_some();
    }
}

/// One way in which a record is found.
#[derive(PartialEq, Eq)]
enum Entry<'a> {
    Name(&'a Arc<ObjectRef>),
    List(List),
    /// In the namespace of the record, as those that follow.
    Room(Room),
    Account(&'a SmolStr),
    Slices(&'a SmolStr),
    MadeFrom(&'a Owner),
    Tier(&'a SmolStr),
    Node(&'a SmolStr),
    Carried(&'a SmolStr),
}

impl Entry<'_> {
    fn is_inside(&self) -> bool {
        matches!(self, Self::Room(_) | Self::Account(_) | Self::Slices(_) | Self::MadeFrom(_))
    }
}

#[derive(PartialEq, Eq)]
enum Room {
    Pods,
    Services,
    Sets,
    Policies,
}

/// Every way in which a record is found, the addresses that it lists aside.
fn entries(record: &Record) -> Vec<Entry<'_>> {
    let mut all = vec![Entry::Name(&record.identity)];
    match &record.part {
        Part::Pod(pod) => {
            all.push(Entry::Room(Room::Pods));
            all.extend(pod.owner.iter().chain(&pod.grandparent).map(Entry::MadeFrom));
            all.extend(pod.lives_at.as_ref().map(Entry::Node));
        }
        Part::Service(_) => {
            all.push(Entry::List(List::Services));
            all.push(Entry::Room(Room::Services));
        }
        Part::Slices(slices) => all.push(Entry::Slices(&slices.service)),
        Part::Policy(policy) => {
            all.push(Entry::List(List::Policies));
            all.push(Entry::Tier(&policy.tier));
            all.extend(policy.namespace.as_ref().map(|_| Entry::Room(Room::Policies)));
            all.extend(policy.doubt.as_ref().map(|_| Entry::List(List::Doubted)));
        }
        Part::Tier(tier) => {
            all.push(Entry::List(List::Tiers));
            all.extend(tier.doubt.as_ref().map(|_| Entry::List(List::Doubted)));
        }
        Part::Set(set, doubt) => {
            all.push(Entry::List(List::Sets));
            all.extend(set.namespace.as_ref().map(|_| Entry::Room(Room::Sets)));
            all.extend(doubt.as_ref().map(|_| Entry::List(List::Doubted)));
        }
        Part::Node(_) => all.push(Entry::List(List::Nodes)),
        Part::Profile(_) => all.push(Entry::List(List::Profiles)),
        Part::Host(_) => all.push(Entry::List(List::Hosts)),
        Part::Felix(_) => all.push(Entry::List(List::Felix)),
        Part::Foreign(_) => all.push(Entry::List(List::Foreign)),
        Part::Role(_) => all.push(Entry::List(List::Roles)),
        Part::Binding(_) => all.push(Entry::List(List::Bindings)),
        Part::CustomResource(_) => all.push(Entry::List(List::CustomResources)),
        Part::RbacDoubt(_) => all.push(Entry::List(List::RbacDoubts)),
        Part::HostDoubt(_) => all.push(Entry::List(List::HostDoubts)),
        Part::Carried(kind) => all.push(Entry::Carried(kind)),
        Part::ServiceAccount(_) => all.push(Entry::Account(&record.identity.name)),
        Part::Nothing | Part::Namespace(_) => {}
    }
    all.extend(record.refused.as_ref().map(|_| Entry::List(List::Refused)));
    all.extend(record.skipped.as_ref().map(|_| Entry::List(List::Skipped)));
    all
}

/// The addresses that slices list, sorted, each once.
fn addresses(record: Option<&Record>) -> Vec<IpAddr> {
    let Some(Part::Slices(part)) = record.map(|r| &r.part) else { return Vec::new() };
    let mut all: Vec<IpAddr> =
        part.slices.iter().flat_map(|s| s.addresses.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

// === Changing it ===

impl Default for Register {
    fn default() -> Self {
        Self {
            by_name: map(),
            by_list: map(),
            by_tier: map(),
            by_address: map(),
            by_node: map(),
            insides: map(),
            namespaces: RedBlackTreeSetSync::new_sync(),
            carried: Arc::default(),
        }
    }
}

impl Register {
    /// Finds the record at a seat as it is now, no more as it was. What is said of both is left as it
    /// is: a pod that changes its labels is found as before.
    pub(crate) fn change(&mut self, seat: Seat, was: Option<&Record>, now: Option<&Record>) {
        let all = |record: Option<_>| record.map(entries).unwrap_or_default();
        let (old, new) = (all(was), all(now));
        let gone = old.iter().filter(|entry| !new.contains(entry)).map(|entry| (entry, false));
        let come = new.iter().filter(|entry| !old.contains(entry)).map(|entry| (entry, true));
        let (inside, others): (Vec<_>, Vec<_>) =
            gone.chain(come).partition(|(entry, _)| entry.is_inside());
        for (entry, there) in others {
            self.list(entry, seat, there);
        }
        // What is given anew under an identity is in the same namespace.
        let namespace = was.or(now).and_then(|record| record.identity.namespace.as_ref());
        if let (Some(namespace), false) = (namespace, inside.is_empty()) {
            self.inside_mut(namespace, |of| {
                inside.iter().for_each(|(entry, there)| of.list(entry, seat, *there));
            });
        }
        let (old, new) = (addresses(was), addresses(now));
        for address in old.iter().filter(|a| new.binary_search(a).is_err()) {
            list(&mut self.by_address, address, seat, false);
        }
        for address in new.iter().filter(|a| old.binary_search(a).is_err()) {
            list(&mut self.by_address, address, seat, true);
        }
    }

    fn list(&mut self, entry: &Entry<'_>, seat: Seat, there: bool) {
        match entry {
            Entry::Name(identity) => list(&mut self.by_name, identity, seat, there),
            Entry::List(of) => list(&mut self.by_list, of, seat, there),
            Entry::Tier(tier) => list(&mut self.by_tier, tier, seat, there),
            Entry::Node(node) => list(&mut self.by_node, node, seat, there),
            Entry::Carried(kind) => self.count(kind, there),
            Entry::Room(_) | Entry::Account(_) | Entry::Slices(_) | Entry::MadeFrom(_) => {}
        }
    }

    fn count(&mut self, kind: &SmolStr, there: bool) {
        let carried = Arc::make_mut(&mut self.carried);
        let count = carried.entry(kind.to_string()).or_default();
        *count = if there { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            carried.remove(kind.as_str());
        }
    }

    fn inside_mut(&mut self, name: &Namespace, change: impl FnOnce(&mut Inside)) {
        if let Some(inside) = self.insides.get_mut(name) {
            change(Arc::make_mut(inside));
            if inside.is_empty() {
                self.insides.remove_mut(name);
                self.namespaces.remove_mut(name);
            }
            return;
        }
        let mut inside = Inside::new(name);
        change(&mut inside);
        if !inside.is_empty() {
            self.insides.insert_mut(name.clone(), Arc::new(inside));
            self.namespaces.insert_mut(name.clone());
        }
    }

    /// Gives a namespace its labels, if it is given itself.
    pub(crate) fn label(&mut self, name: &Namespace, labels: Option<&Labels>) {
        self.inside_mut(name, |inside| inside.labelled(name, labels));
    }
}

// === Asking it ===

impl Register {
    /// Every seat of this identity, also of what is refused or replaced.
    pub(crate) fn named(&self, identity: &ObjectRef) -> &Seats {
        self.by_name.get(identity).unwrap_or(&Seats::None)
    }

    pub(crate) fn listed(&self, list: List) -> &Seats {
        self.by_list.get(&list).unwrap_or(&Seats::None)
    }

    /// The policies that name this tier.
    pub(crate) fn of_tier(&self, tier: &str) -> &Seats {
        self.by_tier.get(tier).unwrap_or(&Seats::None)
    }

    pub(crate) fn listing(&self, address: IpAddr) -> &Seats {
        self.by_address.get(&address).unwrap_or(&Seats::None)
    }

    pub(crate) fn living_at(&self, node: &str) -> &Seats {
        self.by_node.get(node).unwrap_or(&Seats::None)
    }

    pub(crate) fn inside(&self, namespace: &Namespace) -> Option<&Inside> {
        self.insides.get(namespace).map(Arc::as_ref)
    }

    /// The slices of this service.
    pub(crate) fn slices_of(&self, namespace: &Namespace, service: &SmolStr) -> &Seats {
        let slices = self.inside(namespace).and_then(|inside| inside.slices.get(service));
        slices.unwrap_or(&Seats::None)
    }
}
