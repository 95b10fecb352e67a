//! Services and their endpoints.

use std::net::IpAddr;

use portcullis_core::{Labels, Namespace, Origin, Protocol, Selector};
use portcullis_object::{Cursor, Object};
use smol_str::SmolStr;

use crate::findings::{Findings, shown};

/// Which port of its pods a service sends to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetPort {
    /// This one.
    Number(u16),
    /// The one that each pod calls so.
    Named(SmolStr),
}

/// One port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name; empty if it has none.
    pub name: SmolStr,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its number.
    pub port: u16,
    /// Where it leads.
    pub target: TargetPort,
    /// The port of every node that leads to it too, where one is given.
    pub node_port: Option<u16>,
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its namespace.
    pub namespace: Namespace,
    /// Its name.
    pub name: SmolStr,
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    pub kind: SmolStr,
    /// Where an ExternalName leads.
    pub external_name: Option<SmolStr>,
    /// The pods it sends to, by their own labels; none for a service whose endpoints are somebody
    /// else's to list.
    pub selector: Option<Selector>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// Its own addresses.
    pub cluster_addresses: Vec<IpAddr>,
    /// The addresses that a load balancer gave it, by which it is reached from outside.
    pub balancer_addresses: Vec<IpAddr>,
    /// Whether it is to have no address of its own (`clusterIP: None`): its name leads to the addresses of the pods,
    /// and nothing replaces ports.
    pub headless: bool,
    /// Whether traffic from outside keeps its source address (`externalTrafficPolicy: Local`).
    pub keeps_source: bool,
    /// Where it stands.
    pub origin: Origin,
}

impl Service {
    /// Whether it is reached from outside too, by ports of the nodes.
    pub fn is_exposed(&self) -> bool {
        matches!(self.kind.as_str(), "NodePort" | "LoadBalancer")
    }
}

/// One EndpointSlice, or one subset of an Endpoints object.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) namespace: Namespace,
    pub(crate) service: SmolStr,
    /// Whether an Endpoints object said so; those count only where no slice speaks.
    pub(crate) legacy: bool,
    pub(crate) addresses: Vec<IpAddr>,
    /// Name, protocol, number. A port without number stands for every port and is left out.
    pub(crate) ports: Vec<(SmolStr, Protocol, u16)>,
}

pub(crate) fn lower(object: &Object, namespace: Namespace, out: &mut Findings) -> Service {
    let spec = out.map(object.root(), "spec");
    let text = |field: &str, out: &mut Findings| {
        spec.and_then(|spec| out.text(spec, field)).filter(|t| !t.is_empty()).map(SmolStr::from)
    };
    let selector = spec.and_then(|spec| out.map(spec, "selector")).filter(|s| !s.is_empty());
    let pairs: Option<Labels> = match (selector, spec) {
        (Some(_), Some(spec)) => Some(out.pairs(spec, "selector").into_iter().collect()),
        _ => None,
    };
    let selector = pairs.map(|pairs| {
        pairs.iter().fold(Selector::All, |all, (key, value)| {
            all.and(Selector::Equals(key.into(), value.into()))
        })
    });
    let mut addresses: Vec<IpAddr> = Vec::new();
    if let Some(spec) = spec {
        addresses.extend(
            out.texts(spec, "clusterIPs").iter().filter_map(|(t, _)| t.parse::<IpAddr>().ok()),
        );
        if addresses.is_empty() {
            addresses.extend(out.text(spec, "clusterIP").and_then(|t| t.parse::<IpAddr>().ok()));
        }
    }
    Service {
        namespace,
        name: object.name().into(),
        kind: text("type", out).unwrap_or_else(|| "ClusterIP".into()),
        external_name: text("externalName", out),
        selector,
        ports: match spec {
            Some(spec) => {
                out.list(spec, "ports").into_iter().filter_map(|p| port(p, out)).collect()
            }
            None => Vec::new(),
        },
        cluster_addresses: addresses,
        balancer_addresses: balancer_addresses(object, out),
        headless: text("clusterIP", out).as_deref() == Some("None"),
        keeps_source: text("externalTrafficPolicy", out).as_deref() == Some("Local"),
        origin: object.origin(),
    }
}

/// `status.loadBalancer.ingress[].ip`; balancers that have a name only have no address here.
fn balancer_addresses(object: &Object, out: &mut Findings) -> Vec<IpAddr> {
    let status = out.map(object.root(), "status");
    let Some(balancer) = status.and_then(|s| out.map(s, "loadBalancer")) else { return Vec::new() };
    let listed = out.list(balancer, "ingress");
    listed.into_iter().filter_map(|at| out.text(at, "ip")?.parse().ok()).collect()
}

fn protocol(at: Cursor<'_>, out: &mut Findings) -> Option<Protocol> {
    match out.text(at, "protocol") {
        None | Some("") => Some(Protocol::TCP),
        Some(name) => Protocol::named(name),
    }
}

fn port(at: Cursor<'_>, out: &mut Findings) -> Option<ServicePort> {
    let number = u16::try_from(out.integer(at, "port")?).ok().filter(|n| *n > 0)?;
    let target = match out.get(at, "targetPort") {
        None => TargetPort::Number(number),
        Some(field) => match field.as_i64() {
            // As the API defaults it: no target, or 0, is the port itself.
            Some(0) => TargetPort::Number(number),
            Some(target) => TargetPort::Number(u16::try_from(target).ok()?),
            None => match shown(field).parse() {
                Ok(target) => TargetPort::Number(target),
                Err(_) if field.as_str() == Some("") => TargetPort::Number(number),
                Err(_) => TargetPort::Named(shown(field)),
            },
        },
    };
    Some(ServicePort {
        name: out.text(at, "name").unwrap_or("").into(),
        protocol: protocol(at, out)?,
        port: number,
        target,
        node_port: out
            .integer(at, "nodePort")
            .and_then(|n| u16::try_from(n).ok())
            .filter(|n| *n > 0),
    })
}

/// Lowers an EndpointSlice; `None` if it belongs to no service.
pub(crate) fn slice(object: &Object, namespace: Namespace, out: &mut Findings) -> Option<Slice> {
    let root = object.root();
    let labels = out.labels(root);
    let service = labels.value("kubernetes.io/service-name")?;
    let mut addresses = Vec::new();
    for endpoint in out.list(root, "endpoints") {
        for (text, _) in out.texts(endpoint, "addresses") {
            // Slices of type FQDN list names, which no packet carries.
            addresses.extend(text.parse::<IpAddr>().ok());
        }
    }
    let ports = out.list(root, "ports").into_iter().filter_map(|p| slice_port(p, out)).collect();
    Some(Slice { namespace, service: service.into(), legacy: false, addresses, ports })
}

/// Lowers an Endpoints object.
pub(crate) fn endpoints(object: &Object, namespace: &Namespace, out: &mut Findings) -> Vec<Slice> {
    let mut slices = Vec::new();
    for subset in out.list(object.root(), "subsets") {
        let mut addresses = Vec::new();
        for field in ["addresses", "notReadyAddresses"] {
            for at in out.list(subset, field) {
                addresses.extend(out.text(at, "ip").and_then(|t| t.parse::<IpAddr>().ok()));
            }
        }
        let ports =
            out.list(subset, "ports").into_iter().filter_map(|p| slice_port(p, out)).collect();
        slices.push(Slice {
            namespace: namespace.clone(),
            service: object.name().into(),
            legacy: true,
            addresses,
            ports,
        });
    }
    slices
}

fn slice_port(at: Cursor<'_>, out: &mut Findings) -> Option<(SmolStr, Protocol, u16)> {
    let number = u16::try_from(out.integer(at, "port")?).ok()?;
    Some((out.text(at, "name").unwrap_or("").into(), protocol(at, out)?, number))
}
