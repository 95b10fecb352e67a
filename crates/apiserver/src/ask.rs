//! One request on its way through the handlers.

use portcullis_core::Timestamp;
use portcullis_identity::User;
use portcullis_kinds::{Kind, Object};
use portcullis_schema::api::{Resource, Subresource};

use crate::gates::authorize::Authorized;
use crate::negotiate::{Form, Offer, negotiate};
use crate::request_info::RequestInfo;
use crate::status::Status;

/// What the handlers know of a request that was allowed. It has no `Debug`: bodies hold secrets.
pub struct Ask {
    /// What is asked for.
    pub info: RequestInfo,
    /// The `Accept` headers, joined.
    pub accept: String,
    /// The `Content-Type`; empty where none was sent.
    pub content_type: String,
    /// The `User-Agent`, which names the field manager where nothing else does.
    pub user_agent: String,
    /// The documents that the client has already; empty where it does not say.
    pub if_none_match: String,
    /// The body; empty where there is none.
    pub body: bytes::Bytes,
    /// The proof that it was allowed.
    pub authorized: Authorized,
    /// When it came.
    pub now: Timestamp,
    /// What the answer warns of, in order.
    pub warnings: Vec<String>,
}

impl Ask {
    /// Who asks.
    pub fn user(&self) -> &User {
        self.authorized.user()
    }

    /// The form the answer is wanted in.
    pub fn form(&self, offer: Offer) -> Result<Form, Status> {
        negotiate(&self.accept, offer)
    }

    /// Whether people will read it: `?pretty=true`, or a browser or curl asks.
    pub fn pretty(&self) -> bool {
        match self.info.query.first("pretty") {
            Some(_) => self.info.query.flag("pretty"),
            None => {
                ["curl", "Wget", "Mozilla/5.0"].iter().any(|name| self.user_agent.starts_with(name))
            }
        }
    }
}

/// The resource that a request is about.
#[derive(Clone, Copy)]
pub struct Target {
    /// The resource, in the version asked for.
    pub resource: &'static Resource,
    /// The subresource, where one is asked for.
    pub subresource: Option<&'static Subresource>,
    /// How its objects behave: those of the subresource where it is written like an object.
    pub kind: &'static dyn Kind,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.resource.plural, self.subresource.map_or("", |part| part.name))
    }
}

impl Target {
    /// The resource itself.
    pub fn of(resource: &'static Resource) -> Self {
        let kind = portcullis_kinds::kind(resource.group, resource.plural);
        Self { resource, subresource: None, kind }
    }

    /// How the objects of the resource itself behave.
    pub fn kind_of_resource(&self) -> &'static dyn Kind {
        portcullis_kinds::kind(self.resource.group, self.resource.plural)
    }

    /// The name of the subresource; empty for the resource itself.
    pub fn subresource_name(&self) -> &'static str {
        self.subresource.map_or("", |part| part.name)
    }
}

/// The namespace an object is in, from its request: empty for cluster-wide resources.
pub fn namespace_of<'a>(info: &'a RequestInfo, resource: &Resource) -> &'a str {
    if resource.namespaced { &info.namespace } else { "" }
}

/// The object's namespace must be the one of the request; where the object names none, it gets it.
pub fn settle_namespace(object: &mut Object, namespace: &str) -> Result<(), Status> {
    let held = crate::meta::namespace(object);
    if held == namespace {
        return Ok(());
    }
    if held.is_empty() && !namespace.is_empty() {
        crate::meta::set(object, "namespace", namespace);
        return Ok(());
    }
    Err(Status::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}
