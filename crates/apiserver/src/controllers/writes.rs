//! How controllers read and write.

use std::sync::Arc;

use portcullis_kinds::Object;
use portcullis_schema::api;
use portcullis_store::{Entry, Snapshot};
use serde_json::Value;

use super::{Again, MANAGER};
use crate::ask::Target;
use crate::backend::Backend;
use crate::gates::admitted::{Admitted, Written};
use crate::options::{DeleteOptions, Propagation};
use crate::resource::{Resource, api_version};
use crate::server::Server;
use crate::services::Allocation;
use crate::verbs::create::settle;
use crate::verbs::delete::{ends_now, going};
use crate::{managed, meta, stored};

/// An object as a controller found it.
#[derive(Clone)]
pub(super) struct Held {
    /// As it is stored.
    pub(super) entry: Arc<Entry>,
    /// As it reads.
    pub(super) object: Arc<Object>,
}

/// A resource of the core group.
pub(super) fn core(plural: &str) -> Result<&'static Resource, Again> {
    api::resource("", "v1", plural).ok_or(Again)
}

/// What a key holds.
pub(super) fn held(view: &Snapshot, key: &str) -> Result<Option<Held>, Again> {
    let Some(entry) = view.get(key.as_bytes()) else { return Ok(None) };
    let object = stored::read(entry).map_err(|_| Again)?;
    Ok(Some(Held { entry: Arc::clone(entry), object }))
}

/// The same, read for this alone: what is looked at once is not worth being kept as it reads.
pub(super) fn glimpsed(view: &Snapshot, key: &str) -> Result<Option<Held>, Again> {
    let Some(entry) = view.get(key.as_bytes()) else { return Ok(None) };
    let object = read(&entry.value)?;
    Ok(Some(Held { entry: Arc::clone(entry), object: Arc::new(object) }))
}

/// An object as it is stored.
pub(super) fn read(bytes: &[u8]) -> Result<Object, Again> {
    serde_json::from_slice(bytes).map_err(|_| Again)
}

/// A namespace, if things can be made in it.
pub(super) fn living_namespace(view: &Snapshot, name: &str) -> Result<Option<Held>, Again> {
    let namespace = held(view, &format!("/registry/namespaces/{name}"))?;
    Ok(namespace.filter(|namespace| !meta::is_terminating(&namespace.object)))
}

/// Writes it if there is something to write, or says that it is to be judged again.
pub(super) async fn write<B: Backend>(
    server: &Server<B>,
    admitted: impl Into<Option<Admitted>>,
) -> Result<(), Again> {
    let Some(admitted) = admitted.into() else { return Ok(()) };
    match admitted.write(&server.store).await? {
        Written::Done(_) => Ok(()),
        Written::Overtaken | Written::Unfounded => Err(Again),
    }
}

impl<B: Backend> Server<B> {
    /// A new object of which `body` is said.
    pub(super) fn made(&self, target: Target, body: Value) -> Object {
        let mut object = match body {
            Value::Object(object) => object,
            _ => Object::new(),
        };
        let now = self.clock.now();
        target.kind.default(&mut object);
        managed::by(MANAGER, now, target, None, &mut object);
        meta::set(&mut object, "creationTimestamp", now.to_string());
        meta::set(&mut object, "uid", self.random.uuid());
        target.kind.prepare_create(&mut object);
        settle(target, &mut object);
        meta::sort(&mut object);
        object
    }

    /// An object after a change, which the fields' owners tell.
    pub(super) fn amended(
        &self,
        target: Target,
        old: &Object,
        change: impl FnOnce(&mut Object),
    ) -> Object {
        let resource = target.resource;
        // Who owns fields in another version is known by the kind.
        let mut next = stored::with_kind(old, resource.kind, &api_version(resource));
        change(&mut next);
        managed::by(MANAGER, self.clock.now(), target, Some(old), &mut next);
        settle(target, &mut next);
        managed::keep_times(old, &mut next);
        meta::sort(&mut next);
        next
    }

    /// The change of an object to `next`, under the condition that it is still what was read; none if it
    /// changes nothing. What was going and has nothing left that keeps it goes.
    pub(super) fn becoming(
        &self,
        resource: &'static Resource,
        key: &str,
        entry: &Arc<Entry>,
        old: &Object,
        next: Object,
    ) -> Option<Admitted> {
        let target = Target::of(resource);
        let entry = Arc::clone(entry);
        if ends_now(target, &next) {
            let admitted = Admitted::by_controller(key.to_owned(), Some(entry), None);
            return Some(Allocation::of_deleted(target, old).beside(admitted));
        }
        if stored::is_same(&entry, &next) {
            return None;
        }
        Some(Admitted::by_controller(key.to_owned(), Some(entry), Some(next)))
    }

    /// The deletion of an object, as far as it can go now; none if it can go no further.
    pub(super) fn departure(
        &self,
        resource: &'static Resource,
        entry: &Arc<Entry>,
        old: &Object,
        propagation: Propagation,
    ) -> Option<Admitted> {
        let options = DeleteOptions { propagation: Some(propagation), ..DeleteOptions::default() };
        let next = going(self.clock.now(), Target::of(resource), &options, old);
        let key = String::from_utf8_lossy(&entry.key).into_owned();
        self.becoming(resource, &key, entry, old, next)
    }
}
