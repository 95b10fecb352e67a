//! The committed sessions with the original, replayed against a server of this build.

use std::path::Path;

use conformance::Options;

/// Replays a session as far as a group; how many records of its required groups agree, of how many, and
/// what was printed.
fn replay(session: &str, last_group: &str) -> (usize, usize, String) {
    let options = Options {
        port: Some(0),
        groups: vec![last_group.into()],
        list: true,
        ..Options::default()
    };
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora");
    let mut printed = Vec::new();
    conformance::run(&corpora, session, &options, &mut printed).expect("a replay");
    let printed = String::from_utf8(printed).expect("text");
    let sum = format!("{session} required: ");
    let line = printed.lines().find_map(|line| line.strip_prefix(&sum)).unwrap_or_default();
    let words: Vec<&str> = line.split(' ').collect();
    let [agreed, total] = [0, 2].map(|at| words[at].parse::<usize>().expect("a count"));
    (agreed, total, printed)
}

/// What stands in `wire-open.tsv` is the rest.
#[test]
fn the_required_groups_answer_as_the_original_did() {
    if conformance::openssl_is_missing() {
        return;
    }
    let (agreed, total, printed) = replay("kubernetes/wire-1.35.4", "token-end");
    assert!(agreed >= 1000 && total == 1013, "{agreed} of {total}:\n{printed}");
}

#[test]
fn the_controllers_do_what_those_of_the_original_did() {
    if conformance::openssl_is_missing() {
        return;
    }
    let (agreed, total, printed) = replay("kubernetes/wire-controllers-1.35.4", "c-gc");
    assert_eq!((agreed, total), (65, 65), "\n{printed}");
}
