//! PersistentVolumeClaims.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::{CLASS_ANNOTATION, VOLUME_MODES, class_of, mode_faults, mode_text, or_unset, phase};
use crate::path::Path;
use crate::pod::fault::{one_of, required, said};
use crate::pod::quantity::{Quantity, round_list};
use crate::pod::resources::amount_faults;
use crate::value::{
    at, copy, default_text, default_value, is_set, list, map, map_mut, map_or_new, remove, same,
    text,
};
use crate::{FieldError, Kind, Object, age, label, metadata, name};

/// `persistentvolumeclaims`.
pub(crate) static CLAIM: Claim = Claim::Main;
static STATUS: Claim = Claim::Status;

const SPEC: Path<'static> = Path::root("spec");

/// A claim, or its status written on its own.
pub(crate) enum Claim {
    Main,
    Status,
}

impl Kind for Claim {
    fn default(&self, object: &mut Object) {
        default_claim(object);
    }

    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({"phase": "Pending"}));
        if let Some(spec) = map_mut(object, "spec") {
            join_sources(spec);
        }
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Main => {
                copy(object, old, "status");
                if let Some(spec) = map_mut(object, "spec") {
                    join_sources(spec);
                }
            }
            Self::Status => copy(object, old, "spec"),
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let none = Object::new();
        let mut faults = Vec::new();
        spec_faults(map(object, "spec").unwrap_or(&none), &SPEC, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        if matches!(self, Self::Main) {
            metadata::kind_faults(self, object, true, &mut faults);
            faults.append(&mut self.validate(object));
            change_faults(object, old, &mut faults);
        }
        faults
    }

    fn selectable(&self, object: &Object, label: &str) -> Option<String> {
        let name = || map(object, "metadata").map_or("", |one| text(one, "name")).to_owned();
        (label == "name").then(name)
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let none = Object::new();
        let [metadata, spec, status] =
            ["metadata", "spec", "status"].map(|field| map(object, field).unwrap_or(&none));
        let volume = text(spec, "volumeName");
        let (capacity, modes) = match volume {
            "" => (String::new(), String::new()),
            _ => {
                let capacity = at(status, &["capacity", "storage"]).and_then(Value::as_str);
                (capacity.unwrap_or("0").to_owned(), mode_text(status))
            }
        };
        Some(vec![
            text(metadata, "name").into(),
            phase(object).into(),
            volume.into(),
            capacity.into(),
            modes.into(),
            class_of(object).into(),
            or_unset(spec, "volumeAttributesClassName").into(),
            age::of(object, now).into(),
            or_unset(spec, "volumeMode").into(),
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&STATUS as _)
    }
}

/// Fills in a claim, on its own or as a template of a StatefulSet.
pub(crate) fn default_claim(claim: &mut Object) {
    if let Some(spec) = map_or_new(claim, "spec") {
        default_value(spec, "volumeMode", "Filesystem");
        if let Some(resources) = map_mut(spec, "resources") {
            round_list(resources, "limits");
            round_list(resources, "requests");
        }
    }
    if let Some(status) = map_or_new(claim, "status") {
        default_text(status, "phase", "Pending");
    }
}

/// `dataSource` and `dataSourceRef` say the same, where one can say what the other does (KEP-1495).
fn join_sources(spec: &mut Object) {
    let is_cross =
        map(spec, "dataSourceRef").is_some_and(|source| !text(source, "namespace").is_empty());
    if is_cross {
        return;
    }
    match (is_set(spec, "dataSource"), is_set(spec, "dataSourceRef")) {
        (true, false) => {
            let source = spec.get("dataSource").cloned().unwrap_or_default();
            spec.insert("dataSourceRef".to_owned(), source);
        }
        (false, true) => {
            let mut source = spec.get("dataSourceRef").cloned().unwrap_or_default();
            if let Some(source) = source.as_object_mut() {
                remove(source, "namespace");
            }
            spec.insert("dataSource".to_owned(), source);
        }
        _ => {}
    }
}

/// What is wrong with the template of a claim in a pod's ephemeral volume.
pub(crate) fn template_faults(template: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let own = map(template, "metadata").unwrap_or(&none);
    let metadata_path = path.field("metadata");
    let annotations = map(own, "annotations");
    metadata::annotation_faults(annotations, metadata_path.field("annotations"), faults);
    label::faults(map(own, "labels"), &metadata_path.field("labels"), faults);
    for (field, value) in own {
        let stands = match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => true,
        };
        if stands && !matches!(field.as_str(), "annotations" | "labels") {
            faults.push(FieldError::forbidden(metadata_path.field(field), "cannot be set"));
        }
    }
    spec_faults(map(template, "spec").unwrap_or(&none), &path.field("spec"), faults);
}

/// What is wrong with the spec of a claim.
pub(crate) fn spec_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if list(spec, "accessModes").is_empty() {
        let text = "at least 1 access mode is required";
        faults.push(FieldError::required(path.field("accessModes"), text));
    }
    if let Some(selector) = map(spec, "selector") {
        label::selector_faults(selector, &path.field("selector"), faults);
    }
    mode_faults(spec, path, faults);
    let resources = path.field("resources");
    let size_path = resources.key("storage");
    match size(spec) {
        None => faults.push(FieldError::required(size_path, "")),
        Some(size) if size.nanos() <= 0 => {
            let text = "must be greater than zero";
            faults.push(FieldError::invalid(size_path, size.to_string(), text));
        }
        Some(size) => amount_faults("storage", size, &size_path, faults),
    }
    for field in ["storageClassName", "volumeAttributesClassName"] {
        let class = text(spec, field);
        if !class.is_empty() {
            said(name::subdomain_faults(class), class, path.field(field), faults);
        }
        if field == "storageClassName" {
            one_of(spec, "volumeMode", &VOLUME_MODES, path, faults);
            source_faults(spec, path, faults);
        }
    }
}

fn size(spec: &Object) -> Option<Quantity> {
    let requests = at(spec, &["resources", "requests"]).and_then(Value::as_object)?;
    Quantity::of(requests, "storage")
}

fn source_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for field in ["dataSource", "dataSourceRef"] {
        let Some(source) = map(spec, field) else { continue };
        let at = path.field(field);
        required(source, "name", &at, faults);
        let kind = required(source, "kind", &at, faults);
        let group = text(source, "apiGroup");
        if group.is_empty() {
            if kind != "PersistentVolumeClaim" {
                let text = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
                faults.push(FieldError::invalid(at, kind, text));
            }
        } else {
            said(name::subdomain_faults(group), group, at.field("apiGroup"), faults);
        }
        let space = text(source, "namespace");
        if field == "dataSourceRef" && !space.is_empty() {
            said(name::label_faults(space), space, at.field("namespace"), faults);
        }
    }
    let (Some(source), Some(reference)) = (map(spec, "dataSource"), map(spec, "dataSourceRef"))
    else {
        return;
    };
    let is_same = ["apiGroup", "kind", "name"]
        .iter()
        .all(|field| same(source.get(*field), reference.get(*field)));
    let fault = if !text(reference, "namespace").is_empty() {
        "may not be specified when dataSourceRef.namespace is specified"
    } else if !is_same {
        "must match dataSourceRef"
    } else {
        return;
    };
    // The API shows the inside of its own path here, which is an empty object.
    faults.push(FieldError::invalid(path, json!({}), fault));
}

fn change_faults(object: &Object, old: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let [spec, before] = [object, old].map(|one| map(one, "spec").unwrap_or(&none));
    let annotation =
        |object| at(object, &["metadata", "annotations", CLASS_ANNOTATION]).and_then(Value::as_str);
    let (mut new, mut then) = (spec.clone(), before.clone());
    if text(before, "volumeName").is_empty() {
        copy(&mut then, spec, "volumeName");
    }
    let class = spec.get("storageClassName").and_then(Value::as_str);
    let was_annotated = annotation(old);
    let is_moved = was_annotated.is_some()
        && !is_set(before, "storageClassName")
        && class == was_annotated
        && annotation(object).is_none_or(|now| Some(now) == was_annotated);
    if is_moved {
        remove(&mut new, "storageClassName");
    } else {
        if annotation(object).unwrap_or_default() != was_annotated.unwrap_or_default() {
            let shown = annotation(object).unwrap_or_default();
            let path = Path::root("metadata.annotations");
            let at = path.key(CLASS_ANNOTATION);
            faults.push(FieldError::invalid(at, shown, "field is immutable"));
        }
        if class.is_some()
            && !is_set(before, "storageClassName")
            && was_annotated.is_none_or(|was| Some(was) == class)
        {
            remove(&mut new, "storageClassName");
        }
    }
    let is_bound = map(object, "status").is_some_and(|status| text(status, "phase") == "Bound");
    if is_bound {
        let requests = map_mut(&mut new, "resources").and_then(|one| map_mut(one, "requests"));
        if let Some(requests) = requests {
            let was = at(before, &["resources", "requests", "storage"]).cloned();
            requests.insert("storage".to_owned(), was.unwrap_or_else(|| "0".into()));
        }
        copy(&mut new, before, "volumeAttributesClassName");
    }
    if !same(Some(&new.into()), Some(&then.into())) {
        let text = "spec is immutable after creation except resources.requests and \
                    volumeAttributesClassName for bound claims\n";
        faults.push(FieldError::forbidden(SPEC, text));
    }
    if let (Some(now), Some(was)) = (size(spec), size(before))
        && now < was
    {
        let held = at(old, &["status", "capacity"])
            .and_then(Value::as_object)
            .and_then(|capacity| Quantity::of(capacity, "storage"))
            .map_or(0, Quantity::nanos);
        if now.nanos() <= held {
            let path = SPEC.field("resources.requests.storage");
            let text = "field can not be less than status.capacity";
            faults.push(FieldError::forbidden(path, text));
        }
    }
    if !same(spec.get("volumeMode"), before.get("volumeMode")) {
        let shown = spec.get("volumeMode").cloned().unwrap_or(Value::Null);
        faults.push(FieldError::invalid("volumeMode", shown, "field is immutable"));
    }
    let current =
        map(old, "status").is_some_and(|status| is_set(status, "currentVolumeAttributesClassName"));
    let field = "volumeAttributesClassName";
    if current && !same(spec.get(field), before.get(field)) && text(spec, field).is_empty() {
        let what = if is_set(spec, field) { "empty string" } else { "nil" };
        let text = format!(
            "update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil"
        );
        faults.push(FieldError::forbidden(SPEC.field(field), text));
    }
}
