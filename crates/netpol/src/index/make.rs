//! How an index is made from scratch.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use foldhash::fast::{FixedState, RandomState};
use portcullis_core::net::NamedPort;
use portcullis_core::{Ranges, Selector, Slots};
use smol_str::SmolStr;

use super::anchor::{Anchor, Anchored, anchors};
use super::atoms::Atoms;
use super::criterion::{Addresses, Criteria, MAX_BITS};
use super::directory::{Directory, Entry, Everything, MAX_LISTED, everything, hash_of};
use super::header::{SharedKeys, port_keys};
use super::line::{Line, Lines, Numbers, ends, narrow};
use super::seat::Seat;
use super::seen::Seen;
use super::shape::{Look, Shape};
use super::shapes::Shapes;
use super::{Index, LazyAddresses};
use crate::compiled::Compiled;
use crate::map::Map;
use crate::model::{Direction, Endpoint, EndpointId, Policy, Rule};

/// As long as there are no more selectors than this, all of them have bits.
const FEW_SELECTORS: usize = 2048;

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
    pub(super) fn note_keys(&mut self, subject: &Selector) {
        for key in subject.keys() {
            if !self.subject_keys.contains(key) {
                Arc::make_mut(&mut self.subject_keys).insert(key.into());
            }
        }
    }

    /// What a shape of this number is found by.
    pub(super) fn entry(&self, look: &Look, id: u32) -> Entry {
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
    pub(super) fn next_table(&self) -> u64 {
        self.tables.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn lines(&mut self, ingress: &[Rule], egress: &[Rule]) -> Lines {
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

    pub(super) fn anchors(&self, selector: &Selector) -> Option<Vec<Anchor>> {
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

pub(super) fn key_of_port(port: &NamedPort) -> (u128, u128) {
    port_keys(port.protocol, port.port, port.port)
}

pub(super) fn seat(compiled: &Compiled, id: EndpointId, endpoint: &Endpoint, shape: u32) -> Seat {
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
pub(super) fn crowd(address: u32) -> (usize, u64) {
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

pub(super) fn take(taken: &mut [u64], address: IpAddr) {
    if let IpAddr::V4(address) = address {
        let (place, bit) = crowd(address.into());
        if let Some(word) = taken.get_mut(place) {
            *word |= bit;
        }
    }
}

impl LazyAddresses {
    pub(super) fn new(known: u32, number: u64) -> Arc<Self> {
        Arc::new(Self { table: OnceLock::new(), number, known })
    }
}

impl Look {
    pub(crate) fn anchors(&self) -> impl Iterator<Item = Anchor> + '_ {
        let pairs = self.labels.iter().map(|(k, v)| Anchor::Pair(k.into(), v.into()));
        pairs.chain(self.profiles.iter().cloned().map(Anchor::Profile))
    }
}
