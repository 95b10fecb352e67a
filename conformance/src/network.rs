//! Scenarios of network policy: objects, flows, and what the original says of each.

use std::collections::BTreeSet;
use std::net::IpAddr;

use anyhow::{Context as _, Result, bail};
use portcullis_core::{Family, Protocol, Ranges, Severity};
use portcullis_netpol::{
    By, Class, Compiled, Connection, Decider, Direction, Flow, Hop, HostSide, Icmp, Party, Ruling,
    Side, Stage, decide, explain, host,
};
use portcullis_object::{Input, Limits, load};
use portcullis_snapshot::{
    Aggregation, Intake, IntakeByApi, Refused, Settings, Snapshot, WorkloadState,
};
use serde_json::Value;

use crate::tally::Tally;

/// The source port of a flow that gives none.
const SOURCE_PORT: u64 = 45000;

/// The settings that the corpora were answered under.
pub(crate) fn settings(unvalidated: bool) -> Settings {
    let calico = if unvalidated { Intake::Stored } else { Intake::Proposed };
    Settings {
        intake: IntakeByApi { kubernetes: Intake::Stored, rbac: Intake::Stored, calico },
        refused: Refused::Absent,
        aggregation: Aggregation::AsStored,
        bootstrap: false,
        ..Settings::default()
    }
}

/// What one line's objects become, and the objects on which an error was reported.
pub(crate) struct Scene {
    pub(crate) snapshot: Snapshot,
    pub(crate) refused: BTreeSet<String>,
}

/// Takes objects through the product's own loader and lowering.
pub(crate) fn scene(text: &str, settings: &Settings) -> Scene {
    let input = Input { name: "objects".into(), bytes: text.as_bytes().to_vec() };
    let loaded = load(vec![input], &Limits::default());
    let (snapshot, found) = Snapshot::build(&loaded.objects, &loaded.unreadable, settings);
    let refused = loaded
        .diagnostics
        .iter()
        .chain(&found)
        .filter(|d| d.severity == Severity::Error)
        .filter_map(|d| d.origin()?.object.as_ref().map(ToString::to_string))
        .collect();
    Scene { snapshot, refused }
}

/// A line of `kubernetes`, `calico`, `probes` or `online-boutique`.
pub(crate) fn scenario(line: &Value, tally: &mut Tally<'_>) -> Result<()> {
    let id = text(line, "id")?;
    let unvalidated = line["unvalidated"] == true;
    let scene = scene(text(line, "objects")?, &settings(unvalidated));
    let refusals = refusals(line, &scene, id, unvalidated);
    for (number, flow) in array(line, "flows").iter().enumerate() {
        let asked = read_flow(&scene.snapshot, flow)?;
        let network = scene.snapshot.network();
        let enforced = explain(network, &asked, Stage::Enforced);
        let pending = explain(network, &asked, Stage::Pending);
        let form = |c: &Connection| {
            let sides = [&c.egress, &c.ingress].map(|s| side(network, s));
            format!("{} {}", c.verdict, sides.join(" "))
        };
        let mut ours = form(&enforced);
        for (stage, walked) in [(Stage::Enforced, &enforced), (Stage::Pending, &pending)] {
            ours.push_str(&decided(network, &asked, stage, walked));
        }
        let decider = |c: &Connection| {
            let of = |s: &Side| (s.by.clone(), s.via.clone());
            (c.verdict, of(&c.egress), of(&c.ingress))
        };
        if decider(&enforced) != decider(&pending) {
            ours = format!("{ours}; if staged were enforced {}", form(&pending));
        }
        let mut theirs = expected(flow)?;
        if let Some(staged) = flow.get("if_staged_were_enforced") {
            theirs = format!("{theirs}; if staged were enforced {}", expected(staged)?);
        }
        tally.case(&format!("{id}#{number}"), &theirs, &format!("{ours}{refusals}"));
    }
    for (number, flow) in array(line, "host_flows").iter().enumerate() {
        let ours = host_answer(&scene.snapshot, flow)?;
        let by = by_expected(flow.get("outcome_by"), true);
        let theirs = format!("{} {by}", text(flow, "outcome")?);
        tally.case(&format!("{id}@{number}"), &theirs, &format!("{ours}{refusals}"));
    }
    Ok(())
}

/// A line of `conformance`: the verdict alone counts.
pub(crate) fn expectation(line: &Value, tally: &mut Tally<'_>) -> Result<()> {
    let id = text(line, "id")?;
    let scene = scene(text(line, "objects")?, &settings(false));
    for (number, flow) in array(line, "flows").iter().enumerate() {
        let asked = read_flow(&scene.snapshot, flow)?;
        let network = scene.snapshot.network();
        let walked = explain(network, &asked, Stage::Enforced);
        let decided = decided(network, &asked, Stage::Enforced, &walked);
        let ours = format!("{}{decided}", walked.verdict);
        let theirs = flow.get("calico_verdict").or_else(|| flow.get("verdict"));
        let theirs = theirs.and_then(Value::as_str).context("no verdict")?;
        tally.case(&format!("{id}#{number}"), theirs, &ours);
    }
    Ok(())
}

/// Empty if the index says of a flow what the walk said.
fn decided(network: &Compiled, flow: &Flow, stage: Stage, walked: &Connection) -> String {
    let (index, walk) = (decide(network, flow, stage), Ruling::told(network, flow, walked));
    if index == walk { String::new() } else { format!("; decide differs: {index:?}") }
}

/// How our refusals differ from the recorded ones; empty if they do not.
///
/// What was stored by a server that checks nothing is refused by us and was accepted there: those
/// lines are about the verdict alone.
fn refusals(line: &Value, scene: &Scene, id: &str, unvalidated: bool) -> String {
    if unvalidated || id == "probe-026" {
        return String::new();
    }
    let wanted: BTreeSet<String> = array(line, "rejected")
        .iter()
        .filter_map(|r| r["object"].as_str().map(str::to_owned))
        .collect();
    let missing: Vec<_> = wanted.difference(&scene.refused).cloned().collect();
    let wrong: Vec<_> = scene.refused.difference(&wanted).cloned().collect();
    match (missing.is_empty(), wrong.is_empty()) {
        (true, true) => String::new(),
        _ => format!("; not refused: {missing:?}, refused: {wrong:?}"),
    }
}

// === Flows ===

fn read_flow(snapshot: &Snapshot, flow: &Value) -> Result<Flow> {
    let family = match flow.get("ip_version").and_then(Value::as_u64) {
        Some(6) => Family::V6,
        _ => Family::V4,
    };
    let protocol = protocol(flow.get("protocol").context("no protocol")?)?;
    let number = |name: &str| flow.get(name).and_then(Value::as_u64);
    let source_port = number("source_port").unwrap_or(SOURCE_PORT);
    Ok(Flow {
        family,
        protocol,
        from: party(snapshot, text(flow, "from")?, family)?,
        to: party(snapshot, text(flow, "to")?, family)?,
        source_port: Ranges::one(source_port.into()),
        port: number("port").map(u16::try_from).transpose()?,
        icmp: number("icmp_type").map(|kind| {
            let code = number("icmp_code").unwrap_or(0);
            Box::new(Icmp { kind: Ranges::one(kind.into()), code: Ranges::one(code.into()) })
        }),
    })
}

fn protocol(value: &Value) -> Result<Protocol> {
    if let Some(number) = value.as_u64() {
        return Ok(Protocol(u8::try_from(number)?));
    }
    let name = value.as_str().context("a protocol is a name or a number")?;
    Protocol::named(name).with_context(|| format!("protocol `{name}`"))
}

fn party(snapshot: &Snapshot, name: &str, family: Family) -> Result<Party> {
    if let Some(address) = name.strip_prefix("ip:") {
        return Ok(Party::at(address.parse()?));
    }
    let (namespace, pod) = name.split_once('/').context("not namespace/pod")?;
    let found =
        snapshot.workloads().find(|(_, w)| w.namespace.as_str() == namespace && w.name == pod);
    let (_, workload) = found.with_context(|| format!("no pod `{name}`"))?;
    match &workload.state {
        WorkloadState::Endpoint(id) => {
            let addresses = &snapshot.network().endpoint(*id).addresses;
            Ok(at_one_of(addresses, family)?.endpoint(*id))
        }
        WorkloadState::HostNetwork(addresses) => at_one_of(addresses, family),
        other => bail!("`{name}` takes no part in traffic: {other:?}"),
    }
}

fn at_one_of(addresses: &[IpAddr], family: Family) -> Result<Party> {
    let address = addresses.iter().find(|a| Family::of(**a) == family);
    Ok(Party::at(*address.context("no address of the family")?))
}

fn host_answer(snapshot: &Snapshot, flow: &Value) -> Result<String> {
    let name = text(flow, "host_endpoint")?;
    let found = snapshot.host_endpoints().find(|(n, ..)| *n == name);
    let (_, _, endpoint) = found.with_context(|| format!("no host endpoint `{name}`"))?;
    let class = match text(flow, "class")? {
        "normal" => Class::Normal,
        "forward" => Class::Forward,
        "preDNAT" => Class::PreDnat,
        "untracked" => Class::Untracked,
        other => bail!("class `{other}`"),
    };
    let direction = match text(flow, "direction")? {
        "ingress" => Direction::Ingress,
        "egress" => Direction::Egress,
        other => bail!("direction `{other}`"),
    };
    let asked = read_flow(snapshot, flow)?;
    let network = snapshot.network();
    let side: HostSide = host(network, endpoint, class, direction, &asked, Stage::Enforced);
    Ok(format!("{} {}", side.outcome.word(), by(network, side.by.as_ref(), &side.via, true)))
}

// === Comparable forms ===

/// `verdict by tier|policy|rule via …`: rule numbers only where the original converts one for one.
fn side(network: &Compiled, side: &Side) -> String {
    format!("{} {}", side.verdict.word(), by(network, side.by.as_ref(), &side.via, false))
}

fn by(network: &Compiled, by: Option<&By>, via: &[Hop], host: bool) -> String {
    let via: Vec<String> = via
        .iter()
        .map(|hop| {
            let policy = network.policy(hop.policy).to_string();
            let rule = hop.rule.map_or(-1, |r| i64::try_from(r).unwrap_or(i64::MAX));
            hop_shown(&network.tier(hop.tier).name, &policy, rule)
        })
        .collect();
    let Some(by) = by else { return if host { shown("", "", -1, &via) } else { "-".into() } };
    let tier = by.tier.map_or("", |t| network.tier(t).name.as_str());
    let rule = by.rule.map_or(-1, |r| i64::try_from(r).unwrap_or(i64::MAX));
    let (policy, rule) = match &by.decider {
        Decider::Policy(id) => (network.policy(*id).to_string(), rule),
        Decider::Profile(name) => (format!("Profile {name}"), rule),
        Decider::NoProfile => ("no profile matched".into(), -1),
        Decider::Failsafe => ("failsafe".into(), -1),
        Decider::NotForwardPoliced => ("forwarded traffic, no policy".into(), -1),
        Decider::Foreign(_) => ("another engine's policy".into(), -1),
    };
    shown(tier, &policy, rule, &via)
}

fn hop_shown(tier: &str, policy: &str, rule: i64) -> String {
    format!("{tier}|{policy}|{}", rule_shown(policy, rule))
}

fn rule_shown(policy: &str, rule: i64) -> String {
    let converted = ["Kubernetes", "StagedKubernetes"].iter().any(|k| policy.starts_with(k));
    match rule {
        -1 => "end".into(),
        _ if converted => "rule".into(),
        _ => rule.to_string(),
    }
}

fn shown(tier: &str, policy: &str, rule: i64, via: &[String]) -> String {
    let via = if via.is_empty() { String::new() } else { format!(" via {}", via.join(" ")) };
    format!("[{tier}|{policy}|{}]{via}", rule_shown(policy, rule))
}

fn expected(flow: &Value) -> Result<String> {
    let mut sides = Vec::new();
    for direction in ["egress", "ingress"] {
        let by = by_expected(flow.get(format!("{direction}_by")), false);
        sides.push(format!("{} {by}", text(flow, direction)?));
    }
    Ok(format!("{} {}", text(flow, "verdict")?, sides.join(" ")))
}

fn by_expected(by: Option<&Value>, host: bool) -> String {
    let Some(by) = by else { return if host { shown("", "", -1, &[]) } else { "-".into() } };
    let word = |name: &str| by.get(name).and_then(Value::as_str).unwrap_or("");
    // The original reports no rule where nothing matched a profile.
    let rule = by.get("rule").and_then(Value::as_i64).unwrap_or(-1);
    let via: Vec<String> = array(by, "via")
        .iter()
        .filter_map(Value::as_str)
        .map(|hop| {
            let mut parts = hop.splitn(3, '|');
            let (tier, policy) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            let rule = parts.next().and_then(|r| r.parse().ok()).unwrap_or(-1);
            hop_shown(tier, policy, rule)
        })
        .collect();
    shown(word("tier"), word("policy"), rule, &via)
}

// === JSON ===

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value.get(name).and_then(Value::as_str).with_context(|| format!("no `{name}`"))
}

pub(crate) fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
