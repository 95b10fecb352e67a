//! What `deploy/ci` runs, run: the lines are taken from the files and given to a shell.

#![cfg(unix)]

use std::path::Path;
use std::process::Command;

use portcullis_core::DocumentId;
use portcullis_object::{Input, Limits, Sources, load};
use serde_json::Value;

use crate::support::{Folder, SHOP};

const BAD: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a }\n\
                   spec: { podSelektor: {}, policyTypes: [ Ingress ] }\n";
const TEST: &str = "apiVersion: portcullis.dev/v1alpha1\nkind: SecurityTest\nmetadata: { name: t }\n\
                    cluster: { sources: [ ../k8s ] }\nassert: [ shop/cart -> shop/db:5432 allow ]\n";

/// A file of the repository, as the value it is.
fn value(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let input = Input { name: String::new(), bytes: std::fs::read(path).expect("a file") };
    let sources: Sources = load(vec![input], &Limits::default()).sources;
    sources.content(DocumentId(0)).expect("YAML").root().to_json()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// A shell in the folder, with the built program first on its path.
fn shell(folder: &Folder, words: &[&str]) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_portcullis")).parent().expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("bash");
    command.args(words).current_dir(folder.path());
    command.env("PATH", format!("{}:{path}", program.display()));
    command
}

fn folder(bad: bool) -> Folder {
    let folder = Folder::of(&[("k8s/shop.yaml", SHOP), ("tests/shop.sectest.yaml", TEST)]);
    if bad {
        folder.write("k8s/bad.yaml", BAD.as_bytes());
    }
    folder
}

/// Runs the steps of the action as a runner does; whether each succeeded, and what was logged.
fn action(folder: &Folder, inputs: &[(&str, &str)]) -> (Vec<bool>, String) {
    let action = value("deploy/ci/github/action.yml");
    let input = |name: &str| {
        let given = inputs.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
        given.unwrap_or_else(|| text(&action["inputs"][name]["default"])).to_owned()
    };
    let inside = |value: &str| {
        let name = value.strip_prefix("${{ inputs.").and_then(|v| v.strip_suffix(" }}"));
        name.map_or_else(|| value.to_owned(), input)
    };
    let (mut succeeded, mut log) = (Vec::new(), String::new());
    for step in list(&action["runs"]["steps"]) {
        match step["if"].as_str() {
            Some("${{ !cancelled() && inputs.tests != '' }}") if input("tests").is_empty() => {
                continue;
            }
            Some("${{ !cancelled() && inputs.tests != '' }}") | None => {}
            Some(other) => panic!("the test does not know {other}"),
        }
        assert_eq!(step["shell"], "bash");
        let mut command =
            shell(folder, &["--noprofile", "--norc", "-eo", "pipefail", "-c", text(&step["run"])]);
        command
            .env("RUNNER_TEMP", folder.path())
            .env("GITHUB_OUTPUT", folder.path().join("outputs"));
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            command.env(name, inside(text(value)));
        }
        let output = command.output().expect("bash");
        succeeded.push(output.status.success());
        log.push_str(&String::from_utf8(output.stdout).expect("text"));
    }
    (succeeded, log)
}

#[test]
fn the_action_of_github() {
    let good = folder(false);
    assert_eq!(action(&good, &[]).0, [true, true]);
    let given = [("paths", "k8s\n"), ("tests", "tests\n\n"), ("fail-on", "warning")];
    let (succeeded, log) = action(&good, &given);
    assert_eq!(succeeded, [true, true, true], "{log}");
    assert!(log.contains("ok    tests/shop.sectest.yaml"), "{log}");

    let bad = folder(true);
    let (succeeded, log) = action(&bad, &[("paths", "k8s/shop.yaml\nk8s/bad.yaml")]);
    assert_eq!(succeeded, [true, false], "{log}");
    assert!(log.contains("::error file=k8s/bad.yaml,line=4,"), "{log}");
    let read = |name: &str| std::fs::read_to_string(bad.path().join(name)).expect("a file");
    let sarif = read("outputs");
    let sarif = sarif.trim().strip_prefix("sarif=").expect("an output");
    assert!(std::fs::read_to_string(sarif).expect("a file").contains("\"2.1.0\""));

    bad.run("check . --write-baseline base.json");
    assert_eq!(action(&bad, &[("paths", "k8s"), ("baseline", "base.json")]).0, [true, true]);
}

/// What somebody may write into an input is a path that is not there, and nothing else.
#[test]
fn inputs_of_the_action_are_no_scripts() {
    let folder = folder(false);
    let (succeeded, _) = action(&folder, &[("paths", "$(touch owned) `touch owned`; touch owned")]);
    assert_eq!(succeeded, [true, false]);
    assert!(!folder.path().join("owned").exists());
}

#[test]
fn the_template_of_gitlab() {
    let template = value("deploy/ci/gitlab/portcullis.yml");
    for (job, bad, want) in [
        ("portcullis-check", false, true),
        ("portcullis-check", true, false),
        ("portcullis-test", false, true),
    ] {
        let folder = folder(bad);
        let said = &template[job];
        // GitLab joins the lines of a script and stops at the first that fails.
        let script: Vec<&str> = list(&said["script"]).iter().map(text).collect();
        let mut command = shell(&folder, &["-eo", "pipefail", "-c", &script.join("\n")]);
        for (name, value) in template["variables"].as_object().expect("variables") {
            command.env(name, text(value));
        }
        command.env("PORTCULLIS_TESTS", "tests");
        let output = command.output().expect("bash");
        assert_eq!(output.status.success(), want, "{job}: {output:?}");
        for report in said["artifacts"]["reports"].as_object().expect("reports").values() {
            let report = folder.path().join(text(report));
            let text = std::fs::read_to_string(report).expect("a report");
            assert_eq!(text.contains("podSelektor"), bad, "{job}: {text}");
        }
    }
}

#[test]
fn the_hooks_of_pre_commit() {
    let hooks = value(".pre-commit-hooks.yaml");
    let mut ids = Vec::new();
    for hook in list(&hooks) {
        ids.push(text(&hook["id"]));
        assert_eq!((&hook["language"], &hook["pass_filenames"]), (&"system".into(), &false.into()));
        let mut words = vec![text(&hook["entry"])];
        words.extend(list(&hook["args"]).iter().map(text));
        for (bad, want) in [(false, true), (true, ids.last() == Some(&"portcullis-test"))] {
            let folder = folder(bad);
            let output = shell(&folder, &["-c", &words.join(" ")]).output().expect("bash");
            assert_eq!(output.status.success(), want, "{words:?}: {output:?}");
        }
    }
    assert_eq!(ids, ["portcullis-check", "portcullis-test"]);
}
