//! PersistentVolumes.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::{VOLUME_MODES, class_of, mode_faults, mode_text, or_unset, phase};
use crate::path::Path;
use crate::pod::fault::{one_of, required_word, said};
use crate::pod::quantity::{Quantity, round_list};
use crate::pod::source::{self, Holder};
use crate::pod::{default_volume_source, scheduling};
use crate::value::{
    at, copy, default_text, default_value, is_set, list, map, map_or_new, remove, same, text,
};
use crate::{FieldError, Kind, Object, age, metadata, name};

/// `persistentvolumes`.
pub(crate) static VOLUME: Volume = Volume::Main;
static STATUS: Volume = Volume::Status;

const SPEC: Path<'static> = Path::root("spec");

/// The sorts of volumes, in the order the API looks at them.
const SOURCES: [&str; 22] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

/// A volume, or its status written on its own.
pub(crate) enum Volume {
    Main,
    Status,
}

impl Kind for Volume {
    fn default(&self, object: &mut Object) {
        if let Some(spec) = map_or_new(object, "spec") {
            round_list(spec, "capacity");
            default_volume_source(spec);
            default_text(spec, "persistentVolumeReclaimPolicy", "Retain");
            default_value(spec, "volumeMode", "Filesystem");
        }
        if let Some(status) = map_or_new(object, "status") {
            default_text(status, "phase", "Pending");
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        // The moment it is made is the moment its phase changed.
        let now = at(object, &["metadata", "creationTimestamp"]).cloned().unwrap_or_default();
        let status = json!({"phase": "Pending", "lastPhaseTransitionTime": now});
        object.insert("status".to_owned(), status);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Main => copy(object, old, "status"),
            Self::Status => copy(object, old, "spec"),
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let none = Object::new();
        let mut faults = Vec::new();
        let own = map(object, "metadata").map_or("", |metadata| text(metadata, "name"));
        spec_faults(map(object, "spec").unwrap_or(&none), own, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        match self {
            Self::Main => {
                metadata::kind_faults(self, object, false, &mut faults);
                faults.append(&mut self.validate(object));
                change_faults(object, old, &mut faults);
            }
            Self::Status => metadata::change_faults(self, object, old, &mut faults),
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
        let size = at(spec, &["capacity", "storage"]).and_then(Value::as_str).unwrap_or("0");
        let claim = map(spec, "claimRef")
            .map(|claim| format!("{}/{}", text(claim, "namespace"), text(claim, "name")));
        Some(vec![
            text(metadata, "name").into(),
            size.into(),
            mode_text(spec).into(),
            text(spec, "persistentVolumeReclaimPolicy").into(),
            phase(object).into(),
            claim.unwrap_or_default().into(),
            class_of(object).into(),
            or_unset(spec, "volumeAttributesClassName").into(),
            text(status, "reason").into(),
            age::of(object, now).into(),
            or_unset(spec, "volumeMode").into(),
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&STATUS as _)
    }
}

fn spec_faults(spec: &Object, own: &str, faults: &mut Vec<FieldError>) {
    if list(spec, "accessModes").is_empty() {
        faults.push(FieldError::required(SPEC.field("accessModes"), ""));
    }
    mode_faults(spec, &SPEC, faults);
    capacity_faults(spec, faults);
    let policies = ["Delete", "Recycle", "Retain"];
    if !text(spec, "persistentVolumeReclaimPolicy").is_empty() {
        required_word(spec, "persistentVolumeReclaimPolicy", &policies, &SPEC, faults);
    }
    let nodes = map(spec, "nodeAffinity");
    if let Some(nodes) = nodes {
        let path = SPEC.field("nodeAffinity.required");
        match map(nodes, "required") {
            Some(required) => scheduling::node_selector_faults(required, &path, faults),
            None => {
                let text = "must specify required node constraints";
                faults.push(FieldError::required(path, text));
            }
        }
    }
    source_faults(spec, own, nodes.is_some(), faults);
    let root = at(spec, &["hostPath", "path"]).and_then(Value::as_str);
    if root.is_some_and(is_root) && text(spec, "persistentVolumeReclaimPolicy") == "Recycle" {
        let text = "may not be 'recycle' for a hostPath mount of '/'";
        faults.push(FieldError::forbidden(SPEC.field("persistentVolumeReclaimPolicy"), text));
    }
    let class = text(spec, "storageClassName");
    if !class.is_empty() {
        said(name::subdomain_faults(class), class, SPEC.field("storageClassName"), faults);
    }
    one_of(spec, "volumeMode", &VOLUME_MODES, &SPEC, faults);
    if let Some(class) = spec.get("volumeAttributesClassName").and_then(Value::as_str) {
        let path = SPEC.field("volumeAttributesClassName");
        if class.is_empty() {
            faults.push(FieldError::required(path, "an empty string is disallowed"));
        } else {
            said(name::subdomain_faults(class), class, path, faults);
        }
        if !is_set(spec, "csi") {
            let text = "has to be specified when using volumeAttributesClassName";
            faults.push(FieldError::required(SPEC.field("csi"), text));
        }
    }
}

/// Whether a path, its dots and doubled slashes resolved, is the root.
fn is_root(path: &str) -> bool {
    let mut depth = 0_usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => depth = depth.saturating_sub(1),
            _ => depth += 1,
        }
    }
    path.starts_with('/') && depth == 0
}

fn capacity_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let path = SPEC.field("capacity");
    let capacity = map(spec, "capacity").filter(|capacity| !capacity.is_empty());
    if capacity.is_none() {
        faults.push(FieldError::required(path, ""));
    }
    if capacity.is_none_or(|one| !one.contains_key("storage") || one.len() > 1) {
        let shown = capacity.map_or(Value::Null, |capacity| capacity.clone().into());
        faults.push(FieldError::unsupported(path, shown, &["storage"]));
    }
    for (resource, amount) in capacity.into_iter().flatten() {
        let Some(amount) = amount.as_str().and_then(Quantity::parse) else { continue };
        let path = path.key(resource);
        if amount.nanos() < 0 {
            let shown = i64::try_from(amount.units()).unwrap_or(i64::MIN);
            faults.push(FieldError::invalid(path, shown, "must be a valid resource quantity"));
        }
        if amount.nanos() <= 0 {
            let text = "must be greater than zero";
            faults.push(FieldError::invalid(path, amount.to_string(), text));
        }
    }
}

fn source_faults(spec: &Object, own: &str, has_nodes: bool, faults: &mut Vec<FieldError>) {
    let mut found = false;
    for field in SOURCES {
        let Some(source) = map(spec, field) else { continue };
        if found {
            let text = "may not specify more than 1 volume type";
            faults.push(FieldError::forbidden(SPEC.field(field), text));
            continue;
        }
        found = true;
        let place = if field == "gcePersistentDisk" { "persistentDisk" } else { field };
        let path = SPEC.field(place);
        source::faults(field, source, Holder::Persistent, &path, faults);
        if field == "local" && !has_nodes {
            let text = "Local volume requires node affinity";
            faults.push(FieldError::required(SPEC.field("nodeAffinity"), text));
        }
        let portal = text(source, "targetPortal");
        if field == "iscsi" && is_set(source, "initiatorName") && own.len() + 1 + portal.len() > 64
        {
            let text = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 \
                        characters if iscsi.initiatorName is specified.";
            faults.push(FieldError::invalid(path.field("targetportal"), portal, text));
        }
    }
    if !found {
        faults.push(FieldError::required(SPEC, "must specify a volume type"));
    }
}

fn change_faults(object: &Object, old: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let [spec, before] = [object, old].map(|one| map(one, "spec").unwrap_or(&none));
    let sources = |spec: &Object| -> Object {
        SOURCES
            .iter()
            .filter_map(|field| Some(((*field).to_owned(), spec.get(*field)?.clone())))
            .collect()
    };
    let [mut now, then] = [sources(spec), sources(before)];
    let secret = "controllerExpandSecretRef";
    if map(&then, "csi").is_some_and(|csi| !is_set(csi, secret))
        && let Some(csi) = crate::value::map_mut(&mut now, "csi")
    {
        remove(csi, secret);
    }
    if !same(Some(&now.into()), Some(&then.into())) {
        let text = "spec.persistentvolumesource is immutable after creation\n";
        faults.push(FieldError::forbidden(SPEC.field("persistentvolumesource"), text));
    }
    if !same(spec.get("volumeMode"), before.get("volumeMode")) {
        let shown = spec.get("volumeMode").cloned().unwrap_or(Value::Null);
        faults.push(FieldError::invalid("volumeMode", shown, "field is immutable"));
    }
    if is_set(before, "nodeAffinity") && !same(spec.get("nodeAffinity"), before.get("nodeAffinity"))
    {
        let shown = spec.get("nodeAffinity").cloned().unwrap_or(Value::Null);
        let text = "field is immutable, except for updating from beta label to GA";
        faults.push(FieldError::invalid("nodeAffinity", shown, text));
    }
    let field = "volumeAttributesClassName";
    if is_set(before, field) && !is_set(spec, field) {
        let text = "update from non-nil value to nil is forbidden";
        faults.push(FieldError::forbidden(SPEC.field(field), text));
    }
}
