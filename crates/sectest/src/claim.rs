//! What can be claimed. Each claim has one line form, which [`Display`](fmt::Display) prints, and
//! one structured form; both are read into the same value.

use std::fmt;
use std::net::IpAddr;

use portcullis_analysis::{PortSpec, Spec, What};
use portcullis_core::{Protocol, Verdict};
use portcullis_netpol::Direction;
use smol_str::SmolStr;

/// Something that holds of a cluster or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// What somebody may or may not do.
    May(May),
    /// Who may do something.
    Holders(Holders),
    /// Whether connections pass.
    Flow(Flow),
    /// Who alone may reach something, or what alone somebody may reach.
    Only(Only),
    /// Many flows at once.
    Table(Vec<Flow>),
}

/// `user/jane can get,list pods in payments`.
///
/// *Can* holds if each verb is allowed on every object in every place meant. *Cannot* holds if no
/// verb is allowed on any: what a rule restricted by `resourceNames` allows counts against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct May {
    /// Who.
    pub subject: Subject,
    /// Whether it is claimed that they may.
    pub can: bool,
    /// What they may do.
    pub deed: Deed,
}

/// Verbs, a resource, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// At least one.
    pub verbs: Vec<SmolStr>,
    /// As written; resolved against the snapshot.
    pub resource: SmolStr,
    /// One object by name.
    pub object: Option<SmolStr>,
    /// Where.
    pub scope: Scope,
}

/// Where something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In the default namespace, or for what lives in none, in the cluster.
    Unsaid,
    /// In one namespace.
    In(SmolStr),
    /// In each namespace, and across all at once.
    Anywhere,
    /// Across all namespaces at once, or on what lives in none.
    Cluster,
}

/// Who is meant by an assertion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// `user/NAME`, with the groups that the fixtures give them.
    User(SmolStr),
    /// `group/NAME`: anybody in that group and in no other.
    Group(SmolStr),
    /// `sa/NAMESPACE:NAME`.
    Account(SmolStr, SmolStr),
    /// `sa/NAMESPACE:*`: every service account there is in the namespace.
    Accounts(SmolStr),
}

/// `who can delete pods in payments exactly group/ops`.
///
/// Whoever may do it to one object at least counts. A claim with several verbs holds if it holds
/// for each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holders {
    /// What they may do.
    pub deed: Deed,
    /// Whether those count whom only the roles and bindings that every server creates allow it.
    pub built_in: bool,
    /// Who they are.
    pub are: Are,
}

/// How a set is compared with the one that is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Are {
    /// These and nobody else.
    Exactly(Vec<Subject>),
    /// Some of these and nobody else.
    Subset(Vec<Subject>),
    /// All of these, and perhaps others.
    Superset(Vec<Subject>),
    /// So many, from and to.
    Count(usize, usize),
}

/// `shop/cart -> shop/db:5432 allow by shop/egress#0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Whether one flow is enough; otherwise it is claimed of every flow.
    pub some: bool,
    /// Where connections come from.
    pub from: End,
    /// Where they go.
    pub to: End,
    /// Whether they pass.
    pub allow: bool,
    /// What decides: all of these, on one side.
    pub by: Vec<By>,
    /// The flows of which the opposite is claimed.
    pub except: Vec<Except>,
}

/// `only shop/api, mon/prometheus:9187 -> shop/db:5432`, or `shop/api -> only shop/db, ip/dns:53/udp`.
///
/// Holds over the endpoints given: every workload, and every address of the fixtures. Those that
/// are listed can, and nobody else can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Only {
    /// Whose connections they are.
    pub of: End,
    /// Egress: where alone they go. Ingress: where alone they come from.
    pub direction: Direction,
    /// Those that can. What stands behind one is the port it is about, that of the destination in
    /// both directions.
    pub peers: Vec<End>,
}

/// One end of the connections an assertion is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// In the grammar of `connect`.
    Spec(Spec),
    /// `NAMESPACE/*` and `*`: every workload.
    All(Option<SmolStr>, What),
    /// `ip/NAME`, an address of the fixtures.
    Named(SmolStr, IpAddr, What),
}

/// An exception: where one end is not said, it is that of the claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Except {
    /// Where the connections come from.
    pub from: Option<End>,
    /// Where they go.
    pub to: Option<End>,
}

/// What decides a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The policies of this side.
    Side(Direction),
    /// A policy or the end of this tier.
    Tier(SmolStr),
    /// This policy.
    Policy {
        /// Its namespace, if one was said.
        namespace: Option<SmolStr>,
        /// Its name, with or without its tier in front.
        name: SmolStr,
        /// Its rule, counted from 0 as in the document.
        rule: Option<usize>,
    },
    /// This profile: no policy decides.
    Profile(SmolStr),
}

// === impl Flow ===

impl Flow {
    /// The verdict that is claimed.
    pub fn verdict(&self) -> Verdict {
        if self.allow { Verdict::Allow } else { Verdict::Deny }
    }
}

// === impl End ===

impl End {
    /// The port or protocol that is said.
    pub fn what(&self) -> &What {
        match self {
            Self::Spec(spec) => &spec.what,
            Self::All(_, what) | Self::Named(_, _, what) => what,
        }
    }

    /// The same end on another port.
    pub(crate) fn on(&self, what: &What) -> Self {
        let what = what.clone();
        match self {
            Self::Spec(spec) => Self::Spec(Spec { who: spec.who.clone(), what }),
            Self::All(namespace, _) => Self::All(namespace.clone(), what),
            Self::Named(name, address, _) => Self::Named(name.clone(), *address, what),
        }
    }
}

// === Line forms ===

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::May(may) => may.fmt(f),
            Self::Holders(holders) => holders.fmt(f),
            Self::Flow(flow) => flow.fmt(f),
            Self::Only(only) => only.fmt(f),
            Self::Table(cells) => write!(f, "table of {} flows", cells.len()),
        }
    }
}

impl fmt::Display for May {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.subject, if self.can { "can" } else { "cannot" }, self.deed)
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verbs.join(","), self.resource)?;
        if let Some(object) = &self.object {
            write!(f, " {object}")?;
        }
        match &self.scope {
            Scope::Unsaid => Ok(()),
            Scope::In(namespace) => write!(f, " in {namespace}"),
            Scope::Anywhere => f.write_str(" anywhere"),
            Scope::Cluster => f.write_str(" cluster"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user/{name}"),
            Self::Group(name) => write!(f, "group/{name}"),
            Self::Account(namespace, name) => write!(f, "sa/{namespace}:{name}"),
            Self::Accounts(namespace) => write!(f, "sa/{namespace}:*"),
        }
    }
}

impl fmt::Display for Holders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "who can {}", self.deed)?;
        if !self.built_in {
            f.write_str(" besides built-in")?;
        }
        let (word, subjects) = match &self.are {
            Are::Exactly(subjects) => ("exactly", subjects),
            Are::Subset(subjects) => ("subset", subjects),
            Are::Superset(subjects) => ("superset", subjects),
            Are::Count(min, usize::MAX) => return write!(f, " count {min}.."),
            Are::Count(min, max) if min == max => return write!(f, " count {min}"),
            Are::Count(min, max) => return write!(f, " count {min}..{max}"),
        };
        write!(f, " {word} ")?;
        listed(f, subjects)
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { some, from, to, by, except, .. } = self;
        write!(f, "{}{from} -> {to} {}", if *some { "some " } else { "" }, self.verdict())?;
        if !by.is_empty() {
            f.write_str(" by ")?;
            listed(f, by)?;
        }
        if !except.is_empty() {
            f.write_str(" except ")?;
            listed(f, except)?;
        }
        Ok(())
    }
}

impl fmt::Display for Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.direction == Direction::Egress {
            write!(f, "{} -> ", self.of)?;
        }
        f.write_str("only ")?;
        listed(f, &self.peers)?;
        if self.direction == Direction::Ingress {
            write!(f, " -> {}", self.of)?;
        }
        Ok(())
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(Spec { who, what }) => {
                // Behind an address of IPv6 a port needs brackets.
                let name = match who {
                    portcullis_analysis::Who::Address(IpAddr::V6(address)) => {
                        format!("ip/[{address}]")
                    }
                    _ => who.to_string(),
                };
                write!(f, "{name}")?;
                write_what(f, what)
            }
            Self::All(None, what) => {
                f.write_str("*")?;
                write_what(f, what)
            }
            Self::All(Some(namespace), what) => {
                write!(f, "{namespace}/*")?;
                write_what(f, what)
            }
            Self::Named(name, _, what) => {
                write!(f, "ip/{name}")?;
                write_what(f, what)
            }
        }
    }
}

fn write_what(f: &mut fmt::Formatter<'_>, what: &What) -> fmt::Result {
    match what {
        What::Unsaid => Ok(()),
        What::Port(port, protocol) => {
            match port {
                PortSpec::Number(number) => write!(f, ":{number}")?,
                PortSpec::Named(name) => write!(f, ":{name}")?,
            }
            if *protocol == Protocol::TCP { Ok(()) } else { write!(f, "/{protocol}") }
        }
        What::Icmp(None, _) => f.write_str("/icmp"),
        What::Icmp(Some(kind), None) => write!(f, "/icmp:{kind}"),
        What::Icmp(Some(kind), Some(code)) => write!(f, "/icmp:{kind}.{code}"),
        What::Protocol(protocol) => write!(f, "/{}", protocol.0),
    }
}

impl fmt::Display for Except {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{from} -> {to}"),
            (Some(from), None) => write!(f, "from {from}"),
            (None, Some(to)) => write!(f, "to {to}"),
            (None, None) => f.write_str("[]"),
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Side(direction) => direction.fmt(f),
            Self::Tier(name) => write!(f, "tier/{name}"),
            Self::Profile(name) => write!(f, "profile/{name}"),
            Self::Policy { namespace, name, rule } => {
                match namespace {
                    Some(namespace) => write!(f, "policy/{namespace}/{name}")?,
                    None => write!(f, "policy/{name}")?,
                }
                rule.map_or(Ok(()), |rule| write!(f, "#{rule}"))
            }
        }
    }
}

fn listed(f: &mut fmt::Formatter<'_>, items: &[impl fmt::Display]) -> fmt::Result {
    if items.is_empty() {
        return f.write_str("[]");
    }
    for (i, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if i > 0 { ", " } else { "" })?;
    }
    Ok(())
}
