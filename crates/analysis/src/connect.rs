//! Can this reach that? One question, every flow behind it, all reasons.

use portcullis_core::{Assumed, Family, Ranges, Skipped, Verdict, net};
use portcullis_netpol::host::Outcome as HostOutcome;
use portcullis_netpol::{
    By, Class, Compiled, Condition, Connection, Decider, Direction, EndpointId, Fact, Flow,
    HostSide, Icmp, Need, Policy, PolicyClass, Side, Stage, decide, explain, host,
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

    pub(crate) fn of(verdicts: impl Iterator<Item = Verdict>) -> Self {
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
    if source_port.is_none()
        && targets.iter().any(|target| target.ask.protocol(question.family).has_ports())
        && asks_for_source_ports(snapshot.network())
    {
        let (first, last) = EPHEMERAL;
        let what = format!("the source port is an ephemeral one ({first}-{last})");
        assumed.push(Assumed { what, flag: None });
    }
    let mut flows = Vec::new();
    for source in &sources {
        for target in &targets {
            let asked = Asked { snapshot, family: question.family, source, target, source_port };
            flows.push(asked.answer());
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
            let namespace = snapshot.namespace(workload.namespace.as_str());
            if !namespace.is_some_and(|(_, given)| given) {
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
pub(crate) struct Asked<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) family: Family,
    pub(crate) source: &'a End,
    pub(crate) target: &'a Target,
    pub(crate) source_port: Option<u16>,
}

/// What becomes of a flow as things are.
struct Judgement {
    verdict: Verdict,
    /// What would settle it beside the facts that a walk asked for.
    missing: Vec<Missing>,
    /// Whether it depends on a host endpoint that the original would refuse.
    refused: bool,
}

impl Asked<'_> {
    /// The verdict of [`Asked::answer`].
    pub(crate) fn verdict(&self) -> Verdict {
        let network = self.snapshot.network();
        let flow = self.flow(self.source_translation());
        let ruling = decide(network, &flow, Stage::Enforced);
        let way = self.way(network, &flow, Stage::Enforced);
        self.judge(&flow, &self.source.name, ruling.verdict, &way).verdict
    }

    fn answer(&self) -> FlowAnswer {
        let network = self.snapshot.network();
        let mut notes = self.source.notes.clone();
        notes.extend(self.target.end.notes.iter().cloned());
        if self.source.workload.is_some() && self.source.workload == self.target.end.workload {
            notes.push(format!(
                "this is about two pods like {}: a pod always reaches itself",
                self.source.name
            ));
        }
        let mut from = self.source.name.clone();
        let translated = self.source_translation();
        if translated.is_some() {
            notes.push(format!(
                "externalTrafficPolicy is Cluster: policy sees the address of a node, not {from}"
            ));
            from.push_str(" (as a node)");
        }
        let flow = self.flow(translated);
        let (protocol, port) = (flow.protocol.to_string(), flow.port);
        let what = port.map_or_else(|| protocol.clone(), |p| format!("{protocol}/{p}"));
        let to = &self.target.end.name;
        let egress_of = About { of: &from, peer: to, what: &what, direction: Direction::Egress };
        let ingress_of = About { of: to, peer: &from, what: &what, direction: Direction::Ingress };
        let enforced = self.walk(network, &flow, Stage::Enforced);
        let staged = network.has_staged().then(|| self.walk(network, &flow, Stage::Pending));
        let pending = staged.as_ref().unwrap_or(&enforced);
        let mut missing = match enforced.verdict() {
            Verdict::Unknown => {
                let names = Names {
                    from: &from,
                    to,
                    from_is_pod: self.source.workload.is_some(),
                    to_is_pod: self.target.end.workload.is_some(),
                };
                missing::of(network, self.family, &names, &enforced.conditions())
            }
            Verdict::Allow | Verdict::Deny => Vec::new(),
        };
        let judged = self.judge(&flow, &from, enforced.connection.verdict, &enforced.way);
        let verdict = judged.verdict;
        missing.extend(judged.missing);
        let doubtful = judged.refused || enforced.cases().flatten().any(is_doubtful);
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

    /// Judges a flow by what the policies of workloads say of it and what it meets on its way; `from` is
    /// how its source is called.
    fn judge(&self, flow: &Flow, from: &str, workloads: Verdict, way: &Way) -> Judgement {
        let to = &self.target.end.name;
        let mut verdict = way.verdict(workloads);
        let mut missing = Vec::new();
        if verdict == Verdict::Unknown && way.to_own_host == Some(None) {
            missing.push(Missing {
                what: format!(
                    "what Felix does with traffic of pods to their own node: not policy, but \
                     defaultEndpointToHostAction decides whether {from} reaches it"
                ),
                flag: Some("the FelixConfiguration `default` in the input".into()),
            });
        }
        if verdict != Verdict::Allow && way.locality == Locality::Unsaid {
            let on = match &self.source.on_host {
                Some(Some(node)) => format!("{to} runs on node {node}"),
                _ => format!("{from} and {to} run on one node"),
            };
            if way.verdict_if(Locality::Same, workloads) == Verdict::Allow {
                verdict = Verdict::Unknown;
                missing.push(Missing {
                    what: format!("whether {on}: a node reaches its own pods whatever policy says"),
                    flag: Some("`spec.nodeName` of the pods in the input".into()),
                });
            }
        }
        let doubts = self.host_doubts();
        if !doubts.is_empty() && workloads != Verdict::Deny {
            verdict = Verdict::Unknown;
            missing.extend(doubts.iter().map(|doubt| missing::refused(&doubt.why)));
        }
        if verdict == Verdict::Allow
            && !way.is_local()
            && let Some(on_the_way) = self.denied_on_the_way(flow, Stage::Enforced)
        {
            verdict = Verdict::Unknown;
            missing.push(on_the_way);
        }
        Judgement { verdict, missing, refused: !doubts.is_empty() }
    }

    /// What policy says of the flow at both ends, with staged policies in force or not.
    fn walk(&self, network: &Compiled, flow: &Flow, stage: Stage) -> Walk {
        Walk { connection: explain(network, flow, stage), way: self.way(network, flow, stage) }
    }

    /// What it meets beside the policies of workloads.
    fn way(&self, network: &Compiled, flow: &Flow, stage: Stage) -> Way {
        let at_host = |end: &End, direction| match end.host {
            Some(endpoint) => host_classes(network, endpoint, direction, flow, stage),
            None => Vec::new(),
        };
        let (locality, to_own_host) = (self.locality(), self.to_own_host());
        Way {
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

    /// The flow as policy sees it, from those addresses where the source was translated.
    fn flow(&self, translated: Option<Ranges>) -> Flow {
        let protocol = self.target.ask.protocol(self.family);
        let (port, icmp) = match self.target.ask {
            Ask::Port(port, _) => (Some(port), None),
            Ask::Protocol(_) => (None, None),
            Ask::Icmp(kind, code) => {
                let of = |n: Option<u8>| {
                    n.map_or_else(|| Ranges::span(0, 255), |n| Ranges::one(n.into()))
                };
                (None, Some(Box::new(Icmp { kind: of(kind), code: of(code) })))
            }
        };
        let source_port = match (self.source_port, protocol.has_ports()) {
            (_, false) => Ranges::none(),
            (Some(port), true) => Ranges::one(port.into()),
            (None, true) => Ranges::span(EPHEMERAL.0, EPHEMERAL.1),
        };
        let mut from = self.source.party.clone();
        if let Some(translated) = translated {
            from.addresses = translated;
        }
        let to = self.target.end.party.clone();
        Flow { family: self.family, protocol, from, to, source_port, port, icmp }
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

/// What policy says of one flow, of workloads at either end and on its way.
struct Walk {
    connection: Connection,
    way: Way,
}

/// What a flow meets beside the policies of workloads: host endpoints class by class; a side that is no
/// host endpoint has no classes.
struct Way {
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

impl Way {
    fn at_host(&self, direction: Direction) -> &[(Class, HostSide)] {
        match direction {
            Direction::Egress => &self.from_host,
            Direction::Ingress => &self.to_host,
        }
    }

    /// The verdict, given that of the policies of workloads.
    fn verdict(&self, workloads: Verdict) -> Verdict {
        self.verdict_if(self.locality, workloads)
    }

    fn verdict_if(&self, locality: Locality, workloads: Verdict) -> Verdict {
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
                hosts.into_iter().fold(workloads, Verdict::and)
            }
        }
    }

    /// Whether no policy is asked, as the flow stays on its node.
    fn is_local(&self) -> bool {
        self.locality == Locality::Same
    }
}

impl Walk {
    fn verdict(&self) -> Verdict {
        self.way.verdict(self.connection.verdict)
    }

    /// Tells one side; `pending` is the walk in which staged policies are in force.
    fn tell(&self, network: &Compiled, pending: &Self, about: &About<'_>) -> SideAnswer {
        if about.direction == Direction::Ingress
            && let Some(action) = self.way.to_own_host
            && action != Some(PodToHost::Return)
        {
            return trace::at_its_own_node(about, action);
        }
        let classes = self.way.at_host(about.direction);
        if !classes.is_empty() {
            let verdict = at_host(classes);
            return trace::tell_host(
                network,
                classes,
                pending.way.at_host(about.direction),
                verdict,
                about,
            );
        }
        if self.way.is_local() && about.direction == Direction::Ingress {
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
        if self.way.is_local() {
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
        let mut hosts = self.way.from_host.iter().chain(&self.way.to_host);
        !self.way.is_local() && (self.connection.cut_short || hosts.any(|(_, side)| side.cut_short))
    }

    fn cases(&self) -> impl Iterator<Item = &Vec<Condition>> {
        let hosts = self.way.from_host.iter().chain(&self.way.to_host);
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
        if self.way.is_local() {
            return false;
        }
        let of = |walk: &Self| {
            let side = |s: &Side| (s.verdict, s.by.clone());
            let host = |classes: &[(Class, HostSide)]| {
                classes.iter().map(|(_, s)| (s.outcome, s.by.clone())).collect::<Vec<_>>()
            };
            let Connection { verdict, egress, ingress, .. } = &walk.connection;
            (
                *verdict,
                side(egress),
                side(ingress),
                host(&walk.way.from_host),
                host(&walk.way.to_host),
            )
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
