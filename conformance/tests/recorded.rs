//! Every recorded answer there is, replayed: those committed here always, the full sets where they
//! are at hand.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use conformance::Options;
use expect_test::expect;

/// Names a folder with the full sets.
const VARIABLE: &str = "PORTCULLIS_CORPORA";

/// What is asked of the engines themselves; sessions with a server are another test's matter.
const OF_ENGINES: &[&str] = &["rbac/", "network/"];

/// Replays a folder, in which everything must agree, and returns what is printed.
#[track_caller]
fn check(folder: &Path) -> String {
    let mut printed = Vec::new();
    for prefix in OF_ENGINES {
        let agreed = conformance::run(folder, prefix, &Options::default(), &mut printed);
        let printed = String::from_utf8_lossy(&printed);
        assert!(agreed.unwrap_or_else(|error| panic!("{error:#}\n{printed}")), "\n{printed}");
    }
    String::from_utf8(printed).expect("text")
}

/// The counts are part of the promise: a corpus that lost lines would still agree.
#[test]
fn the_committed_answers() {
    let printed = check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora"));
    expect![[r#"
        rbac/decide: 12000 of 12000
        rbac/covers: 1000 of 1000
        rbac/rules: 1500 of 1500
        rbac/aggregation: 120 of 120
        rbac/escalation: 800 of 800
        rbac/requestinfo: 1684 of 1684
        network/kubernetes: 15000 of 15000
        network/calico: 15312 of 15312
        network/probes: 86 of 86
          15 of them as deviations.tsv says
        network/selectors: 19272 of 19272
    "#]]
    .assert_eq(&printed);
}

#[test]
fn the_full_sets() {
    let Some(folder) = full_sets() else {
        let skipped = format!("SKIPPED the full recorded answers: {VARIABLE} names no folder\n");
        // Not `eprintln!`: the runner would keep it to itself, as the test passes.
        io::stderr().write_all(skipped.as_bytes()).expect("standard error");
        return;
    };
    println!("{}", check(&folder));
}

/// A folder that is named must be there; one beside the checkout may be.
fn full_sets() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora");
    beside.is_dir().then_some(beside)
}
