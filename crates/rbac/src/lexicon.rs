//! Which bit stands for which word in outlines.
//!
//! ```text
//! word ─► slot, by its shape ─► bit ─► the word that alone has it, if it is one
//! ```
//!
//! The words that most rules have get bits of their own, so that an outline says of them all that the
//! rule does. The others share what is left, and the rule has to be asked.

use std::cmp::Reverse;

use foldhash::quality::FixedState;
use indexmap::IndexMap;
use smol_str::SmolStr;

use crate::attempt::{Resource, Target};
use crate::rule::{ALL, Rule};

/// The words that the rules of a set have, and perhaps some of rules that are gone.
#[derive(Clone, Debug)]
pub(crate) struct Lexicon {
    pub verbs: Words<16>,
    pub groups: Words<32>,
    pub resources: Words<63>,
}

/// The words of one respect, which has so many bits.
#[derive(Clone, Debug)]
pub(crate) struct Words<const BITS: usize> {
    /// For each slot a bit: [`NONE`] while no word is in it.
    bits: [u8; SLOTS],
    /// For each bit the word that alone has it. Of [`NONE`] and of the last bit, which words get once
    /// no other is left, nobody is.
    owners: [Option<SmolStr>; BITS],
    /// How many bits are given away.
    given: u8,
}

/// Those of the words of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bits {
    pub verb: u8,
    pub group: u8,
    /// Of the resource as it is called.
    pub own: u8,
    /// Of its subresource of any resource; without one the same.
    pub of_any: u8,
}

/// So many that few of the words of a cluster meet in one.
const SLOTS: usize = 1024;

/// The bit of what no rule names. Only patterns have it.
const NONE: u8 = 0;

// === impl Lexicon ===

impl Lexicon {
    /// Of these rules.
    pub(crate) fn of<'a>(rules: impl Iterator<Item = &'a Rule> + Clone) -> Self {
        Self {
            verbs: Words::of(rules.clone().flat_map(|rule| &rule.verbs)),
            groups: Words::of(rules.clone().flat_map(|rule| &rule.api_groups)),
            resources: Words::of(rules.flat_map(|rule| &rule.resources)),
        }
    }

    /// Whether there is nothing to learn from a rule.
    pub(crate) fn has(&self, rule: &Rule) -> bool {
        rule.verbs.iter().all(|word| self.verbs.has(word))
            && rule.api_groups.iter().all(|word| self.groups.has(word))
            && rule.resources.iter().all(|word| self.resources.has(word))
    }

    /// Takes in the words of a rule. Outlines made before stay true.
    pub(crate) fn learn(&mut self, rule: &Rule) {
        rule.verbs.iter().for_each(|word| self.verbs.learn(word));
        rule.api_groups.iter().for_each(|word| self.groups.learn(word));
        rule.resources.iter().for_each(|word| self.resources.learn(word));
    }

    /// What bits an attempt has.
    #[inline]
    pub(crate) fn bits(&self, verb: &str, target: &Target) -> Bits {
        let verb = self.verbs.bit(Word::Plain(verb));
        let Target::Resource(Resource { group, resource, subresource, .. }) = target else {
            return Bits { verb, group: NONE, own: NONE, of_any: NONE };
        };
        let group = self.groups.bit(Word::Plain(group));
        if subresource.is_empty() {
            let own = self.resources.bit(Word::Plain(resource));
            return Bits { verb, group, own, of_any: own };
        }
        let own = self.resources.bit(Word::Joined(resource, subresource));
        Bits { verb, group, own, of_any: self.resources.bit(Word::Joined(ALL, subresource)) }
    }

    /// Whether the bits of an attempt stand for its words and for no others.
    pub(crate) fn is_exact(&self, bits: Bits, verb: &str, target: &Target) -> bool {
        let Target::Resource(Resource { group, resource, subresource, .. }) = target else {
            return false;
        };
        let resources = &self.resources;
        self.verbs.is_exact(bits.verb, Word::Plain(verb))
            && self.groups.is_exact(bits.group, Word::Plain(group))
            && if subresource.is_empty() {
                resources.is_exact(bits.own, Word::Plain(resource))
            } else {
                resources.is_exact(bits.own, Word::Joined(resource, subresource))
                    && resources.is_exact(bits.of_any, Word::Joined(ALL, subresource))
            }
    }
}

impl Default for Lexicon {
    fn default() -> Self {
        Self::of(std::iter::empty())
    }
}

/// A word as an attempt spells it.
#[derive(Clone, Copy)]
pub(crate) enum Word<'a> {
    Plain(&'a str),
    /// `resource/subresource`.
    Joined(&'a str, &'a str),
}

// === impl Words ===

impl<const BITS: usize> Words<BITS> {
    fn of<'a>(words: impl Iterator<Item = &'a SmolStr>) -> Self {
        let mut counts = IndexMap::<&str, usize, FixedState>::default();
        words.for_each(|word| *counts.entry(word.as_str()).or_default() += 1);
        let mut words: Vec<_> = counts.into_iter().collect();
        words.sort_by_key(|(_, count)| Reverse(*count));
        let mut all =
            Self { bits: [NONE; SLOTS], owners: std::array::from_fn(|_| None), given: NONE + 1 };
        words.into_iter().for_each(|(word, _)| all.learn(word));
        all
    }

    /// The bit of a word.
    #[inline]
    pub(crate) fn bit(&self, word: Word<'_>) -> u8 {
        self.bits.get(word.slot()).copied().unwrap_or(NONE)
    }

    fn owner(&self, bit: u8) -> Option<&SmolStr> {
        self.owners.get(usize::from(bit))?.as_ref()
    }

    /// A star is no word: it has all bits.
    fn has(&self, word: &str) -> bool {
        let bit = self.bit(Word::Plain(word));
        word == ALL || bit != NONE && self.owner(bit).is_none_or(|owner| owner == word)
    }

    fn learn(&mut self, word: &str) {
        if self.has(word) {
            return;
        }
        let mut bit = self.bit(Word::Plain(word));
        let is_own = bit == NONE && usize::from(self.given) + 1 < BITS;
        if bit == NONE {
            bit = self.given;
            self.given += u8::from(is_own);
        }
        if let Some(place) = self.bits.get_mut(Word::Plain(word).slot()) {
            *place = bit;
        }
        if let Some(owner) = self.owners.get_mut(usize::from(bit)) {
            *owner = is_own.then(|| SmolStr::new(word));
        }
    }

    /// Whether the bit of a word is its own, or that of what no rule names.
    fn is_exact(&self, bit: u8, word: Word<'_>) -> bool {
        bit == NONE || self.owner(bit).is_some_and(|owner| word.is(owner))
    }
}

// === impl Word ===

impl Word<'_> {
    /// By its length and its ends: most words differ in one of these, and it takes the same path for
    /// words of all lengths.
    #[inline]
    pub(crate) fn shape(self) -> u64 {
        let (begin, end, len) = match self {
            Self::Plain(word) => (word, word, word.len()),
            Self::Joined("", end) => ("/", end, 1 + end.len()),
            Self::Joined(begin, end) => (begin, end, begin.len() + 1 + end.len()),
        };
        let first = begin.as_bytes().first().copied().unwrap_or_default();
        let last = end.as_bytes().last().copied().unwrap_or_default();
        let shape = u64::from(first) | u64::from(last) << 8 | (len as u64) << 16;
        // The golden ratio: what is near ends up far apart.
        shape.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
    }

    #[inline]
    fn slot(self) -> usize {
        usize::try_from(self.shape()).unwrap_or(0) >> 22
    }

    fn is(self, text: &str) -> bool {
        match self {
            Self::Plain(word) => word == text,
            Self::Joined(begin, end) => {
                let rest = text.strip_prefix(begin).and_then(|rest| rest.strip_prefix('/'));
                rest == Some(end)
            }
        }
    }
}
