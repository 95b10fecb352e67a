//! `create`: a new object.

use portcullis_admission::Operation;
use portcullis_kinds::Object;
use portcullis_schema::api;
use portcullis_store::Condition;

use crate::admission::{Doing, stamp};
use crate::answer::{Answer, Document, Include, Single, written};
use crate::ask::{Ask, Target, namespace_of, settle_namespace};
use crate::backend::Backend;
use crate::gates::admitted::{Admitted, Written};
use crate::negotiate::{Form, Offer};
use crate::options::WriteOptions;
use crate::resource::{api_version, key};
use crate::server::Server;
use crate::status::Status;
use crate::stored::{Item, Made};
use crate::{body, managed, meta, stored, versions};

/// How many names are made up before a create with `generateName` gives up (KEP-4420).
const GENERATED_NAMES_MAX: usize = 8;

impl<B: Backend> Server<B> {
    /// Creates an object from a request.
    pub(crate) async fn create(&self, ask: &mut Ask, target: Target) -> Result<Answer, Status> {
        let form = ask.form(Offer::Objects)?;
        let options = WriteOptions::read(&ask.info.query, "CreateOptions")?;
        let mut object = body::object(ask, target, options.field_validation)?;
        let namespace = namespace_of(&ask.info, target.resource).to_owned();
        settle_namespace(&mut object, &namespace)?;
        target.kind.default(&mut object);
        self.create_object(ask, target, &options, &namespace, object, form, 201).await
    }

    /// Creates an object that is decoded and filled in.
    #[allow(clippy::too_many_arguments, reason = "the parts of one request")]
    pub(crate) async fn create_object(
        &self,
        ask: &mut Ask,
        target: Target,
        options: &WriteOptions,
        namespace: &str,
        mut object: Object,
        form: Form,
        code: u16,
    ) -> Result<Answer, Status> {
        let generates =
            meta::name(&object).is_empty() && !meta::text(&object, "generateName").is_empty();
        let tries = if generates { GENERATED_NAMES_MAX } else { 1 };
        for turn in 1..=tries {
            let mut object =
                if turn < tries { object.clone() } else { std::mem::take(&mut object) };
            if generates {
                let base = meta::text(&object, "generateName").to_owned();
                meta::set(&mut object, "name", self.random.generated_name(&base));
            }
            let made = self.created(ask, target, options, namespace, object).await;
            match made {
                Err(status) if status.reason == "AlreadyExists" && generates => {
                    if turn == tries {
                        let name = status.details.map(|details| details.name).unwrap_or_default();
                        return Err(Status::no_unique_name(target.resource, &name));
                    }
                }
                Err(status) => return Err(status),
                Ok(made) => return self.answer_made(ask, target, &made, form, code),
            }
        }
        Err(Status::internal("no name was found"))
    }

    /// One try: the object as it was stored.
    pub(crate) async fn created(
        &self,
        ask: &mut Ask,
        target: Target,
        options: &WriteOptions,
        namespace: &str,
        mut object: Object,
    ) -> Result<Made, Status> {
        let resource = target.resource;
        let name = meta::name(&object).to_owned();
        wipe_system_fields(&mut object);
        managed::created(ask, target, options, &mut object);
        versions::to_stored(target, &mut object);
        let doing = Doing { operation: Operation::Create, target, namespace, name: &name };
        let (mut object, chain) = self.admit(ask, doing, object, None)?;
        ask.warnings.extend(portcullis_kinds::dedup_owners(&mut object, true));
        self.may_grant(ask, target, &object, None)?;
        if !meta::text(&object, "resourceVersion").is_empty() {
            return Err(Status::unclassified(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        self.fill_system_fields(&mut object, ask.now);
        target.kind.prepare_create(&mut object);
        stamp(ask, target, &mut object, None);
        let allocation = self.allocated(target, &mut object, None, &self.store.view())?;
        let faults = portcullis_kinds::create_faults(target.kind, &object, resource.namespaced);
        if !faults.is_empty() {
            ask.warnings.extend(target.kind.early_warnings(&object));
            return Err(Status::invalid(
                versions::judged_group(target),
                resource.kind,
                meta::name(&object),
                &faults,
            ));
        }
        ask.warnings.extend(target.kind.warnings(&object, None));
        self.warn_of_what_is_not_enforced(ask, target, &object);
        let passed = self.judge(chain, doing, &object, None)?;
        let name = meta::name(&object).to_owned();
        let lies = key(resource, namespace, &name);
        if options.dry_run {
            if self.store.view().get(lies.as_bytes()).is_some() {
                return Err(Status::already_exists(resource, &name));
            }
            meta::sort(&mut object);
            return Ok(Made::Tried(object));
        }
        settle(target, &mut object);
        let item = Item::of(object);
        let mut admitted = Admitted::by_chain(passed, lies, None, Some(item.clone()));
        if !namespace.is_empty() {
            let there = format!("/registry/namespaces/{namespace}");
            admitted = admitted.provided(Condition::Present(there.as_bytes().into()));
        }
        let admitted = self.furnished(target, &name, admitted);
        match allocation.beside(admitted).write(&self.store).await? {
            Written::Done(revision) => {
                self.follow_up(target, namespace, &name).await;
                Ok(item.stored_at(revision))
            }
            Written::Overtaken => Err(Status::already_exists(resource, &name)),
            Written::Unfounded => Err(self.unfounded(namespace)),
        }
    }

    /// A create whose conditions ceased to hold while it was judged: its namespace went, or somebody else
    /// took what it was to be given.
    fn unfounded(&self, namespace: &str) -> Status {
        let there = format!("/registry/namespaces/{namespace}");
        if self.store.view().get(there.as_bytes()).is_none() {
            return crate::admission::no_namespace(namespace);
        }
        Status::internal("what the object was to be given has just been taken; please try again")
    }

    /// Says of an object that is written what of it is not in force; nothing where the server is to look
    /// like the original, which enforces it.
    pub(crate) fn warn_of_what_is_not_enforced(
        &self,
        ask: &mut Ask,
        target: Target,
        object: &Object,
    ) {
        if self.behaviour.own_groups {
            let said = crate::unenforced::warning(target.resource, object).map(str::to_owned);
            // A request may write many objects, and says so once.
            ask.warnings.extend(said.filter(|said| !ask.warnings.contains(said)));
        }
    }

    /// What the server alone says of a new object.
    fn fill_system_fields(&self, object: &mut Object, now: portcullis_core::Timestamp) {
        meta::set(object, "creationTimestamp", now.to_string());
        meta::set(object, "uid", self.random.uuid());
        meta::sort(object);
    }

    /// What a write made as its answer: plain JSON is spliced from what is stored.
    pub(crate) fn answer_made(
        &self,
        ask: &Ask,
        target: Target,
        made: &Made,
        form: Form,
        code: u16,
    ) -> Result<Answer, Status> {
        let plain = form == Form::default() && versions::is_as_stored(target.resource, target.kind);
        let item = match made {
            Made::Stored(item) if plain && !ask.pretty() => item,
            _ => return self.answer_object(ask, target, &*made.object()?, form, code),
        };
        Include::read(ask.info.query.first("includeObject"))?;
        let resource = target.resource;
        Ok(Answer::Document(Document {
            code,
            media_type: form.encoding.media_type(),
            headers: Vec::new(),
            body: stored::document(item, resource.kind, &api_version(resource)),
        }))
    }

    /// One object as the answer to a write.
    pub(crate) fn answer_object(
        &self,
        ask: &Ask,
        target: Target,
        object: &Object,
        form: Form,
        code: u16,
    ) -> Result<Answer, Status> {
        let include = Include::read(ask.info.query.first("includeObject"))?;
        let single = Single { resource: target.resource, kind: target.kind, object };
        let shaped = single.shaped(form.shape, include, ask.now)?;
        Ok(Answer::Document(Document {
            code,
            media_type: form.encoding.media_type(),
            headers: Vec::new(),
            body: written(&shaped, form.encoding, ask.pretty()),
        }))
    }
}

/// What a client has no say in.
fn wipe_system_fields(object: &mut Object) {
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "uid"] {
        meta::set(object, field, serde_json::Value::Null);
    }
}

/// The object as it comes back from the original's store, which knows no empty lists and maps.
pub(crate) fn settle(target: Target, object: &mut Object) {
    let resource = target.resource;
    if let Some(kind) = api::kind(resource.group, resource.version, resource.kind) {
        portcullis_schema::decode::settle(kind.message, object);
    }
}
