//! `policy.networking.k8s.io/v1alpha2` ClusterNetworkPolicy.
//!
//! A rule that cannot be converted fails closed, as Calico converts it: an Accept is dropped, a Deny
//! or Pass becomes a deny of everything.

use portcullis_core::{Net, Origin, PortRange, Protocol, Selector};
use portcullis_netpol::{
    Action, Direction, NetList, Order, Peer, Policy, PolicyClass, PolicyKind, PortMatch,
    ProtocolMatch, Rule,
};
use portcullis_object::{Cursor, Object};

use super::name::{self, Form};
use super::network_policy::PortGroup;
use super::selectors::{self, Over};
use crate::codes;
use crate::findings::{Findings, place_of};

/// The tier of policies of administrators.
pub(crate) const ADMIN: &str = "kube-admin";
/// The tier of policies that hold where nothing else was said.
pub(crate) const BASELINE: &str = "kube-baseline";
/// The highest priority number.
const PRIORITY_MAX: i64 = 1000;

pub(crate) fn lower(object: &Object, out: &mut Findings) -> Policy {
    let root = object.root();
    name::check(object, Form::Subdomain, out);
    let mut policy = Policy {
        kind: PolicyKind::KubernetesCluster,
        namespace: None,
        name: object.name().into(),
        tier: ADMIN.into(),
        order: Order(None),
        subject: Selector::All,
        ingress: true,
        egress: true,
        ingress_rules: Vec::new(),
        egress_rules: Vec::new(),
        class: PolicyClass::Normal,
        apply_on_forward: false,
        doubt: None,
        origin: object.origin(),
    };
    let Some(spec) = out.map(root, "spec") else {
        out.broken(codes::PEER, root.at(), "this policy has no `spec`");
        return policy;
    };
    policy.tier = match out.text(spec, "tier") {
        Some("Admin") => ADMIN.into(),
        Some("Baseline") => BASELINE.into(),
        other => {
            let given = other.unwrap_or("nothing");
            out.broken_with(
                codes::VALUE,
                place_of(spec, "tier"),
                format!("`{given}` is not a tier of ClusterNetworkPolicy"),
                Some("the tiers are Admin and Baseline".into()),
            );
            ADMIN.into()
        }
    };
    match out.integer(spec, "priority") {
        Some(priority) => {
            if !(0..=PRIORITY_MAX).contains(&priority) {
                let message = format!("priority {priority} is not between 0 and {PRIORITY_MAX}");
                out.refuse(codes::NUMBER, place_of(spec, "priority"), message);
            }
            // Exact: the range above is far below 2⁵³.
            policy.order = Order(Some(priority as f64));
        }
        None => out.broken(codes::NUMBER, place_of(spec, "priority"), "`priority` is missing"),
    }
    policy.subject = subject(spec, out).unwrap_or(Selector::Has(selectors::NAMESPACE.into()));
    let ingress = out.list(spec, "ingress");
    let egress = out.list(spec, "egress");
    // Converted without rules it has no types, and a policy without types has a say on both.
    policy.ingress = !ingress.is_empty() || egress.is_empty();
    policy.egress = !egress.is_empty() || ingress.is_empty();
    for (list, direction) in [(ingress, Direction::Ingress), (egress, Direction::Egress)] {
        for (number, at) in list.into_iter().enumerate() {
            let rules = rule(at, number, direction, out);
            match direction {
                Direction::Ingress => policy.ingress_rules.extend(rules),
                Direction::Egress => policy.egress_rules.extend(rules),
            }
        }
    }
    policy
}

/// Whom the policy selects; `None` where that cannot be read.
fn subject(spec: Cursor<'_>, out: &mut Findings) -> Option<Selector> {
    let Some(subject) = out.map(spec, "subject") else {
        out.broken(codes::PEER, place_of(spec, "subject"), "the policy has no `subject`");
        return None;
    };
    let before = out.broken_so_far();
    let selector = workloads(subject, out);
    if selector.is_none() && out.broken_so_far() == before {
        out.broken(codes::PEER, subject.at(), "a subject is `namespaces` or `pods`");
    }
    selector.filter(|_| out.broken_so_far() == before)
}

/// `namespaces` or `pods` of a subject or peer. Whole namespaces are everything in them, network
/// sets too; pods are pods.
fn workloads(at: Cursor<'_>, out: &mut Findings) -> Option<Selector> {
    if let Some(namespaces) = out.map(at, "namespaces") {
        return Some(selectors::kubernetes(namespaces, Over::Namespaces, out));
    }
    let pods = out.map(at, "pods")?;
    let scope = match out.map(pods, "namespaceSelector") {
        Some(at) => selectors::kubernetes(at, Over::Namespaces, out),
        None => selectors::over_namespaces(&Selector::All),
    };
    let selected = match out.map(pods, "podSelector") {
        Some(at) => selectors::kubernetes(at, Over::Pods, out),
        None => selectors::orchestrated(),
    };
    Some(scope.and(selected))
}

fn rule(at: Cursor<'_>, number: usize, direction: Direction, out: &mut Findings) -> Vec<Rule> {
    let before = out.broken_so_far();
    let action = match out.text(at, "action") {
        Some("Accept") => Action::Allow,
        Some("Deny") => Action::Deny,
        Some("Pass") => Action::Pass,
        other => {
            let given = other.unwrap_or("nothing");
            out.broken_with(
                codes::ACTION,
                place_of(at, "action"),
                format!("`{given}` is not an action of ClusterNetworkPolicy"),
                Some("the actions are Accept, Deny and Pass".into()),
            );
            Action::Deny
        }
    };
    let field = match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    let listed = out.list(at, field);
    if listed.is_empty() && out.broken_so_far() == before {
        out.broken(codes::PEER, place_of(at, field), format!("`{field}` names nobody"));
    }
    let mut peers: Vec<(Peer, Origin)> = Vec::new();
    for item in listed {
        peers.extend(peer(item, direction, out).map(|peer| (peer, item.origin())));
    }
    let groups = protocols(at, out);
    if out.broken_so_far() > before {
        return match action {
            Action::Allow | Action::Log => Vec::new(),
            Action::Deny | Action::Pass => vec![Rule::new(Action::Deny, number, at.origin())],
        };
    }
    let mut rules = Vec::new();
    for group in &groups {
        for (peer, origin) in &peers {
            let mut rule = Rule::new(action, number, origin.clone());
            rule.protocol = group.protocol.map(ProtocolMatch::number);
            match direction {
                Direction::Ingress => rule.source = peer.clone(),
                Direction::Egress => rule.destination = peer.clone(),
            }
            rule.destination.ports.clone_from(&group.ports);
            rules.push(rule);
        }
    }
    rules
}

fn peer(at: Cursor<'_>, direction: Direction, out: &mut Findings) -> Option<Peer> {
    if let Some(selector) = workloads(at, out) {
        return Some(Peer { selector: Some(selector), ..Peer::default() });
    }
    let networks = out.texts(at, "networks");
    if direction == Direction::Egress && !networks.is_empty() {
        let mut nets = Vec::new();
        for (text, place) in networks {
            match Net::parse_masking(text) {
                Ok((net, _)) => nets.push(net),
                Err(_) => {
                    let message = format!("`{text}` is not a network such as 10.0.0.0/8");
                    out.broken(codes::NET, place.at(), message);
                }
            }
        }
        return Some(Peer { nets: Some(NetList::new(nets)), ..Peer::default() });
    }
    let unsupported = at.entries().map(|(key, _)| key).next();
    match unsupported {
        Some(key) => out.broken_with(
            codes::UNSUPPORTED_PEER,
            at.at(),
            format!("a peer by `{key}` is not converted"),
            Some("Calico turns such a Deny or Pass into a deny of everything, and drops such an Accept".into()),
        ),
        None => out.broken(codes::PEER, at.at(), "this peer names nobody"),
    }
    None
}

fn protocols(at: Cursor<'_>, out: &mut Findings) -> Vec<PortGroup> {
    let listed = out.list(at, "protocols");
    if listed.is_empty() {
        return vec![PortGroup { protocol: None, ports: Vec::new() }];
    }
    listed.into_iter().filter_map(|item| protocol(item, out)).collect()
}

fn protocol(at: Cursor<'_>, out: &mut Findings) -> Option<PortGroup> {
    for (key, protocol) in
        [("tcp", Protocol::TCP), ("udp", Protocol::UDP), ("sctp", Protocol::SCTP)]
    {
        let Some(field) = out.map(at, key) else { continue };
        let Some(port) = out.map(field, "destinationPort") else {
            return Some(PortGroup { protocol: Some(protocol), ports: Vec::new() });
        };
        let range = port_range(port, out)?;
        return Some(PortGroup { protocol: Some(protocol), ports: vec![PortMatch::Range(range)] });
    }
    match out.text(at, "destinationNamedPort").filter(|n| !n.is_empty()) {
        Some(name) => {
            Some(PortGroup { protocol: None, ports: vec![PortMatch::Named(name.into())] })
        }
        None => {
            out.broken(codes::PROTOCOL, at.at(), "this entry names no protocol");
            None
        }
    }
}

fn port_range(at: Cursor<'_>, out: &mut Findings) -> Option<PortRange> {
    let (first, last) = match out.map(at, "range") {
        Some(range) => (out.integer(range, "start"), out.integer(range, "end")),
        None => {
            let number = out.integer(at, "number");
            (number, number)
        }
    };
    let valid = |n: Option<i64>| n.and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0);
    match (valid(first), valid(last)) {
        (Some(first), Some(last)) if first <= last => Some(PortRange { first, last }),
        _ => {
            out.broken(codes::PORT, at.at(), "this is not a port between 1 and 65535, nor a range");
            None
        }
    }
}
