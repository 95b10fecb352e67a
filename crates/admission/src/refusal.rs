//! Why the chain lets something not be.

use serde_json::Value;

/// Why an object may not be. Which Status that is, is the server's business.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// A plugin does not let it be: `pods "x" is forbidden: WHY`.
    #[error("{why}")]
    Forbidden {
        /// The words after `is forbidden: `.
        why: String,
        /// What clients can tell the case by, where it is one they should.
        cause: Option<Cause>,
    },
    /// Fields of the object are wrong.
    #[error("fields are invalid")]
    Invalid(Vec<Fault>),
    /// Something that the object needs is not there.
    #[error("{resource} `{name}` not found")]
    NotFound {
        /// Its resource, of the core group.
        resource: &'static str,
        /// Its name.
        name: String,
    },
}

/// A case that clients can tell without reading the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The word for the case.
    pub reason: &'static str,
    /// What it says to people.
    pub message: String,
    /// The field it comes from.
    pub field: &'static str,
}

/// A field with a value that is not taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The path of the field.
    pub field: String,
    /// What stands there.
    pub value: Value,
    /// What should.
    pub detail: &'static str,
}

impl Refusal {
    /// A refusal by a plugin, which clients do not tell from others.
    pub(crate) fn forbidden(why: impl Into<String>) -> Self {
        Self::Forbidden { why: why.into(), cause: None }
    }
}
