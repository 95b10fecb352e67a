//! Calico's HostEndpoint and Profile, and what FelixConfiguration says about policy.

use std::net::IpAddr;

use portcullis_core::net::NamedPort;
use portcullis_core::{Labels, Net, Origin, Protocol};
use portcullis_netpol::{Direction, Failsafe, Profile};
use portcullis_object::{Cursor, Object};
use smol_str::SmolStr;

use super::calico_rule;
use super::name::{self, Form};
use crate::codes;
use crate::findings::{Findings, place_of, shown};

/// A host endpoint before it inherits labels.
pub(crate) struct HostDraft {
    pub(crate) name: SmolStr,
    pub(crate) node: SmolStr,
    pub(crate) labels: Labels,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) profiles: Vec<SmolStr>,
    pub(crate) ports: Vec<NamedPort>,
    pub(crate) origin: Origin,
}

pub(crate) fn lower(object: &Object, out: &mut Findings) -> HostDraft {
    name::check(object, Form::Subdomain, out);
    let root = object.root();
    let mut host = HostDraft {
        name: object.name().into(),
        node: SmolStr::default(),
        labels: out.labels(root),
        addresses: Vec::new(),
        profiles: Vec::new(),
        ports: Vec::new(),
        origin: object.origin(),
    };
    let Some(spec) = out.map(root, "spec") else { return host };
    host.node = out.text(spec, "node").unwrap_or("").into();
    if host.node.is_empty() {
        out.refuse(codes::HOST_ENDPOINT, spec.at(), "a host endpoint names its `node`");
    }
    let interface = out.text(spec, "interfaceName").unwrap_or("");
    if interface.len() > 15 {
        let message =
            format!("`{interface}` is longer than the 15 characters of an interface name");
        out.refuse(codes::HOST_ENDPOINT, place_of(spec, "interfaceName"), message);
    }
    let expected = out.texts(spec, "expectedIPs");
    if interface.is_empty() && expected.is_empty() {
        let message = "a host endpoint has an `interfaceName` or `expectedIPs`";
        out.refuse(codes::HOST_ENDPOINT, spec.at(), message);
    }
    for (text, at) in expected {
        match text.parse() {
            Ok(address) => host.addresses.push(address),
            Err(_) => {
                out.broken(codes::NET, at.at(), format!("`{text}` is not an address"));
            }
        }
    }
    for (text, at) in out.texts(spec, "profiles") {
        if !name::is_subdomain(text) {
            out.refuse(codes::NAME, at.at(), format!("`{text}` is not the name of a profile"));
        }
        host.profiles.push(text.into());
    }
    for at in out.list(spec, "ports") {
        host.ports.extend(port(at, out));
    }
    host
}

fn port(at: Cursor<'_>, out: &mut Findings) -> Option<NamedPort> {
    let name = out.text(at, "name").unwrap_or("");
    if name.is_empty() {
        out.refuse(codes::PORT, at.at(), "the port of a host endpoint has a `name`");
    }
    let protocol = out.get(at, "protocol").and_then(|f| calico_rule::protocol_of(f, out))?;
    let number = out.integer(at, "port");
    let port = number.and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0);
    if port.is_none() {
        let given = at.field("port").map_or_else(|| "nothing".into(), shown);
        let message = format!("`{given}` is not a port between 1 and 65535");
        out.broken(codes::PORT, place_of(at, "port"), message);
    }
    Some(NamedPort { name: name.into(), protocol: protocol.protocol, port: port? })
}

/// The labels that a profile hands down.
pub(crate) struct ProfileDraft {
    pub(crate) profile: Profile,
    pub(crate) labels: Labels,
}

pub(crate) fn profile(object: &Object, out: &mut Findings) -> ProfileDraft {
    name::check(object, Form::Subdomain, out);
    let spec = out.map(object.root(), "spec");
    let mut draft = ProfileDraft {
        profile: Profile {
            name: object.name().into(),
            ingress_rules: Vec::new(),
            egress_rules: Vec::new(),
        },
        labels: Labels::default(),
    };
    if let Some(spec) = spec {
        draft.profile.ingress_rules = calico_rule::rules(spec, Direction::Ingress, None, out);
        draft.profile.egress_rules = calico_rule::rules(spec, Direction::Egress, None, out);
        draft.labels = out.pairs(spec, "labelsToApply").into_iter().collect();
        for (key, value) in draft.labels.iter() {
            let part = key.rsplit('/').next().unwrap_or(key);
            if !super::selectors::label_text(part) || value.len() > 63 {
                let message = format!("`{key}: {value}` is not a label");
                out.refuse(codes::LABEL, place_of(spec, "labelsToApply"), message);
            }
        }
    }
    draft
}

/// The ports that host endpoints keep open unless configured otherwise (Felix's defaults).
pub(crate) fn default_failsafes() -> (Vec<Failsafe>, Vec<Failsafe>) {
    let all = |list: &[(Protocol, u16)]| {
        list.iter()
            .map(|(protocol, port)| Failsafe { protocol: *protocol, port: *port, net: None })
            .collect()
    };
    let tcp = |port| (Protocol::TCP, port);
    let control = [179, 2379, 2380, 5473, 6443, 6666, 6667].map(tcp);
    let mut inbound = vec![tcp(22), (Protocol::UDP, 68)];
    let mut outbound = vec![(Protocol::UDP, 53), (Protocol::UDP, 67)];
    inbound.extend(control);
    outbound.extend(control);
    (all(&inbound), all(&outbound))
}

/// What becomes of the traffic of a pod to the node it runs on, once the pod's own policy has let it
/// out (`defaultEndpointToHostAction`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodToHost {
    /// It is dropped.
    Drop,
    /// It arrives, whatever the policy of the node's host endpoints says.
    Accept,
    /// The policy of the node's host endpoints is asked.
    Return,
}

/// What a FelixConfiguration says about policy; `None` leaves the default.
#[derive(Debug, Default)]
pub(crate) struct Felix {
    pub(crate) failsafe_inbound: Option<Vec<Failsafe>>,
    pub(crate) failsafe_outbound: Option<Vec<Failsafe>>,
    pub(crate) pod_to_host: Option<PodToHost>,
}

/// Lowers a FelixConfiguration.
pub(crate) fn felix(object: &Object, out: &mut Findings) -> Felix {
    let Some(spec) = out.map(object.root(), "spec") else { return Felix::default() };
    Felix {
        failsafe_inbound: failsafes(spec, "failsafeInboundHostPorts", out),
        failsafe_outbound: failsafes(spec, "failsafeOutboundHostPorts", out),
        pod_to_host: pod_to_host(spec, out),
    }
}

fn pod_to_host(spec: Cursor<'_>, out: &mut Findings) -> Option<PodToHost> {
    // Felix reads its options in any letter case.
    let action = out.text(spec, "defaultEndpointToHostAction")?;
    let actions =
        [("drop", PodToHost::Drop), ("accept", PodToHost::Accept), ("return", PodToHost::Return)];
    actions
        .into_iter()
        .find(|(word, _)| action.eq_ignore_ascii_case(word))
        .map(|(_, action)| action)
}

fn failsafes(spec: Cursor<'_>, name: &str, out: &mut Findings) -> Option<Vec<Failsafe>> {
    out.get(spec, name)?;
    let mut open = Vec::new();
    for at in out.list(spec, name) {
        let protocol = match out.text(at, "protocol") {
            None => Some(Protocol::TCP),
            Some(text) => Protocol::named(text),
        };
        let Some(protocol) = protocol else {
            let message = "the protocol of a failsafe port is TCP, UDP or SCTP";
            out.broken(codes::PROTOCOL, place_of(at, "protocol"), message);
            continue;
        };
        let Some(port) = out.integer(at, "port").and_then(|n| u16::try_from(n).ok()) else {
            out.broken(codes::PORT, place_of(at, "port"), "a failsafe has a port up to 65535");
            continue;
        };
        let net = match out.text(at, "net").filter(|t| !t.is_empty()) {
            None => None,
            Some(text) => match Net::parse_masking(text) {
                Ok((net, _)) => Some(net),
                Err(_) => {
                    let message = format!("`{text}` is not a network such as 10.0.0.0/8");
                    out.broken(codes::NET, place_of(at, "net"), message);
                    continue;
                }
            },
        };
        open.push(Failsafe { protocol, port, net });
    }
    Some(open)
}
