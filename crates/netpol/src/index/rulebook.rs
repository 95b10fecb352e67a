//! The rules that endpoints of one or more shapes have, as short lists by header.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use foldhash::fast::{FixedState, RandomState};
use portcullis_core::net::NamedPort;
use portcullis_core::{Family, Protocol};

use super::header::LAST_KEY;
use super::line::{Line, Lines, Test};
use crate::explain::Stage;
use crate::model::{Action, DefaultAction, Direction, PolicyId};

/// One step of a list, two words: what it asks, and who says so.
///
/// ```text
///   word 0   what is asked (3 bits) | action (2) | criterion (27)
///   word 1   0: policy (20), rule (10)   1: profile (14), rule (16)   2: elsewhere (30)   3: nobody
/// ```
/// What does not fit in word 1 stands at the end of the array.
const STEP: usize = 2;
const KIND_SHIFT: u32 = 29;
const ACTION_SHIFT: u32 = 27;
const CRITERION: u32 = (1 << ACTION_SHIFT) - 1;
/// How many criteria can be told apart; beyond, the index is made anew.
pub(crate) const MAX_CRITERIA: u32 = CRITERION - 1;

const TAG_SHIFT: u32 = 30;
const NOBODY: u32 = 3;
const POLICIES: u32 = 1 << 20;
/// Stands for no rule.
const RULES: u32 = (1 << 10) - 1;
const PROFILES: u32 = 1 << 14;
const PROFILE_RULES: u32 = (1 << 16) - 1;
/// For what stands elsewhere: no rule.
const NO_RULE: u32 = u32::MAX;
const PROFILE: u32 = 1 << 31;

/// What a step asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// Nothing: it holds.
    Nothing,
    /// Whether this criterion holds of the other end.
    Has(u32),
    /// Whether it does not.
    Lacks(u32),
    /// What its line says; nothing holds unless this criterion does.
    Line(Option<u32>),
    /// What only a walk can tell: a policy is in doubt.
    Walk,
}

/// A step of a list, to be put into words.
#[derive(Clone, Copy, Debug)]
struct Draft {
    asks: Asks,
    action: Action,
    who: Who,
    rule: Option<u32>,
}

/// A step of a list, with the array that it stands in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    words: &'a [u32; STEP],
    all: &'a [u32],
}

/// Whose step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Policy(PolicyId),
    /// By its place in the endpoint's list.
    Profile(u32),
    Nobody,
}

impl Draft {
    /// `elsewhere` takes what does not fit.
    fn words(self, elsewhere: &mut Vec<[u32; 2]>) -> [u32; STEP] {
        let (kind, criterion) = match self.asks {
            Asks::Nothing => (0, 0),
            Asks::Has(criterion) => (1, criterion & CRITERION),
            Asks::Lacks(criterion) => (2, criterion & CRITERION),
            Asks::Line(None) => (3, 0),
            Asks::Line(Some(criterion)) => (3, (criterion + 1) & CRITERION),
            Asks::Walk => (4, 0),
        };
        let action = match self.action {
            Action::Allow => 0,
            Action::Deny => 1,
            Action::Pass => 2,
            Action::Log => 3,
        };
        let first = kind << KIND_SHIFT | action << ACTION_SHIFT | criterion;
        let who = match (self.who, self.rule) {
            (Who::Policy(PolicyId(id)), rule)
                if id < POLICIES && rule.is_none_or(|rule| rule < RULES) =>
            {
                id << 10 | rule.unwrap_or(RULES)
            }
            (Who::Profile(place), rule)
                if place < PROFILES && rule.is_none_or(|rule| rule < PROFILE_RULES) =>
            {
                1 << TAG_SHIFT | place << 16 | rule.unwrap_or(PROFILE_RULES)
            }
            (Who::Nobody, _) => NOBODY << TAG_SHIFT,
            (who, rule) => {
                let who = match who {
                    Who::Policy(PolicyId(id)) => id,
                    Who::Profile(place) => PROFILE | place,
                    Who::Nobody => u32::MAX,
                };
                let pair = [who, rule.unwrap_or(NO_RULE)];
                let at = elsewhere.iter().position(|there| *there == pair).unwrap_or_else(|| {
                    elsewhere.push(pair);
                    elsewhere.len() - 1
                });
                2 << TAG_SHIFT | u32::try_from(at).unwrap_or(0)
            }
        };
        [first, who]
    }

    /// One that holds whatever is asked.
    fn last(action: Action, who: Who, rule: Option<u32>) -> Self {
        Self { asks: Asks::Nothing, action, who, rule }
    }
}

impl Step<'_> {
    #[inline]
    fn first(self) -> u32 {
        let [first, _] = *self.words;
        first
    }

    #[inline]
    pub(crate) fn asks(self) -> Asks {
        match self.first() >> KIND_SHIFT {
            0 => Asks::Nothing,
            1 => Asks::Has(self.first() & CRITERION),
            2 => Asks::Lacks(self.first() & CRITERION),
            3 => Asks::Line((self.first() & CRITERION).checked_sub(1)),
            _ => Asks::Walk,
        }
    }

    #[inline]
    pub(crate) fn action(self) -> Action {
        match self.first() >> ACTION_SHIFT & 3 {
            0 => Action::Allow,
            1 => Action::Deny,
            2 => Action::Pass,
            _ => Action::Log,
        }
    }

    /// Whose it is, and which rule of theirs.
    #[inline]
    pub(crate) fn who(self) -> (Who, Option<u32>) {
        let [_, who] = *self.words;
        let rule = |rule: u32, none: u32| (rule != none).then_some(rule);
        match who >> TAG_SHIFT {
            0 => (Who::Policy(PolicyId(who >> 10)), rule(who & RULES, RULES)),
            1 => {
                let place = who >> 16 & (PROFILES - 1);
                (Who::Profile(place), rule(who & PROFILE_RULES, PROFILE_RULES))
            }
            2 => self.elsewhere(who & !(2 << TAG_SHIFT)),
            _ => (Who::Nobody, None),
        }
    }

    #[cold]
    fn elsewhere(self, at: u32) -> (Who, Option<u32>) {
        let from = self.all.len().saturating_sub(2 * (at as usize + 1));
        let Some([who, rule]) = self.all.get(from..).and_then(|pair| pair.first_chunk()) else {
            return (Who::Nobody, None);
        };
        let who = match who & PROFILE {
            0 => Who::Policy(PolicyId(*who)),
            _ => Who::Profile(who & !PROFILE),
        };
        (who, (*rule != NO_RULE).then_some(*rule))
    }
}

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
    pub(crate) fn lists(&self, family: Family, stage: Stage) -> Option<&Lists> {
        let version = version(family);
        let made = || Lists::of_all(&self.rules, version, stage);
        at(&self.lists, version, stage).get_or_init(made).as_ref()
    }

    /// The lists for one version of IP, in which that for this key can be found. Who asks first gets
    /// no others: many a change is followed by one question, and to make them all takes three times
    /// as long.
    pub(crate) fn lists_for(&self, key: u32, family: Family, stage: Stage) -> Cow<'_, Lists> {
        let version = version(family);
        let lists = match at(&self.lists, version, stage).get() {
            Some(made) => made.as_ref(),
            // Whoever sees it first, what is said is the same.
            None if at(&self.asked, version, stage).swap(true, Ordering::Relaxed) => {
                self.lists(family, stage)
            }
            None => None,
        };
        match lists {
            Some(lists) => Cow::Borrowed(lists),
            None => Cow::Owned(Lists::of_key(&self.rules, version, stage, key)),
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

// === Lists ===

/// For every header a list of steps, of which the first that holds decides.
///
/// The steps of all headers stand there once, in order, and a *mask* says which of them are for a header:
/// most rules that are for one port are for no other, and those that are for all would otherwise be
/// repeated for each. One array, so that a question touches few lines of the cache: the ranges of ports
/// of TCP that some rule tells apart, what else is told apart, the masks and the steps. Whatever is in
/// none of the ranges has one mask, that which most of them have.
///
/// ```text
///   n | m | s | n × (first port of TCP << 16 | last)    ascending, compared all at once
///             | m first keys | m last keys              all other ranges of keys, searched by halves
///             | mask of all other keys | n masks | m masks
///             | mask of the steps that begin a tier
///             | s steps | what did not fit into steps
/// ```
/// A mask has a bit for each step, in words of 32.
#[derive(Clone, Debug)]
pub(crate) struct Lists(Arc<[u32]>);

/// Words that the masks of a rulebook may have: 4 MB. They grow with the ranges of headers times the
/// rules, and a policy of the size that the API takes can have twenty thousand of either, which would be
/// 100 MB for every rulebook it stands in. Beyond, each question gets the list of its header.
const MAX_MASK_WORDS: usize = 1 << 20;

/// Words before the ports.
const HEAD: usize = 3;
const TCP: u32 = (Protocol::TCP.0 as u32) << 16;

impl Lists {
    /// Those of all keys; none if they would be too large.
    fn of_all(rules: &Rules, version: usize, stage: Stage) -> Option<Self> {
        let prepared = Prepared::new(rules, version, stage, None);
        let cuts = prepared.cuts();
        let words = cuts.len().saturating_mul(mask_words(prepared.steps()));
        (words <= MAX_MASK_WORDS).then(|| Self::new(&prepared, cuts))
    }

    /// Those in which the list of one key can be found, and no others.
    fn of_key(rules: &Rules, version: usize, stage: Stage, key: u32) -> Self {
        Self::new(&Prepared::new(rules, version, stage, Some(key)), vec![key])
    }

    /// A list begins at each of `cuts`.
    fn new(prepared: &Prepared<'_>, cuts: Vec<u32>) -> Self {
        let mut elsewhere = Vec::new();
        let Masked { begins, cells, steps } = prepared.masked(&cuts);
        let width = mask_words(steps.len());
        let mut times: HashMap<&[u32], (usize, Reverse<usize>), RandomState> = HashMap::default();
        for (at, mask) in cells.chunks_exact(width).enumerate() {
            times.entry(mask).or_insert((0, Reverse(at))).0 += 1;
        }
        // Of masks that as many have, the one that comes first: the order of a map is any.
        let most = times.iter().max_by_key(|(_, times)| **times);
        let other: &[u32] = most.map_or(&[], |(mask, _)| mask);
        let mut ranges: Vec<(u32, u32, &[u32])> = Vec::new();
        let ends = cuts.iter().skip(1).map(|cut| cut - 1).chain([LAST_KEY]);
        for ((first, last), mask) in cuts.iter().zip(ends).zip(cells.chunks_exact(width)) {
            match ranges.last_mut() {
                _ if mask == other => {}
                Some((_, end, before)) if *before == mask && *end + 1 == *first => *end = last,
                _ => ranges.push((*first, last, mask)),
            }
        }
        let (mut ports, mut others) = (Vec::new(), Vec::new());
        for (first, last, mask) in ranges {
            let (first_port, last_port) = (first.max(TCP), last.min(TCP | 0xffff));
            if first_port > last_port {
                others.push((first, last, mask));
                continue;
            }
            others.extend((first < TCP).then_some((first, TCP - 1, mask)));
            ports.push((first_port << 16 | last_port & 0xffff, mask));
            others.extend((last_port < last).then_some((last_port + 1, last, mask)));
        }
        let word = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let masks = 2 + ports.len() + others.len();
        let head = HEAD + ports.len() + 2 * others.len() + masks * width;
        let mut words = Vec::with_capacity(head + STEP * steps.len());
        words.extend([word(ports.len()), word(others.len()), word(steps.len())]);
        words.extend(ports.iter().map(|(port, _)| *port));
        words.extend(others.iter().map(|(first, ..)| *first));
        words.extend(others.iter().map(|(_, last, _)| *last));
        words.extend(other);
        words.extend(ports.iter().flat_map(|(_, mask)| *mask));
        words.extend(others.iter().flat_map(|(.., mask)| *mask));
        words.extend(begins);
        words.extend(steps.into_iter().flat_map(|step| step.words(&mut elsewhere)));
        words.extend(elsewhere.iter().rev().flatten());
        Self(words.into())
    }

    /// The steps for a header.
    #[inline]
    pub(crate) fn steps(&self, key: u32) -> Steps<'_> {
        self.steps_of(key).unwrap_or(Steps::new(&[], &[], &[], &self.0))
    }

    #[inline]
    fn steps_of(&self, key: u32) -> Option<Steps<'_>> {
        let Parts { ports, firsts, lasts, masks, begins, steps } = self.parts()?;
        let range = match key & !0xffff {
            TCP => {
                let port = key << 16;
                let begun = ports.iter().map(|p| u32::from(*p <= port | 0xffff)).sum::<u32>();
                let begun = begun as usize;
                // No branch, as which it is cannot be guessed.
                let last = ports.get(begun.wrapping_sub(1)).copied().unwrap_or(0) << 16;
                if port <= last { begun } else { 0 }
            }
            _ => match firsts.partition_point(|first| *first <= key) {
                0 => 0,
                begun if key <= *lasts.get(begun - 1)? => ports.len() + begun,
                _ => 0,
            },
        };
        let width = begins.len();
        let mask = masks.get(range * width..(range + 1) * width)?;
        Some(Steps::new(mask, begins, steps, &self.0))
    }

    #[inline]
    fn parts(&self) -> Option<Parts<'_>> {
        let (head, words) = self.0.split_first_chunk::<HEAD>()?;
        let [ports, others, steps] = head.map(|word| word as usize);
        let width = mask_words(steps);
        let masks = 1 + ports + others;
        let (ports, words) = words.split_at_checked(ports)?;
        let (firsts, words) = words.split_at_checked(others)?;
        let (lasts, words) = words.split_at_checked(others)?;
        let (masks, words) = words.split_at_checked(masks * width)?;
        let (begins, steps) = words.split_at_checked(width)?;
        Some(Parts { ports, firsts, lasts, masks, begins, steps })
    }

    /// How many steps there are, in how many lists: every range of headers counts, and the others.
    fn count(&self) -> (usize, usize) {
        let Some(Parts { masks, begins, .. }) = self.parts() else { return (0, 0) };
        let steps = masks.iter().map(|word| word.count_ones() as usize).sum();
        (steps, masks.len() / begins.len().max(1))
    }

    fn bytes(&self) -> usize {
        self.0.len() * 4
    }
}

/// How many words a mask of so many steps has.
#[inline]
fn mask_words(steps: usize) -> usize {
    steps.div_ceil(u32::BITS as usize)
}

/// The parts of an array of lists.
struct Parts<'a> {
    ports: &'a [u32],
    firsts: &'a [u32],
    lasts: &'a [u32],
    masks: &'a [u32],
    begins: &'a [u32],
    /// And what follows them.
    steps: &'a [u32],
}

/// The steps for a header, one after the other: the last one decides.
#[derive(Clone, Copy)]
pub(crate) struct Steps<'a> {
    mask: &'a [u32],
    /// Which steps begin a tier.
    begins: &'a [u32],
    steps: &'a [u32],
    all: &'a [u32],
    /// The word of the mask of which these bits are left, and the last bit that was taken.
    word: usize,
    left: u32,
    last: u32,
}

impl<'a> Steps<'a> {
    #[inline]
    fn new(mask: &'a [u32], begins: &'a [u32], steps: &'a [u32], all: &'a [u32]) -> Self {
        let left = mask.first().copied().unwrap_or(0);
        Self { mask, begins, steps, all, word: 0, left, last: 0 }
    }

    /// Leaves out what is left of the tier of the last one.
    #[inline]
    pub(crate) fn pass(&mut self) {
        let mut begun = self.begun() & !0 << 1 << self.last;
        while begun == 0 {
            self.word += 1;
            self.left = self.mask.get(self.word).copied().unwrap_or(0);
            if self.word >= self.mask.len() {
                return;
            }
            begun = self.begun();
        }
        self.left &= !0 << begun.trailing_zeros();
    }

    fn begun(&self) -> u32 {
        self.begins.get(self.word).copied().unwrap_or(0)
    }
}

impl<'a> Iterator for Steps<'a> {
    type Item = Step<'a>;

    #[inline]
    fn next(&mut self) -> Option<Step<'a>> {
        while self.left == 0 {
            self.word += 1;
            self.left = *self.mask.get(self.word)?;
        }
        self.last = self.left.trailing_zeros();
        self.left &= self.left - 1;
        let at = STEP * (self.word * u32::BITS as usize + self.last as usize);
        let words = self.steps.get(at..)?.first_chunk()?;
        Some(Step { words, all: self.all })
    }
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
                    lines.push(PreparedLine { keys: None, line: None, who, rule: NO_RULE });
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
        for (first, last) in lines.filter_map(|l| l.keys.as_ref()).flat_map(|keys| keys.iter()) {
            cuts.push(*first);
            cuts.push((last + 1).min(LAST_KEY));
        }
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    /// The masks of the keys at which one begins: for each the lines that are for it, up to the one that
    /// certainly decides. What it costs is the number of bits that are set, not keys times lines: most
    /// lines are for one or two ports.
    fn masked(&self, cuts: &[u32]) -> Masked {
        let width = mask_words(self.steps());
        let mut masked = Masked {
            begins: vec![0; width],
            cells: vec![0; cuts.len() * width],
            steps: Vec::with_capacity(self.steps()),
        };
        let mut states = vec![State::default(); cuts.len()];
        for tier in &self.tiers {
            set(&mut masked.begins, masked.steps.len());
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
                    masked.mark(from..upto, &mut states, line.step());
                }
                masked.steps.push(line.step());
            }
            if let Some(end) = tier.end {
                masked.mark(0..cuts.len(), &mut states, end);
                masked.steps.push(end);
            }
            states.iter_mut().for_each(State::leave);
        }
        masked
    }
}

/// The steps of a rulebook, and which of them are for which range of keys.
struct Masked {
    begins: Vec<u32>,
    /// One mask after the other.
    cells: Vec<u32>,
    steps: Vec<Draft>,
}

impl Masked {
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
fn set(mask: &mut [u32], at: usize) {
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
