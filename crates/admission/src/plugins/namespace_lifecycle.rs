//! `NamespaceLifecycle`: nothing new in a namespace that is not there, or is going.

use serde_json::Value;

use crate::chain::{Plugin, Turn};
use crate::fields::{metadata, section, text};
use crate::review::{Operation, Sort};
use crate::{Cause, Object, Refusal};

/// Namespaces that stay.
const IMMORTAL: [&str; 3] = ["default", "kube-public", "kube-system"];

/// The plugin.
pub(crate) struct NamespaceLifecycle;

impl Plugin for NamespaceLifecycle {
    fn change(&self, turn: &Turn<'_>, _object: &mut Object) -> Result<(), Refusal> {
        let review = turn.review;
        let of_namespaces = review.group.is_empty() && review.resource == "namespaces";
        if of_namespaces
            && review.operation == Operation::Delete
            && IMMORTAL.contains(&review.name.as_str())
        {
            return Err(Refusal::forbidden("this namespace may not be deleted"));
        }
        let namespace = review.namespace.as_str();
        // Whether a namespace is there is nothing that a question about somebody's rights should tell.
        let asks_about_rights = review.resource == "localsubjectaccessreviews";
        if of_namespaces
            || namespace.is_empty()
            || review.operation == Operation::Delete
            || asks_about_rights
        {
            return Ok(());
        }
        let Some(held) = turn.facts.object(Sort::Namespace, "", namespace) else {
            return Err(Refusal::NotFound { resource: "namespaces", name: namespace.to_owned() });
        };
        let terminating = text(section(&held, "status"), "phase") == "Terminating"
            || metadata(&held).get("deletionTimestamp").is_some_and(Value::is_string);
        if review.operation == Operation::Create && terminating {
            let why = format!(
                "unable to create new content in namespace {namespace} because it is being terminated"
            );
            let cause = Cause {
                reason: "NamespaceTerminating",
                message: format!("namespace {namespace} is being terminated"),
                field: "metadata.namespace",
            };
            return Err(Refusal::Forbidden { why, cause: Some(cause) });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Table, check, of};

    #[test]
    fn what_is_new_needs_a_namespace_that_stays() {
        let table = Table::new()
            .with(
                Sort::Namespace,
                json!({"metadata": {"name": "a"}, "status": {"phase": "Active"}}),
            )
            .with(
                Sort::Namespace,
                json!({"metadata": {"name": "b"}, "status": {"phase": "Terminating"}}),
            );
        let map = json!({"metadata": {"name": "x"}});
        let going = "unable to create new content in namespace b because it is being terminated";
        for (operation, namespace, want) in [
            (Operation::Create, "a", ""),
            (Operation::Create, "b", going),
            (Operation::Update, "b", ""),
            (Operation::Delete, "b", ""),
            (Operation::Create, "c", "namespaces `c` not found"),
        ] {
            let review = of(operation, "configmaps").in_namespace(namespace).named("x");
            check(&table, review, &map, want);
        }
        let local = of(Operation::Create, "localsubjectaccessreviews").in_namespace("c");
        check(&table, local, &map, "");
    }

    #[test]
    fn some_namespaces_stay() {
        for (name, want) in [
            ("default", "this namespace may not be deleted"),
            ("kube-system", "this namespace may not be deleted"),
            ("kube-node-lease", ""),
        ] {
            let review = of(Operation::Delete, "namespaces").in_namespace(name).named(name);
            check(&Table::new(), review, &json!({}), want);
        }
    }
}
