//! The server's side of admission: it tells the chain what a request does, answers what the chain asks
//! about the world, and turns its refusals into what the client reads.

use std::sync::Arc;

use portcullis_admission::{
    Access, Chain, Facts, Operation, Passed, Refusal, Requester, Review, Sort, Subject,
};
use portcullis_core::Namespace;
use portcullis_identity::csr;
use portcullis_kinds::{FieldError, Object, Occasion};
use portcullis_rbac::{Attempt, Resource as Asked, Target as Sought};
use portcullis_store::{Keys, Snapshot};
use serde_json::Value;

use crate::ask::{Ask, Target};
use crate::backend::Backend;
use crate::server::Server;
use crate::status::{Cause, Details, Status};
use crate::stored;

/// What a request does to which object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doing<'a> {
    pub operation: Operation,
    pub target: Target,
    /// Empty for cluster-wide objects.
    pub namespace: &'a str,
    pub name: &'a str,
}

impl<B: Backend> Server<B> {
    /// The first half of the chain: every plugin may change the object. Of a deletion, `object` is empty.
    pub(crate) fn admit(
        &self,
        ask: &Ask,
        doing: Doing<'_>,
        object: Object,
        old: Option<&Object>,
    ) -> Result<(Object, Chain), Status> {
        let user = ask.user();
        let resource = doing.target.resource;
        let review = Review {
            operation: doing.operation,
            group: resource.group,
            resource: resource.plural,
            subresource: doing.target.subresource_name(),
            namespace: doing.namespace.to_owned(),
            name: doing.name.to_owned(),
            requester: Requester {
                name: user.name.clone(),
                uid: user.uid.clone(),
                groups: user.groups.clone(),
            },
        };
        Chain::start(review, object, old, &self.world()).map_err(|why| refused(doing, why))
    }

    /// The second half: every plugin may refuse the object as it would be stored.
    pub(crate) fn judge(
        &self,
        chain: Chain,
        doing: Doing<'_>,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<Passed, Status> {
        chain.resume(object, old, &self.world()).map_err(|why| refused(doing, why))
    }

    fn world(&self) -> World<'_, B> {
        World { server: self, view: self.store.view() }
    }
}

/// What the chain may ask about: the server, and its store as of one moment.
struct World<'a, B> {
    server: &'a Server<B>,
    view: Arc<Snapshot>,
}

impl<B: Backend> Facts for World<'_, B> {
    fn object(&self, sort: Sort, namespace: &str, name: &str) -> Option<Arc<Object>> {
        let separator = if namespace.is_empty() { "" } else { "/" };
        let key = format!("{}{namespace}{separator}{name}", prefix(sort));
        stored::read(self.view.get(key.as_bytes())?).ok()
    }

    fn objects(&self, sort: Sort, namespace: &str) -> Vec<Arc<Object>> {
        let separator = if namespace.is_empty() { "" } else { "/" };
        let prefix = format!("{}{namespace}{separator}", prefix(sort));
        let keys = Keys::prefix(prefix.as_bytes());
        self.view.range(&keys).filter_map(|entry| stored::read(entry).ok()).collect()
    }

    fn allows(&self, requester: &Requester, access: &Access<'_>) -> bool {
        let attempt = Attempt {
            requester: portcullis_rbac::Requester {
                user: requester.name.as_str().into(),
                groups: requester.groups.iter().map(|group| group.as_str().into()).collect(),
            },
            verb: access.verb.into(),
            target: Sought::Resource(Asked {
                group: access.group.into(),
                resource: access.resource.into(),
                subresource: "".into(),
                namespace: (!access.namespace.is_empty()).then(|| Namespace::new(access.namespace)),
                name: access.name.into(),
            }),
        };
        self.server.authorizer.opinion(&self.server.store, &attempt).allowed
    }

    fn subject(&self, request: &[u8]) -> Result<Subject, String> {
        let request = csr::Request::from_pem(request).map_err(|why| why.to_string())?;
        Ok(Subject {
            common_name: request.common_name().to_owned(),
            organizations: request.organizations().to_vec(),
        })
    }

    fn suffix(&self) -> String {
        self.server.random.suffix()
    }
}

/// What the keys of a sort of objects begin with.
fn prefix(sort: Sort) -> &'static str {
    match sort {
        Sort::Namespace => "/registry/namespaces/",
        Sort::ServiceAccount => "/registry/serviceaccounts/",
        Sort::Pod => "/registry/pods/",
        Sort::Node => "/registry/minions/",
        Sort::LimitRange => "/registry/limitranges/",
        Sort::PriorityClass => "/registry/priorityclasses/",
        Sort::RuntimeClass => "/registry/runtimeclasses/",
        Sort::StorageClass => "/registry/storageclasses/",
        Sort::IngressClass => "/registry/ingressclasses/",
    }
}

/// What the client reads of a refusal.
fn refused(doing: Doing<'_>, refusal: Refusal) -> Status {
    let resource = doing.target.resource;
    match refusal {
        Refusal::Forbidden { why, cause } => {
            let status = Status::refused(resource, doing.name, &why);
            match cause {
                None => status,
                Some(cause) => status.because(vec![Cause {
                    reason: cause.reason,
                    message: cause.message,
                    field: cause.field.to_owned(),
                }]),
            }
        }
        Refusal::Invalid(faults) => {
            let faults: Vec<FieldError> = faults
                .into_iter()
                .map(|fault| FieldError::invalid(fault.field, fault.value, fault.detail))
                .collect();
            Status::invalid(resource.group, resource.kind, doing.name, &faults)
        }
        Refusal::NotFound { resource, name } => missing(resource, &name),
    }
}

/// 404: the namespace of an object that is to be created is not there.
pub(crate) fn no_namespace(namespace: &str) -> Status {
    missing("namespaces", namespace)
}

/// 404: something of the core group that a request needs is not there.
fn missing(resource: &str, name: &str) -> Status {
    let mut status = Status::no_such_resource();
    status.message = format!("{resource} {} not found", Value::from(name));
    status.details = Some(Box::new(Details {
        name: name.to_owned(),
        kind: resource.to_owned(),
        ..Details::default()
    }));
    status
}

/// Lets the kind set what only the occasion knows.
pub(crate) fn stamp(ask: &Ask, target: Target, object: &mut Object, old: Option<&Object>) {
    let user = ask.user();
    let extra: Object =
        user.extra.iter().map(|(key, values)| (key.clone(), values.clone().into())).collect();
    let occasion = Occasion {
        now: ask.now,
        user: &user.name,
        uid: &user.uid,
        groups: &user.groups,
        extra: &extra,
    };
    target.kind.stamp(object, old, &occasion);
}

#[cfg(test)]
mod tests {
    use portcullis_schema::api;

    use super::*;

    #[test]
    fn every_sort_lies_where_its_resource_does() {
        for (sort, group, plural) in [
            (Sort::Namespace, "", "namespaces"),
            (Sort::ServiceAccount, "", "serviceaccounts"),
            (Sort::Pod, "", "pods"),
            (Sort::Node, "", "nodes"),
            (Sort::LimitRange, "", "limitranges"),
            (Sort::PriorityClass, "scheduling.k8s.io", "priorityclasses"),
            (Sort::RuntimeClass, "node.k8s.io", "runtimeclasses"),
            (Sort::StorageClass, "storage.k8s.io", "storageclasses"),
            (Sort::IngressClass, "networking.k8s.io", "ingressclasses"),
        ] {
            let resource = api::resource(group, "v1", plural).expect("it is served");
            assert_eq!(prefix(sort), crate::resource::prefix(resource), "{sort:?}");
        }
    }
}
