//! What every object is held to: its metadata.
//!
//! On an update kube-apiserver looks at the metadata up to four times (once for all kinds, then the kind's
//! own update rule, then its rule for new objects, which some kinds repeat), and each look adds a cause
//! to the answer. [`update_faults`] keeps that count; the message of the answer names each fault once
//! ([`joined`](crate::joined)).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::go_text::quoted;
use crate::path::Path;
use crate::value::{flag, integer, is_set, list, map, maps, same, text, texts};
use crate::{FieldError, Kind, Object, label, name};

/// The most bytes that all annotations of an object may have together, keys and values: they travel
/// with the object in every list.
pub const ANNOTATIONS_BYTES_MAX: usize = 256 * 1024;

/// The longest name of a field manager: it is kept per changed field set.
pub const MANAGER_BYTES_MAX: usize = 128;

/// The longest name of a subresource in managedFields.
const SUBRESOURCE_BYTES_MAX: usize = 256;

/// Finalizers that need no domain.
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

const METADATA: Path<'static> = Path::root("metadata");

/// Everything that is wrong with a new object of the kind, its metadata first.
///
/// The object has been filled in and prepared, its name generated.
pub fn create_faults(kind: &dyn Kind, object: &Object, namespaced: bool) -> Vec<FieldError> {
    let mut faults = Vec::new();
    kind_faults(kind, object, namespaced, &mut faults);
    faults.append(&mut kind.validate(object));
    faults
}

/// Everything that is wrong with the change from `old` to `object`, metadata included.
///
/// What the client left out and may leave out (uid, creationTimestamp, deletionTimestamp) has been taken
/// over from `old`.
pub fn update_faults(kind: &dyn Kind, object: &Object, old: &Object) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let namespaced = is_namespaced(object);
    common_faults(&name::path_segment_faults, object, namespaced, &mut faults);
    common_change_faults(object, old, &mut faults);
    faults.append(&mut kind.validate_update(object, old));
    faults
}

/// Takes away owners that are listed twice, and says so where there were any: the text of a warning.
///
/// `admitted` is whether the object comes from admission and not from the client.
pub fn dedup_owners(object: &mut Object, admitted: bool) -> Option<String> {
    let owners = object.get_mut("metadata")?.get_mut("ownerReferences")?.as_array_mut()?;
    let (mut kept, mut twice): (Vec<Value>, BTreeSet<String>) = (Vec::new(), BTreeSet::new());
    for owner in owners.drain(..) {
        if kept.contains(&owner) {
            let uid = owner.get("uid").and_then(Value::as_str).unwrap_or_default();
            twice.insert(uid.to_owned());
        } else {
            kept.push(owner);
        }
    }
    *owners = kept;
    if twice.is_empty() {
        return None;
    }
    let when = if admitted { " after mutating admission happens" } else { "" };
    let twice: Vec<String> = twice.into_iter().collect();
    Some(format!(
        ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in \
         1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) \
         observed: {}",
        twice.join(", ")
    ))
}

/// Appends what the kind's own rule for new objects says of the metadata.
pub(crate) fn kind_faults<K: Kind + ?Sized>(
    kind: &K,
    object: &Object,
    namespaced: bool,
    faults: &mut Vec<FieldError>,
) {
    common_faults(&|name| kind.name_faults(name), object, namespaced, faults);
    if kind.standard_finalizers() {
        finalizer_word_faults(object, faults);
    }
}

/// Appends what a kind's own update rule says of the metadata (`ValidateObjectMetaUpdate`).
pub(crate) fn change_faults<K: Kind + ?Sized>(
    kind: &K,
    object: &Object,
    old: &Object,
    faults: &mut Vec<FieldError>,
) {
    common_change_faults(object, old, faults);
    if kind.standard_finalizers() {
        finalizer_word_faults(object, faults);
    }
}

/// Whether the object stands in a namespace, which for a whole object is whether it names one.
pub(crate) fn is_namespaced(object: &Object) -> bool {
    map(object, "metadata").is_some_and(|meta| !text(meta, "namespace").is_empty())
}

fn common_faults(
    name_rule: &dyn Fn(&str) -> Vec<String>,
    object: &Object,
    namespaced: bool,
    faults: &mut Vec<FieldError>,
) {
    let empty = Object::new();
    let meta = map(object, "metadata").unwrap_or(&empty);
    let generate_name = text(meta, "generateName");
    if !generate_name.is_empty() {
        for fault in name_rule(&masked(generate_name)) {
            faults.push(FieldError::invalid(METADATA.field("generateName"), generate_name, fault));
        }
    }
    match text(meta, "name") {
        "" => faults
            .push(FieldError::required(METADATA.field("name"), "name or generateName is required")),
        name => {
            for fault in name_rule(name) {
                faults.push(FieldError::invalid(METADATA.field("name"), name, fault));
            }
        }
    }
    let at = METADATA.field("namespace");
    match (namespaced, text(meta, "namespace")) {
        (true, "") => faults.push(FieldError::required(at, "")),
        (true, namespace) => {
            for fault in name::label_faults(namespace) {
                faults.push(FieldError::invalid(at, namespace, fault));
            }
        }
        (false, "") => {}
        (false, _) => faults.push(FieldError::forbidden(at, "not allowed on this type")),
    }
    if let Some(generation) = integer(meta, "generation").filter(|number| *number < 0) {
        let detail = "must be greater than or equal to 0";
        faults.push(FieldError::invalid(METADATA.field("generation"), generation, detail));
    }
    map_faults(meta, faults);
    finalizer_faults(meta, faults);
    managed_faults(meta, faults);
}

fn common_change_faults(object: &Object, old: &Object, faults: &mut Vec<FieldError>) {
    let empty = Object::new();
    let meta = map(object, "metadata").unwrap_or(&empty);
    let old = map(old, "metadata").unwrap_or(&empty);
    if is_set(old, "deletionTimestamp") {
        let before: BTreeSet<&str> = texts(old, "finalizers").collect();
        let added: BTreeSet<&str> =
            texts(meta, "finalizers").filter(|name| !before.contains(name)).collect();
        if !added.is_empty() {
            let added: Vec<String> = added.into_iter().map(quoted).collect();
            faults.push(FieldError::forbidden(
                METADATA.field("finalizers"),
                format!(
                    "no new finalizers can be added if the object is being deleted, found new \
                     finalizers []string{{{}}}",
                    added.join(", ")
                ),
            ));
        }
    }
    let generation = integer(meta, "generation").unwrap_or_default();
    if generation < integer(old, "generation").unwrap_or_default() {
        let detail = "must not be decremented";
        faults.push(FieldError::invalid(METADATA.field("generation"), generation, detail));
    }
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        if !same(meta.get(field), old.get(field)) {
            let value = meta.get(field).cloned().unwrap_or_default();
            faults.push(FieldError::invalid(METADATA.field(field), value, "field is immutable"));
        }
    }
    map_faults(meta, faults);
    managed_faults(meta, faults);
}

/// Labels, annotations and owners: what both rules look at.
fn map_faults(meta: &Object, faults: &mut Vec<FieldError>) {
    label::faults(map(meta, "labels"), &METADATA.field("labels"), faults);
    annotation_faults(map(meta, "annotations"), METADATA.field("annotations"), faults);
    owner_faults(meta, faults);
}

/// Everything that is wrong with the annotations of an object, or of a template of objects.
pub(crate) fn annotation_faults(
    annotations: Option<&Object>,
    path: Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let mut bytes = 0usize;
    for (key, value) in annotations.into_iter().flatten() {
        bytes = bytes
            .saturating_add(key.len())
            .saturating_add(value.as_str().unwrap_or_default().len());
        // Unlike those of labels, keys of annotations may have a prefix in capitals.
        let found = match key.bytes().any(|b| b.is_ascii_uppercase()) {
            true => name::qualified_faults(&key.to_ascii_lowercase()),
            false => name::qualified_faults(key),
        };
        for fault in found {
            faults.push(FieldError::invalid(path, key.as_str(), fault));
        }
    }
    if bytes > ANNOTATIONS_BYTES_MAX {
        faults.push(FieldError::too_long(path, ANNOTATIONS_BYTES_MAX));
    }
}

fn owner_faults(meta: &Object, faults: &mut Vec<FieldError>) {
    let path = METADATA.field("ownerReferences");
    let mut controller: Option<String> = None;
    for (_, owner) in maps(meta, "ownerReferences") {
        let api_version = text(owner, "apiVersion");
        // The original does not say which owner it means.
        if api_version.rsplit('/').next().is_none_or(str::is_empty) {
            let detail = "version must not be empty";
            faults.push(FieldError::invalid(path.field("apiVersion"), api_version, detail));
        }
        for field in ["kind", "name", "uid"] {
            if text(owner, field).is_empty() {
                faults.push(FieldError::invalid(path.field(field), "", "must not be empty"));
            }
        }
        if (api_version, text(owner, "kind")) == ("v1", "Event") {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            faults.push(FieldError::invalid(path, Value::Object(owner.clone()), detail));
        }
        if flag(owner, "controller") == Some(true) {
            let this = format!("{}/{}", text(owner, "kind"), text(owner, "name"));
            match &controller {
                None => controller = Some(this),
                Some(first) => faults.push(FieldError::invalid(
                    path,
                    list(meta, "ownerReferences").to_vec(),
                    format!(
                        "Only one reference can have Controller set to true. Found \"true\" in \
                         references for {first} and {this}"
                    ),
                )),
            }
        }
    }
}

fn finalizer_faults(meta: &Object, faults: &mut Vec<FieldError>) {
    let path = METADATA.field("finalizers");
    for finalizer in texts(meta, "finalizers") {
        for fault in name::qualified_faults(finalizer) {
            faults.push(FieldError::invalid(path, finalizer, fault));
        }
    }
    let has = |wanted: &str| texts(meta, "finalizers").any(|one| one == wanted);
    if has("orphan") && has("foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        faults.push(FieldError::invalid(path, list(meta, "finalizers").to_vec(), detail));
    }
}

/// A finalizer without a domain must be one of the API's own.
fn finalizer_word_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let Some(meta) = map(object, "metadata") else { return };
    let path = METADATA.field("finalizers");
    for (i, finalizer) in texts(meta, "finalizers").enumerate() {
        if let Some(fault) = finalizer_word_fault(finalizer) {
            faults.push(FieldError::invalid(path.index(i), finalizer, fault));
        }
    }
}

/// What is wrong with a finalizer that is qualified by no domain.
pub(crate) fn finalizer_word_fault(finalizer: &str) -> Option<&'static str> {
    let known = finalizer.contains('/') || STANDARD_FINALIZERS.contains(&finalizer);
    (!known).then_some("name is neither a standard finalizer name nor is it fully qualified")
}

fn managed_faults(meta: &Object, faults: &mut Vec<FieldError>) {
    let path = METADATA.field("managedFields");
    for (i, entry) in maps(meta, "managedFields") {
        let path = path.index(i);
        let operation = text(entry, "operation");
        if !matches!(operation, "Apply" | "Update") {
            let detail = "must be `Apply` or `Update`";
            faults.push(FieldError::invalid(path.field("operation"), operation, detail));
        }
        let fields_type = text(entry, "fieldsType");
        if !matches!(fields_type, "" | "FieldsV1") {
            let detail = "must be `FieldsV1`";
            faults.push(FieldError::invalid(path.field("fieldsType"), fields_type, detail));
        }
        if text(entry, "manager").len() > MANAGER_BYTES_MAX {
            faults.push(FieldError::too_long(path.field("manager"), MANAGER_BYTES_MAX));
        }
        if text(entry, "subresource").len() > SUBRESOURCE_BYTES_MAX {
            faults.push(FieldError::too_long(path.field("subresource"), SUBRESOURCE_BYTES_MAX));
        }
    }
}

/// A prefix of names as a name that stands for all of them: its last dash will not be the last letter.
fn masked(generate_name: &str) -> std::borrow::Cow<'_, str> {
    match generate_name.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a").into(),
        _ => generate_name.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{joined, kind};

    /// The faults of a new ConfigMap with this metadata, one a line.
    #[track_caller]
    fn check(meta: Value, want: &[&str]) {
        let object = json!({ "metadata": meta });
        let faults = create_faults(kind("", "configmaps"), object.as_object().unwrap(), true);
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults, want, "{object}");
    }

    #[test]
    fn metadata_of_new_objects() {
        check(json!({"name": "a", "namespace": "b", "labels": {"a/b": ""}}), &[]);
        check(
            json!({"generateName": "a-"}),
            &[
                "metadata.name: Required value: name or generateName is required",
                "metadata.namespace: Required value",
            ],
        );
        check(
            json!({"name": "a", "namespace": "b", "finalizers": ["odd", "kubernetes", "a.b/c"]}),
            &[
                "metadata.finalizers[0]: Invalid value: \"odd\": name is neither a standard finalizer \
               name nor is it fully qualified",
            ],
        );
        check(
            json!({"name": "a", "namespace": "b", "finalizers": ["orphan", "foregroundDeletion"]}),
            &[
                "metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizer \
               orphan and foregroundDeletion cannot be both set",
            ],
        );
        check(json!({"name": "a", "namespace": "b", "annotations": {"Example.COM/x": ""}}), &[]);
        check(
            json!({"name": "a", "namespace": "b", "annotations": {"a": "x".repeat(ANNOTATIONS_BYTES_MAX)}}),
            &["metadata.annotations: Too long: may not be more than 262144 bytes"],
        );
        check(
            json!({"name": "a", "namespace": "b", "managedFields": [
                {"operation": "Add", "fieldsType": "X", "manager": "m".repeat(129)}]}),
            &[
                "metadata.managedFields[0].operation: Invalid value: \"Add\": must be `Apply` or `Update`",
                "metadata.managedFields[0].fieldsType: Invalid value: \"X\": must be `FieldsV1`",
                "metadata.managedFields[0].manager: Too long: may not be more than 128 bytes",
            ],
        );
    }

    #[test]
    fn owners() {
        check(
            json!({"name": "a", "namespace": "b", "ownerReferences": [
                {"apiVersion": "", "kind": "", "name": "", "uid": ""}]}),
            &[
                "metadata.ownerReferences.apiVersion: Invalid value: \"\": version must not be empty",
                "metadata.ownerReferences.kind: Invalid value: \"\": must not be empty",
                "metadata.ownerReferences.name: Invalid value: \"\": must not be empty",
                "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty",
            ],
        );
        check(
            json!({"name": "a", "namespace": "b", "ownerReferences": [
                {"apiVersion": "v1", "kind": "Event", "name": "e", "uid": "u"}]}),
            &["metadata.ownerReferences: Invalid value: \
               {\"apiVersion\":\"v1\",\"kind\":\"Event\",\"name\":\"e\",\"uid\":\"u\"}: /v1, Kind=Event is \
               disallowed from being an owner"],
        );
    }

    #[test]
    fn an_owner_counts_once() {
        let owner = |uid: &str| json!({"kind": "ConfigMap", "name": "c", "uid": uid});
        let twice = json!({"metadata": {"ownerReferences": [owner("a"), owner("b"), owner("a")]}});
        let mut object = twice.as_object().unwrap().clone();
        let warning = dedup_owners(&mut object, true).unwrap();
        assert!(warning.starts_with(
            ".metadata.ownerReferences contains duplicate entries after mutating admission happens; API"
        ));
        assert!(warning.ends_with("duplicate UID(s) observed: a"), "{warning}");
        assert_eq!(object["metadata"]["ownerReferences"], json!([owner("a"), owner("b")]));
        assert_eq!(dedup_owners(&mut object, false), None);
    }

    #[test]
    fn changes_are_looked_at_as_often_as_the_original_looks() {
        let object = |meta: Value| json!({ "metadata": meta }).as_object().unwrap().clone();
        let old = object(json!({"name": "a", "namespace": "b", "uid": "1",
            "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a.b/c"]}));
        let mut new = old.clone();
        let meta = new.get_mut("metadata").unwrap();
        meta["uid"] = json!("2");
        meta["finalizers"] = json!(["a.b/c", "a.b/e", "a.b/d"]);
        meta["labels"] = json!({"a": " "});
        let faults = update_faults(kind("", "configmaps"), &new, &old);
        let count = |field: &str| faults.iter().filter(|f| f.field == field).count();
        assert_eq!(
            [count("metadata.labels"), count("metadata.uid"), count("metadata.finalizers")],
            [4, 2, 2]
        );
        assert!(joined(&faults).contains(
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being \
             deleted, found new finalizers []string{\"a.b/d\", \"a.b/e\"}, metadata.uid: Invalid value: \
             \"2\": field is immutable"
        ));
    }
}
