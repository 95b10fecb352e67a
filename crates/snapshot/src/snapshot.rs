//! What a snapshot holds.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use portcullis_core::{Labels, Namespace, Origin, Skipped};
use portcullis_netpol::{Compiled, EndpointId};
use portcullis_rbac::Rules;
use smol_str::SmolStr;

use crate::lower::custom_resource::CustomResource;
use crate::lower::host_endpoint::PodToHost;
use crate::lower::service::Service;
use crate::lower::workload::{ContainerPort, Variable};
use crate::settings::Settings;

/// An immutable cluster.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) settings: Settings,
    pub(crate) network: Compiled,
    pub(crate) without_refused: Option<Compiled>,
    pub(crate) rbac: Rules,
    pub(crate) rbac_doubts: Vec<RbacDoubt>,
    pub(crate) host_doubts: Vec<HostDoubt>,
    /// What becomes of the traffic of a pod to its own node, if that is said.
    pub(crate) pod_to_host: Option<PodToHost>,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) by_endpoint: HashMap<EndpointId, WorkloadId>,
    pub(crate) services: Vec<Service>,
    pub(crate) backends: Vec<Vec<Backend>>,
    pub(crate) namespaces: BTreeMap<Namespace, (Labels, bool)>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) hosts: Vec<(SmolStr, SmolStr, EndpointId)>,
    pub(crate) custom_resources: Vec<CustomResource>,
    pub(crate) refused: Vec<RefusedObject>,
    pub(crate) carried: BTreeMap<String, usize>,
    pub(crate) skipped: Vec<Skipped>,
}

/// A pod, or a template that pods are made from.
#[derive(Clone, Debug)]
pub struct Workload {
    /// `Pod`, `Deployment`, ….
    pub kind: SmolStr,
    /// Its namespace.
    pub namespace: Namespace,
    /// Its name.
    pub name: SmolStr,
    /// The labels of its pods, as written.
    pub labels: Labels,
    /// The service account its pods run as.
    pub service_account: SmolStr,
    /// The ports of its containers.
    pub ports: Vec<ContainerPort>,
    /// The environment variables of its containers that are given as text.
    pub variables: Vec<Variable>,
    /// The node it is scheduled on, if that is said.
    pub node: Option<SmolStr>,
    /// What of it takes part in traffic.
    pub state: WorkloadState,
    /// Where it stands.
    pub origin: Origin,
}

/// An index into [`Snapshot::workloads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadId(pub usize);

/// What of a workload takes part in traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkloadState {
    /// It is an endpoint that policy protects.
    Endpoint(EndpointId),
    /// Its pods share the network of their node: no policy for pods applies to them. The addresses
    /// are the node's, where they are known.
    HostNetwork(Vec<IpAddr>),
    /// Other workloads stand for it: pods that were made from it, or the one it was made from.
    Through(Vec<WorkloadId>),
    /// It takes no part, for this reason.
    No(&'static str),
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub name: SmolStr,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Where it stands.
    pub origin: Origin,
}

/// One place that a service sends traffic to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Backend {
    /// Which port of the service, by its place in the list.
    pub service_port: usize,
    /// Where.
    pub at: BackendAt,
    /// The port there.
    pub port: u16,
}

/// Where a service sends traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BackendAt {
    /// To a workload.
    Workload(WorkloadId),
    /// To an address that is no workload's.
    Address(IpAddr),
}

/// An object that the original API would refuse.
#[derive(Clone, Debug)]
pub struct RefusedObject {
    /// `Kind namespace/name`.
    pub what: String,
    /// The first reason.
    pub why: String,
    /// Where it stands; none for a document that cannot be read.
    pub origin: Option<Origin>,
}

/// A role or binding that may or may not be in force.
#[derive(Clone, Debug)]
pub struct RbacDoubt {
    /// `Kind namespace/name`, or the kind that an unreadable document names.
    pub what: String,
    /// Why it is in doubt, as a clause about it.
    pub why: String,
    /// The role, if it is one.
    pub role: Option<portcullis_rbac::Role>,
    /// The binding, if it is one.
    pub binding: Option<portcullis_rbac::Binding>,
    /// Where it stands.
    pub origin: Origin,
}

/// A refused object that host endpoints depend on, and that may or may not come to be in force.
#[derive(Clone, Debug)]
pub struct HostDoubt {
    /// What is in doubt and why, as a clause that follows "what becomes of".
    pub why: String,
    /// Whom it concerns.
    pub about: DoubtedHost,
}

/// Whom a [`HostDoubt`] concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoubtedHost {
    /// This host endpoint.
    Endpoint {
        /// Its name.
        name: SmolStr,
        /// Its node, or nothing.
        node: SmolStr,
        /// Its addresses.
        addresses: Vec<IpAddr>,
    },
    /// Host endpoints that list this profile.
    Profile(SmolStr),
    /// Every host endpoint, as to the ports that stay open whatever policy says.
    Failsafes,
}

impl Snapshot {
    /// What was taken to be so.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Network policy.
    pub fn network(&self) -> &Compiled {
        &self.network
    }

    /// Network policy without what the original would refuse, where anything of that kind is in
    /// doubt: what [`Refused::Absent`](crate::Refused) makes of the same objects. Endpoints have the
    /// same ids there, policies have not.
    pub fn without_refused(&self) -> Option<&Compiled> {
        self.without_refused.as_ref()
    }

    /// Roles and bindings.
    pub fn rbac(&self) -> &Rules {
        &self.rbac
    }

    /// Roles and bindings that may or may not be in force.
    pub fn rbac_doubts(&self) -> &[RbacDoubt] {
        &self.rbac_doubts
    }

    /// Refused objects that host endpoints depend on.
    pub fn host_doubts(&self) -> &[HostDoubt] {
        &self.host_doubts
    }

    /// What becomes of the traffic of a pod to its own node, if a FelixConfiguration says it.
    pub fn pod_to_host(&self) -> Option<PodToHost> {
        self.pod_to_host
    }

    /// All pods and templates, in the order given.
    pub fn workloads(&self) -> impl Iterator<Item = (WorkloadId, &Workload)> {
        self.workloads.iter().enumerate().map(|(i, w)| (WorkloadId(i), w))
    }

    /// A workload of this snapshot.
    ///
    /// # Panics
    /// If the id is another snapshot's.
    #[expect(
        clippy::indexing_slicing,
        reason = "ids come from this snapshot: a caller's fault else"
    )]
    pub fn workload(&self, id: WorkloadId) -> &Workload {
        &self.workloads[id.0]
    }

    /// The workloads that stand for this one in traffic: itself, its pods, or what it was made from.
    pub fn standing_for(&self, id: WorkloadId) -> Vec<WorkloadId> {
        let mut found = Vec::new();
        let mut open = vec![id];
        let mut seen = HashSet::new();
        while let Some(next) = open.pop() {
            if !seen.insert(next) {
                continue;
            }
            match &self.workload(next).state {
                WorkloadState::Through(others) => open.extend(others),
                WorkloadState::Endpoint(_)
                | WorkloadState::HostNetwork(_)
                | WorkloadState::No(_) => found.push(next),
            }
        }
        found.sort_unstable();
        found
    }

    /// The workload that is this endpoint.
    pub fn workload_of(&self, endpoint: EndpointId) -> Option<WorkloadId> {
        self.by_endpoint.get(&endpoint).copied()
    }

    /// All services, in the order given.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The service of this name, with its place in [`Self::services`].
    pub fn service(&self, namespace: &str, name: &str) -> Option<(usize, &Service)> {
        self.services
            .iter()
            .enumerate()
            .find(|(_, s)| s.namespace.as_str() == namespace && s.name == name)
    }

    /// Where a service (by its place in [`Self::services`]) sends traffic.
    pub fn backends(&self, service: usize) -> &[Backend] {
        self.backends.get(service).map_or(&[], Vec::as_slice)
    }

    /// Every namespace that is given or used, with its labels and whether it is given.
    pub fn namespaces(&self) -> impl Iterator<Item = (&Namespace, &Labels, bool)> {
        self.namespaces.iter().map(|(n, (labels, given))| (n, labels, *given))
    }

    /// All nodes given.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All host endpoints: name, node, endpoint.
    pub fn host_endpoints(&self) -> impl Iterator<Item = (&SmolStr, &SmolStr, EndpointId)> {
        self.hosts.iter().map(|(name, node, id)| (name, node, *id))
    }

    /// The resources that CustomResourceDefinitions define.
    pub fn custom_resources(&self) -> &[CustomResource] {
        &self.custom_resources
    }

    /// The objects that the original API would refuse.
    pub fn refused(&self) -> &[RefusedObject] {
        &self.refused
    }

    /// How many objects there are of each kind that is not known here, by `kind.group`.
    pub fn carried(&self) -> &BTreeMap<String, usize> {
        &self.carried
    }

    /// What was given and takes no part in any verdict, and why.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }
}
