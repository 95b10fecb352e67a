//! What a client has no say in, and what is worked out when a pod is written.

use serde_json::{Value, json};

use super::defaults::CONTAINER_LISTS;
use super::{resources, security};
use crate::value::{
    at, copy, integer, is_set, list, map, map_mut, map_or_new, maps, maps_mut, remove, same, text,
    texts,
};
use crate::{Object, generation};

/// Annotations that named AppArmor profiles before there was a field for them.
pub(super) const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// A new pod: pending, its class of service known, held back where it has scheduling gates.
pub(super) fn create(pod: &mut Object) {
    let empty = Object::new();
    let spec = map(pod, "spec").unwrap_or(&empty);
    let mut status = Object::new();
    status.insert("phase".to_owned(), "Pending".into());
    if !list(spec, "schedulingGates").is_empty() {
        let condition = json!({
            "type": "PodScheduled",
            "status": "False",
            "lastProbeTime": null,
            "lastTransitionTime": at(pod, &["metadata", "creationTimestamp"]),
            "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        });
        status.insert("conditions".to_owned(), json!([condition]));
    }
    status.insert("qosClass".to_owned(), resources::qos_class(spec).into());
    pod.insert("status".to_owned(), status.into());
    generation::first(pod);
    let labels = at(pod, &["metadata", "labels"]).and_then(Value::as_object).cloned();
    let annotations = at(pod, &["metadata", "annotations"]).and_then(Value::as_object).cloned();
    let Some(spec) = map_mut(pod, "spec") else { return };
    drop_disabled(spec, None);
    if let Some(labels) = labels {
        affinity(spec, &labels);
        spread(spec, &labels);
    }
    if let Some(annotations) = annotations {
        app_armor(spec, &annotations);
    }
}

/// A pod that is replaced: its status stays, its generation counts the changes of its spec.
pub(super) fn update(pod: &mut Object, old: &Object) {
    copy(pod, old, "status");
    if let Some(spec) = map_mut(pod, "spec") {
        drop_disabled(spec, map(old, "spec"));
    }
    generation::next(pod, old, &["spec"]);
}

/// A pod whose status alone is written.
pub(super) fn update_status(pod: &mut Object, old: &Object) {
    copy(pod, old, "spec");
    if let (Some(metadata), Some(before)) = (map_or_new(pod, "metadata"), map(old, "metadata")) {
        for field in ["ownerReferences", "deletionTimestamp"] {
            copy(metadata, before, field);
        }
    }
    let empty = Object::new();
    let before = map(old, "status").unwrap_or(&empty);
    let Some(status) = map_or_new(pod, "status") else { return };
    for field in ["qosClass", "observedGeneration"] {
        let is_none = match status.get(field) {
            None | Some(Value::Null) => true,
            Some(Value::String(class)) => class.is_empty(),
            Some(seen) => seen.as_i64() == Some(0),
        };
        if is_none {
            copy(status, before, field);
        }
    }
    let mut known: Vec<(&str, i64)> = maps(before, "conditions")
        .filter_map(|(_, one)| Some((text(one, "type"), integer(one, "observedGeneration")?)))
        .collect();
    for condition in maps_mut(status, "conditions") {
        let kind = text(condition, "type");
        let Some(place) = known.iter().position(|(one, _)| *one == kind) else { continue };
        let (_, generation) = known.remove(place);
        if integer(condition, "observedGeneration").unwrap_or(0) == 0 {
            condition.insert("observedGeneration".to_owned(), generation.into());
        }
    }
}

/// A pod that only ephemeral containers are added to.
pub(super) fn update_ephemeral(pod: &mut Object, old: &Object) {
    let containers = at(pod, &["spec", "ephemeralContainers"]).cloned();
    keep_all_but_spec(pod, old);
    copy(pod, old, "spec");
    if let Some(spec) = map_or_new(pod, "spec") {
        match containers {
            Some(containers) => _ = spec.insert("ephemeralContainers".to_owned(), containers),
            None => _ = remove(spec, "ephemeralContainers"),
        }
    }
    generation::next(pod, old, &["spec"]);
}

/// A pod whose containers are given more or less. Containers that are not those of before stay as they
/// are, for the validation to refuse.
pub(super) fn update_resize(pod: &mut Object, old: &Object) {
    let empty = Object::new();
    let new = map(pod, "spec").unwrap_or(&empty);
    let before = map(old, "spec").unwrap_or(&empty);
    let lists = ["containers", "initContainers"];
    if lists.iter().all(|field| list(new, field).len() == list(before, field).len()) {
        let mut spec = before.clone();
        for field in lists {
            if let Some(containers) = resized(list(new, field), list(before, field)) {
                spec.insert(field.to_owned(), containers.into());
            }
        }
        keep_all_but_spec(pod, old);
        pod.insert("spec".to_owned(), spec.into());
    }
    generation::next(pod, old, &["spec"]);
}

fn resized(new: &[Value], old: &[Value]) -> Option<Vec<Value>> {
    if new.is_empty() {
        return None;
    }
    let pairs = || new.iter().zip(old).filter_map(|(n, o)| Some((n.as_object()?, o.as_object()?)));
    if pairs().count() != new.len() || pairs().any(|(n, o)| text(n, "name") != text(o, "name")) {
        return Some(new.to_vec());
    }
    let merged = pairs().map(|(new, old)| {
        let mut container = old.clone();
        copy(&mut container, new, "resources");
        copy(&mut container, new, "resizePolicy");
        Value::from(container)
    });
    Some(merged.collect())
}

/// Metadata and status are those of before, but for what tells who wrote and from which version.
fn keep_all_but_spec(pod: &mut Object, old: &Object) {
    copy(pod, old, "status");
    let Some(before) = map(old, "metadata") else { return };
    let Some(metadata) = map_or_new(pod, "metadata") else { return };
    for field in ["deletionTimestamp", "labels", "annotations", "finalizers", "ownerReferences"] {
        copy(metadata, before, field);
    }
}

/// Takes away what is behind features that are off in 1.35, unless it was there already.
pub(crate) fn drop_disabled(spec: &mut Object, old: Option<&Object>) {
    for field in ["workloadRef"] {
        if old.is_none_or(|old| !is_set(old, field)) {
            remove(spec, field);
        }
    }
    let had = |name: &str| {
        old.is_some_and(|old| {
            CONTAINER_LISTS.iter().any(|field| {
                maps(old, field)
                    .any(|(_, c)| map(c, "lifecycle").is_some_and(|life| is_set(life, name)))
            })
        })
    };
    let keeps_signal = had("stopSignal");
    for field in CONTAINER_LISTS {
        for container in maps_mut(spec, field) {
            if let Some(lifecycle) = map_mut(container, "lifecycle")
                && !keeps_signal
            {
                remove(lifecycle, "stopSignal");
            }
        }
    }
    let had_certificate = old.is_some_and(|old| {
        maps(old, "volumes").any(|(_, volume)| {
            map(volume, "projected").is_some_and(|projected| {
                maps(projected, "sources").any(|(_, source)| is_set(source, "podCertificate"))
            })
        })
    });
    if had_certificate {
        return;
    }
    for volume in maps_mut(spec, "volumes") {
        let Some(projected) = map_mut(volume, "projected") else { continue };
        for source in maps_mut(projected, "sources") {
            remove(source, "podCertificate");
        }
    }
}

/// Writes `matchLabelKeys` and `mismatchLabelKeys` of affinity terms into their selectors (KEP-3633).
fn affinity(spec: &mut Object, labels: &Object) {
    let Some(affinity) = map_mut(spec, "affinity") else { return };
    for side in ["podAffinity", "podAntiAffinity"] {
        let Some(side) = map_mut(affinity, side) else { continue };
        for term in maps_mut(side, "preferredDuringSchedulingIgnoredDuringExecution") {
            if let Some(term) = map_mut(term, "podAffinityTerm") {
                select(term, labels);
            }
        }
        for term in maps_mut(side, "requiredDuringSchedulingIgnoredDuringExecution") {
            select(term, labels);
        }
    }
}

/// The same for the constraints that spread pods.
fn spread(spec: &mut Object, labels: &Object) {
    for constraint in maps_mut(spec, "topologySpreadConstraints") {
        select(constraint, labels);
    }
}

fn select(term: &mut Object, labels: &Object) {
    let mut wanted = Vec::new();
    for (field, operator) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
        for key in texts(term, field) {
            if let Some(value) = labels.get(key) {
                wanted.push(json!({"key": key, "operator": operator, "values": [value]}));
            }
        }
    }
    if wanted.is_empty() {
        return;
    }
    let Some(selector) = map_mut(term, "labelSelector") else { return };
    let expressions = selector.entry("matchExpressions").or_insert_with(|| json!([]));
    match expressions {
        Value::Array(expressions) => expressions.extend(wanted),
        other => *other = wanted.into(),
    }
}

/// Writes profiles named by annotations into the field there is for them now (KEP-24).
fn app_armor(spec: &mut Object, annotations: &Object) {
    if map(spec, "os").is_some_and(|os| text(os, "name") == "windows") {
        return;
    }
    let own = at(spec, &["securityContext", "appArmorProfile"]).cloned();
    for field in CONTAINER_LISTS {
        for container in maps_mut(spec, field) {
            let key = format!("{APP_ARMOR}{}", text(container, "name"));
            let Some(named) = annotations.get(&key).and_then(Value::as_str) else { continue };
            if at(container, &["securityContext", "appArmorProfile"]).is_some() {
                continue;
            }
            let Some(profile) = profile_of(named) else { continue };
            if same(Some(&profile), own.as_ref()) {
                continue;
            }
            if let Some(context) = map_or_new(container, "securityContext") {
                context.insert("appArmorProfile".to_owned(), profile);
            }
        }
    }
}

/// The profile an annotation names, where the field could hold it.
pub(super) fn profile_of(named: &str) -> Option<Value> {
    let profile = match named {
        "unconfined" => json!({"type": "Unconfined"}),
        "runtime/default" => json!({"type": "RuntimeDefault"}),
        _ => {
            let name = named.strip_prefix("localhost/").filter(|name| !name.is_empty())?;
            json!({"type": "Localhost", "localhostProfile": name})
        }
    };
    security::is_app_armor_fine(&profile).then_some(profile)
}
