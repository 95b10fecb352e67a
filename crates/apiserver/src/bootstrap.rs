//! What is there from the beginning: the first namespaces, the bootstrap policy, the API's own service.
//!
//! At every start it is put right again, as kube-apiserver does after its start: what is missing is made, a
//! role or binding that is marked for it gets back the rules and subjects that it lacks, and nothing is
//! taken away. The law is "Auto-reconciliation" of the Kubernetes documentation on RBAC.

use portcullis_core::Timestamp;
use portcullis_kinds::Object;
use portcullis_rbac::{self as rbac, Party, RoleKind, Rule, covers};
use portcullis_schema::{api, own};
use portcullis_store::{Snapshot, Write};
use serde_json::{Value, json};

use crate::ask::Target;
use crate::backend::Backend;
use crate::gates::admitted::Admitted;
use crate::resource::{Resource, key};
use crate::server::{Behaviour, Server};
use crate::services::Allocation;
use crate::status::Status;
use crate::{managed, meta, stored};

const RBAC: &str = "rbac.authorization.k8s.io";

/// Who makes all this, as the fields' owner.
const MANAGER: &str = "kube-apiserver";

/// Says `false` where an operator does not want an object put right.
const AUTOUPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// The classes of the pods without which a cluster does not run, and their priorities.
const PRIORITY_CLASSES: [(&str, i64, &str); 2] = [
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if \
         necessary.",
    ),
];

/// The order in which the original makes the cluster roles: whoever watches from the beginning sees it.
const ORDER: &[&str] = &[
    "cluster-admin",
    "system:discovery",
    "system:monitoring",
    "system:basic-user",
    "system:public-info-viewer",
    "admin",
    "edit",
    "view",
    "system:aggregate-to-admin",
    "system:aggregate-to-edit",
    "system:aggregate-to-view",
    "system:heapster",
    "system:node",
    "system:node-problem-detector",
    "system:node-bootstrapper",
    "system:auth-delegator",
    "system:kube-aggregator",
    "system:kube-controller-manager",
    "system:kube-dns",
    "system:persistent-volume-provisioner",
    "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
    "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    "system:volume-scheduler",
    "system:certificates.k8s.io:legacy-unknown-approver",
    "system:certificates.k8s.io:kubelet-serving-approver",
    "system:certificates.k8s.io:kube-apiserver-client-approver",
    "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
    "system:service-account-issuer-discovery",
    "system:kubelet-api-admin",
    "system:node-proxier",
    "system:kube-scheduler",
    "system:controller:attachdetach-controller",
    "system:controller:clusterrole-aggregation-controller",
    "system:controller:cronjob-controller",
    "system:controller:daemon-set-controller",
    "system:controller:deployment-controller",
    "system:controller:disruption-controller",
    "system:controller:endpoint-controller",
    "system:controller:endpointslice-controller",
    "system:controller:endpointslicemirroring-controller",
    "system:controller:expand-controller",
    "system:controller:ephemeral-volume-controller",
    "system:controller:resource-claim-controller",
    "system:controller:generic-garbage-collector",
    "system:controller:horizontal-pod-autoscaler",
    "system:controller:job-controller",
    "system:controller:namespace-controller",
    "system:controller:node-controller",
    "system:controller:persistent-volume-binder",
    "system:controller:pod-garbage-collector",
    "system:controller:replicaset-controller",
    "system:controller:replication-controller",
    "system:controller:resourcequota-controller",
    "system:controller:route-controller",
    "system:controller:service-account-controller",
    "system:controller:service-controller",
    "system:controller:service-cidrs-controller",
    "system:controller:statefulset-controller",
    "system:controller:ttl-controller",
    "system:controller:certificate-controller",
    "system:controller:pvc-protection-controller",
    "system:controller:pv-protection-controller",
    "system:controller:volumeattributesclass-protection-controller",
    "system:controller:ttl-after-finished-controller",
    "system:controller:root-ca-cert-publisher",
    "system:controller:validatingadmissionpolicy-status-controller",
    "system:controller:legacy-service-account-token-cleaner",
    "system:controller:selinux-warning-controller",
];

impl<B: Backend> Server<B> {
    /// Makes what is missing and puts right what is less than it was. Answers how many objects that
    /// concerned.
    pub(crate) async fn bootstrap(&self) -> Result<usize, Status> {
        let view = self.store.view();
        let now = self.clock.now();
        let mut writes: Vec<(String, Object)> = Vec::new();
        let mut held: Vec<Write> = Vec::new();
        for (resource, object) in objects(&self.behaviour, now) {
            let lies = key(resource, meta::namespace(&object), meta::name(&object));
            if let Some(object) = self.righted(&view, resource, &lies, object, now) {
                held.extend(Allocation::of_given(Target::of(resource), &object));
                writes.push((lies, object));
            }
        }
        let made = writes.len();
        let mut writes = writes.into_iter();
        let Some((first, object)) = writes.next() else { return Ok(0) };
        let old = view.get(first.as_bytes()).cloned();
        let rest = writes.map(|(key, object)| stored::put(key.as_bytes(), object));
        let rest = rest.chain(held);
        let admitted = Admitted::by_bootstrap(first, old, object);
        let admitted = rest.fold(admitted, |admitted: Admitted, write: Write| admitted.with(write));
        admitted.write(&self.store).await?;
        Ok(made)
    }

    /// The object to be written, if anything is to be.
    fn righted(
        &self,
        view: &Snapshot,
        resource: &'static Resource,
        lies: &str,
        object: Object,
        now: Timestamp,
    ) -> Option<Object> {
        let target = Target::of(resource);
        let kind = target.kind;
        match view.get(lies.as_bytes()) {
            None => {
                let mut object = object;
                kind.default(&mut object);
                let owned = owned(target, now, &object);
                meta::set(&mut object, "managedFields", owned);
                meta::set(&mut object, "creationTimestamp", now.to_string());
                meta::set(&mut object, "uid", self.random.uuid());
                kind.prepare_create(&mut object);
                meta::sort(&mut object);
                Some(object)
            }
            Some(entry) => {
                let old = stored::read(entry).ok()?;
                let mut next = reconciled(resource, &old, &object)?;
                managed::by(MANAGER, now, target, Some(&old), &mut next);
                Some(next)
            }
        }
    }
}

/// The `managedFields` of a new object. What a Service is given with its address nobody has written.
fn owned(target: Target, now: Timestamp, object: &Object) -> Value {
    const ALLOCATED: [&str; 2] = ["clusterIPs", "ipFamilies"];
    let mut written = object.clone();
    if let Some(spec) = written.get_mut("spec").and_then(Value::as_object_mut) {
        spec.retain(|field, _| !ALLOCATED.contains(&field.as_str()));
    }
    managed::by(MANAGER, now, target, None, &mut written);
    meta::metadata(&written)
        .and_then(|held| held.get("managedFields"))
        .cloned()
        .unwrap_or(Value::Null)
}

/// Everything there is to be, in the order of its making.
fn objects(given: &Behaviour, now: Timestamp) -> Vec<(&'static Resource, Object)> {
    let mut objects = Vec::new();
    let mut push = |group: &str, plural: &str, object: Value| {
        if let (Some(resource), Value::Object(object)) =
            (api::resource(group, "v1", plural), object)
        {
            objects.push((resource, object));
        }
    };
    for name in NAMESPACES {
        push("", "namespaces", json!({"metadata": {"name": name}}));
    }
    push(
        "",
        "configmaps",
        json!({
            "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
            "data": {"client-ca-file": given.authorities},
        }),
    );
    // From when on the use of token secrets is noted (KEP-2799).
    push(
        "",
        "configmaps",
        json!({
            "metadata": {"name": "kube-apiserver-legacy-service-account-token-tracking",
                "namespace": "kube-system"},
            "data": {"since": now.to_string().split('T').next().unwrap_or_default()},
        }),
    );
    for (name, value, description) in PRIORITY_CLASSES {
        let class = json!({
            "metadata": {"name": name}, "value": value, "description": description,
        });
        push("scheduling.k8s.io", "priorityclasses", class);
    }
    if !given.service_address.is_empty() {
        push(
            "",
            "services",
            json!({
                "metadata": {"name": "kubernetes", "namespace": "default",
                    "labels": {"component": "apiserver", "provider": "kubernetes"}},
                "spec": {
                    "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": given.port}],
                    "clusterIP": given.service_address,
                    "clusterIPs": [given.service_address],
                    "type": "ClusterIP",
                    "sessionAffinity": "None",
                    "ipFamilies": ["IPv4"],
                    "ipFamilyPolicy": "SingleStack",
                },
            }),
        );
    }
    let (roles, bindings) = rbac::bootstrap();
    let place =
        |role: &rbac::Role| ORDER.iter().position(|name| *name == role.name).unwrap_or(ORDER.len());
    let mut ordered: Vec<&rbac::Role> = roles.iter().collect();
    ordered.sort_by_key(|role| (role.namespace.is_some(), place(role)));
    for role in ordered {
        push(
            RBAC,
            if role.namespace.is_some() { "roles" } else { "clusterroles" },
            role_object(role),
        );
    }
    for binding in &bindings {
        let plural =
            if binding.namespace.is_some() { "rolebindings" } else { "clusterrolebindings" };
        push(RBAC, plural, binding_object(binding));
    }
    if given.own_groups {
        for (plural, object) in own_policy() {
            push(RBAC, plural, object);
        }
    }
    objects
}

/// Everybody may ask why, as everybody may create a SelfSubjectAccessReview: about oneself, and naming
/// only what one may read.
fn own_policy() -> [(&'static str, Value); 2] {
    const NAME: &str = "portcullis:basic-user";
    let rule = json!({
        "verbs": ["create"], "apiGroups": [own::group().name], "resources": ["accessreviews"],
    });
    let subject = json!({"kind": "Group", "apiGroup": RBAC, "name": "system:authenticated"});
    let role = json!({"metadata": metadata(NAME, None, &[]), "rules": [rule]});
    let binding = json!({
        "metadata": metadata(NAME, None, &[]),
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": NAME},
        "subjects": [subject],
    });
    [("clusterroles", role), ("clusterrolebindings", binding)]
}

fn metadata(name: &str, namespace: Option<&str>, labels: &[(&str, &str)]) -> Value {
    let mut held = Object::new();
    held.insert("kubernetes.io/bootstrapping".into(), "rbac-defaults".into());
    held.extend(labels.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))));
    let mut metadata = json!({"name": name, "labels": held, "annotations": {AUTOUPDATE: "true"}});
    if let (Some(namespace), Some(metadata)) = (namespace, metadata.as_object_mut()) {
        metadata.insert("namespace".into(), namespace.into());
    }
    metadata
}

fn role_object(role: &rbac::Role) -> Value {
    let labels: Vec<(&str, &str)> = role.labels.iter().collect();
    let namespace = role.namespace.as_ref().map(portcullis_core::Namespace::as_str);
    let mut object = json!({"metadata": metadata(&role.name, namespace, &labels)});
    let Some(fields) = object.as_object_mut() else { return object };
    match &role.aggregation {
        // Its rules are gathered by the controller.
        Some(selectors) => {
            let selectors: Vec<Value> = selectors.iter().map(match_labels).collect();
            fields.insert("rules".into(), Value::Null);
            fields.insert("aggregationRule".into(), json!({"clusterRoleSelectors": selectors}));
        }
        None => {
            let rules: Vec<Value> = role.rules.iter().map(|rule| rule_object(rule)).collect();
            fields.insert("rules".into(), rules.into());
        }
    }
    object
}

/// The selectors of the bootstrap policy ask for labels and nothing else.
fn match_labels(selector: &portcullis_core::Selector) -> Value {
    use portcullis_core::Selector;
    let mut labels = Object::new();
    let mut add = |selector: &Selector| {
        if let Selector::Equals(key, value) = selector {
            labels.insert(key.to_string(), value.as_str().into());
        }
    };
    match selector {
        Selector::And(parts) => parts.iter().for_each(&mut add),
        one => add(one),
    }
    json!({"matchLabels": labels})
}

/// A rule as it stands in a role.
pub(crate) fn rule_object(rule: &Rule) -> Value {
    let mut object = Object::new();
    let mut add = |field: &str, words: &[smol_str::SmolStr]| {
        if !words.is_empty() || field == "verbs" {
            let words: Vec<Value> = words.iter().map(|word| word.as_str().into()).collect();
            object.insert(field.to_owned(), words.into());
        }
    };
    add("verbs", &rule.verbs);
    add("apiGroups", &rule.api_groups);
    add("resources", &rule.resources);
    add("resourceNames", &rule.resource_names);
    add("nonResourceURLs", &rule.urls);
    object.into()
}

fn binding_object(binding: &rbac::Binding) -> Value {
    let namespace = binding.namespace.as_ref().map(portcullis_core::Namespace::as_str);
    let kind = match binding.role.kind {
        RoleKind::Role => "Role",
        _ => "ClusterRole",
    };
    let subjects: Vec<Value> =
        binding.subjects.iter().map(|subject| party_object(&subject.who)).collect();
    let mut object = json!({
        "metadata": metadata(&binding.name, namespace, &[]),
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": binding.role.name.as_str()},
    });
    if let Some(fields) = object.as_object_mut()
        && !subjects.is_empty()
    {
        fields.insert("subjects".into(), subjects.into());
    }
    object
}

fn party_object(party: &Party) -> Value {
    match party {
        Party::ServiceAccount { namespace, name } => json!({
            "kind": "ServiceAccount",
            "name": name.as_str(),
            "namespace": namespace.as_ref().map_or("", |namespace| namespace.as_str()),
        }),
        other => json!({"kind": other.kind(), "apiGroup": RBAC, "name": other.name().as_str()}),
    }
}

/// What is there with what it lacks; nothing where it lacks nothing or is left alone.
fn reconciled(resource: &Resource, old: &Object, wanted: &Object) -> Option<Object> {
    if resource.group != RBAC {
        return None;
    }
    let annotations = meta::metadata(old).and_then(|metadata| metadata.get("annotations"));
    if annotations.and_then(|held| held.get(AUTOUPDATE)).and_then(Value::as_str) == Some("false") {
        return None;
    }
    let mut next = old.clone();
    let field = if resource.plural.ends_with("bindings") { "subjects" } else { "rules" };
    let listed =
        |object: &Object| object.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let (held, asked) = (listed(old), listed(wanted));
    let missing: Vec<Value> = if field == "rules" {
        let (owned, wanted): (Vec<Rule>, Vec<Rule>) =
            (held.iter().map(rule_of).collect(), asked.iter().map(rule_of).collect());
        covers(&owned, &wanted).uncovered.iter().map(rule_object).collect()
    } else {
        asked.into_iter().filter(|subject| !held.contains(subject)).collect()
    };
    let mut changed = !missing.is_empty();
    if changed {
        let all: Vec<Value> = held.into_iter().chain(missing).collect();
        next.insert(field.to_owned(), all.into());
    }
    for field in ["roleRef", "aggregationRule"] {
        if let Some(asked) = wanted.get(field)
            && old.get(field) != Some(asked)
        {
            next.insert(field.to_owned(), asked.clone());
            changed = true;
        }
    }
    changed.then_some(next)
}

fn rule_of(value: &Value) -> Rule {
    let words = |field: &str| {
        let listed = value.get(field).and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(Value::as_str).map(Into::into).collect()
    };
    Rule {
        verbs: words("verbs"),
        api_groups: words("apiGroups"),
        resources: words("resources"),
        resource_names: words("resourceNames"),
        urls: words("nonResourceURLs"),
        origin: portcullis_core::Origin::built_in(portcullis_core::ObjectRef {
            group: RBAC.into(),
            kind: "ClusterRole".into(),
            namespace: None,
            name: "".into(),
        }),
    }
}
