//! `networking.k8s.io/v1` NetworkPolicy, and Calico's staged form of it.
//!
//! Every rule allows; what is not allowed ends with the tier. One rule of the document becomes one
//! rule for each peer and protocol, numbered as in the document.

use portcullis_core::{Namespace, Net, Origin, PortRange, Protocol};
use portcullis_netpol::{
    Action, Direction, NetList, Order, Peer, Policy, PolicyClass, PolicyKind, PortMatch,
    ProtocolMatch, Rule,
};
use portcullis_object::{Cursor, NodeKind, Object};

use super::selectors::{self, Over};
use crate::codes;
use crate::findings::{Findings, place_of, shown};

/// The order of every NetworkPolicy of Kubernetes within the tier `default`.
const ORDER: f64 = 1000.0;

/// Lowers a NetworkPolicy or a StagedKubernetesNetworkPolicy. An absent `spec` is an empty one: it
/// selects every pod of the namespace and isolates it for ingress.
pub(crate) fn lower(
    object: &Object,
    namespace: &Namespace,
    kind: PolicyKind,
    out: &mut Findings,
) -> Policy {
    let root = object.root();
    let spec = out.map(root, "spec");
    let list =
        |name: &str, out: &mut Findings| spec.map(|spec| out.list(spec, name)).unwrap_or_default();
    let before = out.broken_so_far();
    let pods = match spec.and_then(|spec| out.get(spec, "podSelector")) {
        Some(at) => selectors::kubernetes(at, Over::Pods, out),
        None => selectors::orchestrated(),
    };
    // A subject that cannot be read isolates the whole namespace: closed, and said.
    let pods = if out.broken_so_far() > before { selectors::orchestrated() } else { pods };
    let ingress = list("ingress", out);
    let egress = list("egress", out);
    let types = list("policyTypes", out);
    let (mut has_ingress, mut has_egress) = (false, false);
    if types.len() > 2 {
        let place = place_of(spec.unwrap_or(root), "policyTypes");
        out.refuse(codes::TYPES, place, "at most two policy types can be given");
    }
    for at in &types {
        match at.as_str() {
            Some("Ingress") => has_ingress = true,
            Some("Egress") => has_egress = true,
            _ => out.broken_with(
                codes::TYPES,
                at.at(),
                format!("`{}` is not a policy type", shown(*at)),
                Some("the types are Ingress and Egress".into()),
            ),
        }
    }
    if types.is_empty() {
        has_ingress = true;
        // The API server adds Egress where there are egress rules. Nobody does so for the staged
        // form, and its conversion then takes it as one for ingress alone.
        has_egress = kind == PolicyKind::Kubernetes && !egress.is_empty();
    }
    Policy {
        kind,
        namespace: Some(namespace.clone()),
        name: object.name().into(),
        tier: "default".into(),
        order: Order(Some(ORDER)),
        subject: selectors::in_namespace(namespace).and(pods),
        ingress: has_ingress,
        egress: has_egress,
        ingress_rules: rules(&ingress, Direction::Ingress, namespace, out),
        egress_rules: rules(&egress, Direction::Egress, namespace, out),
        class: PolicyClass::Normal,
        apply_on_forward: false,
        doubt: None,
        origin: object.origin(),
    }
}

fn rules(
    list: &[Cursor<'_>],
    direction: Direction,
    namespace: &Namespace,
    out: &mut Findings,
) -> Vec<Rule> {
    let mut lowered = Vec::new();
    for (number, at) in list.iter().enumerate() {
        lowered.extend(rule(*at, number, direction, namespace, out));
    }
    lowered
}

/// One rule of the document. A port that cannot be read takes the whole rule with it, as Calico
/// converts it; a peer that cannot be read takes only itself, so the rule can only get narrower.
fn rule(
    at: Cursor<'_>,
    number: usize,
    direction: Direction,
    namespace: &Namespace,
    out: &mut Findings,
) -> Vec<Rule> {
    let before = out.broken_so_far();
    let ports = port_groups(&out.list(at, "ports"), out);
    if out.broken_so_far() > before || !matches!(at.kind(), NodeKind::Map | NodeKind::Null) {
        return Vec::new();
    }
    let field = match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    let before = out.broken_so_far();
    let listed = out.list(at, field);
    if out.broken_so_far() > before {
        return Vec::new();
    }
    let mut peers = Vec::new();
    if listed.is_empty() {
        // Absent or empty means everyone, and that is decided here, once: an unreadable peer below
        // can only make the list shorter.
        peers.push((Peer::default(), at.origin()));
    }
    for listed in listed {
        peers.extend(peer(listed, namespace, out).map(|peer| (peer, listed.origin())));
    }
    let mut lowered = Vec::new();
    for group in &ports {
        for (peer, origin) in &peers {
            lowered.push(assembled(peer.clone(), group, number, direction, origin.clone()));
        }
    }
    lowered
}

fn assembled(
    peer: Peer,
    ports: &PortGroup,
    number: usize,
    direction: Direction,
    origin: Origin,
) -> Rule {
    let mut rule = Rule::new(Action::Allow, number, origin);
    rule.protocol = ports.protocol.map(ProtocolMatch::number);
    match direction {
        Direction::Ingress => rule.source = peer,
        Direction::Egress => rule.destination = peer,
    }
    rule.destination.ports.clone_from(&ports.ports);
    rule
}

/// The ports of one rule that share a protocol. No ports means every port of it; no protocol means
/// every protocol.
pub(super) struct PortGroup {
    pub(super) protocol: Option<Protocol>,
    pub(super) ports: Vec<PortMatch>,
}

fn port_groups(listed: &[Cursor<'_>], out: &mut Findings) -> Vec<PortGroup> {
    if listed.is_empty() {
        return vec![PortGroup { protocol: None, ports: Vec::new() }];
    }
    let mut groups: Vec<(PortGroup, bool)> = Vec::new();
    for at in listed {
        let Some((protocol, port)) = port(*at, out) else { continue };
        let index = match groups.iter().position(|(g, _)| g.protocol == Some(protocol)) {
            Some(index) => index,
            None => {
                groups.push((PortGroup { protocol: Some(protocol), ports: Vec::new() }, false));
                groups.len() - 1
            }
        };
        if let Some((group, every)) = groups.get_mut(index) {
            match port {
                Some(port) => group.ports.push(port),
                None => *every = true,
            }
        }
    }
    groups
        .into_iter()
        .map(|(group, every)| if every { PortGroup { ports: Vec::new(), ..group } } else { group })
        .collect()
}

fn port(at: Cursor<'_>, out: &mut Findings) -> Option<(Protocol, Option<PortMatch>)> {
    let protocol = match out.text(at, "protocol") {
        None => Protocol::TCP,
        Some("TCP") => Protocol::TCP,
        Some("UDP") => Protocol::UDP,
        Some("SCTP") => Protocol::SCTP,
        Some(other) => {
            out.broken_with(
                codes::PROTOCOL,
                place_of(at, "protocol"),
                format!("`{other}` is not a protocol that NetworkPolicy knows"),
                Some("the protocols are TCP, UDP and SCTP".into()),
            );
            return None;
        }
    };
    let end = out.integer(at, "endPort");
    let end_place = place_of(at, "endPort");
    let Some(port) = out.get(at, "port") else {
        if end.is_some() {
            out.broken(codes::PORT, end_place, "`endPort` needs a `port` to begin from");
            return None;
        }
        return Some((protocol, None));
    };
    match (port.as_i64(), port.as_str()) {
        (Some(first), _) => {
            let last = end.unwrap_or(first);
            let (Some(first_port), Some(last_port)) = (in_range(first), in_range(last)) else {
                let (place, wrong) =
                    if in_range(first).is_none() { (port.at(), first) } else { (end_place, last) };
                out.broken(codes::PORT, place, format!("port {wrong} is not between 1 and 65535"));
                return None;
            };
            if last_port < first_port {
                let message = format!("`endPort` {last} is smaller than `port` {first}");
                out.broken(codes::PORT, end_place, message);
                return None;
            }
            let range = PortRange { first: first_port, last: last_port };
            Some((protocol, Some(PortMatch::Range(range))))
        }
        (None, Some(name)) => {
            if end.is_some() {
                out.broken(codes::PORT, end_place, "`endPort` cannot go with a named port");
                return None;
            }
            if !is_port_name(name) {
                out.broken_with(
                    codes::PORT,
                    port.at(),
                    format!("`{name}` is not a port name"),
                    name.parse::<u16>().is_ok().then(|| format!("write {name} without quotes")),
                );
                return None;
            }
            Some((protocol, Some(PortMatch::Named(name.into()))))
        }
        (None, None) => {
            out.broken(codes::PORT, port.at(), format!("`{}` is not a port", shown(port)));
            None
        }
    }
}

fn in_range(port: i64) -> Option<u16> {
    u16::try_from(port).ok().filter(|p| *p > 0)
}

/// An IANA service name (RFC 6335): at most 15 lower-case letters, digits and single inner dashes,
/// at least one letter.
fn is_port_name(name: &str) -> bool {
    name.len() <= 15
        && super::name::is_label(name)
        && !name.contains("--")
        && name.bytes().any(|b| b.is_ascii_lowercase())
}

fn peer(at: Cursor<'_>, namespace: &Namespace, out: &mut Findings) -> Option<Peer> {
    let before = out.broken_so_far();
    let pods = out.map(at, "podSelector");
    let namespaces = out.map(at, "namespaceSelector");
    let block = out.map(at, "ipBlock");
    if out.broken_so_far() > before {
        return None;
    }
    if let Some(block) = block {
        if pods.is_some() || namespaces.is_some() {
            let message = "`ipBlock` cannot stand beside `podSelector` or `namespaceSelector`";
            out.refuse_with(
                codes::PEER,
                at.at(),
                message,
                Some("make it an entry of its own".into()),
            );
        }
        return net(block, out);
    }
    if pods.is_none() && namespaces.is_none() {
        out.broken_with(
            codes::PEER,
            at.at(),
            "this peer names nobody",
            Some("`podSelector: {}` is every pod of the namespace; no `from` or `to` at all is everyone".into()),
        );
        return None;
    }
    let scope = match namespaces {
        Some(at) => selectors::kubernetes(at, Over::Namespaces, out),
        None => selectors::in_namespace(namespace),
    };
    let pods = match pods {
        Some(at) => selectors::kubernetes(at, Over::Pods, out),
        None => selectors::orchestrated(),
    };
    // A term that was lost would widen the peer, so the peer is lost instead.
    (out.broken_so_far() == before)
        .then(|| Peer { selector: Some(scope.and(pods)), ..Peer::default() })
}

fn net(at: Cursor<'_>, out: &mut Findings) -> Option<Peer> {
    let cidr = read_net(at, "cidr", out)?;
    let mut holes = Vec::new();
    let excepted = out.list(at, "except");
    for item in excepted {
        // An exception narrows an allow. Losing one would widen it, so the whole peer is lost.
        let hole = item.as_str().and_then(|text| parse(text, item, out))?;
        if !cidr.covers(&hole) || hole == cidr {
            let message = format!("`{hole}` is not a part of `{cidr}`");
            out.refuse(codes::NET, item.at(), message);
        }
        holes.push(hole);
    }
    Some(Peer {
        nets: Some(NetList::new(vec![cidr])),
        not_nets: (!holes.is_empty()).then(|| NetList::new(holes)),
        ..Peer::default()
    })
}

fn read_net(at: Cursor<'_>, name: &str, out: &mut Findings) -> Option<Net> {
    let Some(field) = out.get(at, name) else {
        out.broken(codes::NET, at.at(), format!("`{name}` is missing"));
        return None;
    };
    let text = out.string(field)?;
    parse(text, field, out)
}

/// Reads a network as the API does: an octet may have leading zeros, and is decimal all the same.
fn parse(text: &str, at: Cursor<'_>, out: &mut Findings) -> Option<Net> {
    let read = Net::parse_masking(text).or_else(|error| match text.split_once('/') {
        Some((address, length)) if !address.contains(':') => {
            let octets: Vec<&str> = address.split('.').map(without_zeros).collect();
            Net::parse_masking(&format!("{}/{length}", octets.join(".")))
        }
        _ => Err(error),
    });
    match read {
        Ok((net, changed)) => {
            if changed {
                let message =
                    format!("`{text}` has bits beyond its prefix length; it means `{net}`");
                out.warn(codes::NET_UNMASKED, at.at(), message);
            }
            Some(net)
        }
        Err(_) => {
            let message = format!("`{text}` is not a network such as 10.0.0.0/8");
            out.broken(codes::NET, at.at(), message);
            None
        }
    }
}

fn without_zeros(octet: &str) -> &str {
    let trimmed = octet.trim_start_matches('0');
    if trimmed.is_empty() && !octet.is_empty() { "0" } else { trimmed }
}
