//! What is wrong with a field, in the words of the API's validation.

use std::fmt;

use serde_json::Value;

use crate::go_text;

/// The sort of fault, which is the `reason` of a cause in a Status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    /// `FieldValueRequired`.
    Required,
    /// `FieldValueInvalid`.
    Invalid,
    /// `FieldValueDuplicate`.
    Duplicate,
    /// `FieldValueNotSupported`.
    NotSupported,
    /// `FieldValueNotFound`.
    NotFound,
    /// `FieldValueForbidden`.
    Forbidden,
    /// `FieldValueTooLong`.
    TooLong,
    /// `FieldValueTooMany`.
    TooMany,
    /// `FieldValueTypeInvalid`.
    TypeInvalid,
    /// `InternalError`.
    Internal,
}

/// One fault of one field. It prints as the API prints it in the message of an `Invalid` Status;
/// [`FieldError::body`] is the message of its cause.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// The sort of fault.
    pub error: ErrorType,
    /// The path of the field, as `spec.containers[0].name`.
    pub field: String,
    /// What stands there, where the text shows it.
    pub value: Option<Value>,
    /// What the text says about it; may be empty.
    pub detail: String,
}

impl ErrorType {
    /// The `reason` of a cause.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::Duplicate => "FieldValueDuplicate",
            Self::NotSupported => "FieldValueNotSupported",
            Self::NotFound => "FieldValueNotFound",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::Internal => "InternalError",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::Duplicate => "Duplicate value",
            Self::NotSupported => "Unsupported value",
            Self::NotFound => "Not found",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::Internal => "Internal error",
        }
    }
}

impl FieldError {
    /// A fault whose text shows the value.
    pub fn of(
        error: ErrorType,
        field: impl Into<String>,
        value: impl Into<Value>,
        detail: impl Into<String>,
    ) -> Self {
        Self { error, field: field.into(), value: Some(value.into()), detail: detail.into() }
    }

    /// A required field that is absent.
    pub fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { error: ErrorType::Required, field: field.into(), value: None, detail: detail.into() }
    }

    /// A value that the rules of the field do not take.
    pub fn invalid(
        field: impl Into<String>,
        value: impl Into<Value>,
        detail: impl Into<String>,
    ) -> Self {
        Self::of(ErrorType::Invalid, field, value, detail)
    }

    /// A value that is none of those the field takes.
    pub fn unsupported(field: impl Into<String>, value: impl Into<Value>, taken: &[&str]) -> Self {
        let taken: Vec<String> = taken.iter().map(|one| go_text::quoted(one)).collect();
        let detail = format!("supported values: {}", taken.join(", "));
        Self::of(ErrorType::NotSupported, field, value, detail)
    }

    /// A value that stands there twice.
    pub fn duplicate(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::of(ErrorType::Duplicate, field, value.into(), "")
    }

    /// A value of more than so many bytes.
    pub fn too_long(field: impl Into<String>, bytes_max: usize) -> Self {
        Self {
            error: ErrorType::TooLong,
            field: field.into(),
            value: None,
            detail: format!("may not be more than {bytes_max} bytes"),
        }
    }

    /// A list of more than so many items.
    pub fn too_many(field: impl Into<String>, items: usize, items_max: usize) -> Self {
        let detail = format!("must have at most {items_max} items");
        Self::of(ErrorType::TooMany, field, items, detail)
    }

    /// A field that may not be set, or not be changed.
    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            error: ErrorType::Forbidden,
            field: field.into(),
            value: None,
            detail: detail.into(),
        }
    }

    /// The text without the field: the message of the cause.
    pub fn body(&self) -> String {
        let mut text = self.error.words().to_owned();
        if let Some(value) = &self.value {
            text.push_str(": ");
            text.push_str(&go_text::shown(value));
        }
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

/// The faults as the message of an `Invalid` Status lists them: each text once, several in brackets.
pub fn joined(faults: &[FieldError]) -> String {
    let mut texts: Vec<String> = Vec::with_capacity(faults.len());
    for fault in faults {
        let text = fault.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [one] => one.clone(),
        all => format!("[{}]", all.join(", ")),
    }
}
