//! The guide tells the truth: its console blocks are run, and their output compared.
//!
//! A line `$ portcullis …` is run in the root of the repository (a `\` at its end continues it); the
//! lines below it are what people see, notes first, then the exit code. `[..]` stands for anything within a line, a line `...` for any lines.

use std::path::{Path, PathBuf};

use crate::support::run;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn what_the_guide_shows_is_what_people_see() {
    let mut commands = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page");
        for block in blocks(&text) {
            commands += 1;
            check(&page, &block);
        }
    }
    assert!(commands > 5, "only {commands} commands in the guide");
}

/// The front page shows a part of what is printed: its lines, in their order.
#[test]
fn what_the_front_page_shows_is_printed() {
    let text = std::fs::read_to_string(root().join("README.md")).expect("the front page");
    let text = text.replace("$B/", "examples/boutique/").replace(" \\\n", " ");
    let shown = text.split("\n```").filter(|block| block.contains("◀ decides"));
    let why = shown.map(|block| block.split_once("$ portcullis ").expect("a command").1);
    let demo = text.split("\n```").filter(|block| block.contains("pairs open"));
    let shown: Vec<String> =
        why.map(str::to_owned).chain(demo.map(|block| format!("demo{block}"))).collect();
    assert_eq!(shown.len(), 2, "an answer and the demo");
    for block in shown {
        let (command, lines) = block.split_once('\n').expect("lines");
        let words: Vec<&str> = command.split_whitespace().collect();
        let printed = run(&words, &root(), "", &[]).out;
        let mut printed = printed.lines().map(str::trim_end);
        for line in lines.lines().map(str::trim_end) {
            assert!(printed.any(|other| other == line), "`{command}` does not print `{line}`");
        }
    }
}

fn pages() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("docs/guide")).expect("the guide");
    let pages = folder.map(|entry| entry.expect("a page").path());
    let mut pages: Vec<PathBuf> =
        pages.filter(|page| page.extension().is_some_and(|e| e == "md")).collect();
    pages.sort();
    pages
}

/// A command and what it shows.
struct Block {
    words: Vec<String>,
    shown: Vec<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    let text = text.replace(" \\\n", " ");
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(words)) = (inside, line.strip_prefix("$ portcullis ")) {
            let words = words.split_whitespace().map(str::to_owned).collect();
            blocks.push(Block { words, shown: Vec::new() });
        } else if let (true, Some(block)) = (inside, blocks.last_mut()) {
            block.shown.push(line.to_owned());
        }
    }
    blocks
}

fn check(page: &Path, block: &Block) {
    let ran = run(&block.words, &root(), "", &[]);
    let seen = format!("{}{}", ran.err, ran.out);
    let seen: Vec<&str> = seen.lines().map(str::trim_end).collect();
    let mut shown: Vec<&str> = block.shown.iter().map(|line| line.trim_end()).collect();
    // The last line of a block may say how the run ended.
    if let Some(code) = shown.last().and_then(|line| line.strip_prefix("exit ")) {
        assert_eq!(code, ran.code.to_string(), "{}: {:?}", page.display(), block.words);
        shown.pop();
    }
    assert!(
        matches(&shown, &seen),
        "{}: `portcullis {}` shows\n{}\n--- and not\n{}",
        page.display(),
        block.words.join(" "),
        seen.join("\n"),
        shown.join("\n"),
    );
}

fn matches(shown: &[&str], seen: &[&str]) -> bool {
    match (shown.split_first(), seen.split_first()) {
        (None, None) => true,
        (Some((&"...", shown)), _) => (0..=seen.len()).any(|n| matches(shown, &seen[n..])),
        (Some((line, shown)), Some((other, seen))) => {
            line_matches(line, other) && matches(shown, seen)
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn line_matches(shown: &str, seen: &str) -> bool {
    match shown.split_once("[..]") {
        None => shown == seen,
        Some((before, after)) => seen.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| line_matches(after, &rest[at..]))
        }),
    }
}

#[test]
fn the_comparison_can_fail() {
    for (shown, seen, want) in [
        ("a\nb", "a\nb", true),
        ("a\nb", "a", false),
        ("a", "a\nb", false),
        ("a[..]c", "abbc", true),
        ("a[..]c", "abb", false),
        ("...\nc", "a\nb\nc", true),
        ("a\n...", "a", true),
        ("...\nd", "a\nb\nc", false),
    ] {
        let lines = |text: &'static str| text.lines().collect::<Vec<_>>();
        assert_eq!(matches(&lines(shown), &lines(seen)), want, "{shown:?} {seen:?}");
    }
}
