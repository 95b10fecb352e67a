//! One YAML document into a tree. The only module that knows the parser underneath.

use std::borrow::Cow;
use std::ops::Range;

use crate::block;
use crate::codes;
use crate::compose::{Budget, Composer, Parsed, Refusal, Workspace, too_deep};
use crate::scalar;
use crate::tree::{Packed, Text, Value};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span, StructureStyle, Tag};

/// Reads one piece of a file, which `---` lines have been split at.
///
/// No document in it at all is `Ok(None)`.
pub(crate) fn parse(
    source: &Text,
    budget: Budget,
    work: &mut Workspace,
) -> Result<Option<Parsed>, Refusal> {
    if let Some(parsed) = block::parse(source, budget, work) {
        return Ok(Some(parsed));
    }
    parse_any(source, budget, work)
}

/// Like [`parse`], by the general parser alone.
pub(crate) fn parse_any(
    source: &Text,
    budget: Budget,
    work: &mut Workspace,
) -> Result<Option<Parsed>, Refusal> {
    let text = source.as_str();
    if let Some(refusal) = unprintable(text) {
        return Err(refusal);
    }
    let options = granit_parser::options! {
        emit_comments: false,
        // Ours is the limit that is said; the parser's own must not be met before.
        simple_key_max_lookahead: budget.key_bytes.saturating_mul(4),
        flow_nesting_limit: budget.depth + 1,
        block_nesting_limit: budget.depth + 1,
    };
    let mut reader = Reader { text, composer: Composer::new(budget, text, work), templated: false };
    let mut ended = false;
    let mut after_end = None;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len());
                // What follows a `...` is not read, so it may be anything.
                if ended {
                    after_end = Some(offset(at));
                    break;
                }
                return Err(scan_refusal(text, error.kind(), &error.info(), at, budget));
            }
        };
        if reader.composer.is_complete() {
            let range = range_of(&span, text);
            match event {
                // An end that is not written has no extent.
                Event::DocumentEnd => ended |= !range.is_empty(),
                Event::StreamEnd => {}
                _ => {
                    after_end = Some(range.start);
                    break;
                }
            }
            continue;
        }
        reader.event(event, &span)?;
    }
    if !reader.composer.is_complete() {
        return Ok(None);
    }
    let templated = reader.templated;
    Ok(Some(Parsed { after_end, templated, ..reader.composer.finish(source) }))
}

/// Where the comments of a document stand, from their `#` to the end of the line; those that come
/// before what cannot be read, where something cannot.
pub(crate) fn comments(text: &str, budget: Budget) -> Vec<Range<u32>> {
    let options = granit_parser::options! {
        emit_comments: true,
        simple_key_max_lookahead: budget.key_bytes.saturating_mul(4),
        flow_nesting_limit: budget.depth + 1,
        block_nesting_limit: budget.depth + 1,
    };
    let mut found = Vec::new();
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((Event::Comment(..), span)) => found.push(range_of(&span, text)),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    found
}

struct Reader<'t, 'w> {
    text: &'t str,
    composer: Composer<'t, 'w>,
    templated: bool,
}

impl Reader<'_, '_> {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), Refusal> {
        let range = range_of(span, self.text);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), range)
            }
            Event::SequenceStart(style, anchor, _) => {
                self.no_key("a list", &range)?;
                let range = self.list_start(style, range);
                self.composer.open(Packed::List, range, (anchor != 0).then_some(anchor))
            }
            Event::MappingStart(_, anchor, _) => {
                self.no_key("a map", &range)?;
                self.composer.open(Packed::Map, range, (anchor != 0).then_some(anchor))
            }
            // The end of a block collection is a point somewhere after it, that of a flow
            // collection its bracket.
            Event::SequenceEnd | Event::MappingEnd => {
                self.composer.close((!range.is_empty()).then_some(range.end))
            }
            Event::Alias(anchor) => self.alias(anchor, range),
            _ => Ok(()),
        }
    }

    fn no_key(&self, what: &str, range: &Range<u32>) -> Result<(), Refusal> {
        if !self.composer.wants_key() {
            return Ok(());
        }
        let refusal =
            Refusal::new(codes::KEY, range.clone(), format!("{what} cannot be the key of a map"));
        Err(if self.text.get(range.start as usize..).is_some_and(|t| t.starts_with('{')) {
            refusal.help("text that begins with a brace needs quotes")
        } else {
            refusal
        })
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        range: Range<u32>,
    ) -> Result<(), Refusal> {
        // An absent value comes as a `~` without extent.
        let text = if style == ScalarStyle::Plain && range.is_empty() { "" } else { text };
        let plain = style == ScalarStyle::Plain && tag.is_none();
        self.templated |= style == ScalarStyle::Plain && text.contains("{{");
        let value = match tag {
            None if plain => scalar::plain(text),
            None => Value::String(text.into()),
            Some(tag) => {
                let meaning = meaning(tag);
                scalar::tagged(meaning, text).map_err(|why| {
                    let message =
                        format!("the value does not fit its tag `{}`: {why}", tag.original());
                    Refusal::new(codes::VALUE, range.clone(), message)
                })?
            }
        };
        let anchor = (anchor != 0).then_some(anchor);
        if self.composer.wants_key() {
            let key = if plain { scalar::plain_key(text) } else { scalar::key(value.clone()) };
            if let Some(anchor) = anchor {
                self.composer.anchor_key(anchor, &value, &range)?;
            }
            let Some(key) = key else { return Err(no_such_key(range)) };
            return self.composer.key(&key, plain && text == "<<", range);
        }
        if matches!(value, Value::Float(f) if !f.is_finite()) {
            return Err(Refusal::new(
                codes::VALUE,
                range,
                "JSON, and so Kubernetes, has no such number",
            )
            .help("quote it if text is meant"));
        }
        let range = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => self.block_scalar(range),
            ScalarStyle::Plain if range.is_empty() => self.absent(range),
            _ => range,
        };
        self.composer.scalar(&value, range, anchor)
    }

    fn alias(&mut self, anchor: usize, range: Range<u32>) -> Result<(), Refusal> {
        if !self.composer.wants_key() {
            return self.composer.alias(anchor, range);
        }
        let key = self.composer.anchored_scalar(anchor).and_then(scalar::key);
        match key.map(Cow::into_owned) {
            Some(key) => self.composer.key(&key, false, range),
            None => Err(no_such_key(range)),
        }
    }

    /// A block list begins at its first dash. The parser says so too, unless the dashes are not
    /// indented below their key: then it begins after the first dash.
    fn list_start(&self, style: StructureStyle, range: Range<u32>) -> Range<u32> {
        if style == StructureStyle::Flow {
            return range;
        }
        let Some(key) = self.composer.waiting_key() else { return range };
        match after_key(self.text, key.end) {
            Some(at)
                if at < range.start && self.text.as_bytes().get(at as usize) == Some(&b'-') =>
            {
                at..at + 1
            }
            _ => range,
        }
    }

    /// Where a value is missing: behind its colon. The parser says before it.
    fn absent(&self, range: Range<u32>) -> Range<u32> {
        let at = self.composer.waiting_key().and_then(|key| colon(self.text, key.end));
        at.map_or(range, |at| at + 1..at + 1)
    }

    /// A block scalar from its `|` or `>` to its last letter; the parser gives the lines of its
    /// content.
    fn block_scalar(&self, range: Range<u32>) -> Range<u32> {
        let before = self.text.get(..range.start as usize).unwrap_or("").trim_end();
        let line = before.rfind('\n').map_or(0, |i| i + 1);
        let header = before
            .get(line..)
            .and_then(|line| line.char_indices().find(|(i, c)| is_header(line, *i, *c)))
            .map(|(i, _)| offset(line + i));
        let content = self.text.get(range.start as usize..range.end as usize).unwrap_or("");
        let end = range.start + offset(content.trim_end().len());
        match header {
            Some(header) if content.trim().is_empty() => header..header + 1,
            Some(header) => header..end,
            None => range.start..end,
        }
    }
}

/// Whether a block scalar's header begins here: nothing but its indicators, blanks and a comment
/// follow on the line.
fn is_header(line: &str, at: usize, c: char) -> bool {
    matches!(c, '|' | '>')
        && line.get(at + 1..).is_some_and(|rest| {
            let rest =
                rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
            rest.is_empty()
                || (rest.starts_with([' ', '\t']) && {
                    let rest = rest.trim_start();
                    rest.is_empty() || rest.starts_with('#')
                })
        })
}

/// Where the colon of the key that ends here is.
fn colon(text: &str, key_end: u32) -> Option<u32> {
    let rest = text.get(key_end as usize..)?.trim_start_matches([' ', '\t']);
    rest.starts_with(':').then(|| offset(text.len() - rest.len()))
}

/// Where the value of the key that ends here begins: behind the colon, blanks, comments, tag and
/// anchor.
fn after_key(text: &str, key_end: u32) -> Option<u32> {
    let mut at = text.get(colon(text, key_end)? as usize + 1..)?;
    loop {
        at = at.trim_start();
        at = match at.chars().next()? {
            '#' => at.split_once('\n')?.1,
            '&' | '!' => at.trim_start_matches(|c: char| !c.is_whitespace()),
            _ => return Some(offset(text.len() - at.len())),
        };
    }
}

fn meaning(tag: &Tag) -> scalar::Tag {
    match tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() {
        Some("str") => scalar::Tag::Str,
        Some("int") => scalar::Tag::Int,
        Some("float") => scalar::Tag::Float,
        Some("bool") => scalar::Tag::Bool,
        Some("null") => scalar::Tag::Null,
        Some("binary") => scalar::Tag::Binary,
        _ => scalar::Tag::Other,
    }
}

fn no_such_key(range: Range<u32>) -> Refusal {
    Refusal::new(codes::KEY, range, "only text, numbers and booleans can be keys")
        .help("quote it if text is meant")
}

/// Offsets are 32 bits wide: files are refused long before they need more.
fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn range_of(span: &Span, text: &str) -> Range<u32> {
    let range = span.byte_range().unwrap_or(0..text.len());
    offset(range.start)..offset(range.end)
}

/// The parser's complaint in our words where ours are better, at one letter of the text.
fn scan_refusal(text: &str, kind: &ErrorKind, info: &str, at: usize, budget: Budget) -> Refusal {
    let at = (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    // At the very end there is nothing to underline: the last letter is.
    let at_end = text.get(at..).is_none_or(|rest| rest.trim().is_empty());
    let at = if at_end { last_letter(text) } else { at };
    let next = text.get(at..).and_then(|t| t.chars().next()).map_or(0, char::len_utf8);
    let range = offset(at)..offset(at + next);
    let tab = "indent with blanks: YAML allows no tabs there";
    match kind {
        ErrorKind::RecursionLimitExceeded => too_deep(range, budget.depth),
        ErrorKind::UnknownAnchor => {
            Refusal::new(codes::ALIAS, range, "an alias of an anchor that is not above it")
        }
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed => {
            Refusal::new(codes::SYNTAX, range, "a tab in the indentation").help(tab)
        }
        ErrorKind::InvalidQuotedScalarIndent if !at_end => {
            Refusal::new(codes::SYNTAX, range, "a quoted text goes on with too little indentation")
                .help("indent its lines below the key, or look for a missing quote further up")
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
            Refusal::new(codes::SYNTAX, range, "a quoted text is not closed")
                .help("look for a missing quote further up")
        }
        ErrorKind::UnexpectedCharacter { character } => {
            Refusal::new(codes::SYNTAX, range, format!("text cannot begin with `{character}`"))
                .help("quote it")
        }
        ErrorKind::MappingValueNotAllowed => {
            Refusal::new(codes::SYNTAX, range, "a key cannot stand here")
                .help("check the indentation, or quote the value if the colon belongs to it")
        }
        _ => Refusal::new(codes::SYNTAX, range, format!("not valid YAML: {info}")),
    }
}

fn last_letter(text: &str) -> usize {
    text.trim_end().char_indices().next_back().map_or(0, |(i, _)| i)
}

/// Characters that YAML does not allow anywhere, as Go's reader checks before it parses.
fn unprintable(text: &str) -> Option<Refusal> {
    let (at, c) = text.char_indices().find(|(at, c)| match c {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        '\u{feff}' => *at != 0,
        '\u{fffe}' | '\u{ffff}' => true,
        c => c.is_control(),
    })?;
    let range = offset(at)..offset(at + c.len_utf8());
    let message = format!("the character U+{:04X} is not allowed in YAML", u32::from(c));
    Some(Refusal::new(codes::ENCODING, range, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn read(text: &str) -> Result<String, String> {
        match parse(&Text::from(text), Limits::default().budget(), &mut Workspace::default()) {
            Ok(parsed) => Ok(parsed.map_or("none".into(), |p| p.tree.root().to_json().to_string())),
            Err(refusal) => Err(refusal.message),
        }
    }

    /// Every row was asked of `sigs.k8s.io/yaml` 1.6.
    #[test]
    fn documents_are_what_kubernetes_reads() {
        for (text, want) in [
            ("a: yes\nb: Off\nc: ON", r#"{"a":true,"b":false,"c":true}"#),
            ("{yes: 1, No: 2, on: 3}", r#"{"false":2,"true":3}"#),
            ("a: ~\nb: null\nc: NULL\nd:", r#"{"a":null,"b":null,"c":null,"d":null}"#),
            ("a: [0777, 0o17, 0x1F, 0b11, 1_000, +1, 08]", r#"{"a":[511,15,31,3,1000,1,8]}"#),
            ("a: [1.0, 1e3, .5]", r#"{"a":[1,1000,0.5]}"#),
            ("a: 12:30:45\nb: 2001-12-14", r#"{"a":"12:30:45","b":"2001-12-14"}"#),
            (
                "a: !!str 12\nb: !!int \"12\"\nc: !!binary aGVsbG8=\nd: !custom x\ne: ! 12\nf: !!str",
                r#"{"a":"12","b":12,"c":"hello","d":"x","e":"12","f":""}"#,
            ),
            ("a: 1\nb: 3\na: 2", r#"{"b":3,"a":2}"#),
            ("x: &b {p: 1, q: 2}\nz: {<<: *b, p: 3}", r#"{"x":{"p":1,"q":2},"z":{"p":3,"q":2}}"#),
            ("a: 1\n<<: {a: 2, b: 3}", r#"{"a":2,"b":3}"#),
            ("<<: [{p: 1}, {p: 2, q: 3}]", r#"{"q":3,"p":1}"#),
            ("<<: {a: 1}\n<<: {a: 2}", r#"{"a":2}"#),
            ("'<<': {a: 1}", r#"{"<<":{"a":1}}"#),
            ("\"\\ud83d\\ude00\": 1", r#"{"😀":1}"#),
            ("a: &x\nb: *x", r#"{"a":null,"b":null}"#),
            ("&k a: *k", r#"{"a":"a"}"#),
            ("? &k a\n: 1\nb: {*k : 2}", r#"{"a":1,"b":{"a":2}}"#),
            ("a: !!set {x, y}", r#"{"a":{"x":null,"true":null}}"#),
            ("0x10: a\n'16': b", r#"{"16":"b"}"#),
            ("a:\n- b\n-\n- c", r#"{"a":["b",null,"c"]}"#),
            ("a: 1\r\nb: |\r\n  x\r\n  y\r\n", "{\"a\":1,\"b\":\"x\\ny\\n\"}"),
            ("\u{feff}a: 1", r#"{"a":1}"#),
            ("%YAML 1.1\n---\na: 1", r#"{"a":1}"#),
            ("--- |\n  text\n", "\"text\\n\""),
            ("a: 1\n...\nb: 2", r#"{"a":1}"#),
            ("a: 1\n...\n]", r#"{"a":1}"#),
            ("# nothing\n", "none"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_kubernetes_refuses_is_refused() {
        for (text, want) in [
            ("~: 1", "only text, numbers and booleans can be keys"),
            (": 1", "only text, numbers and booleans can be keys"),
            ("? [a]\n: 1", "a list cannot be the key of a map"),
            ("a: {{ x }}", "a map cannot be the key of a map"),
            ("a: .inf", "JSON, and so Kubernetes, has no such number"),
            ("a: .nan", "JSON, and so Kubernetes, has no such number"),
            ("a: !!int foo", "the value does not fit its tag `!!int`: not a whole number"),
            ("<<: [1]", "`<<` merges something that is no map"),
            ("<<: foo", "`<<` merges something that is no map"),
            ("a: &x {b: *x}", "alias inside its own anchor"),
            ("a: *x", "an alias of an anchor that is not above it"),
            ("a: b: c", "a key cannot stand here"),
            ("a: b\n  c: d", "a key cannot stand here"),
            ("{a: 1}\nb", "not valid YAML: did not find expected <document start>"),
            ("a:\n\t- b", "a tab in the indentation"),
            ("a: 'x", "a quoted text is not closed"),
            ("a: 'x\n", "a quoted text is not closed"),
            ("a:\n  b: 'x\n y'", "a quoted text goes on with too little indentation"),
            ("a: @x", "text cannot begin with `@`"),
            ("a: \u{7f}", "the character U+007F is not allowed in YAML"),
            ("a: \0", "the character U+0000 is not allowed in YAML"),
        ] {
            assert_eq!(read(text), Err(want.to_owned()), "{text}");
        }
    }

    #[test]
    fn costs_are_bounded() {
        let list = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        let depth = Limits::default().depth;
        assert!(read(&list(depth)).is_ok());
        let too_deep = Err(format!("nested deeper than {depth} levels"));
        for text in [
            list(depth + 1),
            list(1_000_000),
            "- ".repeat(1_000_000),
            "{a: ".repeat(100_000),
            // Anchors of anchors get deep without any brackets.
            (1..1000).fold("a0: &a0 []\n".to_owned(), |text, i| {
                format!("{text}a{i}: &a{i} [*a{}]\n", i - 1)
            }),
        ] {
            assert_eq!(read(&text), too_deep, "{}", &text[..10]);
        }
        let bomb = (1..30).fold("a0: &a0 [x, x, x]\n".to_owned(), |text, i| {
            format!("{text}a{i}: &a{i} [*a{0}, *a{0}, *a{0}, *a{0}]\n", i - 1)
        });
        let merges = (1..30).fold("a0: &a0 {x: 1}\n".to_owned(), |text, i| {
            format!("{text}a{i}: &a{i} {{p{i}: *a{0}, q{i}: *a{0}, <<: *a{0}}}\n", i - 1)
        });
        for text in [bomb, merges] {
            assert_eq!(read(&text), Err("aliases expand beyond the limit".to_owned()));
        }
        let key = "k".repeat(20_000);
        assert_eq!(read(&format!("{{{key}: 1}}")), Err("key longer than 16384 bytes".to_owned()));
    }

    /// Underlines the value (and key) of every node.
    #[test]
    fn values_and_keys_have_exact_places() {
        let text = "\
ports:
- a: 1
  b: |  # a | b
    foo
    bar

- - c
list: !!seq &l # why
  - x
e:
z: >-
  fold
f: {g: [1, 'é'], h: *l}
m: plain
  text
s: [o: p, q]
";
        let (source, work) = (Text::from(text), &mut Workspace::new(true));
        let parsed = parse(&source, Limits::default().budget(), work);
        let parsed = parsed.ok().flatten().expect("valid");
        let shown: Vec<String> = (0..)
            .zip(&parsed.spans)
            .map(|(i, span)| {
                let slice = |r: &Range<u32>| text[r.start as usize..r.end as usize].to_owned();
                let path = parsed.tree.root().goto(i).path().to_string();
                let key = if span.key.is_empty() { "-".into() } else { slice(&span.key) };
                format!("{path} {key} {:?}", slice(&span.value))
            })
            .skip(1)
            .collect();
        expect_test::expect![[r#"
            ports ports "- a: 1\n  b: |  # a | b\n    foo\n    bar\n\n- - c"
            ports[0] - "a: 1\n  b: |  # a | b\n    foo\n    bar"
            ports[0].a a "1"
            ports[0].b b "|  # a | b\n    foo\n    bar"
            ports[1] - "- c"
            ports[1][0] - "c"
            list list "- x"
            list[0] - "x"
            e e ""
            z z ">-\n  fold"
            f f "{g: [1, 'é'], h: *l}"
            f.g g "[1, 'é']"
            f.g[0] - "1"
            f.g[1] - "'é'"
            f.h h "*l"
            f.h[0] - "x"
            m m "plain\n  text"
            s s "[o: p, q]"
            s[0] - "o: p"
            s[0].o o "p"
            s[1] - "q""#]]
        .assert_eq(&shown.join("\n"));
        assert_eq!(parsed.spans[0].value, 0..u32::try_from(text.trim_end().len()).expect("short"));
    }
}
