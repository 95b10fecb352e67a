//! `Status`: how the API says no, and how it says that something is gone.
//!
//! The reasons, codes and sentences are those of `k8s.io/apimachinery/pkg/api/errors`. This is the only
//! place of the product where a refusal becomes an HTTP code.

use std::borrow::Cow;

use portcullis_kinds::{FieldError, quoted};
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Document, written};
use crate::negotiate::Form;
use crate::resource::{Resource, qualified};

/// A refusal, or the end of an object, as the API words it.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The HTTP status code.
    pub code: u16,
    /// The machine-readable reason; empty where the original gives none.
    pub reason: &'static str,
    /// The sentence.
    pub message: String,
    /// What it is about; none where the original leaves the member out.
    pub details: Option<Box<Details>>,
    /// Whether the answer carries `X-Content-Type-Options: nosniff`, as refusals of the gates do.
    pub nosniff: bool,
    /// Whether it says that all is well.
    pub success: bool,
}

/// What a status is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// The object's name.
    pub name: String,
    /// The API group.
    pub group: String,
    /// The kind, or the resource: which of them depends on the reason.
    pub kind: String,
    /// The object's uid.
    pub uid: String,
    /// One entry for each fault.
    pub causes: Vec<Cause>,
    /// After how many seconds it is worth trying again; 0 is left out.
    pub retry_after_seconds: u32,
}

/// One of the faults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cause {
    /// The sort of fault.
    pub reason: &'static str,
    /// The sentence.
    pub message: String,
    /// The field it is about; may be empty.
    pub field: String,
}

impl Status {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
            nosniff: false,
            success: false,
        }
    }

    fn about(mut self, details: Details) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 401: who asks presented something that is not believed. It says no more on purpose.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403 by a gate before the object was looked at.
    pub fn forbidden(message: impl Into<String>, details: Details) -> Self {
        let mut status = Self::new(403, "Forbidden", message).about(details);
        status.nosniff = true;
        status
    }

    /// 403 by admission: `pods "x" is forbidden: WHY`.
    pub fn refused(resource: &Resource, name: &str, why: &str) -> Self {
        let message = if name.is_empty() {
            format!("{} is forbidden: {why}", qualified(resource))
        } else {
            format!("{} \"{name}\" is forbidden: {why}", qualified(resource))
        };
        Self::new(403, "Forbidden", message).about(Details::of(resource, name))
    }

    /// 404: there is no such object.
    pub fn not_found(resource: &Resource, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} {} not found", qualified(resource), quoted(name)))
            .about(Details::of(resource, name))
    }

    /// 404: a path of a known API that leads nowhere.
    pub fn no_such_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
            .about(Details::default())
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message).about(Details::default())
    }

    /// 405: the resource is there but does not do this.
    pub fn not_supported(resource: &Resource, verb: &str) -> Self {
        let message =
            format!("{verb} is not supported on resources of kind \"{}\"", qualified(resource));
        Self::new(405, "MethodNotAllowed", message).about(Details {
            group: resource.group.to_owned(),
            kind: resource.plural.to_owned(),
            ..Details::default()
        })
    }

    /// 501: what needs something that is not there, as a node to run on.
    pub fn not_implemented(resource: &Resource, subresource: &str) -> Self {
        let message =
            format!("{}/{subresource} is not served: there are no nodes here", qualified(resource));
        Self::new(501, "NotImplemented", message).about(Details {
            group: resource.group.to_owned(),
            kind: resource.plural.to_owned(),
            ..Details::default()
        })
    }

    /// 503: what the request is to be passed on to is not there.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(503, "ServiceUnavailable", message)
    }

    /// 406: no form of the answer is taken. `available` are the media types.
    pub fn no_media_type(available: &str) -> Self {
        let message = format!("406: Not Acceptable\n\nAvailable representations: {available}");
        Self::new(406, "NotAcceptable", message).about(Details::default())
    }

    /// 406: the media type is fine, what it is asked to be is not.
    pub fn not_acceptable(message: impl Into<String>) -> Self {
        Self::new(406, "NotAcceptable", message)
    }

    /// 409: an object of this name is there.
    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!("{} \"{name}\" already exists", qualified(resource)),
        )
        .about(Details::of(resource, name))
    }

    /// 409: every name that was made up is taken.
    pub fn no_unique_name(resource: &Resource, name: &str) -> Self {
        let mut details = Details::of(resource, name);
        details.retry_after_seconds = 1;
        let message = format!(
            "{} \"{name}\" already exists, the server was not able to generate a unique name for the object",
            qualified(resource)
        );
        Self::new(409, "AlreadyExists", message).about(details)
    }

    /// 409: `Operation cannot be fulfilled on configmaps "x": WHY`. `kind` is how the text calls the
    /// sort of object: the qualified resource, or the kind.
    pub fn conflict(kind: &str, group: &str, details_kind: &str, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {kind} \"{name}\": {why}");
        Self::new(409, "Conflict", message).about(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: details_kind.to_owned(),
            ..Details::default()
        })
    }

    /// 409: somebody else was faster.
    pub fn modified(resource: &Resource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(&qualified(resource), resource.group, resource.plural, name, why)
    }

    /// 410: what is asked for is older than what is kept.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 413.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    /// 415.
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 422: the object is understood and breaks rules. `kind` is the object's, with its group.
    pub fn invalid(group: &str, kind: &str, name: &str, faults: &[FieldError]) -> Self {
        let qualified =
            if group.is_empty() { Cow::from(kind) } else { format!("{kind}.{group}").into() };
        let mut texts: Vec<String> = Vec::with_capacity(faults.len());
        for fault in faults {
            let text = fault.to_string();
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let listed = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let causes = faults
            .iter()
            .map(|fault| Cause {
                reason: fault.error.reason(),
                message: fault.body(),
                field: fault.field.clone(),
            })
            .collect();
        Self::new(422, "Invalid", format!("{qualified} \"{name}\" is invalid: {listed}")).about(
            Details {
                name: name.to_owned(),
                group: group.to_owned(),
                kind: kind.to_owned(),
                causes,
                ..Details::default()
            },
        )
    }

    /// 422: a patch that does not apply. The original does not tell why.
    pub fn unprocessable() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::new(422, "Invalid", message).about(Details::default())
    }

    /// 500 with the `InternalError` reason.
    pub fn internal(why: &str) -> Self {
        let message = format!("Internal error occurred: {why}");
        Self::new(500, "InternalError", message).about(Details {
            causes: vec![Cause { message: why.to_owned(), ..Cause::default() }],
            ..Details::default()
        })
    }

    /// 500 as the original answers what it has no reason for: the message alone.
    pub fn unclassified(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// 504: a resourceVersion that is not reached yet.
    pub fn ahead(wanted: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
        Self::new(504, "Timeout", message).about(Details {
            causes: vec![Cause {
                reason: "ResourceVersionTooLarge",
                message: "Too large resource version".to_owned(),
                field: String::new(),
            }],
            retry_after_seconds: 1,
            ..Details::default()
        })
    }

    /// 200: the object is gone.
    pub fn deleted(resource: &Resource, name: &str, uid: &str) -> Self {
        let mut details = Details::of(resource, name);
        details.uid = uid.to_owned();
        let mut status = Self::new(200, "", "").about(details);
        status.success = true;
        status
    }

    /// 429: not now, for a reason of the object's.
    pub fn refused_for_now(message: impl Into<String>) -> Self {
        Self::new(429, "TooManyRequests", message)
    }

    /// All is well, and there is nothing to tell.
    pub fn done(code: u16) -> Self {
        let mut status = Self::new(code, "", "");
        status.success = true;
        status
    }

    /// It as an answer to a request that was carried out, in a form.
    pub fn in_form(self, form: Form) -> Answer {
        let mut object = self.to_json();
        object.insert("code".into(), self.code.into());
        Answer::Document(Document {
            code: self.code,
            media_type: form.encoding.media_type(),
            headers: Vec::new(),
            body: written(&object, form.encoding, false),
        })
    }

    /// Adds causes to what it is about.
    pub fn because(mut self, causes: Vec<Cause>) -> Self {
        self.details.get_or_insert_default().causes = causes;
        self
    }

    /// The object as JSON, in the order the API writes it.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut status = Map::new();
        status.insert("kind".into(), "Status".into());
        status.insert("apiVersion".into(), "v1".into());
        status.insert("metadata".into(), json!({}));
        status.insert("status".into(), if self.success { "Success" } else { "Failure" }.into());
        if !self.message.is_empty() {
            status.insert("message".into(), self.message.as_str().into());
        }
        if !self.reason.is_empty() {
            status.insert("reason".into(), self.reason.into());
        }
        if let Some(details) = &self.details {
            status.insert("details".into(), details.to_json().into());
        }
        // A success says no code.
        if !self.success {
            status.insert("code".into(), self.code.into());
        }
        status
    }
}

impl Details {
    /// About the object of a resource.
    pub fn of(resource: &Resource, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            group: resource.group.to_owned(),
            kind: resource.plural.to_owned(),
            ..Self::default()
        }
    }

    fn to_json(&self) -> Map<String, Value> {
        let mut details = Map::new();
        for (member, text) in
            [("name", &self.name), ("group", &self.group), ("kind", &self.kind), ("uid", &self.uid)]
        {
            if !text.is_empty() {
                details.insert(member.into(), text.as_str().into());
            }
        }
        if !self.causes.is_empty() {
            details.insert("causes".into(), self.causes.iter().map(Cause::to_json).collect());
        }
        if self.retry_after_seconds > 0 {
            details.insert("retryAfterSeconds".into(), self.retry_after_seconds.into());
        }
        details
    }
}

impl Cause {
    fn to_json(&self) -> Value {
        let mut cause = Map::new();
        for (member, text) in
            [("reason", self.reason), ("message", &self.message), ("field", &self.field)]
        {
            if !text.is_empty() {
                cause.insert(member.into(), text.into());
            }
        }
        cause.into()
    }
}
