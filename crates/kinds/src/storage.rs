//! PersistentVolumes, their claims, and the classes of storage.

use crate::path::Path;
use crate::value::{default_text, default_value, map_or_new};
use crate::{FieldError, Object};

/// Fills in a claim, on its own or as a template of a StatefulSet.
pub(crate) fn default_claim(claim: &mut Object) {
    if let Some(spec) = map_or_new(claim, "spec") {
        default_value(spec, "volumeMode", "Filesystem");
    }
    if let Some(status) = map_or_new(claim, "status") {
        default_text(status, "phase", "Pending");
    }
}

/// What is wrong with a template of claims.
pub(crate) fn claim_template_faults(
    _template: &Object,
    _path: &Path<'_>,
    _faults: &mut Vec<FieldError>,
) {
}

/// What is wrong with the spec of a claim.
pub(crate) fn claim_spec_faults(_spec: &Object, _path: &Path<'_>, _faults: &mut Vec<FieldError>) {}
