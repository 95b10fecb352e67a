//! Test files, from their text to what came of them.

mod boutique;
mod cases;
mod forms;
mod init;
mod laws;
mod support;
mod whole;

use portcullis_object::{Input, Limits, Loaded, Sources, load};
use portcullis_sectest::{Date, Given, Outcome, Results, read, run};
use portcullis_snapshot::Settings;

/// The test file.
const FILE: &str = "t.sectest.yaml";

/// The day on which every test here runs.
fn today() -> Date {
    "2026-06-01".parse().expect("a day")
}

/// A file, judged against the objects in it.
fn judge(text: &str) -> (Results, Sources) {
    judge_with(text, "")
}

/// A file, judged against the objects in it and those of its sources.
fn judge_with(text: &str, sources: &str) -> (Results, Sources) {
    let loaded = load_both(text, sources);
    assert_eq!(loaded.diagnostics, [], "{text}");
    judge_loaded(loaded)
}

fn load_both(text: &str, sources: &str) -> Loaded {
    let input = |name: &str, text: &str| Input { name: name.into(), bytes: text.into() };
    load(vec![input(FILE, text), input("k8s.yaml", sources)], &Limits::default())
}

fn judge_loaded(loaded: Loaded) -> (Results, Sources) {
    let Loaded { objects, sources, unreadable, .. } = loaded;
    let is_own = |document| sources.document_name(document) == FILE;
    let (own, objects): (Vec<_>, Vec<_>) = objects.into_iter().partition(|o| is_own(o.document()));
    let (own_unreadable, unreadable): (Vec<_>, Vec<_>) =
        unreadable.into_iter().partition(|u| is_own(u.document));
    let settings = Settings::default();
    let given =
        Given { objects: &objects, unreadable: &unreadable, settings: &settings, today: today() };
    let results = run(&read(&own, &own_unreadable), &given);
    (results, sources)
}

/// `status: why`, then the help, one a line.
fn shown(outcome: &Outcome) -> String {
    let mut text = format!("{}: {}\n", outcome.status, outcome.why);
    for line in &outcome.help {
        text.push_str(&format!("  help: {line}\n"));
    }
    text
}
