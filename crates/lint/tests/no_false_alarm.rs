//! Nothing that the original accepts is called an error: the recorded corpora, where they are at hand
//! (`$PORTCULLIS_CORPORA`, or `shared/corpora` beside the checkout), and the examples.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use portcullis_core::Severity;
use portcullis_lint::{Config, Date, check};
use portcullis_object::{Input, Limits, load};
use portcullis_snapshot::{Intake, IntakeByApi, Settings};
use serde_json::Value;

/// Scenarios in which an engine was handed objects that no API server would take, and why not.
const REFUSED: &[(&str, &str)] = &[
    ("probe-026", "the network cannot be read"),
    ("probe-028", "the whole network is excepted"),
    ("knp-006", "capital letters in a name"),
    ("knp-007", "capital letters in a name"),
    ("knp-008", "port 65537"),
    ("knp-009", "port 65537"),
    ("knp-010", "port 65537"),
    ("knp-011", "port 65537"),
    ("knp-012", "port 65537"),
    ("knp-013", "port 65537"),
    ("knp-014", "port 65537"),
    ("knp-015", "port 65537"),
    ("knp-016", "port 65537"),
];

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

/// The errors in some files, but for objects that the original rejects (`Kind namespace/name`), and
/// how many objects there are.
fn errors(files: Vec<Input>, rejected: &BTreeSet<String>) -> (usize, Vec<String>) {
    let loaded = load(files, &Limits::default());
    let today: Date = "2026-01-01".parse().expect("a date");
    // The rules of the RBAC corpora were given to the authorizer as they are: no API was asked.
    let intake = IntakeByApi { rbac: Intake::Stored, ..IntakeByApi::all(Intake::Proposed) };
    let settings = Settings { intake, ..Settings::default() };
    let report = check(&loaded, &settings, &Config::default(), today);
    let accepted = |d: &portcullis_core::Diagnostic| {
        let object = d.origin().and_then(|o| o.object.as_ref());
        object.is_none_or(|object| !rejected.contains(&object.to_string()))
    };
    let errors = report
        .findings
        .iter()
        .map(|f| &f.diagnostic)
        .filter(|d| d.severity == Severity::Error && accepted(d))
        .map(|d| {
            let at = d.place().and_then(|p| loaded.sources.locate(p));
            let at = at.map_or_else(String::new, |at| format!("{}:{}", at.input, at.line));
            format!("{at}: {} {}", d.code, d.message)
        });
    (loaded.objects.len(), errors.collect())
}

fn file(name: String, text: String) -> Input {
    Input { name, bytes: text.into_bytes() }
}

/// Every text is free of errors, and there are at least so many objects in all of them.
fn check_all(texts: impl Iterator<Item = (String, String, BTreeSet<String>)>, at_least: usize) {
    let (mut objects, mut found) = (0, Vec::new());
    for (name, text, rejected) in texts {
        let (count, errors) = errors(vec![file(name, text)], &rejected);
        objects += count;
        found.extend(errors);
    }
    assert_eq!(found, [""; 0], "{} errors", found.len());
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
    let validated = rows.filter(|row| {
        // What was written around validation.
        let id = text(row, "id");
        row.get("unvalidated") != Some(&Value::Bool(true))
            && !REFUSED.iter().any(|(refused, _)| *refused == id)
    });
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

/// All files of a folder, as one cluster.
fn folder_of(path: &Path) -> Vec<Input> {
    let files = fs::read_dir(path).into_iter().flatten().filter_map(|entry| {
        let path = entry.ok()?.path();
        let text = fs::read_to_string(&path).ok()?;
        let yaml = path.extension().is_some_and(|e| e == "yaml");
        yaml.then(|| {
            file(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text)
        })
    });
    let mut files: Vec<Input> = files.collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

#[test]
fn the_lab() {
    let Some(folder) = corpora() else { return };
    let files = folder_of(&folder.join("../scenarios/online-boutique"));
    let (objects, errors) = errors(files, &BTreeSet::new());
    assert_eq!(errors, [""; 0]);
    assert!(objects >= 40, "only {objects} objects");
}

#[test]
fn the_example() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/boutique");
    let (objects, errors) = errors(folder_of(&folder), &BTreeSet::new());
    assert_eq!(errors, [""; 0]);
    assert!(objects >= 40, "only {objects} objects");
}
