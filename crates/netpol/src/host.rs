//! What the policies of a host endpoint say, one class of policy at a time.
//!
//! A packet at a host meets, in this order: untracked policies (before connection tracking),
//! pre-DNAT policies (before service addresses are replaced), policies on forwarded traffic, and
//! normal policies on traffic of the host itself. Each class decides or lets the packet go on to the
//! next. Certain ports are kept open before any policy, so that nobody locks themselves out.

use portcullis_core::{Net, Ranges};

use crate::compiled::Compiled;
use crate::explain::{
    By, Condition, Decider, Hop, Scope, SideVerdict, Stage, TierTrace, agreed, profiles, split,
    tiers,
};
use crate::flow::{End, Flow, Need};
use crate::matching::{World, within};
use crate::model::{Direction, Endpoint, EndpointId, Policy, PolicyClass};

/// A class of policy at a host endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Traffic from or to the host itself.
    Normal,
    /// Traffic through the host (`applyOnForward`).
    Forward,
    /// Traffic in, before destination addresses are replaced (`preDNAT`).
    PreDnat,
    /// Traffic before connection tracking (`doNotTrack`).
    Untracked,
}

/// What one class of policy says.
#[derive(Clone, Debug)]
pub struct HostSide {
    /// How it ends; unknown where cases differ or a doubtful policy decides.
    pub outcome: Outcome,
    /// What decided; none where nothing did.
    pub by: Option<By>,
    /// Where it was passed on before.
    pub via: Vec<Hop>,
    /// The tiers that were asked.
    pub tiers: Vec<TierTrace>,
    /// The cases the walk was split into.
    pub branches: Vec<HostBranch>,
    /// Whether there would have been more than [`MAX_BRANCHES`](crate::explain::MAX_BRANCHES).
    pub cut_short: bool,
}

/// How one class of policy ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The packet passes.
    Allow,
    /// The packet is dropped.
    Deny,
    /// This class decides nothing.
    Continue,
    /// A missing fact decides.
    Unknown,
}

impl Outcome {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Continue => "continue",
            Self::Unknown => "unknown",
        }
    }
}

impl From<SideVerdict> for Outcome {
    fn from(verdict: SideVerdict) -> Self {
        match verdict {
            SideVerdict::Allow => Self::Allow,
            SideVerdict::Deny => Self::Deny,
            SideVerdict::Unpoliced => Self::Continue,
            SideVerdict::Unknown => Self::Unknown,
        }
    }
}

/// One case of an open question.
#[derive(Clone, Debug)]
pub struct HostBranch {
    /// What this case takes to be so.
    pub conditions: Vec<Condition>,
    /// How it ends.
    pub outcome: Outcome,
    /// What decided.
    pub by: Option<By>,
    /// Where it was passed on before.
    pub via: Vec<Hop>,
    /// The tiers that were asked.
    pub tiers: Vec<TierTrace>,
}

/// What one class of policy of a host endpoint says of a packet in one direction.
pub fn host(
    compiled: &Compiled,
    endpoint: EndpointId,
    class: Class,
    direction: Direction,
    flow: &Flow,
    stage: Stage,
) -> HostSide {
    let endpoint = compiled.endpoint(endpoint);
    let (cases, cut_short) =
        split(compiled, flow, |world| walk(world, endpoint, class, direction, stage));
    let branches: Vec<HostBranch> =
        cases.into_iter().map(|(conditions, case)| HostBranch { conditions, ..case }).collect();
    let outcome = agreed(branches.iter().map(|b| b.outcome)).filter(|_| !cut_short);
    let first = branches.first().cloned();
    HostSide {
        outcome: outcome.unwrap_or(Outcome::Unknown),
        by: agreed(branches.iter().map(|b| b.by.clone())).flatten(),
        via: agreed(branches.iter().map(|b| b.via.clone())).unwrap_or_default(),
        tiers: first.map(|b| b.tiers).unwrap_or_default(),
        branches,
        cut_short,
    }
}

fn walk(
    world: &World<'_>,
    endpoint: &Endpoint,
    class: Class,
    direction: Direction,
    stage: Stage,
) -> Result<HostBranch, Need> {
    let end = |outcome, by| HostBranch {
        conditions: Vec::new(),
        outcome,
        by,
        via: Vec::new(),
        tiers: Vec::new(),
    };
    if class != Class::Forward && failsafe(world, class, direction)? {
        let by = By { tier: None, decider: Decider::Failsafe, rule: None };
        return Ok(end(Outcome::Allow, Some(by)));
    }
    if class == Class::Forward && !forward_policed(world.compiled, endpoint, stage) {
        let by = By { tier: None, decider: Decider::NotForwardPoliced, rule: None };
        return Ok(end(Outcome::Allow, Some(by)));
    }
    let scope = Scope {
        class: match class {
            Class::Normal | Class::Forward => PolicyClass::Normal,
            Class::PreDnat => PolicyClass::PreDnat,
            Class::Untracked => PolicyClass::Untracked,
        },
        forward_only: class == Class::Forward,
        always_pass: matches!(class, Class::PreDnat | Class::Untracked),
    };
    let walked = tiers(world, endpoint, direction, stage, &scope)?;
    let decided = match walked.decided {
        Some(decided) => Some(decided),
        None if class == Class::Normal => Some(profiles(world, endpoint, direction)?),
        None => None,
    };
    let (outcome, by) = match decided {
        Some((verdict, by)) => (verdict.into(), Some(by)),
        None => (Outcome::Continue, None),
    };
    Ok(HostBranch { conditions: Vec::new(), outcome, by, via: walked.via, tiers: walked.tiers })
}

/// Whether any policy on forwarded traffic selects the endpoint, in whichever direction: Calico
/// accepts forwarded traffic only where there is none at all.
fn forward_policed(compiled: &Compiled, endpoint: &Endpoint, stage: Stage) -> bool {
    let in_force = |p: &&Policy| stage == Stage::Pending || !p.kind.is_staged();
    compiled.policies().filter(in_force).any(|policy| {
        policy.class == PolicyClass::Normal
            && policy.apply_on_forward
            && (policy.ingress || policy.egress)
            && policy.subject.matches(&endpoint.labels)
    })
}

fn failsafe(world: &World<'_>, class: Class, direction: Direction) -> Result<bool, Need> {
    let flow = &world.flow;
    // The peer of a packet in is its source, of a packet out its destination.
    let (peer, end) = match direction {
        Direction::Ingress => (&flow.from, End::Source),
        Direction::Egress => (&flow.to, End::Destination),
    };
    let from_peer = |net: Option<Net>| -> Result<bool, Need> {
        let Some(net) = net else { return Ok(true) };
        if net.family() != flow.family {
            return Ok(false);
        }
        let (first, last) = net.span();
        within(&peer.addresses, &Ranges::span(first, last), |r| Need::Address(end, r))
    };
    for open in world.compiled.failsafes(direction) {
        if open.protocol == flow.protocol && Some(open.port) == flow.port && from_peer(open.net)? {
            return Ok(true);
        }
    }
    // Before connection tracking a reply looks like any other packet, so the replies to what is kept
    // open in the other direction are let through by their source port.
    if class == Class::Untracked {
        let other = match direction {
            Direction::Ingress => Direction::Egress,
            Direction::Egress => Direction::Ingress,
        };
        for open in world.compiled.failsafes(other) {
            let from_port =
                || within(&flow.source_port, &Ranges::one(open.port.into()), Need::SourcePort);
            if open.protocol == flow.protocol && from_port()? && from_peer(open.net)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
