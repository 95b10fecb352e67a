//! The rules that endpoints of one or more shapes have, as short lists by header.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use portcullis_core::Family;
use portcullis_core::net::NamedPort;

use super::line::{Line, Lines, Test};
use crate::explain::Stage;
use crate::model::{Action, DefaultAction, Direction, PolicyId};

/// One step of a list, three words: what it asks, and who says so.
///
/// ```text
///   word 0   what is asked (2 bits) | action (2) | begins a tier (1) | selector (27)
///   word 1   who: a policy, a profile by its place at the endpoint, or nobody
///   word 2   the rule, or none
/// ```
pub(crate) const STEP: usize = 3;
const KIND_SHIFT: u32 = 30;
const ACTION_SHIFT: u32 = 28;
const BEGINS: u32 = 1 << 27;
const SELECTOR: u32 = BEGINS - 1;
/// How many selectors can be told apart; beyond, nothing is indexed.
pub(crate) const MAX_SELECTORS: u32 = SELECTOR;

/// In word 1: a profile rather than a policy.
const PROFILE: u32 = 1 << 31;
const NOBODY: u32 = u32::MAX;
const NO_RULE: u32 = u32::MAX;

/// What a step asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// Nothing: it holds.
    Nothing,
    /// Whether the other end is selected.
    Selected(u32),
    /// What its line says.
    Line,
    /// What only a walk can tell: a policy is in doubt.
    Walk,
}

/// A step of a list, read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) asks: Asks,
    pub(crate) action: Action,
    pub(crate) begins: bool,
    pub(crate) who: Who,
    pub(crate) rule: Option<u32>,
}

/// Whose step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Policy(PolicyId),
    /// By its place in the endpoint's list.
    Profile(u32),
    Nobody,
}

impl Step {
    fn words(self) -> [u32; STEP] {
        let (kind, selector) = match self.asks {
            Asks::Nothing => (0, 0),
            Asks::Selected(selector) => (1, selector & SELECTOR),
            Asks::Line => (2, 0),
            Asks::Walk => (3, 0),
        };
        let action = match self.action {
            Action::Allow => 0,
            Action::Deny => 1,
            Action::Pass => 2,
            Action::Log => 3,
        };
        let begins = if self.begins { BEGINS } else { 0 };
        let who = match self.who {
            Who::Policy(PolicyId(id)) => id,
            Who::Profile(place) => PROFILE | place,
            Who::Nobody => NOBODY,
        };
        let first = kind << KIND_SHIFT | action << ACTION_SHIFT | begins | selector;
        [first, who, self.rule.unwrap_or(NO_RULE)]
    }

    #[inline]
    pub(crate) fn read(words: &[u32; STEP]) -> Self {
        let [first, who, rule] = *words;
        Self {
            asks: match first >> KIND_SHIFT {
                0 => Asks::Nothing,
                1 => Asks::Selected(first & SELECTOR),
                2 => Asks::Line,
                _ => Asks::Walk,
            },
            action: match first >> ACTION_SHIFT & 3 {
                0 => Action::Allow,
                1 => Action::Deny,
                2 => Action::Pass,
                _ => Action::Log,
            },
            begins: first & BEGINS != 0,
            who: match who {
                NOBODY => Who::Nobody,
                place if place & PROFILE != 0 => Who::Profile(place & !PROFILE),
                id => Who::Policy(PolicyId(id)),
            },
            rule: (rule != NO_RULE).then_some(rule),
        }
    }
}

/// What an endpoint is asked about in one direction: policies tier by tier, then its profiles.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) rules: Arc<Rules>,
    lists: [OnceLock<Lists>; 4],
}

/// The rules of a target, in order.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) direction: Direction,
    pub(crate) tiers: Vec<TierRules>,
    /// The profiles; none in the place of one that nobody defined.
    pub(crate) profiles: Vec<Option<Arc<Lines>>>,
    /// The endpoint's own ports, where a rule asks for one by name.
    pub(crate) ports: Vec<NamedPort>,
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
        let policies = self.tiers.iter().flat_map(|t| &t.policies).map(move |p| of(&p.lines));
        let profiles = self.profiles.iter().map(move |p| p.as_ref().map_or(0, of));
        policies.chain([1]).chain(profiles)
    }
}

// === impl Target ===

impl Target {
    pub(crate) fn new(rules: Arc<Rules>) -> Self {
        Self { rules, lists: Default::default() }
    }

    /// The lists for one version of IP, made when they are first asked for.
    #[inline]
    pub(crate) fn lists(&self, family: Family, stage: Stage) -> &Lists {
        let version = usize::from(family == Family::V6);
        let place = 2 * usize::from(stage == Stage::Pending) + version;
        match self.lists.get(place) {
            Some(lists) => lists.get_or_init(|| Lists::new(&self.rules, version, stage)),
            None => &EMPTY,
        }
    }

    /// Bytes of the lists made so far, and how many steps they have in how many lists.
    pub(crate) fn size(&self) -> (usize, usize, usize) {
        self.lists.iter().filter_map(OnceLock::get).fold((0, 0, 0), |(bytes, steps, lists), l| {
            let (s, n) = l.count();
            (bytes + l.0.len() * 4, steps + s, lists + n)
        })
    }
}

static EMPTY: Lists = Lists(Vec::new());

// === Lists ===

/// For every header a list of steps, of which the first that holds decides.
///
/// One array, so that a question touches two or three lines of the cache: how many ranges of keys
/// there are, where each begins, where its list is, and the lists. Equal lists are kept once: most
/// ports of most targets are told apart by no rule of theirs.
#[derive(Debug)]
pub(crate) struct Lists(Vec<u32>);

impl Lists {
    fn new(rules: &Rules, version: usize, stage: Stage) -> Self {
        let prepared = Prepared::new(rules, version, stage);
        let mut steps: Vec<u32> = Vec::new();
        // Where each list begins, and how long it is.
        let mut lists: Vec<(usize, usize)> = Vec::new();
        let mut starts: Vec<u32> = Vec::new();
        let mut of_start: Vec<usize> = Vec::new();
        for key in prepared.cuts() {
            let list = prepared.list(key);
            let same = |(at, len): &(usize, usize)| steps.get(*at..at + len) == Some(&list);
            let index = lists.iter().position(same).unwrap_or_else(|| {
                lists.push((steps.len(), list.len()));
                steps.extend_from_slice(&list);
                lists.len() - 1
            });
            if of_start.last() != Some(&index) {
                starts.push(key);
                of_start.push(index);
            }
        }
        let word = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let head = 1 + 2 * starts.len();
        let mut words = Vec::with_capacity(head + steps.len());
        words.push(word(starts.len()));
        words.extend_from_slice(&starts);
        let place = |index: &usize| lists.get(*index).map_or(0, |(at, _)| *at);
        words.extend(of_start.iter().map(|index| word(head + place(index))));
        words.append(&mut steps);
        words.shrink_to_fit();
        Self(words)
    }

    /// The steps for a header, and what follows them in memory: the last one of the list decides.
    #[inline]
    pub(crate) fn steps(&self, key: u32) -> impl Iterator<Item = Step> + '_ {
        let at = self.place(key).unwrap_or(self.0.len());
        let (steps, _) = self.0.get(at..).unwrap_or_default().as_chunks::<STEP>();
        steps.iter().map(Step::read)
    }

    #[inline]
    fn place(&self, key: u32) -> Option<usize> {
        let count = *self.0.first()? as usize;
        let starts = self.0.get(1..=count)?;
        let index = starts.partition_point(|start| *start <= key).checked_sub(1)?;
        Some(*self.0.get(1 + count + index)? as usize)
    }

    fn count(&self) -> (usize, usize) {
        let lists = self.0.first().map_or(0, |n| *n as usize);
        ((self.0.len() - (1 + 2 * lists).min(self.0.len())) / STEP, lists)
    }
}

/// The lines of a target with the keys each is for, and what follows where none of a tier matches.
struct Prepared<'a> {
    tiers: Vec<PreparedTier<'a>>,
}

struct PreparedTier<'a> {
    lines: Vec<PreparedLine<'a>>,
    /// What ends it, if it has a say and no line decided; none where the next tier is asked.
    end: Option<Step>,
}

struct PreparedLine<'a> {
    /// Ranges of keys in order; every key for what only a walk can tell.
    keys: Option<Vec<(u32, u32)>>,
    line: Option<&'a Line>,
    who: Who,
    rule: u32,
}

impl<'a> Prepared<'a> {
    fn new(rules: &'a Rules, version: usize, stage: Stage) -> Self {
        let mut tiers = Vec::new();
        for tier in &rules.tiers {
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
                (Some(who), DefaultAction::Deny) => Some(Step::last(Action::Deny, who, None)),
                _ => None,
            };
            tiers.push(PreparedTier { lines, end });
        }
        for (place, profile) in rules.profiles.iter().enumerate() {
            let who = Who::Profile(u32::try_from(place).unwrap_or(0));
            let (lines, end) = match profile {
                Some(lines) => (rules.prepared(lines, who, version), None),
                // Nobody defined it: it denies.
                None => (Vec::new(), Some(Step::last(Action::Deny, who, Some(0)))),
            };
            tiers.push(PreparedTier { lines, end });
        }
        let end = Some(Step::last(Action::Deny, Who::Nobody, None));
        tiers.push(PreparedTier { lines: Vec::new(), end });
        Self { tiers }
    }

    /// Every key at which some list may begin to differ.
    fn cuts(&self) -> Vec<u32> {
        let mut cuts = vec![0];
        let lines = self.tiers.iter().flat_map(|t| &t.lines);
        for (first, last) in lines.flat_map(|l| l.keys.iter().flatten()) {
            cuts.push(*first);
            cuts.push(last + 1);
        }
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    /// The list for a key: the lines that are for it, up to the one that certainly decides.
    fn list(&self, key: u32) -> Vec<u32> {
        let mut words = Vec::new();
        for tier in &self.tiers {
            let mut begins = true;
            let mut passes = false;
            let mut closed = None;
            let mut push = |step: Step| {
                words.extend(Step { begins, ..step }.words());
                begins = false;
            };
            for line in tier.lines.iter().filter(|line| line.is_for(key)) {
                let step = line.step();
                if step.asks == Asks::Nothing && step.action == Action::Log {
                    continue;
                }
                push(step);
                passes |= step.action == Action::Pass;
                if matches!(step.asks, Asks::Nothing | Asks::Walk) {
                    closed = Some(step.action);
                    break;
                }
            }
            if closed.is_none()
                && let Some(end) = tier.end
            {
                push(end);
                closed = Some(end.action);
            }
            // What comes after is only asked if something here passes to it.
            if matches!(closed, Some(Action::Allow | Action::Deny)) && !passes {
                break;
            }
        }
        words
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
        let word = |n: u128| u32::try_from(n).unwrap_or(u32::MAX);
        lines
            .map(|(line, rule)| {
                let keys = line.keys(&self.ports);
                let keys = keys.spans().iter().map(|(a, b)| (word(*a), word(*b))).collect();
                PreparedLine { keys: Some(keys), line: Some(line), who, rule }
            })
            .collect()
    }
}

impl PreparedLine<'_> {
    fn is_for(&self, key: u32) -> bool {
        self.keys.as_ref().is_none_or(|keys| {
            let at = keys.partition_point(|(_, last)| *last < key);
            keys.get(at).is_some_and(|(first, _)| *first <= key)
        })
    }

    fn step(&self) -> Step {
        let Some(line) = self.line else {
            let asks = Asks::Walk;
            return Step { asks, ..Step::last(Action::Deny, self.who, None) };
        };
        let asks = match line.test {
            Test::Any => Asks::Nothing,
            Test::Selected(selector) => Asks::Selected(selector),
            Test::Criteria { .. } | Test::Asked => Asks::Line,
        };
        Step { asks, ..Step::last(line.action, self.who, Some(self.rule)) }
    }
}

impl Step {
    /// One that holds whatever is asked.
    fn last(action: Action, who: Who, rule: Option<u32>) -> Self {
        Self { asks: Asks::Nothing, action, begins: false, who, rule }
    }
}
