use serde_json::json;

use super::*;

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap_or_default()
}

fn made(spec: Value) -> Object {
    let mut pod = object(json!({"metadata": {"name": "p", "namespace": "n"}, "spec": spec}));
    POD.default(&mut pod);
    POD.prepare_create(&mut pod);
    pod
}

fn texts(faults: &[FieldError]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn check(spec: Value, want: &[&str]) {
    assert_eq!(texts(&POD.validate(&made(spec.clone()))), want, "{spec}");
}

/// A spec of one container with such fields.
fn container(fields: Value) -> Value {
    let mut container = object(json!({"name": "c", "image": "i"}));
    container.extend(object(fields));
    json!({"containers": [container]})
}

/// A spec with one fine container and such fields.
fn with(fields: Value) -> Value {
    let mut spec = object(container(json!({})));
    spec.extend(object(fields));
    spec.into()
}

#[test]
fn containers_are_held_to_their_rules() {
    check(container(json!({})), &[]);
    check(json!({}), &["spec.containers: Required value"]);
    check(
        container(json!({"ports": [{"containerPort": 70000, "protocol": "X"}]})),
        &[
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            "spec.containers[0].ports[0].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
        ],
    );
    check(
        container(
            json!({"env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "spec.nope"}}}]}),
        ),
        &[
            "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.nope\": error converting fieldPath: field label not supported: spec.nope",
            "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty",
        ],
    );
    check(
        container(
            json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a b']"}}}]}),
        ),
        &[
            "spec.containers[0].env[0].valueFrom.fieldRef: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ],
    );
    check(
        container(
            json!({"resources": {"limits": {"cpu": "1", "hugepages-2Mi": "3Mi"}, "requests": {"cpu": "2"}}}),
        ),
        &[
            "spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi",
            "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
            "spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi",
        ],
    );
    check(
        container(
            json!({"readinessProbe": {}, "livenessProbe": {"exec": {}, "tcpSocket": {"port": 1}, "successThreshold": 2}}),
        ),
        &[
            "spec.containers[0].livenessProbe.exec.command: Required value",
            "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
            "spec.containers[0].readinessProbe: Required value: must specify a handler type",
        ],
    );
    check(
        json!({"containers": [{"name": "c", "image": "i"}], "initContainers": [{"name": "c", "image": "i", "livenessProbe": {"exec": {"command": ["a"]}}}]}),
        &[
            "spec.initContainers[0].name: Duplicate value: \"c\"",
            "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
        ],
    );
}

#[test]
fn pods_are_held_to_their_rules() {
    check(
        with(
            json!({"volumes": [{"name": "v", "emptyDir": {}, "secret": {}}, {"name": "w", "configMap": {"items": [{"path": "../a"}]}}]}),
        ),
        &[
            "spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type",
            "spec.volumes[1].configMap.name: Required value",
            "spec.volumes[1].configMap.items[0].key: Required value",
            "spec.volumes[1].configMap.items[0].path: Invalid value: \"../a\": must not contain '..'",
        ],
    );
    check(
        with(
            json!({"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "a", "whenUnsatisfiable": "X"}]}),
        ),
        &[
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"X\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\"",
        ],
    );
    check(
        with(json!({"hostUsers": false, "hostPID": true, "dnsPolicy": "None", "dnsConfig": {}})),
        &[
            "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None",
            "spec.HostPID: Forbidden: when `hostUsers` is false",
        ],
    );
    check(
        with(
            json!({"os": {"name": "windows"}, "securityContext": {"fsGroup": 1, "windowsOptions": {"runAsUserName": "a\\b\\c"}}}),
        ),
        &[
            "spec.securityContext.windowsOptions.runAsUserName: Invalid value: \"a\\\\b\\\\c\": runAsUserName cannot contain more than one backslash",
            "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod",
        ],
    );
    check(
        with(json!({"nodeName": "n", "schedulingGates": [{"name": "a"}, {"name": "a"}]})),
        &[
            "spec.schedulingGates[1]: Duplicate value: \"a\"",
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
        ],
    );
}

#[test]
fn classes_of_service() {
    let both = json!({"limits": {"cpu": "1", "memory": "1Gi"}});
    for (spec, want) in [
        (container(json!({})), "BestEffort"),
        (container(json!({"resources": {"requests": {"cpu": "0"}}})), "BestEffort"),
        (container(json!({"resources": {"requests": {"cpu": "1"}}})), "Burstable"),
        (container(json!({"resources": both})), "Guaranteed"),
        (with(json!({"resources": both})), "Guaranteed"),
        (
            json!({"containers": [{"name": "a", "image": "i", "resources": both}, {"name": "b", "image": "i"}]}),
            "Burstable",
        ),
    ] {
        assert_eq!(made(spec.clone())["status"]["qosClass"], want, "{spec}");
    }
}

#[test]
fn little_of_a_pod_may_change() {
    const NOT: &str = "spec: Forbidden: pod updates may not change fields other than";
    let old = made(with(
        json!({"activeDeadlineSeconds": 9, "tolerations": [{"key": "a", "operator": "Exists"}]}),
    ));
    let change = |fields: Value| {
        let mut new = old.clone();
        if let Some(spec) = new.get_mut("spec").and_then(Value::as_object_mut) {
            spec.extend(object(fields));
        }
        POD.prepare_update(&mut new, &old);
        (new["metadata"]["generation"].clone(), texts(&POD.validate_update(&new, &old)))
    };
    for (fields, generation, want) in [
        (json!({}), 1, ""),
        (json!({"containers": [{"name": "c", "image": "j"}]}), 2, ""),
        (json!({"activeDeadlineSeconds": 8}), 2, ""),
        (
            json!({"activeDeadlineSeconds": 10}),
            2,
            "spec.activeDeadlineSeconds: Invalid value: 10: must be less than or equal to previous value",
        ),
        (json!({"nodeName": "n"}), 2, NOT),
        (
            json!({"tolerations": []}),
            2,
            "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds",
        ),
        (json!({"containers": []}), 2, "spec.containers: Required value"),
    ] {
        let mut fields = fields;
        // What a client sends back has been filled in.
        if let Some(containers) = fields.get_mut("containers").and_then(Value::as_array_mut) {
            for container in containers {
                let image = container["image"].clone();
                *container = old["spec"]["containers"][0].clone();
                container["image"] = image;
            }
        }
        let (found, faults) = change(fields.clone());
        assert_eq!(found, generation, "{fields}");
        let first = faults.first().map_or("", String::as_str);
        assert!(
            if want.is_empty() { faults.is_empty() } else { first.starts_with(want) },
            "{fields} {faults:?}"
        );
    }
}

#[test]
fn rows_say_what_a_pod_does() {
    let row = |status: Value| {
        let pod = json!({
            "metadata": {"name": "p", "creationTimestamp": "1970-01-01T00:00:00Z"},
            "spec": {"containers": [{"name": "c"}], "initContainers": [{"name": "i"}]},
            "status": status,
        });
        let cells = POD.cells(&object(pod), Timestamp::from_seconds(90)).unwrap_or_default();
        let shown =
            cells.iter().skip(1).take(4).map(|cell| cell.as_str().unwrap_or("?").to_owned());
        shown.collect::<Vec<_>>().join(" ")
    };
    for (status, want) in [
        (json!({"phase": "Pending"}), "0/1 Pending 0 90s"),
        (
            json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "ErrImagePull"}}}]}),
            "0/1 Init:ErrImagePull 0 90s",
        ),
        (
            json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"running": {}}}]}),
            "0/1 Init:0/1 0 90s",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [{"name": "c", "ready": true, "restartCount": 2, "state": {"running": {}},
                "lastState": {"terminated": {"finishedAt": "1970-01-01T00:01:00Z"}}}]}),
            "1/1 Running 2 (30s ago) 90s",
        ),
        (
            json!({"phase": "Failed", "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 3}}}]}),
            "0/1 ExitCode:3 0 90s",
        ),
    ] {
        assert_eq!(row(status.clone()), want, "{status}");
    }
}
