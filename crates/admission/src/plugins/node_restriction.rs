//! `NodeRestriction`: a node may change what is its own, and nothing that would draw work to it.
//!
//! The node authorizer lets a node do more than this, because it does not see objects. What is refused
//! here is told in the words of the original.

mod pod;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::chain::{Plugin, Turn};
use crate::fields::{is_set, maps, metadata, name, quoted, same, section, spec, text};
use crate::plugins::certificate;
use crate::pods::{projected, volumes};
use crate::review::{Access, Operation, Requester, Sort};
use crate::{Object, Refusal};

/// What the names of nodes begin with, as users.
const PREFIX: &str = "system:node:";

/// The group of nodes.
const GROUP: &str = "system:nodes";

/// Where the leases of nodes are.
const LEASES: &str = "kube-node-lease";

/// Labels of the API that a node sets itself.
const OWN_LABELS: [&str; 12] = [
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "node.kubernetes.io/windows-build",
];

/// Domains in which a node may set any label.
const OWN_DOMAINS: [&str; 2] = ["kubelet.kubernetes.io", "node.kubernetes.io"];

/// The domain whose labels no node sets: administrators keep work off nodes by them.
const RESTRICTED_DOMAIN: &str = "node-restriction.kubernetes.io";

/// The signers that certify nodes.
const NODE_SIGNERS: [&str; 2] =
    ["kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet"];

/// The plugin.
pub(crate) struct NodeRestriction;

impl Plugin for NodeRestriction {
    fn change(&self, turn: &Turn<'_>, object: &mut Object) -> Result<(), Refusal> {
        let review = turn.review;
        let Some(node) = node_name(&review.requester) else { return Ok(()) };
        if node.is_empty() {
            let user = quoted(&review.requester.name);
            return Err(forbidden(format!("could not determine node from user {user}")));
        }
        match (review.group, review.resource) {
            ("", "pods") => pod::judge(turn, node, object),
            ("", "nodes") => itself(turn, node, object),
            ("", "persistentvolumeclaims") => claim(turn, node, object),
            ("", "serviceaccounts") => token(turn, node, object),
            ("coordination.k8s.io", "leases") => lease(turn, node, object),
            ("storage.k8s.io", "csinodes") if called(turn, object) != node => {
                Err(forbidden("can only access CSINode with the same name as the requesting node"))
            }
            ("resource.k8s.io", "resourceslices") => slice(turn, node, object),
            ("certificates.k8s.io", "certificatesigningrequests") => request(turn, node, object),
            _ => Ok(()),
        }
    }
}

/// The name of the node that asks, which is empty if nobody can tell; none if it is no node.
fn node_name(requester: &Requester) -> Option<&str> {
    let named = requester.name.strip_prefix(PREFIX)?;
    requester.groups.iter().any(|group| group == GROUP).then_some(named)
}

fn forbidden(why: impl Into<String>) -> Refusal {
    Refusal::forbidden(why)
}

/// The name of the object: on a create, what it calls itself.
fn called<'a>(turn: &'a Turn<'_>, object: &'a Object) -> &'a str {
    match turn.review.operation {
        Operation::Create => name(object),
        _ => &turn.review.name,
    }
}

/// A pod of the namespace, which must be there.
fn pod_named(turn: &Turn<'_>, name: &str) -> Result<std::sync::Arc<Object>, Refusal> {
    let none = || Refusal::NotFound { resource: "pods", name: name.to_owned() };
    turn.facts.object(Sort::Pod, &turn.review.namespace, name).ok_or_else(none)
}

// === the node's own object ===

fn itself(turn: &Turn<'_>, node: &str, object: &Object) -> Result<(), Refusal> {
    let review = turn.review;
    let who = quoted(node);
    if review.name != node {
        let other = quoted(&review.name);
        return Err(forbidden(format!("node {who} is not allowed to modify node {other}")));
    }
    match (review.operation, turn.old) {
        (Operation::Create, _) => {
            if is_set(spec(object), "configSource") {
                let why =
                    format!("node {who} is not allowed to create pods with a non-nil configSource");
                return Err(forbidden(why));
            }
            let labels = reserved_labels(object, &Object::new());
            if !labels.is_empty() {
                let why =
                    format!("node {who} is not allowed to set the following labels: {labels}");
                return Err(forbidden(why));
            }
        }
        (Operation::Update, Some(old)) => {
            let changes = |field: &str| !same(spec(object).get(field), spec(old).get(field));
            if is_set(spec(object), "configSource") && changes("configSource") {
                return Err(forbidden(format!(
                    "node {who} is not allowed to update configSource to a new non-nil configSource"
                )));
            }
            if changes("taints") {
                return Err(forbidden(format!("node {who} is not allowed to modify taints")));
            }
            let labels = reserved_labels(object, old);
            if !labels.is_empty() {
                return Err(forbidden(format!("is not allowed to modify labels: {labels}")));
            }
            // Who could make itself somebody's could have itself collected, and come back untainted.
            let owners = |object| metadata(object).get("ownerReferences");
            if !same(owners(object), owners(old)) {
                let why = format!("node {who} is not allowed to modify ownerReferences");
                return Err(forbidden(why));
            }
        }
        _ => {}
    }
    Ok(())
}

/// The labels that differ and are none of a node's to set, listed.
fn reserved_labels(object: &Object, old: &Object) -> String {
    let (new, old) = (section(metadata(object), "labels"), section(metadata(old), "labels"));
    let differing = new.keys().chain(old.keys()).filter(|key| new.get(*key) != old.get(*key));
    let reserved: BTreeSet<&str> =
        differing.map(String::as_str).filter(|key| is_reserved(key)).collect();
    reserved.into_iter().collect::<Vec<_>>().join(", ")
}

fn is_reserved(label: &str) -> bool {
    let domain = label.split_once('/').map_or("", |(domain, _)| domain);
    let within = |outer: &str| {
        domain == outer || domain.strip_suffix(outer).is_some_and(|inner| inner.ends_with('.'))
    };
    let own = OWN_LABELS.contains(&label) || OWN_DOMAINS.iter().any(|own| within(own));
    within(RESTRICTED_DOMAIN) || ((within("kubernetes.io") || within("k8s.io")) && !own)
}

// === what belongs to a node ===

fn claim(turn: &Turn<'_>, node: &str, object: &Object) -> Result<(), Refusal> {
    if turn.review.subresource != "status" {
        return Err(forbidden("may only update PVC status"));
    }
    let (Operation::Update, Some(old)) = (turn.review.operation, turn.old) else {
        return Err(unexpected(turn.review.operation));
    };
    if same(Some(&judged(object)), Some(&judged(old))) {
        return Ok(());
    }
    Err(forbidden(format!(
        "node {} is not allowed to update fields other than status.capacity and status.conditions",
        quoted(node)
    )))
}

/// A claim without what a node may say of it.
fn judged(claim: &Object) -> Value {
    let mut claim = claim.clone();
    if let Some(Value::Object(metadata)) = claim.get_mut("metadata") {
        metadata.retain(|field, _| !matches!(field.as_str(), "resourceVersion" | "managedFields"));
    }
    if let Some(Value::Object(status)) = claim.get_mut("status") {
        let own = ["capacity", "conditions", "allocatedResources", "allocatedResourceStatuses"];
        status.retain(|field, _| !own.contains(&field.as_str()));
    }
    claim.into()
}

fn lease(turn: &Turn<'_>, node: &str, object: &Object) -> Result<(), Refusal> {
    if turn.review.namespace != LEASES {
        let why = format!("can only access leases in the {} system namespace", quoted(LEASES));
        return Err(forbidden(why));
    }
    if called(turn, object) != node {
        let why = "can only access node lease with the same name as the requesting node";
        return Err(forbidden(why));
    }
    Ok(())
}

fn slice(turn: &Turn<'_>, node: &str, object: &Object) -> Result<(), Refusal> {
    // Of one that is there the authorizer has seen whose it is.
    if turn.review.operation == Operation::Create && text(spec(object), "nodeName") != node {
        let why = "can only create ResourceSlice with the same NodeName as the requesting node";
        return Err(forbidden(why));
    }
    Ok(())
}

fn request(turn: &Turn<'_>, node: &str, object: &Object) -> Result<(), Refusal> {
    let signer = text(spec(object), "signerName");
    if turn.review.operation != Operation::Create || !NODE_SIGNERS.contains(&signer) {
        return Ok(());
    }
    let subject = certificate::subject(turn, object)
        .map_err(|why| forbidden(format!("unable to parse csr: {why}")))?;
    if subject.common_name != format!("{PREFIX}{node}") {
        return Err(forbidden(format!("can only create a node CSR with CN={PREFIX}{node}")));
    }
    Ok(())
}

// === tokens ===

/// A node gets tokens for the pods that run on it.
fn token(turn: &Turn<'_>, node: &str, object: &Object) -> Result<(), Refusal> {
    if turn.review.operation != Operation::Create || turn.review.subresource != "token" {
        return Ok(());
    }
    let bound = section(spec(object), "boundObjectRef");
    if text(bound, "apiVersion") != "v1"
        || text(bound, "kind") != "Pod"
        || text(bound, "name").is_empty()
    {
        return Err(forbidden("node requested token not bound to a pod"));
    }
    let uid = text(bound, "uid");
    if uid.is_empty() {
        return Err(forbidden("node requested token with a pod binding without a uid"));
    }
    let pod = pod_named(turn, text(bound, "name"))?;
    if uid != text(metadata(&pod), "uid") {
        return Err(forbidden(format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might \
             have been deleted and then recreated"
        )));
    }
    if text(spec(&pod), "nodeName") != node {
        let why = "node requested token bound to a pod scheduled on a different node";
        return Err(forbidden(why));
    }
    audience(turn, &pod, object)
}

/// A token is for an audience that a volume of the pod names, or that the node has a right to (KEP-4935).
fn audience(turn: &Turn<'_>, pod: &Object, object: &Object) -> Result<(), Refusal> {
    let wanted = crate::fields::items(spec(object), "audiences");
    let wanted = match wanted {
        [] => "",
        [one] => one.as_str().unwrap_or_default(),
        _ => return Err(forbidden("node may only request 0 or 1 audiences")),
    };
    let mounted = volumes(pod)
        .flat_map(projected)
        .filter_map(|source| source.get("serviceAccountToken").and_then(Value::as_object))
        .any(|token| text(token, "audience") == wanted);
    let access = Access {
        verb: "request-serviceaccounts-token-audience",
        group: "",
        resource: wanted,
        namespace: &turn.review.namespace,
        name: &turn.review.name,
    };
    if mounted || turn.facts.allows(&turn.review.requester, &access) {
        return Ok(());
    }
    Err(forbidden(format!(
        "audience {} not found in pod spec volume, {} is not authorized to request tokens for this audience",
        quoted(wanted),
        turn.review.requester.name
    )))
}

fn unexpected(operation: Operation) -> Refusal {
    forbidden(format!("unexpected operation {}", quoted(word(operation))))
}

/// An operation as the original writes it.
fn word(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
    }
}

/// The one owner that a pod of a node has, as [`pod`] asks of it.
fn owners(pod: &Object) -> Vec<&Object> {
    maps(metadata(pod), "ownerReferences").collect()
}

#[cfg(test)]
mod tests;
