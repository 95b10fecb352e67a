//! Whatever is read, a report comes out: the examples of all pages, cut, halved, doubled and
//! scrambled.

use std::fs;
use std::path::Path;

use portcullis_lint::{Config, Date, apply, check, edits};
use portcullis_object::{Input, Limits, load};
use portcullis_snapshot::Settings;
use proptest::prelude::*;

fn judge(text: &str) {
    let input = Input { name: "a.yaml".into(), bytes: text.as_bytes().to_vec() };
    let loaded = load(vec![input], &Limits::default());
    let today: Date = "2026-01-01".parse().expect("a date");
    let report = check(&loaded, &Settings::default(), &Config::default(), today);
    for finding in &report.findings {
        let place = finding.diagnostic.place().expect("a place");
        let at = loaded.sources.locate(place).expect("a place that is there");
        assert!(text.get(at.range).is_some(), "a place within the text");
    }
    for edits in edits(&report, &loaded.sources, true).values() {
        apply(text, edits);
    }
    Config::read(&loaded);
}

fn pages() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks");
    let files = fs::read_dir(folder).expect("the pages can be listed");
    let read = |path| fs::read_to_string(path).expect("a page can be read");
    let examples = files.map(|entry| read(entry.expect("an entry").path()));
    let mut examples: Vec<String> = examples
        .filter_map(|page| {
            let (_, after) = page.split_once("\n```yaml\n")?;
            after.split_once("```").map(|(example, _)| example.to_owned())
        })
        .collect();
    examples.sort();
    examples
}

#[test]
fn cut_and_halved_and_doubled() {
    for text in pages() {
        let lines: Vec<&str> = text.lines().collect();
        for i in 0..lines.len() {
            let without: Vec<&str> =
                lines.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, l)| *l).collect();
            judge(&without.join("\n"));
            judge(&lines[..i].join("\n"));
            let mut flat = lines.clone();
            flat[i] = flat[i].trim_start();
            judge(&flat.join("\n"));
        }
        judge(&text.replace('\n', " "));
        judge(&text.lines().map(str::trim_start).collect::<Vec<_>>().join("\n"));
        judge(&format!("{text}{text}"));
        judge(&text.replace(": ", ":\n"));
        judge(&text.replace(['{', '}'], ""));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn scrambled(which in 0..10_000_usize, cuts in prop::collection::vec((0..2_000_usize, "[ -~\n]{0,3}"), 1..6)) {
        let pages = pages();
        let mut text = pages[which % pages.len()].clone();
        for (at, put) in cuts {
            let at = at % (text.len() + 1);
            let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let end = (at + 1..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(at);
            text.replace_range(at..end, &put);
        }
        judge(&text);
    }
}
