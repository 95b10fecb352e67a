//! Readers of the same notation agree on every text at hand: the examples, the cases and the
//! recorded corpora (`$PORTCULLIS_CORPORA`, or `shared/corpora` beside the checkout).

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use portcullis_object::fuzzing::{fuzz_json, fuzz_readers, fuzz_yaml};
use serde_json::Value;

/// Longer JSON is not read by all readers, and of recorded rows only one in so many is: all of them
/// take a minute.
const LONG_BYTES: usize = 50_000;
const EVERY: usize = 16;

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Every string of a value that has lines: documents are among them, and much that is none.
fn texts(value: &Value, check: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) if text.contains('\n') => check(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, check)),
        Value::Object(map) => map.values().for_each(|value| texts(value, check)),
        _ => {}
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn examples_and_cases() {
    let mut count = 0;
    for path in ["examples", "cases", "deploy"].iter().flat_map(|f| files(&repository().join(f))) {
        if path.extension().is_some_and(|e| e == "yaml" || e == "md") {
            let bytes = fs::read(&path).expect("a file can be read");
            fuzz_readers(&bytes);
            fuzz_yaml(&bytes);
            count += 1;
        }
    }
    assert!(count >= 10, "only {count} files");
}

#[test]
fn recorded_texts() {
    let beside = repository().join("../shared/corpora");
    let folder = std::env::var_os("PORTCULLIS_CORPORA").map_or(beside, PathBuf::from);
    if !folder.is_dir() {
        // Past what the test runner swallows: a test that did not run must be seen.
        let said =
            format!("SKIPPED: no recorded corpora at {}; set PORTCULLIS_CORPORA", folder.display());
        writeln!(std::io::stderr(), "{said}").expect("stderr can be written");
        return;
    }
    let mut count = 0;
    let scenarios = files(&folder.join("../scenarios"));
    for path in files(&folder).into_iter().chain(scenarios) {
        match path.extension().and_then(|e| e.to_str()) {
            Some("jsonl") => {
                let rows = fs::read_to_string(&path).expect("a corpus can be read");
                for (i, row) in rows.lines().enumerate() {
                    if row.len() < LONG_BYTES && i % EVERY == 0 {
                        fuzz_json(row.as_bytes());
                    }
                    let row = serde_json::from_str(row).expect("a row is JSON");
                    texts(&row, &mut |text| {
                        fuzz_readers(text.as_bytes());
                        count += 1;
                    });
                }
            }
            Some("json") => {
                let text = fs::read(&path).expect("a corpus can be read");
                if text.len() < LONG_BYTES {
                    fuzz_json(&text);
                    count += 1;
                }
            }
            Some("yaml") => {
                fuzz_readers(&fs::read(&path).expect("a scenario can be read"));
                count += 1;
            }
            _ => {}
        }
    }
    assert!(count >= 5_000, "only {count} texts");
}
