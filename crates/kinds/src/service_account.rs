//! ServiceAccounts.

use crate::value::{at, maps_mut};
use crate::{FieldError, Kind, Object, metadata};

pub(crate) static SERVICE_ACCOUNT: ServiceAccount = ServiceAccount;

/// The annotation that once held pods to the secrets their account lists.
const ENFORCE: &str = "kubernetes.io/enforce-mountable-secrets";

/// `v1/ServiceAccount`.
pub(crate) struct ServiceAccount;

impl Kind for ServiceAccount {
    fn prepare_create(&self, object: &mut Object) {
        keep_names_of_secrets(object);
    }

    fn prepare_update(&self, object: &mut Object, _old: &Object) {
        keep_names_of_secrets(object);
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        metadata::kind_faults(self, object, true, &mut faults);
        faults
    }

    fn warnings(&self, object: &Object, old: Option<&Object>) -> Vec<String> {
        let enforced =
            |object: &Object| at(object, &["metadata", "annotations", ENFORCE]).is_some();
        if !enforced(object) || old.is_some_and(enforced) {
            return Vec::new();
        }
        vec![format!(
            "metadata.annotations[{ENFORCE}]: deprecated in v1.32+; prefer separate namespaces to isolate \
             access to mounted secrets"
        )]
    }
}

/// Of a reference to a secret only the name counts: the namespace is the account's own.
fn keep_names_of_secrets(object: &mut Object) {
    for secret in maps_mut(object, "secrets") {
        secret.retain(|field, _| field == "name");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_named_only() {
        let mut new = json!({"secrets": [{"kind": "Secret", "name": "a", "namespace": "x"}]});
        let new = new.as_object_mut().unwrap();
        SERVICE_ACCOUNT.prepare_create(new);
        assert_eq!(new["secrets"], json!([{"name": "a"}]));
    }

    #[test]
    fn the_old_annotation_is_warned_of_once() {
        let with = json!({"metadata": {"annotations": {ENFORCE: "true"}}});
        let (with, without) = (with.as_object().unwrap(), Object::new());
        for (old, count) in [(None, 1), (Some(&without), 1), (Some(with), 0)] {
            assert_eq!(SERVICE_ACCOUNT.warnings(with, old).len(), count);
        }
        assert_eq!(SERVICE_ACCOUNT.warnings(&without, None).len(), 0);
    }
}
