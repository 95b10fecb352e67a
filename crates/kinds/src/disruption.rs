//! How many pods of a set may be missing (`policy/v1`).

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::path::Path;
use crate::value::{copy, integer, is_set, map, section};
use crate::{FieldError, Kind, Object, age, generation, label, metadata, name};

pub(crate) static BUDGET: Budget = Budget::Whole;
static STATUS: Budget = Budget::Status;

const SPEC: Path<'static> = Path::root("spec");

/// `policy/v1/PodDisruptionBudget`, whole or its status.
pub(crate) enum Budget {
    Whole,
    Status,
}

impl Kind for Budget {
    fn prepare_create(&self, object: &mut Object) {
        let counts = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"];
        let status: Object = counts.map(|field| (field.to_owned(), json!(0))).into_iter().collect();
        object.insert("status".to_owned(), status.into());
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
        let counts = ["minAvailable", "maxUnavailable"];
        if counts.iter().all(|field| is_set(spec, field)) {
            let shown = Value::Object(spec.clone());
            let detail = "minAvailable and maxUnavailable cannot be both set";
            faults.push(FieldError::invalid(SPEC, shown, detail));
        }
        for field in counts {
            if let Some(value) = spec.get(field) {
                count_faults(value, SPEC.field(field), &mut faults);
            }
        }
        if let Some(selector) = map(spec, "selector") {
            label::selector_faults(selector, &SPEC.field("selector"), &mut faults);
        }
        if let Some(policy) = spec.get("unhealthyPodEvictionPolicy").and_then(Value::as_str)
            && !matches!(policy, "AlwaysAllow" | "IfHealthyBudget")
        {
            let taken = ["AlwaysAllow", "IfHealthyBudget"];
            let path = SPEC.field("unhealthyPodEvictionPolicy");
            faults.push(FieldError::unsupported(path, policy, &taken));
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        match self {
            Self::Whole => {
                metadata::kind_faults(self, object, metadata::is_namespaced(object), &mut faults)
            }
            Self::Status => metadata::change_faults(self, object, old, &mut faults),
        }
        faults.append(&mut self.validate(object));
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let spec = section(object, "spec");
        let count = |field: &str| match spec.get(field) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => "N/A".to_owned(),
        };
        let allowed = integer(section(object, "status"), "disruptionsAllowed").unwrap_or_default();
        Some(vec![
            name::of(object).into(),
            count("minAvailable").into(),
            count("maxUnavailable").into(),
            allowed.into(),
            age::of(object, now).into(),
        ])
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&STATUS as &dyn Kind)
    }
}

/// What is wrong with a number or a share of pods.
fn count_faults(value: &Value, path: Path<'_>, faults: &mut Vec<FieldError>) {
    const SHARE: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  \
                         or '93%', regex used for validation is '[0-9]+%')";
    match value {
        Value::Number(number) if number.as_i64().is_some_and(|number| number < 0) => {
            let detail = "must be greater than or equal to 0";
            faults.push(FieldError::invalid(path, value.clone(), detail));
        }
        Value::String(share) => {
            let digits = share.strip_suffix('%').unwrap_or_default();
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                faults.push(FieldError::invalid(path, share.as_str(), SHARE));
            } else if digits.parse::<u64>().is_ok_and(|share| share > 100) {
                faults.push(FieldError::invalid(
                    path,
                    share.as_str(),
                    "must not be greater than 100%",
                ));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joined;

    #[track_caller]
    fn check(spec: Value, want: &str) {
        let object = json!({"spec": spec});
        let faults = BUDGET.validate(object.as_object().unwrap());
        assert_eq!(if faults.is_empty() { String::new() } else { joined(&faults) }, want);
    }

    #[test]
    fn budgets() {
        check(json!({"minAvailable": "50%", "selector": {"matchLabels": {"a": "b"}}}), "");
        check(
            json!({"minAvailable": 1, "maxUnavailable": "101%"}),
            "[spec: Invalid value: {\"minAvailable\":1,\"maxUnavailable\":\"101%\"}: minAvailable and \
             maxUnavailable cannot be both set, spec.maxUnavailable: Invalid value: \"101%\": must not be \
             greater than 100%]",
        );
        check(
            json!({"maxUnavailable": -1, "unhealthyPodEvictionPolicy": "X"}),
            "[spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0, \
             spec.unhealthyPodEvictionPolicy: Unsupported value: \"X\": supported values: \"AlwaysAllow\", \
             \"IfHealthyBudget\"]",
        );
    }

    #[test]
    fn rows() {
        let object = json!({"metadata": {"name": "b"}, "spec": {"minAvailable": 1}, "status":
            {"disruptionsAllowed": 2}});
        let cells = BUDGET.cells(object.as_object().unwrap(), Timestamp::from_seconds(0));
        assert_eq!(cells.map(Value::from), Some(json!(["b", "1", "N/A", 2, "<unknown>"])));
    }
}
