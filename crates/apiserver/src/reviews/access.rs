//! `SubjectAccessReview` and its kin: the authorizers asked on somebody's behalf.

use portcullis_core::Namespace;
use portcullis_kinds::{FieldError, Object};
use portcullis_rbac::{Attempt, Requester, Resource as Asked, Target as Sought};
use serde_json::{Map, Value, json};

use crate::ask::{Ask, Target};
use crate::backend::Backend;
use crate::gates::authorize::requester;
use crate::meta;
use crate::request_info::{FieldRequirement, FieldSelector, LabelSelector};
use crate::reviews::{spec, text, texts};
use crate::server::Server;
use crate::status::Status;

const GROUP: &str = "authorization.k8s.io";

impl<B: Backend> Server<B> {
    pub(super) fn access_review(
        &self,
        ask: &Ask,
        target: Target,
        mut object: Object,
    ) -> Result<Object, Status> {
        let spec = spec(&object);
        let local = target.resource.plural == "localsubjectaccessreviews";
        let of_self = target.resource.plural == "selfsubjectaccessreviews";
        let faults = faults(&object, &spec, local, of_self);
        if !faults.is_empty() {
            return Err(Status::invalid(GROUP, "", "", &faults));
        }
        let requester = if of_self {
            requester(ask.user())
        } else {
            Requester {
                user: text(&spec, "user").into(),
                groups: texts(&spec, "groups").into_iter().map(Into::into).collect(),
            }
        };
        let (attempt, error) = attempt(requester, &spec);
        let fields = selected_fields(&spec);
        let opinion = self.authorizer.opinion_of(&self.store, &attempt, &fields);
        let mut status = Map::new();
        status.insert("allowed".into(), opinion.allowed.into());
        if !opinion.reason.is_empty() {
            status.insert("reason".into(), opinion.reason.into());
        }
        if let Some(error) = error {
            status.insert("evaluationError".into(), error.into());
        }
        object.insert("status".into(), status.into());
        Ok(object)
    }
}

/// What is wrong with a review; `of_self` where it need not name a subject.
pub(super) fn faults(
    object: &Object,
    spec: &Map<String, Value>,
    local: bool,
    of_self: bool,
) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let resource = spec.get("resourceAttributes").and_then(Value::as_object);
    let url = spec.get("nonResourceAttributes").and_then(Value::as_object);
    let shown =
        |url: &Map<String, Value>| json!({"Path": text(url, "path"), "Verb": text(url, "verb")});
    match (resource, url) {
        (Some(_), Some(url)) => faults.push(FieldError::invalid(
            "spec.nonResourceAttributes",
            shown(url),
            "cannot be specified in combination with resourceAttributes",
        )),
        (None, None) => faults.push(FieldError::invalid(
            "spec.resourceAttributes",
            Value::Null,
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )),
        _ => {}
    }
    for selector in ["fieldSelector", "labelSelector"] {
        let held = resource.and_then(|resource| resource.get(selector)).and_then(Value::as_object);
        let Some(held) = held else { continue };
        let raw = text(held, "rawSelector");
        let listed =
            held.get("requirements").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if !raw.is_empty() && listed {
            faults.push(FieldError::invalid(
                format!("spec.resourceAttributes.{selector}.rawSelector"),
                raw,
                "may not specified at the same time as requirements",
            ));
        } else if raw.is_empty() && !listed {
            faults.push(FieldError::required(
                format!("spec.resourceAttributes.{selector}.requirements"),
                format!("when spec.resourceAttributes.{selector} is specified, requirements or rawSelector is required"),
            ));
        }
    }
    if !of_self && text(spec, "user").is_empty() && texts(spec, "groups").is_empty() {
        faults.push(FieldError::invalid(
            "spec.user",
            "",
            "at least one of user or group must be specified",
        ));
    }
    let metadata = meta::metadata(object).cloned().unwrap_or_default();
    let bare = metadata.keys().all(|key| key == "managedFields" || (local && key == "namespace"));
    if !bare {
        let detail = if local { "must be empty except for namespace" } else { "must be empty" };
        faults.push(FieldError::invalid("metadata", Value::Object(metadata), detail));
    }
    if local {
        if let Some(resource) = resource
            && text(resource, "namespace") != meta::namespace(object)
        {
            faults.push(FieldError::invalid(
                "spec.resourceAttributes.namespace",
                text(resource, "namespace"),
                "must match metadata.namespace",
            ));
        }
        if let (Some(url), None) = (url, resource) {
            let detail = "disallowed on this kind of request";
            faults.push(FieldError::invalid("spec.nonResourceAttributes", shown(url), detail));
        }
    }
    faults
}

/// What is asked for, and what of it could not be read and was left out.
pub(super) fn attempt(
    requester: Requester,
    spec: &Map<String, Value>,
) -> (Attempt, Option<String>) {
    let mut ignored = Vec::new();
    let (verb, target) = match spec.get("resourceAttributes").and_then(Value::as_object) {
        Some(asked) => {
            for selector in ["fieldSelector", "labelSelector"] {
                let held = asked.get(selector).and_then(Value::as_object);
                if held.is_some_and(|held| !can_be_read(selector, held)) {
                    ignored.push(format!(
                        "spec.resourceAttributes.{selector} ignored due to parse error"
                    ));
                }
            }
            let namespace = text(asked, "namespace");
            let target = Sought::Resource(Asked {
                group: text(asked, "group").into(),
                resource: text(asked, "resource").into(),
                subresource: text(asked, "subresource").into(),
                namespace: (!namespace.is_empty()).then(|| Namespace::new(namespace)),
                name: text(asked, "name").into(),
            });
            (text(asked, "verb"), target)
        }
        None => {
            let asked = spec.get("nonResourceAttributes").and_then(Value::as_object);
            let read = |field: &str| asked.map_or("", |asked| text(asked, field));
            (read("verb"), Sought::Url(read("path").into()))
        }
    };
    let error = (!ignored.is_empty()).then(|| ignored.join(", "));
    (Attempt { requester, verb: verb.into(), target }, error)
}

/// The terms of the field selector that is asked about. What cannot be read selects nothing in particular.
pub(super) fn selected_fields(spec: &Map<String, Value>) -> Vec<FieldRequirement> {
    let asked = spec.get("resourceAttributes").and_then(|asked| asked.get("fieldSelector"));
    let Some(selector) = asked.and_then(Value::as_object) else { return Vec::new() };
    let raw = text(selector, "rawSelector");
    if !raw.is_empty() {
        let read = FieldSelector::parse(raw).unwrap_or_default();
        return read.requirements().to_vec();
    }
    let listed = selector.get("requirements").and_then(Value::as_array).into_iter().flatten();
    let term = |one: &Map<String, Value>| {
        let equal = match text(one, "operator") {
            "In" => true,
            "NotIn" => false,
            _ => return None,
        };
        // A field selector knows single values only.
        let [value] = <[String; 1]>::try_from(texts(one, "values")).ok()?;
        Some(FieldRequirement { field: text(one, "key").to_owned(), equal, value })
    };
    listed.filter_map(Value::as_object).filter_map(term).collect()
}

/// Whether a selector could be asked of an authorizer that looks at selectors (KEP-4601).
fn can_be_read(selector: &str, held: &Map<String, Value>) -> bool {
    let raw = text(held, "rawSelector");
    if !raw.is_empty() {
        return match selector {
            "fieldSelector" => FieldSelector::parse(raw).is_ok(),
            _ => LabelSelector::parse(raw).is_ok(),
        };
    }
    let listed = held.get("requirements").and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(Value::as_object).all(|one| {
        let values = texts(one, "values").len();
        match text(one, "operator") {
            "In" | "NotIn" => values > 0,
            "Exists" | "DoesNotExist" => values == 0,
            _ => false,
        }
    })
}
