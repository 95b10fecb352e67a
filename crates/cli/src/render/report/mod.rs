//! What checks find, in every format: one file a format, all of them over one [`Listing`].

mod concise;
mod full;
mod github;
mod gitlab;
mod json;
mod junit;
mod markdown;
mod sarif;

use std::path::Path;

use portcullis_core::{Diagnostic, Place, Severity};
use portcullis_object::{Located, Sources};
use serde_json::Value;

use super::{Look, clean};
use crate::args::ReportFormat;
use crate::cluster::counted;
use crate::source::Problem;

/// Everything a format may tell.
pub(crate) struct Listing<'a> {
    /// The findings that count, in the order of the text.
    pub told: Vec<Told<'a>>,
    /// Every input that was read, by the name it was given.
    pub files: Vec<String>,
    /// What could not be opened.
    pub problems: &'a [Problem],
    pub tally: Tally,
    /// The folder that relative names begin in, if it is known.
    pub root: Option<&'a Path>,
}

/// How much was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub errors: usize,
    pub warnings: usize,
    pub remarks: usize,
    /// Findings with a fix that would be made if asked for.
    pub fixable: usize,
    /// Findings that do not count, as the baseline has them.
    pub known: usize,
    /// Findings that do not count, as a comment allows them.
    pub allowed: usize,
}

/// One finding with its places.
pub(crate) struct Told<'a> {
    pub diagnostic: &'a Diagnostic,
    /// What its places are in.
    pub sources: &'a Sources,
    /// What it is recognised by in another run.
    pub fingerprint: String,
    /// Whether it makes the run fail.
    pub fails: bool,
    /// Where it is.
    pub at: Spot,
    /// The other places, with what is said about each.
    pub related: Vec<(Spot, &'a str)>,
    /// What would mend it, unless that would show a secret.
    pub change: Option<Change<'a>>,
}

/// A place, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The input, as given.
    pub file: String,
    /// Where in it; none if it is not in a text.
    pub region: Option<Region>,
}

/// Lines and columns, counted from 1 in characters; the end is behind the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

/// A change of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change<'a> {
    pub at: Spot,
    pub text: &'a str,
    pub safe: bool,
}

/// The findings in a format, as it is written to a stream or a file.
pub(crate) fn report(format: ReportFormat, listing: &Listing<'_>, look: Look) -> String {
    match format {
        ReportFormat::Full => full::text(listing, look),
        ReportFormat::Concise => concise::text(listing),
        ReportFormat::Json => lines(&[json::value(listing)], true),
        ReportFormat::Jsonl => lines(&json::findings(listing), false),
        ReportFormat::Sarif => sarif::text(listing),
        ReportFormat::Junit => junit::text(listing),
        ReportFormat::Github => github::text(listing),
        ReportFormat::Gitlab => lines(&[gitlab::value(listing)], true),
        ReportFormat::Md => markdown::text(listing),
    }
}

/// Values, one after the other.
fn lines(values: &[Value], spread: bool) -> String {
    let line = |value| if spread { format!("{value:#}\n") } else { format!("{value}\n") };
    values.iter().map(line).collect()
}

// === impl Told ===

impl<'a> Told<'a> {
    pub fn new(
        diagnostic: &'a Diagnostic,
        sources: &'a Sources,
        fingerprint: String,
        fails: bool,
    ) -> Self {
        let mut places = diagnostic.labels.iter().map(|label| {
            let at = Spot::of(&label.place, sources);
            (at, label.text.as_str())
        });
        let at = places.next().map_or(Spot { file: String::new(), region: None }, |(at, _)| at);
        let related = places.collect();
        let change = diagnostic.fix.as_ref().and_then(|fix| {
            let located = sources.locate(&fix.place)?;
            let shows = shows_secret(&located, &fix.place, &fix.text, sources);
            let at = Spot::of(&fix.place, sources);
            (!shows).then_some(Change { at, text: &fix.text, safe: fix.safe })
        });
        Self { diagnostic, sources, fingerprint, fails, at, related, change }
    }

    /// The message, then each line of help.
    pub fn message_and_help(&self) -> String {
        let mut text = self.diagnostic.message.clone();
        for help in &self.diagnostic.help {
            text.push_str(&format!("\nhelp: {help}"));
        }
        text
    }
}

/// Whether a change would show what nobody may be shown: the text it replaces holds a secret, or
/// the text it puts there repeats one of the document.
fn shows_secret(at: &Located, place: &Place, text: &str, sources: &Sources) -> bool {
    let document = place.document();
    let whole = sources.file_text(document);
    sources.secret_ranges(document).into_iter().any(|secret| {
        let meets = secret.start < at.range.end && at.range.start < secret.end;
        let secret = whole.get(secret).unwrap_or("").trim();
        meets || (!secret.is_empty() && text.contains(secret))
    })
}

// === impl Spot ===

impl Spot {
    fn of(place: &Place, sources: &Sources) -> Self {
        match sources.locate(place) {
            Some(Located { input, line, column, end_line, end_column, .. }) => {
                Self { file: input, region: Some(Region { line, column, end_line, end_column }) }
            }
            None => Self { file: sources.document_name(place.document()).to_owned(), region: None },
        }
    }

    /// `a.yaml:3:5`.
    fn shown(&self) -> String {
        let file = clean(&self.file);
        match self.region {
            Some(Region { line, column, .. }) => format!("{file}:{line}:{column}"),
            None => file.into_owned(),
        }
    }

    /// The file as a path from the root, where it lies below it; otherwise as given.
    fn path(&self, root: Option<&Path>) -> String {
        let path = Path::new(&self.file);
        let below = root.and_then(|root| path.strip_prefix(root).ok());
        let path = below.unwrap_or(path);
        let path = path.strip_prefix(".").unwrap_or(path);
        path.display().to_string()
    }
}

// === impl Tally ===

impl Tally {
    /// Counts one finding that counts.
    pub fn add(&mut self, severity: Severity) {
        *match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
            Severity::Info => &mut self.remarks,
        } += 1;
    }

    /// `1 error, 2 warnings`; `nothing` if there is none.
    fn found(&self) -> String {
        let counts = [
            (self.errors, "error", "errors"),
            (self.warnings, "warning", "warnings"),
            (self.remarks, "remark", "remarks"),
        ];
        let shown = counts.into_iter().filter(|(count, ..)| *count > 0);
        let shown: Vec<String> = shown.map(|(n, one, many)| counted(n, one, many)).collect();
        if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") }
    }

    /// `Found 1 error, 2 warnings in 6 files (1 fixable).`
    pub fn sentence(&self, files: usize) -> String {
        let asides =
            [(self.fixable, "fixable"), (self.known, "in the baseline"), (self.allowed, "allowed")];
        let asides: Vec<String> = asides
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let asides =
            if asides.is_empty() { String::new() } else { format!(" ({})", asides.join(", ")) };
        format!("Found {} in {}{asides}.", self.found(), counted(files, "file", "files"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_what_there_is() {
        for (tally, files, want) in [
            (Tally::default(), 0, "Found nothing in 0 files."),
            (Tally { remarks: 1, ..Tally::default() }, 1, "Found 1 remark in 1 file."),
            (
                Tally { errors: 1, warnings: 2, fixable: 1, ..Tally::default() },
                6,
                "Found 1 error, 2 warnings in 6 files (1 fixable).",
            ),
            (
                Tally { known: 3, allowed: 1, ..Tally::default() },
                2,
                "Found nothing in 2 files (3 in the baseline, 1 allowed).",
            ),
        ] {
            assert_eq!(tally.sentence(files), want);
        }
    }

    #[test]
    fn a_path_begins_at_the_root() {
        for (file, want) in [
            ("k8s/a.yaml", "k8s/a.yaml"),
            ("./k8s/a.yaml", "k8s/a.yaml"),
            ("../a.yaml", "../a.yaml"),
            ("/repo/k8s/a.yaml", "k8s/a.yaml"),
            ("/elsewhere/a.yaml", "/elsewhere/a.yaml"),
            ("-", "-"),
        ] {
            let spot = Spot { file: file.to_owned(), region: None };
            assert_eq!(spot.path(Some(Path::new("/repo"))), want);
        }
    }
}
