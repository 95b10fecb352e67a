//! What a change of a pod may be.

use serde_json::Value;

use super::container::image_space_faults;
use super::fault::required;
use super::spec::{self, DEADLINE_MAX, Owner};
use super::{prepare, resources, scheduling, security, volume};
use crate::path::Path;
use crate::value::{at, copy, integer, is_set, list, map, map_or_new, maps, remove, same, text};
use crate::{FieldError, Kind, Object, ip, metadata, name};

const SPEC: Path<'static> = Path::root("spec");
const STATUS: Path<'static> = Path::root("status");
const ANNOTATIONS: Path<'static> = Path::root("metadata.annotations");
const MIRROR: &str = "kubernetes.io/config.mirror";

/// The fields that may change while a pod runs.
const CHANGEABLE: &str = "pod updates may not change fields other than \
    `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
    `spec.tolerations` (only additions to existing tolerations),\
    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// Everything that is wrong with a pod beside its metadata; what only new pods are held to is added
/// where `is_new`.
pub(super) fn pod_faults(pod: &Object, is_new: bool) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let empty = Object::new();
    let spec = map(pod, "spec").unwrap_or(&empty);
    let metadata = map(pod, "metadata").unwrap_or(&empty);
    let annotations = map(metadata, "annotations").unwrap_or(&empty);
    spec::annotation_faults(annotations, spec, &ANNOTATIONS, &mut faults);
    let owner =
        Owner::Pod { name: text(metadata, "name"), is_mirror: annotations.contains_key(MIRROR) };
    spec::faults(spec, owner, &SPEC, &mut faults);
    if text(spec, "serviceAccountName").is_empty() {
        volume::account_faults(spec, &SPEC, &mut faults);
    }
    for field in ["containers", "initContainers"] {
        let path = SPEC.field(field);
        for (i, container) in maps(spec, field) {
            image_space_faults(container, &path.index(i), &mut faults);
        }
    }
    if !is_new {
        return faults;
    }
    if !list(spec, "ephemeralContainers").is_empty() {
        let path = SPEC.field("ephemeralContainers");
        faults.push(FieldError::forbidden(path, "cannot be set on create"));
    }
    if !text(spec, "nodeName").is_empty() && !list(spec, "schedulingGates").is_empty() {
        let text = "cannot be set until all schedulingGates have been cleared";
        faults.push(FieldError::forbidden(SPEC.field("nodeName"), text));
    }
    security::match_faults(annotations, spec, &SPEC, &mut faults);
    faults
}

/// What the API says of any change of a pod's metadata and, new again, of all of the pod.
fn whole_faults(kind: &dyn Kind, new: &Object, old: &Object) -> Vec<FieldError> {
    let mut faults = Vec::new();
    metadata::change_faults(kind, new, old, &mut faults);
    metadata::kind_faults(kind, new, true, &mut faults);
    faults.append(&mut pod_faults(new, false));
    faults
}

/// Everything that is wrong with a change of a pod.
pub(super) fn update_faults(kind: &dyn Kind, new: &Object, old: &Object) -> Vec<FieldError> {
    let mut faults = whole_faults(kind, new, old);
    annotation_change_faults(new, old, &mut faults);
    let empty = Object::new();
    let [spec, before] = [new, old].map(|pod| map(pod, "spec").unwrap_or(&empty));
    for field in ["containers", "initContainers"] {
        let path = SPEC.field(field);
        if list(spec, field).len() != list(before, field).len() {
            let text = "pod updates may not add or remove containers";
            faults.push(FieldError::forbidden(path, text));
            return faults;
        }
        for (i, container) in maps(spec, field) {
            let path = path.index(i);
            required(container, "image", &path, &mut faults);
            image_space_faults(container, &path, &mut faults);
        }
    }
    if !deadline_faults(spec, before, &mut faults) {
        return faults;
    }
    let path = SPEC.field("tolerations");
    scheduling::added_toleration_faults(spec, before, &path, &mut faults);
    gate_faults(spec, before, &mut faults);
    if same(Some(&Value::from(spec.clone())), Some(&Value::from(before.clone()))) {
        return faults;
    }
    let masked = masked(spec, before, &mut faults);
    if !same(Some(&Value::from(masked)), Some(&Value::from(before.clone()))) {
        // The API appends a comparison of its inner objects, which says nothing that this does not.
        faults.push(FieldError::forbidden(SPEC, format!("{CHANGEABLE}\n")));
    }
    faults
}

/// A deadline may come nearer, and may not go away; false where nothing more is looked at.
fn deadline_faults(spec: &Object, before: &Object, faults: &mut Vec<FieldError>) -> bool {
    let path = SPEC.field("activeDeadlineSeconds");
    match (spec::deadline(spec), spec::deadline(before)) {
        (Some(now), _) if !(0..=DEADLINE_MAX).contains(&now) => {
            let text = format!("must be between 0 and {DEADLINE_MAX}, inclusive");
            faults.push(FieldError::invalid(path, now, text));
            false
        }
        (Some(now), Some(then)) if then < now => {
            let text = "must be less than or equal to previous value";
            faults.push(FieldError::invalid(path, now, text));
            false
        }
        (None, Some(_)) => {
            let text = "must not update from a positive integer to nil value";
            faults.push(FieldError::invalid(path, Value::Null, text));
            true
        }
        _ => true,
    }
}

fn gate_faults(spec: &Object, before: &Object, faults: &mut Vec<FieldError>) {
    let path = SPEC.field("schedulingGates");
    for (i, gate) in maps(spec, "schedulingGates") {
        let name = text(gate, "name");
        if !maps(before, "schedulingGates").any(|(_, old)| text(old, "name") == name) {
            let text = format!("only deletion is allowed, but found new scheduling gate '{name}'");
            let path = path.index(i);
            faults.push(FieldError::forbidden(path.field("name"), text));
        }
    }
}

/// The spec with everything that may change set back to what it was.
fn masked(spec: &Object, before: &Object, faults: &mut Vec<FieldError>) -> Object {
    let mut masked = spec.clone();
    for field in ["containers", "initContainers"] {
        let images: Vec<Option<Value>> =
            maps(before, field).map(|(_, container)| container.get("image").cloned()).collect();
        for (container, image) in crate::value::maps_mut(&mut masked, field).zip(images) {
            if let Some(image) = image {
                container.insert("image".to_owned(), image);
            }
        }
    }
    for field in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        copy(&mut masked, before, field);
    }
    let grace = |spec| integer(spec, "terminationGracePeriodSeconds");
    if grace(before).is_some_and(|grace| grace < 0) && grace(spec) == Some(1) {
        copy(&mut masked, before, "terminationGracePeriodSeconds");
    }
    if !list(before, "schedulingGates").is_empty() {
        mask_gated(&mut masked, before, faults);
    }
    masked
}

/// A pod that is held back may still be told to run on fewer nodes (KEP-3838).
fn mask_gated(masked: &mut Object, before: &Object, faults: &mut Vec<FieldError>) {
    if !same(masked.get("nodeSelector"), before.get("nodeSelector")) {
        let selector = map(masked, "nodeSelector");
        let is_kept = map(before, "nodeSelector")
            .into_iter()
            .flatten()
            .all(|(key, value)| selector.is_some_and(|selector| selector.get(key) == Some(value)));
        if !is_kept {
            let shown = masked.get("nodeSelector").cloned().unwrap_or_default();
            let text =
                "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
            faults.push(FieldError::invalid(SPEC.field("nodeSelector"), shown, text));
        }
        copy(masked, before, "nodeSelector");
    }
    let nodes = |spec| at(spec, &["affinity", "nodeAffinity"]).cloned();
    let [new, old] = [nodes(masked), nodes(before)];
    if same(new.as_ref(), old.as_ref()) {
        return;
    }
    let path = SPEC.field("affinity");
    let path = path.field("nodeAffinity");
    scheduling::node_affinity_change_faults(new.as_ref(), old.as_ref(), &path, faults);
    let Some(affinity) = map_or_new(masked, "affinity") else { return };
    match old {
        Some(old) => _ = affinity.insert("nodeAffinity".to_owned(), old),
        None => _ = remove(affinity, "nodeAffinity"),
    }
    if affinity.is_empty() && !is_set(before, "affinity") {
        remove(masked, "affinity");
    }
}

fn annotation_change_faults(new: &Object, old: &Object, faults: &mut Vec<FieldError>) {
    let empty = Object::new();
    let [now, then] = [new, old].map(|pod| {
        at(pod, &["metadata", "annotations"]).and_then(Value::as_object).unwrap_or(&empty)
    });
    for (key, value) in then {
        if now.get(key) == Some(value) {
            continue;
        }
        if key.starts_with(prepare::APP_ARMOR) {
            let text = "may not remove or update AppArmor annotations";
            faults.push(FieldError::forbidden(ANNOTATIONS.key(key), text));
        }
        if key == MIRROR {
            let text = "may not remove or update mirror pod annotation";
            faults.push(FieldError::forbidden(ANNOTATIONS.key(key), text));
        }
    }
    for key in now.keys().filter(|key| !then.contains_key(*key)) {
        if key.starts_with(prepare::APP_ARMOR) {
            let text = "may not add AppArmor annotations";
            faults.push(FieldError::forbidden(ANNOTATIONS.key(key), text));
        }
        if key == MIRROR {
            let text = "may not add mirror pod annotation";
            faults.push(FieldError::forbidden(ANNOTATIONS.key(key), text));
        }
    }
    let spec = map(new, "spec").unwrap_or(&empty);
    spec::annotation_faults(now, spec, &ANNOTATIONS, faults);
}

/// Everything that is wrong with adding ephemeral containers: those there are stay as they are.
pub(super) fn ephemeral_faults(kind: &dyn Kind, new: &Object, old: &Object) -> Vec<FieldError> {
    if at(old, &["metadata", "annotations", MIRROR]).is_some() {
        let text = "static pods do not support ephemeral containers";
        return vec![FieldError::forbidden("", text)];
    }
    let mut faults = whole_faults(kind, new, old);
    annotation_change_faults(new, old, &mut faults);
    let containers = |pod| -> Vec<Object> {
        let spec = map(pod, "spec");
        spec.into_iter()
            .flat_map(|spec| maps(spec, "ephemeralContainers"))
            .map(|(_, container)| container.clone())
            .collect()
    };
    let now = containers(new);
    for before in containers(old) {
        let name = text(&before, "name");
        let shown = spec::quoted(name);
        let fault = match now.iter().rev().find(|one| text(one, "name") == name) {
            None => format!("existing ephemeral containers {shown} may not be removed\n"),
            Some(one) if !same(Some(&one.clone().into()), Some(&before.clone().into())) => {
                format!("existing ephemeral containers {shown} may not be changed\n")
            }
            Some(_) => continue,
        };
        faults.push(FieldError::forbidden(SPEC.field("ephemeralContainers"), fault));
    }
    faults
}

/// Everything that is wrong with giving containers more or less: only processor and memory change, and
/// neither the class of service nor what is asked for at all (KEP-1287).
pub(super) fn resize_faults(kind: &dyn Kind, new: &Object, old: &Object) -> Vec<FieldError> {
    let empty = Object::new();
    let [spec, before] = [new, old].map(|pod| map(pod, "spec").unwrap_or(&empty));
    if at(old, &["metadata", "annotations", MIRROR]).is_some() {
        return vec![FieldError::forbidden("", "static pods cannot be resized")];
    }
    if map(before, "os").is_some_and(|os| text(os, "name") == "windows") {
        return vec![FieldError::forbidden("", "windows pods cannot be resized")];
    }
    let mut faults = whole_faults(kind, new, old);
    let class = |pod| map(pod, "status").map_or("", |status| text(status, "qosClass"));
    let old_class = match class(old) {
        "" => resources::qos_class(before),
        class => class,
    };
    if old_class != resources::qos_class(spec) {
        let text = "Pod QOS Class may not change as a result of resizing";
        faults.push(FieldError::invalid(SPEC, class(new), text));
    }
    let running =
        map(old, "status").into_iter().flat_map(|status| maps(status, "containerStatuses"));
    let first = running.map(|(_, one)| one).find(|one| at(one, &["state", "running"]).is_some());
    if first.is_some_and(|one| !is_set(one, "resources")) {
        let text = "Pod running on node without support for resize";
        faults.push(FieldError::forbidden(SPEC, text));
    }
    let asks = |spec| {
        map(spec, "resources").is_some_and(|own| {
            ["requests", "limits"].iter().any(|f| map(own, f).is_some_and(|list| !list.is_empty()))
        })
    };
    if asks(spec) || asks(before) {
        let text = "resize of pods with pod-level resources is forbidden when \
                    InPlacePodLevelResourcesVerticalScalingEnabled feature gate is disabled";
        faults.push(FieldError::forbidden("", text));
        return faults;
    }
    if order_faults(spec, before, &mut faults) {
        return faults;
    }
    removed_faults(spec, before, &mut faults);
    let mut masked = spec.clone();
    for field in ["containers", "initContainers"] {
        let olds: Vec<Object> = maps(before, field).map(|(_, one)| one.clone()).collect();
        for (container, old) in crate::value::maps_mut(&mut masked, field).zip(&olds) {
            let is_init = field == "initContainers";
            let is_sidecar = text(container, "restartPolicy") == "Always";
            if !is_init || is_sidecar {
                mask_amounts(container, old);
            }
            if same(Some(&container.clone().into()), Some(&old.clone().into())) {
                continue;
            }
            faults.push(FieldError::forbidden(
                SPEC,
                match (is_init, is_sidecar) {
                    (false, _) => "only cpu and memory resources are mutable",
                    (true, true) => {
                        "only cpu and memory resources for sidecar containers are mutable"
                    }
                    (true, false) => "resources for non-sidecar init containers are immutable",
                },
            ));
        }
    }
    if faults.is_empty() && !same(Some(&masked.into()), Some(&before.clone().into())) {
        let text = "only cpu and memory resources are mutable";
        faults.push(FieldError::forbidden(SPEC, text));
    }
    faults
}

/// Whether containers were added, removed or renamed.
fn order_faults(spec: &Object, before: &Object, faults: &mut Vec<FieldError>) -> bool {
    let start = faults.len();
    for field in ["containers", "initContainers"] {
        let path = SPEC.field(field);
        if list(spec, field).len() != list(before, field).len() {
            let text = format!("{field} may not be added or removed on resize");
            faults.push(FieldError::forbidden(path, text));
            continue;
        }
        for ((i, new), (_, old)) in maps(spec, field).zip(maps(before, field)) {
            if text(new, "name") != text(old, "name") {
                let text = format!("{field} may not be renamed or reordered on resize");
                let path = path.index(i);
                faults.push(FieldError::forbidden(path.field("name"), text));
            }
        }
    }
    faults.len() > start
}

fn removed_faults(spec: &Object, before: &Object, faults: &mut Vec<FieldError>) {
    for field in ["initContainers", "containers"] {
        let path = SPEC.field(field);
        for ((i, new), (_, old)) in maps(spec, field).zip(maps(before, field)) {
            if field == "initContainers" && text(old, "restartPolicy") != "Always" {
                continue;
            }
            let path = path.index(i);
            let path = path.field("resources");
            for part in ["requests", "limits"] {
                let amounts =
                    |container| at(container, &["resources", part]).and_then(Value::as_object);
                let is_gone = amounts(old)
                    .into_iter()
                    .flatten()
                    .any(|(name, _)| amounts(new).is_none_or(|now| !now.contains_key(name)));
                if is_gone {
                    let text = format!("resource {part} cannot be removed");
                    faults.push(FieldError::forbidden(path.field(part), text));
                }
            }
        }
    }
}

/// Sets processor and memory of a container back to what they were.
fn mask_amounts(container: &mut Object, old: &Object) {
    copy(container, old, "resizePolicy");
    let before = map(old, "resources").cloned().unwrap_or_default();
    let Some(wanted) = map_or_new(container, "resources") else { return };
    for part in ["requests", "limits"] {
        let empty = Object::new();
        let amounts = map(&before, part).unwrap_or(&empty);
        if amounts.is_empty() && !is_set(wanted, part) {
            continue;
        }
        let Some(list) = map_or_new(wanted, part) else { continue };
        for resource in ["cpu", "memory"] {
            copy(list, amounts, resource);
        }
    }
}

/// Everything that is wrong with a written status.
pub(super) fn status_faults(kind: &dyn Kind, new: &Object, old: &Object) -> Vec<FieldError> {
    let mut faults = Vec::new();
    metadata::change_faults(kind, new, old, &mut faults);
    annotation_change_faults(new, old, &mut faults);
    let empty = Object::new();
    let [status, before] = [new, old].map(|pod| map(pod, "status").unwrap_or(&empty));
    condition_faults(status, &mut faults);
    let bound = map(old, "spec").is_some_and(|spec| !text(spec, "nodeName").is_empty());
    let nominated = text(status, "nominatedNodeName");
    let path = STATUS.field("nominatedNodeName");
    if nominated != text(before, "nominatedNodeName") && !nominated.is_empty() {
        super::fault::said(name::subdomain_faults(nominated), nominated, path, &mut faults);
        if bound {
            let text = "may not be set on pods that are already bound to a node";
            faults.push(FieldError::forbidden(path, text));
        }
    }
    if let Some(seen) = integer(status, "observedGeneration").filter(|seen| *seen < 0) {
        let text = "must be a non-negative integer";
        faults.push(FieldError::invalid(STATUS.field("observedGeneration"), seen, text));
    }
    let class = text(status, "qosClass");
    if class != text(before, "qosClass") {
        let path = STATUS.field("qosClass");
        faults.push(FieldError::invalid(path, class, "field is immutable"));
    }
    restart_faults(old, status, before, &mut faults);
    address_faults(status, before, "podIPs", &mut faults);
    host_address_faults(status, before, &mut faults);
    faults
}

fn condition_faults(status: &Object, faults: &mut Vec<FieldError>) {
    let path = STATUS.field("conditions");
    for (i, condition) in maps(status, "conditions") {
        let at = path.index(i);
        if let Some(seen) = integer(condition, "observedGeneration").filter(|seen| *seen < 0) {
            let text = "must be a non-negative integer";
            faults.push(FieldError::invalid(at.field("observedGeneration"), seen, text));
        }
        let kind = text(condition, "type");
        if !matches!(kind, "PodScheduled" | "Ready" | "Initialized") {
            super::fault::said(name::qualified_faults(kind), kind, at.field("Type"), faults);
        }
    }
}

/// A container that ended for good does not run again.
fn restart_faults(old: &Object, status: &Object, before: &Object, faults: &mut Vec<FieldError>) {
    let empty = Object::new();
    let spec = map(old, "spec").unwrap_or(&empty);
    let ended = |container: &Object| {
        let end = at(container, &["state", "terminated"])?.as_object()?;
        Some(integer(end, "exitCode").unwrap_or(0))
    };
    let lists = [
        ("containerStatuses", "containers"),
        ("initContainerStatuses", "initContainers"),
        ("ephemeralContainerStatuses", "ephemeralContainers"),
    ];
    for (field, containers) in lists {
        let path = STATUS.field(field);
        for (i, then) in maps(before, field) {
            let name = text(then, "name");
            let Some(code) = ended(then) else { continue };
            let container =
                maps(spec, containers).map(|(_, c)| c).find(|c| text(c, "name") == name);
            if may_run_again(spec, container, containers, code) {
                continue;
            }
            let now = maps(status, field).map(|(_, one)| one).find(|one| text(one, "name") == name);
            if now.is_some_and(|now| ended(now).is_none()) {
                let path = path.index(i);
                let text = "may not be transitioned to non-terminated state";
                faults.push(FieldError::forbidden(path.field("state"), text));
            }
        }
    }
}

fn may_run_again(spec: &Object, container: Option<&Object>, list_name: &str, code: i64) -> bool {
    let own = container.map_or("", |container| text(container, "restartPolicy"));
    let ruled = container.is_some_and(|container| {
        maps(container, "restartPolicyRules").any(|(_, rule)| {
            let Some(codes) = map(rule, "exitCodes") else { return false };
            let is_named = list(codes, "values").iter().any(|one| one.as_i64() == Some(code));
            text(rule, "action") == "Restart" && is_named == (text(codes, "operator") == "In")
        })
    });
    let policy = match (list_name, own) {
        ("ephemeralContainers", _) => "Never",
        (_, "") => text(spec, "restartPolicy"),
        (_, own) => own,
    };
    ruled || policy == "Always" || (policy == "OnFailure" && code != 0)
}

fn address_faults(status: &Object, before: &Object, field: &str, faults: &mut Vec<FieldError>) {
    let path = STATUS.field(field);
    let known: Vec<&str> = maps(before, field).map(|(_, one)| text(one, "ip")).collect();
    let addresses: Vec<&str> = maps(status, field).map(|(_, one)| text(one, "ip")).collect();
    for (i, address) in addresses.iter().enumerate().filter(|(_, one)| !known.contains(one)) {
        ip::ip_faults(address, path.index(i), faults);
    }
    if addresses.len() > 1 {
        let parsed: Vec<_> = addresses.iter().filter_map(|one| ip::parse_ip(one)).collect();
        let has_both =
            parsed.iter().any(|one| one.is_ipv4()) && parsed.iter().any(|one| one.is_ipv6());
        if !has_both || addresses.len() > 2 {
            let shown: Vec<Value> =
                addresses.iter().map(|one| serde_json::json!({"IP": one})).collect();
            let text = "may specify no more than one IP for each IP family";
            faults.push(FieldError::invalid(path, Value::from(shown), text));
        }
    }
}

fn host_address_faults(status: &Object, before: &Object, faults: &mut Vec<FieldError>) {
    let Some((_, first)) = maps(status, "hostIPs").next() else { return };
    if text(status, "hostIP") != text(first, "ip") {
        let path = STATUS.field("hostIPs");
        let path = path.index(0);
        let text_of = text(first, "ip");
        faults.push(FieldError::invalid(path.field("ip"), text_of, "must be equal to `hostIP`"));
    }
    address_faults(status, before, "hostIPs", faults);
}
