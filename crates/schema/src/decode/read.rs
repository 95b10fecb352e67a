//! A text, token by token. What it says of a broken text is only that it is broken:
//! [`crate::json::read`] finds the words.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::Room;
use crate::json::DEPTH_MAX;

/// The text is no JSON, or is nested too deeply.
#[derive(Debug)]
pub(super) struct Broken;

pub(super) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    /// What values of any type may still take.
    room: Room,
    /// Whether they took more: then it is not the text that is broken.
    full: bool,
}

/// What stands for the half of a surrogate pair.
const REPLACEMENT: char = '\u{fffd}';

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a [u8], room: Room) -> Self {
        Self { text, at: 0, depth: 0, room, full: false }
    }

    /// How much the object may still hold.
    pub(super) fn room(&mut self) -> &mut Room {
        &mut self.room
    }

    /// Whether it stopped because the object holds too much.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// How far it has come.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// A reader of what stood between two positions, and was found to be small enough.
    pub(super) fn part(&self, from: usize, to: usize) -> Self {
        Self::new(self.text.get(from..to).unwrap_or_default(), Room::ample())
    }

    /// The text between a position and here.
    pub(super) fn since(&self, from: usize) -> &'a [u8] {
        self.text.get(from..self.at).unwrap_or_default()
    }

    /// The first byte of the next token, which is not taken.
    pub(super) fn peek(&mut self) -> Result<u8, Broken> {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(Broken)
    }

    /// Takes `{` or `[`.
    pub(super) fn open(&mut self) -> Result<(), Broken> {
        self.depth += 1;
        self.at += 1;
        if self.depth > DEPTH_MAX { Err(Broken) } else { Ok(()) }
    }

    /// Goes on in a list or an object that closes with `close`: true if something follows. `first`
    /// is whether nothing was read of it yet.
    pub(super) fn more(&mut self, close: u8, first: bool) -> Result<bool, Broken> {
        let byte = self.peek()?;
        if byte == close {
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if !first {
            if byte != b',' {
                return Err(Broken);
            }
            self.at += 1;
        }
        Ok(true)
    }

    /// A key and its colon.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, Broken> {
        if self.peek()? != b'"' {
            return Err(Broken);
        }
        let key = self.string()?;
        if self.peek()? != b':' {
            return Err(Broken);
        }
        self.at += 1;
        Ok(key)
    }

    /// Nothing but space may follow.
    pub(super) fn end(&mut self) -> Result<(), Broken> {
        match self.peek() {
            Ok(_) => Err(Broken),
            Err(Broken) => Ok(()),
        }
    }

    /// A string, whose quote is next. Invalid UTF-8 becomes U+FFFD.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Broken> {
        let start = self.at + 1;
        let rest = self.text.get(start..).ok_or(Broken)?;
        let end = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20)).ok_or(Broken)?;
        self.at = start + end;
        let plain = String::from_utf8_lossy(self.since(start));
        match self.text.get(self.at) {
            Some(b'"') => {
                self.at += 1;
                Ok(plain)
            }
            Some(b'\\') => self.escaped(plain.into_owned()).map(Cow::Owned),
            _ => Err(Broken),
        }
    }

    /// The rest of a string, from its first escape on.
    fn escaped(&mut self, mut out: String) -> Result<String, Broken> {
        loop {
            let start = self.at;
            let rest = self.text.get(start..).ok_or(Broken)?;
            let end =
                rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20)).ok_or(Broken)?;
            self.at += end;
            out.push_str(&String::from_utf8_lossy(self.since(start)));
            match self.next()? {
                b'"' => return Ok(out),
                b'\\' => out.push(self.escape()?),
                _ => return Err(Broken),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Broken> {
        Ok(match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                let start = self.at;
                let low = match (unit, self.text.get(start..start + 2)) {
                    (0xd800..0xdc00, Some(b"\\u")) => {
                        self.at += 2;
                        self.unit()?
                    }
                    _ => 0,
                };
                if (0xdc00..0xe000).contains(&low) {
                    let pair = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                    char::from_u32(pair).unwrap_or(REPLACEMENT)
                } else {
                    self.at = start;
                    char::from_u32(unit).unwrap_or(REPLACEMENT)
                }
            }
            _ => return Err(Broken),
        })
    }

    fn unit(&mut self) -> Result<u32, Broken> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit << 4 | char::from(self.next()?).to_digit(16).ok_or(Broken)?;
        }
        Ok(unit)
    }

    fn next(&mut self) -> Result<u8, Broken> {
        let byte = *self.text.get(self.at).ok_or(Broken)?;
        self.at += 1;
        Ok(byte)
    }

    /// A number as it is written.
    pub(super) fn number(&mut self) -> Result<&'a str, Broken> {
        let start = self.at;
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.text.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        std::str::from_utf8(self.since(start)).map_err(|_| Broken)
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Broken> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(Broken) } else { Ok(()) }
    }

    /// `true`, `false` or `null`.
    pub(super) fn literal(&mut self, word: &str) -> Result<(), Broken> {
        let end = self.at + word.len();
        if self.text.get(self.at..end) != Some(word.as_bytes()) {
            return Err(Broken);
        }
        self.at = end;
        Ok(())
    }

    /// Takes a value and drops it.
    pub(super) fn skip(&mut self) -> Result<(), Broken> {
        match self.peek()? {
            close @ (b'{' | b'[') => {
                self.open()?;
                let object = close == b'{';
                let mut first = true;
                while self.more(close + 2, first)? {
                    first = false;
                    if object {
                        self.key()?;
                    }
                    self.skip()?;
                }
                Ok(())
            }
            b'"' => self.string().map(|_| ()),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            _ => self.number().map(|_| ()),
        }
    }

    /// A value of any type. Of a key that stands twice the last value counts, in the first place.
    pub(super) fn any(&mut self) -> Result<Value, Broken> {
        if self.room.value().is_err() {
            self.full = true;
            return Err(Broken);
        }
        Ok(match self.peek()? {
            b'{' => {
                self.open()?;
                let mut map = Map::new();
                while self.more(b'}', map.is_empty())? {
                    let key = self.key()?.into_owned();
                    map.insert(key, self.any()?);
                }
                Value::Object(map)
            }
            b'[' => {
                self.open()?;
                let mut items = Vec::new();
                while self.more(b']', items.is_empty())? {
                    items.push(self.any()?);
                }
                Value::Array(items)
            }
            b'"' => Value::String(self.string()?.into_owned()),
            b't' => self.literal("true").map(|()| Value::Bool(true))?,
            b'f' => self.literal("false").map(|()| Value::Bool(false))?,
            b'n' => self.literal("null").map(|()| Value::Null)?,
            _ => number(self.number()?).ok_or(Broken)?,
        })
    }
}

/// A number as the program holds it: whole if it is written so and fits. None if it is larger than
/// the largest floating-point number.
pub(super) fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::Number(whole.into()));
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(Value::Number(whole.into()));
    }
    text.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number)
}
