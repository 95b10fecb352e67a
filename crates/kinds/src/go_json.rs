//! Whether bytes are JSON, in the words of Go's `encoding/json`: some rules of the API show them.

use std::fmt;

/// What is wrong with a text that should be a JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotAnObject {
    /// It ends too early.
    Truncated,
    /// This byte does not belong where it stands.
    Unexpected(u8, &'static str),
    /// It is JSON of another type.
    Other(&'static str),
    /// It nests deeper than any reader should follow.
    Deep,
}

/// Go's own limit of nesting.
const DEPTH_MAX: usize = 10_000;

impl fmt::Display for NotAnObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("unexpected end of JSON input"),
            Self::Unexpected(b'\'', at) => write!(f, "invalid character '\\'' {at}"),
            Self::Unexpected(b'"', at) => write!(f, "invalid character '\"' {at}"),
            Self::Unexpected(byte, at) => {
                let quoted = crate::go_text::quoted(&char::from(*byte).to_string());
                write!(f, "invalid character '{}' {at}", quoted.trim_matches('"'))
            }
            Self::Other(kind) => {
                write!(
                    f,
                    "json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
                )
            }
            Self::Deep => f.write_str("exceeded max depth"),
        }
    }
}

/// Whether the bytes are one JSON object, or `null`, which Go takes for one.
pub(crate) fn object(bytes: &[u8]) -> Result<(), NotAnObject> {
    let mut scanner = Scanner { bytes, at: 0 };
    let kind = scanner.document()?;
    match kind {
        b'{' | b'n' => Ok(()),
        b'[' => Err(NotAnObject::Other("array")),
        b'"' => Err(NotAnObject::Other("string")),
        b't' | b'f' => Err(NotAnObject::Other("bool")),
        _ => Err(NotAnObject::Other("number")),
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Scan<T> = Result<T, NotAnObject>;

impl Scanner<'_> {
    /// The whole text; says by its first letter what it is.
    fn document(&mut self) -> Scan<u8> {
        const VALUE: &str = "looking for beginning of value";
        let mut open: Vec<u8> = Vec::new();
        let mut kind = None;
        loop {
            // Here a value begins.
            let first = self.visible()?;
            kind.get_or_insert(first);
            match first {
                b'{' | b'[' if open.len() >= DEPTH_MAX => return Err(NotAnObject::Deep),
                b'{' => {
                    if self.visible()? == b'}' {
                        // An empty object is a whole value.
                    } else {
                        self.at -= 1;
                        self.key()?;
                        open.push(b'{');
                        continue;
                    }
                }
                b'[' => {
                    if self.visible()? != b']' {
                        self.at -= 1;
                        open.push(b'[');
                        continue;
                    }
                }
                b'"' => self.string()?,
                b't' => self.literal(
                    b"rue",
                    [
                        "in literal true (expecting 'r')",
                        "in literal true (expecting 'u')",
                        "in literal true (expecting 'e')",
                        "",
                    ],
                )?,
                b'f' => self.literal(
                    b"alse",
                    [
                        "in literal false (expecting 'a')",
                        "in literal false (expecting 'l')",
                        "in literal false (expecting 's')",
                        "in literal false (expecting 'e')",
                    ],
                )?,
                b'n' => self.literal(
                    b"ull",
                    [
                        "in literal null (expecting 'u')",
                        "in literal null (expecting 'l')",
                        "in literal null (expecting 'l')",
                        "",
                    ],
                )?,
                b'-' | b'0'..=b'9' => self.number(first)?,
                other => return Err(NotAnObject::Unexpected(other, VALUE)),
            }
            // Here a value has ended.
            loop {
                match open.last() {
                    None => {
                        return match self.visible() {
                            Err(_) => Ok(kind.unwrap_or_default()),
                            Ok(more) => Err(NotAnObject::Unexpected(more, "after top-level value")),
                        };
                    }
                    Some(b'{') => match self.visible()? {
                        b',' => {
                            self.key()?;
                            break;
                        }
                        b'}' => {}
                        other => {
                            let place = "after object key:value pair";
                            return Err(NotAnObject::Unexpected(other, place));
                        }
                    },
                    Some(_) => match self.visible()? {
                        b',' => break,
                        b']' => {}
                        other => return Err(NotAnObject::Unexpected(other, "after array element")),
                    },
                }
                open.pop();
            }
        }
    }

    fn next(&mut self) -> Scan<u8> {
        let byte = self.bytes.get(self.at).copied().ok_or(NotAnObject::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    fn visible(&mut self) -> Scan<u8> {
        loop {
            match self.next()? {
                b' ' | b'\t' | b'\r' | b'\n' => {}
                other => return Ok(other),
            }
        }
    }

    /// A key and its colon.
    fn key(&mut self) -> Scan<()> {
        match self.visible()? {
            b'"' => self.string()?,
            other => {
                let place = "looking for beginning of object key string";
                return Err(NotAnObject::Unexpected(other, place));
            }
        }
        match self.visible()? {
            b':' => Ok(()),
            other => Err(NotAnObject::Unexpected(other, "after object key")),
        }
    }

    fn string(&mut self) -> Scan<()> {
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let digit = self.next()?;
                            if !digit.is_ascii_hexdigit() {
                                let place = "in \\u hexadecimal character escape";
                                return Err(NotAnObject::Unexpected(digit, place));
                            }
                        }
                    }
                    other => return Err(NotAnObject::Unexpected(other, "in string escape code")),
                },
                control @ 0..0x20 => {
                    return Err(NotAnObject::Unexpected(control, "in string literal"));
                }
                _ => {}
            }
        }
    }

    fn literal(&mut self, rest: &[u8], places: [&'static str; 4]) -> Scan<()> {
        for (wanted, place) in rest.iter().zip(places) {
            let byte = self.next()?;
            if byte != *wanted {
                return Err(NotAnObject::Unexpected(byte, place));
            }
        }
        Ok(())
    }

    fn number(&mut self, first: u8) -> Scan<()> {
        let first = if first == b'-' { self.next()? } else { first };
        match first {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            other => return Err(NotAnObject::Unexpected(other, "in numeric literal")),
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
        }
        Ok(())
    }

    /// At least one digit.
    fn digit(&mut self, place: &'static str) -> Scan<()> {
        let byte = self.next()?;
        if !byte.is_ascii_digit() {
            return Err(NotAnObject::Unexpected(byte, place));
        }
        self.digits();
        Ok(())
    }

    fn digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_said_as_go_says_them() {
        for (text, want) in [
            ("{}", ""),
            (" {\"a\": [1, -0.5e+3, {\"b\": null}, \"\\u00e9\\n\", true]} ", ""),
            ("null", ""),
            ("", "unexpected end of JSON input"),
            ("{\"a\":", "unexpected end of JSON input"),
            ("nojson", "invalid character 'o' in literal null (expecting 'u')"),
            ("{'a': 1}", "invalid character '\\'' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\": 1 2}", "invalid character '2' after object key:value pair"),
            ("{\"a\": [1 2]}", "invalid character '2' after array element"),
            ("{\"a\": 01}", "invalid character '1' after object key:value pair"),
            ("{\"a\": 1.}", "invalid character '}' after decimal point in numeric literal"),
            ("{\"a\": -}", "invalid character '}' in numeric literal"),
            ("{\"a\": \"\n\"}", "invalid character '\\n' in string literal"),
            ("{\"a\": \"\\x\"}", "invalid character 'x' in string escape code"),
            ("{} x", "invalid character 'x' after top-level value"),
            ("\u{e9}", "invalid character 'Ã' looking for beginning of value"),
            ("[]", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
            ("1", "json: cannot unmarshal number into Go value of type map[string]interface {}"),
        ] {
            let said = object(text.as_bytes()).err().map(|fault| fault.to_string());
            assert_eq!(said.unwrap_or_default(), want, "{text}");
        }
        let deep = "[".repeat(DEPTH_MAX + 1);
        assert_eq!(object(deep.as_bytes()), Err(NotAnObject::Deep));
    }
}
