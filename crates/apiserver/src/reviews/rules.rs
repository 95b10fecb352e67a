//! `SelfSubjectRulesReview`: everything the requester may do in a namespace.

use portcullis_core::Namespace;
use portcullis_kinds::Object;
use portcullis_rbac::{Rule, rules_for};
use serde_json::{Map, Value, json};

use crate::ask::Ask;
use crate::backend::Backend;
use crate::gates::authorize::{is_privileged, requester};
use crate::gates::node::is_node;
use crate::reviews::{spec, text};
use crate::server::Server;
use crate::status::Status;

impl<B: Backend> Server<B> {
    pub(super) fn rules_review(&self, ask: &Ask, object: &Object) -> Result<Object, Status> {
        let spec = spec(object);
        let namespace = text(&spec, "namespace");
        if namespace.is_empty() {
            return Err(Status::bad_request("no namespace on request"));
        }
        let snapshot = self.rights()?;
        let user = ask.user();
        let review = rules_for(snapshot.rbac(), &requester(user), Some(&Namespace::new(namespace)));
        let mut resources: Vec<Value> =
            review.resource_rules.iter().map(|rule| resource_rule(rule)).collect();
        let mut urls: Vec<Value> = review.url_rules.iter().map(|rule| url_rule(rule)).collect();
        if is_privileged(user) && !resources.iter().any(|rule| *rule == everything()) {
            resources.insert(0, everything());
            urls.push(json!({"verbs": ["*"], "nonResourceURLs": ["*"]}));
        }
        let error = if is_node(&requester(user)) {
            Some("node authorizer does not support user rule resolution".to_owned())
        } else {
            review.error
        };
        let mut status = Map::new();
        status.insert("resourceRules".into(), resources.into());
        status.insert("nonResourceRules".into(), urls.into());
        status.insert("incomplete".into(), error.is_some().into());
        if let Some(error) = error {
            status.insert("evaluationError".into(), error.into());
        }
        let mut answer = Object::new();
        answer.insert("metadata".into(), json!({}));
        answer.insert("spec".into(), json!({}));
        answer.insert("status".into(), status.into());
        Ok(answer)
    }
}

fn everything() -> Value {
    json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})
}

fn resource_rule(rule: &Rule) -> Value {
    let mut object = Map::new();
    let lists = [
        ("verbs", &rule.verbs),
        ("apiGroups", &rule.api_groups),
        ("resources", &rule.resources),
        ("resourceNames", &rule.resource_names),
    ];
    for (field, words) in lists {
        if !words.is_empty() || field == "verbs" {
            let words: Vec<Value> = words.iter().map(|word| word.as_str().into()).collect();
            object.insert(field.into(), words.into());
        }
    }
    object.into()
}

fn url_rule(rule: &Rule) -> Value {
    let words =
        |words: &[smol_str::SmolStr]| -> Value { words.iter().map(|word| word.as_str()).collect() };
    json!({"verbs": words(&rule.verbs), "nonResourceURLs": words(&rule.urls)})
}
