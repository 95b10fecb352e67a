//! The rules that endpoints of one or more shapes have, as short lists by header.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use portcullis_core::net::NamedPort;
use portcullis_core::{Family, Protocol};

use super::header::LAST_KEY;
use super::line::{Line, Lines, Test};
use crate::explain::Stage;
use crate::model::{Action, DefaultAction, Direction, PolicyId};

/// One step of a list, two words: what it asks, and who says so.
///
/// ```text
///   word 0   what is asked (3 bits) | action (2) | begins a tier (1) | criterion (26)
///   word 1   0: policy (20), rule (10)   1: profile (14), rule (16)   2: elsewhere (30)   3: nobody
/// ```
/// What does not fit in word 1 stands at the end of the array. Three words, which always fit, took
/// half as much memory again and 12% longer for random pods.
const STEP: usize = 2;
const KIND_SHIFT: u32 = 29;
const ACTION_SHIFT: u32 = 27;
const BEGINS: u32 = 1 << 26;
const CRITERION: u32 = BEGINS - 1;
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
    begins: bool,
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
        let begins = if self.begins { BEGINS } else { 0 };
        let first = kind << KIND_SHIFT | action << ACTION_SHIFT | begins | criterion;
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
        Self { asks: Asks::Nothing, action, begins: false, who, rule }
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

    /// Whether it is the first of its tier or profile.
    #[inline]
    pub(crate) fn begins(self) -> bool {
        self.first() & BEGINS != 0
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

    /// Whether nothing after it is asked, unless something before it passed.
    fn ends(self) -> bool {
        let decides = matches!(self.action(), Action::Allow | Action::Deny);
        self.asks() == Asks::Walk || self.asks() == Asks::Nothing && decides
    }
}

/// What an endpoint is asked about in one direction: policies tier by tier, then its profiles.
#[derive(Debug)]
pub(crate) struct Rulebook {
    pub(crate) rules: Arc<Rules>,
    /// For either version of IP: of what is enforced, and with what is staged.
    lists: [OnceLock<Lists>; 4],
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
            && self.identities().eq(other.identities())
    }
}

impl Eq for Rules {}

impl Hash for Rules {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.direction.hash(state);
        for identity in self.identities() {
            identity.hash(state);
        }
    }
}

impl Rules {
    fn identities(&self) -> impl Iterator<Item = usize> {
        let of = |lines: &Arc<Lines>| Arc::as_ptr(lines) as usize;
        let policies = self.tiers.all.iter().flat_map(|t| &t.policies).map(move |p| of(&p.lines));
        let profiles = self.profiles.iter().map(move |p| p.as_ref().map_or(0, of));
        policies.chain([1]).chain(profiles)
    }
}

// === impl Rulebook ===

impl Rulebook {
    pub(crate) fn new(rules: Arc<Rules>) -> Self {
        Self { rules, lists: Default::default(), asked: Default::default() }
    }

    /// The lists for one version of IP.
    pub(crate) fn lists(&self, family: Family, stage: Stage) -> &Lists {
        let version = version(family);
        at(&self.lists, version, stage)
            .get_or_init(|| Lists::new(&self.rules, version, stage, None))
    }

    /// The lists for one version of IP, in which that for this key can be found. Who asks first gets
    /// no others: many a change is followed by one question, and to make them all takes ten times
    /// as long.
    pub(crate) fn lists_for(&self, key: u32, family: Family, stage: Stage) -> Cow<'_, Lists> {
        let version = version(family);
        let made = at(&self.lists, version, stage).get();
        match made {
            Some(lists) => Cow::Borrowed(lists),
            // Whoever sees it first, what is said is the same.
            None if at(&self.asked, version, stage).swap(true, Ordering::Relaxed) => {
                Cow::Borrowed(self.lists(family, stage))
            }
            None => Cow::Owned(Lists::new(&self.rules, version, stage, Some(key))),
        }
    }

    /// Bytes of the lists made so far, and how many steps they have in how many lists.
    pub(crate) fn size(&self) -> (usize, usize, usize) {
        self.lists.iter().filter_map(OnceLock::get).fold((0, 0, 0), |(bytes, steps, lists), l| {
            let (s, n) = l.count();
            (bytes + l.bytes(), steps + s, lists + n)
        })
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
/// One array, so that a question touches few lines of the cache: the ranges of ports of TCP that some
/// rule tells apart, where the list of each is, and the lists. Whatever is in none of the ranges has one
/// list, that which most of them have, and equal lists are kept once.
///
/// ```text
///   n | m | the list of all other keys
///     | n × (first port of TCP << 16 | list)            ascending from 0, compared all at once
///     | n last ports, two in a word
///     | m first keys | m × (last key, list)             all other ranges of keys, searched by halves
///     | steps | what did not fit into steps
/// ```
/// A list that is not in reach of 16 bits is 0 there, and its range among the others.
#[derive(Clone, Debug)]
pub(crate) struct Lists(Arc<[u32]>);

/// Words before the ports.
const HEAD: usize = 3;
const TCP: u32 = (Protocol::TCP.0 as u32) << 16;

impl Lists {
    /// Those of all keys, or those in which the list of one can be found.
    fn new(rules: &Rules, version: usize, stage: Stage, only: Option<u32>) -> Self {
        let mut elsewhere = Vec::new();
        let prepared = Prepared::new(rules, version, stage);
        let cuts = only.map_or_else(|| prepared.cuts(), |key| vec![key]);
        let cells = prepared.cells(cuts, &mut elsewhere);
        let mut steps: Vec<u32> = Vec::new();
        // Where each list begins, and how many cells have it.
        let mut lists: HashMap<&[u32], (usize, usize)> = HashMap::new();
        let mut places: Vec<usize> = Vec::with_capacity(cells.len());
        for list in cells.iter().map(|cell| cell.steps.as_slice()) {
            let (at, times) = lists.entry(list).or_insert_with(|| {
                let at = steps.len();
                steps.extend_from_slice(list);
                (at, 0)
            });
            *times += 1;
            places.push(*at);
        }
        // Of lists that as many have, the one that comes first: the order of a map is any.
        let most = lists.values().max_by_key(|(at, times)| (*times, Reverse(*at)));
        let other = most.map_or(0, |(at, _)| *at);
        let mut ranges: Vec<(u32, u32, usize)> = Vec::new();
        let ends = cells.iter().skip(1).map(|cell| cell.first - 1).chain([LAST_KEY]);
        for ((cell, last), at) in cells.iter().zip(ends).zip(places.iter().copied()) {
            match ranges.last_mut() {
                _ if at == other => {}
                Some((_, end, list)) if *list == at && *end + 1 == cell.first => *end = last,
                _ => ranges.push((cell.first, last, at)),
            }
        }
        let mut ports: Vec<(u32, u32, usize)> = Vec::new();
        let mut others: Vec<(u32, u32, usize)> = Vec::new();
        for (first, last, at) in ranges {
            let (first_port, last_port) = (first.max(TCP), last.min(TCP | 0xffff));
            if first_port > last_port {
                others.push((first, last, at));
                continue;
            }
            others.extend((first < TCP).then_some((first, TCP - 1, at)));
            ports.push((first_port, last_port, at));
            others.extend((last_port < last).then_some((last_port + 1, last, at)));
        }
        // So that every port is at or after the first of some range.
        if ports.first().is_none_or(|(first, ..)| *first > TCP) {
            ports.insert(0, (TCP, TCP, other));
        }
        let head = |others: usize| HEAD + ports.len() + ports.len().div_ceil(2) + 3 * others;
        let reach = usize::from(u16::MAX).saturating_sub(head(others.len() + ports.len()));
        let is_far = |at: usize| at > reach;
        others.extend(ports.iter().filter(|(_, _, at)| is_far(*at)));
        others.sort_unstable();
        let head = head(others.len());
        let word = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mut words = Vec::with_capacity(head + steps.len() + 2 * elsewhere.len());
        words.extend([word(ports.len()), word(others.len()), word(head + other)]);
        let list = |at: usize| if is_far(at) { 0 } else { word(head + at) };
        words.extend(ports.iter().map(|(first, _, at)| first << 16 | list(*at)));
        words.extend(ports.chunks(2).map(|pair| {
            let lasts = pair.iter().rev();
            lasts.fold(0, |word, (_, last, _)| word << 16 | last & 0xffff)
        }));
        words.extend(others.iter().map(|(first, ..)| *first));
        words.extend(others.iter().flat_map(|(_, last, at)| [*last, word(head + at)]));
        words.append(&mut steps);
        words.extend(elsewhere.iter().rev().flatten());
        Self(words.into())
    }

    /// The steps for a header, and what follows them in memory: the last one of the list decides.
    #[inline]
    pub(crate) fn steps(&self, key: u32) -> Steps<'_> {
        let at = self.place(key).unwrap_or(self.0.len());
        Steps { left: self.0.get(at..).unwrap_or_default(), all: &self.0 }
    }

    #[inline]
    fn place(&self, key: u32) -> Option<usize> {
        let (head, words) = self.0.split_first_chunk::<HEAD>()?;
        let [ports, ranges, other] = head.map(|word| word as usize);
        let (ports, words) = words.split_at_checked(ports)?;
        if key & !0xffff == TCP {
            let upto = key << 16 | 0xffff;
            let begun = ports.iter().map(|port| u32::from(*port <= upto)).sum::<u32>();
            let range = (begun as usize).checked_sub(1)?;
            let list = *ports.get(range)? & 0xffff;
            let last = words.get(range / 2)? >> (16 * (range % 2)) & 0xffff;
            // No branch, as which it is cannot be guessed.
            let list = if key & 0xffff <= last { list as usize } else { other };
            if list > 0 {
                return Some(list);
            }
        }
        Self::range(words.get(ports.len().div_ceil(2)..)?, ranges, other, key)
    }

    fn range(words: &[u32], ranges: usize, other: usize, key: u32) -> Option<usize> {
        if ranges == 0 {
            return Some(other);
        }
        let (firsts, rest) = words.split_at_checked(ranges)?;
        let index = firsts.partition_point(|first| *first <= key);
        let Some(index) = index.checked_sub(1) else { return Some(other) };
        match rest.get(2 * index..2 * index + 2)? {
            [last, at] if key <= *last => Some(*at as usize),
            _ => Some(other),
        }
    }

    /// How many steps there are, in how many lists: every range of headers counts, and the others.
    fn count(&self) -> (usize, usize) {
        let Some((head, words)) = self.0.split_first_chunk::<HEAD>() else { return (0, 0) };
        let [ports, ranges, other] = head.map(|word| word as usize);
        let (ports, words) = words.split_at_checked(ports).unwrap_or_default();
        let words = words.get(ports.len().div_ceil(2)..).unwrap_or_default();
        let pairs = words.get(ranges..3 * ranges).unwrap_or_default().chunks_exact(2);
        let pairs = pairs.filter_map(|pair| pair.last()).map(|at| *at as usize);
        let ports = ports.iter().map(|port| (port & 0xffff) as usize);
        let ports = ports.filter(|at| *at > 0 && *at != other);
        let (mut steps, mut lists) = (0, 0);
        for at in ports.chain(pairs).chain([other]) {
            let left = self.0.get(at..).unwrap_or_default();
            let last = Steps { left, all: &self.0 }.position(Step::ends);
            steps += last.map_or(0, |at| at + 1);
            lists += 1;
        }
        (steps, lists)
    }

    fn bytes(&self) -> usize {
        self.0.len() * 4
    }
}

/// One step after the other.
pub(crate) struct Steps<'a> {
    left: &'a [u32],
    all: &'a [u32],
}

impl<'a> Iterator for Steps<'a> {
    type Item = Step<'a>;

    #[inline]
    fn next(&mut self) -> Option<Step<'a>> {
        let (words, rest) = self.left.split_first_chunk()?;
        self.left = rest;
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
    fn new(rules: &'a Rules, version: usize, stage: Stage) -> Self {
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
                lines.extend(rules.prepared(&policy.lines, who, version));
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
                Some(lines) => (rules.prepared(lines, who, version), None),
                // Nobody defined it: it denies.
                None => (Vec::new(), Some(Draft::last(Action::Deny, who, Some(0)))),
            };
            tiers.push(PreparedTier { lines, end });
        }
        let end = Some(Draft::last(Action::Deny, Who::Nobody, None));
        tiers.push(PreparedTier { lines: Vec::new(), end });
        Self { tiers }
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

    /// The lists of the keys at which one begins: for each the lines that are for it, up to the one that certainly
    /// decides. What it costs is the number of steps that come out, not keys times lines: most lines
    /// are for one or two ports.
    fn cells(&self, cuts: Vec<u32>, elsewhere: &mut Vec<[u32; 2]>) -> Vec<Cell> {
        let mut cells: Vec<Cell> = cuts.into_iter().map(Cell::new).collect();
        for tier in &self.tiers {
            cells.iter_mut().for_each(Cell::enter);
            for line in &tier.lines {
                let step = line.step();
                if step.asks == Asks::Nothing && step.action == Action::Log {
                    continue;
                }
                let Some(keys) = &line.keys else {
                    cells.iter_mut().for_each(|cell| cell.push(step, elsewhere));
                    continue;
                };
                for (first, last) in keys.iter() {
                    let from = cells.partition_point(|cell| cell.first < *first);
                    let within = cells.get_mut(from..).unwrap_or_default().iter_mut();
                    let within = within.take_while(|cell| cell.first <= *last);
                    within.for_each(|cell| cell.push(step, elsewhere));
                }
            }
            cells.iter_mut().for_each(|cell| cell.leave(tier.end, elsewhere));
        }
        cells
    }
}

/// The list of one range of keys while it is made.
struct Cell {
    first: u32,
    steps: Vec<u32>,
    /// Nothing that comes after is ever asked.
    done: bool,
    begins: bool,
    passes: bool,
    /// What ends the tier for certain.
    closed: Option<Action>,
}

impl Cell {
    fn new(first: u32) -> Self {
        let steps = Vec::with_capacity(8 * STEP);
        Self { first, steps, done: false, begins: true, passes: false, closed: None }
    }

    fn enter(&mut self) {
        (self.begins, self.passes, self.closed) = (true, false, None);
    }

    fn push(&mut self, step: Draft, elsewhere: &mut Vec<[u32; 2]>) {
        if self.done || self.closed.is_some() {
            return;
        }
        self.steps.extend(Draft { begins: self.begins, ..step }.words(elsewhere));
        self.begins = false;
        self.passes |= step.action == Action::Pass;
        if matches!(step.asks, Asks::Nothing | Asks::Walk) {
            self.closed = Some(step.action);
        }
    }

    fn leave(&mut self, end: Option<Draft>, elsewhere: &mut Vec<[u32; 2]>) {
        end.into_iter().for_each(|end| self.push(end, elsewhere));
        // What comes after is only asked if something here passes to it.
        self.done |= matches!(self.closed, Some(Action::Allow | Action::Deny)) && !self.passes;
    }
}

impl Rules {
    fn prepared<'a>(
        &'a self,
        lines: &'a Arc<Lines>,
        who: Who,
        version: usize,
    ) -> Vec<PreparedLine<'a>> {
        let numbered = lines.of(self.direction).iter().zip(0..);
        let lines = numbered.filter(|(line, _)| line.is_for(version));
        let prepared = lines.map(|(line, rule)| {
            let keys = Some(line.keys(&self.ports));
            PreparedLine { keys, line: Some(line), who, rule }
        });
        prepared.collect()
    }
}

impl PreparedLine<'_> {
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
