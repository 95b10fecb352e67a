//! The plugins, one file each, named as the original names them.

pub(crate) mod certificate;
pub(crate) mod claim_resize;
pub(crate) mod default_ingress_class;
pub(crate) mod default_storage_class;
pub(crate) mod default_tolerations;
pub(crate) mod in_use;
pub(crate) mod limit_ranger;
pub(crate) mod namespace_lifecycle;
pub(crate) mod node_restriction;
pub(crate) mod pod_security;
pub(crate) mod pod_topology;
pub(crate) mod priority;
pub(crate) mod runtime_class;
pub(crate) mod service_account;
pub(crate) mod taint_nodes;
