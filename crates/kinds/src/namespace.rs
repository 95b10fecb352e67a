//! Namespaces, their status and their finalizers.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::path::Path;
use crate::value::{copy, is_set, map, map_or_new, text, texts};
use crate::{FieldError, Kind, Object, age, metadata, name};

pub(crate) static NAMESPACE: Namespace = Namespace;

/// The label by which selectors name a namespace.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// The finalizer that holds a namespace until its content is gone.
const KUBERNETES: &str = "kubernetes";

/// `v1/Namespace`.
pub(crate) struct Namespace;

/// `v1/Namespace`, its status.
struct Status;

/// `v1/Namespace`, what holds it.
struct Finalize;

impl Kind for Namespace {
    fn default(&self, object: &mut Object) {
        label_with_name(object);
    }

    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({"phase": "Active"}));
        if let Some(spec) = map_or_new(object, "spec")
            && !texts(spec, "finalizers").any(|one| one == KUBERNETES)
            && let Some(held) = spec
                .entry("finalizers")
                .and_modify(|held| {
                    if held.is_null() {
                        *held = json!([]);
                    }
                })
                .or_insert_with(|| json!([]))
                .as_array_mut()
        {
            held.push(KUBERNETES.into());
        }
        // A name that was generated gets its label only now, and a bad one is refused for itself.
        if name::label_faults(name::of(object)).is_empty() {
            label_with_name(object);
        }
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        copy(object, old, "spec");
        copy(object, old, "status");
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let path = Path::root("spec");
        let path = path.field("finalizers");
        for finalizer in map(object, "spec").into_iter().flat_map(|spec| texts(spec, "finalizers"))
        {
            finalizer_faults(finalizer, path, &mut faults);
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::kind_faults(self, object, false, &mut faults);
        faults.append(&mut self.validate(object));
        metadata::change_faults(self, object, old, &mut faults);
        faults
    }

    fn selectable(&self, object: &Object, label: &str) -> Option<String> {
        match label {
            "status.phase" => Some(phase(object).to_owned()),
            _ => None,
        }
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        Some(vec![name::of(object).into(), phase(object).into(), age::of(object, now).into()])
    }

    fn name_faults(&self, name: &str) -> Vec<String> {
        name::label_faults(name)
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        match name {
            "status" => Some(&Status),
            "finalize" => Some(&Finalize),
            _ => None,
        }
    }
}

impl Kind for Status {
    fn default(&self, object: &mut Object) {
        NAMESPACE.default(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        copy(object, old, "spec");
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        let going = map(object, "metadata").is_some_and(|meta| is_set(meta, "deletionTimestamp"));
        let (wanted, detail) = match going {
            false => ("Active", "may only be 'Active' if `deletionTimestamp` is empty"),
            true => {
                ("Terminating", "may only be 'Terminating' if `deletionTimestamp` is not empty")
            }
        };
        if phase(object) != wanted {
            faults.push(FieldError::invalid("status.Phase", phase(object), detail));
        }
        faults
    }

    fn name_faults(&self, name: &str) -> Vec<String> {
        name::label_faults(name)
    }
}

impl Kind for Finalize {
    fn default(&self, object: &mut Object) {
        NAMESPACE.default(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        copy(object, old, "status");
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        let path = Path::root("spec");
        let path = path.field("finalizers");
        let held = map(object, "spec").into_iter().flat_map(|spec| texts(spec, "finalizers"));
        for (i, finalizer) in held.enumerate() {
            finalizer_faults(finalizer, path.index(i), &mut faults);
        }
        faults
    }

    fn name_faults(&self, name: &str) -> Vec<String> {
        name::label_faults(name)
    }
}

fn finalizer_faults(finalizer: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    for fault in name::qualified_faults(finalizer) {
        faults.push(FieldError::invalid(path, finalizer, fault));
    }
    if let Some(fault) = metadata::finalizer_word_fault(finalizer) {
        faults.push(FieldError::invalid(path, finalizer, fault));
    }
}

/// The label always says the name: nobody can give a namespace another's.
fn label_with_name(object: &mut Object) {
    let named = name::of(object);
    if named.is_empty() {
        return;
    }
    let named = Value::from(named);
    if let Some(labels) = map_or_new(object, "metadata").and_then(|meta| map_or_new(meta, "labels"))
    {
        labels.insert(NAME_LABEL.to_owned(), named);
    }
}

fn phase(object: &Object) -> &str {
    map(object, "status").map_or("", |status| text(status, "phase"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    #[track_caller]
    fn check(faults: &[FieldError], want: &[&str]) {
        assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), want);
    }

    #[test]
    fn a_new_namespace_is_named_by_its_label_and_held() {
        let mut new = object(json!({"metadata": {"name": "a", "labels": {NAME_LABEL: "lie"}},
            "spec": {"finalizers": ["a.b/c"]}, "status": {"phase": "Terminating"}}));
        NAMESPACE.default(&mut new);
        NAMESPACE.prepare_create(&mut new);
        let want = json!({"metadata": {"name": "a", "labels": {NAME_LABEL: "a"}},
            "spec": {"finalizers": ["a.b/c", "kubernetes"]}, "status": {"phase": "Active"}});
        assert_eq!(Value::Object(new), want);
    }

    #[test]
    fn a_bad_name_generated_gets_no_label() {
        let mut new = object(json!({"metadata": {"generateName": "Gen-"}}));
        NAMESPACE.default(&mut new);
        new["metadata"]["name"] = json!("Gen-x");
        NAMESPACE.prepare_create(&mut new);
        assert_eq!(new["metadata"].get("labels"), None);
        assert_eq!(NAMESPACE.name_faults("a.b"), ["must not contain dots"]);
    }

    #[test]
    fn finalizers_of_the_spec() {
        let faults =
            NAMESPACE.validate(&object(json!({"spec": {"finalizers": ["kubernetes", "odd"]}})));
        const WORD: &str = "name is neither a standard finalizer name nor is it fully qualified";
        check(&faults, &[&format!("spec.finalizers: Invalid value: \"odd\": {WORD}")]);
        let old = object(json!({"metadata": {"name": "a"}, "status": {"phase": "Active"}}));
        let mut new = object(json!({"metadata": {"name": "a"}, "spec": {"finalizers": ["odd"]}}));
        let finalize = NAMESPACE.subresource("finalize").unwrap();
        finalize.prepare_update(&mut new, &old);
        assert_eq!(new["status"]["phase"], "Active");
        let faults = finalize.validate_update(&new, &old);
        check(&faults, &[&format!("spec.finalizers[0]: Invalid value: \"odd\": {WORD}")]);
    }

    #[test]
    fn the_phase_follows_the_deletion() {
        let status = NAMESPACE.subresource("status").unwrap();
        let old =
            object(json!({"metadata": {"name": "a"}, "spec": {"finalizers": ["kubernetes"]}}));
        let mut new =
            object(json!({"metadata": {"name": "a"}, "status": {"phase": "Terminating"}}));
        status.prepare_update(&mut new, &old);
        assert_eq!(new["spec"], old["spec"]);
        check(
            &status.validate_update(&new, &old),
            &[
                "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty",
            ],
        );
        assert_eq!(NAMESPACE.selectable(&new, "status.phase").as_deref(), Some("Terminating"));
    }
}
