//! An [`Input`] put in the order of evaluation, with what lookups need, and what changes of it cost.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use portcullis_core::{Namespace, Slots};
use smol_str::SmolStr;

use crate::index::{Index, IndexStats};
use crate::map::Map;
use crate::model::{
    DefaultAction, Direction, Endpoint, EndpointId, EndpointKind, Failsafe, Foreign, Input,
    NetworkSet, Order, Policy, PolicyId, Profile, ServiceEndpoints, Tier, TierId,
};
use crate::touched::Touched;

/// An [`Input`] in the order of evaluation, with what lookups need. Immutable: what
/// [`Compiled::changed`] makes of it shares everything that stays. Cloning is O(number of tiers).
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Those defined, in the order given, without their policies.
    defined: Arc<[Tier]>,
    /// In order of evaluation, with their policies.
    tiers: Vec<Arc<Tier>>,
    policies: Slots<Option<Arc<Policy>>>,
    endpoints: Slots<Option<Arc<Endpoint>>>,
    hosts: Arc<BTreeSet<EndpointId>>,
    by_address: Map<IpAddr, Arc<[EndpointId]>>,
    profiles: Map<SmolStr, Arc<Profile>>,
    sets: Slots<Option<Arc<NetworkSet>>>,
    services: Map<(Namespace, SmolStr), Arc<ServiceEndpoints>>,
    failsafe_inbound: Arc<[Failsafe]>,
    failsafe_outbound: Arc<[Failsafe]>,
    resolved: Arc<[(SmolStr, IpAddr)]>,
    foreign: Arc<[Foreign]>,
    /// How many policies are staged.
    staged: usize,
    /// The place of each policy in the order of evaluation, as numbers to compare: its tier's place,
    /// then its own, with room between any two.
    ranks: Slots<u64, 64>,
    /// Made when it is first asked, and kept up from then on.
    index: OnceLock<Arc<Index>>,
}

/// Bits of a rank below the place of its tier.
const RANK_BITS: u32 = 40;
/// The room between the ranks of neighbours when they are numbered: twenty policies can be put between
/// two before all are numbered again.
const RANK_GAP: u64 = 1 << 20;

/// One thing put in the place of what was there, or taken away.
///
/// Places are those of the lists of [`Input`], and what is put behind the last one is added at the
/// end; a place that was emptied keeps its number, so that ids of everything else stay what they are.
#[derive(Clone, Debug)]
pub enum Change {
    /// An endpoint.
    Endpoint(EndpointId, Option<Arc<Endpoint>>),
    /// A policy.
    Policy(PolicyId, Option<Arc<Policy>>),
    /// All tiers that are defined.
    Tiers(Vec<Tier>),
    /// The profile of this name.
    Profile(SmolStr, Option<Arc<Profile>>),
    /// A network set, by its place.
    Set(usize, Option<Arc<NetworkSet>>),
    /// The endpoints of the service of this namespace and name.
    Service(Namespace, SmolStr, Option<Arc<ServiceEndpoints>>),
    /// The ports that host endpoints keep open for flows in, and out.
    Failsafes(Vec<Failsafe>, Vec<Failsafe>),
    /// What DNS names are known to resolve to.
    Resolved(Vec<(SmolStr, IpAddr)>),
    /// All policies of engines that are not judged here.
    Foreign(Vec<Foreign>),
}

// === Making one ===

impl Compiled {
    /// Orders the tiers and the policies in them.
    ///
    /// A policy whose tier nobody defined gets one that is asked after all others and denies at its
    /// end.
    pub fn new(input: Input) -> Self {
        let present = |thing| Some(Arc::new(thing));
        let mut hosts = BTreeSet::new();
        let mut at: HashMap<IpAddr, Vec<EndpointId>> = HashMap::new();
        for (i, endpoint) in input.endpoints.iter().enumerate() {
            let id = EndpointId::at(i);
            if endpoint.kind == EndpointKind::Host {
                hosts.insert(id);
            }
            for address in &endpoint.addresses {
                let there = at.entry(*address).or_default();
                if there.last() != Some(&id) {
                    there.push(id);
                }
            }
        }
        let mut compiled = Self {
            defined: input.tiers.into(),
            tiers: Vec::new(),
            staged: input.policies.iter().filter(|p| p.kind.is_staged()).count(),
            policies: input.policies.into_iter().map(|p| Some(Arc::new(p))).collect(),
            endpoints: input.endpoints.into_iter().map(|e| Some(Arc::new(e))).collect(),
            hosts: Arc::new(hosts),
            by_address: at.into_iter().map(|(address, ids)| (address, ids.into())).collect(),
            profiles: input.profiles.into_iter().map(|p| (p.name.clone(), Arc::new(p))).collect(),
            sets: input.sets.into_iter().map(present).collect(),
            services: input.services.into_iter().map(|(k, s)| (k, Arc::new(s))).collect(),
            failsafe_inbound: input.failsafe_inbound.into(),
            failsafe_outbound: input.failsafe_outbound.into(),
            resolved: input.resolved.into(),
            foreign: input.foreign.into(),
            ranks: Slots::default(),
            index: OnceLock::new(),
        };
        compiled.order_tiers();
        compiled
    }

    /// Puts the tiers in order, and all policies into them.
    fn order_tiers(&mut self) {
        let mut tiers: Vec<Tier> =
            self.defined.iter().map(|t| Tier { policies: Vec::new(), ..t.clone() }).collect();
        tiers.sort_by(before);
        let mut of_tier: Map<SmolStr, Vec<PolicyId>> = Map::default();
        for (i, policy) in self.policies.iter().enumerate() {
            let Some(policy) = policy else { continue };
            match of_tier.get_mut(&policy.tier) {
                Some(list) => list.push(PolicyId::at(i)),
                None => of_tier.insert_mut(policy.tier.clone(), vec![PolicyId::at(i)]),
            }
        }
        for tier in &mut tiers {
            if let Some(list) = of_tier.get(&tier.name) {
                tier.policies.clone_from(list);
                of_tier.remove_mut(&tier.name);
            }
        }
        for (name, list) in of_tier.iter() {
            tiers.extend(self.undefined(name, list.clone()));
        }
        tiers.sort_by(before);
        for tier in &mut tiers {
            // INVARIANT: ids in tiers are those of policies that are there.
            tier.policies.sort_by(|a, b| self.order_of(*a, *b));
        }
        self.tiers = tiers.into_iter().map(Arc::new).collect();
        self.number_policies();
    }

    /// Gives every policy its rank.
    fn number_policies(&mut self) {
        let mut ranks = vec![u64::MAX; self.policies.len()];
        for (tier, place) in self.tiers.iter().zip(0_u64..) {
            for (id, own) in tier.policies.iter().zip(1_u64..) {
                if let Some(rank) = ranks.get_mut(id.index()) {
                    *rank = place << RANK_BITS | (own * RANK_GAP);
                }
            }
        }
        self.ranks = ranks.into_iter().collect();
    }

    /// Gives a policy that was put into its tier a rank between those of its neighbours.
    fn number_policy(&mut self, tier: usize, place: usize, id: PolicyId) {
        let policies = self.tiers.get(tier).map_or(&[][..], |t| &t.policies);
        let base = (tier as u64) << RANK_BITS;
        let rank = |id: &PolicyId| self.rank(*id);
        let before = place.checked_sub(1).and_then(|at| policies.get(at)).map_or(base, rank);
        let after = policies.get(place + 1).map_or(before + 2 * RANK_GAP, rank);
        let between = before + after.saturating_sub(before) / 2;
        let fits = before < between && between < after && between >> RANK_BITS == tier as u64;
        if !fits || self.ranks.len() < id.index() {
            return self.number_policies();
        }
        if self.ranks.len() == id.index() {
            self.ranks.push(between);
        } else {
            self.ranks.set(id.index(), between);
        }
    }

    /// The place of a policy in the order of evaluation, as a number to compare.
    pub(crate) fn rank(&self, id: PolicyId) -> u64 {
        self.ranks.get(id.index()).copied().unwrap_or(u64::MAX)
    }

    /// The place of the tier of a policy of this rank.
    pub(crate) fn tier_of_rank(&self, rank: u64) -> u64 {
        rank >> RANK_BITS
    }

    /// How the tier at this place ends.
    pub(crate) fn default_action(&self, place: u64) -> DefaultAction {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        self.tiers.get(place).map_or(DefaultAction::Deny, |tier| tier.default_action)
    }

    // === Its index ===

    #[inline]
    pub(crate) fn index(&self) -> &Index {
        match self.index.get() {
            Some(index) => index,
            None => self.first_index(),
        }
    }

    #[cold]
    fn first_index(&self) -> &Index {
        self.index.get_or_init(|| Arc::new(Index::new(self)))
    }

    /// Works out, on so many threads, what [`decide`](crate::decide()) would work out when it is first
    /// asked about each kind of endpoint. A server does so before it takes questions.
    pub fn warm(&self, threads: usize) {
        self.index().warm(self, threads);
    }

    /// How much the index holds of what was asked so far.
    pub fn index_stats(&self) -> IndexStats {
        self.index().stats()
    }

    /// The index, to be brought up to a change; none if nobody asked for one yet.
    fn index_after(&mut self, follow: impl FnOnce(&Self, &mut Index)) {
        let Some(mut index) = self.index.take() else { return };
        follow(self, Arc::make_mut(&mut index));
        if !index.is_worn(self) {
            self.index = OnceLock::from(index);
        }
    }

    /// How many places there are for endpoints, policies and network sets.
    pub(crate) fn places(&self) -> usize {
        self.endpoints.len() + self.policies.len() + self.sets.len()
    }

    pub(crate) fn placed_policies(&self) -> impl Iterator<Item = (PolicyId, &Policy)> {
        let places = self.policies.iter().enumerate();
        places.filter_map(|(i, p)| Some((PolicyId::at(i), p.as_deref()?)))
    }

    pub(crate) fn profiles(&self) -> impl Iterator<Item = (&SmolStr, &Profile)> {
        self.profiles.iter().map(|(name, profile)| (name, profile.as_ref()))
    }

    fn order_of(&self, a: PolicyId, b: PolicyId) -> std::cmp::Ordering {
        match (self.find_policy(a), self.find_policy(b)) {
            (Some(one), Some(other)) => one.asked_before(other).then(a.cmp(&b)),
            _ => a.cmp(&b),
        }
    }

    /// The tier of this name that only policies name; it stands where the first of them does.
    fn undefined(&self, name: &SmolStr, policies: Vec<PolicyId>) -> Option<Tier> {
        let first = self.find_policy(*policies.iter().min()?)?;
        let origin = first.origin.clone();
        let tier = Tier::new(name.clone(), Order(None), DefaultAction::Deny, origin);
        Some(Tier { defined: false, policies, ..tier })
    }
}

/// The order of tiers: those that are defined, by order and name, then the others.
fn before(a: &Tier, b: &Tier) -> std::cmp::Ordering {
    b.defined
        .cmp(&a.defined)
        .then_with(|| a.order.compare(b.order))
        .then_with(|| a.name.cmp(&b.name))
}

fn put_at(by_address: &mut Map<IpAddr, Arc<[EndpointId]>>, address: IpAddr, id: EndpointId) {
    let there = by_address.get(&address).map_or(&[][..], |ids| ids);
    if there.contains(&id) {
        return;
    }
    let mut ids = there.to_vec();
    ids.push(id);
    // As in one made from scratch: in the order of the endpoints.
    ids.sort_unstable();
    by_address.insert_mut(address, ids.into());
}

// === Changing it ===

impl Compiled {
    /// The same with these changes, in turn, and whose answers they may change.
    ///
    /// What it costs depends on what changes, not on how much there is: an endpoint or a policy costs
    /// microseconds. Changes of tiers are an exception: all policies are put in order again.
    pub fn changed(&self, changes: impl IntoIterator<Item = Change>) -> (Self, Touched) {
        let mut next = self.clone();
        let mut touched = Touched::default();
        for change in changes {
            next.change(change, &mut touched);
        }
        (next, touched)
    }

    fn change(&mut self, change: Change, touched: &mut Touched) {
        match change {
            Change::Endpoint(id, endpoint) => self.put_endpoint(id, endpoint, touched),
            Change::Policy(id, policy) => self.put_policy(id, policy, touched),
            Change::Tiers(tiers) => {
                let before = std::mem::take(&mut self.tiers);
                self.defined = tiers.into();
                self.order_tiers();
                touched.tiers(self, &before);
                // Every list may be another, so the index is as good as new.
                self.index = OnceLock::new();
            }
            Change::Profile(name, profile) => {
                touched.profile(&name);
                self.index_after(|_, index| index.put_profile(&name, profile.as_deref()));
                match profile {
                    Some(profile) => self.profiles.insert_mut(name, profile),
                    None => {
                        self.profiles.remove_mut(&name);
                    }
                }
            }
            Change::Set(index, set) => {
                let old = self.sets.get(index).and_then(Option::as_ref);
                touched.sets(old.map(Arc::as_ref), set.as_deref());
                put(&mut self.sets, index, set.clone());
                self.index_after(|after, to| to.put_set(after, index, set.as_deref()));
            }
            Change::Service(namespace, name, service) => {
                let key = (namespace, name);
                let old = self.services.get(&key);
                for service in old.into_iter().chain(service.as_ref()) {
                    touched.service(self, service);
                }
                match service {
                    Some(service) => self.services.insert_mut(key, service),
                    None => {
                        self.services.remove_mut(&key);
                    }
                }
            }
            Change::Failsafes(inbound, outbound) => {
                touched.hosts();
                self.failsafe_inbound = inbound.into();
                self.failsafe_outbound = outbound.into();
            }
            Change::Resolved(resolved) => {
                touched.everything();
                self.resolved = resolved.into();
            }
            Change::Foreign(foreign) => {
                touched.everything();
                self.foreign = foreign.into();
                self.index_after(|after, index| index.note_limits(after));
            }
        }
    }

    fn put_endpoint(
        &mut self,
        id: EndpointId,
        endpoint: Option<Arc<Endpoint>>,
        touched: &mut Touched,
    ) {
        let old = self.endpoints.get(id.index()).cloned().flatten();
        touched.endpoint(id, old.as_deref(), endpoint.as_deref());
        if old.as_ref().map(|e| &e.addresses) != endpoint.as_ref().map(|e| &e.addresses) {
            self.move_addresses(id, old.as_deref(), endpoint.as_deref());
        }
        let is_host =
            |e: &Option<Arc<Endpoint>>| e.as_ref().is_some_and(|e| e.kind == EndpointKind::Host);
        match (is_host(&old), is_host(&endpoint)) {
            (false, true) => {
                Arc::make_mut(&mut self.hosts).insert(id);
            }
            (true, false) => {
                Arc::make_mut(&mut self.hosts).remove(&id);
            }
            _ => {}
        }
        put(&mut self.endpoints, id.index(), endpoint.clone());
        self.index_after(|after, index| {
            index.put_endpoint(after, id, old.as_deref(), endpoint.as_deref());
        });
    }

    fn move_addresses(&mut self, id: EndpointId, old: Option<&Endpoint>, new: Option<&Endpoint>) {
        for address in old.into_iter().flat_map(|e| &e.addresses) {
            let left: Vec<EndpointId> =
                self.at_address(*address).iter().copied().filter(|other| *other != id).collect();
            if left.is_empty() {
                self.by_address.remove_mut(address);
            } else {
                self.by_address.insert_mut(*address, left.into());
            }
        }
        for address in new.into_iter().flat_map(|e| &e.addresses) {
            put_at(&mut self.by_address, *address, id);
        }
    }

    fn put_policy(&mut self, id: PolicyId, policy: Option<Arc<Policy>>, touched: &mut Touched) {
        let old = self.policies.get(id.index()).cloned().flatten();
        let staged =
            |p: &Option<Arc<Policy>>| usize::from(p.as_ref().is_some_and(|p| p.kind.is_staged()));
        self.staged = self.staged + staged(&policy) - staged(&old);
        for policy in old.iter().chain(policy.as_ref()) {
            touched.policy(policy);
        }
        if let Some(old) = &old {
            self.leave_tier(&old.tier, id);
        }
        put(&mut self.policies, id.index(), policy.clone());
        if let Some(old) = &old {
            self.settle_undefined(&old.tier);
        }
        if let Some(policy) = &policy {
            self.join_tier(&policy.tier, id);
            self.settle_undefined(&policy.tier);
        }
        self.index_after(|_, index| index.put_policy(id, old.as_deref(), policy.as_deref()));
    }

    fn place_of_tier(&self, name: &str) -> Option<usize> {
        self.tiers.iter().position(|t| t.name == name)
    }

    fn leave_tier(&mut self, name: &str, id: PolicyId) {
        let Some(tier) = self.place_of_tier(name).and_then(|at| self.tiers.get_mut(at)) else {
            return;
        };
        Arc::make_mut(tier).policies.retain(|other| *other != id);
    }

    fn join_tier(&mut self, name: &SmolStr, id: PolicyId) {
        let Some(place) = self.place_of_tier(name) else {
            if let Some(tier) = self.undefined(name, vec![id]) {
                let at = self.tiers.partition_point(|t| before(t, &tier).is_lt());
                self.tiers.insert(at, Arc::new(tier));
                self.number_policies();
            }
            return;
        };
        let policies = self.tiers.get(place).map_or(&[][..], |t| &t.policies);
        let at = policies.partition_point(|other| self.order_of(*other, id).is_lt());
        if let Some(tier) = self.tiers.get_mut(place) {
            Arc::make_mut(tier).policies.insert(at, id);
        }
        self.number_policy(place, at, id);
    }

    /// A tier that nobody defines is there as long as a policy names it, and stands where the first
    /// of those does.
    fn settle_undefined(&mut self, name: &SmolStr) {
        let Some(place) = self.place_of_tier(name) else { return };
        let Some(tier) = self.tiers.get(place).filter(|t| !t.defined).cloned() else { return };
        match (self.undefined(name, tier.policies.clone()), self.tiers.get_mut(place)) {
            (Some(tier), Some(there)) => *there = Arc::new(tier),
            _ => {
                self.tiers.remove(place);
                self.number_policies();
            }
        }
    }
}

/// Puts a thing at its place; places between the last one and that stay empty.
fn put<T>(slots: &mut Slots<Option<Arc<T>>>, index: usize, thing: Option<Arc<T>>) {
    while slots.len() <= index {
        slots.push(None);
    }
    slots.set(index, thing);
}

// === Asking it ===

impl Compiled {
    /// The tiers in order of evaluation, those nobody defined last.
    pub fn tiers(&self) -> impl Iterator<Item = (TierId, &Tier)> {
        self.tiers.iter().enumerate().map(|(i, t)| (TierId::at(i), t.as_ref()))
    }

    /// A tier of this compilation.
    ///
    /// # Panics
    /// If the id is another compilation's.
    #[expect(
        clippy::indexing_slicing,
        reason = "ids come from this compilation: a caller's fault else"
    )]
    pub fn tier(&self, id: TierId) -> &Tier {
        &self.tiers[id.index()]
    }

    /// A policy of this compilation.
    ///
    /// # Panics
    /// If the id is another compilation's.
    #[expect(clippy::panic, reason = "ids come from this compilation: a caller's fault else")]
    pub fn policy(&self, id: PolicyId) -> &Policy {
        match self.find_policy(id) {
            Some(policy) => policy,
            None => panic!("{id:?} is not of this compilation"),
        }
    }

    /// The policy of this id, if it is there.
    pub fn find_policy(&self, id: PolicyId) -> Option<&Policy> {
        self.policies.get(id.index())?.as_deref()
    }

    pub(crate) fn shared_policy(&self, id: PolicyId) -> Option<&Arc<Policy>> {
        self.policies.get(id.index())?.as_ref()
    }

    /// All policies, in order of evaluation.
    pub fn policies(&self) -> impl DoubleEndedIterator<Item = &Policy> {
        let ids = self.tiers.iter().flat_map(|tier| &tier.policies);
        ids.filter_map(|id| self.find_policy(*id))
    }

    /// Whether any policy is staged: without one, nothing would change if all were in force.
    pub fn has_staged(&self) -> bool {
        self.staged > 0
    }

    /// An endpoint of this compilation.
    ///
    /// # Panics
    /// If the id is another compilation's.
    #[expect(clippy::panic, reason = "ids come from this compilation: a caller's fault else")]
    pub fn endpoint(&self, id: EndpointId) -> &Endpoint {
        match self.find_endpoint(id) {
            Some(endpoint) => endpoint,
            None => panic!("{id:?} is not of this compilation"),
        }
    }

    /// The endpoint of this id, if it is there.
    pub fn find_endpoint(&self, id: EndpointId) -> Option<&Endpoint> {
        self.endpoints.get(id.index())?.as_deref()
    }

    /// All endpoints, in the order given.
    pub fn endpoints(&self) -> impl Iterator<Item = (EndpointId, &Endpoint)> {
        let places = self.endpoints.iter().enumerate();
        places.filter_map(|(i, e)| Some((EndpointId::at(i), e.as_deref()?)))
    }

    /// All host endpoints, in the order given.
    pub fn hosts(&self) -> impl Iterator<Item = (EndpointId, &Endpoint)> {
        self.hosts.iter().filter_map(|id| Some((*id, self.find_endpoint(*id)?)))
    }

    /// The endpoints known to have this address.
    pub fn at_address(&self, address: IpAddr) -> &[EndpointId] {
        self.by_address.get(&address).map_or(&[], |ids| ids)
    }

    /// The profile of this name, if anybody defined it.
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name).map(Arc::as_ref)
    }

    /// All network sets, in the order given.
    pub fn sets(&self) -> impl Iterator<Item = &NetworkSet> {
        self.placed_sets().map(|(_, set)| set)
    }

    pub(crate) fn placed_sets(&self) -> impl Iterator<Item = (usize, &NetworkSet)> {
        self.sets.iter().enumerate().filter_map(|(i, set)| Some((i, set.as_deref()?)))
    }

    /// The network set at this place.
    pub fn set(&self, index: usize) -> Option<&NetworkSet> {
        self.sets.get(index)?.as_deref()
    }

    /// The endpoints of a service, if it exists.
    pub fn service(&self, namespace: &Namespace, name: &SmolStr) -> Option<&ServiceEndpoints> {
        self.services.get(&(namespace.clone(), name.clone())).map(Arc::as_ref)
    }

    /// What names are known to resolve to.
    pub fn resolved(&self) -> &[(SmolStr, IpAddr)] {
        &self.resolved
    }

    /// The ports that host endpoints keep open in this direction.
    pub fn failsafes(&self, direction: Direction) -> &[Failsafe] {
        match direction {
            Direction::Ingress => &self.failsafe_inbound,
            Direction::Egress => &self.failsafe_outbound,
        }
    }

    /// Policies of engines that are not judged here.
    pub fn foreign(&self) -> &[Foreign] {
        &self.foreign
    }
}
