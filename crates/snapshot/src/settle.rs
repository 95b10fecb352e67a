//! What follows from a change: what is derived anew, and what the network is told.
//!
//! ```text
//! put, put, … ──▶ seats that changed ──▶ namespaces ▶ workloads ▶ hosts, sets ▶ services ▶ policies
//!                                                                        │
//!                                       Touched ◀── Compiled::changed ◀──┘
//! ```
//! A snapshot made from scratch takes the same way, with every seat changed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use portcullis_core::{Diagnostic, Namespace, Slots};
use portcullis_netpol::{Change, Compiled, Endpoint, EndpointId, Input, PolicyId, Tier};
use portcullis_rbac::{Binding, Change as RuleChange, Role};
use smol_str::SmolStr;

use crate::change::places;
use crate::derive::{DEFAULT_ALLOW, State, profile_of};
use crate::lower::UNREADABLE_TIER;
use crate::lower::host_endpoint;
use crate::record::{Part, Record};
use crate::register::List;
use crate::routes::is_selected;
use crate::seats::Seat;
use crate::snapshot::{Backend, BackendAt, Next, Snapshot, Workload, WorkloadId, WorkloadState};
use crate::threads::each;
use crate::touched::Touched;

/// A snapshot on its way to the next one.
pub(crate) struct Work<'a> {
    /// None where nothing was before.
    before: Option<&'a Snapshot>,
    pub(crate) after: Snapshot,
    /// The seats at which something else is given.
    changed: BTreeSet<Seat>,
    /// The workloads that were put, without their state.
    arrived: BTreeMap<Seat, Arc<Workload>>,
    dirt: Dirt,
    changes: Vec<Change>,
    /// What only moved to another document.
    moved: Vec<Change>,
    touched: Touched,
    found: Vec<Diagnostic>,
}

/// What has to be derived anew.
#[derive(Default)]
struct Dirt {
    /// Those whose own object changed.
    given: BTreeSet<Namespace>,
    /// Those that things of came or went.
    used: BTreeSet<Namespace>,
    accounts: BTreeSet<(Namespace, SmolStr)>,
    nodes: BTreeSet<SmolStr>,
    pods: BTreeSet<Seat>,
    profiles: BTreeSet<SmolStr>,
    hosts: BTreeSet<Seat>,
    sets: BTreeSet<Seat>,
    /// Services by their seats, and which pods of them to look at.
    services: BTreeMap<Seat, Look>,
    /// Services whose slices, or what is at their addresses, changed.
    listed: BTreeSet<Seat>,
    /// Services by namespace and name, as rules name them.
    endpoints: BTreeSet<(Namespace, SmolStr)>,
    policies: BTreeSet<Seat>,
    tiers: bool,
    felix: bool,
    foreign: bool,
    custom_resources: bool,
}

/// What becomes of a workload; an endpoint has no number yet.
enum Derived {
    Endpoint(Endpoint),
    Else(WorkloadState),
}

/// Where a service leads.
enum Leads {
    To(Vec<Backend>),
    WhereSlicesSay,
    /// It is not there.
    Nowhere,
}

/// Which pods of a service to look at.
enum Look {
    All,
    At(Vec<Seat>),
}

// === Taking changes in ===

impl<'a> Work<'a> {
    pub(crate) fn on(before: &'a Snapshot) -> Self {
        Self::new(Some(before), before.clone())
    }

    /// The first one, of this many objects.
    pub(crate) fn from_nothing(mut blank: Snapshot, objects: usize) -> Self {
        blank.records = places(objects);
        blank.numbers = places(objects);
        blank.workloads = places(objects);
        blank.by_endpoint = places(objects);
        Self::new(None, blank)
    }

    fn new(before: Option<&'a Snapshot>, after: Snapshot) -> Self {
        Self {
            before,
            after,
            changed: BTreeSet::new(),
            arrived: BTreeMap::new(),
            dirt: Dirt::default(),
            changes: Vec::new(),
            moved: Vec::new(),
            touched: Touched::default(),
            found: Vec::new(),
        }
    }

    /// What stands at a seat is now this.
    pub(crate) fn put(
        &mut self,
        seat: Seat,
        record: Option<Record>,
        workload: Option<Arc<Workload>>,
    ) {
        let record = record.map(Arc::new);
        let was = self.after.records.get(seat.index()).cloned().flatten();
        self.after.register.change(seat, was.as_deref(), record.as_deref());
        set(&mut self.after.records, seat, record);
        self.changed.insert(seat);
        match workload {
            Some(workload) => self.arrived.insert(seat, workload),
            None => self.arrived.remove(&seat),
        };
    }

    /// Derives everything that depends on what changed.
    pub(crate) fn finish(mut self) -> (Snapshot, Touched, Vec<Diagnostic>) {
        for seat in std::mem::take(&mut self.changed) {
            self.spread(seat);
            self.changed.insert(seat);
        }
        if self.before.is_none() {
            self.dirt.used.extend(self.after.register.namespaces.iter().cloned());
            self.dirt.profiles.insert(SmolStr::new_static(DEFAULT_ALLOW));
            self.dirt.tiers = true;
            self.dirt.felix = true;
            self.touched.rbac = true;
            self.changes.push(Change::Resolved(self.after.settings.resolved.clone()));
        }
        self.namespaces();
        self.pods();
        self.hosts_and_sets();
        self.services();
        self.tiers_and_policies();
        self.hosts_options();
        self.network();
        self.listed_services();
        if self.dirt.custom_resources {
            self.after.custom_resources = self.after.all_custom_resources();
        }
        if self.touched.rbac {
            self.rules();
        }
        (self.after, self.touched, self.found)
    }

    /// Roles and bindings follow the seats, or are put together anew where their order asks for it.
    fn rules(&mut self) {
        match self.rule_changes() {
            Some(changes) => {
                let (rules, touched) = self.after.rbac.changed(changes);
                self.after.rbac = Arc::new(rules);
                self.touched.grants = Some(touched).filter(|_| !self.doubts_grants());
            }
            None => self.after.rbac = Arc::new(self.after.rules()),
        }
    }

    /// None if something comes to stand between others: rules that follow put what is new last, and
    /// of several grants the first is the one that is named.
    fn rule_changes(&self) -> Option<Vec<RuleChange>> {
        let before = self.before?;
        let mut changes = Vec::new();
        for seat in &self.changed {
            let was = before.record(*seat).and_then(|record| record.part.rule_key());
            let now = self.after.record(*seat);
            let now_key = now.and_then(|record| record.part.rule_key());
            let is_last = seat.index() >= before.records.len();
            match (was, now_key) {
                (None, None) => {}
                (Some(key), None) => changes.push(match key {
                    (true, namespace, name) => RuleChange::DeleteRole(namespace, name),
                    (false, namespace, name) => RuleChange::DeleteBinding(namespace, name),
                }),
                (was, Some(key)) if was.as_ref() == Some(&key) || was.is_none() && is_last => {
                    match now.map(|record| &record.part) {
                        Some(Part::Role(role)) => {
                            changes.push(RuleChange::PutRole(Role::clone(role)));
                        }
                        Some(Part::Binding(binding)) => {
                            changes.push(RuleChange::PutBinding(Binding::clone(binding)));
                        }
                        _ => {}
                    }
                }
                _ => return None,
            }
        }
        Some(changes)
    }

    /// Whether a role or binding came into doubt or is no longer: who is refused may be allowed then.
    fn doubts_grants(&self) -> bool {
        let doubts = |snapshot: &Snapshot, seat: &Seat| {
            snapshot.record(*seat).is_some_and(|r| matches!(r.part, Part::RbacDoubt(_)))
        };
        let before = self.before;
        self.changed.iter().any(|seat| {
            doubts(&self.after, seat) || before.is_some_and(|before| doubts(before, seat))
        })
    }

    /// Marks what depends on what was and is at a seat.
    fn spread(&mut self, seat: Seat) {
        let was = self.before.and_then(|b| b.records.get(seat.index())).cloned().flatten();
        let now = self.after.records.get(seat.index()).cloned().flatten();
        if let (Some(_), Some(now)) = (self.before, &now) {
            self.found.extend(now.diagnostics.iter().cloned());
        }
        let told = |record: &Option<Arc<Record>>| {
            record.as_ref().is_some_and(|r| r.refused.is_some() || r.skipped.is_some())
        };
        self.touched.remarks |= told(&was) || told(&now);
        for record in was.iter().chain(&now) {
            self.depends_on(seat, record);
        }
        // A namespace that is not given is there as long as something is in it. From nothing, every
        // one is looked at anyway.
        let fills = |record: &Option<Arc<Record>>| record.as_ref().is_some_and(|r| r.part.fills());
        if self.before.is_some() && fills(&was) != fills(&now) {
            let any = was.as_ref().or(now.as_ref());
            self.dirt.used.extend(any.and_then(|any| any.identity.namespace.clone()));
        }
        // What counted and counts neither appears nor vanishes: that is nearly every change.
        let counts = |record: &Option<Arc<Record>>| record.as_ref().is_some_and(|r| r.counts);
        if counts(&was) && counts(&now) {
            return;
        }
        if let (Some(before), Some(any)) = (self.before, was.or(now)) {
            let identity = &any.identity;
            match (before.seat(identity), self.after.seat(identity)) {
                (None, Some(_)) => self.touched.appeared.push(Arc::clone(identity)),
                (Some(_), None) => self.touched.vanished.push(Arc::clone(identity)),
                _ => {}
            }
        }
    }

    fn depends_on(&mut self, seat: Seat, record: &Record) {
        let dirt = &mut self.dirt;
        let namespace = record.identity.namespace.as_ref();
        match &record.part {
            Part::Nothing => {}
            Part::Namespace(_) => {
                dirt.given.insert(Namespace::new(record.identity.name.clone()));
            }
            Part::ServiceAccount(_) => {
                dirt.accounts.extend(namespace.map(|n| (n.clone(), record.identity.name.clone())));
            }
            Part::Node(node) => {
                dirt.nodes.insert(node.name.clone());
                self.touched.remarks = true;
            }
            Part::Pod(_) => {
                dirt.pods.insert(seat);
            }
            Part::Service(service) => {
                dirt.services.insert(seat, Look::All);
                dirt.listed.insert(seat);
                dirt.endpoints.insert((service.namespace.clone(), service.name.clone()));
            }
            Part::Slices(slices) => {
                let of = (slices.namespace.clone(), slices.service.clone());
                for service in self.after.services_named(&of.0, &of.1).iter() {
                    dirt.services.insert(service, Look::All);
                    dirt.listed.insert(service);
                }
                dirt.endpoints.insert(of);
            }
            Part::Policy(policy) => {
                dirt.policies.insert(seat);
                dirt.tiers |= policy.tier == UNREADABLE_TIER;
                self.touched.remarks |= policy.doubt.is_some();
            }
            Part::Tier(_) => {
                dirt.tiers = true;
                self.touched.remarks = true;
            }
            Part::Set(..) => {
                dirt.sets.insert(seat);
                self.touched.remarks = true;
            }
            Part::Profile(profile) => {
                dirt.profiles.insert(profile.profile.name.clone());
            }
            Part::Host(_) => {
                dirt.hosts.insert(seat);
                self.touched.remarks = true;
            }
            Part::Felix(_) => {
                dirt.felix = true;
                self.touched.remarks = true;
            }
            Part::Foreign(_) => dirt.foreign = true,
            Part::Role(_) | Part::Binding(_) => self.touched.rbac = true,
            Part::RbacDoubt(_) => self.touched.rbac = true,
            Part::CustomResource(_) => {
                dirt.custom_resources = true;
                self.touched.remarks = true;
            }
            Part::HostDoubt(_) | Part::Carried(_) => self.touched.remarks = true,
        }
    }
}

// === Deriving ===

impl Work<'_> {
    fn namespaces(&mut self) {
        for name in &self.dirt.given {
            let labels = self.after.given_namespace(name).cloned();
            self.after.register.label(name, labels.as_ref());
            let handed = |snapshot: &Snapshot| {
                snapshot.register.inside(name).map(|inside| inside.handed.clone())
            };
            let Some(before) = self.before else { continue };
            if let Some(inside) = self.after.register.inside(name)
                && handed(before).as_ref() != Some(&inside.handed)
            {
                self.dirt.pods.extend(inside.pods.iter());
                self.dirt.sets.extend(inside.sets.iter());
            }
        }
        for name in self.dirt.given.union(&self.dirt.used) {
            let was = self.before.and_then(|before| before.namespace(name.as_str()));
            let is = self.after.namespace(name.as_str());
            if was.is_some() != is.is_some() {
                self.dirt.profiles.insert(profile_of(name));
            }
            if was != is {
                self.touched.namespaces.push(name.clone());
            }
        }
    }

    fn pods(&mut self) {
        if let Some(before) = self.before {
            self.heirs();
            self.relatives(before);
        }
        let seats: Vec<Seat> = std::mem::take(&mut self.dirt.pods).into_iter().collect();
        let derived = each(&seats, |seat| self.derived(*seat));
        for (seat, derived) in seats.into_iter().zip(derived) {
            self.workload(seat, derived);
        }
    }

    /// What becomes of the workload at a seat, if one is there.
    fn derived(&self, seat: Seat) -> Option<Derived> {
        let (_, pod) = self.after.pod(seat)?;
        let arrived = self.arrived.get(&seat).map(Arc::as_ref);
        let workload = arrived.or_else(|| self.after.workload_at(seat))?;
        Some(match self.after.state(seat, pod, workload) {
            State::Endpoint => Derived::Endpoint(self.after.endpoint(workload, pod)),
            State::Else(state) => Derived::Else(state),
        })
    }

    /// The pods that inherit from service accounts and nodes that changed.
    fn heirs(&mut self) {
        for (namespace, account) in &self.dirt.accounts {
            let inside = self.after.register.inside(namespace);
            let pods = inside.into_iter().flat_map(|inside| inside.pods.iter());
            self.dirt.pods.extend(pods.filter(|seat| {
                self.after.workload_at(*seat).is_some_and(|w| w.service_account == *account)
            }));
        }
        for node in &self.dirt.nodes {
            self.dirt.pods.extend(self.after.register.living_at(node).iter());
        }
    }

    /// The templates that other pods stand for, because a workload came or went or has another owner.
    fn relatives(&mut self, before: &Snapshot) {
        let mut roots = BTreeSet::new();
        for seat in &self.changed {
            let (was, is) = (before.pod(*seat), self.after.pod(*seat));
            if was.map(|(_, pod)| pod.owners()) != is.map(|(_, pod)| pod.owners()) {
                roots.insert(*seat);
                for snapshot in [before, &self.after] {
                    roots.extend(snapshot.naming(*seat));
                    roots.extend(snapshot.namesake(*seat));
                }
            }
        }
        for snapshot in [before, &self.after] {
            let ancestors = snapshot.ancestors(&roots).into_iter();
            self.dirt.pods.extend(ancestors.filter(|seat| {
                snapshot.pod(*seat).is_some_and(|(identity, _)| identity.kind != "Pod")
            }));
        }
    }

    /// Puts the workload at a seat, as it was derived; if it is an endpoint, the network is told.
    fn workload(&mut self, seat: Seat, derived: Option<Derived>) {
        let was = self.before.and_then(|b| b.workloads.get(seat.index())).cloned().flatten();
        let state = derived.map(|derived| match derived {
            Derived::Else(state) => state,
            Derived::Endpoint(endpoint) => {
                let id = self.workload_number(seat);
                self.put_endpoint(id, endpoint);
                WorkloadState::Endpoint(id)
            }
        });
        let there = || self.after.workloads.get(seat.index()).cloned().flatten();
        let given =
            state.and_then(|state| Some((self.arrived.remove(&seat).or_else(there)?, state)));
        let now = given.map(|(mut workload, state)| {
            if workload.state != state {
                Arc::make_mut(&mut workload).state = state;
            }
            workload
        });
        if let (Some(id), None) = (endpoint_of(was.as_deref()), endpoint_of(now.as_deref())) {
            let there = self.before.and_then(|before| before.network.find_endpoint(id));
            self.at_addresses(there.map_or(&[], |endpoint| &endpoint.addresses));
            self.changes.push(Change::Endpoint(id, None));
        }
        set(&mut self.after.workloads, seat, now.clone());
        self.touch_workload(seat, was.as_deref(), now.as_deref());
    }

    /// The number of the endpoint that the workload at a seat is. It is for life, as the seat is.
    fn workload_number(&mut self, seat: Seat) -> EndpointId {
        if let Some(number) = self.after.number(seat) {
            return EndpointId(number);
        }
        let number = self.number(seat, |next| &mut next.endpoint);
        put(&mut self.after.by_endpoint, number as usize, Some(WorkloadId(seat.index())));
        EndpointId(number)
    }

    /// An endpoint is now this one.
    fn put_endpoint(&mut self, id: EndpointId, endpoint: Endpoint) {
        let was = self.before.and_then(|before| before.network.find_endpoint(id));
        let (same, same_place) = match was {
            Some(was) => (is_same(was, &endpoint), was.origin == endpoint.origin),
            None => (false, false),
        };
        let old = was.map_or(&[][..], |was| &was.addresses);
        if self.before.is_some() && old != endpoint.addresses {
            self.at_addresses(old);
            self.at_addresses(&endpoint.addresses);
        }
        let change = Change::Endpoint(id, Some(Arc::new(endpoint)));
        match (same, same_place) {
            (true, true) => {}
            (true, false) => self.moved.push(change),
            (false, _) => self.changes.push(change),
        }
    }

    /// Something else is at these addresses now.
    fn at_addresses(&mut self, addresses: &[IpAddr]) {
        for address in addresses {
            for slices in self.after.register.listing(*address).iter() {
                if let Some(Part::Slices(part)) = self.after.record(slices).map(|r| &r.part) {
                    let services = self.after.services_named(&part.namespace, &part.service);
                    self.dirt.listed.extend(services.iter());
                }
            }
        }
    }

    fn touch_workload(&mut self, seat: Seat, was: Option<&Workload>, now: Option<&Workload>) {
        let (Some(_), Some(workload)) = (self.before, was.or(now)) else { return };
        if let (Some(was), Some(now)) = (was, now)
            && is_same_workload(was, now)
        {
            return;
        }
        self.touched.workloads.push(WorkloadId(seat.index()));
        let inside = self.after.register.inside(&workload.namespace);
        for place in inside.into_iter().flat_map(|inside| inside.services.iter()) {
            let Some(service) = self.after.service_at(place.index()) else { continue };
            let selected = |workload: &&Workload| is_selected(service, workload);
            match (was.filter(selected), now.filter(selected)) {
                (None, None) => continue,
                // Selected as before, it is led to as before: most changes of labels are of others.
                (Some(was), Some(now)) if (&was.ports, &was.state) == (&now.ports, &now.state) => {
                    continue;
                }
                _ => {}
            }
            self.dirt.endpoints.insert((service.namespace.clone(), service.name.clone()));
            match self.dirt.services.entry(place).or_insert_with(|| Look::At(Vec::new())) {
                Look::All => {}
                Look::At(seats) => seats.push(seat),
            }
        }
    }

    fn hosts_and_sets(&mut self) {
        if self.before.is_some() && !self.dirt.profiles.is_empty() {
            let hosts = self.after.register.listed(List::Hosts).iter();
            self.dirt.hosts.extend(hosts.filter(|seat| match self.after.record(*seat) {
                Some(Record { part: Part::Host(host), .. }) => {
                    host.profiles.iter().any(|name| self.dirt.profiles.contains(name))
                }
                _ => false,
            }));
        }
        for seat in std::mem::take(&mut self.dirt.hosts) {
            match (self.after.host(seat), self.after.number(seat)) {
                (Some(host), _) => {
                    let id = EndpointId(self.number(seat, |next| &mut next.endpoint));
                    self.put_endpoint(id, host);
                }
                (None, Some(number)) => {
                    self.changes.push(Change::Endpoint(EndpointId(number), None));
                }
                (None, None) => {}
            }
        }
        for name in std::mem::take(&mut self.dirt.profiles) {
            let profile = self.after.profile(&name).map(Arc::new);
            self.changes.push(Change::Profile(name, profile));
        }
    }

    fn services(&mut self) {
        let looks = Vec::from_iter(std::mem::take(&mut self.dirt.services));
        let found = each(&looks, |(seat, look)| self.leads(*seat, look));
        for ((seat, _), found) in looks.iter().zip(found) {
            match found {
                Leads::Nowhere => self.lead(*seat, None),
                Leads::To(backends) => self.lead(*seat, Some(backends)),
                // These are looked at once it is known who is at their addresses.
                Leads::WhereSlicesSay => {}
            }
        }
        let names = Vec::from_iter(std::mem::take(&mut self.dirt.endpoints));
        let changes = each(&names, |(namespace, name)| {
            let now = self.after.service_endpoints(namespace, name);
            let was = self.before.and_then(|before| before.network.service(namespace, name));
            let changes = was.map(|was| &was.members) != now.as_ref().map(|now| &now.members);
            let change = || Change::Service(namespace.clone(), name.clone(), now.map(Arc::new));
            changes.then(change)
        });
        self.changes.extend(changes.into_iter().flatten());
    }

    /// Where the service at a seat leads now.
    fn leads(&self, seat: Seat, look: &Look) -> Leads {
        let Some(service) = self.after.service_at(seat.index()) else { return Leads::Nowhere };
        if self.after.has_slices(service) {
            return Leads::WhereSlicesSay;
        }
        Leads::To(match look {
            Look::All => {
                let inside = self.after.register.inside(&service.namespace);
                let pods = inside.into_iter().flat_map(|inside| inside.pods.iter());
                self.after.selected_backends(service, pods)
            }
            Look::At(seats) => {
                let is_at = |backend: &Backend| match backend.at {
                    BackendAt::Workload(id) => seats.contains(&Seat::at(id.0)),
                    BackendAt::Address(_) => false,
                };
                let there = self.after.backends(seat.index()).iter();
                let mut backends: Vec<Backend> = there.filter(|b| !is_at(b)).cloned().collect();
                backends.extend(self.after.selected_backends(service, seats.iter().copied()));
                // As in one made from scratch: pod by pod, and port by port.
                backends.sort_by_key(|backend| (backend.at, backend.service_port));
                backends
            }
        })
    }

    /// The services that lead where their slices say.
    fn listed_services(&mut self) {
        for seat in std::mem::take(&mut self.dirt.listed) {
            let Some(service) = self.after.service_at(seat.index()) else { continue };
            let slices = self.after.slices(&service.namespace, &service.name);
            if !slices.is_empty() {
                let backends = self.after.listed_backends(service, &slices);
                self.lead(seat, Some(backends));
            }
        }
    }

    /// A service now leads there, or is gone.
    fn lead(&mut self, seat: Seat, backends: Option<Vec<Backend>>) {
        let was = self.before.and_then(|before| before.backends.get(&seat));
        let same = was.map(|was| was.as_ref()) == backends.as_deref();
        if self.before.is_some() && (!same || self.changed.contains(&seat)) {
            self.touched.services.push(seat.index());
        }
        match backends {
            Some(_) if same => {}
            Some(backends) => self.after.backends.insert_mut(seat, backends.into()),
            None => {
                self.after.backends.remove_mut(&seat);
            }
        }
    }

    fn tiers_and_policies(&mut self) {
        if self.dirt.tiers {
            let tiers = self.after.all_tiers(false);
            let was = std::mem::replace(&mut self.after.tiers, tiers.into());
            for tier in was.iter().chain(self.after.tiers.iter()) {
                let doubt = |tiers: &[Tier]| {
                    tiers.iter().rfind(|t| t.name == tier.name).map(|t| t.doubt.clone())
                };
                let (old, new) = (doubt(&was), doubt(&self.after.tiers));
                let policies = self.after.register.of_tier(&tier.name);
                if old.flatten() != new.clone().flatten() {
                    self.dirt.policies.extend(policies.iter());
                }
                if self.before.is_some() && new.is_none() {
                    let lost = policies.iter().filter(|seat| !self.changed.contains(seat));
                    self.found.extend(lost.filter_map(|seat| self.after.tier_missing(seat)));
                }
            }
            self.dirt.tiers = !is_same_tiers(&was, &self.after.tiers);
        }
        for seat in &self.dirt.policies {
            if self.before.is_some() && self.changed.contains(seat) {
                self.found.extend(self.after.tier_missing(*seat));
            }
        }
    }

    fn hosts_options(&mut self) {
        if self.dirt.felix {
            let (inbound, outbound) = host_endpoint::default_failsafes();
            let felix = self.after.felix();
            let said = |said: Option<&Option<Vec<_>>>| said.and_then(Clone::clone);
            let inbound = said(felix.map(|f| &f.failsafe_inbound)).unwrap_or(inbound);
            let outbound = said(felix.map(|f| &f.failsafe_outbound)).unwrap_or(outbound);
            self.changes.push(Change::Failsafes(inbound, outbound));
        }
        if self.dirt.foreign {
            self.changes.push(Change::Foreign(self.after.foreign()));
        }
    }

    /// The number by which the network knows what stands at a seat.
    fn number(&mut self, seat: Seat, next: impl FnOnce(&mut Next) -> &mut u32) -> u32 {
        if let Some(number) = self.after.number(seat) {
            return number;
        }
        let next = next(&mut self.after.next);
        let number = *next;
        *next += 1;
        set(&mut self.after.numbers, seat, Some(number));
        number
    }
}

// === Telling the network ===

impl Work<'_> {
    fn network(&mut self) {
        let policies = std::mem::take(&mut self.dirt.policies);
        let sets = std::mem::take(&mut self.dirt.sets);
        for seat in &policies {
            self.number(*seat, |next| &mut next.policy);
        }
        for seat in &sets {
            self.number(*seat, |next| &mut next.set);
        }
        let changes = std::mem::take(&mut self.changes);
        let moved = std::mem::take(&mut self.moved);
        let Some(before) = self.before else {
            self.after.unread_from = self.after.next.policy;
            let unread = u32::try_from(self.after.unread.policies.len()).unwrap_or(u32::MAX);
            self.after.next.policy = self.after.next.policy.saturating_add(unread);
            let all = changes.into_iter().chain(self.after.judged(&policies, &sets, true, false));
            self.after.network = compiled(all.chain(self.after.unread(false)));
            self.after.without_refused = self.after.without().map(|(without, _)| without);
            return;
        };
        let tiers = self.dirt.tiers;
        let next = |network: &Compiled, changes: Vec<Change>, sure: bool| {
            let judged = self.after.judged(&policies, &sets, tiers, sure);
            let (network, touched) = network.changed(changes.into_iter().chain(judged));
            let moved = moved.iter().cloned();
            (if moved.len() > 0 { network.changed(moved).0 } else { network }, touched)
        };
        let without = before.without_refused.as_ref().filter(|_| self.after.is_in_doubt());
        let without = without.map(|without| next(without, changes.clone(), true));
        let (network, touched) = next(&before.network, changes, false);
        self.after.network = network;
        self.touched.network = touched;
        let without = without.or_else(|| self.after.without());
        let (without, touched) = without.unzip();
        self.after.without_refused = without;
        self.touched.without_refused = touched.unwrap_or_default();
    }
}

impl Snapshot {
    /// Whether anything that connections depend on is in doubt.
    fn is_in_doubt(&self) -> bool {
        let lists = [List::Doubted, List::HostDoubts];
        !self.unread.policies.is_empty()
            || lists.into_iter().any(|list| !self.register.listed(list).is_empty())
    }

    /// What the network is told of the policies and sets at these seats, and of all tiers; `sure` is
    /// without what would be refused.
    fn judged<'a>(
        &'a self,
        policies: &'a BTreeSet<Seat>,
        sets: &'a BTreeSet<Seat>,
        tiers: bool,
        sure: bool,
    ) -> impl Iterator<Item = Change> + 'a {
        let tiers = tiers.then(|| match sure {
            true => Change::Tiers(self.all_tiers(true)),
            false => Change::Tiers(self.tiers.to_vec()),
        });
        let policies = policies.iter().filter_map(move |seat| {
            let policy = if sure { self.sure_policy(*seat) } else { self.policy(*seat) };
            Some(Change::Policy(PolicyId(self.number(*seat)?), policy))
        });
        let sets = sets.iter().filter_map(move |seat| {
            let set = self.set(*seat).filter(|set| !sure || set.doubt.is_none());
            Some(Change::Set(self.number(*seat)? as usize, set.map(Arc::new)))
        });
        tiers.into_iter().chain(policies).chain(sets)
    }

    /// What the network is told of policies in documents that cannot be read.
    fn unread(&self, sure: bool) -> impl Iterator<Item = Change> + '_ {
        let policies = (self.unread_from..).zip(&self.unread.policies);
        policies.map(move |(number, policy)| {
            Change::Policy(PolicyId(number), Some(Arc::clone(policy)).filter(|_| !sure))
        })
    }

    /// The network without what would be refused, where anything of that kind is in doubt.
    fn without(&self) -> Option<(Compiled, portcullis_netpol::Touched)> {
        if !self.is_in_doubt() {
            return None;
        }
        let doubtful = self.tiers.iter().filter(|tier| tier.doubt.is_some());
        let mut policies: BTreeSet<Seat> =
            doubtful.flat_map(|tier| self.register.of_tier(&tier.name).iter()).collect();
        let mut sets = BTreeSet::new();
        for seat in self.register.listed(List::Doubted).iter() {
            match self.record(seat).map(|record| &record.part) {
                Some(Part::Policy(_)) => policies.insert(seat),
                Some(Part::Set(..)) => sets.insert(seat),
                _ => false,
            };
        }
        let tiers = !is_same_tiers(&self.tiers, &self.all_tiers(true));
        let judged = self.judged(&policies, &sets, tiers, true);
        Some(self.network.changed(judged.chain(self.unread(true))))
    }
}

/// A network made of nothing but these, numbered without gaps.
fn compiled(changes: impl Iterator<Item = Change>) -> Compiled {
    let mut input = Input::default();
    for change in changes {
        match change {
            Change::Endpoint(_, endpoint) => {
                input.endpoints.extend(endpoint.map(Arc::unwrap_or_clone));
            }
            Change::Policy(_, policy) => input.policies.extend(policy.map(Arc::unwrap_or_clone)),
            Change::Tiers(tiers) => input.tiers = tiers,
            Change::Profile(_, profile) => {
                input.profiles.extend(profile.map(Arc::unwrap_or_clone));
            }
            Change::Set(_, set) => input.sets.extend(set.map(Arc::unwrap_or_clone)),
            Change::Service(namespace, name, service) => {
                let service = service.map(Arc::unwrap_or_clone);
                input.services.extend(service.map(|service| ((namespace, name), service)));
            }
            Change::Failsafes(inbound, outbound) => {
                (input.failsafe_inbound, input.failsafe_outbound) = (inbound, outbound);
            }
            Change::Resolved(resolved) => input.resolved = resolved,
            Change::Foreign(foreign) => input.foreign = foreign,
        }
    }
    Compiled::new(input)
}

// === Comparing ===

fn endpoint_of(workload: Option<&Workload>) -> Option<EndpointId> {
    match workload?.state {
        WorkloadState::Endpoint(id) => Some(id),
        _ => None,
    }
}

/// Whether two endpoints are judged alike, wherever they stand.
fn is_same(a: &Endpoint, b: &Endpoint) -> bool {
    (&a.kind, &a.name, &a.labels, &a.profiles) == (&b.kind, &b.name, &b.labels, &b.profiles)
        && (&a.addresses, &a.ports) == (&b.addresses, &b.ports)
}

/// Whether two workloads of one identity are alike in what anybody is told of them, wherever they
/// stand.
fn is_same_workload(a: &Workload, b: &Workload) -> bool {
    fn variables(of: &Workload) -> impl Iterator<Item = (&SmolStr, &SmolStr)> {
        of.variables.iter().map(|v| (&v.name, &v.value))
    }
    (&a.state, &a.labels, &a.ports) == (&b.state, &b.labels, &b.ports)
        && (&a.service_account, &a.node) == (&b.service_account, &b.node)
        && variables(a).eq(variables(b))
}

fn is_same_tiers(a: &[Tier], b: &[Tier]) -> bool {
    let is_same = |a: &Tier, b: &Tier| {
        (&a.name, a.order, a.default_action) == (&b.name, b.order, b.default_action)
            && (&a.doubt, &a.origin) == (&b.doubt, &b.origin)
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
}

// === Filling places ===

/// Puts a thing at a seat; those between the last one and that stay empty.
fn set<T: Clone, const LEAF: usize>(
    slots: &mut Slots<Option<T>, LEAF>,
    seat: Seat,
    thing: Option<T>,
) {
    put(slots, seat.index(), thing);
}

fn put<T: Clone, const LEAF: usize>(
    slots: &mut Slots<Option<T>, LEAF>,
    index: usize,
    thing: Option<T>,
) {
    while slots.len() <= index {
        slots.push(None);
    }
    slots.set(index, thing);
}
