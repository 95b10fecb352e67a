//! One JSON value into the same tree as YAML. Numbers and escapes are read as Go's decoder does;
//! nothing recurses, so nesting costs no stack.

use std::ops::Range;

use portcullis_core::DocumentId;

use crate::codes;
use crate::compose::{Budget, Composer, Parsed, Refusal};
use crate::tree::Value;

/// Reads the value at the beginning of `text`, blanks before it allowed.
///
/// Answers how many bytes it took, as the next document follows without a mark. Nothing but blanks
/// is `Ok(None)`.
pub(crate) fn parse(
    text: &str,
    document: DocumentId,
    budget: Budget,
) -> Result<Option<(Parsed, usize)>, Refusal> {
    let mut scanner =
        Scanner { text, at: 0, composer: Composer::new(budget, text.len()), open: Vec::new() };
    scanner.blank();
    if scanner.at == text.len() {
        return Ok(None);
    }
    scanner.value()?;
    while let Some(open) = scanner.open.last().copied() {
        match open {
            b'{' => scanner.entry()?,
            _ => scanner.item()?,
        }
    }
    let taken = scanner.at;
    Ok(Some((scanner.composer.finish(document), taken)))
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    composer: Composer,
    /// The brackets that are open.
    open: Vec<u8>,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
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
        self.blank();
        let start = self.at;
        match self.peek() {
            Some(bracket @ (b'{' | b'[')) => {
                self.at += 1;
                self.open.push(bracket);
                let value = if bracket == b'{' { Value::Map } else { Value::List };
                self.composer.open(value, self.range(start), None)?;
                self.blank();
                if self.peek() == Some(if bracket == b'{' { b'}' } else { b']' }) {
                    return self.close();
                }
                if bracket == b'{' { self.key() } else { self.value() }
            }
            Some(b'"') => {
                let text = self.string()?;
                self.composer.scalar(Value::String(text.into()), self.range(start), None)
            }
            Some(b'-' | b'0'..=b'9') => {
                let value = self.number()?;
                self.composer.scalar(value, self.range(start), None)
            }
            _ => {
                let value = self.word()?;
                self.composer.scalar(value, self.range(start), None)
            }
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
                self.key()
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

    /// A key, its colon and the beginning of its value.
    fn key(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.refuse("a key in double quotes"));
        }
        let key = self.string()?;
        self.composer.key(key.into(), false, self.range(start))?;
        self.blank();
        if self.peek() != Some(b':') {
            return Err(self.refuse("`:`"));
        }
        self.at += 1;
        self.value()
    }

    fn word(&mut self) -> Result<Value, Refusal> {
        let rest = self.text.get(self.at..).unwrap_or("");
        for (word, value) in
            [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))]
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

    fn number(&mut self) -> Result<Value, Refusal> {
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
            return Ok(Value::Int(whole));
        }
        match text.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(Value::number(float)),
            _ => Err(Refusal::new(codes::VALUE, self.range(start), "a number out of range")),
        }
    }

    /// The text of a string, whose opening quote is next.
    fn string(&mut self) -> Result<String, Refusal> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or("");
            let plain = rest
                .bytes()
                .position(|b| b == b'"' || b == b'\\' || b < 0x20)
                .unwrap_or(rest.len());
            text.push_str(rest.get(..plain).unwrap_or(""));
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                _ => return Err(self.refuse("the closing quote of this text")),
            }
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
            match parse(rest, DocumentId(0), Limits::default().budget()) {
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
