//! Kinds that are served in several versions or groups: they lie in the store in one form, in which they
//! are judged too, and are answered in the version that is asked for.

use std::borrow::Cow;

use portcullis_kinds::{Kind, Object};
use portcullis_schema::{api, decode};

use crate::ask::Target;
use crate::resource::Resource;

/// Whether objects lie in the store as they are answered.
pub fn is_as_stored(resource: &Resource, kind: &dyn Kind) -> bool {
    kind.stored_as(resource.version).is_none()
}

/// The group that is told with the faults of an object: that of the form in which it is judged.
pub fn judged_group(target: Target) -> &'static str {
    let stored = target.kind.stored_as(target.resource.version);
    stored.map_or(target.resource.group, |(group, _)| group)
}

/// Turns an object of the version that is asked for into the form in which it is stored.
pub fn to_stored(target: Target, object: &mut Object) {
    let resource = target.resource;
    if let Some((group, version)) = target.kind.stored_as(resource.version) {
        target.kind.to_stored(resource.version, object);
        read_as(group, version, resource.kind, object);
    }
}

/// A stored object in the version that is asked for.
pub fn from_stored<'a>(
    resource: &Resource,
    kind: &dyn Kind,
    object: &'a Object,
) -> Cow<'a, Object> {
    if is_as_stored(resource, kind) {
        return Cow::Borrowed(object);
    }
    let mut object = object.clone();
    kind.to_version(resource.version, &mut object);
    read_as(resource.group, resource.version, resource.kind, &mut object);
    Cow::Owned(object)
}

/// The object with the fields of a version in their order, those that are never left out included.
fn read_as(group: &str, version: &str, kind: &str, object: &mut Object) {
    let Some(kind) = api::kind(group, version, kind) else { return };
    // What cannot be read so stays as the kind has turned it.
    if let Ok(read) = decode::decode_value(kind.message, object) {
        *object = read.object;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn target(group: &str, version: &str, plural: &str) -> Target {
        Target::of(api::resource(group, version, plural).expect("it is served"))
    }

    fn object(value: Value) -> Object {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn an_event_is_one_in_both_groups() {
        let (core, new) = (target("", "v1", "events"), target("events.k8s.io", "v1", "events"));
        assert!(is_as_stored(core.resource, core.kind) && !is_as_stored(new.resource, new.kind));
        assert_eq!((judged_group(core), judged_group(new)), ("", ""));
        let given = json!({"metadata": {"name": "e"}, "note": "n", "regarding": {"name": "p"},
            "eventTime": "2020-01-01T00:00:00.000000Z", "reportingController": "c"});
        let mut stored = object(given);
        to_stored(new, &mut stored);
        assert_eq!(stored["message"], "n");
        assert_eq!(stored["involvedObject"], json!({"name": "p"}));
        assert_eq!(stored["reportingComponent"], "c");
        let answered = from_stored(core.resource, core.kind, &stored);
        assert!(matches!(answered, Cow::Borrowed(_)));
        let answered = from_stored(new.resource, new.kind, &stored);
        assert_eq!(
            (&answered["note"], &answered["regarding"]),
            (&json!("n"), &json!({"name": "p"}))
        );
        assert_eq!(answered["deprecatedSource"], json!({}));
        assert_eq!(answered.get("message"), None);
    }

    #[test]
    fn an_autoscaler_of_the_first_version_has_one_metric() {
        let old = target("autoscaling", "v1", "horizontalpodautoscalers");
        let new = target("autoscaling", "v2", "horizontalpodautoscalers");
        let given = json!({"metadata": {"name": "h"}, "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "d"}, "maxReplicas": 3,
            "targetCPUUtilizationPercentage": 50}});
        let mut stored = object(given);
        to_stored(old, &mut stored);
        let target = &stored["spec"]["metrics"][0]["resource"]["target"];
        assert_eq!(target, &json!({"type": "Utilization", "averageUtilization": 50}));
        let answered = from_stored(old.resource, old.kind, &stored);
        assert_eq!(answered["spec"]["targetCPUUtilizationPercentage"], 50);
        assert_eq!(answered["spec"].get("metrics"), None);
        assert!(is_as_stored(new.resource, new.kind));
    }
}
