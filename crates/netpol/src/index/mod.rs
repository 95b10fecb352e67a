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
mod make;
mod rulebook;
pub(crate) mod seat;
mod seen;
mod shape;
mod shape_rules;
mod shapes;
pub(crate) mod step;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use foldhash::fast::RandomState;
use portcullis_core::{Family, Slots};
use smol_str::SmolStr;

use crate::compiled::Compiled;
use crate::map::Map;
use crate::model::{Direction, EndpointId, PolicyId};
use addresses::AddressTable;
pub(crate) use addresses::Span;
use anchor::Anchored;
pub(crate) use atoms::Atoms;
pub(crate) use criterion::Bits;
use criterion::{Criteria, Criterion};
use directory::{Directory, Keys};
use header::SharedKeys;
pub(crate) use header::key;
use line::{Line, Lines};
pub(crate) use line::{Several, Test};
use make::crowd;
use rulebook::{Rulebook, Rules};
use seat::Seat;
pub(crate) use seen::{Seen, Sight};
pub(crate) use shape::Shape;
use shapes::Shapes;
use step::Who;

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
