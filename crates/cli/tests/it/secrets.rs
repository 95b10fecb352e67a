//! Secrets are planted everywhere and must be seen nowhere.

use crate::support::{Folder, SHOP};

const PLANTED: [&str; 6] = [
    "czNjcjN0LWluLWRhdGE=",
    "s3cr3t-in-string-data",
    "s3cr3t-in-env",
    "s3cr3t-in-broken-text",
    "s3cr3t-beside-an-error",
    "s3cr3t-applied",
];

/// Each secret stands beside something that is reported, on the very line where that can be.
const FILES: [(&str, &str); 4] = [
    (
        "secret.yaml",
        "\
apiVersion: v1
kind: Secret
metadata:
  name: keys
  namespace: shop
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{\"stringData\":{\"a\":\"s3cr3t-applied\"}}'
type: Opaque
data: { a: czNjcjN0LWluLWRhdGE=, b: [ s3cr3t-beside-an-error ] }
stringData: { a: s3cr3t-in-string-data, a: s3cr3t-in-string-data }
",
    ),
    (
        "env.yaml",
        "\
apiVersion: v1
kind: Pod
metadata: { name: env, namespace: shop }
spec:
  containers:
  - name: main
    image: none.example/a
    env:
    - { name: DB_PASSWORD, value: s3cr3t-in-env, valu: s }
    - { name: DB_PASSWORD, value: { x: s3cr3t-in-env } }
",
    ),
    ("broken.yaml", "apiVersion: v1\nkind: Secret\ndata: { a: s3cr3t-in-broken-text, b: [ }\n"),
    (
        "list.json",
        r#"{"apiVersion":"v1","kind":"SecretList","items":[{"metadata":{"name":"x","nam":1},"data":{"a":"s3cr3t-beside-an-error","b":7}}]}"#,
    ),
];

#[test]
fn no_output_shows_a_secret() {
    let mut files = FILES.to_vec();
    files.push(("good.yaml", SHOP));
    let folder = Folder::of(&files);
    let mut findings = 0;
    for words in [
        "connect shop/cart shop/db:5432",
        "connect shop/cart shop/env:80",
        "rbac can get secrets keys -n shop --as jane",
        "rbac who get secrets -n shop",
        "rbac what --as jane",
        "rbac can --list --as jane",
    ] {
        for format in ["table", "wide", "json", "yaml", "jsonl"] {
            for extra in ["-v", "-v --plain", "-v --color always"] {
                let run = folder.run(&format!("{words} -f . -o {format} {extra}"));
                for secret in PLANTED {
                    let shown = run.out.contains(secret) || run.err.contains(secret);
                    assert!(!shown, "{words} -o {format} {extra}: {secret}\n{run:?}");
                }
                findings += run.err.matches("[NP").count() + run.err.matches("[YA").count();
            }
        }
    }
    // The test would show nothing if nothing beside the secrets had been reported.
    assert!(findings > 100, "{findings}");
}

const TEST: &str = "\
apiVersion: portcullis.dev/v1alpha1
kind: SecurityTest
metadata: { name: t }
cluster: { sources: [ .. ] }
assert:
- shop/env -> shop/env:80 deny
- who: { can: get, what: secrets, scope: shop }
  exactly: [ user/nobody ]
";

#[test]
fn no_report_shows_a_secret() {
    let folder = Folder::of(&FILES);
    let mut shown = String::new();
    let formats = ["full", "concise", "json", "jsonl", "sarif", "junit", "github", "gitlab", "md"];
    folder.write("t/a.sectest.yaml", TEST.as_bytes());
    let of_formats = formats.map(|format| format!("check . -o {format}"));
    let of_tests = ["human", "tap", "junit", "sarif", "json"];
    let of_tests = of_tests.map(|format| format!("test t -v -o {format}"));
    let others = ["check . --plain", "check . --diff", "check . --diff --unsafe-fixes"];
    for words in of_formats.iter().chain(&of_tests).map(String::as_str).chain(others) {
        let run = folder.run(words);
        shown.push_str(&format!("{}{}", run.out, run.err));
    }
    shown.push_str(&folder.run("test --init .").out);
    folder.run("check . --write-baseline base.json");
    shown.push_str(&std::fs::read_to_string(folder.path().join("base.json")).expect("a file"));
    for secret in PLANTED {
        assert!(!shown.contains(secret), "{secret}\n{shown}");
    }
    // The test would show nothing if nothing beside the secrets had been reported.
    assert!(shown.matches("valu").count() > 10, "{shown}");
}

#[test]
fn a_snippet_shows_the_line_without_the_secret() {
    let folder = Folder::of(&[FILES[1], ("good.yaml", SHOP)]);
    let run = folder.run("connect shop/cart shop/db:5432 -f . -v");
    assert!(run.err.contains("name: DB_PASSWORD, value: *************, valu: * }"), "{run:?}");
}
