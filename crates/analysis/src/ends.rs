//! From names to the ends of flows.

use std::fmt;
use std::net::IpAddr;

use portcullis_core::{Family, Labels, Namespace, Protocol, Ranges, Selector, nearest, net};
use portcullis_netpol::{Endpoint, EndpointId, EndpointKind, Party};
use portcullis_snapshot::{
    BackendAt, DoubtedHost, Service, ServicePort, Snapshot, Workload, WorkloadId, WorkloadState,
};
use smol_str::SmolStr;

use crate::spec::{PortSpec, Spec, SpecError, What, Who};

/// How many candidates a message lists.
const CANDIDATES_MAX: usize = 8;

/// Why a question could not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskError {
    /// The text is not one of an endpoint.
    Spec(SpecError),
    /// Nothing is called so.
    NotFound {
        /// What was asked for.
        what: String,
        /// The name that was probably meant.
        nearest: Option<String>,
        /// Some of what there is.
        candidates: Vec<String>,
    },
    /// Several things are called so.
    Ambiguous {
        /// What was asked for.
        what: String,
        /// All of them.
        candidates: Vec<String>,
    },
    /// It is there and takes no part in traffic.
    NoEndpoint {
        /// What was asked for.
        what: String,
        /// Why.
        why: String,
    },
    /// The question makes no sense as it stands.
    Question {
        /// What is wrong with it.
        why: String,
        /// What to write instead.
        help: Option<String>,
    },
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(error) => error.fmt(f),
            Self::NotFound { what, .. } => write!(f, "there is no {what}"),
            Self::Ambiguous { what, .. } => write!(f, "`{what}` could be several things"),
            Self::NoEndpoint { what, why } => write!(f, "{what} is no endpoint: {why}"),
            Self::Question { why, .. } => f.write_str(why),
        }
    }
}

impl std::error::Error for AskError {}

impl AskError {
    /// The next step, as lines for people.
    pub fn help(&self) -> Vec<String> {
        match self {
            Self::NotFound { nearest, candidates, .. } => {
                let mut help = Vec::new();
                help.extend(nearest.as_ref().map(|n| format!("did you mean `{n}`?")));
                if nearest.is_none() && !candidates.is_empty() {
                    help.push(format!("there is {}", candidates.join(", ")));
                }
                help
            }
            Self::Ambiguous { candidates, .. } => {
                vec![format!("say which: {}", candidates.join(", "))]
            }
            Self::Question { help, .. } => help.iter().cloned().collect(),
            Self::Spec(_) | Self::NoEndpoint { .. } => Vec::new(),
        }
    }
}

impl From<SpecError> for AskError {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

/// One end of a flow.
#[derive(Clone, Debug)]
pub(crate) struct End {
    /// How it is named in answers.
    pub(crate) name: String,
    /// What the engine is told.
    pub(crate) party: Party,
    /// The workload, if it is one.
    pub(crate) workload: Option<WorkloadId>,
    /// The host endpoint, if it is one.
    pub(crate) host: Option<EndpointId>,
    /// Whether it is a node's own network, and of which node where that is known.
    pub(crate) on_host: Option<Option<SmolStr>>,
    /// What must be said about it, beside the verdict.
    pub(crate) notes: Vec<String>,
}

/// A destination: an end, and what is asked of it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) end: End,
    pub(crate) ask: Ask,
    /// The service that led there, by its place in the snapshot.
    pub(crate) service: Option<usize>,
}

/// What is asked of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Port(u16, Protocol),
    Icmp(Option<u8>, Option<u8>),
    Protocol(Protocol),
}

impl Ask {
    pub(crate) fn protocol(self, family: Family) -> Protocol {
        match (self, family) {
            (Self::Port(_, protocol) | Self::Protocol(protocol), _) => protocol,
            (Self::Icmp(..), Family::V4) => Protocol::ICMP,
            (Self::Icmp(..), Family::V6) => Protocol::ICMPV6,
        }
    }
}

/// Resolves names in one snapshot, for one family of addresses.
pub(crate) struct Resolver<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) family: Family,
}

impl<'a> Resolver<'a> {
    // === Sources ===

    /// The sources that a spec names.
    pub(crate) fn sources(&self, spec: &Spec) -> Result<Vec<End>, AskError> {
        match &spec.who {
            Who::Domain(name) => Err(AskError::Question {
                why: format!("`dns/{name}` cannot be where a connection comes from"),
                help: Some("give its address: ip/ADDRESS".into()),
            }),
            Who::Service { namespace, name } => {
                let (index, _) = self.service(namespace.as_ref(), name)?;
                let mut ends: Vec<End> = Vec::new();
                let mut last = None;
                for backend in self.snapshot.backends(index) {
                    match self.backend(backend.at) {
                        Ok(end) if ends.iter().any(|e| e.name == end.name) => {}
                        Ok(end) => ends.push(end),
                        Err(error) => last = Some(error),
                    }
                }
                if ends.is_empty() {
                    return Err(last.unwrap_or_else(|| self.no_backends(index)));
                }
                Ok(ends)
            }
            _ => self.ends(&spec.who),
        }
    }

    /// The source ports of a spec: what was said, or any ephemeral port.
    pub(crate) fn source_port(spec: &Spec) -> Result<Option<u16>, AskError> {
        match &spec.what {
            What::Unsaid => Ok(None),
            What::Port(PortSpec::Number(port), _) => Ok(Some(*port)),
            _ => Err(AskError::Question {
                why: "behind a source only a port number can stand".into(),
                help: Some("the protocol goes behind the destination: FROM TO:PORT/udp".into()),
            }),
        }
    }

    // === Destinations ===

    /// The destinations that a spec names, with the ports asked of each.
    pub(crate) fn targets(&self, spec: &Spec) -> Result<Vec<Target>, AskError> {
        if let Who::Service { namespace, name } = &spec.who {
            return self.through_service(namespace.as_ref(), name, &spec.what);
        }
        if let Who::Address(address) = &spec.who
            && let Some(service) = self.snapshot.services().map(|(_, s)| s).find(|s| {
                // A balancer may share its address with nodes and other services (as those of k3s
                // do), and then only its own ports are its.
                s.cluster_addresses.contains(address)
                    || (s.balancer_addresses.contains(address)
                        && s.ports.iter().any(|port| is_asked(port, &spec.what)))
            })
        {
            // Policy sees packets after the service's address was replaced.
            let namespace = SmolStr::from(service.namespace.as_str());
            let mut targets = self.through_service(Some(&namespace), &service.name, &spec.what)?;
            for target in &mut targets {
                let note = format!("{address} is the address of svc/{namespace}/{}", service.name);
                target.end.notes.push(note);
            }
            return Ok(targets);
        }
        let mut targets = Vec::new();
        for mut end in self.ends(&spec.who)? {
            self.mind_node_port(&mut end, &spec.what)?;
            for ask in self.asks(&end, &spec.what)? {
                targets.push(Target { end: end.clone(), ask, service: None });
            }
        }
        Ok(targets)
    }

    /// A port of a node may lead on to the pods of a service: then what the host itself is told is not
    /// all, and without a host endpoint it is nothing.
    fn mind_node_port(&self, end: &mut End, what: &What) -> Result<(), AskError> {
        let What::Port(PortSpec::Number(number), protocol) = what else { return Ok(()) };
        if end.workload.is_some() || end.on_host.is_none() {
            return Ok(());
        }
        let services = self.snapshot.services();
        let mut ports =
            services.flat_map(|(_, service)| service.ports.iter().map(move |port| (service, port)));
        let found = ports.find(|(service, port)| {
            service.is_exposed() && port.node_port == Some(*number) && port.protocol == *protocol
        });
        let Some((service, port)) = found else { return Ok(()) };
        let shown = format!("svc/{}/{}", service.namespace, service.name);
        let why = format!("{protocol}/{number} of a node is a node port of {shown}");
        let ask = format!("for what its pods are told, ask for {shown}:{}/{protocol}", port.port);
        if end.host.is_none() {
            return Err(AskError::Question { why, help: Some(ask) });
        }
        end.notes.push(format!("{why}: {ask}"));
        Ok(())
    }

    fn through_service(
        &self,
        namespace: Option<&SmolStr>,
        name: &SmolStr,
        what: &What,
    ) -> Result<Vec<Target>, AskError> {
        let (index, service) = self.service(namespace, name)?;
        let shown = format!("svc/{}/{}", service.namespace, service.name);
        let wanted = match what {
            What::Unsaid => (0..service.ports.len()).collect::<Vec<_>>(),
            What::Port(PortSpec::Number(number), protocol) if service.headless => {
                return self.through_name(index, &shown, *number, *protocol);
            }
            What::Port(port, protocol) => {
                let is = |p: &ServicePort| is_asked(p, what);
                let found: Vec<usize> = (0..service.ports.len())
                    .filter(|i| service.ports.get(*i).is_some_and(is))
                    .collect();
                if found.is_empty() {
                    let wanted = match port {
                        PortSpec::Number(number) => number.to_string(),
                        PortSpec::Named(name) => name.to_string(),
                    };
                    return Err(AskError::NotFound {
                        what: format!("port {wanted}/{protocol} of {shown}"),
                        nearest: None,
                        candidates: service
                            .ports
                            .iter()
                            .map(|p| format!("{}/{}", p.port, p.protocol))
                            .collect(),
                    });
                }
                found
            }
            What::Icmp(..) | What::Protocol(_) => {
                return Err(AskError::Question {
                    why: format!("{shown} forwards its ports only"),
                    help: Some("ask for the pods behind it".into()),
                });
            }
        };
        let mut targets = Vec::new();
        let mut last = None;
        for backend in self.snapshot.backends(index) {
            let Some(port) = service.ports.get(backend.service_port) else { continue };
            if !wanted.contains(&backend.service_port) {
                continue;
            }
            let ask = Ask::Port(backend.port, port.protocol);
            match self.backend(backend.at) {
                Ok(end) => targets.push(Target { end, ask, service: Some(index) }),
                Err(error) => last = Some(error),
            }
        }
        if targets.is_empty() {
            return Err(last.unwrap_or_else(|| self.no_backends(index)));
        }
        Ok(targets)
    }

    /// A headless service is a name for the addresses of its pods: whoever connects to a port of it
    /// connects to that port of a pod, whatever its `targetPort` says.
    fn through_name(
        &self,
        index: usize,
        shown: &str,
        number: u16,
        protocol: Protocol,
    ) -> Result<Vec<Target>, AskError> {
        let mut targets: Vec<Target> = Vec::new();
        let mut last = None;
        let backends = self.snapshot.backends(index);
        for backend in backends {
            match self.backend(backend.at) {
                Ok(end) if targets.iter().any(|t| t.end.name == end.name) => {}
                Ok(mut end) => {
                    let of_end = backends.iter().filter(|b| b.at == backend.at);
                    if of_end.clone().all(|b| b.port != number) {
                        end.notes.push(format!(
                            "{shown} is headless: its name leads to the pods, and port {number} stays as it is"
                        ));
                    }
                    let ask = Ask::Port(number, protocol);
                    targets.push(Target { end, ask, service: Some(index) });
                }
                Err(error) => last = Some(error),
            }
        }
        if targets.is_empty() {
            return Err(last.unwrap_or_else(|| self.no_backends(index)));
        }
        Ok(targets)
    }

    fn no_backends(&self, index: usize) -> AskError {
        let service = self.snapshot.service_at(index);
        let (what, why) = match service {
            Some(s) if s.external_name.is_some() => (
                format!("svc/{}/{}", s.namespace, s.name),
                format!(
                    "it is only another name for `{}`: ask for dns/{0}",
                    s.external_name.as_deref().unwrap_or("")
                ),
            ),
            Some(s) => (
                format!("svc/{}/{}", s.namespace, s.name),
                match &s.selector {
                    _ if s.ports.is_empty() => "it has no ports: ask for the pods behind it".into(),
                    Some(selector) if self.selects(&s.namespace, selector) => {
                        "none of its pods has a port of the name that it sends to".into()
                    }
                    Some(selector) => format!("no pod of `{}` has {selector}", s.namespace),
                    None => "it has no selector, and no EndpointSlice of it is given".into(),
                },
            ),
            None => (String::from("the service"), String::from("it is not there")),
        };
        AskError::NoEndpoint { what, why }
    }

    fn selects(&self, namespace: &Namespace, selector: &Selector) -> bool {
        self.snapshot.workloads().any(|(_, w)| {
            w.namespace == *namespace
                && matches!(w.state, WorkloadState::Endpoint(_) | WorkloadState::HostNetwork(_))
                && selector.matches(&w.labels)
        })
    }

    fn backend(&self, at: BackendAt) -> Result<End, AskError> {
        match at {
            BackendAt::Workload(id) => self.workload(id),
            BackendAt::Address(address) if Family::of(address) == self.family => {
                Ok(self.address(address))
            }
            BackendAt::Address(address) => Err(AskError::NoEndpoint {
                what: format!("ip/{address}"),
                why: format!("it is not an address of {}", self.family),
            }),
        }
    }

    /// What is asked of an end: what was said, or every target port it declares.
    fn asks(&self, end: &End, what: &What) -> Result<Vec<Ask>, AskError> {
        match what {
            What::Port(PortSpec::Number(port), protocol) => Ok(vec![Ask::Port(*port, *protocol)]),
            What::Port(PortSpec::Named(name), protocol) => {
                let numbers = self.named_ports(end, name, *protocol);
                if numbers.is_empty() {
                    return Err(AskError::NotFound {
                        what: format!("port `{name}` ({protocol}) of {}", end.name),
                        nearest: None,
                        candidates: self.port_names(end),
                    });
                }
                Ok(numbers.into_iter().map(|n| Ask::Port(n, *protocol)).collect())
            }
            What::Icmp(kind, code) => Ok(vec![Ask::Icmp(*kind, *code)]),
            What::Protocol(protocol) if !protocol.has_ports() => Ok(vec![Ask::Protocol(*protocol)]),
            What::Protocol(_) | What::Unsaid => {
                let only = match what {
                    What::Protocol(protocol) => Some(*protocol),
                    _ => None,
                };
                let mut ports = self.declared_ports(end);
                ports.retain(|(_, protocol)| only.is_none_or(|o| o == *protocol));
                if ports.is_empty() {
                    let (of, behind) = match only {
                        Some(protocol) => (format!(" of {protocol}"), format!("/{protocol}")),
                        None => (String::new(), String::new()),
                    };
                    return Err(AskError::Question {
                        why: format!("no port is said, and {} declares none{of}", end.name),
                        help: Some(format!("write one: {}:80{behind}", end.name)),
                    });
                }
                Ok(ports.into_iter().map(|(port, protocol)| Ask::Port(port, protocol)).collect())
            }
        }
    }

    fn named_ports(&self, end: &End, name: &str, protocol: Protocol) -> Vec<u16> {
        let mut numbers: Vec<u16> = match (end.workload, end.host) {
            (Some(id), _) => {
                let ports = &self.snapshot.workload(id).ports;
                let named = ports.iter().filter(|p| p.name == name && p.protocol == protocol);
                named.map(|p| p.port).collect()
            }
            (None, Some(id)) => {
                let ports = &self.snapshot.network().endpoint(id).ports;
                let named = ports.iter().filter(|p| p.name == name && p.protocol == protocol);
                named.map(|p| p.port).collect()
            }
            (None, None) => Vec::new(),
        };
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    fn port_names(&self, end: &End) -> Vec<String> {
        let Some(id) = end.workload else { return Vec::new() };
        let ports = &self.snapshot.workload(id).ports;
        ports.iter().filter(|p| !p.name.is_empty()).map(|p| p.name.to_string()).collect()
    }

    /// The ports that services send to on this end, and those of its containers.
    fn declared_ports(&self, end: &End) -> Vec<(u16, Protocol)> {
        let Some(id) = end.workload else { return Vec::new() };
        let mut ports = service_targets(self.snapshot, id);
        for port in &self.snapshot.workload(id).ports {
            ports.push((port.port, port.protocol));
        }
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    // === Names ===

    fn namespace<'b>(&'b self, given: Option<&'b SmolStr>) -> &'b str {
        given.map_or(self.snapshot.settings().default_namespace.as_str(), SmolStr::as_str)
    }

    fn ends(&self, who: &Who) -> Result<Vec<End>, AskError> {
        match who {
            Who::Workload { kind, namespace, name } => {
                self.named_workload(*kind, self.namespace(namespace.as_ref()), name)
            }
            Who::Labelled { namespace, labels } => {
                self.labelled(self.namespace(namespace.as_ref()), labels)
            }
            Who::Address(address) => {
                if Family::of(*address) != self.family {
                    return Err(AskError::Question {
                        why: format!("{address} is not an address of {}", self.family),
                        help: Some("give --ip-version 6 to ask about IPv6".into()),
                    });
                }
                Ok(vec![self.address(*address)])
            }
            Who::Node(name) => self.node(name),
            Who::HostEndpoint(name) => self.host_endpoint(name).map(|e| vec![e]),
            Who::Domain(name) => Ok(vec![self.domain(name)]),
            Who::Service { .. } => Ok(Vec::new()),
        }
    }

    fn named_workload(
        &self,
        kind: Option<&'static str>,
        namespace: &str,
        name: &str,
    ) -> Result<Vec<End>, AskError> {
        let found = self.snapshot.workloads_named(kind, namespace, name);
        let pods: Vec<_> = found.iter().filter(|(_, w)| w.kind == "Pod").collect();
        let id = match (pods.as_slice(), found.as_slice()) {
            // A bare name is a pod, then a workload.
            ([(id, _)], _) | ([], [(id, _)]) => *id,
            ([], []) => return Err(self.no_workload(kind, namespace, name)),
            _ => return Err(ambiguous(&format!("{namespace}/{name}"), &found)),
        };
        self.standing(id)
    }

    /// The ends that stand for a workload: itself, or the pods that were made from it.
    pub(crate) fn standing(&self, id: WorkloadId) -> Result<Vec<End>, AskError> {
        let mut ends = Vec::new();
        let mut last = None;
        for id in self.snapshot.standing_for(id) {
            match self.workload(id) {
                Ok(end) => ends.push(end),
                Err(error) => last = Some(error),
            }
        }
        match (ends.is_empty(), last) {
            (true, Some(error)) => Err(error),
            (true, None) => Err(AskError::NoEndpoint {
                what: name_of(self.snapshot.workload(id)),
                why: "nothing runs for it".into(),
            }),
            (false, _) => Ok(ends),
        }
    }

    fn no_workload(&self, kind: Option<&'static str>, namespace: &str, name: &str) -> AskError {
        let all: Vec<String> = self
            .snapshot
            .workloads()
            .filter(|(_, w)| kind.is_none_or(|k| w.kind == k))
            .map(|(_, w)| format!("{}/{}", w.namespace, w.name))
            .collect();
        let asked = format!("{namespace}/{name}");
        let same_name = all.iter().find(|n| n.rsplit('/').next() == Some(name));
        let of_another_kind = self
            .snapshot
            .workloads()
            .map(|(_, w)| w)
            .find(|w| kind.is_some() && w.namespace.as_str() == namespace && w.name == name);
        let of_another_kind = of_another_kind.map(|w| format!("{}/{asked}", w.kind.to_lowercase()));
        let near = of_another_kind
            .as_deref()
            .or(same_name.map(String::as_str))
            .or_else(|| nearest(&asked, all.iter().map(String::as_str)));
        let inside = all.iter().filter(|n| n.starts_with(&format!("{namespace}/")));
        AskError::NotFound {
            what: format!("{} `{asked}`", kind.unwrap_or("pod or workload")),
            nearest: near.map(str::to_owned),
            candidates: inside.take(CANDIDATES_MAX).cloned().collect(),
        }
    }

    fn labelled(
        &self,
        namespace: &str,
        labels: &[(SmolStr, SmolStr)],
    ) -> Result<Vec<End>, AskError> {
        let has = |of: &Labels| labels.iter().all(|(k, v)| of.value(k) == Some(v.as_str()));
        let mut ends: Vec<End> = Vec::new();
        let mut last = None;
        for (id, workload) in self.snapshot.workloads() {
            let stands =
                !matches!(workload.state, WorkloadState::Through(_) | WorkloadState::No(_));
            if stands && workload.namespace.as_str() == namespace && has(&workload.labels) {
                match self.workload(id) {
                    Ok(end) => ends.push(end),
                    Err(error) => last = Some(error),
                }
            }
        }
        if ends.is_empty() {
            if let Some(error) = last {
                return Err(error);
            }
            let wanted: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
            return Err(AskError::NotFound {
                what: format!("pod with {} in namespace `{namespace}`", wanted.join(",")),
                nearest: None,
                candidates: Vec::new(),
            });
        }
        Ok(ends)
    }

    fn service(
        &self,
        namespace: Option<&SmolStr>,
        name: &SmolStr,
    ) -> Result<(usize, &'a Service), AskError> {
        let namespace = self.namespace(namespace);
        self.snapshot.service(namespace, name).ok_or_else(|| {
            let all: Vec<String> = self
                .snapshot
                .services()
                .map(|(_, s)| format!("svc/{}/{}", s.namespace, s.name))
                .collect();
            let asked = format!("svc/{namespace}/{name}");
            AskError::NotFound {
                what: format!("service `{namespace}/{name}`"),
                nearest: nearest(&asked, all.iter().map(String::as_str)).map(str::to_owned),
                candidates: all.into_iter().take(CANDIDATES_MAX).collect(),
            }
        })
    }

    fn workload(&self, id: WorkloadId) -> Result<End, AskError> {
        let workload = self.snapshot.workload(id);
        let name = name_of(workload);
        let (party, notes) = match &workload.state {
            WorkloadState::Endpoint(endpoint) => {
                let addresses = &self.snapshot.network().endpoint(*endpoint).addresses;
                let party = self.somewhere(addresses, &name)?;
                (party.endpoint(*endpoint), Vec::new())
            }
            WorkloadState::HostNetwork(addresses) => {
                let note =
                    format!("{name} is in its node's network: no policy on pods applies to it");
                (self.host_party(addresses), vec![note])
            }
            WorkloadState::No(why) => {
                return Err(AskError::NoEndpoint { what: name, why: (*why).to_owned() });
            }
            WorkloadState::Through(_) => {
                let why = "other pods stand for it".to_owned();
                return Err(AskError::NoEndpoint { what: name, why });
            }
        };
        let is_host = matches!(workload.state, WorkloadState::HostNetwork(_));
        let on_host = is_host.then(|| workload.node.clone());
        let host = match &on_host {
            Some(Some(node)) => self.host_on(node)?.map(|(_, id)| id),
            _ => None,
        };
        Ok(End { name, party, workload: Some(id), host, on_host, notes })
    }

    /// The host endpoint of a node, if it has one.
    fn host_on(&self, node: &str) -> Result<Option<(&'a SmolStr, EndpointId)>, AskError> {
        let hosts = self.snapshot.host_endpoints().filter(|(_, on, _)| *on == node);
        let hosts: Vec<_> = hosts.map(|(name, _, id)| (name, id)).collect();
        match hosts.as_slice() {
            [] => Ok(None),
            [host] => Ok(Some(*host)),
            several => Err(AskError::Ambiguous {
                what: format!("node/{node}"),
                candidates: several.iter().map(|(host, _)| format!("hep/{host}")).collect(),
            }),
        }
    }

    /// An endpoint's address: one it is known to have, or anywhere its address can be.
    fn somewhere(&self, known: &[IpAddr], name: &str) -> Result<Party, AskError> {
        if known.is_empty() {
            return Ok(Party::somewhere(self.unoccupied(self.pod_network(), |_| true)));
        }
        match known.iter().find(|a| Family::of(**a) == self.family) {
            Some(address) => Ok(Party::at(*address)),
            None => Err(AskError::NoEndpoint {
                what: name.to_owned(),
                why: format!("it has no address of {}", self.family),
            }),
        }
    }

    fn pod_network(&self) -> Ranges {
        let nets = &self.snapshot.settings().pod_networks;
        let of_family = nets.iter().filter(|n| n.family() == self.family).map(|n| n.span());
        let ranges = Ranges::of(of_family);
        if ranges.is_empty() { self.family.everything() } else { ranges }
    }

    /// The party of a host: one of the addresses it is known to have, or any that is no pod's.
    fn host_party(&self, addresses: &[IpAddr]) -> Party {
        let of_family = addresses.iter().filter(|a| Family::of(**a) == self.family);
        let known = Ranges::of(of_family.map(|a| (net::number(*a), net::number(*a))));
        if !known.is_empty() {
            return Party::somewhere(known);
        }
        let pods = |e: &Endpoint| matches!(e.kind, EndpointKind::Workload { .. });
        Party::somewhere(self.unoccupied(self.family.everything(), pods))
    }

    /// The addresses of a region that no such endpoint is known to have: what lives somewhere else
    /// does not live there. If nothing is left, the region is not to be trusted and stays whole.
    fn unoccupied(&self, region: Ranges, by: impl Fn(&Endpoint) -> bool) -> Ranges {
        let endpoints = self.snapshot.network().endpoints().filter(|(_, e)| by(e));
        let addresses = endpoints.flat_map(|(_, e)| &e.addresses);
        let of_family = addresses.filter(|a| Family::of(**a) == self.family);
        let taken = Ranges::of(of_family.map(|a| (net::number(*a), net::number(*a))));
        let left = region.without(&taken);
        if left.is_empty() { region } else { left }
    }

    fn address(&self, address: IpAddr) -> End {
        let network = self.snapshot.network();
        // An address of a known pod is that pod: its policies are asked.
        let pod = network.at_address(address).iter().copied().find_map(|endpoint| {
            self.snapshot.workload_of(endpoint).map(|workload| (endpoint, workload))
        });
        match pod {
            Some((endpoint, id)) => {
                let name = name_of(self.snapshot.workload(id));
                let note = format!("{address} is the address of {name}");
                End {
                    name,
                    party: Party::at(address).endpoint(endpoint),
                    workload: Some(id),
                    host: None,
                    on_host: None,
                    notes: vec![note],
                }
            }
            None => {
                let host = network.at_address(address).first().copied();
                let of = |id| self.snapshot.host_endpoints().find(|(.., of)| *of == id);
                let node = host.and_then(of).map(|(_, node, _)| node).or_else(|| {
                    let mut nodes = self.snapshot.nodes();
                    nodes.find(|n| n.addresses.contains(&address)).map(|n| &n.name)
                });
                End {
                    name: format!("ip/{address}"),
                    party: Party::at(address),
                    workload: None,
                    host,
                    on_host: node.map(|node| Some(node.clone())),
                    notes: Vec::new(),
                }
            }
        }
    }

    fn node(&self, name: &str) -> Result<Vec<End>, AskError> {
        let node = self.snapshot.node(name);
        match self.host_on(name)? {
            Some((host, _)) => self.host_endpoint(host).map(|end| vec![end]),
            None if node.is_none() => {
                let all: Vec<&str> = self.snapshot.nodes().map(|n| n.name.as_str()).collect();
                Err(AskError::NotFound {
                    what: format!("node `{name}`"),
                    nearest: nearest(name, all.iter().copied()).map(|n| format!("node/{n}")),
                    candidates: all
                        .into_iter()
                        .take(CANDIDATES_MAX)
                        .map(|n| format!("node/{n}"))
                        .collect(),
                })
            }
            None => {
                let addresses = node.map(|n| n.addresses.as_slice()).unwrap_or_default();
                Ok(vec![End {
                    name: format!("node/{name}"),
                    party: self.host_party(addresses),
                    workload: None,
                    host: None,
                    on_host: Some(Some(name.into())),
                    notes: Vec::new(),
                }])
            }
        }
    }

    fn host_endpoint(&self, name: &str) -> Result<End, AskError> {
        let found = self.snapshot.host_endpoints().find(|(n, ..)| *n == name);
        let refused = self.snapshot.host_doubts().find(|doubt| {
            matches!(&doubt.about, DoubtedHost::Endpoint { name: refused, .. } if refused == name)
        });
        if let (None, Some(doubt)) = (&found, refused) {
            return Err(AskError::NoEndpoint {
                what: format!("hep/{name}"),
                why: format!("nobody knows what becomes of {}", doubt.why),
            });
        }
        let Some((_, node, id)) = found else {
            let all: Vec<&str> = self.snapshot.host_endpoints().map(|(n, ..)| n.as_str()).collect();
            return Err(AskError::NotFound {
                what: format!("host endpoint `{name}`"),
                nearest: nearest(name, all.iter().copied()).map(|n| format!("hep/{n}")),
                candidates: all
                    .into_iter()
                    .take(CANDIDATES_MAX)
                    .map(|n| format!("hep/{n}"))
                    .collect(),
            });
        };
        let mut addresses = self.snapshot.network().endpoint(id).addresses.clone();
        if addresses.is_empty()
            && let Some(node) = self.snapshot.node(node)
        {
            addresses.clone_from(&node.addresses);
        }
        Ok(End {
            name: format!("hep/{name}"),
            party: self.host_party(&addresses),
            workload: None,
            host: Some(id),
            on_host: Some(Some(node.clone())),
            notes: Vec::new(),
        })
    }

    fn domain(&self, name: &SmolStr) -> End {
        let known: Vec<(u128, u128)> = self
            .snapshot
            .settings()
            .resolved
            .iter()
            .filter(|(n, a)| n.eq_ignore_ascii_case(name) && Family::of(*a) == self.family)
            .map(|(_, a)| (net::number(*a), net::number(*a)))
            .collect();
        let addresses = if known.is_empty() {
            self.unoccupied(self.family.everything(), |_| true)
        } else {
            Ranges::of(known)
        };
        End {
            name: format!("dns/{name}"),
            party: Party { endpoint: None, addresses, domain: Some(name.clone()) },
            workload: None,
            host: None,
            on_host: None,
            notes: Vec::new(),
        }
    }
}

/// Whether a question about a service is about this port of it.
fn is_asked(port: &ServicePort, what: &What) -> bool {
    match what {
        What::Unsaid => true,
        What::Port(PortSpec::Number(number), protocol) => {
            port.protocol == *protocol && port.port == *number
        }
        What::Port(PortSpec::Named(name), protocol) => {
            port.protocol == *protocol && port.name == *name
        }
        What::Icmp(..) | What::Protocol(_) => false,
    }
}

/// The target ports that services give a workload, in order, each once.
pub(crate) fn service_targets(snapshot: &Snapshot, id: WorkloadId) -> Vec<(u16, Protocol)> {
    let mut ports = Vec::new();
    for (index, service) in snapshot.services() {
        for backend in snapshot.backends(index) {
            if backend.at == BackendAt::Workload(id)
                && let Some(port) = service.ports.get(backend.service_port)
            {
                ports.push((backend.port, port.protocol));
            }
        }
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// `namespace/name`.
pub(crate) fn name_of(workload: &Workload) -> String {
    format!("{}/{}", workload.namespace, workload.name)
}

fn ambiguous(what: &str, found: &[(WorkloadId, &Workload)]) -> AskError {
    let name = |w: &Workload| format!("{}/{}/{}", w.kind.to_lowercase(), w.namespace, w.name);
    AskError::Ambiguous {
        what: what.to_owned(),
        candidates: found.iter().map(|(_, w)| name(w)).collect(),
    }
}
