//! OpenAPI documents, held against recorded ones. Descriptions are others' and are left out.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use portcullis_schema::api::{self, Group};
use portcullis_schema::openapi;
use serde_json::Value;

/// The recorded documents, and the path of each.
const RECORDED: &[(&str, &str)] = &[
    ("admissionregistration-v1.json", "apis/admissionregistration.k8s.io/v1"),
    ("apiextensions-v1.json", "apis/apiextensions.k8s.io/v1"),
    ("apps-v1.json", "apis/apps/v1"),
    ("authentication-v1.json", "apis/authentication.k8s.io/v1"),
    ("authorization-v1.json", "apis/authorization.k8s.io/v1"),
    ("batch-v1.json", "apis/batch/v1"),
    ("certificates-v1.json", "apis/certificates.k8s.io/v1"),
    ("coordination-v1.json", "apis/coordination.k8s.io/v1"),
    ("core-v1.json.gz", "api/v1"),
    ("networking-v1.json", "apis/networking.k8s.io/v1"),
    ("policy-v1.json", "apis/policy/v1"),
    ("rbac-v1.json", "apis/rbac.authorization.k8s.io/v1"),
];

fn folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    std::env::var_os("PORTCULLIS_CORPORA").map_or(beside, PathBuf::from).join("kubernetes")
}

/// A recorded document; none where it is not at hand.
fn recorded(name: &str) -> Option<Value> {
    let path = folder().join(name);
    let Ok(mut bytes) = std::fs::read(&path) else {
        crate::skipped(&format!("no recorded document at {}", path.display()));
        return None;
    };
    if name.ends_with(".gz") {
        let packed = std::mem::take(&mut bytes);
        flate2::read::GzDecoder::new(packed.as_slice())
            .read_to_end(&mut bytes)
            .expect("it is packed");
    }
    Some(serde_json::from_slice(&bytes).expect("it is JSON"))
}

/// Takes the sentences out: a description that is text, and not a property of that name.
fn without_descriptions(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("description").is_some_and(Value::is_string) {
                map.shift_remove("description");
            }
            map.values_mut().for_each(without_descriptions);
        }
        Value::Array(items) => items.iter_mut().for_each(without_descriptions),
        _ => {}
    }
}

fn differences(at: &str, got: &Value, want: &Value, out: &mut Vec<String>) {
    match (got, want) {
        (Value::Object(got), Value::Object(want)) => {
            for (key, want) in want {
                match got.get(key) {
                    Some(got) => differences(&format!("{at} {key}"), got, want, out),
                    None => out.push(format!("{at} lacks {key}: {want}")),
                }
            }
            for (key, got) in got.iter().filter(|(key, _)| !want.contains_key(*key)) {
                out.push(format!("{at} has {key}: {got}"));
            }
        }
        (got, want) if got == want => {}
        (Value::Array(got), Value::Array(want)) if got.len() == want.len() => {
            for (i, (got, want)) in got.iter().zip(want).enumerate() {
                differences(&format!("{at}[{i}]"), got, want, out);
            }
        }
        (got, want) => out.push(format!("{at}: {got} is not {want}")),
    }
}

#[test]
fn documents_of_version_three_are_those_that_were_recorded() {
    let served: Vec<&Group> = api::groups().iter().collect();
    let mut faults = Vec::new();
    for (name, path) in RECORDED {
        let Some(mut want) = recorded(&format!("openapi-v3-1.35.4/{name}")) else { return };
        without_descriptions(&mut want);
        let bytes = openapi::v3(&served, path).expect("it is served");
        let mut got = serde_json::from_slice(&bytes).expect("it is JSON");
        without_descriptions(&mut got);
        differences(path, &got, &want, &mut faults);
    }
    let all = faults.len();
    faults.truncate(60);
    assert!(faults.is_empty(), "{all}:\n{}", faults.join("\n"));
}

#[test]
fn the_index_names_what_was_recorded() {
    let Some(want) = recorded("openapi-v3-index-1.35.4.json") else { return };
    let served: Vec<&Group> = api::groups().iter().collect();
    let got = openapi::v3_index(&served, "<hash>");
    assert_eq!(got.to_string(), want.to_string());
}
