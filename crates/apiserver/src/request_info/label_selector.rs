//! Label selectors: `app=web,tier in (a,b),!old`.
//!
//! The grammar and every sentence of refusal are those of `k8s.io/apimachinery/pkg/labels`:
//! ```text
//! selector    := [ requirement { "," requirement } ]
//! requirement := "!" key | key | key op value | key ("in" | "notin") "(" values ")"
//! op          := "=" | "==" | "!=" | ">" | "<"
//! ```
//! A word is everything up to a blank or one of `=!(),<>`; what keys and values may be is judged when
//! a requirement is complete.

use std::collections::BTreeSet;
use std::fmt;

/// The longest name part of a key, and the longest value.
const NAME_MAX: usize = 63;

/// The requirements of a label selector, sorted by key; all of them must hold. None at all selects
/// everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<LabelRequirement>);

/// One requirement. It prints as the original prints it: `a in (b,c)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRequirement {
    /// The label.
    pub key: String,
    /// How its value is compared.
    pub operator: Operator,
    /// With what, sorted, each once; one for all operators but `In` and `NotIn`, none for `Exists`
    /// and `DoesNotExist`.
    pub values: Vec<String>,
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `key`.
    Exists,
    /// `!key`.
    DoesNotExist,
    /// `key=value`.
    Equals,
    /// `key==value`.
    DoubleEquals,
    /// `key!=value`; holds where the key is absent.
    NotEquals,
    /// `key in (a,b)`.
    In,
    /// `key notin (a,b)`; holds where the key is absent.
    NotIn,
    /// `key>1`.
    GreaterThan,
    /// `key<1`.
    LessThan,
}

/// Why a text is no label selector, in the original's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LabelSelectorError(String);

// === impl LabelSelector ===

impl LabelSelector {
    /// Reads a selector.
    ///
    /// # Errors
    /// The first fault, as the original words it.
    pub fn parse(text: &str) -> Result<Self, LabelSelectorError> {
        let mut requirements = Parser::new(text).selector().map_err(LabelSelectorError)?;
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self(requirements))
    }

    /// The requirements.
    pub fn requirements(&self) -> &[LabelRequirement] {
        &self.0
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something is selected whose labels are looked up by `label`.
    pub fn matches<'v>(&self, mut label: impl FnMut(&str) -> Option<&'v str>) -> bool {
        self.0.iter().all(|one| one.holds(label(&one.key)))
    }
}

// === impl LabelRequirement ===

impl LabelRequirement {
    /// Whether it holds of a label's value, or of its absence.
    pub fn holds(&self, value: Option<&str>) -> bool {
        let named = |value: &str| self.values.iter().any(|one| one == value);
        match self.operator {
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Equals | Operator::DoubleEquals | Operator::In => value.is_some_and(named),
            Operator::NotEquals | Operator::NotIn => !value.is_some_and(named),
            Operator::GreaterThan => self.compares(value, |value, limit| value > limit),
            Operator::LessThan => self.compares(value, |value, limit| value < limit),
        }
    }

    fn compares(&self, value: Option<&str>, holds: fn(i64, i64) -> bool) -> bool {
        let value = value.and_then(integer);
        let limit = self.values.first().and_then(|text| integer(text));
        value.zip(limit).is_some_and(|(value, limit)| holds(value, limit))
    }
}

impl fmt::Display for LabelRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, operator, values } = self;
        let sign = match operator {
            Operator::Exists => return f.write_str(key),
            Operator::DoesNotExist => return write!(f, "!{key}"),
            Operator::In => return write!(f, "{key} in ({})", values.join(",")),
            Operator::NotIn => return write!(f, "{key} notin ({})", values.join(",")),
            Operator::Equals => "=",
            Operator::DoubleEquals => "==",
            Operator::NotEquals => "!=",
            Operator::GreaterThan => ">",
            Operator::LessThan => "<",
        };
        write!(f, "{key}{sign}{}", values.join(","))
    }
}

// === the parser ===

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    End,
    Word,
    Not,
    Comma,
    Open,
    Close,
    /// An operator between a key and its values; `in` and `notin` are words where a value may stand.
    Compare(Operator),
}

struct Parser<'t> {
    rest: &'t str,
    /// The next token with its text, not yet taken.
    next: (Token, &'t str),
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Self {
        // The original stops at a NUL as at the end.
        let text = text.split('\0').next().unwrap_or_default();
        let mut parser = Self { rest: text, next: (Token::End, "") };
        parser.next = parser.scan();
        parser
    }

    fn selector(&mut self) -> Result<Vec<LabelRequirement>, String> {
        let mut requirements = Vec::new();
        loop {
            match self.peek_value() {
                (Token::End, _) => return Ok(requirements),
                (Token::Word | Token::Not, _) => {}
                (_, text) => {
                    return Err(format!(
                        "found '{text}', expected: !, identifier, or 'end of string'"
                    ));
                }
            }
            let requirement =
                self.requirement().map_err(|why| format!("unable to parse requirement: {why}"))?;
            requirements.push(requirement);
            match self.take_value() {
                (Token::End, _) => return Ok(requirements),
                (Token::Comma, _) => match self.peek_value() {
                    (Token::Word | Token::Not, _) => {}
                    (_, text) => {
                        return Err(format!("found '{text}', expected: identifier after ','"));
                    }
                },
                (_, text) => {
                    return Err(format!("found '{text}', expected: ',' or 'end of string'"));
                }
            }
        }
    }

    fn requirement(&mut self) -> Result<LabelRequirement, String> {
        let mut taken = self.take_value();
        let negated = taken.0 == Token::Not;
        if negated {
            taken = self.take_value();
        }
        let (Token::Word, key) = taken else {
            return Err(format!("found '{}', expected: identifier", taken.1));
        };
        let faults = key_faults(key);
        if !faults.is_empty() {
            // The original prints the field of the key, which a selector does not have.
            return Err(format!("<nil>: Invalid value: {}: {}", quoted(key), faults.join("; ")));
        }
        let of = |operator, values| LabelRequirement { key: key.to_owned(), operator, values };
        if negated {
            return Ok(of(Operator::DoesNotExist, Vec::new()));
        }
        if matches!(self.peek_value().0, Token::End | Token::Comma) {
            return Ok(of(Operator::Exists, Vec::new()));
        }
        let operator = match self.take() {
            (Token::Compare(operator), _) => operator,
            (_, text) => {
                return Err(format!("found '{text}', expected: in, notin, =, ==, !=, gt, lt"));
            }
        };
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => self.value()?,
        };
        let faults = value_faults(key, operator, &values);
        match faults.as_slice() {
            [] => Ok(of(operator, values)),
            [one] => Err(one.clone()),
            many => Err(format!("[{}]", many.join(", "))),
        }
    }

    fn value(&mut self) -> Result<Vec<String>, String> {
        if matches!(self.peek_value().0, Token::End | Token::Comma) {
            return Ok(vec![String::new()]);
        }
        match self.take_value() {
            (Token::Word, text) => Ok(vec![text.to_owned()]),
            (_, text) => Err(format!("found '{text}', expected: identifier")),
        }
    }

    /// What stands in parentheses. A comma without a word beside it stands for the empty value.
    fn values(&mut self) -> Result<Vec<String>, String> {
        let (Token::Open, _) = self.peek_value() else {
            return Err(format!("found '{}' expected: '('", self.take_value().1));
        };
        self.take_value();
        let mut values = BTreeSet::new();
        match self.peek_value() {
            (Token::Word | Token::Comma, _) => {}
            (Token::Close, _) => {
                self.take_value();
                return Ok(vec![String::new()]);
            }
            (_, text) => return Err(format!("found '{text}', expected: ',', ')' or identifier")),
        }
        loop {
            match self.take_value() {
                (Token::Word, text) => {
                    values.insert(text.to_owned());
                    match self.peek_value() {
                        (Token::Comma, _) => {}
                        (Token::Close, _) => break,
                        (_, text) => return Err(format!("found '{text}', expected: ',' or ')'")),
                    }
                }
                (Token::Comma, _) => {
                    if values.is_empty() {
                        values.insert(String::new());
                    }
                    match self.peek_value().0 {
                        Token::Close => {
                            values.insert(String::new());
                            break;
                        }
                        Token::Comma => {
                            self.take_value();
                            values.insert(String::new());
                        }
                        _ => {}
                    }
                }
                (_, text) => return Err(format!("found '{text}', expected: ',', or identifier")),
            }
        }
        self.take_value();
        Ok(values.into_iter().collect())
    }

    /// The next token where a key or a value is expected: there `in` is a word like another.
    fn peek_value(&self) -> (Token, &'t str) {
        match self.next {
            (Token::Compare(Operator::In | Operator::NotIn), text) => (Token::Word, text),
            other => other,
        }
    }

    fn take_value(&mut self) -> (Token, &'t str) {
        let taken = self.peek_value();
        self.take();
        taken
    }

    fn take(&mut self) -> (Token, &'t str) {
        let following = self.scan();
        std::mem::replace(&mut self.next, following)
    }

    fn scan(&mut self) -> (Token, &'t str) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        for (sign, token) in SIGNS {
            if let Some(rest) = self.rest.strip_prefix(sign) {
                self.rest = rest;
                return (token, sign);
            }
        }
        let ends = [' ', '\t', '\r', '\n', '=', '!', '(', ')', ',', '>', '<'];
        let (word, rest) = self
            .rest
            .split_at_checked(self.rest.find(ends).unwrap_or(self.rest.len()))
            .unwrap_or_default();
        self.rest = rest;
        let token = match word {
            "" => Token::End,
            "in" => Token::Compare(Operator::In),
            "notin" => Token::Compare(Operator::NotIn),
            _ => Token::Word,
        };
        (token, word)
    }
}

/// The longer ones first.
const SIGNS: [(&str, Token); 9] = [
    ("==", Token::Compare(Operator::DoubleEquals)),
    ("!=", Token::Compare(Operator::NotEquals)),
    ("=", Token::Compare(Operator::Equals)),
    (">", Token::Compare(Operator::GreaterThan)),
    ("<", Token::Compare(Operator::LessThan)),
    ("!", Token::Not),
    (",", Token::Comma),
    ("(", Token::Open),
    (")", Token::Close),
];

// === what keys and values may be ===

const NAME_WORDS: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and \
     end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
     validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// What is wrong with a qualified name (`IsQualifiedName` of the original).
fn key_faults(key: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let name = match key.split('/').collect::<Vec<_>>().as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                faults.push("prefix part must be non-empty".to_owned());
            } else {
                let prefix = portcullis_kinds::name::subdomain_faults(prefix);
                faults.extend(prefix.into_iter().map(|fault| format!("prefix part {fault}")));
            }
            *name
        }
        _ => {
            return vec![format!(
                "a valid label key {NAME_WORDS} with an optional DNS subdomain prefix and '/' (e.g. \
                 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    } else if name.len() > NAME_MAX {
        faults.push(format!("name part must be no more than {NAME_MAX} bytes"));
    }
    if !is_name(name) {
        faults.push(format!("name part {NAME_WORDS}"));
    }
    faults
}

fn value_faults(key: &str, operator: Operator, values: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for (n, value) in values.iter().enumerate() {
        let numeric = matches!(operator, Operator::GreaterThan | Operator::LessThan);
        if numeric && integer(value).is_none() {
            faults.push(format!(
                "values[{n}]: Invalid value: {}: for 'Gt', 'Lt' operators, the value must be an integer",
                quoted(value)
            ));
        }
    }
    for (n, value) in values.iter().enumerate() {
        let mut wrong = Vec::new();
        if value.len() > NAME_MAX {
            wrong.push(format!("must be no more than {NAME_MAX} bytes"));
        }
        if !value.is_empty() && !is_name(value) {
            wrong.push(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', \
                 '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or \
                 'my_value',  or '12345', regex used for validation is \
                 '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                    .to_owned(),
            );
        }
        if !wrong.is_empty() {
            let value = quoted(value);
            faults
                .push(format!("values[{n}][{key}]: Invalid value: {value}: {}", wrong.join("; ")));
        }
    }
    faults
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// A 64-bit integer as Go reads it: a sign may stand before it, blanks may not.
fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// As JSON and Go quote printable text.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
