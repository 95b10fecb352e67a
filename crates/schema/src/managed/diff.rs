//! Which fields two versions of an object differ in, as sets of field paths.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::set::node;
use crate::api::{Field, List, Message, Type};
use crate::json::Object;

/// An object that cannot be taken apart: an item of a list has no name.
#[derive(Debug)]
pub(super) struct Untypable;

/// Two sets of field paths.
#[derive(Default)]
pub(super) struct Changes {
    /// What is new, or new in value.
    pub changed: Object,
    /// What was there.
    pub removed: Object,
}

/// Fields that tell what an object is, or are the server's own: nobody owns them.
const UNOWNED: &[&str] = &["apiVersion", "kind"];
const UNOWNED_METADATA: &[&str] = &[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// Compares two objects of the kind that `message` describes.
pub(super) fn diff(
    message: &'static Message,
    old: &Object,
    new: &Object,
) -> Result<Changes, Untypable> {
    let mut out = Found::default();
    for (name, pair) in pairs(old, new) {
        if UNOWNED.contains(&name) {
            continue;
        }
        if name == "metadata" {
            let mut inner = Found::default();
            metadata(message, pair, &mut inner)?;
            inner.removed.member = false;
            inner.changed.member = false;
            out.put(format!("f:{name}"), inner);
        } else {
            let shape = field(Shape::Struct(message), name);
            out.put(format!("f:{name}"), compare(shape, pair)?);
        }
    }
    out.sort();
    Ok(Changes { changed: out.changed.children, removed: out.removed.children })
}

fn metadata(
    message: &'static Message,
    (old, new): Pair<'_>,
    out: &mut Found,
) -> Result<(), Untypable> {
    let none = Map::new();
    let old = old.and_then(Value::as_object).unwrap_or(&none);
    let new = new.and_then(Value::as_object).unwrap_or(&none);
    let shape = field(Shape::Struct(message), "metadata");
    for (name, pair) in pairs(old, new) {
        if !UNOWNED_METADATA.contains(&name) {
            out.put(format!("f:{name}"), compare(field(shape, name), pair)?);
        }
    }
    out.sort();
    Ok(())
}

/// What stands at a place before and after; not both are none.
type Pair<'a> = (Option<&'a Value>, Option<&'a Value>);

/// Every key under which two maps differ, those of the new one first.
fn pairs<'a>(
    old: &'a Object,
    new: &'a Object,
) -> impl Iterator<Item = (&'a str, Pair<'a>)> + use<'a> {
    let kept = new.iter().map(|(name, value)| (name.as_str(), (old.get(name), Some(value))));
    let kept = kept.filter(|(_, (old, new))| old != new);
    let gone = old.iter().filter(|(name, _)| !new.contains_key(*name));
    kept.chain(gone.map(|(name, value)| (name.as_str(), (Some(value), None))))
}

// === What stands at a place ===

#[derive(Clone, Copy)]
enum Shape {
    /// Owned as a whole.
    Leaf,
    Struct(&'static Message),
    Map(&'static Type),
    /// Items by their value, or by these keys.
    List {
        item: &'static Type,
        keys: Option<&'static [&'static str]>,
        field: &'static Field,
    },
    /// What the tables do not know: maps are taken apart, lists are not.
    Any,
}

/// What stands in a field of a struct or under a key of a map.
fn field(shape: Shape, name: &str) -> Shape {
    match shape {
        Shape::Struct(message) => {
            message.field(name).map_or(Shape::Any, |field| of_field(message, field))
        }
        Shape::Map(value) => of_type(value),
        Shape::Any => Shape::Any,
        Shape::Leaf | Shape::List { .. } => Shape::Leaf,
    }
}

/// Fields that are owned part by part though their message is owned as a whole elsewhere
/// (`x-kubernetes-map-type: granular`).
const GRANULAR: &[(&str, &str)] = &[
    ("core/v1.PersistentVolumeClaimStatus", "allocatedResourceStatuses"),
    ("core/v1.PersistentVolumeSpec", "claimRef"),
];

/// Whether a field of a message is owned part by part, whatever is said of its type.
pub(crate) fn granular(message: &Message, field: &Field) -> bool {
    GRANULAR.contains(&(message.name, field.name))
}

fn of_field(message: &'static Message, field: &'static Field) -> Shape {
    if field.is_atomic() {
        return Shape::Leaf;
    }
    if let (Type::Message(inner), true) = (&field.kind, granular(message, field)) {
        return Shape::Struct(inner);
    }
    let Type::List(item) = &field.kind else { return of_type(&field.kind) };
    // Where no list type is said, what a strategic-merge patch does is taken for it, and a list
    // that does not merge is owned as a whole.
    match field.list() {
        Some(List::Atomic) => Shape::Leaf,
        Some(List::Set) => Shape::List { item, keys: None, field },
        Some(List::Map(keys)) => Shape::List { item, keys: Some(keys), field },
        None if field.merges() => Shape::List { item, keys: None, field },
        None => Shape::Leaf,
    }
}

fn of_type(kind: &'static Type) -> Shape {
    match kind {
        Type::Message(message) if message.atomic => Shape::Leaf,
        Type::Message(message) => Shape::Struct(message),
        Type::Map(value) => Shape::Map(value),
        Type::Raw
        | Type::Fields
        | Type::Json
        | Type::OrList(_)
        | Type::OrBool(_)
        | Type::OrStrings(_) => Shape::Any,
        _ => Shape::Leaf,
    }
}

// === Comparing ===

/// A path's own place in a set, and what lies below it.
#[derive(Default)]
struct Part {
    member: bool,
    children: Object,
}

impl Part {
    fn put(&mut self, step: &str, part: Self) {
        if let Some(node) = node(part.member, part.children) {
            self.children.insert(step.to_owned(), node);
        }
    }
}

#[derive(Default)]
struct Found {
    changed: Part,
    removed: Part,
}

impl Found {
    fn put(&mut self, step: String, inner: Self) {
        self.removed.put(&step, inner.removed);
        if let Some(node) = node(inner.changed.member, inner.changed.children) {
            self.changed.children.insert(step, node);
        }
    }

    fn sort(&mut self) {
        self.changed.children.sort_keys();
        self.removed.children.sort_keys();
    }

    /// A place that is owned as a whole.
    fn leaf((old, new): Pair<'_>) -> Self {
        let mut found = Self::default();
        match (old, new) {
            (_, None) => found.removed.member = true,
            (old, new) => found.changed.member = old != new,
        }
        found
    }
}

/// What two different values differ in.
fn compare(shape: Shape, pair: Pair<'_>) -> Result<Found, Untypable> {
    let (old, new) = pair;
    let mut found = Found::default();
    match shape {
        Shape::Leaf => return Ok(Found::leaf(pair)),
        Shape::Struct(_) | Shape::Map(_) => {
            if is_empty(old) && is_empty(new) {
                return Ok(Found::leaf(pair));
            }
            fields(shape, pair, &mut found)?;
        }
        Shape::Any => {
            if !old.into_iter().chain(new).any(Value::is_object) || is_empty(old) && is_empty(new) {
                return Ok(Found::leaf(pair));
            }
            fields(shape, pair, &mut found)?;
            // A value that was no map and becomes one, or the other way round.
            for (side, part) in [(old, &mut found.removed), (new, &mut found.changed)] {
                part.member |= side.is_some_and(|value| !value.is_object() && !value.is_null());
            }
        }
        Shape::List { item, keys, field } => {
            if is_empty(old) && is_empty(new) {
                return Ok(Found::leaf(pair));
            }
            let naming = Naming { keys, field };
            items(of_type(item), &naming, pair, &mut found)?;
        }
    }
    match (old, new) {
        (None, _) => found.changed.member = true,
        (_, None) => found.removed.member = true,
        _ => {}
    }
    found.sort();
    Ok(found)
}

/// Absent, null, or without content. Two such are compared as a whole, which keeps the difference
/// between them.
fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

fn fields(shape: Shape, (old, new): Pair<'_>, found: &mut Found) -> Result<(), Untypable> {
    let none = Map::new();
    let old = old.and_then(Value::as_object).unwrap_or(&none);
    let new = new.and_then(Value::as_object).unwrap_or(&none);
    for (name, pair) in pairs(old, new) {
        let inner = compare(field(shape, name), pair)?;
        found.put(format!("f:{name}"), inner);
    }
    Ok(())
}

/// How the items of a list are told apart.
struct Naming {
    keys: Option<&'static [&'static str]>,
    field: &'static Field,
}

impl Naming {
    fn step(&self, item: &Value) -> Result<String, Untypable> {
        let by_merge_key = self.field.merge_key().filter(|_| self.field.list().is_none());
        let one;
        let keys = match (self.keys, by_merge_key) {
            (Some(keys), _) => keys,
            (None, Some(key)) => {
                one = [key];
                &one[..]
            }
            (None, None) => {
                let scalar = !item.is_object() && !item.is_array() && !item.is_null();
                return scalar.then(|| format!("v:{item}")).ok_or(Untypable);
            }
        };
        let item = item.as_object().ok_or(Untypable)?;
        let mut key = Map::new();
        for name in keys {
            let value = match item.get(*name) {
                Some(value) => value.clone(),
                None => self.default(name).ok_or(Untypable)?,
            };
            key.insert((*name).to_owned(), value);
        }
        key.sort_keys();
        Ok(format!("k:{}", Value::Object(key)))
    }

    /// What stands for a key that is not said.
    fn default(&self, name: &str) -> Option<Value> {
        let Type::List(Type::Message(item)) = &self.field.kind else { return None };
        serde_json::from_str(item.field(name)?.default_json()?).ok()
    }
}

/// The items of two lists, by their names; a name may stand for several.
fn items(
    shape: Shape,
    naming: &Naming,
    (old, new): Pair<'_>,
    found: &mut Found,
) -> Result<(), Untypable> {
    let none = Vec::new();
    let old = old.and_then(Value::as_array).unwrap_or(&none);
    let new = new.and_then(Value::as_array).unwrap_or(&none);
    let mut named: HashMap<String, (Vec<&Value>, Vec<&Value>)> =
        HashMap::with_capacity(old.len().max(new.len()));
    for item in old {
        named.entry(naming.step(item)?).or_default().0.push(item);
    }
    for item in new {
        named.entry(naming.step(item)?).or_default().1.push(item);
    }
    for (step, (old, new)) in named {
        if old == new {
            continue;
        }
        let inner = match (old.as_slice(), new.as_slice()) {
            ([] | [_], [] | [_]) => compare(shape, (old.first().copied(), new.first().copied()))?,
            // Several of one name are owned together, as a whole.
            ([_, _, ..], [_, _, ..]) => {
                let mut inner = Found::default();
                inner.changed.member = true;
                inner
            }
            ([_, _, ..], _) => {
                let mut inner = match new.first() {
                    Some(new) => compare(shape, (None, Some(new)))?,
                    None => Found::default(),
                };
                inner.removed.member = true;
                inner
            }
            (_, [_, _, ..]) => {
                let mut inner = match old.first() {
                    Some(old) => compare(shape, (Some(old), None))?,
                    None => Found::default(),
                };
                inner.changed.member = true;
                inner
            }
        };
        found.put(step, inner);
    }
    Ok(())
}
