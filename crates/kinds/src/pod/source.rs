//! What is wrong with a source of a volume: those that pods and persistent volumes share.

use serde_json::Value;

use super::fault::{one_of, required, required_list, required_name, said};
use super::volume::{descending_path_faults, no_backsteps_faults};
use crate::path::Path;
use crate::value::{flag, integer, is_set, list, map, text};
use crate::{FieldError, Object, ip, name};

/// The longest name of a CSI driver.
const DRIVER_MAX: usize = 63;
/// The highest number of a partition and of a logical unit.
const UNIT_MAX: i64 = 255;
/// The longest tenant of Quobyte: a UUID and then some.
const TENANT_MAX: usize = 64;

/// Which sort of volume holds a source: persistent ones may point into other namespaces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    Pod,
    Persistent,
}

/// Appends what is wrong with the source in a field; true where the field is one of those known here.
pub(crate) fn faults(
    field: &str,
    source: &Object,
    holder: Holder,
    path: &Path<'_>,
    found: &mut Vec<FieldError>,
) -> bool {
    let wanted: &[&str] = match field {
        "hostPath" => return host_path(source, path, found),
        "nfs" => return nfs(source, path, found),
        "iscsi" => return iscsi(source, holder, path, found),
        "csi" => return csi(source, holder, path, found),
        "fc" => return fibre_channel(source, path, found),
        "flexVolume" => return flex(source, path, found),
        "azureDisk" => return azure_disk(source, path, found),
        "azureFile" => return azure_file(source, holder, path, found),
        "cinder" | "storageos" => return with_secret(field, source, holder, path, found),
        "flocker" => return flocker(source, path, found),
        "glusterfs" => return glusterfs(source, holder, path, found),
        "quobyte" => return quobyte(source, path, found),
        "gcePersistentDisk" => return partition("pdName", source, path, found),
        "awsElasticBlockStore" => return partition("volumeID", source, path, found),
        "local" => {
            let target = required(source, "path", path, found);
            no_backsteps_faults(target, &path.field("path"), found);
            return true;
        }
        "rbd" => {
            required_list(source, "monitors", path, found);
            &["image"]
        }
        "cephfs" => {
            required_list(source, "monitors", path, found);
            &[]
        }
        "vsphereVolume" => &["volumePath"],
        "photonPersistentDisk" => &["pdID"],
        "portworxVolume" => &["volumeID"],
        "scaleIO" => &["gateway", "system", "volumeName"],
        _ => return false,
    };
    for field in wanted {
        required(source, field, path, found);
    }
    true
}

fn host_path(source: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) -> bool {
    const KINDS: [&str; 8] = [
        "",
        "BlockDevice",
        "CharDevice",
        "Directory",
        "DirectoryOrCreate",
        "File",
        "FileOrCreate",
        "Socket",
    ];
    let target = required(source, "path", path, faults);
    if !target.is_empty() {
        no_backsteps_faults(target, &path.field("path"), faults);
        one_of(source, "type", &KINDS, path, faults);
    }
    true
}

fn nfs(source: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) -> bool {
    required(source, "server", path, faults);
    let target = required(source, "path", path, faults);
    if !target.starts_with('/') {
        faults.push(FieldError::invalid(path.field("path"), target, "must be an absolute path"));
    }
    true
}

fn partition(name: &str, source: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) -> bool {
    required(source, name, path, faults);
    let partition = integer(source, "partition").unwrap_or(0);
    if !(0..=UNIT_MAX).contains(&partition) {
        let text = "must be between 1 and 255, inclusive";
        faults.push(FieldError::invalid(path.field("partition"), partition, text));
    }
    true
}

fn iscsi(source: &Object, holder: Holder, path: &Path<'_>, faults: &mut Vec<FieldError>) -> bool {
    let start = match holder {
        Holder::Pod => "must be valid format starting with iqn, eui, or naa",
        Holder::Persistent => "must be valid format",
    };
    let check = |name: &str, field: &str, faults: &mut Vec<FieldError>| {
        let fault = match name.get(..3) {
            Some("iqn") if is_iqn(name) => return,
            Some("eui") if has_letters_after(name, 16) => return,
            Some("naa") if has_letters_after(name, 32) => return,
            Some("iqn" | "eui" | "naa") => "must be valid format",
            _ => start,
        };
        faults.push(FieldError::invalid(path.field(field), name, fault));
    };
    required(source, "targetPortal", path, faults);
    let target = required(source, "iqn", path, faults);
    if !target.is_empty() {
        check(target, "iqn", faults);
    }
    super::fault::within(source, "lun", (0, UNIT_MAX), path, faults);
    let needs_secret = ["chapAuthDiscovery", "chapAuthSession"]
        .iter()
        .any(|field| flag(source, field) == Some(true));
    let secret = map(source, "secretRef");
    if needs_secret && secret.is_none() {
        faults.push(FieldError::required(path.field("secretRef"), ""));
    }
    if let Some(secret) = secret.filter(|_| holder == Holder::Persistent) {
        required(secret, "name", &path.field("secretRef"), faults);
    }
    if let Some(initiator) = source.get("initiatorName").and_then(Value::as_str) {
        check(initiator, "initiatorname", faults);
    }
    true
}

/// `iqn.YYYY-MM.domain:unit` (RFC 3720).
fn is_iqn(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("iqn.") else { return false };
    let Some((date, rest)) = rest.split_at_checked(7) else { return false };
    let is_date = date.bytes().enumerate().all(|(i, byte)| match i {
        4 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let Some((domain, unit)) = rest.strip_prefix('.').and_then(|rest| rest.split_once(':')) else {
        return false;
    };
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    is_date
        && !domain.is_empty()
        && domain.bytes().all(is_letter)
        && !unit.is_empty()
        && !unit.contains([',', ';', '*', '&', '$', '|', ' ', '\t', '\n', '\r', '\u{c}'])
}

/// Three letters, one more and so many letters and digits.
fn has_letters_after(name: &str, count: usize) -> bool {
    name.len() == 4 + count
        && name.get(4..).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn csi(source: &Object, holder: Holder, path: &Path<'_>, faults: &mut Vec<FieldError>) -> bool {
    driver_faults(text(source, "driver"), path.field("driver"), faults);
    if holder == Holder::Pod {
        if let Some(secret) = map(source, "nodePublishSecretRef") {
            match text(secret, "name") {
                "" => {
                    let path = path.field("nodePublishSecretRef");
                    faults.push(FieldError::required(path.field("name"), ""));
                }
                found => said(name::subdomain_faults(found), found, path.field("name"), faults),
            }
        }
        return true;
    }
    required(source, "volumeHandle", path, faults);
    for field in [
        "controllerPublishSecretRef",
        "controllerExpandSecretRef",
        "nodePublishSecretRef",
        "nodeExpandSecretRef",
    ] {
        if let Some(secret) = map(source, field) {
            let path = path.field(field);
            required_name(secret, "name", name::subdomain_faults, &path, faults);
            required_name(secret, "namespace", name::label_faults, &path, faults);
        }
    }
    true
}

/// What is wrong with the name of a CSI driver.
pub(crate) fn driver_faults(driver: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    if driver.is_empty() {
        faults.push(FieldError::required(path, ""));
        return;
    }
    if driver.len() > DRIVER_MAX {
        faults.push(FieldError::too_long(path, DRIVER_MAX));
    }
    said(name::subdomain_faults(&driver.to_lowercase()), driver, path, faults);
}

fn fibre_channel(source: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) -> bool {
    let names = path.field("targetWWNs");
    let (has_names, has_ids) =
        (!list(source, "targetWWNs").is_empty(), !list(source, "wwids").is_empty());
    if !has_names && !has_ids {
        let text = "must specify either targetWWNs or wwids, but not both";
        faults.push(FieldError::required(names, text));
    }
    if has_names && has_ids {
        let shown = source.get("targetWWNs").cloned().unwrap_or_default();
        let text = "targetWWNs and wwids can not be specified simultaneously";
        faults.push(FieldError::invalid(names, shown, text));
    }
    if has_names {
        if is_set(source, "lun") {
            super::fault::within(source, "lun", (0, UNIT_MAX), path, faults);
        } else {
            let text = "lun is required if targetWWNs is specified";
            faults.push(FieldError::required(path.field("lun"), text));
        }
    }
    true
}

fn flex(source: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) -> bool {
    required(source, "driver", path, faults);
    let options = path.field("options");
    for key in map(source, "options").into_iter().flatten().map(|(key, _)| key) {
        let domain = key.split_once('/').map_or(key.as_str(), |(domain, _)| domain);
        let domain = format!(".{}", domain.to_lowercase());
        if domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io") {
            let text = "kubernetes.io and k8s.io namespaces are reserved";
            faults.push(FieldError::invalid(options.key(key), key.as_str(), text));
        }
    }
    true
}

fn azure_disk(source: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) -> bool {
    const MANAGED: &str = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/\
                           microsoft.compute/disks/{disk-id}";
    const BLOB: &str =
        "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
    required(source, "diskName", path, faults);
    let place = required(source, "diskURI", path, faults);
    one_of(source, "cachingMode", &["None", "ReadOnly", "ReadWrite"], path, faults);
    one_of(source, "kind", &["Dedicated", "Managed", "Shared"], path, faults);
    let wanted = match source.get("kind").and_then(Value::as_str) {
        Some("Managed") if !place.starts_with("/subscriptions/") => MANAGED,
        Some(kind) if kind != "Managed" && !place.starts_with("https://") => BLOB,
        _ => return true,
    };
    faults.push(FieldError::unsupported(path.field("diskURI"), place, &[wanted]));
    true
}

fn azure_file(
    source: &Object,
    holder: Holder,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) -> bool {
    required(source, "secretName", path, faults);
    required(source, "shareName", path, faults);
    if holder == Holder::Persistent && is_set(source, "secretNamespace") {
        required(source, "secretNamespace", path, faults);
    }
    true
}

fn with_secret(
    field: &str,
    source: &Object,
    holder: Holder,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) -> bool {
    if field == "cinder" {
        required(source, "volumeID", path, faults);
    } else {
        required_name(source, "volumeName", name::label_faults, path, faults);
        let space = text(source, "volumeNamespace");
        if !space.is_empty() {
            said(name::label_faults(space), space, path.field("volumeNamespace"), faults);
        }
    }
    if let Some(secret) = map(source, "secretRef") {
        let path = path.field("secretRef");
        required(secret, "name", &path, faults);
        if holder == Holder::Persistent {
            required(secret, "namespace", &path, faults);
        }
    }
    true
}

fn flocker(source: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) -> bool {
    let (name, id) = (text(source, "datasetName"), text(source, "datasetUUID"));
    if name.is_empty() && id.is_empty() {
        let text = "one of datasetName and datasetUUID is required";
        faults.push(FieldError::required(path, text));
    }
    if !name.is_empty() && !id.is_empty() {
        let text = "datasetName and datasetUUID can not be specified simultaneously";
        faults.push(FieldError::invalid(path, "resource", text));
    }
    if name.contains('/') {
        let path = path.field("datasetName");
        faults.push(FieldError::invalid(path, name, "must not contain '/'"));
    }
    true
}

fn glusterfs(
    source: &Object,
    holder: Holder,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) -> bool {
    required(source, "endpoints", path, faults);
    required(source, "path", path, faults);
    let space = source.get("endpointsNamespace").and_then(Value::as_str);
    if let Some(space) = space.filter(|_| holder == Holder::Persistent) {
        let path = path.field("endpointsNamespace");
        if space.is_empty() {
            let text = "if the endpointnamespace is set, it must be a valid namespace name";
            faults.push(FieldError::invalid(path, space, text));
        } else {
            said(name::label_faults(space), space, path, faults);
        }
    }
    true
}

fn quobyte(source: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) -> bool {
    const PAIRS: &str = "must be a host:port pair or multiple pairs separated by commas";
    let registry = text(source, "registry");
    if registry.is_empty() {
        faults.push(FieldError::required(path.field("registry"), PAIRS));
    } else if text(source, "tenant").len() > TENANT_MAX {
        let text = "must be a UUID and may not exceed a length of 64 characters";
        faults.push(FieldError::required(path.field("tenant"), text));
    } else {
        for _ in registry.split(',').filter(|pair| !is_host_port(pair)) {
            faults.push(FieldError::invalid(path.field("registry"), registry, PAIRS));
        }
    }
    required(source, "volume", path, faults);
    true
}

fn is_host_port(pair: &str) -> bool {
    match pair.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        Some((host, port)) => ip::parse_ip(host).is_some() && !port.contains([':', '[', ']']),
        None => pair.split(':').count() == 2 && !pair.contains(['[', ']']),
    }
}

/// What is wrong with a Git repository as a volume, which only pods can hold.
pub(super) fn git_faults(source: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    required(source, "repository", path, faults);
    descending_path_faults(text(source, "directory"), &path.field("directory"), faults);
}
