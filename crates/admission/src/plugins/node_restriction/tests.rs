//! What nodes may do, as tables.

use serde_json::{Value, json};

use super::*;
use crate::testing::{Table, change, of};

/// Two nodes, a pod on each.
fn table() -> Table {
    let pod = |name: &str, node: &str| {
        json!({"metadata": {"name": name, "namespace": "a", "uid": format!("uid-{name}")}, "spec": {
            "nodeName": node,
            "volumes": [{"projected": {"sources": [{"serviceAccountToken": {"audience": "vault"}}]}}],
        }})
    };
    Table::new()
        .with(Sort::Node, json!({"metadata": {"name": "n1", "uid": "uid-n1"}}))
        .with(Sort::Pod, pod("mine", "n1"))
        .with(Sort::Pod, pod("other", "n2"))
        .allowing("system:node:n1", "request-serviceaccounts-token-audience", "db", "sa")
}

#[track_caller]
fn told(review: crate::Review, object: &Value, old: Option<&Value>) -> String {
    let mut object = object.as_object().unwrap().clone();
    let old = old.map(|old| old.as_object().unwrap().clone());
    let told = change(&NodeRestriction, &table(), &review, &mut object, old.as_ref());
    told.map_or_else(|why| why.to_string(), |()| String::new())
}

#[test]
fn others_are_not_restricted() {
    let node = json!({"metadata": {"name": "n2"}});
    assert_eq!(told(of(Operation::Create, "nodes").named("n2"), &node, None), "");
    let mut review = of(Operation::Create, "nodes").named("n2").by_node("");
    assert_eq!(
        told(review.clone(), &node, None),
        "could not determine node from user \"system:node:\""
    );
    review.requester.groups.clear();
    assert_eq!(told(review, &node, None), "");
}

#[test]
fn a_node_changes_itself_and_not_what_draws_work_to_it() {
    let node = |labels: Value, spec: Value| json!({"metadata": {"name": "n1", "labels": labels}, "spec": spec});
    let plain = node(json!({}), json!({}));
    for (object, old, want) in [
        (node(json!({"kubernetes.io/hostname": "h", "a.b/c": "d", "x": "y"}), json!({})), None, ""),
        (
            node(json!({"x.node.kubernetes.io/y": "", "kubelet.kubernetes.io/z": ""}), json!({})),
            None,
            "",
        ),
        (
            node(
                json!({"kubernetes.io/role": "r", "a.k8s.io/b": "c", "node-restriction.kubernetes.io/x": "y"}),
                json!({}),
            ),
            None,
            "node \"n1\" is not allowed to set the following labels: a.k8s.io/b, kubernetes.io/role, \
             node-restriction.kubernetes.io/x",
        ),
        (
            node(json!({}), json!({"configSource": {}})),
            None,
            "node \"n1\" is not allowed to create pods with a non-nil configSource",
        ),
        (node(json!({"kubernetes.io/os": "l"}), json!({})), Some(&plain), ""),
        (
            node(json!({"kubernetes.io/role": "r"}), json!({})),
            Some(&plain),
            "is not allowed to modify labels: kubernetes.io/role",
        ),
        (
            node(json!({}), json!({"taints": [{"key": "k"}]})),
            Some(&plain),
            "node \"n1\" is not allowed to modify taints",
        ),
        (
            json!({"metadata": {"name": "n1", "ownerReferences": [{"name": "x"}]}}),
            Some(&plain),
            "node \"n1\" is not allowed to modify ownerReferences",
        ),
    ] {
        let operation = if old.is_some() { Operation::Update } else { Operation::Create };
        assert_eq!(told(of(operation, "nodes").named("n1").by_node("n1"), &object, old), want);
    }
    assert_eq!(
        told(of(Operation::Create, "nodes").named("n2").by_node("n1"), &plain, None),
        "node \"n1\" is not allowed to modify node \"n2\""
    );
}

#[test]
fn a_node_shows_its_own_pods() {
    let owner = json!({"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "uid-n1", "controller": true});
    let pod = |owners: Value, spec: Value| {
        let mut pod = json!({"metadata": {"name": "m", "annotations": {(crate::plugins::service_account::MIRROR): "x"},
            "ownerReferences": owners}, "spec": {"nodeName": "n1"}});
        for (field, value) in spec.as_object().unwrap() {
            pod["spec"][field] = value.clone();
        }
        pod
    };
    let with = |field: &str, value: Value| {
        let mut owner = owner.clone();
        owner[field] = value;
        pod(json!([owner]), json!({}))
    };
    for (object, want) in [
        (pod(json!([owner]), json!({})), ""),
        (
            json!({"metadata": {"name": "m"}}),
            "pod does not have \"kubernetes.io/config.mirror\" annotation, node \"n1\" can only create mirror pods",
        ),
        (
            pod(json!([owner]), json!({"nodeName": "n2"})),
            "node \"n1\" can only create pods with spec.nodeName set to itself",
        ),
        (
            pod(json!([]), json!({})),
            "node \"n1\" can only create pods with an owner reference set to itself",
        ),
        (
            pod(json!([owner, owner]), json!({})),
            "node \"n1\" can only create pods with a single owner reference set to itself",
        ),
        (
            with("kind", json!("Pod")),
            "node \"n1\" can only create pods with an owner reference set to itself",
        ),
        (
            with("controller", json!(false)),
            "node \"n1\" can only create pods with a controller owner reference set to itself",
        ),
        (
            with("blockOwnerDeletion", json!(true)),
            "node \"n1\" must not set blockOwnerDeletion on an owner reference",
        ),
        (with("uid", json!("u")), "node n1 UID mismatch: expected u got uid-n1"),
        (
            pod(json!([owner]), json!({"serviceAccountName": "x"})),
            "node \"n1\" can not create pods that reference a service account",
        ),
        (
            pod(json!([owner]), json!({"imagePullSecrets": [{"name": "x"}]})),
            "node \"n1\" can not create pods that reference secrets",
        ),
        (
            pod(json!([owner]), json!({"volumes": [{"configMap": {"name": "x"}}]})),
            "node \"n1\" can not create pods that reference configmaps",
        ),
        (
            pod(
                json!([owner]),
                json!({"volumes": [{"projected": {"sources": [{"clusterTrustBundle": {}}]}}]}),
            ),
            "node \"n1\" can not create pods that reference clustertrustbundles",
        ),
        (
            pod(
                json!([owner]),
                json!({"volumes": [{"persistentVolumeClaim": {"claimName": "x"}}]}),
            ),
            "node \"n1\" can not create pods that reference persistentvolumeclaims",
        ),
        (
            pod(json!([owner]), json!({"resourceClaims": [{"name": "x"}]})),
            "node \"n1\" can not create pods that reference resourceclaims",
        ),
    ] {
        let review = of(Operation::Create, "pods").in_namespace("a").named("m").by_node("n1");
        assert_eq!(told(review, &object, None), want);
    }
}

#[test]
fn a_node_ends_the_pods_that_run_on_it() {
    let none = json!({});
    for (operation, part, name, want) in [
        (Operation::Delete, "", "mine", ""),
        (
            Operation::Delete,
            "",
            "other",
            "node \"n1\" can only delete pods with spec.nodeName set to itself",
        ),
        (Operation::Delete, "", "none", "pods `none` not found"),
        (
            Operation::Update,
            "",
            "mine",
            "unexpected operation \"UPDATE\", node \"n1\" can only create and delete mirror pods",
        ),
        (Operation::Create, "eviction", "mine", ""),
        (
            Operation::Create,
            "eviction",
            "other",
            "node n1 can only evict pods with spec.nodeName set to itself",
        ),
        (Operation::Create, "eviction", "", "could not determine pod from request data"),
        (
            Operation::Create,
            "binding",
            "mine",
            "unexpected pod subresource \"binding\", only 'status' and 'eviction' are allowed",
        ),
        (Operation::Create, "status", "mine", "unexpected operation \"CREATE\""),
    ] {
        let review = of(operation, "pods").part(part).in_namespace("a").named(name).by_node("n1");
        assert_eq!(told(review, &none, None), want, "{part} {name}");
    }
}

#[test]
fn a_node_tells_how_its_pods_are() {
    let pod = |node: &str, labels: Value, status: Value| json!({"metadata": {"name": "p", "labels": labels}, "spec": {"nodeName": node}, "status": status});
    let mine = pod("n1", json!({"a": "b"}), json!({}));
    for (object, old, want) in [
        (pod("n1", json!({"a": "b"}), json!({"phase": "Running"})), &mine, ""),
        (
            pod("n1", json!({}), json!({})),
            &pod("n2", json!({}), json!({})),
            "node \"n1\" can only update pod status for pods with spec.nodeName set to itself",
        ),
        (
            pod("n1", json!({}), json!({})),
            &mine,
            "node \"n1\" cannot update labels through pod status",
        ),
        (
            pod("n1", json!({"a": "b"}), json!({"resourceClaimStatuses": [{"name": "x"}]})),
            &mine,
            "node \"n1\" cannot update resource claim statues",
        ),
    ] {
        let review =
            of(Operation::Update, "pods").part("status").in_namespace("a").named("p").by_node("n1");
        assert_eq!(told(review, &object, Some(old)), want);
    }
}

#[test]
fn a_node_gets_tokens_for_its_pods() {
    let bound = |name: &str, uid: &str, audiences: Value| {
        json!({"spec": {"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid},
            "audiences": audiences}})
    };
    for (object, want) in [
        (bound("mine", "uid-mine", json!(["vault"])), ""),
        (bound("mine", "uid-mine", json!(["db"])), ""),
        (json!({"spec": {}}), "node requested token not bound to a pod"),
        (bound("mine", "", json!([])), "node requested token with a pod binding without a uid"),
        (
            bound("mine", "u", json!([])),
            "the UID in the bound object reference (u) does not match the UID in record. The object might have \
             been deleted and then recreated",
        ),
        (
            bound("other", "uid-other", json!([])),
            "node requested token bound to a pod scheduled on a different node",
        ),
        (bound("mine", "uid-mine", json!(["a", "b"])), "node may only request 0 or 1 audiences"),
        (
            bound("mine", "uid-mine", json!(["x"])),
            "audience \"x\" not found in pod spec volume, system:node:n1 is not authorized to request tokens \
             for this audience",
        ),
    ] {
        let review =
            of(Operation::Create, "serviceaccounts").part("token").in_namespace("a").named("sa");
        assert_eq!(told(review.by_node("n1"), &object, None), want);
    }
}

#[test]
fn what_belongs_to_a_node_has_its_name() {
    let named = |name: &str| json!({"metadata": {"name": name}, "spec": {"nodeName": name}});
    let lease = "can only access node lease with the same name as the requesting node";
    let elsewhere = "can only access leases in the \"kube-node-lease\" system namespace";
    let csi = "can only access CSINode with the same name as the requesting node";
    let slice = "can only create ResourceSlice with the same NodeName as the requesting node";
    for (group, resource, namespace, name, want) in [
        ("coordination.k8s.io", "leases", LEASES, "n1", ""),
        ("coordination.k8s.io", "leases", LEASES, "n2", lease),
        ("coordination.k8s.io", "leases", "a", "n1", elsewhere),
        ("storage.k8s.io", "csinodes", "", "n1", ""),
        ("storage.k8s.io", "csinodes", "", "n2", csi),
        ("resource.k8s.io", "resourceslices", "", "n1", ""),
        ("resource.k8s.io", "resourceslices", "", "n2", slice),
    ] {
        let review = of(Operation::Create, resource).in_group(group).in_namespace(namespace);
        assert_eq!(told(review.named(name).by_node("n1"), &named(name), None), want);
    }
}

#[test]
fn a_node_asks_for_a_certificate_of_its_own() {
    use base64::Engine as _;
    let request = |signer: &str, text: &str| {
        let request = base64::engine::general_purpose::STANDARD.encode(text);
        json!({"metadata": {"name": "c"}, "spec": {"signerName": signer, "request": request}})
    };
    for (object, want) in [
        (request(NODE_SIGNERS[0], "system:node:n1|system:nodes"), ""),
        (
            request(NODE_SIGNERS[0], "system:node:n2|system:nodes"),
            "can only create a node CSR with CN=system:node:n1",
        ),
        (request(NODE_SIGNERS[1], ""), "unable to parse csr: no request"),
        (request("a.b/c", ""), ""),
    ] {
        let review =
            of(Operation::Create, "certificatesigningrequests").in_group("certificates.k8s.io");
        assert_eq!(told(review.by_node("n1"), &object, None), want);
    }
}

#[test]
fn a_node_tells_how_far_its_storage_is() {
    let claim = |spec: Value, status: Value| json!({"metadata": {"name": "c"}, "spec": spec, "status": status});
    let old = claim(json!({}), json!({"phase": "Bound"}));
    let other = "node \"n1\" is not allowed to update fields other than status.capacity and status.conditions";
    for (part, object, want) in [
        ("status", claim(json!({}), json!({"phase": "Bound", "capacity": {"storage": "1"}})), ""),
        ("status", claim(json!({}), json!({"phase": "Lost"})), other),
        ("status", claim(json!({"volumeName": "v"}), json!({"phase": "Bound"})), other),
        ("", old.clone(), "may only update PVC status"),
    ] {
        let review = of(Operation::Update, "persistentvolumeclaims").part(part).in_namespace("a");
        assert_eq!(told(review.named("c").by_node("n1"), &object, Some(&old)), want);
    }
}
