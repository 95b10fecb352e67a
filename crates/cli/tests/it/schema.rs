//! JSON Schema, as much of it as the schemas here use: a keyword that is not known fails the test.

use serde_json::Value;

/// What speaks against a value, each with the way to it; empty if it is as the schema says.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Checker { root: schema, found: &mut found }.check(schema, value, "$");
    found
}

struct Checker<'a> {
    root: &'a Value,
    found: &'a mut Vec<String>,
}

impl Checker<'_> {
    fn say(&mut self, at: &str, what: impl std::fmt::Display) {
        self.found.push(format!("{at}: {what}"));
    }

    /// Whether the value is as the schema says, without saying why not.
    fn holds(&self, schema: &Value, value: &Value) -> bool {
        let mut found = Vec::new();
        Checker { root: self.root, found: &mut found }.check(schema, value, "");
        found.is_empty()
    }

    fn check(&mut self, schema: &Value, value: &Value, at: &str) {
        let Some(keywords) = schema.as_object() else {
            if schema == &Value::Bool(false) {
                self.say(at, "may not be there");
            }
            return;
        };
        for (keyword, said) in keywords {
            let list = || said.as_array().expect("a list");
            match keyword.as_str() {
                "$schema" | "$id" | "id" | "title" | "description" | "definitions" | "default"
                | "format" => {}
                "$ref" => {
                    let path =
                        said.as_str().and_then(|s| s.strip_prefix('#')).expect("a local one");
                    let root = self.root;
                    self.check(root.pointer(path).expect("a definition"), value, at);
                }
                "type" => {
                    let one = std::slice::from_ref(said);
                    let types = said.as_array().map_or(one, Vec::as_slice);
                    if !types.iter().any(|t| is_of(value, t.as_str().expect("a type"))) {
                        self.say(at, format!("{value} is no {said}"));
                    }
                }
                "const" if value != said => self.say(at, format!("{value} is not {said}")),
                "enum" if !list().contains(value) => {
                    self.say(at, format!("{value} is none of {said}"));
                }
                "const" | "enum" => {}
                "pattern" => self.pattern(said.as_str().expect("a pattern"), value, at),
                "minimum" if value.is_number() && value.as_f64() < said.as_f64() => {
                    self.say(at, format!("{value} is less than {said}"));
                }
                "maximum" if value.is_number() && value.as_f64() > said.as_f64() => {
                    self.say(at, format!("{value} is more than {said}"));
                }
                "minLength"
                    if value
                        .as_str()
                        .is_some_and(|s| (s.len() as u64) < said.as_u64().unwrap()) =>
                {
                    self.say(at, "is too short");
                }
                "minItems"
                    if value
                        .as_array()
                        .is_some_and(|l| (l.len() as u64) < said.as_u64().unwrap()) =>
                {
                    self.say(at, format!("has less than {said} items"));
                }
                "uniqueItems" => {
                    let items = value.as_array().map_or(&[][..], Vec::as_slice);
                    if items.iter().enumerate().any(|(i, item)| items[..i].contains(item)) {
                        self.say(at, "has an item twice");
                    }
                }
                "minimum" | "maximum" | "minLength" | "minItems" => {}
                "required" => {
                    for name in list() {
                        let name = name.as_str().expect("a name");
                        if value.is_object() && value.get(name).is_none() {
                            self.say(at, format!("has no `{name}`"));
                        }
                    }
                }
                "properties" => {
                    for (name, schema) in said.as_object().expect("a map") {
                        if let Some(value) = value.get(name) {
                            self.check(schema, value, &format!("{at}.{name}"));
                        }
                    }
                }
                "additionalProperties" => {
                    let known = keywords.get("properties").and_then(Value::as_object);
                    let own = value.as_object().into_iter().flatten();
                    for (name, value) in
                        own.filter(|(n, _)| known.is_none_or(|k| !k.contains_key(*n)))
                    {
                        self.check(said, value, &format!("{at}.{name}"));
                    }
                }
                "items" => {
                    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(said, item, &format!("{at}[{i}]"));
                    }
                }
                "anyOf" if !list().iter().any(|s| self.holds(s, value)) => {
                    self.say(at, "is nothing of anyOf");
                }
                "oneOf" if list().iter().filter(|s| self.holds(s, value)).count() != 1 => {
                    self.say(at, "is not one of oneOf");
                }
                "allOf" => list().iter().for_each(|s| self.check(s, value, at)),
                "not" if self.holds(said, value) => self.say(at, "is what it may not be"),
                "anyOf" | "oneOf" | "not" => {}
                _ => self.say(at, format!("the schema says `{keyword}`, which is not known here")),
            }
        }
    }

    /// The patterns of our own schema; those of others are taken to hold.
    fn pattern(&mut self, pattern: &str, value: &Value, at: &str) {
        let text = value.as_str().unwrap_or_default();
        if pattern == "^(YA|NP|RB)[0-9]{3}$" {
            let (family, number) = text.split_at(2.min(text.len()));
            let is_number = number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit());
            if !is_number || !["YA", "NP", "RB"].contains(&family) {
                self.say(at, format!("{text} is not as {pattern} says"));
            }
        }
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => panic!("there is no type {kind}"),
    }
}

#[test]
fn what_is_not_as_the_schema_says_is_found() {
    let schema = serde_json::json!({
        "type": "object",
        "required": ["a"],
        "additionalProperties": false,
        "properties": { "a": { "$ref": "#/definitions/n" }, "b": { "enum": ["x"] } },
        "definitions": { "n": { "type": ["integer", "null"], "minimum": 1 } },
    });
    for (value, want) in [
        (serde_json::json!({ "a": 1, "b": "x" }), &[][..]),
        (serde_json::json!({ "a": null }), &[]),
        (serde_json::json!({ "a": 0 }), &["$.a: 0 is less than 1"]),
        (serde_json::json!({ "c": 1 }), &["$: has no `a`", "$.c: may not be there"]),
        (serde_json::json!({ "a": 1, "b": "y" }), &["$.b: \"y\" is none of [\"x\"]"]),
        (serde_json::json!([]), &["$: [] is no \"object\""]),
    ] {
        assert_eq!(faults(&schema, &value), want, "{value}");
    }
}
