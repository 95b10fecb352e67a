//! From inputs to objects.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use memchr::{memmem, memrchr_iter};
use portcullis_core::{Diagnostic, DocumentId, ObjectRef, Place, Severity};

use crate::codes;
use crate::compose::{Budget, Parsed, Refusal};
use crate::object::{self, Contents, Object};
use crate::source::{Format, Sources, parse};
use crate::split;
use crate::tree::Cursor;

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

/// What reading may cost. What is beyond is refused with a diagnostic.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one file. A dump of a cluster with ten thousand pods is about 100 MB.
    pub file_bytes: usize,
    /// Documents in all inputs.
    pub documents: usize,
    /// Values in all documents. One takes about 100 bytes of memory, and 10 to 20 bytes of text.
    pub nodes: usize,
    /// Maps and lists inside each other. The API's deepest schema, written out, has 40 levels.
    /// Readers may recurse this deep, so it must fit the stack of a thread.
    pub depth: usize,
    /// Values that the aliases of one document may expand to.
    pub alias_nodes: usize,
    /// How many times its own size the aliases of a document may expand to in bytes.
    pub alias_factor: usize,
    /// Bytes of one key. The API's longest, of annotations, have 317.
    pub key_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 256 << 20,
            documents: 1_000_000,
            nodes: 20_000_000,
            depth: 200,
            alias_nodes: 1_000_000,
            alias_factor: 10,
            key_bytes: 16 << 10,
        }
    }
}

impl Limits {
    /// What any one document may use.
    pub(crate) fn budget(&self) -> Budget {
        Budget {
            depth: self.depth,
            nodes: self.nodes,
            alias_nodes: self.alias_nodes,
            alias_factor: self.alias_factor,
            key_bytes: self.key_bytes,
        }
    }
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
        loaded: Loaded { sources: Sources::new(limits.budget()), ..Loaded::default() },
    };
    for input in inputs {
        loader.input(input);
    }
    loader.loaded.counts.objects = loader.loaded.objects.len();
    loader.loaded
}

struct Loader<'a> {
    limits: &'a Limits,
    /// Values in all documents so far.
    nodes: usize,
    /// Whether it was said that there are too many documents.
    full: bool,
    loaded: Loaded,
}

/// What the documents of one file have in common.
#[derive(Default)]
struct FileState {
    index: usize,
    /// Where bytes were that are not UTF-8.
    broken: Vec<usize>,
    /// The first `{{` in a document that shows the file to be a template.
    template: Option<(DocumentId, Range<u32>)>,
}

impl Loader<'_> {
    fn input(&mut self, input: Input) {
        let limit = self.limits.file_bytes;
        if input.bytes.len() > limit {
            let message = format!("the file is larger than {} MiB", limit >> 20);
            return self.refuse_file(input.name, Refusal::new(codes::LIMIT, 0..0, message));
        }
        let decoded = match split::decode(input.bytes) {
            Ok(decoded) => decoded,
            Err(why) => {
                return self.refuse_file(input.name, Refusal::new(codes::ENCODING, 0..0, why));
            }
        };
        let pieces = split::pieces(&decoded.text);
        let index = self.loaded.sources.add_file(input.name, String::new());
        let mut file = FileState { index, broken: decoded.broken, template: None };
        for (i, piece) in pieces.iter().enumerate() {
            let Some(text) = decoded.text.get(piece.clone()) else { continue };
            if split::is_blank(text) {
                // What stands before the first `---` is a heading rather than a document.
                let is_heading = i == 0 && pieces.len() > 1 && !text.starts_with("---");
                if !is_heading {
                    self.loaded.counts.empty += 1;
                }
                continue;
            }
            self.piece(&mut file, text, piece.start);
        }
        self.loaded.sources.set_text(index, decoded.text);
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
        let file = self.loaded.sources.add_file(name, String::new());
        let document = self.loaded.sources.add_document(file, 0..0, None);
        self.loaded.counts.documents += 1;
        self.loaded.unreadable.push(Unreadable { document, policy_kind: None });
        self.say(document, refusal);
    }

    /// What stands between two `---`: one YAML document, or JSON values one after the other.
    fn piece(&mut self, file: &mut FileState, text: &str, start: usize) {
        let json_at = text.len() - split::without_mark(text).trim_start().len();
        let mut at = if text.get(json_at..).is_some_and(|t| t.starts_with(['{', '['])) {
            json_at
        } else {
            return self.yaml(file, text, start);
        };
        while let Some(rest) = text.get(at..).filter(|rest| !rest.trim().is_empty()) {
            let blanks = rest.len() - rest.trim_start().len();
            let (rest, from) = (rest.trim_start(), start + at + blanks);
            match self.read(rest, Format::Json) {
                Ok(Some((parsed, taken))) => {
                    self.accept(file, parsed, rest, from..from + taken, Format::Json);
                    at += blanks + taken;
                }
                Ok(None) => return,
                // Flow style without quotes is YAML too. What is neither was meant as JSON.
                Err(refusal) => {
                    return match self.read(rest, Format::Yaml) {
                        Ok(Some((parsed, taken))) if parsed.after_end.is_none() => {
                            self.accept(file, parsed, rest, from..from + taken, Format::Yaml);
                        }
                        _ => self.refuse(file, refusal, rest, from),
                    };
                }
            }
        }
    }

    fn yaml(&mut self, file: &mut FileState, text: &str, start: usize) {
        let range = start..start + text.len();
        match self.read(text, Format::Yaml) {
            Ok(Some((parsed, _))) => self.accept(file, parsed, text, range, Format::Yaml),
            Ok(None) => self.loaded.counts.empty += 1,
            Err(refusal) => self.refuse(file, refusal, text, start),
        }
    }

    fn read(&self, text: &str, format: Format) -> Result<Option<(Parsed, usize)>, Refusal> {
        let left = self.limits.nodes.saturating_sub(self.nodes);
        let budget = Budget { nodes: left, ..self.limits.budget() };
        parse(text, format, self.loaded.sources.next_document(), budget)
    }

    /// Whether there may be one more document; says so the first time there may not.
    fn has_room(&mut self, file: &FileState, start: usize) -> bool {
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

    fn accept(
        &mut self,
        file: &mut FileState,
        parsed: Parsed,
        text: &str,
        range: Range<usize>,
        format: Format,
    ) {
        if let Some(refusal) = file.broken_in(&range) {
            return self.refuse(file, refusal, text, range.start);
        }
        if !self.has_room(file, range.start) {
            return;
        }
        self.nodes += parsed.tree.nodes.len();
        let Parsed { tree, duplicates, spans: _, after_end, templated } = parsed;
        let tree = Arc::new(tree);
        let mut said = Vec::new();
        let contents = object::find(&tree, &mut said);
        if matches!(contents, Contents::Empty) {
            self.loaded.counts.empty += 1;
            return;
        }
        let document = self.loaded.sources.add_document(file.index, range, Some(format));
        self.loaded.counts.documents += 1;
        if templated {
            file.mark_template(document, text);
        }
        let mut owners = HashMap::new();
        match contents {
            Contents::Empty => {}
            // Somebody else's file: its faults are not for us to find.
            Contents::NotOurs => {
                self.loaded.counts.not_ours += 1;
                return;
            }
            Contents::Unreadable => self.unreadable(document, text),
            Contents::Objects(objects) => {
                owners
                    .extend(objects.iter().map(|o| (o.root().index(), Arc::clone(o.reference()))));
                self.loaded.objects.extend(objects);
            }
        }
        said.truncate(MAX_FINDINGS);
        self.loaded.diagnostics.append(&mut said);
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

    fn refuse(&mut self, file: &mut FileState, refusal: Refusal, text: &str, start: usize) {
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

impl FileState {
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
fn owned<'a>(at: Cursor<'a>, owners: &'a HashMap<u32, Arc<ObjectRef>>) -> Cursor<'a> {
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
