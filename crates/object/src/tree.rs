//! One document as an arena of nodes, and the cursor that walks it.
//!
//! Nodes stand in the order of the text, a parent before its children, so that a subtree is a
//! slice: the children of a node follow it, and the next sibling is where the subtree ends. Nodes
//! know their parent and the step from it, and a [`FieldPath`] is made only when one is asked for.
//!
//! A node has 24 bytes and owns nothing: keys and strings are ranges of the document's text, which
//! is kept for places anyway, or of the few letters that stand nowhere in it as they are read.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use portcullis_core::{DocumentId, FieldPath, ObjectRef, Origin, Place, Step};
use serde_json::Value as Json;

use crate::secret;

/// What a node is, after YAML's tags, booleans and number forms are resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKind {
    /// `null`, `~`, or nothing after the colon.
    Null,
    /// A boolean.
    Bool,
    /// A whole number, however written: Kubernetes reads `1.0` and `1e3` as 1 and 1000, as YAML
    /// is turned into JSON first, and Go prints them so.
    Int,
    /// Any other number.
    Float,
    /// Text.
    String,
    /// A mapping.
    Map,
    /// A sequence.
    List,
}

/// With its article, as people say it: `a map`, `a number`.
impl std::fmt::Display for NodeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Int | Self::Float => "a number",
            Self::String => "a string",
            Self::Map => "a map",
            Self::List => "a list",
        })
    }
}

/// A scalar as a reader hands it over, or the kind of a collection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(Cow<'a, str>),
    Map,
    List,
}

impl Value<'_> {
    /// A number as Kubernetes reads it: whole if it is.
    pub(crate) fn number(float: f64) -> Self {
        // 2⁶³ is exact as f64, and the first that does not fit.
        const END: f64 = 9_223_372_036_854_775_808.0;
        if float.fract() == 0.0 && (-END..END).contains(&float) {
            Self::Int(float as i64)
        } else {
            Self::Float(float)
        }
    }
}

/// A part of the text of a file. Cloning is O(1).
#[derive(Clone, Default)]
pub(crate) struct Text {
    file: Arc<String>,
    // INVARIANT: a range of `file` between characters: only `Text::part` makes another.
    range: Range<usize>,
}

impl Text {
    pub(crate) fn new(file: Arc<String>) -> Self {
        Self { range: 0..file.len(), file }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.file.get(self.range.clone()).unwrap_or("")
    }

    /// The part at `range`, counted from the beginning of this one; nothing if there is no such
    /// part.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        let range = self.range.start.saturating_add(range.start)
            ..self.range.start.saturating_add(range.end).min(self.range.end);
        let range = if self.file.get(range.clone()).is_some() { range } else { 0..0 };
        Self { file: Arc::clone(&self.file), range }
    }

    fn at(&self, start: u32, bytes: u32) -> &str {
        let start = self.range.start + start as usize;
        self.file.get(start..start + bytes as usize).unwrap_or("")
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(Arc::new(text.to_owned()))
    }
}

/// Sizes, never the text.
impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text({:?} of {} bytes)", self.range, self.file.len())
    }
}

/// Where a key or a string stands: in the text of its document, or among the letters that the
/// reader made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) start: u32,
    pub(crate) bytes: u32,
    pub(crate) made: bool,
}

impl Held {
    /// A range of the document's text.
    pub(crate) fn there(start: u32, bytes: u32) -> Self {
        Self { start, bytes, made: false }
    }
}

/// A scalar in the form of a node, or the kind of a collection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Packed {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(Held),
    Map,
    List,
}

/// The step from a parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Key(Held),
    Index(u32),
}

/// Longer keys are refused whatever the limit says: a node has 24 bits for the length.
pub(crate) const MAX_KEY_BYTES: usize = (1 << 24) - 1;

/// One value, with its step from its parent. Read through its methods: the fields are shared
/// between meanings, as every byte here counts some ten million times in a large dump.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) parent: u32,
    /// The index after the last node of this subtree.
    pub(crate) end: u32,
    /// Of an item, its index; of an entry, where its key begins.
    step: u32,
    /// The flags below, and from bit 8 on the length of the key.
    meta: u32,
    /// A number's bits, or where a string begins and, in the upper half, its length.
    bits: u64,
}

/// The kind, as `NodeKind` counts.
const KIND: u32 = 0b111;
/// Given again further down, or a `<<` whose entries were merged: there, but not to be seen.
const HIDDEN: u32 = 1 << 3;
/// An entry of a map.
const KEYED: u32 = 1 << 4;
/// The key was made by the reader.
const KEY_MADE: u32 = 1 << 5;
/// The string was made by the reader.
const TEXT_MADE: u32 = 1 << 6;
const KEY_BYTES_FROM: u32 = 8;

impl Node {
    pub(crate) fn new(parent: u32, end: u32, at: At, value: Packed) -> Self {
        let (kind, bits) = match value {
            Packed::Null => (NodeKind::Null, 0),
            Packed::Bool(b) => (NodeKind::Bool, u64::from(b)),
            Packed::Int(n) => (NodeKind::Int, n.cast_unsigned()),
            Packed::Float(f) => (NodeKind::Float, f.to_bits()),
            Packed::String(held) => {
                (NodeKind::String, u64::from(held.start) | u64::from(held.bytes) << 32)
            }
            Packed::Map => (NodeKind::Map, 0),
            Packed::List => (NodeKind::List, 0),
        };
        let made = matches!(value, Packed::String(Held { made: true, .. }));
        let meta = kind as u32 | if made { TEXT_MADE } else { 0 };
        Self { parent, end, step: 0, meta, bits }.standing(at)
    }

    /// The same value under another step.
    pub(crate) fn standing(mut self, at: At) -> Self {
        self.meta &= KIND | HIDDEN | TEXT_MADE;
        match at {
            At::Index(index) => self.step = index,
            // INVARIANT: no key is longer than `MAX_KEY_BYTES`: the composer refuses it.
            At::Key(key) => {
                self.step = key.start;
                self.meta |= KEYED | key.bytes << KEY_BYTES_FROM;
                self.meta |= if key.made { KEY_MADE } else { 0 };
            }
        }
        self
    }

    /// As it stands in an arena that these nodes are appended to, `nodes` further on, whose made
    /// letters are `made` bytes further on.
    pub(crate) fn moved(mut self, nodes: u32, made: u32) -> Self {
        // INVARIANT: whoever appends has seen that nodes and letters fit 32 bits.
        self.parent = self.parent.wrapping_add(nodes);
        self.end = self.end.wrapping_add(nodes);
        if self.meta & KEY_MADE != 0 {
            self.step = self.step.wrapping_add(made);
        }
        if self.meta & TEXT_MADE != 0 {
            self.bits += u64::from(made);
        }
        self
    }

    pub(crate) fn kind(&self) -> NodeKind {
        match self.meta & KIND {
            1 => NodeKind::Bool,
            2 => NodeKind::Int,
            3 => NodeKind::Float,
            4 => NodeKind::String,
            5 => NodeKind::Map,
            6 => NodeKind::List,
            _ => NodeKind::Null,
        }
    }

    pub(crate) fn is_map(&self) -> bool {
        self.meta & KIND == NodeKind::Map as u32
    }

    pub(crate) fn is_collection(&self) -> bool {
        self.meta & KIND >= NodeKind::Map as u32
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.meta & HIDDEN != 0
    }

    pub(crate) fn hide(&mut self) {
        self.meta |= HIDDEN;
    }

    pub(crate) fn show(&mut self) {
        self.meta &= !HIDDEN;
    }

    pub(crate) fn at(&self) -> At {
        self.key().map_or(At::Index(self.step), At::Key)
    }

    pub(crate) fn key(&self) -> Option<Held> {
        (self.meta & KEYED != 0).then_some(Held {
            start: self.step,
            bytes: self.meta >> KEY_BYTES_FROM,
            made: self.meta & KEY_MADE != 0,
        })
    }

    pub(crate) fn value(&self) -> Packed {
        match self.kind() {
            NodeKind::Null => Packed::Null,
            NodeKind::Bool => Packed::Bool(self.bits != 0),
            NodeKind::Int => Packed::Int(self.bits.cast_signed()),
            NodeKind::Float => Packed::Float(f64::from_bits(self.bits)),
            NodeKind::String => Packed::String(Held {
                // The halves of `bits`: neither loses anything.
                start: self.bits as u32,
                bytes: (self.bits >> 32) as u32,
                made: self.meta & TEXT_MADE != 0,
            }),
            NodeKind::Map => Packed::Map,
            NodeKind::List => Packed::List,
        }
    }
}

/// The nodes of one document. The root is node 0; a tree is never empty.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) document: DocumentId,
    pub(crate) nodes: Box<[Node]>,
    pub(crate) text: Text,
    /// Keys and strings that do not stand in the text as they are read: with escapes, of several
    /// lines, written otherwise.
    pub(crate) made: Box<str>,
}

impl Tree {
    pub(crate) fn root(&self) -> Cursor<'_> {
        Cursor { tree: self, object: None, node: 0 }
    }

    /// The node at `path`; failing that, the deepest one on the way to it, and `false`.
    pub(crate) fn deepest(&self, path: &FieldPath) -> (u32, bool) {
        let mut at = self.root();
        for step in path.steps() {
            match at.step(step) {
                Some(next) => at = next,
                None => return (at.node, false),
            }
        }
        (at.node, true)
    }

    fn held(&self, held: Held) -> &str {
        if !held.made {
            return self.text.at(held.start, held.bytes);
        }
        let start = held.start as usize;
        self.made.get(start..start + held.bytes as usize).unwrap_or("")
    }
}

/// A node of a document, with its place. Copying is free.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    tree: &'a Tree,
    object: Option<&'a Arc<ObjectRef>>,
    node: u32,
}

impl<'a> Cursor<'a> {
    pub(crate) fn of_object(tree: &'a Tree, object: &'a Arc<ObjectRef>, node: u32) -> Self {
        Self { tree, object: Some(object), node }
    }

    pub(crate) fn index(self) -> u32 {
        self.node
    }

    pub(crate) fn goto(self, node: u32) -> Self {
        Self { node, ..self }
    }

    pub(crate) fn owned_by(self, object: &'a Arc<ObjectRef>) -> Self {
        Self { object: Some(object), ..self }
    }

    /// The index after the last node from here down.
    pub(crate) fn end(self) -> u32 {
        self.here().map_or(self.node, |n| n.end)
    }

    fn here(self) -> Option<&'a Node> {
        self.tree.nodes.get(self.node as usize)
    }

    fn value(self) -> Packed {
        self.here().map_or(Packed::Null, Node::value)
    }

    /// What it is.
    pub fn kind(self) -> NodeKind {
        self.here().map_or(NodeKind::Null, Node::kind)
    }

    /// Whether it is null. Kubernetes reads a field that is null as one that is absent.
    pub fn is_null(self) -> bool {
        self.kind() == NodeKind::Null
    }

    /// The field `name` of a map, letter case counting; none if this is no map. A field that is
    /// null is there. Of a key given twice, the last.
    pub fn field(self, name: &str) -> Option<Cursor<'a>> {
        if self.kind() != NodeKind::Map {
            return None;
        }
        // Lengths tell most keys apart without a look at the text.
        self.children().find(|child| {
            child
                .here()
                .and_then(Node::key)
                .is_some_and(|key| key.bytes as usize == name.len() && self.tree.held(key) == name)
        })
    }

    /// Key and value of every entry of a map, in the order written (merged ones last); nothing if
    /// this is no map.
    pub fn entries(self) -> impl Iterator<Item = (&'a str, Cursor<'a>)> {
        let is_map = self.kind() == NodeKind::Map;
        self.children().filter(move |_| is_map).filter_map(|child| Some((child.key()?, child)))
    }

    /// The items of a list; nothing if this is no list.
    pub fn items(self) -> impl Iterator<Item = Cursor<'a>> {
        let is_list = self.kind() == NodeKind::List;
        self.children().filter(move |_| is_list)
    }

    /// How many entries or items it has; 0 for what is neither map nor list.
    pub fn len(self) -> usize {
        self.children().count()
    }

    /// Whether it has neither entry nor item.
    pub fn is_empty(self) -> bool {
        self.children().next().is_none()
    }

    fn children(self) -> impl Iterator<Item = Cursor<'a>> {
        let end = self.end();
        let mut next = self.node.saturating_add(1);
        std::iter::from_fn(move || {
            while next < end {
                let child = self.goto(next);
                let node = child.here()?;
                next = node.end;
                if !node.is_hidden() {
                    return Some(child);
                }
            }
            None
        })
    }

    /// The text of a string; none for anything else, also for a number.
    pub fn as_str(self) -> Option<&'a str> {
        match self.value() {
            Packed::String(text) => Some(self.tree.held(text)),
            _ => None,
        }
    }

    /// The boolean.
    pub fn as_bool(self) -> Option<bool> {
        match self.value() {
            Packed::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// The whole number; also one written `80.0` or `8e1`, see [`NodeKind::Int`]. None for a
    /// string of digits.
    pub fn as_i64(self) -> Option<i64> {
        match self.value() {
            Packed::Int(n) => Some(n),
            _ => None,
        }
    }

    /// Any number.
    pub fn as_f64(self) -> Option<f64> {
        match self.value() {
            Packed::Int(n) => Some(n as f64),
            Packed::Float(f) => Some(f),
            _ => None,
        }
    }

    /// How a scalar prints; none for maps and lists. Ask [`Cursor::is_secret`] before showing it.
    pub fn scalar(self) -> Option<Cow<'a, str>> {
        Some(match self.value() {
            Packed::Null => "null".into(),
            Packed::Bool(true) => "true".into(),
            Packed::Bool(false) => "false".into(),
            Packed::Int(n) => n.to_string().into(),
            Packed::Float(f) => float_text(f).into(),
            Packed::String(text) => self.tree.held(text).into(),
            Packed::Map | Packed::List => return None,
        })
    }

    /// Whether it lies in what nobody may be shown: the values of a Secret, and of environment
    /// variables whose name looks secret.
    pub fn is_secret(self) -> bool {
        secret::is_secret(self)
    }

    /// The map or list it is a child of.
    pub fn parent(self) -> Option<Cursor<'a>> {
        if self.node == 0 { None } else { Some(self.goto(self.here()?.parent)) }
    }

    /// The key it stands under; none for items of lists and for the root.
    pub fn key(self) -> Option<&'a str> {
        self.here()?.key().map(|key| self.tree.held(key))
    }

    /// The way to it from the root of the document.
    pub fn path(self) -> FieldPath {
        let mut steps = Vec::new();
        let mut at = self;
        while let (Some(parent), Some(node)) = (at.parent(), at.here()) {
            steps.push(node.at());
            at = parent;
        }
        steps.into_iter().rev().fold(FieldPath::root(), |path, step| match step {
            At::Key(name) => path.field(self.tree.held(name)),
            At::Index(index) => path.index(index),
        })
    }

    /// Where it is said: document, object and path.
    pub fn origin(self) -> Origin {
        Origin { document: self.tree.document, object: self.object.cloned(), path: self.path() }
    }

    /// Its place, to be underlined.
    pub fn at(self) -> Place {
        Place::At(self.origin())
    }

    /// The place of its key: for saying that the field should not be there.
    pub fn key_place(self) -> Place {
        Place::Key(self.origin())
    }

    fn step(self, step: &Step) -> Option<Cursor<'a>> {
        match step {
            Step::Field(name) => self.field(name),
            Step::Index(index) => self.items().nth(*index as usize),
        }
    }

    /// The node at `path`, which is counted from the root of the document wherever this cursor
    /// stands, as paths of [`Origin`]s are.
    pub fn at_path(self, path: &FieldPath) -> Option<Cursor<'a>> {
        match self.tree.deepest(path) {
            (node, true) => Some(self.goto(node)),
            (_, false) => None,
        }
    }

    /// The subtree as JSON. Recursion is as deep as the document, which is bounded by
    /// [`Limits::depth`](crate::Limits::depth).
    pub fn to_json(self) -> Json {
        match self.value() {
            Packed::Null => Json::Null,
            Packed::Bool(b) => Json::Bool(b),
            Packed::Int(n) => Json::from(n),
            Packed::Float(f) => Json::from(f),
            Packed::String(text) => Json::String(self.tree.held(text).to_owned()),
            Packed::Map => {
                Json::Object(self.entries().map(|(k, v)| (k.to_owned(), v.to_json())).collect())
            }
            Packed::List => Json::Array(self.items().map(Cursor::to_json).collect()),
        }
    }
}

/// Path and kind: never the value, which may be secret.
impl std::fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cursor({}: {})", self.path(), self.kind())
    }
}

/// A float as Go's `encoding/json` prints it: exponents below 1e-6 and from 1e21 on.
fn float_text(f: f64) -> String {
    let size = f.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{f:e}");
        // Rust writes `1e21`, Go `1e+21`.
        if size >= 1.0 { text.replacen('e', "e+", 1) } else { text }
    } else {
        f.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_integers_however_written() {
        for (float, want) in [
            (1.0, Value::Int(1)),
            (-0.0, Value::Int(0)),
            (1e18, Value::Int(1_000_000_000_000_000_000)),
            (1e19, Value::Float(1e19)),
            (-9_223_372_036_854_775_808.0, Value::Int(i64::MIN)),
            (9_223_372_036_854_775_808.0, Value::Float(9_223_372_036_854_775_808.0)),
            (0.5, Value::Float(0.5)),
        ] {
            assert_eq!(Value::number(float), want, "{float}");
        }
    }

    #[test]
    fn floats_print_as_go_prints_them() {
        for (float, want) in
            [(0.5, "0.5"), (1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-7, "1e-7")]
        {
            assert_eq!(float_text(float), want);
        }
    }
}
