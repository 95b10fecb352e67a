//! What a pod refers to. Admission judges by it, and so does who says which node may read what.

use serde_json::Value;

use crate::Object;
use crate::fields::{maps, section, spec, text};

/// The lists of containers of a pod.
pub(crate) const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// The sources of volumes that name a secret in a reference, and the field of it.
const WITH_REFERENCE: [(&str, &str); 8] = [
    ("cephfs", "secretRef"),
    ("cinder", "secretRef"),
    ("csi", "nodePublishSecretRef"),
    ("flexVolume", "secretRef"),
    ("iscsi", "secretRef"),
    ("rbd", "secretRef"),
    ("scaleIO", "secretRef"),
    ("storageos", "secretRef"),
];

/// The containers of a pod, of all three lists.
fn containers(pod: &Object) -> impl Iterator<Item = &Object> {
    CONTAINERS.into_iter().flat_map(|list| maps(spec(pod), list))
}

/// The volumes of a pod.
pub(crate) fn volumes(pod: &Object) -> impl Iterator<Item = &Object> {
    maps(spec(pod), "volumes")
}

/// The sources of a projected volume.
pub(crate) fn projected(volume: &Object) -> impl Iterator<Item = &Object> {
    maps(section(volume, "projected"), "sources")
}

/// The map of a field, where there is one.
fn map<'a>(object: &'a Object, field: &str) -> Option<&'a Object> {
    object.get(field).and_then(Value::as_object)
}

/// What the environment of a container is taken from: `whole` is the reference to all of an object,
/// `single` that to one entry of it.
fn environment<'a>(
    container: &'a Object,
    whole: &'a str,
    single: &'a str,
) -> impl Iterator<Item = &'a str> {
    let all = maps(container, "envFrom").filter_map(move |from| map(from, whole));
    let one = maps(container, "env").filter_map(move |env| map(section(env, "valueFrom"), single));
    all.chain(one).map(|reference| text(reference, "name"))
}

/// The names of the secrets that a pod refers to, some more than once.
pub fn secrets(pod: &Object) -> impl Iterator<Item = &str> {
    let pull = maps(spec(pod), "imagePullSecrets").map(|reference| text(reference, "name"));
    let containers =
        containers(pod).flat_map(|container| environment(container, "secretRef", "secretKeyRef"));
    pull.chain(containers).chain(volumes(pod).flat_map(secrets_of_volume))
}

fn secrets_of_volume(volume: &Object) -> impl Iterator<Item = &str> {
    let named = ["azureFile", "secret"]
        .into_iter()
        .filter_map(|source| map(volume, source))
        .map(|source| text(source, "secretName"));
    let referred = WITH_REFERENCE
        .into_iter()
        .filter_map(|(source, field)| map(section(volume, source), field))
        .map(|reference| text(reference, "name"));
    let projected = projected(volume)
        .filter_map(|source| map(source, "secret"))
        .map(|source| text(source, "name"));
    named.chain(referred).chain(projected)
}

/// The names of the config maps that a pod refers to, some more than once.
pub fn config_maps(pod: &Object) -> impl Iterator<Item = &str> {
    let containers = containers(pod)
        .flat_map(|container| environment(container, "configMapRef", "configMapKeyRef"));
    let volumes = volumes(pod).flat_map(|volume| {
        let projected = projected(volume).filter_map(|source| map(source, "configMap"));
        map(volume, "configMap").into_iter().chain(projected).map(|source| text(source, "name"))
    });
    containers.chain(volumes)
}

/// The names of the claims for storage that a pod refers to. An ephemeral volume has one that is named
/// after the pod and the volume.
pub fn claims(pod: &Object) -> impl Iterator<Item = String> + '_ {
    let name = crate::fields::name(pod);
    volumes(pod).filter_map(move |volume| {
        if volume.get("ephemeral").is_some_and(Value::is_object) {
            return Some(format!("{name}-{}", text(volume, "name")));
        }
        Some(text(map(volume, "persistentVolumeClaim")?, "claimName").to_owned())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_a_pod_refers_to_is_found() {
        let pod = json!({"metadata": {"name": "p"}, "spec": {
            "imagePullSecrets": [{"name": "pull"}],
            "initContainers": [{"envFrom": [{"secretRef": {"name": "from"}}, {"configMapRef": {"name": "m1"}}]}],
            "containers": [{"env": [
                {"name": "A", "valueFrom": {"secretKeyRef": {"name": "key", "key": "k"}}},
                {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "m2"}}},
                {"name": "C", "valueFrom": {"fieldRef": {}}}, {"name": "D", "value": "x"}]}],
            "volumes": [
                {"name": "a", "secret": {"secretName": "volume"}},
                {"name": "b", "csi": {"nodePublishSecretRef": {"name": "csi"}}},
                {"name": "c", "rbd": {}},
                {"name": "d", "projected": {"sources": [
                    {"secret": {"name": "projected"}}, {"configMap": {"name": "m3"}}]}},
                {"name": "e", "configMap": {"name": "m4"}},
                {"name": "f", "persistentVolumeClaim": {"claimName": "claim"}},
                {"name": "g", "ephemeral": {}},
            ],
        }});
        let pod = pod.as_object().unwrap();
        let wanted = ["pull", "from", "key", "volume", "csi", "projected"];
        assert_eq!(secrets(pod).collect::<Vec<_>>(), wanted);
        assert_eq!(config_maps(pod).collect::<Vec<_>>(), ["m1", "m2", "m3", "m4"]);
        assert_eq!(claims(pod).collect::<Vec<_>>(), ["claim", "p-g"]);
    }
}
