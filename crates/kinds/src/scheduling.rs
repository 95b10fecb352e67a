//! Priorities of pods (`scheduling.k8s.io/v1`) and the runtimes that run them (`node.k8s.io/v1`).

use portcullis_core::Timestamp;
use serde_json::Value;

use crate::path::Path;
use crate::value::{default_text, flag, integer, map, text};
use crate::{FieldError, Kind, Object, age, generation, label, metadata, name};

pub(crate) static PRIORITY_CLASS: PriorityClass = PriorityClass;
pub(crate) static RUNTIME_CLASS: RuntimeClass = RuntimeClass;

/// The highest priority that is not the system's own.
const USER_PRIORITY_MAX: i64 = 1_000_000_000;

/// The classes whose names begin with `system-`, and their priorities.
const SYSTEM_CLASSES: [(&str, i64); 2] =
    [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

/// `scheduling.k8s.io/v1/PriorityClass`.
pub(crate) struct PriorityClass;

/// `node.k8s.io/v1/RuntimeClass`.
pub(crate) struct RuntimeClass;

// === impl PriorityClass ===

impl Kind for PriorityClass {
    fn default(&self, object: &mut Object) {
        default_text(object, "preemptionPolicy", "PreemptLowerPriority");
    }

    fn prepare_create(&self, object: &mut Object) {
        generation::first(object);
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let (named, value) = (name::of(object), integer(object, "value").unwrap_or_default());
        if named.starts_with("system-") {
            if let Err(fault) = system_class(object) {
                let detail = format!(
                    "priority class names with 'system-' prefix are reserved for system use only. error: {fault}"
                );
                faults.push(FieldError::forbidden("metadata.name", detail));
            }
        } else if value > USER_PRIORITY_MAX {
            let detail =
                format!("maximum allowed value of a user defined priority is {USER_PRIORITY_MAX}");
            faults.push(FieldError::forbidden("value", detail));
        }
        if let Some(policy) = object.get("preemptionPolicy").and_then(Value::as_str)
            && !matches!(policy, "Never" | "PreemptLowerPriority")
        {
            let taken = ["PreemptLowerPriority", "Never"];
            faults.push(FieldError::unsupported("preemptionPolicy", policy, &taken));
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        let value = |object| integer(object, "value").unwrap_or_default();
        if value(object) != value(old) {
            let detail = "may not be changed in an update.";
            faults.push(FieldError::forbidden("value", detail));
        }
        let policy = text(object, "preemptionPolicy");
        if policy != text(old, "preemptionPolicy") {
            let detail = "field is immutable";
            faults.push(FieldError::invalid("preemptionPolicy", policy, detail));
        }
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        Some(vec![
            name::of(object).into(),
            integer(object, "value").unwrap_or_default().into(),
            flag(object, "globalDefault").unwrap_or_default().into(),
            age::of(object, now).into(),
            text(object, "preemptionPolicy").into(),
        ])
    }
}

/// Whether the class is one of the system's, as it should be.
fn system_class(object: &Object) -> Result<(), String> {
    let named = name::of(object);
    let Some((_, wanted)) = SYSTEM_CLASSES.iter().find(|(known, _)| *known == named) else {
        return Err(format!("{named} is not a known system priority class"));
    };
    if integer(object, "value").unwrap_or_default() != *wanted {
        return Err(format!("value of {named} PriorityClass must be {wanted}"));
    }
    if flag(object, "globalDefault") == Some(true) {
        return Err(format!("globalDefault of {named} PriorityClass must be false"));
    }
    Ok(())
}

// === impl RuntimeClass ===

impl Kind for RuntimeClass {
    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let handler = text(object, "handler");
        for fault in name::label_faults(handler) {
            faults.push(FieldError::invalid("handler", handler, fault));
        }
        if let Some(scheduling) = map(object, "scheduling") {
            let path = Path::root("scheduling");
            label::faults(
                map(scheduling, "nodeSelector"),
                &path.field("nodeSelector"),
                &mut faults,
            );
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        let handler = text(object, "handler");
        if handler != text(old, "handler") {
            faults.push(FieldError::invalid("handler", handler, "field is immutable"));
        }
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let handler = text(object, "handler");
        Some(vec![name::of(object).into(), handler.into(), age::of(object, now).into()])
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::joined;

    #[track_caller]
    fn check(class: Value, want: &str) {
        let faults = PRIORITY_CLASS.validate(class.as_object().unwrap());
        assert_eq!(if faults.is_empty() { String::new() } else { joined(&faults) }, want);
    }

    #[test]
    fn priorities_and_names_of_the_system_are_its_own() {
        check(json!({"metadata": {"name": "pc"}, "value": USER_PRIORITY_MAX}), "");
        check(
            json!({"metadata": {"name": "pc"}, "value": USER_PRIORITY_MAX + 1}),
            "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
        );
        check(json!({"metadata": {"name": "system-node-critical"}, "value": 2_000_001_000}), "");
        check(
            json!({"metadata": {"name": "system-x"}}),
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use \
             only. error: system-x is not a known system priority class",
        );
    }

    #[test]
    fn priorities_and_handlers_stay() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let (old, new) = (object(json!({"value": 1})), object(json!({"value": 2})));
        assert_eq!(
            joined(&PRIORITY_CLASS.validate_update(&new, &old)),
            "value: Forbidden: may not be changed in an update."
        );
        let (old, new) = (object(json!({"handler": "a"})), object(json!({"handler": "b"})));
        assert_eq!(
            joined(&RUNTIME_CLASS.validate_update(&new, &old)),
            "handler: Invalid value: \"b\": field is immutable"
        );
        assert_eq!(RUNTIME_CLASS.validate(&object(json!({"handler": ""}))).len(), 1);
    }
}
