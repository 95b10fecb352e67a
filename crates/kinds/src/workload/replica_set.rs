//! ReplicaSets, and the ReplicationControllers they came from.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::{container_cells, create, name, number, template_spec, update, update_status};
use crate::value::{at, default_value, map, map_or_new};
use crate::{Kind, Object, age, label, pod};

/// `replicasets.apps`.
pub(crate) static REPLICA_SET: ReplicaSet = ReplicaSet::Main;
static STATUS: ReplicaSet = ReplicaSet::Status;
/// `replicationcontrollers`.
pub(crate) static REPLICATION_CONTROLLER: ReplicationController = ReplicationController::Main;
static CONTROLLER_STATUS: ReplicationController = ReplicationController::Status;

/// A ReplicaSet, or its status written on its own.
pub(crate) enum ReplicaSet {
    Main,
    Status,
}

/// A ReplicationController, or its status written on its own.
pub(crate) enum ReplicationController {
    Main,
    Status,
}

impl Kind for ReplicaSet {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_or_new(object, "spec") else { return };
        default_value(spec, "replicas", 1);
        map_or_new(spec, "template");
        pod::default_template(spec, "template");
    }

    fn prepare_create(&self, object: &mut Object) {
        create(object, json!({"replicas": 0}));
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Main => update(object, old),
            Self::Status => update_status(object, old),
        }
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let selector = map(object, "spec").and_then(|spec| map(spec, "selector"));
        Some(cells(object, label::selector_text(selector), now))
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&STATUS as _)
    }
}

impl Kind for ReplicationController {
    fn default(&self, object: &mut Object) {
        let labels = at(object, &["spec", "template", "metadata", "labels"])
            .and_then(Value::as_object)
            .cloned();
        let Some(spec) = map_or_new(object, "spec") else { return };
        default_value(spec, "replicas", 1);
        pod::default_template(spec, "template");
        let Some(labels) = labels else { return };
        if map(spec, "selector").is_none_or(Object::is_empty) {
            spec.insert("selector".to_owned(), labels.clone().into());
        }
        if let Some(metadata) = map_or_new(object, "metadata")
            && map(metadata, "labels").is_none_or(Object::is_empty)
        {
            metadata.insert("labels".to_owned(), labels.into());
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        create(object, json!({"replicas": 0}));
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Main => update(object, old),
            Self::Status => update_status(object, old),
        }
    }

    fn selectable(&self, object: &Object, label: &str) -> Option<String> {
        (label == "status.replicas").then(|| number(object, "status", "replicas").to_string())
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let selector = map(object, "spec").and_then(|spec| map(spec, "selector"));
        Some(cells(object, label::map_text(selector), now))
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&CONTROLLER_STATUS as _)
    }
}

fn cells(object: &Object, selector: String, now: Timestamp) -> Vec<Value> {
    let [containers, images] = container_cells(template_spec(object));
    vec![
        name(object),
        number(object, "spec", "replicas").into(),
        number(object, "status", "replicas").into(),
        number(object, "status", "readyReplicas").into(),
        age::of(object, now).into(),
        containers,
        images,
        selector.into(),
    ]
}
