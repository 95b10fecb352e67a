//! Strategic-merge patch: a merge patch that knows by the tables which lists merge, and by which
//! key.
//!
//! Directives steer it: `$patch: delete | replace` in a map or an item, `$retainKeys`,
//! `$deleteFromPrimitiveList/FIELD`, `$setElementOrder/FIELD`. The rules, and the order in which
//! merged lists come out, are those of the original (`strategic-merge-patch.md` and
//! `preserve-order-in-strategic-merge-patch.md` of the Kubernetes community).

mod list;
mod shape;

use serde_json::Value;

use super::{PatchError, Patched, object};
use crate::api::Message;
use crate::json::{Object, go_value};
use list::{merge_list, ordered};
use shape::Shape;

pub(crate) use shape::replaces;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList";
const SET_ORDER: &str = "$setElementOrder";

/// Applies a strategic-merge patch to an object of the kind that `message` describes.
///
/// Its complaints tell of keys that stand twice whatever was asked for; they cost nothing, and who
/// asked for no checks leaves them.
///
/// # Errors
/// [`PatchError::Malformed`] for what is no object or a directive that is none,
/// [`PatchError::Unusable`] where lists cannot be merged, [`PatchError::Unfit`] for lists of lists.
pub fn apply(
    message: &'static Message,
    mut original: Object,
    patch: &[u8],
) -> Result<Patched, PatchError> {
    let (patch, complaints) = object(patch, "")?;
    merge(&mut original, patch.unwrap_or_default(), Shape::Message(message))?;
    Ok(Patched { object: original, complaints })
}

/// Merges a map into what stands there.
fn merge(original: &mut Object, mut patch: Object, shape: Shape) -> Result<(), PatchError> {
    match patch.get(DIRECTIVE) {
        None => {}
        Some(Value::String(directive)) if directive == "replace" => {
            patch.shift_remove(DIRECTIVE);
            *original = patch;
            return Ok(());
        }
        Some(Value::String(directive)) if directive == "delete" => {
            original.clear();
            return Ok(());
        }
        Some(other) => return Err(unknown(other, &patch)),
    }
    retain(original, &mut patch)?;
    set_orders(original, &mut patch, shape)?;
    for (key, value) in patch {
        let (key, deletes) = match key.strip_prefix(DELETE_FROM) {
            None => (key.as_str(), false),
            Some(rest) => {
                let field = rest.strip_prefix('/').ok_or_else(|| bad("primitive list"))?;
                (field, true)
            }
        };
        match (original.get_mut(key), value) {
            (_, Value::Null) => {
                original.shift_remove(key);
            }
            (Some(Value::Object(inner)), Value::Object(patch)) if shape.replaces(key) => {
                *inner = match plain(Value::Object(patch)) {
                    Some(Value::Object(patch)) => patch,
                    _ => Object::new(),
                };
            }
            (Some(Value::Object(inner)), Value::Object(patch)) => {
                merge(inner, patch, shape.field(key)?)?;
            }
            (Some(Value::Array(items)), Value::Array(patch)) => {
                let rule = shape.list(key)?;
                let items = std::mem::take(items);
                let merged = if rule.merges || deletes {
                    merge_list(items, patch, rule, deletes)?
                } else {
                    patch
                };
                original.insert(key.into(), Value::Array(merged));
            }
            (_, _) if deletes => {}
            (Some(there), scalar @ (Value::Bool(_) | Value::Number(_) | Value::String(_))) => {
                *there = scalar;
            }
            (_, value) => match plain(without_nulls(value)) {
                Some(value) => {
                    original.insert(key.into(), value);
                }
                None => {
                    original.shift_remove(key);
                }
            },
        }
    }
    Ok(())
}

/// `$retainKeys`: what it does not name goes.
fn retain(original: &mut Object, patch: &mut Object) -> Result<(), PatchError> {
    let Some(kept) = patch.shift_remove(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(kept) = kept else { return Err(bad("retainKeys")) };
    let kept: std::collections::HashSet<&str> = kept.iter().filter_map(Value::as_str).collect();
    for (key, value) in patch.iter() {
        let directive = key.starts_with(DELETE_FROM) || key.starts_with(SET_ORDER);
        if !value.is_null() && !directive && !kept.contains(key.as_str()) {
            return Err(bad("retainKeys"));
        }
    }
    original.retain(|key, _| kept.contains(key.as_str()));
    Ok(())
}

/// `$setElementOrder/FIELD`: merges the list of that field, if there is one, and puts it in order.
fn set_orders(original: &mut Object, patch: &mut Object, shape: Shape) -> Result<(), PatchError> {
    let directives: Vec<String> =
        patch.keys().filter(|key| key.starts_with(SET_ORDER)).cloned().collect();
    for directive in directives {
        let Some(order) = patch.shift_remove(&directive) else { continue };
        let order = list_of(order)?;
        let field = directive.strip_prefix(SET_ORDER).and_then(|rest| rest.strip_prefix('/'));
        let field = field.ok_or_else(|| bad("setElementOrder list"))?;
        let here = original.get(field).cloned().map(list_of).transpose()?;
        let patched = patch.get(field).cloned().map(list_of).transpose()?;
        let rule = shape.list(field)?;
        if let Some(patched) = &patched {
            list::check_order(patched, &order, rule.key)?;
        }
        let serving = here.clone().unwrap_or_default();
        let in_patch = patched.clone().unwrap_or_default();
        let merged = match (here, patched) {
            (None, None) => continue,
            (Some(here), None) => here,
            (None, Some(patched)) => patched.into_iter().filter_map(plain).collect(),
            (Some(here), Some(patched)) if rule.merges => merge_list(here, patched, rule, false)?,
            (Some(_), Some(patched)) => patched,
        };
        list::same_kind(&serving, &in_patch)?;
        let merged = ordered(merged, &order, &serving, rule.key)?;
        original.insert(field.into(), Value::Array(merged));
        patch.shift_remove(field);
    }
    Ok(())
}

fn list_of(value: Value) -> Result<Vec<Value>, PatchError> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(unexpected("[]interface {}", &other)),
    }
}

/// A value without members that are `null`, at any depth.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let members = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        scalar => scalar,
    }
}

/// A value without the maps in it that hold a `$patch`; none if it is one itself.
fn plain(value: Value) -> Option<Value> {
    match value {
        Value::Object(map) if map.contains_key(DIRECTIVE) => None,
        Value::Object(map) => {
            let members = map.into_iter().filter_map(|(key, value)| Some((key, plain(value)?)));
            Some(Value::Object(members.collect()))
        }
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(plain).collect())),
        scalar => Some(scalar),
    }
}

// === What goes wrong ===

fn bad(what: &str) -> PatchError {
    PatchError::Malformed(format!("invalid patch format of {what}"))
}

fn unknown(directive: &Value, map: &Object) -> PatchError {
    let map = go_value(&Value::Object(map.clone()));
    PatchError::Unusable(format!("unknown patch type: {} in map: {map}", go_value(directive)))
}

fn unexpected(want: &str, got: &Value) -> PatchError {
    let got = match got {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    };
    PatchError::Unusable(format!("expected a {want}, but received a {got}"))
}

fn keyless(item: &Object, key: &str) -> PatchError {
    let item = go_value(&Value::Object(item.clone()));
    PatchError::Unusable(format!("map: {item} does not contain declared merge key: {key}"))
}

#[cfg(test)]
mod tests;
