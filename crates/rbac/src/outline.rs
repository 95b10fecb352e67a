//! What a rule may permit at most, in sixteen bytes.
//!
//! Most rules are about something else than what is asked. Their outlines say so at a glance; of those
//! that remain, [`Rule::permits`] has the word. So an outline may be too wide, and never too narrow;
//! and where it cannot be too wide either, as the words asked for have bits of their own in the
//! [lexicon](crate::lexicon), the rule is not asked.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::attempt::{Resource, Target};
use crate::lexicon::{Bits, Lexicon, Word, Words};
use crate::rule::{ALL, Rule};

/// A superset of what a rule, or several, permit: for each respect a few bits, of which every word has
/// one and a pattern has all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    /// 16 bits for the verbs, 32 for the API groups, 15 for the names of objects, and [`ANY_NAME`].
    words: u64,
    /// 63 bits for the resources, and [`URLS`].
    what: u64,
}

/// Those of the rules of a role, in order.
#[derive(Clone, Debug)]
pub(crate) enum Outlines {
    /// With those of no rule behind them.
    Few([Outline; 3]),
    /// What all of them together may permit, and each.
    Many(Outline, Arc<[Outline]>),
}

/// An attempt as outlines see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// An outline that lacks one of these permits it not.
    all: u64,
    /// Nor does one that has none of these.
    any: u64,
    bits: Bits,
}

const GROUPS: u32 = 16;
const NAMES: u32 = 48;
const NAMES_BITS: u64 = 15;

/// Set where a rule is about objects of any name.
const ANY_NAME: u64 = 1 << 63;

/// Set where a rule has URLs.
const URLS: u64 = 1 << 63;

// === impl Outline ===

impl Outline {
    /// Of a rule of which the lexicon has all words.
    pub(crate) fn of(lexicon: &Lexicon, rule: &Rule) -> Self {
        // Among names a star is a word like any other.
        let names = match rule.resource_names.as_slice() {
            [] => u64::MAX << NAMES,
            names => names.iter().fold(0, |all, name| all | self::name(name)),
        };
        let urls = if rule.urls.is_empty() { 0 } else { URLS };
        let (verbs, groups) =
            (list(&lexicon.verbs, &rule.verbs), list(&lexicon.groups, &rule.api_groups));
        Self {
            words: verbs | groups << GROUPS | names,
            what: list(&lexicon.resources, &rule.resources) | urls,
        }
    }

    fn or(self, other: Self) -> Self {
        Self { words: self.words | other.words, what: self.what | other.what }
    }

    /// Whether it may permit what is asked. If not, it does not.
    #[inline]
    pub(crate) fn may(self, asked: Asked) -> bool {
        self.words & asked.all == asked.all && self.what & asked.any != 0
    }

    /// Whether the rule is about objects of any name.
    pub(crate) fn has_any_name(self) -> bool {
        self.words & ANY_NAME != 0
    }
}

/// A star among the words is all of them.
fn list<const BITS: usize>(known: &Words<BITS>, words: &[SmolStr]) -> u64 {
    let bits = |word: &SmolStr| {
        if word == ALL { u64::MAX >> (64 - BITS) } else { 1 << known.bit(Word::Plain(word)) }
    };
    words.iter().fold(0, |all, word| all | bits(word))
}

#[inline]
fn name(name: &str) -> u64 {
    1 << (u64::from(NAMES) + ((Word::Plain(name).shape() * NAMES_BITS) >> 32))
}

// === impl Outlines ===

impl Outlines {
    pub(crate) fn of(outlines: &[Outline]) -> Self {
        let mut few = [Outline::default(); 3];
        match few.get_mut(..outlines.len()) {
            Some(few) => few.copy_from_slice(outlines),
            None => {
                let all = outlines.iter().copied().fold(Outline::default(), Outline::or);
                return Self::Many(all, outlines.into());
            }
        }
        Self::Few(few)
    }

    /// Whether any may permit what is asked. If not, none does.
    #[inline]
    pub(crate) fn may(&self, asked: Asked) -> bool {
        match self {
            Self::Few([a, b, c]) => a.may(asked) | b.may(asked) | c.may(asked),
            Self::Many(all, _) => all.may(asked),
        }
    }

    /// Each, in order.
    #[inline]
    pub(crate) fn each(&self) -> &[Outline] {
        match self {
            Self::Few(few) => few,
            Self::Many(_, each) => each,
        }
    }
}

impl Default for Outlines {
    fn default() -> Self {
        Self::of(&[])
    }
}

// === impl Asked ===

impl Asked {
    #[inline]
    pub(crate) fn of(lexicon: &Lexicon, verb: &str, target: &Target) -> Self {
        let bits = lexicon.bits(verb, target);
        let verb = 1 << bits.verb;
        let (all, any) = match target {
            Target::Resource(Resource { name, .. }) => {
                let words = verb | 1 << (GROUPS + u32::from(bits.group)) | self::name(name);
                (words, 1 << bits.own | 1 << bits.of_any)
            }
            Target::Url(_) => (verb, URLS),
        };
        Self { all, any, bits }
    }

    /// Whether outlines say of it all that rules do, but for those about certain names.
    pub(crate) fn is_exact(self, lexicon: &Lexicon, verb: &str, target: &Target) -> bool {
        lexicon.is_exact(self.bits, verb, target)
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
        let rules: Vec<Rule> = RULES.iter().map(|r| rule(r)).chain([own]).collect();
        let lexicon = Lexicon::of(rules.iter());
        for rule in &rules {
            for (target, verb) in targets.iter().flat_map(|t| ["get", "fly", "*"].map(|v| (t, v))) {
                let may = Outline::of(&lexicon, rule).may(Asked::of(&lexicon, verb, target));
                assert!(may || !rule.permits(verb, target), "{rule:?} {verb} {target:?}");
                *if may { &mut permitted } else { &mut refused } += 1;
            }
        }
        assert!(refused > permitted, "outlines tell {refused} of {} apart", refused + permitted);
    }

    /// Holds what outlines say against what rules say, wherever that is said to be exact, and counts
    /// how often it is.
    fn exact(lexicon: &Lexicon, rules: &[Rule], targets: &[Target]) -> usize {
        let mut exact = 0;
        for target in targets {
            for verb in ["get", "fly", "*"] {
                let asked = Asked::of(lexicon, verb, target);
                let is_exact = asked.is_exact(lexicon, verb, target);
                for rule in rules {
                    let outline = Outline::of(lexicon, rule);
                    let (may, permits) = (outline.may(asked), rule.permits(verb, target));
                    assert!(may || !permits, "{rule:?} {verb} {target:?}");
                    if is_exact && outline.has_any_name() {
                        assert_eq!(may, permits, "{rule:?} {verb} {target:?}");
                        exact += 1;
                    }
                }
            }
        }
        exact
    }

    #[test]
    fn an_outline_is_exact_only_of_words_with_bits_of_their_own() {
        let mut rules: Vec<Rule> = RULES.iter().map(|r| rule(r)).collect();
        let few = Lexicon::of(rules.iter());
        let mut targets: Vec<Target> = ["", "apps", "*", "none"]
            .into_iter()
            .flat_map(|group| {
                let words = ["pods", "pods/log", "pods/*", "*/log", "*", "pods b", "none", "n/one"];
                words.map(|asked| on(group, asked))
            })
            .collect();
        targets.push(url("/a/b"));
        let all = 3 * (targets.len() - 1) * (RULES.len() - 2);
        assert_eq!(
            exact(&few, &rules, &targets),
            all,
            "all but the URL, and two rules about names"
        );

        // Far more words than bits, and many in one slot: `a` and some digits are told apart by the
        // length and the last of them alone.
        let more = (0..300).map(|i| rule(&format!("v{i} g{i} a{i}x,{i},r/{i}")));
        let mut learned = few.clone();
        for rule in more {
            learned.learn(&rule);
            assert!(learned.has(&rule));
            rules.push(rule);
        }
        targets.extend((0..300).step_by(7).map(|i| on(&format!("g{i}"), &format!("a{i}x"))));
        targets.extend((0..300).step_by(7).map(|i| on("*", &format!("r/{i}"))));
        let of_all = exact(&Lexicon::of(rules.iter()), &rules, &targets);
        let one_by_one = exact(&learned, &rules, &targets);
        let most = 3 * targets.len() * rules.len();
        assert!(0 < of_all && of_all < most && 0 < one_by_one && one_by_one < most);
    }

    #[test]
    fn what_is_learned_leaves_older_outlines_true() {
        let rules: Vec<Rule> =
            (0..200).map(|i| rule(&format!("get,v{i} g{i} r{i},*/s{i}"))).collect();
        let mut lexicon = Lexicon::default();
        let mut outlined: Vec<(&Rule, Outline)> = Vec::new();
        for rule in &rules {
            lexicon.learn(rule);
            outlined.push((rule, Outline::of(&lexicon, rule)));
        }
        for i in 0..200 {
            for target in [on(&format!("g{i}"), &format!("r{i}")), on("g1", &format!("any/s{i}"))] {
                let asked = Asked::of(&lexicon, "get", &target);
                let is_exact = asked.is_exact(&lexicon, "get", &target);
                for (rule, outline) in &outlined {
                    let (may, permits) = (outline.may(asked), rule.permits("get", &target));
                    assert!(if is_exact { may == permits } else { may || !permits }, "{rule:?}");
                }
            }
        }
    }
}
