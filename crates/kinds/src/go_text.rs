//! Values as Go prints them in error texts.

use std::fmt::Write as _;

use serde_json::Value;

/// A text as Go's `%q` prints it: quoted, and what is not printable as an escape.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            ' '..='~' => out.push(letter),
            // Writing to a String cannot fail.
            '\0'..='\u{7f}' => _ = write!(out, "\\x{:02x}", u32::from(letter)),
            _ if is_printable(letter) => out.push(letter),
            _ if u32::from(letter) <= 0xffff => _ = write!(out, "\\u{:04x}", u32::from(letter)),
            _ => _ = write!(out, "\\U{:08x}", u32::from(letter)),
        }
    }
    out.push('"');
    out
}

/// Whether a letter beyond ASCII shows as itself: controls and spaces other than the plain one do not.
fn is_printable(letter: char) -> bool {
    !letter.is_control()
        && !letter.is_whitespace()
        && !matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{fffb}'
            | '\u{f0000}'..)
}

/// A value as an error text shows it: text quoted, numbers and booleans plain, anything else as
/// `encoding/json` writes it.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(_) | Value::Object(_) => json(value),
        plain => plain.to_string(),
    }
}

/// JSON as `encoding/json` writes it, which hides `<`, `>` and `&` from HTML.
pub(crate) fn json(value: &Value) -> String {
    let text = value.to_string();
    if !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return text;
    }
    // Outside strings JSON has none of these letters.
    let mut out = String::with_capacity(text.len() + 10);
    for letter in text.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            other => out.push(other),
        }
    }
    out
}

/// `1h30m`, `-1.5s`, `0`: what `time.ParseDuration` of Go reads.
pub fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number =
            rest.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(rest.len());
        let (digits, tail) = rest.split_at_checked(number).unwrap_or((rest, ""));
        if digits.trim_matches('.').is_empty() || digits.matches('.').count() > 1 {
            return false;
        }
        let unit =
            tail.find(|char: char| char.is_ascii_digit() || char == '.').unwrap_or(tail.len());
        let (unit, next) = tail.split_at_checked(unit).unwrap_or((tail, ""));
        if !matches!(unit, "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h") {
            return false;
        }
        rest = next;
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_print_as_go_prints_them() {
        for (value, want) in [
            (json!("a\"b\\c\n\u{0}\u{7f}é\u{a0}\u{1F600}"), r#""a\"b\\c\n\x00\x7fé\u00a0😀""#),
            (json!("<a&b>"), r#""<a&b>""#),
            (json!({"Rule": "a < b"}), r#"{"Rule":"a \u003c b"}"#),
            (json!(["x"]), r#"["x"]"#),
            (json!(-1), "-1"),
            (json!(null), "null"),
        ] {
            assert_eq!(shown(&value), want);
        }
    }

    #[test]
    fn durations_are_those_of_go() {
        for (text, is) in [
            ("32s", true),
            ("1h30m", true),
            ("-1.5s", true),
            ("0", true),
            (".5ms", true),
            ("1µs", true),
            ("abc", false),
            ("", false),
            ("5", false),
            ("s", false),
            ("1.2.3s", false),
            ("1d", false),
        ] {
            assert_eq!(is_duration(text), is, "{text}");
        }
    }
}
