//! The walk that tells everything it considered.
//!
//! For each end that is an endpoint, tiers are asked in order. A tier has a say only if some policy
//! in it that is in force selects the endpoint and looks in this direction. Its policies are asked
//! in order, their rules in order: the first that matches and does not only log decides, or passes
//! on to the next tier. A tier that had a say and no matching rule ends with its default action.
//! After the last tier the endpoint's profiles decide, and after them the flow is denied.

use std::borrow::Cow;

use portcullis_core::{Ranges, Verdict};
use smol_str::SmolStr;

use crate::compiled::Compiled;
use crate::flow::{End, Fact, Flow, Need, Party};
use crate::matching::World;
use crate::model::{
    Action, DefaultAction, Direction, Endpoint, EndpointId, EndpointKind, Foreign, Policy,
    PolicyClass, PolicyId, TierId,
};

/// How many branches one question may split into. Beyond it the answer is unknown and says so:
/// every open fact can double the work, and nobody reads a thousand cases.
pub const MAX_BRANCHES: usize = 1024;

/// Which policies are taken to be in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Those that are.
    Enforced,
    /// Those, and all staged ones with them.
    Pending,
}

/// The verdict on a connection, from both ends.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Deny if either end denies; an end that is not policed allows.
    pub verdict: Verdict,
    /// What the policies of the source say.
    pub egress: Side,
    /// What the policies of the destination say.
    pub ingress: Side,
    /// The cases the walk was split into; one where nothing was open.
    pub branches: Vec<Branch>,
    /// Whether there would have been more than [`MAX_BRANCHES`].
    pub cut_short: bool,
}

/// One case of an open question.
#[derive(Clone, Debug)]
pub struct Branch {
    /// What this case takes to be so, in the order in which it was needed.
    pub conditions: Vec<Condition>,
    /// The verdict in this case.
    pub verdict: Verdict,
    /// What the policies of the source say in this case.
    pub egress: Side,
    /// What the policies of the destination say in this case.
    pub ingress: Side,
}

/// A fact that nobody said, taken one way or the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The fact.
    pub need: Need,
    /// Which way.
    pub holds: bool,
}

/// What one end says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SideVerdict {
    /// Its policies let the flow pass.
    Allow,
    /// They do not.
    Deny,
    /// It is not an endpoint: no policy applies to it.
    Unpoliced,
    /// A missing fact decides.
    Unknown,
}

impl SideVerdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Unpoliced => "unpoliced",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::Allow | Self::Unpoliced => Verdict::Allow,
            Self::Deny => Verdict::Deny,
            Self::Unknown => Verdict::Unknown,
        }
    }
}

/// What one end says, and why.
#[derive(Clone, Debug)]
pub struct Side {
    /// What it says.
    pub verdict: SideVerdict,
    /// What decided; none for an end that is not policed, and where cases differ.
    pub by: Option<By>,
    /// Where the flow was passed on before it was decided.
    pub via: Vec<Hop>,
    /// Every tier in order, with the policies of it that select the endpoint; of several cases, as
    /// far as all of them agree.
    pub tiers: Vec<TierTrace>,
}

/// What decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// The tier, unless a profile or none decided.
    pub tier: Option<TierId>,
    /// Who.
    pub decider: Decider,
    /// The rule, counted from 0; none means the end of the tier, or of the profiles.
    pub rule: Option<usize>,
}

/// Who decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decider {
    /// A policy; at the end of a tier, the first policy there that selects the endpoint.
    Policy(PolicyId),
    /// A profile of the endpoint.
    Profile(SmolStr),
    /// No profile had a matching rule.
    NoProfile,
    /// A port that host endpoints keep open.
    Failsafe,
    /// Traffic through a host that no policy on forwarded traffic selects.
    NotForwardPoliced,
    /// A policy of another engine (an index into [`Compiled::foreign`]).
    Foreign(usize),
}

/// One place where a flow was passed on to the next tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The tier that passed it.
    pub tier: TierId,
    /// The policy whose rule passed it, or the first in scope where the tier's default did.
    pub policy: PolicyId,
    /// The rule; none where the tier's default passed it.
    pub rule: Option<usize>,
}

/// What one tier did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierTrace {
    /// The tier.
    pub tier: TierId,
    /// Its policies that select the endpoint and look in this direction, in order, up to the one
    /// that decided; staged ones among them.
    pub policies: Vec<PolicyTrace>,
    /// How it ended.
    pub end: TierEnd,
}

/// How a tier ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TierEnd {
    /// No policy in force selects the endpoint: the tier had no say.
    NoSay,
    /// A rule allowed or denied.
    Decided,
    /// A rule passed the flow on.
    Passed,
    /// No rule matched and the tier's default passed the flow on.
    DefaultPass,
    /// No rule matched and the tier's default denied.
    DefaultDeny,
    /// A policy that may or may not be in force is taken to be.
    InDoubt,
}

/// What one policy did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyTrace {
    /// The policy.
    pub policy: PolicyId,
    /// Whether it was asked: false for a staged policy while staged ones are not in force, and for
    /// a doubtful one taken not to be.
    pub asked: bool,
    /// The rule that matched, and what it did.
    pub matched: Option<(usize, Action)>,
    /// The rules that matched and only logged.
    pub logged: Vec<usize>,
}

/// The verdict on a flow, with everything that had a say.
pub fn explain(compiled: &Compiled, flow: &Flow, stage: Stage) -> Connection {
    let (cases, cut_short) = split(compiled, flow, |world| {
        let egress = side(world, End::Source, stage)?;
        let ingress = side(world, End::Destination, stage)?;
        Ok((egress, ingress))
    });
    let branches: Vec<Branch> = cases
        .into_iter()
        .map(|(conditions, (egress, ingress))| Branch {
            verdict: egress.verdict.verdict().and(ingress.verdict.verdict()),
            conditions,
            egress,
            ingress,
        })
        .collect();
    Connection {
        verdict: if cut_short {
            Verdict::Unknown
        } else {
            agreed(branches.iter().map(|b| b.verdict)).unwrap_or(Verdict::Unknown)
        },
        egress: merged(branches.iter().map(|b| &b.egress), cut_short),
        ingress: merged(branches.iter().map(|b| &b.ingress), cut_short),
        branches,
        cut_short,
    }
}

/// Runs `walk` for every way in which the open facts it asks for can be.
pub(crate) fn split<'a, T>(
    compiled: &'a Compiled,
    flow: &'a Flow,
    walk: impl Fn(&World<'a>) -> Result<T, Need>,
) -> (Vec<(Vec<Condition>, T)>, bool) {
    let start = World { compiled, flow: Cow::Borrowed(flow), facts: Vec::new() };
    let mut open = vec![(start, Vec::new())];
    let mut done = Vec::new();
    while let Some((world, conditions)) = open.pop() {
        let need = match walk(&world) {
            Ok(outcome) => {
                done.push((conditions, outcome));
                continue;
            }
            Err(need) => need,
        };
        if done.len() + open.len() + 2 > MAX_BRANCHES {
            return (done, true);
        }
        // The last pushed is walked first: the case in which the fact holds.
        for holds in [false, true] {
            let mut conditions: Vec<Condition> = conditions.clone();
            conditions.push(Condition { need: need.clone(), holds });
            open.push((world.taking(&need, holds), conditions));
        }
    }
    (done, false)
}

impl World<'_> {
    /// The same case, with one open fact taken one way. Upheld here: a need is only raised where
    /// both ways are possible, so neither narrowing empties a range.
    fn taking(&self, need: &Need, holds: bool) -> Self {
        let mut next = self.clone();
        let narrow = |region: &mut Ranges, inside: &Ranges| {
            *region = if holds { region.and(inside) } else { region.without(inside) };
        };
        let flow = next.flow.to_mut();
        match need {
            Need::Address(End::Source, inside) => narrow(&mut flow.from.addresses, inside),
            Need::Address(End::Destination, inside) => narrow(&mut flow.to.addresses, inside),
            Need::SourcePort(inside) => narrow(&mut flow.source_port, inside),
            Need::IcmpType(inside) => {
                if let Some(icmp) = &mut flow.icmp {
                    narrow(&mut icmp.kind, inside);
                }
            }
            Need::IcmpCode(inside) => {
                if let Some(icmp) = &mut flow.icmp {
                    narrow(&mut icmp.code, inside);
                }
            }
            Need::Fact(fact) => next.facts.push((fact.clone(), holds)),
        }
        next
    }
}

/// The value that all have, if they all have one.
pub(crate) fn agreed<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

fn merged<'a>(sides: impl Iterator<Item = &'a Side> + Clone, cut_short: bool) -> Side {
    let verdict = agreed(sides.clone().map(|s| s.verdict)).filter(|_| !cut_short);
    let by = agreed(sides.clone().map(|s| s.by.clone())).flatten();
    let via = agreed(sides.clone().map(|s| s.via.clone())).unwrap_or_default();
    let mut tiers = sides.clone().next().map(|s| s.tiers.clone()).unwrap_or_default();
    for side in sides {
        let same = tiers.iter().zip(&side.tiers).take_while(|(a, b)| a == b).count();
        tiers.truncate(same);
    }
    Side { verdict: verdict.unwrap_or(SideVerdict::Unknown), by, via, tiers }
}

fn side(world: &World<'_>, end: End, stage: Stage) -> Result<Side, Need> {
    let (party, direction): (&Party, Direction) = match end {
        End::Source => (&world.flow.from, Direction::Egress),
        End::Destination => (&world.flow.to, Direction::Ingress),
    };
    let compiled = world.compiled;
    let workload = party
        .endpoint
        .map(|id| compiled.endpoint(id))
        .filter(|endpoint| matches!(endpoint.kind, EndpointKind::Workload { .. }));
    let Some(endpoint) = workload else {
        return Ok(Side {
            verdict: SideVerdict::Unpoliced,
            by: None,
            via: Vec::new(),
            tiers: Vec::new(),
        });
    };
    if let Some(index) = foreign(world, endpoint, |f| f.may_allow)? {
        return Ok(foreign_decides(index, Walked::default()));
    }
    let mut walked = tiers(world, endpoint, direction, stage, &Scope::WORKLOAD)?;
    let (verdict, by) = match walked.decided.take() {
        Some(decided) => decided,
        None => profiles(world, endpoint, direction)?,
    };
    if verdict == SideVerdict::Allow
        && let Some(index) = foreign(world, endpoint, |f| !f.may_allow)?
    {
        return Ok(foreign_decides(index, walked));
    }
    Ok(Side { verdict, by: Some(by), via: walked.via, tiers: walked.tiers })
}

fn foreign_decides(index: usize, walked: Walked) -> Side {
    Side {
        verdict: SideVerdict::Unknown,
        by: Some(By { tier: None, decider: Decider::Foreign(index), rule: None }),
        via: walked.via,
        tiers: walked.tiers,
    }
}

/// The first policy of another engine that concerns the endpoint and is taken to decide.
fn foreign(
    world: &World<'_>,
    endpoint: &Endpoint,
    wanted: impl Fn(&Foreign) -> bool,
) -> Result<Option<usize>, Need> {
    for (index, foreign) in world.compiled.foreign().iter().enumerate() {
        let concerned = match (&foreign.namespace, &endpoint.kind) {
            (Some(of), EndpointKind::Workload { namespace }) => of == namespace,
            (Some(_), EndpointKind::Host) => false,
            (None, _) => true,
        };
        if concerned && wanted(foreign) && world.fact(Fact::ForeignDecides(index))? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Which policies a walk over the tiers asks, and what an undecided tier does.
pub(crate) struct Scope {
    pub(crate) class: PolicyClass,
    pub(crate) forward_only: bool,
    pub(crate) always_pass: bool,
}

impl Scope {
    const WORKLOAD: Self =
        Self { class: PolicyClass::Normal, forward_only: false, always_pass: false };

    fn includes(&self, policy: &Policy) -> bool {
        policy.class == self.class && (!self.forward_only || policy.apply_on_forward)
    }
}

/// What the tiers did.
#[derive(Default)]
pub(crate) struct Walked {
    pub(crate) tiers: Vec<TierTrace>,
    pub(crate) via: Vec<Hop>,
    pub(crate) decided: Option<(SideVerdict, By)>,
}

/// Asks the tiers in order until one decides.
pub(crate) fn tiers(
    world: &World<'_>,
    endpoint: &Endpoint,
    direction: Direction,
    stage: Stage,
    scope: &Scope,
) -> Result<Walked, Need> {
    let compiled = world.compiled;
    let mut walked = Walked::default();
    for (tier_id, tier) in compiled.tiers() {
        let selecting: Vec<PolicyId> = tier
            .policies()
            .iter()
            .copied()
            .filter(|id| {
                let policy = compiled.policy(*id);
                scope.includes(policy)
                    && policy.looks(direction)
                    && policy.subject.matches(&endpoint.labels)
            })
            .collect();
        if selecting.is_empty() {
            walked.tiers.push(TierTrace {
                tier: tier_id,
                policies: Vec::new(),
                end: TierEnd::NoSay,
            });
            continue;
        }
        let (trace, outcome) = ask_tier(world, tier_id, &selecting, direction, stage)?;
        let mut trace = trace;
        let by = |policy, rule| By { tier: Some(tier_id), decider: Decider::Policy(policy), rule };
        match outcome {
            Asked::NoSay => trace.end = TierEnd::NoSay,
            Asked::InDoubt(policy) => {
                trace.end = TierEnd::InDoubt;
                walked.decided = Some((SideVerdict::Unknown, by(policy, None)));
            }
            Asked::Decided(verdict, policy, rule) => {
                trace.end = TierEnd::Decided;
                walked.decided = Some((verdict, by(policy, Some(rule))));
            }
            Asked::Passed(policy, rule) => {
                trace.end = TierEnd::Passed;
                walked.via.push(Hop { tier: tier_id, policy, rule: Some(rule) });
            }
            Asked::Undecided(first) => {
                if scope.always_pass {
                    // These classes have no default: what they do not decide goes on, unrecorded.
                    trace.end = TierEnd::DefaultPass;
                } else if tier.default_action == DefaultAction::Pass {
                    trace.end = TierEnd::DefaultPass;
                    walked.via.push(Hop { tier: tier_id, policy: first, rule: None });
                } else {
                    trace.end = TierEnd::DefaultDeny;
                    walked.decided = Some((SideVerdict::Deny, by(first, None)));
                }
            }
        }
        walked.tiers.push(trace);
        if walked.decided.is_some() {
            break;
        }
    }
    Ok(walked)
}

enum Asked {
    /// No policy in force among those that select the endpoint.
    NoSay,
    /// A doubtful policy is taken to be in force.
    InDoubt(PolicyId),
    /// A rule decided.
    Decided(SideVerdict, PolicyId, usize),
    /// A rule passed the flow on.
    Passed(PolicyId, usize),
    /// No rule matched; the first policy in force.
    Undecided(PolicyId),
}

fn ask_tier(
    world: &World<'_>,
    tier: TierId,
    selecting: &[PolicyId],
    direction: Direction,
    stage: Stage,
) -> Result<(TierTrace, Asked), Need> {
    let mut trace = TierTrace { tier, policies: Vec::new(), end: TierEnd::NoSay };
    let mut first = None;
    for &id in selecting {
        let policy = world.compiled.policy(id);
        let mut step = PolicyTrace { policy: id, asked: true, matched: None, logged: Vec::new() };
        if policy.kind.is_staged() && stage == Stage::Enforced {
            step.asked = false;
            trace.policies.push(step);
            continue;
        }
        if policy.doubt.is_some() {
            if world.fact(Fact::PolicyInForce(id))? {
                trace.policies.push(step);
                return Ok((trace, Asked::InDoubt(id)));
            }
            step.asked = false;
            trace.policies.push(step);
            continue;
        }
        first = first.or(Some(id));
        for (index, rule) in policy.rules(direction).iter().enumerate() {
            if !world.matches(rule, direction)? {
                continue;
            }
            if rule.action == Action::Log {
                step.logged.push(index);
                continue;
            }
            step.matched = Some((index, rule.action));
            trace.policies.push(step);
            let asked = match rule.action {
                Action::Allow => Asked::Decided(SideVerdict::Allow, id, index),
                Action::Deny => Asked::Decided(SideVerdict::Deny, id, index),
                Action::Pass | Action::Log => Asked::Passed(id, index),
            };
            return Ok((trace, asked));
        }
        trace.policies.push(step);
    }
    Ok((trace, first.map_or(Asked::NoSay, Asked::Undecided)))
}

/// What the endpoint's profiles say, after the last tier. A profile nobody defined denies: so Felix
/// renders it until it arrives.
pub(crate) fn profiles(
    world: &World<'_>,
    endpoint: &Endpoint,
    direction: Direction,
) -> Result<(SideVerdict, By), Need> {
    for name in &endpoint.profiles {
        let by = |rule| By { tier: None, decider: Decider::Profile(name.clone()), rule };
        let Some(profile) = world.compiled.profile(name) else {
            return Ok((SideVerdict::Deny, by(Some(0))));
        };
        for (index, rule) in profile.rules(direction).iter().enumerate() {
            if !world.matches(rule, direction)? {
                continue;
            }
            match rule.action {
                Action::Allow => return Ok((SideVerdict::Allow, by(Some(index)))),
                Action::Deny => return Ok((SideVerdict::Deny, by(Some(index)))),
                // The rest of this profile is skipped, as iptables and nftables do it.
                Action::Pass => break,
                Action::Log => {}
            }
        }
    }
    Ok((SideVerdict::Deny, By { tier: None, decider: Decider::NoProfile, rule: None }))
}

/// The endpoint of a workload's name, for callers that walk by identity.
impl Compiled {
    /// The workload endpoint of this namespace and name.
    pub fn workload(&self, namespace: &str, name: &str) -> Option<EndpointId> {
        self.endpoints()
            .find(|(_, e)| {
                e.name == name
                    && matches!(&e.kind, EndpointKind::Workload { namespace: n } if n.as_str() == namespace)
            })
            .map(|(id, _)| id)
    }
}
