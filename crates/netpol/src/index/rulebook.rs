//! The rules that endpoints of one or more shapes have, as short lists by header.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use foldhash::fast::FixedState;
use portcullis_core::Family;
use portcullis_core::net::NamedPort;

use super::atoms::{ALWAYS, Atoms};
use super::header::LAST_KEY;
use super::line::{Line, Lines, Test, ends};
use super::lists::{Lists, mask_words};
use super::step::{Asks, Draft, Who};
use crate::explain::Stage;
use crate::model::{Action, DefaultAction, Direction, PolicyId};

/// What an endpoint is asked about in one direction: policies tier by tier, then its profiles.
#[derive(Debug)]
pub(crate) struct Rulebook {
    pub(crate) rules: Arc<Rules>,
    /// For either version of IP: of what is enforced, and with what is staged. None where all of them
    /// would be too large.
    lists: [OnceLock<Option<Lists>>; 4],
    /// Whether anybody asked for those lists.
    asked: [AtomicBool; 4],
}

/// The rules of a rulebook, in order.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) direction: Direction,
    pub(crate) tiers: Arc<Tiers>,
    /// The profiles; none in the place of one that nobody defined.
    pub(crate) profiles: Vec<Option<Arc<Lines>>>,
    /// The endpoint's own ports, where a rule asks for one by name.
    pub(crate) ports: Vec<NamedPort>,
}

/// The policies of a rulebook, by tier.
#[derive(Debug)]
pub(crate) struct Tiers {
    pub(crate) all: Vec<TierRules>,
    /// Whether a rule asks for a port of the endpoint itself by its name.
    pub(crate) named: bool,
    /// The hash of the identities of their lines: those of kin are entered with other ports or profiles
    /// again and again, and there may be hundreds.
    hash: u64,
}

/// The policies of one tier.
#[derive(Clone, Debug)]
pub(crate) struct TierRules {
    pub(crate) default_action: DefaultAction,
    pub(crate) policies: Vec<PolicyRules>,
}

/// One policy.
#[derive(Clone, Debug)]
pub(crate) struct PolicyRules {
    pub(crate) id: PolicyId,
    pub(crate) staged: bool,
    pub(crate) doubtful: bool,
    pub(crate) lines: Arc<Lines>,
}

// === impl Rules ===

/// Two are equal if they hold the same lines, not lines that say the same: lines that are put again
/// are others.
impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        self.direction == other.direction
            && self.ports == other.ports
            && (Arc::ptr_eq(&self.tiers, &other.tiers)
                || self.tiers.identities().eq(other.tiers.identities()))
            && self.profiles().eq(other.profiles())
    }
}

impl Eq for Rules {}

impl Hash for Rules {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.direction, self.tiers.hash).hash(state);
        self.profiles().for_each(|identity| identity.hash(state));
    }
}

impl Rules {
    /// Whether they are equal and have their policies in common: false of others that are equal.
    pub(crate) fn are_those_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.tiers, &other.tiers) && self == other
    }

    /// What the profiles are told apart by.
    fn profiles(&self) -> impl Iterator<Item = usize> {
        self.profiles.iter().map(|lines| lines.as_ref().map_or(0, identity))
    }
}

impl Tiers {
    pub(crate) fn new(all: Vec<TierRules>, direction: Direction) -> Self {
        let policies = all.iter().flat_map(|tier| &tier.policies);
        let mut lines = policies.flat_map(|policy| policy.lines.of(direction));
        let named = lines.any(Line::has_names);
        let mut tiers = Self { all, named, hash: 0 };
        let mut hasher = FixedState::default().build_hasher();
        tiers.identities().for_each(|identity| identity.hash(&mut hasher));
        tiers.hash = hasher.finish();
        tiers
    }

    /// What the policies are told apart by.
    fn identities(&self) -> impl Iterator<Item = usize> {
        self.all.iter().flat_map(|tier| &tier.policies).map(|policy| identity(&policy.lines))
    }
}

fn identity(lines: &Arc<Lines>) -> usize {
    Arc::as_ptr(lines) as usize
}

// === impl Rulebook ===

impl Rulebook {
    pub(crate) fn new(rules: Arc<Rules>) -> Self {
        Self { rules, lists: Default::default(), asked: Default::default() }
    }

    /// The lists for one version of IP; none if they are too large to be kept.
    pub(crate) fn lists(&self, family: Family, stage: Stage, atoms: &Atoms) -> Option<&Lists> {
        let version = version(family);
        let made = || self.rules.lists(version, stage, atoms);
        at(&self.lists, version, stage).get_or_init(made).as_ref()
    }

    /// The lists for one version of IP, in which that for this key can be found. Who asks first gets
    /// no others: many a change is followed by one question, and to make them all takes three times
    /// as long.
    pub(crate) fn lists_for(
        &self,
        key: u32,
        family: Family,
        stage: Stage,
        atoms: &Atoms,
    ) -> Cow<'_, Lists> {
        let version = version(family);
        let lists = match at(&self.lists, version, stage).get() {
            Some(made) => made.as_ref(),
            // Whoever sees it first, what is said is the same.
            None if at(&self.asked, version, stage).swap(true, Ordering::Relaxed) => {
                self.lists(family, stage, atoms)
            }
            None => None,
        };
        match lists {
            Some(lists) => Cow::Borrowed(lists),
            None => Cow::Owned(self.rules.list(version, stage, key)),
        }
    }

    /// Bytes of the lists made so far, and how many steps they have in how many lists.
    pub(crate) fn size(&self) -> (usize, usize, usize) {
        self.lists.iter().filter_map(|lists| lists.get()?.as_ref()).fold(
            (0, 0, 0),
            |(bytes, steps, lists), l| {
                let (s, n) = l.count();
                (bytes + l.bytes(), steps + s, lists + n)
            },
        )
    }
}

/// The place of a version of IP among the fields of rules.
fn version(family: Family) -> usize {
    usize::from(family == Family::V6)
}

/// What there is for a version of IP and a stage.
fn at<T>([first, rest @ ..]: &[T; 4], version: usize, stage: Stage) -> &T {
    let place = 2 * usize::from(stage == Stage::Pending) + version;
    place.checked_sub(1).and_then(|at| rest.get(at)).unwrap_or(first)
}

/// The lines of a rulebook with the keys each is for, and what follows where none of a tier matches.
struct Prepared<'a> {
    tiers: Vec<PreparedTier<'a>>,
}

struct PreparedTier<'a> {
    lines: Vec<PreparedLine<'a>>,
    /// What ends it, if it has a say and no line decided; none where the next tier is asked.
    end: Option<Draft>,
}

struct PreparedLine<'a> {
    /// Ranges of keys in order; every key for what only a walk can tell.
    keys: Option<Cow<'a, [(u32, u32)]>>,
    line: Option<&'a Line>,
    who: Who,
    rule: u32,
}

impl<'a> Prepared<'a> {
    /// Only the lines for one key, if one is given.
    fn new(rules: &'a Rules, version: usize, stage: Stage, only: Option<u32>) -> Self {
        let mut tiers = Vec::new();
        for tier in &rules.tiers.all {
            let in_force = tier.policies.iter().filter(|p| !p.staged || stage == Stage::Pending);
            let mut lines = Vec::new();
            let mut first = None;
            for policy in in_force {
                let who = Who::Policy(policy.id);
                if policy.doubtful {
                    lines.push(PreparedLine { keys: None, line: None, who, rule: 0 });
                    continue;
                }
                first = first.or(Some(who));
                lines.extend(rules.prepared(&policy.lines, who, version, only));
            }
            let end = match (first, tier.default_action) {
                (Some(who), DefaultAction::Deny) => Some(Draft::last(Action::Deny, who, None)),
                _ => None,
            };
            tiers.push(PreparedTier { lines, end });
        }
        for (place, profile) in rules.profiles.iter().enumerate() {
            let who = Who::Profile(u32::try_from(place).unwrap_or(0));
            let (lines, end) = match profile {
                Some(lines) => (rules.prepared(lines, who, version, only).collect(), None),
                // Nobody defined it: it denies.
                None => (Vec::new(), Some(Draft::last(Action::Deny, who, Some(0)))),
            };
            tiers.push(PreparedTier { lines, end });
        }
        let end = Some(Draft::last(Action::Deny, Who::Nobody, None));
        tiers.push(PreparedTier { lines: Vec::new(), end });
        Self { tiers }
    }

    /// How many steps there are. One ends the last tier, so there is always one.
    fn steps(&self) -> usize {
        self.tiers.iter().map(|t| t.lines.len() + usize::from(t.end.is_some())).sum()
    }

    /// Every key at which some list may begin to differ.
    fn cuts(&self) -> Vec<u32> {
        let mut cuts = vec![0, LAST_KEY];
        let lines = self.tiers.iter().flat_map(|t| &t.lines);
        let keys = lines.filter_map(|line| line.keys.as_ref()).flat_map(|keys| keys.iter());
        cuts.extend(keys.copied().flat_map(ends));
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    /// The masks of the keys at which one begins: for each the lines that are for it, up to the one that
    /// certainly decides. What it costs is the number of bits that are set, not keys times lines: most
    /// lines are for one or two ports.
    fn marked(&self, cuts: &[u32]) -> Marked {
        let width = mask_words(self.steps());
        let mut marked = Marked {
            begins: vec![0; width],
            cells: vec![0; cuts.len() * width],
            steps: Vec::with_capacity(self.steps()),
        };
        let mut states = vec![State::default(); cuts.len()];
        for tier in &self.tiers {
            set(&mut marked.begins, marked.steps.len());
            states.iter_mut().for_each(State::enter);
            for line in &tier.lines {
                let within = match &line.keys {
                    Some(keys) => keys,
                    None => &Cow::Borrowed(&[(0, LAST_KEY)][..]),
                };
                for (first, last) in within.iter() {
                    let from = cuts.partition_point(|cut| cut < first);
                    let upto = from
                        + cuts.get(from..).unwrap_or_default().partition_point(|cut| cut <= last);
                    marked.mark(from..upto, &mut states, line.step());
                }
                marked.steps.push(line.step());
            }
            if let Some(end) = tier.end {
                marked.mark(0..cuts.len(), &mut states, end);
                marked.steps.push(end);
            }
            states.iter_mut().for_each(State::leave);
        }
        marked
    }
}

/// The steps of a rulebook, and which of them are for which range of keys.
///
/// A mask has a bit for each step, in words of 32.
pub(super) struct Marked {
    /// The mask of the steps that begin a tier.
    pub(super) begins: Vec<u32>,
    /// One mask after the other.
    pub(super) cells: Vec<u32>,
    pub(super) steps: Vec<Draft>,
}

/// Words that the masks of a rulebook may have: 4 MB. They grow with the ranges of headers times the
/// rules, and a policy of the size that the API takes can have twenty thousand of either, which would be
/// 100 MB for every rulebook it stands in. Beyond, each question gets the list of its header.
const MAX_MASK_WORDS: usize = 1 << 20;

impl Marked {
    /// The masks of all ranges, in order.
    pub(super) fn masks(&self) -> impl Iterator<Item = &[u32]> {
        self.cells.chunks_exact(self.begins.len().max(1))
    }

    /// Marks what comes next as a step of these ranges of keys, where it can still be asked.
    fn mark(&mut self, ranges: Range<usize>, states: &mut [State], step: Draft) {
        let width = self.begins.len();
        let cells = self.cells.get_mut(ranges.start * width..).unwrap_or_default();
        let states = states.get_mut(ranges).unwrap_or_default();
        for (state, mask) in states.iter_mut().zip(cells.chunks_exact_mut(width)) {
            if !state.done && state.closed.is_none() {
                state.takes(step);
                set(mask, self.steps.len());
            }
        }
    }
}

/// Sets a bit.
pub(super) fn set(mask: &mut [u32], at: usize) {
    if let Some(word) = mask.get_mut(at / u32::BITS as usize) {
        *word |= 1 << (at % u32::BITS as usize);
    }
}

/// What is known of the steps of a range of keys while they are found.
#[derive(Clone, Copy, Default)]
struct State {
    /// Nothing that comes after is ever asked.
    done: bool,
    passes: bool,
    /// What ends the tier for certain.
    closed: Option<Action>,
}

impl State {
    fn enter(&mut self) {
        (self.passes, self.closed) = (false, None);
    }

    fn takes(&mut self, step: Draft) {
        self.passes |= step.action == Action::Pass;
        if matches!(step.asks, Asks::Nothing | Asks::Walk) {
            self.closed = Some(step.action);
        }
    }

    fn leave(&mut self) {
        // What comes after is only asked if something here passes to it.
        self.done |= matches!(self.closed, Some(Action::Allow | Action::Deny)) && !self.passes;
    }
}

impl Rules {
    /// Those of all keys; none if they would be too large.
    fn lists(&self, version: usize, stage: Stage, atoms: &Atoms) -> Option<Lists> {
        let prepared = Prepared::new(self, version, stage, None);
        let cuts = prepared.cuts();
        let words = cuts.len().saturating_mul(mask_words(prepared.steps()));
        let made = || Lists::new(&prepared.marked(&cuts), &cuts, atoms, self.atoms());
        (words <= MAX_MASK_WORDS).then(made)
    }

    /// Those in which the list of one key can be found, and no others.
    fn list(&self, version: usize, stage: Stage, key: u32) -> Lists {
        let prepared = Prepared::new(self, version, stage, Some(key));
        Lists::of_one(&prepared.marked(&[key]))
    }

    /// How many atoms all versions have in common that have these rules.
    fn atoms(&self) -> u32 {
        let policies = self.tiers.all.iter().flat_map(|tier| &tier.policies).map(|p| &p.lines);
        let lines = policies.chain(self.profiles.iter().flatten());
        lines.map(|lines| lines.atoms).fold(ALWAYS, u32::max)
    }

    /// The lines that are for a version of IP, and for a key if one is given.
    fn prepared<'a>(
        &'a self,
        lines: &'a Lines,
        who: Who,
        version: usize,
        only: Option<u32>,
    ) -> impl Iterator<Item = PreparedLine<'a>> {
        let numbered = lines.of(self.direction).iter().zip(0..);
        let lines = numbered.filter(move |(line, _)| line.is_for(version) && !line.is_void());
        let prepared = lines.map(move |(line, rule)| {
            let keys = Some(line.keys(&self.ports));
            PreparedLine { keys, line: Some(line), who, rule }
        });
        prepared.filter(move |line| only.is_none_or(|key| line.is_for(key)))
    }
}

impl PreparedLine<'_> {
    fn is_for(&self, key: u32) -> bool {
        let mut keys = self.keys.iter().flat_map(|keys| keys.iter());
        self.keys.is_none() || keys.any(|(first, last)| (*first..=*last).contains(&key))
    }

    fn step(&self) -> Draft {
        let Some(line) = self.line else {
            let asks = Asks::Walk;
            return Draft { asks, ..Draft::last(Action::Deny, self.who, None) };
        };
        let asks = match line.test {
            Test::Any => Asks::Nothing,
            Test::Has(criterion) => Asks::Has(criterion),
            Test::Lacks(criterion) => Asks::Lacks(criterion),
            Test::Several(several) => Asks::Line(several.selector.or(several.within)),
            Test::Asked { selector } => Asks::Line(selector),
        };
        Draft { asks, ..Draft::last(line.action, self.who, Some(self.rule)) }
    }
}
