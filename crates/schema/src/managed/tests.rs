use super::*;

const TIME: &str = "2027-01-31T08:15:00Z";
const EARLIER: &str = "2027-01-30T00:00:00Z";

fn object(text: &str) -> Object {
    serde_json::from_str(text).expect("it is an object")
}

/// A kind, what is stored, what shall be, who writes which subresource, and the entries that come
/// out, each as `manager/subresource@time fields`.
#[track_caller]
fn check(kind: &str, old: Option<&str>, new: &str, by: &str, want: &[&str]) {
    let (api_version, name) = kind.rsplit_once('/').expect("version/Kind");
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let known = api::kind(group, version, name).expect("it is known");
    let plural = format!("{}s", name.to_lowercase());
    let (manager, subresource) = by.split_once('/').unwrap_or((by, ""));
    let reset = reset(group, version, &plural, subresource);
    let mut new = object(new);
    let old = old.map(object);
    let by = Manager { name: manager, api_version, kind: name, subresource, time: TIME };
    update(known.message, &reset, old.as_ref(), &mut new, &by);
    let list = metadata(&new, "managedFields").and_then(Value::as_array).cloned();
    let shown: Vec<String> = entry::read(list.unwrap_or_default())
        .expect("what is written can be read")
        .into_iter()
        .map(|e| {
            let at = if e.time.as_deref() == Some(TIME) { "now" } else { "before" };
            format!("{}/{}@{at} {}", e.manager, e.subresource, Value::Object(e.fields))
        })
        .collect();
    assert_eq!(shown, want);
}

/// A stored config map with entries, each `manager fields`.
fn stored(data: &str, entries: &[(&str, &str)]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|(manager, fields)| {
            format!(
                r#"{{"manager":"{manager}","operation":"Update","apiVersion":"v1","time":"{EARLIER}","fieldsType":"FieldsV1","fieldsV1":{fields}}}"#
            )
        })
        .collect();
    let entries = entries.join(",");
    format!(r#"{{"metadata":{{"name":"c","uid":"u","managedFields":[{entries}]}},"data":{data}}}"#)
}

#[test]
fn a_create_owns_what_it_says() {
    check(
        "v1/ConfigMap",
        None,
        r#"{"metadata":{"name":"pt","namespace":"lab","labels":{"a":"1"}},"data":{"y":"2","x":"1"}}"#,
        "recorder",
        &[
            r#"recorder/@now {"f:data":{".":{},"f:x":{},"f:y":{}},"f:metadata":{"f:labels":{".":{},"f:a":{}}}}"#,
        ],
    );
    check("v1/ConfigMap", None, r#"{"metadata":{"name":"empty"}}"#, "recorder", &[]);
    check(
        "apps/v1/Deployment",
        None,
        r#"{"metadata":{"name":"d"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80,"protocol":"TCP"}],"resources":{}}],"tolerations":[{"key":"k"}],"imagePullSecrets":[{"name":"s"}]}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%"}}},"status":{"replicas":1}}"#,
        "m",
        &[
            r#"m/@now {"f:spec":{"f:replicas":{},"f:selector":{},"f:strategy":{"f:rollingUpdate":{".":{},"f:maxSurge":{}},"f:type":{}},"f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},"f:resources":{}}},"f:imagePullSecrets":{".":{},"k:{\"name\":\"s\"}":{}},"f:tolerations":{}}}}}"#,
        ],
    );
    // A set, and items told apart by a key that has a default.
    check(
        "v1/Service",
        None,
        r#"{"metadata":{"name":"s","finalizers":["x/y"]},"spec":{"ports":[{"port":80}]},"status":{"loadBalancer":{}}}"#,
        "m",
        &[
            r#"m/@now {"f:metadata":{"f:finalizers":{".":{},"v:\"x/y\"":{}}},"f:spec":{"f:ports":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}}}}"#,
        ],
    );
}

#[test]
fn what_is_changed_changes_hands() {
    let old = stored(
        r#"{"a":"1","b":"2"}"#,
        &[("one", r#"{"f:data":{".":{},"f:a":{}}}"#), ("two", r#"{"f:data":{"f:b":{}}}"#)],
    );
    let to = |data: &str| format!(r#"{{"metadata":{{"name":"c","uid":"u"}},"data":{data}}}"#);
    for (data, by, want) in [
        // Nothing changes: no time does.
        (
            r#"{"b":"2","a":"1"}"#,
            "one",
            &[
                r#"one/@before {"f:data":{".":{},"f:a":{}}}"#,
                r#"two/@before {"f:data":{"f:b":{}}}"#,
            ][..],
        ),
        (r#"{"a":"1","b":"3"}"#, "one", &[r#"one/@now {"f:data":{".":{},"f:a":{},"f:b":{}}}"#]),
        (
            r#"{"a":"1","b":"2","c":"3"}"#,
            "three",
            &[
                r#"one/@before {"f:data":{".":{},"f:a":{}}}"#,
                r#"two/@before {"f:data":{"f:b":{}}}"#,
                r#"three/@now {"f:data":{"f:c":{}}}"#,
            ],
        ),
        // What is removed is nobody's, and removing alone is no reason to be named.
        (r#"{"a":"1"}"#, "three", &[r#"one/@before {"f:data":{".":{},"f:a":{}}}"#]),
        (
            r#"{"b":"2"}"#,
            "one",
            &[r#"one/@before {"f:data":{}}"#, r#"two/@before {"f:data":{"f:b":{}}}"#],
        ),
    ] {
        check("v1/ConfigMap", Some(&old), &to(data), by, want);
    }
    check("v1/ConfigMap", Some(&old), r#"{"metadata":{"name":"c","uid":"u"}}"#, "one", &[]);
}

#[test]
fn the_record_can_be_set_and_forgotten() {
    let old = stored(r#"{"a":"1"}"#, &[("one", r#"{"f:data":{".":{},"f:a":{}}}"#)]);
    let with = |said: &str| {
        format!(r#"{{"metadata":{{"uid":"u","managedFields":{said}}},"data":{{"a":"1"}}}}"#)
    };
    let entry = |fields: &str| {
        format!(
            r#"[{{"manager":"me","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{fields}}}]"#
        )
    };
    let kept = r#"one/@before {"f:data":{".":{},"f:a":{}}}"#;
    for (said, by, want) in [
        ("[]".to_owned(), "one", &[][..]),
        ("[{}]".to_owned(), "one", &[]),
        ("null".to_owned(), "one", &[kept]),
        // A subresource does not reach it.
        ("[]".to_owned(), "one/status", &[kept]),
        (entry(r#"{"f:data":{"f:a":{}}}"#), "one", &[r#"me/@before {"f:data":{"f:a":{}}}"#]),
        // What is no entry is as if it were not there.
        (entry(r#"{"data":{}}"#), "one", &[kept]),
        (entry(r#"{}"#).replace("FieldsV1", "FieldsV9"), "one", &[kept]),
        (entry(r#"{}"#).replace("Update", "Create"), "one", &[kept]),
        // A version in which the object does not exist.
        (entry(r#"{"f:data":{}}"#).replace("\"v1\"", "\"v9\""), "one", &[]),
    ] {
        check("v1/ConfigMap", Some(&old), &with(&said), by, want);
    }
    // Nobody owned anything: an update does not start to count.
    check(
        "v1/ConfigMap",
        Some(r#"{"metadata":{"uid":"u"}}"#),
        r#"{"metadata":{"uid":"u"},"data":{"a":"1"}}"#,
        "one",
        &[],
    );
}

#[test]
fn what_a_write_does_not_reach_is_not_owned() {
    let old = r#"{"metadata":{"uid":"u","managedFields":[{"manager":"m","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{},"f:resources":{".":{},"f:limits":{".":{},"f:cpu":{}}}}}}}}]},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1"}}}]},"status":{}}"#;
    let old = old.replace(r#""uid""#, r#""labels":{"app":"x"},"uid""#);
    let mine = r#"m/@before {"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{},"f:resources":{".":{},"f:limits":{".":{},"f:cpu":{}}}}}}}"#;
    let to = |labels: &str, cpu: &str, image: &str, phase: &str| {
        format!(
            r#"{{"metadata":{{"labels":{labels},"uid":"u"}},"spec":{{"containers":[{{"name":"c","image":"{image}","resources":{{"limits":{{"cpu":"{cpu}"}}}}}}]}},"status":{{"phase":"{phase}"}}}}"#
        )
    };
    check(
        "v1/Pod",
        Some(&old),
        &to(r#"{"app":"x","via":"s"}"#, "9", "j", "Running"),
        "s/status",
        &[
            mine,
            r#"s/status@now {"f:metadata":{"f:labels":{"f:via":{}}},"f:status":{"f:phase":{}}}"#,
        ],
    );
    check(
        "v1/Pod",
        Some(&old),
        &to(r#"{"app":"y"}"#, "2", "j", "Running"),
        "r/resize",
        &[
            r#"m/@before {"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{},"f:resources":{".":{},"f:limits":{}}}}}}"#,
            r#"r/resize@now {"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{"f:resources":{"f:limits":{"f:cpu":{}}}}}}}"#,
        ],
    );
    check("v1/Pod", Some(&old), &to(r#"{"app":"x"}"#, "1", "i", "Running"), "m", &[mine]);
    assert_eq!(
        reset("certificates.k8s.io", "v1", "certificatesigningrequests", ""),
        Reset::These(&[&["spec"], &["status"]])
    );
    assert_eq!(reset("", "v1", "configmaps", ""), Reset::These(&[]));
}

#[test]
fn several_items_of_one_name_are_owned_as_one() {
    let pod = |containers: &str| {
        format!(
            r#"{{"metadata":{{"uid":"u"}},"spec":{{"containers":[{containers}]}},"status":{{}}}}"#
        )
    };
    let twice = r#"{"name":"c","image":"1"},{"name":"c","image":"2"}"#;
    check(
        "v1/Pod",
        None,
        &pod(twice),
        "m",
        &[r#"m/@now {"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{}}}}"#],
    );
    let owned = |containers: &str, fields: &str| {
        pod(containers).replace(
            r#""uid":"u""#,
            &format!(
                r#""uid":"u","managedFields":[{{"manager":"o","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{fields}}}]"#
            ),
        )
    };
    let once = r#"{"name":"c","image":"1"}"#;
    let marker = r#"{"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{}}}}"#;
    check(
        "v1/Pod",
        Some(&owned(twice, marker)),
        &pod(once),
        "m",
        &[
            r#"m/@now {"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{}}}}}"#,
        ],
    );
    let fields = r#"{"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{}}}}}"#;
    check("v1/Pod", Some(&owned(once, fields)), &pod(twice), "m", &[&format!("m/@now {marker}")]);
}

#[test]
fn an_item_without_a_name_leaves_the_record_as_it_was() {
    check(
        "v1/Pod",
        None,
        r#"{"metadata":{"finalizers":[null]},"spec":{"containers":[{"image":"i"}]}}"#,
        "m",
        &[],
    );
}

#[test]
fn the_oldest_updaters_are_merged() {
    let entries: Vec<String> = (0..11)
        .map(|i| {
            format!(
                r#"{{"manager":"m{i:02}","operation":"Update","apiVersion":"v1","time":"2027-01-{:02}T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{{"f:data":{{"f:k{i:02}":{{}}}}}}}}"#,
                i + 1
            )
        })
        .collect();
    let entries = format!("[{}]", entries.join(","));
    let data: Vec<String> = (0..11).map(|i| format!(r#""k{i:02}":"""#)).collect();
    let data = data.join(",");
    let old =
        format!(r#"{{"metadata":{{"uid":"u","managedFields":{entries}}},"data":{{{data}}}}}"#);
    let mut new = object(&format!(r#"{{"metadata":{{"uid":"u"}},"data":{{{data},"n":""}}}}"#));
    let by =
        Manager { name: "new", api_version: "v1", kind: "ConfigMap", subresource: "", time: TIME };
    let message = api::kind("", "v1", "ConfigMap").expect("known").message;
    update(message, &Reset::These(&[]), Some(&object(&old)), &mut new, &by);
    let list = metadata(&new, "managedFields").and_then(Value::as_array).cloned();
    let entries = entry::read(list.expect("a list")).expect("entries");
    assert_eq!(entries.len(), UPDATERS_MAX);
    let oldest = &entries[0];
    assert_eq!(
        (oldest.manager.as_str(), oldest.time.as_deref()),
        (OLDEST, Some("2027-01-03T00:00:00Z"))
    );
    assert_eq!(
        Value::Object(oldest.fields.clone()).to_string(),
        r#"{"f:data":{"f:k00":{},"f:k01":{},"f:k02":{}}}"#
    );
    assert_eq!(entries[9].manager, "new");
}

#[test]
fn writers_are_named() {
    for (said, agent, want) in [
        ("me", "kubectl/v1.33", "me"),
        ("", "kubectl/v1.33 (linux)", "kubectl"),
        ("", "a\u{7}b", "ab"),
        ("", "", ""),
    ] {
        assert_eq!(manager_name(said, agent), want);
    }
    assert_eq!(manager_name("", &"é".repeat(100)).len(), MANAGER_BYTES_MAX);
}

#[test]
fn times_alone_are_no_change() {
    let old = object(&stored(r#"{"a":"1"}"#, &[("m", r#"{"f:data":{}}"#)]));
    let later =
        object(&stored(r#"{"a":"1"}"#, &[("m", r#"{"f:data":{}}"#)]).replace(EARLIER, TIME));
    let mut new = later.clone();
    assert!(keep_times(&old, &mut new));
    assert_eq!(new, old);
    let mut changed = later.clone();
    changed.insert("data".into(), Value::Null);
    let before = changed.clone();
    assert!(!keep_times(&old, &mut changed));
    assert_eq!(changed, before);
}

#[test]
fn a_scale_shows_who_owns_the_replicas() {
    let entry = |manager: &str, operation: &str, fields: &str| {
        format!(
            r#"{{"manager":"{manager}","operation":"{operation}","apiVersion":"apps/v1","time":"{EARLIER}","fieldsType":"FieldsV1","fieldsV1":{fields}}}"#
        )
    };
    let scaled = object(&format!(
        r#"{{"metadata":{{"managedFields":[{},{}]}}}}"#,
        entry("a", "Apply", r#"{"f:spec":{"f:replicas":{},"f:selector":{}}}"#),
        entry("b", "Update", r#"{"f:status":{}}"#),
    ));
    let scale = scale_entries(&scaled, "apps/v1");
    assert_eq!(scale.len(), 1);
    assert_eq!(scale[0]["apiVersion"], "autoscaling/v1");
    assert_eq!(scale[0]["fieldsV1"].to_string(), r#"{"f:spec":{"f:replicas":{}}}"#);
    // Nobody took them.
    let back = scaled_entries(&scaled, Some(&Value::Array(scale)), "apps/v1");
    assert_eq!(Some(&Value::Array(back)), metadata(&scaled, "managedFields"));
    // Somebody did.
    let taken = entry("hpa", "Update", r#"{"f:spec":{"f:replicas":{}}}"#)
        .replace("apps/v1", "autoscaling/v1");
    let taken: Value = serde_json::from_str(&format!("[{taken}]")).expect("JSON");
    let back = scaled_entries(&scaled, Some(&taken), "apps/v1");
    let shown: Vec<String> = back
        .iter()
        .map(|e| format!("{} {} {}", e["manager"], e["apiVersion"], e["fieldsV1"]))
        .collect();
    assert_eq!(
        shown,
        [
            r#""a" "apps/v1" {"f:spec":{"f:selector":{}}}"#,
            r#""b" "apps/v1" {"f:status":{}}"#,
            r#""hpa" "apps/v1" {"f:spec":{"f:replicas":{}}}"#,
        ]
    );
}

#[test]
fn entries_of_other_versions_stay_while_their_kind_is_known() {
    let entry = |manager: &str, version: &str, path: &str| {
        format!(
            r#"{{"manager":"{manager}","operation":"Update","apiVersion":"{version}","time":"{EARLIER}","fieldsType":"FieldsV1","fieldsV1":{path}}}"#
        )
    };
    let entries = [
        entry("first", "extensions/v1beta1", r#"{"f:spec":{"f:paused":{}}}"#),
        entry("gone", "apps/v1beta1", r#"{"f:spec":{"f:minReadySeconds":{}}}"#),
    ];
    let entries = entries.join(",");
    let old = format!(
        r#"{{"metadata":{{"uid":"u","managedFields":[{entries}]}},"spec":{{"paused":true,"minReadySeconds":1,"replicas":1}}}}"#
    );
    check(
        "apps/v1/Deployment",
        Some(&old),
        r#"{"metadata":{"uid":"u"},"spec":{"paused":true,"minReadySeconds":1,"replicas":2}}"#,
        "second",
        &[
            r#"first/@before {"f:spec":{"f:paused":{}}}"#,
            r#"second/@now {"f:spec":{"f:replicas":{}}}"#,
        ],
    );
}
