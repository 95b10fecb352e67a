//! Entries of `managedFields`.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::set;
use crate::json::Object;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Operation {
    Apply,
    Update,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub manager: String,
    pub operation: Operation,
    pub api_version: String,
    pub subresource: String,
    pub time: Option<String>,
    pub fields: Object,
}

impl Entry {
    fn of(value: Value) -> Option<Self> {
        let Value::Object(mut entry) = value else { return None };
        let mut text = |name: &str| match entry.get_mut(name).map(Value::take) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let operation = match text("operation").as_str() {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        let read = Self {
            manager: text("manager"),
            operation,
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: Some(text("time")).filter(|time| !time.is_empty()),
            fields: Map::new(),
        };
        if read.api_version.is_empty() || text("fieldsType") != "FieldsV1" {
            return None;
        }
        match entry.get_mut("fieldsV1").map(Value::take) {
            Some(Value::Object(fields)) => Some(Self { fields, ..read }),
            Some(Value::Null) | None => Some(read),
            _ => None,
        }
    }

    pub(super) fn into_object(self) -> Object {
        let mut out = Map::new();
        let mut put = |name: &str, text: String| {
            if !text.is_empty() {
                out.insert(name.into(), Value::String(text));
            }
        };
        put("manager", self.manager);
        let operation = match self.operation {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        };
        put("operation", operation.into());
        put("apiVersion", self.api_version);
        put("time", self.time.unwrap_or_default());
        put("fieldsType", "FieldsV1".into());
        out.insert("fieldsV1".into(), Value::Object(self.fields));
        if !self.subresource.is_empty() {
            out.insert("subresource".into(), Value::String(self.subresource));
        }
        out
    }

    /// The order of the list: appliers first, then by time, then by name.
    pub(super) fn in_order(&self, other: &Self) -> Ordering {
        self.operation.cmp(&other.operation).then_with(|| self.by_age(other))
    }

    /// The oldest first, then by name.
    pub(super) fn by_age(&self, other: &Self) -> Ordering {
        // Times are printed so that their text is in their order.
        self.time.cmp(&other.time).then_with(|| self.names().cmp(&other.names()))
    }

    fn names(&self) -> (&str, &str, &str) {
        (&self.manager, &self.api_version, &self.subresource)
    }
}

/// The entries of a list that the server itself wrote; none if one of them is no entry.
pub(super) fn read(list: Vec<Value>) -> Option<Vec<Entry>> {
    list.into_iter().map(Entry::of).collect()
}

/// The entries of a list that somebody sent: their sets are checked, and of two entries of one
/// manager the later counts.
pub(super) fn read_unknown(list: Vec<Value>) -> Option<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::with_capacity(list.len());
    let mut places: HashMap<(String, Operation, String, String), usize> = HashMap::new();
    for mut entry in read(list)? {
        entry.fields = set::canonical(entry.fields)?;
        // An applier is the same one in whatever version it applies.
        let version = match entry.operation {
            Operation::Apply => String::new(),
            Operation::Update => entry.api_version.clone(),
        };
        let name = (entry.manager.clone(), entry.operation, version, entry.subresource.clone());
        match places.get(&name).and_then(|at| entries.get_mut(*at)) {
            Some(earlier) => *earlier = entry,
            None => {
                places.insert(name, entries.len());
                entries.push(entry);
            }
        }
    }
    Some(entries)
}
