//! Single packets against rules as Calico's data plane sees them.

use std::net::IpAddr;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use portcullis_core::net::NamedPort;
use portcullis_core::{
    DocumentId, Family, FieldPath, Labels, Namespace, Net, Origin, PortRange, Protocol, Ranges,
    Selector,
};
use portcullis_netpol::host::Outcome;
use portcullis_netpol::{
    Action, Class, Compiled, DefaultAction, Direction, Endpoint, EndpointId, EndpointKind, Flow,
    Icmp, IcmpMatch, Input, NetList, NetworkSet, Order, Party, Policy, PolicyClass, PolicyKind,
    PortMatch, Profile, ProtocolMatch, Rule, Stage, Tier, explain, host,
};
use serde_json::Value;
use smol_str::SmolStr;

use crate::network::{array, text};
use crate::tally::Tally;

/// The endpoint that is asked about; all others only name ports.
const ASKED: EndpointId = EndpointId(0);

/// A line: tiers, profiles, and packets with verdicts. One case a packet.
pub(crate) fn table(line: &Value, tally: &mut Tally<'_>) -> Result<()> {
    let (set, name) = (text(line, "set")?, text(line, "name")?);
    let interface = Interface::read(line, set)?;
    let family = if line["ipv6"] == true { Family::V6 } else { Family::V4 };
    for (number, packet) in array(line, "packets").iter().enumerate() {
        // IPv6 addresses given to an IPv4 program test the program's limits, not the law.
        if packet["family_mismatch"] == true {
            continue;
        }
        let case = format!("{set}/{name}#{number}");
        tally.case(&case, text(packet, "verdict")?, interface.verdict(packet, family)?);
    }
    Ok(())
}

/// What a packet passes through at one interface.
enum Interface {
    /// An interface of a workload, with its own policy alone.
    Workload(Program),
    /// The first hook of an interface of a host: untracked policy alone.
    Xdp(Program),
    /// Policy of a host on the way to or from a host or, where there is one, a workload.
    Host {
        pre_dnat: Program,
        forward: Program,
        /// None where policy of the host itself does not count.
        normal: Option<Program>,
        workload: Option<Program>,
    },
}

/// One list of tiers and the profiles behind it, ready to be asked.
///
/// The rules of the tables are those of one direction, whichever it is: here they are rules for
/// flows in.
struct Program {
    compiled: Box<Compiled>,
    class: Option<Class>,
}

// === impl Interface ===

impl Interface {
    fn read(line: &Value, set: &str) -> Result<Self> {
        let program = |tiers: &str, profiles: &str, class| -> Result<Program> {
            Program::read(line, array(line, tiers), array(line, profiles), class)
        };
        let workload = || program("tiers", "profiles", None);
        let normal = |class| program("host_normal_tiers", "host_profiles", Some(class));
        Ok(match set {
            "workload" => Self::Workload(workload()?),
            "xdp" => Self::Xdp(normal(Class::Untracked)?),
            "host" => {
                let suppressed = line["suppress_normal_host_policy"] == true;
                let without_workload = line["for_host_interface"] == true;
                Self::Host {
                    pre_dnat: program("host_pre_dnat_tiers", "", Some(Class::PreDnat))?,
                    forward: program("host_forward_tiers", "", Some(Class::Forward))?,
                    normal: if suppressed { None } else { Some(normal(Class::Normal)?) },
                    workload: if without_workload { None } else { Some(workload()?) },
                }
            }
            other => bail!("set `{other}`"),
        })
    }

    fn verdict(&self, packet: &Value, family: Family) -> Result<&'static str> {
        let flow = flow(packet, family, "destination", "port")?;
        Ok(match self {
            Self::Workload(program) => program.ask(flow).word(),
            Self::Xdp(program) => match program.ask(flow) {
                Outcome::Continue => "unmatched",
                decided => decided.word(),
            },
            Self::Host { pre_dnat, forward, normal, workload } => {
                let as_sent = if packet.get("pre_nat_destination").is_some() {
                    self::flow(packet, family, "pre_nat_destination", "pre_nat_port")?
                } else {
                    flow.clone()
                };
                let of_host = packet["to_host"] == true || packet["from_host"] == true;
                let by_host = if of_host { normal.as_ref() } else { Some(forward) };
                let mut outcome = pre_dnat.ask(as_sent);
                // What pre-DNAT policy allows meets no other policy of the host.
                if outcome == Outcome::Continue {
                    outcome = by_host.map_or(Outcome::Allow, |program| program.ask(flow.clone()));
                }
                if matches!(outcome, Outcome::Allow | Outcome::Continue) {
                    outcome = workload.as_ref().map_or(Outcome::Allow, |program| program.ask(flow));
                }
                outcome.word()
            }
        })
    }
}

// === impl Program ===

impl Program {
    fn read(
        line: &Value,
        tiers: &[Value],
        profiles: &[Value],
        class: Option<Class>,
    ) -> Result<Self> {
        let mut input = Input::default();
        for profile in profiles {
            let (name, ingress_rules) = (text(profile, "name")?.into(), rules(profile)?);
            input.profiles.push(Profile { name, ingress_rules, egress_rules: Vec::new() });
        }
        let kind = match class {
            None => EndpointKind::Workload { namespace: Namespace::new("default") },
            Some(_) => EndpointKind::Host,
        };
        let names = input.profiles.iter().map(|profile| profile.name.clone()).collect();
        input.endpoints.push(endpoint(kind, Vec::new(), Vec::new(), names));
        for (id, members) in line["ip_sets"].as_object().into_iter().flatten() {
            ip_set(id, members, &mut input)?;
        }
        for (place, listed) in tiers.iter().enumerate() {
            let order = Order(Some(place as f64));
            let end = match text(listed, "end")? {
                "deny" => DefaultAction::Deny,
                "pass" => DefaultAction::Pass,
                other => bail!("end of tier `{other}`"),
            };
            let tier = Tier::new(text(listed, "name")?, order, end, nowhere());
            for (place, listed) in array(listed, "policies").iter().enumerate() {
                let order = Order(Some(place as f64));
                input.policies.push(policy(listed, &tier.name, order, class)?);
            }
            input.tiers.push(tier);
        }
        Ok(Self { compiled: Box::new(Compiled::new(input)), class })
    }

    fn ask(&self, flow: Flow) -> Outcome {
        match self.class {
            Some(class) => {
                let (direction, stage) = (Direction::Ingress, Stage::Enforced);
                host(&self.compiled, ASKED, class, direction, &flow, stage).outcome
            }
            None => {
                let flow = Flow { to: flow.to.endpoint(ASKED), ..flow };
                explain(&self.compiled, &flow, Stage::Enforced).ingress.verdict.into()
            }
        }
    }
}

/// Nobody asks where these rules stand.
fn nowhere() -> Origin {
    Origin { document: DocumentId::BUILT_IN, object: None, path: FieldPath::root() }
}

fn endpoint(
    kind: EndpointKind,
    addresses: Vec<IpAddr>,
    ports: Vec<NamedPort>,
    profiles: Vec<SmolStr>,
) -> Endpoint {
    let (name, labels) = (SmolStr::default(), Labels::default());
    Endpoint { kind, name, labels, addresses, ports, profiles, origin: nowhere() }
}

fn policy(value: &Value, tier: &SmolStr, order: Order, class: Option<Class>) -> Result<Policy> {
    Ok(Policy {
        kind: PolicyKind::Global,
        namespace: None,
        name: text(value, "name")?.into(),
        tier: tier.clone(),
        order,
        subject: Selector::All,
        ingress: true,
        egress: false,
        ingress_rules: rules(value)?,
        egress_rules: Vec::new(),
        class: match class {
            Some(Class::PreDnat) => PolicyClass::PreDnat,
            Some(Class::Untracked) => PolicyClass::Untracked,
            Some(Class::Normal | Class::Forward) | None => PolicyClass::Normal,
        },
        apply_on_forward: class == Some(Class::Forward),
        doubt: None,
        origin: nowhere(),
    })
}

/// An IP set becomes what fills it in a cluster: networks become a network set that has the set's
/// id as its label, ports at addresses become endpoints that call those ports by the id.
fn ip_set(id: &str, members: &Value, input: &mut Input) -> Result<()> {
    let mut nets = Vec::new();
    for member in members.as_array().with_context(|| format!("IP set `{id}`"))? {
        let member = member.as_str().context("a member is text")?;
        let Some((address, port)) = member.split_once(',') else {
            nets.push(net(member)?);
            continue;
        };
        let address = net(address)?;
        ensure!(address == Net::host(address.first()), "`{address}` is more than one address");
        let (protocol, port) = port.split_once(':').context("not protocol:port")?;
        let named = NamedPort {
            name: id.into(),
            protocol: Protocol::named(protocol).context("no such protocol")?,
            port: port.parse()?,
        };
        let kind = EndpointKind::Workload { namespace: Namespace::new("default") };
        let at = vec![address.first()];
        input.endpoints.push(endpoint(kind, at, vec![named], Vec::new()));
    }
    input.sets.push(NetworkSet {
        namespace: None,
        name: id.into(),
        labels: [(id, "")].into_iter().collect(),
        nets: NetList::new(nets),
        domains: Vec::new(),
        doubt: None,
        origin: nowhere(),
    });
    Ok(())
}

// === Rules ===

fn rules(of: &Value) -> Result<Vec<Rule>> {
    array(of, "rules").iter().enumerate().map(|(number, value)| rule(value, number)).collect()
}

fn rule(value: &Value, number: usize) -> Result<Rule> {
    let mut rule = Rule::new(Action::Allow, number, nowhere());
    for (field, value) in value.as_object().context("a rule is an object")? {
        let Rule { source, destination, .. } = &mut rule;
        match field.as_str() {
            "action" => rule.action = action(value)?,
            "protocol" => rule.protocol = Some(protocol(value)?),
            "not_protocol" => rule.not_protocol = Some(protocol(value)?),
            "icmp_type" | "icmp_type_code" => rule.icmp = Some(icmp(value)?),
            "not_icmp_type" | "not_icmp_type_code" => rule.not_icmp = Some(icmp(value)?),
            "src_net" => source.nets = Some(nets(value)?),
            "not_src_net" => source.not_nets = Some(nets(value)?),
            "dst_net" => destination.nets = Some(nets(value)?),
            "not_dst_net" => destination.not_nets = Some(nets(value)?),
            "src_ip_set_ids" => source.selector = Some(only_set(value)?),
            "not_src_ip_set_ids" => source.not_selector = Some(only_set(value)?),
            "dst_ip_set_ids" => destination.selector = Some(only_set(value)?),
            "not_dst_ip_set_ids" => destination.not_selector = Some(only_set(value)?),
            "src_ports" => source.ports.extend(ranges(value)?),
            "not_src_ports" => source.not_ports.extend(ranges(value)?),
            "dst_ports" => destination.ports.extend(ranges(value)?),
            "not_dst_ports" => destination.not_ports.extend(ranges(value)?),
            "src_named_port_ip_set_ids" => source.ports.extend(named_ports(value)?),
            "dst_named_port_ip_set_ids" => destination.ports.extend(named_ports(value)?),
            other => bail!("a rule has `{other}`"),
        }
    }
    Ok(rule)
}

fn action(value: &Value) -> Result<Action> {
    Ok(match value.as_str() {
        Some("Allow") => Action::Allow,
        Some("Deny") => Action::Deny,
        Some("Pass") => Action::Pass,
        _ => bail!("action {value}"),
    })
}

fn protocol(value: &Value) -> Result<ProtocolMatch> {
    if value.get("number").is_some() {
        let number = small(value, "number")?.context("no number")?;
        return Ok(ProtocolMatch::number(Protocol(number)));
    }
    ProtocolMatch::named(text(value, "name")?).with_context(|| format!("protocol {value}"))
}

/// A type alone, or a type and a code.
fn icmp(value: &Value) -> Result<IcmpMatch> {
    if let Some(kind) = value.as_u64() {
        return Ok(IcmpMatch { kind: Some(u8::try_from(kind)?), code: None });
    }
    // The wire format leaves out what is 0.
    let number = |name: &str| anyhow::Ok(Some(small(value, name)?.unwrap_or(0)));
    Ok(IcmpMatch { kind: number("type")?, code: number("code")? })
}

fn nets(value: &Value) -> Result<NetList> {
    Ok(NetList::new(words(value)?.into_iter().map(net).collect::<Result<_>>()?))
}

/// An address must be in each set that is listed; no table lists two, and two network sets could
/// not say that.
fn only_set(value: &Value) -> Result<Selector> {
    match words(value)?.as_slice() {
        [id] => Ok(Selector::Has((*id).into())),
        _ => bail!("IP sets {value}"),
    }
}

fn ranges(value: &Value) -> Result<Vec<PortMatch>> {
    let range = |value: &Value| {
        // The wire format leaves out what is 0.
        let port = |name: &str| u16::try_from(value[name].as_u64().unwrap_or(0));
        Ok(PortMatch::Range(PortRange { first: port("first")?, last: port("last")? }))
    };
    value.as_array().context("ports are a list")?.iter().map(range).collect()
}

fn named_ports(value: &Value) -> Result<Vec<PortMatch>> {
    Ok(words(value)?.into_iter().map(|id| PortMatch::Named(id.into())).collect())
}

fn net(text: &str) -> Result<Net> {
    text.parse().map_err(|error| anyhow!("`{text}` is {error}"))
}

fn words(value: &Value) -> Result<Vec<&str>> {
    let items = value.as_array().context("not a list")?;
    items.iter().map(|item| item.as_str().context("not text")).collect()
}

fn small(value: &Value, name: &str) -> Result<Option<u8>> {
    let number = value.get(name).and_then(Value::as_u64);
    Ok(number.map(u8::try_from).transpose()?)
}

// === Packets ===

/// The packet as a flow to the destination that these fields give.
fn flow(packet: &Value, family: Family, destination: &str, port: &str) -> Result<Flow> {
    let protocol = Protocol(small(packet, "protocol")?.context("no protocol")?);
    let party = |name: &str| anyhow::Ok(Party::at(text(packet, name)?.parse()?));
    // Other packets are recorded with ports of 0.
    let number =
        |name: &str| packet.get(name).and_then(Value::as_u64).filter(|_| protocol.has_ports());
    let one = |number: u8| Ranges::one(number.into());
    let icmp = match (small(packet, "icmp_type")?, small(packet, "icmp_code")?) {
        (Some(kind), Some(code)) => Some(Box::new(Icmp { kind: one(kind), code: one(code) })),
        _ => None,
    };
    Ok(Flow {
        family,
        protocol,
        from: party("source")?,
        to: party(destination)?,
        source_port: number("source_port").map_or_else(Ranges::none, |n| Ranges::one(n.into())),
        port: number(port).map(u16::try_from).transpose()?,
        icmp,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::table;
    use crate::Deviations;
    use crate::tally::Tally;

    #[track_caller]
    fn check(rule: serde_json::Value, port: u16, verdict: &str, agrees: bool) {
        let line = json!({
            "set": "workload", "name": "one rule", "ipv6": false,
            "ip_sets": { "web": ["10.0.0.2/32,tcp:80"], "near": ["10.0.0.0/8"] },
            "tiers": [{ "name": "t", "end": "deny", "policies": [{ "name": "p", "rules": [rule] }] }],
            "packets": [{
                "protocol": 6, "source": "10.0.0.1", "source_port": 1024,
                "destination": "10.0.0.2", "port": port, "verdict": verdict,
            }],
        });
        let deviations = Deviations::parse("").expect("an empty table");
        let mut tally = Tally::new(&deviations);
        table(&line, &mut tally).expect("a table");
        assert_eq!((tally.agreed(), tally.total()), (usize::from(agrees), 1), "{line}");
    }

    #[test]
    fn a_packet_is_one_case_and_agrees_only_by_its_verdict() {
        for (rule, port, verdict) in [
            (json!({}), 80, "allow"),
            (json!({ "action": "Deny" }), 80, "deny"),
            (json!({ "dst_ports": [{ "last": 80 }] }), 80, "allow"),
            (json!({ "dst_ports": [{ "last": 80 }] }), 81, "deny"),
            (json!({ "dst_named_port_ip_set_ids": ["web"] }), 80, "allow"),
            (json!({ "src_named_port_ip_set_ids": ["web"] }), 80, "deny"),
            (json!({ "src_ip_set_ids": ["near"] }), 80, "allow"),
            (json!({ "not_src_ip_set_ids": ["near"] }), 80, "deny"),
        ] {
            let other = if verdict == "allow" { "deny" } else { "allow" };
            check(rule.clone(), port, verdict, true);
            check(rule, port, other, false);
        }
    }

    #[test]
    fn a_criterion_that_is_not_known_is_an_error() {
        let line = json!({
            "set": "workload", "name": "n", "packets": [],
            "tiers": [{ "name": "t", "end": "deny", "policies": [
                { "name": "p", "rules": [{ "http_match": {} }] },
            ] }],
        });
        let deviations = Deviations::parse("").expect("an empty table");
        assert!(table(&line, &mut Tally::new(&deviations)).is_err());
    }
}
