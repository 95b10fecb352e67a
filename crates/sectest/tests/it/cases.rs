//! Our own cases: each holds, and none would hold of anything else.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis_object::Object;
use portcullis_sectest::{Results, Status, Suite};

use crate::shown;
use crate::support::{File, repository};

/// Every case file, in order.
pub fn cases() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.display().to_string();
            if path.is_dir() {
                walk(&path, found);
            } else if name.ends_with(".case.md") || name.ends_with(".sectest.yaml") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&repository("cases"), &mut found);
    found.sort();
    found
}

fn holds(results: &Results) -> bool {
    results.outcomes.iter().all(|outcome| outcome.status == Status::Pass)
}

#[test]
fn every_case_holds() {
    let cases = cases();
    assert!(cases.len() >= 15, "{} cases", cases.len());
    let mut wrong = String::new();
    for path in cases {
        let file = File::open(&path);
        for outcome in file.run().outcomes {
            if outcome.status != Status::Pass {
                wrong.push_str(&format!(
                    "{}: {}\n{}",
                    path.display(),
                    outcome.title,
                    shown(&outcome)
                ));
            }
        }
    }
    assert_eq!(wrong, "");
}

/// A case that holds whatever policy or binding is taken away is about none of them.
#[test]
fn every_case_needs_its_objects() {
    let is_asked = |o: &Object| o.kind().ends_with("Policy") || o.kind().ends_with("Binding");
    for path in cases() {
        let file = File::open(&path);
        let without = |object: &Object| {
            let objects = file.suite.objects.iter().filter(|o| o.origin() != object.origin());
            let suite = Suite { objects: objects.cloned().collect(), ..file.suite.clone() };
            File { suite, ..File::open(&path) }
        };
        let needed =
            file.suite.objects.iter().filter(|o| is_asked(o)).any(|o| !holds(&without(o).run()));
        assert!(needed, "{} holds of anything", path.display());
    }
}
