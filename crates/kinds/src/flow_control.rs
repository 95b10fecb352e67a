//! Fairness among requests (`flowcontrol.apiserver.k8s.io/v1`).

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::path::Path;
use crate::value::{
    copy, default_value, integer, is_set, map, map_mut, map_or_new, maps, section, text,
};
use crate::{FieldError, Kind, Object, age, generation, label, name};

pub(crate) static FLOW_SCHEMA: FlowSchema = FlowSchema::Whole;
static FLOW_SCHEMA_STATUS: FlowSchema = FlowSchema::Status;
pub(crate) static PRIORITY_LEVEL: PriorityLevel = PriorityLevel::Whole;
static PRIORITY_LEVEL_STATUS: PriorityLevel = PriorityLevel::Status;

/// The lowest precedence a schema may have.
const PRECEDENCE_MAX: i64 = 10_000;

const SPEC: Path<'static> = Path::root("spec");

/// `FlowSchema`, whole or its status.
pub(crate) enum FlowSchema {
    Whole,
    Status,
}

/// `PriorityLevelConfiguration`, whole or its status.
pub(crate) enum PriorityLevel {
    Whole,
    Status,
}

// === impl FlowSchema ===

impl Kind for FlowSchema {
    fn default(&self, object: &mut Object) {
        if let Some(spec) = map_or_new(object, "spec") {
            let precedence = integer(spec, "matchingPrecedence").unwrap_or_default();
            if precedence == 0 {
                spec.insert("matchingPrecedence".to_owned(), json!(1000));
            }
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({}));
        generation::first(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Whole => {
                copy(object, old, "status");
                generation::next(object, old, &["spec"]);
            }
            Self::Status => copy(object, old, "spec"),
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let spec = section(object, "spec");
        let precedence = integer(spec, "matchingPrecedence").unwrap_or_default();
        if precedence <= 0 {
            let detail = "must be a positive value";
            faults.push(FieldError::invalid(SPEC.field("matchingPrecedence"), precedence, detail));
        }
        if precedence > PRECEDENCE_MAX {
            let detail = format!("must not be greater than {PRECEDENCE_MAX}");
            faults.push(FieldError::invalid(SPEC.field("matchingPrecedence"), precedence, detail));
        }
        let path = SPEC.field("priorityLevelConfiguration");
        match text(section(spec, "priorityLevelConfiguration"), "name") {
            "" => {
                let detail = "must reference a priority level";
                faults.push(FieldError::required(path.field("name"), detail));
            }
            level => {
                for fault in name::subdomain_faults(level) {
                    faults.push(FieldError::invalid(path.field("name"), level, fault));
                }
            }
        }
        if let Some(method) = map(spec, "distinguisherMethod") {
            let kind = text(method, "type");
            if !matches!(kind, "ByNamespace" | "ByUser") {
                let path = SPEC.field("distinguisherMethod");
                let taken = ["ByNamespace", "ByUser"];
                faults.push(FieldError::unsupported(path, kind, &taken));
            }
        }
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let spec = section(object, "spec");
        let method = match text(section(spec, "distinguisherMethod"), "type") {
            "" => label::NONE,
            method => method,
        };
        let missing = maps(section(object, "status"), "conditions")
            .find(|(_, condition)| text(condition, "type") == "Dangling")
            .map_or("?", |(_, condition)| text(condition, "status"));
        Some(vec![
            name::of(object).into(),
            text(section(spec, "priorityLevelConfiguration"), "name").into(),
            integer(spec, "matchingPrecedence").unwrap_or_default().into(),
            method.into(),
            age::of(object, now).into(),
            missing.into(),
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&FLOW_SCHEMA_STATUS as &dyn Kind)
    }
}

// === impl PriorityLevel ===

impl Kind for PriorityLevel {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_mut(object, "spec") else { return };
        if let Some(exempt) = map_mut(spec, "exempt") {
            default_value(exempt, "nominalConcurrencyShares", 0);
            default_value(exempt, "lendablePercent", 0);
        }
        if let Some(limited) = map_mut(spec, "limited") {
            default_value(limited, "nominalConcurrencyShares", 30);
            default_value(limited, "lendablePercent", 0);
            if let Some(queuing) =
                map_mut(limited, "limitResponse").and_then(|response| map_mut(response, "queuing"))
            {
                for (field, value) in [("queues", 64), ("handSize", 8), ("queueLengthLimit", 50)] {
                    if integer(queuing, field).unwrap_or_default() == 0 {
                        queuing.insert(field.to_owned(), json!(value));
                    }
                }
            }
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({}));
        generation::first(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Whole => {
                copy(object, old, "status");
                generation::next(object, old, &["spec"]);
            }
            Self::Status => copy(object, old, "spec"),
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let spec = section(object, "spec");
        let has = |field| is_set(spec, field);
        match text(spec, "type") {
            "Exempt" if has("limited") => {
                let detail = "must be nil if the type is not Limited";
                faults.push(FieldError::forbidden(SPEC.field("limited"), detail));
            }
            "Limited" if has("exempt") => {
                let detail = "must be nil if the type is Limited";
                faults.push(FieldError::forbidden(SPEC.field("exempt"), detail));
            }
            "Limited" if !has("limited") => {
                let detail = "must not be empty when type is Limited";
                faults.push(FieldError::required(SPEC.field("limited"), detail));
            }
            "Exempt" | "Limited" => {}
            other => {
                let taken = ["Exempt", "Limited"];
                faults.push(FieldError::unsupported(SPEC.field("type"), other, &taken));
            }
        }
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let spec = section(object, "spec");
        let limited = section(spec, "limited");
        let queuing = map(section(limited, "limitResponse"), "queuing");
        let none = || Value::from(label::NONE);
        let number = |part: Option<&Object>, field: &str| {
            part.and_then(|part| integer(part, field)).map_or_else(none, Value::from)
        };
        let shares = map(spec, "limited").or_else(|| map(spec, "exempt"));
        Some(vec![
            name::of(object).into(),
            text(spec, "type").into(),
            number(shares, "nominalConcurrencyShares"),
            number(queuing, "queues"),
            number(queuing, "handSize"),
            number(queuing, "queueLengthLimit"),
            age::of(object, now).into(),
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&PRIORITY_LEVEL_STATUS as &dyn Kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joined;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn schemas_name_their_level() {
        let mut schema = object(json!({"spec": {}}));
        FLOW_SCHEMA.default(&mut schema);
        assert_eq!(
            joined(&FLOW_SCHEMA.validate(&schema)),
            "spec.priorityLevelConfiguration.name: Required value: must reference a priority level"
        );
        let schema =
            object(json!({"spec": {"matchingPrecedence": 10_001, "priorityLevelConfiguration":
            {"name": "a"}, "distinguisherMethod": {"type": "X"}}}));
        assert_eq!(
            joined(&FLOW_SCHEMA.validate(&schema)),
            "[spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000, \
             spec.distinguisherMethod: Unsupported value: \"X\": supported values: \"ByNamespace\", \"ByUser\"]"
        );
    }

    #[test]
    fn levels_are_filled_in_and_shown() {
        let mut level =
            object(json!({"metadata": {"name": "l"}, "spec": {"type": "Limited", "limited":
            {"limitResponse": {"type": "Queue", "queuing": {}}}}}));
        PRIORITY_LEVEL.default(&mut level);
        assert_eq!(PRIORITY_LEVEL.validate(&level), []);
        let now = Timestamp::from_seconds(0);
        let cells = PRIORITY_LEVEL.cells(&level, now).map(Value::from);
        assert_eq!(cells, Some(json!(["l", "Limited", 30, 64, 8, 50, "<unknown>"])));
        let level = object(json!({"spec": {"type": "Limited"}}));
        assert_eq!(
            joined(&PRIORITY_LEVEL.validate(&level)),
            "spec.limited: Required value: must not be empty when type is Limited"
        );
    }
}
