//! Objects as protobuf and as JSON, printed by the API's own library with every field set:
//! `testdata/HEAD` of the Go module `k8s.io/api`. Where that is, `PORTCULLIS_API_TESTDATA` says;
//! without it the test says that it did not run.

use std::path::Path;

use portcullis_schema::{api, decode, protobuf};
use serde_json::Value;

#[test]
fn protobuf_and_json_are_the_same_objects() {
    let Some(folder) = std::env::var_os("PORTCULLIS_API_TESTDATA") else {
        return crate::skipped("PORTCULLIS_API_TESTDATA names no folder of pairs");
    };
    let mut count = 0;
    let mut others = 0;
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "pb") {
            continue;
        }
        let body = std::fs::read(&path).expect("a body");
        let said = protobuf::envelope(&body).expect("an envelope").type_meta;
        let (group, version) = said.api_version.split_once('/').unwrap_or(("", &said.api_version));
        let Some(kind) = api::kind(group, version, &said.kind) else {
            others += 1;
            continue;
        };
        count += 1;
        if let Err(why) = same(kind.message, &body, &path) {
            faults.push(format!("{}\n{why}", path.display()));
        }
    }
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
    assert!(count >= 71, "only {count} pairs of kinds that are served, and {others} of others");
}

/// The body and the text beside it are read as the same object, which is printed as that text.
fn same(message: &'static api::Message, body: &[u8], path: &Path) -> Result<(), String> {
    let text = std::fs::read(path.with_extension("json")).expect("a text beside the body");
    let text: Value = serde_json::from_slice(&text).expect("a text is JSON");
    let body = protobuf::decode(message, body).map_err(|why| why.to_string())?;
    let read = decode::decode(message, text.to_string().as_bytes()).map_err(|e| e.to_string())?;
    if let Some(complaint) = read.complaints.first() {
        return Err(complaint.to_string());
    }
    let (text, body, read) =
        (text.to_string(), Value::Object(body).to_string(), Value::Object(read.object).to_string());
    if read != text {
        return Err(format!("  JSON     {text}\n  read     {read}"));
    }
    if body != text {
        return Err(format!("  JSON     {text}\n  protobuf {body}"));
    }
    Ok(())
}
