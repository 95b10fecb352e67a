//! What a PATCH does to an object: JSON patches, merge patches and strategic-merge patches, as the
//! API server applies them.
//!
//! ```text
//! patch text ──json::read──► value, duplicate keys
//!                              │
//!   stored object ──► json | merge | strategic ──► patched object ──► decode, default, admit, …
//! ```
//!
//! What comes out is the patched tree and nothing more: unknown fields are still in it, and nothing
//! has been defaulted. Reading it by the tables of its kind is the next step, and the caller's.

mod fuzzing;
mod json;
mod merge;
mod strategic;

use std::fmt;

use serde_json::Value;

use crate::json::{Object, Read, SyntaxError, read};

pub use fuzzing::fuzz;
pub use json::{OPERATIONS_MAX, apply as apply_json};
pub use merge::apply as apply_merge;
pub use strategic::apply as apply_strategic;
pub(crate) use strategic::replaces;

/// An object after a patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Patched {
    /// The patched object. Objects that the patch went through have their keys in order of name,
    /// what it left alone keeps its order: so the original writes it, and its errors quote that.
    pub object: Object,
    /// What is odd about the patch itself, such as `duplicate field "data.a"`: warnings or, under
    /// `fieldValidation=Strict`, reasons to refuse. Those of the patched object follow them.
    pub complaints: Vec<String>,
}

/// Whether the patch is searched for keys that stand twice and are unknown: unless
/// `fieldValidation=Ignore` was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// `fieldValidation` is `Strict` or `Warn`.
    Yes,
    /// `fieldValidation` is `Ignore`. Some errors have other words then.
    No,
}

/// Why a patch was not applied, by whose fault.
#[derive(Clone, Debug, PartialEq)]
pub enum PatchError {
    /// The patch is no patch of its type: 400, with this text.
    Malformed(String),
    /// The patch is too large to be applied: 413, with this text.
    TooLarge(String),
    /// The patch does not fit the object: 422. The API server never tells the requester why (`the
    /// server rejected our request due to an error in our request`); this is for the log.
    Unfit(String),
    /// A strategic-merge patch that breaks the rules of its directives: 500, with this text. The
    /// fault is the requester's, but the original says 500.
    Unusable(String),
    /// What comes out is no object: 422 `patch: Invalid value: …`, quoting the value.
    NotAnObject(Value),
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(text)
            | Self::TooLarge(text)
            | Self::Unfit(text)
            | Self::Unusable(text) => f.write_str(text),
            Self::NotAnObject(_) => f.write_str("what the patch leaves is no object"),
        }
    }
}

impl std::error::Error for PatchError {}

/// A value as Go names its kind in `cannot unmarshal … into …`.
fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Reads a patch that must be an object. `null` is an empty one to Go, and is told apart here.
fn object(patch: &[u8], context: &str) -> Result<(Option<Object>, Vec<String>), PatchError> {
    let malformed = |why: &dyn fmt::Display| PatchError::Malformed(format!("{context}{why}"));
    let Read { value, complaints } = read(patch).map_err(|e: SyntaxError| malformed(&e))?;
    match value {
        Value::Object(map) => Ok((Some(map), complaints)),
        Value::Null => Ok((None, complaints)),
        other => Err(malformed(&format_args!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            go_kind(&other)
        ))),
    }
}
