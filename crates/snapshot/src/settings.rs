//! What YAML alone does not say.

use std::net::IpAddr;

use portcullis_core::{Namespace, Net};
use smol_str::SmolStr;

/// What is taken to be so where the objects are silent. The caller prints what was assumed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The namespace of objects that are namespaced and name none.
    pub default_namespace: Namespace,
    /// Whether the objects are asked about or already stored, per family of APIs.
    pub intake: IntakeByApi,
    /// What becomes of objects that the original API would refuse.
    pub refused: Refused,
    /// Whether aggregated ClusterRoles are filled in or taken as stored.
    pub aggregation: Aggregation,
    /// Whether the roles and bindings that every server creates are there.
    pub bootstrap: bool,
    /// The networks that pods without a known address get theirs from; empty means anywhere.
    pub pod_networks: Vec<Net>,
    /// What DNS names resolve to.
    pub resolved: Vec<(SmolStr, IpAddr)>,
    /// Kinds of other engines that are known not to be in force here.
    pub without: Vec<SmolStr>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_namespace: Namespace::new("default"),
            intake: IntakeByApi::all(Intake::Proposed),
            refused: Refused::Unknown,
            aggregation: Aggregation::Resolve,
            bootstrap: true,
            pod_networks: Vec::new(),
            resolved: Vec::new(),
            without: Vec::new(),
        }
    }
}

/// Whether the original would still have its say on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// It is asked about: what the original refuses never comes to be.
    Proposed,
    /// It is there: what cannot be evaluated fails closed.
    Stored,
}

/// [`Intake`] per family of APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntakeByApi {
    /// Kubernetes' own kinds and ClusterNetworkPolicy, RBAC aside.
    pub kubernetes: Intake,
    /// RBAC.
    pub rbac: Intake,
    /// Calico's kinds.
    pub calico: Intake,
}

impl IntakeByApi {
    /// The same for every family.
    pub fn all(intake: Intake) -> Self {
        Self { kubernetes: intake, rbac: intake, calico: intake }
    }

    /// The one for an API group.
    pub fn of(&self, group: &str) -> Intake {
        match group {
            "rbac.authorization.k8s.io" => self.rbac,
            "projectcalico.org" | "crd.projectcalico.org" => self.calico,
            _ => self.kubernetes,
        }
    }
}

/// What becomes of an object that the original would refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nobody knows what its author will do: a verdict it could reach is unknown.
    Unknown,
    /// It is left out.
    Absent,
}

/// Where the rules of aggregated ClusterRoles come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// From the ClusterRoles they select, as the controller fills them in.
    Resolve,
    /// From the objects as they are.
    AsStored,
}
