//! JSON as the API server reads and writes it: what it complains of, in its words.
//!
//! The API server is written with Go's `encoding/json`, and what that says of a text that is no JSON
//! goes to the user as it stands. [`read`] takes a text, tells of keys that stand twice, and says of
//! a broken text what Go says; [`write()`] escapes as Go escapes.

mod duplicates;
mod syntax;
mod write;

pub use duplicates::{Read, read};
pub use syntax::SyntaxError;
pub use write::{go_value, write};

/// A JSON object, its keys in the order of the text.
pub type Object = serde_json::Map<String, serde_json::Value>;

/// How deeply values may lie in each other. Go's reader stops at 10,000, but every nested value
/// costs stack here and no kind of the API nests a tenth of this.
pub const DEPTH_MAX: usize = 128;
