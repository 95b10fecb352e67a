//! `managedFields` of every recorded create, update and patch, computed again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use portcullis_schema::api;
use portcullis_schema::json::Object;
use portcullis_schema::managed::{Manager, manager_name, reset, update};
use serde_json::Value;

use crate::recorded::{filled, records, text};

/// What admission and the storage layer fill in or take out after the owners were noted, so that
/// answer and owners differ: kind, and what the path holds.
const NOT_OF_THE_WRITER: &[(&str, &str)] = &[
    ("Namespace", "f:spec f:finalizers"),
    // Where the name was not known when defaults were filled in.
    ("Namespace", "f:metadata f:labels"),
    ("Node", "f:spec f:taints"),
    ("PersistentVolume", "f:metadata f:finalizers"),
    ("PersistentVolumeClaim", "f:metadata f:finalizers"),
    ("Job", "f:labels"),
    ("Job", "f:spec f:selector"),
    ("Service", "f:spec f:clusterIP"),
    ("Service", "f:spec f:ipFamil"),
    ("Service", "f:nodePort"),
    // An external name has neither; the server takes them away.
    ("Service", "TrafficPolicy"),
    ("Pod", "f:spec f:priority"),
    ("Pod", "f:spec f:preemptionPolicy"),
    ("Pod", "f:spec f:serviceAccount"),
    ("Pod", "f:spec f:tolerations"),
    ("Pod", "f:spec f:volumes"),
    ("Pod", "f:volumeMounts"),
    ("Pod", "f:spec f:runtimeClassName"),
    ("Pod", "f:spec f:overhead"),
    ("Pod", "f:spec f:nodeSelector"),
    ("Pod", "f:spec f:imagePullSecrets"),
    ("Pod", "f:resources f:"),
    ("Pod", "f:metadata f:annotations"),
    // Bound in between, which says nothing of the pod and gives it a condition.
    ("Pod", "f:status f:conditions"),
    // A list that was said to be empty is stored, and answered, as none.
    ("Role", "f:rules"),
];

/// An address taken apart.
pub struct Target {
    pub group: String,
    pub version: String,
    pub plural: String,
    /// The address of the object itself.
    pub object: String,
    pub subresource: String,
}

pub fn target(record: &Value) -> Option<Target> {
    let path = text(record, "/path").split('?').next()?;
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (space, rest) = match rest {
        ["namespaces", space, rest @ ..] if !matches!(rest, [] | ["status" | "finalize", ..]) => {
            (format!("{space}/"), rest)
        }
        rest => (String::new(), rest),
    };
    let (plural, name, subresource) = match rest {
        [plural] => (*plural, text(record, "/response/metadata/name"), ""),
        [plural, name] => (*plural, *name, ""),
        [plural, name, subresource] => (*plural, *name, *subresource),
        _ => return None,
    };
    Some(Target {
        group: group.into(),
        version: version.into(),
        plural: plural.into(),
        object: format!("{group}/{plural}/{space}{name}"),
        subresource: subresource.into(),
    })
}

/// Every path of every entry, with who owns it.
fn owned(object: &Object) -> BTreeSet<String> {
    fn walk(at: &str, node: &Value, out: &mut BTreeSet<String>) {
        let Value::Object(node) = node else { return };
        if node.is_empty() || node.contains_key(".") {
            out.insert(at.to_owned());
        }
        for (step, inner) in node.iter().filter(|(step, _)| *step != ".") {
            walk(&format!("{at} {step}"), inner, out);
        }
    }
    let mut out = BTreeSet::new();
    let entries = object["metadata"].get("managedFields").and_then(Value::as_array);
    for entry in entries.into_iter().flatten() {
        let whose = ["/manager", "/operation", "/apiVersion", "/subresource"];
        let whose: Vec<&str> = whose.iter().map(|part| text(entry, part)).collect();
        walk(&whose.join("|"), &entry["fieldsV1"], &mut out);
    }
    out
}

#[test]
fn owners_are_those_that_were_recorded() {
    let Some(records) = records() else { return };
    let mut seen: HashMap<String, Object> = HashMap::new();
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut faults = Vec::new();
    for record in &records {
        let Some(target) = target(record) else { continue };
        let status = record["status"].as_u64().unwrap_or_default();
        let (Some(answer), 200 | 201) = (record["response"].as_object(), status) else { continue };
        let kind = text(&record["response"], "/kind");
        let Some(known) = api::kind(&target.group, &target.version, kind) else { continue };
        if text(&record["response"], "/metadata/uid").is_empty() {
            continue;
        }
        let Value::Object(answer) = filled(&Value::Object(answer.clone())) else { continue };
        let media = text(record, "/headers/Content-Type");
        let judged = match text(record, "/method") {
            "POST" => Some(None),
            "PUT" => Some(seen.get(&target.object)),
            "PATCH" if !media.contains("apply") => Some(seen.get(&target.object)),
            _ => None,
        };
        if let Some(old) = judged
            && (old.is_some() || text(record, "/method") == "POST" || status == 201)
        {
            let mut new = answer.clone();
            let said = serde_json::from_str::<Value>(text(record, "/body")).ok();
            let said = said.and_then(|body| body.pointer("/metadata/managedFields").cloned());
            let metadata = new["metadata"].as_object_mut().expect("it has a uid");
            metadata.shift_remove("managedFields");
            if let Some(said) = said {
                metadata.insert("managedFields".into(), said);
            }
            let path = text(record, "/path");
            let said = path.split(['?', '&']).find_map(|part| part.strip_prefix("fieldManager="));
            let name = manager_name(said.unwrap_or_default(), "recorder");
            let api_version = text(&record["response"], "/apiVersion");
            let Target { group, version, plural, subresource, .. } = &target;
            let by = Manager {
                name: &name,
                api_version,
                kind,
                subresource,
                time: "2026-01-02T03:04:05Z",
            };
            update(known.message, &reset(group, version, plural, subresource), old, &mut new, &by);
            let (want, got) = (owned(&answer), owned(&new));
            let allowed = |path: &&String| {
                NOT_OF_THE_WRITER.iter().any(|(of, part)| *of == kind && path.contains(part))
            };
            let missing: Vec<&String> = want.difference(&got).filter(|p| !allowed(p)).collect();
            let added: Vec<&String> = got.difference(&want).filter(|p| !allowed(p)).collect();
            let group = text(record, "/group");
            let count = counts.entry(group).or_default();
            count.1 += 1;
            if missing.is_empty() && added.is_empty() {
                count.0 += 1;
            } else {
                faults.push(format!(
                    "{} {kind}\n  missing {missing:?}\n  added {added:?}",
                    text(record, "/id")
                ));
            }
        }
        if !text(record, "/path").contains("dryRun=All") {
            seen.insert(target.object, answer);
        }
    }
    assert!(faults.is_empty(), "{} of {counts:?}:\n{}", faults.len(), faults.join("\n"));
    assert!(counts.values().map(|(_, all)| all).sum::<usize>() > 340, "{counts:?}");
}
