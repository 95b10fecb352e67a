//! Deployments.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::rule::{
    SPEC, collision_faults, count_faults, immutable_faults, is_none, lasting_faults, name_warnings,
    part, part_faults, selector_faults, share_faults, template_faults, template_warnings,
    whole_faults,
};
use super::{container_cells, create, name, number, template_spec, update, update_status};
use crate::pod::fault::not_negative;
use crate::value::{at, copy, default_text, default_value, integer, map, map_or_new, same, text};
use crate::{FieldError, Kind, Object, age, generation, label, metadata, pod};

/// How many old ReplicaSets are kept.
const HISTORY: i32 = 10;
/// How long a rollout may stand still, in seconds, before it counts as failed.
const PROGRESS_SECONDS: i32 = 600;

/// `deployments.apps`.
pub(crate) static DEPLOYMENT: Deployment = Deployment::Main;
pub(super) static STATUS: Deployment = Deployment::Status;

/// A Deployment, or its status written on its own.
pub(crate) enum Deployment {
    Main,
    Status,
}

impl Kind for Deployment {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_or_new(object, "spec") else { return };
        default_value(spec, "replicas", 1);
        map_or_new(spec, "template");
        pod::default_template(spec, "template");
        if let Some(strategy) = map_or_new(spec, "strategy") {
            default_text(strategy, "type", "RollingUpdate");
            if text(strategy, "type") == "RollingUpdate"
                && let Some(rolling) = map_or_new(strategy, "rollingUpdate")
            {
                default_value(rolling, "maxUnavailable", "25%");
                default_value(rolling, "maxSurge", "25%");
            }
        }
        default_value(spec, "revisionHistoryLimit", HISTORY);
        default_value(spec, "progressDeadlineSeconds", PROGRESS_SECONDS);
    }

    fn prepare_create(&self, object: &mut Object) {
        create(object, json!({}));
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Main => {
                update(object, old);
                // The annotations count as well: ReplicaSets carry copies of them.
                let annotations = |object| at(object, &["metadata", "annotations"]);
                if same(object.get("spec"), old.get("spec"))
                    && !same(annotations(object), annotations(old))
                {
                    let next = generation::of(old).saturating_add(1);
                    if let Some(metadata) = map_or_new(object, "metadata") {
                        metadata.insert("generation".to_owned(), next.into());
                    }
                }
            }
            Self::Status => {
                update_status(object, old);
                if let (Some(metadata), Some(before)) =
                    (map_or_new(object, "metadata"), map(old, "metadata"))
                {
                    copy(metadata, before, "labels");
                }
            }
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
                spec_faults(object, &mut faults);
                let [new, old] = [object, old].map(|one| part(one, "spec", &none));
                immutable_faults(new, old, "selector", &SPEC, &mut faults);
            }
            Self::Status => {
                let [new, old] = [object, old].map(|one| part(one, "status", &none));
                status_faults(new, &mut faults);
                collision_faults(new, old, &mut faults);
            }
        }
        faults
    }

    fn warnings(&self, object: &Object, old: Option<&Object>) -> Vec<String> {
        let mut warnings = Vec::new();
        if matches!(self, Self::Main) {
            if old.is_none() {
                name_warnings(object, &mut warnings);
            }
            template_warnings(object, old, &mut warnings);
        }
        warnings
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let ready = number(object, "status", "readyReplicas");
        let [containers, images] = container_cells(template_spec(object));
        Some(vec![
            name(object),
            format!("{ready}/{}", number(object, "spec", "replicas")).into(),
            number(object, "status", "updatedReplicas").into(),
            number(object, "status", "availableReplicas").into(),
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

fn spec_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let spec = part(object, "spec", &none);
    not_negative(spec, "replicas", &SPEC, faults);
    if selector_faults(spec, "deployment", "invalid label selector", faults) {
        template_faults(spec, faults);
        lasting_faults(spec, "ReplicaSet", faults);
    }
    strategy_faults(spec, faults);
    not_negative(spec, "minReadySeconds", &SPEC, faults);
    not_negative(spec, "revisionHistoryLimit", &SPEC, faults);
    not_negative(spec, "progressDeadlineSeconds", &SPEC, faults);
    let least = integer(spec, "minReadySeconds").unwrap_or(0);
    if let Some(deadline) = integer(spec, "progressDeadlineSeconds").filter(|one| *one <= least) {
        let path = SPEC.field("progressDeadlineSeconds");
        faults.push(FieldError::invalid(path, deadline, "must be greater than minReadySeconds"));
    }
}

fn strategy_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let strategy = part(spec, "strategy", &none);
    let path = SPEC.field("strategy");
    let rolling_path = path.field("rollingUpdate");
    match (text(strategy, "type"), map(strategy, "rollingUpdate")) {
        ("Recreate", Some(_)) => {
            let text = "may not be specified when strategy `type` is 'Recreate'";
            faults.push(FieldError::forbidden(rolling_path, text));
        }
        ("Recreate", None) => {}
        ("RollingUpdate", None) => {
            let text = "this should be defaulted and never be nil";
            faults.push(FieldError::required(rolling_path, text));
        }
        ("RollingUpdate", Some(rolling)) => {
            share_faults(rolling, "maxUnavailable", &rolling_path, faults);
            share_faults(rolling, "maxSurge", &rolling_path, faults);
            if is_none(rolling, "maxUnavailable") && is_none(rolling, "maxSurge") {
                let shown = rolling.get("maxUnavailable").cloned().unwrap_or_default();
                let text = "may not be 0 when `maxSurge` is 0";
                let path = rolling_path.field("maxUnavailable");
                faults.push(FieldError::invalid(path, shown, text));
            }
            whole_faults(rolling, "maxUnavailable", &rolling_path, faults);
        }
        (other, rolling) => {
            let shown = json!({
                "Type": other,
                "RollingUpdate": rolling.map(|rolling| json!({
                    "MaxUnavailable": rolling.get("maxUnavailable").cloned().unwrap_or(0.into()),
                    "MaxSurge": rolling.get("maxSurge").cloned().unwrap_or(0.into()),
                })),
            });
            faults.push(FieldError::unsupported(path, shown, &["Recreate", "RollingUpdate"]));
        }
    }
}

fn status_faults(status: &Object, faults: &mut Vec<FieldError>) {
    count_faults(
        status,
        &[
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
            "collisionCount",
        ],
        faults,
    );
    let parts = ["updatedReplicas", "readyReplicas", "availableReplicas"];
    part_faults(status, &parts, ("replicas", "status.replicas"), faults);
    part_faults(status, &["availableReplicas"], ("readyReplicas", "readyReplicas"), faults);
}
