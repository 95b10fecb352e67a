//! Namespaces that are being deleted (namespace-controller): their content goes, what is left is told in
//! five conditions, and the finalizer that waits for it leaves.

use std::sync::Arc;

use portcullis_kinds::Object;
use serde_json::{Value, json};

use super::Again;
use super::content::{Left, vacant};
use super::writes::{Held, core, held, write};
use crate::ask::Target;
use crate::backend::Backend;
use crate::gates::admitted::Admitted;
use crate::meta;
use crate::resource::key;
use crate::server::Server;
use crate::verbs::delete::ends_now;

/// What waits for the content of a namespace to go.
const KUBERNETES: &str = "kubernetes";

/// A condition when all is well: its type, reason and message, in the order and words of the original.
const WELL: [(&str, &str, &str); 5] = [
    (
        "NamespaceDeletionDiscoveryFailure",
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ),
    (
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    (CONTENT, "ContentRemoved", "All content successfully removed"),
    (FINALIZERS, "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
];

const CONTENT: &str = "NamespaceContentRemaining";
const FINALIZERS: &str = "NamespaceFinalizersRemaining";

impl<B: Backend> Server<B> {
    /// Takes the content of a namespace away, and lets the namespace go when there is none.
    pub(super) async fn namespace_content(&self, name: &str) -> Result<(), Again> {
        let resource = core("namespaces")?;
        let lies = key(resource, "", name);
        let waits = |held: &Held| {
            meta::is_terminating(&held.object) && finalizers(&held.object).next().is_some()
        };
        if held(&self.store.view(), &lies)?.filter(waits).is_none() {
            return Ok(());
        }
        let left = self.emptied(name).await?;
        let Some(found) = held(&self.store.view(), &lies)?.filter(waits) else { return Ok(()) };
        let now = self.clock.now().to_string();
        let status = self.amended(part(resource, "status")?, &found.object, |object| {
            tell(object, &left, &now);
        });
        let told = self.becoming(resource, &lies, &found.entry, &found.object, status);
        write(self, told).await?;
        if left.is_nothing() { self.let_go(name).await } else { Ok(()) }
    }

    /// The content is gone: the namespace has no need to wait for it.
    pub(super) async fn let_go(&self, name: &str) -> Result<(), Again> {
        let resource = core("namespaces")?;
        let lies = key(resource, "", name);
        let Some(found) = held(&self.store.view(), &lies)? else { return Ok(()) };
        let next = self.amended(part(resource, "finalize")?, &found.object, |object| {
            let rest: Vec<Value> =
                finalizers(object).filter(|one| *one != KUBERNETES).map(Value::from).collect();
            if let Some(Value::Object(spec)) = object.get_mut("spec") {
                // The original leaves out what is empty, and nobody owns what is left out.
                spec.shift_remove("finalizers");
                if !rest.is_empty() {
                    spec.insert("finalizers".to_owned(), rest.into());
                }
            }
        });
        if !ends_now(Target::of(resource), &next) {
            return write(self, self.becoming(resource, &lies, &found.entry, &found.object, next))
                .await;
        }
        // Whoever was let in before the namespace was to go may only now have written.
        let gone = Admitted::by_controller(lies, Some(Arc::clone(&found.entry)), None);
        write(self, vacant(name).fold(gone, Admitted::provided)).await
    }
}

/// A subresource that is written like the namespace, as field owners are told apart by it.
fn part(resource: &'static crate::resource::Resource, name: &str) -> Result<Target, Again> {
    let whole = Target::of(resource);
    let subresource = resource.subresource(name).ok_or(Again)?;
    let kind = whole.kind.subresource(name).unwrap_or(whole.kind);
    Ok(Target { subresource: Some(subresource), kind, ..whole })
}

/// `spec.finalizers`, which wait for the content.
fn finalizers(object: &Object) -> impl Iterator<Item = &str> {
    let listed = object.get("spec").and_then(|spec| spec.get("finalizers"));
    listed.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Brings the conditions up to date. One that says what it said keeps its time.
fn tell(object: &mut Object, left: &Left, now: &str) {
    let status = object.entry("status").or_insert_with(|| json!({}));
    let Value::Object(status) = status else { return };
    let listed = status.entry("conditions").or_insert_with(|| json!([]));
    let Value::Array(listed) = listed else { return };
    for (kind, reason, message) in WELL {
        let trouble = trouble(kind, left);
        let (state, reason, message) = match &trouble {
            Some((reason, message)) => ("True", *reason, message.as_str()),
            None => ("False", reason, message),
        };
        let says = |one: &Value, field: &str, text: &str| {
            one.get(field).and_then(Value::as_str) == Some(text)
        };
        let found = listed.iter_mut().find(|one| says(one, "type", kind));
        let made = || {
            json!({"type": kind, "status": state, "lastTransitionTime": now, "reason": reason,
                "message": message})
        };
        match found {
            Some(one)
                if says(one, "status", state)
                    && says(one, "reason", reason)
                    && says(one, "message", message) => {}
            Some(one) => *one = made(),
            None => listed.push(made()),
        }
    }
}

/// What a condition has to say beyond that all is well: its reason and message.
fn trouble(kind: &str, left: &Left) -> Option<(&'static str, String)> {
    match kind {
        CONTENT if !left.resources.is_empty() => {
            let each = left.resources.iter();
            let each = each.map(|(name, count)| format!("{name} has {count} resource instances"));
            let each = each.collect::<Vec<_>>().join(", ");
            Some(("SomeResourcesRemain", format!("Some resources are remaining: {each}")))
        }
        FINALIZERS if !left.finalizers.is_empty() => {
            let each = left.finalizers.iter();
            let each = each.map(|(name, count)| format!("{name} in {count} resource instances"));
            let each = each.collect::<Vec<_>>().join(", ");
            let message = format!("Some content in the namespace has finalizers remaining: {each}");
            Some(("SomeFinalizersRemain", message))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(object: &mut Object, left: &Left, now: &str) -> Vec<String> {
        tell(object, left, now);
        let listed = object["status"]["conditions"].as_array().expect("conditions");
        let text = |one: &Value, field: &str| one[field].as_str().expect("a text").to_owned();
        listed
            .iter()
            .map(|one| {
                ["status", "lastTransitionTime", "reason", "message"]
                    .map(|field| text(one, field))
                    .join(" ")
            })
            .collect()
    }

    #[test]
    fn a_condition_keeps_its_time_until_it_says_something_else() {
        let mut object = Object::new();
        let held = Left {
            resources: [("configmaps.".into(), 2), ("deployments.apps".into(), 1)].into(),
            finalizers: [("example.test/a".into(), 3)].into(),
        };
        let first = told(&mut object, &held, "T1");
        assert_eq!(
            first[3],
            "True T1 SomeResourcesRemain Some resources are remaining: configmaps. has 2 resource \
             instances, deployments.apps has 1 resource instances"
        );
        assert_eq!(
            first[4],
            "True T1 SomeFinalizersRemain Some content in the namespace has finalizers remaining: \
             example.test/a in 3 resource instances"
        );
        assert_eq!(told(&mut object, &held, "T2"), first);
        let after = told(&mut object, &Left::default(), "T3");
        assert_eq!(after[..3], first[..3]);
        assert_eq!(after[3], "False T3 ContentRemoved All content successfully removed");
        let kinds = object["status"]["conditions"].as_array().expect("conditions").len();
        assert_eq!(kinds, WELL.len());
    }
}
