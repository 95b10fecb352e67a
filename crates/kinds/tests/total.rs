//! Every kind takes every JSON: whatever stands where, nothing panics and nothing is lost track of.

use portcullis_core::Timestamp;
use portcullis_kinds::{Object, Occasion, create_faults, joined, kind, update_faults};
use serde_json::{Value, json};

/// Every resource that has rules of its own, and one that has none.
const RESOURCES: [(&str, &str); 51] = [
    ("", "componentstatuses"),
    ("", "configmaps"),
    ("", "endpoints"),
    ("", "events"),
    ("", "limitranges"),
    ("", "namespaces"),
    ("", "nodes"),
    ("", "persistentvolumeclaims"),
    ("", "persistentvolumes"),
    ("", "pods"),
    ("", "podtemplates"),
    ("", "replicationcontrollers"),
    ("", "resourcequotas"),
    ("", "secrets"),
    ("", "serviceaccounts"),
    ("", "services"),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("apiregistration.k8s.io", "apiservices"),
    ("apps", "controllerrevisions"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
    ("certificates.k8s.io", "certificatesigningrequests"),
    ("coordination.k8s.io", "leases"),
    ("discovery.k8s.io", "endpointslices"),
    ("events.k8s.io", "events"),
    ("example.test", "unknown"),
    ("flowcontrol.apiserver.k8s.io", "flowschemas"),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"),
    ("networking.k8s.io", "ingressclasses"),
    ("networking.k8s.io", "ingresses"),
    ("networking.k8s.io", "ipaddresses"),
    ("networking.k8s.io", "networkpolicies"),
    ("networking.k8s.io", "servicecidrs"),
    ("node.k8s.io", "runtimeclasses"),
    ("policy", "poddisruptionbudgets"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("rbac.authorization.k8s.io", "roles"),
    ("resource.k8s.io", "resourceclaims"),
    ("resource.k8s.io", "resourceslices"),
    ("scheduling.k8s.io", "priorityclasses"),
];

/// Words that mean something to some kind, as fields and as values.
const WORDS: [&str; 64] = [
    "metadata",
    "name",
    "namespace",
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
    "generateName",
    "managedFields",
    "deletionTimestamp",
    "spec",
    "status",
    "data",
    "stringData",
    "type",
    "kind",
    "apiVersion",
    "rules",
    "subjects",
    "roleRef",
    "webhooks",
    "clientConfig",
    "url",
    "service",
    "port",
    "ports",
    "path",
    "paths",
    "podSelector",
    "matchLabels",
    "matchExpressions",
    "key",
    "operator",
    "values",
    "ingress",
    "egress",
    "from",
    "to",
    "ipBlock",
    "cidr",
    "except",
    "endPort",
    "limits",
    "max",
    "min",
    "default",
    "hard",
    "conditions",
    "template",
    "containers",
    "image",
    "resources",
    "requests",
    "cpu",
    "volumes",
    "versions",
    "names",
    "request",
    "usages",
    "subsets",
    "addresses",
    "ip",
    "metrics",
    "selector",
];

/// Texts that sit at the edges of rules.
const TEXTS: [&str; 20] = [
    "",
    "a",
    "-",
    ".",
    "..",
    "/",
    "a/b/c",
    "é\u{0}\"",
    "10.0.0.0/8",
    "::/0",
    "*",
    "100%",
    "-1",
    "1e400",
    "2026-01-01T00:00:00Z",
    "AA==",
    "=",
    "kubernetes.io/tls",
    "Container",
    "system-x",
];

/// Numbers in a row that is the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 7 } else { 12 }) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(-1),
            3 => json!(i64::MAX),
            4 => json!(0.5),
            5 => json!(u64::MAX),
            6 => json!(TEXTS[self.below(TEXTS.len())]),
            7 | 8 => {
                let count = self.below(4);
                (0..count).map(|_| self.value(depth - 1)).collect()
            }
            _ => Value::Object(self.object(depth - 1)),
        }
    }

    fn object(&mut self, depth: usize) -> Object {
        let count = self.below(7);
        (0..count).map(|_| (WORDS[self.below(WORDS.len())].to_owned(), self.value(depth))).collect()
    }
}

#[test]
fn nothing_panics_on_any_json() {
    let mut numbers = Numbers(0x5eed);
    let extra = Object::new();
    let on = Occasion {
        now: Timestamp::from_seconds(0),
        user: "u",
        uid: "",
        groups: &["g".to_owned()],
        extra: &extra,
    };
    let mut refused = 0usize;
    for (group, resource) in RESOURCES {
        let whole = kind(group, resource);
        let parts = ["status", "approval", "finalize", "scale", "ephemeralcontainers", "resize"];
        let all = parts.iter().filter_map(|part| whole.subresource(part)).chain([whole]);
        for one in all.collect::<Vec<_>>() {
            for _ in 0..200 {
                let (mut new, old) = (numbers.object(6), numbers.object(6));
                one.default(&mut new);
                one.to_stored("v1", &mut new);
                let mut changed = new.clone();
                one.prepare_create(&mut new);
                one.stamp(&mut new, None, &on);
                refused += usize::from(!joined(&create_faults(one, &new, true)).is_empty());
                one.prepare_update(&mut changed, &old);
                one.stamp(&mut changed, Some(&old), &on);
                let _ = joined(&update_faults(one, &changed, &old));
                let _ = (one.warnings(&new, None), one.warnings(&changed, Some(&old)));
                let _ = one.cells(&new, on.now);
                for label in ["status.phase", "type", "involvedObject.name", "spec.nodeName"] {
                    let _ = one.selectable(&new, label);
                }
                one.to_version("v1", &mut new);
            }
        }
    }
    assert!(refused > 5_000, "odd objects are refused: {refused}");
}

#[test]
fn filling_in_twice_is_filling_in_once() {
    let mut numbers = Numbers(0xd0_0d1e);
    for (group, resource) in RESOURCES {
        for _ in 0..200 {
            let mut once = numbers.object(6);
            kind(group, resource).default(&mut once);
            let mut twice = once.clone();
            kind(group, resource).default(&mut twice);
            assert_eq!(once, twice, "{resource}");
        }
    }
}
