//! DaemonSets.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::rule::{
    SPEC, collision_faults, count_faults, immutable_faults, is_none, label_faults, lasting_faults,
    part, picks, share_faults, template_faults, template_labels, template_warnings, whole_faults,
};
use super::{container_cells, create, name, number, template_spec, update, update_status};
use crate::pod::fault::not_negative;
use crate::value::{at, default_text, default_value, list, map, map_or_new, same, text};
use crate::{FieldError, Kind, Object, age, label, metadata, pod};

/// How many old revisions are kept.
const HISTORY: i32 = 10;
/// Where the count of the template's changes lives since its field is gone.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// `daemonsets.apps`.
pub(crate) static DAEMON_SET: DaemonSet = DaemonSet::Main;
static STATUS: DaemonSet = DaemonSet::Status;

/// A DaemonSet, or its status written on its own.
pub(crate) enum DaemonSet {
    Main,
    Status,
}

impl Kind for DaemonSet {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_or_new(object, "spec") else { return };
        map_or_new(spec, "template");
        pod::default_template(spec, "template");
        if let Some(strategy) = map_or_new(spec, "updateStrategy") {
            default_text(strategy, "type", "RollingUpdate");
            if text(strategy, "type") == "RollingUpdate"
                && let Some(rolling) = map_or_new(strategy, "rollingUpdate")
            {
                default_value(rolling, "maxUnavailable", 1);
                default_value(rolling, "maxSurge", 0);
            }
        }
        default_value(spec, "revisionHistoryLimit", HISTORY);
    }

    fn prepare_create(&self, object: &mut Object) {
        create(
            object,
            json!({
                "currentNumberScheduled": 0,
                "numberMisscheduled": 0,
                "desiredNumberScheduled": 0,
                "numberReady": 0,
            }),
        );
        let generation = template_generation(object).max(1);
        set_template_generation(object, generation);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Main => {
                update(object, old);
                let template = |object| at(object, &["spec", "template"]);
                let before = template_generation(old);
                let changed = !same(template(object), template(old));
                set_template_generation(object, before.saturating_add(i64::from(changed)));
            }
            Self::Status => update_status(object, old),
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        spec_faults(object, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let none = Object::new();
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        match self {
            Self::Main => {
                let [new, old] = [object, old].map(|one| part(one, "spec", &none));
                immutable_faults(new, old, "selector", &SPEC, &mut faults);
                spec_faults(object, &mut faults);
            }
            Self::Status => {
                let [new, old] = [object, old].map(|one| part(one, "status", &none));
                let fields = [
                    "currentNumberScheduled",
                    "numberMisscheduled",
                    "desiredNumberScheduled",
                    "numberReady",
                    "observedGeneration",
                    "updatedNumberScheduled",
                    "numberAvailable",
                    "numberUnavailable",
                    "collisionCount",
                ];
                count_faults(new, &fields, &mut faults);
                collision_faults(new, old, &mut faults);
            }
        }
        faults
    }

    fn warnings(&self, object: &Object, old: Option<&Object>) -> Vec<String> {
        let mut warnings = Vec::new();
        if matches!(self, Self::Main) {
            template_warnings(object, old, &mut warnings);
        }
        warnings
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let [containers, images] = container_cells(template_spec(object));
        let status = |field| Value::from(number(object, "status", field));
        let nodes = template_spec(object).and_then(|spec| map(spec, "nodeSelector"));
        Some(vec![
            name(object),
            status("desiredNumberScheduled"),
            status("currentNumberScheduled"),
            status("numberReady"),
            status("updatedNumberScheduled"),
            status("numberAvailable"),
            label::map_text(nodes).into(),
            age::of(object, now).into(),
            containers,
            images,
            label::selector_text(map(object, "spec").and_then(|spec| map(spec, "selector"))).into(),
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&STATUS as _)
    }
}

/// The count of changes of the template; zero where it is none.
fn template_generation(object: &Object) -> i64 {
    at(object, &["metadata", "annotations", TEMPLATE_GENERATION])
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn set_template_generation(object: &mut Object, generation: i64) {
    if let Some(metadata) = map_or_new(object, "metadata")
        && let Some(annotations) = map_or_new(metadata, "annotations")
    {
        annotations.insert(TEMPLATE_GENERATION.to_owned(), generation.to_string().into());
    }
}

fn spec_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let spec = part(object, "spec", &none);
    let selector = map(spec, "selector");
    let path = SPEC.field("selector");
    if let Some(selector) = selector {
        label::selector_faults(selector, &path, faults);
    }
    let labels = template_labels(spec);
    if picks(selector, labels) == Ok(false) {
        label_faults(labels, faults);
    }
    if let Some(selector) = selector
        && map(selector, "matchLabels").is_none_or(Object::is_empty)
        && list(selector, "matchExpressions").is_empty()
    {
        let text = "empty selector is invalid for daemonset";
        faults.push(FieldError::invalid(path, Value::from(selector.clone()), text));
    }
    template_faults(spec, faults);
    lasting_faults(spec, "DaemonSet", faults);
    not_negative(spec, "minReadySeconds", &SPEC, faults);
    strategy_faults(spec, faults);
    not_negative(spec, "revisionHistoryLimit", &SPEC, faults);
}

fn strategy_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let strategy = part(spec, "updateStrategy", &none);
    let path = SPEC.field("updateStrategy");
    let rolling_path = path.field("rollingUpdate");
    match (text(strategy, "type"), map(strategy, "rollingUpdate")) {
        ("OnDelete", _) => {}
        ("RollingUpdate", None) => faults.push(FieldError::required(rolling_path, "")),
        ("RollingUpdate", Some(rolling)) => {
            let fields = ["maxUnavailable", "maxSurge"];
            fields.iter().for_each(|field| share_faults(rolling, field, &rolling_path, faults));
            fields.iter().for_each(|field| whole_faults(rolling, field, &rolling_path, faults));
            match fields.map(|field| is_none(rolling, field)) {
                [false, false] => {
                    let shown = rolling.get("maxSurge").cloned().unwrap_or_default();
                    let text = "may not be set when maxUnavailable is non-zero";
                    faults.push(FieldError::invalid(rolling_path.field("maxSurge"), shown, text));
                }
                [true, true] => {
                    let text = "cannot be 0 when maxSurge is 0";
                    let path = rolling_path.field("maxUnavailable");
                    faults.push(FieldError::required(path, text));
                }
                _ => {}
            }
        }
        (other, rolling) => {
            let shown = json!({
                "Type": other,
                "RollingUpdate": rolling.map(|rolling| json!({
                    "MaxUnavailable": rolling.get("maxUnavailable").cloned().unwrap_or(0.into()),
                    "MaxSurge": rolling.get("maxSurge").cloned().unwrap_or(0.into()),
                })),
            });
            faults.push(FieldError::unsupported(path, shown, &["RollingUpdate", "OnDelete"]));
        }
    }
}
