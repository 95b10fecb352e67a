//! JUnit's XML: a suite a file, a case an assertion.

use portcullis_sectest::{Outcome, Status};

use super::{Counts, Ran};
use crate::render::xml::{attribute, content};

pub(super) fn text(files: &[Ran]) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"portcullis test\" {}>\n",
        counts(Counts::of(files))
    );
    for ran in files {
        let name = attribute(&ran.file);
        text.push_str(&format!("  <testsuite name=\"{name}\" {}>\n", counts(ran.counts())));
        for outcome in &ran.results.outcomes {
            case(ran, outcome, &mut text);
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

/// What does not hold is a failure; what could not be judged is an error.
fn counts(counts: Counts) -> String {
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        counts.all(),
        counts.fail,
        counts.unknown + counts.malformed,
        counts.skipped
    )
}

fn case(ran: &Ran, outcome: &Outcome, text: &mut String) {
    let (name, file) = (attribute(&outcome.title), attribute(&ran.file));
    let test = if outcome.test.is_empty() { &ran.file } else { outcome.test.as_str() };
    let line = ran.located(outcome).map(|at| format!(" line=\"{}\"", at.line)).unwrap_or_default();
    let head = format!(
        "    <testcase name=\"{name}\" classname=\"{}\" file=\"{file}\"{line}",
        attribute(test)
    );
    let tag = match outcome.status {
        Status::Pass => return text.push_str(&format!("{head}/>\n")),
        Status::Skipped => {
            let why = attribute(&outcome.why);
            let skipped = format!("      <skipped message=\"{why}\"/>\n    </testcase>\n");
            return text.push_str(&format!("{head}>\n{skipped}"));
        }
        Status::Fail => "failure",
        Status::Unknown | Status::Malformed => "error",
    };
    text.push_str(&format!(
        "{head}>\n      <{tag} type=\"{}\" message=\"{}\">{}</{tag}>\n    </testcase>\n",
        outcome.status,
        attribute(&outcome.why),
        content(&ran.why_and_help(outcome))
    ));
}
