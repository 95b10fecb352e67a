//! What is wrong with volumes and the places they are mounted at.

use crate::FieldError;
use crate::path::Path;

/// What is wrong with a path that must lie below a folder.
pub(super) fn descending_path_faults(target: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if target.starts_with('/') {
        faults.push(FieldError::invalid(path, target, "must be a relative path"));
    }
    no_backsteps_faults(target, path, faults);
}

/// What is wrong with a path that must not climb.
pub(super) fn no_backsteps_faults(target: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if target.split('/').any(|part| part == "..") {
        faults.push(FieldError::invalid(path, target, "must not contain '..'"));
    }
}
