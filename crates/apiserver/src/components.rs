//! `componentstatuses`: whether what the server stands on is well. Nothing of it is stored.
//!
//! The original asks three parts; of these there is the store alone, which is called as it is there.

use portcullis_kinds::Object;
use serde_json::{Map, json};

use crate::answer::{Answer, Document, Include, Single, Table, partial, written};
use crate::ask::{Ask, Target};
use crate::negotiate::{Form, Offer, Shape};
use crate::resource::{Resource, api_version};
use crate::status::Status;
use crate::stored;

/// The name of the store.
const STORE: &str = "etcd-0";

/// Whether objects of the resource are made when they are asked for.
pub(crate) fn are(resource: &Resource) -> bool {
    (resource.group, resource.plural) == ("", "componentstatuses")
}

/// The store, which answers or there is no server.
fn store() -> Object {
    let healthy = json!({"type": "Healthy", "status": "True", "message": "ok"});
    let object = json!({"metadata": {"name": STORE}, "conditions": [healthy]});
    object.as_object().cloned().unwrap_or_default()
}

/// The component of a name.
pub(crate) fn get(ask: &Ask, target: Target) -> Result<Answer, Status> {
    let Target { resource, kind, .. } = target;
    let form = ask.form(Offer::Objects)?;
    let include = Include::read(ask.info.query.first("includeObject"))?;
    if ask.info.name != STORE {
        return Err(Status::not_found(resource, &ask.info.name));
    }
    let single = Single { resource, kind, object: &store() };
    let shaped = single.shaped(form.shape, include, ask.now)?;
    Ok(document(ask, form, &shaped))
}

/// All there are, in the form asked for.
pub(crate) fn list(ask: &Ask, target: Target) -> Result<Answer, Status> {
    let Target { resource, kind, .. } = target;
    let form = ask.form(Offer::Objects)?;
    let include = Include::read(ask.info.query.first("includeObject"))?;
    let object = store();
    let of = |kind: &str, version: &str, item: Object| {
        let mut list = Object::new();
        list.insert("metadata".to_owned(), json!({}));
        list.insert("items".to_owned(), json!([item]));
        stored::with_kind(&list, kind, version)
    };
    let list = match form.shape {
        Shape::Table(version) => {
            let mut table = Table::new(resource, kind, version, include, ask.now);
            table.row(&object);
            table.finish(Map::new())
        }
        Shape::PartialList(version) | Shape::PartialObject(version) => {
            of("PartialObjectMetadataList", version.api_version(), partial(&object, version))
        }
        Shape::Itself | Shape::GroupDiscovery => {
            of("ComponentStatusList", &api_version(resource), object)
        }
    };
    Ok(document(ask, form, &list))
}

fn document(ask: &Ask, form: Form, object: &Object) -> Answer {
    let body = written(object, form.encoding, ask.pretty());
    let media_type = form.encoding.media_type();
    Answer::Document(Document { code: 200, media_type, headers: Vec::new(), body })
}
