//! What came of a suite: plain data, for whoever draws it.

use std::fmt;

use portcullis_analysis::Answer;
use portcullis_core::{Assumed, Diagnostic, Origin, Place, Skipped};
use portcullis_rbac::Attempt;
use smol_str::SmolStr;

/// What came of every assertion of a suite.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// In the order of the file, each test's steps behind its own assertions. Faults of the file
    /// and of a test stand among them, as malformed.
    pub outcomes: Vec<Outcome>,
    /// What was found in objects of fixtures and in patched ones, which nobody else has seen.
    pub diagnostics: Vec<Diagnostic>,
    /// What the objects do not say and was taken to be so, for any of the assertions.
    pub assumed: Vec<Assumed>,
    /// What was given and took no part.
    pub skipped: Vec<Skipped>,
}

/// What came of one assertion.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The assertion; none for a file that has none.
    pub origin: Option<Origin>,
    /// What to underline: the assertion, or what is malformed about it.
    pub place: Option<Place>,
    /// The name of the test it belongs to; empty for the file.
    pub test: SmolStr,
    /// The assertion's name, or the claim in its line form.
    pub title: String,
    /// What came of it.
    pub status: Status,
    /// One sentence without full stop.
    pub why: String,
    /// The next step, as lines.
    pub help: Vec<String>,
    /// How many flows or attempts it stood for.
    pub checked: usize,
    /// The first thing that speaks against it, with its trace.
    pub counterexample: Option<Counterexample>,
}

/// What came of an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// It holds.
    Pass,
    /// It is not judged for now.
    Skipped,
    /// A missing fact decides, and nobody said that this is good enough.
    Unknown,
    /// It does not hold.
    Fail,
    /// It cannot be judged as it is written: a mistake in it, or it is about nothing there is.
    Malformed,
}

/// Something that speaks against a claim.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// One line: `dev/centos -> default/frontend tcp/8080 is allowed`.
    pub what: String,
    /// How that came to be.
    pub trace: Trace,
}

/// How a counterexample came to be.
#[derive(Clone, Debug)]
pub enum Trace {
    /// The answer for one flow.
    Flow(Box<Answer>),
    /// The answer to one attempt.
    Access {
        /// What was attempted.
        attempt: Attempt,
        /// Every reason, the weightiest first.
        reasons: Vec<Reason>,
    },
    /// What is granted to somebody, or nothing.
    Grants(Vec<Reason>),
}

/// Why something is allowed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A sentence without full stop.
    pub text: String,
    /// Where it stands.
    pub origin: Option<Origin>,
}

// === impl Results ===

impl Results {
    /// How many there are of a status.
    pub fn count(&self, status: Status) -> usize {
        self.outcomes.iter().filter(|o| o.status == status).count()
    }

    /// The worst status there is: what an exit code is made of. None only where nothing was asked.
    pub fn worst(&self) -> Option<Status> {
        self.outcomes.iter().map(|o| o.status).max()
    }
}

/// `pass`, `skipped`, `unknown`, `fail`, `malformed`.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
            Self::Malformed => "malformed",
        })
    }
}
