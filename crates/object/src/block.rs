//! The YAML that most manifests are written in, read without the general parser.
//!
//! Block maps and lists, scalars, also those that go on in the next line, flow collections on one line
//! and literal blocks: what `kubectl get -o yaml` prints and people write. It feeds the same [`Composer`], so that
//! duplicates, limits and the meaning of scalars are settled in one place. On anything else, and on
//! everything doubtful, it says so, and the whole document is read by the general parser: every
//! `None` here means "not certain", never "wrong". That both agree, places included, is held by
//! [`fuzz_readers`](crate::fuzzing::fuzz_readers) over every text of the tests and over damaged ones.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memmem};

use crate::compose::{Budget, Composer, Parsed, Workspace};
use crate::scalar;
use crate::tree::{Held, Packed, Text, Value};
use crate::words;

/// Reads a document that consists of nothing but these forms.
pub(crate) fn parse(source: &Text, budget: Budget, work: &mut Workspace) -> Option<Parsed> {
    let text = source.as_str();
    if !is_simple_text(text) {
        return None;
    }
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 0,
        composer: Composer::new(budget, text, work),
        open: Vec::new(),
        waiting: None,
        has_braces: memmem::find(text.as_bytes(), b"{{").is_some(),
        templated: false,
    };
    scanner.document()?;
    let templated = scanner.templated;
    Some(Parsed { templated, ..scanner.composer.finish(source) })
}

/// Whether there is no character that means something special to YAML by itself: no carriage return,
/// no other control character than tab and line break, no byte order mark, no exotic line break.
fn is_simple_text(text: &str) -> bool {
    // Written without branches, so that the compiler reads sixteen or more at a time.
    let (mut odd, mut wide) = (false, false);
    for byte in text.bytes() {
        odd |= (byte < 0x20) & (byte != b'\n') & (byte != b'\t') | (byte == 0x7f);
        wide |= byte >= 0x80;
    }
    let is_odd = |c| {
        matches!(
            c,
            '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
    };
    !(odd || wide && text.chars().any(is_odd))
}

/// A block collection that is not finished.
#[derive(Clone, Copy)]
struct Open {
    /// The column of its keys or dashes.
    indent: usize,
    is_list: bool,
    /// A list whose dashes stand below the key itself.
    is_flush: bool,
}

/// What the next line may begin with.
#[derive(Clone, Copy)]
enum Waiting {
    /// The value of the key whose colon ends here.
    Value(usize),
    /// The item of a dash.
    Item,
}

/// Where a text goes on, and how many line breaks are before that.
struct NextText {
    at: usize,
    breaks: usize,
}

impl NextText {
    /// One line break counts for a blank, and of several the first for nothing.
    fn fold_into(&self, text: &mut String) {
        if self.breaks == 1 {
            text.push(' ');
        } else {
            text.extend(std::iter::repeat_n('\n', self.breaks - 1));
        }
    }
}

/// A scalar that is no block.
struct Scalar<'t> {
    text: Cow<'t, str>,
    /// With its quotes.
    range: Range<usize>,
    is_plain: bool,
    /// Whether a colon follows that makes it a key.
    is_key: bool,
}

struct Scanner<'t, 'w> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Where the line begins.
    line: usize,
    composer: Composer<'t, 'w>,
    open: Vec<Open>,
    waiting: Option<Waiting>,
    has_braces: bool,
    templated: bool,
}

impl<'t> Scanner<'t, '_> {
    fn document(&mut self) -> Option<()> {
        if self.bytes.starts_with(b"---") {
            self.at = 3;
            self.end_of_line()?;
        }
        while self.next_content()? {
            self.content(self.at - self.line)?;
        }
        match self.waiting.take() {
            Some(Waiting::Value(colon)) => self.absent(colon)?,
            Some(Waiting::Item) => return None,
            None => {}
        }
        // A document without a collection is somebody else's.
        self.open.last()?;
        while self.open.pop().is_some() {
            self.composer.close(None).ok()?;
        }
        Some(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Goes to the first letter of the next line that has any, comments aside.
    fn next_content(&mut self) -> Option<bool> {
        loop {
            self.line = self.at;
            self.blanks();
            match self.peek() {
                None => return Some(false),
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.skip_line(),
                Some(_) => break,
            }
        }
        let rest = self.bytes.get(self.line..)?;
        // Marks of documents, or what looks like them.
        (!rest.starts_with(b"---") && !rest.starts_with(b"...")).then_some(true)
    }

    fn skip_line(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at = memchr(b'\n', rest).map_or(self.bytes.len(), |end| self.at + end + 1);
    }

    /// Nothing but blanks and a comment may follow on this line. Goes to the next one.
    fn end_of_line(&mut self) -> Option<()> {
        let from = self.at;
        self.blanks();
        match self.peek() {
            None => {}
            Some(b'\n') => self.at += 1,
            Some(b'#') if self.at > from => self.skip_line(),
            Some(_) => return None,
        }
        Some(())
    }

    /// Whether a dash that begins an item is next.
    fn is_dash(&self) -> bool {
        self.peek() == Some(b'-')
            && matches!(self.bytes.get(self.at + 1), None | Some(b' ' | b'\n'))
    }

    /// The first letter of a line, and what comes with it.
    fn content(&mut self, column: usize) -> Option<()> {
        let is_dash = self.is_dash();
        let top = self.open.last().copied();
        match (self.waiting.take(), top) {
            (None, None) => return self.opening(column, false),
            (Some(Waiting::Value(_)), Some(top)) if is_dash && column == top.indent => {
                return self.opening(column, true);
            }
            (Some(_), Some(top)) if column > top.indent => return self.opening(column, false),
            (Some(Waiting::Value(colon)), _) => self.absent(colon)?,
            // Where exactly a missing item is, is not certain.
            (Some(Waiting::Item), _) => return None,
            (None, Some(_)) => {}
        }
        while let Some(top) = self.open.last()
            && (top.indent > column || top.indent == column && top.is_flush && !is_dash)
        {
            self.open.pop();
            self.composer.close(None).ok()?;
        }
        let top = self.open.last()?;
        if top.indent != column || top.is_list != is_dash {
            return None;
        }
        if is_dash { self.item() } else { self.entry() }
    }

    /// The first item or entry of a collection.
    fn opening(&mut self, indent: usize, is_flush: bool) -> Option<()> {
        let is_list = self.is_dash();
        let at = offset(self.at)?;
        let value = if is_list { Packed::List } else { Packed::Map };
        self.composer.open(value, at..at, None).ok()?;
        self.open.push(Open { indent, is_list, is_flush });
        if is_list { self.item() } else { self.entry() }
    }

    /// A dash and what follows it.
    fn item(&mut self) -> Option<()> {
        loop {
            self.at += 1;
            self.blanks();
            match self.peek()? {
                b'\n' | b'#' => {
                    self.waiting = Some(Waiting::Item);
                    return self.end_of_item();
                }
                _ if self.is_dash() => {
                    let (indent, at) = (self.at - self.line, offset(self.at)?);
                    self.composer.open(Packed::List, at..at, None).ok()?;
                    self.open.push(Open { indent, is_list: true, is_flush: false });
                }
                b'[' | b'{' | b'|' => return self.value(),
                _ => break,
            }
        }
        let indent = self.at - self.line;
        let scalar = self.scalar()?;
        if !scalar.is_key {
            return self.rest_of(scalar);
        }
        let at = offset(scalar.range.start)?;
        self.composer.open(Packed::Map, at..at, None).ok()?;
        self.open.push(Open { indent, is_list: false, is_flush: false });
        self.after_key(scalar)
    }

    /// The rest of a line behind a dash and blanks.
    fn end_of_item(&mut self) -> Option<()> {
        if self.peek() == Some(b'#') {
            self.skip_line();
        } else {
            self.at += 1;
        }
        Some(())
    }

    /// A key and what follows it.
    fn entry(&mut self) -> Option<()> {
        let scalar = self.scalar()?;
        if !scalar.is_key {
            return None;
        }
        self.after_key(scalar)
    }

    fn after_key(&mut self, key: Scalar<'t>) -> Option<()> {
        self.key(key)?;
        let colon = self.at;
        self.at += 1;
        self.blanks();
        match self.peek() {
            None | Some(b'\n' | b'#') => {
                self.waiting = Some(Waiting::Value(colon));
                // A key is only one if a blank or the end of the line follows its colon.
                if self.peek().is_some() { self.end_of_item() } else { Some(()) }
            }
            Some(_) => self.value(),
        }
    }

    fn key(&mut self, key: Scalar<'t>) -> Option<()> {
        let Scalar { text, range, is_plain, .. } = key;
        let span = offset(range.start)?..offset(range.end)?;
        // A number may be short as a key and long as it is written, and the general parser gives up
        // somewhere beyond the limit.
        self.composer.fits(range.len(), &span).ok()?;
        if !is_plain {
            return match text {
                Cow::Borrowed(text) => self.composer.key_at(span.start + 1, text, span),
                Cow::Owned(text) => self.composer.key(&text, false, span),
            }
            .ok();
        }
        if text == "<<" {
            return None;
        }
        self.templated |= self.has_braces && text.contains("{{");
        if scalar::is_word(&text) {
            return self.composer.key_at(span.start, &text, span).ok();
        }
        let key = scalar::plain_key(&text)?;
        if key == text {
            self.composer.key_at(span.start, &key, span).ok()
        } else {
            self.composer.key(&key, false, span).ok()
        }
    }

    /// A value that begins on the line of its key or dash, and all of that line.
    fn value(&mut self) -> Option<()> {
        match self.peek()? {
            b'[' | b'{' => self.flow_value()?,
            b'|' => return self.literal(),
            _ if self.is_dash() => return None,
            _ => {
                let scalar = self.scalar()?;
                return if scalar.is_key { None } else { self.rest_of(scalar) };
            }
        }
        self.end_of_line()
    }

    /// A scalar of which the first line was read, and the rest of its last line.
    fn rest_of(&mut self, scalar: Scalar<'t>) -> Option<()> {
        let scalar = if scalar.is_plain { self.continued(scalar)? } else { scalar };
        self.put(scalar)?;
        self.end_of_line()
    }

    /// A plain scalar with the lines that it goes on in: those that are indented deeper than the
    /// collection it stands in. Where a comment is between them it is not certain, and found by
    /// whoever reads on.
    fn continued(&mut self, mut scalar: Scalar<'t>) -> Option<Scalar<'t>> {
        while let Some(next) = self.next_text()? {
            self.at = next.at;
            let first = self.peek()?;
            if !begins_plain(first, self.bytes.get(self.at + 1)) {
                return None;
            }
            let line = self.plain().filter(|line| !line.is_key)?;
            let text = scalar.text.to_mut();
            next.fold_into(text);
            text.push_str(&line.text);
            scalar.range.end = line.range.end;
        }
        Some(scalar)
    }

    /// Where a text goes on behind the end of its line: in the next line that is not empty, if that
    /// is indented deeper than the collection that is read.
    fn next_text(&self) -> Option<Option<NextText>> {
        let indent = self.open.last()?.indent;
        let blanks = |from: usize| {
            let rest = self.bytes.get(from..).unwrap_or_default();
            from + rest.iter().take_while(|byte| **byte == b' ').count()
        };
        let (mut at, mut line, mut breaks) = (blanks(self.at), self.at, 0);
        while self.bytes.get(at) == Some(&b'\n') {
            line = at + 1;
            at = blanks(line);
            breaks += 1;
        }
        let is_text = breaks > 0 && !matches!(self.bytes.get(at), None | Some(b'#'));
        Some((is_text && at - line > indent).then_some(NextText { at, breaks }))
    }

    fn put(&mut self, scalar: Scalar<'t>) -> Option<()> {
        let Scalar { text, range, is_plain, .. } = scalar;
        let span = offset(range.start)?..offset(range.end)?;
        let value = if !is_plain {
            match text {
                Cow::Borrowed(text) => {
                    Packed::String(Held::there(span.start + 1, offset(text.len())?))
                }
                Cow::Owned(text) => Packed::String(self.composer.hold(&text, &span).ok()?),
            }
        } else {
            self.templated |= self.has_braces && text.contains("{{");
            match scalar::plain(&text) {
                Value::Null => Packed::Null,
                Value::Bool(b) => Packed::Bool(b),
                Value::Int(n) => Packed::Int(n),
                Value::Float(f) if f.is_finite() => Packed::Float(f),
                Value::String(_) => Packed::String(match &text {
                    Cow::Borrowed(text) => Held::there(span.start, offset(text.len())?),
                    Cow::Owned(text) => self.composer.hold(text, &span).ok()?,
                }),
                _ => return None,
            }
        };
        self.composer.packed(value, span, None).ok()
    }

    /// Null, where a value is missing: behind the colon.
    fn absent(&mut self, colon: usize) -> Option<()> {
        let at = offset(colon + 1)?;
        self.composer.packed(Packed::Null, at..at, None).ok()
    }

    /// A scalar in block context. Stands behind it afterwards: at the colon if it is a key.
    fn scalar(&mut self) -> Option<Scalar<'t>> {
        match self.peek()? {
            b'"' => self.double_quoted(),
            b'\'' => self.single_quoted(),
            first if begins_plain(first, self.bytes.get(self.at + 1)) => self.plain(),
            _ => None,
        }
    }

    fn plain(&mut self) -> Option<Scalar<'t>> {
        let start = self.at;
        let marks = |word| {
            words::is(word, b'\n')
                | words::is(word, b':')
                | words::is(word, b'#')
                | words::is(word, b'\t')
        };
        let matches = |byte| matches!(byte, b'\n' | b':' | b'#' | b'\t');
        let mut at = start;
        let is_key = loop {
            at = words::find(self.bytes, at, marks, matches);
            match self.bytes.get(at) {
                None | Some(b'\n') => break false,
                Some(b'\t') => return None,
                Some(b'#') if self.bytes.get(at - 1) == Some(&b' ') => break false,
                Some(b':') if matches!(self.bytes.get(at + 1), None | Some(b' ' | b'\n')) => {
                    break true;
                }
                Some(_) => at += 1,
            }
        };
        let whole = self.text.get(start..at)?;
        let text = whole.trim_end_matches(' ');
        if is_key && text.len() < whole.len() {
            return None;
        }
        self.at = start + text.len();
        let range = start..self.at;
        Some(Scalar { text: Cow::Borrowed(text), range, is_plain: true, is_key })
    }

    fn double_quoted(&mut self) -> Option<Scalar<'t>> {
        let start = self.at;
        let marks = |word| words::is(word, b'"') | words::is(word, b'\\') | words::is_control(word);
        let matches = |byte| matches!(byte, b'"' | b'\\' | 0..0x20);
        let (mut at, mut from) = (start + 1, start + 1);
        let mut made = String::new();
        loop {
            at = words::find(self.bytes, at, marks, matches);
            match self.bytes.get(at)? {
                b'"' => break,
                b'\\' => {
                    made.push_str(self.text.get(from..at)?);
                    from = at + 2;
                    match self.bytes.get(at + 1)? {
                        c @ (b'"' | b'\\' | b'/' | b' ') => made.push(char::from(*c)),
                        b'n' => made.push('\n'),
                        b't' => made.push('\t'),
                        b'r' => made.push('\r'),
                        // The line goes on in the next one.
                        b'\n' => from = self.folded(at + 1).filter(|next| next.breaks == 1)?.at,
                        _ => return None,
                    }
                    at = from;
                }
                b'\n' => {
                    made.push_str(self.text.get(from..at)?.trim_end_matches(' '));
                    let next = self.folded(at)?;
                    next.fold_into(&mut made);
                    from = next.at;
                    at = from;
                }
                _ => return None,
            }
        }
        let rest = self.text.get(from..at)?;
        self.quoted(start..at + 1, rest, made, from)
    }

    fn single_quoted(&mut self) -> Option<Scalar<'t>> {
        let start = self.at;
        let marks = |word| words::is(word, b'\'') | words::is_control(word);
        let matches = |byte| matches!(byte, b'\'' | 0..0x20);
        let (mut at, mut from) = (start + 1, start + 1);
        let mut made = String::new();
        loop {
            at = words::find(self.bytes, at, marks, matches);
            match self.bytes.get(at)? {
                b'\'' if self.bytes.get(at + 1) == Some(&b'\'') => {
                    // One of the two.
                    made.push_str(self.text.get(from..=at)?);
                    from = at + 2;
                    at = from;
                }
                b'\'' => break,
                b'\n' => {
                    made.push_str(self.text.get(from..at)?.trim_end_matches(' '));
                    let next = self.folded(at)?;
                    next.fold_into(&mut made);
                    from = next.at;
                    at = from;
                }
                _ => return None,
            }
        }
        let rest = self.text.get(from..at)?;
        self.quoted(start..at + 1, rest, made, from)
    }

    /// Where a quoted text goes on behind this line break; not certain if that looks like a comment.
    fn folded(&mut self, at: usize) -> Option<NextText> {
        self.at = at;
        self.next_text()?
    }

    /// A quoted text: what was made of it, and the `rest` that begins at `from`.
    fn quoted(
        &mut self,
        range: Range<usize>,
        rest: &'t str,
        mut made: String,
        from: usize,
    ) -> Option<Scalar<'t>> {
        let text = if from == range.start + 1 {
            Cow::Borrowed(rest)
        } else {
            made.push_str(rest);
            Cow::Owned(made)
        };
        self.at = range.end;
        let is_key = self.peek() == Some(b':');
        if is_key
            && (!matches!(self.bytes.get(self.at + 1), None | Some(b' ' | b'\n'))
                || self.bytes.get(range.clone())?.contains(&b'\n'))
        {
            return None;
        }
        Some(Scalar { text, range, is_plain: false, is_key })
    }

    /// A value inside or at the beginning of a flow collection, which ends on its line. As deep as
    /// it is, the composer lets it be: it counts collections inside each other.
    fn flow_value(&mut self) -> Option<()> {
        match self.peek()? {
            b'[' => self.flow_list(),
            b'{' => self.flow_map(),
            _ => {
                let scalar = self.flow_scalar()?;
                if scalar.is_key { None } else { self.put(scalar) }
            }
        }
    }

    fn flow_list(&mut self) -> Option<()> {
        let at = offset(self.at)?;
        self.composer.open(Packed::List, at..at + 1, None).ok()?;
        self.at += 1;
        self.blanks();
        if self.peek()? == b']' {
            return self.flow_end();
        }
        loop {
            self.flow_value()?;
            if self.flow_next(b']')? {
                return self.flow_end();
            }
        }
    }

    fn flow_map(&mut self) -> Option<()> {
        let at = offset(self.at)?;
        self.composer.open(Packed::Map, at..at + 1, None).ok()?;
        self.at += 1;
        self.blanks();
        if self.peek()? == b'}' {
            return self.flow_end();
        }
        loop {
            let key = self.flow_scalar().filter(|scalar| scalar.is_key)?;
            self.key(key)?;
            self.at += 1;
            self.blanks();
            self.flow_value()?;
            if self.flow_next(b'}')? {
                return self.flow_end();
            }
        }
    }

    /// Goes behind the comma, or says that the bracket comes next.
    fn flow_next(&mut self, bracket: u8) -> Option<bool> {
        self.blanks();
        match self.peek()? {
            b',' => {
                self.at += 1;
                self.blanks();
                Some(false)
            }
            found => (found == bracket).then_some(true),
        }
    }

    fn flow_end(&mut self) -> Option<()> {
        self.at += 1;
        let end = offset(self.at)?;
        self.composer.close(Some(end)).ok()
    }

    fn flow_scalar(&mut self) -> Option<Scalar<'t>> {
        let scalar = match self.peek()? {
            b'"' => self.double_quoted(),
            b'\'' => self.single_quoted(),
            first if begins_plain(first, self.bytes.get(self.at + 1)) => self.flow_plain(),
            _ => None,
        }?;
        // Quoted texts may go on in the next line, which flow collections do not here.
        (!self.bytes.get(scalar.range.clone())?.contains(&b'\n')).then_some(scalar)
    }

    fn flow_plain(&mut self) -> Option<Scalar<'t>> {
        let start = self.at;
        let mut at = start;
        let is_key = loop {
            match self.bytes.get(at)? {
                b',' | b']' | b'}' => break false,
                b'[' | b'{' | b'\n' | b'\t' => return None,
                b'#' if self.bytes.get(at - 1) == Some(&b' ') => return None,
                b':' => match self.bytes.get(at + 1)? {
                    b' ' => break true,
                    b',' | b'[' | b']' | b'{' | b'}' | b'\n' | b'\t' => return None,
                    _ => at += 1,
                },
                _ => at += 1,
            }
        };
        let whole = self.text.get(start..at)?;
        let text = whole.trim_end_matches(' ');
        if is_key && text.len() < whole.len() {
            return None;
        }
        self.at = start + text.len();
        let range = start..self.at;
        Some(Scalar { text: Cow::Borrowed(text), range, is_plain: true, is_key })
    }

    /// A literal block, `|`, `|-` or `|+`, whose first line tells its indentation.
    fn literal(&mut self) -> Option<()> {
        let header = self.at;
        self.at += 1;
        let (is_stripped, is_kept) = (self.peek()? == b'-', self.peek()? == b'+');
        self.at += usize::from(is_stripped || is_kept);
        self.blanks();
        if self.peek()? != b'\n' {
            return None;
        }
        self.at += 1;
        let start = self.at;
        self.blanks();
        let indent = self.at - start;
        if self.peek()? == b'\n' || indent <= self.open.last()?.indent {
            return None;
        }
        self.at = start;
        // Behind the last line with letters: in the text, and among those that are kept.
        let (mut made, mut end, mut kept) = (String::new(), start, 0);
        loop {
            self.line = self.at;
            self.blanks();
            let blanks = self.at - self.line;
            match self.peek() {
                None if blanks > 0 => return None,
                None => break,
                Some(b'\n') => {
                    self.at += 1;
                    made.push_str(self.text.get((self.line + indent).min(self.at - 1)..self.at)?);
                    if blanks > indent {
                        // Blanks beyond the indentation are letters like any other.
                        (end, kept) = (self.at, made.len());
                    }
                }
                // A tab in the indentation.
                Some(b'\t') if blanks < indent => return None,
                Some(_) if blanks < indent => break,
                Some(_) => {
                    let rest = self.bytes.get(self.at..)?;
                    // The last line of a text without a line break at its end.
                    self.at += memchr(b'\n', rest)? + 1;
                    made.push_str(self.text.get(self.line + indent..self.at)?);
                    (end, kept) = (self.at, made.len());
                }
            }
        }
        self.at = self.line;
        if !is_kept {
            made.truncate(kept - usize::from(is_stripped));
        }
        let content = self.text.get(start..end)?.trim_end();
        if content.trim_start().is_empty() {
            return None;
        }
        let near = offset(start + indent)?..offset(end)?;
        let held = self.composer.hold(&made, &near).ok()?;
        let span = offset(header)?..offset(start + content.len())?;
        self.composer.packed(Packed::String(held), span, None).ok()
    }
}

/// Whether a plain scalar begins with this byte for certain.
fn begins_plain(first: u8, second: Option<&u8>) -> bool {
    match first {
        b'-' => {
            second.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_'))
        }
        b'/' | b'.' | b'_' | b'+' | b'$' | b'(' | b'^' | b'~' | b'<' | b'=' | b';' | b'\\' => true,
        _ => first.is_ascii_alphanumeric() || first >= 0x80,
    }
}

fn offset(at: usize) -> Option<u32> {
    u32::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    /// What the document is as JSON; none if it is not certain.
    fn read(text: &str) -> Option<String> {
        let budget = Limits::default().budget();
        let parsed = parse(&Text::from(text), budget, &mut Workspace::default())?;
        Some(parsed.tree.root().to_json().to_string())
    }

    #[test]
    fn what_manifests_are_written_in_is_certain() {
        for (text, want) in [
            ("a: 1", r#"{"a":1}"#),
            ("--- # x\n\n# y\na: b c # d\ne: f#g\n", r#"{"a":"b c","e":"f#g"}"#),
            ("a:\n  b: x:y\nc:\n", r#"{"a":{"b":"x:y"},"c":null}"#),
            ("a: # x\n# y\n  b: 1\nc: # z\nd: 2", r#"{"a":{"b":1},"c":null,"d":2}"#),
            ("a:\n- b\n- c: 1\n  d: 2\ne: f", r#"{"a":["b",{"c":1,"d":2}],"e":"f"}"#),
            ("a:\n  - - b\n    - c\n  -\n    d: e\n", r#"{"a":[["b","c"],{"d":"e"}]}"#),
            ("- a\n- -1\n- --x\n", r#"["a",-1,"--x"]"#),
            ("a: []\nb: {}\nc: [1, 'x', \"y\"]", r#"{"a":[],"b":{},"c":[1,"x","y"]}"#),
            ("a: {b: {c: d}, 'e': [f g, h:i]} # x", r#"{"a":{"b":{"c":"d"},"e":["f g","h:i"]}}"#),
            (r#"a: "b\n\"c\"\\""#, r#"{"a":"b\n\"c\"\\"}"#),
            ("'a': 'it''s'\n\"b\": x", r#"{"a":"it's","b":"x"}"#),
            ("a: |\n  b\n   c\n\n  d\n\ne: |-\n  f\n", r#"{"a":"b\n c\n\nd\n","e":"f"}"#),
            ("y: yes\n0x10: ~\né: ü", r#"{"true":true,"16":null,"é":"ü"}"#),
            ("a: 1\nb: 2\na: 3", r#"{"b":2,"a":3}"#),
            ("a: b\n\n \n  c\nd: 'e\n\n  f'\n", r#"{"a":"b\n\nc","d":"e\nf"}"#),
            ("a: |+\n  b\n\nc: |+\n  d\n", r#"{"a":"b\n\n","c":"d\n"}"#),
            ("a: b\n  c # d\ne:\n- f \n g\n  h\n", r#"{"a":"b c","e":["f g h"]}"#),
            ("a: 'b''  \n  c'\nd: \"e \n  f\\\n  \\ g\"", r#"{"a":"b' c","d":"e f g"}"#),
        ] {
            assert_eq!(read(text).as_deref(), Some(want), "{text}");
        }
    }

    /// Some of these are not YAML, some only rare. `¦` is between them, `⏎` a line break, `⇥` a tab.
    const DOUBTFUL: &str = "\
        ¦x¦'x'¦[a]¦{a: b}¦a¦a: b: c¦a: b:¦a:b¦a :b¦a : b¦? a⏎: b¦<<: {}¦~: a¦: a¦a: - b¦a: ?b\
        ¦a: .inf¦a: @b¦a: `b¦a: %b¦a: &x b¦a: *x¦a: !!str b¦%YAML 1.1⏎---⏎a: b¦a: b⏎...⏎¦a: b⏎--- c\
        ¦--- a: b¦a:⏎  b¦a: b⏎  c: d¦a: b # x⏎  c¦a: b⏎  # c⏎  d¦a: b⏎  - c¦a: b⏎  &c¦a: >⏎  b⏎\
        ¦a: |2⏎  b⏎¦a: |⏎⏎  b⏎¦a: |⏎¦a: |⏎  b¦a: |⏎  b⏎ ¦a: |⏎    b⏎  c⏎¦a: | # x⏎  b⏎\
        ¦a:⇥b¦⇥a: b¦a: b⇥c¦a: 'b⇥c'¦a: \"b⇥c\"¦a: |⏎  b⏎ ⇥c⏎¦a: b\u{d}⏎¦\u{feff}a: b¦a: \u{85}¦a: \u{2028}¦a: \u{7f}\
        ¦a: [b¦a: [b,⏎ c]¦a: [b, ]¦a: [b: c]¦a: ['b⏎  c']¦a: {b}¦a: {b: }¦a: {b:c}¦a: {{ b }}¦a: [b] c\
        ¦a: [[b]: c]¦a: 'b' c¦a: 'b'#c¦a: \"\\u0041\"¦a: 'b¦a: \"b¦a: 'b⏎c'¦a: \"b\\⏎⏎  c\"¦a: \"b⏎\"¦'a⏎  b': c\
        ¦a:⏎  - b⏎ - c¦a:⏎    b: c⏎  d: e¦- a⏎b: c¦a: b⏎- c¦-⏎- a¦- a⏎-¦  a: b⏎c: d";

    #[test]
    fn everything_else_is_left_to_the_general_parser() {
        for text in DOUBTFUL.split('¦') {
            let text = text.replace('⏎', "\n").replace('⇥', "\t");
            assert_eq!(read(&text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_beyond_a_limit_is_left_to_the_general_parser() {
        let text = "abcd:\n- [1, 2]\n- {e: f}\n";
        let budget = Limits::default().budget();
        let parses = |budget| parse(&Text::from(text), budget, &mut Workspace::default()).is_some();
        assert!(parses(Budget { nodes: 7, depth: 3, items: 2, key_bytes: 4, ..budget }));
        for scarce in [
            Budget { nodes: 6, ..budget },
            Budget { depth: 2, ..budget },
            Budget { items: 1, ..budget },
            Budget { key_bytes: 3, ..budget },
        ] {
            assert!(!parses(scarce), "{scarce:?}");
        }
    }
}
