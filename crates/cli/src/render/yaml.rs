//! JSON values as YAML.

use std::fmt::Write;

use serde_json::Value;

/// One document, ending in a line break.
pub(super) fn document(value: &Value) -> String {
    let mut out = String::new();
    node(value, 0, &mut out);
    out
}

/// Writes a value from where the line stands, and ends the line.
fn node(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (i, (key, value)) in map.iter().enumerate() {
                if i > 0 {
                    pad(indent, out);
                }
                out.push_str(&word(key));
                out.push(':');
                below(value, indent, out);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (i, item) in list.iter().enumerate() {
                if i > 0 {
                    pad(indent, out);
                }
                out.push_str("- ");
                node(item, indent + 2, out);
            }
        }
        Value::String(text) => line(&word(text), out),
        // Empty lists and maps, numbers, booleans and null are YAML as they are.
        other => line(&other.to_string(), out),
    }
}

/// Writes what stands behind `key:`.
fn below(value: &Value, indent: usize, out: &mut String) {
    let deeper = match value {
        Value::Object(map) if !map.is_empty() => indent + 2,
        // As kubectl writes them: a list is no deeper than its key.
        Value::Array(list) if !list.is_empty() => indent,
        _ => {
            out.push(' ');
            return node(value, indent, out);
        }
    };
    out.push('\n');
    pad(deeper, out);
    node(value, deeper, out);
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn line(text: &str, out: &mut String) {
    // Writing into a string does not fail.
    let _ = writeln!(out, "{text}");
}

/// A text as it is if nobody could take it for anything else; otherwise as JSON, which is YAML.
fn word(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
        );
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_value() {
        let value = json!({
            "verdict": "allow",
            "text": "no: it is #1",
            "truth": "no",
            "number": "1.5",
            "list": [1, {"a": [], "b": {"c": null}}, [true, "x\ny"]],
            "map": {"inner": {"deep": [{"k": {}}]}},
            "k e y": "",
        });
        expect![[r#"
            verdict: allow
            text: "no: it is #1"
            truth: "no"
            number: "1.5"
            list:
            - 1
            - a: []
              b:
                c: null
            - - true
              - "x\ny"
            map:
              inner:
                deep:
                - k: {}
            "k e y": ""
        "#]]
        .assert_eq(&document(&value));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let value = json!({"a": [{"b": "- x", "c": ["y", {"d": "e: f"}]}, "~", "0x1", ".5"]});
        let input =
            portcullis_object::Input { name: "-".into(), bytes: document(&value).into_bytes() };
        let mut bytes = b"apiVersion: v1\nkind: Any\nspec:\n".to_vec();
        for line in String::from_utf8(input.bytes).expect("text").lines() {
            bytes.extend_from_slice(format!("  {line}\n").as_bytes());
        }
        let input = portcullis_object::Input { name: "-".into(), bytes };
        let loaded = portcullis_object::load(vec![input], &portcullis_object::Limits::default());
        let spec = loaded.objects[0].root().field("spec").expect("a spec").to_json();
        assert_eq!(spec.to_string(), value.to_string());
    }
}
