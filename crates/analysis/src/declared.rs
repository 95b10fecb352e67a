//! What manifests declare to need, and every pair of workloads there is.

use portcullis_core::{Origin, Protocol};
use portcullis_snapshot::{BackendAt, Service, Snapshot, WorkloadId, WorkloadState};

use crate::ends::service_targets;

/// A connection that a workload's manifest declares: an environment value that is the address of a
/// service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The workload whose variable it is.
    pub from: WorkloadId,
    /// The workload behind the service.
    pub to: WorkloadId,
    /// The port there.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// The service, by its place in the snapshot.
    pub service: usize,
    /// Where the value stands.
    pub origin: Origin,
}

/// The connections that manifests declare, in the order they are found.
pub fn declared(snapshot: &Snapshot) -> Vec<Declared> {
    let mut found: Vec<Declared> = Vec::new();
    for (from, workload) in snapshot.workloads() {
        for variable in &workload.variables {
            let Some(address) = Address::read(&variable.value) else { continue };
            let Some((index, service)) = address.service(snapshot, workload.namespace.as_str())
            else {
                continue;
            };
            let Some(service_port) = address.port_of(service) else { continue };
            for backend in snapshot.backends(index) {
                let (BackendAt::Workload(to), true) =
                    (backend.at, backend.service_port == service_port)
                else {
                    continue;
                };
                let Some(port) = service.ports.get(service_port) else { continue };
                let next = Declared {
                    from,
                    to,
                    port: backend.port,
                    protocol: port.protocol,
                    service: index,
                    origin: variable.origin.clone(),
                };
                let known = |d: &Declared| {
                    (d.from, d.to, d.port, d.protocol)
                        == (next.from, next.to, next.port, next.protocol)
                };
                if !found.iter().any(known) {
                    found.push(next);
                }
            }
        }
    }
    found
}

/// The address in a value such as `cart:7070`, `http://cart.shop.svc.cluster.local/path`.
struct Address<'a> {
    host: &'a str,
    port: Option<u16>,
    scheme: Option<&'a str>,
}

impl<'a> Address<'a> {
    fn read(value: &'a str) -> Option<Self> {
        let (scheme, rest) = match value.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, value),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
        // What stands before an `@` is who, not where.
        let place = authority.rsplit('@').next().unwrap_or("");
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (place, None),
        };
        let is_name = !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
        // A lone word is an address only if something says so.
        let said = port.is_some() || scheme.is_some() || host.contains('.');
        (is_name && said).then_some(Self { host, port, scheme })
    }

    fn service(&self, snapshot: &'a Snapshot, own: &str) -> Option<(usize, &'a Service)> {
        let host = self.host.trim_end_matches('.');
        let mut labels = host.split('.');
        let name = labels.next()?;
        let namespace = labels.next().unwrap_or(own);
        let rest: Vec<&str> = labels.collect();
        let in_cluster = match rest.as_slice() {
            [] => true,
            ["svc"] => true,
            ["svc", domain @ ..] => domain == ["cluster", "local"],
            _ => false,
        };
        snapshot.service(namespace, name).filter(|_| in_cluster)
    }

    fn port_of(&self, service: &Service) -> Option<usize> {
        let default = match self.scheme {
            Some("http" | "ws") => Some(80),
            Some("https" | "wss") => Some(443),
            _ => None,
        };
        match self.port.or(default) {
            Some(port) => service.ports.iter().position(|p| p.port == port),
            None => (service.ports.len() == 1).then_some(0),
        }
    }
}

/// Two workloads and a port of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Where a connection would come from.
    pub from: WorkloadId,
    /// Where it would go.
    pub to: WorkloadId,
    /// The port there.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
}

/// Every ordered pair of distinct endpoints of these namespaces, with each target port that a
/// service gives the second, by the names of both.
pub fn pairs(snapshot: &Snapshot, namespaces: &[&str]) -> Vec<Pair> {
    let mut ends: Vec<WorkloadId> = snapshot
        .workloads()
        .filter(|(_, w)| {
            matches!(w.state, WorkloadState::Endpoint(_))
                && namespaces.contains(&w.namespace.as_str())
        })
        .map(|(id, _)| id)
        .collect();
    ends.sort_by_key(|id| {
        let workload = snapshot.workload(*id);
        (workload.namespace.clone(), workload.name.clone())
    });
    let mut targets = Vec::new();
    for &to in &ends {
        let ports = service_targets(snapshot, to).into_iter();
        targets.extend(ports.map(|(port, protocol)| (to, port, protocol)));
    }
    let mut pairs = Vec::new();
    for &from in &ends {
        let others = targets.iter().filter(|(to, ..)| *to != from);
        pairs.extend(others.map(|&(to, port, protocol)| Pair { from, to, port, protocol }));
    }
    pairs
}
