//! `xtask tidy`: what a reader should not have to see.
//!
//! Blanks nobody typed on purpose, leftovers, files without a first sentence, links that lead
//! nowhere, paths of somebody's machine. One function a rule; each says why it exists.

use std::process::ExitCode;

use crate::report::Report;
use crate::rust::{self, Kind, Token};
use crate::tree::{self, File, Tree};

/// A long list is fine. A long story usually hides a second one, so these are named, not refused.
const LINES_MAX: usize = 900;

/// Where a tab is grammar, or the separator of a table.
const TABBED: &[&str] = &["Makefile", ".mk", ".tsv"];

/// Words that promise work instead of doing it. Taken apart, so as not to find themselves here.
const LEFTOVERS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

/// Macros that are left behind by somebody who meant to come back.
const UNFINISHED: &[&str] = &["todo", "dbg", "unimplemented"];

/// Folders of a build machine: a path that begins so means nothing to anybody else.
const MACHINES: &[&str] = &[concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/")];

/// The task.
pub fn run(_: &[String]) -> anyhow::Result<ExitCode> {
    Ok(check(&Tree::read(&tree::root())?).finish("tidy"))
}

fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    for file in &tree.files {
        blanks(file, &mut report);
        leftovers(file, &mut report);
        machines(file, &mut report);
        length(file, &mut report);
        if file.path.ends_with(".rs") {
            unfinished(file, &mut report);
            first_sentence(file, &mut report);
        }
        if file.path.ends_with(".md") {
            links(file, tree, &mut report);
        }
    }
    unreleased(tree, &mut report);
    report
}

fn blanks(file: &File, report: &mut Report) {
    const WHY: &str = "blanks that nobody sees make differences that nobody meant";
    let tabbed = TABBED.iter().any(|end| file.path.ends_with(end));
    for (number, line) in numbered(&file.text) {
        let at = || format!("{}:{number}", file.path);
        if line.ends_with('\r') {
            report.fault(at(), "ends in a carriage return", WHY);
        } else if line.ends_with([' ', '\t']) {
            report.fault(at(), "ends in a blank", WHY);
        }
        if line.contains('\t') && !tabbed {
            report.fault(at(), "has a tab", WHY);
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        report.fault(&file.path, "does not end with a line break", WHY);
    }
}

fn leftovers(file: &File, report: &mut Report) {
    for (number, line) in numbered(&file.text) {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        for word in words.filter(|word| LEFTOVERS.contains(word)) {
            let why = "plans live in the issues; the tree holds what is";
            report.fault(format!("{}:{number}", file.path), format!("says {word}"), why);
        }
    }
}

fn machines(file: &File, report: &mut Report) {
    for (number, line) in numbered(&file.text) {
        for folder in MACHINES {
            let starts = line.match_indices(folder).any(|(at, _)| {
                let before = line.get(..at).and_then(|before| before.chars().next_back());
                // Inside a longer path it is a folder like any other.
                !before.is_some_and(|c| {
                    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | ')')
                })
            });
            if starts {
                let why = "a path of one machine leads nowhere on any other";
                report.fault(
                    format!("{}:{number}", file.path),
                    format!("has a path under {folder}"),
                    why,
                );
            }
        }
    }
}

fn length(file: &File, report: &mut Report) {
    let lines = file.text.lines().count();
    if file.path.ends_with(".rs") && lines > LINES_MAX {
        report.note(format!("{} has {lines} lines: is it a list, or two stories?", file.path));
    }
}

fn unfinished(file: &File, report: &mut Report) {
    let tokens = rust::tokens(&file.text);
    for named in rust::named(&tokens) {
        if let Some(name) =
            named.path.last().filter(|name| named.is_macro && UNFINISHED.contains(name))
        {
            let at = format!("{}:{}", file.path, named.line);
            report.fault(at, format!("calls {name}!"), "what is on main is finished");
        }
    }
    for window in tokens.windows(3) {
        if let [
            Token { kind: Kind::Mark('#'), .. },
            open,
            Token { kind: Kind::Word("ignore"), line },
        ] = window
            && open.kind == Kind::Mark('[')
        {
            let why = "a test that is not run holds nothing: assert today's answer instead";
            report.fault(format!("{}:{line}", file.path), "ignores a test", why);
        }
    }
}

/// Every source file of a crate says what it is before anything else: its `//!`.
fn first_sentence(file: &File, report: &mut Report) {
    let in_crate = file.path.contains("/src/") && !file.path.ends_with("/tests.rs");
    let ordinary = |line: &&str| line.starts_with("//") && !line.starts_with("//!");
    let mut lines = file.text.lines().skip_while(ordinary);
    if in_crate && !lines.next().is_some_and(|line| line.starts_with("//!")) {
        let why = "the first thing a reader meets is one sentence on what the file is for";
        report.fault(format!("{}:1", file.path), "does not begin with a doc comment (//!)", why);
    }
}

fn links(file: &File, tree: &Tree, report: &mut Report) {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    for (number, target) in targets(&file.text) {
        let path = target.split(['#', '?']).next().unwrap_or_default();
        if path.is_empty() || path.contains(':') {
            continue;
        }
        let resolved = match path.strip_prefix('/') {
            Some(from_root) => resolve("", from_root),
            None => resolve(folder, path),
        };
        if !resolved.is_some_and(|resolved| tree.holds(&resolved)) {
            let what = format!("links to {path}, which is not in the repository");
            report.fault(format!("{}:{number}", file.path), what, "a link is a promise");
        }
    }
}

/// The targets of `[text](target)` and `[name]: target`, outside code.
fn targets(markdown: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in numbered(markdown) {
        let start = line.trim_start();
        if start.starts_with("```") || start.starts_with("~~~") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        if start.starts_with('[')
            && let Some((_, target)) = start.split_once("]: ")
        {
            found.extend(target.split_whitespace().next().map(|target| (number, target)));
        }
        // Every other piece between backticks is code.
        for prose in line.split('`').step_by(2) {
            for (_, after) in prose
                .match_indices("](")
                .filter_map(|(at, mark)| prose.split_at_checked(at + mark.len()))
            {
                let target = after.split([')', ' ']).next().unwrap_or_default();
                found.push((number, target));
            }
        }
    }
    found
}

/// `path` seen from `folder`, without `.` and `..`; `None` where it leaves the repository.
fn resolve(folder: &str, path: &str) -> Option<String> {
    let mut steps: Vec<&str> = Vec::new();
    for step in folder.split('/').chain(path.split('/')) {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop()?;
            }
            step => steps.push(step),
        }
    }
    Some(steps.join("/"))
}

fn unreleased(tree: &Tree, report: &mut Report) {
    let Some(file) = tree.file("CHANGELOG.md") else { return };
    let is_heading = |line: &str| line.starts_with("## ") && line.contains("Unreleased");
    if !file.text.lines().any(is_heading) {
        let why = "what users will notice is written down with the change, not before a release";
        report.fault(&file.path, "has no section `## Unreleased`", why);
    }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    // Not `lines`, which would hide the carriage returns.
    text.split('\n').enumerate().map(|(at, line)| (at + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let tree = Tree::read(&tree::root()).expect("the repository is readable");
        assert!(tree.file("xtask/src/tidy.rs").is_some(), "this file is tracked");
        let report = check(&tree);
        assert!(report.faults.is_empty(), "\n{report}");
    }

    #[track_caller]
    fn check_file(path: &str, text: &str, want: &[&str]) {
        let around = [("docs/guide/a.md", "a\n"), ("README.md", "r\n")];
        let report = check(&Tree::of(&[&[(path, text)], &around[..]].concat()));
        let got: Vec<String> =
            report.faults.iter().map(|fault| format!("{} {}", fault.at, fault.what)).collect();
        assert_eq!(got, want, "{text:?}");
    }

    #[test]
    fn blanks_are_seen() {
        check_file("a.txt", "a\n\nb\n", &[]);
        check_file("a.txt", "", &[]);
        check_file("a.txt", "a \n", &["a.txt:1 ends in a blank"]);
        check_file("a.txt", "a\r\nb\n", &["a.txt:1 ends in a carriage return"]);
        check_file("a.txt", "a\nb\tc\n", &["a.txt:2 has a tab"]);
        check_file("a.txt", "a", &["a.txt does not end with a line break"]);
        check_file("conformance/deviations.tsv", "a\tb\n", &[]);
        check_file("Makefile", "a:\n\tb\n", &[]);
    }

    #[test]
    fn leftovers_are_seen() {
        for word in LEFTOVERS {
            check_file(
                "a.yaml",
                &format!("a: b # {word}: c\n"),
                &[&format!("a.yaml:1 says {word}")],
            );
            check_file("a.yaml", &format!("{word}S: {}\n", word.to_lowercase()), &[]);
        }
        for name in UNFINISHED {
            let source = format!("//! Does it.\nfn f() {{ {name}!() }}\n");
            check_file(
                "crates/a/src/b.rs",
                &source,
                &[&format!("crates/a/src/b.rs:2 calls {name}!")],
            );
        }
        check_file(
            "crates/a/src/b.rs",
            "//! Does it.\n// dbg!(x)\nfn f() { todo; \"todo!()\" }\n",
            &[],
        );
        let ignored = "//! Does it.\n#[ignore = \"slow\"]\n#[test]\nfn f() {}\n";
        check_file("crates/a/tests/b.rs", ignored, &["crates/a/tests/b.rs:2 ignores a test"]);
    }

    #[test]
    fn paths_of_a_machine_are_seen() {
        for folder in MACHINES {
            let want = format!("a.md:1 has a path under {folder}");
            check_file("a.md", &format!("see {folder}x\n"), &[&want]);
            check_file("a.md", &format!("{folder}x\n"), &[&want]);
            check_file("a.md", &format!("https://a.example{folder}x and ..{folder}x\n"), &[]);
        }
    }

    #[test]
    fn a_source_file_says_what_it_is() {
        let want = "crates/a/src/b.rs:1 does not begin with a doc comment (//!)";
        check_file("crates/a/src/b.rs", "//! What it is.\n", &[]);
        check_file("crates/a/src/b.rs", "// Generated by x.\n//! What it is.\n", &[]);
        check_file("crates/a/src/b.rs", "use a;\n", &[want]);
        check_file("crates/a/src/b.rs", "", &[want]);
        check_file("crates/a/src/b/tests.rs", "use a;\n", &[]);
        check_file("crates/a/tests/b.rs", "use a;\n", &[]);
    }

    #[test]
    fn links_lead_somewhere() {
        check_file(
            "docs/b.md",
            "[a](guide/a.md#x) [b](../README.md) [c](guide/) [d](/README.md)\n",
            &[],
        );
        check_file(
            "docs/b.md",
            "[a](https://a.example/x.md) [b](#here) [c](mailto:a@b.example)\n",
            &[],
        );
        check_file("docs/b.md", "`[a](none.md)`\n```\n[a](none.md)\n```\n", &[]);
        let want = "docs/b.md:1 links to none.md, which is not in the repository";
        check_file("docs/b.md", "[a](guide/a.md), ![b](none.md)\n", &[want]);
        check_file("docs/b.md", "[a]: none.md\n", &[want]);
        let want = "docs/b.md:1 links to ../../x.md, which is not in the repository";
        check_file("docs/b.md", "[a](../../x.md)\n", &[want]);
    }

    #[test]
    fn the_changelog_has_a_place_for_the_next_change() {
        check_file("CHANGELOG.md", "# Changelog\n\n## Unreleased\n", &[]);
        check_file("CHANGELOG.md", "## [Unreleased]\n", &[]);
        check_file(
            "CHANGELOG.md",
            "# Unreleased\n",
            &["CHANGELOG.md has no section `## Unreleased`"],
        );
    }

    #[test]
    fn a_long_file_is_named_and_not_refused() {
        let tree = Tree::of(&[("a.rs", &"//\n".repeat(LINES_MAX + 1))]);
        let report = check(&tree);
        assert!(report.faults.is_empty());
        assert_eq!(report.notes, ["a.rs has 901 lines: is it a list, or two stories?"]);
    }
}
