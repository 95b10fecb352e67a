//! `get`: one object.

use crate::answer::{Answer, Document, Include, Single, written};
use crate::ask::{Ask, Target, namespace_of};
use crate::backend::Backend;
use crate::negotiate::{Form, Offer};
use crate::resource::{api_version, key};
use crate::server::Server;
use crate::status::Status;
use crate::{stored, versions};

impl<B: Backend> Server<B> {
    /// Answers with one object.
    pub(crate) async fn get(&self, ask: &Ask, target: Target) -> Result<Answer, Status> {
        let form = ask.form(Offer::Objects)?;
        let include = Include::read(ask.info.query.first("includeObject"))?;
        let asked = ask.info.query.first("resourceVersion").unwrap_or_default();
        if let Some(wanted) = version_of_get(asked)? {
            self.reached(wanted).await?;
        }
        let resource = target.resource;
        let view = self.store.view();
        let lies = key(resource, namespace_of(&ask.info, resource), &ask.info.name);
        let Some(entry) = view.get(lies.as_bytes()) else {
            return Err(Status::not_found(resource, &ask.info.name));
        };
        let plain = form == Form::default() && versions::is_as_stored(resource, target.kind);
        if plain && !ask.pretty() {
            return Ok(Answer::Document(Document {
                code: 200,
                media_type: form.encoding.media_type(),
                headers: Vec::new(),
                body: stored::document(&entry.value, resource.kind, &api_version(resource)),
            }));
        }
        let object = stored::read(entry).map_err(|why| Status::internal(&why.to_string()))?;
        let single = Single { resource, kind: target.kind, object: &object };
        let shaped = single.shaped(form.shape, include, ask.now)?;
        Ok(Answer::Document(Document {
            code: 200,
            media_type: form.encoding.media_type(),
            headers: Vec::new(),
            body: written(&shaped, form.encoding, ask.pretty()),
        }))
    }
}

/// The version that a get or a watch asks for. What is no number is answered as the original answers it:
/// with a 500 that has no reason.
pub(crate) fn version_of_get(text: &str) -> Result<Option<u64>, Status> {
    match text {
        "" | "0" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| {
            let text = serde_json::Value::from(text);
            Status::unclassified(format!(
                "resourceVersion: Invalid value: {text}: strconv.ParseUint: parsing {text}: invalid syntax"
            ))
        }),
    }
}
