//! YAML as the API writes it (`sigs.k8s.io/yaml` over go-yaml 2): keys sorted, lists not indented, texts
//! plain where they read back as the same text, long ones folded.

use std::fmt::Write as _;

use portcullis_kinds::Object;
use serde_json::Value;

/// After this column a text goes on in the next line, at a space.
const WIDTH: usize = 80;

/// A YAML body as JSON, and its keys that stand twice. The error is the API's sentence.
pub fn read(bytes: &[u8]) -> Result<(Vec<u8>, Vec<String>), String> {
    let read = portcullis_object::document(bytes, &portcullis_object::Limits::default())
        .map_err(|why| format!("yaml: line {}: {}", why.line, why.message))?;
    let twice = |(key, line): &(String, usize)| {
        format!("line {line}: key {} already set in map", Value::from(key.as_str()))
    };
    Ok((read.value.to_string().into_bytes(), read.duplicates.iter().map(twice).collect()))
}

/// The object as a document.
pub fn write(object: &Object) -> String {
    let mut out = String::new();
    map(object, 0, &mut out);
    out
}

fn map(object: &Object, indent: usize, out: &mut String) {
    let mut keys: Vec<&String> = object.keys().collect();
    keys.sort_unstable();
    for (place, key) in keys.into_iter().enumerate() {
        if place > 0 || !out.ends_with("- ") {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        text(key, indent, out);
        out.push(':');
        if let Some(held) = object.get(key) {
            value(held, indent, out);
        }
    }
}

fn value(held: &Value, indent: usize, out: &mut String) {
    match held {
        Value::Object(fields) if !fields.is_empty() => {
            out.push('\n');
            map(fields, indent + 2, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            list(items, indent, out);
        }
        scalar => {
            out.push(' ');
            write_scalar(scalar, indent, out);
            out.push('\n');
        }
    }
}

fn list(items: &[Value], indent: usize, out: &mut String) {
    for item in items {
        out.extend(std::iter::repeat_n(' ', indent));
        out.push('-');
        out.push(' ');
        match item {
            Value::Object(fields) if !fields.is_empty() => map(fields, indent + 2, out),
            Value::Array(items) if !items.is_empty() => list_in_list(items, indent + 2, out),
            scalar => {
                write_scalar(scalar, indent, out);
                out.push('\n');
            }
        }
    }
}

/// The first item stands in the line of the outer dash.
fn list_in_list(items: &[Value], indent: usize, out: &mut String) {
    let mut inner = String::new();
    list(items, indent, &mut inner);
    out.push_str(inner.trim_start());
}

fn write_scalar(scalar: &Value, indent: usize, out: &mut String) {
    match scalar {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::String(held) => text(held, indent, out),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
}

fn text(held: &str, indent: usize, out: &mut String) {
    if held.contains('\n') && held.chars().all(|char| char == '\n' || !char.is_control()) {
        return literal(held, indent, out);
    }
    if held.chars().any(char::is_control) {
        // INVARIANT: a text can always be written as JSON, and JSON texts are YAML.
        out.push_str(&Value::from(held).to_string());
    } else if needs_quotes(held) {
        let quote = if reads_as_something_else(held) { '"' } else { '\'' };
        out.push(quote);
        folded(&held.replace('\'', if quote == '\'' { "''" } else { "'" }), indent, out);
        out.push(quote);
    } else {
        folded(held, indent, out);
    }
}

/// A text of several lines, as it is.
fn literal(held: &str, indent: usize, out: &mut String) {
    out.push('|');
    if held.starts_with([' ', '\n']) {
        out.push('2');
    }
    let body = held.trim_end_matches('\n');
    match held.len() - body.len() {
        0 => out.push('-'),
        1 => {}
        _ => out.push('+'),
    }
    let lines = if held.ends_with("\n\n") { &held[..held.len() - 1] } else { body };
    for line in lines.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent + 2));
            out.push_str(line);
        }
    }
}

fn folded(held: &str, indent: usize, out: &mut String) {
    let start = out.rfind('\n').map_or(0, |at| at + 1);
    let mut column = out.get(start..).unwrap_or_default().chars().count();
    let mut chars = held.chars().peekable();
    let mut before = None;
    while let Some(char) = chars.next() {
        let alone = before != Some(' ') && chars.peek().is_some_and(|next| *next != ' ');
        if char == ' ' && column > WIDTH && alone && before.is_some() {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent + 2));
            column = indent + 2;
        } else {
            out.push(char);
            column += 1;
        }
        before = Some(char);
    }
}

fn needs_quotes(held: &str) -> bool {
    let Some(first) = held.chars().next() else {
        return true;
    };
    let bytes = held.as_bytes();
    reads_as_something_else(held)
        || held.starts_with("---")
        || held.starts_with("...")
        || held.ends_with([' ', ':'])
        || first == ' '
        || matches!(
            first,
            '#' | ','
                | '['
                | ']'
                | '{'
                | '}'
                | '&'
                | '*'
                | '!'
                | '|'
                | '>'
                | '\''
                | '"'
                | '%'
                | '@'
                | '`'
        )
        || (matches!(first, '-' | '?' | ':') && bytes.get(1).is_none_or(|next| *next == b' '))
        || held.contains(": ")
        || held.contains(" #")
}

/// Whether it would be read as a number, a boolean, null or a time.
fn reads_as_something_else(held: &str) -> bool {
    let lower = held.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "" | "~"
            | "null"
            | "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "y"
            | "n"
            | ".nan"
            | ".inf"
            | "-.inf"
            | "+.inf"
            | "<<"
            | "="
    ) || is_number(&lower)
        || is_time(held)
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text).replace('_', "");
    let radix = |prefix: &str, radix: u32| {
        digits
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)))
    };
    if radix("0x", 16) || radix("0b", 2) || radix("0o", 8) {
        return true;
    }
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-'))
        && digits.parse::<f64>().is_ok()
}

fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (0..4).all(digit) && bytes.get(4) == Some(&b'-') && digit(5) && text.len() >= 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_are_written_as_the_api_writes_them() {
        let object = json!({
            "kind": "ConfigMap",
            "data": {"n": "5", "t": "true", "text": "a\nb\n", "plain": "x y", "colon": "a: b", "e": ""},
            "metadata": {"finalizers": ["a"], "creationTimestamp": "2026-11-21T12:00:00Z",
                "owners": [{"kind": "X", "deep": [{"a": {}}]}], "labels": {}},
            "code": 404,
        });
        let wanted = "\
code: 404
data:
  colon: 'a: b'
  e: \"\"
  \"n\": \"5\"
  plain: x y
  t: \"true\"
  text: |
    a
    b
kind: ConfigMap
metadata:
  creationTimestamp: \"2026-11-21T12:00:00Z\"
  finalizers:
  - a
  labels: {}
  owners:
  - deep:
    - a: {}
    kind: X
";
        assert_eq!(write(object.as_object().unwrap()), wanted);
    }

    #[test]
    fn long_texts_are_folded() {
        let object = json!({"message":
            "only the following media types are accepted: application/json;stream=watch, application/x"});
        assert_eq!(
            write(object.as_object().unwrap()),
            "message: 'only the following media types are accepted: application/json;stream=watch,\n  application/x'\n"
        );
    }
}
