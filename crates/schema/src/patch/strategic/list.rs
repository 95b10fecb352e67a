//! Lists: merged item by item, and put in order.

use std::collections::{HashMap, HashSet};
use std::mem::discriminant;

use serde_json::Value;

use super::shape::Rule;
use super::{DIRECTIVE, PatchError, keyless, merge, unexpected, unknown};
use crate::json::{Object, go_value};

/// What an item is told apart by: the value of its merge key, or itself. None for what Go cannot
/// compare, which equals nothing.
fn identity(item: &Value, key: Option<&str>) -> Option<String> {
    let value = match key {
        Some(key) => item.as_object()?.get(key)?,
        None => item,
    };
    (!value.is_object() && !value.is_array()).then(|| value.to_string())
}

/// Where items stand in a list, the first of equal ones.
struct Positions(HashMap<String, usize>);

impl Positions {
    fn of(items: &[Value], key: Option<&str>) -> Self {
        let mut positions = Self(HashMap::with_capacity(items.len()));
        for (at, item) in items.iter().enumerate() {
            positions.add(item, key, at);
        }
        positions
    }

    fn add(&mut self, item: &Value, key: Option<&str>, at: usize) {
        if let Some(identity) = identity(item, key) {
            self.0.entry(identity).or_insert(at);
        }
    }

    fn get(&self, item: &Value, key: Option<&str>) -> Option<usize> {
        self.0.get(&identity(item, key)?).copied()
    }
}

/// Merges `patch` into `items`, or deletes its values from them.
pub(super) fn merge_list(
    items: Vec<Value>,
    patch: Vec<Value>,
    rule: Rule,
    deletes: bool,
) -> Result<Vec<Value>, PatchError> {
    if items.is_empty() && patch.is_empty() {
        return Ok(items);
    }
    same_kind(&items, &patch)?;
    if !items.iter().chain(&patch).any(Value::is_object) {
        return Ok(merge_values(items, patch, deletes));
    }
    let Some(key) = rule.key else { return Err(rule.item.unmergeable()) };
    let Special { items, patch, replaces } = special(items, patch, key)?;
    if replaces {
        return ordered(items.clone(), &[], &items, Some(key));
    }
    let mut merged = items.clone();
    let mut positions = Positions::of(&merged, Some(key));
    for item in patch.clone() {
        let Value::Object(item) = item else { continue };
        if !item.contains_key(key) {
            return Err(keyless(&item, key));
        }
        let item = Value::Object(item);
        let there = positions.get(&item, Some(key)).and_then(|at| merged.get_mut(at));
        match (there, item) {
            (Some(Value::Object(there)), Value::Object(item)) => merge(there, item, rule.item)?,
            (_, item) => {
                positions.add(&item, Some(key), merged.len());
                merged.push(item);
            }
        }
    }
    ordered(merged, &patch, &items, Some(key))
}

fn merge_values(items: Vec<Value>, patch: Vec<Value>, deletes: bool) -> Vec<Value> {
    if deletes {
        let gone: HashSet<String> = patch.iter().map(Value::to_string).collect();
        return items.into_iter().filter(|item| !gone.contains(&item.to_string())).collect();
    }
    let mut seen = HashSet::new();
    let both = items.iter().chain(&patch).cloned();
    let merged = both.filter(|item| seen.insert(item.to_string())).collect();
    sorted(merged, &patch, &items, None)
}

struct Special {
    items: Vec<Value>,
    patch: Vec<Value>,
    replaces: bool,
}

/// Items of a patch that hold a directive: obeyed, and taken out of it.
fn special(mut items: Vec<Value>, patch: Vec<Value>, key: &str) -> Result<Special, PatchError> {
    let mut rest = Vec::with_capacity(patch.len());
    let mut gone = HashSet::new();
    let mut replaces = false;
    for item in patch {
        let Some(map) = item.as_object() else { continue };
        match map.get(DIRECTIVE) {
            None => rest.push(item),
            Some(Value::String(d)) if d == "delete" => {
                if !map.contains_key(key) {
                    return Err(keyless(map, key));
                }
                gone.extend(identity(&item, Some(key)));
            }
            Some(Value::String(d)) if d == "replace" => replaces = true,
            Some(Value::String(d)) if d == "merge" => {
                let text = "merging lists cannot yet be specified in the patch";
                return Err(PatchError::Unusable(text.into()));
            }
            Some(other) => return Err(unknown(other, map)),
        }
    }
    if replaces {
        return Ok(Special { items: rest, patch: Vec::new(), replaces });
    }
    if !gone.is_empty() {
        items.retain(|item| identity(item, Some(key)).is_none_or(|id| !gone.contains(&id)));
    }
    Ok(Special { items, patch: rest, replaces })
}

// === Order ===

/// Puts a merged list in order: what `order` names as it names it, the others as they stood in
/// `serving`, the two interleaved as closely to `serving` as that allows.
pub(super) fn ordered(
    merged: Vec<Value>,
    order: &[Value],
    serving: &[Value],
    key: Option<&str>,
) -> Result<Vec<Value>, PatchError> {
    if let Some(key) = key {
        for item in merged.iter().chain(order).chain(serving) {
            match item {
                Value::Object(map) if map.contains_key(key) => {}
                Value::Object(map) => return Err(keyless(map, key)),
                other => return Err(unexpected("map[string]interface {}", other)),
            }
        }
    }
    Ok(sorted(merged, order, serving, key))
}

fn sorted(merged: Vec<Value>, order: &[Value], serving: &[Value], key: Option<&str>) -> Vec<Value> {
    let (wanted, stood) = (Positions::of(order, key), Positions::of(serving, key));
    let (mut named, mut others): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| wanted.get(item, key).is_some());
    named.sort_by_cached_key(|item| wanted.get(item, key));
    others.sort_by_cached_key(|item| stood.get(item, key));
    let mut out = Vec::with_capacity(named.len() + others.len());
    let mut others = others.into_iter().peekable();
    for item in named {
        // An item that is new to the server comes before everything that is left.
        if let Some(place) = stood.get(&item, key) {
            let before = |other: &Value| stood.get(other, key).is_some_and(|at| at < place);
            while let Some(other) = others.next_if(before) {
                out.push(other);
            }
        }
        out.push(item);
    }
    out.extend(others);
    out
}

/// That the items of `patch` stand in the order that `$setElementOrder` names, and are named there.
pub(super) fn check_order(
    patch: &[Value],
    order: &[Value],
    key: Option<&str>,
) -> Result<(), PatchError> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let with_key = |item: &Value| match (key, item) {
        (None, _) => Ok(()),
        (Some(key), Value::Object(map)) if !map.contains_key(key) => Err(keyless(map, key)),
        (Some(_), Value::Object(_)) => Ok(()),
        (Some(_), other) => Err(unexpected("map[string]interface {}", other)),
    };
    let directed =
        |item: &&Value| item.as_object().is_some_and(|map: &Object| map.contains_key(DIRECTIVE));
    let mut order_left = order.iter();
    for item in patch.iter().filter(|item| !directed(item)) {
        with_key(item)?;
        let sought = identity(item, key);
        loop {
            let Some(next) = order_left.next() else {
                let list = |items: &[Value]| go_value(&Value::Array(items.to_vec()));
                return Err(PatchError::Unusable(format!(
                    "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                    list(patch),
                    list(order)
                )));
            };
            with_key(next)?;
            if sought.is_some() && identity(next, key) == sought {
                break;
            }
        }
    }
    Ok(())
}

/// That all items are of one kind, and none is a list.
pub(super) fn same_kind(items: &[Value], patch: &[Value]) -> Result<(), PatchError> {
    let mut all = items.iter().chain(patch);
    let Some(first) = all.next() else {
        return Err(PatchError::Unusable("no elements in any of the given slices".into()));
    };
    if first.is_array() {
        return Err(PatchError::Unfit("lists of lists are not supported".into()));
    }
    if all.all(|item| discriminant(item) == discriminant(first)) {
        return Ok(());
    }
    let slices = Value::Array(vec![Value::Array(items.to_vec()), Value::Array(patch.to_vec())]);
    Err(PatchError::Unusable(format!(
        "list element types are not identical: {}",
        go_value(&slices)
    )))
}
