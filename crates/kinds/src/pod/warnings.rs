//! What the API accepts of a pod and yet warns of.

use serde_json::Value;

use super::spec::{containers_of, quoted};
use super::{resources, scheduling, security};
use crate::path::Path;
use crate::value::{at, integer, is_set, map, maps, text, texts};
use crate::{Object, ip, name};

/// Labels of nodes that have other names now.
const NODE_LABELS: [(&str, &str); 5] = [
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    ),
];

/// Annotations that have fields now.
const ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
];

/// Sorts of volumes that are on their way out or gone.
const VOLUMES: [(&str, &str, &str); 9] = [
    ("photonPersistentDisk", "photonPersistentDisk", "v1.11, non-functional in v1.16+"),
    ("gitRepo", "gitRepo", "v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "scaleIO", "v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", "v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS", "v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte", "v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "v1.25, non-functional in v1.26+"),
    ("cephfs", "cephfs", "v1.28, non-functional in v1.31+"),
    ("rbd", "rbd", "v1.28, non-functional in v1.31+"),
];

/// What is wise to know of a new pod.
pub(super) fn pod(pod: &Object) -> Vec<String> {
    let mut warnings = Vec::new();
    let name = map(pod, "metadata").map_or("", |metadata| text(metadata, "name"));
    let texts = name::label_faults(name);
    if !texts.is_empty() {
        warnings.push(format!(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising \
             behavior; a DNS label is recommended: [{}]",
            texts.join(" ")
        ));
    }
    both(pod, Path::root("metadata"), Path::root("spec"), "", &mut warnings);
    warnings
}

/// What is said while a pod is prepared: its AppArmor annotations are written into fields then.
pub(super) fn early(pod: &Object) -> Vec<String> {
    let empty = Object::new();
    let mut warnings = Vec::new();
    if let Some(annotations) = at(pod, &["metadata", "annotations"]).and_then(Value::as_object) {
        let spec = map(pod, "spec").unwrap_or(&empty);
        security::app_armor_warnings(annotations, spec, "", false, &mut warnings);
    }
    warnings
}

/// What is wise to know of a written status.
pub(super) fn status(pod: &Object) -> Vec<String> {
    let mut warnings = Vec::new();
    let status = Path::root("status");
    for field in ["podIPs", "hostIPs"] {
        let path = status.field(field);
        for (i, address) in map(pod, "status").into_iter().flat_map(|one| maps(one, field)) {
            let at = path.index(i);
            ip::ip_warnings(text(address, "ip"), at.field("ip"), &mut warnings);
        }
    }
    warnings
}

/// What is wise to know of a template of pods.
pub(crate) fn template(template: &Object, path: &Path<'_>, warnings: &mut Vec<String>) {
    let prefix = format!("{path}.");
    both(template, path.field("metadata"), path.field("spec"), &prefix, warnings);
}

fn both(
    holder: &Object,
    metadata_path: Path<'_>,
    path: Path<'_>,
    prefix: &str,
    warnings: &mut Vec<String>,
) {
    let empty = Object::new();
    let spec = map(holder, "spec").unwrap_or(&empty);
    let annotations =
        at(holder, &["metadata", "annotations"]).and_then(Value::as_object).unwrap_or(&empty);
    node_warnings(spec, &path, warnings);
    let keys = metadata_path.field("annotations");
    for (key, why) in ANNOTATIONS.iter().filter(|(key, _)| annotations.contains_key(*key)) {
        warnings.push(format!("{}: {why}", keys.key(key)));
    }
    volume_warnings(spec, &path, warnings);
    overlap_warnings(spec, warnings);
    repeated(spec, "hostAliases", "ip", &path, warnings);
    repeated(spec, "imagePullSecrets", "name", &path, warnings);
    let secrets = path.field("imagePullSecrets");
    for (i, _) in
        maps(spec, "imagePullSecrets").filter(|(_, secret)| text(secret, "name").is_empty())
    {
        warnings.push(format!("{}: invalid empty name \"\"", secrets.index(i).field("name")));
    }
    if let Some(overhead) = map(spec, "overhead") {
        resources::fraction_warnings(overhead, &path.field("overhead"), warnings);
    }
    let is_template = !prefix.is_empty();
    security::annotation_warnings(annotations, spec, prefix, is_template, warnings);
    for (field, i, container) in containers_of(spec) {
        let at = path.field(field);
        container_warnings(container, &at.index(i), warnings);
    }
    port_warnings(spec, &path, warnings);
    if integer(spec, "terminationGracePeriodSeconds").is_some_and(|grace| grace < 0) {
        warnings.push(format!(
            "{}: must be >= 0; negative values are invalid and will be treated as 1",
            path.field("terminationGracePeriodSeconds")
        ));
    }
    affinity_warnings(spec, &path, warnings);
    if let Some(config) = map(spec, "dnsConfig") {
        let servers = path.field("dnsConfig.nameservers");
        for (i, server) in texts(config, "nameservers").enumerate() {
            ip::ip_warnings(server, servers.index(i), warnings);
        }
    }
    let aliases = path.field("hostAliases");
    for (i, alias) in maps(spec, "hostAliases") {
        let at = aliases.index(i);
        ip::ip_warnings(text(alias, "ip"), at.field("ip"), warnings);
    }
}

/// Why a node's label should not be used any more.
pub(crate) fn node_label(key: &str) -> Option<&'static str> {
    NODE_LABELS.iter().find(|(one, _)| *one == key).map(|(_, why)| *why)
}

fn node_warnings(spec: &Object, path: &Path<'_>, warnings: &mut Vec<String>) {
    let selector = path.field("nodeSelector");
    for (key, _) in map(spec, "nodeSelector").into_iter().flatten() {
        if let Some(why) = node_label(key) {
            warnings.push(format!("{}: {why}", selector.key(key)));
        }
    }
    let nodes = at(spec, &["affinity", "nodeAffinity"]).and_then(Value::as_object);
    let path_nodes = path.field("affinity.nodeAffinity");
    if let Some(nodes) = nodes {
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        let at = path_nodes.field(required);
        let at = at.field("nodeSelectorTerms");
        for (i, term) in map(nodes, required).into_iter().flat_map(|s| maps(s, "nodeSelectorTerms"))
        {
            term_warnings(term, false, &at.index(i), warnings);
        }
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        let at = path_nodes.field(preferred);
        for (i, term) in maps(nodes, preferred) {
            let at = at.index(i);
            if let Some(preference) = map(term, "preference") {
                term_warnings(preference, true, &at.field("preference"), warnings);
            }
        }
    }
    let spread = path.field("topologySpreadConstraints");
    for (i, constraint) in maps(spec, "topologySpreadConstraints") {
        let at = spread.index(i);
        let key = text(constraint, "topologyKey");
        if let Some(why) = node_label(key) {
            warnings.push(format!("{}: {key} is {why}", at.field("topologyKey")));
        }
        if scheduling::picks_nothing(constraint) {
            let at = at.field("labelSelector");
            warnings.push(format!("{at}: a null labelSelector results in matching no pod"));
        }
    }
}

/// What is wise to know of a choice of nodes; of a preferred one also labels no node can have.
pub(crate) fn term_warnings(
    term: &Object,
    has_values: bool,
    path: &Path<'_>,
    warnings: &mut Vec<String>,
) {
    let expressions = path.field("matchExpressions");
    for (i, wanted) in maps(term, "matchExpressions") {
        let at = expressions.index(i);
        let key = text(wanted, "key");
        if let Some(why) = node_label(key) {
            warnings.push(format!("{}: {key} is {why}", at.field("key")));
        }
        if !has_values {
            continue;
        }
        let values = at.field("values");
        for (j, value) in texts(wanted, "values").enumerate() {
            for why in name::label_value_faults(value) {
                let place = values.index(j);
                warnings.push(format!("{place}: {value} is invalid, {why}"));
            }
        }
    }
}

fn volume_warnings(spec: &Object, path: &Path<'_>, warnings: &mut Vec<String>) {
    let volumes = path.field("volumes");
    for (i, volume) in maps(spec, "volumes") {
        for (_, shown, since) in VOLUMES.iter().filter(|(field, ..)| is_set(volume, field)) {
            let at = volumes.index(i);
            warnings.push(format!("{}: deprecated in {since}", at.field(shown)));
        }
    }
}

/// A path a volume gives to a file, and where that file comes from.
#[derive(PartialEq)]
struct Target<'a> {
    path: &'a str,
    source: String,
}

impl std::fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&quoted(self.path))?;
        if self.source.is_empty() { Ok(()) } else { write!(f, " ({})", self.source) }
    }
}

fn targets<'a>(source: &'a Object, said: &str) -> Vec<Target<'a>> {
    let of = |(_, item): (usize, &'a Object)| Target {
        path: text(item, "path").trim_end_matches('/'),
        source: said.to_owned(),
    };
    maps(source, "items").map(of).collect()
}

/// Two files of one volume at one place, or one where the folder of another is.
fn overlap_warnings(spec: &Object, warnings: &mut Vec<String>) {
    for (_, volume) in maps(spec, "volumes") {
        let name = quoted(text(volume, "name"));
        let mut say = |what: &str, targets: Vec<Target<'_>>| {
            for (i, one) in targets.iter().enumerate() {
                for other in targets.iter().take(i).filter(|other| is_overlap(one, other)) {
                    let text =
                        format!("volume {name} ({what}): overlapping paths: {one} with {other}");
                    warnings.push(text);
                }
            }
        };
        if let Some(source) = map(volume, "configMap") {
            say(&format!("ConfigMap {}", quoted(text(source, "name"))), targets(source, ""));
        }
        if let Some(source) = map(volume, "secret") {
            say(&format!("Secret {}", quoted(text(source, "secretName"))), targets(source, ""));
        }
        if let Some(source) = map(volume, "downwardAPI") {
            say("DownwardAPI", targets(source, ""));
        }
        let Some(projected) = map(volume, "projected") else { continue };
        let all = maps(projected, "sources").flat_map(|(_, source)| projection_targets(source));
        say("Projected", all.collect());
        for _ in maps(projected, "sources").filter(|(_, one)| one.values().all(Value::is_null)) {
            warnings.push(format!("volume {name} (Projected) has no sources provided"));
        }
    }
}

fn projection_targets(source: &Object) -> Vec<Target<'_>> {
    let named = |what: &str, name: &str| format!("{what} {}", quoted(name));
    if let Some(source) = map(source, "configMap") {
        targets(source, &named("ConfigMap", text(source, "name")))
    } else if let Some(source) = map(source, "secret") {
        targets(source, &named("Secret", text(source, "name")))
    } else if let Some(source) = map(source, "downwardAPI") {
        targets(source, "DownwardAPI")
    } else if let Some(source) = map(source, "serviceAccountToken") {
        let path = text(source, "path").trim_end_matches('/');
        vec![Target { path, source: "ServiceAccountToken".to_owned() }]
    } else if let Some(source) = map(source, "clusterTrustBundle") {
        let name = match text(source, "name") {
            "" => text(source, "signerName"),
            name => name,
        };
        let path = text(source, "path").trim_end_matches('/');
        vec![Target { path, source: named("ClusterTrustBundle", name) }]
    } else {
        Vec::new()
    }
}

fn is_overlap(one: &Target<'_>, other: &Target<'_>) -> bool {
    let is_below = |path: &str, folder: &str| {
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !one.path.is_empty()
        && !other.path.is_empty()
        && (is_below(one.path, other.path) || is_below(other.path, one.path))
}

fn repeated(
    spec: &Object,
    list_name: &str,
    field: &str,
    path: &Path<'_>,
    warnings: &mut Vec<String>,
) {
    let path = path.field(list_name);
    let mut seen = Vec::new();
    for (i, item) in maps(spec, list_name) {
        let value = text(item, field);
        if seen.contains(&value) {
            let at = path.index(i);
            warnings.push(format!("{}: duplicate {field} {}", at.field(field), quoted(value)));
        } else {
            seen.push(value);
        }
    }
}

fn container_warnings(container: &Object, path: &Path<'_>, warnings: &mut Vec<String>) {
    if let Some(wanted) = map(container, "resources") {
        for resource in ["memory", "ephemeral-storage"] {
            for field in ["limits", "requests"] {
                let amounts = map(wanted, field).and_then(|list| list.get_key_value(resource));
                if let Some((key, amount)) = amounts {
                    let only: Object = [(key.clone(), amount.clone())].into_iter().collect();
                    let at = path.field("resources");
                    resources::fraction_warnings(&only, &at.field(field), warnings);
                }
            }
        }
    }
    let envs = path.field("env");
    let mut seen = Vec::new();
    for (i, env) in maps(container, "env") {
        let name = text(env, "name");
        if !seen.contains(&name) {
            seen.push(name);
            continue;
        }
        let reference = format!("$({name})");
        let value = text(env, "value");
        if is_set(env, "valueFrom") || value == reference || !value.contains(&reference) {
            warnings.push(format!(
                "{}: hides previous definition of {}, which may be dropped when using apply",
                envs.index(i),
                quoted(name)
            ));
        }
    }
}

fn port_warnings(spec: &Object, path: &Path<'_>, warnings: &mut Vec<String>) {
    let mut seen: Vec<(i64, &str, &Object, String)> = Vec::new();
    let mut named: Vec<(&str, String)> = Vec::new();
    let mut name_warnings = Vec::new();
    for (field, i, container) in containers_of(spec) {
        let at = path.field(field);
        let at = at.index(i);
        let ports = at.field("ports");
        for (j, port) in maps(container, "ports") {
            let place = ports.index(j).to_string();
            let host = |port: &Object| integer(port, "hostPort").unwrap_or(0);
            let address = |port| text(port, "hostIP");
            let (number, protocol) =
                (integer(port, "containerPort").unwrap_or(0), text(port, "protocol"));
            if !address(port).is_empty() && host(port) == 0 {
                warnings.push(format!(
                    "{place}: hostIP set without hostPort: {{Name:{} HostPort:0 \
                     ContainerPort:{number} Protocol:{protocol} HostIP:{}}}",
                    text(port, "name"),
                    address(port)
                ));
            }
            for (.., other, elsewhere) in
                seen.iter().filter(|(n, p, ..)| (*n, *p) == (number, protocol))
            {
                let other: &Object = other;
                let how = if address(port) == address(other) && host(port) == host(other) {
                    "duplicate"
                } else if host(port) == 0 || host(other) == 0 {
                    "overlapping"
                } else if host(port) == host(other)
                    && address(port).is_empty() != address(other).is_empty()
                {
                    "dangerously ambiguous"
                } else {
                    continue;
                };
                warnings.push(format!("{place}: {how} port definition with {elsewhere}"));
            }
            let name = text(port, "name");
            match named.iter().find(|(one, _)| *one == name) {
                _ if name.is_empty() => {}
                Some((_, first)) => name_warnings.push(format!(
                    "{place}: duplicate port name {} with {first}, services and probes that select \
                     ports by name will use {first}",
                    quoted(name)
                )),
                None => named.push((name, place.clone())),
            }
            seen.push((number, protocol, port, place));
        }
    }
    warnings.append(&mut name_warnings);
}

fn affinity_warnings(spec: &Object, path: &Path<'_>, warnings: &mut Vec<String>) {
    const NONE: &str = "a null labelSelector results in matching no pod";
    let Some(affinity) = map(spec, "affinity") else { return };
    let path = path.field("affinity");
    for side in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = map(affinity, side) else { continue };
        let path = path.field(side);
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        let terms = path.field(required);
        for (i, _) in maps(pods, required).filter(|(_, term)| scheduling::picks_nothing(term)) {
            warnings.push(format!("{}: {NONE}", terms.index(i).field("labelSelector")));
        }
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        let terms = path.field(preferred);
        for (i, weighted) in maps(pods, preferred) {
            let term = map(weighted, "podAffinityTerm");
            if term.is_none_or(scheduling::picks_nothing) {
                let at = terms.index(i);
                let at = at.field("podAffinityTerm");
                warnings.push(format!("{}: {NONE}", at.field("labelSelector")));
            }
        }
    }
}
