//! From a stream of nodes, in the order of the text, to a [`Tree`]: duplicates, merges, aliases and
//! limits are settled here, for YAML and JSON alike.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use portcullis_core::{Code, DocumentId};
use smol_str::SmolStr;

use crate::codes;
use crate::tree::{At, Held, MAX_KEY_BYTES, Node, NodeKind, Packed, Text, Tree, Value};

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
    /// One for each node of the tree, where they were to be kept.
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
    /// Items of one list, or entries of one map.
    pub(crate) items: usize,
    /// How many threads may read it.
    pub(crate) threads: usize,
}

/// Items of a list that were read apart from it.
pub(crate) struct Part {
    /// The list first, which stands for the one that they belong to.
    nodes: Vec<Node>,
    spans: Vec<Span>,
    made: String,
    duplicates: Vec<Duplicate>,
}

impl Part {
    /// How many values it has.
    pub(crate) fn nodes(&self) -> usize {
        self.nodes.len().saturating_sub(1)
    }
}

/// What an anchor names.
#[derive(Clone, Copy)]
enum Anchored {
    /// A map or list that is still being read.
    Open,
    Node(u32),
    /// A key, which is no node.
    Key(Packed),
}

/// A map or list that is not finished.
struct Open {
    node: u32,
    is_map: bool,
    items: u32,
    /// In a map: the key that waits for its value.
    key: Option<(Held, Range<u32>)>,
    /// In a map: where its keys begin in [`Workspace::keys`].
    keys_from: usize,
    /// In a map: the entries under a plain `<<`.
    merges: Vec<u32>,
    /// In a map: whether the waiting key is such a `<<`.
    merge_next: bool,
    /// Where the last child ends.
    end: u32,
    anchor: Option<usize>,
}

/// What reading needs besides its result. One serves many documents, so that most of them cost no
/// more than the memory of their trees.
#[derive(Default)]
pub(crate) struct Workspace {
    /// Whether the places of nodes are wanted with the tree.
    keep_spans: bool,
    nodes: Vec<Node>,
    spans: Vec<Span>,
    made: String,
    open: Vec<Open>,
    /// Fingerprints of the keys of all open maps, the innermost last.
    keys: Vec<u64>,
    /// Those of one map, sorted.
    sorted: Vec<u64>,
    anchors: HashMap<usize, Anchored>,
    duplicates: Vec<Duplicate>,
}

impl Workspace {
    /// One that keeps the places of nodes beside the tree, or not.
    pub(crate) fn new(keep_spans: bool) -> Self {
        Self { keep_spans, ..Self::default() }
    }

    pub(crate) fn keeps_spans(&self) -> bool {
        self.keep_spans
    }

    /// How many values the last document had when it was refused.
    pub(crate) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    fn clear(&mut self) {
        self.nodes.clear();
        self.spans.clear();
        self.made.clear();
        self.open.clear();
        self.keys.clear();
        self.anchors.clear();
        self.duplicates.clear();
    }
}

/// Takes keys, scalars, openings, closings and aliases in the order of the text.
pub(crate) struct Composer<'t, 'w> {
    budget: Budget,
    text: &'t str,
    work: &'w mut Workspace,
    alias_nodes: usize,
    alias_bytes_left: usize,
}

impl<'t, 'w> Composer<'t, 'w> {
    pub(crate) fn new(budget: Budget, text: &'t str, work: &'w mut Workspace) -> Self {
        work.clear();
        Self {
            budget,
            text,
            work,
            alias_bytes_left: text.len().saturating_mul(budget.alias_factor),
            alias_nodes: 0,
        }
    }

    /// Whether the next node is a key.
    pub(crate) fn wants_key(&self) -> bool {
        self.work.open.last().is_some_and(|open| open.is_map && open.key.is_none())
    }

    /// The range of the waiting key, if the next node is the value of a map's entry.
    pub(crate) fn waiting_key(&self) -> Option<Range<u32>> {
        self.work.open.last().and_then(|open| open.key.as_ref()).map(|(_, range)| range.clone())
    }

    /// Whether the root is finished.
    pub(crate) fn is_complete(&self) -> bool {
        self.work.open.is_empty() && !self.work.nodes.is_empty()
    }

    /// Where a text stands that was read at `range`: there, or behind a quote, or among the letters
    /// that readers make.
    pub(crate) fn hold(&mut self, text: &str, range: &Range<u32>) -> Result<Held, Refusal> {
        let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
        for start in [range.start, range.start.saturating_add(1)] {
            let from = start as usize;
            if self.text.as_bytes().get(from..from + text.len()) == Some(text.as_bytes()) {
                return Ok(Held::there(start, bytes));
            }
        }
        let start = u32::try_from(self.work.made.len()).unwrap_or(u32::MAX);
        if start.checked_add(bytes).is_none_or(|end| end == u32::MAX) {
            let message = "more than 4 GiB of text are written otherwise than they are read";
            return Err(Refusal::new(codes::LIMIT, range.clone(), message));
        }
        self.work.made.push_str(text);
        Ok(Held { start, bytes, made: true })
    }

    fn pack(&mut self, value: &Value<'_>, range: &Range<u32>) -> Result<Packed, Refusal> {
        Ok(match value {
            Value::Null => Packed::Null,
            Value::Bool(b) => Packed::Bool(*b),
            Value::Int(n) => Packed::Int(*n),
            Value::Float(f) => Packed::Float(*f),
            Value::String(text) => Packed::String(self.hold(text, range)?),
            Value::Map => Packed::Map,
            Value::List => Packed::List,
        })
    }

    fn held(&self, held: Held) -> &str {
        let text = if held.made { &self.work.made } else { self.text };
        text.get(held.start as usize..held.start as usize + held.bytes as usize).unwrap_or("")
    }

    /// The key of the entry whose value comes next; `merge` if it is a plain `<<`.
    pub(crate) fn key(&mut self, key: &str, merge: bool, range: Range<u32>) -> Result<(), Refusal> {
        self.fits(key.len(), &range)?;
        let held = self.hold(key, &range)?;
        self.held_key(held, key.as_bytes(), merge, range);
        Ok(())
    }

    /// A key that stands in the document as it is read.
    pub(crate) fn key_at(
        &mut self,
        start: u32,
        key: &str,
        range: Range<u32>,
    ) -> Result<(), Refusal> {
        self.fits(key.len(), &range)?;
        let bytes = u32::try_from(key.len()).unwrap_or(u32::MAX);
        let held = Held::there(start, bytes);
        self.held_key(held, key.as_bytes(), false, range);
        Ok(())
    }

    /// Refuses a key of so many bytes if that is too long.
    pub(crate) fn fits(&self, key_bytes: usize, range: &Range<u32>) -> Result<(), Refusal> {
        let limit = self.budget.key_bytes.min(MAX_KEY_BYTES);
        if key_bytes > limit {
            let message = format!("key longer than {limit} bytes");
            return Err(Refusal::new(codes::LIMIT, range.clone(), message));
        }
        Ok(())
    }

    fn held_key(&mut self, held: Held, key: &[u8], merge: bool, range: Range<u32>) {
        if let Some(open) = self.work.open.last_mut() {
            open.key = Some((held, range));
            open.merge_next = merge;
            self.work.keys.push(fingerprint(key));
        }
    }

    pub(crate) fn scalar(
        &mut self,
        value: &Value<'_>,
        range: Range<u32>,
        anchor: Option<usize>,
    ) -> Result<(), Refusal> {
        let value = self.pack(value, &range)?;
        self.packed(value, range, anchor)
    }

    /// A scalar in the form of a node.
    pub(crate) fn packed(
        &mut self,
        value: Packed,
        range: Range<u32>,
        anchor: Option<usize>,
    ) -> Result<(), Refusal> {
        let end = range.end;
        let node = self.push(value, range)?;
        if let Some(anchor) = anchor {
            self.work.anchors.insert(anchor, Anchored::Node(node));
        }
        self.child_ends(end);
        Ok(())
    }

    /// Opens a map or a list. Where it ends comes with [`Composer::close`].
    pub(crate) fn open(
        &mut self,
        value: Packed,
        range: Range<u32>,
        anchor: Option<usize>,
    ) -> Result<(), Refusal> {
        if self.work.open.len() >= self.budget.depth {
            return Err(too_deep(range, self.budget.depth));
        }
        let end = range.end;
        let node = self.push(value, range)?;
        if let Some(anchor) = anchor {
            self.work.anchors.insert(anchor, Anchored::Open);
        }
        self.work.open.push(Open {
            node,
            is_map: value == Packed::Map,
            items: 0,
            key: None,
            keys_from: self.work.keys.len(),
            merges: Vec::new(),
            merge_next: false,
            end,
            anchor,
        });
        Ok(())
    }

    /// Closes the innermost map or list. Without an `end` it ends where its last child does.
    pub(crate) fn close(&mut self, end: Option<u32>) -> Result<(), Refusal> {
        let Some(open) = self.work.open.pop() else { return Ok(()) };
        let end = end.unwrap_or(open.end);
        if open.is_map {
            if !open.merges.is_empty() || self.may_have_twins(open.keys_from) {
                if self.work.spans.len() < self.work.nodes.len() {
                    // Of parts that were adopted without places; whoever adopts reads again.
                    let message = "a key given twice beside items that were read apart";
                    return Err(Refusal::new(codes::DUPLICATE_KEY, 0..0, message));
                }
                self.settle(&open)?;
            }
            self.work.keys.truncate(open.keys_from);
        }
        let after = self.next_index();
        if let Some(node) = self.work.nodes.get_mut(open.node as usize) {
            node.end = after;
        }
        if let Some(span) = self.work.spans.get_mut(open.node as usize) {
            span.value.end = end.max(span.value.start);
        }
        if let Some(anchor) = open.anchor {
            self.work.anchors.insert(anchor, Anchored::Node(open.node));
        }
        self.child_ends(end);
        Ok(())
    }

    /// A copy of what the anchor names. The copy's own place is the alias; what is inside it keeps
    /// its place at the anchor, where it is written.
    pub(crate) fn alias(&mut self, anchor: usize, range: Range<u32>) -> Result<(), Refusal> {
        let source = match self.work.anchors.get(&anchor).copied() {
            Some(Anchored::Node(source)) => source,
            Some(Anchored::Key(value)) => return self.packed(value, range, None),
            Some(Anchored::Open) | None => {
                return Err(Refusal::new(codes::ALIAS, range, "alias inside its own anchor"));
            }
        };
        let end = range.end;
        let (parent, step, key) = self.place(&range)?;
        let copy = self.copy(source, parent, step, &range)?;
        if let Some(span) = self.work.spans.get_mut(copy as usize) {
            *span = Span { value: range, key };
        }
        self.child_ends(end);
        Ok(())
    }

    /// Remembers a key that has an anchor.
    pub(crate) fn anchor_key(
        &mut self,
        anchor: usize,
        value: &Value<'_>,
        range: &Range<u32>,
    ) -> Result<(), Refusal> {
        let value = self.pack(value, range)?;
        self.work.anchors.insert(anchor, Anchored::Key(value));
        Ok(())
    }

    /// What the anchor names, if it is a scalar: for aliases used as keys.
    pub(crate) fn anchored_scalar(&self, anchor: usize) -> Option<Value<'_>> {
        let packed = match *self.work.anchors.get(&anchor)? {
            Anchored::Open => return None,
            Anchored::Node(node) => self.work.nodes.get(node as usize)?.value(),
            Anchored::Key(value) => value,
        };
        Some(match packed {
            Packed::Null => Value::Null,
            Packed::Bool(b) => Value::Bool(b),
            Packed::Int(n) => Value::Int(n),
            Packed::Float(f) => Value::Float(f),
            Packed::String(held) => Value::String(Cow::Borrowed(self.held(held))),
            Packed::Map => Value::Map,
            Packed::List => Value::List,
        })
    }

    /// The items that were read since a list was opened, which is all that was read.
    pub(crate) fn into_part(self) -> Part {
        let work = self.work;
        Part {
            nodes: work.nodes.clone(),
            spans: if work.keep_spans { work.spans.clone() } else { Vec::new() },
            made: work.made.clone(),
            duplicates: std::mem::take(&mut work.duplicates),
        }
    }

    /// Appends to the innermost list what was read apart from it; `None` if a limit is in the way.
    /// After that, whatever is refused must be read again as a whole, as some places may be unknown.
    pub(crate) fn adopt(&mut self, parts: Vec<Part>) -> Option<()> {
        let fits = |have: usize, add: fn(&Part) -> usize, limit: usize| {
            parts.iter().map(add).sum::<usize>().checked_add(have).is_some_and(|sum| sum <= limit)
        };
        let letters = u32::MAX as usize - 1;
        let nodes = parts.iter().map(Part::nodes).sum();
        if !fits(self.work.nodes.len(), Part::nodes, self.budget.nodes)
            || !fits(self.work.made.len(), |part| part.made.len(), letters)
        {
            return None;
        }
        self.work.nodes.reserve_exact(nodes);
        let list = self.work.open.last()?.node;
        for part in parts {
            let (first, made) = (self.next_index(), u32::try_from(self.work.made.len()).ok()?);
            // The list that stands for this one has no place here.
            let by = first.wrapping_sub(1);
            let open = self.work.open.last_mut()?;
            let items = part.nodes.iter().skip(1).map(|node| {
                let mut moved = node.moved(by, made);
                if node.parent == 0 {
                    moved = moved.standing(At::Index(open.items));
                    moved.parent = list;
                    open.items += 1;
                }
                moved
            });
            self.work.nodes.extend(items);
            if open.items as usize > self.budget.items {
                return None;
            }
            self.work.spans.extend(part.spans.into_iter().skip(1));
            self.work.made.push_str(&part.made);
            self.work.duplicates.extend(
                part.duplicates
                    .into_iter()
                    .map(|twin| Duplicate { kept: twin.kept.wrapping_add(by), ..twin }),
            );
        }
        Some(())
    }

    /// The document, which was read from the beginning of `text`.
    pub(crate) fn finish(self, text: &Text) -> Parsed {
        /// From here on, memory is given away as it is rather than copied to the size that is
        /// needed: the large blocks of an allocator shrink in place.
        const LARGE_NODES: usize = 1 << 16;
        let Self { work, .. } = self;
        let nodes = if work.nodes.len() < LARGE_NODES {
            work.nodes.as_slice().into()
        } else {
            std::mem::take(&mut work.nodes).into_boxed_slice()
        };
        let spans = if work.keep_spans { std::mem::take(&mut work.spans) } else { Vec::new() };
        Parsed {
            tree: Tree {
                document: DocumentId::BUILT_IN,
                nodes,
                text: text.clone(),
                made: work.made.as_str().into(),
            },
            spans,
            duplicates: std::mem::take(&mut work.duplicates),
            after_end: None,
            templated: false,
        }
    }

    fn next_index(&self) -> u32 {
        // INVARIANT: `Budget::nodes` is below 2³², and `push` and `copy` keep to it.
        u32::try_from(self.work.nodes.len()).unwrap_or(u32::MAX)
    }

    fn push(&mut self, value: Packed, range: Range<u32>) -> Result<u32, Refusal> {
        if self.work.nodes.len() >= self.budget.nodes {
            let limit = self.budget.nodes;
            return Err(Refusal::new(codes::LIMIT, range, format!("more than {limit} values")));
        }
        let (parent, step, key) = self.place(&range)?;
        let node = self.next_index();
        self.work.nodes.push(Node::new(parent, node + 1, step, value));
        self.work.spans.push(Span { value: range, key });
        Ok(node)
    }

    /// Parent, step and key of the node that comes next.
    fn place(&mut self, range: &Range<u32>) -> Result<(u32, At, Range<u32>), Refusal> {
        let next = self.next_index();
        let Some(open) = self.work.open.last_mut() else {
            return Ok((0, At::Index(0), range.start..range.start));
        };
        let index = open.items;
        if index as usize >= self.budget.items {
            return Err(too_many_items(open.is_map, range, self.budget.items));
        }
        open.items += 1;
        if let Some((name, key)) = open.key.take() {
            if open.merge_next {
                open.merges.push(next);
            }
            return Ok((open.node, At::Key(name), key));
        }
        Ok((open.node, At::Index(index), range.start..range.start))
    }

    fn child_ends(&mut self, end: u32) {
        if let Some(open) = self.work.open.last_mut() {
            open.end = end;
        }
    }

    /// Copies the subtree at `source` to the end of the arena.
    fn copy(
        &mut self,
        source: u32,
        parent: u32,
        step: At,
        range: &Range<u32>,
    ) -> Result<u32, Refusal> {
        let Some(end) = self.work.nodes.get(source as usize).map(|n| n.end) else {
            return Ok(source);
        };
        let target = self.next_index();
        let size = (end - source) as usize;
        self.alias_nodes += size;
        if self.alias_nodes > self.budget.alias_nodes
            || self.work.nodes.len() + size > self.budget.nodes
        {
            return Err(expands_too_much(range));
        }
        let mut ends: Vec<u32> = Vec::new();
        for from in source..end {
            let (Some(node), Some(span)) =
                (self.work.nodes.get(from as usize), self.work.spans.get(from as usize))
            else {
                break;
            };
            while ends.last().is_some_and(|end| *end <= from) {
                ends.pop();
            }
            if node.is_collection() {
                ends.push(node.end);
                if self.work.open.len() + ends.len() > self.budget.depth {
                    return Err(too_deep(range.clone(), self.budget.depth));
                }
            }
            // Copies share their text. It counts all the same: whoever prints them writes it out.
            self.alias_bytes_left = self
                .alias_bytes_left
                .checked_sub(text_bytes(node))
                .ok_or_else(|| expands_too_much(range))?;
            let mut copy = *node;
            copy.end = copy.end - source + target;
            copy.parent = copy.parent.wrapping_sub(source).wrapping_add(target);
            if from == source {
                copy = copy.standing(step);
                copy.parent = parent;
                copy.show();
            }
            let span = span.clone();
            self.work.nodes.push(copy);
            self.work.spans.push(span);
        }
        Ok(target)
    }

    fn children(&self, of: u32, end: u32) -> Vec<u32> {
        let mut children = Vec::new();
        let mut next = of + 1;
        while next < end {
            children.push(next);
            let Some(node) = self.work.nodes.get(next as usize) else { break };
            next = node.end;
        }
        children
    }

    /// Whether two keys of the innermost map may be the same: without a table, as nearly all maps
    /// have few keys, and none of them twice.
    fn may_have_twins(&mut self, keys_from: usize) -> bool {
        /// Up to here, comparing each with each is faster than sorting.
        const FEW: usize = 12;
        let Workspace { keys, sorted, .. } = &mut *self.work;
        let keys = keys.get(keys_from..).unwrap_or_default();
        if keys.len() <= FEW {
            let mut rest = keys;
            while let Some((key, others)) = rest.split_first() {
                if others.contains(key) {
                    return true;
                }
                rest = others;
            }
            return false;
        }
        sorted.clear();
        sorted.extend_from_slice(keys);
        sorted.sort_unstable();
        sorted.array_windows().any(|[a, b]| a == b)
    }

    /// Hides what a later entry of the same key replaces, and applies merges, in the order written:
    /// a `<<` replaces what stands before it and yields to what follows.
    fn settle(&mut self, open: &Open) -> Result<(), Refusal> {
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
            let Some(name) = self.work.nodes.get(child as usize).and_then(Node::key) else {
                continue;
            };
            let Some((replaced, merged)) = last.insert(self.held(name).into(), (child, false))
            else {
                continue;
            };
            self.hide(replaced);
            if let (false, Some(span)) = (merged, self.work.spans.get(replaced as usize)) {
                let earlier = span.key.clone();
                self.work.duplicates.push(Duplicate { kept: child, earlier });
            }
        }
        Ok(())
    }

    fn end_of(&self, node: u32) -> u32 {
        self.work.nodes.get(node as usize).map_or(0, |n| n.end)
    }

    fn hide(&mut self, node: u32) {
        if let Some(node) = self.work.nodes.get_mut(node as usize) {
            node.hide();
        }
    }

    /// Copies the entries of the maps under a `<<` into the map; of several maps, the first wins.
    fn merge(&mut self, into: u32, from: u32) -> Result<Vec<(SmolStr, u32)>, Refusal> {
        let range = self.work.spans.get(from as usize).map(|s| s.value.clone()).unwrap_or_default();
        let sources = match self.work.nodes.get(from as usize).map(Node::kind) {
            Some(NodeKind::List) => self.children(from, self.end_of(from)),
            _ => vec![from],
        };
        let mut merged = Vec::new();
        for source in sources.into_iter().rev() {
            if !self.work.nodes.get(source as usize).is_some_and(Node::is_map) {
                return Err(Refusal::new(
                    codes::MERGE,
                    range,
                    "`<<` merges something that is no map",
                )
                .help("give it a map, an alias of one, or a list of those"));
            }
            for child in self.children(source, self.end_of(source)) {
                let Some(node) = self.work.nodes.get(child as usize).filter(|n| !n.is_hidden())
                else {
                    continue;
                };
                let Some(key) = node.key() else { continue };
                let copy = self.copy(child, into, At::Key(key), &range)?;
                merged.push((self.held(key).into(), copy));
            }
        }
        Ok(merged)
    }
}

fn text_bytes(node: &Node) -> usize {
    let value = if let Packed::String(text) = node.value() { text.bytes } else { 0 };
    value as usize + node.key().map_or(0, |key| key.bytes as usize)
}

/// A number that is the same for the same key. Different keys rarely share one, and nothing is
/// decided by it alone.
fn fingerprint(key: &[u8]) -> u64 {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = key.as_chunks::<8>();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let add = |sum: u64, word: u64| (sum ^ word).wrapping_mul(SPREAD).rotate_left(29);
    let sum = words.iter().fold(key.len() as u64, |sum, word| add(sum, u64::from_le_bytes(*word)));
    add(sum, u64::from_le_bytes(last))
}

pub(crate) fn too_deep(range: Range<u32>, limit: usize) -> Refusal {
    Refusal::new(codes::DEPTH, range, format!("nested deeper than {limit} levels"))
}

fn too_many_items(is_map: bool, range: &Range<u32>, limit: usize) -> Refusal {
    let message = if is_map {
        format!("a map with more than {limit} entries")
    } else {
        format!("a list with more than {limit} items")
    };
    Refusal::new(codes::LIMIT, range.clone(), message)
}

fn expands_too_much(range: &Range<u32>) -> Refusal {
    Refusal::new(codes::ALIAS, range.clone(), "aliases expand beyond the limit")
        .help("write the values out, or use fewer aliases of aliases")
}
