//! The Test Anything Protocol, version 14 (<https://testanything.org>).

use portcullis_sectest::{Outcome, Status};
use serde_json::json;

use super::{Counts, Ran};

pub(super) fn text(files: &[Ran]) -> String {
    let mut text = format!("TAP version 14\n1..{}\n", Counts::of(files).all());
    let all = files.iter().flat_map(|ran| ran.results.outcomes.iter().map(move |o| (ran, o)));
    for (number, (ran, outcome)) in all.enumerate() {
        text.push_str(&point(number + 1, ran, outcome));
    }
    text
}

/// A test point; with a YAML diagnostic, which JSON is too, if it says more than its name.
fn point(number: usize, ran: &Ran, outcome: &Outcome) -> String {
    // A `#` would begin a directive.
    let title = ran.title(outcome).replace('\\', "\\\\").replace('#', "\\#");
    match outcome.status {
        Status::Pass => return format!("ok {number} - {title}\n"),
        Status::Skipped => {
            let why = super::clean(&outcome.why);
            return format!("ok {number} - {title} # SKIP {why}\n");
        }
        Status::Unknown | Status::Fail | Status::Malformed => {}
    }
    let at = ran.located(outcome);
    let value = json!({
        "severity": outcome.status.to_string(),
        "message": outcome.why,
        "help": outcome.help,
        "file": ran.file,
        "line": at.as_ref().map(|at| at.line),
        "column": at.as_ref().map(|at| at.column),
    });
    format!("not ok {number} - {title}\n  ---\n  {value}\n  ...\n")
}
