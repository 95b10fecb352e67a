//! What a rule may permit at most, in sixteen bytes.
//!
//! Most rules are about something else than what is asked. Their outlines say so at a glance; of those
//! that remain, [`Rule::permits`] has the word. So an outline may be too wide, and never too narrow.

use smol_str::SmolStr;

use crate::attempt::Target;
use crate::hash::{self, Spelled};
use crate::rule::{ALL, Rule};

/// A superset of what a rule, or several, permit: for each respect a few bits, of which every word has
/// one and a pattern has all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    /// 16 bits for the verbs, 16 for the API groups, 32 for the names of objects.
    words: u64,
    /// 63 bits for the resources, and [`URLS`].
    what: u64,
}

/// An attempt as outlines see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// An outline that lacks one of these permits it not.
    all: u64,
    /// Nor does one that has none of these.
    any: u64,
}

/// Set where a rule has URLs.
const URLS: u64 = 1 << 63;

const VERBS: Field = Field { at: 0, bits: 16 };
const GROUPS: Field = Field { at: 16, bits: 16 };
const NAMES: Field = Field { at: 32, bits: 32 };
const WHAT: Field = Field { at: 0, bits: 63 };

/// The bits of one respect.
#[derive(Clone, Copy)]
struct Field {
    at: u32,
    bits: u32,
}

// === impl Field ===

impl Field {
    const fn all(self) -> u64 {
        (u64::MAX >> (u64::BITS - self.bits)) << self.at
    }

    #[inline]
    fn bit(self, hash: u64) -> u64 {
        1 << (u64::from(self.at) + (hash >> 32) % u64::from(self.bits))
    }

    /// A star among the words is all of them.
    fn list(self, words: &[SmolStr]) -> u64 {
        let bits = |word: &SmolStr| if word == ALL { self.all() } else { self.word(word) };
        words.iter().fold(0, |all, word| all | bits(word))
    }

    #[inline]
    fn word(self, word: &str) -> u64 {
        self.bit(hash::word(word))
    }
}

// === impl Outline ===

impl Outline {
    pub(crate) fn of(rule: &Rule) -> Self {
        // Among names a star is a word like any other.
        let names = match rule.resource_names.as_slice() {
            [] => NAMES.all(),
            names => names.iter().fold(0, |all, name| all | NAMES.word(name)),
        };
        let urls = if rule.urls.is_empty() { 0 } else { URLS };
        Self {
            words: VERBS.list(&rule.verbs) | GROUPS.list(&rule.api_groups) | names,
            what: WHAT.list(&rule.resources) | urls,
        }
    }

    /// What either may permit.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { words: self.words | other.words, what: self.what | other.what }
    }

    /// Whether it may permit what is asked. If not, it does not.
    #[inline]
    pub(crate) fn may(self, asked: Asked) -> bool {
        self.words & asked.all == asked.all && self.what & asked.any != 0
    }
}

// === impl Asked ===

impl Asked {
    #[inline]
    pub(crate) fn of(verb: &str, target: &Target) -> Self {
        let verb = VERBS.word(verb);
        match target {
            Target::Resource(asked) => {
                let Spelled { own, of_any } = Spelled::of(asked);
                Self {
                    all: verb | GROUPS.word(&asked.group) | NAMES.word(&asked.name),
                    any: WHAT.bit(own) | of_any.map_or(0, |hash| WHAT.bit(hash)),
                }
            }
            Target::Url(_) => Self { all: verb, any: URLS },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{on, rule, url};

    /// The words that a rule and an attempt are made of here.
    const RULES: &[&str] = &[
        "get - pods",
        "get,list * *",
        "* apps */log",
        "get - pods/log a,b",
        "get url /a/*,*",
        "* * *,pods/*,*/* *",
        "fly url /a",
    ];

    #[test]
    fn an_outline_is_never_too_narrow() {
        let long = "x".repeat(200);
        let mut targets = vec![url("/a"), url("/a/b")];
        for group in ["", "apps", "*"] {
            for asked in ["pods", "pods/log", "pods/*", "*/log", "*", "pods a", "pods/log b", &long]
            {
                targets.push(on(group, asked));
            }
        }
        let own = rule(&format!("get - {long},{long}/{long}"));
        targets.push(on("", &format!("{long}/{long}")));
        let (mut permitted, mut refused) = (0, 0);
        for rule in RULES.iter().map(|r| rule(r)).chain([own]) {
            for (target, verb) in targets.iter().flat_map(|t| ["get", "fly", "*"].map(|v| (t, v))) {
                let may = Outline::of(&rule).may(Asked::of(verb, target));
                assert!(may || !rule.permits(verb, target), "{rule:?} {verb} {target:?}");
                *if may { &mut permitted } else { &mut refused } += 1;
            }
        }
        assert!(refused > permitted, "outlines tell {refused} of {} apart", refused + permitted);
    }
}
