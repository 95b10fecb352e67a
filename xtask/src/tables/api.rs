//! The tables of the API that the server speaks: its messages in the order of the Go structs, its
//! resources in the order of discovery, the columns of its tables.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};

use super::{constant, strings, text};

/// The recorded facts about the API of 1.35.4.
pub(super) struct Recorded<'a> {
    /// Kinds to messages, messages to fields.
    pub(super) schema: &'a Value,
    /// Per OpenAPI schema: what is required, how lists are merged, defaults.
    pub(super) openapi: &'a Value,
    /// Path → legacy discovery document.
    pub(super) discovery: &'a Value,
    /// List path → columns.
    pub(super) columns: &'a Value,
}

const HEADER: &str = "Written by `cargo run -p xtask -- tables`: change that, not this.";

/// Messages that are spoken although no resource of discovery has their kind.
const MORE_ROOTS: &[&str] = &[
    "meta/v1.DeleteOptions",
    "meta/v1.Status",
    "meta/v1.ListMeta",
    "meta/v1.LabelSelector",
    "core/v1.List",
    "extensions/v1beta1.Deployment",
    "extensions/v1beta1.DeploymentList",
    "extensions/v1beta1.Scale",
];

/// Kinds beside those of discovery and their lists.
const MORE_KINDS: &[(&str, &str, &str, &str)] = &[
    ("", "v1", "DeleteOptions", "meta/v1.DeleteOptions"),
    ("", "v1", "List", "core/v1.List"),
    ("", "v1", "Status", "meta/v1.Status"),
    ("extensions", "v1beta1", "Deployment", "extensions/v1beta1.Deployment"),
    ("extensions", "v1beta1", "DeploymentList", "extensions/v1beta1.DeploymentList"),
    ("extensions", "v1beta1", "Scale", "extensions/v1beta1.Scale"),
    ("meta.k8s.io", "v1", "CreateOptions", "meta/v1.CreateOptions"),
    ("meta.k8s.io", "v1", "DeleteOptions", "meta/v1.DeleteOptions"),
    ("meta.k8s.io", "v1", "PatchOptions", "meta/v1.PatchOptions"),
    ("meta.k8s.io", "v1", "UpdateOptions", "meta/v1.UpdateOptions"),
];

/// Fields whose tag says `omitzero` beside `omitempty`: (message, field).
///
/// The recorded facts do not carry that option. Recorded answers show `creationTimestamp` absent in
/// pod templates, and every other zero time of a struct as `null`.
const OMIT_ZERO: &[(&str, &str)] = &[("meta/v1.ObjectMeta", "creationTimestamp")];

/// Types that the recorded facts leave out, the aggregation layer's and the options of writes:
/// message → fields in the order of the Go struct, in the notation of the facts.
const UNRECORDED: &str = r#"{
  "meta/v1.CreateOptions": [
    {"name": "", "type": "meta/v1.TypeMeta", "inline": true},
    {"name": "dryRun", "number": "1", "type": "[]string", "optional": true},
    {"name": "fieldManager", "number": "3", "type": "string", "optional": true},
    {"name": "fieldValidation", "number": "4", "type": "string", "optional": true}
  ],
  "meta/v1.PatchOptions": [
    {"name": "", "type": "meta/v1.TypeMeta", "inline": true},
    {"name": "dryRun", "number": "1", "type": "[]string", "optional": true},
    {"name": "force", "number": "2", "type": "bool", "optional": true, "pointer": true},
    {"name": "fieldManager", "number": "3", "type": "string", "optional": true},
    {"name": "fieldValidation", "number": "4", "type": "string", "optional": true}
  ],
  "meta/v1.UpdateOptions": [
    {"name": "", "type": "meta/v1.TypeMeta", "inline": true},
    {"name": "dryRun", "number": "1", "type": "[]string", "optional": true},
    {"name": "fieldManager", "number": "2", "type": "string", "optional": true},
    {"name": "fieldValidation", "number": "3", "type": "string", "optional": true}
  ],
  "apiregistration/v1.APIService": [
    {"name": "", "type": "meta/v1.TypeMeta", "inline": true},
    {"name": "metadata", "number": "1", "type": "meta/v1.ObjectMeta", "optional": true},
    {"name": "spec", "number": "2", "type": "apiregistration/v1.APIServiceSpec", "optional": true},
    {"name": "status", "number": "3", "type": "apiregistration/v1.APIServiceStatus", "optional": true}
  ],
  "apiregistration/v1.APIServiceList": [
    {"name": "", "type": "meta/v1.TypeMeta", "inline": true},
    {"name": "metadata", "number": "1", "type": "meta/v1.ListMeta", "optional": true},
    {"name": "items", "number": "2", "type": "[]apiregistration/v1.APIService"}
  ],
  "apiregistration/v1.APIServiceSpec": [
    {"name": "service", "number": "1", "type": "apiregistration/v1.ServiceReference", "optional": true, "pointer": true},
    {"name": "group", "number": "2", "type": "string", "optional": true},
    {"name": "version", "number": "3", "type": "string", "optional": true},
    {"name": "insecureSkipTLSVerify", "number": "4", "type": "bool", "optional": true},
    {"name": "caBundle", "number": "5", "type": "bytes", "optional": true},
    {"name": "groupPriorityMinimum", "number": "7", "type": "int32"},
    {"name": "versionPriority", "number": "8", "type": "int32"}
  ],
  "apiregistration/v1.APIServiceStatus": [
    {"name": "conditions", "number": "1", "type": "[]apiregistration/v1.APIServiceCondition", "optional": true, "patchStrategy": "merge", "patchMergeKey": "type"}
  ],
  "apiregistration/v1.APIServiceCondition": [
    {"name": "type", "number": "1", "type": "string"},
    {"name": "status", "number": "2", "type": "string"},
    {"name": "lastTransitionTime", "number": "3", "type": "meta/v1.Time", "optional": true},
    {"name": "reason", "number": "4", "type": "string", "optional": true},
    {"name": "message", "number": "5", "type": "string", "optional": true}
  ],
  "apiregistration/v1.ServiceReference": [
    {"name": "namespace", "number": "1", "type": "string", "optional": true},
    {"name": "name", "number": "2", "type": "string", "optional": true},
    {"name": "port", "number": "3", "type": "int32", "optional": true, "pointer": true}
  ]
}"#;

/// How lists merge where no recorded document says it; the file says of itself what it is.
const LISTS: &str = include_str!("lists.txt");

/// Fields of a message whose type is written in more than one way: which, and by which name of
/// `api::Type`.
const EITHER: &[(&str, &str)] = &[
    ("JSONSchemaPropsOrArray", "OrList"),
    ("JSONSchemaPropsOrBool", "OrBool"),
    ("JSONSchemaPropsOrStringArray", "OrStrings"),
];

/// The files by name: messages and kinds; resources with the columns of their tables.
pub(super) fn generate(facts: &Recorded<'_>) -> anyhow::Result<[(&'static str, String); 2]> {
    let unrecorded: Value = serde_json::from_str(UNRECORDED)?;
    let schema = Schema { recorded: facts.schema, more: &unrecorded, openapi: facts.openapi };
    let kinds = schema.kinds(facts.discovery)?;
    Ok([
        ("api_messages.rs", schema.messages(&kinds)?),
        ("api_resources.rs", resources(facts.discovery, facts.columns)?),
    ])
}

// === Messages ===

struct Schema<'a> {
    recorded: &'a Value,
    more: &'a Value,
    openapi: &'a Value,
}

/// (group, version, kind) → message.
type Kinds = BTreeMap<(String, String, String), String>;

impl Schema<'_> {
    fn message(&self, name: &str) -> anyhow::Result<&[Value]> {
        let found = self.recorded.get("messages").and_then(|m| m.get(name));
        let found = found.or_else(|| self.more.get(name));
        match found {
            // An empty struct is recorded as null.
            Some(Value::Null) => Ok(&[]),
            Some(Value::Array(fields)) => Ok(fields),
            _ => bail!("no table has {name}"),
        }
    }

    fn kinds(&self, discovery: &Value) -> anyhow::Result<Kinds> {
        let mut kinds = Kinds::new();
        for (group, version, kind, message) in MORE_KINDS {
            let key = ((*group).to_owned(), (*version).to_owned(), (*kind).to_owned());
            kinds.insert(key, (*message).to_owned());
        }
        for (group, version, list) in versions(discovery) {
            for resource in list.get("resources").and_then(Value::as_array).into_iter().flatten() {
                let (group, version) = kind_version(group, version, resource);
                let kind = text(resource, "kind");
                // Options of connections are parameters of the address, never a body.
                if kind.ends_with("Options") {
                    continue;
                }
                for (kind, must) in [(kind.to_owned(), true), (format!("{kind}List"), false)] {
                    let key = format!("{group}/{version}/{kind}");
                    let recorded = self.recorded.get("kinds").and_then(|k| k.get(&key)?.as_str());
                    let own = format!("{}/{version}.{kind}", group.trim_end_matches(".k8s.io"));
                    let own = self.more.get(&own).map(|_| own.as_str());
                    match recorded.or(own) {
                        Some(message) => {
                            let key = (group.to_owned(), version.to_owned(), kind);
                            kinds.insert(key, message.to_owned());
                        }
                        None if must => bail!("no table has {key}"),
                        None => {}
                    }
                }
            }
        }
        Ok(kinds)
    }

    fn messages(&self, kinds: &Kinds) -> anyhow::Result<String> {
        let mut todo: VecDeque<String> = kinds.values().cloned().collect();
        todo.extend(MORE_ROOTS.iter().map(|r| (*r).to_owned()));
        let mut done: BTreeMap<String, String> = BTreeMap::new();
        while let Some(name) = todo.pop_front() {
            if done.contains_key(&name) {
                continue;
            }
            let printed = self.print_message(&name, &mut todo)?;
            done.insert(name, printed);
        }
        let mut out = format!("//! The messages of the API and its kinds. {HEADER}\n\n");
        out.push_str("use crate::api::{Facts, Inlined, Kind, List, Message, Type, field};\n");
        out.push_str("use crate::api::flags::*;\n\n");
        out.push_str(
            "/// In order of group, version and kind.\npub(crate) static KINDS: &[Kind] = &[\n",
        );
        for ((group, version, kind), message) in kinds {
            let message = constant(message);
            let _ = writeln!(
                out,
                "    Kind {{ group: {group:?}, version: {version:?}, kind: {kind:?}, message: &{message} }},"
            );
        }
        out.push_str("];\n\n/// In order of name.\npub(crate) static MESSAGES: &[&Message] = &[\n");
        for name in done.keys() {
            let _ = writeln!(out, "    &{},", constant(name));
        }
        out.push_str("];\n");
        done.values().for_each(|printed| out.push_str(printed));
        Ok(out)
    }

    /// The fields as JSON shows them: those of inlined structs stand in their place.
    fn flat(&self, name: &str, inner: bool) -> anyhow::Result<Vec<(String, Value, bool)>> {
        let mut fields = Vec::new();
        for field in self.message(name)? {
            if field.get("inline").is_some() && text(field, "name").is_empty() {
                fields.extend(self.flat(text(field, "type"), true)?);
            } else {
                fields.push((name.to_owned(), field.clone(), inner));
            }
        }
        Ok(fields)
    }

    fn print_message(&self, name: &str, todo: &mut VecDeque<String>) -> anyhow::Result<String> {
        let fields = self.flat(name, false)?;
        let schema = self.openapi.get(openapi_name(name));
        let mut names: Vec<(&str, usize)> =
            fields.iter().enumerate().map(|(i, (_, f, _))| (text(f, "name"), i)).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [a, b] if a.0 == b.0)) {
            bail!("{name} has two fields of one name");
        }
        let order: Vec<usize> = names.iter().map(|(_, i)| *i).collect();
        let mut inlined = String::new();
        for field in self.message(name)? {
            if field.get("inline").is_some() && text(field, "name").is_empty() {
                let Some(number) = field.get("number").and_then(Value::as_str) else { continue };
                let of = text(field, "type");
                todo.push_back(of.to_owned());
                let _ =
                    write!(inlined, "Inlined {{ number: {number}, message: &{} }}, ", constant(of));
            }
        }
        let whole = schema.is_none() && unrecorded(name, "-").is_some();
        let atomic = whole || map_type(schema) == Some("atomic");
        let mut out = format!(
            "\npub(crate) static {}: Message = Message {{\n    name: {name:?},\n    order: &{order:?},\n    \
             inlined: &[{}],\n    atomic: {atomic},\n    fields: &[\n",
            constant(name),
            inlined.trim_end_matches(", "),
        );
        for (owner, field, inner) in &fields {
            let _ =
                writeln!(out, "        {},", self.print_field(name, owner, field, *inner, todo)?);
        }
        out.push_str("    ],\n};\n");
        Ok(out)
    }

    fn print_field(
        &self,
        message: &str,
        owner: &str,
        field: &Value,
        inner: bool,
        todo: &mut VecDeque<String>,
    ) -> anyhow::Result<String> {
        let name = text(field, "name");
        let number =
            if inner { "0" } else { field.get("number").map_or("0", |_| text(field, "number")) };
        let schema = self.openapi.get(openapi_name(message));
        let required = schema.and_then(|s| s.get("required")).and_then(Value::as_array);
        let mut flags = Vec::new();
        if field.get("optional").is_some() {
            flags.push("OMIT");
        }
        if OMIT_ZERO.contains(&(owner, name)) {
            flags.push("ZERO");
        }
        if field.get("pointer").is_some() {
            flags.push("POINTER");
        }
        if required.into_iter().flatten().any(|r| r.as_str() == Some(name)) {
            flags.push("REQUIRED");
        }
        let flags = if flags.is_empty() { "0".to_owned() } else { flags.join(" | ") };
        let kind = print_type(text(field, "type"), todo);
        let mut out = format!("field({name:?}, {kind}, {number}, {flags})");
        let property = schema.and_then(|s| s.get("properties")?.get(name));
        let unrecorded = schema.is_none().then(|| unrecorded(message, name)).flatten();
        if let Some(facts) = print_facts(field, property, unrecorded)? {
            let _ = write!(out, ".with(&{facts})");
        }
        Ok(out)
    }
}

/// What [`LISTS`] says of a field, in words.
fn unrecorded(message: &str, field: &str) -> Option<Vec<&'static str>> {
    LISTS.lines().find_map(|line| {
        let mut words = line.split(' ');
        (words.next() == Some(message) && words.next() == Some(field)).then(|| words.collect())
    })
}

fn map_type(schema: Option<&Value>) -> Option<&str> {
    schema?.get("x-kubernetes-map-type")?.as_str()
}

fn print_facts(
    field: &Value,
    property: Option<&Value>,
    unrecorded: Option<Vec<&str>>,
) -> anyhow::Result<Option<String>> {
    let empty = Map::new();
    let property = property.and_then(Value::as_object).unwrap_or(&empty);
    let mut out = String::new();
    let strategies: BTreeSet<&str> =
        text(field, "patchStrategy").split(',').filter(|s| !s.is_empty()).collect();
    for strategy in &strategies {
        match *strategy {
            "merge" => out.push_str("merge: true, "),
            "retainKeys" => out.push_str("retain_keys: true, "),
            // The same as no strategy: a list is replaced anyhow.
            "replace" => {}
            other => bail!("patch strategy {other} is not known"),
        }
    }
    if field.get("patchMergeKey").is_some() {
        let _ = write!(out, "merge_key: Some({:?}), ", text(field, "patchMergeKey"));
    }
    match property.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("atomic") => out.push_str("list: Some(List::Atomic), "),
        Some("set") => out.push_str("list: Some(List::Set), "),
        Some("map") => {
            let keys = strings(property.get("x-kubernetes-list-map-keys"));
            let _ = write!(out, "list: Some(List::Map(&{keys:?})), ");
        }
        Some(other) => bail!("list type {other} is not known"),
        None => {}
    }
    match property.get("x-kubernetes-map-type").and_then(Value::as_str) {
        Some("atomic") => out.push_str("atomic: true, "),
        Some("granular") | None => {}
        Some(other) => bail!("map type {other} is not known"),
    }
    match unrecorded.as_deref() {
        None => {}
        Some(["whole"]) => out.push_str("atomic: true, "),
        Some(["atomic"]) => out.push_str("list: Some(List::Atomic), "),
        Some(["set"]) => out.push_str("list: Some(List::Set), "),
        Some(["map", keys @ ..]) if !keys.is_empty() => {
            let _ = write!(out, "list: Some(List::Map(&{keys:?})), ");
        }
        Some(other) => bail!("a list that is {other:?} is not known"),
    }
    if let Some(default) = property.get("default") {
        let _ = write!(out, "default: Some({:?}), ", default.to_string());
    }
    if let Some(format) = property.get("format").and_then(Value::as_str) {
        let _ = write!(out, "format: Some({format:?}), ");
    }
    if let Some(values) = property.get("enum") {
        let _ = write!(out, "values: &{:?}, ", strings(Some(values)));
    }
    Ok((!out.is_empty()).then(|| format!("Facts {{ {out}..Facts::NONE }}")))
}

fn openapi_name(message: &str) -> String {
    match message.split_once('/') {
        Some(("meta", rest)) => format!("io.k8s.apimachinery.pkg.apis.meta.{rest}"),
        Some(("k8s.io", rest)) => format!("io.k8s.{}", rest.replace('/', ".")),
        Some(("apiregistration", rest)) => {
            format!("io.k8s.kube-aggregator.pkg.apis.apiregistration.{rest}")
        }
        _ => format!("io.k8s.api.{}", message.replace('/', ".")),
    }
}

fn print_type(of: &str, todo: &mut VecDeque<String>) -> String {
    if let Some(item) = of.strip_prefix("[]") {
        return format!("Type::List(&{})", print_type(item, todo));
    }
    if let Some((_, value)) = of.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
        return format!("Type::Map(&{})", print_type(value, todo));
    }
    let plain = match of {
        "string" => "String",
        "bool" => "Bool",
        "int32" => "Int32",
        "int64" => "Int64",
        "float64" => "Float",
        "bytes" => "Bytes",
        "api/resource.Quantity" => "Quantity",
        "meta/v1.Time" => "Time",
        "meta/v1.MicroTime" => "MicroTime",
        "util/intstr.IntOrString" => "IntOrString",
        "runtime.RawExtension" => "Raw",
        "meta/v1.FieldsV1" => "Fields",
        of if of.ends_with("apiextensions/v1.JSON") => "Json",
        of => {
            let either = EITHER.iter().find(|(name, _)| of.rsplit('.').next() == Some(name));
            let (kind, message) = match either {
                Some((name, kind)) => (*kind, of.replace(name, "JSONSchemaProps")),
                None => ("Message", of.to_owned()),
            };
            let printed = format!("Type::{kind}(&{})", constant(&message));
            todo.push_back(message);
            return printed;
        }
    };
    format!("Type::{plain}")
}

// === Resources ===

/// The lists of resources in the order of discovery, the core group first: group, version, list.
fn versions(discovery: &Value) -> Vec<(&str, &str, &Value)> {
    let lists = discovery.as_object().into_iter().flat_map(Map::values);
    let lists = lists.filter(|list| list.get("resources").is_some());
    lists
        .map(|list| {
            let whole = text(list, "groupVersion");
            let (group, version) = whole.split_once('/').unwrap_or(("", whole));
            (group, version, list)
        })
        .collect()
}

/// The group and version of a resource's kind, which may be of another group than the resource.
fn kind_version<'a>(group: &'a str, version: &'a str, resource: &'a Value) -> (&'a str, &'a str) {
    match resource.get("version").and_then(Value::as_str) {
        Some(version) => (text(resource, "group"), version),
        None => (group, version),
    }
}

fn resources(discovery: &Value, columns: &Value) -> anyhow::Result<String> {
    let mut out = format!("//! The resources of the API and their tables. {HEADER}\n\n");
    out.push_str("use crate::api::{Column, Group, Resource, Subresource, Version};\n\n");
    out.push_str("/// In the order of discovery.\npub(crate) static GROUPS: &[Group] = &[\n");
    let all = versions(discovery);
    let mut at = 0;
    while let Some((group, ..)) = all.get(at) {
        let _ = write!(out, "    Group {{\n        name: {group:?},\n        versions: &[\n");
        while let Some((_, version, list)) = all.get(at).filter(|(g, ..)| g == group) {
            let _ = write!(
                out,
                "            Version {{\n                name: {version:?},\n                resources: &[\n"
            );
            print_resources(&mut out, group, version, list, columns)?;
            out.push_str("                ],\n            },\n");
            at += 1;
        }
        out.push_str("        ],\n    },\n");
    }
    out.push_str("];\n");
    Ok(out)
}

fn print_resources(
    out: &mut String,
    group: &str,
    version: &str,
    list: &Value,
    columns: &Value,
) -> anyhow::Result<()> {
    let listed = list.get("resources").and_then(Value::as_array).context("no resources")?;
    let (subresources, resources): (Vec<&Value>, Vec<&Value>) =
        listed.iter().partition(|r| text(r, "name").contains('/'));
    for resource in resources {
        let plural = text(resource, "name");
        let path = match group {
            "" => format!("/api/{version}/{plural}"),
            _ => format!("/apis/{group}/{version}/{plural}"),
        };
        let namespaced = resource.get("namespaced").and_then(Value::as_bool).unwrap_or(false);
        let _ = write!(
            out,
            "                    Resource {{ group: {group:?}, version: {version:?}, plural: {plural:?}, \
             singular: {:?}, kind: {:?}, namespaced: {namespaced}, verbs: &{:?}, short_names: &{:?}, \
             categories: &{:?}, storage_hash: {:?},\n                        columns: &[",
            text(resource, "singularName"),
            text(resource, "kind"),
            strings(resource.get("verbs")),
            strings(resource.get("shortNames")),
            strings(resource.get("categories")),
            text(resource, "storageVersionHash"),
        );
        for column in columns.get(&path).and_then(Value::as_array).into_iter().flatten() {
            let word = |at: usize| column.get(at).and_then(Value::as_str).unwrap_or_default();
            let priority = column.get(3).and_then(Value::as_i64).unwrap_or_default();
            let _ = write!(
                out,
                "\n                            Column {{ name: {:?}, kind: {:?}, format: {:?}, priority: {priority} }},",
                word(0),
                word(1),
                word(2),
            );
        }
        out.push_str("],\n                        subresources: &[");
        for sub in &subresources {
            let Some(("", name)) =
                text(sub, "name").strip_prefix(plural).and_then(|r| r.split_once('/'))
            else {
                continue;
            };
            let (group, version) = kind_version(group, version, sub);
            let _ = write!(
                out,
                "\n                            Subresource {{ name: {name:?}, group: {group:?}, version: {version:?}, \
                 kind: {:?}, verbs: &{:?} }},",
                text(sub, "kind"),
                strings(sub.get("verbs")),
            );
        }
        out.push_str("] },\n");
    }
    Ok(())
}
