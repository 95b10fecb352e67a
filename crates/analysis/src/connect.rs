//! Can this reach that? One question, every flow behind it, all reasons.

use portcullis_core::{Assumed, Family, Protocol, Ranges, Skipped, Verdict, net};
use portcullis_netpol::host::Outcome as HostOutcome;
use portcullis_netpol::{
    By, Class, Compiled, Condition, Connection, Decider, Direction, EndpointId, Fact, Flow,
    HostSide, Icmp, Need, Policy, PolicyClass, Side, Stage, explain, host,
};
use portcullis_snapshot::{DoubtedHost, HostDoubt, PodToHost, Snapshot, Workload};

use crate::ends::{Ask, AskError, End, Resolver, Target, name_of};
use crate::missing::{self, Missing, Names};
use crate::spec::Spec;
use crate::trace::{self, About, SideAnswer};

/// The ports a source is taken to connect from where none is said: Linux's ephemeral range.
const EPHEMERAL: (u128, u128) = (32768, 60999);

/// Can `from` reach `to`?
#[derive(Clone, Debug)]
pub struct Question {
    /// Where the connection comes from.
    pub from: Spec,
    /// Where it goes.
    pub to: Spec,
    /// The version of IP.
    pub family: Family,
}

/// The verdict on a question, which may stand for several flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every flow passes.
    Allow,
    /// None does.
    Deny,
    /// Some do.
    Mixed,
    /// A missing fact decides.
    Unknown,
}

impl Outcome {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Mixed => "mixed",
            Self::Unknown => "unknown",
        }
    }

    fn of(verdicts: impl Iterator<Item = Verdict>) -> Self {
        let (mut allow, mut deny, mut unknown) = (false, false, false);
        for verdict in verdicts {
            match verdict {
                Verdict::Allow => allow = true,
                Verdict::Deny => deny = true,
                Verdict::Unknown => unknown = true,
            }
        }
        match (allow, deny, unknown) {
            // Whatever the open ones turn out to be, it stays mixed.
            (true, true, _) => Self::Mixed,
            (_, _, true) => Self::Unknown,
            (true, false, false) => Self::Allow,
            (false, _, false) => Self::Deny,
        }
    }
}

/// The answer to a question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The verdict on all flows together.
    pub verdict: Outcome,
    /// Every flow that the question stands for; never none.
    pub flows: Vec<FlowAnswer>,
    /// What the input does not say and was taken to be so.
    pub assumed: Vec<Assumed>,
    /// What was given and took no part.
    pub skipped: Vec<Skipped>,
}

/// The answer for one flow.
#[derive(Clone, Debug)]
pub struct FlowAnswer {
    /// Where it comes from.
    pub from: String,
    /// Where it goes, after a service's address was replaced.
    pub to: String,
    /// The protocol's name or number.
    pub protocol: String,
    /// The destination port.
    pub port: Option<u16>,
    /// The service that led there, as `svc/namespace/name`.
    pub service: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// What the policies of the source say.
    pub egress: SideAnswer,
    /// What the policies of the destination say.
    pub ingress: SideAnswer,
    /// The answer if staged policies were in force, where it differs.
    pub would: Option<Would>,
    /// What would settle an unknown verdict.
    pub missing: Vec<Missing>,
    /// The verdict if what the original refuses were left out, where that makes it definite.
    pub without_refused: Option<Verdict>,
    /// What must be said beside the verdict.
    pub notes: Vec<String>,
}

impl FlowAnswer {
    /// `tcp/8080`, `icmp`, `47`.
    pub fn what(&self) -> String {
        match self.port {
            Some(port) => format!("{}/{port}", self.protocol),
            None => self.protocol.clone(),
        }
    }
}

/// A flow's answer if staged policies were in force.
#[derive(Clone, Debug)]
pub struct Would {
    /// The verdict.
    pub verdict: Verdict,
    /// What the policies of the source would say.
    pub egress: SideAnswer,
    /// What the policies of the destination would say.
    pub ingress: SideAnswer,
}

/// Answers a question about one connection.
///
/// # Errors
/// If an end is called by a name that nothing or several things have, or the question makes no sense.
pub fn connect(snapshot: &Snapshot, question: &Question) -> Result<Answer, AskError> {
    let resolver = Resolver { snapshot, family: question.family };
    let source_port = Resolver::source_port(&question.from)?;
    let sources = resolver.sources(&question.from)?;
    let targets = resolver.targets(&question.to)?;
    let mut assumed = Vec::new();
    let mut flows = Vec::new();
    for source in &sources {
        for target in &targets {
            let asked = Asked { snapshot, family: question.family, source, target, source_port };
            flows.push(asked.answer(&mut assumed));
        }
    }
    let ends = sources.iter().chain(targets.iter().map(|t| &t.end));
    assume_of_ends(snapshot, ends, &mut assumed);
    dedup(&mut assumed);
    Ok(Answer {
        verdict: Outcome::of(flows.iter().map(|f| f.verdict)),
        flows,
        assumed,
        skipped: skipped(snapshot),
    })
}

/// What takes no part in any answer of this snapshot.
pub(crate) fn skipped(snapshot: &Snapshot) -> Vec<Skipped> {
    let mut skipped: Vec<Skipped> = snapshot.skipped().cloned().collect();
    for (kind, count) in snapshot.carried() {
        let objects = if *count == 1 { "object" } else { "objects" };
        let why = format!("{count} {objects} of kind {kind}: the kind is not known here");
        skipped.push(Skipped { origin: None, why });
    }
    skipped
}

fn dedup(assumed: &mut Vec<Assumed>) {
    let mut seen: Vec<Assumed> = Vec::new();
    assumed.retain(|a| {
        let new = !seen.contains(a);
        if new {
            seen.push(a.clone());
        }
        new
    });
}

fn assume_of_ends<'a>(
    snapshot: &Snapshot,
    ends: impl Iterator<Item = &'a End>,
    assumed: &mut Vec<Assumed>,
) {
    for end in ends {
        if let Some(id) = end.workload {
            let workload: &Workload = snapshot.workload(id);
            if end.party.endpoint.is_some() && end.party.addresses.single().is_none() {
                assumed.push(Assumed {
                    what: format!(
                        "{} {} is one running pod whose address is not known",
                        workload.kind.to_lowercase(),
                        name_of(workload)
                    ),
                    flag: Some("--pod-cidr"),
                });
            }
            let given =
                snapshot.namespaces().any(|(n, _, given)| given && *n == workload.namespace);
            if !given {
                assumed.push(Assumed {
                    what: format!(
                        "namespace {} is not given: it has its automatic label only",
                        workload.namespace
                    ),
                    flag: None,
                });
            }
        }
        if let Some(domain) = &end.party.domain {
            assumed.push(Assumed {
                what: format!(
                    "{domain} is outside of the cluster and shares no address with another name"
                ),
                flag: Some("--resolve"),
            });
        }
        let of_host = |of: EndpointId| snapshot.host_endpoints().find(|(.., id)| *id == of);
        if let Some((host, ..)) = end.host.and_then(of_host) {
            assumed.push(Assumed {
                what: format!("hep/{host} is the endpoint of the interface in question"),
                flag: None,
            });
        }
    }
}

/// One flow to be asked about.
struct Asked<'a> {
    snapshot: &'a Snapshot,
    family: Family,
    source: &'a End,
    target: &'a Target,
    source_port: Option<u16>,
}

impl Asked<'_> {
    fn answer(&self, assumed: &mut Vec<Assumed>) -> FlowAnswer {
        let network = self.snapshot.network();
        let mut notes = self.source.notes.clone();
        notes.extend(self.target.end.notes.iter().cloned());
        if self.source.workload.is_some() && self.source.workload == self.target.end.workload {
            notes.push(format!(
                "this is about two pods like {}: a pod always reaches itself",
                self.source.name
            ));
        }
        let (flow, from) = self.flow(assumed, &mut notes);
        let (protocol, port) = (flow.protocol.to_string(), flow.port);
        let what = port.map_or_else(|| protocol.clone(), |p| format!("{protocol}/{p}"));
        let to = &self.target.end.name;
        let egress_of = About { of: &from, peer: to, what: &what, direction: Direction::Egress };
        let ingress_of = About { of: to, peer: &from, what: &what, direction: Direction::Ingress };
        let enforced = self.walk(network, &flow, Stage::Enforced);
        let staged = network.has_staged().then(|| self.walk(network, &flow, Stage::Pending));
        let pending = staged.as_ref().unwrap_or(&enforced);
        let mut verdict = enforced.verdict();
        let names = Names {
            from: &from,
            to,
            from_is_pod: self.source.workload.is_some(),
            to_is_pod: self.target.end.workload.is_some(),
        };
        let mut missing = if verdict == Verdict::Unknown {
            missing::of(network, self.family, &names, &enforced.conditions())
        } else {
            Vec::new()
        };
        if verdict == Verdict::Unknown && enforced.to_own_host == Some(None) {
            missing.push(Missing {
                what: format!(
                    "what Felix does with traffic of pods to their own node: not policy, but \
                     defaultEndpointToHostAction decides whether {from} reaches it"
                ),
                flag: Some("the FelixConfiguration `default` in the input".into()),
            });
        }
        if verdict != Verdict::Allow && enforced.locality == Locality::Unsaid {
            let on = match &self.source.on_host {
                Some(Some(node)) => format!("{to} runs on node {node}"),
                _ => format!("{from} and {to} run on one node"),
            };
            if enforced.verdict_if(Locality::Same) == Verdict::Allow {
                verdict = Verdict::Unknown;
                missing.push(Missing {
                    what: format!("whether {on}: a node reaches its own pods whatever policy says"),
                    flag: Some("`spec.nodeName` of the pods in the input".into()),
                });
            }
        }
        let doubts = self.host_doubts();
        let doubtful = !doubts.is_empty() || enforced.cases().flatten().any(is_doubtful);
        if !doubts.is_empty() && enforced.connection.verdict != Verdict::Deny {
            verdict = Verdict::Unknown;
            missing.extend(doubts.iter().map(|doubt| missing::refused(&doubt.why)));
        }
        if verdict == Verdict::Allow
            && !enforced.is_local()
            && let Some(on_the_way) = self.denied_on_the_way(&flow, Stage::Enforced)
        {
            verdict = Verdict::Unknown;
            missing.push(on_the_way);
        }
        notes.extend(enforced.http(network));
        let without_refused = match (verdict, self.snapshot.without_refused()) {
            (Verdict::Unknown, Some(network)) if doubtful => {
                let verdict = self.walk(network, &flow, Stage::Enforced).verdict();
                (verdict != Verdict::Unknown).then_some(verdict)
            }
            _ => None,
        };
        if enforced.is_cut_short() {
            notes.push("more cases are open than can be walked: the verdict is unknown".into());
        }
        let would = enforced.differs(pending).then(|| Would {
            verdict: match pending.verdict() {
                Verdict::Allow if self.denied_on_the_way(&flow, Stage::Pending).is_some() => {
                    Verdict::Unknown
                }
                verdict => verdict,
            },
            egress: pending.tell(network, pending, &egress_of),
            ingress: pending.tell(network, pending, &ingress_of),
        });
        let service = self.target.service.and_then(|place| self.snapshot.service_at(place));
        FlowAnswer {
            to: to.clone(),
            protocol,
            port,
            service: service.map(|s| format!("svc/{}/{}", s.namespace, s.name)),
            verdict,
            egress: enforced.tell(network, pending, &egress_of),
            ingress: enforced.tell(network, pending, &ingress_of),
            would,
            missing,
            without_refused,
            notes,
            from,
        }
    }

    /// What policy says of the flow at both ends, with staged policies in force or not.
    fn walk(&self, network: &Compiled, flow: &Flow, stage: Stage) -> Walk {
        let at_host = |end: &End, direction| match end.host {
            Some(endpoint) => host_classes(network, endpoint, direction, flow, stage),
            None => Vec::new(),
        };
        let (locality, to_own_host) = (self.locality(), self.to_own_host());
        Walk {
            connection: explain(network, flow, stage),
            from_host: match locality {
                Locality::Same => Vec::new(),
                Locality::Apart | Locality::Unsaid => at_host(self.source, Direction::Egress),
            },
            to_host: match to_own_host {
                None | Some(Some(PodToHost::Return)) => {
                    at_host(&self.target.end, Direction::Ingress)
                }
                Some(_) => Vec::new(),
            },
            to_own_host,
            locality,
        }
    }

    /// The refused objects on which the host endpoint at either end depends.
    fn host_doubts(&self) -> Vec<&HostDoubt> {
        if self.locality() == Locality::Same {
            return Vec::new();
        }
        let network = self.snapshot.network();
        let concerns = |end: &End, doubt: &HostDoubt| match &doubt.about {
            DoubtedHost::Endpoint { node, addresses, .. } => {
                let at = end.party.addresses.single().map(|n| net::address(self.family, n));
                end.on_host.as_ref().is_some_and(|of| of.as_ref() == Some(node))
                    || (end.workload.is_none() && at.is_some_and(|a| addresses.contains(&a)))
            }
            DoubtedHost::Profile(name) => {
                end.host.is_some_and(|host| network.endpoint(host).profiles.contains(name))
            }
            DoubtedHost::Failsafes => end.host.is_some(),
        };
        let ends = [self.source, &self.target.end];
        let doubts = self.snapshot.host_doubts();
        doubts.filter(|doubt| ends.iter().any(|end| concerns(end, doubt))).collect()
    }

    /// Whether the flow is a node's own and stays on it.
    fn locality(&self) -> Locality {
        let target = &self.target.end;
        let pod = target.workload.filter(|_| target.party.endpoint.is_some());
        let (Some(from), Some(pod)) = (&self.source.on_host, pod) else { return Locality::Apart };
        match (from, &self.snapshot.workload(pod).node) {
            (Some(from), Some(to)) if from == to => Locality::Same,
            (Some(_), Some(_)) => Locality::Apart,
            _ => Locality::Unsaid,
        }
    }

    /// If the flow goes from a pod to the node it runs on, and something there may stop it: what
    /// decides, as far as it is said. No host endpoint is needed to drop it.
    fn to_own_host(&self) -> Option<Option<PodToHost>> {
        let target = &self.target.end;
        let pod = self.source.workload.filter(|_| self.source.party.endpoint.is_some())?;
        let from = self.snapshot.workload(pod).node.as_ref()?;
        let to = target.on_host.as_ref()?.as_ref()?;
        let action = self.snapshot.pod_to_host();
        let policed = target.host.is_some() || action == Some(PodToHost::Drop);
        (policed && from == to).then_some(action)
    }

    /// The flow as policy sees it, and how its source is called.
    fn flow(&self, assumed: &mut Vec<Assumed>, notes: &mut Vec<String>) -> (Flow, String) {
        let (protocol, port, icmp) = match self.target.ask {
            Ask::Port(port, protocol) => (protocol, Some(port), None),
            Ask::Protocol(protocol) => (protocol, None, None),
            Ask::Icmp(kind, code) => {
                let protocol = match self.family {
                    Family::V4 => Protocol::ICMP,
                    Family::V6 => Protocol::ICMPV6,
                };
                let of = |n: Option<u8>| {
                    n.map_or_else(|| Ranges::span(0, 255), |n| Ranges::one(n.into()))
                };
                (protocol, None, Some(Box::new(Icmp { kind: of(kind), code: of(code) })))
            }
        };
        let source_port = match (self.source_port, protocol.has_ports()) {
            (_, false) => Ranges::none(),
            (Some(port), true) => Ranges::one(port.into()),
            (None, true) => {
                if asks_for_source_ports(self.snapshot.network()) {
                    assumed.push(Assumed {
                        what: format!(
                            "the source port is an ephemeral one ({}-{})",
                            EPHEMERAL.0, EPHEMERAL.1
                        ),
                        flag: None,
                    });
                }
                Ranges::span(EPHEMERAL.0, EPHEMERAL.1)
            }
        };
        let mut from = self.source.party.clone();
        let mut name = self.source.name.clone();
        if let Some(translated) = self.source_translation() {
            notes.push(format!(
                "externalTrafficPolicy is Cluster: policy sees the address of a node, not {}",
                self.source.name
            ));
            from.addresses = translated;
            name = format!("{} (as a node)", self.source.name);
        }
        let to = self.target.end.party.clone();
        let flow = Flow { family: self.family, protocol, from, to, source_port, port, icmp };
        (flow, name)
    }

    /// A host endpoint that the flow may pass on its way from or to a pod, and whose policy would
    /// not let it. Which interface a packet takes is not in any manifest.
    fn denied_on_the_way(&self, flow: &Flow, stage: Stage) -> Option<Missing> {
        let network = self.snapshot.network();
        let node = |end: &End| end.workload.and_then(|id| self.snapshot.workload(id).node.clone());
        let arriving =
            (&[Class::Untracked, Class::PreDnat, Class::Forward][..], Direction::Ingress);
        let leaving = (&[Class::Untracked, Class::Forward][..], Direction::Egress);
        for (end, (classes, direction)) in [(self.source, leaving), (&self.target.end, arriving)] {
            if end.workload.is_none() {
                continue;
            }
            for (name, of, endpoint) in self.snapshot.host_endpoints() {
                if node(end).is_some_and(|node| node != *of) {
                    continue;
                }
                for class in classes {
                    if *class == Class::PreDnat && self.target.service.is_some() {
                        // Before DNAT the packet still goes to the service, at an address and port
                        // that depend on how it is reached.
                        if let Some(policy) = pre_dnat_policy(network, endpoint) {
                            let what =
                                format!("whether {policy} stops it at hep/{name} before DNAT");
                            return Some(Missing { what, flag: None });
                        }
                        continue;
                    }
                    let side = host(network, endpoint, *class, direction, flow, stage);
                    match side.outcome {
                        HostOutcome::Continue => continue,
                        HostOutcome::Allow => break,
                        HostOutcome::Deny | HostOutcome::Unknown => {
                            let by = side.by.as_ref().and_then(|by| match &by.decider {
                                Decider::Policy(id) => Some(network.policy(*id).to_string()),
                                _ => None,
                            });
                            let by = by.unwrap_or_else(|| "its policy".into());
                            let what = format!("whether it passes hep/{name}, where {by} stops it");
                            return Some(Missing { what, flag: None });
                        }
                    }
                }
            }
        }
        None
    }

    /// Where a packet from outside seems to come from behind a service that does not keep its
    /// source: the addresses of the nodes.
    fn source_translation(&self) -> Option<Ranges> {
        let service = self.snapshot.service_at(self.target.service?)?;
        let outside = self.source.workload.is_none() && self.source.on_host.is_none();
        if !service.is_exposed() || service.keeps_source || !outside {
            return None;
        }
        let nodes = self.snapshot.nodes().flat_map(|n| &n.addresses);
        let of_family = nodes.filter(|a| Family::of(**a) == self.family);
        let ranges = Ranges::of(of_family.map(|a| (net::number(*a), net::number(*a))));
        Some(if ranges.is_empty() { self.family.everything() } else { ranges })
    }
}

/// What policy says of one flow: workloads at either end, and host endpoints class by class; a side
/// that is no host endpoint has no classes.
struct Walk {
    connection: Connection,
    from_host: Vec<(Class, HostSide)>,
    to_host: Vec<(Class, HostSide)>,
    /// Where a pod asks its own node, what decides in place of host endpoints, as far as it is said.
    to_own_host: Option<Option<PodToHost>>,
    locality: Locality,
}

/// Whether a flow goes from a node to a pod on it. Such flows are never policed at the pod, so that
/// a kubelet can always probe, and pass no interface that a host endpoint stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Locality {
    Same,
    Apart,
    Unsaid,
}

impl Walk {
    fn at_host(&self, direction: Direction) -> &[(Class, HostSide)] {
        match direction {
            Direction::Egress => &self.from_host,
            Direction::Ingress => &self.to_host,
        }
    }

    fn verdict(&self) -> Verdict {
        self.verdict_if(self.locality)
    }

    fn verdict_if(&self, locality: Locality) -> Verdict {
        match locality {
            Locality::Same => Verdict::Allow,
            Locality::Apart | Locality::Unsaid => {
                let arrival = match self.to_own_host {
                    None | Some(Some(PodToHost::Return)) => at_host(&self.to_host),
                    Some(Some(PodToHost::Accept)) => Verdict::Allow,
                    Some(Some(PodToHost::Drop)) => Verdict::Deny,
                    Some(None) => Verdict::Unknown,
                };
                let hosts = [at_host(&self.from_host), arrival];
                hosts.into_iter().fold(self.connection.verdict, Verdict::and)
            }
        }
    }

    /// Whether no policy is asked, as the flow stays on its node.
    fn is_local(&self) -> bool {
        self.locality == Locality::Same
    }

    /// Tells one side; `pending` is the walk in which staged policies are in force.
    fn tell(&self, network: &Compiled, pending: &Self, about: &About<'_>) -> SideAnswer {
        if about.direction == Direction::Ingress
            && let Some(action) = self.to_own_host
            && action != Some(PodToHost::Return)
        {
            return trace::at_its_own_node(about, action);
        }
        let classes = self.at_host(about.direction);
        if !classes.is_empty() {
            let verdict = at_host(classes);
            return trace::tell_host(
                network,
                classes,
                pending.at_host(about.direction),
                verdict,
                about,
            );
        }
        if self.is_local() && about.direction == Direction::Ingress {
            return trace::on_its_own_node(about);
        }
        let (side, twin) = (self.side(about.direction), pending.side(about.direction));
        trace::tell(network, side, twin, about)
    }

    fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Egress => &self.connection.egress,
            Direction::Ingress => &self.connection.ingress,
        }
    }

    /// A word about every deciding rule that asks for more than packets show.
    fn http(&self, network: &Compiled) -> Vec<String> {
        if self.is_local() {
            return Vec::new();
        }
        let branches = &self.connection.branches;
        let egress = branches.iter().map(|b| (Direction::Egress, b.egress.by.as_ref()));
        let ingress = branches.iter().map(|b| (Direction::Ingress, b.ingress.by.as_ref()));
        let mut notes = Vec::new();
        for (direction, by) in egress.chain(ingress) {
            let Some(By { decider: Decider::Policy(id), rule: Some(rule), .. }) = by else {
                continue;
            };
            let policy = network.policy(*id);
            let Some(rule) = policy.rules(direction).get(*rule).filter(|rule| rule.http) else {
                continue;
            };
            let note = format!(
                "rule {} of {policy} asks for HTTP methods or paths, and packets do not show them",
                rule.number
            );
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes
    }

    /// Whether there were more cases than can be walked.
    fn is_cut_short(&self) -> bool {
        let mut hosts = self.from_host.iter().chain(&self.to_host);
        !self.is_local() && (self.connection.cut_short || hosts.any(|(_, side)| side.cut_short))
    }

    fn cases(&self) -> impl Iterator<Item = &Vec<Condition>> {
        let hosts = self.from_host.iter().chain(&self.to_host);
        let hosts = hosts.flat_map(|(_, side)| side.branches.iter().map(|b| &b.conditions));
        self.connection.branches.iter().map(|b| &b.conditions).chain(hosts)
    }

    /// The conditions on which the verdict turns: those of the cases, once each.
    fn conditions(&self) -> Vec<Condition> {
        let mut all: Vec<Condition> = Vec::new();
        for condition in self.cases().flatten() {
            if !all.iter().any(|c| c.need == condition.need) {
                all.push(condition.clone());
            }
        }
        all
    }

    /// Whether the other walk ends with another verdict or by another decider.
    fn differs(&self, other: &Self) -> bool {
        if self.is_local() {
            return false;
        }
        let of = |walk: &Self| {
            let side = |s: &Side| (s.verdict, s.by.clone());
            let host = |classes: &[(Class, HostSide)]| {
                classes.iter().map(|(_, s)| (s.outcome, s.by.clone())).collect::<Vec<_>>()
            };
            let Connection { verdict, egress, ingress, .. } = &walk.connection;
            (*verdict, side(egress), side(ingress), host(&walk.from_host), host(&walk.to_host))
        };
        of(self) != of(other)
    }
}

fn is_doubtful(condition: &Condition) -> bool {
    matches!(condition.need, Need::Fact(Fact::PolicyInForce(_) | Fact::SetHolds(..)))
}

/// What a host endpoint says: class after class, where one that decides nothing hands on to the
/// next. Without classes it is none, and lets everything pass.
fn at_host(classes: &[(Class, HostSide)]) -> Verdict {
    let of = |outcome: HostOutcome, rest: Verdict| match outcome {
        HostOutcome::Allow => Verdict::Allow,
        HostOutcome::Deny => Verdict::Deny,
        HostOutcome::Unknown => Verdict::Unknown,
        HostOutcome::Continue => rest,
    };
    classes.iter().rev().fold(Verdict::Allow, |rest, (_, side)| {
        if side.cut_short {
            return Verdict::Unknown;
        }
        let mut verdicts = side.branches.iter().map(|branch| of(branch.outcome, rest));
        match verdicts.next() {
            Some(first) if verdicts.all(|v| v == first) => first,
            _ => Verdict::Unknown,
        }
    })
}

/// The classes of policy that a packet meets at a host endpoint, up to the one that certainly
/// decides.
fn host_classes(
    network: &Compiled,
    endpoint: EndpointId,
    direction: Direction,
    flow: &Flow,
    stage: Stage,
) -> Vec<(Class, HostSide)> {
    let order: &[Class] = match direction {
        Direction::Ingress => &[Class::Untracked, Class::PreDnat, Class::Normal],
        Direction::Egress => &[Class::Untracked, Class::Normal],
    };
    let mut met = Vec::new();
    for class in order {
        let side = host(network, endpoint, *class, direction, flow, stage);
        let decides = matches!(side.outcome, HostOutcome::Allow | HostOutcome::Deny);
        met.push((*class, side));
        if decides {
            break;
        }
    }
    met
}

/// A policy that this host endpoint asks before destination addresses are replaced.
fn pre_dnat_policy(network: &Compiled, endpoint: EndpointId) -> Option<&Policy> {
    let labels = &network.endpoint(endpoint).labels;
    let mut policies = network.policies();
    policies.find(|p| {
        p.class == PolicyClass::PreDnat && !p.kind.is_staged() && p.subject.matches(labels)
    })
}

fn asks_for_source_ports(network: &Compiled) -> bool {
    network.policies().any(|p| {
        p.ingress_rules
            .iter()
            .chain(&p.egress_rules)
            .any(|r| !r.source.ports.is_empty() || !r.source.not_ports.is_empty())
    })
}
