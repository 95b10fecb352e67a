//! Reading and writing the metadata of an object.

use portcullis_kinds::Object;
use serde_json::{Map, Value};

/// The metadata, where it is an object.
pub fn metadata(object: &Object) -> Option<&Map<String, Value>> {
    object.get("metadata").and_then(Value::as_object)
}

/// The metadata to be changed; made if it is absent or no object.
pub fn metadata_mut(object: &mut Object) -> &mut Map<String, Value> {
    let held = object.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    if !held.is_object() {
        *held = Value::Object(Map::new());
    }
    match held {
        Value::Object(metadata) => metadata,
        // INVARIANT: it has just been made one.
        _ => unreachable!("metadata is an object"),
    }
}

/// A text of the metadata; empty where it is absent.
pub fn text<'a>(object: &'a Object, field: &str) -> &'a str {
    metadata(object).and_then(|metadata| metadata.get(field)).and_then(Value::as_str).unwrap_or("")
}

/// A whole number of the metadata; 0 where it is absent.
pub fn integer(object: &Object, field: &str) -> i64 {
    let held = metadata(object).and_then(|metadata| metadata.get(field));
    held.and_then(Value::as_i64).unwrap_or(0)
}

/// `metadata.name`.
pub fn name(object: &Object) -> &str {
    text(object, "name")
}

/// `metadata.namespace`.
pub fn namespace(object: &Object) -> &str {
    text(object, "namespace")
}

/// `metadata.uid`.
pub fn uid(object: &Object) -> &str {
    text(object, "uid")
}

/// The labels, where there are any.
pub fn labels(object: &Object) -> Option<&Map<String, Value>> {
    metadata(object).and_then(|metadata| metadata.get("labels")).and_then(Value::as_object)
}

/// The finalizers.
pub fn finalizers(object: &Object) -> impl Iterator<Item = &str> {
    let listed = metadata(object).and_then(|metadata| metadata.get("finalizers"));
    listed.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Whether it is being deleted.
pub fn is_terminating(object: &Object) -> bool {
    metadata(object).is_some_and(|metadata| metadata.contains_key("deletionTimestamp"))
}

/// Sets or, where the value is null, takes away a field of the metadata.
pub fn set(object: &mut Object, field: &str, value: impl Into<Value>) {
    let metadata = metadata_mut(object);
    match value.into() {
        Value::Null => {
            metadata.shift_remove(field);
        }
        value => {
            metadata.insert(field.to_owned(), value);
        }
    }
}

/// The fields of `metav1.ObjectMeta` in the order the API writes them.
const ORDER: [&str; 15] = [
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

/// Puts the fields of the metadata into the order of the API, after some have been added.
pub fn sort(object: &mut Object) {
    let metadata = metadata_mut(object);
    let place = |key: &str| ORDER.iter().position(|known| *known == key).unwrap_or(ORDER.len());
    if metadata.keys().map(|key| place(key)).is_sorted() {
        return;
    }
    let mut fields: Vec<(String, Value)> = std::mem::take(metadata).into_iter().collect();
    fields.sort_by_key(|(key, _)| place(key));
    metadata.extend(fields);
}
