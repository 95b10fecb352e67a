//! Verdicts, and everything that must be said with one.

use std::fmt;

use crate::origin::Origin;

/// The answer to one "may it?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// It may.
    Allow,
    /// It may not.
    Deny,
    /// A fact is missing. Never reaches an enforcement point: it is closed there.
    Unknown,
}

impl Verdict {
    /// The verdict on something that needs both: a deny settles it, whatever the other says.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Deny, _) | (_, Self::Deny) => Self::Deny,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Allow, Self::Allow) => Self::Allow,
        }
    }
}

/// `allow`, `deny`, `unknown`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Unknown => "unknown",
        })
    }
}

/// What decided: one reason or more, never none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because<R> {
    first: R,
    rest: Vec<R>,
}

impl<R> Because<R> {
    /// One reason.
    pub fn one(first: R) -> Self {
        Self { first, rest: Vec::new() }
    }

    /// Several reasons, the weightiest first.
    pub fn with_rest(first: R, rest: Vec<R>) -> Self {
        Self { first, rest }
    }

    /// The weightiest reason.
    pub fn first(&self) -> &R {
        &self.first
    }

    /// All reasons, the weightiest first.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        std::iter::once(&self.first).chain(&self.rest)
    }
}

/// Something that was there and took no part, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Skipped {
    /// What was left out, where it has a place.
    pub origin: Option<Origin>,
    /// A clause for people: what was left out and why.
    pub why: String,
}

/// Something the input does not say, and that was taken to be so.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Assumed {
    /// A clause for people.
    pub what: String,
    /// The command-line flag that says it instead, where there is one.
    pub flag: Option<&'static str>,
}

/// A verdict, what decided it, and what was skipped or assumed on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<R> {
    /// The answer.
    pub verdict: Verdict,
    /// What decided.
    pub because: Because<R>,
    /// What was there and took no part.
    pub skipped: Vec<Skipped>,
    /// What the input does not say.
    pub assumed: Vec<Assumed>,
}

impl<R> Decision<R> {
    /// A decision with one reason, nothing skipped and nothing assumed.
    pub fn new(verdict: Verdict, because: R) -> Self {
        Self { verdict, because: Because::one(because), skipped: Vec::new(), assumed: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Allow, Deny, Unknown};

    #[test]
    fn a_deny_settles_and_an_unknown_hides_an_allow() {
        assert_eq!(Allow.and(Allow), Allow);
        assert_eq!(Allow.and(Unknown), Unknown);
        assert_eq!(Unknown.and(Deny), Deny);
        assert_eq!(Deny.and(Allow), Deny);
    }
}
