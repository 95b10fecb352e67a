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

/// The day on which every test here runs.
fn today() -> Date {
    Date::new(2026, 6, 1).expect("a day")
}

/// A file, judged against the objects in it.
fn judge(text: &str) -> (Results, Sources) {
    judge_with(text, "")
}

/// A file, judged against the objects in it and those of its sources.
fn judge_with(text: &str, sources: &str) -> (Results, Sources) {
    let input = |name: &str, text: &str| Input { name: name.into(), bytes: text.into() };
    let loaded =
        load(vec![input("t.sectest.yaml", text), input("k8s.yaml", sources)], &Limits::default());
    assert_eq!(loaded.diagnostics, [], "{text}");
    let Loaded { objects, sources, unreadable, .. } = loaded;
    let is_test =
        |o: &portcullis_object::Object| sources.document_name(o.document()) == "t.sectest.yaml";
    let (file, given): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_test);
    let settings = Settings::default();
    let given =
        Given { objects: &given, unreadable: &unreadable, settings: &settings, today: today() };
    let results = run(&read(&file), &given);
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
