//! What every namespace has: its default service account (serviceaccount-controller), and the authorities
//! that its pods should trust (root-ca-certificate-publisher-controller).
//!
//! Both are made in the commit that makes the namespace. What is taken away or forged afterwards is put
//! right.

use std::sync::Arc;

use portcullis_kinds::Object;
use portcullis_store::{Condition, Entry};
use serde_json::{Value, json};

use super::writes::{core, held, living_namespace, write};
use super::{ACCOUNTS, AUTHORITIES, Again};
use crate::ask::Target;
use crate::backend::Backend;
use crate::gates::admitted::Admitted;
use crate::resource::{Resource, key};
use crate::server::Server;
use crate::{meta, stored};

/// The service account of pods that name none.
pub(super) const DEFAULT: &str = "default";

/// The config map that pods find the authorities in.
pub(super) const AUTHORITIES_NAME: &str = "kube-root-ca.crt";

const DESCRIPTION: &str = "kubernetes.io/description";

/// What the config map says of itself, in the original's words.
const DESCRIPTION_TEXT: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when \
    using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is \
    guaranteed across distributions of Kubernetes clusters.";

impl<B: Backend> Server<B> {
    /// The creation of a namespace with what every namespace has. What is there already, because another
    /// namespace of that name went without its content, stays and is put right afterwards.
    pub(crate) fn furnished(&self, target: Target, name: &str, admitted: Admitted) -> Admitted {
        let resource = target.resource;
        if resource.plural != "namespaces" || !resource.group.is_empty() {
            return admitted;
        }
        let view = self.store.view();
        let mut admitted = admitted;
        for (resource, object) in
            [self.account_of(name), self.authorities_of(name)].into_iter().flatten()
        {
            let lies = key(resource, name, meta::name(&object));
            if view.get(lies.as_bytes()).is_none() {
                admitted = admitted.with(stored::put(lies.as_bytes(), object));
            }
        }
        admitted
    }

    fn account_of(&self, namespace: &str) -> Option<(&'static Resource, Object)> {
        let resource = core("serviceaccounts").ok().filter(|_| self.runs(ACCOUNTS))?;
        let body = json!({"metadata": {"name": DEFAULT, "namespace": namespace}});
        Some((resource, self.made(Target::of(resource), body)))
    }

    fn authorities_of(&self, namespace: &str) -> Option<(&'static Resource, Object)> {
        let known = !self.authorities.load().is_empty();
        let resource = core("configmaps").ok().filter(|_| known && self.runs(AUTHORITIES))?;
        let body = json!({
            "metadata": {
                "name": AUTHORITIES_NAME,
                "namespace": namespace,
                "annotations": {DESCRIPTION: DESCRIPTION_TEXT},
            },
            "data": self.authorities_data(),
        });
        Some((resource, self.made(Target::of(resource), body)))
    }

    fn authorities_data(&self) -> Value {
        json!({"ca.crt": **self.authorities.load()})
    }

    /// Makes the default service account of a namespace if it is missing.
    pub(super) async fn default_account(&self, namespace: &str) -> Result<(), Again> {
        let view = self.store.view();
        let Some(home) = living_namespace(&view, namespace)? else { return Ok(()) };
        let Some((resource, account)) = self.account_of(namespace) else { return Ok(()) };
        let lies = key(resource, namespace, DEFAULT);
        if view.get(lies.as_bytes()).is_some() {
            return Ok(());
        }
        write(self, in_namespace(Admitted::by_controller(lies, None, Some(account)), &home.entry))
            .await
    }

    /// Makes the authorities of a namespace if they are missing, and puts them right if they are others.
    pub(super) async fn published_authorities(&self, namespace: &str) -> Result<(), Again> {
        let view = self.store.view();
        let Some(home) = living_namespace(&view, namespace)? else { return Ok(()) };
        let Some((resource, made)) = self.authorities_of(namespace) else { return Ok(()) };
        let lies = key(resource, namespace, AUTHORITIES_NAME);
        let Some(found) = held(&view, &lies)? else {
            let admitted = Admitted::by_controller(lies, None, Some(made));
            return write(self, in_namespace(admitted, &home.entry)).await;
        };
        let described = meta::metadata(&found.object)
            .and_then(|metadata| metadata.get("annotations"))
            .and_then(|annotations| annotations.get(DESCRIPTION))
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty());
        let right = found.object.get("data") == Some(&self.authorities_data()) && described;
        // What somebody has made immutable cannot be put right, only deleted.
        let fixed = found.object.get("immutable") == Some(&Value::Bool(true));
        if right || fixed || meta::is_terminating(&found.object) {
            return Ok(());
        }
        let next = self.amended(Target::of(resource), &found.object, |object| {
            object.insert("data".to_owned(), self.authorities_data());
            object.shift_remove("binaryData");
            describe(object);
        });
        write(self, self.becoming(resource, &lies, &found.entry, &found.object, next)).await
    }
}

/// The same under the condition that the namespace is as it was: not on its way out.
fn in_namespace(admitted: Admitted, namespace: &Arc<Entry>) -> Admitted {
    admitted.provided(Condition::Unchanged(Arc::clone(&namespace.key), namespace.modified))
}

fn describe(object: &mut Object) {
    let metadata = meta::metadata_mut(object);
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    if let Value::Object(annotations) = annotations {
        annotations.insert(DESCRIPTION.to_owned(), DESCRIPTION_TEXT.into());
        annotations.sort_keys();
    }
}
