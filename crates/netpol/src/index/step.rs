//! One step of a list: what is asked, and what follows if it holds.

use crate::model::{Action, PolicyId};

/// One step of a list, two words: what it asks, and who says so.
///
/// ```text
///   word 0   what is asked (3 bits) | action (2) | begins a tier (1) | criterion (26)
///   word 1   0: policy (20), rule (10)   1: profile (14), rule (16)   2: elsewhere (30)   3: nobody
/// ```
/// What does not fit in word 1 stands at the end of the array.
pub(super) const STEP: usize = 2;
const KIND_SHIFT: u32 = 29;
const ACTION_SHIFT: u32 = 27;
/// Set in the first word of a step that is the first of its tier in its list.
pub(super) const BEGINS: u32 = 1 << 26;
pub(super) const CRITERION: u32 = BEGINS - 1;
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
pub(super) struct Draft {
    pub(super) asks: Asks,
    pub(super) action: Action,
    pub(super) who: Who,
    pub(super) rule: Option<u32>,
}

/// A step of a list, with the array that it stands in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    pub(super) words: &'a [u32; STEP],
    pub(super) all: &'a [u32],
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
    pub(super) fn words(self, elsewhere: &mut Vec<[u32; 2]>) -> [u32; STEP] {
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

    /// The words of one that only a walk can tell of.
    pub(super) const WALK: [u32; STEP] = [4 << KIND_SHIFT | BEGINS, NOBODY << TAG_SHIFT];

    /// Whether nothing that comes after it is ever asked.
    pub(super) fn is_final(self) -> bool {
        match self.asks {
            Asks::Nothing => matches!(self.action, Action::Allow | Action::Deny),
            Asks::Walk => true,
            Asks::Has(_) | Asks::Lacks(_) | Asks::Line(_) => false,
        }
    }

    /// One that holds whatever is asked.
    pub(super) fn last(action: Action, who: Who, rule: Option<u32>) -> Self {
        Self { asks: Asks::Nothing, action, who, rule }
    }
}

impl Step<'_> {
    /// The criterion, if all that it asks is whether that holds.
    #[inline(always)]
    pub(crate) fn only_has(self) -> Option<u32> {
        (self.first() >> KIND_SHIFT == 1).then_some(self.first() & CRITERION)
    }

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
