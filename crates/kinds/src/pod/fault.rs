//! Small words of validation, shared by everything that holds pods or volumes.

use serde_json::Value;

use crate::path::Path;
use crate::value::{list, text};
use crate::{FieldError, Object};

/// Appends every text said of a value.
pub(crate) fn said(texts: Vec<String>, value: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    faults.extend(texts.into_iter().map(|text| FieldError::invalid(path, value, text)));
}

/// A text that must be there; gives it back.
pub(crate) fn required<'a>(
    object: &'a Object,
    field: &str,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) -> &'a str {
    let found = text(object, field);
    if found.is_empty() {
        faults.push(FieldError::required(path.field(field), ""));
    }
    found
}

/// A text that must be there and follow a rule.
pub(crate) fn required_name(
    object: &Object,
    field: &str,
    rule: fn(&str) -> Vec<String>,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let found = required(object, field, path, faults);
    if !found.is_empty() {
        said(rule(found), found, path.field(field), faults);
    }
}

/// A list that must hold something.
pub(crate) fn required_list(
    object: &Object,
    field: &str,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    if list(object, field).is_empty() {
        faults.push(FieldError::required(path.field(field), ""));
    }
}

/// A number that may not be negative, where it is there.
pub(crate) fn not_negative(
    object: &Object,
    field: &str,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    if let Some(number) = object.get(field).and_then(Value::as_i64).filter(|n| *n < 0) {
        let text = "must be greater than or equal to 0";
        faults.push(FieldError::invalid(path.field(field), number, text));
    }
}

/// A number between two others, both included, where it is there.
pub(crate) fn within(
    object: &Object,
    field: &str,
    (least, most): (i64, i64),
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let number = object.get(field).and_then(Value::as_i64);
    if let Some(number) = number.filter(|number| !(least..=most).contains(number)) {
        let text = format!("must be between {least} and {most}, inclusive");
        faults.push(FieldError::invalid(path.field(field), number, text));
    }
}

/// A text that is one of a few words, where it is there.
pub(crate) fn one_of(
    object: &Object,
    field: &str,
    words: &[&str],
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    if let Some(word) = object.get(field).and_then(Value::as_str)
        && !words.contains(&word)
    {
        faults.push(FieldError::unsupported(path.field(field), word, words));
    }
}

/// A text that must be there and is one of a few words.
pub(crate) fn required_word(
    object: &Object,
    field: &str,
    words: &[&str],
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    if text(object, field).is_empty() {
        faults.push(FieldError::required(path.field(field), ""));
    } else {
        one_of(object, field, words, path, faults);
    }
}
