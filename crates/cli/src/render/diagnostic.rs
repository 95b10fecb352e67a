//! Findings for people, in the manner of rustc: code, sentence, the text it is about, help.

use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use portcullis_core::{Diagnostic, DocumentId, Label, Severity};
use portcullis_object::{Located, Sources};

use super::{Look, clean};
use crate::exit::Failure;
use crate::source::Problem;

/// Lines of one snippet: what is farther apart is shown by its first place alone.
const LINES_MAX: usize = 16;
/// Bytes of one snippet. What people write is far below; a file on one line is not worth showing.
const BYTES_MAX: usize = 4096;

/// What stopped the command.
pub(crate) fn failure(error: &anyhow::Error) -> String {
    let mut text = format!("error: {}\n", clean(&format!("{error:#}")));
    if let Some(failure) = error.downcast_ref::<Failure>() {
        for help in &failure.help {
            text.push_str(&format!("help: {}\n", clean(help)));
        }
    }
    text
}

/// A source that could not be opened.
pub(crate) fn problem(problem: &Problem) -> String {
    format!("error: {}\n --> {}\n", clean(&problem.why), clean(&problem.name))
}

/// One finding about what was read.
pub(crate) fn finding(diagnostic: &Diagnostic, sources: &Sources, look: Look) -> String {
    if look.plain {
        return in_words(diagnostic, sources);
    }
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let message = clean(&diagnostic.message);
    let title = level.primary_title(message.as_ref()).id(diagnostic.code.0);
    let snippets = snippets(diagnostic, sources);
    let mut group = Group::with_title(title);
    for snippet in &snippets {
        group = match snippet {
            Shown::Text { name, text, first_line, marks } => {
                let marks = marks.iter().map(|mark| {
                    let kind = if mark.primary {
                        AnnotationKind::Primary
                    } else {
                        AnnotationKind::Context
                    };
                    kind.span(mark.range.clone()).label(mark.text.as_str())
                });
                let snippet = Snippet::source(text.as_str()).line_start(*first_line);
                group.element(snippet.path(name.as_str()).annotations(marks))
            }
            Shown::Place(name, at) => {
                let mut origin = annotate_snippets::Origin::path(name.as_str());
                if let Some((line, column)) = at {
                    origin = origin.line(*line).char_column(*column);
                }
                group.element(origin)
            }
        };
    }
    let help: Vec<_> = diagnostic.help.iter().map(|help| clean(help)).collect();
    group = group.elements(help.iter().map(|help| Level::HELP.message(help.as_ref())));
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = renderer.term_width(look.width).render(&[group]);
    text.push('\n');
    text
}

/// The same without signs, for those who have it read to them.
fn in_words(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let Diagnostic { code, severity, message, labels, help, .. } = diagnostic;
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = writeln!(text, "{severity} {code}: {}", clean(message));
    for label in labels {
        let at = match sources.locate(&label.place) {
            Some(at) => format!("{} line {} column {}", at.input, at.line, at.column),
            None => sources.document_name(label.place.document()).to_owned(),
        };
        let said = if label.text.is_empty() { String::new() } else { format!(": {}", label.text) };
        let _ = writeln!(text, "  at {}{}", clean(&at), clean(&said));
    }
    for help in help {
        let _ = writeln!(text, "  help: {}", clean(help));
    }
    text
}

/// What of a file is shown.
enum Shown {
    /// Lines, with what is marked in them.
    Text { name: String, text: String, first_line: usize, marks: Vec<Mark> },
    /// A name alone, with line and column where they are known.
    Place(String, Option<(usize, usize)>),
}

/// What is marked in a text.
struct Mark {
    range: Range<usize>,
    text: String,
    primary: bool,
}

/// The places of a finding, file by file, the primary one first.
fn snippets(diagnostic: &Diagnostic, sources: &Sources) -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut documents: Vec<DocumentId> = Vec::new();
    for label in &diagnostic.labels {
        let document = label.place.document();
        if !documents.contains(&document) {
            documents.push(document);
        }
    }
    for (i, document) in documents.into_iter().enumerate() {
        let here = |label: &&Label| label.place.document() == document;
        let located: Vec<(Located, String)> = diagnostic
            .labels
            .iter()
            .filter(here)
            .filter_map(|label| {
                Some((sources.locate(&label.place)?, clean(&label.text).into_owned()))
            })
            .collect();
        let name = clean(sources.document_name(document)).into_owned();
        let place = located.first().map(|(at, _)| (at.line, at.column));
        let text = lines(document, &located, sources, i == 0);
        shown.push(text.unwrap_or(Shown::Place(name, place)));
    }
    shown
}

/// The lines that hold the places, secrets blanked; none if they are not worth showing.
fn lines(
    document: DocumentId,
    located: &[(Located, String)],
    sources: &Sources,
    primary: bool,
) -> Option<Shown> {
    let whole = sources.file_text(document);
    let (first, _) = located.first()?;
    let near = |at: &Located| at.line.abs_diff(first.line) <= LINES_MAX;
    let near: Vec<&(Located, String)> = located.iter().filter(|(at, _)| near(at)).collect();
    // What spans lines is marked on its first one: to underline a whole map tells nothing.
    let line_end = |from: usize| {
        whole.get(from..).and_then(|t| t.find('\n')).map_or(whole.len(), |n| from + n)
    };
    let start = near.iter().map(|(at, _)| at.range.start).min()?;
    let start = whole.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let end = near.iter().map(|(at, _)| line_end(at.range.start)).max()?;
    // What another document has on the same line is not this one's to show or to hide.
    let own = sources.document_range(document)?;
    let alone = whole.get(start..own.start.max(start))?.trim().is_empty()
        && whole.get(own.end.min(end)..end)?.trim().is_empty();
    if !alone || end - start > BYTES_MAX || start == end {
        return None;
    }
    let mut text = whole.get(start..end)?.as_bytes().to_vec();
    for secret in sources.secret_ranges(document) {
        let range = secret.start.clamp(start, end) - start..secret.end.clamp(start, end) - start;
        for byte in text.get_mut(range)? {
            if *byte != b'\n' {
                *byte = b'*';
            }
        }
    }
    let first_line = near.iter().map(|(at, _)| at.line).min()?;
    let marks = near.iter().enumerate().map(|(i, (at, said))| {
        let end = at.range.end.min(line_end(at.range.start));
        let range = at.range.start - start..end.max(at.range.start) - start;
        Mark { range, text: said.clone(), primary: primary && i == 0 }
    });
    Some(Shown::Text {
        name: clean(&first.input).into_owned(),
        marks: marks.collect(),
        text: String::from_utf8(text).ok()?,
        first_line,
    })
}
