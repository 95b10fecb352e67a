//! Who owns what: the owner references of everything, by where the owner would lie.

use std::collections::{BTreeSet, HashMap};

use portcullis_kinds::Object;
use portcullis_schema::{api, emulated};
use serde_json::Value;

use super::desk::says;
use super::table::place;
use crate::meta;
use crate::resource::key;
use crate::verbs::delete::{FOREGROUND, ORPHAN};

/// One `metadata.ownerReferences[]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnerReference {
    /// The owner's uid: another object of the same name is no owner.
    pub(super) uid: String,
    /// Where the owner lies; none if no object of that kind can own this one.
    pub(super) key: Option<String>,
    /// Whether the owner waits for this one when it goes after what it owns.
    pub(super) blocks: bool,
}

/// The dependents of every owner, and the owners of every dependent, by key. Only objects with owners are
/// kept, so what owns nothing costs nothing.
#[derive(Debug, Default)]
pub(super) struct Kin {
    dependents: HashMap<String, BTreeSet<String>>,
    owners: HashMap<String, Vec<String>>,
}

impl Kin {
    /// What says that it is owned by what lies at a key, or by what lay there.
    pub(super) fn dependents(&self, owner: &str) -> impl Iterator<Item = &str> {
        self.dependents.get(owner).into_iter().flatten().map(String::as_str)
    }

    /// Notes what a key holds now; answers which objects are to be looked at because of it.
    pub(super) fn note(&mut self, key: &str, held: Option<&[u8]>) -> Vec<String> {
        let owners = held.map(|held| owners_of(key, held)).unwrap_or_default();
        let mut concerned = Vec::new();
        // Whoever goes after what it owns waits for this.
        let before = self.settle(key, owners);
        let after = self.owners.get(key);
        if held.is_none() || after != Some(&before) {
            concerned.extend(before);
        }
        if let Some(after) = after {
            concerned.push(key.to_owned());
            // They may be on their way out, and have not known of this one.
            concerned.extend(after.iter().cloned());
        }
        // It waits to be told that what it owns has gone, or has been let go.
        let waits = held.is_some_and(|held| {
            says(held, "\"deletionTimestamp\"")
                && (says(held, &format!("\"{FOREGROUND}\""))
                    || says(held, &format!("\"{ORPHAN}\"")))
        });
        if waits {
            concerned.push(key.to_owned());
        }
        if held.is_none() || waits {
            concerned.extend(self.dependents(key).map(str::to_owned));
        }
        concerned
    }

    /// Takes down the owners of a key, and answers those it had before.
    fn settle(&mut self, key: &str, owners: Vec<String>) -> Vec<String> {
        let before = self.owners.remove(key).unwrap_or_default();
        for owner in &before {
            if let Some(dependents) = self.dependents.get_mut(owner) {
                dependents.remove(key);
                if dependents.is_empty() {
                    self.dependents.remove(owner);
                }
            }
        }
        for owner in &owners {
            self.dependents.entry(owner.clone()).or_default().insert(key.to_owned());
        }
        if !owners.is_empty() {
            self.owners.insert(key.to_owned(), owners);
        }
        before
    }
}

/// Where the owners of what is stored at a key would lie. What has owners is kept even if none of them can
/// be told, as one reference among others may be unreadable and the rest count.
fn owners_of(at: &str, held: &[u8]) -> Vec<String> {
    if !says(held, "\"ownerReferences\"") {
        return Vec::new();
    }
    let Ok(object) = serde_json::from_slice::<Object>(held) else { return Vec::new() };
    let mut keys: Vec<String> =
        references(at, &object).into_iter().filter_map(|reference| reference.key).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// The owner references of an object that lies at a key.
pub(super) fn references(at: &str, object: &Object) -> Vec<OwnerReference> {
    let listed = meta::metadata(object).and_then(|metadata| metadata.get("ownerReferences"));
    let listed = listed.and_then(Value::as_array).into_iter().flatten();
    listed.map(|one| reference(at, one)).collect()
}

fn reference(at: &str, value: &Value) -> OwnerReference {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
    let version = text("apiVersion");
    let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
    let kind = text("kind");
    let resource = api::resource_of_kind(group, version, kind)
        .or_else(|| emulated::resource_of_kind(group, version, kind));
    let namespace = place(at.as_bytes()).map_or("", |place| place.namespace);
    // An owner is in the same namespace or in none; what is in none has no owner that is in one.
    let possible = resource.filter(|resource| !resource.namespaced || !namespace.is_empty());
    OwnerReference {
        uid: text("uid").to_owned(),
        key: possible.map(|resource| key(resource, namespace, text("name"))),
        blocks: value.get("blockOwnerDeletion").and_then(Value::as_bool).unwrap_or(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key_of(at: &str, version: &str, kind: &str) -> Option<String> {
        let value = json!({"apiVersion": version, "kind": kind, "name": "o", "uid": "u"});
        reference(at, &value).key
    }

    #[test]
    fn an_owner_lies_in_the_same_namespace_or_in_none() {
        let within = "/registry/configmaps/n/a";
        let across = "/registry/clusterroles/a";
        for (at, version, kind, want) in [
            (within, "v1", "ConfigMap", Some("/registry/configmaps/n/o")),
            (within, "apps/v1", "Deployment", Some("/registry/deployments/n/o")),
            (within, "v1", "Node", Some("/registry/minions/o")),
            (across, "v1", "Node", Some("/registry/minions/o")),
            (across, "v1", "ConfigMap", None),
            (within, "example.test/v1", "Guard", None),
            (within, "apps/v9", "Deployment", None),
        ] {
            assert_eq!(key_of(at, version, kind).as_deref(), want, "{at} {kind}");
        }
    }

    fn owned(by: &[&str]) -> Vec<u8> {
        let by: Vec<Value> = by
            .iter()
            .map(|name| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": "u"}))
            .collect();
        json!({"metadata": {"ownerReferences": by}}).to_string().into_bytes()
    }

    #[test]
    fn everybody_concerned_is_looked_at() {
        let at = |name: &str| format!("/registry/configmaps/n/{name}");
        let mut kin = Kin::default();
        let mut check = |name: &str, held: Option<&[u8]>, want: &[&str]| {
            let mut concerned = kin.note(&at(name), held);
            concerned.sort();
            concerned.dedup();
            assert_eq!(concerned, want.iter().map(|name| at(name)).collect::<Vec<_>>(), "{name}");
        };
        let going: &[u8] =
            br#"{"metadata":{"deletionTimestamp":"T","finalizers":["foregroundDeletion"]}}"#;
        let held: &[u8] = br#"{"metadata":{"deletionTimestamp":"T","finalizers":["a/b"]}}"#;
        check("o", Some(b"{}"), &[]);
        check("kid", Some(&owned(&["o"])), &["kid", "o"]);
        check("o", Some(b"{}"), &[]);
        check("o", Some(held), &[]);
        check("o", Some(going), &["kid", "o"]);
        check("o", None, &["kid"]);
        check("kid", Some(&owned(&["p"])), &["kid", "o", "p"]);
        check("o", None, &[]);
        check("kid", None, &["p"]);
        assert!(kin.owners.is_empty() && kin.dependents.is_empty());
    }
}
