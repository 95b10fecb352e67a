//! From pieces of text to trees: the part of loading that is shared among threads.
//!
//! Threads only read. What depends on the order of documents, which is their numbers, the limits
//! over all of them and what is said, is settled afterwards by one hand in the order of the text, so
//! that the number of threads shows nowhere but in the time. A document that might have been read
//! otherwise with less room left is read again then.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::compose::{Budget, Parsed, Refusal, Workspace};
use crate::list;
use crate::object::{self, Contents};
use crate::source::{Format, parse};
use crate::split;
use crate::tree::Text;

/// Pieces are handed to threads in portions of at least so many bytes: small enough that all
/// threads end together, large enough that handing over costs nothing.
const PORTION_BYTES: usize = 128 << 10;

/// Less text than this is read before a second thread has begun.
const SINGLE_THREAD_BYTES: usize = 256 << 10;

/// One file that can be read, and the pieces it is split into.
pub(crate) struct Source {
    pub(crate) text: Text,
    pub(crate) pieces: Vec<Range<usize>>,
}

/// What came of one piece.
pub(crate) enum Piece {
    /// Nothing but marks, blanks and comments.
    Blank,
    /// What stands in it, in order.
    Read(Vec<Item>),
    /// Not read by a thread: there may be no room for it, or it is worth several threads.
    Later,
}

/// One document, or the place where one should be.
pub(crate) struct Item {
    /// Its bytes within the file. Of what could not be read, to the end of the piece.
    pub(crate) range: Range<usize>,
    /// The end of the piece it stands in.
    pub(crate) piece_end: usize,
    pub(crate) format: Format,
    /// Whether the piece begins as JSON does: then what follows is JSON too.
    in_json: bool,
    /// How many values were made of it, also before it was refused.
    pub(crate) nodes: usize,
    pub(crate) outcome: Outcome,
}

/// How reading ended.
pub(crate) enum Outcome {
    /// There is no document.
    Nothing,
    /// A tree. What objects it holds, unless something is to be said about them: that must know
    /// the number of the document.
    Tree(Parsed, Option<Contents>),
    /// A tree that is nothing of ours, and whether it looks like a template.
    NotOurs { templated: bool },
    /// Why it cannot be read.
    Refused(Refusal),
}

/// Reads one piece: one YAML document, or JSON values one after the other.
pub(crate) struct PieceReader<'a> {
    file: &'a Text,
    piece: Range<usize>,
    /// Where the next value begins.
    at: usize,
    /// Whether the piece begins as JSON does.
    is_json: bool,
    done: bool,
}

impl<'a> PieceReader<'a> {
    pub(crate) fn new(file: &'a Text, piece: Range<usize>) -> Self {
        let text = file.as_str().get(piece.clone()).unwrap_or("");
        let content = split::without_mark(text).trim_start();
        let is_json = content.starts_with(['{', '[']);
        let at = if is_json { piece.end - content.len() } else { piece.start };
        Self { file, piece, at, is_json, done: false }
    }

    /// Goes on where `item` was read.
    pub(crate) fn again(file: &'a Text, item: &Item) -> Self {
        let at = item.range.start;
        Self { file, piece: at..item.piece_end, at, is_json: item.in_json, done: false }
    }

    /// The next document; none at the end of the piece.
    pub(crate) fn next(&mut self, budget: Budget, work: &mut Workspace) -> Option<Item> {
        if self.done {
            return None;
        }
        if !self.is_json {
            self.done = true;
            let (outcome, nodes) = match self.read(Format::Yaml, budget, work) {
                Ok(Some((parsed, _))) => with_contents(parsed),
                Ok(None) => (Outcome::Nothing, 0),
                Err(refusal) => (Outcome::Refused(refusal), work.nodes()),
            };
            return Some(self.item(self.piece.end, Format::Yaml, nodes, outcome));
        }
        let rest = self.file.as_str().get(self.at..self.piece.end).unwrap_or("");
        let blanks = rest.len() - rest.trim_start().len();
        self.at += blanks;
        if blanks == rest.len() {
            self.done = true;
            return None;
        }
        match self.read(Format::Json, budget, work) {
            Ok(Some((parsed, taken))) => {
                let (outcome, nodes) = with_contents(parsed);
                let item = self.item(self.at + taken, Format::Json, nodes, outcome);
                self.at += taken;
                Some(item)
            }
            Ok(None) => {
                self.done = true;
                None
            }
            // Flow style without quotes is YAML too. What is neither was meant as JSON.
            Err(refusal) => {
                self.done = true;
                let nodes = work.nodes();
                let (outcome, more) = match self.read(Format::Yaml, budget, work) {
                    Ok(Some((parsed, _))) if parsed.after_end.is_none() => with_contents(parsed),
                    Ok(read) => {
                        let nodes = read.map_or(0, |(parsed, _)| parsed.tree.nodes.len());
                        (Outcome::Refused(refusal), nodes)
                    }
                    Err(_) => (Outcome::Refused(refusal), work.nodes()),
                };
                Some(self.item(self.piece.end, Format::Yaml, nodes.max(more), outcome))
            }
        }
    }

    fn read(
        &self,
        format: Format,
        budget: Budget,
        work: &mut Workspace,
    ) -> Result<Option<(Parsed, usize)>, Refusal> {
        parse(&self.file.part(self.at..self.piece.end), format, budget, work)
    }

    fn item(&self, end: usize, format: Format, nodes: usize, outcome: Outcome) -> Item {
        let (range, piece_end) = (self.at..end, self.piece.end);
        Item { range, piece_end, format, in_json: self.is_json, nodes, outcome }
    }
}

fn with_contents(parsed: Parsed) -> (Outcome, usize) {
    let nodes = parsed.tree.nodes.len();
    let mut said = Vec::new();
    let contents = object::find(&parsed.tree, &mut said);
    let outcome = match contents {
        Contents::NotOurs => Outcome::NotOurs { templated: parsed.templated },
        contents => Outcome::Tree(parsed, said.is_empty().then_some(contents)),
    };
    (outcome, nodes)
}

/// Reads the pieces of all sources: for each source, what came of each piece.
///
/// No document gets more than `budget`, and when all together had that much, the rest is left for
/// later.
pub(crate) fn pieces(sources: &[Source], budget: Budget) -> Vec<Vec<Piece>> {
    let portions = portions(sources);
    let bytes: usize = sources.iter().map(|source| source.text.as_str().len()).sum();
    let threads = if bytes < SINGLE_THREAD_BYTES { 1 } else { budget.threads.min(portions.len()) };
    let job = Job { sources, portions: &portions, budget, next: 0.into(), nodes: 0.into() };
    let mut done: Vec<(usize, Vec<Piece>)> = std::thread::scope(|scope| {
        // Where no thread can be had, there is one less.
        let helpers: Vec<_> = (1..threads)
            .filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, || job.work()).ok())
            .collect();
        let mut done = job.work();
        for helper in helpers {
            done.extend(helper.join().unwrap_or_default());
        }
        done
    });
    done.sort_unstable_by_key(|(portion, _)| *portion);
    let mut read: Vec<Vec<Piece>> =
        sources.iter().map(|source| Vec::with_capacity(source.pieces.len())).collect();
    let mut done = done.into_iter().peekable();
    for (i, portion) in portions.iter().enumerate() {
        let Some(of_source) = read.get_mut(portion.source) else { continue };
        match done.next_if(|(j, _)| *j == i) {
            Some((_, pieces)) => of_source.extend(pieces),
            None => of_source.extend(portion.pieces.clone().map(|_| Piece::Later)),
        }
    }
    read
}

/// Some of a source's pieces, one after the other.
struct Portion {
    source: usize,
    pieces: Range<usize>,
}

fn portions(sources: &[Source]) -> Vec<Portion> {
    let mut portions = Vec::new();
    for (source, Source { pieces, .. }) in sources.iter().enumerate() {
        let (mut from, mut bytes) = (0, 0);
        for (i, piece) in pieces.iter().enumerate() {
            bytes += piece.len();
            if bytes >= PORTION_BYTES || i + 1 == pieces.len() {
                portions.push(Portion { source, pieces: from..i + 1 });
                (from, bytes) = (i + 1, 0);
            }
        }
    }
    portions
}

/// What the threads share.
struct Job<'a> {
    sources: &'a [Source],
    portions: &'a [Portion],
    budget: Budget,
    /// The next portion that nobody has taken.
    next: AtomicUsize,
    /// Values in everything that was read.
    nodes: AtomicUsize,
}

impl Job<'_> {
    /// Takes portions until there are none.
    fn work(&self) -> Vec<(usize, Vec<Piece>)> {
        let mut work = Workspace::default();
        let mut done = Vec::new();
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(portion) = self.portions.get(index) else { return done };
            let Some(source) = self.sources.get(portion.source) else { return done };
            let pieces = source.pieces.get(portion.pieces.clone()).unwrap_or_default();
            let read = pieces.iter().map(|piece| self.piece(source, piece.clone(), &mut work));
            done.push((index, read.collect()));
        }
    }

    fn piece(&self, source: &Source, piece: Range<usize>, work: &mut Workspace) -> Piece {
        let text = source.text.as_str().get(piece.clone()).unwrap_or("");
        if split::is_blank(text) {
            return Piece::Blank;
        }
        if self.nodes.load(Ordering::Relaxed) >= self.budget.nodes {
            return Piece::Later;
        }
        let mut reader = PieceReader::new(&source.text, piece);
        // What is long enough for several threads gets all of them when these have ended.
        if reader.is_json && text.len() >= list::SIZES.long_bytes && self.budget.threads > 1 {
            return Piece::Later;
        }
        let budget = Budget { threads: 1, ..self.budget };
        let items = std::iter::from_fn(|| reader.next(budget, work));
        let items: Vec<Item> = items
            .inspect(|item| {
                self.nodes.fetch_add(item.nodes, Ordering::Relaxed);
            })
            .collect();
        Piece::Read(items)
    }
}
