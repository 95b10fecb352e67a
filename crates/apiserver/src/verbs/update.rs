//! `update`: an object as a whole takes another's place.

use std::sync::Arc;

use portcullis_admission::Operation;
use portcullis_kinds::{FieldError, Object};
use portcullis_store::Entry;
use serde_json::Value;

use crate::admission::{Doing, stamp};
use crate::answer::Answer;
use crate::ask::{Ask, Target, namespace_of, settle_namespace};
use crate::backend::Backend;
use crate::gates::admitted::{Admitted, Written};
use crate::gates::authorize::{attempt, forbidden};
use crate::negotiate::Offer;
use crate::options::WriteOptions;
use crate::resource::{key, qualified};
use crate::server::Server;
use crate::services::Allocation;
use crate::status::Status;
use crate::stored::{Item, Made};
use crate::verbs::create::settle;
use crate::{body, managed, meta, stored, versions};

/// How often a change is judged again because somebody else was faster, before the client is told so.
pub(crate) const TURNS_MAX: usize = 5;

/// What a change of an object came to.
pub(crate) struct Updated {
    /// The object as it is now.
    pub made: Made,
    /// Whether it was not there before.
    pub created: bool,
}

impl<B: Backend> Server<B> {
    /// Replaces an object.
    pub(crate) async fn update(&self, ask: &mut Ask, target: Target) -> Result<Answer, Status> {
        let form = ask.form(Offer::Objects)?;
        let options = WriteOptions::read(&ask.info.query, "UpdateOptions")?;
        let mut sent = body::object(ask, target, options.field_validation)?;
        let name = ask.info.name.to_string();
        named_as(&sent, &name)?;
        let namespace = namespace_of(&ask.info, target.resource).to_owned();
        settle_namespace(&mut sent, &namespace)?;
        target.kind.default(&mut sent);
        let uid = meta::uid(&sent).to_owned();
        let updated = self
            .change(
                ask,
                target,
                &options,
                &namespace,
                &name,
                Some(&uid).filter(|uid| !uid.is_empty()),
                |_, old| match old {
                    Some(_) => Ok(sent.clone()),
                    None if target.kind.creates_on_update() => Ok(sent.clone()),
                    None => Err(Status::not_found(target.resource, &name)),
                },
            )
            .await?;
        let code = if updated.created { 201 } else { 200 };
        self.answer_made(ask, target, &updated.made, form, code)
    }

    /// Changes an object to what `make` makes of it, judged by every gate, and again where somebody else
    /// was faster and the change does not say which version it is of.
    #[allow(clippy::too_many_arguments, reason = "the parts of one request")]
    pub(crate) async fn change(
        &self,
        ask: &mut Ask,
        target: Target,
        options: &WriteOptions,
        namespace: &str,
        name: &str,
        uid: Option<&String>,
        make: impl Fn(&mut Ask, Option<&Object>) -> Result<Object, Status>,
    ) -> Result<Updated, Status> {
        let lies = key(target.resource, namespace, name);
        let warned = ask.warnings.len();
        for _ in 0..TURNS_MAX {
            ask.warnings.truncate(warned);
            let view = self.store.view();
            let Some(entry) = view.get(lies.as_bytes()).cloned() else {
                let object = make(ask, None)?;
                let made = self.create_by_update(ask, target, options, namespace, object).await?;
                return Ok(Updated { made, created: true });
            };
            let old = stored::read(&entry).map_err(|why| Status::internal(&why.to_string()))?;
            let held = versions::from_stored(target.resource, target.kind, &old);
            let sent = make(ask, Some(&held))?;
            same_uid(target, &lies, uid.map_or("", String::as_str), &old)?;
            let versioned = expected_version(&sent, &entry, target, name)?;
            match self.changed(ask, target, options, namespace, name, &entry, &old, sent).await? {
                Some(made) => return Ok(Updated { made, created: false }),
                None if versioned => return Err(Status::modified(target.resource, name)),
                None => {}
            }
        }
        Err(Status::modified(target.resource, name))
    }

    /// A PUT of what is not there, where the kind takes that: it needs the right to create as well.
    async fn create_by_update(
        &self,
        ask: &mut Ask,
        target: Target,
        options: &WriteOptions,
        namespace: &str,
        object: Object,
    ) -> Result<Made, Status> {
        let mut attempt = attempt(ask.user(), &ask.info);
        attempt.verb = "create".into();
        let opinion = self.authorizer.opinion(&self.store, &attempt);
        if !opinion.allowed {
            return Err(forbidden(&attempt, &opinion.reason));
        }
        self.created(ask, target, options, namespace, object).await
    }

    /// One try; nothing if somebody else was faster.
    #[allow(clippy::too_many_arguments, reason = "the parts of one request")]
    async fn changed(
        &self,
        ask: &mut Ask,
        target: Target,
        options: &WriteOptions,
        namespace: &str,
        name: &str,
        entry: &Arc<Entry>,
        old: &Object,
        mut object: Object,
    ) -> Result<Option<Made>, Status> {
        let resource = target.resource;
        let held = versions::from_stored(resource, target.kind, old);
        managed::updated(ask, target, options, &held, &mut object);
        versions::to_stored(target, &mut object);
        let doing = Doing { operation: Operation::Update, target, namespace, name };
        let (mut object, chain) = self.admit(ask, doing, object, Some(old))?;
        ask.warnings.extend(portcullis_kinds::dedup_owners(&mut object, true));
        self.may_grant(ask, target, &object, Some(old))?;
        keep_system_fields(&mut object, old);
        target.kind.prepare_update(&mut object, old);
        stamp(ask, target, &mut object, Some(old));
        meta::set(&mut object, "resourceVersion", entry.modified.to_string());
        meta::sort(&mut object);
        let allocation = self.allocated(target, &mut object, Some(old), &self.store.view())?;
        let faults = portcullis_kinds::update_faults(target.kind, &object, old);
        if !faults.is_empty() {
            let group = versions::judged_group(target);
            return Err(Status::invalid(group, resource.kind, name, &faults));
        }
        ask.warnings.extend(target.kind.warnings(&object, Some(old)));
        self.warn_of_what_is_not_enforced(ask, target, &object);
        let passed = self.judge(chain, doing, &object, Some(old))?;
        let lies = key(resource, namespace, name);
        if crate::verbs::delete::ends_now(target, &object) {
            // The last finalizer leaves: the object goes, and is answered as it was.
            if !options.dry_run {
                let admitted = Admitted::by_chain(passed, lies, Some(Arc::clone(entry)), None);
                let admitted = Allocation::of_deleted(target, old).beside(admitted);
                if !matches!(admitted.write(&self.store).await?, Written::Done(_)) {
                    return Ok(None);
                }
                self.follow_up(target, namespace, name).await;
            }
            return Ok(Some(Made::Tried(object)));
        }
        if options.dry_run {
            return Ok(Some(Made::Tried(object)));
        }
        settle(target, &mut object);
        managed::keep_times(old, &mut object);
        if stored::is_same(entry, &object) {
            return Ok(Some(Made::Tried(object)));
        }
        let item = Item::of(object);
        let admitted =
            Admitted::by_chain(passed, lies, Some(Arc::clone(entry)), Some(item.clone()));
        match allocation.beside(admitted).write(&self.store).await? {
            Written::Done(revision) => {
                self.follow_up(target, namespace, name).await;
                Ok(Some(item.stored_at(revision)))
            }
            Written::Overtaken | Written::Unfounded => Ok(None),
        }
    }
}

/// The object must have the name that the address has.
pub(crate) fn named_as(object: &Object, name: &str) -> Result<(), Status> {
    match meta::name(object) {
        "" => Err(Status::bad_request(format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        ))),
        held if held == name => Ok(()),
        held => Err(Status::bad_request(format!(
            "the name of the object ({held}) does not match the name on the URL ({name})"
        ))),
    }
}

/// Refuses a change that is meant for an object of another uid, which has gone since; an empty one is meant
/// for any.
pub(crate) fn same_uid(target: Target, lies: &str, uid: &str, old: &Object) -> Result<(), Status> {
    if uid.is_empty() || uid == meta::uid(old) {
        return Ok(());
    }
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {lies}, ResourceVersion: 0, AdditionalErrorMsg: \
         Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
        meta::uid(old)
    );
    let resource = target.resource;
    let (group, plural) = (resource.group, resource.plural);
    Err(Status::conflict(&qualified(resource), group, plural, meta::name(old), &why))
}

/// Compares the version that was sent with what is there. True if one was sent.
fn expected_version(
    sent: &Object,
    entry: &Entry,
    target: Target,
    name: &str,
) -> Result<bool, Status> {
    let resource = target.resource;
    let text = meta::text(sent, "resourceVersion");
    let version: u64 = match text {
        "" => 0,
        _ => text.parse().map_err(|_| {
            let text = Value::from(text);
            Status::unclassified(format!("strconv.ParseUint: parsing {text}: invalid syntax"))
        })?,
    };
    if version == 0 {
        if !target.kind.updates_unconditionally() {
            let fault = FieldError::invalid(
                "metadata.resourceVersion",
                0,
                "must be specified for an update",
            );
            // Told of the resource, as only this is: nobody has looked at the object as its kind yet.
            return Err(Status::invalid(resource.group, resource.plural, name, &[fault]));
        }
        return Ok(false);
    }
    if version != entry.modified.0 {
        return Err(Status::modified(resource, name));
    }
    Ok(true)
}

/// What an update leaves out, or has no say in, stays as it was.
fn keep_system_fields(object: &mut Object, old: &Object) {
    if meta::uid(object).is_empty() {
        let uid = meta::uid(old).to_owned();
        meta::set(object, "uid", uid);
    }
    let held = meta::metadata(old);
    for field in [
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
    ] {
        let value = held.and_then(|metadata| metadata.get(field)).cloned().unwrap_or(Value::Null);
        meta::set(object, field, value);
    }
    meta::sort(object);
}
