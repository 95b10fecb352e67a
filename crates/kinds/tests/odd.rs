//! No kind panics, whatever stands where.

use portcullis_core::Timestamp;
use portcullis_kinds::service::{InUse, Pools, held, take, wanted};
use portcullis_kinds::{Object, create_faults, kind, scale, update_faults};
use serde_json::{Value, json};

fn template() -> Value {
    json!({
        "metadata": {"labels": {"a": "b"}, "annotations": {"container.apparmor.security.beta.kubernetes.io/c": "localhost/x"}},
        "spec": {
            "containers": [{
                "name": "c", "image": "i@sha256:1", "ports": [{"containerPort": 1, "hostPort": 1, "name": "p"}],
                "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a']"}}},
                    {"name": "B", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}}],
                "resources": {"limits": {"cpu": "1", "hugepages-2Mi": "2Mi"}, "requests": {"cpu": "1m"}, "claims": [{"name": "x"}]},
                "livenessProbe": {"httpGet": {"port": "p"}}, "lifecycle": {"preStop": {"sleep": {"seconds": 1}}},
                "volumeMounts": [{"name": "v", "mountPath": "/a", "subPath": "b"}], "volumeDevices": [{"name": "v", "devicePath": "/d"}],
                "securityContext": {"runAsUser": 1, "capabilities": {"add": ["CAP_SYS_ADMIN"]}, "seccompProfile": {"type": "Localhost"},
                    "windowsOptions": {"runAsUserName": "a\\b"}, "allowPrivilegeEscalation": false, "privileged": true},
            }],
            "initContainers": [{"name": "i", "image": "i", "restartPolicy": "Always", "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]}],
            "volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}, {"downwardAPI": {"items": [{"path": "a"}]}}]}},
                {"name": "w", "iscsi": {"targetPortal": "x", "iqn": "iqn.2001-04.a:b"}}, {"name": "e", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}],
            "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]}},
                "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": {"topologyKey": "a", "labelSelector": {"matchLabels": {"a": "b"}}, "matchLabelKeys": ["a"]}}]}},
            "tolerations": [{"key": "a", "operator": "Exists"}], "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "a"}],
            "schedulingGates": [{"name": "g"}], "securityContext": {"sysctls": [{"name": "net.a", "value": "1"}]}, "os": {"name": "windows"},
            "resources": {"limits": {"cpu": "1"}}, "hostNetwork": true, "dnsConfig": {"searches": ["a."]}, "hostAliases": [{"ip": "1.1.1.1"}],
        },
    })
}

fn samples() -> Vec<(&'static str, &'static str, Value)> {
    let run = json!({"replicas": 1, "selector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]},
        "template": template(), "strategy": {"rollingUpdate": {"maxSurge": "1%"}}, "updateStrategy": {"rollingUpdate": {"maxUnavailable": "1%"}},
        "volumeClaimTemplates": [{"metadata": {"name": "v"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}],
        "podFailurePolicy": {"rules": [{"action": "Count", "onExitCodes": {"operator": "In", "values": [1, 2]}}]}, "completionMode": "Indexed", "completions": 2,
        "successPolicy": {"rules": [{"succeededCount": 1}]}});
    let status = json!({"replicas": 1, "readyReplicas": 2, "conditions": [{"type": "Complete", "status": "True"}], "startTime": "2020-01-01T00:00:00Z",
        "containerStatuses": [{"name": "c", "restartCount": 1, "state": {"terminated": {"exitCode": 1}}, "lastState": {"terminated": {"finishedAt": "2020-01-01T00:00:00Z"}}}],
        "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "x"}}}], "podIPs": [{"ip": "1.1.1.1"}], "hostIPs": [{"ip": "::1"}],
        "loadBalancer": {"ingress": [{"ip": "1.1.1.1"}]}, "capacity": {"storage": "1Gi", "cpu": "1"}, "addresses": [{"type": "InternalIP", "address": "a"}]});
    let make = |spec: Value| json!({"metadata": {"name": "x", "namespace": "n", "uid": "u", "generation": 1}, "spec": spec, "status": status});
    let pod = template()["spec"].clone();
    let mut samples = vec![
        ("", "pods", make(pod)),
        (
            "batch",
            "cronjobs",
            make(
                json!({"schedule": "*/5 1-2 * jan MON", "timeZone": "Europe/Berlin", "jobTemplate": {"spec": run.clone()}}),
            ),
        ),
        ("", "podtemplates", json!({"metadata": {"name": "x"}, "template": template()})),
        (
            "",
            "services",
            make(
                json!({"type": "LoadBalancer", "clusterIP": "10.0.0.5", "clusterIPs": ["10.0.0.5"], "ipFamilies": ["IPv4"], "externalTrafficPolicy": "Local",
            "ports": [{"port": 1, "nodePort": 30001}, {"port": 1, "protocol": "UDP"}], "externalIPs": ["1.1.1.1"], "loadBalancerSourceRanges": ["1.1.1.0/24"], "sessionAffinity": "ClientIP"}),
            ),
        ),
        (
            "",
            "nodes",
            make(
                json!({"podCIDRs": ["1.1.1.0/24"], "taints": [{"key": "a", "effect": "NoSchedule"}]}),
            ),
        ),
        (
            "",
            "persistentvolumes",
            make(
                json!({"capacity": {"storage": "1Gi"}, "csi": {"driver": "a", "volumeHandle": "b"}, "nodeAffinity": {"required": {"nodeSelectorTerms": []}}, "accessModes": ["ReadWriteOnce"]}),
            ),
        ),
        (
            "",
            "persistentvolumeclaims",
            make(
                json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "dataSource": {"kind": "a", "name": "b"}}),
            ),
        ),
        (
            "storage.k8s.io",
            "storageclasses",
            json!({"metadata": {"name": "x"}, "provisioner": "a", "parameters": {"a": "b"}, "allowedTopologies": [{"matchLabelExpressions": [{"key": "a", "values": ["b"]}]}]}),
        ),
        (
            "storage.k8s.io",
            "csinodes",
            make(json!({"drivers": [{"name": "a", "nodeID": "b", "topologyKeys": ["a"]}]})),
        ),
        (
            "storage.k8s.io",
            "volumeattachments",
            make(
                json!({"attacher": "a", "nodeName": "b", "source": {"persistentVolumeName": "c"}}),
            ),
        ),
        ("storage.k8s.io", "csidrivers", make(json!({"tokenRequests": [{"audience": "a"}]}))),
    ];
    for (group, resource) in [
        ("apps", "deployments"),
        ("apps", "replicasets"),
        ("apps", "daemonsets"),
        ("apps", "statefulsets"),
        ("batch", "jobs"),
        ("", "replicationcontrollers"),
    ] {
        let mut run = run.clone();
        run["template"] = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
        samples.push((group, resource, make(run)));
    }
    samples
}

/// Every path to a value in an object.
fn paths(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                paths(value, &format!("{at}/{key}"), out);
            }
        }
        Value::Array(items) => {
            for (i, value) in items.iter().enumerate() {
                paths(value, &format!("{at}/{i}"), out);
            }
        }
        _ => {}
    }
}

fn drive(group: &str, resource: &str, object: &Object, other: &Object) {
    let whole = kind(group, resource);
    let parts = ["status", "resize", "ephemeralcontainers"]
        .into_iter()
        .filter_map(|p| whole.subresource(p));
    for own in parts.chain([whole]) {
        for (a, b) in [(object, other), (other, object)] {
            let mut new = a.clone();
            own.default(&mut new);
            own.prepare_create(&mut new);
            create_faults(own, &new, true);
            own.warnings(&new, None);
            own.early_warnings(&new);
            let mut new = a.clone();
            own.default(&mut new);
            own.prepare_update(&mut new, b);
            update_faults(own, &new, b);
            own.warnings(&new, Some(b));
            own.cells(a, Timestamp::from_seconds(0));
            own.selectable(a, "status.podIP");
        }
    }
    if resource == "services" {
        let mut service = object.clone();
        let asked = wanted(&service, Some(other));
        let in_use = InUse { address: &|_| false, port: &|_| false };
        let taken = take(&mut service, &asked, &Pools::default(), &in_use, &mut |_| u64::MAX);
        assert!(taken.is_ok() || !held(&service).ports.contains(&0));
    }
    let mut scaled = object.clone();
    scale::apply(&mut scaled, &scale::of(object));
}

#[test]
fn odd_values_are_survived() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(i64::MAX),
        json!(1.5e300),
        json!(""),
        json!("é\u{0}${['"),
        json!("9223372036854775807Gi"),
        json!([]),
        json!([null, 1, "x", {}]),
        json!({}),
        json!({"": {"": []}}),
    ];
    let mut driven = 0;
    for (group, resource, sample) in samples() {
        let fine = sample.as_object().cloned().unwrap_or_default();
        drive(group, resource, &fine, &fine);
        drive(group, resource, &fine, &Object::new());
        let mut all = Vec::new();
        paths(&sample, "", &mut all);
        for (nth, path) in all.iter().filter(|path| !path.is_empty()).enumerate() {
            // Each place meets one of them: all of them everywhere take five minutes.
            for value in odd.iter().cycle().skip(nth * 5 % odd.len()).take(1) {
                let mut changed = sample.clone();
                if let Some(place) = changed.pointer_mut(path) {
                    *place = value.clone();
                }
                let changed = changed.as_object().cloned().unwrap_or_default();
                drive(group, resource, &changed, &fine);
                driven += 1;
            }
        }
    }
    assert!(driven > 1_000, "{driven}");
}
