//! From inputs to objects.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use memchr::{memmem, memrchr_iter};
use portcullis_core::{Diagnostic, DocumentId, ObjectRef, Place, Severity};

use crate::codes;
use crate::compose::{Budget, Parsed, Refusal, Workspace};
use crate::limits::{Limits, MAX_FILE_BYTES};
use crate::object::{self, Contents, Draft, Object};
use crate::read::{self, Item, Outcome, Piece, PieceReader, Source};
use crate::source::{Format, Sources};
use crate::split;
use crate::tree::{Cursor, Text, Tree};

/// How many findings of one sort a document or object may have: nobody reads more, and a hostile one
/// could have millions.
pub(crate) const MAX_FINDINGS: usize = 100;

/// One thing to be read.
#[derive(Clone, Debug)]
pub struct Input {
    /// As shown to people: a path, `-`, `git:REF:PATH`.
    pub name: String,
    /// YAML or JSON.
    pub bytes: Vec<u8>,
}

/// How much was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Documents with something in them, readable or not.
    pub documents: usize,
    /// Objects, the items of lists counted one by one.
    pub objects: usize,
    /// Documents with nothing in them but blanks and comments, or `null`.
    pub empty: usize,
    /// Documents with neither `apiVersion` nor `kind`.
    pub not_ours: usize,
    /// Files with `{{ }}` that must be rendered first.
    pub templated: usize,
}

/// A document that could not be read, or does not say what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which.
    pub document: DocumentId,
    /// The policy kind, network policy or RBAC, that its text names: what it would have decided is
    /// not known.
    pub policy_kind: Option<String>,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Loaded {
    /// In the order of the inputs and of their text.
    pub objects: Vec<Object>,
    /// Turns places into lines.
    pub sources: Sources,
    /// What is wrong with what was read.
    pub diagnostics: Vec<Diagnostic>,
    /// How much was read.
    pub counts: Counts,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// Reads everything that can be read. Total: one bad document never stops the rest.
pub fn load(inputs: Vec<Input>, limits: &Limits) -> Loaded {
    let mut loader = Loader {
        limits,
        nodes: 0,
        full: false,
        crowded: false,
        work: Workspace::default(),
        loaded: Loaded { sources: Sources::new(limits.budget()), ..Loaded::default() },
    };
    // Files that nothing can be read of have no source, and their reason instead.
    let mut sources = Vec::new();
    let files: Vec<(String, Result<Vec<usize>, Refusal>)> = inputs
        .into_iter()
        .map(|Input { name, bytes }| {
            let opened = open(bytes, limits.file_bytes.min(MAX_FILE_BYTES));
            let broken = opened.map(|(source, broken)| {
                sources.push(source);
                broken
            });
            (name, broken)
        })
        .collect();
    let read = read::pieces(&sources, limits.budget());
    let mut read = sources.into_iter().zip(read);
    for (name, broken) in files {
        match broken.map(|broken| (broken, read.next())) {
            Err(refusal) => loader.refuse_file(name, refusal),
            Ok((broken, Some((source, pieces)))) => loader.file(name, broken, &source, pieces),
            Ok((_, None)) => {}
        }
    }
    loader.loaded.counts.objects = loader.loaded.objects.len();
    loader.loaded
}

/// A file split into pieces, and where bytes were that are not UTF-8.
fn open(bytes: Vec<u8>, limit: usize) -> Result<(Source, Vec<usize>), Refusal> {
    if bytes.len() > limit {
        let message = format!("the file is larger than {} MiB", limit >> 20);
        return Err(Refusal::new(codes::LIMIT, 0..0, message));
    }
    let decoded = split::decode(bytes).map_err(|why| Refusal::new(codes::ENCODING, 0..0, why))?;
    let pieces = split::pieces(&decoded.text);
    Ok((Source { text: Text::new(Arc::new(decoded.text)), pieces }, decoded.broken))
}

struct Loader<'a> {
    limits: &'a Limits,
    /// Values in all documents so far.
    nodes: usize,
    /// Whether it was said that there are too many documents.
    full: bool,
    /// Whether it was said that there are too many objects.
    crowded: bool,
    /// For what no thread has read.
    work: Workspace,
    loaded: Loaded,
}

/// What the documents of one file have in common.
struct FileState<'a> {
    index: usize,
    text: &'a Text,
    /// Where bytes were that are not UTF-8.
    broken: Vec<usize>,
    /// The first `{{` in a document that shows the file to be a template.
    template: Option<(DocumentId, Range<u32>)>,
}

impl Loader<'_> {
    fn file(&mut self, name: String, broken: Vec<usize>, source: &Source, pieces: Vec<Piece>) {
        let index = self.loaded.sources.add_file(name, source.text.clone());
        let mut file = FileState { index, text: &source.text, broken, template: None };
        for (i, (range, piece)) in source.pieces.iter().zip(pieces).enumerate() {
            match piece {
                Piece::Blank => {
                    // What stands before the first `---` is a heading rather than a document.
                    let is_heading = i == 0
                        && source.pieces.len() > 1
                        && !file.text(range.clone()).starts_with("---");
                    if !is_heading {
                        self.loaded.counts.empty += 1;
                    }
                }
                Piece::Read(items) => self.items(&mut file, items),
                Piece::Later => {
                    let reader = PieceReader::new(&source.text, range.clone());
                    self.read(&mut file, reader);
                }
            }
        }
        if let Some((document, range)) = file.template {
            self.loaded.counts.templated += 1;
            let place = Place::In(document, range);
            let message = "this file is a template that has not been rendered";
            self.loaded.diagnostics.push(
                Diagnostic::new(codes::TEMPLATE, Severity::Info, place, message)
                    .help("render it first, as `helm template` does, and give the result"),
            );
        }
    }

    /// A file of which nothing can be read is one document without text.
    fn refuse_file(&mut self, name: String, refusal: Refusal) {
        let file = self.loaded.sources.add_file(name, Text::default());
        let document = self.loaded.sources.add_document(file, 0..0, None);
        self.loaded.counts.documents += 1;
        self.loaded.unreadable.push(Unreadable { document, policy_kind: None });
        self.say(document, refusal);
    }

    /// What a thread has read, as far as it would have been read the same in the order of the text.
    fn items(&mut self, file: &mut FileState<'_>, items: Vec<Item>) {
        for item in items {
            if item.nodes > self.nodes_left() {
                let reader = PieceReader::again(file.text, &item);
                return self.read(file, reader);
            }
            self.item(file, item);
        }
    }

    /// Reads what no thread has read.
    fn read(&mut self, file: &mut FileState<'_>, mut reader: PieceReader<'_>) {
        loop {
            let budget = Budget { nodes: self.nodes_left(), ..self.limits.budget() };
            let Some(item) = reader.next(budget, &mut self.work) else { return };
            self.item(file, item);
        }
    }

    fn nodes_left(&self) -> usize {
        self.limits.budget().nodes.saturating_sub(self.nodes)
    }

    fn item(&mut self, file: &mut FileState<'_>, item: Item) {
        let Item { range, piece_end, format, nodes, outcome, .. } = item;
        let text = file.text(range.start..piece_end);
        match outcome {
            Outcome::Nothing => self.loaded.counts.empty += 1,
            Outcome::Refused(refusal) => self.refuse(file, refusal, text, range.start),
            Outcome::NotOurs { templated } => {
                if self.accept(file, &range, text, nodes) {
                    let document = self.add(file, range, format);
                    self.loaded.counts.not_ours += 1;
                    if templated {
                        file.mark_template(document, text);
                    }
                }
            }
            Outcome::Tree(_, Some(Contents::Empty)) => {
                if self.accept(file, &range, text, nodes) {
                    self.loaded.counts.empty += 1;
                }
            }
            Outcome::Tree(parsed, contents) => {
                if self.accept(file, &range, text, nodes) {
                    let document = self.add(file, range, format);
                    self.tree(file, document, parsed, contents, text);
                }
            }
        }
    }

    /// Whether a document that was read may count.
    fn accept(
        &mut self,
        file: &mut FileState<'_>,
        range: &Range<usize>,
        text: &str,
        nodes: usize,
    ) -> bool {
        if let Some(refusal) = file.broken_in(range) {
            self.refuse(file, refusal, text, range.start);
            return false;
        }
        if !self.has_room(file, range.start) {
            return false;
        }
        self.nodes += nodes;
        true
    }

    fn add(&mut self, file: &FileState<'_>, range: Range<usize>, format: Format) -> DocumentId {
        self.loaded.counts.documents += 1;
        self.loaded.sources.add_document(file.index, range, Some(format))
    }

    /// Whether there may be one more document; says so the first time there may not.
    fn has_room(&mut self, file: &FileState<'_>, start: usize) -> bool {
        let limit = self.limits.documents;
        if self.loaded.sources.documents() < limit {
            return true;
        }
        if !self.full {
            self.full = true;
            let document = self.loaded.sources.add_document(file.index, start..start, None);
            self.loaded.unreadable.push(Unreadable { document, policy_kind: None });
            let message = format!("more than {limit} documents: nothing is read from here on");
            self.say(document, Refusal::new(codes::LIMIT, 0..0, message));
        }
        false
    }

    fn tree(
        &mut self,
        file: &mut FileState<'_>,
        document: DocumentId,
        parsed: Parsed,
        contents: Option<Contents>,
        text: &str,
    ) {
        let Parsed { mut tree, duplicates, spans: _, after_end, templated } = parsed;
        tree.document = document;
        if templated {
            file.mark_template(document, text);
        }
        let mut said = Vec::new();
        let contents = contents.unwrap_or_else(|| object::find(&tree, &mut said));
        said.truncate(MAX_FINDINGS);
        let tree = Arc::new(tree);
        let first = self.loaded.objects.len();
        match contents {
            Contents::Empty | Contents::NotOurs => {}
            Contents::Unreadable => self.unreadable(document, text),
            Contents::Objects(drafts) => self.objects(&tree, drafts, text),
        }
        self.loaded.diagnostics.append(&mut said);
        let objects = self.loaded.objects.get(first..).unwrap_or_default();
        let owners: HashMap<u32, &Arc<ObjectRef>> = if duplicates.is_empty() {
            HashMap::new()
        } else {
            objects.iter().map(|o| (o.root().index(), o.reference())).collect()
        };
        for duplicate in duplicates.into_iter().take(MAX_FINDINGS) {
            let at = owned(tree.root().goto(duplicate.kept), &owners);
            let key = at.key_place();
            let message = format!("key `{}` is given twice", shown(at.key().unwrap_or("")));
            self.loaded.diagnostics.push(
                Diagnostic::new(codes::DUPLICATE_KEY, Severity::Error, key, message)
                    .labelled("this one counts")
                    .also(Place::In(document, duplicate.earlier), "first given here"),
            );
        }
        if let Some(start) = after_end {
            let place = Place::In(document, start..start.saturating_add(1));
            let message = "what follows the end of the document (`...`) is not read";
            self.loaded.diagnostics.push(
                Diagnostic::new(codes::AFTER_END, Severity::Error, place, message)
                    .help("begin the next document with a line `---`"),
            );
        }
    }

    /// The objects of a document, as long as there may be more of them.
    fn objects(&mut self, tree: &Arc<Tree>, drafts: Vec<Draft>, text: &str) {
        let limit = self.limits.objects;
        let room = limit.saturating_sub(self.loaded.objects.len());
        let beyond = drafts.get(room).map(|draft| tree.root().goto(draft.root).at());
        self.loaded.objects.extend(drafts.into_iter().take(room).map(|d| Object::new(tree, d)));
        let Some(place) = beyond else { return };
        self.unreadable(tree.document, text);
        if !self.crowded {
            self.crowded = true;
            let message = format!("more than {limit} objects: none is taken from here on");
            let found = Diagnostic::new(codes::LIMIT, Severity::Error, place, message);
            self.loaded.diagnostics.push(found.refusing());
        }
    }

    fn refuse(&mut self, file: &mut FileState<'_>, refusal: Refusal, text: &str, start: usize) {
        if !self.has_room(file, start) {
            return;
        }
        let refusal = file.broken_in(&(start..start + text.len())).unwrap_or(refusal);
        let range = start..start + text.len();
        let document = self.loaded.sources.add_document(file.index, range, None);
        self.loaded.counts.documents += 1;
        self.unreadable(document, text);
        if breaks_at_template(text, refusal.range.start as usize) {
            file.mark_template(document, text);
        } else {
            self.say(document, refusal);
        }
    }

    fn unreadable(&mut self, document: DocumentId, text: &str) {
        let policy_kind = object::policy_kind_named(text);
        self.loaded.unreadable.push(Unreadable { document, policy_kind });
    }

    fn say(&mut self, document: DocumentId, refusal: Refusal) {
        let place = Place::In(document, refusal.range);
        let found = Diagnostic::new(refusal.code, Severity::Error, place, refusal.message);
        let found = match refusal.help {
            Some(help) => found.help(help),
            None => found,
        };
        self.loaded.diagnostics.push(found.refusing());
    }
}

impl<'a> FileState<'a> {
    fn text(&self, range: Range<usize>) -> &'a str {
        self.text.as_str().get(range).unwrap_or("")
    }

    fn broken_in(&self, range: &Range<usize>) -> Option<Refusal> {
        let first = self.broken.partition_point(|at| *at < range.start);
        let at = self.broken.get(first).filter(|at| **at < range.end)? - range.start;
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        let message = "a byte that is not UTF-8";
        Some(Refusal::new(codes::ENCODING, at..at.saturating_add(1), message))
    }

    fn mark_template(&mut self, document: DocumentId, text: &str) {
        if self.template.is_some() {
            return;
        }
        let start = memmem::find(text.as_bytes(), b"{{").unwrap_or(0);
        let end =
            text.get(start..).and_then(|t| t.find("}}")).map_or(start + 2, |at| start + at + 2);
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.template = Some((document, offset(start)..offset(end)));
    }
}

/// Whether text that cannot be read from `at` on has a `{{` there, or on the line above.
fn breaks_at_template(text: &str, at: usize) -> bool {
    let mut lines_above = memrchr_iter(b'\n', text.as_bytes().get(..at).unwrap_or_default());
    let start = lines_above.nth(1).unwrap_or(0);
    let below = text.get(at..).unwrap_or("");
    let end = at + below.find('\n').unwrap_or(below.len());
    text.get(start..end).is_some_and(|lines| lines.contains("{{"))
}

/// The node as part of the object it belongs to.
fn owned<'a>(at: Cursor<'a>, owners: &HashMap<u32, &'a Arc<ObjectRef>>) -> Cursor<'a> {
    let mut node = Some(at);
    while let Some(here) = node {
        if let Some(owner) = owners.get(&here.index()) {
            return at.owned_by(owner);
        }
        node = here.parent();
    }
    at
}

/// User text, short enough for a sentence.
fn shown(text: &str) -> String {
    /// Longer texts are cut: a sentence with one would not be read.
    const MAX_CHARS: usize = 60;
    match text.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or("")),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MAX_KEY_BYTES;

    fn read(files: &[(&str, &[u8])]) -> Loaded {
        let input = |(name, bytes): &(&str, &[u8])| Input {
            name: (*name).to_owned(),
            bytes: bytes.to_vec(),
        };
        load(files.iter().map(input).collect(), &Limits::default())
    }

    /// What was found: objects, then findings with file, line, column and underlined text.
    fn summary(loaded: &Loaded) -> Vec<String> {
        let objects = loaded.objects.iter().map(|o| {
            let at = loaded.sources.locate(&o.root().at()).expect("objects have places");
            format!("{} {}: {}:{}", o.api_version(), o.reference(), at.input, at.line)
        });
        let findings = loaded.diagnostics.iter().map(|d| {
            let place = d.place().expect("findings have places");
            let at = loaded.sources.locate(place).expect("places can be found");
            let underlined = &loaded.sources.file_text(place.document())[at.range.clone()];
            format!(
                "{} {}:{}:{} {underlined:?} {}",
                d.code, at.input, at.line, at.column, d.message
            )
        });
        objects.chain(findings).collect()
    }

    fn check(text: &str, want: &[&str]) {
        assert_eq!(summary(&read(&[("f", text.as_bytes())])), want, "{text}");
    }

    #[test]
    fn documents_and_lists() {
        check(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n",
            &["v1 Pod b/a: f:1"],
        );
        check("# x\n---\n\napiVersion: apps/v1\nkind: Deployment\n", &["apps/v1 Deployment : f:4"]);
        check(
            r#"{"apiVersion":"v1","kind":"Pod"} {"apiVersion":"v1","kind":"Node"}"#,
            &["v1 Pod : f:1", "v1 Node : f:1"],
        );
        check(
            "{apiVersion: v1, kind: Pod}\n---\n{\"apiVersion\":\"v1\",\"kind\":\"Node\"}",
            &["v1 Pod : f:1", "v1 Node : f:3"],
        );
        check(
            "\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod}
- apiVersion: rbac.authorization.k8s.io/v1
  kind: RoleList
  items:
  - metadata: {name: r}
",
            &["v1 Pod : f:4", "rbac.authorization.k8s.io/v1 Role r: f:8"],
        );
        check("apiVersion: v1\nkind: PodList\nitems: null\n", &[]);
        check("apiVersion: x/v1\nkind: AllowList\nspec: {}\n", &["x/v1 AllowList : f:1"]);
    }

    #[test]
    fn one_bad_document_does_not_stop_the_rest() {
        let text = "\
apiVersion: v1
kind: Node
---
kind: NetworkPolicy
a: b: c
---
apiVersion: v1
kind: Pod
";
        let loaded = read(&[("f", text.as_bytes())]);
        let fault = "YA001 f:5:5 \":\" a key cannot stand here";
        assert_eq!(summary(&loaded), ["v1 Node : f:1", "v1 Pod : f:7", fault]);
        let policy_kind = Some("NetworkPolicy".to_owned());
        assert_eq!(loaded.unreadable, [Unreadable { document: DocumentId(1), policy_kind }]);
    }

    #[test]
    fn faults_in_reading() {
        check(
            "{\"a\": 1,\n \"b\" 2}",
            &["YA001 f:2:6 \"2\" not valid JSON: expected `:` here, found `2`"],
        );
        check("a: 'x\n", &["YA001 f:1:5 \"x\" a quoted text is not closed"]);
        check(
            "apiVersion: v1\nkind: Pod\nspec: {a: 1,\n  a: 2}\n",
            &["v1 Pod : f:1", "YA002 f:4:3 \"a\" key `a` is given twice"],
        );
        check("kind: Pod\n", &["YA009 f:1:7 \"Pod\" an object without `apiVersion`"]);
        check("apiVersion: v1\nkind:\n", &["YA009 f:1:13 \"v1\" an object without `kind`"]);
        check(
            "apiVersion: v1\nkind: List\nitems: [1]\n",
            &["YA009 f:3:9 \"1\" an item that is no object"],
        );
        check(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: 12, namespace: [a]}\n",
            &[
                "v1 Pod 12: f:1",
                "YA012 f:3:18 \"12\" `metadata.name` must be a string, not a number",
                "YA012 f:3:33 \"[a]\" `metadata.namespace` must be a string, not a list",
            ],
        );
        check(
            "apiVersion: v1\nkind: Pod\n...\nkind: Node\n",
            &[
                "v1 Pod : f:1",
                "YA011 f:4:1 \"k\" what follows the end of the document (`...`) is not read",
            ],
        );
    }

    #[test]
    fn what_names_the_object_knows_the_object() {
        let text = b"apiVersion: v1\nkind: Pod\nmetadata: {name: 1, name: 2}\n";
        let loaded = read(&[("f", text)]);
        for diagnostic in &loaded.diagnostics {
            let object = diagnostic.origin().and_then(|o| o.object.as_ref());
            assert_eq!(object.map(ToString::to_string).as_deref(), Some("Pod 2"), "{diagnostic:?}");
        }
        assert_eq!(loaded.diagnostics.len(), 2);
    }

    #[test]
    fn bytes_that_are_no_text() {
        let good = b"apiVersion: v1\nkind: Pod\n";
        for (bytes, want) in [
            (&b"\xff\xfea\0"[..], "YA005 f:1:1 \"\" the file is UTF-16, not UTF-8"),
            (b"\x7fELF\0", "YA005 f:1:1 \"\" the file is binary, not text"),
            (b"a: b\nc: \xe9\n", "YA005 f:2:4 \"?\" a byte that is not UTF-8"),
            (b"a: \x07", "YA005 f:1:4 \"\\u{7}\" the character U+0007 is not allowed in YAML"),
        ] {
            assert_eq!(summary(&read(&[("f", bytes), ("g", good)])), ["v1 Pod : g:1", want]);
        }
        let mixed = b"a: \xff\n---\napiVersion: v1\nkind: Pod\n";
        assert_eq!(
            summary(&read(&[("f", mixed)])),
            ["v1 Pod : f:3", "YA005 f:1:4 \"?\" a byte that is not UTF-8"]
        );
    }

    #[test]
    fn everything_is_counted() {
        let text = "\
---
# only a comment
---
null
---
a: 1
---
[1]
---
apiVersion: v1
kind: List
items: [{apiVersion: v1, kind: Pod}, {apiVersion: v1, kind: Pod}]
---
a: '
";
        let loaded = read(&[("f", text.as_bytes()), ("empty", b""), ("mark", b"\xef\xbb\xbf")]);
        let want = Counts { documents: 4, objects: 2, empty: 4, not_ours: 2, templated: 0 };
        assert_eq!(loaded.counts, want);
        assert_eq!(loaded.unreadable.len(), 1);
    }

    #[test]
    fn a_template_is_said_once() {
        let chart = "\
{{- if .Values.on }}
kind: NetworkPolicy
---
name: {{ .Values.name }}
---
apiVersion: v1
kind: Pod
metadata:
  name: a-{{ .Release.Name }}
";
        let loaded = read(&[("f", chart.as_bytes())]);
        let said = "this file is a template that has not been rendered";
        let note = format!("YA010 f:1:1 \"{{{{- if .Values.on }}}}\" {said}");
        assert_eq!(summary(&loaded), ["v1 Pod a-{{ .Release.Name }}: f:6", &note]);
        assert_eq!((loaded.counts.templated, loaded.unreadable.len()), (1, 2));
        // Alerts quote templates of their own: there is nothing to render.
        let alert = "apiVersion: v1\nkind: Pod\nx: '{{ $labels.a }}'\ny: |\n  {{ b }}\n";
        check(alert, &["v1 Pod : f:1"]);
        let broken = format!("{alert}z: 1\nb: c: d\n");
        check(&broken, &["YA001 f:7:5 \":\" a key cannot stand here"]);
    }

    #[test]
    fn limits_are_said_and_the_rest_is_read() {
        let limits = Limits { file_bytes: 64, nodes: 11, documents: 4, ..Limits::default() };
        let file =
            |name: &str, text: &str| Input { name: name.into(), bytes: text.as_bytes().to_vec() };
        let pod = "apiVersion: v1\nkind: Pod\n";
        let large = "a".repeat(65);
        let files = [("large", large.as_str()), ("f", pod), ("many", "a: [1, 2, 3, 4, 5, 6, 7]\n")];
        let more = [("g", pod), ("h", pod), ("i", pod)];
        let files = files.iter().chain(&more).map(|(name, text)| file(name, text)).collect();
        assert_eq!(
            summary(&load(files, &limits)),
            [
                "v1 Pod : f:1",
                "v1 Pod : g:1",
                "YA008 large:1:1 \"\" the file is larger than 0 MiB",
                "YA008 many:1:23 \"7\" more than 8 values",
                "YA008 h:1:1 \"\" more than 4 documents: nothing is read from here on",
            ]
        );
    }

    #[test]
    fn every_limit_of_a_document_is_said_where_it_is_crossed() {
        let whole = Limits::default();
        for (limits, text, want) in [
            (
                Limits { items: 3, ..whole.clone() },
                "a: [1, 2, 3]\nb: [4, 5, 6, 7]",
                "f:2:14 \"7\" a list with more than 3 items",
            ),
            (
                Limits { items: 3, ..whole.clone() },
                "{\"a\": 1, \"b\": 2, \"c\": {}, \"d\": 3}",
                "f:1:32 \"3\" a map with more than 3 entries",
            ),
            (
                Limits { nodes: 3, ..whole.clone() },
                "a: 1\nb: 2\nc: 3\n",
                "f:3:4 \"3\" more than 3 values",
            ),
            (
                Limits { key_bytes: 3, ..whole.clone() },
                "abc:\n  abcd: 1\n",
                "f:2:3 \"abcd\" key longer than 3 bytes",
            ),
            (
                Limits { key_bytes: usize::MAX, ..whole.clone() },
                &format!("{{\"{}\": 1}}", "k".repeat(MAX_KEY_BYTES + 1)),
                "key longer than 16777215 bytes",
            ),
            (
                Limits { depth: 3, ..whole.clone() },
                "a: {b: {c: d}}\ne: [[[]]]\n",
                "f:2:6 \"[\" nested deeper than 3 levels",
            ),
            (
                Limits { alias_nodes: 3, ..whole.clone() },
                "a: &a [1, 2]\nb: *a\nc: *a\n",
                "f:3:4 \"*a\" aliases expand beyond the limit",
            ),
            (
                Limits { alias_factor: 1, ..whole.clone() },
                &format!("a: &a {}\nb: [*a, *a, *a]\n", "x".repeat(100)),
                "f:2:9 \"*a\" aliases expand beyond the limit",
            ),
        ] {
            // The other file is read: what was refused takes no room.
            let files = [("f", text), ("g", "a: 1\n")].map(|(name, text)| Input {
                name: name.to_owned(),
                bytes: text.as_bytes().to_vec(),
            });
            let loaded = load(files.into(), &limits);
            let said = summary(&loaded);
            assert!(said.iter().any(|line| line.contains(want)), "{said:?} says not {want}");
            assert_eq!(loaded.unreadable.first().map(|u| u.document), Some(DocumentId(0)));
            assert_eq!(loaded.counts.not_ours, 1, "{want}");
        }
    }

    #[test]
    fn objects_beyond_the_limit_are_not_taken() {
        let pod = "apiVersion: v1\nkind: Pod\n";
        let list = "apiVersion: v1\nkind: RoleList\nitems: [{metadata: {name: a}}, {metadata: {name: b}}]\n";
        let text = [pod, list, pod].join("---\n");
        let input = Input { name: "f".into(), bytes: text.into_bytes() };
        let loaded = load(vec![input], &Limits { objects: 2, ..Limits::default() });
        assert_eq!(
            summary(&loaded),
            [
                "v1 Pod : f:1",
                "v1 Role a: f:6",
                "YA008 f:6:32 \"{metadata: {name: b}}\" more than 2 objects: none is taken from here on",
            ]
        );
        let policy_kind = Some("Role".to_owned());
        assert_eq!(
            loaded.unreadable,
            [
                Unreadable { document: DocumentId(1), policy_kind },
                Unreadable { document: DocumentId(2), policy_kind: None },
            ]
        );
        assert_eq!((loaded.counts.documents, loaded.counts.objects), (3, 2));
    }

    /// With limits that are crossed on the way, which depends on what was read before.
    #[test]
    fn any_number_of_threads_reads_the_same() {
        let documents: String = (0..4000)
            .map(|i| match i % 8 {
                0 => format!("---\nkind: Role\na: {i}\nb: {{c: d: e}}\n"),
                1 => format!("---\n{{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}} [{i}] {{\"a\": 1, \"a\": 2}}\n"),
                2 => "---\n# nothing\n".to_owned(),
                3 => format!("---\nnot: ours\nl: [{}1]\n", "1, ".repeat(i % 100)),
                4 => "---\nnull\n".to_owned(),
                5 => format!("---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {i}}}}}\n"),
                _ => format!("---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: n{i}\nx: &x [{i}]\ny: *x\n"),
            })
            .collect();
        let read = |threads, nodes, documents_max| {
            let files = ["f", "g"]
                .map(|name| Input { name: name.to_owned(), bytes: documents.clone().into_bytes() });
            let limits = Limits { threads, nodes, documents: documents_max, ..Limits::default() };
            let loaded = load(files.into(), &limits);
            let said: Vec<String> =
                loaded.diagnostics.iter().map(|found| format!("{found:?}")).collect();
            let objects: Vec<String> = loaded
                .objects
                .iter()
                .map(|o| format!("{:?} {}", o.origin(), o.root().to_json()))
                .collect();
            (objects, said, loaded.counts, loaded.unreadable)
        };
        assert!(documents.len() > 128 << 10, "{} bytes", documents.len());
        for (nodes, documents_max) in
            [(usize::MAX, usize::MAX), (20_000, usize::MAX), (7, usize::MAX), (30_000, 3_001)]
        {
            let one = read(1, nodes, documents_max);
            assert_eq!(one, read(3, nodes, documents_max), "{nodes} values");
        }
    }

    #[test]
    fn findings_are_bounded() {
        let pod = "apiVersion: v1\nkind: Pod\n";
        let twice = format!("{pod}{}", "a: 1\n".repeat(1000));
        let items = format!("apiVersion: v1\nkind: List\nitems:\n{}", "- 1\n".repeat(1000));
        for text in [twice, items] {
            let loaded = read(&[("f", text.as_bytes())]);
            assert_eq!(loaded.diagnostics.len(), MAX_FINDINGS, "{}", &text[..50]);
        }
    }

    #[test]
    fn secrets_are_known_wherever_they_stand() {
        let text = "\
apiVersion: v1
kind: Secret
metadata:
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}', other: x}
data: {a: c2VjcmV0}
stringData:
  b: |
    secret
---
apiVersion: v1
kind: SecretList
items:
- data: {a: b}
---
apiVersion: v1
kind: Pod
spec:
  containers:
  - env: [{name: DB_PASSWORD, value: secret}, {name: HOST, value: shown}]
---
kind: Secret
type: Opaque
immutable: true
Data: {a: c2VjcmV0}
---
kind: Pod
metadata: {name: my-token, labels: {a: b}}
env: [{name: API_TOKEN, valu: misspelt}, {name: API_KEY, valueFrom: {secretKeyRef: {name: a, key: b}}}]
";
        let loaded = read(&[("f", text.as_bytes())]);
        let hidden = |document| -> Vec<&str> {
            loaded.sources.secret_ranges(document).into_iter().map(|r| &text[r]).collect()
        };
        assert_eq!(hidden(DocumentId(0)), ["'{}'", "{a: c2VjcmV0}", "b: |\n    secret"]);
        assert_eq!(hidden(DocumentId(1)), ["{a: b}"]);
        assert_eq!(hidden(DocumentId(2)), ["secret"]);
        // A misspelt key makes no value less secret.
        assert_eq!(hidden(DocumentId(3)), ["{a: c2VjcmV0}"]);
        assert_eq!(hidden(DocumentId(4)), ["misspelt"]);
        let secret = loaded.objects.first().and_then(|o| o.root().field("data")?.field("a"));
        assert!(secret.is_some_and(Cursor::is_secret));
    }

    #[test]
    fn places_count_characters_and_skip_the_mark() {
        let text = "\u{feff}apiVersion: v1\r\nkind: Pod\r\né: [ü, x]\r\n";
        let loaded = read(&[("f", text.as_bytes())]);
        let object = loaded.objects.first().expect("one object");
        let at = |c: Cursor<'_>| {
            let l = loaded.sources.locate(&c.at()).expect("a place");
            (l.line, l.column, l.end_line, l.end_column)
        };
        assert_eq!(at(object.root()), (1, 1, 3, 10));
        let list = object.root().field("é").expect("the list");
        assert_eq!(at(list), (3, 4, 3, 10));
        assert_eq!(list.items().nth(1).map(at), Some((3, 8, 3, 9)));
        let absent = Place::At(object.origin().field("spec").field("x"));
        assert_eq!(loaded.sources.locate(&absent).map(|l| l.line), Some(1));
        assert_eq!(loaded.sources.document_name(DocumentId::BUILT_IN), "built-in");
        let origin = object.origin();
        let built_in = portcullis_core::Origin { document: DocumentId::BUILT_IN, ..origin };
        assert_eq!(loaded.sources.locate(&Place::At(built_in)), None);
    }
}
