//! Writing as Go writes.

use std::fmt::Write;

use serde_json::Value;

/// What Go escapes and others do not.
const ESCAPED: [char; 5] = ['<', '>', '&', '\u{2028}', '\u{2029}'];

/// A value as Go's `json.Marshal` writes it: no spaces, and `<`, `>`, `&`, U+2028 and U+2029
/// escaped, so that a page which holds the text by mistake does not run it.
pub fn write(value: &Value) -> String {
    let plain = value.to_string();
    if !plain.contains(ESCAPED) {
        return plain;
    }
    let mut out = String::with_capacity(plain.len() + 16);
    for c in plain.chars() {
        match c {
            // These only ever stand inside of strings.
            _ if ESCAPED.contains(&c) => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

/// A value as Go's `fmt` prints it with `%v`: `map[a:1 b:[x y]]`, keys sorted, nothing quoted.
pub fn go_value(value: &Value) -> String {
    let mut out = String::new();
    print(value, &mut out);
    out
}

fn print(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(&n.to_string()),
        Value::String(s) => out.push_str(s),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                print(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            out.push_str("map[");
            for (i, (key, value)) in fields.into_iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                print(value, out);
            }
            out.push(']');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_writes_and_prints() {
        let value = serde_json::json!({"b": ["<a&b>", 1, null], "a": {"x": true, "é": "\u{2028}"}});
        assert_eq!(
            write(&value),
            r#"{"b":["\u003ca\u0026b\u003e",1,null],"a":{"x":true,"é":"\u2028"}}"#
        );
        assert_eq!(go_value(&value), "map[a:map[x:true é:\u{2028}] b:[<a&b> 1 <nil>]]");
    }
}
