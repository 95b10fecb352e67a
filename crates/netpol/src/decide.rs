//! The verdict without the story: what a server asks for every packet it is told of.
//!
//! [`decide()`] says what [`explain()`] says, rule for rule, from an index over the same normal form:
//! the two ends are looked up, and for each a short list of the rules that are for this header, of
//! which the first that holds decides. Where a fact is open the walk is asked instead.

use portcullis_core::{Family, Verdict, net};

use crate::compiled::Compiled;
use crate::explain::{By, Connection, Decider, Side, SideVerdict, Stage, explain};
use crate::flow::{Flow, Party};
use crate::index::rulebook::{Asks, Step, Steps, Who};
use crate::index::{self, Index, Seen, Shape, Span, Test};
use crate::matching::World;
use crate::model::{Action, Direction, NetList, PolicyId, PortMatch, Rule};

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
    let index = compiled.index();
    match plain(compiled, index, flow, stage) {
        Some([egress, ingress]) => {
            let said =
                |step: Step<'_>| Said { verdict: verdict(step), by: Some(Decides::of(step)) };
            let (egress, ingress) = (said(egress), said(ingress));
            let verdict = egress.verdict.verdict().and(ingress.verdict.verdict());
            Ruling { verdict, egress, ingress }
        }
        None => unusual(compiled, index, flow, stage),
    }
}

/// What decides at either end, if both are pods at their own addresses and nothing is asked but who
/// they are: what nearly every question is. None if there is more to it.
#[inline]
fn plain<'a>(
    compiled: &'a Compiled,
    index: &'a Index,
    flow: &Flow,
    stage: Stage,
) -> Option<[Step<'a>; 2]> {
    let is_unusual = index.needs_walks() || index.has_names() || flow.family != Family::V4;
    if is_unusual || (stage == Stage::Pending && compiled.has_staged()) {
        return None;
    }
    let key = index::key(flow)?;
    let end = |party: &Party| -> Option<(&'a Shape, Option<&'a Span>, u128)> {
        let (Some(id), None) = (party.endpoint, &party.domain) else { return None };
        let seat = index.seat(id)?;
        let address = party.addresses.single().filter(|address| seat.is_at(*address))?;
        let sets = index.sets_holding(compiled, Family::V4, address);
        Some((index.shape(seat)?, sets, address))
    };
    let ((from, from_sets, from_at), (to, to_sets, to_at)) = (end(&flow.from)?, end(&flow.to)?);
    let (out, into) = (from.at_hand(Direction::Egress), to.at_hand(Direction::Ingress));
    // Both lists are fetched before either is read, as each is a wait for memory.
    let (mut out, mut into) = (out.get()?.steps(key), into.get()?.steps(key));
    let asked = Asked { compiled, index, flow, stage, key };
    let seen = |sets: Option<&'a Span>| sets.map(|sets| index.seen_of_sets(sets));
    let egress = decided(&mut out, to.seen.get()?, seen(to_sets), |step| {
        asked.line(step, from, &End::known(to, to_sets, to_at), Direction::Egress)
    })?;
    let ingress = decided(&mut into, from.seen.get()?, seen(from_sets), |step| {
        asked.line(step, to, &End::known(from, from_sets, from_at), Direction::Ingress)
    })?;
    Some([egress, ingress])
}

/// The step of a list that decides about a pod that is seen so, as are network sets that hold its
/// address; none if one asks for more. `line` says whether a rule holds that asks for more than that.
#[inline]
fn decided<'a>(
    steps: &mut Steps<'a>,
    other: &Seen,
    sets: Option<&Seen>,
    line: impl Fn(Step<'a>) -> Option<bool>,
) -> Option<Step<'a>> {
    let upto = sets.map_or(other.upto, |sets| sets.upto.min(other.upto));
    let is_seen = |selector| other.has(selector) || sets.is_some_and(|sets| sets.has(selector));
    let mut passing = false;
    for step in steps {
        if passing && !step.begins() {
            continue;
        }
        passing = false;
        match step.asks() {
            Asks::Nothing => {}
            Asks::Selected(selector) if selector < upto => {
                if !is_seen(selector) {
                    continue;
                }
            }
            Asks::Line(Some(selector)) if selector < upto && !is_seen(selector) => continue,
            Asks::Line(_) => {
                if !line(step)? {
                    continue;
                }
            }
            Asks::Selected(_) | Asks::Walk => return None,
        }
        match step.action() {
            Action::Allow | Action::Deny => return Some(step),
            Action::Pass => passing = true,
            Action::Log => {}
        }
    }
    None
}

/// The verdict of a step that decides.
#[inline]
fn verdict(step: Step<'_>) -> SideVerdict {
    match step.action() {
        Action::Allow => SideVerdict::Allow,
        Action::Deny | Action::Pass | Action::Log => SideVerdict::Deny,
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
    /// The network sets that hold its address.
    sets: Option<&'a Span>,
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
        let (Some(shape), true) = (own.shape, own.policed) else {
            return Some(Said { verdict: SideVerdict::Unpoliced, by: None });
        };
        let (family, stage) = (self.flow.family, self.stage);
        let lists = self.index.lists(self.compiled, shape, direction, family, stage);
        let mut passing = false;
        for step in lists.steps(self.key) {
            if passing && !step.begins() {
                continue;
            }
            passing = false;
            let holds = match step.asks() {
                Asks::Nothing => true,
                Asks::Selected(selector) => {
                    self.selected(selector, step, shape, other, direction)?
                }
                Asks::Line(_) => self.line(step, shape, other, direction)?,
                Asks::Walk => return None,
            };
            if !holds {
                continue;
            }
            match step.action() {
                Action::Allow | Action::Deny => {
                    let by = Some(Decides::of(step));
                    return Some(Said { verdict: verdict(step), by });
                }
                Action::Pass => passing = true,
                Action::Log => {}
            }
        }
        None
    }

    /// Whether the selector of a step selects the other end.
    fn selected(
        &self,
        selector: u32,
        step: Step<'_>,
        own: &Shape,
        other: &End<'_>,
        direction: Direction,
    ) -> Option<bool> {
        let names = direction == Direction::Egress && step.action() == Action::Allow;
        match self.selects(selector, other, names) {
            Some(selected) => Some(selected),
            None => self.ask(step, own, direction),
        }
    }

    /// Whether a selector selects the other end; none if that is open. `names` says whether the DNS
    /// names of network sets count.
    fn selects(&self, selector: u32, other: &End<'_>, names: bool) -> Option<bool> {
        if other.shape.is_some_and(|shape| self.index.selects(selector, shape)) {
            return Some(true);
        }
        if other.sets.is_some_and(|sets| self.index.selects_sets(selector, sets)) {
            return Some(true);
        }
        if other.open || names && self.index.selects_names(selector) {
            return None;
        }
        Some(false)
    }

    #[inline(never)]
    fn line(
        &self,
        step: Step<'_>,
        own: &Shape,
        other: &End<'_>,
        direction: Direction,
    ) -> Option<bool> {
        let (who, rule) = step.who();
        let line = self.index.line(who, own, rule?, direction)?;
        let names = direction == Direction::Egress && step.action() == Action::Allow;
        let (selector, not_selector, named) = match line.test {
            Test::Criteria { selector, not_selector, named } => (selector, not_selector, named),
            Test::Asked { selector: Some(selector) }
                if self.selects(selector, other, names) == Some(false) =>
            {
                return Some(false);
            }
            Test::Any | Test::Selected(_) | Test::Asked { .. } => {
                return self.ask(step, own, direction);
            }
        };
        let rule = self.rule(step, own, direction)?;
        let peer = match direction {
            Direction::Ingress => &rule.source,
            Direction::Egress => &rule.destination,
        };
        let within = |nets: &NetList| {
            other.address.map(|address| nets.of(self.flow.family).contains(address))
        };
        let criteria = [
            selector.map(|selector| self.selects(selector, other, names)),
            not_selector.map(|selector| self.selects(selector, other, false).map(|is| !is)),
            peer.nets.as_ref().map(within),
            peer.not_nets.as_ref().map(|nets| within(nets).map(|is| !is)),
            // A negated list of the other version of IP takes the rule out.
            peer.not_nets
                .as_ref()
                .map(|nets| Some(nets.nets().is_empty() || !nets.of(self.flow.family).is_empty())),
            named.then(|| self.port_among(&peer.ports, selector, other)),
        ];
        let mut criteria = criteria.into_iter().flatten();
        if criteria.clone().any(|holds| holds == Some(false)) {
            return Some(false);
        }
        if criteria.all(|holds| holds == Some(true)) {
            return Some(true);
        }
        self.ask(step, own, direction)
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
        let counts = selector.is_none_or(|selector| self.index.selects(selector, shape));
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
    /// A pod at its own address.
    fn known(shape: &'a Shape, sets: Option<&'a Span>, address: u128) -> Self {
        let policed = shape.workload;
        Self { shape: Some(shape), policed, sets, open: false, address: Some(address) }
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
        let at =
            address.map_or(&[][..], |number| compiled.at_address(net::address(family, number)));
        let shape = match (party.endpoint, at) {
            (Some(id), _) if at.iter().any(|other| *other != id) => return None,
            (Some(id), _) => Some(id),
            (None, []) => None,
            (None, [only]) => Some(*only),
            (None, _) => return None,
        };
        let shape = match shape {
            Some(id) => Some(index.shape(index.seat(id)?)?.as_ref()),
            None => None,
        };
        // Nobody's known address is that of an endpoint whose own is not known.
        let open = address.is_none()
            && (shape.is_none() || index.sets_meet(compiled, family, party.addresses.spans()));
        let sets = address.and_then(|at| index.sets_holding(compiled, family, at));
        Some(Self {
            shape,
            policed: party.endpoint.is_some() && shape.is_some_and(|shape| shape.workload),
            sets,
            open,
            address,
        })
    }
}
