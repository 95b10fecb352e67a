//! What a real kube-apiserver 1.35 answered, where a kind alone decides it: new objects filled in and
//! prepared, objects and changes refused, rows of tables.
//!
//! The recording is not part of the repository: `PORTCULLIS_CORPORA` names the folder it is in.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use portcullis_core::Timestamp;
use portcullis_kinds::{Kind, Object, Occasion, create_faults, joined, kind, update_faults};
use serde_json::{Map, Value, json};

/// What is added behind the kinds' back, or never the same: by the server, by admission, or drawn.
const SERVER_FIELDS: [&str; 5] =
    ["uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink"];

/// Records that something else than the kind decides, and what.
const OTHERS: &[(&str, &str)] = &[
    ("namespace-022", "admission judges the labels of pod security"),
    ("namespace-020", "the name drawn is cut in the text"),
    ("delete-033", "the last finalizer goes, and the object with it"),
    ("delete-041", "the server takes the second owner away"),
    ("netpol-024", "decoding drops an unknown field"),
    ("netpol-032", "decoding drops an unknown field"),
    ("patch-026", "decoding refuses a number"),
    ("patch-031", "decoding refuses another kind"),
    ("patch-032", "decoding refuses another version"),
    ("patch-037", "the server resets managedFields"),
    ("patch-039", "the server keeps the time of creation"),
    ("patch-050", "the options of the request are wrong"),
    ("misc-kind-025", "the server asks for a resourceVersion"),
    ("misc-kind-043", "admission holds a claim by a finalizer"),
    ("misc-kind-051", "admission holds a volume by a finalizer"),
    ("webhook-030", "the server asks for a resourceVersion"),
    ("webhook-020", "an expression is compiled"),
    ("quota-020", "admission adds to a pod"),
    ("serviceaccount-042", "admission adds to a pod"),
    ("vap-092", "admission adds to a pod"),
];

/// The groups of records whose kinds are judged here, and how many of their records must agree. What
/// is missing in the last ones are expressions and schemas, which engines of their own will read.
const GROUPS: &[(&str, usize)] = &[
    ("setup", 11),
    ("namespace", 26),
    ("configmap", 24),
    ("delete", 15),
    ("list", 7),
    ("secret", 16),
    ("serviceaccount", 5),
    ("netpol", 24),
    ("patch", 13),
    ("rbac", 72),
    ("misc-kind", 60),
    ("quota", 12),
    ("csr", 28),
    ("webhook", 28),
    ("vap", 64),
    ("crd", 17),
];

#[derive(Default)]
struct Score {
    agreed: usize,
    total: usize,
    wrong: Vec<String>,
}

#[test]
fn recorded_answers_are_given() {
    let Some(folder) = std::env::var_os("PORTCULLIS_CORPORA").map(PathBuf::from) else {
        eprintln!("skipped: PORTCULLIS_CORPORA names no folder of recordings");
        return;
    };
    let file = folder.join("kubernetes").join("wire-1.35.4.jsonl");
    let text = std::fs::read_to_string(&file).expect("the recording can be read");
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    // The objects as they were last seen, by address.
    let mut seen: HashMap<String, Object> = HashMap::new();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).expect("a record is JSON");
        let id = record["id"].as_str().unwrap_or_default();
        let group = record["group"].as_str().unwrap_or_default();
        let judged = GROUPS.iter().any(|(known, _)| *known == group)
            && !OTHERS.iter().any(|(other, _)| *other == id);
        let verdict = if judged { judge(&record, &seen) } else { None };
        if let Some(verdict) = verdict {
            let score = scores.entry(group.to_owned()).or_default();
            score.total += 1;
            match verdict {
                Ok(()) => score.agreed += 1,
                Err(why) => score.wrong.push(format!("{id}: {why}")),
            }
        }
        remember(&record, &mut seen);
    }
    let mut failed = Vec::new();
    for (group, least) in GROUPS {
        let Some(score) = scores.get(*group) else { continue };
        println!("{group}: {} of {}", score.agreed, score.total);
        for wrong in &score.wrong {
            println!("  {wrong}");
        }
        if score.agreed < *least {
            failed.push(*group);
        }
    }
    assert!(failed.is_empty(), "fewer answers agree than should: {failed:?}");
}

/// Where a request goes.
struct Address {
    group: String,
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
    subresource: Option<String>,
}

fn address(path: &str) -> Option<Address> {
    let path = path.split('?').next()?;
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["api", "v1", rest @ ..] => (String::new(), rest),
        ["apis", group, _, rest @ ..] => ((*group).to_owned(), rest),
        _ => return None,
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..]
            if rest.first().is_some_and(|r| !matches!(*r, "status" | "finalize")) =>
        {
            (Some((*namespace).to_owned()), rest)
        }
        rest => (None, rest),
    };
    let own = |text: &&str| (*text).to_owned();
    Some(Address {
        group,
        resource: own(rest.first()?),
        namespace,
        name: rest.get(1).map(own),
        subresource: rest.get(2).map(own),
    })
}

/// Whether the kind gives the recorded answer; nothing where it is not asked.
fn judge(record: &Value, seen: &HashMap<String, Object>) -> Option<Result<(), String>> {
    let answer = &record["response"];
    let method = record["method"].as_str()?;
    let at = address(record["path"].as_str()?)?;
    let whole = kind(&at.group, &at.resource);
    if answer["kind"] == "Table" {
        return rows(whole, answer, &at, seen);
    }
    let named = at.subresource.as_deref();
    let judge = match named {
        None => whole,
        Some(part) => whole.subresource(part)?,
    };
    // Questions are answered and not kept, tokens likewise.
    if named == Some("token") || at.group.starts_with("auth") && at.resource.ends_with("reviews") {
        return None;
    }
    let body = body(record)?;
    // Who is told by more than the kind's own rules is not refused by the kind.
    let causes = &answer["details"]["causes"];
    if record["status"] == 422 && causes[0]["reason"].is_null() {
        return None;
    }
    match (method, record["status"].as_u64()?) {
        ("POST", 201) => Some(created(judge, body, answer, &at)),
        ("POST", 422) => Some(refused(judge, body, record, &at)),
        ("PUT" | "PATCH", status @ (200 | 422)) => {
            let key = format!("{}/{}/{:?}/{:?}", at.group, at.resource, at.namespace, at.name);
            let old = seen.get(&key)?;
            let new = if method == "PUT" {
                let mut new = body;
                carry(&mut new, old);
                new
            } else {
                if record["headers"]["Content-Type"] != "application/merge-patch+json" {
                    return None;
                }
                let mut new = Value::Object(old.clone());
                merge(&mut new, &Value::Object(body));
                new.as_object()?.clone()
            };
            let answered = if status == 422 { Err(record) } else { Ok(answer) };
            Some(changed(judge, new, old, answered))
        }
        _ => None,
    }
}

fn body(record: &Value) -> Option<Object> {
    let text = record["body"].as_str()?;
    // `${repeat:x:N}` stands for x, N times; other references name what only the server knows.
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (reference, after) = after.split_once('}')?;
        out.push_str(before);
        match reference.split(':').collect::<Vec<_>>().as_slice() {
            ["repeat", what, count] => out.push_str(&what.repeat(count.parse().ok()?)),
            _ => out.push_str("<reference>"),
        }
        rest = after;
    }
    out.push_str(rest);
    serde_json::from_str(&out).ok()
}

fn new_object(mut object: Object, at: &Address, name: Option<&str>) -> Object {
    let meta = object.entry("metadata").or_insert_with(|| json!({}));
    let Some(meta) = meta.as_object_mut() else { return object };
    if let Some(namespace) = &at.namespace {
        meta.insert("namespace".to_owned(), namespace.as_str().into());
    }
    for field in ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "uid"] {
        meta.shift_remove(field);
    }
    if let Some(name) = name.filter(|_| !meta.contains_key("name")) {
        meta.insert("name".to_owned(), name.into());
    }
    object
}

fn created(kind: &dyn Kind, body: Object, answer: &Value, at: &Address) -> Result<(), String> {
    // A name drawn keeps its placeholder, which is no name: five letters stand for it.
    let answer: Value =
        serde_json::from_str(&answer.to_string().replace("<rand>", "xxxxx")).expect("still JSON");
    let mut object = new_object(body, at, answer["metadata"]["name"].as_str());
    kind.default(&mut object);
    kind.prepare_create(&mut object);
    stamp(kind, &mut object, None, &answer);
    let faults = create_faults(kind, &object, at.namespace.is_some());
    if !faults.is_empty() {
        return Err(format!("refused: {}", joined(&faults)));
    }
    equal(&Value::Object(object), &answer)
}

fn refused(kind: &dyn Kind, body: Object, record: &Value, at: &Address) -> Result<(), String> {
    let name = record["response"]["details"]["name"].as_str().filter(|name| !name.is_empty());
    let named =
        name.filter(|_| body.get("metadata").is_some_and(|m| m.get("generateName").is_some()));
    // A name drawn keeps its placeholder, which is no name: five letters stand for it.
    let named = named.map(|name| name.replace("<rand>", "xxxxx"));
    let mut object = new_object(body, at, named.as_deref());
    kind.default(&mut object);
    kind.prepare_create(&mut object);
    same_faults(&create_faults(kind, &object, at.namespace.is_some()), record)
}

fn changed(
    kind: &dyn Kind,
    mut new: Object,
    old: &Object,
    answered: Result<&Value, &Value>,
) -> Result<(), String> {
    kind.default(&mut new);
    kind.prepare_update(&mut new, old);
    if let Ok(answer) = answered {
        stamp(kind, &mut new, Some(old), answer);
    }
    let faults = update_faults(kind, &new, old);
    match answered {
        Err(record) => same_faults(&faults, record),
        Ok(_) if !faults.is_empty() => Err(format!("refused: {}", joined(&faults))),
        Ok(answer) => equal(&Value::Object(new), answer),
    }
}

/// Who asks is known from the answer, where the kind keeps it.
fn stamp(kind: &dyn Kind, object: &mut Object, old: Option<&Object>, answer: &Value) {
    let spec = &answer["spec"];
    let groups: Vec<String> = spec["groups"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|group| group.as_str().map(str::to_owned))
        .collect();
    let extra = spec["extra"].as_object().cloned().unwrap_or_default();
    let user = spec["username"].as_str().unwrap_or_default();
    let now = Timestamp::from_seconds(0);
    kind.stamp(object, old, &Occasion { now, user, uid: "", groups: &groups, extra: &extra });
}

fn same_faults(faults: &[portcullis_kinds::FieldError], record: &Value) -> Result<(), String> {
    let answer = &record["response"];
    let Some(causes) = answer["details"]["causes"].as_array() else {
        return Err(format!("no causes, found {}", joined(faults)));
    };
    let mut want: Vec<String> = causes
        .iter()
        .map(|cause| {
            let word = |field: &str| cause[field].as_str().unwrap_or_default().to_owned();
            format!("{}: {}: {}", word("reason"), word("field"), word("message"))
        })
        .collect();
    let mut found: Vec<String> = faults
        .iter()
        .map(|fault| format!("{}: {}: {}", fault.error.reason(), fault.field, fault.body()))
        .map(|text| text.replace("xxxxx\"", "<rand>\""))
        .collect();
    if record["varies"].is_object() {
        want.sort();
        found.sort();
    }
    let want: Vec<String> = want.into_iter().map(|w| w.replace("xxxxx\"", "<rand>\"")).collect();
    if want == found {
        return Ok(());
    }
    Err(format!("\n    want {want:?}\n    have {found:?}"))
}

fn rows(
    kind: &dyn Kind,
    table: &Value,
    at: &Address,
    seen: &HashMap<String, Object>,
) -> Option<Result<(), String>> {
    let mut wrong = String::new();
    let mut judged = false;
    for row in table["rows"].as_array()? {
        let name = row["object"]["metadata"]["name"].as_str()?;
        let namespace = row["object"]["metadata"]["namespace"].as_str().map(str::to_owned);
        let key = format!("{}/{}/{namespace:?}/{:?}", at.group, at.resource, Some(name));
        let Some(object) = seen.get(&key) else { continue };
        judged = true;
        let mut object = object.clone();
        object["metadata"]["creationTimestamp"] = json!("1970-01-01T00:00:00Z");
        let width = row["cells"].as_array()?.len();
        let cells = kind.cells(&object, Timestamp::from_seconds(77));
        let Some(cells) = cells else {
            // The server shows name and age, or name and time, by itself.
            if width != 2 {
                wrong.push_str(&format!("no cells for {name}; "));
            }
            continue;
        };
        let ages = ["77s", "<unknown>"].map(Value::from);
        let same = cells.len() == width
            && cells.iter().zip(row["cells"].as_array()?).all(|(have, want)| {
                have == want || *want == "<age>" && (ages.contains(have) || have.is_string())
            });
        if !same {
            wrong.push_str(&format!("want {}, have {}; ", row["cells"], Value::from(cells)));
        }
    }
    judged.then_some(if wrong.is_empty() { Ok(()) } else { Err(wrong) })
}

/// What an update takes over from the old object when the client leaves it out.
fn carry(new: &mut Object, old: &Object) {
    let (Some(meta), Some(old)) =
        (new.get_mut("metadata").and_then(Value::as_object_mut), old.get("metadata"))
    else {
        return;
    };
    for field in [
        "namespace",
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        match old.get(field) {
            Some(value) if field != "uid" || !meta.contains_key("uid") => {
                meta.insert(field.to_owned(), value.clone());
            }
            Some(_) => {}
            None => _ = meta.shift_remove(field),
        }
    }
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (field, value) in fields {
        if let Value::Object(target) = target {
            if value.is_null() {
                target.shift_remove(field);
            } else {
                merge(target.entry(field.clone()).or_insert(Value::Null), value);
            }
        }
    }
}

/// Whether two objects mean the same, aside from what the server adds.
fn equal(have: &Value, want: &Value) -> Result<(), String> {
    let bare = |object: &Value| {
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.shift_remove("kind");
            fields.shift_remove("apiVersion");
        }
        if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in SERVER_FIELDS {
                meta.shift_remove(field);
            }
        }
        thin(&mut object);
        object
    };
    let (have, want) = (bare(have), bare(want));
    if have == want {
        return Ok(());
    }
    Err(format!("\n    want {want}\n    have {have}"))
}

/// Takes away what says nothing: null, empty maps, lists and texts, false and zero, times the server knows.
fn thin(value: &mut Value) {
    let nothing = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => {
            text.is_empty() || text == "<time>" || text == "1970-01-01T00:00:00Z"
        }
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) => false,
    };
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(thin);
            fields.retain(|_, value| !nothing(value));
        }
        Value::Array(items) => items.iter_mut().for_each(thin),
        _ => {}
    }
}

fn remember(record: &Value, seen: &mut HashMap<String, Object>) {
    let answer = &record["response"];
    let Some(at) = record["path"].as_str().and_then(address) else { return };
    let mut put = |object: &Value| {
        let (Some(name), Some(object)) = (object["metadata"]["name"].as_str(), object.as_object())
        else {
            return;
        };
        let namespace = object["metadata"]["namespace"].as_str().map(str::to_owned);
        let key = format!("{}/{}/{namespace:?}/{:?}", at.group, at.resource, Some(name));
        seen.insert(key, object.clone());
    };
    if record["path"].as_str().is_some_and(|path| path.contains("dryRun")) {
        return;
    }
    match answer["kind"].as_str() {
        Some("Status" | "Table" | "Scale" | "PartialObjectMetadata" | "TokenRequest") | None => {}
        Some("PartialObjectMetadataList") => {}
        Some(list) if list.ends_with("List") => {
            answer["items"].as_array().into_iter().flatten().for_each(put);
        }
        Some(_) => put(answer),
    }
}
