//! DaemonSets.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::{container_cells, create, name, number, template_spec, update, update_status};
use crate::value::{at, default_text, default_value, map, map_or_new, same, text};
use crate::{Kind, Object, age, label, pod};

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
