//! One document as an arena of nodes, and the cursor that walks it.
//!
//! Nodes stand in the order of the text, a parent before its children, so that a subtree is a
//! slice: the children of a node follow it, and the next sibling is where the subtree ends. Nodes
//! know their parent and the step from it, and a [`FieldPath`] is made only when one is asked for.

use std::borrow::Cow;
use std::sync::Arc;

use portcullis_core::{DocumentId, FieldPath, ObjectRef, Origin, Place, Step};
use serde_json::Value as Json;
use smol_str::SmolStr;

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

/// What a node holds; the children of maps and lists follow it in the arena.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(SmolStr),
    Map,
    List,
}

impl Value {
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

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) parent: u32,
    /// The index after the last node of this subtree.
    pub(crate) end: u32,
    pub(crate) step: Step,
    pub(crate) value: Value,
    /// Given again further down, or a `<<` whose entries were merged: there, but not to be seen.
    pub(crate) hidden: bool,
}

/// The nodes of one document. The root is node 0; a tree is never empty.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) document: DocumentId,
    pub(crate) nodes: Vec<Node>,
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

    fn value(self) -> &'a Value {
        self.here().map_or(&Value::Null, |n| &n.value)
    }

    /// What it is.
    pub fn kind(self) -> NodeKind {
        match self.value() {
            Value::Null => NodeKind::Null,
            Value::Bool(_) => NodeKind::Bool,
            Value::Int(_) => NodeKind::Int,
            Value::Float(_) => NodeKind::Float,
            Value::String(_) => NodeKind::String,
            Value::Map => NodeKind::Map,
            Value::List => NodeKind::List,
        }
    }

    /// Whether it is null. Kubernetes reads a field that is null as one that is absent.
    pub fn is_null(self) -> bool {
        self.kind() == NodeKind::Null
    }

    /// The field `name` of a map, letter case counting; none if this is no map. A field that is
    /// null is there. Of a key given twice, the last.
    pub fn field(self, name: &str) -> Option<Cursor<'a>> {
        self.entries().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Key and value of every entry of a map, in the order written (merged ones last); nothing if
    /// this is no map.
    pub fn entries(self) -> impl Iterator<Item = (&'a str, Cursor<'a>)> {
        let is_map = self.kind() == NodeKind::Map;
        self.children().filter(move |_| is_map).filter_map(|child| match &child.here()?.step {
            Step::Field(name) => Some((name.as_str(), child)),
            Step::Index(_) => None,
        })
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
                if !node.hidden {
                    return Some(child);
                }
            }
            None
        })
    }

    /// The text of a string; none for anything else, also for a number.
    pub fn as_str(self) -> Option<&'a str> {
        match self.value() {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean.
    pub fn as_bool(self) -> Option<bool> {
        match self.value() {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The whole number; also one written `80.0` or `8e1`, see [`NodeKind::Int`]. None for a
    /// string of digits.
    pub fn as_i64(self) -> Option<i64> {
        match self.value() {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// Any number.
    pub fn as_f64(self) -> Option<f64> {
        match self.value() {
            Value::Int(n) => Some(*n as f64),
            Value::Float(f) => Some(*f),
            _ => None,
        }
    }

    /// How a scalar prints; none for maps and lists. Ask [`Cursor::is_secret`] before showing it.
    pub fn scalar(self) -> Option<Cow<'a, str>> {
        Some(match self.value() {
            Value::Null => "null".into(),
            Value::Bool(true) => "true".into(),
            Value::Bool(false) => "false".into(),
            Value::Int(n) => n.to_string().into(),
            Value::Float(f) => float_text(*f).into(),
            Value::String(text) => text.as_str().into(),
            Value::Map | Value::List => return None,
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
        match &self.here()?.step {
            Step::Field(name) => Some(name),
            Step::Index(_) => None,
        }
    }

    /// The way to it from the root of the document.
    pub fn path(self) -> FieldPath {
        let mut steps = Vec::new();
        let mut at = self;
        while let (Some(parent), Some(node)) = (at.parent(), at.here()) {
            steps.push(&node.step);
            at = parent;
        }
        steps.into_iter().rev().fold(FieldPath::root(), |path, step| match step {
            Step::Field(name) => path.field(name.clone()),
            Step::Index(index) => path.index(*index),
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
            Value::Null => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Int(n) => Json::from(*n),
            Value::Float(f) => Json::from(*f),
            Value::String(text) => Json::String(text.to_string()),
            Value::Map => {
                Json::Object(self.entries().map(|(k, v)| (k.to_owned(), v.to_json())).collect())
            }
            Value::List => Json::Array(self.items().map(Cursor::to_json).collect()),
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
