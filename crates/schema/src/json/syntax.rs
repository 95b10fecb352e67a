//! What is wrong with a text that is no JSON, in the words of Go's `encoding/json`.

use std::fmt;

/// Why a text is no JSON: `invalid character 'b' looking for beginning of value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError(String);

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SyntaxError {}

/// How deeply Go's reader lets a text nest.
const DEPTH_MAX: usize = 10_000;

const TOO_DEEP: &str = "exceeded max depth";

impl SyntaxError {
    /// The first thing wrong with `text`; none if it is JSON.
    pub fn first(text: &[u8]) -> Option<Self> {
        let mut scanner = Scanner { text, at: 0, open: Vec::new() };
        Some(Self(match scanner.run().err()? {
            Stop::At(byte, context) => format!("invalid character {} {context}", quoted(byte)),
            Stop::End => "unexpected end of JSON input".into(),
            Stop::Deep => TOO_DEEP.into(),
        }))
    }

    /// The first thing wrong with a text that was not read.
    ///
    /// One that is well formed is too deep for us or holds a number that no machine can hold; it is called
    /// too deep.
    pub(crate) fn of(text: &[u8]) -> Self {
        Self::first(text).unwrap_or_else(|| Self(TOO_DEEP.into()))
    }
}

/// A byte as Go's `quoteChar` shows it.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".into(),
        b'"' => "'\"'".into(),
        b'\\' => r"'\\'".into(),
        7 => r"'\a'".into(),
        8 => r"'\b'".into(),
        9 => r"'\t'".into(),
        10 => r"'\n'".into(),
        11 => r"'\v'".into(),
        12 => r"'\f'".into(),
        13 => r"'\r'".into(),
        0..0x20 | 0x7f => format!("'\\x{byte:02x}'"),
        0x80..=0xa0 | 0xad => format!("'\\u{byte:04x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}

enum Stop {
    At(u8, &'static str),
    End,
    Deep,
}

#[derive(Clone, Copy, PartialEq)]
enum Open {
    Array,
    Object,
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    open: Vec<Open>,
}

impl Scanner<'_> {
    fn run(&mut self) -> Result<(), Stop> {
        loop {
            self.value()?;
            if !self.after_value()? {
                return match self.peek_past_space() {
                    None => Ok(()),
                    Some(byte) => Err(Stop::At(byte, "after top-level value")),
                };
            }
        }
    }

    /// Reads up to the end of a value that holds no other; what opens is kept in `open`.
    fn value(&mut self) -> Result<(), Stop> {
        loop {
            match self.past_space()? {
                b'{' | b'[' if self.open.len() >= DEPTH_MAX => return Err(Stop::Deep),
                b'{' => {
                    if self.peek_past_space() == Some(b'}') {
                        self.at += 1;
                        return Ok(());
                    }
                    self.open.push(Open::Object);
                    self.key()?;
                }
                b'[' => {
                    if self.peek_past_space() == Some(b']') {
                        self.at += 1;
                        return Ok(());
                    }
                    self.open.push(Open::Array);
                }
                b'"' => return self.string(),
                b't' => return self.literal(&TRUE),
                b'f' => return self.literal(&FALSE),
                b'n' => return self.literal(&NULL),
                byte @ (b'-' | b'0'..=b'9') => return self.number(byte),
                byte => return Err(Stop::At(byte, "looking for beginning of value")),
            }
        }
    }

    /// Closes what ends behind a value. True if another value follows.
    fn after_value(&mut self) -> Result<bool, Stop> {
        while let Some(open) = self.open.last().copied() {
            match (open, self.past_space()?) {
                (Open::Array, b',') => return Ok(true),
                (Open::Object, b',') => return self.key().map(|()| true),
                (Open::Array, b']') | (Open::Object, b'}') => {
                    self.open.pop();
                }
                (Open::Array, byte) => return Err(Stop::At(byte, "after array element")),
                (Open::Object, byte) => return Err(Stop::At(byte, "after object key:value pair")),
            }
        }
        Ok(false)
    }

    fn key(&mut self) -> Result<(), Stop> {
        match self.past_space()? {
            b'"' => self.string()?,
            byte => return Err(Stop::At(byte, "looking for beginning of object key string")),
        }
        match self.past_space()? {
            b':' => Ok(()),
            byte => Err(Stop::At(byte, "after object key")),
        }
    }

    fn string(&mut self) -> Result<(), Stop> {
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let byte = self.next()?;
                            if !byte.is_ascii_hexdigit() {
                                return Err(Stop::At(byte, "in \\u hexadecimal character escape"));
                            }
                        }
                    }
                    byte => return Err(Stop::At(byte, "in string escape code")),
                },
                byte @ 0..0x20 => return Err(Stop::At(byte, "in string literal")),
                _ => {}
            }
        }
    }

    fn literal(&mut self, rest: &[(u8, &'static str)]) -> Result<(), Stop> {
        for (want, context) in rest {
            let byte = self.next()?;
            if byte != *want {
                return Err(Stop::At(byte, context));
            }
        }
        Ok(())
    }

    fn number(&mut self, first: u8) -> Result<(), Stop> {
        let first = match first {
            b'-' => match self.next()? {
                byte @ b'0'..=b'9' => byte,
                byte => return Err(Stop::At(byte, "in numeric literal")),
            },
            byte => byte,
        };
        if first != b'0' {
            self.digits();
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
            self.digits();
        }
        Ok(())
    }

    fn digit(&mut self, context: &'static str) -> Result<(), Stop> {
        match self.next()? {
            b'0'..=b'9' => Ok(()),
            byte => Err(Stop::At(byte, context)),
        }
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn peek_past_space(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.peek()
    }

    fn next(&mut self) -> Result<u8, Stop> {
        let byte = self.peek().ok_or(Stop::End)?;
        self.at += 1;
        Ok(byte)
    }

    fn past_space(&mut self) -> Result<u8, Stop> {
        self.peek_past_space();
        self.next()
    }
}

const TRUE: [(u8, &str); 3] = [
    (b'r', "in literal true (expecting 'r')"),
    (b'u', "in literal true (expecting 'u')"),
    (b'e', "in literal true (expecting 'e')"),
];
const FALSE: [(u8, &str); 4] = [
    (b'a', "in literal false (expecting 'a')"),
    (b'l', "in literal false (expecting 'l')"),
    (b's', "in literal false (expecting 's')"),
    (b'e', "in literal false (expecting 'e')"),
];
const NULL: [(u8, &str); 3] = [
    (b'u', "in literal null (expecting 'u')"),
    (b'l', "in literal null (expecting 'l')"),
    (b'l', "in literal null (expecting 'l')"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_says_of_texts_that_are_no_json() {
        for (text, want) in [
            ("", "unexpected end of JSON input"),
            ("bad", "invalid character 'b' looking for beginning of value"),
            ("not json", "invalid character 'o' in literal null (expecting 'u')"),
            ("{} trailing", "invalid character 't' after top-level value"),
            ("{\"a\":1", "unexpected end of JSON input"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[[1}", "invalid character '}' after array element"),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            ("\"\\q\"", "invalid character 'q' in string escape code"),
            ("\"\\u12x\"", "invalid character 'x' in \\u hexadecimal character escape"),
            ("-a", "invalid character 'a' in numeric literal"),
            ("01", "invalid character '1' after top-level value"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1e+", "unexpected end of JSON input"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("'a'", "invalid character '\\'' looking for beginning of value"),
            ("é", "invalid character 'Ã' looking for beginning of value"),
            ("\u{0}", "invalid character '\\x00' looking for beginning of value"),
            ("{\"a\":[true,false,null,-0.5e-1,\"\\u00e9\"]} ", "exceeded max depth"),
        ] {
            assert_eq!(SyntaxError::of(text.as_bytes()).to_string(), want, "{text}");
        }
        let deep = "[".repeat(DEPTH_MAX + 1);
        assert_eq!(SyntaxError::first(deep.as_bytes()), Some(SyntaxError(TOO_DEEP.into())));
        assert_eq!(
            SyntaxError::first(b"{\"a\":01}").unwrap().to_string(),
            "invalid character '1' after object key:value pair"
        );
        assert_eq!(SyntaxError::first(b" [1, {}] "), None);
    }
}
