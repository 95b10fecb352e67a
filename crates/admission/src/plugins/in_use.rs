//! `StorageObjectInUseProtection`: storage stays while it is used, by a finalizer that a controller takes
//! away.

use serde_json::Value;

use crate::chain::{Plugin, Turn};
use crate::fields::{items, metadata, push, section_mut};
use crate::{Object, Refusal};

/// The resources and their finalizers.
const PROTECTED: [(&str, &str, &str); 3] = [
    ("", "persistentvolumeclaims", "kubernetes.io/pvc-protection"),
    ("", "persistentvolumes", "kubernetes.io/pv-protection"),
    ("storage.k8s.io", "volumeattributesclasses", "kubernetes.io/vac-protection"),
];

/// The plugin.
pub(crate) struct StorageObjectInUseProtection;

impl Plugin for StorageObjectInUseProtection {
    fn change(&self, turn: &Turn<'_>, object: &mut Object) -> Result<(), Refusal> {
        for (group, resource, finalizer) in PROTECTED {
            if turn.review.creates(group, resource)
                && !items(metadata(object), "finalizers").contains(&Value::from(finalizer))
            {
                push(section_mut(object, "metadata"), "finalizers", finalizer);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::review::Operation;
    use crate::testing::{Table, change, of};

    #[test]
    fn storage_is_protected_once() {
        for (resource, given, want) in [
            ("persistentvolumes", json!([]), json!(["kubernetes.io/pv-protection"])),
            (
                "persistentvolumeclaims",
                json!(["a.b/c"]),
                json!(["a.b/c", "kubernetes.io/pvc-protection"]),
            ),
            (
                "persistentvolumes",
                json!(["kubernetes.io/pv-protection"]),
                json!(["kubernetes.io/pv-protection"]),
            ),
            ("configmaps", json!([]), json!([])),
        ] {
            let mut object =
                json!({"metadata": {"finalizers": given}}).as_object().unwrap().clone();
            let review = of(Operation::Create, resource).named("x");
            change(&StorageObjectInUseProtection, &Table::new(), &review, &mut object, None)
                .unwrap();
            assert_eq!(object["metadata"]["finalizers"], want);
        }
    }
}
