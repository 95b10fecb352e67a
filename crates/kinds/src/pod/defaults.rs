//! What the API fills in where a pod, or a template of pods, says nothing.

use serde_json::Value;

use super::image::is_latest;
use super::quantity::{Quantity, round_list};
use super::resources::{aggregate, is_huge_pages, is_overcommit_allowed, is_pod_level};
use crate::Object;
use crate::value::{
    at, default_text, default_value, flag, integer, map, map_mut, map_or_new, maps, maps_mut, text,
};

/// Who may read a file of a mounted volume where nothing is said: 0644.
const FILE_MODE: i32 = 0o644;
/// How long a projected service-account token is good for, in seconds.
const TOKEN_SECONDS: i64 = 3600;
/// How long a pod may take to end, in seconds.
const GRACE_SECONDS: i64 = 30;

/// The three lists of containers of a pod.
pub(super) const CONTAINER_LISTS: [&str; 3] =
    ["initContainers", "containers", "ephemeralContainers"];

/// Fills in what only a pod has, not a template: requests from limits, service links, host ports.
/// [`template`] and [`spec`] come first.
pub(super) fn pod(pod: &mut Object) {
    if let Some(status) = map_mut(pod, "status") {
        addresses(status);
    }
    let Some(spec) = map_or_new(pod, "spec") else { return };
    self::spec(spec);
    for list in ["containers", "initContainers"] {
        for container in maps_mut(spec, list) {
            if let Some(resources) = map_mut(container, "resources") {
                requests_from_limits(resources);
            }
        }
    }
    pod_resources(spec);
    default_value(spec, "enableServiceLinks", true);
    if flag(spec, "hostNetwork") == Some(true) {
        for list in ["containers", "initContainers"] {
            for container in maps_mut(spec, list) {
                for port in maps_mut(container, "ports") {
                    host_port(port);
                }
            }
        }
    }
}

/// `podIP` is the first of `podIPs`; where they differ, the former is what the writer meant.
fn addresses(status: &mut Object) {
    let first = maps(status, "podIPs").next().map_or("", |(_, one)| text(one, "ip")).to_owned();
    let own = text(status, "podIP").to_owned();
    if own.is_empty() && !first.is_empty() {
        status.insert("podIP".to_owned(), first.into());
    } else if own != first {
        status.insert("podIPs".to_owned(), serde_json::json!([{"ip": own}]));
    }
}

/// Fills in a template of pods in a field of `object`. It stays absent where a pointer may be null.
pub(crate) fn template(object: &mut Object, field: &str) {
    if let Some(template) = map_mut(object, field)
        && let Some(spec) = map_or_new(template, "spec")
    {
        self::spec(spec);
    }
}

/// Fills in the spec of a pod or of a template.
pub(super) fn spec(spec: &mut Object) {
    for volume in maps_mut(spec, "volumes") {
        self::volume(volume);
    }
    for list in CONTAINER_LISTS {
        for container in maps_mut(spec, list) {
            self::container(container);
        }
    }
    default_text(spec, "restartPolicy", "Always");
    default_value(spec, "terminationGracePeriodSeconds", GRACE_SECONDS);
    default_text(spec, "dnsPolicy", "ClusterFirst");
    mirror_account(spec);
    default_value(spec, "securityContext", Object::new());
    default_text(spec, "schedulerName", "default-scheduler");
    round_list(spec, "overhead");
    if let Some(resources) = map_mut(spec, "resources") {
        round_list(resources, "limits");
        round_list(resources, "requests");
    }
}

/// `serviceAccount` is the old name of `serviceAccountName`; the API keeps both and they are the same.
fn mirror_account(spec: &mut Object) {
    let name = match text(spec, "serviceAccountName") {
        "" => text(spec, "serviceAccount"),
        name => name,
    }
    .to_owned();
    if !name.is_empty() {
        spec.insert("serviceAccountName".to_owned(), name.clone().into());
        spec.insert("serviceAccount".to_owned(), name.into());
    }
}

fn container(container: &mut Object) {
    let policy = if is_latest(text(container, "image")) { "Always" } else { "IfNotPresent" };
    for port in maps_mut(container, "ports") {
        default_text(port, "protocol", "TCP");
    }
    for env in maps_mut(container, "env") {
        if let Some(source) = map_mut(env, "valueFrom") {
            field_ref(source);
        }
    }
    default_value(container, "resources", Object::new());
    if let Some(resources) = map_mut(container, "resources") {
        round_list(resources, "limits");
        round_list(resources, "requests");
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = map_mut(container, name) {
            self::probe(probe);
        }
    }
    if let Some(lifecycle) = map_mut(container, "lifecycle") {
        for name in ["postStart", "preStop"] {
            if let Some(handler) = map_mut(lifecycle, name) {
                self::handler(handler);
            }
        }
    }
    default_text(container, "terminationMessagePath", "/dev/termination-log");
    default_text(container, "terminationMessagePolicy", "File");
    default_text(container, "imagePullPolicy", policy);
}

fn probe(probe: &mut Object) {
    handler(probe);
    for (field, value) in [
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ] {
        default_number(probe, field, value);
    }
}

fn handler(handler: &mut Object) {
    if let Some(get) = map_mut(handler, "httpGet") {
        default_text(get, "path", "/");
        default_text(get, "scheme", "HTTP");
    }
    if let Some(grpc) = map_mut(handler, "grpc") {
        default_value(grpc, "service", "");
    }
}

fn field_ref(source: &mut Object) {
    if let Some(field) = map_mut(source, "fieldRef") {
        default_text(field, "apiVersion", "v1");
    }
    if let Some(resource) = map_mut(source, "resourceFieldRef") {
        default_value(resource, "divisor", "0");
    }
    if let Some(file) = map_mut(source, "fileKeyRef") {
        default_value(file, "optional", false);
    }
}

fn volume(volume: &mut Object) {
    if volume.iter().all(|(field, value)| field == "name" || value.is_null()) {
        volume.insert("emptyDir".to_owned(), Object::new().into());
        return;
    }
    volume_source(volume);
    for (name, mode) in
        [("secret", FILE_MODE), ("configMap", FILE_MODE), ("downwardAPI", FILE_MODE)]
    {
        if let Some(source) = map_mut(volume, name) {
            default_value(source, "defaultMode", mode);
            for item in maps_mut(source, "items") {
                field_ref(item);
            }
        }
    }
    if let Some(projected) = map_mut(volume, "projected") {
        default_value(projected, "defaultMode", FILE_MODE);
        for source in maps_mut(projected, "sources") {
            projection(source);
        }
    }
    if let Some(image) = map_mut(volume, "image") {
        let latest = is_latest(text(image, "reference"));
        default_text(image, "pullPolicy", if latest { "Always" } else { "IfNotPresent" });
    }
    if let Some(template) =
        map_mut(volume, "ephemeral").and_then(|ephemeral| map_mut(ephemeral, "volumeClaimTemplate"))
        && let Some(spec) = map_mut(template, "spec")
    {
        default_value(spec, "volumeMode", "Filesystem");
    }
}

/// Fills in the sources that pods and persistent volumes share.
pub(crate) fn volume_source(source: &mut Object) {
    if let Some(path) = map_mut(source, "hostPath") {
        default_value(path, "type", "");
    }
    if let Some(iscsi) = map_mut(source, "iscsi") {
        default_text(iscsi, "iscsiInterface", "default");
    }
    if let Some(rbd) = map_mut(source, "rbd") {
        default_text(rbd, "pool", "rbd");
        default_text(rbd, "user", "admin");
        default_text(rbd, "keyring", "/etc/ceph/keyring");
    }
    if let Some(disk) = map_mut(source, "azureDisk") {
        default_value(disk, "cachingMode", "ReadWrite");
        default_value(disk, "fsType", "ext4");
        default_value(disk, "readOnly", false);
        default_value(disk, "kind", "Shared");
    }
    if let Some(scale_io) = map_mut(source, "scaleIO") {
        default_text(scale_io, "storageMode", "ThinProvisioned");
        default_text(scale_io, "fsType", "xfs");
    }
}

fn projection(source: &mut Object) {
    if let Some(token) = map_mut(source, "serviceAccountToken") {
        default_value(token, "expirationSeconds", TOKEN_SECONDS);
    }
    if let Some(downward) = map_mut(source, "downwardAPI") {
        for item in maps_mut(downward, "items") {
            field_ref(item);
        }
    }
}

fn host_port(port: &mut Object) {
    if integer(port, "hostPort").unwrap_or(0) == 0
        && let Some(number) = integer(port, "containerPort")
    {
        port.insert("hostPort".to_owned(), number.into());
    }
}

/// Where a limit is set and a request is not, the request is the limit.
fn requests_from_limits(resources: &mut Object) {
    let Some(limits) = map(resources, "limits").cloned() else { return };
    let Some(requests) = map_or_new(resources, "requests") else { return };
    for (name, amount) in limits {
        requests.entry(name).or_insert(amount);
    }
}

/// Fills in what the pod as a whole asks for, where it asks for something (KEP-2837).
fn pod_resources(spec: &mut Object) {
    let Some(own) = map(spec, "resources") else { return };
    let is_empty = |field| map(own, field).is_none_or(Object::is_empty);
    if is_empty("limits") && is_empty("requests") {
        return;
    }
    let limits = aggregate(spec, "limits");
    let requests = aggregate(spec, "requests");
    let Some(own) = map_mut(spec, "resources") else { return };
    let mut wanted: Vec<(String, Quantity)> = limits;
    wanted.retain(|(name, _)| {
        is_huge_pages(name)
            && at(own, &["requests", name]).is_none()
            && at(own, &["limits", name]).is_none()
    });
    insert_all(own, "limits", wanted);
    let Some(limits) = map(own, "limits").filter(|limits| !limits.is_empty()).cloned() else {
        return;
    };
    let mut wanted = requests;
    wanted.retain(|(name, _)| is_pod_level(name) && is_overcommit_allowed(name));
    insert_all(own, "requests", wanted);
    let Some(requests) = map_or_new(own, "requests") else { return };
    for (name, amount) in limits {
        if is_pod_level(&name) {
            requests.entry(name).or_insert(amount);
        }
    }
    if requests.is_empty() {
        crate::value::remove(own, "requests");
    }
}

fn insert_all(resources: &mut Object, field: &str, amounts: Vec<(String, Quantity)>) {
    if amounts.is_empty() {
        return;
    }
    let Some(list) = map_or_new(resources, field) else { return };
    for (name, amount) in amounts {
        list.entry(name).or_insert_with(|| amount.to_string().into());
    }
}

/// Fills in a number that is absent, null or zero.
fn default_number(object: &mut Object, field: &str, value: i64) {
    let is_zero = match object.get(field) {
        None | Some(Value::Null) => true,
        Some(number) => number.as_i64() == Some(0),
    };
    if is_zero {
        object.insert(field.to_owned(), value.into());
    }
}
