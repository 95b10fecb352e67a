//! What a node may do: read what the pods that run on it refer to, and keep its own objects.
//!
//! ```text
//! node ◄─ pod ◄─ secret, config map, service account, resource claim
//!            ◄─ claim ◄─ volume ◄─ secret
//! ```
//!
//! The law is the node authorizer of kube-apiserver 1.35, and so are the words. It does not see objects:
//! what a node writes is judged by admission's `NodeRestriction`.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use portcullis_admission::pods;
use portcullis_core::Namespace;
use portcullis_kinds::Object;
use portcullis_rbac::{Attempt, Requester, Resource as Asked, Rule, Target};
use portcullis_store::{self as store, Keys, Watch};
use serde_json::Value;
use smol_str::SmolStr;
use std::sync::Arc;

use crate::backend::Backend;
use crate::request_info::FieldRequirement;
use crate::{meta, stored};

/// What the names of nodes begin with, as users.
const PREFIX: &str = "system:node:";

/// The group of nodes.
const GROUP: &str = "system:nodes";

/// Where the leases of nodes are.
const LEASES: &str = "kube-node-lease";

/// Marks a pod that a node keeps for itself: by showing it, the node must not come to anything.
const MIRROR: &str = "kubernetes.io/config.mirror";

const PODS: &str = "/registry/pods/";
const VOLUMES: &str = "/registry/persistentvolumes/";
const ATTACHMENTS: &str = "/registry/volumeattachments/";
const SLICES: &str = "/registry/resourceslices/";

/// What every node may do, whatever runs on it: the rules of the role `system:node`.
static RULES: LazyLock<Vec<Arc<Rule>>> = LazyLock::new(|| {
    let (roles, _) = portcullis_rbac::bootstrap();
    let role =
        roles.into_iter().find(|role| role.namespace.is_none() && role.name == "system:node");
    role.map(|role| role.rules).unwrap_or_default()
});

/// The sources of volumes whose secrets a node mounts with, and the fields that name them.
const VOLUME_SECRETS: [(&str, &str); 9] = [
    ("cephfs", "secretRef"),
    ("csi", "nodeExpandSecretRef"),
    ("csi", "nodePublishSecretRef"),
    ("csi", "nodeStageSecretRef"),
    ("flexVolume", "secretRef"),
    ("iscsi", "secretRef"),
    ("rbd", "secretRef"),
    ("scaleIO", "secretRef"),
    ("storageos", "secretRef"),
];

/// Whether a requester is a node, as far as the node authorizer is concerned.
pub fn is_node(requester: &Requester) -> bool {
    node_name(requester).is_some()
}

/// The name of the node that asks, which is empty if nobody can tell; none if it is no node.
fn node_name(requester: &Requester) -> Option<&str> {
    let name = requester.user.strip_prefix(PREFIX)?;
    requester.groups.iter().any(|group| group == GROUP).then_some(name)
}

// === what runs where ===

/// Something that a pod refers to, or the pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Thing {
    sort: Sort,
    namespace: SmolStr,
    name: SmolStr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sort {
    Pod,
    Secret,
    ConfigMap,
    Claim,
    Account,
    ResourceClaim,
}

/// What the pods of each node refer to. It is made when the first node asks, and from then on follows the
/// pods: every decision is made on all that was committed before it.
#[derive(Default)]
pub(super) struct Nodes(Mutex<Option<Graph>>);

struct Graph {
    watch: Watch,
    /// By node, and how many pods of it refer to a thing.
    links: HashMap<SmolStr, HashMap<Thing, usize>>,
}

impl Nodes {
    /// What the node authorizer says of an attempt: nothing where it allows it, else why not, which may be
    /// empty; and none at all where no node asks.
    pub(super) fn opinion(
        &self,
        store: &impl Backend,
        attempt: &Attempt,
        fields: &[FieldRequirement],
    ) -> Option<Result<(), String>> {
        let node = node_name(&attempt.requester)?;
        if node.is_empty() {
            let user = Value::from(attempt.requester.user.as_str());
            return Some(Err(format!("unknown node for user {user}")));
        }
        // A panic while it was held has left the graph as it was, or a little behind a watch that was read
        // further: it is thrown away.
        let mut held = self.0.lock().unwrap_or_else(|poisoned| {
            let mut held = PoisonError::into_inner(poisoned);
            *held = None;
            held
        });
        let current = held.take().and_then(Graph::caught_up);
        let Some(graph) = current.or_else(|| Graph::read(store)) else {
            return Some(Err("the pods of the node cannot be followed".to_owned()));
        };
        let view = store.view();
        let graph = held.insert(graph);
        Some(Question { node, attempt, fields, graph, view: &view }.answer())
    }
}

impl Graph {
    /// Everything that is there.
    fn read(store: &impl Backend) -> Option<Self> {
        let view = store.view();
        let watch = store.watch(PODS.as_bytes(), Some(view.revision())).ok()?;
        let mut graph = Self { watch, links: HashMap::new() };
        for entry in view.range(&Keys::prefix(PODS.as_bytes())) {
            graph.add(entry);
        }
        Some(graph)
    }

    /// With everything that was committed since; none if it fell behind what is still known.
    fn caught_up(mut self) -> Option<Self> {
        while let Some(event) = self.watch.try_next().ok()? {
            if let Some(entry) = event.previous() {
                self.remove(entry);
            }
            if let Some(entry) = event.entry() {
                self.add(entry);
            }
        }
        Some(self)
    }

    fn add(&mut self, entry: &store::Entry) {
        let Some((node, things)) = stored::read(entry).ok().and_then(|pod| links(&pod)) else {
            return;
        };
        let held = self.links.entry(node).or_default();
        for thing in things {
            *held.entry(thing).or_default() += 1;
        }
    }

    fn remove(&mut self, entry: &store::Entry) {
        let Some((node, things)) = stored::read(entry).ok().and_then(|pod| links(&pod)) else {
            return;
        };
        let Some(held) = self.links.get_mut(&node) else { return };
        for thing in things {
            if let Some(count) = held.get_mut(&thing) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    held.remove(&thing);
                }
            }
        }
        if held.is_empty() {
            self.links.remove(&node);
        }
    }

    fn has(&self, node: &str, sort: Sort, namespace: &str, name: &str) -> bool {
        let thing = Thing { sort, namespace: namespace.into(), name: name.into() };
        self.links.get(node).is_some_and(|held| held.contains_key(&thing))
    }
}

/// The node of a pod, and what the pod lets it come to; none while it runs nowhere.
fn links(pod: &Object) -> Option<(SmolStr, Vec<Thing>)> {
    let spec = pod.get("spec")?;
    let text = |value: &Value, field: &str| {
        value.get(field).and_then(Value::as_str).map(SmolStr::from).unwrap_or_default()
    };
    let node = text(spec, "nodeName");
    if node.is_empty() {
        return None;
    }
    let namespace = SmolStr::from(meta::namespace(pod));
    let thing = |sort, name: SmolStr| Thing { sort, namespace: namespace.clone(), name };
    let mut things = vec![thing(Sort::Pod, meta::name(pod).into())];
    let annotations = meta::metadata(pod).and_then(|metadata| metadata.get("annotations"));
    if annotations.is_some_and(|annotations| annotations.get(MIRROR).is_some()) {
        return Some((node, things));
    }
    things.extend(pods::secrets(pod).map(|name| thing(Sort::Secret, name.into())));
    things.extend(pods::config_maps(pod).map(|name| thing(Sort::ConfigMap, name.into())));
    things.extend(pods::claims(pod).map(|name| thing(Sort::Claim, name.into())));
    things.push(thing(Sort::Account, text(spec, "serviceAccountName")));
    let status = pod.get("status");
    let items = |value: Option<&Value>, field: &str| {
        let listed = value.and_then(|value| value.get(field)).and_then(Value::as_array);
        listed.cloned().unwrap_or_default()
    };
    let claims = items(Some(spec), "resourceClaims");
    let claims = claims
        .iter()
        .chain(&items(status, "resourceClaimStatuses"))
        .map(|claim| thing(Sort::ResourceClaim, text(claim, "resourceClaimName")))
        .collect::<Vec<_>>();
    things.extend(claims);
    if let Some(extended) = status.and_then(|status| status.get("extendedResourceClaimStatus")) {
        things.push(thing(Sort::ResourceClaim, text(extended, "resourceClaimName")));
    }
    things.retain(|thing| !thing.name.is_empty());
    Some((node, things))
}

// === may it ===

/// One attempt by a node, and what is known.
struct Question<'a> {
    node: &'a str,
    attempt: &'a Attempt,
    fields: &'a [FieldRequirement],
    graph: &'a Graph,
    view: &'a store::Snapshot,
}

type Answer = Result<(), String>;

fn no(why: &str) -> Answer {
    Err(why.to_owned())
}

impl Question<'_> {
    fn answer(&self) -> Answer {
        let Target::Resource(asked) = &self.attempt.target else { return self.by_rules() };
        let (verb, part) = (self.attempt.verb.as_str(), asked.subresource.as_str());
        match (asked.group.as_str(), asked.resource.as_str()) {
            ("", "secrets") => self.read(asked, |namespace, name| self.has_secret(namespace, name)),
            ("", "configmaps") => {
                self.read(asked, |namespace, name| self.has(Sort::ConfigMap, namespace, name))
            }
            ("", "persistentvolumeclaims") if part == "status" => match verb {
                "update" | "patch" => {
                    self.related(asked, |namespace, name| self.has(Sort::Claim, namespace, name))
                }
                _ => no("can only get/update/patch this type"),
            },
            ("", "persistentvolumeclaims") => {
                self.get(asked, |namespace, name| self.has(Sort::Claim, namespace, name))
            }
            ("", "persistentvolumes") => self.get(asked, |_, name| self.has_volume(name)),
            ("resource.k8s.io", "resourceclaims") => {
                self.get(asked, |namespace, name| self.has(Sort::ResourceClaim, namespace, name))
            }
            ("storage.k8s.io", "volumeattachments") => {
                self.get(asked, |_, name| self.is_of_node(ATTACHMENTS, name))
            }
            ("", "serviceaccounts") if verb == "get" && part.is_empty() => {
                self.read(asked, |namespace, name| self.has(Sort::Account, namespace, name))
            }
            ("", "serviceaccounts") => self.token(asked),
            ("coordination.k8s.io", "leases") => self.lease(asked),
            ("storage.k8s.io", "csinodes") => self.csi_node(asked),
            ("resource.k8s.io", "resourceslices") => self.slice(asked),
            ("", "nodes") => self.itself(asked),
            ("", "pods") => self.pod(asked),
            _ => self.by_rules(),
        }
    }

    fn by_rules(&self) -> Answer {
        let permits = |rule: &Arc<Rule>| rule.permits(&self.attempt.verb, &self.attempt.target);
        if RULES.iter().any(permits) { Ok(()) } else { no("") }
    }

    /// Whether some pod of the node leads to what is asked for, as `has` finds.
    fn related(&self, asked: &Asked, has: impl Fn(&str, &str) -> bool) -> Answer {
        if asked.name.is_empty() {
            return no("No Object name found");
        }
        let namespace = asked.namespace.as_ref().map_or("", Namespace::as_str);
        if has(namespace, &asked.name) {
            return Ok(());
        }
        Err(format!("no relationship found between node '{}' and this object", self.node))
    }

    fn get(&self, asked: &Asked, has: impl Fn(&str, &str) -> bool) -> Answer {
        if self.attempt.verb != "get" {
            return no("can only get individual resources of this type");
        }
        if !asked.subresource.is_empty() {
            return no("cannot get subresource");
        }
        self.related(asked, has)
    }

    fn read(&self, asked: &Asked, has: impl Fn(&str, &str) -> bool) -> Answer {
        if !matches!(self.attempt.verb.as_str(), "get" | "list" | "watch") {
            return no("can only read resources of this type");
        }
        if !asked.subresource.is_empty() {
            return no("cannot read subresource");
        }
        if asked.namespace.is_none() {
            return no("can only read namespaced object of this type");
        }
        self.related(asked, has)
    }

    fn has(&self, sort: Sort, namespace: &str, name: &str) -> bool {
        self.graph.has(self.node, sort, namespace, name)
    }

    /// A secret is for a pod, or for a volume that a pod of its claim mounts.
    fn has_secret(&self, namespace: &str, name: &str) -> bool {
        self.has(Sort::Secret, namespace, name)
            || self.view.range(&Keys::prefix(VOLUMES.as_bytes())).any(|entry| {
                let volume = stored::read(entry);
                volume.is_ok_and(|volume| {
                    self.has_claim_of(&volume) && mounts_with(&volume, namespace, name)
                })
            })
    }

    fn has_volume(&self, name: &str) -> bool {
        self.object(VOLUMES, name).is_some_and(|volume| self.has_claim_of(&volume))
    }

    fn has_claim_of(&self, volume: &Object) -> bool {
        let Some(claim) = volume.get("spec").and_then(|spec| spec.get("claimRef")) else {
            return false;
        };
        let text = |field: &str| claim.get(field).and_then(Value::as_str).unwrap_or_default();
        self.has(Sort::Claim, text("namespace"), text("name"))
    }

    /// Whether an object says that it is the node's.
    fn is_of_node(&self, prefix: &str, name: &str) -> bool {
        let object = self.object(prefix, name);
        let node =
            object.as_deref().and_then(|object| object.get("spec")?.get("nodeName")?.as_str());
        node == Some(self.node)
    }

    fn object(&self, prefix: &str, name: &str) -> Option<Arc<Object>> {
        stored::read(self.view.get(format!("{prefix}{name}").as_bytes())?).ok()
    }

    /// Whether a field selector asks for what is on this node.
    fn selects(&self, field: &str) -> bool {
        self.fields.iter().any(|term| term.equal && term.field == field && term.value == self.node)
    }

    fn token(&self, asked: &Asked) -> Answer {
        if self.attempt.verb != "create" || asked.name.is_empty() {
            return no("can only create tokens for individual service accounts");
        }
        if asked.subresource != "token" {
            return no("can only create token subresource of serviceaccount");
        }
        self.related(asked, |namespace, name| self.has(Sort::Account, namespace, name))
    }

    fn lease(&self, asked: &Asked) -> Answer {
        let verb = self.attempt.verb.as_str();
        if !matches!(verb, "get" | "create" | "update" | "patch" | "delete") {
            return no("can only get, create, update, patch, or delete a node lease");
        }
        if asked.namespace.as_ref().map(Namespace::as_str) != Some(LEASES) {
            let namespace = Value::from(LEASES);
            return Err(format!("can only access leases in the {namespace} system namespace"));
        }
        // What a new one is called is in its body: admission looks there.
        if verb != "create" && asked.name != self.node {
            return no("can only access node lease with the same name as the requesting node");
        }
        Ok(())
    }

    fn csi_node(&self, asked: &Asked) -> Answer {
        let verb = self.attempt.verb.as_str();
        if !matches!(verb, "get" | "create" | "update" | "patch" | "delete") {
            return no("can only get, create, update, patch, or delete a CSINode");
        }
        if !asked.subresource.is_empty() {
            return no("cannot authorize CSINode subresources");
        }
        if verb != "create" && asked.name != self.node {
            return no("can only access CSINode with the same name as the requesting node");
        }
        Ok(())
    }

    fn slice(&self, asked: &Asked) -> Answer {
        if !asked.subresource.is_empty() {
            return no("cannot authorize ResourceSlice subresources");
        }
        match self.attempt.verb.as_str() {
            "create" => Ok(()),
            "get" | "update" | "patch" | "delete" => {
                self.related(asked, |_, name| self.is_of_node(SLICES, name))
            }
            "watch" | "list" | "deletecollection" if self.selects("spec.nodeName") => Ok(()),
            "watch" | "list" | "deletecollection" => no(
                "can only list/watch/deletecollection resourceslices with nodeName field selector",
            ),
            _ => no(
                "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, \
                 patch, delete, deletecollection",
            ),
        }
    }

    fn itself(&self, asked: &Asked) -> Answer {
        let node = self.node;
        match (asked.subresource.as_str(), self.attempt.verb.as_str(), asked.name.as_str()) {
            // Which node it writes is admission's to judge.
            ("", "create" | "update" | "patch", _) | ("status", "update" | "patch", _) => Ok(()),
            ("", "get" | "list" | "watch", name) if name == node => Ok(()),
            ("", "get" | "list" | "watch", "") => {
                Err(format!("node '{node}' cannot read all nodes, only its own Node object"))
            }
            ("", "get" | "list" | "watch", name) => {
                Err(format!("node '{node}' cannot read '{name}', only its own Node object"))
            }
            _ => no(""),
        }
    }

    fn pod(&self, asked: &Asked) -> Answer {
        let has = |namespace: &str, name: &str| self.has(Sort::Pod, namespace, name);
        match (asked.subresource.as_str(), self.attempt.verb.as_str()) {
            ("", "get") => self.get(asked, has),
            ("", "list" | "watch") if self.selects("spec.nodeName") => Ok(()),
            ("", "list" | "watch") if !asked.name.is_empty() => self.related(asked, has),
            ("", "list" | "watch") => {
                no("can only list/watch pods with spec.nodeName field selector")
            }
            // Which pods is admission's to judge.
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => {
                Ok(())
            }
            _ => no(""),
        }
    }
}

/// Whether a node mounts a volume with a secret.
fn mounts_with(volume: &Object, namespace: &str, name: &str) -> bool {
    let Some(spec) = volume.get("spec") else { return false };
    let text = |value: &Value, field: &str| {
        value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    // A reference without a namespace means that of the claim.
    let claimed = spec.get("claimRef").map(|claim| text(claim, "namespace")).unwrap_or_default();
    let is_it = |given: String, secret: String| {
        secret == name
            && (if given.is_empty() { claimed.as_str() } else { given.as_str() }) == namespace
    };
    let referred = VOLUME_SECRETS.iter().any(|(source, field)| {
        let reference = spec.get(*source).and_then(|source| source.get(*field));
        reference
            .is_some_and(|reference| is_it(text(reference, "namespace"), text(reference, "name")))
    });
    let azure = spec.get("azureFile");
    referred
        || azure
            .is_some_and(|azure| is_it(text(azure, "secretNamespace"), text(azure, "secretName")))
}

#[cfg(test)]
mod tests;
