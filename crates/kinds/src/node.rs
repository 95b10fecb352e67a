//! Nodes.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::path::Path;
use crate::pod::quantity::{Quantity, round_list};
use crate::pod::{resources, scheduling};
use crate::value::{
    at, copy, flag, is_set, list, map, map_mut, map_or_new, maps, remove, text, texts,
};
use crate::{ErrorType, FieldError, Kind, Object, age, ip, label, metadata, name};

/// `nodes`.
pub(crate) static NODE: Node = Node::Main;
static STATUS: Node = Node::Status;

const SPEC: Path<'static> = Path::root("spec");
const ROLE_PREFIX: &str = "node-role.kubernetes.io/";
const ROLE: &str = "kubernetes.io/role";

/// A Node, or its status written on its own.
pub(crate) enum Node {
    Main,
    Status,
}

impl Kind for Node {
    fn default(&self, object: &mut Object) {
        if let Some(spec) = map_mut(object, "spec") {
            join_networks(spec);
        }
        let Some(status) = map_mut(object, "status") else { return };
        round_list(status, "capacity");
        round_list(status, "allocatable");
        if !is_set(status, "allocatable")
            && let Some(capacity) = status.get("capacity").cloned()
        {
            status.insert("allocatable".to_owned(), capacity);
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        for part in ["spec", "status"] {
            let field = if part == "spec" { "configSource" } else { "config" };
            if let Some(part) = map_mut(object, part) {
                remove(part, field);
            }
        }
        drop_disabled(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Main => {
                copy(object, old, "status");
                let had = map(old, "spec").is_some_and(|spec| is_set(spec, "configSource"));
                if let Some(spec) = map_mut(object, "spec").filter(|_| !had) {
                    remove(spec, "configSource");
                }
            }
            Self::Status => {
                copy(object, old, "spec");
                let had = map(old, "status").is_some_and(|status| is_set(status, "config"));
                if let Some(status) = map_or_new(object, "status").filter(|_| !had) {
                    remove(status, "config");
                }
                drop_disabled(object);
            }
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        own_faults(object, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::kind_faults(self, object, false, &mut faults);
        own_faults(object, &mut faults);
        metadata::change_faults(self, object, old, &mut faults);
        change_faults(object, old, &mut faults);
        faults
    }

    fn selectable(&self, object: &Object, label: &str) -> Option<String> {
        let off = map(object, "spec").and_then(|spec| flag(spec, "unschedulable"));
        (label == "spec.unschedulable").then(|| off.unwrap_or(false).to_string())
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let none = Object::new();
        let [metadata, spec, status] =
            ["metadata", "spec", "status"].map(|field| map(object, field).unwrap_or(&none));
        let info = map(status, "nodeInfo").unwrap_or(&none);
        let ready = maps(status, "conditions")
            .filter(|(_, condition)| text(condition, "type") == "Ready")
            .last()
            .map(|(_, condition)| text(condition, "status"));
        let mut state = match ready {
            Some("True") => "Ready",
            Some(_) => "NotReady",
            None => "Unknown",
        }
        .to_owned();
        if flag(spec, "unschedulable") == Some(true) {
            state.push_str(",SchedulingDisabled");
        }
        let known = |field| match text(info, field) {
            "" => age::UNKNOWN,
            text => text,
        };
        let address = |kind| {
            maps(status, "addresses")
                .find(|(_, address)| text(address, "type") == kind)
                .map_or("<none>", |(_, address)| text(address, "address"))
        };
        Some(vec![
            text(metadata, "name").into(),
            state.into(),
            roles(metadata).into(),
            age::of(object, now).into(),
            text(info, "kubeletVersion").into(),
            address("InternalIP").into(),
            address("ExternalIP").into(),
            known("osImage").into(),
            known("kernelVersion").into(),
            known("containerRuntimeVersion").into(),
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&STATUS as _)
    }
}

/// `podCIDR` is the first of `podCIDRs`; where they differ, the former is what the writer meant.
fn join_networks(spec: &mut Object) {
    let first = texts(spec, "podCIDRs").next().unwrap_or_default().to_owned();
    let own = text(spec, "podCIDR").to_owned();
    if own.is_empty() && !first.is_empty() {
        spec.insert("podCIDR".to_owned(), first.into());
    } else if own != first {
        spec.insert("podCIDRs".to_owned(), json!([own]));
    }
}

/// The declared features of a node are behind a feature that is off in 1.35.
fn drop_disabled(object: &mut Object) {
    if let Some(status) = map_mut(object, "status") {
        remove(status, "declaredFeatures");
    }
}

fn roles(metadata: &Object) -> String {
    let mut roles: Vec<&str> = map(metadata, "labels")
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| match key.strip_prefix(ROLE_PREFIX) {
            Some(role) => Some(role),
            None => value.as_str().filter(|_| key == ROLE),
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") }
}

fn own_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let spec = map(object, "spec").unwrap_or(&none);
    taint_faults(spec, faults);
    amount_faults(object, faults);
    let path = SPEC.field("podCIDRs");
    let networks: Vec<&str> = texts(spec, "podCIDRs").collect();
    for (i, network) in networks.iter().enumerate() {
        ip::cidr_faults(network, path.index(i), faults);
    }
    let is_v6 = |network: &&str| network.contains(':');
    let has_both = networks.iter().any(is_v6) && !networks.iter().all(is_v6);
    if networks.len() > 1 && (!has_both || networks.len() > 2) {
        let shown = spec.get("podCIDRs").cloned().unwrap_or_default();
        let text = "may specify no more than one CIDR for each IP family";
        faults.push(FieldError::invalid(path, shown, text));
    }
}

/// What is wrong with the taints of a node, which the API reports below the metadata.
fn taint_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let path = Path::root("metadata.taints");
    let mut seen = Vec::new();
    for (i, taint) in maps(spec, "taints") {
        let at = path.index(i);
        let (key, value, effect) =
            (text(taint, "key"), text(taint, "value"), text(taint, "effect"));
        label::key_faults(key, &at.field("key"), faults);
        let texts = name::label_value_faults(value);
        if !texts.is_empty() {
            faults.push(FieldError::invalid(at.field("value"), value, texts.join(";")));
        }
        if effect.is_empty() {
            faults.push(FieldError::required(at.field("effect"), ""));
        } else {
            scheduling::effect_faults(effect, at.field("effect"), faults);
        }
        if seen.contains(&(key, effect)) {
            let shown = json!({
                "Key": key, "Value": value, "Effect": effect, "TimeAdded": taint.get("timeAdded"),
            });
            let text = "taints must be unique by key and effect pair";
            faults.push(FieldError::of(ErrorType::Duplicate, at, shown, text));
        } else {
            seen.push((key, effect));
        }
    }
}

fn amount_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let status = Path::root("status");
    for field in ["capacity", "allocatable"] {
        let path = status.field(field);
        let amounts = at(object, &["status", field]).and_then(Value::as_object);
        for (resource, amount) in amounts.into_iter().flatten() {
            if let Some(amount) = amount.as_str().and_then(Quantity::parse) {
                resources::amount_faults(resource, amount, &path.field(resource), faults);
            }
        }
    }
}

fn change_faults(object: &Object, old: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let [spec, before] = [object, old].map(|one| map(one, "spec").unwrap_or(&none));
    amount_faults(object, faults);
    let addresses = at(object, &["status", "addresses"]).and_then(Value::as_array);
    let mut seen = Vec::new();
    let path = Path::root("status.addresses");
    for (i, address) in addresses.into_iter().flatten().enumerate() {
        if seen.contains(&address) {
            let part = |field| address.get(field).cloned().unwrap_or_default();
            let shown = json!({"Type": part("type"), "Address": part("address")});
            faults.push(FieldError::duplicate(path.index(i), shown));
        }
        seen.push(address);
    }
    let then: Vec<&str> = texts(before, "podCIDRs").collect();
    let now: Vec<&str> = texts(spec, "podCIDRs").collect();
    let differing = if then.is_empty() {
        0
    } else if then.len() != now.len() {
        1
    } else {
        then.iter().zip(&now).filter(|(then, now)| then != now).count()
    };
    for _ in 0..differing {
        let text = "node updates may not change podCIDR except from \"\" to valid";
        faults.push(FieldError::forbidden(SPEC.field("podCIDRs"), text));
    }
    let provider = text(before, "providerID");
    if !provider.is_empty() && provider != text(spec, "providerID") {
        let text = "node updates may not change providerID except from \"\" to valid";
        faults.push(FieldError::forbidden(SPEC.field("providerID"), text));
    }
    if !list(spec, "taints").is_empty() {
        taint_faults(spec, faults);
    }
    if text(spec, "externalID") != text(before, "externalID") {
        faults.push(FieldError::forbidden(SPEC.field("externalID"), "may not be updated"));
    }
}
