//! The pages of the codes are true: the first example of each is found as the page says, underlined
//! text included, and the fixed one is not.
//!
//! `UPDATE_PAGES=1` writes what is found into the pages.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis_core::Diagnostic;
use portcullis_lint::{Config, Date, catalogue, check, page};
use portcullis_object::{Input, Limits, Sources, load};
use portcullis_snapshot::Settings;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks")
}

/// One fenced block: what stands behind the fence, and its text.
struct Block<'a> {
    info: &'a str,
    text: &'a str,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (info, body) = after.split_once('\n').expect("a fence ends its line");
        let end =
            if body.starts_with("```") { 0 } else { body.find("\n```").expect("a fence") + 1 };
        blocks.push(Block { info, text: &body[..end] });
        rest = &body[end + 3..];
    }
    blocks
}

/// What is found in an example: `LINE severity underlined: sentence`, one finding a line.
fn found(code: &str, block: &Block<'_>) -> String {
    let words: Vec<&str> = block.info.split(' ').collect();
    let text = if words.contains(&"escapes") {
        block.text.replace("\\x07", "\x07")
    } else {
        block.text.to_owned()
    };
    let limits = if words.contains(&"small") {
        Limits { depth: 8, documents: 2, ..Limits::default() }
    } else {
        Limits::default()
    };
    let loaded =
        load(vec![Input { name: "example.yaml".into(), bytes: text.into_bytes() }], &limits);
    let line = |d: &Diagnostic| shown(d, &loaded.sources);
    if words.contains(&"config") {
        let (_, said) = Config::read(&loaded);
        return said.iter().filter(|d| d.code.0 == code).map(line).collect();
    }
    let today: Date = "2026-01-01".parse().expect("a date");
    let report = check(&loaded, &Settings::default(), &Config::default(), today);
    let findings = report.findings.iter().filter(|f| f.is_new()).map(|f| &f.diagnostic);
    findings.filter(|d| d.code.0 == code).map(line).collect()
}

fn shown(d: &Diagnostic, sources: &Sources) -> String {
    let place = d.place().expect("a place");
    let at = sources.locate(place).expect("a place that is there");
    let underlined = &sources.file_text(place.document())[at.range];
    let underlined = underlined.lines().next().unwrap_or("").replace('\x07', "\\x07");
    format!("{} {} `{underlined}`: {}\n", at.line, d.severity, d.message)
}

#[test]
fn every_page_is_true() {
    let update = std::env::var_os("UPDATE_PAGES").is_some();
    let mut faults = Vec::new();
    for code in catalogue().map(|entry| entry.code.0) {
        let path = folder().join(format!("{code}.md"));
        let text = fs::read_to_string(&path).expect("every code has a page");
        let blocks = blocks(&text);
        let [wrong, said, right] = blocks.as_slice() else {
            faults.push(format!(
                "{code}: a page has an example, what is found, and the fixed example"
            ));
            continue;
        };
        let got = found(code, wrong);
        if got.is_empty() {
            faults.push(format!("{code}: nothing is found in its example"));
        }
        if got != said.text {
            if update {
                let old = format!("```text\n{}```", said.text);
                let new = text.replacen(&old, &format!("```text\n{got}```"), 1);
                fs::write(&path, new).expect("the page can be written");
            } else {
                faults.push(format!("{code}: found\n{got}the page says\n{}", said.text));
            }
        }
        let still = found(code, right);
        if !still.is_empty() {
            faults.push(format!("{code}: still found in the fixed example: {still}"));
        }
    }
    assert_eq!(faults, [""; 0]);
}

#[test]
fn every_page_has_its_parts() {
    for entry in catalogue() {
        let page = page(entry.code.0).expect("every code has a page");
        let head = format!("# {}: {}\n\n", entry.code, entry.title);
        assert!(page.starts_with(&head), "{} does not begin with {head:?}", entry.code);
        let mut at = 0;
        for part in ["## Why it matters", "## Example", "## Fix", "## Allow"] {
            let found = page.find(part).unwrap_or_else(|| panic!("{}: no {part}", entry.code));
            assert!(found > at, "{}: {part} is out of order", entry.code);
            at = found;
        }
    }
}

#[test]
fn there_is_no_page_without_a_code() {
    for entry in fs::read_dir(folder()).expect("the pages can be listed") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let code = name.trim_end_matches(".md");
        let known = name == "README.md" || catalogue().any(|entry| entry.code.0 == code);
        assert!(known, "{name} is the page of no code");
    }
    assert_eq!(page("XX000"), None);
}
