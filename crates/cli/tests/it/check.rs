//! `check`: findings, fixes, baselines, configuration, exit codes.

use expect_test::{Expect, expect};

use crate::support::{Folder, Run, SHOP};

/// One error with a safe fix, and one with an unsafe one.
const BAD: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: a, namespace: shop } # kept
spec:
  policyTypes: [ Ingress ]
  podSelektor: {}
  ingress:
  - from: { podSelector: {} }
";

#[track_caller]
fn check(folder: &Folder, words: &str, code: i32, want: Expect) -> Run {
    let run = folder.run(&format!("check {words}"));
    want.assert_eq(&format!("{}{}", run.out, run.err));
    assert_eq!(run.code, code, "{run:?}");
    run
}

#[test]
fn findings_are_shown_with_their_text() {
    let folder = Folder::of(&[("k8s/a.yaml", BAD)]);
    check(
        &folder,
        "k8s",
        1,
        expect![[r#"
            error[NP101]: unknown field `spec.podSelektor`
             --> k8s/a.yaml:6:3
              |
            6 |   podSelektor: {}
              |   ^^^^^^^^^^^
              |
              = help: did you mean `podSelector`?

            error[NP103]: `spec.ingress[0].from` must be a list, not a map
             --> k8s/a.yaml:8:5
              |
            8 |   - from: { podSelector: {} }
              |     ^^^^
              |
              = help: begin each item with `- `
            Found 2 errors in 1 file (1 fixable).
        "#]],
    );
}

#[test]
fn what_makes_it_fail() {
    let doubtful = BAD.replace("podSelektor", "podSelector").replace("{ podSelector: {} }", "[]");
    let doubtful = doubtful.replace("  policyTypes: [ Ingress ]\n", "");
    let folder =
        Folder::of(&[("bad.yaml", BAD), ("doubtful.yaml", &doubtful), ("good.yaml", SHOP)]);
    for (words, code) in [
        ("good.yaml", 0),
        ("doubtful.yaml", 0),
        ("doubtful.yaml --fail-on warning", 1),
        ("bad.yaml", 1),
        ("bad.yaml good.yaml -q", 1),
        ("none.yaml", 2),
        ("bad.yaml none.yaml", 2),
        ("", 2),
        ("good.yaml -o sarf", 2),
        ("good.yaml -o sarif=", 2),
        ("good.yaml -o json -o md", 2),
        ("good.yaml --diff -o md", 2),
        ("good.yaml --baseline none.json", 2),
        ("good.yaml --baseline good.yaml", 2),
        ("good.yaml --config none.yaml", 2),
    ] {
        let run = folder.run(&format!("check {words}"));
        assert_eq!(run.code, code, "{words}: {run:?}");
        assert!(!words.ends_with("-q") || run.err.is_empty(), "{run:?}");
    }
}

#[test]
fn sources_are_arguments_or_flags() {
    let folder =
        Folder::of(&[("a.yaml", BAD), ("b/b.yaml", SHOP), ("b/t.sectest.yaml", "kind: [")]);
    let run = folder.run_with("check a.yaml -f b -f - -o concise", BAD, &[]);
    assert!(run.err.contains(" in 3 files"), "{run:?}");
    assert!(run.out.contains("\n-:6:3: error[NP101]"), "{run:?}");
}

#[test]
fn several_formats_at_once() {
    let folder = Folder::of(&[("a.yaml", BAD)]);
    let run = folder.run("check a.yaml -o sarif=out.sarif -o junit=out.xml -o github");
    assert!(run.out.starts_with("::"), "{run:?}");
    let read = |name| std::fs::read_to_string(folder.path().join(name)).expect("a file");
    assert!(read("out.sarif").contains("\"2.1.0\"") && read("out.xml").starts_with("<?xml"));
    assert_eq!(folder.run("check a.yaml -o json=none/out.json").code, 2);
}

#[test]
fn nothing_is_written_unless_asked() {
    let folder = Folder::of(&[("a.yaml", BAD)]);
    let now = || std::fs::read_to_string(folder.path().join("a.yaml")).expect("a file");
    for words in ["check a.yaml", "check a.yaml --diff", "check a.yaml --unsafe-fixes"] {
        folder.run(words);
        assert_eq!(now(), BAD, "{words}");
    }
    check(
        &folder,
        "a.yaml --diff -o concise=/dev/null",
        1,
        expect![[r#"
            --- a/a.yaml
            +++ b/a.yaml
            @@ -5,4 +5,4 @@
               policyTypes: [ Ingress ]
               podSelektor: {}
               ingress:
            -  - from: { podSelector: {} }
            +  - from: [{ podSelector: {} }]
            Would fix 1 file; nothing is written.
            Found 2 errors in 1 file (1 fixable).
        "#]],
    );
    check(
        &folder,
        "a.yaml --fix -o concise",
        1,
        expect![[r#"
            a.yaml:6:3: error[NP101] unknown field `spec.podSelektor`
            Fixed 1 file.
            Found 1 error in 1 file.
        "#]],
    );
    let safe = BAD.replace("{ podSelector: {} }", "[{ podSelector: {} }]");
    assert_eq!(now(), safe);
    assert_eq!(folder.run("check a.yaml --fix").err.lines().next(), Some("Fixed 0 files."));
    assert_eq!(now(), safe);
    folder.run("check a.yaml --fix --unsafe-fixes");
    assert_eq!(now(), safe.replace("podSelektor", "podSelector"));
    assert_eq!(folder.run("check a.yaml").code, 0);
}

#[test]
fn what_is_no_file_is_not_written() {
    let folder = Folder::of(&[]);
    let run = folder.run_with("check - --fix -o concise", BAD, &[]);
    assert!(run.err.contains("Fixed 0 files.") && run.out.contains("[NP103]"), "{run:?}");
    let run = folder.run_with("check - --diff", BAD, &[]);
    assert!(run.out.contains("+  - from: [{ podSelector: {} }]"), "{run:?}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn a_baseline_leaves_what_is_new() {
    let folder = Folder::of(&[("a.yaml", BAD)]);
    let run = folder.run("check a.yaml --write-baseline base.json -o concise");
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{run:?}");
    assert_eq!(folder.run("check a.yaml --baseline base.json").code, 0);
    let more = format!("# moved\n{BAD}  egresss: []\n");
    folder.write("a.yaml", more.as_bytes());
    check(
        &folder,
        "a.yaml --baseline base.json -o concise",
        1,
        expect![[r#"
            a.yaml:10:3: error[NP101] unknown field `spec.egresss`
            Found 1 error in 1 file (2 in the baseline).
        "#]],
    );
}

#[test]
fn a_comment_allows_until_its_day() {
    let allowed = BAD.replace(
        "  podSelektor: {}",
        "  podSelektor: {} # portcullis: allow NP101 reason=\"a test\" until=2026-06-01",
    );
    let folder = Folder::of(&[("a.yaml", &allowed)]);
    for (day, want) in [("1780272000", false), ("1780444800", true)] {
        let run = folder.run_with("check a.yaml -o concise", "", &[("SOURCE_DATE_EPOCH", day)]);
        assert_eq!(run.out.contains("NP101"), want, "{run:?}");
        assert_eq!(run.err.contains("1 allowed"), !want, "{run:?}");
    }
}

#[test]
fn a_configuration_is_found_beside_the_sources() {
    let off = "severity: { NP101: \"off\", NP103: info }\nseverty: {}\n";
    for (config, words, found) in [
        ("k8s/portcullis.yaml", "k8s", true),
        ("portcullis.yaml", "k8s", true),
        ("k8s/portcullis.yaml", "k8s/a.yaml", true),
        ("portcullis.yaml", "k8s/a.yaml", false),
        ("other/c.yaml", "k8s --config other/c.yaml", true),
        ("other/portcullis.yaml", "k8s", false),
    ] {
        let folder = Folder::of(&[("k8s/a.yaml", BAD), (config, off)]);
        let run = folder.run(&format!("check {words} -o concise"));
        assert_eq!(run.out.contains(": info[NP103]"), found, "{config} {words}: {run:?}");
        let said = format!("{config}:2:1: error[YA023] `severty` is not known here");
        assert_eq!(run.out.contains(&said), found, "{config} {words}: {run:?}");
    }
    let folder = Folder::of(&[
        ("a/a.yaml", BAD),
        ("a/portcullis.yaml", off),
        ("b/b.yaml", BAD),
        ("b/portcullis.yaml", off),
    ]);
    let run = folder.run("check a b");
    assert!(run.err.contains("say which with --config FILE"), "{run:?}");
    assert_eq!(folder.run("check a b --config a/portcullis.yaml").code, 1);
}

#[test]
fn what_a_configuration_ignores_is_seen_from_its_folder() {
    let ignore = "ignore: [ vendor/old, '*.generated.yaml' ]\n";
    let folder = Folder::of(&[
        ("k8s/portcullis.yaml", ignore),
        ("k8s/a.yaml", BAD),
        ("k8s/b.generated.yaml", BAD),
        ("k8s/vendor/old/c.yaml", BAD),
        ("k8s/vendor/new/d.yaml", BAD),
    ]);
    let absolute = folder.path().join("k8s").display().to_string();
    for (words, file) in [
        ("k8s", "k8s/a.yaml"),
        ("./k8s", "./k8s/a.yaml"),
        (&absolute, &format!("{absolute}/a.yaml")),
        ("k8s --config k8s/portcullis.yaml", "k8s/vendor/old/c.yaml"),
    ] {
        let run = folder.run(&format!("check {words} -o concise"));
        assert!(run.out.contains(&format!("{file}:")), "{words}: {run:?}");
        assert!(!run.out.contains("generated"), "{words}: {run:?}");
        assert!(run.out.contains("vendor/new"), "{words}: {run:?}");
        assert_eq!(run.out.contains("vendor/old"), words.contains("--config"), "{words}: {run:?}");
    }
}
