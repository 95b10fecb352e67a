//! What is answered and not stored: reviews of access and of tokens, and requests for tokens.

mod access;
mod rules;
mod token;
mod token_request;
mod why;

use portcullis_identity::User;
use portcullis_kinds::Object;
use portcullis_schema::api::Subresource;
use portcullis_schema::own;
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::ask::{Ask, Target, namespace_of, settle_namespace};
use crate::backend::Backend;
use crate::negotiate::Offer;
use crate::options::WriteOptions;
use crate::server::Server;
use crate::status::Status;
use crate::{body, managed, meta};

impl<B: Backend> Server<B> {
    /// Answers a resource that is only ever created.
    pub(crate) async fn review_request(
        &self,
        ask: &mut Ask,
        target: Target,
    ) -> Result<Answer, Status> {
        if target.resource.plural == "bindings" {
            return self.bind(ask, target).await;
        }
        let form = ask.form(Offer::Objects)?;
        let options = WriteOptions::read(&ask.info.query, "CreateOptions")?;
        let mut object = body::object(ask, target, options.field_validation)?;
        let namespace = namespace_of(&ask.info, target.resource).to_owned();
        // Reviews of the cluster do not mind a namespace; those of one have to name it.
        if target.resource.namespaced {
            settle_namespace(&mut object, &namespace)?;
        } else {
            meta::set(&mut object, "namespace", Value::Null);
        }
        managed::created(ask, target, &options, &mut object);
        if target.resource.group == own::group().name {
            let answered = self.why(ask, target, object)?;
            return self.answer_object(ask, target, &answered, form, 201);
        }
        let answered = match target.resource.plural {
            "subjectaccessreviews" | "localsubjectaccessreviews" | "selfsubjectaccessreviews" => {
                self.access_review(ask, target, object)?
            }
            "selfsubjectrulesreviews" => self.rules_review(ask, &object)?,
            "selfsubjectreviews" => self_review(ask),
            "tokenreviews" => self.token_review(ask, object)?,
            plural => {
                return Err(Status::not_supported(target.resource, &format!("creating {plural}")));
            }
        };
        self.answer_object(ask, target, &answered, form, 201)
    }

    /// Answers a subresource that is not written like its object.
    pub(crate) async fn subresource(
        &self,
        ask: &mut Ask,
        target: Target,
        part: &'static Subresource,
        verb: &str,
    ) -> Result<Answer, Status> {
        match (target.resource.plural, part.name, verb) {
            ("serviceaccounts", "token", "create") => self.token_request(ask, target).await,
            ("pods", "binding", "create") => self.bind(ask, target).await,
            ("pods", "eviction", "create") => self.evict(ask, target).await,
            ("pods", "log" | "exec" | "attach" | "portforward", _) => {
                self.connect(ask, target, part.name)
            }
            ("pods" | "services" | "nodes", "proxy", _) => self.proxy(ask, target),
            (_, "scale", _) => self.scale(ask, target, part, verb).await,
            // What needs a node, as logs and exec, was authorized and ends here.
            _ => {
                let namespace = namespace_of(&ask.info, target.resource);
                self.found(target.resource, namespace, &ask.info.name)?;
                Err(Status::not_implemented(target.resource, part.name))
            }
        }
    }
}

/// `SelfSubjectReview`: who the server takes the requester for.
fn self_review(ask: &Ask) -> Object {
    let mut object = Object::new();
    let mut metadata = Map::new();
    metadata.insert("creationTimestamp".into(), ask.now.to_string().into());
    object.insert("metadata".into(), metadata.into());
    let mut status = Map::new();
    status.insert("userInfo".into(), user_info(ask.user()).into());
    object.insert("status".into(), status.into());
    object
}

/// A user as `authentication.k8s.io/v1.UserInfo`.
fn user_info(user: &User) -> Map<String, Value> {
    let mut info = Map::new();
    for (field, text) in [("username", &user.name), ("uid", &user.uid)] {
        if !text.is_empty() {
            info.insert(field.into(), text.as_str().into());
        }
    }
    if !user.groups.is_empty() {
        info.insert("groups".into(), user.groups.clone().into());
    }
    if !user.extra.is_empty() {
        let extra: Map<String, Value> =
            user.extra.iter().map(|(key, values)| (key.clone(), values.clone().into())).collect();
        info.insert("extra".into(), extra.into());
    }
    info
}

/// The spec of a review; empty where there is none.
fn spec(object: &Object) -> Map<String, Value> {
    object.get("spec").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn text<'a>(map: &'a Map<String, Value>, field: &str) -> &'a str {
    map.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn texts(map: &Map<String, Value>, field: &str) -> Vec<String> {
    let listed = map.get(field).and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(Value::as_str).map(str::to_owned).collect()
}
