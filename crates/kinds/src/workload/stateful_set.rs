//! StatefulSets.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::{container_cells, create, name, number, template_spec, update, update_status};
use crate::value::{
    at, default_text, default_value, is_set, map_mut, map_or_new, maps_mut, remove, text,
};
use crate::{Kind, Object, age, pod};

/// How many old revisions are kept.
const HISTORY: i32 = 10;

/// `statefulsets.apps`.
pub(crate) static STATEFUL_SET: StatefulSet = StatefulSet::Main;
static STATUS: StatefulSet = StatefulSet::Status;

/// A StatefulSet, or its status written on its own.
pub(crate) enum StatefulSet {
    Main,
    Status,
}

impl Kind for StatefulSet {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_or_new(object, "spec") else { return };
        default_value(spec, "replicas", 1);
        map_or_new(spec, "template");
        pod::default_template(spec, "template");
        for claim in maps_mut(spec, "volumeClaimTemplates") {
            crate::storage::default_claim(claim);
            default_text(claim, "kind", "PersistentVolumeClaim");
            default_text(claim, "apiVersion", "v1");
        }
        default_value(spec, "serviceName", "");
        default_text(spec, "podManagementPolicy", "OrderedReady");
        if let Some(strategy) = map_or_new(spec, "updateStrategy") {
            if text(strategy, "type").is_empty() {
                default_text(strategy, "type", "RollingUpdate");
                map_or_new(strategy, "rollingUpdate");
            }
            if text(strategy, "type") == "RollingUpdate"
                && let Some(rolling) = map_mut(strategy, "rollingUpdate")
            {
                default_value(rolling, "partition", 0);
            }
        }
        default_value(spec, "revisionHistoryLimit", HISTORY);
        if let Some(policy) = map_or_new(spec, "persistentVolumeClaimRetentionPolicy") {
            default_text(policy, "whenDeleted", "Retain");
            default_text(policy, "whenScaled", "Retain");
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        create(object, json!({"replicas": 0, "availableReplicas": 0}));
        drop_max_unavailable(object, None);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Main => {
                drop_max_unavailable(object, Some(old));
                update(object, old);
            }
            Self::Status => update_status(object, old),
        }
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let ready = number(object, "status", "readyReplicas");
        let [containers, images] = container_cells(template_spec(object));
        Some(vec![
            name(object),
            format!("{ready}/{}", number(object, "spec", "replicas")).into(),
            age::of(object, now).into(),
            containers,
            images,
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&STATUS as _)
    }
}

/// How many pods may be away at once is behind a feature that is off in 1.35.
fn drop_max_unavailable(object: &mut Object, old: Option<&Object>) {
    let way = ["spec", "updateStrategy", "rollingUpdate"];
    let had = old
        .and_then(|old| at(old, &way))
        .and_then(Value::as_object)
        .is_some_and(|rolling| is_set(rolling, "maxUnavailable"));
    let mut place = Some(object);
    for field in way {
        place = place.and_then(|at| map_mut(at, field));
    }
    if let Some(rolling) = place
        && !had
    {
        remove(rolling, "maxUnavailable");
    }
}
