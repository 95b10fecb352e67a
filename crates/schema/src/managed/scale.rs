//! The entries of an object as its subresource `scale` shows them, and back.
//!
//! A `Scale` is no part of the object it scales: who owns `spec.replicas` there owns it here, and
//! nothing else.

use serde_json::{Map, Value};

use super::entry::{self, Entry};
use super::{metadata, set};
use crate::json::Object;

/// In which version a `Scale` is written.
const SCALE_VERSION: &str = "autoscaling/v1";

fn replicas() -> Object {
    let mut spec = Map::new();
    spec.insert("f:replicas".into(), Value::Object(Map::new()));
    let mut out = Map::new();
    out.insert("f:spec".into(), Value::Object(spec));
    out
}

fn has_replicas(set: &Object) -> bool {
    let spec = set.get("f:spec").and_then(Value::as_object);
    spec.is_some_and(|spec| spec.contains_key("f:replicas"))
}

fn entries(list: Option<&Value>) -> Vec<Entry> {
    let list = list.and_then(Value::as_array).cloned().unwrap_or_default();
    entry::read(list).unwrap_or_default()
}

fn list(mut entries: Vec<Entry>) -> Vec<Value> {
    entries.sort_by(Entry::in_order);
    entries.into_iter().map(|entry| Value::Object(entry.into_object())).collect()
}

/// The `managedFields` of the `Scale` of an object that is written in `api_version`: those entries
/// that own its replicas.
pub fn scale_entries(scaled: &Object, api_version: &str) -> Vec<Value> {
    let mut entries = entries(metadata(scaled, "managedFields"));
    entries.retain(|entry| entry.api_version == api_version && has_replicas(&entry.fields));
    for entry in &mut entries {
        entry.api_version = SCALE_VERSION.into();
        entry.fields = replicas();
    }
    list(entries)
}

/// The `managedFields` of an object after its `Scale` was written: `scale` are those of the
/// `Scale`. Who owned the replicas and does not any more loses them.
pub fn scaled_entries(scaled: &Object, scale: Option<&Value>, api_version: &str) -> Vec<Value> {
    let mut owners = entries(scale);
    owners.retain(|owner| has_replicas(&owner.fields));
    let mut all = entries(metadata(scaled, "managedFields"));
    for entry in &mut all {
        if !has_replicas(&entry.fields) {
            continue;
        }
        let same = |owner: &Entry| {
            (&owner.manager, owner.operation, &owner.subresource)
                == (&entry.manager, entry.operation, &entry.subresource)
        };
        match owners.iter().position(same) {
            Some(at) => {
                owners.remove(at);
            }
            None => set::subtract(&mut entry.fields, &replicas()),
        }
    }
    all.retain(|entry| !entry.fields.is_empty());
    all.extend(owners.into_iter().map(|owner| Entry {
        api_version: api_version.into(),
        fields: replicas(),
        ..owner
    }));
    list(all)
}
