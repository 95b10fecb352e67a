//! What [`decide`](crate::decide()) asks instead of walking.
//!
//! ```text
//!   endpoint ─▶ seat ─▶ shape ─┬─▶ seen   which selectors of rules select it
//!                              └─▶ own    target, by direction: its rules, as lists by header
//!   address ─▶ sets that hold it ─▶ their shapes
//! ```
//! A *shape* is everything about an endpoint that rules can ask for besides its addresses; a *target*
//! is the rules of all endpoints that are asked about the same policies. Both are worked out when they
//! are first asked for, and shared by every later version of the index that still has them, so a change
//! costs what it touches: an endpoint that changes gets another shape, and a policy that changes makes
//! the shapes that it selects ask anew for their targets.

mod anchor;
mod header;
mod line;
mod sets;
mod shape;
pub(crate) mod target;

use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use portcullis_core::{Family, Labels, Selector, Slots};
use rpds::HashTrieMapSync;
use smol_str::SmolStr;

use crate::compiled::Compiled;
use crate::explain::Stage;
use crate::model::{
    Direction, Endpoint, EndpointId, NetworkSet, Policy, PolicyClass, PolicyId, Profile, Rule,
};
use anchor::{Anchor, ByAnchor, anchors};
pub(crate) use header::key;
pub(crate) use line::Test;
use line::{Line, Lines};
use sets::SetTable;
use shape::Look;
pub(crate) use shape::{Seen, Shape};
use target::{Lists, MAX_SELECTORS, PolicyRules, Rules, Target, TierRules};

/// Shapes under one label, beyond which they are no longer listed there: whoever looks for them goes
/// through all shapes. Selectors of namespaces are what most policies have, and a namespace has some
/// twenty shapes; to list those of widespread labels too would make a new shape cost twice as much.
const MAX_POSTED: usize = 256;

/// The index of one [`Compiled`]. Cloning is O(1).
#[derive(Clone, Debug)]
pub(crate) struct Index {
    seats: Slots<Seat, 64>,
    shapes: Slots<Arc<Shape>>,
    shape_ids: HashTrieMapSync<Looked, u32>,
    /// The shapes that have a label or profile.
    posted: Posted,
    selectors: Slots<Arc<Selector>>,
    selector_ids: HashTrieMapSync<Arc<Selector>, u32>,
    /// The selectors of rules, by an anchor.
    rule_selectors: Anchored<u32>,
    /// The policies, by an anchor of whom they select.
    subjects: Anchored<PolicyId>,
    policies: Slots<Option<Arc<Lines>>>,
    profiles: HashTrieMapSync<SmolStr, Arc<Lines>>,
    /// The shape of each network set.
    sets: Slots<Option<u32>, 64>,
    set_table: Arc<OnceLock<SetTable>>,
    /// The shapes of the network sets that have DNS names.
    named_sets: Arc<[u32]>,
    needs_walks: bool,
    /// Those in use, so that shapes with the same rules share them. All versions of an index share it:
    /// what a target says is told by the identities of its lines.
    targets: Arc<Mutex<Targets>>,
}

/// Shapes by anchor; nothing under one that too many have.
type Posted = ByAnchor<Option<Arc<[u32]>>>;

/// Where an endpoint sits: what the hot path needs of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    shape: u32,
    /// Its only address of IPv4, if it has just one.
    v4: u32,
    flags: u32,
}

const NO_SHAPE: u32 = u32::MAX;
/// Nobody else has one of its addresses.
const ALONE: u32 = 1;
/// It has exactly one address of IPv4.
const ONE_V4: u32 = 2;

impl Seat {
    const EMPTY: Self = Self { shape: NO_SHAPE, v4: 0, flags: 0 };
}

/// A shape, found by its look.
#[derive(Clone, Debug)]
struct Looked(Arc<Shape>);

impl PartialEq for Looked {
    fn eq(&self, other: &Self) -> bool {
        self.0.look == other.0.look
    }
}

impl Eq for Looked {}

impl Hash for Looked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.look.hash(state);
    }
}

/// Things posted under anchors of their selectors.
#[derive(Clone, Debug)]
struct Anchored<T> {
    under: ByAnchor<Arc<[T]>>,
    /// Those without an anchor: they are tried on everybody.
    rest: Arc<[T]>,
}

/// The targets in use.
#[derive(Debug, Default)]
struct Targets {
    known: HashMap<Arc<Rules>, Weak<Target>>,
    /// How many there were when those out of use were last thrown away.
    swept: usize,
}

/// How much an index holds, for those who measure it.
#[derive(Clone, Copy, Debug, Default)]
pub struct IndexStats {
    /// Shapes of endpoints: labels, ports and profiles.
    pub shapes: usize,
    /// Shapes that rules can tell apart: those that other selectors select.
    pub classes: usize,
    /// Targets of either direction: ordered lists of policies that apply.
    pub targets: usize,
    /// Selectors of rules.
    pub selectors: usize,
    /// Lists, equal ones of a target counted once for every range of headers.
    pub lists: usize,
    /// Steps of all lists, equal lists of a target counted once.
    pub steps: usize,
    /// Bytes of lists, shapes' selectors and seats.
    pub bytes: usize,
}

// === Making it ===

impl Index {
    pub(crate) fn new(compiled: &Compiled) -> Self {
        let mut made = Maker::default();
        let mut seats = Vec::new();
        for (id, endpoint) in compiled.endpoints() {
            seats.resize(id.index(), Seat::EMPTY);
            let shape = made.shape(Look::of(endpoint));
            seats.push(seat(compiled, id, endpoint, shape));
        }
        let mut sets = Vec::new();
        for (place, set) in compiled.placed_sets() {
            sets.resize(place, None);
            sets.push(Some(made.shape(Look::of_labels(&set.labels))));
        }
        let (shapes, posted) = made.finish();
        let mut index = Self {
            seats: seats.into_iter().collect(),
            shape_ids: shapes
                .iter()
                .zip(0..)
                .map(|(shape, id)| (Looked(Arc::clone(shape)), id))
                .collect(),
            shapes: shapes.into_iter().collect(),
            posted,
            selectors: Slots::default(),
            selector_ids: HashTrieMapSync::new_sync(),
            rule_selectors: Anchored::default(),
            subjects: Anchored::default(),
            policies: Slots::default(),
            profiles: HashTrieMapSync::new_sync(),
            sets: sets.into_iter().collect(),
            set_table: Arc::default(),
            named_sets: Arc::from([]),
            needs_walks: false,
            targets: Arc::default(),
        };
        index.note_limits(compiled);
        for (name, profile) in compiled.profiles() {
            index.put_profile(name, Some(profile));
        }
        let mut policies = Vec::new();
        let mut subjects = Vec::new();
        for (id, policy) in compiled.placed_policies() {
            policies.resize(id.index(), None);
            policies.push(Some(Arc::new(index.lines(policy))));
            subjects.push((index.anchors(&policy.subject), id));
        }
        index.policies = policies.into_iter().collect();
        index.subjects = Anchored::new(subjects);
        index
    }

    fn lines(&mut self, policy: &Policy) -> Lines {
        let mut lines = |direction| self.lines_of(policy.rules(direction), direction);
        let (ingress, egress) = (lines(Direction::Ingress), lines(Direction::Egress));
        Lines { ingress, egress }
    }

    fn lines_of(&mut self, rules: &[Rule], direction: Direction) -> Vec<Line> {
        let line = |rule| Line::new(rule, direction, &mut |selector| self.intern(selector));
        rules.iter().map(line).collect()
    }

    /// The number of a selector.
    fn intern(&mut self, selector: &Selector) -> u32 {
        if let Some(id) = self.selector_ids.get(selector) {
            return *id;
        }
        let selector = Arc::new(selector.clone());
        let id = u32::try_from(self.selectors.push(Arc::clone(&selector))).unwrap_or(u32::MAX);
        let under = self.anchors(&selector);
        self.rule_selectors.put(under, id);
        self.selector_ids.insert_mut(selector, id);
        id
    }

    fn anchors(&self, selector: &Selector) -> Option<Vec<Anchor>> {
        anchors(selector, &|anchor| match self.posted.get(anchor) {
            Some(Some(shapes)) => shapes.len(),
            Some(None) => usize::MAX,
            None => 0,
        })
    }
}

fn seat(compiled: &Compiled, id: EndpointId, endpoint: &Endpoint, shape: u32) -> Seat {
    let alone = endpoint.addresses.iter().all(|a| compiled.at_address(*a) == [id]);
    let mut v4 = endpoint.addresses.iter().filter_map(|a| match a {
        IpAddr::V4(a) => Some(u32::from(*a)),
        IpAddr::V6(_) => None,
    });
    let only = match (v4.next(), v4.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    };
    let flags = if alone { ALONE } else { 0 } | if only.is_some() { ONE_V4 } else { 0 };
    Seat { shape, v4: only.unwrap_or(0), flags }
}

/// Shapes while an index is made from scratch.
#[derive(Default)]
struct Maker {
    shapes: Vec<Arc<Shape>>,
    ids: HashMap<Looked, u32>,
}

impl Maker {
    fn shape(&mut self, look: Look) -> u32 {
        let id = u32::try_from(self.shapes.len()).unwrap_or(NO_SHAPE);
        let shape = Looked(Arc::new(Shape::new(look)));
        let shapes = &mut self.shapes;
        *self.ids.entry(shape).or_insert_with_key(|shape| {
            shapes.push(Arc::clone(&shape.0));
            id
        })
    }

    fn finish(self) -> (Vec<Arc<Shape>>, Posted) {
        let mut posted: HashMap<Anchor, Vec<u32>> = HashMap::new();
        for (shape, id) in self.shapes.iter().zip(0..) {
            for anchor in shape.look.anchors() {
                posted.entry(anchor).or_default().push(id);
            }
        }
        let posted = posted.into_iter().map(|(anchor, ids)| {
            let listed = ids.len() <= MAX_POSTED;
            (anchor, listed.then(|| ids.into()))
        });
        (self.shapes, posted.collect())
    }
}

impl Look {
    fn anchors(&self) -> impl Iterator<Item = Anchor> + '_ {
        let pairs = self.labels.iter().map(|(k, v)| Anchor::Pair(k.into(), v.into()));
        pairs.chain(self.profiles.iter().cloned().map(Anchor::Profile))
    }
}

// === impl Anchored ===

impl<T> Default for Anchored<T> {
    fn default() -> Self {
        Self { under: ByAnchor::default(), rest: Arc::from([]) }
    }
}

impl<T: Copy + PartialEq> Anchored<T> {
    fn new(all: Vec<(Option<Vec<Anchor>>, T)>) -> Self {
        let mut under: HashMap<Anchor, Vec<T>> = HashMap::new();
        let mut rest = Vec::new();
        for (anchors, thing) in all {
            match anchors {
                Some(anchors) => {
                    for anchor in anchors {
                        let list = under.entry(anchor).or_default();
                        if list.last() != Some(&thing) {
                            list.push(thing);
                        }
                    }
                }
                None => rest.push(thing),
            }
        }
        Self { under: under.into_iter().map(|(a, l)| (a, l.into())).collect(), rest: rest.into() }
    }

    fn put(&mut self, anchors: Option<Vec<Anchor>>, thing: T) {
        let with = |list: &[T]| -> Arc<[T]> { list.iter().copied().chain([thing]).collect() };
        let Some(anchors) = anchors else {
            self.rest = with(&self.rest);
            return;
        };
        for anchor in anchors {
            let list = with(self.under.get(&anchor).map_or(&[], |list| list));
            self.under.put(anchor, Some(list));
        }
    }

    /// Takes a thing away that was put under one of these anchors, or under none.
    fn take(&mut self, anchors: Option<Vec<Anchor>>, thing: T) {
        let without =
            |list: &[T]| -> Arc<[T]> { list.iter().copied().filter(|t| *t != thing).collect() };
        if self.rest.contains(&thing) {
            self.rest = without(&self.rest);
        }
        for anchor in anchors.into_iter().flatten() {
            let Some(list) = self.under.get(&anchor).filter(|list| list.contains(&thing)) else {
                continue;
            };
            let list = without(list);
            self.under.put(anchor, (!list.is_empty()).then_some(list));
        }
    }

    /// Everything whose selector may select something with these labels; some of it twice.
    fn candidates<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = T> + 'a {
        let under = labels.iter().flat_map(|(key, value)| self.under.of_label(key, value));
        under.flat_map(|list| list.iter()).chain(self.rest.iter()).copied()
    }
}

// === Following changes ===

impl Index {
    /// `compiled` is the input as it is after the change.
    pub(crate) fn put_endpoint(
        &mut self,
        compiled: &Compiled,
        id: EndpointId,
        old: Option<&Endpoint>,
        new: Option<&Endpoint>,
    ) {
        let seat = match new {
            Some(endpoint) => seat(compiled, id, endpoint, self.shape_id(Look::of(endpoint))),
            None => Seat::EMPTY,
        };
        while self.seats.len() <= id.index() {
            self.seats.push(Seat::EMPTY);
        }
        self.seats.set(id.index(), seat);
        if old.map(|e| &e.addresses) == new.map(|e| &e.addresses) {
            return;
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
                (compiled.find_endpoint(other), self.seats.get(other.index()).copied())
            else {
                continue;
            };
            self.seats.set(other.index(), self::seat(compiled, other, endpoint, there.shape));
        }
    }

    /// The number of a shape; one that is new is added.
    fn shape_id(&mut self, look: Look) -> u32 {
        let looked = Looked(Arc::new(Shape::new(look)));
        if let Some(id) = self.shape_ids.get(&looked) {
            return *id;
        }
        let id = u32::try_from(self.shapes.push(Arc::clone(&looked.0))).unwrap_or(NO_SHAPE);
        for anchor in looked.0.look.anchors() {
            let listed: Option<Arc<[u32]>> = match self.posted.get(&anchor) {
                Some(None) => continue,
                Some(Some(ids)) if ids.len() >= MAX_POSTED => None,
                Some(Some(ids)) => Some(ids.iter().copied().chain([id]).collect()),
                None => Some(Arc::from([id])),
            };
            self.posted.put(anchor, Some(listed));
        }
        self.shape_ids.insert_mut(looked, id);
        id
    }

    pub(crate) fn put_policy(&mut self, id: PolicyId, old: Option<&Policy>, new: Option<&Policy>) {
        if let Some(old) = old {
            let under = anchors_of_all(&old.subject);
            self.subjects.take(under, id);
            self.ask_anew(&old.subject);
        }
        let lines = new.map(|policy| Arc::new(self.lines(policy)));
        while self.policies.len() <= id.index() {
            self.policies.push(None);
        }
        self.policies.set(id.index(), lines);
        if let Some(new) = new {
            let under = self.anchors(&new.subject);
            self.subjects.put(under, id);
            self.ask_anew(&new.subject);
        }
    }

    pub(crate) fn put_profile(&mut self, name: &SmolStr, profile: Option<&Profile>) {
        match profile {
            Some(profile) => {
                let ingress = self.lines_of(&profile.ingress_rules, Direction::Ingress);
                let egress = self.lines_of(&profile.egress_rules, Direction::Egress);
                let lines = Lines { ingress, egress };
                self.profiles.insert_mut(name.clone(), Arc::new(lines));
            }
            None => {
                self.profiles.remove_mut(name);
            }
        }
        let having = self.posted.get(&Anchor::Profile(name.clone())).cloned();
        match having {
            Some(Some(ids)) => ids.iter().for_each(|id| self.ask_shape_anew(*id)),
            Some(None) => self.all_shapes().for_each(|id| self.ask_shape_anew(id)),
            None => {}
        }
    }

    /// `compiled` is the input as it is after the change.
    pub(crate) fn put_set(&mut self, compiled: &Compiled, place: usize, set: Option<&NetworkSet>) {
        let shape = set.map(|set| self.shape_id(Look::of_labels(&set.labels)));
        while self.sets.len() <= place {
            self.sets.push(None);
        }
        self.sets.set(place, shape);
        self.set_table = Arc::default();
        self.note_limits(compiled);
    }

    /// Notes what keeps the index from answering by itself.
    pub(crate) fn note_limits(&mut self, compiled: &Compiled) {
        let named = compiled.placed_sets().filter(|(_, set)| !set.domains.is_empty());
        let named = named.filter_map(|(place, _)| *self.sets.get(place)?);
        self.named_sets = named.collect();
        self.needs_walks =
            !compiled.foreign().is_empty() || compiled.sets().any(|set| set.doubt.is_some());
    }

    fn all_shapes(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.shapes.len()).unwrap_or(NO_SHAPE)
    }

    /// Lets the shapes that a selector selects ask anew for their rules.
    fn ask_anew(&mut self, subject: &Selector) {
        let mut ids: Vec<u32> = Vec::new();
        let mut all = false;
        match self.anchors(subject) {
            None => all = true,
            Some(anchors) => {
                for anchor in anchors {
                    match (&anchor, self.posted.get(&anchor)) {
                        (Anchor::Pair(..), Some(Some(shapes))) => ids.extend(shapes.iter()),
                        (Anchor::Pair(..), None) => {}
                        _ => all = true,
                    }
                }
            }
        }
        if all {
            ids = self.all_shapes().collect();
        }
        for id in ids {
            let selected =
                |shape: &&Arc<Shape>| subject.matches(&shape.look.labels) && shape.workload;
            if self.shapes.get(id as usize).is_some_and(|shape| selected(&shape)) {
                self.ask_shape_anew(id);
            }
        }
    }

    fn ask_shape_anew(&mut self, id: u32) {
        let Some(shape) = self.shapes.get(id as usize) else { return };
        if shape.own.get().is_none() {
            return;
        }
        let fresh = Arc::new(shape.with_other_rules());
        self.shapes.set(id as usize, fresh);
    }

    /// Whether so much of it is out of use that it is better made anew.
    pub(crate) fn is_worn(&self, compiled: &Compiled) -> bool {
        /// Below this nobody would notice.
        const SLACK: usize = 4096;
        let live = compiled.places();
        self.shapes.len() > 2 * live + SLACK
            || self.selectors.len() > 8 * live + SLACK
            || self.selectors.len() >= MAX_SELECTORS as usize
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

// === Asking it ===

impl Index {
    pub(crate) fn seat(&self, id: EndpointId) -> Option<&Seat> {
        self.seats.get(id.index())
    }

    pub(crate) fn shape(&self, seat: &Seat) -> Option<&Arc<Shape>> {
        self.shapes.get(seat.shape as usize)
    }

    pub(crate) fn line(
        &self,
        who: target::Who,
        own: &Shape,
        rule: u32,
        direction: Direction,
    ) -> Option<&Line> {
        let lines = match who {
            target::Who::Policy(id) => self.policies.get(id.index())?.as_ref()?,
            target::Who::Profile(place) => {
                self.profiles.get(own.look.profiles.get(place as usize)?)?
            }
            target::Who::Nobody => return None,
        };
        lines.of(direction).get(rule as usize)
    }

    /// Which selectors of rules select a shape.
    #[inline]
    pub(crate) fn seen<'a>(&self, shape: &'a Shape) -> &'a Seen {
        match shape.seen.get() {
            Some(seen) => seen,
            None => self.first_seen(shape),
        }
    }

    #[cold]
    fn first_seen<'a>(&self, shape: &'a Shape) -> &'a Seen {
        shape.seen.get_or_init(|| self.look_at(&shape.look.labels))
    }

    fn look_at(&self, labels: &Labels) -> Seen {
        let mut selectors: Vec<u32> = self
            .rule_selectors
            .candidates(labels)
            .filter(|id| self.selectors.get(*id as usize).is_some_and(|s| s.matches(labels)))
            .collect();
        selectors.sort_unstable();
        selectors.dedup();
        let upto = u32::try_from(self.selectors.len()).unwrap_or(u32::MAX);
        Seen::new(selectors, upto)
    }

    /// Whether the selector of this number selects a shape.
    #[inline]
    pub(crate) fn selects(&self, selector: u32, shape: &Shape) -> bool {
        let seen = self.seen(shape);
        if selector < seen.upto {
            return seen.has(selector);
        }
        let selector = self.selectors.get(selector as usize);
        selector.is_some_and(|selector| selector.matches(&shape.look.labels))
    }

    /// The rules of a shape.
    fn target<'a>(
        &self,
        compiled: &Compiled,
        shape: &'a Shape,
        direction: Direction,
    ) -> &'a Target {
        let own = shape.own.get_or_init(|| Box::new(self.targets_of(compiled, shape)));
        let [ingress, egress] = own.as_ref();
        match direction {
            Direction::Ingress => ingress,
            Direction::Egress => egress,
        }
    }

    /// The lists of a shape.
    #[inline]
    pub(crate) fn lists<'a>(
        &self,
        compiled: &Compiled,
        shape: &'a Shape,
        direction: Direction,
        family: Family,
        stage: Stage,
    ) -> &'a Lists {
        match shape.at_hand(direction).get() {
            Some(lists) if family == Family::V4 && stage == Stage::Enforced => lists,
            _ => self.lists_of_target(compiled, shape, direction, family, stage),
        }
    }

    #[cold]
    fn lists_of_target<'a>(
        &self,
        compiled: &Compiled,
        shape: &'a Shape,
        direction: Direction,
        family: Family,
        stage: Stage,
    ) -> &'a Lists {
        let lists = self.target(compiled, shape, direction).lists(family, stage);
        if family == Family::V4 && stage == Stage::Enforced {
            return shape.at_hand(direction).get_or_init(|| lists.clone());
        }
        lists
    }

    fn targets_of(&self, compiled: &Compiled, shape: &Shape) -> [Arc<Target>; 2] {
        let labels = &shape.look.labels;
        let mut selecting: Vec<(u64, PolicyId)> = self
            .subjects
            .candidates(labels)
            .filter(|id| {
                compiled.find_policy(*id).is_some_and(|policy| {
                    policy.class == PolicyClass::Normal && policy.subject.matches(labels)
                })
            })
            .map(|id| (compiled.rank(id), id))
            .collect();
        selecting.sort_unstable();
        selecting.dedup();
        [Direction::Ingress, Direction::Egress].map(|direction| {
            let rules = self.rules(compiled, shape, &selecting, direction);
            self.shared(rules)
        })
    }

    fn rules(
        &self,
        compiled: &Compiled,
        shape: &Shape,
        selecting: &[(u64, PolicyId)],
        direction: Direction,
    ) -> Rules {
        let mut tiers: Vec<(u64, TierRules)> = Vec::new();
        let mut named = false;
        for (rank, id) in selecting {
            let (Some(policy), Some(Some(lines))) =
                (compiled.find_policy(*id), self.policies.get(id.index()))
            else {
                continue;
            };
            if !policy.looks(direction) {
                continue;
            }
            named |= lines.of(direction).iter().any(Line::has_names);
            let rules = PolicyRules {
                id: *id,
                staged: policy.kind.is_staged(),
                doubtful: policy.doubt.is_some(),
                lines: Arc::clone(lines),
            };
            let place = compiled.tier_of_rank(*rank);
            match tiers.last_mut() {
                Some((last, tier)) if *last == place => tier.policies.push(rules),
                _ => {
                    let default_action = compiled.default_action(place);
                    tiers.push((place, TierRules { default_action, policies: vec![rules] }));
                }
            }
        }
        let profiles: Vec<Option<Arc<Lines>>> =
            shape.look.profiles.iter().map(|name| self.profiles.get(name).cloned()).collect();
        let of_profiles = profiles.iter().flatten().flat_map(|lines| lines.of(direction));
        named |= of_profiles.into_iter().any(Line::has_names);
        Rules {
            direction,
            tiers: tiers.into_iter().map(|(_, tier)| tier).collect(),
            profiles,
            ports: if named { shape.look.ports.clone() } else { Vec::new() },
        }
    }

    /// The target with these rules: the one in use, if there is one.
    fn shared(&self, rules: Rules) -> Arc<Target> {
        // What is remembered is whole even if whoever held the lock panicked.
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = targets.known.get(&rules).and_then(Weak::upgrade) {
            return target;
        }
        let key = Arc::new(rules);
        let target = Arc::new(Target::new(Arc::clone(&key)));
        targets.known.insert(key, Arc::downgrade(&target));
        if targets.known.len() > 2 * targets.swept + 1024 {
            targets.known.retain(|_, target| target.strong_count() > 0);
            targets.swept = targets.known.len();
        }
        target
    }

    /// The places of the network sets that hold an address.
    #[inline]
    pub(crate) fn sets_holding(
        &self,
        compiled: &Compiled,
        family: Family,
        address: u128,
    ) -> &[u32] {
        if self.sets.is_empty() {
            return &[];
        }
        self.set_table(compiled).holding(family, address)
    }

    /// Whether any network set holds one of these addresses.
    pub(crate) fn sets_meet(
        &self,
        compiled: &Compiled,
        family: Family,
        ranges: &[(u128, u128)],
    ) -> bool {
        !self.sets.is_empty() && self.set_table(compiled).meets(family, ranges)
    }

    #[inline]
    fn set_table(&self, compiled: &Compiled) -> &SetTable {
        self.set_table.get_or_init(|| {
            SetTable::new(|family| {
                let sets = compiled.placed_sets();
                let place = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
                sets.map(|(at, set)| (place(at), set.nets.of(family).spans())).collect()
            })
        })
    }

    /// The shape of the network set at this place.
    pub(crate) fn set_shape(&self, place: u32) -> Option<&Arc<Shape>> {
        let shape = (*self.sets.get(place as usize)?)?;
        self.shapes.get(shape as usize)
    }

    /// Whether any network set has DNS names.
    #[inline]
    pub(crate) fn has_names(&self) -> bool {
        !self.named_sets.is_empty()
    }

    /// Whether a selector of rules selects a network set that has DNS names.
    pub(crate) fn selects_names(&self, selector: u32) -> bool {
        let shapes = self.named_sets.iter().filter_map(|s| self.shapes.get(*s as usize));
        shapes.into_iter().any(|shape| self.selects(selector, shape))
    }

    /// Whether nothing can be said without walking: policies of other engines may decide, or a network
    /// set in doubt may hold any address.
    #[inline]
    pub(crate) fn needs_walks(&self) -> bool {
        self.needs_walks
    }

    /// Whether a network set holds the address of a seat, or has names that may lead to it.
    #[inline]
    pub(crate) fn any_set_holds(&self, compiled: &Compiled, seat: &Seat) -> bool {
        !self.sets.is_empty()
            && (self.has_names()
                || !self.set_table(compiled).holding(Family::V4, seat.v4.into()).is_empty())
    }

    /// Works out everything that questions about what is enforced would work out when they first ask,
    /// for the versions of IP that endpoints have, on so many threads.
    pub(crate) fn warm(&self, compiled: &Compiled, threads: usize) {
        let has = |family| {
            let mut addresses = compiled.endpoints().flat_map(|(_, e)| &e.addresses);
            addresses.any(|address| Family::of(*address) == family)
        };
        let families: Vec<Family> =
            [Family::V4, Family::V6].into_iter().filter(|family| has(*family)).collect();
        let work = |shape: &Shape| {
            self.seen(shape);
            for direction in [Direction::Ingress, Direction::Egress] {
                for family in families.iter().filter(|_| shape.workload) {
                    self.lists(compiled, shape, direction, *family, Stage::Enforced);
                }
            }
        };
        let shapes: Vec<&Arc<Shape>> = self.shapes.iter().collect();
        let share = shapes.len().div_ceil(threads.max(1)).max(1);
        std::thread::scope(|scope| {
            for part in shapes.chunks(share) {
                scope.spawn(|| part.iter().for_each(|shape| work(shape)));
            }
        });
    }

    pub(crate) fn stats(&self) -> IndexStats {
        let mut classes = HashSet::new();
        let mut targets: HashMap<usize, (usize, usize, usize)> = HashMap::new();
        let mut stats = IndexStats {
            shapes: self.shapes.len(),
            selectors: self.selectors.len(),
            bytes: self.seats.len() * size_of::<Seat>()
                + self.shapes.len() * (size_of::<Shape>() + size_of::<usize>()),
            ..IndexStats::default()
        };
        for shape in self.shapes.iter() {
            if let Some(seen) = shape.seen.get() {
                stats.bytes += seen.selectors.len() * 4;
                classes.insert(&seen.selectors);
            }
            for target in shape.own.get().into_iter().flat_map(|own| own.iter()) {
                targets.insert(Arc::as_ptr(target) as usize, target.size());
            }
        }
        stats.classes = classes.len();
        stats.targets = targets.len();
        for (bytes, steps, lists) in targets.into_values() {
            stats.bytes += bytes + size_of::<Target>();
            stats.steps += steps;
            stats.lists += lists;
        }
        stats
    }
}

impl Seat {
    /// Whether this address of IPv4 is its only one, and nobody else's.
    #[inline]
    pub(crate) fn is_at(&self, address: u128) -> bool {
        self.flags == ALONE | ONE_V4 && u128::from(self.v4) == address
    }
}
