//! ReplicaSets, and the ReplicationControllers they came from.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::rule::{
    SPEC, count_faults, immutable_faults, label_faults, lasting_faults, name_warnings, part,
    part_faults, selector_faults, template_faults, template_labels, template_warnings,
};
use super::{container_cells, create, name, number, template_spec, update, update_status};
use crate::pod::fault::not_negative;
use crate::value::{at, default_value, is_set, map, map_or_new};
use crate::{FieldError, Kind, Object, age, label, metadata, pod};

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

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        spec_faults(object, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let none = Object::new();
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        match self {
            Self::Main => {
                spec_faults(object, &mut faults);
                let [new, old] = [object, old].map(|one| part(one, "spec", &none));
                immutable_faults(new, old, "selector", &SPEC, &mut faults);
            }
            Self::Status => status_faults(part(object, "status", &none), true, &mut faults),
        }
        faults
    }

    fn warnings(&self, object: &Object, old: Option<&Object>) -> Vec<String> {
        warnings(object, old, matches!(self, Self::Main))
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

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        controller_faults(object, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let none = Object::new();
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        match self {
            Self::Main => controller_faults(object, &mut faults),
            Self::Status => status_faults(part(object, "status", &none), false, &mut faults),
        }
        faults
    }

    fn warnings(&self, object: &Object, old: Option<&Object>) -> Vec<String> {
        warnings(object, old, matches!(self, Self::Main))
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let selector = map(object, "spec").and_then(|spec| map(spec, "selector"));
        Some(cells(object, label::map_text(selector), now))
    }

    fn orphans(&self) -> bool {
        true
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

fn warnings(object: &Object, old: Option<&Object>, is_main: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    if is_main {
        if old.is_none() {
            name_warnings(object, &mut warnings);
        }
        template_warnings(object, old, &mut warnings);
    }
    warnings
}

fn spec_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let spec = part(object, "spec", &none);
    not_negative(spec, "replicas", &SPEC, faults);
    not_negative(spec, "minReadySeconds", &SPEC, faults);
    if selector_faults(spec, "deployment", "invalid label selector", faults) {
        template_faults(spec, faults);
        lasting_faults(spec, "ReplicaSet", faults);
    }
}

fn controller_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let spec = part(object, "spec", &none);
    not_negative(spec, "minReadySeconds", &SPEC, faults);
    let selector = map(spec, "selector").filter(|selector| !selector.is_empty());
    if selector.is_none() {
        faults.push(FieldError::required(SPEC.field("selector"), ""));
    }
    if !is_set(spec, "replicas") {
        faults.push(FieldError::required(SPEC.field("replicas"), ""));
    }
    not_negative(spec, "replicas", &SPEC, faults);
    if !is_set(spec, "template") {
        faults.push(FieldError::required(SPEC.field("template"), ""));
        return;
    }
    let labels = template_labels(spec);
    let picks = selector
        .into_iter()
        .flatten()
        .all(|(key, value)| labels.is_some_and(|labels| labels.get(key) == Some(value)));
    if !picks {
        label_faults(labels, faults);
    }
    template_faults(spec, faults);
    lasting_faults(spec, "ReplicationController", faults);
}

fn status_faults(status: &Object, counts_going: bool, faults: &mut Vec<FieldError>) {
    let fields = [
        "replicas",
        "fullyLabeledReplicas",
        "readyReplicas",
        "availableReplicas",
        "observedGeneration",
    ];
    count_faults(status, &fields, faults);
    if counts_going {
        count_faults(status, &["terminatingReplicas"], faults);
    }
    let parts = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
    part_faults(status, &parts, ("replicas", "status.replicas"), faults);
    part_faults(status, &["availableReplicas"], ("readyReplicas", "readyReplicas"), faults);
}
