//! The selector language of Calico (`app == 'web' && has(tier)`), which the label selectors of
//! Kubernetes are lowered into as well.
//!
//! ```text
//! selector := blank? end | or                         # empty means all()
//! or       := and ( "||" and )*
//! and      := op  ( "&&" op  )*
//! op       := "!"* primary                            # "!a == 'b'" is "!(a == 'b')"
//! primary  := "(" or ")" | "has(" key ")" | "all(" ")" | "global(" ")"
//!           | key "==" str | key "!=" str
//!           | key "in" set | key ("not" "in" | "notin") set
//!           | key "contains" str | key ("starts" "with" | "startswith") str
//!           | key ("ends" "with" | "endswith") str
//! set      := "{" [ str { "," str } [","] ] "}"
//! key      := [A-Za-z0-9_./-]{1,512}
//! str      := '"' [^"]* '"' | "'" [^']* "'"           # no escapes
//! blank    := ( space | tab )*                        # a line break is not blank
//! ```
//! Of an absent key `!=` and `not in` are true, every other comparison is false.

use std::fmt;
use std::ops::Range;

use smol_str::SmolStr;

use crate::label::Labels;

/// How deep parentheses may nest. Deeper ones would cost stack at every walk, and no
/// person writes them.
pub const MAX_DEPTH: usize = 200;

/// The longest key.
pub const MAX_KEY_BYTES: usize = 512;

/// A parsed selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Selector {
    /// `all()`, and the empty selector.
    All,
    /// `global()`: true by itself; what it means is decided where it stands.
    Global,
    /// `has(k)`.
    Has(SmolStr),
    /// `k == 'v'`.
    Equals(SmolStr, SmolStr),
    /// `k != 'v'`; true where the key is absent.
    Differs(SmolStr, SmolStr),
    /// `k in {…}`; the values sorted, each once.
    In(SmolStr, Vec<SmolStr>),
    /// `k not in {…}`; true where the key is absent.
    NotIn(SmolStr, Vec<SmolStr>),
    /// `k contains 'v'`.
    Contains(SmolStr, SmolStr),
    /// `k starts with 'v'`.
    StartsWith(SmolStr, SmolStr),
    /// `k ends with 'v'`.
    EndsWith(SmolStr, SmolStr),
    /// `!s`.
    Not(Box<Selector>),
    /// `a && b && …`.
    And(Vec<Selector>),
    /// `a || b || …`.
    Or(Vec<Selector>),
}

/// Why a text is no selector, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorError {
    /// What is wrong, in a few words.
    pub message: String,
    /// The bytes of the text it is about.
    pub at: Range<usize>,
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SelectorError {}

impl Selector {
    /// Reads a selector.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        parser.blank();
        if parser.rest().is_empty() {
            return Ok(Self::All);
        }
        let selector = parser.or()?;
        parser.blank();
        if !parser.rest().is_empty() {
            return Err(parser.error("unexpected content at end of selector"));
        }
        Ok(selector)
    }

    /// Whether it selects something that has these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        match self {
            Self::All | Self::Global => true,
            Self::Has(key) => labels.value(key).is_some(),
            Self::Equals(key, value) => labels.value(key) == Some(value.as_str()),
            Self::Differs(key, value) => labels.value(key) != Some(value.as_str()),
            Self::In(key, values) => labels.value(key).is_some_and(|v| member(values, v)),
            Self::NotIn(key, values) => !labels.value(key).is_some_and(|v| member(values, v)),
            Self::Contains(key, part) => {
                labels.value(key).is_some_and(|v| v.contains(part.as_str()))
            }
            Self::StartsWith(key, part) => {
                labels.value(key).is_some_and(|v| v.starts_with(part.as_str()))
            }
            Self::EndsWith(key, part) => {
                labels.value(key).is_some_and(|v| v.ends_with(part.as_str()))
            }
            Self::Not(inner) => !inner.matches(labels),
            Self::And(all) => all.iter().all(|s| s.matches(labels)),
            Self::Or(any) => any.iter().any(|s| s.matches(labels)),
        }
    }

    /// Both selectors; `all()` adds nothing.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, other) => other,
            (this, Self::All) => this,
            (Self::And(mut all), other) => {
                all.push(other);
                Self::And(all)
            }
            (this, other) => Self::And(vec![this, other]),
        }
    }

    /// The same selector over other keys: `rename` gets every key, and what `all()` and `global()`
    /// stand for here is given.
    pub fn rewrite(
        &self,
        rename: &dyn Fn(&str) -> SmolStr,
        all: &Selector,
        global: &Selector,
    ) -> Self {
        let again = |s: &Selector| s.rewrite(rename, all, global);
        match self {
            Self::All => all.clone(),
            Self::Global => global.clone(),
            Self::Has(k) => Self::Has(rename(k)),
            Self::Equals(k, v) => Self::Equals(rename(k), v.clone()),
            Self::Differs(k, v) => Self::Differs(rename(k), v.clone()),
            Self::In(k, v) => Self::In(rename(k), v.clone()),
            Self::NotIn(k, v) => Self::NotIn(rename(k), v.clone()),
            Self::Contains(k, v) => Self::Contains(rename(k), v.clone()),
            Self::StartsWith(k, v) => Self::StartsWith(rename(k), v.clone()),
            Self::EndsWith(k, v) => Self::EndsWith(rename(k), v.clone()),
            Self::Not(inner) => Self::Not(Box::new(again(inner))),
            Self::And(list) => Self::And(list.iter().map(again).collect()),
            Self::Or(list) => Self::Or(list.iter().map(again).collect()),
        }
    }

    /// Whether `global()` stands anywhere in it.
    pub fn mentions_global(&self) -> bool {
        match self {
            Self::Global => true,
            Self::Not(inner) => inner.mentions_global(),
            Self::And(list) | Self::Or(list) => list.iter().any(Self::mentions_global),
            _ => false,
        }
    }

    /// Every key it asks for, in the order written; a key asked for twice is named twice.
    pub fn keys(&self) -> Vec<&str> {
        let mut keys = Vec::new();
        self.collect_keys(&mut keys);
        keys
    }

    fn collect_keys<'a>(&'a self, out: &mut Vec<&'a str>) {
        match self {
            Self::All | Self::Global => {}
            Self::Has(k)
            | Self::Equals(k, _)
            | Self::Differs(k, _)
            | Self::In(k, _)
            | Self::NotIn(k, _)
            | Self::Contains(k, _)
            | Self::StartsWith(k, _)
            | Self::EndsWith(k, _) => out.push(k),
            Self::Not(inner) => inner.collect_keys(out),
            Self::And(list) | Self::Or(list) => list.iter().for_each(|s| s.collect_keys(out)),
        }
    }
}

fn member(sorted: &[SmolStr], value: &str) -> bool {
    sorted.binary_search_by(|v| v.as_str().cmp(value)).is_ok()
}

/// The canonical form: conjunctions and disjunctions in parentheses, sets sorted, strings in double
/// quotes unless they hold one.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all()"),
            Self::Global => f.write_str("global()"),
            Self::Has(k) => write!(f, "has({k})"),
            Self::Equals(k, v) => write!(f, "{k} == {}", Quoted(v)),
            Self::Differs(k, v) => write!(f, "{k} != {}", Quoted(v)),
            Self::In(k, v) => write!(f, "{k} in {}", Set(v)),
            Self::NotIn(k, v) => write!(f, "{k} not in {}", Set(v)),
            Self::Contains(k, v) => write!(f, "{k} contains {}", Quoted(v)),
            Self::StartsWith(k, v) => write!(f, "{k} starts with {}", Quoted(v)),
            Self::EndsWith(k, v) => write!(f, "{k} ends with {}", Quoted(v)),
            Self::Not(inner) => write!(f, "!{inner}"),
            Self::And(list) => joined(f, list, " && "),
            Self::Or(list) => joined(f, list, " || "),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, list: &[Selector], between: &str) -> fmt::Result {
    f.write_str("(")?;
    for (i, s) in list.iter().enumerate() {
        if i > 0 {
            f.write_str(between)?;
        }
        write!(f, "{s}")?;
    }
    f.write_str(")")
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.0.contains('"') { '\'' } else { '"' };
        write!(f, "{quote}{}{quote}", self.0)
    }
}

struct Set<'a>(&'a [SmolStr]);

impl fmt::Display for Set<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, v) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{}", Quoted(v))?;
        }
        f.write_str("}")
    }
}

// === The parser ===

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    fn error(&self, message: impl Into<String>) -> SelectorError {
        let next = self.rest().chars().next().map_or(0, char::len_utf8);
        SelectorError { message: message.into(), at: self.at..self.at + next }
    }

    fn take(&mut self, token: &str) -> bool {
        if self.rest().starts_with(token) {
            self.at += token.len();
            return true;
        }
        false
    }

    fn deeper(&mut self) -> Result<(), SelectorError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(())
    }

    fn or(&mut self) -> Result<Selector, SelectorError> {
        let mut any = vec![self.and()?];
        loop {
            self.blank();
            if !self.take("||") {
                break;
            }
            any.push(self.and()?);
        }
        Ok(one_or(any, Selector::Or))
    }

    fn and(&mut self) -> Result<Selector, SelectorError> {
        let mut all = vec![self.operation()?];
        loop {
            self.blank();
            if !self.take("&&") {
                break;
            }
            all.push(self.operation()?);
        }
        Ok(one_or(all, Selector::And))
    }

    fn operation(&mut self) -> Result<Selector, SelectorError> {
        self.blank();
        let mut negated = false;
        while self.take("!") {
            negated = !negated;
            self.blank();
        }
        let selector = self.primary()?;
        Ok(if negated { Selector::Not(Box::new(selector)) } else { selector })
    }

    fn primary(&mut self) -> Result<Selector, SelectorError> {
        if self.take("(") {
            self.deeper()?;
            let inner = self.or()?;
            self.close()?;
            self.depth -= 1;
            return Ok(inner);
        }
        if self.take("has(") {
            self.blank();
            let key = self.key()?;
            self.close()?;
            return Ok(Selector::Has(key));
        }
        if self.take("all(") {
            self.close()?;
            return Ok(Selector::All);
        }
        if self.take("global(") {
            self.close()?;
            return Ok(Selector::Global);
        }
        let key = self.key()?;
        self.comparison(key)
    }

    fn close(&mut self) -> Result<(), SelectorError> {
        self.blank();
        if self.take(")") { Ok(()) } else { Err(self.error("expected )")) }
    }

    fn key(&mut self) -> Result<SmolStr, SelectorError> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-')))
            .unwrap_or(rest.len());
        let key = rest.get(..end).unwrap_or("");
        if key.is_empty() {
            return Err(self.error(if rest.is_empty() {
                "expected a label, has(…), all() or ( here, found the end".to_owned()
            } else {
                "expected identifier".to_owned()
            }));
        }
        if key.len() > MAX_KEY_BYTES {
            return Err(self.error(format!("label longer than {MAX_KEY_BYTES} bytes")));
        }
        self.at += end;
        Ok(key.into())
    }

    fn comparison(&mut self, key: SmolStr) -> Result<Selector, SelectorError> {
        self.blank();
        if self.take("==") {
            return Ok(Selector::Equals(key, self.string()?));
        }
        if self.take("!=") {
            return Ok(Selector::Differs(key, self.string()?));
        }
        if self.word(&["not", "in"]) || self.word(&["notin"]) {
            return Ok(Selector::NotIn(key, self.set()?));
        }
        if self.word(&["in"]) {
            return Ok(Selector::In(key, self.set()?));
        }
        if self.word(&["contains"]) {
            return Ok(Selector::Contains(key, self.string()?));
        }
        if self.word(&["starts", "with"]) || self.word(&["startswith"]) {
            return Ok(Selector::StartsWith(key, self.string()?));
        }
        if self.word(&["ends", "with"]) || self.word(&["endswith"]) {
            return Ok(Selector::EndsWith(key, self.string()?));
        }
        if self.rest().starts_with('=') {
            return Err(self.error("expected == (a single = is no operator)"));
        }
        Err(self.error(format!("expected operator after label {key:?}")))
    }

    /// Takes the words one after the other, blanks between them, or nothing at all.
    fn word(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        for word in words {
            self.blank();
            if !self.take(word) {
                self.at = start;
                return false;
            }
        }
        true
    }

    fn string(&mut self) -> Result<SmolStr, SelectorError> {
        self.blank();
        let rest = self.rest();
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Err(self.error("expected string"));
        };
        let inner = rest.get(1..).unwrap_or("");
        let Some(end) = inner.find(quote) else {
            return Err(SelectorError {
                message: "unterminated string".into(),
                at: self.at..self.text.len(),
            });
        };
        self.at += end + 2;
        Ok(inner.get(..end).unwrap_or("").into())
    }

    fn set(&mut self) -> Result<Vec<SmolStr>, SelectorError> {
        self.blank();
        if !self.take("{") {
            return Err(self.error("expected set literal"));
        }
        let mut values = Vec::new();
        loop {
            self.blank();
            if self.take("}") {
                break;
            }
            values.push(self.string()?);
            self.blank();
            if self.take("}") {
                break;
            }
            if !self.take(",") {
                return Err(self.error("expected }"));
            }
        }
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }
}

fn one_or(mut list: Vec<Selector>, many: fn(Vec<Selector>) -> Selector) -> Selector {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        Some(last) => {
            list.push(last);
            many(list)
        }
        None => Selector::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&'static str, &'static str)]) -> Labels {
        pairs.iter().copied().collect()
    }

    #[test]
    fn an_absent_key_differs_from_everything() {
        let none = labels(&[]);
        for (text, want) in [
            ("a == ''", false),
            ("a in {''}", false),
            ("a contains ''", false),
            ("a starts with ''", false),
            ("a ends with ''", false),
            ("has(a)", false),
            ("a != ''", true),
            ("a not in {''}", true),
            ("a in {}", false),
            ("a not in {}", true),
        ] {
            assert_eq!(Selector::parse(text).expect(text).matches(&none), want, "{text}");
        }
    }

    #[test]
    fn a_bang_takes_the_whole_comparison() {
        let s = Selector::parse("!a == 'b' && c == 'd'").expect("valid");
        assert_eq!(s.to_string(), r#"(!a == "b" && c == "d")"#);
        assert!(s.matches(&labels(&[("c", "d")])));
        assert!(!s.matches(&labels(&[("a", "b"), ("c", "d")])));
    }

    #[test]
    fn words_are_operators_only_where_one_is_due() {
        for text in [
            "in in {'x'}",
            "has == 'x'",
            "contains contains 'x'",
            "not not in {'x'}",
            "allx == 'y'",
        ] {
            assert!(Selector::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn errors_say_what_and_where() {
        for (text, message, at) in [
            ("app = 'web'", "expected == (a single = is no operator)", 4..5),
            ("app", "expected operator after label \"app\"", 3..3),
            ("a == 'b", "unterminated string", 5..7),
            ("a in 'b'", "expected set literal", 5..6),
            ("a == 'b'\n", "unexpected content at end of selector", 8..9),
            ("a in {,}", "expected string", 6..7),
            ("(a == 'b'", "expected )", 9..9),
            ("has (a)", "expected operator after label \"has\"", 4..5),
        ] {
            let error = Selector::parse(text).expect_err(text);
            assert_eq!((error.message.as_str(), error.at), (message, at), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{}all(){}", "(".repeat(1_000_000), ")".repeat(1_000_000));
        assert!(Selector::parse(&deep).is_err());
        let negated = Selector::parse(&format!("{}all()", "!".repeat(1_000_001)));
        assert_eq!(negated.expect("valid").to_string(), "!all()");
    }
}
