//! Where services lead: to the pods behind them.

use std::collections::HashSet;

use portcullis_core::{Namespace, Protocol};
use portcullis_netpol::{Member, ServiceEndpoints};
use smol_str::SmolStr;

use crate::lower::service::{Service, Slice, TargetPort};
use crate::record::Part;
use crate::seats::Seat;
use crate::snapshot::{Backend, BackendAt, Snapshot, Workload, WorkloadId, WorkloadState};

impl Snapshot {
    /// The slices of a service: those of Endpoints objects count only where there is no other.
    pub(crate) fn slices(&self, namespace: &Namespace, service: &SmolStr) -> Vec<&Slice> {
        let seats = self.register.slices_of(namespace, service).iter();
        let parts = seats.filter_map(|seat| match &self.record(seat)?.part {
            Part::Slices(part) => Some(&part.slices),
            _ => None,
        });
        let mut slices: Vec<&Slice> = parts.flatten().collect();
        if slices.iter().any(|s| !s.legacy) {
            slices.retain(|s| !s.legacy);
        }
        slices
    }

    /// Whether slices say where a service leads.
    pub(crate) fn has_slices(&self, service: &Service) -> bool {
        !self.register.slices_of(&service.namespace, &service.name).is_empty()
    }

    /// Where slices say that a service leads, by the addresses that pods have in this snapshot.
    pub(crate) fn listed_backends(&self, service: &Service, slices: &[&Slice]) -> Vec<Backend> {
        let mut backends = Vec::new();
        let mut seen = HashSet::new();
        for slice in slices {
            for (name, protocol, port) in &slice.ports {
                let of = service.ports.iter().position(|p| {
                    p.protocol == *protocol && (p.name == *name || service.ports.len() == 1)
                });
                let Some(service_port) = of else { continue };
                for address in &slice.addresses {
                    let there = self.network.at_address(*address).iter();
                    // Of several pods that say they have an address, the last one given counts.
                    let at = match there.filter_map(|id| self.workload_of(*id)).max() {
                        Some(workload) => BackendAt::Workload(workload),
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
    }

    /// Where a service without slices leads: to those of the workloads here, which are of its
    /// namespace, that its selector selects.
    pub(crate) fn selected_backends(
        &self,
        service: &Service,
        among: impl Iterator<Item = Seat>,
    ) -> Vec<Backend> {
        let mut backends = Vec::new();
        for seat in among {
            let Some(workload) = self.workload_at(seat).filter(|w| is_selected(service, w)) else {
                continue;
            };
            for (service_port, port) in service.ports.iter().enumerate() {
                let target = match &port.target {
                    TargetPort::Number(number) => Some(*number),
                    TargetPort::Named(name) => workload
                        .ports
                        .iter()
                        .find(|p| p.name == *name && p.protocol == port.protocol)
                        .map(|p| p.port),
                };
                if let Some(port) = target {
                    let at = BackendAt::Workload(WorkloadId(seat.index()));
                    backends.push(Backend { service_port, at, port });
                }
            }
        }
        backends
    }

    /// What rules that name this service match, if it exists.
    pub(crate) fn service_endpoints(
        &self,
        namespace: &Namespace,
        name: &SmolStr,
    ) -> Option<ServiceEndpoints> {
        let mut endpoints = ServiceEndpoints::default();
        // Rules look at slices alone, whether or not a Service object is there.
        if !self.register.slices_of(namespace, name).is_empty() {
            for slice in self.slices(namespace, name) {
                let ports: Vec<(Protocol, u16)> =
                    slice.ports.iter().map(|(_, protocol, port)| (*protocol, *port)).collect();
                let members = slice.addresses.iter().map(|a| (Member::Address(*a), ports.clone()));
                endpoints.members.extend(members);
            }
            return Some(endpoints);
        }
        let (place, service) = self.service(namespace.as_str(), name)?;
        for backend in self.backends(place) {
            let protocol = service.ports.get(backend.service_port).map(|p| p.protocol);
            let (BackendAt::Workload(id), Some(protocol)) = (backend.at, protocol) else {
                continue;
            };
            let ports = vec![(protocol, backend.port)];
            match self.workload_at(Seat::at(id.0)).map(|w| &w.state) {
                Some(WorkloadState::Endpoint(endpoint)) => {
                    endpoints.members.push((Member::Endpoint(*endpoint), ports));
                }
                Some(WorkloadState::HostNetwork(addresses)) => {
                    let members = addresses.iter().map(|a| (Member::Address(*a), ports.clone()));
                    endpoints.members.extend(members);
                }
                _ => {}
            }
        }
        Some(endpoints)
    }
}

/// Whether a service without slices sends traffic to this workload of its namespace.
pub(crate) fn is_selected(service: &Service, workload: &Workload) -> bool {
    let takes_part =
        matches!(workload.state, WorkloadState::Endpoint(_) | WorkloadState::HostNetwork(_));
    takes_part && service.selector.as_ref().is_some_and(|s| s.matches(&workload.labels))
}
