//! `scale`: how many replicas, read and written without the rest of the object.

use portcullis_kinds::{FieldError, Object};
use portcullis_schema::api::Subresource;
use portcullis_schema::managed::{scale_entries, scaled_entries};
use portcullis_schema::patch::{Checked, apply_json, apply_merge};
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Document, written};
use crate::ask::{Ask, Target, namespace_of};
use crate::backend::Backend;
use crate::body;
use crate::negotiate::Offer;
use crate::options::WriteOptions;
use crate::resource::{api_version, key};
use crate::server::Server;
use crate::status::Status;
use crate::verbs::update::named_as;
use crate::{meta, stored};

const GROUP: &str = "autoscaling";

impl<B: Backend> Server<B> {
    pub(crate) async fn scale(
        &self,
        ask: &mut Ask,
        target: Target,
        part: &'static Subresource,
        verb: &str,
    ) -> Result<Answer, Status> {
        let form = ask.form(Offer::Objects)?;
        let namespace = namespace_of(&ask.info, target.resource).to_owned();
        let name = ask.info.name.to_string();
        // The object behind the scale is what is stored.
        let whole = Target { subresource: None, kind: target.kind_of_resource(), ..target };
        let scale = match verb {
            "get" => {
                let view = self.store.view();
                let lies = key(target.resource, &namespace, &name);
                let entry = view
                    .get(lies.as_bytes())
                    .ok_or_else(|| Status::not_found(target.resource, &name))?;
                let object =
                    stored::read(entry).map_err(|why| Status::internal(&why.to_string()))?;
                of(part, &object)
            }
            "update" | "patch" => {
                let kind = if verb == "update" { "UpdateOptions" } else { "PatchOptions" };
                let options = WriteOptions::read(&ask.info.query, kind)?;
                let sent = if verb == "update" {
                    let sent = body::object(ask, target, options.field_validation)?;
                    named_as(&sent, &name)?;
                    Some(sent)
                } else {
                    None
                };
                let updated = self
                    .change(ask, whole, &options, &namespace, &name, None, |ask, old| {
                        let Some(old) = old else {
                            return Err(Status::not_found(target.resource, &name));
                        };
                        let wanted = match &sent {
                            Some(sent) => sent.clone(),
                            None => patched(ask, owned(whole, old, of(part, old)))?,
                        };
                        scaled(whole, old, &wanted)
                    })
                    .await?;
                of(part, &*updated.made.object()?)
            }
            _ => return Err(Status::method_not_allowed()),
        };
        Ok(Answer::Document(Document {
            code: 200,
            media_type: form.encoding.media_type(),
            headers: Vec::new(),
            body: written(&scale, form.encoding, ask.pretty()),
        }))
    }
}

/// The scale of an object, in the version of the subresource.
fn of(part: &Subresource, object: &Object) -> Object {
    let mut metadata = Map::new();
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = meta::metadata(object).and_then(|metadata| metadata.get(field)) {
            metadata.insert(field.into(), value.clone());
        }
    }
    let number = |part: &str| {
        object.get(part).and_then(|part| part.get("replicas")).and_then(Value::as_i64).unwrap_or(0)
    };
    let mut spec = Map::new();
    if number("spec") != 0 {
        spec.insert("replicas".into(), number("spec").into());
    }
    let mut status = Map::new();
    status.insert("replicas".into(), number("status").into());
    let selector = object.get("spec").and_then(|spec| spec.get("selector"));
    if let Some(text) = selector.and_then(selector_text) {
        if part.group == GROUP {
            status.insert("selector".into(), text.into());
        } else {
            // Its first version had a map there, which cannot hold every selector.
            if let Some(labels) = selector.and_then(plain_labels) {
                status.insert("selector".into(), labels.clone());
            }
            status.insert("targetSelector".into(), text.into());
        }
    }
    let mut scale = Object::new();
    scale.insert("metadata".into(), metadata.into());
    scale.insert("spec".into(), spec.into());
    scale.insert("status".into(), status.into());
    stored::with_kind(&scale, part.kind, &format!("{}/{}", part.group, part.version))
}

/// A scale with who owns its replicas, which a patch may change and no answer shows.
fn owned(target: Target, object: &Object, mut scale: Object) -> Object {
    let entries = scale_entries(object, &api_version(target.resource));
    if !entries.is_empty() {
        meta::set(&mut scale, "managedFields", entries);
    }
    scale
}

/// The labels of a selector that asks for nothing else.
fn plain_labels(selector: &Value) -> Option<&Value> {
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    let none_else = expressions.is_none_or(Vec::is_empty);
    selector.get("matchLabels").filter(|_| none_else)
}

/// A selector as it stands in objects, as the text of one.
pub(crate) fn selector_text(selector: &Value) -> Option<String> {
    let selector = selector.as_object()?;
    let mut parts = Vec::new();
    let labels = match selector.get("matchLabels") {
        Some(labels) => labels.as_object(),
        None if selector.contains_key("matchExpressions") => None,
        None => Some(selector),
    };
    let mut pairs: Vec<(&String, &Value)> = labels.into_iter().flatten().collect();
    pairs.sort_by_key(|(key, _)| *key);
    parts.extend(
        pairs
            .into_iter()
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())),
    );
    let expressions =
        selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    for one in expressions.filter_map(Value::as_object) {
        let read = |field: &str| one.get(field).and_then(Value::as_str).unwrap_or_default();
        let mut values: Vec<&str> = one
            .get("values")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        values.sort_unstable();
        let (key, values) = (read("key"), values.join(","));
        parts.push(match read("operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    Some(parts.join(","))
}

fn patched(ask: &Ask, scale: Object) -> Result<Object, Status> {
    let applied = match body::media_type(&ask.content_type) {
        "application/json-patch+json" => apply_json(scale, &ask.body, Checked::Yes),
        "application/merge-patch+json" | "application/strategic-merge-patch+json" => {
            apply_merge(scale, &ask.body, Checked::Yes)
        }
        _ => return Err(Status::unsupported_media_type("415: Unsupported Media Type")),
    };
    Ok(applied.map_err(crate::verbs::patch::refused)?.object)
}

/// The object with the replicas of a scale.
fn scaled(target: Target, old: &Object, wanted: &Object) -> Result<Object, Status> {
    let replicas = wanted
        .get("spec")
        .and_then(|spec| spec.get("replicas"))
        .and_then(Value::as_i64)
        .unwrap_or(0);
    if replicas < 0 {
        let fault =
            FieldError::invalid("spec.replicas", replicas, "must be greater than or equal to 0");
        return Err(Status::invalid(GROUP, "Scale", meta::name(old), &[fault]));
    }
    let mut next = old.clone();
    if let Some(Value::Object(spec)) = next.get_mut("spec") {
        spec.insert("replicas".into(), replicas.into());
    } else {
        next.insert("spec".into(), json!({"replicas": replicas}));
    }
    let version = meta::text(wanted, "resourceVersion").to_owned();
    meta::set(
        &mut next,
        "resourceVersion",
        if version.is_empty() { Value::Null } else { version.into() },
    );
    let sent = meta::metadata(wanted).and_then(|metadata| metadata.get("managedFields"));
    let entries = scaled_entries(old, sent, &api_version(target.resource));
    meta::set(
        &mut next,
        "managedFields",
        if entries.is_empty() { Value::Null } else { entries.into() },
    );
    Ok(next)
}
