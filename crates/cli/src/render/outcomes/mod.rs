//! What came of test files, in every format: one file a format.

mod human;
mod json;
mod junit;
mod sarif;
mod tap;

use std::path::Path;

use portcullis_core::{Origin, Place};
use portcullis_object::Located;
use portcullis_sectest::{Outcome, Results, Status, Trace};

use super::{Look, clean};
use crate::args::TestFormat;
use crate::cluster::counted;
use crate::places::Places;
use crate::source::Problem;

/// One test file, and what came of it.
pub(crate) struct Ran {
    /// As given, or found.
    pub file: String,
    pub results: Results,
    pub places: Places,
}

/// Everything a format may tell.
pub(crate) struct Ledger<'a> {
    pub files: &'a [Ran],
    /// Test files that could not be opened.
    pub problems: &'a [Problem],
    /// The folder that relative names begin in, if it is known.
    pub root: Option<&'a Path>,
    /// Whether people want to see what holds, too.
    pub is_all: bool,
}

/// The outcomes in a format, as it is written to a stream or a file.
pub(crate) fn outcomes(format: TestFormat, ledger: &Ledger<'_>, look: Look) -> String {
    let files = ledger.files;
    match format {
        TestFormat::Human => human::text(files, ledger.is_all, look),
        TestFormat::Tap => tap::text(files),
        TestFormat::Junit => junit::text(files),
        TestFormat::Sarif => sarif::text(ledger),
        TestFormat::Json => format!("{:#}\n", json::value(ledger)),
    }
}

/// How many outcomes there are of each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub pass: usize,
    pub fail: usize,
    pub unknown: usize,
    pub skipped: usize,
    pub malformed: usize,
}

// === impl Ran ===

impl Ran {
    fn counts(&self) -> Counts {
        Counts::of(std::slice::from_ref(self))
    }

    /// Where an outcome is underlined; the file alone if that is all there is.
    fn located(&self, outcome: &Outcome) -> Option<Located> {
        self.places.find(outcome.place.as_ref()?)
    }

    /// `a.sectest.yaml:3`.
    fn place(&self, outcome: &Outcome) -> String {
        match self.located(outcome) {
            Some(at) => format!("{}:{}", clean(&at.input), at.line),
            None => clean(&self.file).into_owned(),
        }
    }

    /// The test and the claim.
    fn title(&self, outcome: &Outcome) -> String {
        let test = &outcome.test;
        let title = if test.is_empty() {
            outcome.title.clone()
        } else {
            format!("{test}: {}", outcome.title)
        };
        clean(&title).into_owned()
    }

    /// Why, then what could be done about it, one line each.
    fn why_and_help(&self, outcome: &Outcome) -> String {
        let mut text = outcome.why.clone();
        for help in &outcome.help {
            text.push_str(&format!("\nhelp: {help}"));
        }
        text
    }

    /// The places that speak against a claim.
    fn against<'a>(&self, outcome: &'a Outcome) -> Vec<(&'a Origin, &'a str)> {
        let Some(counterexample) = &outcome.counterexample else { return Vec::new() };
        match &counterexample.trace {
            Trace::Flow(answer) => {
                let sides = answer.flows.iter().flat_map(|flow| [&flow.egress, &flow.ingress]);
                let decided = sides.filter_map(|side| {
                    Some((side.decided_by.as_ref()?.origin.as_ref()?, side.why.as_str()))
                });
                decided.collect()
            }
            Trace::Access { reasons, .. } | Trace::Grants(reasons) => {
                reasons.iter().filter_map(|r| Some((r.origin.as_ref()?, r.text.as_str()))).collect()
            }
        }
    }
}

/// Whether an outcome keeps a run from being good.
fn is_bad(status: Status) -> bool {
    !matches!(status, Status::Pass | Status::Skipped)
}

// === impl Counts ===

impl Counts {
    pub fn of(files: &[Ran]) -> Self {
        let mut counts = Self::default();
        for outcome in files.iter().flat_map(|ran| &ran.results.outcomes) {
            *match outcome.status {
                Status::Pass => &mut counts.pass,
                Status::Fail => &mut counts.fail,
                Status::Unknown => &mut counts.unknown,
                Status::Skipped => &mut counts.skipped,
                Status::Malformed => &mut counts.malformed,
            } += 1;
        }
        counts
    }

    fn all(self) -> usize {
        self.pass + self.fail + self.unknown + self.skipped + self.malformed
    }

    /// `41 hold, 1 does not, 1 unknown`.
    fn shown(self) -> String {
        let holds = if self.pass == 1 { "holds" } else { "hold" };
        let fails = if self.fail == 1 { "does not" } else { "do not" };
        let counts = [
            (self.pass, holds),
            (self.fail, fails),
            (self.unknown, "unknown"),
            (self.skipped, "skipped"),
            (self.malformed, "malformed"),
        ];
        let shown = counts.into_iter().filter(|(count, _)| *count > 0);
        shown.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
    }

    /// `43 assertions in 2 files: 42 hold, 1 does not.`
    pub fn sentence(self, files: usize) -> String {
        let all = counted(self.all(), "assertion", "assertions");
        format!("{all} in {}: {}.", counted(files, "file", "files"), self.shown())
    }
}

// === impl Places ===

impl Places {
    /// Where a place is that is no node, too.
    fn find(&self, place: &Place) -> Option<Located> {
        match place {
            Place::At(origin) => self.locate(origin).map(|at| Located::clone(&at)),
            Place::Key(_) | Place::In(..) => self.sources().locate(place),
        }
    }
}
