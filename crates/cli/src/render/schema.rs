//! Words of JSON Schema 2020-12, in which the tests say what programs are told.

use serde_json::{Value, json};

/// A map of these fields, all of them there and no others.
pub(super) fn object(properties: Value) -> Value {
    let names: Vec<&String> = properties.as_object().expect("an object").keys().collect();
    json!({
        "type": "object",
        "required": names,
        "additionalProperties": false,
        "properties": properties,
    })
}

pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

pub(super) fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

pub(super) fn texts(about: &str) -> Value {
    list(text(about))
}

pub(super) fn count(about: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": about })
}

/// A line or a column.
pub(super) fn number(about: &str) -> Value {
    json!({ "type": ["integer", "null"], "minimum": 1, "description": about })
}

/// A map of these fields, and of those that say where something is.
pub(super) fn spot(mut own: Value) -> Value {
    let map = own.as_object_mut().expect("an object");
    map.insert("file".into(), text("the input, as given; `built-in` for what no file says"));
    map.insert("line".into(), number("counted from 1; null for what no file says"));
    map.insert("column".into(), number("counted from 1, in characters"));
    map.insert("endLine".into(), number("the line on which it ends"));
    map.insert("endColumn".into(), number("the column behind its last character"));
    object(own)
}

/// A change of text, or null.
pub(super) fn change() -> Value {
    let mut change = spot(json!({
        "text": text("what stands there afterwards"),
        "safe": { "type": "boolean", "description": "whether --fix makes it" },
    }));
    change["type"] = json!(["object", "null"]);
    change
}

/// Holds `docs/schema/COMMAND.json` to the schema.
#[track_caller]
pub(super) fn published(command: &str, mut schema: Value) {
    let map = schema.as_object_mut().expect("an object");
    map.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    map.insert("title".into(), format!("portcullis {command} -o json").into());
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    let file = folder.join(format!("{command}.json"));
    expect_test::expect_file![file].assert_eq(&format!("{schema:#}\n"));
}
