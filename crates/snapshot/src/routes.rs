//! Where services lead: to the pods behind them.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use portcullis_core::{Namespace, Protocol};
use portcullis_netpol::{Member, ServiceEndpoints};
use smol_str::SmolStr;

use crate::lower::service::{Service, Slice, TargetPort};
use crate::lower::workload::{Life, PodDraft};
use crate::snapshot::{Backend, BackendAt, Workload, WorkloadId, WorkloadState};

/// What routes are made of.
pub(crate) struct Routes<'a> {
    pub(crate) services: &'a [Service],
    pub(crate) slices: &'a [Slice],
    pub(crate) pods: &'a [PodDraft],
    /// One for each of the pods, in their order.
    pub(crate) workloads: &'a [Workload],
}

impl Routes<'_> {
    /// Where each service leads: as its slices say, or else to the pods that its selector selects.
    pub(crate) fn backends(&self) -> Vec<Vec<Backend>> {
        let workloads = self.workloads;
        let by_address: HashMap<IpAddr, WorkloadId> = self
            .pods
            .iter()
            .enumerate()
            .filter(|(i, _)| {
                matches!(workloads.get(*i).map(|w| &w.state), Some(WorkloadState::Endpoint(_)))
            })
            .flat_map(|(i, pod)| {
                let addresses = match &pod.life {
                    Life::At(addresses) => addresses.as_slice(),
                    _ => &[],
                };
                addresses.iter().map(move |a| (*a, WorkloadId(i)))
            })
            .collect();
        let by_namespace = by_namespace(workloads);
        let slices = self.slices_by_service();
        self.services
            .iter()
            .map(|service| {
                let key = (&service.namespace, &service.name);
                let Some(slices) = slices.get(&key) else {
                    let inside = by_namespace.get(&service.namespace);
                    return selected_backends(service, inside.map_or(&[], Vec::as_slice));
                };
                let mut backends = Vec::new();
                let mut seen = HashSet::new();
                for slice in slices {
                    for (name, protocol, port) in &slice.ports {
                        let of = service.ports.iter().position(|p| {
                            p.protocol == *protocol && (p.name == *name || service.ports.len() == 1)
                        });
                        let Some(service_port) = of else { continue };
                        for address in &slice.addresses {
                            let at = match by_address.get(address) {
                                Some(workload) => BackendAt::Workload(*workload),
                                None => BackendAt::Address(*address),
                            };
                            let backend = Backend { service_port, at, port: *port };
                            if seen.insert(backend.clone()) {
                                backends.push(backend);
                            }
                        }
                    }
                }
                backends
            })
            .collect()
    }

    /// The slices of each service: those of Endpoints objects count only where there is no other.
    fn slices_by_service(&self) -> HashMap<(&Namespace, &SmolStr), Vec<&Slice>> {
        let mut slices: HashMap<(&Namespace, &SmolStr), Vec<&Slice>> = HashMap::new();
        for slice in self.slices {
            slices.entry((&slice.namespace, &slice.service)).or_default().push(slice);
        }
        for of_service in slices.values_mut() {
            if of_service.iter().any(|s| !s.legacy) {
                of_service.retain(|s| !s.legacy);
            }
        }
        slices
    }

    /// What rules that name a service match.
    pub(crate) fn service_endpoints(
        &self,
        backends: &[Vec<Backend>],
    ) -> HashMap<(Namespace, SmolStr), ServiceEndpoints> {
        let mut services: HashMap<(Namespace, SmolStr), ServiceEndpoints> = HashMap::new();
        // Rules look at slices alone, whether or not a Service object is there.
        for ((namespace, name), slices) in self.slices_by_service() {
            let of_service = services.entry((namespace.clone(), name.clone())).or_default();
            for slice in slices {
                let ports: Vec<(Protocol, u16)> =
                    slice.ports.iter().map(|(_, protocol, port)| (*protocol, *port)).collect();
                let members = slice.addresses.iter().map(|a| (Member::Address(*a), ports.clone()));
                of_service.members.extend(members);
            }
        }
        for (service, backends) in self.services.iter().zip(backends) {
            let key = (service.namespace.clone(), service.name.clone());
            if services.contains_key(&key) {
                continue;
            }
            let mut derived = ServiceEndpoints::default();
            for backend in backends {
                let protocol = service.ports.get(backend.service_port).map(|p| p.protocol);
                let (BackendAt::Workload(id), Some(protocol)) = (backend.at, protocol) else {
                    continue;
                };
                let members: Vec<Member> = match self.workloads.get(id.0).map(|w| &w.state) {
                    Some(WorkloadState::Endpoint(endpoint)) => {
                        vec![Member::Endpoint(*endpoint)]
                    }
                    Some(WorkloadState::HostNetwork(addresses)) => {
                        addresses.iter().map(|a| Member::Address(*a)).collect()
                    }
                    _ => Vec::new(),
                };
                let ports = vec![(protocol, backend.port)];
                derived.members.extend(members.into_iter().map(|m| (m, ports.clone())));
            }
            services.insert(key, derived);
        }
        services
    }
}

/// The workloads that take part in traffic, by namespace.
fn by_namespace(workloads: &[Workload]) -> HashMap<&Namespace, Vec<(WorkloadId, &Workload)>> {
    let mut inside: HashMap<&Namespace, Vec<(WorkloadId, &Workload)>> = HashMap::new();
    for (index, workload) in workloads.iter().enumerate() {
        if matches!(workload.state, WorkloadState::Endpoint(_) | WorkloadState::HostNetwork(_)) {
            inside.entry(&workload.namespace).or_default().push((WorkloadId(index), workload));
        }
    }
    inside
}

/// Where a service without slices leads: to those of the workloads that its selector selects.
fn selected_backends(service: &Service, workloads: &[(WorkloadId, &Workload)]) -> Vec<Backend> {
    let Some(selector) = &service.selector else { return Vec::new() };
    let mut backends = Vec::new();
    for (id, workload) in workloads {
        if !selector.matches(&workload.labels) {
            continue;
        }
        for (service_port, port) in service.ports.iter().enumerate() {
            let target = match &port.target {
                TargetPort::Number(number) => Some(*number),
                TargetPort::Named(name) => workload
                    .ports
                    .iter()
                    .find(|p| p.name == *name && p.protocol == port.protocol)
                    .map(|p| p.port),
            };
            if let Some(target) = target {
                backends.push(Backend { service_port, at: BackendAt::Workload(*id), port: target });
            }
        }
    }
    backends
}
