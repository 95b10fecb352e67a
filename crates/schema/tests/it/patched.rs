//! Every recorded patch, applied to what stood there before.

use std::collections::{BTreeMap, HashMap};

use portcullis_schema::api;
use portcullis_schema::decode;
use portcullis_schema::json::Object;
use portcullis_schema::patch::{
    Checked, PatchError, Patched, apply_json, apply_merge, apply_strategic,
};
use serde_json::Value;

use crate::managed::target;
use crate::recorded::{filled, records, text};

/// All that is said of a patch that does not fit.
const UNTOLD: &str = "the server rejected our request due to an error in our request";

/// What every write sets anew.
const SERVERS_OWN: &[&str] = &["managedFields", "resourceVersion", "generation"];

/// Where the server changes more than it fills in, after the patch.
const CHANGED_LATER: &[(&str, &str)] = &[
    ("delete-041", "of two references to one owner one is dropped"),
    ("pod-058", "tolerations of a pod may be added to and are never taken away"),
    ("pod-072", "a write to the status reaches neither the node nor the addresses of a pod"),
    ("service-037", "the address stands for another one, which an earlier answer did not show"),
    ("service-038", "an external name has neither addresses nor ports of nodes"),
];

/// Whether everything in `part` is in `whole`; items of lists one by one. What is in `whole` alone
/// was filled in by the server.
fn holds(whole: &Value, part: &Value, at: &str, faults: &mut Vec<String>) {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            for (key, part) in part.iter().filter(|(key, _)| !SERVERS_OWN.contains(&key.as_str())) {
                let whole = whole.get(key).unwrap_or(&Value::Null);
                holds(whole, part, &format!("{at}.{key}"), faults);
            }
        }
        (Value::Array(whole), Value::Array(part)) if whole.len() == part.len() => {
            for (i, (whole, part)) in whole.iter().zip(part).enumerate() {
                holds(whole, part, &format!("{at}[{i}]"), faults);
            }
        }
        (whole, part) if whole == part => {}
        (whole, part) => faults.push(format!("{at}: {part} is not {whole}")),
    }
}

#[test]
fn patches_do_what_was_recorded() {
    let Some(records) = records() else { return };
    let mut seen: HashMap<String, Object> = HashMap::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for record in &records {
        let Some(target) = target(record) else { continue };
        let status = record["status"].as_u64().unwrap_or_default();
        let answer = filled(&record["response"]);
        let media = text(record, "/headers/Content-Type");
        let path = text(record, "/path");
        // A scale is patched as what it is, and is not what stands at its address.
        let scale = target.subresource == "scale";
        if let ("PATCH", Some(old), false) =
            (text(record, "/method"), seen.get(&target.object), scale)
        {
            let kind = old["kind"].as_str().unwrap_or_default();
            let message =
                api::kind(&target.group, &target.version, kind).expect("it was seen").message;
            let patch = text(record, "/body").as_bytes();
            let old = old.clone();
            let patched = match media.trim_start_matches("application/") {
                "json-patch+json" => apply_json(old, patch, Checked::Yes),
                "merge-patch+json" => apply_merge(old, patch, Checked::Yes),
                "strategic-merge-patch+json" => apply_strategic(message, old, patch),
                _ => continue,
            };
            let said = text(&answer, "/message");
            let mut wrong = Vec::new();
            let outcome = match (patched, status) {
                (_, 401 | 403 | 404 | 405 | 415) => continue,
                (Ok(Patched { object, .. }), 200) => {
                    let object = Value::Object(object).to_string();
                    let decoded = decode::decode(message, object.as_bytes());
                    let object = Value::Object(decoded.expect("it was accepted").object);
                    holds(&answer, &object, "", &mut wrong);
                    "applied"
                }
                (Ok(_), _) => "refused later",
                (Err(PatchError::Malformed(text)), 400)
                | (Err(PatchError::Unusable(text)), 500) => {
                    wrong.extend((text != said).then(|| format!("{text:?} is not {said:?}")));
                    "refused"
                }
                (Err(PatchError::Unfit(_)), 422) => {
                    wrong.extend((said != UNTOLD).then(|| said.to_owned()));
                    "unfit"
                }
                (Err(other), _) => {
                    wrong.push(format!("{other:?} where the answer was {status} {said}"));
                    "wrong"
                }
            };
            *counts
                .entry(format!("{} {outcome}", media.trim_start_matches("application/")))
                .or_default() += 1;
            if !wrong.is_empty() && !CHANGED_LATER.iter().any(|(id, _)| *id == text(record, "/id"))
            {
                faults.push(format!("{}\n  {}", text(record, "/id"), wrong.join("\n  ")));
            }
        }
        let known = api::kind(&target.group, &target.version, text(&answer, "/kind")).is_some();
        let stored = matches!(status, 200 | 201) && !path.contains("dryRun=All") && !scale;
        if let (Value::Object(answer), true) = (answer, known && stored)
            && answer.get("metadata").is_some_and(|metadata| metadata.get("uid").is_some())
        {
            seen.insert(target.object, answer);
        }
    }
    assert!(faults.is_empty(), "{} of {counts:?}:\n{}", faults.len(), faults.join("\n"));
    assert!(counts.values().sum::<usize>() > 120, "{counts:?}");
}
