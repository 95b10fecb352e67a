//! What is wrong with the environment of a container.

use super::fault::{required, said};
use super::quantity::Quantity;
use super::volume::no_backsteps_faults;
use crate::path::Path;
use crate::value::{map, maps, text};
use crate::{FieldError, Object, name};

/// The fields of a pod that its environment may hold, sorted.
const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// The resources of a container that can be read, sorted.
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// The units amounts of bytes can be shown in.
const BYTE_UNITS: [&str; 13] =
    ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// What is wrong with the name of a variable.
fn name_faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !name.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=') {
        faults.push(
            "a valid environment variable name must consist only of printable ASCII characters \
             other than '='"
                .to_owned(),
        );
    }
    faults
}

/// What is wrong with the variables of a container.
pub(super) fn env_faults(container: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let envs = path.field("env");
    for (i, env) in maps(container, "env") {
        let at = envs.index(i);
        let name = required(env, "name", &at, faults);
        if !name.is_empty() {
            said(name_faults(name), name, at.field("name"), faults);
        }
        if let Some(source) = map(env, "valueFrom") {
            source_faults(source, text(env, "value"), &at.field("valueFrom"), faults);
        }
    }
    let froms = path.field("envFrom");
    for (i, from) in maps(container, "envFrom") {
        let at = froms.index(i);
        let prefix = text(from, "prefix");
        if !prefix.is_empty() {
            said(name_faults(prefix), prefix, at.field("prefix"), faults);
        }
        let mut count = 0;
        for field in ["configMapRef", "secretRef"] {
            let Some(source) = map(from, field) else { continue };
            count += 1;
            let at = at.field(field);
            let name = required(source, "name", &at, faults);
            if !name.is_empty() {
                said(name::subdomain_faults(name), name, at.field("name"), faults);
            }
        }
        let fault = match count {
            0 => "must specify one of: `configMapRef` or `secretRef`",
            1 => continue,
            _ => "may not have more than one field specified at a time",
        };
        faults.push(FieldError::invalid(froms, "", fault));
    }
}

fn source_faults(source: &Object, value: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let mut count = 0;
    if let Some(field) = map(source, "fieldRef") {
        count += 1;
        object_field_faults(field, &FIELDS, &path.field("fieldRef"), faults);
    }
    if let Some(resource) = map(source, "resourceFieldRef") {
        count += 1;
        resource_field_faults(resource, false, &path.field("resourceFieldRef"), faults);
    }
    for field in ["configMapKeyRef", "secretKeyRef"] {
        let Some(reference) = map(source, field) else { continue };
        count += 1;
        let at = path.field(field);
        let name = text(reference, "name");
        said(name::subdomain_faults(name), name, at.field("name"), faults);
        let key = required(reference, "key", &at, faults);
        if !key.is_empty() {
            said(name::config_key_faults(key), key, at.field("key"), faults);
        }
    }
    if let Some(file) = map(source, "fileKeyRef") {
        count += 1;
        file_faults(file, &path.field("fileKeyRef"), faults);
    }
    let fault = if count == 0 {
        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or \
         `fileKeyRef`"
    } else if !value.is_empty() {
        "may not be specified when `value` is not empty"
    } else if count > 1 {
        "may not have more than one field specified at a time"
    } else {
        return;
    };
    faults.push(FieldError::invalid(path, "", fault));
}

fn file_faults(file: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let key = required(file, "key", path, faults);
    if !key.is_empty() {
        said(name_faults(key), key, path.field("key"), faults);
    }
    let volume = required(file, "volumeName", path, faults);
    if !volume.is_empty() {
        said(name::label_faults(volume), volume, path.field("volumeName"), faults);
    }
    let target = required(file, "path", path, faults);
    if !target.is_empty() {
        no_backsteps_faults(target, &path.field("path"), faults);
    }
}

/// `a['b']` in its two parts.
fn subscripted(field: &str) -> Option<(&str, &str)> {
    field.strip_suffix("']")?.split_once("['").filter(|(path, _)| !path.is_empty())
}

/// What is wrong with naming a field of the pod.
pub(super) fn object_field_faults(
    reference: &Object,
    allowed: &[&str],
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let version = required(reference, "apiVersion", path, faults);
    if version.is_empty() {
        return;
    }
    let wanted = required(reference, "fieldPath", path, faults);
    if wanted.is_empty() {
        return;
    }
    let at = path.field("fieldPath");
    let mut refuse = |text: String| {
        let text = format!("error converting fieldPath: {text}");
        faults.push(FieldError::invalid(at, wanted, text));
    };
    if version != "v1" {
        refuse(format!("unsupported pod version: {version}"));
        return;
    }
    if let Some((field, key)) = subscripted(wanted) {
        match field {
            "metadata.annotations" => {
                let key = key.to_lowercase();
                said(name::qualified_faults(&key), &key, *path, faults);
            }
            "metadata.labels" => said(name::qualified_faults(key), key, *path, faults),
            _ => refuse(format!("field label does not support subscript: {wanted}")),
        }
        return;
    }
    let wanted = match wanted {
        "metadata.annotations"
        | "metadata.labels"
        | "spec.restartPolicy"
        | "spec.schedulerName"
        | "status.phase" => wanted,
        // What clients of old said for the same.
        "spec.host" => "spec.nodeName",
        known if FIELDS.contains(&known) => known,
        _ => {
            refuse(format!("field label not supported: {wanted}"));
            return;
        }
    };
    if !allowed.contains(&wanted) {
        faults.push(FieldError::unsupported(at, wanted, allowed));
    }
}

/// What is wrong with naming an amount a container has.
pub(super) fn resource_field_faults(
    reference: &Object,
    in_volume: bool,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let resource = text(reference, "resource");
    let is_huge = ["requests.hugepages-", "limits.hugepages-"]
        .iter()
        .any(|prefix| resource.starts_with(prefix));
    if in_volume && text(reference, "containerName").is_empty() {
        faults.push(FieldError::required(path.field("containerName"), ""));
    } else if resource.is_empty() {
        faults.push(FieldError::required(path.field("resource"), ""));
    } else if !RESOURCES.contains(&resource) && !is_huge {
        faults.push(FieldError::unsupported(path.field("resource"), resource, &RESOURCES));
    }
    let divisor = Quantity::of(reference, "divisor").filter(|divisor| divisor.nanos() != 0);
    let Some(divisor) = divisor.map(|divisor| divisor.to_string()) else { return };
    let bytes_of = match resource {
        "limits.cpu" | "requests.cpu" => {
            if !matches!(divisor.as_str(), "1" | "1m") {
                let text = "only divisor's values 1m and 1 are supported with the cpu resource";
                faults.push(FieldError::invalid(path.field("divisor"), resource, text));
            }
            return;
        }
        "limits.memory" | "requests.memory" => "memory",
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => "local ephemeral storage",
        _ if is_huge => "hugepages",
        _ => return,
    };
    if !BYTE_UNITS.contains(&divisor.as_str()) {
        let text = format!(
            "only divisor's values {} are supported with the {bytes_of} resource",
            BYTE_UNITS.join(", ")
        );
        faults.push(FieldError::invalid(path.field("divisor"), resource, text));
    }
}
