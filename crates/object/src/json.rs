//! One JSON value into the same tree as YAML. Numbers and escapes are read as Go's decoder does;
//! nothing recurses, so nesting costs no stack.
//!
//! Strings stay where they are: of one without escapes only its end is looked for.

use std::borrow::Cow;
use std::ops::Range;

use crate::codes;
use crate::compose::{Budget, Composer, Parsed, Part, Refusal, Workspace};
use crate::list::{self, Items, Sizes};
use crate::tree::{Held, Packed, Text, Value};
use crate::words;

/// Reads the value at the beginning of `source`, blanks before it allowed.
///
/// Answers how many bytes it took, as the next document follows without a mark. Nothing but blanks
/// is `Ok(None)`.
pub(crate) fn parse(
    source: &Text,
    budget: Budget,
    work: &mut Workspace,
) -> Result<Option<(Parsed, usize)>, Refusal> {
    parse_in_parts(source, budget, work, list::SIZES)
}

/// Like [`parse`], long lists in parts of these sizes.
pub(crate) fn parse_in_parts(
    source: &Text,
    budget: Budget,
    work: &mut Workspace,
    sizes: Sizes,
) -> Result<Option<(Parsed, usize)>, Refusal> {
    let text = source.as_str();
    if let Some(items) = list::items(text, budget, work.keeps_spans(), sizes) {
        let mut scanner = Scanner::new(text, 0, Composer::new(budget, text, work));
        scanner.items = Some(items);
        // What has not become part of the tree, or cannot be read, is read again as a whole.
        if scanner.document() == Ok(true) && scanner.items.is_none() {
            let taken = scanner.at;
            return Ok(Some((scanner.composer.finish(source), taken)));
        }
    }
    let mut scanner = Scanner::new(text, 0, Composer::new(budget, text, work));
    if !scanner.document()? {
        return Ok(None);
    }
    let taken = scanner.at;
    Ok(Some((scanner.composer.finish(source), taken)))
}

/// Reads items with commas between them, from `start` to the end of `text`.
pub(crate) fn part(
    text: &str,
    start: usize,
    budget: Budget,
    work: &mut Workspace,
) -> Result<Part, Refusal> {
    // The object around the list is not there to be counted.
    let budget = Budget { depth: budget.depth.saturating_sub(1), ..budget };
    let mut scanner = Scanner::new(text, start, Composer::new(budget, text, work));
    scanner.composer.open(Packed::List, 0..0, None)?;
    loop {
        scanner.whole_value()?;
        scanner.blank();
        match scanner.peek() {
            None => return Ok(scanner.composer.into_part()),
            Some(b',') => scanner.at += 1,
            Some(_) => return Err(scanner.refuse("`,`")),
        }
    }
}

struct Scanner<'t, 'w> {
    text: &'t str,
    at: usize,
    composer: Composer<'t, 'w>,
    /// The brackets that are open.
    open: Vec<u8>,
    /// A list whose items were read already.
    items: Option<Items>,
}

impl<'t, 'w> Scanner<'t, 'w> {
    fn new(text: &'t str, at: usize, composer: Composer<'t, 'w>) -> Self {
        Self { text, at, composer, open: Vec::new(), items: None }
    }

    /// The first value, unless there is nothing but blanks.
    fn document(&mut self) -> Result<bool, Refusal> {
        self.blank();
        if self.at == self.text.len() {
            return Ok(false);
        }
        self.whole_value()?;
        Ok(true)
    }

    fn whole_value(&mut self) -> Result<(), Refusal> {
        self.value()?;
        while let Some(open) = self.open.last().copied() {
            match open {
                b'{' => self.entry()?,
                _ => self.item()?,
            }
        }
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        const INDENT: [u8; 8] = [b' '; 8];
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
            // What people and machines indent by is most of what is blank.
            while self.text.as_bytes().get(self.at..).and_then(<[u8]>::first_chunk) == Some(&INDENT)
            {
                self.at += INDENT.len();
            }
        }
    }

    fn range(&self, start: usize) -> Range<u32> {
        offset(start)..offset(self.at)
    }

    fn refuse(&self, expected: &str) -> Refusal {
        let next = self.text.get(self.at..).and_then(|t| t.chars().next());
        let found = next.map_or("the end".to_owned(), |c| format!("`{}`", c.escape_default()));
        let range = offset(self.at)..offset(self.at + next.map_or(0, char::len_utf8));
        let message = format!("not valid JSON: expected {expected} here, found {found}");
        Refusal::new(codes::SYNTAX, range, message)
    }

    /// A scalar, or the opening bracket of a map or list.
    fn value(&mut self) -> Result<(), Refusal> {
        loop {
            self.blank();
            let start = self.at;
            let value = match self.peek() {
                Some(b'"') => {
                    let text = self.string()?;
                    let range = self.range(start);
                    let held = match text {
                        Cow::Borrowed(text) => {
                            Held { start: range.start + 1, bytes: offset(text.len()), made: false }
                        }
                        Cow::Owned(text) => self.composer.hold(&text, &range)?,
                    };
                    Packed::String(held)
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(bracket @ (b'{' | b'[')) => {
                    self.at += 1;
                    self.open.push(bracket);
                    let value = if bracket == b'{' { Packed::Map } else { Packed::List };
                    self.composer.open(value, self.range(start), None)?;
                    if let Some(items) = self.items.take_if(|items| items.start == start) {
                        let Items { end, parts, .. } = items;
                        self.composer.adopt(parts).ok_or_else(|| self.refuse("fewer items"))?;
                        self.at = end;
                        return self.close();
                    }
                    self.blank();
                    if self.peek() == Some(if bracket == b'{' { b'}' } else { b']' }) {
                        return self.close();
                    }
                    if bracket == b'{' {
                        self.key()?;
                    }
                    continue;
                }
                _ => self.word()?,
            };
            return self.composer.packed(value, self.range(start), None);
        }
    }

    fn close(&mut self) -> Result<(), Refusal> {
        self.at += 1;
        self.open.pop();
        self.composer.close(Some(offset(self.at)))
    }

    /// What follows the value of a map's entry.
    fn entry(&mut self) -> Result<(), Refusal> {
        self.blank();
        match self.peek() {
            Some(b'}') => self.close(),
            Some(b',') => {
                self.at += 1;
                self.blank();
                self.key()?;
                self.value()
            }
            _ => Err(self.refuse("`,` or `}`")),
        }
    }

    /// What follows an item of a list.
    fn item(&mut self) -> Result<(), Refusal> {
        self.blank();
        match self.peek() {
            Some(b']') => self.close(),
            Some(b',') => {
                self.at += 1;
                self.value()
            }
            _ => Err(self.refuse("`,` or `]`")),
        }
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.refuse("a key in double quotes"));
        }
        match self.string()? {
            Cow::Borrowed(key) => {
                let range = self.range(start);
                self.composer.key_at(range.start + 1, key, range)?;
            }
            Cow::Owned(key) => self.composer.key(&key, false, self.range(start))?,
        }
        self.blank();
        if self.peek() != Some(b':') {
            return Err(self.refuse("`:`"));
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self) -> Result<Packed, Refusal> {
        let rest = self.text.get(self.at..).unwrap_or("");
        for (word, value) in
            [("null", Packed::Null), ("true", Packed::Bool(true)), ("false", Packed::Bool(false))]
        {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.refuse("a value"))
    }

    fn digits(&mut self) -> Result<(), Refusal> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.refuse("a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Packed, Refusal> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        // No digit may follow a leading zero.
        if self.peek() == Some(b'0') {
            self.at += 1
        } else {
            self.digits()?
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or("");
        if let Ok(whole) = text.parse() {
            return Ok(Packed::Int(whole));
        }
        match text.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(match Value::number(float) {
                Value::Int(whole) => Packed::Int(whole),
                _ => Packed::Float(float),
            }),
            _ => Err(Refusal::new(codes::VALUE, self.range(start), "a number out of range")),
        }
    }

    /// The text of a string, whose opening quote is next.
    fn string(&mut self) -> Result<Cow<'t, str>, Refusal> {
        self.at += 1;
        let start = self.at;
        self.at = plain_end(self.text.as_bytes(), start);
        let plain = self.text.get(start..self.at).unwrap_or("");
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => text.push(self.escape()?),
                _ => return Err(self.refuse("the closing quote of this text")),
            }
            let start = self.at;
            self.at = plain_end(self.text.as_bytes(), start);
            text.push_str(self.text.get(start..self.at).unwrap_or(""));
        }
    }

    fn escape(&mut self) -> Result<char, Refusal> {
        self.at += 1;
        let c = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.refuse("an escape such as `\\n`")),
        };
        self.at += 1;
        Ok(c)
    }

    /// Four hexadecimal digits, or eight of a surrogate pair. Half a pair is replaced, as Go does.
    fn unicode(&mut self) -> Result<char, Refusal> {
        let first = self.hex4().ok_or_else(|| self.refuse("four hexadecimal digits"))?;
        self.at += 4;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        if self.text.get(self.at..).is_some_and(|t| t.starts_with("\\u")) {
            self.at += 2;
            if let Some(second @ 0xdc00..0xe000) = self.hex4() {
                self.at += 4;
                let c = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = before;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_hexdigit())
            .then(|| u32::from_str_radix(digits, 16).ok())?
    }
}

/// Where the next quote, backslash or control character is, from `at` on.
fn plain_end(bytes: &[u8], at: usize) -> usize {
    let marks = |word| words::is(word, b'"') | words::is(word, b'\\') | words::is_control(word);
    words::find(bytes, at, marks, |byte| matches!(byte, b'"' | b'\\' | 0..0x20))
}

/// Offsets are 32 bits wide: files are refused long before they need more.
fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    /// All the values of a text, or the sentence and the text underlined.
    fn read(text: &str) -> Result<String, (String, &str)> {
        let (mut values, mut at) = (Vec::new(), 0);
        loop {
            let rest = &text[at..];
            let (source, work) = (Text::from(rest), &mut Workspace::default());
            match parse(&source, Limits::default().budget(), work) {
                Ok(None) => return Ok(values.join(" ")),
                Ok(Some((parsed, taken))) => {
                    values.push(parsed.tree.root().to_json().to_string());
                    at += taken;
                }
                Err(refusal) => {
                    let range = refusal.range.start as usize..refusal.range.end as usize;
                    return Err((refusal.message, &rest[range]));
                }
            }
        }
    }

    #[test]
    fn values() {
        for (text, want) in [
            (
                r#" {"a" : [1, -0, 1.0, 1e3, 0.5, -1E-2], "b":{}} "#,
                r#"{"a":[1,0,1,1000,0.5,-0.01],"b":{}}"#,
            ),
            ("{\"a\":1}\n{\"a\":2}[]", r#"{"a":1} {"a":2} []"#),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"b":2,"a":3}"#),
            (r#"[true, false, null, ""]"#, r#"[true,false,null,""]"#),
            (r#"["\"\\\/\n\té\u00e9"]"#, r#"["\"\\/\n\téé"]"#),
            (r#"["\ud83d\ude00", "\ud83d", "\ude00", "\ud83dx"]"#, r#"["😀","�","�","�x"]"#),
            (
                "[9223372036854775807, 9223372036854775808]",
                "[9223372036854775807,9.223372036854776e+18]",
            ),
            ("", ""),
        ] {
            assert_eq!(read(text).as_deref(), Ok(want), "{text}");
        }
    }

    #[test]
    fn faults_are_named_and_underlined() {
        for (text, want, at) in [
            (r#"{"a":1,}"#, "expected a key in double quotes here, found `}`", "}"),
            (r#"{a:1}"#, "expected a key in double quotes here, found `a`", "a"),
            (r#"{"a" 1}"#, "expected `:` here, found `1`", "1"),
            (r#"{"a":1 b"#, "expected `,` or `}` here, found `b`", "b"),
            ("[1 2]", "expected `,` or `]` here, found `2`", "2"),
            ("[1,", "expected a value here, found the end", ""),
            ("[tru]", "expected a value here, found `t`", "t"),
            ("[01]", "expected `,` or `]` here, found `1`", "1"),
            ("[1.]", "expected a digit here, found `]`", "]"),
            ("[-]", "expected a digit here, found `]`", "]"),
            ("[\"a\nb\"]", "expected the closing quote of this text here, found `\\n`", "\n"),
            (r#"["\x"]"#, "expected an escape such as `\\n` here, found `x`", "x"),
            (r#"["\u12g4"]"#, "expected four hexadecimal digits here, found `1`", "1"),
        ] {
            assert_eq!(read(text), Err((format!("not valid JSON: {want}"), at)), "{text}");
        }
        assert_eq!(read("[1e400]"), Err(("a number out of range".to_owned(), "1e400")));
        let deep = "[".repeat(1_000_000);
        assert_eq!(read(&deep), Err(("nested deeper than 200 levels".to_owned(), "[")));
    }
}
