//! `patch`: JSON patches, merge patches and strategic-merge patches.

use portcullis_kinds::{ErrorType, FieldError, Object};
use portcullis_schema::api;
use portcullis_schema::patch::{
    Checked, PatchError, Patched, apply_json, apply_merge, apply_strategic,
};
use serde_json::Value;

use crate::answer::Answer;
use crate::ask::{Ask, Target, namespace_of, settle_namespace};
use crate::backend::Backend;
use crate::body;
use crate::negotiate::Offer;
use crate::options::{FieldValidation, WriteOptions};
use crate::resource::api_version;
use crate::server::Server;
use crate::status::Status;
use crate::stored;
use crate::verbs::update::named_as;

/// The sort of patch, by its media type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Json,
    Merge,
    Strategic,
}

impl<B: Backend> Server<B> {
    /// Patches an object.
    pub(crate) async fn patch(&self, ask: &mut Ask, target: Target) -> Result<Answer, Status> {
        let sort = match body::media_type(&ask.content_type) {
            "application/json-patch+json" => Sort::Json,
            "application/merge-patch+json" => Sort::Merge,
            "application/strategic-merge-patch+json" => Sort::Strategic,
            _ => {
                let mut status = Status::unsupported_media_type("415: Unsupported Media Type");
                status.details = Some(Box::default());
                return Err(status);
            }
        };
        let form = ask.form(Offer::Objects)?;
        let options = WriteOptions::read(&ask.info.query, "PatchOptions")?;
        let patch = ask.body.clone();
        let name = ask.info.name.to_string();
        let namespace = namespace_of(&ask.info, target.resource).to_owned();
        let updated = self
            .change(ask, target, &options, &namespace, &name, None, |ask, old| {
                let Some(old) = old else { return Err(Status::not_found(target.resource, &name)) };
                let mut object = patched(ask, target, sort, &patch, &options, old)?;
                named_as(&object, &name)?;
                settle_namespace(&mut object, &namespace)?;
                target.kind.default(&mut object);
                Ok(object)
            })
            .await?;
        self.answer_made(ask, target, &updated.made, form, 200)
    }
}

/// The patched object as the kind's types hold it.
fn patched(
    ask: &mut Ask,
    target: Target,
    sort: Sort,
    patch: &[u8],
    options: &WriteOptions,
    old: &Object,
) -> Result<Object, Status> {
    let resource = target.resource;
    let whole = stored::with_kind(old, resource.kind, &api_version(resource));
    let checked = match options.field_validation {
        FieldValidation::Ignore => Checked::No,
        FieldValidation::Warn | FieldValidation::Strict => Checked::Yes,
    };
    let Some(kind) = api::kind(resource.group, resource.version, resource.kind) else {
        return Err(Status::internal("the kind of the resource is unknown"));
    };
    let applied = match sort {
        Sort::Json => apply_json(whole, patch, checked),
        Sort::Merge => apply_merge(whole, patch, checked),
        Sort::Strategic => apply_strategic(kind.message, whole, patch),
    };
    let Patched { object, complaints } = applied.map_err(refused)?;
    // What is wrong after a strategic merge is told of the patch, as Go prints it.
    let shown = (sort == Sort::Strategic)
        .then(|| serde_json::from_slice::<Value>(patch).ok())
        .flatten()
        .map(|patch| Value::from(portcullis_schema::json::go_value(&patch)));
    body::patched_object(ask, target, shown, object, complaints, options.field_validation)
}

pub(crate) fn refused(why: PatchError) -> Status {
    match why {
        PatchError::Malformed(text) => Status::bad_request(text),
        PatchError::TooLarge(text) => {
            let mut status = Status::too_large(0);
            status.message = text;
            status
        }
        PatchError::Unfit(_) => Status::unprocessable(),
        PatchError::Unusable(text) => Status::unclassified(text),
        PatchError::NotAnObject(value) => invalid_patch(&value, "the patched value is no object"),
    }
}

/// 422 ` "" is invalid: patch: Invalid value: …`: what comes out of the patch cannot be read as the kind.
pub(crate) fn invalid_patch(shown: &Value, why: &str) -> Status {
    let text = match shown {
        Value::String(text) => text.clone(),
        other => portcullis_schema::json::write(other),
    };
    let fault = FieldError::of(ErrorType::Invalid, "patch", Value::from(text), why);
    Status::invalid("", "", "", &[fault])
}
