//! Reading, with an eye on keys that stand twice.

use std::cell::RefCell;
use std::fmt::{self, Write};

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{DEPTH_MAX, SyntaxError};

/// How many complaints of one text are kept, as Go's reader of Kubernetes does: a text of a
/// megabyte may hold a hundred thousand.
const COMPLAINTS_MAX: usize = 100;

/// A text, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The value. Of a key that stands twice the last value counts.
    pub value: Value,
    /// `duplicate field "data.a"`, in the order of the text, each once.
    pub complaints: Vec<String>,
}

/// Reads a JSON text as Kubernetes does: invalid UTF-8 and half surrogate pairs become U+FFFD, the
/// last of two equal keys counts and both are told of.
///
/// # Errors
/// What Go's reader says of a text that is no JSON, or one nested deeper than [`DEPTH_MAX`].
pub fn read(text: &[u8]) -> Result<Read, SyntaxError> {
    let complaints = RefCell::new(Vec::new());
    let first = |text: &[u8]| {
        let mut reader = serde_json::Deserializer::from_slice(text);
        let root = Place { step: Step::Root, depth: 0, complaints: &complaints };
        root.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value))
    };
    let value = match first(text) {
        Ok(value) => value,
        Err(_) => {
            complaints.borrow_mut().clear();
            let mended = mended(text);
            mended.and_then(|m| first(&m).ok()).ok_or_else(|| SyntaxError::of(text))?
        }
    };
    Ok(Read { value, complaints: complaints.into_inner() })
}

/// The text with U+FFFD where Go puts it: for bytes that are no UTF-8, and for halves of surrogate
/// pairs. None if there is nothing of that kind.
fn mended(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = String::from_utf8_lossy(text).into_owned();
    let mut at = 0;
    while let Some(found) = out.get(at..).and_then(|rest| rest.find('\\')) {
        let here = at + found;
        at = here + 2;
        let Some(unit) = surrogate(&out, here) else { continue };
        let pair = unit < 0xdc00 && surrogate(&out, here + 6).is_some_and(|low| low >= 0xdc00);
        if !pair {
            out.replace_range(here..here + 6, "\\ufffd");
        }
        at = here + if pair { 12 } else { 6 };
    }
    (out.as_bytes() != text).then(|| out.into_bytes())
}

/// The half of a surrogate pair that is escaped at `at`.
fn surrogate(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at.checked_add(6)?)?.strip_prefix("\\u")?;
    let unit = u16::from_str_radix(digits, 16).ok()?;
    (0xd800..0xe000).contains(&unit).then_some(unit)
}

enum Step<'a> {
    Root,
    Key(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

/// Where a value stands; it is read there.
struct Place<'a> {
    step: Step<'a>,
    depth: usize,
    complaints: &'a RefCell<Vec<String>>,
}

impl Place<'_> {
    fn path(&self, out: &mut String) {
        match &self.step {
            Step::Root => {}
            Step::Key(above, key) => {
                above.path(out);
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
            Step::Index(above, index) => {
                above.path(out);
                // Writing to a string does not fail.
                let _ = write!(out, "[{index}]");
            }
        }
    }

    fn twice(&self, key: &str) {
        let mut complaints = self.complaints.borrow_mut();
        if complaints.len() >= COMPLAINTS_MAX {
            return;
        }
        let mut path = String::new();
        Place { step: Step::Key(self, key), depth: self.depth, complaints: self.complaints }
            .path(&mut path);
        let complaint = format!("duplicate field \"{path}\"");
        if !complaints.contains(&complaint) {
            complaints.push(complaint);
        }
    }
}

impl<'de> DeserializeSeed<'de> for &Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        if self.depth > DEPTH_MAX {
            return Err(D::Error::custom("too deep"));
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Place<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let step = Step::Index(self, items.len());
            let place = Place { step, depth: self.depth + 1, complaints: self.complaints };
            match list.next_element_seed(&place)? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let place = Place {
                step: Step::Key(self, &key),
                depth: self.depth + 1,
                complaints: self.complaints,
            };
            let value = map.next_value_seed(&place)?;
            if out.contains_key(&key) {
                self.twice(&key);
            }
            out.insert(key, value);
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &[u8], value: &str, complaints: &[&str]) {
        let read = read(text).expect("it is JSON");
        assert_eq!(read.value.to_string(), value);
        assert_eq!(read.complaints, complaints);
    }

    #[test]
    fn keys_that_stand_twice_are_told_of_where_they_stand() {
        check(br#"{"a":1,"a":2}"#, r#"{"a":2}"#, &["duplicate field \"a\""]);
        check(
            br#"{"data":{"a":1,"a":2,"a":3}}"#,
            r#"{"data":{"a":3}}"#,
            &["duplicate field \"data.a\""],
        );
        check(
            br#"[{"x":[{"y":1,"y":1}]},{"z":1,"z":2}]"#,
            r#"[{"x":[{"y":1}]},{"z":2}]"#,
            &["duplicate field \"[0].x[0].y\"", "duplicate field \"[1].z\""],
        );
        check(br#"{"a":{"b":1},"c":{"b":1}}"#, r#"{"a":{"b":1},"c":{"b":1}}"#, &[]);
    }

    #[test]
    fn what_is_no_text_becomes_a_replacement_character() {
        check(b"\"a\xffb\"", "\"a\u{fffd}b\"", &[]);
        check(
            br#""\ud800 \\ud800 \ud83d\ude00 \udc00""#,
            "\"\u{fffd} \\\\ud800 😀 \u{fffd}\"",
            &[],
        );
    }

    #[test]
    fn depth_is_limited() {
        let nested = |n: usize| [vec![b'['; n], vec![b']'; n]].concat();
        assert!(read(&nested(DEPTH_MAX - 1)).is_ok());
        for deep in [DEPTH_MAX + 1, 100_000] {
            let error = read(&nested(deep)).expect_err("too deep").to_string();
            assert_eq!(error, "exceeded max depth");
        }
    }
}
