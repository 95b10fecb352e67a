//! Leases (`coordination.k8s.io/v1`).

use portcullis_core::Timestamp;
use serde_json::Value;

use crate::path::Path;
use crate::value::{integer, section, text};
use crate::{FieldError, Kind, Object, age, metadata, name};

pub(crate) static LEASE: Lease = Lease;

/// `coordination.k8s.io/v1/Lease`.
pub(crate) struct Lease;

impl Kind for Lease {
    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let path = Path::root("spec");
        let spec = section(object, "spec");
        for (field, least, detail) in [
            ("leaseDurationSeconds", 1, "must be greater than 0"),
            ("leaseTransitions", 0, "must be greater than or equal to 0"),
        ] {
            if let Some(given) = integer(spec, field).filter(|given| *given < least) {
                faults.push(FieldError::invalid(path.field(field), given, detail));
            }
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        faults.append(&mut self.validate(object));
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let holder = text(section(object, "spec"), "holderIdentity");
        Some(vec![name::of(object).into(), holder.into(), age::of(object, now).into()])
    }

    fn creates_on_update(&self) -> bool {
        true
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::joined;

    #[test]
    fn durations_and_counts() {
        let lease = json!({"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}});
        assert_eq!(
            joined(&LEASE.validate(lease.as_object().unwrap())),
            "[spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0, spec.leaseTransitions: \
             Invalid value: -1: must be greater than or equal to 0]"
        );
        let lease = json!({"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}});
        assert_eq!(LEASE.validate(lease.as_object().unwrap()), []);
    }
}
