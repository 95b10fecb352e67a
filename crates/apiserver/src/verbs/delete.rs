//! `delete` and `deletecollection`.

use std::sync::Arc;
use std::time::Duration;

use portcullis_admission::Operation;
use portcullis_core::Timestamp;
use portcullis_kinds::Object;
use portcullis_store::Entry;
use serde_json::Value;

use crate::admission::Doing;
use crate::answer::{Answer, Document, Include};
use crate::ask::{Ask, Target, namespace_of};
use crate::backend::Backend;
use crate::body;
use crate::gates::admitted::{Admitted, Written};
use crate::negotiate::Offer;
use crate::options::{DeleteOptions, ListOptions, Propagation};
use crate::resource::{key, prefix_in, qualified};
use crate::server::Server;
use crate::services::Allocation;
use crate::status::Status;
use crate::verbs::list::known_fields;
use crate::verbs::update::TURNS_MAX;
use crate::{meta, stored};

/// Finalizers that say what becomes of what the object owns.
pub(crate) const ORPHAN: &str = "orphan";
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

/// The resources whose objects are answered when they go, rather than a Status.
const ANSWERED_AS_OBJECTS: [&str; 5] =
    ["pods", "services", "serviceaccounts", "namespaces", "customresourcedefinitions"];

/// What became of an object that was to be deleted.
pub(crate) struct Deleted {
    /// As it was, or as it is while it is going.
    pub object: Object,
    /// Whether it is gone.
    pub gone: bool,
}

impl<B: Backend> Server<B> {
    /// Deletes an object.
    pub(crate) async fn delete(&self, ask: &mut Ask, target: Target) -> Result<Answer, Status> {
        let form = ask.form(Offer::Objects)?;
        let sent = body::delete_options(ask)?;
        let options = DeleteOptions::read(&ask.info.query, sent.as_ref())?;
        let namespace = namespace_of(&ask.info, target.resource).to_owned();
        let name = ask.info.name.to_string();
        let deleted = self.delete_object(ask, target, &options, &namespace, &name).await?;
        if deleted.gone && !ANSWERED_AS_OBJECTS.contains(&target.resource.plural) {
            return Ok(Status::deleted(target.resource, &name, meta::uid(&deleted.object)).into());
        }
        self.answer_object(ask, target, &deleted.object, form, 200)
    }

    /// Deletes one object, as far as it can go now.
    pub(crate) async fn delete_object(
        &self,
        ask: &mut Ask,
        target: Target,
        options: &DeleteOptions,
        namespace: &str,
        name: &str,
    ) -> Result<Deleted, Status> {
        let resource = target.resource;
        let lies = key(resource, namespace, name);
        for _ in 0..TURNS_MAX {
            let view = self.store.view();
            let doing = Doing { operation: Operation::Delete, target, namespace, name };
            let (_, chain) = self.admit(ask, doing, Object::new(), None)?;
            let Some(entry) = view.get(lies.as_bytes()).cloned() else {
                return Err(Status::not_found(resource, name));
            };
            let old = stored::read(&entry).map_err(|why| Status::internal(&why.to_string()))?;
            preconditions(options, target, &old, &entry, name)?;
            self.warn_of_what_is_not_enforced(ask, target, &old);
            let passed = self.judge(chain, doing, &old, Some(&old))?;
            let next = going(ask.now, target, options, &old);
            let gone = ends_now(target, &next);
            if options.dry_run {
                return Ok(Deleted { object: next, gone });
            }
            if !gone && stored::is_same(&entry, &next) {
                return Ok(Deleted { object: next, gone });
            }
            let new = (!gone).then(|| stored::Item::of(next.clone()));
            let admitted = Admitted::by_chain(passed, lies.clone(), Some(entry), new);
            let allocation =
                if gone { Allocation::of_deleted(target, &old) } else { Allocation::default() };
            let admitted = allocation.beside(admitted);
            if let Written::Done(revision) = admitted.write(&self.store).await? {
                self.follow_up(target, namespace, name).await;
                // Of a pod the last that is told is that it was ending.
                let mut object = if gone && !is_graceful(target) { (*old).clone() } else { next };
                meta::set(&mut object, "resourceVersion", revision.to_string());
                meta::sort(&mut object);
                return Ok(Deleted { object, gone });
            }
        }
        Err(Status::modified(resource, name))
    }

    /// Deletes every object that is selected, and answers with them.
    pub(crate) async fn delete_collection(
        &self,
        ask: &mut Ask,
        target: Target,
    ) -> Result<Answer, Status> {
        let form = ask.form(Offer::Objects)?;
        let list = ListOptions::read(&ask.info.query, false)?;
        known_fields(&list, target)?;
        let sent = body::delete_options(ask)?;
        let options = DeleteOptions::read(&ask.info.query, sent.as_ref())?;
        let namespace = namespace_of(&ask.info, target.resource).to_owned();
        let include = Include::read(ask.info.query.first("includeObject"))?;
        let listed = self.listed(target, &prefix_in(target.resource, &namespace), &list).await?;
        for entry in &listed.entries {
            let object = stored::read(entry).map_err(|why| Status::internal(&why.to_string()))?;
            let deleted = self
                .delete_object(ask, target, &options, meta::namespace(&object), meta::name(&object))
                .await;
            match deleted {
                Err(status) if status.reason == "NotFound" => {}
                Err(status) => return Err(status),
                Ok(_) => {}
            }
        }
        Ok(Answer::Document(Document {
            code: 200,
            media_type: form.encoding.media_type(),
            headers: Vec::new(),
            body: listed.write(form, include, ask.now, ask.pretty())?,
        }))
    }
}

/// The object on its way out: marked, with the finalizers that the propagation asks for.
pub(crate) fn going(
    now: Timestamp,
    target: Target,
    options: &DeleteOptions,
    old: &Object,
) -> Object {
    let mut next = old.clone();
    let mut finalizers: Vec<&str> =
        meta::finalizers(old).filter(|one| !matches!(*one, ORPHAN | FOREGROUND)).collect();
    let held = |one: &str| meta::finalizers(old).any(|finalizer| finalizer == one);
    match options.propagation {
        Some(Propagation::Orphan) => finalizers.push(ORPHAN),
        Some(Propagation::Foreground) => finalizers.push(FOREGROUND),
        Some(Propagation::Background) => {}
        // Without a word it stays what an earlier request has asked for, else as the kind has it.
        None if held(ORPHAN) || held(FOREGROUND) => {
            finalizers.extend([ORPHAN, FOREGROUND].into_iter().filter(|one| held(one)));
        }
        None if target.kind_of_resource().orphans() => finalizers.push(ORPHAN),
        None => {}
    }
    let listed: Vec<Value> = finalizers.iter().map(|one| Value::from(*one)).collect();
    meta::set(&mut next, "finalizers", if listed.is_empty() { Value::Null } else { listed.into() });
    let namespace = target.resource.plural == "namespaces" && target.resource.group.is_empty();
    let grace = grace_period(target, options, old);
    if !meta::is_terminating(old) {
        meta::set(&mut next, "deletionTimestamp", now.after(seconds(grace)).to_string());
        // A namespace ends when its content has, and says nothing about how long that takes.
        if !namespace {
            meta::set(&mut next, "deletionGracePeriodSeconds", grace);
        }
        let generation = meta::integer(old, "generation");
        if generation > 0 {
            meta::set(&mut next, "generation", generation + 1);
        }
    } else if let Some(before) = granted(old).filter(|before| grace < *before) {
        // It may be given less time than it was, and never more.
        let ends: Option<Timestamp> = meta::text(old, "deletionTimestamp").parse().ok();
        let ends = ends.unwrap_or(now);
        let ends = Timestamp::from_seconds(
            ends.seconds().saturating_sub(seconds(before - grace).as_secs()),
        );
        meta::set(&mut next, "deletionTimestamp", ends.to_string());
        meta::set(&mut next, "deletionGracePeriodSeconds", grace);
    }
    if namespace {
        let status = next.entry("status").or_insert_with(|| Value::Object(Object::new()));
        if let Value::Object(status) = status {
            status.insert("phase".to_owned(), "Terminating".into());
        }
    }
    meta::sort(&mut next);
    next
}

/// Whether the objects of a resource are given time to end: pods, whose containers are told.
fn is_graceful(target: Target) -> bool {
    target.resource.plural == "pods" && target.resource.group.is_empty()
}

/// How long an object may take to end, in seconds.
fn grace_period(target: Target, options: &DeleteOptions, old: &Object) -> i64 {
    /// What a pod is given that does not say.
    const USUAL: i64 = 30;
    if !is_graceful(target) {
        return 0;
    }
    let spec = old.get("spec");
    let text = |part: Option<&Value>, field: &str| {
        part.and_then(|part| part.get(field)).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    // What runs nowhere, or no more, need not be waited for.
    let ended = matches!(text(old.get("status"), "phase").as_str(), "Failed" | "Succeeded");
    if text(spec, "nodeName").is_empty() || ended {
        return 0;
    }
    let own =
        spec.and_then(|spec| spec.get("terminationGracePeriodSeconds")).and_then(Value::as_i64);
    let asked = options.grace_period_seconds.or(granted(old)).or(own).unwrap_or(USUAL);
    // Less than nothing is as little as there is.
    if asked < 0 { 1 } else { asked }
}

/// How long an object that is ending was given.
fn granted(object: &Object) -> Option<i64> {
    let metadata = meta::metadata(object)?;
    metadata.get("deletionGracePeriodSeconds").and_then(Value::as_i64)
}

fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or(0))
}

/// Whether an object that is being deleted has nothing left that keeps it.
pub(crate) fn ends_now(target: Target, object: &Object) -> bool {
    let kept_by_spec = target.resource.plural == "namespaces"
        && object
            .get("spec")
            .and_then(|spec| spec.get("finalizers"))
            .and_then(Value::as_array)
            .is_some_and(|finalizers| !finalizers.is_empty());
    let grace = granted(object).unwrap_or(0);
    meta::is_terminating(object)
        && meta::finalizers(object).next().is_none()
        && !kept_by_spec
        && grace == 0
}

/// The uid and version that a delete may demand. Namespaces say it in other words, as they have their
/// own way of deleting.
fn preconditions(
    options: &DeleteOptions,
    target: Target,
    old: &Arc<Object>,
    entry: &Entry,
    name: &str,
) -> Result<(), Status> {
    let resource = target.resource;
    let uid = options.uid.as_deref().filter(|uid| *uid != meta::uid(old));
    let held = entry.modified.to_string();
    let version = options.resource_version.as_deref().filter(|version| *version != held);
    if resource.plural == "namespaces" {
        let why = match (uid, version) {
            (Some(uid), _) => {
                format!(
                    "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                    meta::uid(old)
                )
            }
            (None, Some(version)) => format!(
                "Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object \
                 meta: {held}"
            ),
            (None, None) => return Ok(()),
        };
        return Err(Status::conflict(
            &qualified(resource),
            resource.group,
            resource.plural,
            name,
            &why,
        ));
    }
    let why = match (uid, version) {
        (Some(uid), _) => format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might \
             have been deleted and then recreated",
            meta::uid(old)
        ),
        (None, Some(version)) => format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in \
             record ({held}). The object might have been modified"
        ),
        (None, None) => return Ok(()),
    };
    let kind = if resource.group.is_empty() {
        resource.kind.to_owned()
    } else {
        format!("{}.{}", resource.kind, resource.group)
    };
    Err(Status::conflict(&kind, resource.group, resource.kind, name, &why))
}
