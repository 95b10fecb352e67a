//! What [`decide`](crate::decide()) asks instead of walking.
//!
//! ```text
//!   endpoint ─▶ seat ─▶ shape ─┬─▶ seen   which selectors of rules select it
//!                              └─▶ own    rulebook, by direction: its rules, as a list for each atom
//!   header ───▶ atom ─────────────────▶   the place of the list
//!   address ─▶ span ───────────▶ seen     which networks of rules hold it, and which selectors
//!                                         of rules select a network set that does
//! ```
//! A *shape* is everything about an endpoint that rules can ask for besides its addresses; a *rulebook*
//! is the rules of all endpoints that are asked about the same policies. Both are worked out when they
//! are first asked for, and shared by every later version of the index that still has them, so a change
//! costs what it touches: an endpoint that changes gets another shape, and a policy that changes makes
//! the shapes that it selects ask anew for their rulebooks.

mod addresses;
mod anchor;
mod atoms;
mod criterion;
mod directory;
mod follow;
mod header;
mod line;
pub(crate) mod lists;
mod rulebook;
pub(crate) mod seat;
mod seen;
mod shape;
mod shapes;
pub(crate) mod step;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use foldhash::fast::{FixedState, RandomState};
use portcullis_core::net::NamedPort;
use portcullis_core::{Family, Ranges, Selector, Slots};
use smol_str::SmolStr;

use crate::compiled::Compiled;
use crate::explain::Stage;
use crate::map::Map;
use crate::model::{Direction, Endpoint, EndpointId, Policy, PolicyClass, PolicyId, Rule};
use addresses::AddressTable;
pub(crate) use addresses::Span;
use anchor::{Anchor, Anchored, anchors};
pub(crate) use atoms::Atoms;
pub(crate) use criterion::Bits;
use criterion::{Addresses, Criteria, Criterion, MAX_BITS};
use directory::{Directory, Entry, Everything, Keys, MAX_LISTED, everything, hash_of};
pub(crate) use header::key;
use header::{SharedKeys, port_keys};
use line::{Line, Lines, Numbers, ends, narrow};
pub(crate) use line::{Several, Test};
use lists::Lists;
use rulebook::{PolicyRules, Rulebook, Rules, TierRules, Tiers};
use seat::Seat;
pub(crate) use seen::{Seen, Sight};
use shape::AtHand;
use shape::Look;
pub(crate) use shape::Shape;
use shapes::Shapes;
use step::Who;

/// As long as there are no more selectors than this, all of them have bits.
const FEW_SELECTORS: usize = 2048;

/// The index of one [`Compiled`]. Cloning is O(1).
#[derive(Clone, Debug)]
pub(crate) struct Index {
    seats: Slots<Seat, 64>,
    shapes: Shapes,
    /// Where they are found.
    directory: Directory,
    /// What rules ask of the other end.
    criteria: Criteria,
    /// The headers that rules tell apart.
    atoms: Atoms,
    /// The selectors of rules, by an anchor.
    rule_selectors: Anchored<u32>,
    /// The policies, by an anchor of whom they select.
    subjects: Anchored<PolicyId>,
    /// The keys of labels that any policy looks at to tell whom it selects.
    subject_keys: Arc<Keys>,
    policies: Slots<Option<Arc<Lines>>>,
    profiles: Map<SmolStr, Arc<Lines>>,
    /// The keys of the ports that any endpoint has, by what it calls them.
    called: Map<SmolStr, SharedKeys>,
    /// Whether a port is called what none was called before: lines that ask for that name do not know.
    is_stale: bool,
    /// The shape of each network set.
    sets: Slots<Option<u32>, 64>,
    addresses: Arc<LazyAddresses>,
    /// How many tables of addresses there were: all versions of an index count together.
    tables: Arc<AtomicU64>,
    /// Bits for the addresses of IPv4 that endpoints have, by [`crowd`]: where there is none, an address
    /// is nobody's. It is not forgotten which addresses endpoints had.
    taken: Arc<[u64]>,
    /// What holds of an end that is no endpoint.
    nobody: Seen,
    /// The shapes of the network sets that have DNS names.
    named_sets: Arc<[u32]>,
    needs_walks: bool,
    /// What shapes are seen as, so that those that rules do not tell apart share it: 81 MB
    /// became 63. All versions of an index share it.
    classes: Arc<Mutex<Classes>>,
    /// Those in use, so that shapes with the same rules share them. All versions of an index share it:
    /// what a rulebook says is told by the identities of its lines.
    rulebooks: Arc<Mutex<Rulebooks>>,
}

/// Made when an address is first asked for.
#[derive(Debug)]
struct LazyAddresses {
    table: OnceLock<AddressTable>,
    /// Which of all tables it is.
    number: u64,
    /// How many criteria had numbers when it was put here: only those count, as with shapes.
    known: u32,
}

/// What shapes in use are seen as.
#[derive(Debug, Default)]
struct Classes {
    known: HashSet<Seen, RandomState>,
    /// How many there were when those out of use were last thrown away.
    swept: usize,
}

/// The rulebooks in use.
#[derive(Debug, Default)]
struct Rulebooks {
    known: HashMap<Arc<Rules>, Weak<Rulebook>, RandomState>,
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
    /// Networks of rules, each list of them counted once.
    pub networks: usize,
    /// Lists, equal ones of a rulebook counted once for every atom of headers.
    pub lists: usize,
    /// Steps of these lists.
    pub steps: usize,
    /// Bytes of lists, shapes' selectors and seats.
    pub bytes: usize,
}

// === Making it ===

impl Index {
    pub(crate) fn new(compiled: &Compiled) -> Self {
        let mut looks = Numbered::default();
        let mut seats = Vec::new();
        for (id, endpoint) in compiled.endpoints() {
            seats.resize_with(id.index(), Seat::empty);
            let shape = looks.number(Look::of(endpoint));
            seats.push(seat(compiled, id, endpoint, shape));
        }
        let mut sets = Vec::new();
        for (place, set) in compiled.placed_sets() {
            sets.resize(place, None);
            sets.push(Some(looks.number(Look::of_labels(&set.labels))));
        }
        let looks = looks.all;
        let mut index = Self {
            seats: seats.into_iter().collect(),
            shapes: Shapes::default(),
            directory: Directory::default(),
            criteria: Criteria::new(Vec::new(), Vec::new(), Vec::new()),
            atoms: Atoms::new(std::iter::empty()),
            rule_selectors: Anchored::default(),
            subjects: Anchored::default(),
            subject_keys: Arc::default(),
            policies: Slots::default(),
            profiles: Map::default(),
            called: called(looks.iter().flat_map(|look| &look.ports)),
            is_stale: false,
            sets: sets.into_iter().collect(),
            addresses: LazyAddresses::new(0, 0),
            tables: Arc::default(),
            taken: taken(compiled),
            nobody: Seen::new(&[], 0, u32::MAX),
            named_sets: Arc::from([]),
            needs_walks: false,
            classes: Arc::default(),
            rulebooks: Arc::default(),
        };
        index.note_limits(compiled);
        let subjects = compiled.placed_policies().map(|(_, policy)| &policy.subject);
        index.subject_keys =
            Arc::new(subjects.flat_map(Selector::keys).map(SmolStr::from).collect());
        let all = everything(&looks);
        index.number_criteria(compiled, &looks, &all);
        let entries: Vec<Entry> =
            looks.iter().zip(0..).map(|(look, id)| index.entry(look, id)).collect();
        index.directory = Directory::new(all, &index.subject_keys, entries.iter().copied());
        for (name, profile) in compiled.profiles() {
            index.put_profile(name, Some(profile));
        }
        let mut policies = Vec::new();
        let mut subjects = Vec::new();
        for (id, policy) in compiled.placed_policies() {
            policies.resize(id.index(), None);
            let [ingress, egress] = [&policy.ingress_rules, &policy.egress_rules];
            policies.push(Some(Arc::new(index.lines(ingress, egress))));
            subjects.push((index.anchors(&policy.subject), id));
        }
        index.policies = policies.into_iter().collect();
        index.subjects = Anchored::new(subjects);
        let known = index.criteria.known();
        index.addresses = LazyAddresses::new(known, index.next_table());
        let shapes = looks
            .into_iter()
            .zip(entries)
            .map(|(look, entry)| Shape::new(look, known, index.directory.kin(entry)));
        index.shapes = shapes.collect::<Vec<_>>().into_iter().collect();
        index
    }

    /// Notes what a policy looks at to tell whom it selects.
    fn note_keys(&mut self, subject: &Selector) {
        for key in subject.keys() {
            if !self.subject_keys.contains(key) {
                Arc::make_mut(&mut self.subject_keys).insert(key.into());
            }
        }
    }

    /// What a shape of this number is found by.
    fn entry(&self, look: &Look, id: u32) -> Entry {
        let looked_at = |(key, _): &(&str, &str)| self.subject_keys.contains(*key);
        // Whoever makes two meet only makes one of them work out its own.
        let kin = look.workload.then(|| {
            let mut hasher = FixedState::default().build_hasher();
            look.labels.iter().filter(looked_at).for_each(|label| label.hash(&mut hasher));
            hasher.finish()
        });
        Entry { id, look: hash_of(look), kin }
    }

    /// The number of the next table of addresses: no other version has it, nor was there one before.
    fn next_table(&self) -> u64 {
        self.tables.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn lines(&mut self, ingress: &[Rule], egress: &[Rule]) -> Lines {
        let ingress = self.lines_of(ingress, Direction::Ingress);
        let egress = self.lines_of(egress, Direction::Egress);
        for cut in ingress.iter().chain(&egress).flat_map(Line::cuts) {
            self.atoms.begin(cut);
        }
        Lines { ingress, egress, atoms: self.atoms.len() }
    }

    fn lines_of(&mut self, rules: &[Rule], direction: Direction) -> Vec<Line> {
        rules.iter().map(|rule| Line::new(rule, direction, self)).collect()
    }

    /// Gives numbers to all criteria of the rules there are.
    fn number_criteria(&mut self, compiled: &Compiled, looks: &[Arc<Look>], all: &Everything) {
        let mut drafts = DraftCriteria::default();
        // Each by itself: neighbours are told apart.
        let called = self.called.values().flat_map(|keys| keys.iter());
        let called = called.flat_map(|(first, last)| narrow(&Ranges::span(*first, *last)));
        let mut cuts: Vec<u32> = called.flat_map(ends).collect();
        let mut policies: Vec<&Policy> = compiled.policies().collect();
        // What the policies of one namespace ask stands together, as it is asked of the same endpoints.
        policies.sort_by_key(|policy| policy.namespace.as_ref());
        let rules = policies.into_iter().map(|p| [&p.ingress_rules, &p.egress_rules]);
        let of_profiles = compiled.profiles().map(|(_, p)| [&p.ingress_rules, &p.egress_rules]);
        for [ingress, egress] in rules.chain(of_profiles) {
            for (rules, direction) in [(ingress, Direction::Ingress), (egress, Direction::Egress)] {
                for rule in rules {
                    cuts.extend(Line::new(rule, direction, &mut drafts).cuts());
                }
            }
        }
        self.atoms = Atoms::new(cuts.into_iter());
        let DraftCriteria { selectors, addresses } = drafts;
        let few = selectors.all.len() <= FEW_SELECTORS;
        let rarity = |anchor: &Anchor| match anchor {
            Anchor::Key(_) => usize::MAX,
            Anchor::Pair(..) | Anchor::Profile(_) => all.get(anchor).map_or(0, Vec::len),
        };
        let is_common = |selector: &Selector| match anchors(selector, &rarity) {
            Some(anchors) => is_common(&anchors, looks, all),
            None => true,
        };
        let (mut common, rare): (Vec<_>, Vec<_>) =
            selectors.all.into_iter().partition(|selector| few || is_common(selector));
        let rest = common.split_off(common.len().min(MAX_BITS));
        let rare = rest.into_iter().chain(rare).collect();
        self.criteria = Criteria::new(common, addresses.all, rare);
        let numbered = self.criteria.selectors();
        let anchored = numbered.map(|(number, selector)| (anchors(selector, &rarity), number));
        self.rule_selectors = Anchored::new(anchored.collect());
    }

    fn anchors(&self, selector: &Selector) -> Option<Vec<Anchor>> {
        anchors(selector, &|anchor| self.directory.count(anchor))
    }
}

/// Whether something that is selected by one of these may be many shapes, or that of a network set: an
/// address may be in many sets.
fn is_common(anchors: &[Anchor], looks: &[Arc<Look>], all: &Everything) -> bool {
    let of_set = |id: &u32| looks.get(*id as usize).is_some_and(|look| !look.workload);
    let mut selected = 0;
    anchors.iter().any(|anchor| {
        let shapes = all.get(anchor).map_or(&[][..], |shapes| shapes);
        selected += shapes.len();
        let is_key = matches!(anchor, Anchor::Key(_));
        is_key || selected > MAX_LISTED || shapes.iter().any(of_set)
    })
}

impl Numbers for Index {
    fn selector(&mut self, selector: &Selector) -> u32 {
        match self.criteria.selector(selector) {
            Some(number) => number,
            None => {
                let number = self.criteria.push_selector(selector);
                let under = self.anchors(selector);
                self.rule_selectors.put(under, number);
                number
            }
        }
    }

    fn addresses(&mut self, addresses: Addresses) -> u32 {
        self.criteria.number_of(addresses)
    }

    fn called(&self, name: &str) -> SharedKeys {
        self.called.get(name).cloned().unwrap_or_else(|| Arc::from([]))
    }
}

/// What rules ask for, before it has its final numbers.
#[derive(Default)]
struct DraftCriteria {
    selectors: Numbered<Selector>,
    addresses: Numbered<Addresses>,
}

/// Things by number, each once.
struct Numbered<T> {
    all: Vec<Arc<T>>,
    numbers: HashMap<Arc<T>, u32, RandomState>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { all: Vec::new(), numbers: HashMap::default() }
    }
}

impl<T: Eq + Hash> Numbered<T> {
    fn number(&mut self, thing: T) -> u32 {
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let all = &mut self.all;
        *self.numbers.entry(Arc::new(thing)).or_insert_with_key(|thing| {
            all.push(Arc::clone(thing));
            number
        })
    }
}

impl Numbers for DraftCriteria {
    fn selector(&mut self, selector: &Selector) -> u32 {
        self.selectors.number(selector.clone())
    }

    fn addresses(&mut self, addresses: Addresses) -> u32 {
        self.addresses.number(addresses)
    }

    fn called(&self, _name: &str) -> SharedKeys {
        Arc::from([])
    }
}

/// The keys of ports by their names, each once.
fn called<'a>(ports: impl Iterator<Item = &'a NamedPort>) -> Map<SmolStr, SharedKeys> {
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
    Seat::new(shape, only, alone)
}

/// Which bit stands for an address of IPv4 among those that endpoints have: one for all of a network
/// of 256, and now and then for two.
fn crowd(address: u32) -> (usize, u64) {
    let hash = (address >> 8).wrapping_mul(0x9e37_79b1) >> 16;
    ((hash >> 6) as usize, 1 << (hash & 63))
}

fn taken(compiled: &Compiled) -> Arc<[u64]> {
    let mut taken = vec![0; 1 << 10];
    for address in compiled.endpoints().flat_map(|(_, endpoint)| &endpoint.addresses) {
        take(&mut taken, *address);
    }
    taken.into()
}

fn take(taken: &mut [u64], address: IpAddr) {
    if let IpAddr::V4(address) = address {
        let (place, bit) = crowd(address.into());
        if let Some(word) = taken.get_mut(place) {
            *word |= bit;
        }
    }
}

impl LazyAddresses {
    fn new(known: u32, number: u64) -> Arc<Self> {
        Arc::new(Self { table: OnceLock::new(), number, known })
    }
}

impl Look {
    pub(crate) fn anchors(&self) -> impl Iterator<Item = Anchor> + '_ {
        let pairs = self.labels.iter().map(|(k, v)| Anchor::Pair(k.into(), v.into()));
        pairs.chain(self.profiles.iter().cloned().map(Anchor::Profile))
    }
}

// === Asking it ===

impl Index {
    #[inline]
    pub(crate) fn seat(&self, id: EndpointId) -> Option<&Seat> {
        self.seats.get(id.index())
    }

    #[inline]
    pub(crate) fn shape(&self, seat: &Seat) -> Option<&Shape> {
        self.shapes.get(seat.shape())
    }

    pub(crate) fn line(
        &self,
        who: Who,
        own: &Shape,
        rule: u32,
        direction: Direction,
    ) -> Option<&Line> {
        let lines = match who {
            Who::Policy(id) => self.policies.get(id.index())?.as_ref()?,
            Who::Profile(place) => self.profiles.get(own.look.profiles.get(place as usize)?)?,
            Who::Nobody => return None,
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
            .filter(|number| *number < shape.known)
            .filter(|number| self.criterion_selects(*number, shape))
            .collect();
        selectors.sort_unstable();
        selectors.dedup();
        self.shared_seen(Seen::new(&selectors, self.criteria.bits().shape, shape.known))
    }

    /// The one that is in use, if there is an equal one.
    fn shared_seen(&self, seen: Seen) -> Seen {
        // What is remembered is whole even if whoever held the lock panicked.
        let mut classes = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = classes.known.get(&seen) {
            return known.clone();
        }
        classes.known.insert(seen.clone());
        if classes.known.len() > 2 * classes.swept + 1024 {
            classes.known.retain(|seen| !seen.is_unshared());
            classes.swept = classes.known.len();
        }
        seen
    }

    fn criterion_selects(&self, number: u32, shape: &Shape) -> bool {
        match self.criteria.get(number) {
            Some(Criterion::Selected(selector)) => selector.matches(&shape.look.labels),
            Some(Criterion::Within(_)) | None => false,
        }
    }

    /// Whether a criterion holds of an endpoint of this shape, whatever its address.
    #[inline]
    pub(crate) fn holds_of_shape(&self, number: u32, shape: &Shape) -> bool {
        let seen = self.seen(shape);
        if number < seen.upto() { seen.has(number) } else { self.criterion_selects(number, shape) }
    }

    /// The rules of a shape.
    fn rulebook<'a>(
        &self,
        compiled: &Compiled,
        shape: &'a Shape,
        direction: Direction,
    ) -> &'a Arc<Rulebook> {
        shape.own(direction).get_or_init(|| {
            let Some(kin) = self.kin(shape) else {
                let tiers = self.tiers(compiled, shape, direction);
                return self.shared(self.rules(shape, tiers, direction));
            };
            let of_kin = self.rulebook(compiled, kin, direction);
            let rules = self.rules(shape, Arc::clone(&of_kin.rules.tiers), direction);
            // Most have the very rules of their kin, and need not look for them among all.
            if rules.are_those_of(&of_kin.rules) { Arc::clone(of_kin) } else { self.shared(rules) }
        })
    }

    /// The lists of a shape, in which that for this key can be found.
    pub(crate) fn lists_for<'a>(
        &self,
        compiled: &Compiled,
        shape: &'a Shape,
        direction: Direction,
        (key, family, stage): (u32, Family, Stage),
    ) -> Cow<'a, Lists> {
        let usual = family == Family::V4 && stage == Stage::Enforced;
        // Many a change is followed by one question, which need not wait for what others will ask.
        if usual && shape.at_hand().is_none() && shape.was_asked() {
            self.bring_to_hand(compiled, shape);
        }
        let rulebook = self.rulebook(compiled, shape, direction);
        rulebook.lists_for(key, family, stage, &self.atoms)
    }

    /// Has at hand what most questions ask of a shape, if its lists are kept.
    fn bring_to_hand(&self, compiled: &Compiled, shape: &Shape) {
        let lists = |direction| {
            let rulebook = self.rulebook(compiled, shape, direction);
            rulebook.lists(Family::V4, Stage::Enforced, &self.atoms).cloned()
        };
        if let (Some(ingress), Some(egress)) = (lists(Direction::Ingress), lists(Direction::Egress))
        {
            let seen = self.seen(shape).clone();
            shape.have_at_hand(|| AtHand::new(seen, [ingress, egress]));
        }
    }

    /// Works out the lists of a shape for a version of IP, if they are kept.
    fn make_lists(&self, compiled: &Compiled, shape: &Shape, family: Family) {
        for direction in [Direction::Ingress, Direction::Egress] {
            let rulebook = self.rulebook(compiled, shape, direction);
            rulebook.lists(family, Stage::Enforced, &self.atoms);
        }
        if family == Family::V4 {
            self.bring_to_hand(compiled, shape);
        }
    }

    /// Another shape that the same policies select: what changes of a pod is often nothing that they
    /// look at, such as the hash of its template.
    fn kin(&self, shape: &Shape) -> Option<&Shape> {
        let kin = self.shapes.get(shape.kin?)?;
        let policies_tell = |(key, _): (&str, &str)| self.subject_keys.contains(key);
        let is_kin =
            kin.workload && !kin.look.labels.differing(&shape.look.labels).any(policies_tell);
        is_kin.then_some(kin)
    }

    /// The policies that select a shape and look in this direction.
    fn tiers(&self, compiled: &Compiled, shape: &Shape, direction: Direction) -> Arc<Tiers> {
        let labels = &shape.look.labels;
        let selects = |policy: &Policy| {
            policy.class == PolicyClass::Normal
                && policy.looks(direction)
                && policy.subject.matches(labels)
        };
        let candidates = self.subjects.candidates(labels);
        let selecting = candidates.filter(|id| compiled.find_policy(*id).is_some_and(selects));
        let mut selecting: Vec<(u64, PolicyId)> =
            selecting.map(|id| (compiled.rank(id), id)).collect();
        selecting.sort_unstable();
        selecting.dedup();
        let mut tiers: Vec<(u64, TierRules)> = Vec::new();
        for (rank, id) in &selecting {
            let (Some(policy), Some(Some(lines))) =
                (compiled.find_policy(*id), self.policies.get(id.index()))
            else {
                continue;
            };
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
        let all = tiers.into_iter().map(|(_, tier)| tier).collect();
        Arc::new(Tiers::new(all, direction))
    }

    fn rules(&self, shape: &Shape, tiers: Arc<Tiers>, direction: Direction) -> Rules {
        let profiles: Vec<Option<Arc<Lines>>> =
            shape.look.profiles.iter().map(|name| self.profiles.get(name).cloned()).collect();
        let named = |lines: &Arc<Lines>| lines.of(direction).iter().any(Line::has_names);
        let is_named = tiers.named || profiles.iter().flatten().any(named);
        let ports = if is_named { shape.look.ports.clone() } else { Vec::new() };
        Rules { direction, tiers, profiles, ports }
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

    /// The span of an address.
    #[inline]
    pub(crate) fn span(&self, compiled: &Compiled, family: Family, address: u128) -> Option<&Span> {
        self.address_table(compiled).holding(family, address)
    }

    /// The span of the address at which an endpoint is.
    #[inline]
    pub(crate) fn span_of(&self, compiled: &Compiled, seat: &Seat, address: u32) -> Option<&Span> {
        match seat.span(self.addresses.number) {
            Some(place) => self.addresses.table.get()?.at_v4(place),
            None => self.first_span_of(compiled, seat, address),
        }
    }

    #[cold]
    fn first_span_of(&self, compiled: &Compiled, seat: &Seat, address: u32) -> Option<&Span> {
        let table = self.address_table(compiled);
        let place = table.place_of_v4(address)?;
        seat.remember(self.addresses.number, place);
        table.at_v4(place)
    }

    /// Which criteria hold of an address, whoever has it.
    #[inline]
    pub(crate) fn seen_of_span<'a>(
        &self,
        compiled: &Compiled,
        span: &'a Span,
        family: Family,
        address: u128,
    ) -> &'a Seen {
        match span.seen.get() {
            Some(seen) => seen,
            None => self.first_seen_of_span(compiled, span, family, address),
        }
    }

    #[cold]
    fn first_seen_of_span<'a>(
        &self,
        compiled: &Compiled,
        span: &'a Span,
        family: Family,
        address: u128,
    ) -> &'a Seen {
        span.seen.get_or_init(|| {
            let sets = span.sets.iter().filter_map(|set| self.set_shape(*set));
            let sets: Vec<&Seen> = sets.map(|shape| self.seen(shape)).collect();
            let upto = sets.iter().map(|seen| seen.upto()).fold(self.addresses.known, u32::min);
            // What holds of one address of a span holds of all of them.
            let within = self.address_table(compiled).within(family, address);
            let selectors = sets.iter().flat_map(|seen| seen.numbers());
            let mut numbers: Vec<u32> = within.filter(|n| *n < upto).chain(selectors).collect();
            numbers.sort_unstable();
            numbers.dedup();
            Seen::new(&numbers, self.criteria.bits().address, upto)
        })
    }

    /// Whether a criterion holds of an address, whoever has it.
    pub(crate) fn holds_of_address(
        &self,
        compiled: &Compiled,
        number: u32,
        span: &Span,
        family: Family,
        address: u128,
    ) -> bool {
        let seen = self.seen_of_span(compiled, span, family, address);
        if number < seen.upto() {
            return seen.has(number);
        }
        match self.criteria.get(number) {
            Some(Criterion::Within(addresses)) => addresses.of_family(family).contains(address),
            Some(Criterion::Selected(_)) => {
                let mut sets = span.sets.iter().filter_map(|set| self.set_shape(*set));
                sets.any(|shape| self.holds_of_shape(number, shape))
            }
            None => false,
        }
    }

    /// Whether a criterion is about the address itself.
    pub(crate) fn is_of_address(&self, number: u32) -> bool {
        matches!(self.criteria.get(number), Some(Criterion::Within(_)))
    }

    /// What holds of an end that is no endpoint.
    #[inline]
    pub(crate) fn nobody(&self) -> &Seen {
        &self.nobody
    }

    /// Whether an address of IPv4 is certainly no endpoint's.
    #[inline]
    pub(crate) fn is_nobodys(&self, address: u32) -> bool {
        let (place, bit) = crowd(address);
        self.taken.get(place).is_some_and(|word| word & bit == 0)
    }

    /// Whether any network set holds one of these addresses.
    pub(crate) fn sets_meet(
        &self,
        compiled: &Compiled,
        family: Family,
        ranges: &[(u128, u128)],
    ) -> bool {
        !self.sets.is_empty() && self.address_table(compiled).meets(family, ranges)
    }

    #[inline]
    fn address_table(&self, compiled: &Compiled) -> &AddressTable {
        match self.addresses.table.get() {
            Some(table) => table,
            None => self.first_address_table(compiled),
        }
    }

    #[cold]
    fn first_address_table(&self, compiled: &Compiled) -> &AddressTable {
        let LazyAddresses { table, known, .. } = self.addresses.as_ref();
        let place = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        table.get_or_init(|| {
            let known = self.criteria.addresses().filter(|(number, _)| number < known);
            let networks = known.map(|(number, addresses)| (number, Arc::clone(addresses)));
            let sets = |family| {
                let sets = compiled.placed_sets();
                sets.map(|(at, set)| (place(at), set.nets.of(family))).collect()
            };
            AddressTable::new(sets, networks.collect())
        })
    }

    /// The shape of the network set at this place.
    pub(crate) fn set_shape(&self, place: u32) -> Option<&Shape> {
        let shape = (*self.sets.get(place as usize)?)?;
        self.shapes.get(shape)
    }

    /// Whether any network set has DNS names.
    #[inline]
    pub(crate) fn has_names(&self) -> bool {
        !self.named_sets.is_empty()
    }

    /// Whether a selector of rules selects a network set that has DNS names.
    pub(crate) fn selects_names(&self, selector: u32) -> bool {
        let shapes = self.named_sets.iter().filter_map(|s| self.shapes.get(*s));
        shapes.into_iter().any(|shape| self.holds_of_shape(selector, shape))
    }

    /// The headers that rules tell apart.
    #[inline]
    pub(crate) fn atoms(&self) -> &Atoms {
        &self.atoms
    }

    /// Criteria below this have bits in what is seen of an address, and those of them that can hold of a
    /// shape have bits there.
    #[inline]
    pub(crate) fn bits(&self) -> Bits {
        self.criteria.bits()
    }

    /// Whether nothing can be said without walking: policies of other engines may decide, or a network
    /// set in doubt may hold any address.
    #[inline]
    pub(crate) fn needs_walks(&self) -> bool {
        self.needs_walks
    }

    /// Works out what questions about what is enforced would work out of endpoints when they first ask,
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
            for family in families.iter().filter(|_| shape.workload) {
                self.make_lists(compiled, shape, *family);
            }
        };
        let shapes: Vec<&Shape> = self.shapes.iter().collect();
        let share = shapes.len().div_ceil(threads.max(1)).max(1);
        std::thread::scope(|scope| {
            for part in shapes.chunks(share) {
                scope.spawn(|| part.iter().for_each(|shape| work(shape)));
            }
        });
    }

    pub(crate) fn stats(&self) -> IndexStats {
        let mut classes = HashSet::new();
        let mut seens = HashMap::new();
        let mut rulebooks: HashMap<usize, (usize, usize, usize)> = HashMap::new();
        let mut stats = IndexStats {
            shapes: self.shapes.len(),
            selectors: self.criteria.selectors().count(),
            networks: self.criteria.addresses().count(),
            bytes: self.seats.len() * size_of::<Seat>()
                + self.shapes.len() * (size_of::<Shape>() + size_of::<usize>()),
            ..IndexStats::default()
        };
        for shape in self.shapes.iter() {
            if let Some(seen) = shape.seen.get() {
                classes.insert(seen.numbers().collect::<Vec<u32>>());
                seens.insert(seen.place(), seen.bytes());
            }
            let own = [Direction::Ingress, Direction::Egress].map(|to| shape.own(to).get());
            for rulebook in own.into_iter().flatten() {
                rulebooks.insert(Arc::as_ptr(rulebook) as usize, rulebook.size());
            }
        }
        stats.classes = classes.len();
        stats.bytes += seens.values().sum::<usize>();
        stats.rulebooks = rulebooks.len();
        for (bytes, steps, lists) in rulebooks.into_values() {
            stats.bytes += bytes + size_of::<Rulebook>();
            stats.steps += steps;
            stats.lists += lists;
        }
        stats
    }
}
