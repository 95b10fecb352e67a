//! Judging one claim about one snapshot.

mod flow;
mod holders;
mod may;
mod only;
mod rights;

pub(crate) use flow::{Lenient, who as who_is};
use portcullis_analysis::AskError;
use portcullis_core::{Assumed, Skipped};
use portcullis_snapshot::Snapshot;
use smol_str::SmolStr;

use crate::claim::Claim;
use crate::outcome::Counterexample;

/// What a claim is judged against.
#[derive(Clone, Copy)]
pub(crate) struct Court<'a> {
    pub(crate) snapshot: &'a Snapshot,
    /// The namespace of what names none.
    pub(crate) namespace: &'a str,
    /// The users of the fixtures, with their groups.
    pub(crate) users: &'a [(SmolStr, Vec<SmolStr>)],
    /// The addresses of the fixtures.
    pub(crate) addresses: &'a [(SmolStr, std::net::IpAddr)],
    /// The service accounts that are objects, as namespace and name.
    pub(crate) accounts: &'a [(SmolStr, SmolStr)],
    /// Whether the claim may be about what is not there: that part of it then holds, and whoever is
    /// not known is judged all the same.
    pub(crate) allow_empty: bool,
}

/// What came of a claim.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) holds: Holds,
    pub(crate) why: String,
    pub(crate) help: Vec<String>,
    pub(crate) checked: usize,
    pub(crate) counterexample: Option<Counterexample>,
    pub(crate) heard: Heard,
}

/// What was taken to be so, and what took no part, on the way to a judgement.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) assumed: Vec<Assumed>,
    pub(crate) skipped: Vec<Skipped>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Yes,
    No,
    Unknown,
}

/// Why a claim cannot be judged.
#[derive(Debug)]
pub(crate) struct Stop {
    /// Whether that is because there is nothing of what it is about.
    pub(crate) is_empty: bool,
    pub(crate) message: String,
    pub(crate) help: Vec<String>,
}

impl Court<'_> {
    pub(crate) fn judge(&self, claim: &Claim) -> Result<Judged, Stop> {
        match claim {
            Claim::May(claim) => self.may(claim),
            Claim::Holders(claim) => self.holders(claim),
            Claim::Flow(claim) => self.flow(claim),
            Claim::Only(claim) => self.only(claim),
            Claim::Table(cells) => self.flows(cells),
        }
    }
}

// === impl Heard ===

impl Heard {
    /// Somebody is not asked about, though a claim about everybody means them.
    fn not_asked(&mut self, why: String) {
        self.add(&[], &[Skipped { origin: None, why }]);
    }

    /// Adds what is not there yet.
    pub(crate) fn add(&mut self, assumed: &[Assumed], skipped: &[Skipped]) {
        for assumed in assumed {
            if !self.assumed.contains(assumed) {
                self.assumed.push(assumed.clone());
            }
        }
        // What takes no part is the snapshot's, and so the same for every answer: most often this
        // is one comparison.
        if self.skipped != skipped {
            for skipped in skipped {
                if !self.skipped.contains(skipped) {
                    self.skipped.push(skipped.clone());
                }
            }
        }
    }
}

// === impl Stop ===

impl Stop {
    fn wrong(message: impl Into<String>) -> Self {
        Self { is_empty: false, message: message.into(), help: Vec::new() }
    }

    fn empty(message: impl Into<String>) -> Self {
        Self { is_empty: true, ..Self::wrong(message) }
    }

    fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Help that proposes what was probably meant, where there is something.
    fn meant(self, nearest: Option<impl std::fmt::Display>) -> Self {
        match nearest {
            Some(meant) => self.help(format!("did you mean `{meant}`?")),
            None => self,
        }
    }
}

impl From<AskError> for Stop {
    fn from(error: AskError) -> Self {
        let is_empty = matches!(error, AskError::NotFound { .. } | AskError::NoEndpoint { .. });
        Self { is_empty, message: error.to_string(), help: error.help() }
    }
}

/// Counts what speaks for and against a claim about many things, and keeps the first against it.
#[derive(Default)]
struct Tally {
    checked: usize,
    against: usize,
    unknown: usize,
    first_against: Option<(String, Vec<String>, Counterexample)>,
    first_unknown: Option<(String, Counterexample)>,
    /// Why the first one that speaks for it is so.
    first_for: Option<String>,
    /// The first part of the claim that is about nothing, where that is allowed.
    nothing: Option<Stop>,
}

impl Tally {
    fn speaks_for(&mut self, why: impl FnOnce() -> String) {
        self.checked += 1;
        self.first_for.get_or_insert_with(why);
    }

    fn speaks_against(&mut self, say: impl FnOnce() -> (String, Vec<String>, Counterexample)) {
        self.checked += 1;
        self.against += 1;
        self.first_against.get_or_insert_with(say);
    }

    fn is_unknown(&mut self, say: impl FnOnce() -> (String, Counterexample)) {
        self.checked += 1;
        self.unknown += 1;
        self.first_unknown.get_or_insert_with(say);
    }

    /// Everything must speak for the claim.
    fn all(self, things: &str, heard: Heard) -> Result<Judged, Stop> {
        let Self { checked, against, unknown, first_against, first_unknown, first_for, nothing } =
            self;
        if let (0, Some(nothing)) = (checked, nothing) {
            return Err(nothing);
        }
        let of = |count: usize| match checked {
            1 => String::new(),
            _ => format!("{count} of {checked} {things}: "),
        };
        if let Some((why, help, counterexample)) = first_against {
            let why = format!("{}{why}", of(against));
            let counterexample = Some(counterexample);
            return Ok(Judged { holds: Holds::No, why, help, checked, counterexample, heard });
        }
        if let Some((why, counterexample)) = first_unknown {
            let why = format!("{}{why}", of(unknown));
            let counterexample = Some(counterexample);
            let help = Vec::new();
            return Ok(Judged { holds: Holds::Unknown, why, help, checked, counterexample, heard });
        }
        let why = match (checked, first_for) {
            (1, Some(why)) => why,
            _ => format!("{checked} {things}"),
        };
        Ok(Judged {
            holds: Holds::Yes,
            why,
            help: Vec::new(),
            checked,
            counterexample: None,
            heard,
        })
    }

    /// One thing that speaks for the claim is enough.
    fn any(self, things: &str, heard: Heard) -> Result<Judged, Stop> {
        let Self { checked, first_against, first_unknown, first_for, nothing, .. } = self;
        if let (0, Some(nothing)) = (checked, nothing) {
            return Err(nothing);
        }
        let none = |why: String| format!("none of {checked} {things}; the first: {why}");
        let (holds, why, help, counterexample) = match (first_for, first_unknown, first_against) {
            (Some(why), ..) => (Holds::Yes, why, Vec::new(), None),
            (None, Some((why, example)), _) => (Holds::Unknown, why, Vec::new(), Some(example)),
            (None, None, Some((why, help, example))) => (Holds::No, none(why), help, Some(example)),
            (None, None, None) => (Holds::No, format!("there are no {things}"), Vec::new(), None),
        };
        Ok(Judged { holds, why, help, checked, counterexample, heard })
    }
}
