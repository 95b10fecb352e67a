//! Pods, and the templates that pods are made from.

use std::net::IpAddr;

use portcullis_core::{Labels, Namespace, Origin, Protocol};
use portcullis_object::{Cursor, NodeKind, Object};
use smol_str::SmolStr;

use crate::findings::Findings;

/// A container's port, named or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPort {
    /// Its name; empty if it has none.
    pub name: SmolStr,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its number.
    pub port: u16,
    /// Whether it is also a port of the node, which makes it one that policy can name.
    pub(crate) on_host: bool,
}

/// An environment variable given as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: SmolStr,
    /// Its value. May be a secret: show it only where the name does not look like one.
    pub value: SmolStr,
    /// Where the value stands.
    pub origin: Origin,
}

/// Where a pod lives, as far as its document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Nothing is said: it is taken to run, at an address nobody knows.
    Unsaid,
    /// It runs at these addresses.
    At(Vec<IpAddr>),
    /// It is no endpoint, for this reason.
    Not(&'static str),
}

/// An owner named by a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pub(crate) kind: SmolStr,
    pub(crate) name: SmolStr,
}

/// A pod or a template before it becomes a workload.
pub(crate) struct PodDraft {
    pub(crate) kind: SmolStr,
    pub(crate) namespace: Namespace,
    pub(crate) name: SmolStr,
    pub(crate) labels: Labels,
    pub(crate) service_account: SmolStr,
    pub(crate) node: Option<SmolStr>,
    pub(crate) host_network: bool,
    pub(crate) ports: Vec<ContainerPort>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) life: Life,
    pub(crate) host_addresses: Vec<IpAddr>,
    pub(crate) owner: Option<Owner>,
    pub(crate) origin: Origin,
}

/// Where a kind keeps its pod template.
pub(crate) fn template_path(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Deployment"
        | "StatefulSet"
        | "DaemonSet"
        | "ReplicaSet"
        | "ReplicationController"
        | "Job" => Some(&["spec", "template"]),
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

/// Lowers a Pod or a kind with a template.
pub(crate) fn lower(object: &Object, namespace: Namespace, out: &mut Findings) -> PodDraft {
    let root = object.root();
    let is_pod = object.kind() == "Pod";
    let mut pod = Some(root);
    for step in template_path(object.kind()).unwrap_or(&[]) {
        pod = pod.and_then(|at| out.map(at, step));
    }
    let spec = pod.and_then(|pod| out.map(pod, "spec"));
    let text = |field: &str, out: &mut Findings| {
        spec.and_then(|spec| out.text(spec, field)).filter(|t| !t.is_empty()).map(SmolStr::from)
    };
    let service_account = text("serviceAccountName", out).or_else(|| text("serviceAccount", out));
    PodDraft {
        kind: object.kind().into(),
        namespace,
        name: object.name().into(),
        labels: pod.map(|pod| out.labels(pod)).unwrap_or_default(),
        service_account: service_account.unwrap_or_else(|| "default".into()),
        node: text("nodeName", out),
        host_network: spec.and_then(|spec| out.boolean(spec, "hostNetwork")) == Some(true),
        ports: spec.map(|spec| ports(spec, out)).unwrap_or_default(),
        variables: spec.map(|spec| variables(spec, out)).unwrap_or_default(),
        life: if is_pod { life(root, out) } else { Life::Unsaid },
        host_addresses: if is_pod { host_addresses(root, out) } else { Vec::new() },
        owner: owner(root, out),
        origin: object.origin(),
    }
}

fn containers<'a>(spec: Cursor<'a>, out: &mut Findings) -> Vec<Cursor<'a>> {
    let mut all = out.list(spec, "containers");
    all.extend(out.list(spec, "initContainers"));
    all
}

fn ports(spec: Cursor<'_>, out: &mut Findings) -> Vec<ContainerPort> {
    let mut ports = Vec::new();
    for container in containers(spec, out) {
        for at in out.list(container, "ports") {
            let protocol = match out.text(at, "protocol") {
                None | Some("") => Some(Protocol::TCP),
                Some("TCP") => Some(Protocol::TCP),
                Some("UDP") => Some(Protocol::UDP),
                Some("SCTP") => Some(Protocol::SCTP),
                Some(_) => None,
            };
            let number = out.integer(at, "containerPort").and_then(|n| u16::try_from(n).ok());
            if let (Some(protocol), Some(port)) = (protocol, number.filter(|n| *n > 0)) {
                ports.push(ContainerPort {
                    name: out.text(at, "name").unwrap_or("").into(),
                    protocol,
                    port,
                    on_host: out.integer(at, "hostPort").is_some_and(|n| n > 0),
                });
            }
        }
    }
    ports
}

fn variables(spec: Cursor<'_>, out: &mut Findings) -> Vec<Variable> {
    let mut variables = Vec::new();
    for container in containers(spec, out) {
        for at in out.list(container, "env") {
            let Some(value) = out.get(at, "value") else { continue };
            if let (Some(name), Some(text)) = (out.text(at, "name"), value.as_str()) {
                let (name, text) = (name.into(), text.into());
                variables.push(Variable { name, value: text, origin: value.origin() });
            }
        }
    }
    variables
}

/// What `status` says. An empty one, as client-side dry runs print it, says nothing.
fn life(root: Cursor<'_>, out: &mut Findings) -> Life {
    let status = out.map(root, "status").filter(|status| !status.is_empty());
    let phase = status.and_then(|status| out.text(status, "phase"));
    match phase {
        Some("Succeeded") => return Life::Not("it has succeeded"),
        Some("Failed") => return Life::Not("it has failed"),
        _ => {}
    }
    let mut addresses = Vec::new();
    if let Some(status) = status {
        addresses = addresses_in(status, "podIPs", "podIP", out);
    }
    if addresses.is_empty() {
        addresses = annotated(root, out);
    }
    match (status, addresses.is_empty()) {
        (_, false) => Life::At(addresses),
        (None, true) => Life::Unsaid,
        (Some(_), true) => Life::Not("its status has no address"),
    }
}

fn host_addresses(root: Cursor<'_>, out: &mut Findings) -> Vec<IpAddr> {
    match out.map(root, "status") {
        Some(status) => addresses_in(status, "hostIPs", "hostIP", out),
        None => Vec::new(),
    }
}

fn addresses_in(status: Cursor<'_>, list: &str, one: &str, out: &mut Findings) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for item in out.list(status, list) {
        if item.kind() == NodeKind::Map {
            addresses.extend(out.text(item, "ip").and_then(|t| t.parse::<IpAddr>().ok()));
        }
    }
    if addresses.is_empty() {
        addresses.extend(out.text(status, one).and_then(|t| t.parse::<IpAddr>().ok()));
    }
    addresses
}

/// The addresses that Calico's CNI plug-in writes before the kubelet reports them.
fn annotated(root: Cursor<'_>, out: &mut Findings) -> Vec<IpAddr> {
    let metadata = out.map(root, "metadata");
    let annotations = metadata.and_then(|m| out.map(m, "annotations"));
    let text = annotations.and_then(|a| out.text(a, "cni.projectcalico.org/podIPs")).unwrap_or("");
    text.split(',').filter_map(|part| part.trim().split('/').next()?.parse().ok()).collect()
}

fn owner(root: Cursor<'_>, out: &mut Findings) -> Option<Owner> {
    let metadata = out.map(root, "metadata")?;
    let owners = out.list(metadata, "ownerReferences");
    let controller = owners
        .iter()
        .find(|at| at.field("controller").and_then(|c| c.as_bool()) == Some(true))
        .or_else(|| owners.first())?;
    Some(Owner {
        kind: out.text(*controller, "kind")?.into(),
        name: out.text(*controller, "name")?.into(),
    })
}
