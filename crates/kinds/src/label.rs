//! Labels and their selectors.

use crate::path::Path;
use crate::value::{list, map, maps, text};
use crate::{FieldError, Object, name};

/// Everything that is wrong with a map of labels.
pub(crate) fn faults(labels: Option<&Object>, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for (key, value) in labels.into_iter().flatten() {
        key_faults(key, path, faults);
        let value = value.as_str().unwrap_or_default();
        for fault in name::label_value_faults(value) {
            faults.push(FieldError::invalid(path, value, fault));
        }
    }
}

/// Everything that is wrong with one label's key.
pub(crate) fn key_faults(key: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for fault in name::qualified_faults(key) {
        faults.push(FieldError::invalid(path, key, fault));
    }
}

/// Everything that is wrong with a LabelSelector.
pub(crate) fn selector_faults(selector: &Object, path: &Path<'_>, found: &mut Vec<FieldError>) {
    faults(map(selector, "matchLabels"), &path.field("matchLabels"), found);
    let expressions = path.field("matchExpressions");
    for (i, wanted) in maps(selector, "matchExpressions") {
        let path = expressions.index(i);
        let values = list(wanted, "values").len();
        match text(wanted, "operator") {
            "In" | "NotIn" if values == 0 => found.push(FieldError::required(
                path.field("values"),
                "must be specified when `operator` is 'In' or 'NotIn'",
            )),
            "Exists" | "DoesNotExist" if values > 0 => found.push(FieldError::forbidden(
                path.field("values"),
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            )),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => found.push(FieldError::invalid(
                path.field("operator"),
                other,
                "not a valid selector operator",
            )),
        }
        key_faults(text(wanted, "key"), &path.field("key"), found);
    }
}
