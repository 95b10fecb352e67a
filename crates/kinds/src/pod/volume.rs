//! What is wrong with volumes and the places they are mounted at.

use serde_json::Value;

use super::env::{object_field_faults, resource_field_faults};
use super::fault::{one_of, required, said};
use super::quantity::Quantity;
use super::source::{self, Holder};
use crate::path::Path;
use crate::value::{flag, integer, is_set, list, map, maps, text};
use crate::{ErrorType, FieldError, Object, label, name, storage};

/// Every sort of volume a pod may hold, in the order the API looks at them, and what the fault of
/// holding two is reported at: not always the field itself.
const SOURCES: [(&str, &str); 30] = [
    ("emptyDir", "emptyDir"),
    ("hostPath", "hostPath"),
    ("gitRepo", "gitRepo"),
    ("gcePersistentDisk", "gcePersistentDisk"),
    ("awsElasticBlockStore", "awsElasticBlockStore"),
    ("secret", "secret"),
    ("nfs", "nfs"),
    ("iscsi", "iscsi"),
    ("glusterfs", "glusterfs"),
    ("flocker", "flocker"),
    ("persistentVolumeClaim", "persistentVolumeClaim"),
    ("rbd", "rbd"),
    ("cinder", "cinder"),
    ("cephfs", "cephFS"),
    ("quobyte", "quobyte"),
    ("downwardAPI", "downwarAPI"),
    ("fc", "fc"),
    ("flexVolume", "flexVolume"),
    ("configMap", "configMap"),
    ("azureFile", "azureFile"),
    ("vsphereVolume", "vsphereVolume"),
    ("photonPersistentDisk", "photonPersistentDisk"),
    ("portworxVolume", "portworxVolume"),
    ("azureDisk", "azureDisk"),
    ("storageos", "storageos"),
    ("projected", "projected"),
    ("scaleIO", "scaleIO"),
    ("csi", "csi"),
    ("ephemeral", "ephemeral"),
    ("image", "image"),
];

/// The bits a file's mode may have.
const MODE_MAX: i64 = 0o777;
/// How short and long a projected token may be good for, in seconds.
const TOKEN_SECONDS_MIN: i64 = 600;
const TOKEN_SECONDS_MAX: i64 = 1 << 32;
/// The longest name and portal of an iSCSI volume together.
const ISCSI_NAME_MAX: usize = 64;

/// A volume whose source is sound.
pub(super) struct Volume<'a> {
    name: &'a str,
    source: &'a Object,
}

impl Volume<'_> {
    fn is_claim(&self) -> bool {
        is_set(self.source, "persistentVolumeClaim") || is_set(self.source, "ephemeral")
    }
}

/// Appends what is wrong with the volumes of a pod; gives those that are sound. `pod` is the pod's name,
/// absent in templates.
pub(super) fn volume_faults<'a>(
    spec: &'a Object,
    pod: Option<&str>,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) -> Vec<Volume<'a>> {
    let mut sound: Vec<Volume<'a>> = Vec::new();
    let made: Vec<String> = maps(spec, "volumes")
        .filter(|(_, volume)| is_set(volume, "ephemeral"))
        .filter_map(|(_, volume)| Some(format!("{}-{}", pod?, text(volume, "name"))))
        .collect();
    for (i, volume) in maps(spec, "volumes") {
        let path = path.index(i);
        let name = text(volume, "name");
        let before = faults.len();
        one_volume_faults(volume, name, pod, &path, faults);
        if name.is_empty() {
            faults.push(FieldError::required(path.field("name"), ""));
        } else {
            said(name::label_faults(name), name, path.field("name"), faults);
        }
        if sound.iter().any(|one| one.name == name) {
            faults.push(FieldError::duplicate(path.field("name"), name));
        }
        if faults.len() == before {
            sound.push(Volume { name, source: volume });
        }
        let claim = map(volume, "persistentVolumeClaim").map(|claim| text(claim, "claimName"));
        if let Some(claim) = claim.filter(|claim| made.iter().any(|one| one == claim)) {
            let path = path.field("persistentVolumeClaim");
            let text = "must not reference a PVC that gets created for an ephemeral volume";
            faults.push(FieldError::invalid(path.field("claimName"), claim, text));
        }
    }
    sound
}

fn one_volume_faults(
    volume: &Object,
    own_name: &str,
    pod: Option<&str>,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let mut found = false;
    for (field, second) in SOURCES {
        let Some(source) = map(volume, field) else { continue };
        if found {
            let text = "may not specify more than 1 volume type";
            faults.push(FieldError::forbidden(path.field(second), text));
            continue;
        }
        found = true;
        // The API reports a Google disk's faults at a name of its own.
        let place = if field == "gcePersistentDisk" { "persistentDisk" } else { field };
        let at = path.field(place);
        match field {
            "emptyDir" => {
                if Quantity::of(source, "sizeLimit").is_some_and(|limit| limit.nanos() < 0) {
                    let text = "SizeLimit field must be a valid resource quantity";
                    faults.push(FieldError::forbidden(at.field("sizeLimit"), text));
                }
            }
            "gitRepo" => source::git_faults(source, &at, faults),
            "secret" => keyed_faults(source, "secretName", &at, faults),
            "configMap" => keyed_faults(source, "name", &at, faults),
            "persistentVolumeClaim" => _ = required(source, "claimName", &at, faults),
            "downwardAPI" => downward_faults(source, &at, faults),
            "projected" => projected_faults(source, &at, faults),
            "ephemeral" => {
                ephemeral_faults(source, own_name, pod, path, faults);
            }
            "image" => image_faults(source, pod.is_some(), &at, faults),
            _ => _ = source::faults(field, source, Holder::Pod, &at, faults),
        }
        if field == "iscsi"
            && is_set(source, "initiatorName")
            && own_name.len() + 1 + text(source, "targetPortal").len() > ISCSI_NAME_MAX
        {
            let text = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 \
                        characters if iscsi.initiatorName is specified.";
            faults.push(FieldError::invalid(path.field("name"), own_name, text));
        }
    }
    if !found {
        faults.push(FieldError::required(path, "must specify a volume type"));
    }
}

fn mode_faults(object: &Object, field: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if let Some(mode) = integer(object, field).filter(|mode| !(0..=MODE_MAX).contains(mode)) {
        let text = "must be a number between 0 and 0777 (octal), both inclusive";
        faults.push(FieldError::invalid(path.field(field), mode, text));
    }
}

fn keyed_faults(source: &Object, name: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    required(source, name, path, faults);
    mode_faults(source, "defaultMode", path, faults);
    let items = path.field("items");
    for (i, item) in maps(source, "items") {
        item_faults(item, &items.index(i), faults);
    }
}

fn item_faults(item: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    required(item, "key", path, faults);
    let target = required(item, "path", path, faults);
    reserved_path_faults(target, &path.field("path"), faults);
    mode_faults(item, "mode", path, faults);
}

fn downward_faults(source: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    mode_faults(source, "defaultMode", path, faults);
    for (_, file) in maps(source, "items") {
        downward_file_faults(file, path, faults);
    }
}

fn downward_file_faults(file: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    const FIELDS: [&str; 5] = [
        "metadata.annotations",
        "metadata.labels",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
    ];
    let target = required(file, "path", path, faults);
    reserved_path_faults(target, &path.field("path"), faults);
    match (map(file, "fieldRef"), map(file, "resourceFieldRef")) {
        (Some(field), resource) => {
            object_field_faults(field, &FIELDS, &path.field("fieldRef"), faults);
            if resource.is_some() {
                let text = "fieldRef and resourceFieldRef can not be specified simultaneously";
                faults.push(FieldError::invalid(path, "resource", text));
            }
        }
        (None, Some(resource)) => {
            resource_field_faults(resource, true, &path.field("resourceFieldRef"), faults);
        }
        (None, None) => {
            let text = "one of fieldRef and resourceFieldRef is required";
            faults.push(FieldError::required(path, text));
        }
    }
    mode_faults(file, "mode", path, faults);
}

/// The paths a projected volume has handed out.
#[derive(Default)]
struct Taken<'a>(Vec<&'a str>);

impl<'a> Taken<'a> {
    fn take(&mut self, path: &'a str, shown: &str, at: &Path<'_>, faults: &mut Vec<FieldError>) {
        if self.0.contains(&path) {
            faults.push(FieldError::invalid(at, shown, "conflicting duplicate paths"));
        } else {
            self.0.push(path);
        }
    }
}

fn projected_faults(projected: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    mode_faults(projected, "defaultMode", path, faults);
    let mut taken = Taken::default();
    let sources = path.field("sources");
    for (i, source) in maps(projected, "sources") {
        let at = sources.index(i);
        let mut count = 0;
        for field in ["secret", "configMap"] {
            let Some(keyed) = map(source, field) else { continue };
            count += 1;
            let at = at.field(field);
            let name = required(keyed, "name", &at, faults);
            let items = at.field("items");
            for (i, item) in maps(keyed, "items") {
                item_faults(item, &items.index(i), faults);
                let target = text(item, "path");
                if !target.is_empty() {
                    taken.take(target, name, path, faults);
                }
            }
        }
        if let Some(downward) = map(source, "downwardAPI") {
            count += 1;
            for (_, file) in maps(downward, "items") {
                downward_file_faults(file, &at.field("downwardAPI"), faults);
                let target = text(file, "path");
                if !target.is_empty() {
                    taken.take(target, target, path, faults);
                }
            }
        }
        if let Some(token) = map(source, "serviceAccountToken") {
            count += 1;
            token_faults(token, path, &at.field("serviceAccountToken"), faults);
        }
        if let Some(bundle) = map(source, "clusterTrustBundle") {
            count += 1;
            let at = at.field("clusterTrustBundle");
            bundle_faults(bundle, &at, faults);
            let target = required(bundle, "path", &at, faults);
            reserved_path_faults(target, &at.field("path"), faults);
            taken.take(target, target, path, faults);
        }
        if count > 1 {
            let text = "may not specify more than 1 volume type per source";
            faults.push(FieldError::forbidden(at, text));
        }
    }
}

fn token_faults(token: &Object, volume: &Path<'_>, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let seconds = integer(token, "expirationSeconds").unwrap_or(0);
    let field = path.field("expirationSeconds");
    if seconds < TOKEN_SECONDS_MIN {
        let text = "may not specify a duration less than 10 minutes";
        faults.push(FieldError::invalid(field, seconds, text));
    }
    if seconds > TOKEN_SECONDS_MAX {
        let text = "may not specify a duration larger than 2^32 seconds";
        faults.push(FieldError::invalid(field, seconds, text));
    }
    let target = required(token, "path", volume, faults);
    reserved_path_faults(target, &volume.field("path"), faults);
}

fn bundle_faults(bundle: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let named = bundle.get("name").and_then(Value::as_str);
    let signer = bundle.get("signerName").and_then(Value::as_str);
    let selector = map(bundle, "labelSelector");
    match (named, signer) {
        (Some(_), Some(_)) => {
            let text = "only one of name and signerName may be used";
            faults.push(FieldError::invalid(path, Value::from(bundle.clone()), text));
        }
        (Some(name), None) => {
            let at = path.field("name");
            if name.is_empty() {
                faults.push(FieldError::required(at, "must be a valid object name"));
            }
            // The part before the last colon is the signer's name, its slashes as colons.
            let own = name.rsplit_once(':').map_or(name, |(_, own)| own);
            for text in name::subdomain_faults(own) {
                let text = format!("not a valid clustertrustbundlename: {text}");
                faults.push(FieldError::invalid(at, name, text));
            }
            if let Some(selector) = selector {
                let text = "labelSelector must be unset if name is specified";
                let at = path.field("labelSelector");
                faults.push(FieldError::invalid(at, Value::from(selector.clone()), text));
            }
        }
        (None, Some(signer)) => {
            if signer.is_empty() {
                let at = path.field("signerName");
                faults.push(FieldError::required(at, "must be a valid signer name"));
            }
            if let Some(selector) = selector {
                label::selector_faults(selector, &path.field("labelSelector"), faults);
            }
        }
        (None, None) => {
            faults.push(FieldError::required(path, "either name or signerName must be specified"));
        }
    }
}

fn ephemeral_faults(
    source: &Object,
    own_name: &str,
    pod: Option<&str>,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let at = path.field("ephemeral");
    let at = at.field("volumeClaimTemplate");
    match map(source, "volumeClaimTemplate") {
        Some(template) => storage::claim_template_faults(template, &at, faults),
        None => faults.push(FieldError::required(at, "")),
    }
    let Some(pod) = pod.filter(|pod| !pod.is_empty() && !own_name.is_empty()) else { return };
    let claim = format!("{pod}-{own_name}");
    for text in name::subdomain_faults(&claim) {
        let text = format!("PVC name {}: {text}", crate::go_text::quoted(&claim));
        faults.push(FieldError::invalid(path.field("name"), own_name, text));
    }
}

fn image_faults(source: &Object, is_pod: bool, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if is_pod {
        required(source, "reference", path, faults);
    }
    super::container::pull_policy_faults(source, "pullPolicy", path, faults);
}

/// What is wrong with where a container sees volumes as files.
pub(super) fn mount_faults(
    container: &Object,
    volumes: &[Volume<'_>],
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let is_privileged = map(container, "securityContext")
        .is_some_and(|context| flag(context, "privileged") == Some(true));
    let mut places: Vec<&str> = Vec::new();
    for (i, mount) in maps(container, "volumeMounts") {
        let at = path.index(i);
        let name = required(mount, "name", &at, faults);
        if !volumes.iter().any(|volume| volume.name == name) {
            let path = at.field("name");
            faults.push(FieldError::of(ErrorType::NotFound, path, name, ""));
        }
        let place = required(mount, "mountPath", &at, faults);
        if places.contains(&place) {
            faults.push(FieldError::invalid(at.field("mountPath"), place, "must be unique"));
        }
        places.push(place);
        let devices = || maps(container, "volumeDevices").map(|(_, device)| device);
        if devices().any(|device| text(device, "name") == name) {
            let text = "must not already exist in volumeDevices";
            faults.push(FieldError::invalid(at.field("name"), name, text));
        }
        if devices().any(|device| text(device, "devicePath") == place) {
            let text = "must not already exist as a path in volumeDevices";
            faults.push(FieldError::invalid(at.field("mountPath"), place, text));
        }
        // These are reported at the list, as the API does.
        let sub_path = text(mount, "subPath");
        if !sub_path.is_empty() {
            descending_path_faults(sub_path, &path.field("subPath"), faults);
        }
        let expression = text(mount, "subPathExpr");
        if !expression.is_empty() {
            if !sub_path.is_empty() {
                let text = "subPathExpr and subPath are mutually exclusive";
                faults.push(FieldError::invalid(at.field("subPathExpr"), expression, text));
            }
            descending_path_faults(expression, &path.field("subPathExpr"), faults);
        }
        propagation_faults(mount, is_privileged, path, faults);
    }
}

fn propagation_faults(
    mount: &Object,
    is_privileged: bool,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    const KINDS: [&str; 3] = ["Bidirectional", "HostToContainer", "None"];
    let propagation = mount.get("mountPropagation").and_then(Value::as_str);
    one_of(mount, "mountPropagation", &KINDS, path, faults);
    if propagation == Some("Bidirectional") && !is_privileged {
        let text = "Bidirectional mount propagation is available only to privileged containers";
        faults.push(FieldError::forbidden(path.field("mountPropagation"), text));
    }
    let at = path.field("recursiveReadOnly");
    match mount.get("recursiveReadOnly").and_then(Value::as_str) {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if flag(mount, "readOnly") != Some(true) {
                let text = "may only be specified when readOnly is true";
                faults.push(FieldError::forbidden(at, text));
            }
            if propagation.is_some_and(|kind| kind != "None") {
                let text = "may only be specified when mountPropagation is None or not specified";
                faults.push(FieldError::forbidden(at, text));
            }
        }
        Some(other) => {
            let words = ["Disabled", "Enabled", "IfPossible"];
            faults.push(FieldError::unsupported(at, other, &words));
        }
    }
}

/// What is wrong with where a container sees volumes as devices.
pub(super) fn device_faults(
    container: &Object,
    volumes: &[Volume<'_>],
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let (mut names, mut places): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for (i, device) in maps(container, "volumeDevices") {
        let at = path.index(i);
        let name = required(device, "name", &at, faults);
        let name_path = at.field("name");
        if names.contains(&name) {
            faults.push(FieldError::invalid(name_path, name, "must be unique"));
        }
        match volumes.iter().find(|volume| volume.name == name) {
            Some(volume) if !volume.is_claim() => {
                let text = "can only use volume source type of PersistentVolumeClaim or Ephemeral \
                            for block mode";
                faults.push(FieldError::invalid(name_path, name, text));
            }
            Some(_) => {}
            None => faults.push(FieldError::of(ErrorType::NotFound, name_path, name, "")),
        }
        let place = required(device, "devicePath", &at, faults);
        let place_path = at.field("devicePath");
        if places.contains(&place) {
            faults.push(FieldError::invalid(place_path, place, "must be unique"));
        }
        if place.split('/').any(|part| part == "..") {
            let text = "can not contain backsteps ('..')";
            faults.push(FieldError::invalid(place_path, place, text));
        } else {
            places.push(place);
        }
        let mounts = || maps(container, "volumeMounts").map(|(_, mount)| mount);
        if mounts().any(|mount| text(mount, "name") == name) {
            let text = "must not already exist in volumeMounts";
            faults.push(FieldError::invalid(name_path, name, text));
        }
        if mounts().any(|mount| text(mount, "mountPath") == place) {
            let text = "must not already exist as a path in volumeMounts";
            faults.push(FieldError::invalid(place_path, place, text));
        }
        if !name.is_empty() {
            names.push(name);
        }
    }
}

/// What is wrong with a path that must lie below a folder.
pub(super) fn descending_path_faults(target: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if target.starts_with('/') {
        faults.push(FieldError::invalid(path, target, "must be a relative path"));
    }
    no_backsteps_faults(target, path, faults);
}

/// What is wrong with a path that must not climb.
pub(super) fn no_backsteps_faults(target: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if target.split('/').any(|part| part == "..") {
        faults.push(FieldError::invalid(path, target, "must not contain '..'"));
    }
}

/// What is wrong with a path below a folder in which names that begin with `..` are the API's own.
fn reserved_path_faults(target: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    descending_path_faults(target, path, faults);
    if target.starts_with("..") && !target.starts_with("../") {
        faults.push(FieldError::invalid(path, target, "must not start with '..'"));
    }
}

/// Environment variables read from files find them in a volume that is an empty directory.
pub(super) fn file_key_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for (field, i, container) in super::spec::containers_of(spec) {
        let at = path.field(field);
        let at = at.index(i);
        let envs = at.field("env");
        for (j, env) in maps(container, "env") {
            let file = map(env, "valueFrom").and_then(|from| map(from, "fileKeyRef"));
            let Some(wanted) = file.map(|file| text(file, "volumeName")) else { continue };
            let at = envs.index(j);
            let at = at.field("valueFrom.fileKeyRef.volumeName");
            // The last of several volumes of one name counts, as in the API.
            let volumes = list(spec, "volumes").iter().rev().filter_map(Value::as_object);
            match volumes.into_iter().find(|volume| text(volume, "name") == wanted) {
                None => faults.push(FieldError::of(ErrorType::NotFound, at, wanted, "")),
                Some(volume) if !is_set(volume, "emptyDir") => {
                    let text = "referenced volume must be of type emptyDir";
                    faults.push(FieldError::invalid(at, wanted, text));
                }
                Some(_) => {}
            }
        }
    }
}

/// A token is for a service account, which the pod must then name.
pub(super) fn account_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let volumes = path.field("volumes");
    for (i, volume) in maps(spec, "volumes") {
        let Some(projected) = map(volume, "projected") else { continue };
        let at = volumes.index(i);
        let sources = at.field("projected.sources");
        for (j, source) in maps(projected, "sources") {
            if is_set(source, "serviceAccountToken") {
                let at = sources.index(j);
                let text = "must not be specified when serviceAccountName is not set";
                faults.push(FieldError::forbidden(at.field("serviceAccountToken"), text));
            }
        }
    }
}
