//! Pods: a node shows its own and ends those that run on it.

use serde_json::Value;

use super::{forbidden, owners, pod_named, unexpected, word};
use crate::chain::Turn;
use crate::fields::{annotation, is_set, metadata, name, quoted, same, section, spec, text};
use crate::plugins::service_account::MIRROR;
use crate::pods::{config_maps, projected, secrets, volumes};
use crate::review::{Operation, Sort};
use crate::{Object, Refusal};

/// Judges what a node does to a pod.
pub(super) fn judge(turn: &Turn<'_>, node: &str, pod: &Object) -> Result<(), Refusal> {
    let operation = turn.review.operation;
    let who = quoted(node);
    match (turn.review.subresource, operation) {
        ("", Operation::Create) => new(turn, node, pod),
        ("", Operation::Delete) => {
            let held = pod_named(turn, &turn.review.name)?;
            if text(spec(&held), "nodeName") != node {
                let why =
                    format!("node {who} can only delete pods with spec.nodeName set to itself");
                return Err(forbidden(why));
            }
            Ok(())
        }
        ("", Operation::Update) => Err(forbidden(format!(
            "unexpected operation {}, node {who} can only create and delete mirror pods",
            quoted(word(operation))
        ))),
        ("status", Operation::Update) => status(turn, node, pod),
        ("status", _) => Err(unexpected(operation)),
        ("eviction", Operation::Create) => evict(turn, node, pod),
        ("eviction", _) => Err(forbidden(format!("unexpected operation {}", word(operation)))),
        (other, _) => Err(forbidden(format!(
            "unexpected pod subresource {}, only 'status' and 'eviction' are allowed",
            quoted(other)
        ))),
    }
}

/// A new pod of a node is a mirror of one that it runs by itself, and takes nothing from the API.
fn new(turn: &Turn<'_>, node: &str, pod: &Object) -> Result<(), Refusal> {
    let who = quoted(node);
    if annotation(pod, MIRROR).is_none() {
        return Err(forbidden(format!(
            "pod does not have {} annotation, node {who} can only create mirror pods",
            quoted(MIRROR)
        )));
    }
    let only = |what: &str| Err(forbidden(format!("node {who} can only create pods with {what}")));
    if text(spec(pod), "nodeName") != node {
        return only("spec.nodeName set to itself");
    }
    let owner = match owners(pod).as_slice() {
        [] => return only("an owner reference set to itself"),
        [owner] => *owner,
        _ => return only("a single owner reference set to itself"),
    };
    if (text(owner, "apiVersion"), text(owner, "kind"), text(owner, "name")) != ("v1", "Node", node)
    {
        return only("an owner reference set to itself");
    }
    if owner.get("controller") != Some(&Value::Bool(true)) {
        return only("a controller owner reference set to itself");
    }
    if owner.get("blockOwnerDeletion") == Some(&Value::Bool(true)) {
        let why = format!("node {who} must not set blockOwnerDeletion on an owner reference");
        return Err(forbidden(why));
    }
    let Some(held) = turn.facts.object(Sort::Node, "", node) else {
        return Err(Refusal::NotFound { resource: "nodes", name: node.to_owned() });
    };
    let (given, known) = (text(owner, "uid"), text(metadata(&held), "uid"));
    if given != known {
        let why = format!("node {node} UID mismatch: expected {given} got {known}");
        return Err(forbidden(why));
    }
    let takes = |what: &str| {
        Err(forbidden(format!("node {who} can not create pods that reference {what}")))
    };
    if !text(spec(pod), "serviceAccountName").is_empty() {
        return takes("a service account");
    }
    if secrets(pod).next().is_some() {
        return takes("secrets");
    }
    if config_maps(pod).next().is_some() {
        return takes("configmaps");
    }
    if volumes(pod).flat_map(projected).any(|source| is_set(source, "clusterTrustBundle")) {
        return takes("clustertrustbundles");
    }
    if volumes(pod).any(|volume| is_set(volume, "persistentVolumeClaim")) {
        return takes("persistentvolumeclaims");
    }
    if !same(spec(pod).get("resourceClaims"), None) {
        return takes("resourceclaims");
    }
    Ok(())
}

fn status(turn: &Turn<'_>, node: &str, pod: &Object) -> Result<(), Refusal> {
    let who = quoted(node);
    let none = Object::new();
    let old = turn.old.unwrap_or(&none);
    if text(spec(old), "nodeName") != node {
        return Err(forbidden(format!(
            "node {who} can only update pod status for pods with spec.nodeName set to itself"
        )));
    }
    let labels = |pod| metadata(pod).get("labels");
    if !same(labels(old), labels(pod)) {
        return Err(forbidden(format!("node {who} cannot update labels through pod status")));
    }
    let claims = |pod| section(pod, "status").get("resourceClaimStatuses");
    if !same(claims(old), claims(pod)) {
        let why = format!("node {who} cannot update resource claim statues");
        return Err(forbidden(why));
    }
    Ok(())
}

fn evict(turn: &Turn<'_>, node: &str, eviction: &Object) -> Result<(), Refusal> {
    let wanted = match turn.review.name.as_str() {
        "" => name(eviction),
        name => name,
    };
    if wanted.is_empty() {
        return Err(forbidden("could not determine pod from request data"));
    }
    let held = pod_named(turn, wanted)?;
    if text(spec(&held), "nodeName") != node {
        let why = format!("node {node} can only evict pods with spec.nodeName set to itself");
        return Err(forbidden(why));
    }
    Ok(())
}
