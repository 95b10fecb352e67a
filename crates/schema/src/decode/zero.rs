//! What Go prints of fields that nobody set.

use serde_json::Value;

use crate::api::{Field, Message, Type};
use crate::json::Object;

/// The object that Go prints of a struct nobody set anything of: `{}`, or fields that are printed
/// though empty.
pub fn zero(message: &'static Message) -> Object {
    message
        .fields
        .iter()
        .filter_map(|field| absent(field).map(|value| (field.name.to_owned(), value)))
        .collect()
}

/// What is printed of a field that is not there, if anything.
pub(super) fn absent(field: &'static Field) -> Option<Value> {
    if field.is_pointer() {
        return (!field.omitted_when_empty()).then_some(Value::Null);
    }
    let value = of_type(field.kind);
    keeps(field, &value).then_some(value)
}

/// What is printed of the zero value of a type: of an item `null` in a list, for one.
pub(crate) fn of_type(kind: Type) -> Value {
    match kind {
        Type::String => Value::String(String::new()),
        Type::Bool => Value::Bool(false),
        Type::Int32 | Type::Int64 | Type::Float | Type::IntOrString => Value::Number(0.into()),
        Type::Quantity => Value::String("0".to_owned()),
        Type::Message(message) => Value::Object(zero(message)),
        Type::OrBool(_) => Value::Bool(false),
        Type::Bytes
        | Type::Time
        | Type::MicroTime
        | Type::Raw
        | Type::Fields
        | Type::Json
        | Type::List(_)
        | Type::Map(_)
        | Type::OrList(_)
        | Type::OrStrings(_) => Value::Null,
    }
}

/// Whether a value of a field is printed: `omitempty` leaves out what is empty, and a struct never
/// is.
pub(super) fn keeps(field: &Field, value: &Value) -> bool {
    if field.omitted_when_zero() && value.is_null() {
        return false;
    }
    if !field.omitted_when_empty() {
        return true;
    }
    if field.is_pointer() {
        return !value.is_null();
    }
    match field.kind {
        Type::String | Type::Bytes => value.as_str().is_some_and(|text| !text.is_empty()),
        Type::Bool => value.as_bool() == Some(true),
        Type::Int32 | Type::Int64 => value.as_i64() != Some(0),
        Type::Float => value.as_f64() != Some(0.0),
        Type::List(_) => value.as_array().is_some_and(|items| !items.is_empty()),
        Type::Map(_) => value.as_object().is_some_and(|map| !map.is_empty()),
        _ => true,
    }
}

/// The object as it comes back from the original's store, which writes protobuf and so cannot tell
/// an empty list or map from none: `rules: []` becomes `rules: null`. What is asked for with
/// `dryRun` is answered before that.
pub fn settle(message: &'static Message, object: &mut Object) {
    for (name, value) in object.iter_mut() {
        if let Some(field) = message.field(name) {
            settle_value(field.kind, value, true);
        }
    }
}

/// `own` is whether the value is a field's own, not an item of a list or a map.
fn settle_value(kind: Type, value: &mut Value, own: bool) {
    match (kind, value) {
        (Type::List(item), value) => match value.as_array_mut() {
            Some(items) if items.is_empty() => *value = Value::Null,
            Some(items) => items.iter_mut().for_each(|value| settle_value(*item, value, false)),
            None => {}
        },
        (Type::Map(item), value) => match value.as_object_mut() {
            Some(map) if map.is_empty() => *value = Value::Null,
            Some(map) => map.values_mut().for_each(|value| settle_value(*item, value, false)),
            None => {}
        },
        (Type::Message(message), Value::Object(map)) => settle(message, map),
        // The entry of a map is there, and so its bytes are, if none.
        (Type::Bytes, value @ Value::Null) if !own => *value = Value::String(String::new()),
        _ => {}
    }
}
