//! Where a snapshot finds what it was given.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use portcullis_core::{Labels, Namespace, ObjectRef};
use rpds::{HashTrieMapSync, RedBlackTreeMapSync};
use smol_str::{SmolStr, format_smolstr};

use crate::lower::selectors::{NAME, OF_NAMESPACE};
use crate::lower::workload::Owner;
use crate::record::{Part, Record};
use crate::seats::{Seat, Seats, SeatsBy, list};

/// The label that every namespace has.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Everything that was given, by what others ask for it. Cloning is O(1).
#[derive(Clone, Default)]
pub(crate) struct Register {
    by_name: SeatsBy<Arc<ObjectRef>>,
    by_list: SeatsBy<List>,
    by_tier: SeatsBy<SmolStr>,
    /// The slices that list an address.
    by_address: SeatsBy<IpAddr>,
    /// The pods that have the addresses of their node.
    by_node: SeatsBy<SmolStr>,
    pub(crate) insides: RedBlackTreeMapSync<Namespace, Arc<Inside>>,
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
    /// The slices of each service.
    pub(crate) slices: HashTrieMapSync<SmolStr, Seats>,
    /// The pods and templates that name such an owner, or an owner made from it.
    pub(crate) made_from: HashTrieMapSync<Owner, Seats>,
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
            slices: HashTrieMapSync::new_sync(),
            made_from: HashTrieMapSync::new_sync(),
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
        !self.exists() && self.slices.is_empty() && self.made_from.is_empty()
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
    Room(&'a Namespace, Room),
    Slices(&'a Namespace, &'a SmolStr),
    MadeFrom(&'a Namespace, &'a Owner),
    Tier(&'a SmolStr),
    Node(&'a SmolStr),
    Carried(&'a SmolStr),
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
    let namespace = record.identity.namespace.as_ref();
    let room = |room| namespace.map(|n| Entry::Room(n, room));
    match &record.part {
        Part::Pod(pod) => {
            all.extend(room(Room::Pods));
            if let Some(namespace) = namespace {
                let owners = pod.owner.iter().chain(&pod.grandparent);
                all.extend(owners.map(|owner| Entry::MadeFrom(namespace, owner)));
            }
            all.extend(pod.lives_at.as_ref().map(Entry::Node));
        }
        Part::Service(_) => {
            all.push(Entry::List(List::Services));
            all.extend(room(Room::Services));
        }
        Part::Slices(slices) => all.push(Entry::Slices(&slices.namespace, &slices.service)),
        Part::Policy(policy) => {
            all.push(Entry::List(List::Policies));
            all.push(Entry::Tier(&policy.tier));
            all.extend(policy.namespace.as_ref().map(|n| Entry::Room(n, Room::Policies)));
            all.extend(policy.doubt.as_ref().map(|_| Entry::List(List::Doubted)));
        }
        Part::Tier(tier) => {
            all.push(Entry::List(List::Tiers));
            all.extend(tier.doubt.as_ref().map(|_| Entry::List(List::Doubted)));
        }
        Part::Set(set, doubt) => {
            all.push(Entry::List(List::Sets));
            all.extend(set.namespace.as_ref().map(|n| Entry::Room(n, Room::Sets)));
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
        Part::Nothing | Part::Namespace(_) | Part::ServiceAccount(_) => {}
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

impl Register {
    /// Finds the record at a seat as it is now, no more as it was. What is said of both is left as it
    /// is: a pod that changes its labels is found as before.
    pub(crate) fn change(&mut self, seat: Seat, was: Option<&Record>, now: Option<&Record>) {
        let (old, new) =
            (was.map(entries).unwrap_or_default(), now.map(entries).unwrap_or_default());
        for entry in old.iter().filter(|entry| !new.contains(entry)) {
            self.list(entry, seat, false);
        }
        for entry in new.iter().filter(|entry| !old.contains(entry)) {
            self.list(entry, seat, true);
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
            Entry::Slices(namespace, service) => self.inside_mut(namespace, |inside| {
                list(&mut inside.slices, service, seat, there);
            }),
            Entry::MadeFrom(namespace, owner) => self.inside_mut(namespace, |inside| {
                list(&mut inside.made_from, owner, seat, there);
            }),
            Entry::Room(namespace, room) => self.inside_mut(namespace, |inside| {
                let seats = match room {
                    Room::Pods => &mut inside.pods,
                    Room::Services => &mut inside.services,
                    Room::Sets => &mut inside.sets,
                    Room::Policies => &mut inside.policies,
                };
                match there {
                    true => seats.insert(seat),
                    false => seats.remove(seat),
                }
            }),
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
        if !self.insides.contains_key(name) {
            self.insides.insert_mut(name.clone(), Arc::new(Inside::new(name)));
        }
        let Some(inside) = self.insides.get_mut(name) else { return };
        change(Arc::make_mut(inside));
        if inside.is_empty() {
            self.insides.remove_mut(name);
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
