//! Writes the roles and bindings that an API server creates by itself into `crates/rbac`, from the
//! facts recorded from one.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

/// The version whose facts are written.
const VERSION: &str = "1.35.4";

/// What is written, from the root of the repository.
const TABLES: &str = "crates/rbac/src/bootstrap/generated.rs";

/// `bootstrap CORPORA [--check]`: writes the tables, or says whether they are as they would be.
pub fn run(args: &[String]) -> anyhow::Result<ExitCode> {
    let (corpora, check) = match args {
        [corpora] => (corpora, false),
        [corpora, flag] if flag == "--check" => (corpora, true),
        _ => bail!("usage: cargo run -p xtask -- bootstrap CORPORA [--check]"),
    };
    let text = tables(&Path::new(corpora).join("kubernetes"))?;
    let path = crate::tree::root().join(TABLES);
    if !check {
        std::fs::write(&path, text).with_context(|| format!("cannot write {TABLES}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if std::fs::read_to_string(&path).is_ok_and(|now| now == text) {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{TABLES} is not what the facts say: run `cargo run -p xtask -- bootstrap CORPORA`");
    Ok(ExitCode::FAILURE)
}

fn tables(folder: &Path) -> anyhow::Result<String> {
    let mut text = format!(
        "//! The roles and bindings of Kubernetes {VERSION}. Generated: `cargo run -p xtask -- bootstrap`.\n\
         \n\
         use super::{{BindingRow, RoleRow, RuleRow}};\n",
    );
    text.push_str("\npub(super) const ROLES: &[RoleRow] = &[\n");
    for kind in ["clusterroles", "roles"] {
        for object in objects(folder, kind)? {
            role(&mut text, &object)
                .with_context(|| format!("{kind} {}", object["metadata"]["name"]))?;
        }
    }
    text.push_str("];\n\npub(super) const BINDINGS: &[BindingRow] = &[\n");
    for kind in ["clusterrolebindings", "rolebindings"] {
        for object in objects(folder, kind)? {
            binding(&mut text, &object)
                .with_context(|| format!("{kind} {}", object["metadata"]["name"]))?;
        }
    }
    text.push_str("];\n");
    Ok(text)
}

fn objects(folder: &Path, kind: &str) -> anyhow::Result<Vec<Value>> {
    let path = folder.join(format!("{kind}-{VERSION}.json"));
    let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let recorded: Value = serde_json::from_slice(&text)?;
    let objects = list(&recorded["items"])?;
    ensure!(!objects.is_empty(), "{} lists no objects", path.display());
    Ok(objects.to_vec())
}

fn role(text: &mut String, object: &Value) -> anyhow::Result<()> {
    let meta = &object["metadata"];
    writeln!(text, "    RoleRow {{")?;
    writeln!(text, "        namespace: {},", word(&meta["namespace"])?)?;
    writeln!(text, "        name: {},", word(&meta["name"])?)?;
    writeln!(text, "        labels: {},", pairs(&meta["labels"])?)?;
    let mut selectors = Vec::new();
    for selector in list(&object["aggregationRule"]["clusterRoleSelectors"])? {
        let only_labels = selector.as_object().is_some_and(|s| s.keys().eq(["matchLabels"]));
        ensure!(only_labels, "a selector of other than labels: {selector}");
        selectors.push(pairs(&selector["matchLabels"])?);
    }
    writeln!(text, "        aggregates: &[{}],", selectors.join(", "))?;
    // Those of an aggregated role are those of its sources.
    let rules = if selectors.is_empty() { list(&object["rules"])? } else { &[] };
    writeln!(text, "        rules: &[")?;
    for rule in rules {
        let mut fields = Vec::new();
        for (field, name) in [
            ("verbs", "verbs"),
            ("apiGroups", "api_groups"),
            ("resources", "resources"),
            ("resourceNames", "resource_names"),
            ("nonResourceURLs", "urls"),
        ] {
            let words = list(&rule[field])?.iter().map(word).collect::<anyhow::Result<Vec<_>>>()?;
            fields.push(format!("{name}: &[{}]", words.join(", ")));
        }
        writeln!(text, "            RuleRow {{ {} }},", fields.join(", "))?;
    }
    writeln!(text, "        ],\n    }},")?;
    Ok(())
}

fn binding(text: &mut String, object: &Value) -> anyhow::Result<()> {
    let meta = &object["metadata"];
    writeln!(text, "    BindingRow {{")?;
    writeln!(text, "        namespace: {},", word(&meta["namespace"])?)?;
    writeln!(text, "        name: {},", word(&meta["name"])?)?;
    let role = &object["roleRef"];
    writeln!(text, "        role: ({}, {}),", word(&role["kind"])?, word(&role["name"])?)?;
    writeln!(text, "        subjects: &[")?;
    for subject in list(&object["subjects"])? {
        let [kind, namespace, name] =
            ["kind", "namespace", "name"].map(|field| word(&subject[field]));
        writeln!(text, "            ({}, {}, {}),", kind?, namespace?, name?)?;
    }
    writeln!(text, "        ],\n    }},")?;
    Ok(())
}

/// A list; an absent one is empty.
fn list(value: &Value) -> anyhow::Result<&[Value]> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        other => bail!("not a list: {other}"),
    }
}

/// A text as Rust writes it; an absent one is empty.
fn word(value: &Value) -> anyhow::Result<String> {
    match value {
        Value::Null => Ok("\"\"".to_owned()),
        Value::String(text) => Ok(format!("{text:?}")),
        other => bail!("not a text: {other}"),
    }
}

/// A map of texts as pairs.
fn pairs(value: &Value) -> anyhow::Result<String> {
    let Some(map) = value.as_object() else {
        ensure!(value.is_null(), "not a map: {value}");
        return Ok("&[]".to_owned());
    };
    let mut pairs = Vec::new();
    for (key, value) in map {
        pairs.push(format!("({key:?}, {})", word(value)?));
    }
    Ok(format!("&[{}]", pairs.join(", ")))
}
