//! `xtask codes`: every code is defined once, has one page, and is held by an example and by tests.
//!
//! The pages' examples are run by the tests of `crates/lint`; what is looked at here is that none is
//! missing.

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::report::Report;
use crate::tree::{self, File, Tree};

/// Where the pages are.
const PAGES: &str = "docs/checks/";
/// Where the pages are bound into the program.
const BOUND: &str = "crates/lint/src/pages.rs";
/// Where the checks are, one file each.
const CHECKS: &str = "crates/lint/src/checks/";

/// The task.
pub fn run(_: &[String]) -> anyhow::Result<ExitCode> {
    Ok(check(&Tree::read(&tree::root())?).finish("codes"))
}

fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    let defined = defined(tree, &mut report);
    pages(tree, &defined, &mut report);
    bound(tree, &defined, &mut report);
    for file in tree.files.iter().filter(|f| f.path.starts_with(CHECKS)) {
        tested(file, &mut report);
    }
    report
}

/// Every code, and where it is defined.
fn defined(tree: &Tree, report: &mut Report) -> BTreeMap<String, String> {
    let mut codes: BTreeMap<String, String> = BTreeMap::new();
    let sources =
        tree.files.iter().filter(|f| f.path.starts_with("crates/") && f.path.contains("/src/"));
    for file in sources.filter(|f| f.path.ends_with(".rs")) {
        // What tests write is about codes that are defined elsewhere.
        let text = file.text.split("#[cfg(test)]").next().unwrap_or("");
        for (number, line) in text.lines().enumerate() {
            let Some(code) = definition(&file.path, line) else { continue };
            let at = format!("{}:{}", file.path, number + 1);
            if let Some(first) = codes.get(code) {
                let what = format!("{code} is defined at {first} already");
                report.fault(at, what, "a code is one thing, for ever");
            } else {
                codes.insert(code.to_owned(), at);
            }
        }
    }
    codes
}

/// The code that a line defines: `Code("NP104")`, or `NAME = "NP104";` in a table of codes.
fn definition<'a>(path: &str, line: &'a str) -> Option<&'a str> {
    let behind = |mark: &str| line.split_once(mark).map(|(_, rest)| rest);
    let rest = behind("Code(\"")
        .or_else(|| path.ends_with("/codes.rs").then(|| behind("= \"")).flatten())?;
    rest.split('"').next().filter(|code| is_code(code))
}

/// Two letters of a family and three digits.
fn is_code(text: &str) -> bool {
    let digits = text.get(2..).unwrap_or("");
    ["YA", "NP", "RB"].iter().any(|family| text.starts_with(family))
        && digits.len() == 3
        && digits.bytes().all(|b| b.is_ascii_digit())
}

fn pages(tree: &Tree, defined: &BTreeMap<String, String>, report: &mut Report) {
    for (code, at) in defined {
        let Some(page) = tree.file(&format!("{PAGES}{code}.md")) else {
            let why = "whoever meets a code asks what it means";
            report.fault(at, format!("{code} has no page in {PAGES}"), why);
            continue;
        };
        let fences: Vec<&str> = page.text.lines().filter_map(|l| l.strip_prefix("```")).collect();
        let shape: Vec<&str> = fences
            .iter()
            .filter(|info| !info.is_empty())
            .map(|info| info.split(' ').next().unwrap_or(""))
            .collect();
        if shape != ["yaml", "text", "yaml"] {
            let what = "has not an example, what is found in it, and the fixed example";
            report.fault(&page.path, what, "the examples are what holds a code: they are run");
        }
        if page.text.contains("```text\n```") {
            report.fault(&page.path, "finds nothing in its example", "an example must show it");
        }
    }
    for file in &tree.files {
        let name = file.path.strip_prefix(PAGES).and_then(|name| name.strip_suffix(".md"));
        if let Some(code) = name.filter(|name| *name != "README" && !defined.contains_key(*name)) {
            let why = "a page that nobody is led to goes stale";
            report.fault(&file.path, format!("is the page of {code}, which nobody raises"), why);
        }
    }
}

fn bound(tree: &Tree, defined: &BTreeMap<String, String>, report: &mut Report) {
    let Some(file) = tree.file(BOUND) else { return };
    let listed: Vec<&str> = file
        .text
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix('"'))
        .filter(|code| is_code(code))
        .collect();
    for code in defined.keys().filter(|code| !listed.contains(&code.as_str())) {
        report.fault(BOUND, format!("does not bind the page of {code}"), "`explain` shows it");
    }
    if !listed.is_sorted() {
        report.fault(BOUND, "is out of order", "pages are found by binary search");
    }
}

/// A check has a test of what it finds, and one of what it must not find.
fn tested(file: &File, report: &mut Report) {
    const WHY: &str = "what a check must not find is half of what it is";
    if file.path.ends_with("/mod.rs") {
        return;
    }
    let tests = file.text.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests);
    if !tests.contains("check(") {
        report.fault(&file.path, "has no test of what it finds", WHY);
    }
    if !tests.contains("silent(") {
        report.fault(&file.path, "has no test of what it must not find", WHY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_repository_is_held() {
        let tree = Tree::read(&tree::root()).expect("the repository is readable");
        let report = check(&tree);
        assert!(report.faults.is_empty(), "\n{report}");
        let codes = defined(&tree, &mut Report::default()).len();
        assert!(codes >= 60, "only {codes} codes");
    }

    fn faults(files: &[(&str, &str)]) -> Vec<String> {
        let report = check(&Tree::of(files));
        report.faults.into_iter().map(|fault| format!("{}: {}", fault.at, fault.what)).collect()
    }

    const PAGE: &str =
        "# NP101: a\n```yaml\na: 1\n```\n```text\n1 x\n```\n```yaml small\na: 2\n```\n";
    const TABLE: &str = "codes! {\n    A = \"NP101\";\n}\n";
    const LIST: &str = "pages! {\n    \"NP101\"\n};\n";

    #[test]
    fn a_code_with_its_page_is_held() {
        let files = [
            ("crates/object/src/codes.rs", TABLE),
            ("docs/checks/NP101.md", PAGE),
            ("crates/lint/src/pages.rs", LIST),
        ];
        assert_eq!(faults(&files), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_seen() {
        for (files, want) in [
            (
                vec![("crates/object/src/codes.rs", TABLE)],
                "crates/object/src/codes.rs:2: NP101 has no page in docs/checks/",
            ),
            (
                vec![("docs/checks/NP101.md", PAGE)],
                "docs/checks/NP101.md: is the page of NP101, which nobody raises",
            ),
            (
                vec![
                    ("crates/lint/src/a.rs", "const A: Code = Code(\"NP101\");\n"),
                    ("crates/object/src/codes.rs", TABLE),
                    ("docs/checks/NP101.md", PAGE),
                ],
                "crates/object/src/codes.rs:2: NP101 is defined at crates/lint/src/a.rs:1 already",
            ),
            (
                vec![
                    ("crates/object/src/codes.rs", TABLE),
                    ("docs/checks/NP101.md", "# NP101: a\n"),
                ],
                "docs/checks/NP101.md: has not an example, what is found in it, and the fixed example",
            ),
            (
                vec![
                    ("crates/object/src/codes.rs", TABLE),
                    ("docs/checks/NP101.md", PAGE),
                    ("crates/lint/src/pages.rs", "pages! {\n};\n"),
                ],
                "crates/lint/src/pages.rs: does not bind the page of NP101",
            ),
            (
                vec![("crates/lint/src/checks/a.rs", "#[cfg(test)]\nmod tests { check(1); }\n")],
                "crates/lint/src/checks/a.rs: has no test of what it must not find",
            ),
        ] {
            assert_eq!(faults(&files), [want]);
        }
    }
}
