//! What is owned goes with its owners (garbage-collector-controller).
//!
//! The law is "Owners and Dependents" and "Garbage Collection" of the Kubernetes documentation: an object
//! all of whose owners are gone is deleted; one that goes in the foreground waits for what blocks it; one
//! that goes as an orphan-maker lets go of what it owns first.

use portcullis_kinds::Object;
use portcullis_store::Snapshot;
use serde_json::Value;

use super::Again;
use super::kin::{Kin, OwnerReference, references};
use super::table::{Place, place};
use super::writes::{Held, glimpsed, held, write};
use crate::ask::Target;
use crate::backend::Backend;
use crate::meta;
use crate::options::Propagation;
use crate::server::Server;
use crate::verbs::delete::{FOREGROUND, ORPHAN};

/// How an object stands with one of its owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tie {
    /// The owner is there.
    Solid,
    /// It is there, and goes as soon as what it owns has gone.
    Waiting,
    /// It is not there.
    Dangling,
}

impl<B: Backend> Server<B> {
    /// Does what is due for the object at a key: as one that is owned, or as an owner that is going.
    pub(super) async fn owned_object(&self, key: &str, kin: &Kin) -> Result<(), Again> {
        let view = self.store.view();
        let Some(found) = glimpsed(&view, key)? else { return Ok(()) };
        if !meta::is_terminating(&found.object) {
            return self.judged(&view, key, kin, &found).await;
        }
        let waits_for = |one: &str| meta::finalizers(&found.object).any(|held| held == one);
        if waits_for(ORPHAN) {
            for dependent in dependents(&view, kin, key, &found.object)? {
                self.disowned(&dependent, |one| one.uid == meta::uid(&found.object)).await?;
            }
            return self.without_finalizer(key, &found, ORPHAN).await;
        }
        if waits_for(FOREGROUND) {
            let uid = meta::uid(&found.object);
            let blocked = dependents(&view, kin, key, &found.object)?.iter().any(|(key, held)| {
                references(key, &held.object).iter().any(|one| one.uid == uid && one.blocks)
            });
            if !blocked {
                return self.without_finalizer(key, &found, FOREGROUND).await;
            }
        }
        Ok(())
    }

    /// Whether one that is owned stays.
    async fn judged(
        &self,
        view: &Snapshot,
        key: &str,
        kin: &Kin,
        found: &Held,
    ) -> Result<(), Again> {
        let Some(Place { resource, .. }) = place(key.as_bytes()) else { return Ok(()) };
        let owners = references(key, &found.object);
        if owners.is_empty() {
            return Ok(());
        }
        let mut ties = Vec::with_capacity(owners.len());
        for owner in &owners {
            // What cannot be an owner, or is of a kind that is not known here, is not known to be gone.
            let Some(tie) = tie(view, owner)? else { return Ok(()) };
            ties.push((owner, tie));
        }
        let any = |tie: Tie| ties.iter().any(|(_, one)| *one == tie);
        if any(Tie::Solid) {
            if any(Tie::Waiting) || any(Tie::Dangling) {
                let loose: Vec<&str> = ties
                    .iter()
                    .filter(|(_, tie)| *tie != Tie::Solid)
                    .map(|(owner, _)| owner.uid.as_str())
                    .collect();
                let dependent = (key.to_owned(), found.clone());
                self.disowned(&dependent, |one| loose.contains(&one.uid.as_str())).await?;
            }
            return Ok(());
        }
        let owned = dependents(view, kin, key, &found.object)?;
        let propagation = if any(Tie::Waiting) && !owned.is_empty() {
            let circle = owned.iter().any(|(_, held)| {
                meta::finalizers(&held.object).any(|finalizer| finalizer == FOREGROUND)
            });
            if circle {
                // They wait for each other: this one stops blocking, or none would ever go.
                return self.unblocking(key, found).await;
            }
            Propagation::Foreground
        } else {
            let says = |one: &str| meta::finalizers(&found.object).any(|held| held == one);
            match (says(ORPHAN), says(FOREGROUND)) {
                (true, _) => Propagation::Orphan,
                (false, true) => Propagation::Foreground,
                (false, false) => Propagation::Background,
            }
        };
        write(self, self.departure(resource, &found.entry, &found.object, propagation)).await
    }

    /// Takes owner references away.
    async fn disowned(
        &self,
        (key, found): &(String, Held),
        loose: impl Fn(&OwnerReference) -> bool,
    ) -> Result<(), Again> {
        let gone: Vec<String> = references(key, &found.object)
            .into_iter()
            .filter(|one| loose(one))
            .map(|one| one.uid)
            .collect();
        self.with_owners(key, found, |owners| {
            owners.retain(|one| {
                let uid = one.get("uid").and_then(Value::as_str).unwrap_or_default();
                !gone.iter().any(|gone| gone == uid)
            });
        })
        .await
    }

    /// Lets the owners of an object go before it.
    async fn unblocking(&self, key: &str, found: &Held) -> Result<(), Again> {
        let blocks = references(key, &found.object).iter().any(|reference| reference.blocks);
        if !blocks {
            let Some(Place { resource, .. }) = place(key.as_bytes()) else { return Ok(()) };
            let propagation = Propagation::Foreground;
            return write(self, self.departure(resource, &found.entry, &found.object, propagation))
                .await;
        }
        self.with_owners(key, found, |owners| {
            for one in owners.iter_mut().filter_map(Value::as_object_mut) {
                if one.contains_key("blockOwnerDeletion") {
                    one.insert("blockOwnerDeletion".to_owned(), false.into());
                }
            }
        })
        .await
    }

    async fn with_owners(
        &self,
        key: &str,
        found: &Held,
        change: impl FnOnce(&mut Vec<Value>),
    ) -> Result<(), Again> {
        self.amend_metadata(key, found, "ownerReferences", change).await
    }

    async fn without_finalizer(&self, key: &str, found: &Held, name: &str) -> Result<(), Again> {
        let change = |listed: &mut Vec<Value>| listed.retain(|one| one.as_str() != Some(name));
        self.amend_metadata(key, found, "finalizers", change).await
    }

    /// Changes a list of the metadata; one that becomes empty goes.
    async fn amend_metadata(
        &self,
        key: &str,
        found: &Held,
        field: &str,
        change: impl FnOnce(&mut Vec<Value>),
    ) -> Result<(), Again> {
        let Some(Place { resource, .. }) = place(key.as_bytes()) else { return Ok(()) };
        let next = self.amended(Target::of(resource), &found.object, |object| {
            let listed = meta::metadata_mut(object).get_mut(field).and_then(Value::as_array_mut);
            let mut listed = listed.map(std::mem::take).unwrap_or_default();
            change(&mut listed);
            let listed = if listed.is_empty() { Value::Null } else { Value::Array(listed) };
            meta::set(object, field, listed);
        });
        write(self, self.becoming(resource, key, &found.entry, &found.object, next)).await
    }
}

/// How an object stands with an owner; none if that cannot be told.
fn tie(view: &Snapshot, owner: &OwnerReference) -> Result<Option<Tie>, Again> {
    let Some(key) = &owner.key else { return Ok(None) };
    let Some(found) = held(view, key)?.filter(|found| meta::uid(&found.object) == owner.uid) else {
        return Ok(Some(Tie::Dangling));
    };
    let waits = meta::is_terminating(&found.object)
        && meta::finalizers(&found.object).any(|one| one == FOREGROUND);
    Ok(Some(if waits { Tie::Waiting } else { Tie::Solid }))
}

/// What is there and owned by an object, by its uid.
fn dependents(
    view: &Snapshot,
    kin: &Kin,
    key: &str,
    owner: &Object,
) -> Result<Vec<(String, Held)>, Again> {
    let uid = meta::uid(owner);
    let mut owned = Vec::new();
    for dependent in kin.dependents(key) {
        if let Some(found) = glimpsed(view, dependent)?
            && references(dependent, &found.object).iter().any(|one| one.uid == uid)
        {
            owned.push((dependent.to_owned(), found));
        }
    }
    Ok(owned)
}
