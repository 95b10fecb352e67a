//! The `scale` subresource of what runs several pods alike (`autoscaling/v1`).

use portcullis_core::Timestamp;
use serde_json::Value;

use super::number;
use crate::pod::fault::not_negative;
use crate::value::{copy, map, map_or_new, text};
use crate::{FieldError, Kind, Object, age, label};

/// A Scale as it is written.
pub(crate) static SCALE: Scale = Scale;

/// A Scale: how many pods there are to be.
pub(crate) struct Scale;

impl Kind for Scale {
    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let none = Object::new();
        let mut faults = Vec::new();
        let path = super::rule::SPEC;
        not_negative(map(object, "spec").unwrap_or(&none), "replicas", &path, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, _old: &Object) -> Vec<FieldError> {
        self.validate(object)
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        Some(vec![
            super::name(object),
            number(object, "spec", "replicas").into(),
            number(object, "status", "replicas").into(),
            age::of(object, now).into(),
        ])
    }
}

/// The Scale of a Deployment, ReplicaSet, StatefulSet or ReplicationController.
pub fn of(object: &Object) -> Object {
    let none = Object::new();
    let mut metadata = Object::new();
    let own = map(object, "metadata").unwrap_or(&none);
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        copy(&mut metadata, own, field);
    }
    let selector = map(object, "spec").and_then(|spec| map(spec, "selector"));
    let is_plain = selector.is_some_and(|selector| selector.values().all(Value::is_string));
    let selector = match selector {
        None => String::new(),
        Some(selector) if selector.is_empty() => String::new(),
        Some(selector) if is_plain => label::map_text(Some(selector)),
        Some(selector) => label::selector_text(Some(selector)),
    };
    let mut spec = Object::new();
    let replicas = number(object, "spec", "replicas");
    if replicas != 0 {
        spec.insert("replicas".to_owned(), replicas.into());
    }
    let mut status = Object::new();
    status.insert("replicas".to_owned(), number(object, "status", "replicas").into());
    if !matches!(selector.as_str(), "" | "<none>") {
        status.insert("selector".to_owned(), selector.into());
    }
    let mut scale = Object::new();
    scale.insert("kind".to_owned(), "Scale".into());
    scale.insert("apiVersion".to_owned(), "autoscaling/v1".into());
    scale.insert("metadata".to_owned(), metadata.into());
    scale.insert("spec".to_owned(), spec.into());
    scale.insert("status".to_owned(), status.into());
    scale
}

/// Writes how many pods a Scale asks for into what it is the scale of, and the version it was read at.
pub fn apply(object: &mut Object, scale: &Object) {
    let replicas = number(scale, "spec", "replicas");
    if let Some(spec) = map_or_new(object, "spec") {
        spec.insert("replicas".to_owned(), replicas.into());
    }
    let version = map(scale, "metadata").map_or("", |metadata| text(metadata, "resourceVersion"));
    if let Some(metadata) = map_or_new(object, "metadata").filter(|_| !version.is_empty()) {
        metadata.insert("resourceVersion".to_owned(), version.into());
    }
}

/// How a Scale is held to and shown.
pub fn kind() -> &'static dyn Kind {
    &SCALE
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scales_say_how_many() {
        let deployment = json!({
            "metadata": {"name": "d", "generation": 3, "labels": {"a": "b"}},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "x"}}},
            "status": {"replicas": 2},
        });
        let mut deployment = deployment.as_object().unwrap().clone();
        let scale = of(&deployment);
        let want = json!({
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": "d"},
            "spec": {"replicas": 3}, "status": {"replicas": 2, "selector": "app=x"},
        });
        assert_eq!(Value::from(scale), want);
        let wanted = json!({"spec": {"replicas": 5}, "metadata": {"resourceVersion": "7"}});
        apply(&mut deployment, wanted.as_object().unwrap());
        assert_eq!(deployment["spec"]["replicas"], 5);
        assert_eq!(deployment["metadata"]["resourceVersion"], "7");
        let bad = json!({"spec": {"replicas": -2}});
        let faults = kind().validate(bad.as_object().unwrap());
        let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["spec.replicas: Invalid value: -2: must be greater than or equal to 0"]);
    }
}
