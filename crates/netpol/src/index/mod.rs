//! What [`decide`](crate::decide()) asks instead of walking.
//!
//! ```text
//!   endpoint ─▶ seat ─▶ shape ─┬─▶ seen   which selectors of rules select it
//!                              └─▶ own    rulebook, by direction: its rules, as lists by header
//!   address ─▶ sets that hold it ─▶ their shapes
//! ```
//! A *shape* is everything about an endpoint that rules can ask for besides its addresses; a *rulebook*
//! is the rules of all endpoints that are asked about the same policies. Both are worked out when they
//! are first asked for, and shared by every later version of the index that still has them, so a change
//! costs what it touches: an endpoint that changes gets another shape, and a policy that changes makes
//! the shapes that it selects ask anew for their rulebooks.

mod anchor;
mod follow;
mod header;
mod line;
pub(crate) mod rulebook;
mod sets;
mod shape;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use portcullis_core::net::NamedPort;
use portcullis_core::{Family, Selector, Slots};
use rpds::HashTrieMapSync;
use smol_str::SmolStr;

use crate::compiled::Compiled;
use crate::explain::Stage;
use crate::model::{Direction, Endpoint, EndpointId, Policy, PolicyClass, PolicyId, Rule};
use anchor::{Anchor, Anchored, ByAnchor, anchors};
pub(crate) use header::key;
use header::{SharedKeys, port_keys};
pub(crate) use line::Test;
use line::{Line, Lines};
use rulebook::{Lists, PolicyRules, Rulebook, Rules, TierRules};
use sets::SetTable;
pub(crate) use sets::Span;
use shape::Look;
pub(crate) use shape::{Seen, Shape};

/// Shapes under one label, beyond which they are no longer listed there: whoever looks for them goes
/// through all shapes. Selectors of namespaces are what most policies have, and a namespace has some
/// twenty shapes; to list those of widespread labels too would make a new shape cost twice as much.
const MAX_POSTED: usize = 256;

/// The index of one [`Compiled`]. Cloning is O(1).
#[derive(Clone, Debug)]
pub(crate) struct Index {
    seats: Slots<Seat, 64>,
    shapes: Slots<Arc<Shape>>,
    shape_ids: HashTrieMapSync<Arc<Look>, u32>,
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
    /// The keys of the ports that any endpoint has, by what it calls them.
    called: HashTrieMapSync<SmolStr, SharedKeys>,
    /// Whether a port is called what none was called before: lines that ask for that name do not know.
    is_stale: bool,
    /// The shape of each network set.
    sets: Slots<Option<u32>, 64>,
    set_table: Arc<OnceLock<SetTable>>,
    /// The shapes of the network sets that have DNS names.
    named_sets: Arc<[u32]>,
    needs_walks: bool,
    /// Those in use, so that shapes with the same rules share them. All versions of an index share it:
    /// what a rulebook says is told by the identities of its lines.
    rulebooks: Arc<Mutex<Rulebooks>>,
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

/// The rulebooks in use.
#[derive(Debug, Default)]
struct Rulebooks {
    known: HashMap<Arc<Rules>, Weak<Rulebook>>,
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
    /// Rulebooks of either direction: ordered lists of policies that apply.
    pub rulebooks: usize,
    /// Selectors of rules.
    pub selectors: usize,
    /// Lists, equal ones of a rulebook counted once for every range of headers.
    pub lists: usize,
    /// Steps of all lists, equal lists of a rulebook counted once.
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
        let looks = made.looks;
        let mut index = Self {
            seats: seats.into_iter().collect(),
            shape_ids: looks.iter().cloned().zip(0..).collect(),
            shapes: Slots::default(),
            posted: posted(&looks),
            selectors: Slots::default(),
            selector_ids: HashTrieMapSync::new_sync(),
            rule_selectors: Anchored::default(),
            subjects: Anchored::default(),
            policies: Slots::default(),
            profiles: HashTrieMapSync::new_sync(),
            called: called(looks.iter().flat_map(|look| &look.ports)),
            is_stale: false,
            sets: sets.into_iter().collect(),
            set_table: Arc::default(),
            named_sets: Arc::from([]),
            needs_walks: false,
            rulebooks: Arc::default(),
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
        let known = index.known();
        index.shapes = looks.into_iter().map(|look| Arc::new(Shape::new(look, known))).collect();
        index
    }

    /// How many selectors have numbers.
    fn known(&self) -> u32 {
        u32::try_from(self.selectors.len()).unwrap_or(u32::MAX)
    }

    fn lines(&mut self, policy: &Policy) -> Lines {
        let mut lines = |direction| self.lines_of(policy.rules(direction), direction);
        let (ingress, egress) = (lines(Direction::Ingress), lines(Direction::Egress));
        Lines { ingress, egress }
    }

    fn lines_of(&mut self, rules: &[Rule], direction: Direction) -> Vec<Line> {
        let names = self.called.clone();
        let called = |name: &str| names.get(name).cloned().unwrap_or_else(|| Arc::from([]));
        let line = |rule| Line::new(rule, direction, &mut |s| self.intern(s), &called);
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

/// The keys of ports by their names, each once.
fn called<'a>(ports: impl Iterator<Item = &'a NamedPort>) -> HashTrieMapSync<SmolStr, SharedKeys> {
    let mut named: HashMap<&SmolStr, BTreeSet<(u128, u128)>> = HashMap::new();
    for port in ports {
        named.entry(&port.name).or_default().insert(key_of_port(port));
    }
    named.into_iter().map(|(name, keys)| (name.clone(), keys.into_iter().collect())).collect()
}

fn key_of_port(port: &NamedPort) -> (u128, u128) {
    port_keys(port.protocol, port.port, port.port)
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

/// Looks of shapes while an index is made from scratch.
#[derive(Default)]
struct Maker {
    looks: Vec<Arc<Look>>,
    ids: HashMap<Arc<Look>, u32>,
}

impl Maker {
    /// The number of the shape that looks so.
    fn shape(&mut self, look: Look) -> u32 {
        let id = u32::try_from(self.looks.len()).unwrap_or(NO_SHAPE);
        let looks = &mut self.looks;
        *self.ids.entry(Arc::new(look)).or_insert_with_key(|look| {
            looks.push(Arc::clone(look));
            id
        })
    }
}

/// The shapes that look so, by what they have.
fn posted(looks: &[Arc<Look>]) -> Posted {
    let mut posted: HashMap<Anchor, Vec<u32>> = HashMap::new();
    for (look, id) in looks.iter().zip(0..) {
        for anchor in look.anchors() {
            posted.entry(anchor).or_default().push(id);
        }
    }
    let posted = posted.into_iter().map(|(anchor, ids)| {
        let listed = ids.len() <= MAX_POSTED;
        (anchor, listed.then(|| ids.into()))
    });
    posted.collect()
}

impl Look {
    fn anchors(&self) -> impl Iterator<Item = Anchor> + '_ {
        let pairs = self.labels.iter().map(|(k, v)| Anchor::Pair(k.into(), v.into()));
        pairs.chain(self.profiles.iter().cloned().map(Anchor::Profile))
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
        who: rulebook::Who,
        own: &Shape,
        rule: u32,
        direction: Direction,
    ) -> Option<&Line> {
        let lines = match who {
            rulebook::Who::Policy(id) => self.policies.get(id.index())?.as_ref()?,
            rulebook::Who::Profile(place) => {
                self.profiles.get(own.look.profiles.get(place as usize)?)?
            }
            rulebook::Who::Nobody => return None,
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
        shape.seen.get_or_init(|| self.look_at(shape))
    }

    fn look_at(&self, shape: &Shape) -> Seen {
        let labels = &shape.look.labels;
        let mut selectors: Vec<u32> = self
            .rule_selectors
            .candidates(labels)
            .filter(|id| *id < shape.known)
            .filter(|id| self.selectors.get(*id as usize).is_some_and(|s| s.matches(labels)))
            .collect();
        selectors.sort_unstable();
        selectors.dedup();
        Seen::new(selectors, shape.known)
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
    fn rulebook<'a>(
        &self,
        compiled: &Compiled,
        shape: &'a Shape,
        direction: Direction,
    ) -> &'a Rulebook {
        let own = shape.own.get_or_init(|| Box::new(self.rulebooks_of(compiled, shape)));
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
            _ => self.lists_of_rulebook(compiled, shape, direction, family, stage),
        }
    }

    #[cold]
    fn lists_of_rulebook<'a>(
        &self,
        compiled: &Compiled,
        shape: &'a Shape,
        direction: Direction,
        family: Family,
        stage: Stage,
    ) -> &'a Lists {
        let lists = self.rulebook(compiled, shape, direction).lists(family, stage);
        if family == Family::V4 && stage == Stage::Enforced {
            return shape.at_hand(direction).get_or_init(|| lists.clone());
        }
        lists
    }

    fn rulebooks_of(&self, compiled: &Compiled, shape: &Shape) -> [Arc<Rulebook>; 2] {
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

    /// The rulebook with these rules: the one in use, if there is one.
    fn shared(&self, rules: Rules) -> Arc<Rulebook> {
        // What is remembered is whole even if whoever held the lock panicked.
        let mut rulebooks = self.rulebooks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rulebook) = rulebooks.known.get(&rules).and_then(Weak::upgrade) {
            return rulebook;
        }
        let key = Arc::new(rules);
        let rulebook = Arc::new(Rulebook::new(Arc::clone(&key)));
        rulebooks.known.insert(key, Arc::downgrade(&rulebook));
        if rulebooks.known.len() > 2 * rulebooks.swept + 1024 {
            rulebooks.known.retain(|_, rulebook| rulebook.strong_count() > 0);
            rulebooks.swept = rulebooks.known.len();
        }
        rulebook
    }

    /// The network sets that hold an address, if any does.
    #[inline]
    pub(crate) fn sets_holding(
        &self,
        compiled: &Compiled,
        family: Family,
        address: u128,
    ) -> Option<&Span> {
        if self.sets.is_empty() { None } else { self.set_table(compiled).holding(family, address) }
    }

    /// Which selectors of rules select any of some network sets.
    #[inline]
    pub(crate) fn seen_of_sets<'a>(&self, span: &'a Span) -> &'a Seen {
        match span.seen.get() {
            Some(seen) => seen,
            None => self.first_seen_of_sets(span),
        }
    }

    #[cold]
    fn first_seen_of_sets<'a>(&self, span: &'a Span) -> &'a Seen {
        span.seen.get_or_init(|| {
            let seen =
                span.sets.iter().filter_map(|set| self.set_shape(*set)).map(|s| self.seen(s));
            let seen: Vec<&Seen> = seen.collect();
            let mut selectors: Vec<u32> =
                seen.iter().flat_map(|seen| seen.selectors.iter().copied()).collect();
            selectors.sort_unstable();
            selectors.dedup();
            Seen::new(selectors, seen.iter().map(|seen| seen.upto).min().unwrap_or(0))
        })
    }

    /// Whether the selector of this number selects any of some network sets.
    pub(crate) fn selects_sets(&self, selector: u32, span: &Span) -> bool {
        let seen = self.seen_of_sets(span);
        if selector < seen.upto {
            return seen.has(selector);
        }
        let mut shapes = span.sets.iter().filter_map(|set| self.set_shape(*set));
        shapes.any(|shape| self.selects(selector, shape))
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
        let mut rulebooks: HashMap<usize, (usize, usize, usize)> = HashMap::new();
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
            for rulebook in shape.own.get().into_iter().flat_map(|own| own.iter()) {
                rulebooks.insert(Arc::as_ptr(rulebook) as usize, rulebook.size());
            }
        }
        stats.classes = classes.len();
        stats.rulebooks = rulebooks.len();
        for (bytes, steps, lists) in rulebooks.into_values() {
            stats.bytes += bytes + size_of::<Rulebook>();
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
