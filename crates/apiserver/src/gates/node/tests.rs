//! What nodes may do, as tables over a store with one pod on each of two nodes.

use portcullis_store::{Memory, Store as _};
use serde_json::json;

use super::*;

const POD: &str = "/registry/pods/a/p1";

fn object(value: &Value) -> Object {
    value.as_object().expect("an object").clone()
}

fn pod(name: &str, node: &str) -> Object {
    object(&json!({"metadata": {"name": name, "namespace": "a"}, "spec": {
        "nodeName": node, "serviceAccountName": "sa",
        "resourceClaims": [{"name": "r", "resourceClaimName": "rc"}],
        "volumes": [
            {"name": "s", "secret": {"secretName": "s"}},
            {"name": "m", "configMap": {"name": "m"}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "c"}},
        ],
    }}))
}

fn write(store: &Memory, key: &str, object: Object) {
    store.commit_now(&[], vec![stored::put(key.as_bytes(), object)]).expect("it is stored");
}

fn store() -> Memory {
    let store = Memory::new();
    write(&store, POD, pod("p1", "n1"));
    let other = json!({"metadata": {"name": "p2", "namespace": "a"}, "spec": {"nodeName": "n2",
        "volumes": [{"name": "s", "secret": {"secretName": "other"}}]}});
    write(&store, "/registry/pods/a/p2", object(&other));
    let mirror = json!({"metadata": {"name": "p3", "namespace": "a", "annotations": {(MIRROR): "x"}},
        "spec": {"nodeName": "n1", "volumes": [{"name": "s", "secret": {"secretName": "mirrored"}}]}});
    write(&store, "/registry/pods/a/p3", object(&mirror));
    let volume = json!({"metadata": {"name": "v"}, "spec": {"claimRef": {"namespace": "a", "name": "c"},
        "csi": {"nodePublishSecretRef": {"name": "csi"}, "controllerPublishSecretRef": {"name": "far"}}}});
    write(&store, &format!("{VOLUMES}v"), object(&volume));
    for (prefix, name, node) in
        [(ATTACHMENTS, "t", "n1"), (ATTACHMENTS, "u", "n2"), (SLICES, "sl", "n1")]
    {
        let object = object(&json!({"metadata": {"name": name}, "spec": {"nodeName": node}}));
        write(&store, &format!("{prefix}{name}"), object);
    }
    store
}

/// `VERB GROUP/RESOURCE/PART NAMESPACE NAME`; `-` is nothing.
fn attempt(text: &str) -> Attempt {
    let words: Vec<&str> =
        text.split(' ').map(|word| if word == "-" { "" } else { word }).collect();
    let [verb, what, namespace, name] = words.as_slice() else { panic!("{text}") };
    let (group, what) = what.split_once('/').unwrap_or(("", what));
    let (resource, part) = what.split_once('/').unwrap_or((what, ""));
    Attempt {
        requester: Requester { user: "system:node:n1".into(), groups: vec![GROUP.into()] },
        verb: (*verb).into(),
        target: Target::Resource(Asked {
            group: group.into(),
            resource: resource.into(),
            subresource: part.into(),
            namespace: (!namespace.is_empty()).then(|| Namespace::new(*namespace)),
            name: (*name).into(),
        }),
    }
}

fn told(nodes: &Nodes, store: &Memory, asked: &str, fields: &[FieldRequirement]) -> String {
    let answer = nodes.opinion(store, &attempt(asked), fields).expect("a node asks");
    answer.map_or_else(|why| why, |()| "yes".to_owned())
}

const UNRELATED: &str = "no relationship found between node 'n1' and this object";

#[test]
fn a_node_reads_what_its_pods_refer_to() {
    let (nodes, store) = (Nodes::default(), store());
    for (asked, want) in [
        ("get /secrets a s", "yes"),
        ("watch /secrets a s", "yes"),
        ("get /secrets a csi", "yes"),
        ("get /secrets a far", UNRELATED),
        ("get /secrets a other", UNRELATED),
        ("get /secrets a mirrored", UNRELATED),
        ("get /secrets b s", UNRELATED),
        ("list /secrets a -", "No Object name found"),
        ("get /secrets - s", "can only read namespaced object of this type"),
        ("update /secrets a s", "can only read resources of this type"),
        ("get /secrets/x a s", "cannot read subresource"),
        ("get /configmaps a m", "yes"),
        ("get /configmaps a s", UNRELATED),
        ("get /persistentvolumeclaims a c", "yes"),
        ("list /persistentvolumeclaims a -", "can only get individual resources of this type"),
        ("patch /persistentvolumeclaims/status a c", "yes"),
        ("get /persistentvolumeclaims/status a c", "can only get/update/patch this type"),
        ("get /persistentvolumes - v", "yes"),
        ("get /persistentvolumes - w", UNRELATED),
        ("get /persistentvolumes/status - v", "cannot get subresource"),
        ("get storage.k8s.io/volumeattachments - t", "yes"),
        ("get storage.k8s.io/volumeattachments - u", UNRELATED),
        ("get resource.k8s.io/resourceclaims a rc", "yes"),
        ("get /serviceaccounts a sa", "yes"),
        ("create /serviceaccounts/token a sa", "yes"),
        ("create /serviceaccounts/token a default", UNRELATED),
        ("list /serviceaccounts a -", "can only create tokens for individual service accounts"),
        ("create /serviceaccounts a sa", "can only create token subresource of serviceaccount"),
        ("get /pods a p1", "yes"),
        ("get /pods a p3", "yes"),
        ("get /pods a p2", UNRELATED),
        ("watch /pods a p1", "yes"),
    ] {
        assert_eq!(told(&nodes, &store, asked, &[]), want, "{asked}");
    }
}

#[test]
fn a_node_keeps_its_own_objects() {
    let (nodes, store) = (Nodes::default(), store());
    for (asked, want) in [
        ("get /nodes - n1", "yes"),
        ("get /nodes - n2", "node 'n1' cannot read 'n2', only its own Node object"),
        ("list /nodes - -", "node 'n1' cannot read all nodes, only its own Node object"),
        ("create /nodes - -", "yes"),
        ("patch /nodes/status - n1", "yes"),
        ("delete /nodes - n1", ""),
        ("create /pods a -", "yes"),
        ("update /pods/status a p1", "yes"),
        ("create /pods/eviction a p1", "yes"),
        ("update /pods a p1", ""),
        ("create /pods/exec a p1", ""),
        ("get coordination.k8s.io/leases kube-node-lease n1", "yes"),
        ("create coordination.k8s.io/leases kube-node-lease -", "yes"),
        (
            "get coordination.k8s.io/leases kube-node-lease n2",
            "can only access node lease with the same name as the requesting node",
        ),
        (
            "get coordination.k8s.io/leases a n1",
            "can only access leases in the \"kube-node-lease\" system namespace",
        ),
        (
            "list coordination.k8s.io/leases kube-node-lease -",
            "can only get, create, update, patch, or delete a node lease",
        ),
        ("update storage.k8s.io/csinodes - n1", "yes"),
        (
            "update storage.k8s.io/csinodes - n2",
            "can only access CSINode with the same name as the requesting node",
        ),
        (
            "list storage.k8s.io/csinodes - -",
            "can only get, create, update, patch, or delete a CSINode",
        ),
        ("get storage.k8s.io/csinodes/x - n1", "cannot authorize CSINode subresources"),
        ("create resource.k8s.io/resourceslices - -", "yes"),
        ("update resource.k8s.io/resourceslices - sl", "yes"),
        ("update resource.k8s.io/resourceslices - none", UNRELATED),
        ("list /services - -", "yes"),
        ("create /services a -", ""),
    ] {
        assert_eq!(told(&nodes, &store, asked, &[]), want, "{asked}");
    }
}

#[test]
fn a_node_lists_what_is_on_it() {
    let (nodes, store) = (Nodes::default(), store());
    let pods = "can only list/watch pods with spec.nodeName field selector";
    let slices = "can only list/watch/deletecollection resourceslices with nodeName field selector";
    for (asked, field, equal, value, want) in [
        ("list /pods - -", "spec.nodeName", true, "n1", "yes"),
        ("list /pods - -", "spec.nodeName", true, "n2", pods),
        ("list /pods - -", "spec.nodeName", false, "n1", pods),
        ("list /pods - -", "status.phase", true, "n1", pods),
        ("deletecollection resource.k8s.io/resourceslices - -", "spec.nodeName", true, "n1", "yes"),
        ("list resource.k8s.io/resourceslices - -", "spec.nodeName", true, "n2", slices),
    ] {
        let term = FieldRequirement { field: field.to_owned(), equal, value: value.to_owned() };
        assert_eq!(told(&nodes, &store, asked, &[term]), want, "{asked} {value}");
    }
}

#[test]
fn pods_are_followed() {
    let (nodes, store) = (Nodes::default(), store());
    assert_eq!(told(&nodes, &store, "get /secrets a s", &[]), "yes");
    write(&store, "/registry/pods/a/p4", pod("p4", "n1"));
    write(&store, POD, pod("p1", "n2"));
    assert_eq!(told(&nodes, &store, "get /secrets a s", &[]), "yes");
    assert_eq!(told(&nodes, &store, "get /pods a p1", &[]), UNRELATED);
    let gone = vec![store::Write::Delete { key: b"/registry/pods/a/p4".as_slice().into() }];
    store.commit_now(&[], gone).expect("it goes");
    assert_eq!(told(&nodes, &store, "get /secrets a s", &[]), UNRELATED);
    // What nobody followed for too long is read anew.
    write(&store, POD, pod("p1", "n1"));
    let latest = store.snapshot().revision();
    store.compact(latest);
    assert_eq!(told(&nodes, &store, "get /secrets a s", &[]), "yes");
}

#[test]
fn who_is_no_node_is_none() {
    let nodes = Nodes::default();
    let mut asked = attempt("get /nodes - n1");
    asked.requester.groups.clear();
    assert_eq!(nodes.opinion(&store(), &asked, &[]), None);
    let mut asked = attempt("get /nodes - n1");
    asked.requester.user = "system:node:".into();
    let want = Some(Err("unknown node for user \"system:node:\"".to_owned()));
    assert_eq!(nodes.opinion(&store(), &asked, &[]), want);
}
