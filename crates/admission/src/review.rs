//! What a chain is asked, and what it asks back.

use std::sync::Arc;

use crate::Object;

/// What is to be done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is new; of a subresource, something is created for it.
    Create,
    /// It changes.
    Update,
    /// It goes.
    Delete,
}

/// Who asks, as admission knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requester {
    /// Their name.
    pub name: String,
    /// Their uid; empty where there is none.
    pub uid: String,
    /// Their groups.
    pub groups: Vec<String>,
}

/// One question to the chain: who does what to which object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// What is done.
    pub operation: Operation,
    /// The group of the resource; empty is the core group.
    pub group: &'static str,
    /// The resource, in the plural.
    pub resource: &'static str,
    /// The subresource; empty for the object itself.
    pub subresource: &'static str,
    /// The namespace of the object; empty for cluster-wide ones.
    pub namespace: String,
    /// The object's name; empty only while all of a collection are deleted.
    pub name: String,
    /// Who asks.
    pub requester: Requester,
}

/// The sorts of objects that plugins look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// `v1/Namespace`.
    Namespace,
    /// `v1/ServiceAccount`.
    ServiceAccount,
    /// `v1/Pod`.
    Pod,
    /// `v1/Node`.
    Node,
    /// `v1/LimitRange`.
    LimitRange,
    /// `scheduling.k8s.io/v1/PriorityClass`.
    PriorityClass,
    /// `node.k8s.io/v1/RuntimeClass`.
    RuntimeClass,
    /// `storage.k8s.io/v1/StorageClass`.
    StorageClass,
    /// `networking.k8s.io/v1/IngressClass`.
    IngressClass,
}

/// Something that somebody may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access<'a> {
    /// The verb.
    pub verb: &'a str,
    /// The group of the resource.
    pub group: &'a str,
    /// The resource.
    pub resource: &'a str,
    /// The namespace; empty for the whole cluster.
    pub namespace: &'a str,
    /// The name.
    pub name: &'a str,
}

/// Whom a request for a certificate is made out to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The common name: the user that the certificate would stand for.
    pub common_name: String,
    /// The organisations: the user's groups.
    pub organizations: Vec<String>,
}

/// What the plugins ask of the world. The server answers from its store as it is now, a test from a table.
pub trait Facts {
    /// An object, if it is there. `namespace` is empty for what is cluster-wide.
    fn object(&self, sort: Sort, namespace: &str, name: &str) -> Option<Arc<Object>>;

    /// All objects of a sort, of one namespace where they have one.
    fn objects(&self, sort: Sort, namespace: &str) -> Vec<Arc<Object>>;

    /// Whether the authorizers allow the requester something.
    fn allows(&self, requester: &Requester, access: &Access<'_>) -> bool;

    /// Whom a request for a certificate, in PEM, is made out to.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn subject(&self, request: &[u8]) -> Result<Subject, String>;

    /// Five letters and digits that nobody can guess, for the end of a name.
    fn suffix(&self) -> String;
}

// === impl Review ===

impl Review {
    /// Whether it is about objects of a resource themselves, not a part of them.
    pub(crate) fn is_of(&self, group: &str, resource: &str) -> bool {
        self.is_of_part(group, resource, "")
    }

    /// Whether it is about a subresource.
    pub(crate) fn is_of_part(&self, group: &str, resource: &str, subresource: &str) -> bool {
        self.group == group && self.resource == resource && self.subresource == subresource
    }

    /// Whether an object of a resource is to be created.
    pub(crate) fn creates(&self, group: &str, resource: &str) -> bool {
        self.operation == Operation::Create && self.is_of(group, resource)
    }
}
