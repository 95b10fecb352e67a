//! What a namespace may use: ResourceQuotas and LimitRanges.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::path::Path;
use crate::pod::quantity::Quantity;
use crate::value::{
    copy, list, map, map_mut, map_or_new, maps, maps_mut, same, section, text, texts,
};
use crate::{FieldError, Kind, Object, age, metadata, name};

pub(crate) static QUOTA: Quota = Quota::Whole;
static QUOTA_STATUS: Quota = Quota::Status;
pub(crate) static LIMIT_RANGE: LimitRange = LimitRange;

/// What a quota can count beside `count/…`, what has a domain and what [`QUOTA_PREFIXES`] begin.
const QUOTA_RESOURCES: [&str; 19] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];

const QUOTA_PREFIXES: [&str; 2] = ["hugepages-", "requests.hugepages-"];

const QUOTA_SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];

const SPEC: Path<'static> = Path::root("spec");

/// `v1/ResourceQuota`, whole or its status.
pub(crate) enum Quota {
    Whole,
    Status,
}

/// `v1/LimitRange`.
pub(crate) struct LimitRange;

// === impl Quota ===

impl Kind for Quota {
    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({}));
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
        amount_faults(spec, &SPEC.field("hard"), &mut faults);
        if texts(spec, "scopes").any(|scope| !QUOTA_SCOPES.contains(&scope)) {
            let given = list(spec, "scopes").to_vec();
            faults.push(FieldError::invalid(SPEC.field("scopes"), given, "unsupported scope"));
        }
        let status = section(object, "status");
        let path = Path::root("status");
        for field in ["hard", "used"] {
            if map(status, field).is_some() {
                let part = Object::from_iter([(
                    "hard".to_owned(),
                    Value::from(section(status, field).clone()),
                )]);
                amount_faults(&part, &path.field(field), &mut faults);
            }
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        faults.append(&mut self.validate(object));
        let scopes = |object| section(object, "spec").get("scopes");
        if matches!(self, Self::Whole) && !same(scopes(object), scopes(old)) {
            let given = list(section(object, "spec"), "scopes").to_vec();
            faults.push(FieldError::invalid(SPEC.field("scopes"), given, "field is immutable"));
        }
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let status = section(object, "status");
        let (mut requests, mut limits) = (Vec::new(), Vec::new());
        let mut resources: Vec<&String> = section(status, "hard").keys().collect();
        resources.sort_unstable();
        for resource in resources {
            let amount = |field| {
                Quantity::of(section(status, field), resource)
                    .map_or("0".to_owned(), |q| q.to_string())
            };
            let shown = format!("{resource}: {}/{}", amount("used"), amount("hard"));
            if resource.starts_with("limits") { limits.push(shown) } else { requests.push(shown) }
        }
        Some(vec![
            name::of(object).into(),
            requests.join(", ").into(),
            limits.join(", ").into(),
            age::of(object, now).into(),
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&QUOTA_STATUS as &dyn Kind)
    }
}

fn amount_faults(part: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let hard = section(part, "hard");
    for resource in hard.keys() {
        let path = path.key(resource);
        for fault in name::qualified_faults(resource) {
            faults.push(FieldError::invalid(path, resource.as_str(), fault));
        }
        let known = resource.contains('/')
            || QUOTA_RESOURCES.contains(&resource.as_str())
            || QUOTA_PREFIXES.iter().any(|prefix| resource.starts_with(prefix));
        if !known {
            let detail = "must be a standard resource for quota";
            faults.push(FieldError::invalid(path, resource.as_str(), detail));
        }
        if let Some(amount) = Quantity::of(hard, resource) {
            if amount.nanos() < 0 {
                let detail = "must be greater than or equal to 0";
                faults.push(FieldError::invalid(path, amount.to_string(), detail));
            }
            if is_counted(resource) && !amount.is_whole() {
                faults.push(FieldError::invalid(path, amount.to_string(), "must be an integer"));
            }
        }
    }
}

/// Whether it is counted in pieces.
fn is_counted(resource: &str) -> bool {
    resource.starts_with("count/")
        || QUOTA_RESOURCES
            .iter()
            .skip_while(|known| **known != "pods")
            .any(|known| *known == resource)
}

// === impl LimitRange ===

/// The fields of amounts of a limit.
const LIMITS: [&str; 4] = ["max", "min", "default", "defaultRequest"];

impl Kind for LimitRange {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_mut(object, "spec") else { return };
        for limit in maps_mut(spec, "limits") {
            if text(limit, "type") == "Container" {
                // What is not said follows from what is: from above for limits, then for requests.
                fill(limit, "default", "max");
                fill(limit, "defaultRequest", "default");
                fill(limit, "defaultRequest", "min");
            }
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let path = SPEC.field("limits");
        let mut seen: Vec<&str> = Vec::new();
        for (i, limit) in maps(section(object, "spec"), "limits") {
            let path = path.index(i);
            let kind = text(limit, "type");
            for fault in name::qualified_faults(kind) {
                faults.push(FieldError::invalid(path.field("type"), kind, fault));
            }
            let standard = ["Pod", "Container", "PersistentVolumeClaim"].contains(&kind);
            if !kind.contains('/') && !standard {
                let detail = "must be a standard limit type or fully qualified";
                faults.push(FieldError::invalid(path.field("type"), kind, detail));
            }
            if seen.contains(&kind) {
                faults.push(FieldError::duplicate(path.field("type"), kind));
            }
            seen.push(kind);
            limit_faults(limit, kind, &path, &mut faults);
        }
        faults
    }

    fn validate_update(&self, object: &Object, _old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::kind_faults(self, object, metadata::is_namespaced(object), &mut faults);
        faults.append(&mut self.validate(object));
        faults
    }

    fn creates_on_update(&self) -> bool {
        true
    }
}

/// Takes amounts from one field over to another that lacks them.
fn fill(limit: &mut Object, field: &str, from: &str) {
    let amounts = section(limit, from).clone();
    if amounts.is_empty() {
        return;
    }
    if let Some(target) = map_or_new(limit, field) {
        for (resource, amount) in amounts {
            target.entry(resource).or_insert(amount);
        }
    }
}

fn limit_faults(limit: &Object, kind: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if kind == "Pod" {
        for field in ["default", "defaultRequest"] {
            if !section(limit, field).is_empty() {
                let detail = "may not be specified when `type` is 'Pod'";
                faults.push(FieldError::forbidden(path.field(field), detail));
            }
        }
    }
    if kind == "PersistentVolumeClaim" {
        let bounded =
            ["min", "max"].iter().any(|field| section(limit, field).contains_key("storage"));
        if !bounded {
            let detail =
                "either minimum or maximum storage value is required, but neither was provided";
            faults.push(FieldError::required(path.field("limits"), detail));
        }
    }
    let mut resources: Vec<&String> =
        LIMITS.iter().flat_map(|field| section(limit, field).keys()).collect();
    resources.sort_unstable();
    resources.dedup();
    for resource in resources {
        bound_faults(limit, kind, resource, path, faults);
    }
    let at = path.field("maxLimitRequestRatio");
    let ratios = section(limit, "maxLimitRequestRatio");
    for resource in ratios.keys() {
        if let Some(ratio) = Quantity::of(ratios, resource)
            && Quantity::parse("1").is_some_and(|one| ratio < one)
        {
            let detail = format!("ratio {ratio} is less than 1");
            faults.push(FieldError::invalid(at.key(resource), ratio.to_string(), detail));
        }
    }
}

/// What is wrong with the bounds of one resource against each other.
fn bound_faults(
    limit: &Object,
    kind: &str,
    resource: &str,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let amount = |field: &str| Quantity::of(section(limit, field), resource);
    let (max, min) = (amount("max"), amount("min"));
    // The defaults of a pod are wrong as such, and not looked at again.
    let (limit, request) =
        if kind == "Pod" { (None, None) } else { (amount("default"), amount("defaultRequest")) };
    let words =
        ["min value", "max value", "default request value", "default limit value", "default value"];
    let [least, most, request_word, limit_word, default_word] = words;
    // Which must not exceed which; where the fault stands, and which of both it shows.
    for (low, high, low_word, high_word, field, shown) in [
        (min, max, least, most, "min", min),
        (min, request, least, request_word, "defaultRequest", request),
        (request, max, request_word, most, "defaultRequest", request),
        (request, limit, request_word, limit_word, "defaultRequest", request),
        (min, limit, least, default_word, "default", min),
        (limit, max, default_word, most, "default", max),
    ] {
        if let (Some(low), Some(high), Some(shown)) = (low, high, shown)
            && low > high
        {
            let detail = format!("{low_word} {low} is greater than {high_word} {high}");
            let at = path.field(field);
            faults.push(FieldError::invalid(at.key(resource), shown.to_string(), detail));
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

    #[track_caller]
    fn check(kind: &dyn Kind, spec: Value, want: &str) {
        let mut object = object(json!({"spec": spec}));
        kind.default(&mut object);
        let faults = kind.validate(&object);
        assert_eq!(if faults.is_empty() { String::new() } else { joined(&faults) }, want);
    }

    #[test]
    fn quotas() {
        check(
            &QUOTA,
            json!({"hard": {"pods": "1", "count/secrets": "0", "requests.cpu": "1500m"}}),
            "",
        );
        check(
            &QUOTA,
            json!({"hard": {"nosuch": "1", "pods": "-1", "secrets": "1.5"}, "scopes": ["X"]}),
            "[spec.hard[nosuch]: Invalid value: \"nosuch\": must be a standard resource for quota, \
             spec.hard[pods]: Invalid value: \"-1\": must be greater than or equal to 0, spec.hard[secrets]: \
             Invalid value: \"1500m\": must be an integer, spec.scopes: Invalid value: [\"X\"]: unsupported \
             scope]",
        );
    }

    #[test]
    fn rows() {
        let quota = object(
            json!({"metadata": {"name": "q"}, "status": {"hard": {"pods": "1", "limits.cpu": "2"},
            "used": {"pods": "0"}}}),
        );
        let cells = QUOTA.cells(&quota, Timestamp::from_seconds(0)).map(Value::from);
        assert_eq!(cells, Some(json!(["q", "pods: 0/1", "limits.cpu: 0/2", "<unknown>"])));
    }

    #[test]
    fn limits_follow_from_each_other() {
        let mut range =
            object(json!({"spec": {"limits": [{"type": "Container", "max": {"cpu": "2"},
            "min": {"memory": "1Gi"}}]}}));
        LIMIT_RANGE.default(&mut range);
        assert_eq!(
            range["spec"]["limits"][0],
            json!({"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Gi"},
                "default": {"cpu": "2"}, "defaultRequest": {"cpu": "2", "memory": "1Gi"}})
        );
    }

    #[test]
    fn limits() {
        check(
            &LIMIT_RANGE,
            json!({"limits": [{"type": "Pod", "default": {"cpu": "1"}}]}),
            "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
        );
        check(
            &LIMIT_RANGE,
            json!({"limits": [{"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]}),
            "[spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1, \
             spec.limits[0].defaultRequest[cpu]: Invalid value: \"1\": min value 2 is greater than default \
             request value 1, spec.limits[0].default[cpu]: Invalid value: \"2\": min value 2 is greater than \
             default value 1]",
        );
        check(
            &LIMIT_RANGE,
            json!({"limits": [{"type": "Container", "maxLimitRequestRatio": {"cpu": "500m"}},
                {"type": "Container"}, {"type": "Odd"}]}),
            "[spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"500m\": ratio 500m is less than 1, \
             spec.limits[1].type: Duplicate value: \"Container\", spec.limits[2].type: Invalid value: \"Odd\": \
             must be a standard limit type or fully qualified]",
        );
    }
}
