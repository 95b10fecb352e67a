//! The table of sources: the only one who knows files and lines.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use memchr::memchr_iter;
use portcullis_core::{DocumentId, Place};

use crate::compose::{Budget, Parsed, Refusal, Workspace};
use crate::tree::{Cursor, Text};
use crate::{json, secret, yaml};

/// Where a [`Place`] is, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The input, as its owner named it.
    pub input: String,
    /// The first line, counted from 1.
    pub line: usize,
    /// The first column, counted from 1 in characters.
    pub column: usize,
    /// The line on which it ends.
    pub end_line: usize,
    /// The column behind its last character.
    pub end_column: usize,
    /// Its bytes within the file.
    pub range: Range<usize>,
}

/// In which of the two notations a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Yaml,
    Json,
}

/// What one document holds. Cloning is O(1).
#[derive(Clone)]
pub struct Content(Arc<Parsed>);

impl Content {
    /// Its root; nodes from here on belong to no object.
    pub fn root(&self) -> Cursor<'_> {
        self.0.tree.root()
    }
}

/// The text of every input and the range of every document.
///
/// Places are not kept: a document is read again when one of its places is asked for, and the last
/// one read is remembered.
#[derive(Default)]
pub struct Sources {
    files: Vec<File>,
    documents: Vec<Document>,
    budget: Option<Budget>,
    last: Mutex<Option<(DocumentId, Arc<Parsed>)>>,
}

struct File {
    name: String,
    text: Text,
    /// Where each line begins.
    lines: OnceLock<Vec<usize>>,
}

#[derive(Clone)]
struct Document {
    file: usize,
    range: Range<usize>,
    /// None if it could not be read.
    format: Option<Format>,
}

impl Sources {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { budget: Some(budget), ..Self::default() }
    }

    pub(crate) fn add_file(&mut self, name: String, text: Text) -> usize {
        self.files.push(File { name, text, lines: OnceLock::new() });
        self.files.len() - 1
    }

    pub(crate) fn next_document(&self) -> DocumentId {
        // INVARIANT: `Limits::documents` keeps the count far below 2³².
        DocumentId(u32::try_from(self.documents.len()).unwrap_or(u32::MAX - 1))
    }

    pub(crate) fn add_document(
        &mut self,
        file: usize,
        range: Range<usize>,
        format: Option<Format>,
    ) -> DocumentId {
        let id = self.next_document();
        self.documents.push(Document { file, range, format });
        id
    }

    fn document(&self, document: DocumentId) -> Option<&Document> {
        self.documents.get(document.0 as usize)
    }

    fn file(&self, document: DocumentId) -> Option<&File> {
        self.files.get(self.document(document)?.file)
    }

    /// How many documents there are; their ids count from 0.
    pub fn documents(&self) -> usize {
        self.documents.len()
    }

    /// The name of the input a document stands in; `built-in` for what no document says.
    pub fn document_name(&self, document: DocumentId) -> &str {
        if document == DocumentId::BUILT_IN {
            return "built-in";
        }
        self.file(document).map_or("unknown", |file| &file.name)
    }

    /// The text of a document; empty for what no document says. Bytes that are not UTF-8 show as
    /// `?`. It may hold secrets: see [`Sources::secret_ranges`].
    pub fn text(&self, document: DocumentId) -> &str {
        let text =
            self.document(document).and_then(|d| self.file_text(document).get(d.range.clone()));
        text.unwrap_or("")
    }

    /// The whole text of the file a document stands in, which the ranges of [`Located`] count in.
    pub fn file_text(&self, document: DocumentId) -> &str {
        self.file(document).map_or("", |file| file.text.as_str())
    }

    /// The bytes of a document within its file.
    pub fn document_range(&self, document: DocumentId) -> Option<Range<usize>> {
        self.document(document).map(|d| d.range.clone())
    }

    /// Where a place is. None for what no document says.
    ///
    /// A path that leads to nothing is answered with the nearest node above it: a field that
    /// should be there has no place of its own.
    pub fn locate(&self, place: &Place) -> Option<Located> {
        let id = place.document();
        let document = self.document(id)?;
        let range = match place {
            Place::In(_, range) => range.start as usize..range.end as usize,
            Place::At(origin) | Place::Key(origin) => {
                let parsed = self.parsed(id)?;
                let (node, found) = parsed.tree.deepest(&origin.path);
                let span = parsed.spans.get(node as usize)?;
                let range = match place {
                    Place::Key(_) if found && !span.key.is_empty() => &span.key,
                    _ => &span.value,
                };
                range.start as usize..range.end as usize
            }
        };
        let length = document.range.len();
        let (start, end) = (range.start.min(length), range.end.min(length));
        let start = document.range.start + start;
        let end = (document.range.start + end).max(start);
        self.files.get(document.file).map(|file| file.located(start..end))
    }

    /// The byte ranges within its file that must not be shown when a document's text is: values of
    /// a Secret, and of environment variables whose name looks secret. In order, without overlap.
    ///
    /// For a document that cannot be read this is a guess, on the safe side.
    pub fn secret_ranges(&self, document: DocumentId) -> Vec<Range<usize>> {
        let Some(start) = self.document(document).map(|d| d.range.start) else {
            return Vec::new();
        };
        let mut ranges: Vec<Range<usize>> = match self.parsed(document) {
            Some(parsed) => secret::ranges(&parsed),
            None => secret::guess(self.text(document)),
        };
        ranges.iter_mut().for_each(|r| *r = r.start + start..r.end + start);
        joined(ranges)
    }

    /// Where the comments of a document stand within its file, from their `#` to the end of the line.
    /// Text in quotes or in a block scalar is none. JSON has no comments.
    pub fn comments(&self, document: DocumentId) -> Vec<Range<usize>> {
        let Some(budget) = self.budget else { return Vec::new() };
        let Some(found) = self.document(document) else { return Vec::new() };
        if found.format == Some(Format::Json) {
            return Vec::new();
        }
        let start = found.range.start;
        let ranges = yaml::comments(self.text(document), budget);
        ranges.into_iter().map(|r| start + r.start as usize..start + r.end as usize).collect()
    }

    /// The content of a document, whether or not it is an object; none if it cannot be read.
    pub fn content(&self, document: DocumentId) -> Option<Content> {
        self.parsed(document).map(Content)
    }

    /// The document's root, for walking it with places, if it can be read.
    pub(crate) fn parsed(&self, document: DocumentId) -> Option<Arc<Parsed>> {
        let budget = self.budget?;
        let format = self.document(document)?.format?;
        // What is remembered is complete even if whoever held the lock panicked.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((id, parsed)) = &*last
            && *id == document
        {
            return Some(Arc::clone(parsed));
        }
        let source = self.file(document)?.text.part(self.document_range(document)?);
        let mut parsed = parse(&source, format, budget, &mut Workspace::new(true)).ok()??.0;
        parsed.tree.document = document;
        let parsed = Arc::new(parsed);
        *last = Some((document, Arc::clone(&parsed)));
        Some(parsed)
    }
}

/// Names and sizes, never the text.
impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.files.iter().map(|file| (&file.name, file.text.as_str().len())))
            .finish()
    }
}

impl File {
    fn located(&self, range: Range<usize>) -> Located {
        let (line, column) = self.line_and_column(range.start);
        let (end_line, end_column) = self.line_and_column(range.end);
        Located { input: self.name.clone(), line, column, end_line, end_column, range }
    }

    fn line_and_column(&self, at: usize) -> (usize, usize) {
        let lines = self.lines.get_or_init(|| {
            let breaks = memchr_iter(b'\n', self.text.as_str().as_bytes()).map(|at| at + 1);
            std::iter::once(0).chain(breaks).collect()
        });
        let line = lines.partition_point(|start| *start <= at);
        let start = lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.as_str().get(start..at).unwrap_or("");
        let column = before.chars().filter(|c| *c != '\u{feff}').count();
        (line, column + 1)
    }
}

fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|r| (r.start, r.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// Reads one document: the tree, and how much of the text it takes.
pub(crate) fn parse(
    source: &Text,
    format: Format,
    budget: Budget,
    work: &mut Workspace,
) -> Result<Option<(Parsed, usize)>, Refusal> {
    match format {
        Format::Json => json::parse(source, budget, work),
        Format::Yaml => {
            let parsed = yaml::parse(source, budget, work)?;
            Ok(parsed.map(|parsed| (parsed, source.as_str().len())))
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis_core::DocumentId;

    use crate::{Input, Limits, load};

    #[test]
    fn comments_are_told_from_text_that_looks_like_one() {
        let text = "# one\na: 1 # two\nb: 'x # no'\nc: |\n  # no\n---\nd: x#no\n  # three\n";
        let input = Input { name: "f".into(), bytes: text.as_bytes().to_vec() };
        let sources = load(vec![input], &Limits::default()).sources;
        let of = |document| -> Vec<&str> {
            let ranges = sources.comments(DocumentId(document));
            ranges.into_iter().map(|range| &text[range]).collect()
        };
        assert_eq!(of(0), ["# one", "# two"]);
        assert_eq!(of(1), ["# three"]);
        assert_eq!(of(2), [""; 0]);
        let root = sources.content(DocumentId(1)).expect("it can be read");
        assert_eq!(root.root().field("d").and_then(|d| d.as_str()), Some("x#no"));
    }
}
