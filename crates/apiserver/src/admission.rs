//! The server's side of admission: it tells the chain what it asks about, and carries out its calls.

use portcullis_kinds::Object;
use serde_json::Value;

use crate::ask::{Ask, Target};
use crate::backend::Backend;
use crate::resource::Resource;
use crate::server::Server;
use crate::status::{Cause, Details, Status};
use crate::{meta, stored};

/// What is to be done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is new.
    Create,
    /// It changes.
    Update,
    /// It goes.
    Delete,
}

/// What admission is asked.
#[derive(Clone, Debug)]
pub struct Review {
    /// What is done.
    pub operation: Operation,
    /// To an object of which resource.
    pub resource: &'static Resource,
    /// In which namespace; empty for cluster-wide ones.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Namespaces that stay.
const IMMORTAL: [&str; 3] = ["default", "kube-public", "kube-system"];

impl<B: Backend> Server<B> {
    /// What the chain is asked about a request.
    pub(crate) fn review(
        &self,
        _ask: &Ask,
        target: Target,
        operation: Operation,
        namespace: &str,
        name: &str,
        _dry_run: bool,
    ) -> Review {
        Review {
            operation,
            resource: target.resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The first half of the chain: what changes the object.
    pub(crate) async fn mutate(
        &self,
        _ask: &mut Ask,
        review: &Review,
        object: Object,
        _old: Option<&Object>,
    ) -> Result<Object, Status> {
        if review.operation == Operation::Create && !review.namespace.is_empty() {
            self.namespace_takes(review)?;
        }
        Ok(object)
    }

    /// The second half: what only looks.
    pub(crate) async fn validate(
        &self,
        _ask: &mut Ask,
        _review: &Review,
        _object: &Object,
        _old: Option<&Object>,
    ) -> Result<(), Status> {
        Ok(())
    }

    /// Whether the object is one that stays.
    pub(crate) fn may_be_deleted(&self, review: &Review) -> Result<(), Status> {
        if review.resource.plural == "namespaces" && IMMORTAL.contains(&review.name.as_str()) {
            return Err(Status::refused(
                review.resource,
                &review.name,
                "this namespace may not be deleted",
            ));
        }
        Ok(())
    }

    fn namespace_takes(&self, review: &Review) -> Result<(), Status> {
        let namespace = &review.namespace;
        let view = self.store.view();
        let Some(entry) = view.get(format!("/registry/namespaces/{namespace}").as_bytes()) else {
            return Err(no_namespace(namespace));
        };
        let object = stored::read(entry).map_err(|why| Status::internal(&why.to_string()))?;
        let phase =
            object.get("status").and_then(|status| status.get("phase")).and_then(Value::as_str);
        if phase == Some("Terminating") || meta::is_terminating(&object) {
            let why = format!(
                "unable to create new content in namespace {namespace} because it is being terminated"
            );
            let cause = Cause {
                reason: "NamespaceTerminating",
                message: format!("namespace {namespace} is being terminated"),
                field: "metadata.namespace".to_owned(),
            };
            return Err(Status::refused(review.resource, &review.name, &why).because(vec![cause]));
        }
        Ok(())
    }
}

/// 404: the namespace of an object that is to be created is not there.
pub(crate) fn no_namespace(namespace: &str) -> Status {
    let mut status = Status::no_such_resource();
    status.message = format!("namespaces {} not found", Value::from(namespace));
    status.details = Some(Box::new(Details {
        name: namespace.to_owned(),
        kind: "namespaces".to_owned(),
        ..Details::default()
    }));
    status
}
