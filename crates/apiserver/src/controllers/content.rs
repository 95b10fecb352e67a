//! What is in a namespace, and its end.

use std::collections::BTreeMap;

use portcullis_store::{Condition, Keys};

use super::Again;
use super::table::namespaced;
use super::writes::{read, write};
use crate::backend::Backend;
use crate::gates::admitted::Admitted;
use crate::meta;
use crate::options::Propagation;
use crate::resource::{Resource, prefix_in};
use crate::server::Server;

/// How many objects one commit deletes: enough for one wait for the disk to be shared by many, and few
/// enough for somebody who writes one of them meanwhile not to spoil much.
const DELETED_AT_ONCE: usize = 256;

/// What is left in a namespace after everything in it was deleted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// How many objects of each resource, as `configmaps.` or `deployments.apps`.
    pub(super) resources: BTreeMap<String, usize>,
    /// How many objects each finalizer holds.
    pub(super) finalizers: BTreeMap<String, usize>,
}

impl Left {
    /// Whether nothing is left.
    pub(super) fn is_nothing(&self) -> bool {
        self.resources.is_empty()
    }
}

/// What holds a namespace as long as something is in it.
pub(super) fn vacant(namespace: &str) -> impl Iterator<Item = Condition> + '_ {
    namespaced()
        .map(move |resource| Condition::Vacant(prefix_in(resource, namespace).as_bytes().into()))
}

impl<B: Backend> Server<B> {
    /// Deletes what is in a namespace: pods first, and while one of them is left nothing else, as what
    /// runs needs its policies and secrets to the end (KEP-5080).
    pub(super) async fn emptied(&self, namespace: &str) -> Result<Left, Again> {
        let is_pods = |one: &&Resource| one.plural == "pods" && one.group.is_empty();
        for pods in namespaced().filter(is_pods) {
            self.delete_all(pods, namespace).await?;
        }
        let pods = self.left(namespaced().filter(is_pods), namespace)?;
        if !pods.is_nothing() {
            return Ok(pods);
        }
        for resource in namespaced() {
            self.delete_all(resource, namespace).await?;
        }
        self.left(namespaced(), namespace)
    }

    async fn delete_all(&self, resource: &'static Resource, namespace: &str) -> Result<(), Again> {
        let prefix = prefix_in(resource, namespace);
        loop {
            let view = self.store.view();
            let mut together: Option<Admitted> = None;
            let mut deleted = 0;
            for entry in view.range(&Keys::prefix(prefix.as_bytes())) {
                let object = read(&entry.value)?;
                let propagation = Propagation::Background;
                let Some(one) = self.departure(resource, entry, &object, propagation) else {
                    continue;
                };
                together = Some(match together {
                    Some(before) => before.together(one),
                    None => one,
                });
                deleted += 1;
                if deleted == DELETED_AT_ONCE {
                    break;
                }
            }
            match together {
                Some(admitted) => write(self, admitted).await?,
                None => return Ok(()),
            }
        }
    }

    fn left(
        &self,
        resources: impl Iterator<Item = &'static Resource>,
        namespace: &str,
    ) -> Result<Left, Again> {
        let view = self.store.view();
        let mut left = Left::default();
        for resource in resources {
            let keys = Keys::prefix(prefix_in(resource, namespace).as_bytes());
            let entries = view.range(&keys);
            if entries.len() > 0 {
                let name = format!("{}.{}", resource.plural, resource.group);
                left.resources.insert(name, entries.len());
            }
            for entry in entries {
                for finalizer in meta::finalizers(&read(&entry.value)?) {
                    *left.finalizers.entry(finalizer.to_owned()).or_insert(0) += 1;
                }
            }
        }
        Ok(left)
    }
}
