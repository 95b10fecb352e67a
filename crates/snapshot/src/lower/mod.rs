//! From documents to the terms of the engines: one file a kind.
//!
//! Lowering walks a cursor that knows its field path, and returns the value *and* what it found. It
//! never stops at the first error and never drops anything in silence.

pub(crate) mod calico_policy;
pub(crate) mod calico_rule;
pub(crate) mod cluster_network_policy;
pub(crate) mod custom_resource;
pub(crate) mod foreign;
pub(crate) mod host_endpoint;
pub(crate) mod name;
pub(crate) mod network_policy;
pub(crate) mod network_set;
pub(crate) mod rbac;
pub(crate) mod selectors;
pub(crate) mod service;
pub(crate) mod tier;
pub(crate) mod workload;

use portcullis_core::{Labels, Namespace, Origin};
use portcullis_netpol::{Foreign, Policy, PolicyKind, Tier};
use portcullis_object::Object;
use portcullis_rbac::{Binding, Role};

use crate::codes;
use crate::findings::Findings;
use crate::settings::Settings;

/// What one object became.
pub(crate) enum Lowered {
    Namespace(Labels),
    ServiceAccount(Labels),
    Node(Vec<std::net::IpAddr>),
    Pod(workload::PodDraft),
    Service(service::Service),
    Slices(Vec<service::Slice>),
    Policy(Policy),
    Tier(Tier),
    Set(network_set::SetDraft),
    Profile(host_endpoint::ProfileDraft),
    Host(host_endpoint::HostDraft),
    Felix(host_endpoint::Felix),
    Foreign(Foreign),
    Role(Role),
    Binding(Binding),
    CustomResource(custom_resource::CustomResource),
    /// A kind that is known, in a form that is not read: why, as a clause behind its name.
    Unread(&'static str),
    /// Read, and nothing in it that verdicts depend on.
    Silent,
    /// A kind that is not known here.
    Carried,
}

/// API groups whose objects Calico stores for `projectcalico.org`.
const CALICO: [&str; 2] = ["projectcalico.org", "crd.projectcalico.org"];
const NETWORKING: &str = "networking.k8s.io";
const CLUSTER_POLICY: &str = "policy.networking.k8s.io";

/// The group that an object's identity is in: two names of one group are one.
pub(crate) fn canonical_group(group: &str) -> &str {
    if group == CALICO[1] { CALICO[0] } else { group }
}

/// Whether a kind lives in namespaces; `None` if that is not known.
pub(crate) fn is_namespaced(group: &str, kind: &str) -> Option<bool> {
    let calico = CALICO.contains(&group);
    Some(match (group, kind) {
        ("", "Namespace" | "Node" | "PersistentVolume") => false,
        ("", "Pod" | "ReplicationController" | "Service" | "Endpoints" | "ServiceAccount")
        | ("", "Secret" | "ConfigMap")
        | ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("extensions", "Deployment" | "DaemonSet" | "ReplicaSet" | "NetworkPolicy" | "Ingress")
        | ("batch", "Job" | "CronJob")
        | ("discovery.k8s.io", "EndpointSlice")
        | (NETWORKING, "NetworkPolicy" | "Ingress")
        | (rbac::GROUP, "Role" | "RoleBinding") => true,
        (rbac::GROUP, "ClusterRole" | "ClusterRoleBinding") => false,
        (CLUSTER_POLICY, "ClusterNetworkPolicy") => false,
        (_, "NetworkPolicy" | "StagedNetworkPolicy" | "StagedKubernetesNetworkPolicy")
        | (_, "NetworkSet")
            if calico =>
        {
            true
        }
        (_, "Tier" | "GlobalNetworkPolicy" | "StagedGlobalNetworkPolicy" | "GlobalNetworkSet")
        | (_, "Profile" | "HostEndpoint" | "FelixConfiguration" | "GlobalAlert")
            if calico =>
        {
            false
        }
        _ => return foreign::is_namespaced(group, kind),
    })
}

/// Lowers one object.
pub(crate) fn object(object: &Object, settings: &Settings, out: &mut Findings) -> Lowered {
    let namespace = || {
        let given = object.namespace().filter(|n| !n.is_empty());
        given.map_or_else(|| settings.default_namespace.clone(), Namespace::new)
    };
    let root = object.root();
    match (object.group(), object.kind()) {
        ("", "Namespace") => {
            name::check(object, name::Form::Label, out);
            Lowered::Namespace(out.labels(root))
        }
        ("", "ServiceAccount") => Lowered::ServiceAccount(out.labels(root)),
        ("", "Node") => Lowered::Node(node(object, out)),
        ("", "Pod" | "ReplicationController")
        | ("apps" | "extensions", "Deployment" | "DaemonSet" | "ReplicaSet" | "StatefulSet")
        | ("batch", "Job" | "CronJob") => Lowered::Pod(workload::lower(object, namespace(), out)),
        ("", "Service") => Lowered::Service(service::lower(object, namespace(), out)),
        ("", "Endpoints") => Lowered::Slices(service::endpoints(object, &namespace(), out)),
        ("discovery.k8s.io", "EndpointSlice") => {
            Lowered::Slices(service::slice(object, namespace(), out).into_iter().collect())
        }
        ("", "Secret" | "ConfigMap") | ("extensions" | NETWORKING, "Ingress") => Lowered::Silent,
        (NETWORKING | "extensions", "NetworkPolicy") => {
            version(object, NETWORKING, "v1", out);
            name::check(object, name::Form::Subdomain, out);
            let policy = network_policy::lower(object, &namespace(), PolicyKind::Kubernetes, out);
            Lowered::Policy(policy)
        }
        (CLUSTER_POLICY, "ClusterNetworkPolicy") => {
            version(object, CLUSTER_POLICY, "v1alpha2", out);
            Lowered::Policy(cluster_network_policy::lower(object, out))
        }
        (rbac::GROUP, kind) => {
            version(object, rbac::GROUP, "v1", out);
            match kind {
                "Role" => Lowered::Role(rbac::role(object, Some(namespace()), out)),
                "ClusterRole" => Lowered::Role(rbac::role(object, None, out)),
                "RoleBinding" => Lowered::Binding(rbac::binding(object, Some(namespace()), out)),
                "ClusterRoleBinding" => Lowered::Binding(rbac::binding(object, None, out)),
                _ => Lowered::Carried,
            }
        }
        (group, kind) if CALICO.contains(&group) => {
            let wanted = if group == CALICO[0] { "v3" } else { "v1" };
            version(object, group, wanted, out);
            calico(object, kind, namespace, out)
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            match custom_resource::lower(object, out) {
                Some(resource) => Lowered::CustomResource(resource),
                None => Lowered::Silent,
            }
        }
        _ => match foreign::lower(object, &namespace()) {
            Some(foreign) => Lowered::Foreign(foreign),
            None => Lowered::Carried,
        },
    }
}

fn calico(
    object: &Object,
    kind: &str,
    namespace: impl Fn() -> Namespace,
    out: &mut Findings,
) -> Lowered {
    let policy = |namespaced: bool, kind: PolicyKind, out: &mut Findings| {
        let namespace = namespaced.then(&namespace);
        match calico_policy::lower(object, namespace.as_ref(), kind, out) {
            Some(policy) => Lowered::Policy(policy),
            None => Lowered::Silent,
        }
    };
    match kind {
        "NetworkPolicy" => policy(true, PolicyKind::Namespaced, out),
        "GlobalNetworkPolicy" => policy(false, PolicyKind::Global, out),
        "StagedNetworkPolicy" => policy(true, PolicyKind::StagedNamespaced, out),
        "StagedGlobalNetworkPolicy" => policy(false, PolicyKind::StagedGlobal, out),
        "StagedKubernetesNetworkPolicy" => {
            name::check(object, name::Form::Subdomain, out);
            let spec = out.map(object.root(), "spec");
            let deleting = spec.is_some_and(|spec| {
                calico_policy::staged_action(spec, out) == calico_policy::StagedAction::Delete
            });
            if deleting {
                return Lowered::Silent;
            }
            let kind = PolicyKind::StagedKubernetes;
            Lowered::Policy(network_policy::lower(object, &namespace(), kind, out))
        }
        "Tier" => Lowered::Tier(tier::lower(object, out)),
        "NetworkSet" => Lowered::Set(network_set::lower(object, Some(namespace()), out)),
        "GlobalNetworkSet" => Lowered::Set(network_set::lower(object, None, out)),
        "Profile" => Lowered::Profile(host_endpoint::profile(object, out)),
        "HostEndpoint" => Lowered::Host(host_endpoint::lower(object, out)),
        "FelixConfiguration" if object.name() == "default" => {
            Lowered::Felix(host_endpoint::felix(object, out))
        }
        "FelixConfiguration" => {
            Lowered::Unread("is about single nodes: failsafe ports are those of all nodes")
        }
        "GlobalAlert" => Lowered::Silent,
        _ => Lowered::Carried,
    }
}

/// Refuses a kind in a version (or group) that the API no longer has, or not yet.
fn version(object: &Object, group: &str, wanted: &str, out: &mut Findings) {
    if object.group() != group || object.version() != wanted {
        let place = object.root().field("apiVersion").unwrap_or(object.root()).at();
        out.refuse_with(
            codes::VERSION,
            place,
            format!("{} is not served as `{}`", object.kind(), object.api_version()),
            Some(format!("write `apiVersion: {group}/{wanted}`")),
        );
    }
}

fn node(object: &Object, out: &mut Findings) -> Vec<std::net::IpAddr> {
    let Some(status) = out.map(object.root(), "status") else { return Vec::new() };
    let mut addresses = Vec::new();
    for at in out.list(status, "addresses") {
        if matches!(out.text(at, "type"), Some("InternalIP" | "ExternalIP")) {
            addresses
                .extend(out.text(at, "address").and_then(|t| t.parse::<std::net::IpAddr>().ok()));
        }
    }
    addresses
}

/// A policy in whose place stands a document that cannot be read: it could be any policy.
pub(crate) fn unreadable(kind: &str, origin: Origin) -> Policy {
    use portcullis_netpol::{Order, PolicyClass};
    Policy {
        kind: PolicyKind::Unreadable,
        namespace: None,
        name: kind.into(),
        tier: UNREADABLE_TIER.into(),
        order: Order(None),
        subject: portcullis_core::Selector::All,
        ingress: true,
        egress: true,
        ingress_rules: Vec::new(),
        egress_rules: Vec::new(),
        class: PolicyClass::Normal,
        apply_on_forward: false,
        doubt: None,
        origin,
    }
}

/// The tier of policies whose own cannot be read: asked first, as that is the most they could do.
pub(crate) const UNREADABLE_TIER: &str = "(cannot be read)";
