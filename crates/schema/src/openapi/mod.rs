//! What a server says its objects look like: OpenAPI, version 3 by groups and version 2 in one
//! piece.
//!
//! ```text
//! tables ──paths──► path items ─┐               ┌─► JSON
//!    └────schema──► schemas ────┴─► a document ─┴─► protobuf (version 2, for kubectl)
//! ```
//!
//! A document is written piece by piece into its bytes; no tree of the whole is ever built, because
//! version 2 is megabytes of text and several times that as a tree. Nothing is kept here: whoever
//! serves it keeps what is asked for. Without descriptions: those of the original are not ours.

mod facts;
mod gnostic;
mod paths;
mod schema;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::api::Group;
use schema::{Speech, VERSION, meta};

pub use gnostic::{ASKED_FOR as PROTOBUF_ASKED_FOR, MEDIA_TYPE as PROTOBUF_MEDIA_TYPE};
pub use schema::item_values;

/// Which version of Kubernetes the documents say they describe.
const KUBERNETES: &str = "1.35";

// === Version 3 ===

/// The documents there are, by the path that stands behind `/openapi/v3/`: `apis/apps/v1`.
pub fn v3_documents(served: &[&Group]) -> Vec<String> {
    let mut out: Vec<String> =
        [".well-known/openid-configuration", "api", "apis", "openid/v1/jwks", "version"]
            .map(str::to_owned)
            .into();
    for group in served {
        let root = match group.name {
            "" => "api".to_owned(),
            name => {
                out.push(format!("apis/{name}"));
                format!("apis/{name}")
            }
        };
        out.extend(group.versions.iter().map(|version| format!("{root}/{}", version.name)));
    }
    out.sort_unstable();
    out
}

/// `/openapi/v3`: where each document lies. `fingerprint` goes into every address, so that a client
/// which keeps documents asks anew once it changes: it has to with every version of this program
/// and with what is served.
pub fn v3_index(served: &[&Group], fingerprint: &str) -> Value {
    let paths = v3_documents(served).into_iter().map(|path| {
        let address = format!("/openapi/v3/{path}?hash={fingerprint}");
        (path, json!({ "serverRelativeURL": address }))
    });
    json!({ "paths": Value::Object(paths.collect()) })
}

/// `/openapi/v3/PATH`, as JSON; none if there is no such document.
pub fn v3(served: &[&Group], path: &str) -> Option<Vec<u8>> {
    let items = v3_items(served, path)?;
    let head = json!({
        "openapi": "3.0.0",
        "info": { "title": "Kubernetes", "version": KUBERNETES },
    });
    let mut out = Writer::new(&head);
    let names = out.paths(items, Speech::V3);
    out.text(",\"components\":{\"schemas\":{");
    out.schemas(names, Speech::V3);
    let security = json!({
        "BearerToken": { "type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header" },
    });
    out.text("},\"securitySchemes\":");
    out.text(&security.to_string());
    out.text("}}");
    Some(out.bytes)
}

fn v3_items(served: &[&Group], path: &str) -> Option<Vec<(String, Value)>> {
    if let Some(item) = of_server(Speech::V3, path) {
        return Some(vec![item]);
    }
    let parts: Vec<&str> = path.split('/').collect();
    let (name, version) = match parts.as_slice() {
        ["api", version] => ("", Some(*version)),
        ["apis", group] if !group.is_empty() => (*group, None),
        ["apis", group, version] if !group.is_empty() => (*group, Some(*version)),
        _ => return None,
    };
    let group = served.iter().find(|group| group.name == name)?;
    Some(match version {
        None => vec![of_group(Speech::V3, group)],
        Some(version) => {
            let version = group.versions.iter().find(|v| v.name == version)?;
            paths::of_version(Speech::V3, group, version)
        }
    })
}

/// The paths that belong to no version of a group.
fn of_server(speech: Speech, path: &str) -> Option<(String, Value)> {
    let at = format!("/{path}/");
    Some(match path {
        "api" => {
            let id = "getCoreAPIVersions".into();
            paths::discovery(speech, at, id, "core", &meta("APIVersions"))
        }
        "apis" => {
            let id = "getAPIVersions".into();
            paths::discovery(speech, at, id, "apis", &meta("APIGroupList"))
        }
        "version" => paths::plain(speech, at, "getCodeVersion", "version", Some(VERSION)),
        ".well-known/openid-configuration" => {
            let id = "getServiceAccountIssuerOpenIDConfiguration";
            paths::plain(speech, at, id, "WellKnown", None)
        }
        "openid/v1/jwks" => {
            paths::plain(speech, at, "getServiceAccountIssuerOpenIDKeyset", "openid", None)
        }
        _ => return None,
    })
}

/// What `/apis/GROUP/` answers.
fn of_group(speech: Speech, group: &Group) -> (String, Value) {
    let names = paths::Names::of(group.name, "");
    let id = format!("get{}APIGroup", names.prefix);
    let at = format!("/apis/{}/", group.name);
    paths::discovery(speech, at, id, &names.tag, &meta("APIGroup"))
}

// === Version 2 ===

/// `/openapi/v2`, as JSON.
pub fn v2(served: &[&Group]) -> Vec<u8> {
    let head = json!({
        "swagger": "2.0",
        "info": { "title": "Kubernetes", "version": KUBERNETES },
    });
    let mut out = Writer::new(&head);
    let names = out.paths(v2_items(served), Speech::V2);
    out.text(",\"definitions\":{");
    out.schemas(names, Speech::V2);
    out.text("},");
    let tail = v2_tail().to_string();
    out.text(tail.trim_start_matches('{'));
    out.bytes
}

/// `/openapi/v2`, as the protobuf message that kubectl reads: `openapi.v2.Document` of gnostic.
pub fn v2_protobuf(served: &[&Group]) -> Vec<u8> {
    let mut out = gnostic::Document::new(KUBERNETES);
    let mut todo = BTreeSet::new();
    for (path, item) in v2_items(served) {
        references(&item, Speech::V2, &mut todo);
        out.path(&path, &item);
    }
    for (name, schema) in closure(todo, Speech::V2) {
        out.definition(&name, &schema);
    }
    out.finish(&v2_tail())
}

fn v2_tail() -> Value {
    json!({
        "securityDefinitions": {
            "BearerToken": {
                "description": "Bearer Token authentication",
                "type": "apiKey",
                "name": "authorization",
                "in": "header",
            },
        },
        "security": [{ "BearerToken": [] }],
    })
}

/// Every path, one version of a group after the other.
fn v2_items(served: &[&Group]) -> impl Iterator<Item = (String, Value)> {
    let own = v3_documents(&[]).into_iter().filter_map(|path| of_server(Speech::V2, &path));
    let groups = served.iter().flat_map(|group| {
        let itself = (!group.name.is_empty()).then(|| of_group(Speech::V2, group));
        let versions = group.versions.iter();
        itself
            .into_iter()
            .chain(versions.flat_map(|version| paths::of_version(Speech::V2, group, version)))
    });
    own.chain(groups)
}

// === Writing ===

/// A document on its way into bytes.
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Starts with the members of `head`.
    fn new(head: &Value) -> Self {
        let text = head.to_string();
        let open = text.strip_suffix('}').unwrap_or(&text);
        Self { bytes: open.as_bytes().to_vec() }
    }

    fn text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn member(&mut self, first: &mut bool, name: &str, value: &Value) {
        if !std::mem::take(first) {
            self.text(",");
        }
        self.text(&Value::from(name).to_string());
        self.text(":");
        self.text(&value.to_string());
    }

    /// Writes the paths; returns the schemas they refer to.
    fn paths(
        &mut self,
        items: impl IntoIterator<Item = (String, Value)>,
        speech: Speech,
    ) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut first = true;
        self.text(",\"paths\":{");
        for (path, item) in items {
            references(&item, speech, &mut names);
            self.member(&mut first, &path, &item);
        }
        self.text("}");
        names
    }

    fn schemas(&mut self, names: BTreeSet<String>, speech: Speech) {
        let mut first = true;
        for (name, schema) in closure(names, speech) {
            self.member(&mut first, &name, &schema);
        }
    }
}

/// These schemas and all that they refer to.
fn closure(names: BTreeSet<String>, speech: Speech) -> impl Iterator<Item = (String, Value)> {
    let mut seen = names.clone();
    let mut todo = names;
    std::iter::from_fn(move || {
        let name = todo.pop_first()?;
        let schema = schema::schema(speech, &name);
        let mut referred = BTreeSet::new();
        references(&schema, speech, &mut referred);
        todo.extend(referred.into_iter().filter(|name| seen.insert(name.clone())));
        Some((name, schema))
    })
}

/// The schemas that a value refers to.
fn references(value: &Value, speech: Speech, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            let name = map.get("$ref").and_then(Value::as_str);
            out.extend(name.and_then(|r| r.strip_prefix(&speech.pointer(""))).map(str::to_owned));
            map.values().for_each(|value| references(value, speech, out));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, speech, out)),
        _ => {}
    }
}

/// An object as it is sent: never null.
pub(crate) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

#[cfg(test)]
mod tests;
