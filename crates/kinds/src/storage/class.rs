//! StorageClasses, and what drivers of storage say of themselves: CSIDrivers, CSINodes and
//! VolumeAttachments.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::path::Path;
use crate::pod::fault::{required, said};
use crate::pod::source::driver_faults;
use crate::value::{
    at, copy, default_value, flag, is_set, list, map, map_or_new, maps, same, text, texts,
};
use crate::{FieldError, Kind, Object, age, label, metadata, name};

/// `storageclasses.storage.k8s.io`.
pub(crate) static CLASS: Class = Class;
/// `csidrivers.storage.k8s.io`.
pub(crate) static DRIVER: Driver = Driver;
/// `csinodes.storage.k8s.io`.
pub(crate) static NODE_DRIVERS: NodeDrivers = NodeDrivers;
/// `volumeattachments.storage.k8s.io`.
pub(crate) static ATTACHMENT: Attachment = Attachment::Main;
static ATTACHMENT_STATUS: Attachment = Attachment::Status;

/// How many parameters a class may have, and how many bytes together.
const PARAMETERS_MAX: usize = 512;
const PARAMETER_BYTES_MAX: usize = 256 * 1024;
/// The longest name a driver may have for a node.
const NODE_ID_MAX: usize = 192;
const DEFAULT: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];

/// A StorageClass.
pub(crate) struct Class;

/// A CSIDriver.
pub(crate) struct Driver;

/// A CSINode.
pub(crate) struct NodeDrivers;

/// A VolumeAttachment, or its status written on its own.
pub(crate) enum Attachment {
    Main,
    Status,
}

fn own_name(object: &Object) -> &str {
    map(object, "metadata").map_or("", |metadata| text(metadata, "name"))
}

impl Kind for Class {
    fn default(&self, object: &mut Object) {
        default_value(object, "reclaimPolicy", "Delete");
        default_value(object, "volumeBindingMode", "Immediate");
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let provisioner = text(object, "provisioner");
        if provisioner.is_empty() {
            faults.push(FieldError::required("provisioner", ""));
        } else {
            let lower = provisioner.to_lowercase();
            let path = Path::root("provisioner");
            said(name::qualified_faults(&lower), &lower, path, &mut faults);
        }
        parameter_faults(map(object, "parameters"), &mut faults);
        let word = |field: &str, words: &[&str], faults: &mut Vec<FieldError>| {
            let found = text(object, field);
            if !found.is_empty() && !words.contains(&found) {
                faults.push(FieldError::unsupported(field, found, words));
            }
        };
        word("reclaimPolicy", &["Delete", "Retain"], &mut faults);
        word("volumeBindingMode", &["Immediate", "WaitForFirstConsumer"], &mut faults);
        topology_faults(object, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::kind_faults(self, object, false, &mut faults);
        faults.append(&mut self.validate(object));
        metadata::change_faults(self, object, old, &mut faults);
        for field in ["parameters", "provisioner", "reclaimPolicy"] {
            if !same(object.get(field), old.get(field)) {
                let text = format!("updates to {field} are forbidden.");
                faults.push(FieldError::forbidden(field, text));
            }
        }
        let field = "volumeBindingMode";
        if !same(object.get(field), old.get(field)) {
            let shown = object.get(field).cloned().unwrap_or(Value::Null);
            faults.push(FieldError::invalid(field, shown, "field is immutable"));
        }
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let is_default = DEFAULT.iter().any(|key| {
            at(object, &["metadata", "annotations", key]).and_then(Value::as_str) == Some("true")
        });
        let suffix = if is_default { " (default)" } else { "" };
        let or = |field, otherwise| match text(object, field) {
            "" => otherwise,
            text => text,
        };
        Some(vec![
            format!("{}{suffix}", own_name(object)).into(),
            text(object, "provisioner").into(),
            or("reclaimPolicy", "Delete").into(),
            or("volumeBindingMode", "Immediate").into(),
            flag(object, "allowVolumeExpansion").unwrap_or(false).into(),
            age::of(object, now).into(),
        ])
    }
}

fn parameter_faults(parameters: Option<&Object>, faults: &mut Vec<FieldError>) {
    let Some(parameters) = parameters else { return };
    if parameters.len() > PARAMETERS_MAX {
        faults.push(FieldError::too_long("parameters", PARAMETERS_MAX));
        return;
    }
    let mut bytes = 0_usize;
    for (key, value) in parameters {
        if key.is_empty() {
            faults.push(FieldError::invalid("parameters", "", "field can not be empty."));
        }
        let value = value.as_str().unwrap_or_default();
        bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
    }
    if bytes > PARAMETER_BYTES_MAX {
        faults.push(FieldError::too_long("parameters", PARAMETER_BYTES_MAX));
    }
}

fn topology_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let path = Path::root("allowedTopologies");
    let mut terms: Vec<Vec<(&str, Vec<&str>)>> = Vec::new();
    for (i, term) in maps(object, "allowedTopologies") {
        let term_path = path.index(i);
        let path = term_path.field("matchLabelExpressions");
        let mut known: Vec<(&str, Vec<&str>)> = Vec::new();
        for (j, wanted) in maps(term, "matchLabelExpressions") {
            let at = path.index(j);
            let values_path = at.field("values");
            let mut values = Vec::new();
            if list(wanted, "values").is_empty() {
                faults.push(FieldError::required(values_path, ""));
            }
            for (k, value) in texts(wanted, "values").enumerate() {
                if values.contains(&value) {
                    faults.push(FieldError::duplicate(values_path.index(k), value));
                }
                values.push(value);
            }
            let key = text(wanted, "key");
            label::key_faults(key, &at.field("key"), faults);
            if known.iter().any(|(one, _)| *one == key) {
                faults.push(FieldError::duplicate(at.field("key"), key));
            }
            values.sort_unstable();
            known.push((key, values));
        }
        known.sort_unstable();
        if terms.contains(&known) {
            faults.push(FieldError::duplicate(path, ""));
        }
        terms.push(known);
    }
}

impl Kind for Driver {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_or_new(object, "spec") else { return };
        default_value(spec, "attachRequired", true);
        default_value(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
        for field in ["podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"] {
            default_value(spec, field, false);
        }
        if list(spec, "volumeLifecycleModes").is_empty() {
            spec.insert("volumeLifecycleModes".to_owned(), json!(["Persistent"]));
        }
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let none = Object::new();
        let spec = map(object, "spec").unwrap_or(&none);
        let is = |field, otherwise| Value::from(flag(spec, field).unwrap_or(otherwise));
        let audiences: Vec<&str> =
            maps(spec, "tokenRequests").map(|(_, token)| text(token, "audience")).collect();
        let modes: Vec<&str> = texts(spec, "volumeLifecycleModes").collect();
        let shown = |texts: Vec<&str>, none: &str| match texts.as_slice() {
            [] => none.to_owned(),
            texts => texts.join(","),
        };
        Some(vec![
            own_name(object).into(),
            is("attachRequired", true),
            is("podInfoOnMount", false),
            is("storageCapacity", false),
            shown(audiences, "<unset>").into(),
            is("requiresRepublish", false),
            shown(modes, "<none>").into(),
            age::of(object, now).into(),
        ])
    }
}

impl Kind for NodeDrivers {
    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let none = Object::new();
        let mut faults = Vec::new();
        let path = Path::root("spec.drivers");
        let mut names = Vec::new();
        for (i, driver) in maps(map(object, "spec").unwrap_or(&none), "drivers") {
            let at = path.index(i);
            let own = text(driver, "name");
            driver_faults(own, at.field("name"), &mut faults);
            let id = required(driver, "nodeID", &at, &mut faults);
            if id.len() > NODE_ID_MAX {
                let text = format!("must be {NODE_ID_MAX} characters or less");
                faults.push(FieldError::invalid(at.field("nodeID"), id, text));
            }
            if let Some(amount) = map(driver, "allocatable") {
                let path = at.field("allocatable");
                crate::pod::fault::not_negative(amount, "count", &path, &mut faults);
            }
            if names.contains(&own) {
                faults.push(FieldError::duplicate(at.field("name"), own));
            }
            names.push(own);
            let mut keys = Vec::new();
            for key in texts(driver, "topologyKeys") {
                if key.is_empty() {
                    faults.push(FieldError::required(at, ""));
                }
                if keys.contains(&key) {
                    faults.push(FieldError::duplicate(at, key));
                }
                keys.push(key);
                said(name::qualified_faults(key), key, at, &mut faults);
            }
        }
        faults
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let drivers = map(object, "spec").map_or(0, |spec| list(spec, "drivers").len());
        Some(vec![own_name(object).into(), drivers.into(), age::of(object, now).into()])
    }
}

impl Kind for Attachment {
    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({"attached": false}));
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        copy(object, old, if matches!(self, Self::Main) { "status" } else { "spec" });
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let none = Object::new();
        let mut faults = Vec::new();
        let spec = map(object, "spec").unwrap_or(&none);
        let path = Path::root("spec");
        required(spec, "attacher", &path, &mut faults);
        let source = map(spec, "source").unwrap_or(&none);
        let source_path = path.field("source");
        let volume = source.get("persistentVolumeName").and_then(Value::as_str);
        let exactly = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
        match (is_set(source, "inlineVolumeSpec"), volume) {
            (false, None) => faults.push(FieldError::required(source_path, exactly)),
            (true, Some(_)) => faults.push(FieldError::forbidden(source_path, exactly)),
            (false, Some("")) => {
                let text = "must specify non empty persistentVolumeName";
                faults.push(FieldError::required(source_path.field("persistentVolumeName"), text));
            }
            _ => {}
        }
        let node = text(spec, "nodeName");
        said(name::subdomain_faults(node), node, path.field("nodeName"), &mut faults);
        driver_faults(text(spec, "attacher"), path.field("attacher"), &mut faults);
        if let Some(volume) = volume {
            let path = source_path.field("persistentVolumeName");
            said(name::subdomain_faults(volume), volume, path, &mut faults);
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::kind_faults(self, object, false, &mut faults);
        faults.append(&mut self.validate(object));
        if !same(object.get("spec"), old.get("spec")) {
            let shown = object.get("spec").cloned().unwrap_or(Value::Null);
            faults.push(FieldError::invalid("spec", shown, "field is immutable"));
        }
        faults
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let none = Object::new();
        let spec = map(object, "spec").unwrap_or(&none);
        let volume = at(spec, &["source", "persistentVolumeName"]).and_then(Value::as_str);
        let attached = map(object, "status").and_then(|status| flag(status, "attached"));
        Some(vec![
            own_name(object).into(),
            text(spec, "attacher").into(),
            volume.unwrap_or_default().into(),
            text(spec, "nodeName").into(),
            attached.unwrap_or(false).into(),
            age::of(object, now).into(),
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&ATTACHMENT_STATUS as _)
    }
}
