//! From a stream of nodes, in the order of the text, to a [`Tree`]: duplicates, merges, aliases and
//! limits are settled here, for YAML and JSON alike.

use std::collections::HashMap;
use std::ops::Range;

use portcullis_core::{Code, DocumentId, Step};
use smol_str::SmolStr;

use crate::codes;
use crate::tree::{Node, Tree, Value};

/// The byte range of a node's value and of its key, within the document; the key's is empty where
/// there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) value: Range<u32>,
    pub(crate) key: Range<u32>,
}

/// A document that was read.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) tree: Tree,
    /// One for each node of the tree.
    pub(crate) spans: Vec<Span>,
    pub(crate) duplicates: Vec<Duplicate>,
    /// Where text begins that follows the document's end and is not read.
    pub(crate) after_end: Option<u32>,
    /// Whether an unquoted scalar holds `{{`: the document passes for YAML, but is a template.
    pub(crate) templated: bool,
}

/// A key given more than once.
#[derive(Debug)]
pub(crate) struct Duplicate {
    /// The node that counts.
    pub(crate) kept: u32,
    /// The key of the one that does not.
    pub(crate) earlier: Range<u32>,
}

/// Why a document could not be read: it stops there, as it does for Kubernetes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) range: Range<u32>,
    pub(crate) help: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(code: Code, range: Range<u32>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), range, help: None }
    }

    pub(crate) fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }
}

/// What one document may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Maps and lists inside each other.
    pub(crate) depth: usize,
    pub(crate) nodes: usize,
    /// Values that aliases and merges may add.
    pub(crate) alias_nodes: usize,
    /// How many times the document's own size aliases may expand to.
    pub(crate) alias_factor: usize,
    pub(crate) key_bytes: usize,
}

/// What an anchor names.
#[derive(Clone)]
enum Anchored {
    /// A map or list that is still being read.
    Open,
    Node(u32),
    /// A key, which is no node.
    Key(Value),
}

/// A map or list that is not finished.
struct Open {
    node: u32,
    items: u32,
    /// In a map: the key that waits for its value.
    key: Option<(SmolStr, Range<u32>)>,
    /// In a map: the entries under a plain `<<`.
    merges: Vec<u32>,
    /// In a map: whether the waiting key is such a `<<`.
    merge_next: bool,
    /// Where the last child ends.
    end: u32,
    anchor: Option<usize>,
}

/// Takes keys, scalars, openings, closings and aliases in the order of the text.
pub(crate) struct Composer {
    budget: Budget,
    nodes: Vec<Node>,
    spans: Vec<Span>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    duplicates: Vec<Duplicate>,
    alias_nodes: usize,
    alias_bytes_left: usize,
}

impl Composer {
    pub(crate) fn new(budget: Budget, text_bytes: usize) -> Self {
        Self {
            budget,
            alias_bytes_left: text_bytes.saturating_mul(budget.alias_factor),
            nodes: Vec::new(),
            spans: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            duplicates: Vec::new(),
            alias_nodes: 0,
        }
    }

    /// Whether the next node is a key.
    pub(crate) fn wants_key(&self) -> bool {
        self.open.last().is_some_and(|open| {
            open.key.is_none()
                && self.nodes.get(open.node as usize).is_some_and(|n| n.value == Value::Map)
        })
    }

    /// The range of the waiting key, if the next node is the value of a map's entry.
    pub(crate) fn waiting_key(&self) -> Option<Range<u32>> {
        self.open.last().and_then(|open| open.key.as_ref()).map(|(_, range)| range.clone())
    }

    /// Whether the root is finished.
    pub(crate) fn is_complete(&self) -> bool {
        self.open.is_empty() && !self.nodes.is_empty()
    }

    /// The key of the entry whose value comes next; `merge` if it is a plain `<<`.
    pub(crate) fn key(
        &mut self,
        key: SmolStr,
        merge: bool,
        range: Range<u32>,
    ) -> Result<(), Refusal> {
        let limit = self.budget.key_bytes;
        if key.len() > limit {
            return Err(Refusal::new(
                codes::LIMIT,
                range,
                format!("key longer than {limit} bytes"),
            ));
        }
        if let Some(open) = self.open.last_mut() {
            open.key = Some((key, range));
            open.merge_next = merge;
        }
        Ok(())
    }

    pub(crate) fn scalar(
        &mut self,
        value: Value,
        range: Range<u32>,
        anchor: Option<usize>,
    ) -> Result<(), Refusal> {
        let end = range.end;
        let node = self.push(value, range)?;
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, Anchored::Node(node));
        }
        self.child_ends(end);
        Ok(())
    }

    /// Opens a map or a list. Where it ends comes with [`Composer::close`].
    pub(crate) fn open(
        &mut self,
        value: Value,
        range: Range<u32>,
        anchor: Option<usize>,
    ) -> Result<(), Refusal> {
        if self.open.len() >= self.budget.depth {
            return Err(too_deep(range, self.budget.depth));
        }
        let end = range.end;
        let node = self.push(value, range)?;
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, Anchored::Open);
        }
        self.open.push(Open {
            node,
            items: 0,
            key: None,
            merges: Vec::new(),
            merge_next: false,
            end,
            anchor,
        });
        Ok(())
    }

    /// Closes the innermost map or list. Without an `end` it ends where its last child does.
    pub(crate) fn close(&mut self, end: Option<u32>) -> Result<(), Refusal> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let end = end.unwrap_or(open.end);
        self.settle(&open)?;
        let after = self.next_index();
        if let Some(node) = self.nodes.get_mut(open.node as usize) {
            node.end = after;
        }
        if let Some(span) = self.spans.get_mut(open.node as usize) {
            span.value.end = end.max(span.value.start);
        }
        if let Some(anchor) = open.anchor {
            self.anchors.insert(anchor, Anchored::Node(open.node));
        }
        self.child_ends(end);
        Ok(())
    }

    /// A copy of what the anchor names. The copy's own place is the alias; what is inside it keeps
    /// its place at the anchor, where it is written.
    pub(crate) fn alias(&mut self, anchor: usize, range: Range<u32>) -> Result<(), Refusal> {
        let source = match self.anchors.get(&anchor).cloned() {
            Some(Anchored::Node(source)) => source,
            Some(Anchored::Key(value)) => return self.scalar(value, range, None),
            Some(Anchored::Open) | None => {
                return Err(Refusal::new(codes::ALIAS, range, "alias inside its own anchor"));
            }
        };
        let end = range.end;
        let (parent, step, key) = self.place(&range);
        let copy = self.copy(source, parent, step, &range)?;
        if let Some(span) = self.spans.get_mut(copy as usize) {
            *span = Span { value: range, key };
        }
        self.child_ends(end);
        Ok(())
    }

    /// Remembers a key that has an anchor.
    pub(crate) fn anchor_key(&mut self, anchor: usize, value: Value) {
        self.anchors.insert(anchor, Anchored::Key(value));
    }

    /// What the anchor names, if it is a scalar: for aliases used as keys.
    pub(crate) fn anchored_scalar(&self, anchor: usize) -> Option<Value> {
        match self.anchors.get(&anchor)? {
            Anchored::Open => None,
            Anchored::Node(node) => Some(self.nodes.get(*node as usize)?.value.clone()),
            Anchored::Key(value) => Some(value.clone()),
        }
    }

    pub(crate) fn finish(self, document: DocumentId) -> Parsed {
        Parsed {
            tree: Tree { document, nodes: self.nodes },
            spans: self.spans,
            duplicates: self.duplicates,
            after_end: None,
            templated: false,
        }
    }

    fn next_index(&self) -> u32 {
        // INVARIANT: `Budget::nodes` is far below 2³², and `push` and `copy` keep to it.
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    fn push(&mut self, value: Value, range: Range<u32>) -> Result<u32, Refusal> {
        if self.nodes.len() >= self.budget.nodes {
            let limit = self.budget.nodes;
            return Err(Refusal::new(codes::LIMIT, range, format!("more than {limit} values")));
        }
        let (parent, step, key) = self.place(&range);
        let node = self.next_index();
        self.nodes.push(Node { parent, end: node + 1, step, value, hidden: false });
        self.spans.push(Span { value: range, key });
        Ok(node)
    }

    /// Parent, step and key of the node that comes next.
    fn place(&mut self, range: &Range<u32>) -> (u32, Step, Range<u32>) {
        let next = self.next_index();
        let Some(open) = self.open.last_mut() else {
            return (0, Step::Index(0), range.start..range.start);
        };
        if let Some((name, key)) = open.key.take() {
            if open.merge_next {
                open.merges.push(next);
            }
            return (open.node, Step::Field(name), key);
        }
        let index = open.items;
        open.items += 1;
        (open.node, Step::Index(index), range.start..range.start)
    }

    fn child_ends(&mut self, end: u32) {
        if let Some(open) = self.open.last_mut() {
            open.end = end;
        }
    }

    /// Copies the subtree at `source` to the end of the arena.
    fn copy(
        &mut self,
        source: u32,
        parent: u32,
        step: Step,
        range: &Range<u32>,
    ) -> Result<u32, Refusal> {
        let Some(end) = self.nodes.get(source as usize).map(|n| n.end) else { return Ok(source) };
        let target = self.next_index();
        let size = (end - source) as usize;
        self.alias_nodes += size;
        if self.alias_nodes > self.budget.alias_nodes || self.nodes.len() + size > self.budget.nodes
        {
            return Err(expands_too_much(range));
        }
        let mut ends: Vec<u32> = Vec::new();
        for from in source..end {
            let (Some(node), Some(span)) =
                (self.nodes.get(from as usize), self.spans.get(from as usize))
            else {
                break;
            };
            while ends.last().is_some_and(|end| *end <= from) {
                ends.pop();
            }
            if matches!(node.value, Value::Map | Value::List) {
                ends.push(node.end);
                if self.open.len() + ends.len() > self.budget.depth {
                    return Err(too_deep(range.clone(), self.budget.depth));
                }
            }
            self.alias_bytes_left = self
                .alias_bytes_left
                .checked_sub(text_bytes(node))
                .ok_or_else(|| expands_too_much(range))?;
            let mut copy = node.clone();
            copy.end = copy.end - source + target;
            copy.parent = copy.parent.wrapping_sub(source).wrapping_add(target);
            if from == source {
                (copy.parent, copy.step, copy.hidden) = (parent, step.clone(), false);
            }
            let span = span.clone();
            self.nodes.push(copy);
            self.spans.push(span);
        }
        Ok(target)
    }

    fn children(&self, of: u32, end: u32) -> Vec<u32> {
        let mut children = Vec::new();
        let mut next = of + 1;
        while next < end {
            children.push(next);
            let Some(node) = self.nodes.get(next as usize) else { break };
            next = node.end;
        }
        children
    }

    /// Hides what a later entry of the same key replaces, and applies merges, in the order written:
    /// a `<<` replaces what stands before it and yields to what follows.
    fn settle(&mut self, open: &Open) -> Result<(), Refusal> {
        if self.nodes.get(open.node as usize).is_none_or(|n| n.value != Value::Map) {
            return Ok(());
        }
        let children = self.children(open.node, self.next_index());
        let mut last: HashMap<SmolStr, (u32, bool)> = HashMap::with_capacity(children.len());
        for child in children {
            if open.merges.binary_search(&child).is_ok() {
                self.hide(child);
                for (name, merged) in self.merge(open.node, child)? {
                    if let Some((replaced, _)) = last.insert(name, (merged, true)) {
                        self.hide(replaced);
                    }
                }
                continue;
            }
            let Some(Step::Field(name)) = self.nodes.get(child as usize).map(|n| &n.step) else {
                continue;
            };
            let Some((replaced, merged)) = last.insert(name.clone(), (child, false)) else {
                continue;
            };
            self.hide(replaced);
            if let (false, Some(span)) = (merged, self.spans.get(replaced as usize)) {
                self.duplicates.push(Duplicate { kept: child, earlier: span.key.clone() });
            }
        }
        Ok(())
    }

    fn end_of(&self, node: u32) -> u32 {
        self.nodes.get(node as usize).map_or(0, |n| n.end)
    }

    fn hide(&mut self, node: u32) {
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.hidden = true;
        }
    }

    /// Copies the entries of the maps under a `<<` into the map; of several maps, the first wins.
    fn merge(&mut self, into: u32, from: u32) -> Result<Vec<(SmolStr, u32)>, Refusal> {
        let range = self.spans.get(from as usize).map(|s| s.value.clone()).unwrap_or_default();
        let sources = match self.nodes.get(from as usize).map(|n| &n.value) {
            Some(Value::List) => self.children(from, self.end_of(from)),
            _ => vec![from],
        };
        let mut merged = Vec::new();
        for source in sources.into_iter().rev() {
            if self.nodes.get(source as usize).is_none_or(|n| n.value != Value::Map) {
                return Err(Refusal::new(
                    codes::MERGE,
                    range,
                    "`<<` merges something that is no map",
                )
                .help("give it a map, an alias of one, or a list of those"));
            }
            for child in self.children(source, self.end_of(source)) {
                let Some(node) = self.nodes.get(child as usize).filter(|n| !n.hidden) else {
                    continue;
                };
                let Step::Field(name) = node.step.clone() else { continue };
                let copy = self.copy(child, into, Step::Field(name.clone()), &range)?;
                merged.push((name, copy));
            }
        }
        Ok(merged)
    }
}

fn text_bytes(node: &Node) -> usize {
    let value = if let Value::String(text) = &node.value { text.len() } else { 0 };
    value + if let Step::Field(name) = &node.step { name.len() } else { 0 }
}

pub(crate) fn too_deep(range: Range<u32>, limit: usize) -> Refusal {
    Refusal::new(codes::DEPTH, range, format!("nested deeper than {limit} levels"))
}

fn expands_too_much(range: &Range<u32>) -> Refusal {
    Refusal::new(codes::ALIAS, range.clone(), "aliases expand beyond the limit")
        .help("write the values out, or use fewer aliases of aliases")
}
