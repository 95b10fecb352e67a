//! No object that the original accepts is complained about: the recorded corpora, where they are at
//! hand (`$PORTCULLIS_CORPORA`, or `shared/corpora` beside the checkout).

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use portcullis_core::Severity;
use portcullis_object::{Input, Limits, check, load};
use serde_json::Value;

fn corpora() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let folder = std::env::var_os("PORTCULLIS_CORPORA").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    // Past what the test runner swallows: a test that did not run must be seen.
    let said =
        format!("SKIPPED: no recorded corpora at {}; set PORTCULLIS_CORPORA", folder.display());
    writeln!(std::io::stderr(), "{said}").expect("stderr can be written");
    None
}

fn rows(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a corpus can be read");
    text.lines().map(|line| serde_json::from_str(line).expect("a row is JSON")).collect()
}

/// Loads and checks one text, and answers how many objects it has and the complaints. Objects that
/// the original rejects, as `Kind namespace/name`, may be complained about.
fn complaints(name: &str, text: &str, rejected: &BTreeSet<String>) -> (usize, Vec<String>) {
    let input = Input { name: name.to_owned(), bytes: text.as_bytes().to_vec() };
    let loaded = load(vec![input], &Limits::default());
    let checked = loaded
        .objects
        .iter()
        .filter(|object| !rejected.contains(&object.reference().to_string()))
        .flat_map(check);
    let complaints = loaded
        .diagnostics
        .iter()
        .cloned()
        .chain(checked)
        .filter(|d| d.severity == Severity::Error)
        .map(|d| {
            let line = d.place().and_then(|p| loaded.sources.locate(p)).map_or(0, |at| at.line);
            format!("{name}:{line}: {} {}", d.code, d.message)
        })
        .collect();
    (loaded.objects.len(), complaints)
}

/// Every text is free of complaints, and there are at least so many objects in all of them.
fn check_all(texts: impl Iterator<Item = (String, String, BTreeSet<String>)>, at_least: usize) {
    let (mut objects, mut found) = (0, Vec::new());
    for (name, text, rejected) in texts {
        let (count, complaints) = complaints(&name, &text, &rejected);
        objects += count;
        found.extend(complaints);
    }
    assert_eq!(found, [""; 0], "{} complaints", found.len());
    assert!(objects >= at_least, "only {objects} objects");
}

fn text(row: &Value, field: &str) -> String {
    row.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[test]
fn network_scenarios() {
    let Some(folder) = corpora() else { return };
    let names = ["kubernetes", "calico", "probes", "online-boutique", "conformance"];
    let rows = names.iter().flat_map(|n| rows(&folder.join(format!("network/{n}.jsonl"))));
    let validated = rows.filter(|row| row.get("unvalidated") != Some(&Value::Bool(true)));
    let texts = validated.map(|row| {
        let rejected = row.get("rejected").and_then(Value::as_array);
        let rejected = rejected.into_iter().flatten().map(|r| text(r, "object")).collect();
        (text(&row, "id"), text(&row, "objects"), rejected)
    });
    check_all(texts, 10_000);
}

#[test]
fn validation_table() {
    let Some(folder) = corpora() else { return };
    let rows = rows(&folder.join("network/validation.jsonl"));
    let accepted = rows
        .iter()
        .filter(|row| row.pointer("/as_manifest/accepted") == Some(&Value::Bool(true)))
        .map(|row| {
            let manifest = row.get("object").map(Value::to_string).unwrap_or_default();
            (text(row, "description"), manifest, BTreeSet::new())
        });
    check_all(accepted, 50);
}

#[test]
fn roles_and_bindings() {
    let Some(folder) = corpora() else { return };
    let texts = [("decide", "objects"), ("rules", "objects"), ("aggregation", "input")]
        .iter()
        .flat_map(|(name, field)| {
            rows(&folder.join(format!("rbac/{name}.jsonl"))).into_iter().map(|row| {
                let objects = row.get(*field).and_then(Value::as_array);
                let objects: Vec<String> =
                    objects.into_iter().flatten().map(Value::to_string).collect();
                (text(&row, "id"), objects.join("\n"), BTreeSet::new())
            })
        });
    check_all(texts, 5_000);
}

#[test]
fn the_lab() {
    let Some(folder) = corpora() else { return };
    let files = fs::read_dir(folder.join("../scenarios/online-boutique"));
    let texts = files.into_iter().flatten().filter_map(|file| {
        let path = file.ok()?.path();
        let text = fs::read_to_string(&path).ok()?;
        Some((path.file_name()?.to_string_lossy().into_owned(), text, BTreeSet::new()))
    });
    check_all(texts, 40);
}
