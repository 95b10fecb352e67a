//! What a YAML scalar means to Kubernetes: YAML 1.1's booleans and nulls, and Go's numbers.
//!
//! The law is what `sigs.k8s.io/yaml` does, which turns YAML into JSON before anything reads it.

use std::borrow::Cow;

use crate::tree::Value;

/// A tag of YAML's own schema that says how a scalar is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Str,
    Int,
    Float,
    Bool,
    Null,
    Binary,
    /// Any other tag, and the bare `!`: the text as it is.
    Other,
}

/// Whether a plain scalar means itself, seen from its first byte and its length: most are plain
/// words and end here. Of others, it is not known.
pub(crate) fn is_word(text: &str) -> bool {
    match text.as_bytes().first() {
        None | Some(b'+' | b'-' | b'.' | b'0'..=b'9') => false,
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => {
            text.len() > "false".len()
        }
        Some(_) => true,
    }
}

/// The meaning of a plain scalar without a tag.
pub(crate) fn plain(text: &str) -> Value<'_> {
    if is_word(text) {
        return Value::String(text.into());
    }
    if let Some(b'+' | b'-' | b'.' | b'0'..=b'9') = text.as_bytes().first() {
        return number(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            Value::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            Value::Bool(false)
        }
        _ => Value::String(text.into()),
    }
}

/// The meaning of a scalar with a tag, or why it has none.
pub(crate) fn tagged(tag: Tag, text: &str) -> Result<Value<'_>, &'static str> {
    let value = plain(text);
    match (tag, value) {
        (Tag::Str | Tag::Other, _) => Ok(Value::String(text.into())),
        (Tag::Binary, _) => decode_base64(text)
            .map(|bytes| Value::String(String::from_utf8_lossy(&bytes).into_owned().into()))
            .ok_or("invalid base64"),
        // Of the number forms only those written as whole numbers are `!!int`: `1.0` is not.
        (Tag::Int, value @ (Value::Int(_) | Value::Float(_))) if integer(text).is_some() => {
            Ok(value)
        }
        (Tag::Float, value @ (Value::Int(_) | Value::Float(_))) => Ok(value),
        (Tag::Bool, value @ Value::Bool(_)) => Ok(value),
        (Tag::Null, Value::Null) => Ok(Value::Null),
        (Tag::Int, _) => Err("not a whole number"),
        (Tag::Float, _) => Err("not a number"),
        (Tag::Bool, _) => Err("not a boolean"),
        (Tag::Null, _) => Err("not null"),
    }
}

/// What a key that is not plain becomes; none for null, which no JSON key can be.
pub(crate) fn key(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(true) => Some("true".into()),
        Value::Bool(false) => Some("false".into()),
        Value::Int(n) => Some(n.to_string().into()),
        Value::Float(f) => Some(float_key(f).into()),
        Value::Null | Value::Map | Value::List => None,
    }
}

/// What a plain key becomes: like [`key`], but numbers written as floats go through 32 bits and
/// Go's shortest form, whole or not: `1000000.0` is the key `1e+06`.
pub(crate) fn plain_key(text: &str) -> Option<Cow<'_, str>> {
    match plain(text) {
        // Go knows no way to print an unsigned number as a key.
        Value::Float(_) if integer(text).is_some() => None,
        Value::Int(_) | Value::Float(_) if integer(text).is_none() => {
            Some(float_key(without_underscores(text).parse().unwrap_or(f64::NAN)).into())
        }
        value => key(value),
    }
}

fn number(text: &str) -> Value<'_> {
    /// So many digits fit whatever they are.
    const SAFE_DIGITS: usize = 18;
    let bytes = text.as_bytes();
    if bytes.len() <= SAFE_DIGITS && !matches!(bytes, [b'0', _, ..]) {
        let digits = bytes.iter().try_fold(0_i64, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'))
        });
        if let Some(whole) = digits {
            return Value::Int(whole);
        }
    }
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Value::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    if let Some(value) = integer(text) {
        return value;
    }
    let digits = without_underscores(text);
    if is_float(&digits) {
        // Out of range means infinite here and an error in Go, which then reads a string.
        if let Some(float) = digits.parse::<f64>().ok().filter(|f| f.is_finite()) {
            return Value::number(float);
        }
    }
    Value::String(text.into())
}

fn without_underscores(text: &str) -> Cow<'_, str> {
    if text.contains('_') { text.replace('_', "").into() } else { text.into() }
}

/// `0x1F`, `0o17`, `017`, `0b11`, `1_000`, with a sign or without, as Go's `ParseInt` with base 0.
fn integer(text: &str) -> Option<Value<'static>> {
    let text = without_underscores(text);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, &*text),
    };
    let lower = digits.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match lower.as_deref() {
        Some("0x") => (16, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        Some(_) if digits.starts_with('0') => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    // A second sign is an error to Go; `from_str_radix` would take it.
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(size).map(Value::Int);
    }
    // Go keeps 2⁶³ and above as unsigned; JSON readers of Kubernetes then read a float.
    Some(i64::try_from(size).map_or(Value::Float(size as f64), Value::Int))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some((whole, part)) => {
            digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty())
        }
        None => digits(mantissa) && !mantissa.is_empty(),
    };
    let exponent_ok = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['-', '+']).unwrap_or(e);
        digits(e) && !e.is_empty()
    });
    mantissa_ok && exponent_ok
}

/// Go's `FormatFloat(f, 'g', -1, 32)`, which writes exponents below -4 and from 6 on.
fn float_key(f: f64) -> String {
    if f.is_nan() {
        return ".nan".into();
    }
    let short = f as f32;
    if short.is_infinite() {
        return if short > 0.0 { ".inf".into() } else { "-.inf".into() };
    }
    let scientific = format!("{short:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let Ok(exponent) = exponent.parse::<i32>() else { return scientific };
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    } else {
        short.to_string()
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held, mut padding) = (0_u32, 0_u32, 0_u32);
    for byte in text.bytes().filter(|b| !matches!(b, b'\n' | b'\r')) {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = (bits << 6) | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(((bits >> held) & 0xff) as u8);
        }
    }
    // Go wants whole groups of four.
    let padded = match held {
        0 => 0,
        4 => 2,
        2 => 1,
        _ => return None,
    };
    (padding == padded).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Value<'_> {
        Value::String(text.into())
    }

    /// Every row was asked of `sigs.k8s.io/yaml` 1.6.
    #[test]
    fn plain_scalars() {
        for (text, want) in [
            ("", Value::Null),
            ("~", Value::Null),
            ("null", Value::Null),
            ("nUll", string("nUll")),
            ("y", Value::Bool(true)),
            ("On", Value::Bool(true)),
            ("NO", Value::Bool(false)),
            ("off", Value::Bool(false)),
            ("tRUE", string("tRUE")),
            ("0777", Value::Int(511)),
            ("0o17", Value::Int(15)),
            ("-0o17", Value::Int(-15)),
            ("0O7", Value::Int(7)),
            ("0o9", string("0o9")),
            ("0o08", string("0o08")),
            ("0x1F", Value::Int(31)),
            ("+0x1F", Value::Int(31)),
            ("0X1f", Value::Int(31)),
            ("0x", string("0x")),
            ("0b11", Value::Int(3)),
            ("-0b11", Value::Int(-3)),
            ("0b2", string("0b2")),
            ("1_000", Value::Int(1000)),
            ("1_", Value::Int(1)),
            ("_1", string("_1")),
            ("0777_7", Value::Int(4095)),
            ("+1", Value::Int(1)),
            ("0", Value::Int(0)),
            ("-0", Value::Int(0)),
            ("08", Value::Int(8)),
            ("1.0", Value::Int(1)),
            ("1.", Value::Int(1)),
            ("1.e3", Value::Int(1000)),
            ("1e3", Value::Int(1000)),
            ("12e03", Value::Int(12000)),
            (".5", Value::Float(0.5)),
            ("+.5", Value::Float(0.5)),
            (".5_0", Value::Float(0.5)),
            ("1_000.5", Value::Float(1000.5)),
            ("1e21", Value::Float(1e21)),
            ("1e", string("1e")),
            (".", string(".")),
            ("+", string("+")),
            ("-x", string("-x")),
            ("1e400", string("1e400")),
            ("99999999999999999999", Value::Float(1e20)),
            ("-9223372036854775808", Value::Int(i64::MIN)),
            ("9223372036854775808", Value::Float(9_223_372_036_854_775_808.0)),
            ("12:30:45", string("12:30:45")),
            ("2001-12-14", string("2001-12-14")),
            ("10.0.0.1", string("10.0.0.1")),
            ("--1", string("--1")),
            ("0x-1", string("0x-1")),
            ("é", string("é")),
            ("0é", string("0é")),
            (".inf", Value::Float(f64::INFINITY)),
            ("-.INF", Value::Float(f64::NEG_INFINITY)),
            ("=", string("=")),
        ] {
            assert_eq!(plain(text), want, "{text:?}");
        }
    }

    #[test]
    fn tagged_scalars() {
        for (tag, text, want) in [
            (Tag::Str, "12", Ok(string("12"))),
            (Tag::Int, "12", Ok(Value::Int(12))),
            (Tag::Int, "0x1F", Ok(Value::Int(31))),
            (Tag::Int, "1.0", Err("not a whole number")),
            (Tag::Int, "~", Err("not a whole number")),
            (Tag::Float, "12", Ok(Value::Int(12))),
            (Tag::Float, "abc", Err("not a number")),
            (Tag::Bool, "yes", Ok(Value::Bool(true))),
            (Tag::Bool, "1", Err("not a boolean")),
            (Tag::Null, "x", Err("not null")),
            (Tag::Binary, "aGVsbG8=", Ok(string("hello"))),
            (Tag::Binary, "/w==", Ok(string("\u{fffd}"))),
            (Tag::Binary, "!!", Err("invalid base64")),
            (Tag::Binary, "aGVsbG8", Err("invalid base64")),
            (Tag::Other, "12", Ok(string("12"))),
        ] {
            assert_eq!(tagged(tag, text), want, "{tag:?} {text}");
        }
    }

    #[test]
    fn keys() {
        for (text, want) in [
            ("y", Some("true")),
            ("off", Some("false")),
            ("~", None),
            ("0x10", Some("16")),
            ("1.5", Some("1.5")),
            ("1.0", Some("1")),
            ("1000000.0", Some("1e+06")),
            ("100000.0", Some("100000")),
            ("123456789.0", Some("1.2345679e+08")),
            ("1234567.5", Some("1.2345675e+06")),
            ("99999999999999999999", Some("1e+20")),
            ("9223372036854775808", None),
            ("0.00001", Some("1e-05")),
            ("a", Some("a")),
        ] {
            assert_eq!(plain_key(text).as_deref(), want, "{text}");
        }
    }
}
