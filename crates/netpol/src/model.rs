//! The normal form that every kind of network policy is lowered into.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use portcullis_core::net::{NamedPort, Net, Protocol};
use portcullis_core::{Family, Labels, Namespace, Origin, PortRange, Ranges, Selector};
use smol_str::SmolStr;

/// Which way a policy looks at a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Into the endpoint.
    Ingress,
    /// Out of the endpoint.
    Egress,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        })
    }
}

/// What a rule that matches does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// The flow may pass this end; later tiers are not asked.
    Allow,
    /// The flow may not pass.
    Deny,
    /// A line in a log; the walk goes on with the next rule.
    Log,
    /// The rest of this tier is skipped.
    Pass,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Log => "log",
            Self::Pass => "pass",
        })
    }
}

/// What a tier does with a flow that some policy of it selects and no rule of it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DefaultAction {
    /// It is denied.
    Deny,
    /// The next tier is asked.
    Pass,
}

/// A place in an order: numbers ascending, none after every number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order(pub Option<f64>);

impl Order {
    /// How two places compare. `NaN`, which no manifest can write, is taken as none.
    pub fn compare(self, other: Self) -> Ordering {
        let key = |o: Self| o.0.filter(|n| !n.is_nan()).unwrap_or(f64::INFINITY);
        // -0 and 0 are one place.
        key(self).partial_cmp(&key(other)).unwrap_or(Ordering::Equal)
    }
}

/// `400`, `30.5`, or `-` for none, and for the place before every number.
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) if number.is_finite() => write!(f, "{number}"),
            _ => f.write_str("-"),
        }
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
        impl $name {
            pub(crate) fn at(index: usize) -> Self {
                // Every list is limited far below 2³² where objects are read.
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
            pub(crate) fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}
ids!(
    /// A tier of one [`Compiled`](crate::Compiled), in order of evaluation.
    TierId,
    /// A policy of one [`Compiled`](crate::Compiled), by its place in the order given.
    PolicyId,
    /// An endpoint of one [`Compiled`](crate::Compiled), by its place in the order given.
    EndpointId
);

/// One step of the order in which policies are asked.
#[derive(Clone, Debug)]
pub struct Tier {
    /// Its name.
    pub name: SmolStr,
    /// Its place; none is after every number.
    pub order: Order,
    /// What happens at its end.
    pub default_action: DefaultAction,
    /// False for a tier that policies name and nobody defined: it is asked after all others and
    /// denies at its end, as Felix keeps it.
    pub defined: bool,
    /// Set where the tier itself is in doubt, so every policy in it is.
    pub doubt: Option<Doubt>,
    /// Where it is defined; for an undefined one, where it is named.
    pub origin: Origin,
    pub(crate) policies: Vec<PolicyId>,
}

impl Tier {
    /// A tier without policies; [`Compiled::new`](crate::Compiled::new) fills it.
    pub fn new(name: impl Into<SmolStr>, order: Order, end: DefaultAction, origin: Origin) -> Self {
        Self {
            name: name.into(),
            order,
            default_action: end,
            defined: true,
            doubt: None,
            origin,
            policies: Vec::new(),
        }
    }

    /// Its policies in order, staged ones among them.
    pub fn policies(&self) -> &[PolicyId] {
        &self.policies
    }
}

/// Which API a policy came from; the names are those of Calico's flow logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyKind {
    /// `projectcalico.org` GlobalNetworkPolicy.
    Global,
    /// `policy.networking.k8s.io` ClusterNetworkPolicy.
    KubernetesCluster,
    /// `networking.k8s.io` NetworkPolicy.
    Kubernetes,
    /// `projectcalico.org` NetworkPolicy.
    Namespaced,
    /// StagedGlobalNetworkPolicy.
    StagedGlobal,
    /// StagedKubernetesNetworkPolicy.
    StagedKubernetes,
    /// StagedNetworkPolicy.
    StagedNamespaced,
    /// A document that could not be read and whose text names a policy kind.
    Unreadable,
}

impl PolicyKind {
    /// The kind's name in the order of evaluation and in flow logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "GlobalNetworkPolicy",
            Self::KubernetesCluster => "KubernetesClusterNetworkPolicy",
            Self::Kubernetes => "KubernetesNetworkPolicy",
            Self::Namespaced => "NetworkPolicy",
            Self::StagedGlobal => "StagedGlobalNetworkPolicy",
            Self::StagedKubernetes => "StagedKubernetesNetworkPolicy",
            Self::StagedNamespaced => "StagedNetworkPolicy",
            Self::Unreadable => "Unreadable",
        }
    }

    /// Whether its author chooses a tier and a place in it.
    pub fn has_order(self) -> bool {
        match self {
            Self::Global | Self::Namespaced | Self::StagedGlobal | Self::StagedNamespaced => true,
            Self::KubernetesCluster => true,
            Self::Kubernetes | Self::StagedKubernetes | Self::Unreadable => false,
        }
    }

    /// Whether policies of this kind never touch a packet and only show what they would do.
    pub fn is_staged(self) -> bool {
        matches!(self, Self::StagedGlobal | Self::StagedKubernetes | Self::StagedNamespaced)
    }
}

/// When, on a packet's way, a policy is asked. Workloads only ever meet [`PolicyClass::Normal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyClass {
    /// On traffic to and from the endpoint itself.
    Normal,
    /// Before destination addresses of services are replaced.
    PreDnat,
    /// Before connection tracking.
    Untracked,
}

/// Why something may or may not be in force.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Doubt {
    /// What is in doubt and why, as a clause that follows "what becomes of".
    pub why: String,
}

/// One ordered list of rules, and whom it selects.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Which API it came from.
    pub kind: PolicyKind,
    /// Its namespace, if it has one.
    pub namespace: Option<Namespace>,
    /// Its name.
    pub name: SmolStr,
    /// The tier it is in.
    pub tier: SmolStr,
    /// Its place in the tier; none is after every number.
    pub order: Order,
    /// The endpoints it selects.
    pub subject: Selector,
    /// Whether it has a say on flows into the endpoint.
    pub ingress: bool,
    /// Whether it has a say on flows out of the endpoint.
    pub egress: bool,
    /// Its rules for flows in. Rules of a direction it has no say on are kept and never asked.
    pub ingress_rules: Vec<Rule>,
    /// Its rules for flows out.
    pub egress_rules: Vec<Rule>,
    /// When it is asked.
    pub class: PolicyClass,
    /// Whether it is also asked, at host endpoints, about traffic passing through the host.
    pub apply_on_forward: bool,
    /// Set where the original may have refused it.
    pub doubt: Option<Doubt>,
    /// Where it stands.
    pub origin: Origin,
}

impl Policy {
    /// Whether it has a say on this direction.
    pub fn looks(&self, direction: Direction) -> bool {
        match direction {
            Direction::Ingress => self.ingress,
            Direction::Egress => self.egress,
        }
    }

    /// Its rules for this direction.
    pub fn rules(&self, direction: Direction) -> &[Rule] {
        match direction {
            Direction::Ingress => &self.ingress_rules,
            Direction::Egress => &self.egress_rules,
        }
    }

    /// Which of two policies of one tier is asked first.
    ///
    /// Of equal order they are asked by a text, byte by byte, as Calico compares it:
    /// `name/namespace/kind` in one string, so that `a-b` comes before `a`.
    pub(crate) fn asked_before(&self, other: &Self) -> Ordering {
        self.order.compare(other.order).then_with(|| self.tie().cmp(other.tie()))
    }

    fn tie(&self) -> impl Iterator<Item = u8> + '_ {
        let namespace = self.namespace.as_ref().map_or("", Namespace::as_str);
        let parts = [self.name.as_str(), "/", namespace, "/", self.kind.name()];
        parts.into_iter().flat_map(str::bytes)
    }
}

/// `KIND namespace/name` or `KIND name`.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind.name())?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}

/// One rule: it matches a flow if everything it asks for holds.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it does.
    pub action: Action,
    /// Only flows of this family.
    pub family: Option<Family>,
    /// Only this protocol.
    pub protocol: Option<ProtocolMatch>,
    /// Not this protocol.
    pub not_protocol: Option<ProtocolMatch>,
    /// Only this ICMP type and code.
    pub icmp: Option<IcmpMatch>,
    /// Not this ICMP type and code.
    pub not_icmp: Option<IcmpMatch>,
    /// What the source must be.
    pub source: Peer,
    /// What the destination must be.
    pub destination: Peer,
    /// Whether it asks for HTTP methods or paths, which no data plane enforces on packets.
    pub http: bool,
    /// Its number in the document, counted from 0; rules that one rule of the document was
    /// converted into share it.
    pub number: usize,
    /// Where it stands.
    pub origin: Origin,
}

impl Rule {
    /// A rule that matches everything.
    pub fn new(action: Action, number: usize, origin: Origin) -> Self {
        Self {
            action,
            number,
            family: None,
            protocol: None,
            not_protocol: None,
            icmp: None,
            not_icmp: None,
            source: Peer::default(),
            destination: Peer::default(),
            http: false,
            origin,
        }
    }
}

/// A protocol asked for by a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProtocolMatch {
    /// Its number.
    pub protocol: Protocol,
    /// The family that the name implies: `ICMP` is IPv4 and `ICMPv6` IPv6, their numbers are both.
    pub family: Option<Family>,
}

impl ProtocolMatch {
    /// The protocol of a number, or of a name that implies no family.
    pub fn number(protocol: Protocol) -> Self {
        Self { protocol, family: None }
    }

    /// The protocol of a name.
    pub fn named(name: &str) -> Option<Self> {
        let protocol = Protocol::named(name)?;
        let family = match protocol {
            Protocol::ICMP => Some(Family::V4),
            Protocol::ICMPV6 => Some(Family::V6),
            _ => None,
        };
        Some(Self { protocol, family })
    }
}

/// An ICMP type and, if given, code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IcmpMatch {
    /// The type; none matches every message.
    pub kind: Option<u8>,
    /// The code; none matches every code of the type.
    pub code: Option<u8>,
}

/// What one end of a flow must be for a rule to match. Everything absent matches every address.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// Its address lies in one of these.
    pub nets: Option<NetList>,
    /// Its address lies in none of these.
    pub not_nets: Option<NetList>,
    /// Its address is that of an endpoint or network set selected by this.
    pub selector: Option<Selector>,
    /// Its address is not that of an endpoint or network set selected by this; also true of
    /// addresses nobody knows.
    pub not_selector: Option<Selector>,
    /// Its port is one of these.
    pub ports: Vec<PortMatch>,
    /// Its port is none of these.
    pub not_ports: Vec<PortMatch>,
    /// It is one of the endpoints of this service.
    pub service: Option<ServiceMatch>,
    /// Its address is one that a name like these resolves to.
    pub domains: Vec<DomainPattern>,
}

/// A service asked for by a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceMatch {
    /// The namespace; none matches no service, as Calico looks up the empty namespace.
    pub namespace: Option<Namespace>,
    /// The name.
    pub name: SmolStr,
    /// Whether the port must be the service's too (a destination), or only the address (a source).
    pub with_ports: bool,
}

/// A list of networks of both families.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetList {
    nets: Vec<Net>,
    v4: Ranges,
    v6: Ranges,
}

impl NetList {
    /// The union of the networks.
    pub fn new(nets: Vec<Net>) -> Self {
        let of = |family| Ranges::of(nets.iter().filter(|n| n.family() == family).map(Net::span));
        Self { v4: of(Family::V4), v6: of(Family::V6), nets }
    }

    /// As written.
    pub fn nets(&self) -> &[Net] {
        &self.nets
    }

    /// Its addresses of one family.
    pub fn of(&self, family: Family) -> &Ranges {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }
}

/// A port asked for by a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PortMatch {
    /// A number or a range.
    Range(PortRange),
    /// A name that each endpoint resolves with its own ports.
    Named(SmolStr),
}

/// A DNS name, or a pattern in which one `*` stands for one or more whole labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainPattern(SmolStr);

impl DomainPattern {
    /// A pattern; letter case and a final dot do not count.
    pub fn new(text: &str) -> Self {
        Self(text.trim_end_matches('.').to_ascii_lowercase().into())
    }

    /// Whether the name is one the pattern stands for: `*.google.com` is not `google.com`.
    pub fn matches(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        match self.0.split_once('*') {
            None => name == self.0.as_str(),
            Some((before, after)) => name
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|labels| labels.split('.').all(|label| !label.is_empty())),
        }
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of thing policy protects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EndpointKind {
    /// A pod, or the one pod that stands for all replicas of a template.
    Workload {
        /// Its namespace.
        namespace: Namespace,
    },
    /// An interface of a node.
    Host,
}

/// Something policy protects.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// What kind of thing.
    pub kind: EndpointKind,
    /// Its name.
    pub name: SmolStr,
    /// Its own labels and those inherited from its profiles.
    pub labels: Labels,
    /// The addresses it is known to have.
    pub addresses: Vec<IpAddr>,
    /// The ports it names.
    pub ports: Vec<NamedPort>,
    /// Its profiles in order, by name. One that nobody defined denies everything.
    pub profiles: Vec<SmolStr>,
    /// Where it stands.
    pub origin: Origin,
}

/// Rules that decide after the last tier.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name, such as `kns.shop`.
    pub name: SmolStr,
    /// Rules for flows in.
    pub ingress_rules: Vec<Rule>,
    /// Rules for flows out.
    pub egress_rules: Vec<Rule>,
}

impl Profile {
    /// Its rules for this direction.
    pub fn rules(&self, direction: Direction) -> &[Rule] {
        match direction {
            Direction::Ingress => &self.ingress_rules,
            Direction::Egress => &self.egress_rules,
        }
    }
}

/// A NetworkSet or GlobalNetworkSet.
#[derive(Clone, Debug)]
pub struct NetworkSet {
    /// Its namespace, unless it is global.
    pub namespace: Option<Namespace>,
    /// Its name.
    pub name: SmolStr,
    /// Its own labels and those inherited from its namespace.
    pub labels: Labels,
    /// Its networks.
    pub nets: NetList,
    /// Its DNS names (`allowedEgressDomains`).
    pub domains: Vec<DomainPattern>,
    /// Set where the original may have refused it.
    pub doubt: Option<Doubt>,
    /// Where it stands.
    pub origin: Origin,
}

/// The endpoints of one service, as its EndpointSlices list them or its selector finds them.
#[derive(Clone, Debug, Default)]
pub struct ServiceEndpoints {
    /// Each endpoint with the ports it serves. Readiness does not count.
    pub members: Vec<(Member, Vec<(Protocol, u16)>)>,
}

/// One endpoint of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// By address.
    Address(IpAddr),
    /// By identity, for endpoints whose address is not known. An index into [`Input::endpoints`].
    Endpoint(EndpointId),
}

/// A port that host endpoints leave open whatever policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failsafe {
    /// The protocol.
    pub protocol: Protocol,
    /// The port.
    pub port: u16,
    /// Only for peers in this network.
    pub net: Option<Net>,
}

/// A policy of an engine that is not judged here, and whom it could concern.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// What it is, for people: `CiliumNetworkPolicy shop/web`.
    pub what: String,
    /// The kind alone, as flags name it.
    pub kind: SmolStr,
    /// The namespace whose pods it may select; none means every endpoint.
    pub namespace: Option<Namespace>,
    /// Whether it could also allow what is denied here.
    pub may_allow: bool,
    /// Where it stands.
    pub origin: Origin,
}

/// Everything that verdicts depend on, in any order.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Tiers, each name once.
    pub tiers: Vec<Tier>,
    /// Policies.
    pub policies: Vec<Policy>,
    /// Profiles, each name once.
    pub profiles: Vec<Profile>,
    /// Endpoints.
    pub endpoints: Vec<Endpoint>,
    /// Network sets.
    pub sets: Vec<NetworkSet>,
    /// Services by namespace and name.
    pub services: HashMap<(Namespace, SmolStr), ServiceEndpoints>,
    /// Ports that host endpoints keep open for flows in.
    pub failsafe_inbound: Vec<Failsafe>,
    /// Ports that host endpoints keep open for flows out.
    pub failsafe_outbound: Vec<Failsafe>,
    /// What DNS names are known to resolve to.
    pub resolved: Vec<(SmolStr, IpAddr)>,
    /// Policies of engines that are not judged here.
    pub foreign: Vec<Foreign>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_star_stands_for_whole_labels() {
        for (pattern, name, want) in [
            ("*.google.com", "www.google.com", true),
            ("*.google.com", "a.b.google.com", true),
            ("*.google.com", "google.com", false),
            ("*.google.com", ".google.com", false),
            ("www.*.com", "www.example.com", true),
            ("www.*.com", "www.com", false),
            ("API.twilio.com.", "api.twilio.com", true),
            ("api.twilio.com", "xapi.twilio.com", false),
        ] {
            assert_eq!(DomainPattern::new(pattern).matches(name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn no_order_comes_after_every_number() {
        assert_eq!(Order(Some(1e300)).compare(Order(None)), Ordering::Less);
        assert_eq!(Order(Some(-1.0)).compare(Order(Some(0.5))), Ordering::Less);
        assert_eq!(Order(None).compare(Order(None)), Ordering::Equal);
    }
}
