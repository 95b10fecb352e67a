//! Who may write roles and bindings, and what the API server says to those who may not.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use portcullis_rbac::{Binding, Refusal, Role, Rules, may_write_binding, may_write_role};
use serde_json::Value;

use crate::network::{array, settings, text};
use crate::rbac::{or_empty, requester, snapshot};
use crate::tally::Tally;

/// What of an object anybody may change who may write it at all: it grants nothing.
const WEIGHTLESS: &[&str] = &["ownerReferences", "finalizers", "managedFields"];

/// A line of `escalation`: objects, and one write of a role or a binding by somebody.
pub(crate) fn escalation(line: &Value, tally: &mut Tally<'_>) -> Result<()> {
    let rules = snapshot(array(line, "objects"), &settings(false));
    let ours = refusal(line, rules.rbac())?.unwrap_or_else(|| "allowed".to_owned());
    let allowed = line["allowed"] == true;
    let theirs = if allowed { "allowed" } else { text(line, "message")? };
    tally.case(text(line, "id")?, theirs, &ours);
    Ok(())
}

fn refusal(line: &Value, rules: &Rules) -> Result<Option<String>> {
    let requester = requester(line)?;
    let after = in_namespace(line, "object").context("no `object`")?;
    let before = in_namespace(line, "oldObject");
    if before.as_ref().is_some_and(|before| of_weight(before) == of_weight(&after)) {
        return Ok(None);
    }
    let kind = text(&after, "kind")?;
    let verdict = if kind.ends_with("Binding") {
        may_write_binding(rules, &requester, &*binding(&after)?)
    } else {
        let before = before.as_ref().map(role).transpose()?;
        may_write_role(rules, &requester, before.as_deref(), &*role(&after)?)
    };
    Ok(match verdict {
        Ok(()) => None,
        Err(refusal @ Refusal::NoSuchRole(_)) => Some(refusal.to_string()),
        Err(refusal) => {
            let (resource, name) = (kind.to_lowercase(), &after["metadata"]["name"]);
            Some(format!("{resource}s.rbac.authorization.k8s.io {name} is forbidden: {refusal}"))
        }
    })
}

/// An object of the line as it arrives at the server: the address of the request says where.
fn in_namespace(line: &Value, name: &str) -> Option<Value> {
    let mut object = line.get(name)?.clone();
    let namespace = or_empty(line, "namespace");
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    Some(object)
}

fn of_weight(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|name, _| !WEIGHTLESS.contains(&name.as_str()));
    }
    object
}

fn role(object: &Value) -> Result<Arc<Role>> {
    let alone = snapshot(std::slice::from_ref(object), &settings(false));
    alone.rbac().roles().next().cloned().context("no role in the object")
}

fn binding(object: &Value) -> Result<Arc<Binding>> {
    let alone = snapshot(std::slice::from_ref(object), &settings(false));
    alone.rbac().bindings().next().cloned().context("no binding in the object")
}
