//! Field selectors: `metadata.name=a,spec.nodeName!=b`.

use std::fmt;

/// The terms of a field selector; all of them must hold. None at all selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<FieldRequirement>);

/// One term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRequirement {
    /// The field, as written.
    pub field: String,
    /// Whether the value must be this one, or must not.
    pub equal: bool,
    /// The value, without its escapes.
    pub value: String,
}

/// Why a text is no field selector, in the original's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldSelectorError {
    /// A term has no operator.
    #[error("invalid selector: '{selector}'; can't understand '{term}'")]
    NoOperator {
        /// The whole text.
        selector: String,
        /// The term.
        term: String,
    },
    /// A backslash before something that needs none.
    #[error("invalid field selector: invalid escape sequence: {0}")]
    Escape(String),
    /// A `=` in a value; the number is its code point, as the original prints it.
    #[error("invalid field selector: unescaped character in value: {0}")]
    Unescaped(u32),
}

impl FieldSelector {
    /// Reads a selector. Terms are sorted by their text, which decides what is refused first.
    ///
    /// # Errors
    /// The first fault of the first bad term.
    pub fn parse(text: &str) -> Result<Self, FieldSelectorError> {
        let mut terms = split_terms(text);
        terms.sort_unstable();
        let mut requirements = Vec::new();
        for term in terms.into_iter().filter(|term| !term.is_empty()) {
            let Some((field, equal, value)) = split_term(term) else {
                return Err(FieldSelectorError::NoOperator {
                    selector: text.to_owned(),
                    term: term.to_owned(),
                });
            };
            let value = unescape(value)?;
            requirements.push(FieldRequirement { field: field.to_owned(), equal, value });
        }
        // A term without a field demands nothing: `=` alone selects everything.
        requirements.retain(|one| !(one.field.is_empty() && one.value.is_empty()));
        Ok(Self(requirements))
    }

    /// The terms.
    pub fn requirements(&self) -> &[FieldRequirement] {
        &self.0
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value that a field must have, if the selector demands one.
    pub fn exact(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|one| one.equal && one.field == field).map(|one| one.value.as_str())
    }

    /// Whether an object is selected whose fields are looked up by `value`.
    pub fn matches<'v>(&self, mut value: impl FnMut(&str) -> Option<&'v str>) -> bool {
        self.0
            .iter()
            .all(|one| (value(&one.field).unwrap_or_default() == one.value.as_str()) == one.equal)
    }
}

impl fmt::Display for FieldRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.field, if self.equal { "=" } else { "!=" })?;
        for character in self.value.chars() {
            if matches!(character, '\\' | ',' | '=') {
                f.write_str("\\")?;
            }
            write!(f, "{character}")?;
        }
        Ok(())
    }
}

/// Cuts at commas that no backslash precedes.
fn split_terms(text: &str) -> Vec<&str> {
    let (mut terms, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.extend(text.get(start..));
    terms
}

/// The field, whether it must be equal, and the value as written.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    let at = term.find(['!', '=']).and_then(|first| {
        // A `!` is part of the field unless `=` follows it.
        (first..term.len()).find(|at| {
            term.get(*at..).is_some_and(|rest| rest.starts_with("!=") || rest.starts_with('='))
        })
    })?;
    let (field, rest) = term.split_at_checked(at)?;
    [("!=", false), ("==", true), ("=", true)]
        .iter()
        .find_map(|(operator, equal)| Some((field, *equal, rest.strip_prefix(operator)?)))
}

fn unescape(value: &str) -> Result<String, FieldSelectorError> {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(next @ ('\\' | ',' | '=')) => plain.push(next),
                Some(other) => return Err(FieldSelectorError::Escape(format!("\\{other}"))),
                None => return Err(FieldSelectorError::Escape("\\".to_owned())),
            },
            ',' | '=' => return Err(FieldSelectorError::Unescaped(character.into())),
            other => plain.push(other),
        }
    }
    Ok(plain)
}
