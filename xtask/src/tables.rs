//! Writes the tables of `crates/schema` from recorded facts: `tables [--check] CORPORA_DIR`.
//!
//! Only field names, types, what is required, and how resources are called are taken over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};

mod api;

/// Kinds whose fields are known, as `group/version/Kind` of the recorded tables.
const KINDS: &[&str] = &[
    "/v1/ConfigMap",
    "/v1/Endpoints",
    "/v1/Namespace",
    "/v1/Node",
    "/v1/Pod",
    "/v1/ReplicationController",
    "/v1/Secret",
    "/v1/Service",
    "/v1/ServiceAccount",
    "apps/v1/DaemonSet",
    "apps/v1/Deployment",
    "apps/v1/ReplicaSet",
    "apps/v1/StatefulSet",
    "batch/v1/CronJob",
    "batch/v1/Job",
    "discovery.k8s.io/v1/EndpointSlice",
    "networking.k8s.io/v1/Ingress",
    "networking.k8s.io/v1/NetworkPolicy",
    "policy.networking.k8s.io/v1alpha2/ClusterNetworkPolicy",
    "projectcalico.org/v3/FelixConfiguration",
    "projectcalico.org/v3/GlobalNetworkPolicy",
    "projectcalico.org/v3/GlobalNetworkSet",
    "projectcalico.org/v3/HostEndpoint",
    "projectcalico.org/v3/NetworkPolicy",
    "projectcalico.org/v3/NetworkSet",
    "projectcalico.org/v3/Profile",
    "projectcalico.org/v3/StagedGlobalNetworkPolicy",
    "projectcalico.org/v3/StagedKubernetesNetworkPolicy",
    "projectcalico.org/v3/StagedNetworkPolicy",
    "projectcalico.org/v3/Tier",
    "rbac.authorization.k8s.io/v1/ClusterRole",
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
    "rbac.authorization.k8s.io/v1/Role",
    "rbac.authorization.k8s.io/v1/RoleBinding",
];

/// Said to be required, yet filled in by the API server when absent.
const DEFAULTED: &[(&str, &str)] = &[("rbac/v1.RoleRef", "apiGroup")];

/// What every custom resource can be asked.
const CUSTOM_VERBS: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// Calico's API group as its API server has it, and as its definitions in a cluster have it.
const CALICO_GROUPS: [(&str, &str); 2] =
    [("crd.projectcalico.org", "v1"), ("projectcalico.org", "v3")];

/// Writes the tables, or with `--check` says whether they are what would be written.
pub fn run(args: &[String]) -> anyhow::Result<ExitCode> {
    let (check, corpora) = match args {
        [flag, corpora] if flag == "--check" => (true, Path::new(corpora)),
        [corpora] => (false, Path::new(corpora)),
        _ => bail!("usage: cargo run -p xtask -- tables [--check] CORPORA_DIR"),
    };
    let mut differs = false;
    for (path, text) in generate(corpora)? {
        if check {
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            if found != text {
                eprintln!("{} is not what the recorded facts say", path.display());
                differs = true;
            }
        } else {
            std::fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
    }
    Ok(if differs { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn generate(corpora: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let read = |name: &str| -> anyhow::Result<Value> {
        let path = corpora.join(name);
        let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
        serde_json::from_slice(&text).with_context(|| path.display().to_string())
    };
    let facts = Facts {
        // The first to know a message wins: Kubernetes' own before its copies elsewhere.
        tables: vec![
            read("kubernetes/schema-1.35.json")?,
            read("network/calico-schema.json")?,
            read("network/cluster-policy-schema.json")?,
        ],
        openapi: read("kubernetes/schema-openapi-1.35.4.json")?,
        calico: read("network/calico-crds.json")?,
    };
    let discovery = read("kubernetes/discovery-1.35.4.json")?;
    let columns = read("kubernetes/table-columns-1.35.4.json")?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/schema/src/generated");
    let mut files = vec![
        (folder.join("messages.rs"), messages(&facts)?),
        (folder.join("resources.rs"), resources(&discovery, &facts.calico)?),
    ];
    let [schema, ..] = facts.tables.as_slice() else { bail!("no tables") };
    let recorded =
        api::Recorded { schema, openapi: &facts.openapi, discovery: &discovery, columns: &columns };
    files.extend(api::generate(&recorded)?.map(|(name, text)| (folder.join(name), text)));
    Ok(files)
}

struct Facts {
    tables: Vec<Value>,
    openapi: Value,
    calico: Value,
}

/// What the generated files begin with.
const MESSAGES: &str = "//! The fields of kinds. Written by `cargo run -p xtask -- tables`: change that, not this.\n\n";
const RESOURCES: &str = "//! How resources are called. Written by `cargo run -p xtask -- tables`: change that, not this.\n\n";

// === Messages ===

/// A field as it is written out.
struct Field {
    name: String,
    kind: String,
    required: bool,
}

fn messages(facts: &Facts) -> anyhow::Result<String> {
    let mut todo = VecDeque::new();
    let mut roots = BTreeMap::new();
    for kind in KINDS {
        let message = facts
            .tables
            .iter()
            .find_map(|t| t.get("kinds")?.get(*kind)?.as_str())
            .with_context(|| format!("no table has {kind}"))?;
        roots.insert(*kind, message.to_owned());
        todo.push_back(message.to_owned());
    }
    let required = calico_required(facts, &roots)?;
    let mut done: BTreeMap<String, Vec<Field>> = BTreeMap::new();
    while let Some(message) = todo.pop_front() {
        if done.contains_key(&message) {
            continue;
        }
        let is_root = roots.values().any(|root| *root == message);
        let fields = fields(facts, &message, is_root, &required, &mut todo)?;
        done.insert(message, fields);
    }
    Ok(print_messages(&roots, &done))
}

fn fields(
    facts: &Facts,
    message: &str,
    is_root: bool,
    calico_required: &BTreeSet<(String, String)>,
    todo: &mut VecDeque<String>,
) -> anyhow::Result<Vec<Field>> {
    let openapi: BTreeSet<&str> =
        openapi(facts, message).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut fields = Vec::new();
    for field in facts.fields(message)? {
        let name = text(&field, "name");
        // What servers report is theirs, and is not judged.
        let kind = if is_root && name == "status" {
            "Type::Any".to_owned()
        } else {
            print_type(text(&field, "type"), todo)
        };
        let said = if message.starts_with("calico/") {
            calico_required.contains(&(message.to_owned(), name.to_owned()))
        } else if message.starts_with("policy/") {
            field.get("optional").is_none() && name != "metadata"
        } else {
            openapi.contains(name)
        };
        let required = said && !DEFAULTED.contains(&(message, name));
        fields.push(Field { name: name.to_owned(), kind, required });
    }
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(fields)
}

impl Facts {
    fn message(&self, name: &str) -> Option<&Value> {
        self.tables.iter().find_map(|t| t.get("messages")?.get(name))
    }

    /// The fields of a message, those of its inline messages among them.
    fn fields(&self, message: &str) -> anyhow::Result<Vec<Value>> {
        let found = self.message(message).with_context(|| format!("no table has {message}"))?;
        let mut fields = Vec::new();
        for field in found.as_array().into_iter().flatten() {
            if field.get("inline").is_some() && text(field, "name").is_empty() {
                fields.extend(self.fields(text(field, "type"))?);
            } else {
                fields.push(field.clone());
            }
        }
        Ok(fields)
    }
}

fn openapi<'a>(facts: &'a Facts, message: &str) -> Option<&'a Vec<Value>> {
    let name = match message.strip_prefix("meta/") {
        Some(rest) => format!("io.k8s.apimachinery.pkg.apis.meta.{rest}"),
        None => format!("io.k8s.api.{}", message.replace('/', ".")),
    };
    facts.openapi.get(name)?.get("required")?.as_array()
}

/// The type as Rust writes it. A message that it names must be written too.
fn print_type(of: &str, todo: &mut VecDeque<String>) -> String {
    if let Some(item) = of.strip_prefix("[]") {
        return format!("Type::List(&{})", print_type(item, todo));
    }
    if let Some((_, value)) = of.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
        return format!("Type::Map(&{})", print_type(value, todo));
    }
    match of {
        "string" | "bytes" => "Type::String",
        "bool" => "Type::Bool",
        "float64" => "Type::Number",
        "int" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64" => "Type::Integer",
        "any" | "meta/v1.FieldsV1" | "runtime.RawExtension" => "Type::Any",
        "meta/v1.Time" | "meta/v1.MicroTime" | "meta/v1.Duration" | "time.Time" => "Type::String",
        "api/resource.Quantity" => "Type::Quantity",
        "util/intstr.IntOrString"
        | "numorstring.Port"
        | "numorstring.Protocol"
        | "numorstring.DSCP" => "Type::IntOrString",
        message => {
            todo.push_back(message.to_owned());
            return format!("Type::Message(&{})", constant(message));
        }
    }
    .to_owned()
}

/// What Calico's definitions require and do not fill in themselves, as (message, field).
fn calico_required(
    facts: &Facts,
    roots: &BTreeMap<&str, String>,
) -> anyhow::Result<BTreeSet<(String, String)>> {
    let mut required = BTreeSet::new();
    for definition in facts.calico.as_object().into_iter().flat_map(Map::values) {
        let kind = text(definition.get("names").unwrap_or(&Value::Null), "kind");
        let root = roots.iter().find(|(name, _)| **name == format!("projectcalico.org/v3/{kind}"));
        let schema = definition.pointer("/versions/0/schema/openAPIV3Schema");
        if let (Some((_, message)), Some(schema)) = (root, schema) {
            collect_required(facts, message, schema, &mut required)?;
        }
    }
    Ok(required)
}

fn collect_required(
    facts: &Facts,
    message: &str,
    schema: &Value,
    required: &mut BTreeSet<(String, String)>,
) -> anyhow::Result<()> {
    let properties = schema.get("properties").and_then(Value::as_object);
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        let filled_in = properties.and_then(|p| p.get(name)?.get("default")).is_some();
        // A document without metadata has no name, which is said elsewhere; a spec is written by
        // every typed client, calicoctl among them, also where the document has none.
        if !matches!(name, "metadata" | "spec") && !filled_in {
            required.insert((message.to_owned(), name.to_owned()));
        }
    }
    for field in facts.fields(message)? {
        let Some(schema) = properties.and_then(|p| p.get(text(&field, "name"))) else { continue };
        let of = text(&field, "type");
        let (inner, schema) = match of.strip_prefix("[]") {
            Some(item) => (item, schema.get("items").unwrap_or(&Value::Null)),
            None => (of, schema),
        };
        if facts.message(inner).is_some() {
            collect_required(facts, inner, schema, required)?;
        }
    }
    Ok(())
}

fn constant(message: &str) -> String {
    message.replace(['/', '.', '-'], "_").to_ascii_uppercase()
}

fn print_messages(
    roots: &BTreeMap<&str, String>,
    messages: &BTreeMap<String, Vec<Field>>,
) -> String {
    let mut out = MESSAGES.to_owned();
    out.push_str("use crate::message::{Field, Kind, Message, Type};\n\n");
    out.push_str("/// In order of group, kind and version.\n");
    out.push_str("pub(crate) static KINDS: &[Kind] = &[\n");
    let mut kinds = Vec::new();
    for (name, message) in roots {
        let mut parts = name.splitn(3, '/');
        let mut part = || parts.next().unwrap_or_default();
        let (group, version, kind) = (part(), part(), part());
        let groups: Vec<(&str, &str)> = match group {
            "projectcalico.org" => CALICO_GROUPS.to_vec(),
            group => vec![(group, version)],
        };
        kinds.extend(groups.into_iter().map(|(group, version)| (group, kind, version, message)));
    }
    kinds.sort();
    for (group, kind, version, message) in kinds {
        let message = constant(message);
        let _ = writeln!(
            out,
            "    Kind {{ group: {group:?}, version: {version:?}, kind: {kind:?}, message: &{message} }},"
        );
    }
    out.push_str("];\n");
    for (name, fields) in messages {
        let _ = write!(
            out,
            "\nstatic {}: Message = Message {{\n    name: {name:?},\n    fields: &[\n",
            constant(name)
        );
        for Field { name, kind, required } in fields {
            let make = if *required { "required" } else { "optional" };
            let _ = writeln!(out, "        Field::{make}({name:?}, {kind}),");
        }
        out.push_str("    ],\n};\n");
    }
    out
}

// === Resources ===

/// A resource as it is written out.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Resource {
    group: String,
    plural: String,
    versions: Vec<String>,
    singular: String,
    kind: String,
    namespaced: bool,
    short_names: Vec<String>,
    verbs: Vec<String>,
    /// Name and verbs.
    subresources: Vec<(String, Vec<String>)>,
}

fn resources(discovery: &Value, calico: &Value) -> anyhow::Result<String> {
    let mut all: BTreeMap<(String, String), Resource> = BTreeMap::new();
    for list in discovery.as_object().into_iter().flat_map(Map::values) {
        let Some(group_version) = list.get("groupVersion").and_then(Value::as_str) else {
            continue;
        };
        let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
        discovered(group, version, list, &mut all);
    }
    for definition in calico.as_object().into_iter().flat_map(Map::values) {
        for (group, version) in CALICO_GROUPS {
            let resource = defined(group, version, definition);
            all.insert((group.to_owned(), resource.plural.clone()), resource);
        }
    }
    if all.len() < 50 {
        bail!("only {} resources: not a whole cluster", all.len());
    }
    let mut out = RESOURCES.to_owned();
    out.push_str("use crate::resource::{Resource, Subresource};\n\n");
    out.push_str("/// In order of group and plural.\n");
    out.push_str("pub(crate) static RESOURCES: &[Resource] = &[\n");
    all.values().for_each(|resource| print_resource(&mut out, resource));
    out.push_str("];\n");
    Ok(out)
}

/// The resources of one version of a group; a version met later is added to what is there, as
/// discovery names the preferred one first.
fn discovered(
    group: &str,
    version: &str,
    list: &Value,
    all: &mut BTreeMap<(String, String), Resource>,
) {
    let listed = list.get("resources").and_then(Value::as_array);
    let (subresources, resources): (Vec<&Value>, Vec<&Value>) =
        listed.into_iter().flatten().partition(|r| text(r, "name").contains('/'));
    for resource in resources {
        let plural = text(resource, "name").to_owned();
        let entry = all.entry((group.to_owned(), plural.clone())).or_insert_with(|| Resource {
            group: group.to_owned(),
            plural,
            versions: Vec::new(),
            singular: text(resource, "singularName").to_owned(),
            kind: text(resource, "kind").to_owned(),
            namespaced: resource.get("namespaced").and_then(Value::as_bool).unwrap_or(false),
            short_names: strings(resource.get("shortNames")),
            verbs: strings(resource.get("verbs")),
            subresources: Vec::new(),
        });
        entry.versions.push(version.to_owned());
    }
    for subresource in subresources {
        let (plural, name) = text(subresource, "name").split_once('/').unwrap_or_default();
        let Some(entry) = all.get_mut(&(group.to_owned(), plural.to_owned())) else { continue };
        if entry.subresources.iter().all(|(known, _)| known != name) {
            entry.subresources.push((name.to_owned(), strings(subresource.get("verbs"))));
        }
    }
}

/// The resource of a definition, which has one version in each of its groups.
fn defined(group: &str, version: &str, definition: &Value) -> Resource {
    let names = definition.get("names").unwrap_or(&Value::Null);
    let status = definition.pointer("/versions/0/subresources/status").is_some();
    let of_status =
        || ("status".to_owned(), ["get", "patch", "update"].map(str::to_owned).to_vec());
    Resource {
        group: group.to_owned(),
        plural: text(names, "plural").to_owned(),
        versions: vec![version.to_owned()],
        singular: text(names, "singular").to_owned(),
        kind: text(names, "kind").to_owned(),
        namespaced: text(definition, "scope") == "Namespaced",
        short_names: strings(names.get("shortNames")),
        verbs: CUSTOM_VERBS.iter().map(|v| (*v).to_owned()).collect(),
        subresources: status.then(of_status).into_iter().collect(),
    }
}

fn print_resource(out: &mut String, resource: &Resource) {
    let Resource { group, plural, versions, singular, kind, namespaced, .. } = resource;
    let _ = write!(
        out,
        "    Resource {{\n        group: {group:?},\n        versions: &{versions:?},\n        \
         plural: {plural:?},\n        singular: {singular:?},\n        kind: {kind:?},\n        \
         namespaced: {namespaced},\n        short_names: &{:?},\n        verbs: &{:?},\n        \
         subresources: &[",
        resource.short_names, resource.verbs
    );
    for (name, verbs) in &resource.subresources {
        let _ = write!(out, "\n            Subresource {{ name: {name:?}, verbs: &{verbs:?} }},");
    }
    let close = if resource.subresources.is_empty() { "]" } else { "\n        ]" };
    let _ = writeln!(out, "{close},\n    }},");
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn messages_have_readable_constants() {
        assert_eq!(constant("core/v1.PodSpec"), "CORE_V1_PODSPEC");
        assert_eq!(constant("calico/v3.HTTPMatch"), "CALICO_V3_HTTPMATCH");
    }

    /// Where the recorded facts are at hand, the committed tables are what they say.
    #[test]
    fn tables_are_what_the_recorded_facts_say() {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora");
        let corpora = std::env::var_os("PORTCULLIS_CORPORA").map_or(beside, PathBuf::from);
        if !corpora.join("kubernetes/schema-1.35.json").exists() {
            // Past what the test runner swallows: a test that did not run must be seen.
            let said = format!("SKIPPED: no recorded facts at {}", corpora.display());
            writeln!(std::io::stderr(), "{said}").expect("stderr can be written");
            return;
        }
        for (path, text) in generate(&corpora).expect("the facts can be read") {
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(found == text, "{}: run `cargo run -p xtask -- tables`", path.display());
        }
    }
}
