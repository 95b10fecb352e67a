//! What is stored and not enforced yet. Each write of such an object says so, because a policy that
//! looks in force and is not is worse than none.

use portcullis_kinds::Object;
use serde_json::Value;

use crate::meta;
use crate::resource::Resource;

/// What the labels begin with that ask a namespace's pods to keep to a standard (KEP-2579).
const POD_SECURITY: &str = "pod-security.kubernetes.io/";

/// What there is to say about the object that is written; nothing where all of it is in force.
pub(crate) fn warning(resource: &Resource, object: &Object) -> Option<&'static str> {
    Some(match (resource.group, resource.plural) {
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations")
        | ("admissionregistration.k8s.io", "validatingwebhookconfigurations") => {
            "this server stores webhook configurations and does not call their webhooks yet"
        }
        ("admissionregistration.k8s.io", "validatingadmissionpolicies") => {
            "this server stores validating admission policies and does not evaluate them yet"
        }
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings") => {
            "this server stores bindings of validating admission policies and does not evaluate the policies yet"
        }
        ("", "resourcequotas") => {
            "this server stores resource quotas and does not hold anybody to them yet"
        }
        ("apiextensions.k8s.io", "customresourcedefinitions") => {
            "this server stores custom resource definitions and does not serve their resources yet"
        }
        ("apiregistration.k8s.io", "apiservices") => {
            "this server stores API services and does not pass requests on to them yet"
        }
        ("", "namespaces") if asks_for_pod_security(object) => {
            "this server stores the pod-security labels of namespaces and does not hold pods to them yet"
        }
        _ => return None,
    })
}

fn asks_for_pod_security(namespace: &Object) -> bool {
    let labels = meta::metadata(namespace).and_then(|held| held.get("labels"));
    labels
        .and_then(Value::as_object)
        .is_some_and(|labels| labels.keys().any(|key| key.starts_with(POD_SECURITY)))
}

#[cfg(test)]
mod tests {
    use portcullis_schema::api;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(group: &str, plural: &str, labels: Value, want: Option<&str>) {
        let resource = api::resource(group, "v1", plural).expect("it is served");
        let object = json!({"metadata": {"name": "x", "labels": labels}});
        let said = warning(resource, object.as_object().expect("an object"));
        match (said, want) {
            (None, None) => {}
            (Some(said), Some(want)) => {
                assert!(said.contains(want) && said.ends_with(" yet"), "{plural}: {said}");
            }
            (said, want) => panic!("{plural}: {said:?}, not {want:?}"),
        }
    }

    #[test]
    fn what_is_not_enforced_says_so() {
        let hooks = "admissionregistration.k8s.io";
        for (group, plural, want) in [
            (hooks, "mutatingwebhookconfigurations", Some("webhook")),
            (hooks, "validatingwebhookconfigurations", Some("webhook")),
            (hooks, "validatingadmissionpolicies", Some("policies")),
            (hooks, "validatingadmissionpolicybindings", Some("bindings")),
            ("", "resourcequotas", Some("quotas")),
            ("", "limitranges", None),
            ("apiextensions.k8s.io", "customresourcedefinitions", Some("definitions")),
            ("apiregistration.k8s.io", "apiservices", Some("API services")),
            ("", "namespaces", None),
            ("", "configmaps", None),
            ("networking.k8s.io", "networkpolicies", None),
        ] {
            check(group, plural, json!({}), want);
        }
    }

    #[test]
    fn a_namespace_warns_of_its_pod_security_labels_alone() {
        for (labels, want) in [
            (json!({"pod-security.kubernetes.io/enforce": "baseline"}), Some("pod-security")),
            (json!({"pod-security.kubernetes.io/audit-version": "v1.30"}), Some("pod-security")),
            (json!({"kubernetes.io/metadata.name": "x"}), None),
            (json!(null), None),
        ] {
            check("", "namespaces", labels, want);
        }
    }
}
