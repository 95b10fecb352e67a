//! What a real kube-apiserver 1.35 answered about pods, what runs them, services, nodes and storage:
//! the decoded body filled in and prepared is the recorded object, and refusals say the recorded words.
//!
//! The recording is not part of the repository: `PORTCULLIS_CORPORA` names the folder it is in. What
//! admission adds and what is drawn or allocated is set aside on both sides.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use portcullis_core::Timestamp;
use portcullis_kinds::{FieldError, Kind, Object, create_faults, joined, kind, update_faults};
use portcullis_schema::{api, decode};
use serde_json::{Value, json};

/// The resources judged here: group, plural, kind.
const RESOURCES: [(&str, &str, &str); 14] = [
    ("", "nodes", "Node"),
    ("", "persistentvolumeclaims", "PersistentVolumeClaim"),
    ("", "persistentvolumes", "PersistentVolume"),
    ("", "pods", "Pod"),
    ("", "podtemplates", "PodTemplate"),
    ("", "replicationcontrollers", "ReplicationController"),
    ("", "services", "Service"),
    ("apps", "daemonsets", "DaemonSet"),
    ("apps", "deployments", "Deployment"),
    ("apps", "replicasets", "ReplicaSet"),
    ("apps", "statefulsets", "StatefulSet"),
    ("batch", "cronjobs", "CronJob"),
    ("batch", "jobs", "Job"),
    ("storage.k8s.io", "storageclasses", "StorageClass"),
];

/// Refusals that something else than the kind decides: admission, the store of addresses, options.
const OTHERS: &[&str] = &[
    // Allocation of addresses and node ports is held by tests of its own.
    "service-017",
    "service-018",
    "service-033",
    "service-034",
    // The options of the request are at fault.
    "fieldvalidation-008",
    // Admission fills in limits of the namespace, or refuses.
    "quota-020",
    "vap-091",
    // A pod bound to a node by a request of its own.
    "pod-067",
];

/// Warnings of others: the decoder's, and admission's.
const OTHER_WARNINGS: &[&str] =
    &["\"unknown field", "\"duplicate field", "\"would violate PodSecurity", "\"existing pods"];

/// How many records agree, by group; no change may lose one.
const AGREED: &[(&str, usize)] = &[
    ("fieldvalidation", 4),
    ("misc-kind", 14),
    ("node", 7),
    ("patch", 1),
    ("pod", 44),
    ("podsecurity", 20),
    ("service", 29),
    ("serviceaccount", 1),
    ("vap", 1),
    ("workload", 52),
];

#[test]
fn recorded_answers_are_given() {
    let Some(folder) = std::env::var_os("PORTCULLIS_CORPORA").map(PathBuf::from) else {
        eprintln!("skipped: PORTCULLIS_CORPORA names no folder of recordings");
        return;
    };
    let file = folder.join("kubernetes").join("wire-1.35.4.jsonl");
    let text = std::fs::read_to_string(&file).expect("the recording can be read");
    let mut scores: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut seen: HashMap<String, Object> = HashMap::new();
    let mut wrong = Vec::new();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).expect("a record is JSON");
        let id = record["id"].as_str().unwrap_or_default();
        let Some(at) = Address::of(record["path"].as_str().unwrap_or_default()) else { continue };
        if !OTHERS.contains(&id)
            && let Some(verdict) = judge(&record, &at, &seen)
        {
            let group = record["group"].as_str().unwrap_or_default();
            let score = scores.entry(group.to_owned()).or_default();
            score.1 += 1;
            match verdict {
                Ok(()) => score.0 += 1,
                Err(why) => wrong.push(format!("{id}: {why}")),
            }
        }
        let dry = record["path"].as_str().is_some_and(|path| path.contains("dryRun"));
        let answer = &record["response"];
        if answer["kind"] == "Scale"
            && let Some(scaled) = at.name.as_deref().and_then(|name| seen.get_mut(&at.key(name)))
            && scaled["spec"]["replicas"] != answer["spec"]["replicas"]
        {
            scaled["spec"]["replicas"] = answer["spec"]["replicas"].clone();
            let next = scaled["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
            scaled["metadata"]["generation"] = next.into();
        }
        if !dry && answer["kind"] == at.kind && answer["metadata"]["name"].is_string() {
            let name = answer["metadata"]["name"].as_str().unwrap_or_default();
            seen.insert(at.key(name), answer.as_object().cloned().unwrap_or_default());
        }
    }
    for (group, (agreed, total)) in &scores {
        println!("{group}: {agreed} of {total}");
    }
    println!("{}", wrong.join("\n"));
    for (group, least) in AGREED {
        let agreed = scores.get(*group).map_or(0, |score| score.0);
        assert!(agreed >= *least, "{group}: {agreed} agree, {least} did");
    }
}

const UID: &str = "00000000-0000-4000-8000-000000000000";

struct Address {
    group: String,
    resource: String,
    kind: &'static str,
    namespace: Option<String>,
    name: Option<String>,
    part: Option<String>,
}

impl Address {
    fn of(path: &str) -> Option<Self> {
        let path = path.split('?').next()?;
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, rest) = match parts.as_slice() {
            ["api", "v1", rest @ ..] => ("", rest),
            ["apis", group, "v1", rest @ ..] => (*group, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let resource = *rest.first()?;
        let (_, _, kind) = RESOURCES.iter().find(|(g, r, _)| (*g, *r) == (group, resource))?;
        Some(Self {
            group: group.to_owned(),
            resource: resource.to_owned(),
            kind,
            namespace: namespace.map(str::to_owned),
            name: rest.get(1).map(|text| (*text).to_owned()),
            part: rest.get(2).map(|text| (*text).to_owned()),
        })
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{:?}/{name}", self.resource, self.namespace)
    }

    fn decode(&self, body: &Object) -> Option<Object> {
        let kind = api::kind(&self.group, "v1", self.kind)?;
        Some(decode::decode_value(kind.message, body).ok()?.object)
    }
}

fn judge(
    record: &Value,
    at: &Address,
    seen: &HashMap<String, Object>,
) -> Option<Result<(), String>> {
    let answer = &record["response"];
    let whole = kind(&at.group, &at.resource);
    let own = match at.part.as_deref() {
        None => whole,
        Some(part) => whole.subresource(part)?,
    };
    if answer["kind"] == "Table" {
        return rows(own, answer, at, seen);
    }
    let body: Object = serde_json::from_str(record["body"].as_str()?).ok()?;
    match (record["method"].as_str()?, record["status"].as_u64()?) {
        ("POST", 201) if at.part.is_none() => Some(created(own, &body, record, at)),
        ("POST", 422) if at.part.is_none() => Some(refused(own, &body, record, at)),
        (method @ ("PUT" | "PATCH"), status @ (200 | 422)) => {
            let old = seen.get(&at.key(at.name.as_deref()?))?;
            let mut new = at.decode(&body)?;
            if method == "PATCH" {
                let mut patched = Value::Object(old.clone());
                merge(&mut patched, &Value::Object(body));
                new = at.decode(patched.as_object()?)?;
            }
            carry(&mut new, old, method == "PUT");
            own.default(&mut new);
            own.prepare_update(&mut new, old);
            let faults = update_faults(own, &new, old);
            let warned = warned(own, &new, Some(old), record);
            Some(match status {
                _ if warned.is_err() => warned,
                422 => same_faults(&faults, record),
                _ if !faults.is_empty() => Err(format!("refused: {}", joined(&faults))),
                _ => equal(&Value::Object(new), answer),
            })
        }
        _ => None,
    }
}

/// The rows of a table, aside from ages and what was drawn.
fn rows(
    own: &dyn Kind,
    table: &Value,
    at: &Address,
    seen: &HashMap<String, Object>,
) -> Option<Result<(), String>> {
    let mut wrong = Vec::new();
    let mut judged = 0;
    for row in table["rows"].as_array()? {
        let name = row["object"]["metadata"]["name"].as_str()?;
        let Some(object) = seen.get(&at.key(name)) else { continue };
        judged += 1;
        let cells = own.cells(object, Timestamp::from_seconds(77)).unwrap_or_default();
        let want = row["cells"].as_array().cloned().unwrap_or_default();
        let is_same = cells.len() == want.len()
            && cells.iter().zip(&want).all(|(have, want)| have == want || is_drawn(want));
        if !is_same {
            wrong.push(format!("want {}, have {}", Value::from(want), Value::from(cells)));
        }
    }
    (judged > 0).then_some(if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) })
}

/// Whether a cell holds an age, or what the server drew or gave out.
fn is_drawn(cell: &Value) -> bool {
    let text = cell.as_str().unwrap_or_default();
    ["<age>", "<ip>", "<port>"].iter().any(|placeholder| text.contains(placeholder))
}

/// What is warned of, in the words and order of the answer's header.
fn warned(
    own: &dyn Kind,
    object: &Object,
    old: Option<&Object>,
    record: &Value,
) -> Result<(), String> {
    let header = &record["response_headers"]["Warning"];
    let one = header.as_str().map(|text| vec![Value::from(text)]);
    let want: Vec<String> = one
        .or_else(|| header.as_array().cloned())
        .unwrap_or_default()
        .iter()
        .filter_map(|text| text.as_str()?.strip_prefix("299 - ").map(str::to_owned))
        .filter(|text| !OTHER_WARNINGS.iter().any(|other| text.starts_with(other)))
        .collect();
    // Of what is refused, only preparing it may have warned.
    let is_refused = record["status"] == 422;
    let found = if is_refused { own.early_warnings(object) } else { own.warnings(object, old) };
    let have: Vec<String> =
        found.iter().map(|text| Value::from(text.as_str()).to_string()).collect();
    if want == have { Ok(()) } else { Err(format!("warnings: want {want:?}, have {have:?}")) }
}

fn new_object(body: &Object, at: &Address, name: &str) -> Object {
    let mut object = at.decode(body).unwrap_or_default();
    let meta = object.entry("metadata").or_insert_with(|| json!({}));
    if let Some(namespace) = &at.namespace {
        meta["namespace"] = namespace.as_str().into();
    }
    if meta["name"].as_str().unwrap_or_default().is_empty() {
        meta["name"] = name.replace("<rand>", "xxxxx").into();
    }
    // A uid that a label can hold; answers have a placeholder in its place.
    meta["uid"] = UID.into();
    meta["creationTimestamp"] = "<time>".into();
    object
}

fn created(own: &dyn Kind, body: &Object, record: &Value, at: &Address) -> Result<(), String> {
    let answer = &record["response"];
    let name = answer["metadata"]["name"].as_str().unwrap_or_default();
    let mut object = new_object(body, at, name);
    own.default(&mut object);
    // What admission does between the two; the account decides whether a token may be projected.
    let spec = answer["spec"].as_object();
    if at.kind == "Pod"
        && let Some(account) = spec.and_then(|spec| spec.get("serviceAccountName"))
    {
        object["spec"]["serviceAccountName"] = account.clone();
        object["spec"]["serviceAccount"] = account.clone();
    }
    own.prepare_create(&mut object);
    warned(own, &object, None, record)?;
    let faults = create_faults(own, &object, at.namespace.is_some());
    if !faults.is_empty() {
        return Err(format!("refused: {}", joined(&faults)));
    }
    let object = Value::Object(object).to_string().replace(UID, "<uid>");
    equal(&serde_json::from_str(&object).map_err(|e| e.to_string())?, answer)
}

fn refused(own: &dyn Kind, body: &Object, record: &Value, at: &Address) -> Result<(), String> {
    let name = record["response"]["details"]["name"].as_str().unwrap_or_default();
    let mut object = new_object(body, at, name);
    own.default(&mut object);
    if at.kind == "Pod" {
        object["spec"]["serviceAccountName"] = "default".into();
    }
    own.prepare_create(&mut object);
    warned(own, &object, None, record)?;
    same_faults(&create_faults(own, &object, at.namespace.is_some()), record)
}

fn same_faults(faults: &[FieldError], record: &Value) -> Result<(), String> {
    let causes = record["response"]["details"]["causes"].as_array().cloned().unwrap_or_default();
    let mut want: Vec<[String; 3]> = causes
        .iter()
        .map(|cause| ["reason", "field", "message"].map(|part| first_line(cause[part].as_str())))
        .collect();
    let mut have: Vec<[String; 3]> = faults
        .iter()
        .map(|fault| {
            let field = fault.field.clone();
            [fault.error.reason().to_owned(), field, first_line(Some(&fault.body()))]
        })
        .collect();
    if record["varies"].is_object() {
        want.sort();
        have.sort();
    }
    if want == have {
        return Ok(());
    }
    Err(format!("\n    want {want:?}\n    have {have:?}"))
}

/// A change refused is followed by a comparison of the original's own objects, which is not ours.
fn first_line(text: Option<&str>) -> String {
    let line = text.unwrap_or_default().lines().next().unwrap_or_default();
    line.replace(UID, "<uid>").replace("xxxxx", "<rand>")
}

/// What an update takes over from the old object when the client leaves it out.
fn carry(new: &mut Object, old: &Object, is_put: bool) {
    let meta = &mut new["metadata"];
    for field in ["namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp"] {
        if is_put && !old["metadata"].get(field).unwrap_or(&Value::Null).is_null() {
            meta[field] = old["metadata"][field].clone();
        }
    }
    // Admission lets every pod stay for a while on nodes that went away.
    if let Some(spec) = new["spec"].as_object_mut()
        && is_put
        && !spec.contains_key("tolerations")
        && old["kind"] == "Pod"
    {
        spec.insert("tolerations".to_owned(), old["spec"]["tolerations"].clone());
    }
}

/// A strategic merge patch, as far as these records need it.
fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (field, value) in patch {
                if value.is_null() {
                    target.remove(field);
                } else {
                    merge(target.entry(field.clone()).or_insert(Value::Null), value);
                }
            }
        }
        (Value::Array(target), Value::Array(patch))
            if patch.iter().all(|one| one["name"].is_string()) =>
        {
            for one in patch {
                match target.iter_mut().find(|other| other["name"] == one["name"]) {
                    Some(other) => merge(other, one),
                    None => target.push(one.clone()),
                }
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

/// Whether two objects are the same aside from what the server and admission add.
fn equal(have: &Value, want: &Value) -> Result<(), String> {
    let (have, want) = (bare(have), bare(want));
    if have == want {
        return Ok(());
    }
    let mut differences = Vec::new();
    differ("", &have, &want, &mut differences);
    Err(differences.join("\n    "))
}

fn differ(path: &str, have: &Value, want: &Value, out: &mut Vec<String>) {
    match (have, want) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let none = Value::from("(absent)");
                let (a, b) = (a.get(key).unwrap_or(&none), b.get(key).unwrap_or(&none));
                differ(&format!("{path}.{key}"), a, b, out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                differ(&format!("{path}[{i}]"), a, b, out);
            }
        }
        (a, b) if a == b => {}
        (a, b) => out.push(format!("{path}: have {a}, want {b}")),
    }
}

fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    for field in ["kind", "apiVersion"] {
        object.as_object_mut().map(|fields| fields.remove(field));
    }
    if let Some(meta) = object["metadata"].as_object_mut() {
        for field in
            ["uid", "resourceVersion", "creationTimestamp", "managedFields", "name", "finalizers"]
        {
            meta.remove(field);
        }
    }
    let mut specs = vec![&mut object];
    while let Some(value) = specs.pop() {
        let Some(fields) = value.as_object_mut() else { continue };
        let is_added = |one: &Value, field: &str| {
            one[field].as_str().is_some_and(|text| {
                text.starts_with("kube-api-access-")
                    || text == "node.kubernetes.io/not-ready"
                    || text == "node.kubernetes.io/unreachable"
            })
        };
        for (field, key) in [
            ("volumes", "name"),
            ("volumeMounts", "name"),
            ("tolerations", "key"),
            ("taints", "key"),
        ] {
            if let Some(list) = fields.get_mut(field).and_then(Value::as_array_mut) {
                list.retain(|one| !is_added(one, key));
                if list.is_empty() {
                    fields.remove(field);
                }
            }
        }
        for field in ["priority", "preemptionPolicy", "clusterIP", "clusterIPs"] {
            fields.remove(field);
        }
        if fields.get("nodePort").is_some_and(|port| *port == "<port>") {
            fields.remove("nodePort");
        }
        for value in fields.values_mut() {
            match value {
                Value::Array(items) => specs.extend(items.iter_mut()),
                other => specs.push(other),
            }
        }
    }
    object
}
