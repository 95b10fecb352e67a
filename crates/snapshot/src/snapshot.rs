//! What a snapshot holds.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use portcullis_core::{Diagnostic, Labels, Namespace, ObjectRef, Origin, Skipped, Slots};
use portcullis_netpol::{Compiled, EndpointId, Foreign, Input, Tier};
use portcullis_rbac::Rules;
use smol_str::SmolStr;

use crate::lower::custom_resource::CustomResource;
use crate::lower::host_endpoint::{Felix, PodToHost};
use crate::lower::service::Service;
use crate::lower::workload::{ContainerPort, Variable};
use crate::ownership::groups_of;
use crate::record::{Part, Record, Unread};
use crate::register::{List, Register};
use crate::seats::{Map, Seat, Seats, map};
use crate::settings::Settings;

/// An immutable cluster. Cloning is O(1), and what [`Snapshot::apply`] makes of one shares with it
/// everything that stays.
///
/// Ids of workloads and places of services are those of one snapshot and of all that were made from it
/// by changes, for as long as the object is there.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) settings: Arc<Settings>,
    /// What was given, by seat.
    pub(crate) records: Slots<Option<Arc<Record>>>,
    pub(crate) register: Register,
    pub(crate) unread: Arc<Unread>,
    /// By seat, the number by which `network` knows the endpoint, policy or network set that stands
    /// there. It is kept as long as the object is.
    pub(crate) numbers: Slots<Option<u32>, 64>,
    /// The number of the first policy that cannot be read; the others follow it.
    pub(crate) unread_from: u32,
    /// The numbers that come next.
    pub(crate) next: Next,
    /// The workload that is an endpoint, or was.
    pub(crate) by_endpoint: Slots<Option<WorkloadId>, 64>,
    /// By seat.
    pub(crate) workloads: Slots<Option<Arc<Workload>>>,
    pub(crate) backends: Map<Seat, Arc<[Backend]>>,
    /// All tiers that are defined, those in doubt among them.
    pub(crate) tiers: Arc<[Tier]>,
    pub(crate) network: Compiled,
    pub(crate) without_refused: Option<Compiled>,
    pub(crate) rbac: Arc<Rules>,
    pub(crate) custom_resources: Arc<[CustomResource]>,
}

/// The numbers that `network` has not given away yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Next {
    pub(crate) endpoint: u32,
    pub(crate) policy: u32,
    pub(crate) set: u32,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("objects", &self.records.len()).finish_non_exhaustive()
    }
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

/// Which workload of a [`Snapshot`]; ids are in the order given.
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

// === Finding things ===

impl Snapshot {
    /// One without anything in it, not even what is always there.
    pub(crate) fn blank(settings: &Settings) -> Self {
        Self {
            settings: Arc::new(settings.clone()),
            records: Slots::default(),
            register: Register::default(),
            unread: Arc::default(),
            numbers: Slots::default(),
            unread_from: 0,
            next: Next::default(),
            by_endpoint: Slots::default(),
            workloads: Slots::default(),
            backends: map(),
            tiers: Arc::from([]),
            network: Compiled::new(Input::default()),
            without_refused: None,
            rbac: Arc::default(),
            custom_resources: Arc::from([]),
        }
    }

    pub(crate) fn record(&self, seat: Seat) -> Option<&Record> {
        self.records.get(seat.index())?.as_deref()
    }

    pub(crate) fn workload_at(&self, seat: Seat) -> Option<&Workload> {
        self.workloads.get(seat.index())?.as_deref()
    }

    pub(crate) fn number(&self, seat: Seat) -> Option<u32> {
        self.numbers.get(seat.index()).copied().flatten()
    }

    /// The object of this identity that is there: of several, the last one.
    pub(crate) fn seat(&self, identity: &ObjectRef) -> Option<Seat> {
        let mut seats = self.register.named(identity).iter();
        seats.rfind(|seat| self.record(*seat).is_some_and(|record| record.counts))
    }

    /// The services of this name; several only if they have none.
    pub(crate) fn services_named(&self, namespace: &Namespace, name: &SmolStr) -> &Seats {
        let service = reference("", "Service", Some(namespace.as_str()), name);
        self.register.named(&service)
    }

    /// The labels of a namespace, if it is given itself.
    pub(crate) fn given_namespace(&self, name: &Namespace) -> Option<&Labels> {
        let seat = self.seat(&reference("", "Namespace", None, name.as_str()))?;
        match &self.record(seat)?.part {
            Part::Namespace(labels) => Some(labels),
            _ => None,
        }
    }

    /// All policies of engines that are not judged here.
    pub(crate) fn foreign(&self) -> Vec<Foreign> {
        let foreign = self.listed(List::Foreign, |_, record| match &record.part {
            Part::Foreign(foreign) => Some(Foreign::clone(foreign)),
            _ => None,
        });
        foreign.collect()
    }

    /// The resources that are defined, put together anew.
    pub(crate) fn all_custom_resources(&self) -> Arc<[CustomResource]> {
        let resources = self.listed(List::CustomResources, |_, record| match &record.part {
            Part::CustomResource(resource) => Some(CustomResource::clone(resource)),
            _ => None,
        });
        resources.collect()
    }

    /// The parts of what is listed, in the order given.
    fn listed<'a, T: 'a>(
        &'a self,
        list: List,
        part: impl Fn(Seat, &'a Record) -> Option<T> + 'a,
    ) -> impl Iterator<Item = T> + 'a {
        let seats = self.register.listed(list).iter();
        seats.filter_map(move |seat| part(seat, self.record(seat)?))
    }
}

// === Asking it ===

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
    pub fn rbac_doubts(&self) -> impl Iterator<Item = &RbacDoubt> {
        let doubts = self.listed(List::RbacDoubts, |_, record| match &record.part {
            Part::RbacDoubt(doubt) => Some(doubt.as_ref()),
            _ => None,
        });
        doubts.chain(&self.unread.rbac_doubts)
    }

    /// Refused objects that host endpoints depend on.
    pub fn host_doubts(&self) -> impl Iterator<Item = &HostDoubt> {
        self.listed(List::HostDoubts, |_, record| match &record.part {
            Part::HostDoubt(doubt) => Some(doubt.as_ref()),
            _ => None,
        })
    }

    /// What becomes of the traffic of a pod to its own node, if a FelixConfiguration says it.
    pub fn pod_to_host(&self) -> Option<PodToHost> {
        self.felix()?.pod_to_host
    }

    /// What the FelixConfiguration of all nodes says, if it is given.
    pub(crate) fn felix(&self) -> Option<&Felix> {
        let seat = self.register.listed(List::Felix).iter().next_back()?;
        match &self.record(seat)?.part {
            Part::Felix(felix) => Some(felix),
            _ => None,
        }
    }

    /// All pods and templates, in the order given.
    pub fn workloads(&self) -> impl Iterator<Item = (WorkloadId, &Workload)> {
        let seats = self.workloads.iter().enumerate();
        seats.filter_map(|(i, w)| Some((WorkloadId(i), w.as_deref()?)))
    }

    /// A workload of this snapshot.
    ///
    /// # Panics
    /// If the id is another snapshot's.
    #[expect(clippy::panic, reason = "ids come from this snapshot: a caller's fault else")]
    pub fn workload(&self, id: WorkloadId) -> &Workload {
        match self.find_workload(id) {
            Some(workload) => workload,
            None => panic!("{id:?} is not of this snapshot"),
        }
    }

    /// The workload of this id, if it is there.
    pub fn find_workload(&self, id: WorkloadId) -> Option<&Workload> {
        self.workload_at(Seat::at(id.0))
    }

    /// The workloads of this namespace and name, in the order given: one, unless things of several
    /// kinds share a name. Only those of `kind`, if one is given.
    pub fn workloads_named(
        &self,
        kind: Option<&str>,
        namespace: &str,
        name: &str,
    ) -> Vec<(WorkloadId, &Workload)> {
        let kinds = WORKLOAD_KINDS.into_iter().filter(|k| kind.is_none_or(|kind| kind == *k));
        let mut seats: Vec<Seat> = Vec::new();
        let mut identity = reference("", "", Some(namespace), name);
        for kind in kinds {
            identity.kind = SmolStr::new_static(kind);
            for group in groups_of(kind) {
                identity.group = SmolStr::new_static(group);
                seats.extend(self.register.named(&identity).iter());
            }
        }
        seats.sort_unstable();
        let found = seats.into_iter();
        found.filter_map(|s| Some((WorkloadId(s.index()), self.workload_at(s)?))).collect()
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
        let id = self.by_endpoint.get(endpoint.0 as usize).copied().flatten()?;
        let is = self.find_workload(id)?.state == WorkloadState::Endpoint(endpoint);
        is.then_some(id)
    }

    /// All services with their places, in the order given.
    pub fn services(&self) -> impl Iterator<Item = (usize, &Service)> {
        self.listed(List::Services, |seat, record| match &record.part {
            Part::Service(service) => Some((seat.index(), service.as_ref())),
            _ => None,
        })
    }

    /// The service at a place.
    pub fn service_at(&self, place: usize) -> Option<&Service> {
        match &self.record(Seat::at(place))?.part {
            Part::Service(service) => Some(service),
            _ => None,
        }
    }

    /// The service of this name, with its place.
    pub fn service(&self, namespace: &str, name: &str) -> Option<(usize, &Service)> {
        let identity = reference("", "Service", Some(namespace), name);
        let mut places = self.register.named(&identity).iter().map(Seat::index);
        places.find_map(|place| Some((place, self.service_at(place)?)))
    }

    /// Where the service at this place sends traffic.
    pub fn backends(&self, service: usize) -> &[Backend] {
        self.backends.get(&Seat::at(service)).map_or(&[], |backends| backends)
    }

    /// Every namespace that is given or used, with its labels and whether it is given.
    pub fn namespaces(&self) -> impl Iterator<Item = (&Namespace, &Labels, bool)> {
        self.register.namespaces.iter().filter_map(|name| {
            let inside = self.register.inside(name).filter(|inside| inside.exists())?;
            Some((name, &inside.labels, inside.given))
        })
    }

    /// The labels of a namespace and whether it is given, if it is given or used.
    pub fn namespace(&self, name: &str) -> Option<(&Labels, bool)> {
        let inside = self.register.inside(&Namespace::new(name)).filter(|i| i.exists())?;
        Some((&inside.labels, inside.given))
    }

    /// All nodes given.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.listed(List::Nodes, |_, record| match &record.part {
            Part::Node(node) => Some(node),
            _ => None,
        })
    }

    /// The node of this name, if it is given.
    pub fn node(&self, name: &str) -> Option<&Node> {
        let seat = self.seat(&reference("", "Node", None, name))?;
        match &self.record(seat)?.part {
            Part::Node(node) => Some(node),
            _ => None,
        }
    }

    /// All host endpoints: name, node, endpoint.
    pub fn host_endpoints(&self) -> impl Iterator<Item = (&SmolStr, &SmolStr, EndpointId)> {
        self.listed(List::Hosts, |seat, record| match &record.part {
            Part::Host(host) => Some((&host.name, &host.node, EndpointId(self.number(seat)?))),
            _ => None,
        })
    }

    /// The resources that CustomResourceDefinitions define.
    pub fn custom_resources(&self) -> &[CustomResource] {
        &self.custom_resources
    }

    /// The objects that the original API would refuse.
    pub fn refused(&self) -> impl Iterator<Item = &RefusedObject> {
        let refused = self.listed(List::Refused, |_, record| record.refused.as_deref());
        refused.chain(&self.unread.refused)
    }

    /// How many objects there are of each kind that is not known here, by `kind.group`.
    pub fn carried(&self) -> &BTreeMap<String, usize> {
        &self.register.carried
    }

    /// What was given and takes no part in any verdict, and why.
    pub fn skipped(&self) -> impl Iterator<Item = &Skipped> {
        self.listed(List::Skipped, |_, record| record.skipped.as_deref())
    }

    /// What was found in everything that was given, in the order given: the same as if it had all been
    /// read at once.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let records = self.records.iter().flatten();
        let found = records.flat_map(|record| record.diagnostics.iter().cloned());
        let policies = self.register.listed(List::Policies).iter();
        found.chain(policies.filter_map(|seat| self.tier_missing(seat))).collect()
    }
}

/// The kinds that pods and templates have.
const WORKLOAD_KINDS: [&str; 8] = [
    "Pod",
    "ReplicationController",
    "Deployment",
    "DaemonSet",
    "ReplicaSet",
    "StatefulSet",
    "Job",
    "CronJob",
];

fn reference(group: &str, kind: &str, namespace: Option<&str>, name: &str) -> ObjectRef {
    ObjectRef {
        group: group.into(),
        kind: kind.into(),
        namespace: namespace.map(Namespace::new),
        name: name.into(),
    }
}
