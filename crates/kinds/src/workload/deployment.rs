//! Deployments.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::{container_cells, create, name, number, template_spec, update, update_status};
use crate::value::{at, copy, default_text, default_value, map, map_or_new, same, text};
use crate::{Kind, Object, age, generation, label, pod};

/// How many old ReplicaSets are kept.
const HISTORY: i32 = 10;
/// How long a rollout may stand still, in seconds, before it counts as failed.
const PROGRESS_SECONDS: i32 = 600;

/// `deployments.apps`.
pub(crate) static DEPLOYMENT: Deployment = Deployment::Main;
static STATUS: Deployment = Deployment::Status;

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
