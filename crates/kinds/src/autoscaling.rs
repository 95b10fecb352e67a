//! HorizontalPodAutoscalers, stored as `autoscaling/v2` and spoken as `v1` too.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::path::Path;
use crate::value::{
    at, copy, default_value, integer, list, map, map_mut, map_or_new, maps, remove, section, text,
};
use crate::{FieldError, Kind, Object, age, label, metadata, name};

pub(crate) static AUTOSCALER: Autoscaler = Autoscaler::Whole;
static STATUS: Autoscaler = Autoscaler::Status;

/// The share of processor time that is aimed at when nothing is said.
const CPU_PERCENT: i64 = 80;

/// How many metrics a cell shows.
const SHOWN: usize = 2;

const SPEC: Path<'static> = Path::root("spec");

/// `autoscaling/v2/HorizontalPodAutoscaler`, whole or its status.
pub(crate) enum Autoscaler {
    Whole,
    Status,
}

impl Kind for Autoscaler {
    fn default(&self, object: &mut Object) {
        let older = text(object, "apiVersion") == "autoscaling/v1";
        let Some(spec) = map_or_new(object, "spec") else { return };
        default_value(spec, "minReplicas", 1);
        // The older version says its one metric by a field, which is turned when it is stored.
        if !older
            && !spec.contains_key("targetCPUUtilizationPercentage")
            && list(spec, "metrics").is_empty()
        {
            spec.insert("metrics".to_owned(), json!([cpu(CPU_PERCENT)]));
        }
        if let Some(behavior) = map_mut(spec, "behavior") {
            default_behavior(behavior);
        }
    }

    fn stored_as(&self, version: &str) -> Option<(&'static str, &'static str)> {
        (version == "v1").then_some(("autoscaling", "v2"))
    }

    fn to_stored(&self, version: &str, object: &mut Object) {
        if version != "v1" {
            return;
        }
        if let Some(spec) = map_mut(object, "spec") {
            let percent = remove(spec, "targetCPUUtilizationPercentage");
            let percent = percent.and_then(|value| value.as_i64()).unwrap_or(CPU_PERCENT);
            spec.insert("metrics".to_owned(), json!([cpu(percent)]));
        }
        if let Some(status) = map_mut(object, "status")
            && let Some(percent) = remove(status, "currentCPUUtilizationPercentage")
        {
            let current = json!({"averageUtilization": percent});
            let metric =
                json!({"type": "Resource", "resource": {"name": "cpu", "current": current}});
            status.insert("currentMetrics".to_owned(), json!([metric]));
        }
        respell(object, "autoscaling/v2");
    }

    fn to_version(&self, version: &str, object: &mut Object) {
        if version != "v1" {
            return;
        }
        for (part, list, field, way) in [
            ("spec", "metrics", "targetCPUUtilizationPercentage", ["target", "averageUtilization"]),
            (
                "status",
                "currentMetrics",
                "currentCPUUtilizationPercentage",
                ["current", "averageUtilization"],
            ),
        ] {
            let Some(part) = map_mut(object, part) else { continue };
            let found = maps(part, list)
                .filter_map(|(_, metric)| map(metric, "resource"))
                .filter(|resource| text(resource, "name") == "cpu")
                .find_map(|resource| at(resource, &way).cloned());
            remove(part, list);
            remove(part, "behavior");
            if let Some(percent) = found {
                part.insert(field.to_owned(), percent);
            }
        }
        respell(object, "autoscaling/v1");
    }

    fn prepare_create(&self, object: &mut Object) {
        let status = json!({"currentReplicas": 0, "desiredReplicas": 0});
        object.insert("status".to_owned(), status);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Whole => copy(object, old, "status"),
            Self::Status => copy(object, old, "spec"),
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let spec = section(object, "spec");
        let (min, max) =
            (integer(spec, "minReplicas"), integer(spec, "maxReplicas").unwrap_or_default());
        if let Some(min) = min.filter(|min| *min < 1) {
            let detail = "must be greater than or equal to 1";
            faults.push(FieldError::invalid(SPEC.field("minReplicas"), min, detail));
        }
        if max < 1 {
            let detail = "must be greater than 0";
            faults.push(FieldError::invalid(SPEC.field("maxReplicas"), max, detail));
        }
        if min.is_some_and(|min| max < min) {
            let detail = "must be greater than or equal to `minReplicas`";
            faults.push(FieldError::invalid(SPEC.field("maxReplicas"), max, detail));
        }
        let path = SPEC.field("scaleTargetRef");
        let target = section(spec, "scaleTargetRef");
        for field in ["kind", "name"] {
            match text(target, field) {
                "" => faults.push(FieldError::required(path.field(field), "")),
                given => {
                    for fault in name::path_segment_faults(given) {
                        faults.push(FieldError::invalid(path.field(field), given, fault));
                    }
                }
            }
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        faults.append(&mut self.validate(object));
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let spec = section(object, "spec");
        let status = section(object, "status");
        let target = section(spec, "scaleTargetRef");
        let min = integer(spec, "minReplicas").map_or("<unset>".to_owned(), |min| min.to_string());
        Some(vec![
            name::of(object).into(),
            format!("{}/{}", text(target, "kind"), text(target, "name")).into(),
            metrics_text(spec, status).into(),
            min.into(),
            integer(spec, "maxReplicas").unwrap_or_default().into(),
            integer(status, "currentReplicas").unwrap_or_default().into(),
            age::of(object, now).into(),
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&STATUS as &dyn Kind)
    }
}

fn cpu(percent: i64) -> Value {
    let target = json!({"type": "Utilization", "averageUtilization": percent});
    json!({"type": "Resource", "resource": {"name": "cpu", "target": target}})
}

fn respell(object: &mut Object, api_version: &str) {
    if object.contains_key("apiVersion") {
        object.insert("apiVersion".to_owned(), api_version.into());
    }
}

/// How fast to scale, where the client said something of it.
fn default_behavior(behavior: &mut Object) {
    let up = json!([{"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15}]);
    let down = json!([{"type": "Percent", "value": 100, "periodSeconds": 15}]);
    for (direction, policies, window) in [("scaleUp", up, Some(0)), ("scaleDown", down, None)] {
        let Some(rules) = map_or_new(behavior, direction) else { continue };
        if let Some(seconds) = window {
            default_value(rules, "stabilizationWindowSeconds", seconds);
        }
        default_value(rules, "selectPolicy", "Max");
        default_value(rules, "policies", policies);
    }
}

fn metrics_text(spec: &Object, status: &Object) -> String {
    let metrics: Vec<&Object> = maps(spec, "metrics").map(|(_, metric)| metric).collect();
    let currents = list(status, "currentMetrics");
    let shown: Vec<String> = metrics
        .iter()
        .enumerate()
        .take(SHOWN)
        .map(|(i, metric)| metric_text(metric, currents.get(i).and_then(Value::as_object)))
        .collect();
    match metrics.len() {
        0 => label::NONE.to_owned(),
        count if count > SHOWN => format!("{} + {} more...", shown.join(", "), count - SHOWN),
        _ => shown.join(", "),
    }
}

/// What is, and what is wanted, of one metric.
fn metric_text(metric: &Object, current: Option<&Object>) -> String {
    let source = match text(metric, "type") {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let wanted = section(metric, source);
    let target = section(wanted, "target");
    let now = current.map(|current| section(section(current, source), "current"));
    let amount = |of: &Object, field: &str| match of.get(field) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let pair = |field: &str| {
        let is = now.and_then(|now| amount(now, field)).unwrap_or_else(|| age::UNKNOWN.to_owned());
        format!("{is}/{}", amount(target, field).unwrap_or_default())
    };
    let average = target.contains_key("averageValue");
    match source {
        "pods" => pair("averageValue"),
        "external" | "object" if average => format!("{} (avg)", pair("averageValue")),
        "external" | "object" => pair("value"),
        _ if average => format!("{}: {}", text(wanted, "name"), pair("averageValue")),
        _ => {
            let percent = |of: &Object| integer(of, "averageUtilization").map(|p| format!("{p}%"));
            let is = now.and_then(percent).unwrap_or_else(|| age::UNKNOWN.to_owned());
            let aim = percent(target).unwrap_or_else(|| "<auto>".to_owned());
            format!("{}: {is}/{aim}", text(wanted, "name"))
        }
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
    fn what_is_left_out() {
        let mut scaler = object(json!({"spec": {"maxReplicas": 3}}));
        AUTOSCALER.default(&mut scaler);
        assert_eq!(
            scaler["spec"],
            json!({"maxReplicas": 3, "minReplicas": 1, "metrics": [cpu(80)]})
        );
    }

    #[test]
    fn both_versions_are_one() {
        let older = object(json!({"apiVersion": "autoscaling/v1", "spec": {"maxReplicas": 3,
            "minReplicas": 1, "targetCPUUtilizationPercentage": 50}}));
        let mut stored = older.clone();
        AUTOSCALER.default(&mut stored);
        AUTOSCALER.to_stored("v1", &mut stored);
        assert_eq!(
            Value::Object(stored.clone()),
            json!({"apiVersion": "autoscaling/v2",
                "spec": {"maxReplicas": 3, "minReplicas": 1, "metrics": [cpu(50)]}})
        );
        AUTOSCALER.to_version("v1", &mut stored);
        assert_eq!(stored, older);
    }

    #[test]
    fn bounds_and_target() {
        let scaler = object(
            json!({"spec": {"minReplicas": 2, "maxReplicas": 0, "scaleTargetRef": {"kind": "a/b"}}}),
        );
        assert_eq!(
            joined(&AUTOSCALER.validate(&scaler)),
            "[spec.maxReplicas: Invalid value: 0: must be greater than 0, spec.maxReplicas: Invalid value: 0: \
             must be greater than or equal to `minReplicas`, spec.scaleTargetRef.kind: Invalid value: \"a/b\": \
             may not contain '/', spec.scaleTargetRef.name: Required value]"
        );
    }

    #[test]
    fn rows() {
        let pods = json!({"type": "Pods", "pods": {"target": {"averageValue": "10"}}});
        let scaler = object(
            json!({"metadata": {"name": "h"}, "spec": {"maxReplicas": 3, "metrics": [cpu(50), pods,
            pods], "scaleTargetRef": {"kind": "Deployment", "name": "d"}}, "status": {"currentMetrics": [
            {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 7}}}]}}),
        );
        let cells = AUTOSCALER.cells(&scaler, Timestamp::from_seconds(0)).map(Value::from);
        let want = json!([
            "h",
            "Deployment/d",
            "cpu: 7%/50%, <unknown>/10 + 1 more...",
            "<unset>",
            3,
            0,
            "<unknown>"
        ]);
        assert_eq!(cells, Some(want));
    }
}
