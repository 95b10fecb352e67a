//! A JSON text becomes the object that the API server's Go types would hold, as they print it again.
//!
//! Fields stand in the order of the Go struct; unknown ones are dropped and told of, as are keys
//! that stand twice. What `omitempty` leaves out is left out, and what it does not is there:
//! `resources: {}`, `rules: null`. Amounts, times and base64 are spelled as Go spells them.
//!
//! ```text
//! text ──▶ read::Reader ──▶ typed::Decoder (by api::Message) ──▶ Object, complaints
//!                               └─ leaf: text to amounts, times, bytes
//! ```

use std::fmt;

use serde_json::Value;

use crate::api::Message;
use crate::json::{self, Object, SyntaxError};

mod read;
mod room;
mod typed;
mod zero;

pub(crate) use room::Room;
pub use room::{MESSAGES_MAX, VALUES_MAX};
pub(crate) use typed::{arrange, embedded, float};
pub(crate) use zero::of_type as zero_of;
pub use zero::{settle, zero};

/// How many complaints of one text are kept, as Kubernetes' reader does.
pub const COMPLAINTS_MAX: usize = 100;

/// An object, and what was dropped on the way to it.
#[derive(Debug, PartialEq)]
pub struct Decoded {
    /// As the API server's types print it.
    pub object: Object,
    /// In the order of the text, each once, at most [`COMPLAINTS_MAX`].
    pub complaints: Vec<Complaint>,
}

/// What `fieldValidation` warns of or refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong with the field.
    pub fault: Fault,
    /// Where it stands: `spec.containers[0].imagee`.
    pub path: String,
}

/// What is wrong with a field that was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The kind has no such field, letter case counting.
    Unknown,
    /// Its key stands twice in one object.
    Duplicate,
}

/// Why a text is no object of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// It is no JSON, or is nested deeper than [`json::DEPTH_MAX`].
    Syntax(SyntaxError),
    /// It is JSON, but no object, or its `kind` or `apiVersion` is no text. The original stops at
    /// these before it looks at anything else.
    Unrecognised(String),
    /// A value is of a type that its field does not take.
    Type(WrongType),
    /// An amount, a moment or bytes that cannot be read.
    Value(String),
}

/// A value of a type that its field does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongType {
    /// What stands there, in JSON's words: `array`, `number 1.5`.
    pub found: String,
    /// The struct and the fields down to the value, without places in lists and keys of maps:
    /// `ObjectMeta.metadata.name`.
    pub field: String,
    /// What the field takes, in Go's words: `map[string]string`.
    pub wanted: String,
}

impl Error {
    /// Whether the original cannot even tell what kind of object the text is; it says so in other
    /// words and quotes the text.
    pub fn is_unrecognised(&self) -> bool {
        matches!(self, Self::Syntax(_) | Self::Unrecognised(_))
    }
}

/// Reads a text as an object of a kind.
///
/// # Errors
/// A text that is no JSON or no object, and values that their fields do not take. Of several the
/// same one is told of as by the original.
pub fn decode(message: &'static Message, text: &[u8]) -> Result<Decoded, Error> {
    typed::decode(message, text, Room::new())
}

/// Reads an object that is parsed already (YAML, the outcome of a patch) as one of a kind; how much
/// it may hold is the parser's business.
///
/// # Errors
/// As [`decode`].
pub fn decode_value(message: &'static Message, object: &Object) -> Result<Decoded, Error> {
    // One reading of the rules for both: writing the text costs a fraction of reading it.
    let text = serde_json::to_vec(object).map_err(|why| Error::Value(why.to_string()))?;
    // The object is in memory already, with what the defaults of its fields took.
    typed::decode(message, &text, Room::ample())
}

/// What a text says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeMeta {
    /// Empty if it does not say.
    pub api_version: String,
    /// Empty if it does not say.
    pub kind: String,
}

/// What a text says it is, without reading it as that.
///
/// # Errors
/// A text that is no JSON or no object, and names that are no text.
pub fn type_meta(text: &[u8]) -> Result<TypeMeta, Error> {
    let value = json::read(text).map_err(Error::Syntax)?.value;
    let object = match value {
        Value::Object(object) => object,
        Value::Null => Object::new(),
        other => return Err(Error::Unrecognised(typed::not_an_object(name(&other)))),
    };
    let read = |field: &str| match object.get(field) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(Error::Unrecognised(typed::not_a_name(name(other), field))),
    };
    Ok(TypeMeta { api_version: read("apiVersion")?, kind: read("kind")? })
}

/// What a value is, in JSON's words.
fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = match self.fault {
            Fault::Unknown => "unknown",
            Fault::Duplicate => "duplicate",
        };
        write!(f, "{fault} field {}", quoted(&self.path))
    }
}

/// A text as Go's `strconv.Quote` writes it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\u{0}'..' ' | '\u{7f}' if !matches!(c, '\n' | '\r' | '\t') => {
                out.push_str(&format!("\\x{:02x}", u32::from(c)));
            }
            '\'' => out.push(c),
            // Of what is left, Rust and Go differ only in how they write what no font shows.
            _ => match c.escape_debug().collect::<String>() {
                escaped if escaped.starts_with("\\u{") => {
                    let code = u32::from(c);
                    let wide = code > 0xffff;
                    out.push_str(&if wide {
                        format!("\\U{code:08x}")
                    } else {
                        format!("\\u{code:04x}")
                    });
                }
                escaped => out.push_str(&escaped),
            },
        }
    }
    out.push('"');
    out
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(why) => why.fmt(f),
            Self::Unrecognised(why) | Self::Value(why) => f.write_str(why),
            Self::Type(WrongType { found, field, wanted }) => {
                write!(
                    f,
                    "json: cannot unmarshal {found} into Go struct field {field} of type {wanted}"
                )
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        None
    }
}

#[cfg(test)]
mod tests;
