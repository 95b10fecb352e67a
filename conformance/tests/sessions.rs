//! The committed session with the original, replayed against a server of this build.

use std::path::Path;

use conformance::Options;

/// How many records of the required groups agree at least. Raise it when more do; what stands in
/// `wire-open.tsv` is the rest.
const AGREED: usize = 998;

/// How many there are.
const TOTAL: usize = 1013;

#[test]
fn the_required_groups_answer_as_the_original_did() {
    let options = Options {
        port: Some(0),
        groups: vec!["token-end".into()],
        list: true,
        ..Options::default()
    };
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora");
    let mut printed = Vec::new();
    conformance::run(&corpora, "kubernetes/wire-1.35.4", &options, &mut printed).expect("a replay");
    let printed = String::from_utf8(printed).expect("text");
    let line =
        printed.lines().find_map(|line| line.strip_prefix("kubernetes/wire-1.35.4 required: "));
    let words: Vec<&str> = line.unwrap_or_default().split(' ').collect();
    let [agreed, total] = [0, 2].map(|at| words[at].parse::<usize>().expect("a count"));
    assert_eq!(total, TOTAL, "\n{printed}");
    assert!(agreed >= AGREED, "{agreed} of {total}, not {AGREED}:\n{printed}");
}
