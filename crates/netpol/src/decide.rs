//! The verdict without the story: what a server asks for every packet it is told of.
//!
//! [`decide()`] says what [`explain()`] says, rule for rule, from an index over the same normal form:
//! the two ends are looked up, and for each a short list of the rules that are for this header, of
//! which the first that holds decides. Where a fact is open the walk is asked instead.

mod plain;

use portcullis_core::{Family, Verdict, net};

use crate::compiled::Compiled;
use crate::explain::{By, Connection, Decider, Side, SideVerdict, Stage, explain};
use crate::flow::{Flow, Party};
use crate::index::lists::{Steps, Tiered};
use crate::index::step::{Asks, Step, Who};
use crate::index::{self, Index, Several, Shape, Sight, Span, Test};
use crate::matching::World;
use crate::model::{Action, Direction, PolicyId, PortMatch, Rule};
use plain::{Met, Plain};

/// The verdict on a flow, and the rule that decided at either end. Small, and made without allocating
/// where no fact is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// Deny if either end denies; an end that is not policed allows.
    pub verdict: Verdict,
    /// What the policies of the source say.
    pub egress: Said,
    /// What the policies of the destination say.
    pub ingress: Said,
}

/// What one end says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// What it says.
    pub verdict: SideVerdict,
    /// What decided; none for an end that is not policed, and where the cases of an open fact differ.
    pub by: Option<Decides>,
}

/// What decided at one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decides {
    /// A policy, by the rule of this number in its direction; without one, by the end of its tier, of
    /// which it is the first policy that selects the endpoint.
    Policy(PolicyId, Option<u32>),
    /// The profile at this place of the endpoint's list, by the rule of this number.
    Profile(u32, Option<u32>),
    /// No profile had a matching rule.
    NoProfile,
    /// A policy of another engine (an index into [`Compiled::foreign`]).
    Foreign(usize),
}

/// The verdict on a flow, and the rules that decided.
pub fn decide(compiled: &Compiled, flow: &Flow, stage: Stage) -> Ruling {
    let steps = Plain::new(compiled, stage).and_then(|plain| plain.answer(flow));
    steps.map_or_else(|| unusual(compiled, compiled.index(), flow, stage), Ruling::of)
}

/// The same for many flows: `say` is told the ruling on each, in their order. Questions wait for memory, and
/// these wait together: in a cluster whose index no cache of the processor holds, each by itself takes
/// twice as long. Where one holds it, by itself each takes up to a fifth less ([`decide()`]).
pub fn decide_all(compiled: &Compiled, flows: &[Flow], stage: Stage, mut say: impl FnMut(Ruling)) {
    let other = |flow| unusual(compiled, compiled.index(), flow, stage);
    match Plain::new(compiled, stage) {
        Some(plain) => plain.answers(flows, |flow, steps| {
            say(steps.map_or_else(|| other(flow), Ruling::of));
        }),
        None => flows.iter().map(other).for_each(say),
    }
}

/// The first step that holds and decides; none if whether one holds is open.
#[inline]
fn decided<'a>(
    mut steps: impl Tiered<'a>,
    holds: impl Fn(Step<'a>) -> Option<bool>,
) -> Option<Step<'a>> {
    while let Some(step) = steps.next() {
        if !holds(step)? {
            continue;
        }
        match step.action() {
            Action::Allow | Action::Deny => return Some(step),
            Action::Pass => steps.pass(),
            Action::Log => {}
        }
    }
    None
}

impl Said {
    /// By this step, or nothing by nobody.
    #[inline]
    fn of(step: Option<Step<'_>>) -> Self {
        let Some(step) = step else { return Self { verdict: SideVerdict::Unpoliced, by: None } };
        let verdict = match step.action() {
            Action::Allow => SideVerdict::Allow,
            Action::Deny | Action::Pass | Action::Log => SideVerdict::Deny,
        };
        Self { verdict, by: Some(Decides::of(step)) }
    }
}

/// The same in full: any ends, versions of IP and stages.
#[inline(never)]
fn unusual(compiled: &Compiled, index: &Index, flow: &Flow, stage: Stage) -> Ruling {
    match Asked::new(compiled, index, flow, stage).and_then(|asked| asked.ruling()) {
        Some(ruling) => ruling,
        None => Ruling::told(compiled, flow, &explain(compiled, flow, stage)),
    }
}

// === The story told short ===

impl Ruling {
    #[inline]
    fn of(steps: plain::Steps<'_>) -> Self {
        let [egress, ingress] = steps.map(Said::of);
        let verdict = egress.verdict.verdict().and(ingress.verdict.verdict());
        Self { verdict, egress, ingress }
    }

    /// What a walk found.
    pub fn told(compiled: &Compiled, flow: &Flow, connection: &Connection) -> Self {
        let said = |side: &Side, party: &Party| Said {
            verdict: side.verdict,
            by: side.by.as_ref().and_then(|by| Decides::told(compiled, party, by)),
        };
        Self {
            verdict: connection.verdict,
            egress: said(&connection.egress, &flow.from),
            ingress: said(&connection.ingress, &flow.to),
        }
    }
}

impl Decides {
    /// None for what only decides at host endpoints.
    fn told(compiled: &Compiled, party: &Party, by: &By) -> Option<Self> {
        let rule = by.rule.and_then(|rule| u32::try_from(rule).ok());
        Some(match &by.decider {
            Decider::Policy(id) => Self::Policy(*id, rule),
            Decider::Profile(name) => {
                let profiles = &compiled.find_endpoint(party.endpoint?)?.profiles;
                let place = profiles.iter().position(|profile| profile == name)?;
                Self::Profile(u32::try_from(place).ok()?, rule)
            }
            Decider::NoProfile => Self::NoProfile,
            Decider::Foreign(index) => Self::Foreign(*index),
            Decider::Failsafe | Decider::NotForwardPoliced => return None,
        })
    }

    #[inline]
    fn of(step: Step<'_>) -> Self {
        match step.who() {
            (Who::Policy(id), rule) => Self::Policy(id, rule),
            (Who::Profile(place), rule) => Self::Profile(place, rule),
            (Who::Nobody, _) => Self::NoProfile,
        }
    }
}

// === The question ===

/// A flow of which the index can tell. Its answers are none where a fact is open.
struct Asked<'a> {
    compiled: &'a Compiled,
    index: &'a Index,
    flow: &'a Flow,
    stage: Stage,
    key: u32,
}

/// One end, looked up.
struct End<'a> {
    shape: Option<&'a Shape>,
    /// Whether it is an endpoint whose own policies are asked.
    policed: bool,
    /// The span of its address, if that is known.
    span: Option<&'a Span>,
    /// Whether a network set, or a host, may turn out to be at its address.
    open: bool,
    /// Its address; none if it is not known, as may be where a pod will run.
    address: Option<u128>,
}

impl<'a> Asked<'a> {
    fn new(compiled: &'a Compiled, index: &'a Index, flow: &'a Flow, stage: Stage) -> Option<Self> {
        if index.needs_walks() {
            return None;
        }
        let key = index::key(flow)?;
        let stage = if compiled.has_staged() { stage } else { Stage::Enforced };
        Some(Self { compiled, index, flow, stage, key })
    }

    fn ruling(&self) -> Option<Ruling> {
        let end = |party| End::new(self.compiled, self.index, self.flow.family, party);
        let (from, to) = (end(&self.flow.from)?, end(&self.flow.to)?);
        let egress = self.side(&from, &to, Direction::Egress)?;
        let ingress = self.side(&to, &from, Direction::Ingress)?;
        let verdict = egress.verdict.verdict().and(ingress.verdict.verdict());
        Some(Ruling { verdict, egress, ingress })
    }

    fn side(&self, own: &End<'_>, other: &End<'_>, direction: Direction) -> Option<Said> {
        let (Some(shape), true) = (own.shape, own.policed) else { return Some(Said::of(None)) };
        let asked = (self.key, self.flow.family, self.stage);
        let lists = self.index.lists_for(self.compiled, shape, direction, asked);
        let holds = |step: Step<'_>| self.holds(step, shape, other, direction);
        let step = match lists.borrowed().steps(self.key, self.index.atoms()) {
            Steps::Row(row) => decided(row, holds)?,
            Steps::Picked(picked) => decided(picked, holds)?,
        };
        Some(Said::of(Some(step)))
    }

    /// Whether a step holds at an end as nearly all are; none if that is open.
    #[inline]
    fn seen(
        &self,
        step: Step<'_>,
        own: &Shape,
        other: &Met<'a>,
        sight: &Sight<'_>,
        direction: Direction,
    ) -> Option<bool> {
        let has = |criterion| sight.bit(criterion).or_else(|| sight.has(criterion));
        let told = match step.asks() {
            Asks::Nothing => Some(true),
            Asks::Has(criterion) => has(criterion),
            Asks::Lacks(criterion) => has(criterion).map(|has| !has),
            Asks::Line(Some(criterion)) => has(criterion).filter(|has| !has),
            Asks::Line(None) => None,
            Asks::Walk => return None,
        };
        told.or_else(|| self.holds(step, own, &End::met(other), direction))
    }

    /// Whether a step holds; none if that is open.
    #[inline(never)]
    fn holds(
        &self,
        step: Step<'_>,
        own: &Shape,
        other: &End<'_>,
        direction: Direction,
    ) -> Option<bool> {
        // The DNS names of network sets count where an egress rule allows.
        let names = direction == Direction::Egress && step.action() == Action::Allow;
        let holds = match step.asks() {
            Asks::Nothing => Some(true),
            Asks::Has(criterion) => self.has(criterion, other, names),
            Asks::Lacks(criterion) => self.has(criterion, other, false).map(|has| !has),
            Asks::Line(_) => self.line(step, own, other, direction, names),
            Asks::Walk => return None,
        };
        holds.or_else(|| self.ask(step, own, direction))
    }

    /// Whether a criterion holds; none if that is open. `names` says whether the DNS names of network
    /// sets count.
    fn has(&self, criterion: u32, other: &End<'_>, names: bool) -> Option<bool> {
        if other.shape.is_some_and(|shape| self.index.holds_of_shape(criterion, shape)) {
            return Some(true);
        }
        if let (Some(span), Some(address)) = (other.span, other.address)
            && self.index.holds_of_address(
                self.compiled,
                criterion,
                span,
                self.flow.family,
                address,
            )
        {
            return Some(true);
        }
        let is_open = match self.index.is_of_address(criterion) {
            true => other.address.is_none(),
            false => other.open || names && self.index.selects_names(criterion),
        };
        (!is_open).then_some(false)
    }

    /// Whether the rule of a step holds, as far as that is told by criteria.
    fn line(
        &self,
        step: Step<'_>,
        own: &Shape,
        other: &End<'_>,
        direction: Direction,
        names: bool,
    ) -> Option<bool> {
        let (who, rule) = step.who();
        let several = match self.index.line(who, own, rule?, direction)?.test {
            Test::Several(several) => several,
            Test::Asked { selector: Some(selector) } => {
                return self.has(selector, other, names).filter(|has| !has);
            }
            Test::Any | Test::Has(_) | Test::Lacks(_) | Test::Asked { selector: None } => {
                return None;
            }
        };
        let Several { selector, not_selector, within, not_within, named } = several;
        let criteria = [
            selector.map(|selector| self.has(selector, other, names)),
            within.map(|within| self.has(within, other, false)),
            not_selector.map(|selector| self.has(selector, other, false).map(|has| !has)),
            not_within.map(|within| self.has(within, other, false).map(|has| !has)),
            named.then(|| {
                let rule = self.rule(step, own, direction)?;
                self.port_among(&rule.destination.ports, selector, other)
            }),
        ];
        let mut criteria = criteria.into_iter().flatten();
        if criteria.clone().any(|holds| holds == Some(false)) {
            return Some(false);
        }
        criteria.all(|holds| holds == Some(true)).then_some(true)
    }

    /// Whether the port of the destination is one of these, where that is the other end: a name is
    /// what it calls so itself, if the selector of the same peer selects it.
    fn port_among(
        &self,
        ports: &[PortMatch],
        selector: Option<u32>,
        other: &End<'_>,
    ) -> Option<bool> {
        let Some(asked) = self.flow.port else { return Some(false) };
        let is_numbered = |port: &PortMatch| match port {
            PortMatch::Range(range) => range.contains(asked),
            PortMatch::Named(_) => false,
        };
        if ports.iter().any(is_numbered) {
            return Some(true);
        }
        let Some(shape) = other.shape else {
            return other.address.is_some().then_some(false);
        };
        let is_called = |port: &PortMatch| match port {
            PortMatch::Range(_) => false,
            PortMatch::Named(name) => shape.look.ports.iter().any(|own| {
                own.name == *name && own.protocol == self.flow.protocol && own.port == asked
            }),
        };
        let counts = selector.is_none_or(|selector| self.index.holds_of_shape(selector, shape));
        Some(counts && ports.iter().any(is_called))
    }

    /// Asks the rule itself.
    fn ask(&self, step: Step<'_>, own: &Shape, direction: Direction) -> Option<bool> {
        let rule = self.rule(step, own, direction)?;
        let flow = std::borrow::Cow::Borrowed(self.flow);
        let world = World { compiled: self.compiled, flow, facts: Vec::new() };
        world.matches(rule, direction).ok()
    }

    fn rule(&self, step: Step<'_>, own: &Shape, direction: Direction) -> Option<&'a Rule> {
        let (who, rule) = step.who();
        let rules = match who {
            Who::Policy(id) => self.compiled.find_policy(id)?.rules(direction),
            Who::Profile(place) => {
                self.compiled.profile(own.look.profiles.get(place as usize)?)?.rules(direction)
            }
            Who::Nobody => return None,
        };
        rules.get(rule? as usize)
    }
}

impl<'a> End<'a> {
    /// One that was met where it is at home.
    fn met(met: &Met<'a>) -> Self {
        Self {
            shape: met.shape,
            policed: met.shape.is_some_and(|shape| shape.workload),
            span: met.span,
            open: false,
            address: Some(met.address.into()),
        }
    }

    fn new(
        compiled: &'a Compiled,
        index: &'a Index,
        family: Family,
        party: &Party,
    ) -> Option<Self> {
        if party.domain.is_some() {
            return None;
        }
        let address = party.addresses.single();
        let seat = match party.endpoint {
            Some(id) => Some(index.seat(id)?),
            None => None,
        };
        let v4 = address.filter(|_| family == Family::V4).and_then(|at| u32::try_from(at).ok());
        let home = seat.zip(v4).filter(|(seat, v4)| seat.is_at(*v4));
        let is_nobody = seat.is_none() && v4.is_some_and(|v4| index.is_nobodys(v4));
        // Most are told by their seat, or known to be outside. Others have to be looked for.
        let seat = if home.is_some() || is_nobody {
            seat
        } else {
            let at =
                address.map_or(&[][..], |number| compiled.at_address(net::address(family, number)));
            match (party.endpoint, at) {
                (Some(id), _) if at.iter().any(|other| *other != id) => return None,
                (Some(_), _) => seat,
                (None, []) => None,
                (None, [only]) => Some(index.seat(*only)?),
                (None, _) => return None,
            }
        };
        let shape = match seat {
            Some(seat) => Some(index.shape(seat)?),
            None => None,
        };
        // Nobody's known address is that of an endpoint whose own is not known.
        let open = address.is_none()
            && (shape.is_none() || index.sets_meet(compiled, family, party.addresses.spans()));
        let span = match home {
            Some((seat, v4)) => index.span_of(compiled, seat, v4),
            None => address.and_then(|at| index.span(compiled, family, at)),
        };
        Some(Self {
            shape,
            policed: party.endpoint.is_some() && shape.is_some_and(|shape| shape.workload),
            span,
            open,
            address,
        })
    }
}
