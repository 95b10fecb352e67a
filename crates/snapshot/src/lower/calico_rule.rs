//! Rules of Calico's policies and profiles.

use std::net::IpAddr;

use portcullis_core::{Family, Namespace, Net, PortRange, Protocol, Selector};
use portcullis_netpol::{
    Action, Direction, DomainPattern, IcmpMatch, NetList, Peer, PortMatch, ProtocolMatch, Rule,
    ServiceMatch,
};
use portcullis_object::Cursor;
use smol_str::SmolStr;

use super::calico_policy;
use super::selectors::{self, SERVICE_ACCOUNT};
use crate::codes;
use crate::findings::{Findings, place_of, shown};

/// The most networks a rule's end may list.
const NETS_MAX: usize = 256;
/// The most ports a rule's end may list.
const PORTS_MAX: usize = 50;
/// The most rules a direction may list.
const RULES_MAX: usize = 1024;

/// Lowers the rules of one direction. `namespace` is the policy's own; none for global policies and
/// profiles.
pub(crate) fn rules(
    spec: Cursor<'_>,
    direction: Direction,
    namespace: Option<&Namespace>,
    out: &mut Findings,
) -> Vec<Rule> {
    let field = match direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    };
    out.at_most(spec, field, RULES_MAX);
    let listed = out.list(spec, field);
    listed
        .into_iter()
        .enumerate()
        .map(|(number, at)| rule(at, number, direction, namespace, out))
        .collect()
}

/// Lowers one rule. What is broken in it closes it: an allow, pass or log then matches nothing, a
/// deny loses the broken criterion and so matches more.
fn rule(
    at: Cursor<'_>,
    number: usize,
    direction: Direction,
    namespace: Option<&Namespace>,
    out: &mut Findings,
) -> Rule {
    let before = out.broken_so_far();
    let mut rule = Rule::new(action(at, out), number, at.origin());
    rule.family = family(at, out);
    rule.protocol = protocol(at, "protocol", out);
    rule.not_protocol = protocol(at, "notProtocol", out);
    rule.icmp = icmp(at, "icmp", out);
    rule.not_icmp = icmp(at, "notICMP", out);
    for (end, name) in [(true, "source"), (false, "destination")] {
        let Some(entity) = out.map(at, name) else { continue };
        let peer = peer(entity, name, direction, namespace, out);
        if end { rule.source = peer } else { rule.destination = peer }
    }
    rule.http = http(at, direction, rule.action, out);
    across(at, &rule, out);
    if out.broken_so_far() > before && rule.action != Action::Deny {
        // INVARIANT: a list without networks matches no address, so this rule matches nothing.
        rule.source.nets = Some(NetList::default());
    }
    rule
}

fn action(at: Cursor<'_>, out: &mut Findings) -> Action {
    let help = || Some("the actions are Allow, Deny, Log and Pass".to_owned());
    let Some(field) = out.get(at, "action") else {
        out.broken_as_said();
        return Action::Deny;
    };
    let text = field.as_str().unwrap_or("");
    let action = match text.to_ascii_lowercase().as_str() {
        "allow" => Action::Allow,
        "deny" => Action::Deny,
        "log" => Action::Log,
        "pass" => Action::Pass,
        _ => {
            let message = format!("`{}` is not an action", shown(field));
            out.broken_with(codes::ACTION, field.at(), message, help());
            return Action::Deny;
        }
    };
    let written = ["Allow", "Deny", "Log", "Pass"];
    if !written.contains(&text) {
        // The schema knows one spelling; conversion, once it is stored, does not look at case.
        let message = format!("`{text}` is not an action: letter case counts");
        out.refuse_with(codes::ACTION, field.at(), message, help());
    }
    action
}

fn family(at: Cursor<'_>, out: &mut Findings) -> Option<Family> {
    match out.integer(at, "ipVersion")? {
        4 => Some(Family::V4),
        6 => Some(Family::V6),
        other => {
            let message = format!("`ipVersion` is 4 or 6, not {other}");
            out.broken(codes::VALUE, place_of(at, "ipVersion"), message);
            None
        }
    }
}

fn protocol(at: Cursor<'_>, name: &str, out: &mut Findings) -> Option<ProtocolMatch> {
    let field = out.get(at, name)?;
    protocol_of(field, out)
}

/// A protocol: one of six names in their own spelling, or a number from 1 to 255 (also as text).
pub(crate) fn protocol_of(field: Cursor<'_>, out: &mut Findings) -> Option<ProtocolMatch> {
    let number = field.as_i64().or_else(|| field.as_str().and_then(|t| t.parse::<i64>().ok()));
    if let Some(number) = number {
        return match u8::try_from(number).ok().filter(|n| *n > 0) {
            Some(number) => Some(ProtocolMatch::number(Protocol(number))),
            None => {
                let message = format!("protocol {number} is not between 1 and 255");
                out.broken(codes::PROTOCOL, field.at(), message);
                None
            }
        };
    }
    let text = field.as_str().unwrap_or("");
    let known = ["TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite"];
    match ProtocolMatch::named(text) {
        Some(protocol) if known.contains(&text) => Some(protocol),
        Some(protocol) => {
            let message = format!("`{text}` is not a protocol: letter case counts");
            let right = known.iter().find(|k| k.eq_ignore_ascii_case(text));
            let help = right.map(|right| format!("write {right}"));
            out.refuse_with(codes::PROTOCOL, field.at(), message, help);
            Some(protocol)
        }
        None => {
            out.broken_with(
                codes::PROTOCOL,
                field.at(),
                format!("`{}` is not a protocol", shown(field)),
                Some(format!("the protocols are {}, or a number", known.join(", "))),
            );
            None
        }
    }
}

fn icmp(at: Cursor<'_>, name: &str, out: &mut Findings) -> Option<IcmpMatch> {
    let field = out.map(at, name)?;
    let mut number = |key: &str, max: i64| {
        let value = out.integer(field, key)?;
        if !(0..=max).contains(&value) {
            let message = format!("ICMP {key} {value} is not between 0 and {max}");
            out.broken(codes::ICMP, place_of(field, key), message);
            return None;
        }
        u8::try_from(value).ok()
    };
    let kind = number("type", 254);
    let code = number("code", 255);
    if code.is_some() && kind.is_none() && field.field("type").is_none_or(Cursor::is_null) {
        out.broken(codes::ICMP, place_of(field, "code"), "an ICMP code needs a `type`");
    }
    // A match on no type matches nothing in particular: it is as if it was not there.
    kind.map(|_| IcmpMatch { kind, code })
}

fn peer(
    at: Cursor<'_>,
    end: &str,
    direction: Direction,
    namespace: Option<&Namespace>,
    out: &mut Findings,
) -> Peer {
    out.at_most(at, "nets", NETS_MAX);
    out.at_most(at, "notNets", NETS_MAX);
    out.at_most(at, "ports", PORTS_MAX);
    out.at_most(at, "notPorts", PORTS_MAX);
    let (selector, not_selector) = scoped(at, namespace, out);
    let mut peer = Peer {
        nets: nets(at, "nets", out),
        not_nets: nets(at, "notNets", out),
        selector,
        not_selector,
        ports: ports(at, "ports", out),
        not_ports: ports(at, "notPorts", out),
        service: None,
        domains: domains(at, end, direction, out),
    };
    if let Some(not_nets) = &peer.not_nets
        && let Some(all) = not_nets.nets().iter().find(|n| n.prefix_len() == 0)
    {
        out.refuse(
            codes::NET_CATCH_ALL,
            place_of(at, "notNets"),
            format!("excluding `{all}` leaves no address, so the rule matches nothing"),
        );
    }
    peer.service = service(at, end, direction, namespace, out);
    peer
}

/// The selector that a rule's end amounts to, and the negated one where nothing positive stands
/// beside it.
///
/// In a namespaced policy, a selector without `namespaceSelector` is about the policy's own
/// namespace. In a global policy it is about every namespace, host endpoints and network sets.
fn scoped(
    at: Cursor<'_>,
    namespace: Option<&Namespace>,
    out: &mut Findings,
) -> (Option<Selector>, Option<Selector>) {
    selectors::without_global(at, "selector", out);
    let own = selectors::calico(at, "selector", out);
    let not = selectors::calico(at, "notSelector", out);
    let namespaces = selectors::calico(at, "namespaceSelector", out);
    if let Some(selector) = &namespaces
        && selector.mentions_global()
        && *selector != Selector::Global
    {
        out.refuse(
            codes::GLOBAL,
            place_of(at, "namespaceSelector"),
            "`global()` cannot be combined with other selectors",
        );
    }
    let accounts = service_accounts(at, out);
    let mut positive: Option<Selector> = None;
    let add = |positive: &mut Option<Selector>, more: Selector| {
        *positive = Some(match positive.take() {
            Some(before) => before.and(more),
            None => more,
        });
    };
    match (&namespaces, namespace) {
        (Some(selector), _) => add(&mut positive, selectors::over_namespaces(selector)),
        (None, Some(namespace)) if own.is_some() || not.is_some() || accounts.is_some() => {
            add(&mut positive, selectors::in_namespace(namespace));
        }
        (None, _) => {}
    }
    if let Some(accounts) = accounts {
        add(&mut positive, accounts);
    }
    if let Some(own) = own {
        add(&mut positive, own);
    }
    match (positive, not) {
        (Some(positive), Some(not)) => (Some(positive.and(Selector::Not(Box::new(not)))), None),
        other => other,
    }
}

fn service_accounts(at: Cursor<'_>, out: &mut Findings) -> Option<Selector> {
    let field = out.map(at, "serviceAccounts")?;
    let mut names: Vec<SmolStr> =
        out.texts(field, "names").into_iter().map(|(name, _)| name.into()).collect();
    names.sort_unstable();
    names.dedup();
    let named = (!names.is_empty()).then(|| Selector::In(SERVICE_ACCOUNT.into(), names));
    let selected = selectors::calico(field, "selector", out)
        .map(|selector| selectors::over_service_accounts(&selector));
    match (named, selected) {
        (Some(named), Some(selected)) => Some(named.and(selected)),
        (named, selected) => named.or(selected),
    }
}

fn nets(at: Cursor<'_>, name: &str, out: &mut Findings) -> Option<NetList> {
    let listed = out.texts(at, name);
    if listed.is_empty() {
        return None;
    }
    let mut read = Vec::new();
    for (text, place) in listed {
        match Net::parse_masking(text) {
            Ok((net, changed)) => {
                if changed {
                    let message =
                        format!("`{text}` has bits beyond its prefix length; a rule takes `{net}`");
                    out.refuse(codes::NET, place.at(), message);
                }
                if read.contains(&net) && !changed {
                    out.refuse(codes::TWICE, place.at(), format!("`{text}` is listed twice"));
                }
                read.push(net);
            }
            Err(_) => {
                let help = text.parse::<IpAddr>().ok().map(|address| {
                    format!("write `{address}/{}`", if address.is_ipv4() { 32 } else { 128 })
                });
                let message = format!("`{text}` is not a network such as 10.0.0.0/8");
                out.broken_with(codes::NET, place.at(), message, help);
            }
        }
    }
    Some(NetList::new(read))
}

fn ports(at: Cursor<'_>, name: &str, out: &mut Findings) -> Vec<PortMatch> {
    let listed = out.list(at, name);
    listed.into_iter().filter_map(|item| port(item, out)).collect()
}

/// A port: a number, `first:last`, or a name.
fn port(at: Cursor<'_>, out: &mut Findings) -> Option<PortMatch> {
    let text = at.scalar().unwrap_or_default();
    let number = |text: &str| -> Option<i64> {
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
    };
    let ends = match text.split_once(':') {
        Some((first, last)) => number(first).zip(number(last)),
        None => number(&text).map(|n| (n, n)),
    };
    if let Some((first, last)) = ends {
        let valid = |n: i64| u16::try_from(n).ok().filter(|n| *n > 0);
        let (Some(first_port), Some(last_port)) = (valid(first), valid(last)) else {
            let message = format!("`{text}` is not between 1 and 65535");
            out.broken(codes::PORT, at.at(), message);
            return None;
        };
        if last_port < first_port {
            out.broken_with(
                codes::PORT,
                at.at(),
                format!("the range `{text}` ends before it begins"),
                Some(format!("write `{last}:{first}`")),
            );
            return None;
        }
        return Some(PortMatch::Range(PortRange { first: first_port, last: last_port }));
    }
    let named = !text.is_empty()
        && text.len() <= 128
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if !named {
        out.broken(codes::PORT, at.at(), format!("`{text}` is not a port"));
        return None;
    }
    Some(PortMatch::Named(text.as_ref().into()))
}

fn service(
    at: Cursor<'_>,
    end: &str,
    direction: Direction,
    namespace: Option<&Namespace>,
    out: &mut Findings,
) -> Option<ServiceMatch> {
    let field = out.map(at, "services")?;
    let allowed = matches!(
        (direction, end),
        (Direction::Egress, "destination") | (Direction::Ingress, "source")
    );
    if !allowed {
        let message = format!("a service match has no meaning in the {end} of an {direction} rule");
        out.refuse(codes::SERVICE, place_of(at, "services"), message);
    }
    for other in
        ["namespaceSelector", "serviceAccounts", "selector", "notSelector", "nets", "notNets"]
    {
        if at.field(other).is_some_and(|field| !calico_policy::is_zero(field)) {
            let message = format!("`services` cannot stand beside `{other}`");
            out.refuse(codes::SERVICE, place_of(at, other), message);
        }
    }
    for other in ["ports", "notPorts"] {
        let given = at.field(other).is_some_and(|field| !calico_policy::is_zero(field));
        if end == "destination" && given {
            let message =
                format!("`services` cannot stand beside `{other}`: it has ports of its own");
            out.refuse(codes::SERVICE, place_of(at, other), message);
        }
    }
    let name = out.text(field, "name").unwrap_or("");
    if name.is_empty() {
        out.broken(codes::SERVICE, field.at(), "`services` needs the `name` of a service");
    }
    let of = out.text(field, "namespace").filter(|n| !n.is_empty());
    if of.is_none() {
        if namespace.is_none() {
            let message = "in a global policy, `services` needs the `namespace` of the service";
            out.broken(codes::SERVICE, field.at(), message);
        } else {
            let message =
                "without `namespace` this matches no service, whatever the documentation says";
            out.warn(codes::SERVICE, field.at(), message);
        }
    }
    Some(ServiceMatch {
        namespace: of.map(Namespace::new),
        name: name.into(),
        with_ports: end == "destination",
    })
}

fn domains(
    at: Cursor<'_>,
    end: &str,
    direction: Direction,
    out: &mut Findings,
) -> Vec<DomainPattern> {
    let listed = out.texts(at, "domains");
    if !listed.is_empty() && (direction, end) != (Direction::Egress, "destination") {
        let message = "`domains` has a meaning only in the destination of an egress rule";
        out.broken(codes::DOMAIN, place_of(at, "domains"), message);
    }
    listed.into_iter().filter_map(|(text, item)| domain(text, item, out)).collect()
}

/// A DNS name, or one with a `*` in the place of whole labels.
pub(crate) fn domain(text: &str, at: Cursor<'_>, out: &mut Findings) -> Option<DomainPattern> {
    let labels: Vec<&str> = text.trim_end_matches('.').split('.').collect();
    let stars = labels.iter().filter(|l| **l == "*").count();
    let label =
        |l: &&str| **l == *"*" || super::name::is_label(&l.to_ascii_lowercase().replace('_', "-"));
    if stars > 1 || !labels.iter().all(label) || (stars == 1 && labels.len() == 1) {
        out.broken_with(
            codes::DOMAIN,
            at.at(),
            format!("`{text}` is not a DNS name or pattern"),
            Some("one `*` can stand for whole labels, as in `*.example.com`".into()),
        );
        return None;
    }
    Some(DomainPattern::new(text))
}

fn http(at: Cursor<'_>, direction: Direction, action: Action, out: &mut Findings) -> bool {
    let Some(field) = out.map(at, "http") else { return false };
    if direction == Direction::Egress {
        let message = "`http` has no meaning in an egress rule";
        out.refuse(codes::HTTP, place_of(at, "http"), message);
    }
    if action != Action::Allow {
        let message = "only a rule that allows can match HTTP";
        out.refuse(codes::HTTP, place_of(at, "http"), message);
    }
    let mut seen: Vec<&str> = Vec::new();
    for (method, place) in out.texts(field, "methods") {
        if seen.contains(&method) {
            out.refuse(codes::TWICE, place.at(), format!("`{method}` is listed twice"));
        }
        seen.push(method);
    }
    for path in out.list(field, "paths") {
        let exact = out.text(path, "exact").filter(|t| !t.is_empty());
        let prefix = out.text(path, "prefix").filter(|t| !t.is_empty());
        match (exact, prefix) {
            (Some(_), Some(_)) | (None, None) => {
                let message = "a path is either `exact` or `prefix`";
                out.refuse(codes::HTTP, path.at(), message);
            }
            (Some(text), None) | (None, Some(text)) => {
                if !text.starts_with('/') || text.contains(['?', '#', ' ']) {
                    let message = format!(
                        "`{text}` is not a path: it begins with `/` and has no `?`, `#` or blank"
                    );
                    out.refuse(codes::HTTP, path.at(), message);
                }
            }
        }
    }
    true
}

/// What the fields of one rule demand of each other.
fn across(at: Cursor<'_>, rule: &Rule, out: &mut Findings) {
    ports_need_protocol(at, rule, out);
    families(at, rule, out);
    let icmp = ["icmp", "notICMP"].into_iter().find(|f| at.field(f).is_some_and(|c| !c.is_null()));
    if let Some(field) = icmp
        && !rule.protocol.is_some_and(|p| p.protocol.is_icmp())
    {
        let message = format!("`{field}` needs `protocol` to be ICMP or ICMPv6");
        out.refuse(codes::ICMP, place_of(at, field), message);
    }
    for (field, protocol) in [("protocol", rule.protocol), ("notProtocol", rule.not_protocol)] {
        if let (Some(family), Some(wanted)) = (rule.family, protocol.and_then(|p| p.family))
            && family != wanted
        {
            let name = at.field(field).map_or_else(SmolStr::default, shown);
            let message = format!("`{name}` is a protocol of {wanted}, and the rule's is {family}");
            out.refuse(codes::PROTOCOL, place_of(at, field), message);
        }
    }
    if rule.http && rule.protocol.is_some_and(|p| p.protocol != Protocol::TCP) {
        let message = "a rule that matches HTTP has the protocol TCP or none";
        out.refuse(codes::HTTP, place_of(at, "protocol"), message);
    }
}

fn ports_need_protocol(at: Cursor<'_>, rule: &Rule, out: &mut Findings) {
    let with_ports = |p: Protocol| matches!(p, Protocol::TCP | Protocol::UDP | Protocol::SCTP);
    for (end, peer) in [("source", &rule.source), ("destination", &rule.destination)] {
        for (field, ports) in [("ports", &peer.ports), ("notPorts", &peer.not_ports)] {
            let Some(entity) = at.field(end).filter(|_| !ports.is_empty()) else { continue };
            let numbered = ports.iter().any(|p| matches!(p, PortMatch::Range(_)));
            let given = at.field("protocol").is_some_and(|c| !c.is_null());
            let message = match rule.protocol {
                Some(p) if with_ports(p.protocol) => continue,
                None if !given && !numbered => continue,
                None if !given => "a port number needs `protocol` to be TCP, UDP or SCTP",
                _ => "ports need `protocol` to be TCP, UDP or SCTP",
            };
            out.broken(codes::PORTS_NEED_PROTOCOL, place_of(entity, field), message);
        }
    }
}

/// All networks of a rule are of one family, the rule's own if it names one.
fn families(at: Cursor<'_>, rule: &Rule, out: &mut Findings) {
    let mut first: Option<Family> = None;
    for (end, peer) in [("source", &rule.source), ("destination", &rule.destination)] {
        for (field, nets) in [("nets", &peer.nets), ("notNets", &peer.not_nets)] {
            let Some(nets) = nets else { continue };
            let place = || at.field(end).map_or_else(|| at.at(), |e| place_of(e, field));
            for net in nets.nets() {
                if let Some(version) = rule.family
                    && net.family() != version
                {
                    let message =
                        format!("`{net}` is {}, and the rule is about {version}", net.family());
                    out.refuse(codes::NET_VERSION, place(), message);
                    break;
                }
                if *first.get_or_insert(net.family()) != net.family() {
                    out.refuse_with(
                        codes::NET_FAMILIES,
                        place(),
                        "one rule cannot have IPv4 and IPv6 networks",
                        Some("write one rule for each".into()),
                    );
                    return;
                }
            }
        }
    }
}
