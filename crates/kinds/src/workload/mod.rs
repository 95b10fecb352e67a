//! What runs pods: Deployments and their ReplicaSets, DaemonSets, StatefulSets, Jobs and CronJobs,
//! ReplicationControllers.

mod cron_job;
mod daemon_set;
mod deployment;
mod deployment_v1beta1;
mod job;
mod replica_set;
mod rule;
pub mod scale;
mod schedule;
mod stateful_set;
mod time_zone;

use serde_json::Value;

use crate::value::{at, copy, map, maps, text};
use crate::{Object, generation, pod};

pub(crate) use cron_job::CRON_JOB;
pub(crate) use daemon_set::DAEMON_SET;
pub(crate) use deployment::DEPLOYMENT;
pub(crate) use deployment_v1beta1::DEPLOYMENT_V1BETA1;
pub(crate) use job::JOB;
pub(crate) use replica_set::{REPLICA_SET, REPLICATION_CONTROLLER};
pub(crate) use stateful_set::STATEFUL_SET;

/// A new object: the status is not the client's to say.
fn create(object: &mut Object, status: Value) {
    object.insert("status".to_owned(), status);
    generation::first(object);
    if let Some(spec) = template_spec_mut(object) {
        pod::drop_disabled(spec, None);
    }
}

/// A changed object: its status stays, its generation counts the changes of its spec.
fn update(object: &mut Object, old: &Object) {
    copy(object, old, "status");
    if let Some(spec) = template_spec_mut(object) {
        pod::drop_disabled(spec, template_spec(old));
    }
    generation::next(object, old, &["spec"]);
}

/// A changed status: everything of the spec stays.
fn update_status(object: &mut Object, old: &Object) {
    copy(object, old, "spec");
}

fn template_spec_mut(object: &mut Object) -> Option<&mut Object> {
    let mut at = object;
    for field in ["spec", "template", "spec"] {
        at = crate::value::map_mut(at, field)?;
    }
    Some(at)
}

fn template_spec(object: &Object) -> Option<&Object> {
    at(object, &["spec", "template", "spec"]).and_then(Value::as_object)
}

fn name(object: &Object) -> Value {
    map(object, "metadata").map_or("", |metadata| text(metadata, "name")).into()
}

/// A number of the spec or status, for a cell.
fn number(object: &Object, part: &str, field: &str) -> i64 {
    at(object, &[part, field]).and_then(Value::as_i64).unwrap_or(0)
}

/// The cells with the names and images of the containers of a pod.
pub(crate) fn container_cells(spec: Option<&Object>) -> [Value; 2] {
    ["name", "image"].map(|field| {
        let texts: Vec<&str> = spec
            .into_iter()
            .flat_map(|spec| maps(spec, "containers"))
            .map(|(_, container)| text(container, field))
            .collect();
        texts.join(",").into()
    })
}
