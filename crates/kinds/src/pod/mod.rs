//! Pods, and the templates of pods that workloads hold.

mod container;
mod defaults;
mod env;
pub(crate) mod fault;
mod image;
mod prepare;
pub(crate) mod quantity;
pub(crate) mod resources;
pub(crate) mod scheduling;
mod security;
pub(crate) mod source;
mod spec;
mod table;
mod template;
#[cfg(test)]
mod tests;
mod update;
mod volume;
mod warnings;

use portcullis_core::Timestamp;
use serde_json::Value;

use crate::value::{flag, map, maps, text};
use crate::{FieldError, Kind, Object};

pub(crate) use defaults::{template as default_template, volume_source as default_volume_source};
pub(crate) use prepare::drop_disabled;
pub(crate) use spec::template_faults;
pub(crate) use template::POD_TEMPLATE;
pub(crate) use warnings::template as template_warnings;

/// `pods`.
pub(crate) static POD: Pod = Pod::Main;
static STATUS: Pod = Pod::Status;
static EPHEMERAL: Pod = Pod::Ephemeral;
static RESIZE: Pod = Pod::Resize;

/// A pod, and the parts of it that are written on their own.
pub(crate) enum Pod {
    Main,
    Status,
    Ephemeral,
    Resize,
}

impl Kind for Pod {
    fn default(&self, object: &mut Object) {
        defaults::pod(object);
    }

    fn prepare_create(&self, object: &mut Object) {
        prepare::create(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Main => prepare::update(object, old),
            Self::Status => prepare::update_status(object, old),
            Self::Ephemeral => prepare::update_ephemeral(object, old),
            Self::Resize => prepare::update_resize(object, old),
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        update::pod_faults(object, true)
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        match self {
            Self::Main => update::update_faults(self, object, old),
            Self::Status => update::status_faults(self, object, old),
            Self::Ephemeral => update::ephemeral_faults(self, object, old),
            Self::Resize => update::resize_faults(self, object, old),
        }
    }

    fn early_warnings(&self, object: &Object) -> Vec<String> {
        warnings::early(object)
    }

    fn warnings(&self, object: &Object, old: Option<&Object>) -> Vec<String> {
        match (self, old) {
            (Self::Main, None) => warnings::pod(object),
            (Self::Status, Some(_)) => warnings::status(object),
            _ => Vec::new(),
        }
    }

    fn selectable(&self, object: &Object, label: &str) -> Option<String> {
        let part = |name| map(object, name);
        let spec = |field| Some(part("spec").map_or("", |spec| text(spec, field)).to_owned());
        let status = |field| Some(part("status").map_or("", |one| text(one, field)).to_owned());
        match label {
            "spec.nodeName" => spec("nodeName"),
            "spec.restartPolicy" => spec("restartPolicy"),
            "spec.schedulerName" => spec("schedulerName"),
            "spec.serviceAccountName" => spec("serviceAccountName"),
            "spec.hostNetwork" => {
                let shared = part("spec").and_then(|spec| flag(spec, "hostNetwork"));
                Some(shared.unwrap_or(false).to_string())
            }
            "status.phase" => status("phase"),
            "status.nominatedNodeName" => status("nominatedNodeName"),
            "status.podIP" => {
                let first = part("status").and_then(|status| maps(status, "podIPs").next());
                Some(first.map_or("", |(_, one)| text(one, "ip")).to_owned())
            }
            // Known as a label, yet no pod has a value for it.
            "status.podIPs" => Some(String::new()),
            _ => None,
        }
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        Some(table::cells(object, now))
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        match name {
            "status" => Some(&STATUS),
            "ephemeralcontainers" => Some(&EPHEMERAL),
            "resize" => Some(&RESIZE),
            _ => None,
        }
    }
}
