//! The laws of fixes, over the examples of all pages in any company: fixing twice is fixing once, what
//! had a fix is gone, and no other line is touched.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use portcullis_lint::{Config, Date, Report, apply, check, edits, settle};
use portcullis_object::{Input, Limits, Loaded, load};
use portcullis_snapshot::Settings;
use proptest::prelude::*;

/// The wrong examples of all pages but those that cannot stand beside others.
fn examples() -> &'static [String] {
    static EXAMPLES: OnceLock<Vec<String>> = OnceLock::new();
    EXAMPLES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks");
        let files = fs::read_dir(folder).expect("the pages can be listed");
        let mut paths: Vec<_> = files.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        let example = |path: &std::path::PathBuf| {
            let page = fs::read_to_string(path).expect("a page can be read");
            let (_, after) = page.split_once("\n```yaml\n")?;
            after.split_once("```").map(|(example, _)| example.to_owned())
        };
        paths.iter().filter_map(example).collect()
    })
}

fn today() -> Date {
    "2026-01-01".parse().expect("a date")
}

fn input(text: &str) -> Vec<Input> {
    vec![Input { name: "a.yaml".into(), bytes: text.as_bytes().to_vec() }]
}

fn report(text: &str) -> (Loaded, Report) {
    let loaded = load(input(text), &Limits::default());
    let report = check(&loaded, &Settings::default(), &Config::default(), today());
    (loaded, report)
}

fn settled(text: &str, unsafe_too: bool) -> String {
    let (limits, settings, config) = (Limits::default(), Settings::default(), Config::default());
    let mut fixed = settle(input(text), &limits, &settings, &config, today(), unsafe_too);
    String::from_utf8(fixed.remove(0).bytes).expect("text")
}

/// The laws, for one text.
fn lawful(text: &str) {
    for unsafe_too in [false, true] {
        let once = settled(text, unsafe_too);
        assert_eq!(settled(&once, unsafe_too), once, "fixing again changes it\n{text}");
        let (loaded, report) = report(&once);
        let left = edits(&report, &loaded.sources, unsafe_too);
        assert!(left.is_empty(), "{left:?} is left to fix in\n{once}");
    }
    untouched(text);
}

/// One round of safe fixes leaves every line as it is that no edit touches.
fn untouched(text: &str) {
    let (loaded, report) = report(text);
    let edits = edits(&report, &loaded.sources, false).remove("a.yaml").unwrap_or_default();
    let fixed = apply(text, &edits);
    let mut rest = fixed.lines();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let range = start..start + line.len();
        start = range.end;
        let touched = |r: &std::ops::Range<usize>| {
            r.start < range.end && range.start < r.end || r.is_empty() && range.contains(&r.start)
        };
        if !edits.iter().any(|e| touched(&e.range)) {
            let line = line.trim_end_matches('\n');
            assert!(rest.any(|kept| kept == line), "{line:?} is gone from\n{fixed}");
        }
    }
}

#[test]
fn every_example_alone() {
    assert!(examples().len() >= 60);
    for example in examples() {
        lawful(example);
    }
}

#[test]
fn some_examples_have_fixes() {
    let fixed = examples().iter().filter(|e| settled(e, false) != **e).count();
    assert!(fixed >= 8, "only {fixed} examples are changed by safe fixes");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn examples_in_company(picked in prop::collection::vec((0..10_000_usize, 0..3_usize), 1..5)) {
        let text: Vec<String> = picked
            .iter()
            .map(|(which, comments)| {
                let example = &examples()[which % examples().len()];
                format!("{}{example}", "# a comment\n\n".repeat(*comments))
            })
            .collect();
        lawful(&text.join("---\n"));
    }
}
