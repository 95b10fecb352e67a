//! Who set which field: `metadata.managedFields` of creates, updates and patches.
//!
//! ```text
//! old object ─┐
//!             ├─ diff (by the tables) ─► fields changed, fields removed
//! new object ─┘                            │            │
//! entries of managedFields ──── lose both ◄┴────────────┘
//!        └── the writer's entry gains what changed, and the time
//! ```
//!
//! KEP-555 (server-side apply) is the law. Applying itself is not here; entries of appliers are
//! kept, and lose what others overwrite.

mod diff;
mod entry;
mod reset;
mod scale;
mod set;

use std::collections::HashSet;

use serde_json::Value;

use crate::api::{self, Message};
use crate::decode;
use crate::json::Object;
use entry::{Entry, Operation};

pub(crate) use diff::granular;
pub use reset::{Reset, reset};
pub use scale::{scale_entries, scaled_entries};

/// How many entries of updates an object keeps, as the API server limits them: clients that name
/// themselves anew every time would let an object grow without end. The oldest are merged.
const UPDATERS_MAX: usize = 10;

/// Under which name the oldest entries are merged.
const OLDEST: &str = "ancient-changes";

/// How many bytes of a user agent name a manager, as the API server limits them.
const MANAGER_BYTES_MAX: usize = 128;

/// Who writes, and when.
#[derive(Clone, Copy, Debug)]
pub struct Manager<'a> {
    /// The name: see [`manager_name`].
    pub name: &'a str,
    /// The version the object is written in: `apps/v1`.
    pub api_version: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// The subresource written to, or empty.
    pub subresource: &'a str,
    /// The moment, as the API prints it: `2027-01-31T08:15:00Z`.
    pub time: &'a str,
}

/// How a writer is called: what the request says in `fieldManager`, or else the program that the
/// user agent names, without what cannot be printed.
pub fn manager_name(field_manager: &str, user_agent: &str) -> String {
    if !field_manager.is_empty() {
        return field_manager.to_owned();
    }
    let program = user_agent.split('/').next().unwrap_or_default();
    let mut name = String::new();
    for c in program.chars().filter(|c| !c.is_control()) {
        if name.len() + c.len_utf8() > MANAGER_BYTES_MAX {
            break;
        }
        name.push(c);
    }
    name
}

/// Brings `managedFields` of `new` up to date with what a write changes.
///
/// `old` is what is stored, none for a create. `new` is what shall be, decoded and defaulted, and
/// not yet seen by admission: what admission and the storage layer fill in belongs to nobody. Of
/// `managedFields` it holds what the request says of them: entries to be taken as they are, a list
/// that is empty or of one empty item to forget all, or nothing.
///
/// An object nobody is said to own stays that way: an update does not start the record. Where an
/// object cannot be taken apart (an item of a list has no name), the entries stay as they were.
pub fn update(
    message: &'static Message,
    reset: &Reset,
    old: Option<&Object>,
    new: &mut Object,
    by: &Manager<'_>,
) {
    let mut entries = entries(old, new, !by.subresource.is_empty());
    let stored = old.is_some_and(|old| metadata(old, "uid").is_some());
    if !(entries.is_empty() && stored) {
        let changes = match old {
            Some(old) => diff::diff(message, old, new),
            None => diff::diff(message, &decode::zero(message), new),
        };
        if let Ok(mut changes) = changes {
            reset.cut(&mut changes.changed);
            reset.cut(&mut changes.removed);
            entries.retain(|entry| entry.api_version == by.api_version || known(entry, by.kind));
            own(&mut entries, changes, by);
            cap(&mut entries);
        }
    }
    entries.sort_by(Entry::in_order);
    write(new, entries);
}

/// Puts the times of the old entries back if nothing but times was changed, so that a write which
/// changes nothing is one: the API server does so after admission. True if nothing was changed.
pub fn keep_times(old: &Object, new: &mut Object) -> bool {
    let entries = |object: &Object| {
        metadata(object, "managedFields").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let (before, after) = (entries(old), entries(new));
    let same = before.len() == after.len()
        && before.iter().zip(&after).all(|(before, after)| {
            let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else {
                return before == after;
            };
            let but_time = |(key, _): &(&String, &Value)| key.as_str() != "time";
            before.iter().filter(but_time).eq(after.iter().filter(but_time))
        });
    if !same {
        return false;
    }
    let Some(Value::Object(into)) = new.get_mut("metadata") else { return old == new };
    if before.is_empty() {
        return old == new;
    }
    let changed = into.insert("managedFields".into(), Value::Array(before));
    if old == new {
        return true;
    }
    if let (Some(Value::Object(into)), Some(changed)) = (new.get_mut("metadata"), changed) {
        into.insert("managedFields".into(), changed);
    }
    false
}

fn metadata<'a>(object: &'a Object, field: &str) -> Option<&'a Value> {
    object.get("metadata")?.as_object()?.get(field)
}

/// Takes the entries out of `new`; those of `old` if `new` says nothing that can be read.
fn entries(old: Option<&Object>, new: &mut Object, subresource: bool) -> Vec<Entry> {
    let said = match new.get_mut("metadata") {
        Some(Value::Object(metadata)) => metadata.shift_remove("managedFields"),
        _ => None,
    };
    let stored = old.and_then(|old| metadata(old, "managedFields"));
    match said {
        Some(Value::Array(said)) if !subresource => {
            let forgets = match said.as_slice() {
                [] => true,
                [Value::Object(only)] => only.is_empty(),
                _ => false,
            };
            if forgets {
                return Vec::new();
            }
            // Most writers send back what they have read.
            let as_stored = stored.and_then(Value::as_array).is_some_and(|stored| *stored == said);
            let read = if as_stored { entry::read(said) } else { entry::read_unknown(said) };
            match read {
                Some(entries) if !entries.is_empty() => return entries,
                _ => {}
            }
        }
        _ => {}
    }
    let stored = stored.and_then(Value::as_array).cloned().unwrap_or_default();
    entry::read(stored).unwrap_or_default()
}

/// Whether the object can be seen in the version of an entry. Entries of versions that are gone
/// are dropped, as the original drops them.
fn known(entry: &Entry, kind: &str) -> bool {
    let (group, version) = entry.api_version.split_once('/').unwrap_or(("", &entry.api_version));
    api::kind(group, version, kind).is_some()
}

/// Moves what was changed to its new owner, and forgets what was removed.
fn own(entries: &mut Vec<Entry>, changes: diff::Changes, by: &Manager<'_>) {
    for entry in entries.iter_mut() {
        set::subtract(&mut entry.fields, &changes.changed);
        set::subtract(&mut entry.fields, &changes.removed);
    }
    let mine = |entry: &Entry| {
        entry.operation == Operation::Update
            && entry.manager == by.name
            && entry.api_version == by.api_version
            && entry.subresource == by.subresource
    };
    if !changes.changed.is_empty() {
        match entries.iter_mut().find(|entry| mine(entry)) {
            Some(entry) => {
                set::unite(&mut entry.fields, changes.changed);
                entry.time = Some(by.time.to_owned());
            }
            None => entries.push(Entry {
                manager: by.name.to_owned(),
                operation: Operation::Update,
                api_version: by.api_version.to_owned(),
                subresource: by.subresource.to_owned(),
                time: Some(by.time.to_owned()),
                fields: changes.changed,
            }),
        }
    }
    entries.retain(|entry| !entry.fields.is_empty());
}

/// Merges the oldest entries of updates, those of one version together, until few enough are left.
fn cap(entries: &mut Vec<Entry>) {
    let updates = |entry: &&Entry| entry.operation == Operation::Update;
    let mut left = entries.iter().filter(updates).count();
    if left <= UPDATERS_MAX {
        return;
    }
    let all = std::mem::take(entries);
    let (mut updaters, appliers): (Vec<Entry>, Vec<Entry>) =
        all.into_iter().partition(|entry| entry.operation == Operation::Update);
    updaters.sort_by(Entry::by_age);
    let mut kept: Vec<Entry> = Vec::with_capacity(UPDATERS_MAX);
    let mut merged_versions = HashSet::new();
    for entry in updaters {
        let same_version = |other: &&mut Entry| other.api_version == entry.api_version;
        match kept.iter_mut().find(same_version) {
            Some(oldest) if left > UPDATERS_MAX => {
                merged_versions.insert(entry.api_version.clone());
                set::unite(&mut oldest.fields, entry.fields);
                oldest.time = entry.time;
                left -= 1;
            }
            _ => kept.push(entry),
        }
    }
    for version in merged_versions {
        if let Some(oldest) = kept.iter_mut().find(|entry| entry.api_version == version) {
            oldest.manager = OLDEST.into();
            oldest.subresource = String::new();
        }
    }
    *entries = appliers;
    entries.append(&mut kept);
}

fn write(new: &mut Object, entries: Vec<Entry>) {
    if entries.is_empty() {
        return;
    }
    if let Some(Value::Object(metadata)) = new.get_mut("metadata") {
        // The last field of the struct.
        let entries = entries.into_iter().map(|entry| Value::Object(entry.into_object()));
        metadata.insert("managedFields".into(), Value::Array(entries.collect()));
    }
}

#[cfg(test)]
mod tests;
