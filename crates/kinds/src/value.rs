//! Reading and filling fields of JSON, whatever stands there: a value of the wrong type is as if absent,
//! which only the decoder's strictness can judge.

use std::sync::LazyLock;

use serde_json::Value;

use crate::Object;

/// The text of a field; empty where there is none.
pub(crate) fn text<'a>(object: &'a Object, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The map of a field.
pub(crate) fn map<'a>(object: &'a Object, field: &str) -> Option<&'a Object> {
    object.get(field).and_then(Value::as_object)
}

/// The map of a field; an empty one where there is none.
pub(crate) fn section<'a>(object: &'a Object, field: &str) -> &'a Object {
    static EMPTY: LazyLock<Object> = LazyLock::new(Object::new);
    map(object, field).unwrap_or(&EMPTY)
}

/// The items of a field; none where there is no list.
pub(crate) fn list<'a>(object: &'a Object, field: &str) -> &'a [Value] {
    object.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The items of a field that are maps, with their places.
pub(crate) fn maps<'a>(
    object: &'a Object,
    field: &str,
) -> impl Iterator<Item = (usize, &'a Object)> {
    list(object, field).iter().enumerate().filter_map(|(i, item)| Some((i, item.as_object()?)))
}

/// The items of a field that are text.
pub(crate) fn texts<'a>(object: &'a Object, field: &str) -> impl Iterator<Item = &'a str> {
    list(object, field).iter().filter_map(Value::as_str)
}

/// The whole number of a field.
pub(crate) fn integer(object: &Object, field: &str) -> Option<i64> {
    object.get(field).and_then(Value::as_i64)
}

/// The boolean of a field.
pub(crate) fn flag(object: &Object, field: &str) -> Option<bool> {
    object.get(field).and_then(Value::as_bool)
}

/// The field of a field of a field.
pub(crate) fn at<'a>(object: &'a Object, fields: &[&str]) -> Option<&'a Value> {
    let (last, way) = fields.split_last()?;
    way.iter().try_fold(object, |at, field| map(at, field))?.get(*last)
}

/// Whether something other than null stands in a field.
pub(crate) fn is_set(object: &Object, field: &str) -> bool {
    object.get(field).is_some_and(|value| !value.is_null())
}

/// Fills a field that is absent, null or an empty text.
pub(crate) fn default_text(object: &mut Object, field: &str, value: &str) {
    let empty = match object.get(field) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    };
    if empty {
        object.insert(field.to_owned(), Value::from(value));
    }
}

/// Fills a field that is absent or null.
pub(crate) fn default_value(object: &mut Object, field: &str, value: impl Into<Value>) {
    if !is_set(object, field) {
        object.insert(field.to_owned(), value.into());
    }
}

/// The map of a field, to be changed.
pub(crate) fn map_mut<'a>(object: &'a mut Object, field: &str) -> Option<&'a mut Object> {
    object.get_mut(field).and_then(Value::as_object_mut)
}

/// The map of a field, to be changed; made where it is absent or null, and `None` where something else
/// stands there.
pub(crate) fn map_or_new<'a>(object: &'a mut Object, field: &str) -> Option<&'a mut Object> {
    default_value(object, field, Object::new());
    map_mut(object, field)
}

/// The items of a field that are maps, to be changed.
pub(crate) fn maps_mut<'a>(
    object: &'a mut Object,
    field: &str,
) -> impl Iterator<Item = &'a mut Object> {
    object
        .get_mut(field)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
}

/// Takes a field away from an object and keeps the order of the others.
pub(crate) fn remove(object: &mut Object, field: &str) -> Option<Value> {
    object.shift_remove(field)
}

/// Sets a field to what it is in another object, absence included.
pub(crate) fn copy(object: &mut Object, from: &Object, field: &str) {
    match from.get(field) {
        Some(value) => {
            object.insert(field.to_owned(), value.clone());
        }
        None => {
            remove(object, field);
        }
    }
}

/// Whether two values mean the same to the API, for which an absent map, an empty one and null are one.
pub(crate) fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            a.iter().all(|(k, v)| same(Some(v), b.get(k)))
                && b.iter().all(|(k, v)| a.contains_key(k) || same(None, Some(v)))
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(Some(a), Some(b)))
        }
        (Some(value), None) | (None, Some(value)) => is_nothing(value),
        (Some(a), Some(b)) => a == b || (is_nothing(a) && is_nothing(b)),
        (None, None) => true,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_empty_and_null_are_one() {
        for (left, right, want) in [
            (json!({"a": {}}), json!({}), true),
            (json!({"a": null}), json!({"a": []}), true),
            (json!({"a": [1]}), json!({"a": []}), false),
            (json!({"a": "x"}), json!({"b": "x"}), false),
            (json!({"a": [{"b": {}}]}), json!({"a": [{}]}), true),
            (json!({"a": false}), json!({}), false),
        ] {
            assert_eq!(same(Some(&left), Some(&right)), want, "{left} {right}");
            assert_eq!(same(Some(&right), Some(&left)), want, "{right} {left}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_as_if_absent() {
        let odd = json!({"a": 1, "b": "x", "c": [1, {"d": true}]});
        let odd = odd.as_object().unwrap();
        assert_eq!((text(odd, "a"), map(odd, "a"), list(odd, "b")), ("", None, [].as_slice()));
        assert_eq!(maps(odd, "c").map(|(i, _)| i).collect::<Vec<_>>(), [1]);
        assert_eq!(at(odd, &["b", "x", "y"]), None);
        assert_eq!((integer(odd, "b"), flag(odd, "a")), (None, None));
    }
}
