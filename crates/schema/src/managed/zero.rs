//! What an object of a kind is before anything was set: the zero value of the Go struct, as JSON.
//!
//! A create is compared with it, so the structs that are always there (`metadata`, `spec`) have no
//! owner of their own.

use serde_json::{Map, Value};

use crate::api::{Field, Message, Type};
use crate::json::Object;

/// The zero value of a message.
pub(super) fn zero(message: &'static Message) -> Object {
    let mut out = Map::new();
    for field in message.fields {
        if let Some(value) = value(field) {
            out.insert(field.name.into(), value);
        }
    }
    out
}

/// The zero value of a field; none if it is left out.
fn value(field: &'static Field) -> Option<Value> {
    if field.omitted_when_zero() {
        return None;
    }
    if let (Type::Message(message), false) = (field.kind, field.is_pointer()) {
        return Some(Value::Object(zero(message)));
    }
    if field.omitted_when_empty() {
        return None;
    }
    if field.is_pointer() {
        return Some(Value::Null);
    }
    Some(match field.kind {
        Type::String => Value::String(String::new()),
        Type::Bool => Value::Bool(false),
        Type::Int32 | Type::Int64 | Type::Float | Type::IntOrString => Value::from(0),
        Type::Quantity => Value::String("0".into()),
        _ => Value::Null,
    })
}
