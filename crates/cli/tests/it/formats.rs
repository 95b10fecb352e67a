//! Every format tells the same findings, at the same places.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value;

use crate::schema::faults;
use crate::support::{Folder, call};

/// Code, file, line and column, as a line of text.
type Findings = BTreeSet<String>;

const FORMATS: [&str; 9] =
    ["full", "concise", "json", "jsonl", "sarif", "junit", "github", "gitlab", "md"];

/// Documents that something is found in, at places that are hard to write down.
const DOCUMENTS: [&str; 7] = [
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a }\nspec:\n  podSelektor: {}\n",
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a, \"größe|<b>`,:%\": 1 }\nspec: { podSelector: {}, ingress: [ { from: {} } ] }\n",
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: { name: x.a }\nspec: { tier: x, selector: \"a == 'b\" }\n",
    "apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { containers: [ { name: c, image: i, ports: [ { containerPort: eighty } ] } ] }\n",
    "kind: Pod\napiVersion: v1\nkind: Pod\nmetadata: { name: q }\n",
    "a: [ 1\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: fine }\n",
];

/// The sources as they are named on the command line, and what standard input holds.
struct Case {
    root: PathBuf,
    names: Vec<String>,
    input: String,
}

impl Case {
    fn run(&self, format: &str) -> String {
        let mut words = vec!["check", "-o", format];
        words.extend(self.names.iter().map(String::as_str));
        let run = call(&words, &self.root, &self.input);
        assert!(run.code < 2, "{run:?}");
        run.out
    }

    /// A finding, its file as it is named from the root.
    fn finding(&self, code: &str, file: &str, line: &str, column: &str) -> String {
        let path = Path::new(file);
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        format!("{code} {} {line} {column}", path.display())
    }

    /// The findings of a text, read as those who use the format read it.
    fn read(&self, format: &str, text: &str) -> Findings {
        let json = || serde_json::from_str::<Value>(text).expect("JSON");
        let plain = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
        let own = |f: &Value| {
            let [code, file, line, column] =
                ["code", "file", "line", "column"].map(|name| plain(&f[name]));
            self.finding(&code, &file, &line, &column)
        };
        match format {
            "full" => {
                let mut lines = text.lines();
                let mut found = Findings::new();
                while let Some(line) = lines.next() {
                    let Some((head, _)) = line.split_once("]: ") else { continue };
                    let Some((severity, code)) = head.split_once('[') else { continue };
                    if ["error", "warning", "info"].contains(&severity) {
                        let place = lines.next().and_then(|l| l.trim().strip_prefix("--> "));
                        let (file, line, column) = place_of(place.expect("a place"));
                        found.insert(self.finding(code, file, line, column));
                    }
                }
                found
            }
            "concise" => text
                .lines()
                .map(|line| {
                    let (place, rest) = line.split_once(": ").expect("a place");
                    let (file, line, column) = place_of(place);
                    let code = rest.split(['[', ']']).nth(1).expect("a code");
                    self.finding(code, file, line, column)
                })
                .collect(),
            "json" => json()["findings"].as_array().expect("a list").iter().map(own).collect(),
            "jsonl" => {
                text.lines().map(|line| own(&serde_json::from_str(line).expect("JSON"))).collect()
            }
            "sarif" => json()["runs"][0]["results"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|f| {
                    let at = &f["locations"][0]["physicalLocation"];
                    let uri = decoded(at["artifactLocation"]["uri"].as_str().expect("a URI"));
                    let file = uri.strip_prefix("file://").unwrap_or(&uri);
                    let [line, column] =
                        ["startLine", "startColumn"].map(|name| at["region"][name].to_string());
                    self.finding(&plain(&f["ruleId"]), file, &line, &column)
                })
                .collect(),
            "junit" => text
                .lines()
                .filter(|line| line.contains("<testcase name=") && line.contains(" at "))
                .map(|line| {
                    let parts: Vec<&str> = line.split('"').collect();
                    let (code, at) = parts[1].split_once(" at ").expect("a place");
                    let (line, column) = at.split_once(':').expect("a line");
                    let file = parts[3].replace("&lt;", "<").replace("&gt;", ">");
                    self.finding(code, &file.replace("&amp;", "&"), line, column)
                })
                .collect(),
            "github" => text
                .lines()
                .map(|line| {
                    let (properties, _) = line[2..].split_once("::").expect("a message");
                    let property = |name: &str| {
                        let (_, rest) = properties.split_once(&format!("{name}=")).expect(name);
                        decoded(rest.split(',').next().expect("a value"))
                    };
                    let [code, file, line, column] =
                        ["title", " file", ",line", ",col"].map(property);
                    self.finding(&code, &file, &line, &column)
                })
                .collect(),
            "gitlab" => json()
                .as_array()
                .expect("a list")
                .iter()
                .map(|f| {
                    let at = &f["location"]["positions"]["begin"];
                    let [code, file] = [&f["check_name"], &f["location"]["path"]].map(plain);
                    self.finding(&code, &file, &at["line"].to_string(), &at["column"].to_string())
                })
                .collect(),
            "md" => text
                .lines()
                .filter(|line| line.ends_with("</code> |"))
                .map(|line| {
                    let code = line.split(' ').nth(3).expect("a code");
                    let place = line.rsplit("<code>").next().expect("a place");
                    let place = numbered(place.strip_suffix("</code> |").expect("its end"));
                    let (file, line, column) = place_of(&place);
                    self.finding(code, file, line, column)
                })
                .collect(),
            _ => panic!("there is no format {format}"),
        }
    }
}

/// `FILE:LINE:COLUMN`.
fn place_of(text: &str) -> (&str, &str, &str) {
    let mut parts = text.rsplitn(3, ':');
    let (column, line) = (parts.next().expect("a column"), parts.next().expect("a line"));
    (parts.next().expect("a file"), line, column)
}

/// `%41`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let code = std::str::from_utf8(&tail[..2]).expect("digits");
            bytes.push(u8::from_str_radix(code, 16).expect("digits"));
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).expect("text")
}

/// `&#65;`.
fn numbered(text: &str) -> String {
    let mut parts = text.split("&#");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once(';').expect("a number");
        out.push(number.parse::<u32>().ok().and_then(char::from_u32).expect("a letter"));
        out.push_str(rest);
    }
    out
}

/// Where a file is put, and how it is named.
#[derive(Clone, Copy, Debug)]
enum Named {
    Relative,
    Absolute,
    Elsewhere,
    Stdin,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_format_tells_the_same(
        files in proptest::collection::vec(
            (
                proptest::collection::vec(proptest::sample::select(&DOCUMENTS[..]), 1..4),
                prop_oneof![
                    Just(Named::Relative), Just(Named::Absolute), Just(Named::Elsewhere), Just(Named::Stdin)
                ],
                proptest::sample::select(&["a.yaml", "a b,c.yaml", "größe%|[x]_y.yaml", "d&<e>.yaml"][..]),
            ),
            1..4,
        )
    ) {
        // Relative paths are found from where the tests run: the folder of this package.
        let here = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let up = Path::new(env!("CARGO_MANIFEST_DIR")).components().skip(1).map(|_| "..");
        let up: PathBuf = up.collect();
        let inside = tempfile::tempdir_in(here).expect("a folder");
        let outside = tempfile::tempdir().expect("a folder");
        let mut case = Case { root: here.to_owned(), names: Vec::new(), input: String::new() };
        for (i, (documents, named, name)) in files.iter().enumerate() {
            let text = documents.join("---\n");
            let folder = match named {
                Named::Elsewhere => outside.path(),
                _ => inside.path(),
            };
            let path = folder.join(format!("{i}{name}"));
            let given = match named {
                Named::Stdin if case.input.is_empty() => {
                    case.input = text;
                    "-".to_owned()
                }
                Named::Stdin => continue,
                Named::Relative => up.join(path.strip_prefix("/").expect("absolute")).display().to_string(),
                Named::Absolute | Named::Elsewhere => path.display().to_string(),
            };
            if given != "-" {
                std::fs::write(&path, documents.join("---\n")).expect("a file");
            }
            case.names.push(given);
        }
        let want = case.read("json", &case.run("json"));
        for format in FORMATS {
            let text = case.run(format);
            prop_assert_eq!(case.read(format, &text), want.clone(), "{}\n{}", format, text);
        }
    }
}

const BAD: &str = DOCUMENTS[0];

#[test]
fn places_are_named_as_those_who_read_them_need() {
    let folder = Folder::of(&[("k8s/a.yaml", BAD)]);
    let root = folder.path().canonicalize().expect("a folder");
    let absolute = root.join("k8s/a.yaml").display().to_string();
    let elsewhere = Folder::of(&[("b.yaml", BAD)]);
    let outside = elsewhere.path().join("b.yaml").display().to_string();
    for (source, concise, github, uri, base) in [
        ("k8s", "k8s/a.yaml", "k8s/a.yaml", "k8s/a.yaml".to_owned(), true),
        ("./k8s", "./k8s/a.yaml", "k8s/a.yaml", "k8s/a.yaml".to_owned(), true),
        (&absolute, &absolute, "k8s/a.yaml", "k8s/a.yaml".to_owned(), true),
        (&outside, &outside, &outside, format!("file://{outside}"), false),
        ("-", "-", "-", "-".to_owned(), false),
    ] {
        let run = |format: &str| {
            let input = if source == "-" { BAD } else { "" };
            folder.run_with(&format!("check {source} -o {format}"), input, &[]).out
        };
        let found = run("concise");
        assert!(found.contains(&format!("{concise}:5:3: error[NP101] ")), "{source}: {found}");
        let found = run("github");
        let place = format!("::error file={github},line=5,endLine=5,col=3,endColumn=14,");
        assert!(found.contains(&place), "{source}: {found}");
        let sarif: Value = serde_json::from_str(&run("sarif")).expect("JSON");
        let at = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(at["artifactLocation"]["uri"], uri.as_str(), "{source}");
        assert_eq!(at["artifactLocation"]["uriBaseId"] == "%SRCROOT%", base, "{source}");
    }
}

#[test]
fn json_is_as_its_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/check.json");
    let schema = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("a schema");
    for (documents, more) in
        [(DOCUMENTS.join("---\n"), ""), (String::new(), ""), (BAD.into(), "none")]
    {
        let folder = Folder::of(&[("a.yaml", &documents)]);
        let value = folder.json(&format!("check a.yaml {more} -o json"));
        assert_eq!(faults(&schema, &value), [""; 0]);
    }
}

/// The published schema of SARIF is not ours to keep here: whoever has it names it.
#[test]
fn sarif_is_as_the_standard_says() {
    let folder = Folder::of(&[("a.yaml", &DOCUMENTS.join("---\n"))]);
    let log = folder.json("check a.yaml none -o sarif");
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "portcullis");
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert!(results.len() > 5 && results.iter().any(|r| r["fixes"].is_array()), "{log:#}");
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
        assert!(result["partialFingerprints"]["portcullis/v1"].is_string());
        let region = &result["locations"][0]["physicalLocation"]["region"];
        assert!(region["startLine"].as_u64() <= region["endLine"].as_u64());
        assert!(region["startColumn"].as_u64() >= Some(1));
    }
    match std::env::var_os("PORTCULLIS_SARIF_SCHEMA") {
        Some(path) => {
            let schema = std::fs::read(path).expect("the schema");
            let schema = serde_json::from_slice(&schema).expect("a schema");
            assert_eq!(faults(&schema, &log), [""; 0]);
        }
        None => eprintln!("SKIPPED the published schema: PORTCULLIS_SARIF_SCHEMA names no file"),
    }
}
