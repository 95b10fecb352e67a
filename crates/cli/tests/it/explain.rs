//! `explain`: codes and fields.

use crate::support::Folder;

#[test]
fn a_code_has_its_page() {
    let folder = Folder::of(&[]);
    for words in ["explain NP101", "explain np101"] {
        let run = folder.run(words);
        assert!(run.code == 0 && run.out.starts_with("# NP101: "), "{run:?}");
        assert!(run.err.is_empty(), "{run:?}");
    }
    let answer = folder.json("explain NP101 -o json");
    assert_eq!(answer["code"], "NP101");
    assert!(answer["page"].as_str().is_some_and(|page| page.contains("\n## ")), "{answer}");
    assert!(folder.run("explain NP101 --color always").out.contains("\u{1b}["));
}

#[test]
fn every_code_is_listed() {
    let folder = Folder::of(&[]);
    let run = folder.run("explain");
    let rows: Vec<&str> = run.out.lines().skip(1).map(|line| &line[..5]).collect();
    assert!(rows.len() >= 60 && rows.is_sorted(), "{run:?}");
    let lines = folder.run("explain -o jsonl").out;
    assert_eq!(lines.lines().count(), rows.len());
}

#[test]
fn a_field_is_told_for_each_api_that_has_it() {
    let folder = Folder::of(&[]);
    let run = folder.run("explain networkpolicy.spec.ingress");
    assert_eq!(run.code, 0, "{run:?}");
    for said in ["(networking.k8s.io/v1)", "(projectcalico.org/v3)", "\nfrom "] {
        assert!(run.out.contains(said), "{run:?}");
    }
    let answer = folder.json("explain networkpolicy.spec.ingress -o json");
    assert_eq!(answer["items"][0]["field"], "spec.ingress");
}

#[test]
fn what_is_unknown_has_a_near_one() {
    let folder = Folder::of(&[]);
    for (what, want) in [
        ("NP1010", "help: did you mean `NP101`?"),
        ("networkpolicy.spec.ingres", "help: did you mean `networkpolicy.spec.ingress`?"),
        ("networkpolicy.spec.ingres.from", "help: did you mean `networkpolicy.spec.ingress`?"),
        ("networkpolicy.spec.xyzzy", "help: `portcullis explain networkpolicy.spec` lists"),
        ("something", "help: a field is written as in `networkpolicy.spec.ingress`"),
    ] {
        let run = folder.run(&format!("explain {what}"));
        assert!(run.code == 2 && run.err.contains(want), "{what}: {run:?}");
    }
}
