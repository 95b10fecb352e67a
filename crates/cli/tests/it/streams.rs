//! What goes where: data, notes, colours, and the end of a pipe.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::support::{Folder, SHOP};

fn folder() -> Folder {
    Folder::of(&[("k8s/shop.yaml", SHOP)])
}

const QUESTION: &str = "connect shop/cart shop/db:5432 -f k8s";

#[test]
fn the_first_note_names_the_source() {
    let run = folder().run(QUESTION);
    let first = run.err.lines().next();
    assert_eq!(
        first,
        Some("source: k8s (1 file, 2 workloads, 1 policy, 1 binding, offline)"),
        "{run:?}"
    );
    assert_eq!(folder().run(&format!("{QUESTION} -q")).err, "");
}

#[test]
fn colour_is_asked_for_or_not_there() {
    let escape = '\u{1b}';
    for (flags, environment, want) in [
        ("", &[][..], false),
        ("", &[("CLICOLOR_FORCE", "1")][..], true),
        ("", &[("CLICOLOR_FORCE", "0")][..], false),
        ("--color always", &[("NO_COLOR", "1")][..], true),
        ("--color never", &[("CLICOLOR_FORCE", "1")][..], false),
    ] {
        let run = folder().run_with(&format!("{QUESTION} {flags}"), "", environment);
        assert_eq!(run.out.contains(escape), want, "{flags} {environment:?}");
    }
}

#[test]
fn plain_output_has_letters_alone() {
    for words in [QUESTION, "demo", "rbac who get pods -f k8s"] {
        let run = folder().run(&format!("{words} --plain"));
        assert!(run.out.is_ascii() && run.err.is_ascii(), "{words}: {run:?}");
    }
}

#[test]
fn warnings_are_counted_and_shown_when_asked() {
    let policy = "\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: nowhere.idle }
spec: { tier: nowhere, selector: app == 'none' }
";
    let folder = Folder::of(&[("a.yaml", SHOP), ("b.yaml", policy)]);
    let short = folder.run("connect shop/cart shop/db:5432 -f .");
    let long = folder.run("connect shop/cart shop/db:5432 -f . -v");
    assert!(short.err.contains("1 warning; -v shows them"), "{short:?}");
    assert!(!long.err.contains("-v shows them") && long.err.contains("warning[NP401]"), "{long:?}");
    assert_eq!(short.out, long.out);
}

#[test]
fn a_reader_that_leaves_early_changes_neither_notes_nor_exit_code() {
    let folder = folder();
    for words in ["completion bash", QUESTION, "connect shop/db shop/cart:1 -f k8s -o json"] {
        let whole = folder.run(words);
        let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(words.split(' '))
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().expect("notes").read_to_string(&mut said).expect("text");
        assert_eq!(said, whole.err, "{words}");
        assert_eq!(child.wait().expect("its end").code(), Some(whole.code), "{words}");
    }
}

#[test]
fn housekeeping() {
    let folder = folder();
    let version = folder.json("version -o json");
    assert_eq!(version["kubernetes"], "1.35");
    assert_eq!(version["calico"], "3.34");
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let run = folder.run(&format!("completion {shell}"));
        assert!(run.code == 0 && run.out.contains("connect"), "{shell}");
    }
    assert_eq!(folder.run("").code, 2);
    assert_eq!(folder.run("frobnicate").code, 2);
    assert_eq!(folder.run("--help").code, 0);
}

#[test]
fn the_demo_as_json_has_these_fields_and_no_others() {
    let answer = folder().json("demo -o json");
    let fields: Vec<&String> = answer.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["steps"]);
    let figures: Vec<String> = answer["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| {
            let fields = step.as_object().expect("a step");
            let fields = fields.iter().map(|(name, value)| format!("{name} {value}"));
            fields.collect::<Vec<_>>().join(", ")
        })
        .collect();
    let want = "name \"default-deny-staged\", open 25, pairs 168, declared 19, \
                declaredWorking 19, declaredWouldBreak 9, undeclaredOpen 6";
    assert_eq!(figures.len(), 5);
    assert_eq!(figures[2], want);
}
