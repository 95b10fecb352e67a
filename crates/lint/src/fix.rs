//! Fixes as edits of text.

use std::collections::BTreeMap;
use std::ops::Range;

use portcullis_core::{DocumentId, Place};
use portcullis_object::{Input, Limits, Sources, load};
use portcullis_snapshot::Settings;

use crate::config::Config;
use crate::report::Report;
use portcullis_core::Date;

/// One change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go.
    pub range: Range<usize>,
    /// What stands there afterwards.
    pub text: String,
}

/// The edits that the fixes of a report make, by the name of the input; of those that count, and
/// of the unsafe ones only if `unsafe_too`.
pub fn edits(report: &Report, sources: &Sources, unsafe_too: bool) -> BTreeMap<String, Vec<Edit>> {
    let mut by_input: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|f| f.is_new()) {
        let Some(fix) = &finding.diagnostic.fix else { continue };
        if !fix.safe && !unsafe_too || fix.place.document() == DocumentId::BUILT_IN {
            continue;
        }
        // A path that leads to nothing is answered with what is around it: not to be replaced.
        let Some(at) = sources.locate(&fix.place).filter(|at| exact(&fix.place, &at.range)) else {
            continue;
        };
        let edit = Edit { range: at.range, text: fix.text.clone() };
        by_input.entry(at.input).or_default().push(edit);
    }
    by_input
}

fn exact(place: &Place, range: &Range<usize>) -> bool {
    matches!(place, Place::In(..)) || !range.is_empty()
}

/// The text with the edits made. Of two that touch the same bytes the first counts: the other is
/// for the next time.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|e| (e.range.start, e.range.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut last: Option<&Edit> = None;
    for edit in edits {
        if edit.range.start < at || last == Some(edit) {
            continue;
        }
        let Some(before) = text.get(at..edit.range.start) else { continue };
        if text.get(edit.range.clone()).is_none() {
            continue;
        }
        out.push_str(before);
        out.push_str(&edit.text);
        at = edit.range.end;
        last = Some(edit);
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}

/// How many times findings are looked for again after a fix: one fix may uncover another, as a
/// renamed field uncovers what is below it. People's files settle in two or three.
const ROUNDS_MAX: usize = 16;

/// The inputs with every fix made, and those that they uncover, until nothing is left to fix.
pub fn settle(
    mut inputs: Vec<Input>,
    limits: &Limits,
    settings: &Settings,
    config: &Config,
    today: Date,
    unsafe_too: bool,
) -> Vec<Input> {
    for _ in 0..ROUNDS_MAX {
        let loaded = load(inputs.clone(), limits);
        let report = crate::check(&loaded, settings, config, today);
        let by_input = edits(&report, &loaded.sources, unsafe_too);
        let mut changed = false;
        for input in &mut inputs {
            let Some(edits) = by_input.get(&input.name) else { continue };
            // Bytes that are no text have no place in a file that could be fixed.
            let Ok(text) = std::str::from_utf8(&input.bytes) else { continue };
            let fixed = apply(text, edits);
            changed |= fixed != text;
            input.bytes = fixed.into_bytes();
        }
        if !changed {
            break;
        }
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(range: Range<usize>, text: &str) -> Edit {
        Edit { range, text: text.to_owned() }
    }

    #[test]
    fn edits_are_made_where_they_say() {
        for (edits, want) in [
            (vec![], "abcdef"),
            (vec![edit(3..4, "X"), edit(0..1, "")], "bcXef"),
            (vec![edit(2..2, "-"), edit(6..6, "!")], "ab-cdef!"),
            (vec![edit(1..3, "X"), edit(2..4, "Y")], "aXdef"),
            (vec![edit(2..2, "-"), edit(2..2, "-")], "ab-cdef"),
            (vec![edit(4..9, "X")], "abcdef"),
        ] {
            assert_eq!(apply("abcdef", &edits), want, "{edits:?}");
        }
    }
}
