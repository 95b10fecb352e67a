//! PersistentVolumes, their claims, and the classes of storage.

mod claim;
mod class;
mod volume;

use crate::path::Path;
use crate::value::{is_set, map, text, texts};
use crate::{FieldError, Object};

pub(crate) use claim::{
    CLAIM, default_claim, spec_faults as claim_spec_faults,
    template_faults as claim_template_faults,
};
pub(crate) use class::{ATTACHMENT, CLASS, DRIVER, NODE_DRIVERS};
pub(crate) use volume::VOLUME;

/// Where a class of storage was named before there was a field for it.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

const MODES: [(&str, &str); 4] = [
    ("ReadWriteOnce", "RWO"),
    ("ReadOnlyMany", "ROX"),
    ("ReadWriteMany", "RWX"),
    ("ReadWriteOncePod", "RWOP"),
];
const VOLUME_MODES: [&str; 2] = ["Block", "Filesystem"];

/// Modes of access as tables show them.
fn mode_text(holder: &Object) -> String {
    let shown: Vec<&str> = MODES
        .iter()
        .filter(|(mode, _)| texts(holder, "accessModes").any(|one| one == *mode))
        .map(|(_, short)| *short)
        .collect();
    shown.join(",")
}

fn mode_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    const SORTED: [&str; 4] =
        ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
    let path = path.field("accessModes");
    let (mut for_one, mut for_others) = (false, false);
    for mode in texts(spec, "accessModes") {
        if !SORTED.contains(&mode) {
            faults.push(FieldError::unsupported(path, mode, &SORTED));
        } else if mode == "ReadWriteOncePod" {
            for_one = true;
        } else {
            for_others = true;
        }
    }
    if for_one && for_others {
        let text = "may not use ReadWriteOncePod with other access modes";
        faults.push(FieldError::forbidden(path, text));
    }
}

/// The class of a volume or claim: in an annotation first, then in its field.
fn class_of(object: &Object) -> &str {
    let annotation = map(object, "metadata")
        .and_then(|metadata| map(metadata, "annotations"))
        .and_then(|annotations| annotations.get(CLASS_ANNOTATION))
        .and_then(serde_json::Value::as_str);
    annotation
        .unwrap_or_else(|| map(object, "spec").map_or("", |spec| text(spec, "storageClassName")))
}

/// What stands in a column for something that may be unset.
fn or_unset<'a>(spec: &'a Object, field: &str) -> &'a str {
    if is_set(spec, field) { text(spec, field) } else { "<unset>" }
}

/// The phase of a volume or claim, unless it is on its way out.
fn phase(object: &Object) -> &str {
    if map(object, "metadata").is_some_and(|metadata| is_set(metadata, "deletionTimestamp")) {
        return "Terminating";
    }
    map(object, "status").map_or("", |status| text(status, "phase"))
}
