//! Reading and filling fields of JSON, whatever stands there: a value of the wrong type is as if absent,
//! which only the decoder's strictness can judge.

use std::sync::LazyLock;

use serde_json::Value;

use crate::Object;

/// The text of a field; empty where there is none.
pub(crate) fn text<'a>(object: &'a Object, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The map of a field; an empty one where there is none.
pub(crate) fn section<'a>(object: &'a Object, field: &str) -> &'a Object {
    static EMPTY: LazyLock<Object> = LazyLock::new(Object::new);
    object.get(field).and_then(Value::as_object).unwrap_or(&EMPTY)
}

/// The map of a field, made where it is absent.
pub(crate) fn section_mut<'a>(object: &'a mut Object, field: &str) -> &'a mut Object {
    let held = object.entry(field).or_insert_with(|| Object::new().into());
    if !held.is_object() {
        *held = Object::new().into();
    }
    match held {
        Value::Object(section) => section,
        // INVARIANT: it has just been made one.
        _ => unreachable!("a section is an object"),
    }
}

/// The items of a field that are maps.
pub(crate) fn maps<'a>(object: &'a Object, field: &str) -> impl Iterator<Item = &'a Object> {
    let listed = object.get(field).and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_object)
}

/// The items of a field that are maps, to be changed.
pub(crate) fn maps_mut<'a>(
    object: &'a mut Object,
    field: &str,
) -> impl Iterator<Item = &'a mut Object> {
    let listed = object.get_mut(field).and_then(Value::as_array_mut);
    listed.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// The items of a list.
pub(crate) fn items<'a>(object: &'a Object, field: &str) -> &'a [Value] {
    object.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Adds an item to the list of a field, which is made where it is absent.
pub(crate) fn push(object: &mut Object, field: &str, item: impl Into<Value>) {
    let held = object.entry(field).or_insert_with(|| Value::Array(Vec::new()));
    match held {
        Value::Array(items) => items.push(item.into()),
        other => *other = Value::Array(vec![item.into()]),
    }
}

/// Whether something other than null stands in a field.
pub(crate) fn is_set(object: &Object, field: &str) -> bool {
    object.get(field).is_some_and(|value| !value.is_null())
}

/// `metadata`.
pub(crate) fn metadata(object: &Object) -> &Object {
    section(object, "metadata")
}

/// `metadata.name`.
pub(crate) fn name(object: &Object) -> &str {
    text(metadata(object), "name")
}

/// `spec`.
pub(crate) fn spec(object: &Object) -> &Object {
    section(object, "spec")
}

/// An annotation, where it is there.
pub(crate) fn annotation<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    section(metadata(object), "annotations").get(key).and_then(Value::as_str)
}

/// A text as Go's `%q` prints it. Names and the like have nothing in them that JSON writes otherwise.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Whether two values mean the same to the API, for which an absent map or list, an empty one and null are
/// one.
pub(crate) fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left.filter(|value| !is_nothing(value)), right.filter(|value| !is_nothing(value))) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            a.iter().all(|(key, value)| same(Some(value), b.get(key)))
                && b.iter().all(|(key, value)| a.contains_key(key) || is_nothing(value))
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(Some(a), Some(b)))
        }
        (left, right) => left == right,
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

/// The class that is marked as the default one: the newest of them, of equally old ones the first by name.
pub(crate) fn default_class<'a>(
    classes: &'a [std::sync::Arc<Object>],
    marks: &[&str],
) -> Option<&'a Object> {
    let marked = |class: &&std::sync::Arc<Object>| {
        marks.iter().any(|mark| annotation(class, mark) == Some("true"))
    };
    let made = |class: &Object| text(metadata(class), "creationTimestamp").to_owned();
    let newer = |a: &&std::sync::Arc<Object>, b: &&std::sync::Arc<Object>| {
        // Times of the API are all in the same form, so their texts are in their order.
        made(b).cmp(&made(a)).then_with(|| name(a).cmp(name(b)))
    };
    classes.iter().filter(marked).min_by(newer).map(|class| &**class)
}
