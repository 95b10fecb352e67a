//! The verdict without the story: what a server asks for every packet it is told of.
//!
//! [`decide()`] says what [`explain()`] says, rule for rule, from an index over the same normal form:
//! the two ends are looked up, and for each a short list of the rules that are for this header, of
//! which the first that holds decides. Where a fact is open the walk is asked instead.

use portcullis_core::{Family, Verdict};

use crate::compiled::Compiled;
use crate::explain::{By, Connection, Decider, Side, SideVerdict, Stage, explain};
use crate::flow::{Flow, Party};
use crate::index::target::{Asks, Step, Who};
use crate::index::{self, Index, Shape, Test};
use crate::matching::World;
use crate::model::{Action, Direction, NetList, PolicyId, Rule};

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
    Asked::new(compiled, flow, stage)
        .and_then(|asked| asked.ruling())
        .unwrap_or_else(|| Ruling::of(compiled, flow, &explain(compiled, flow, stage)))
}

// === The story told short ===

impl Ruling {
    /// What a walk found.
    pub fn of(compiled: &Compiled, flow: &Flow, connection: &Connection) -> Self {
        let said = |side: &Side, party: &Party| Said {
            verdict: side.verdict,
            by: side.by.as_ref().and_then(|by| Decides::of(compiled, party, by)),
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
    fn of(compiled: &Compiled, party: &Party, by: &By) -> Option<Self> {
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

    fn step(step: &Step) -> Self {
        match step.who {
            Who::Policy(id) => Self::Policy(id, step.rule),
            Who::Profile(place) => Self::Profile(place, step.rule),
            Who::Nobody => Self::NoProfile,
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
    from: End<'a>,
    to: End<'a>,
}

/// One end, looked up.
struct End<'a> {
    shape: Option<&'a Shape>,
    /// Its address; none if it is not known, as may be where a pod will run.
    address: Option<u128>,
    /// The places of the network sets that hold its address.
    sets: &'a [u32],
    /// Whether a network set, or a host, may turn out to be at its address.
    open: bool,
}

impl<'a> Asked<'a> {
    fn new(compiled: &'a Compiled, flow: &'a Flow, stage: Stage) -> Option<Self> {
        let index = compiled.index();
        if !compiled.foreign().is_empty() || index.is_doubtful() {
            return None;
        }
        let key = index::key(flow)?;
        let stage = if compiled.has_staged() { stage } else { Stage::Enforced };
        let from = End::new(compiled, index, flow.family, &flow.from)?;
        let to = End::new(compiled, index, flow.family, &flow.to)?;
        Some(Self { compiled, index, flow, stage, key, from, to })
    }

    fn ruling(&self) -> Option<Ruling> {
        let egress = self.side(&self.flow.from, &self.from, &self.to, Direction::Egress)?;
        let ingress = self.side(&self.flow.to, &self.to, &self.from, Direction::Ingress)?;
        let verdict = egress.verdict.verdict().and(ingress.verdict.verdict());
        Some(Ruling { verdict, egress, ingress })
    }

    fn side(
        &self,
        party: &Party,
        own: &End<'_>,
        other: &End<'_>,
        direction: Direction,
    ) -> Option<Said> {
        let policed = own.shape.filter(|shape| party.endpoint.is_some() && shape.look.workload);
        let Some(shape) = policed else {
            return Some(Said { verdict: SideVerdict::Unpoliced, by: None });
        };
        let target = self.index.target(self.compiled, shape, direction);
        let mut passing = false;
        for step in target.lists(self.flow.family, self.stage).steps(self.key) {
            if passing && !step.begins {
                continue;
            }
            passing = false;
            let holds = match step.asks {
                Asks::Nothing => true,
                Asks::Selected(selector) => {
                    let names = direction == Direction::Egress && step.action == Action::Allow;
                    match self.selected(selector, other, names) {
                        Some(selected) => selected,
                        None => self.ask(&step, shape, direction)?,
                    }
                }
                Asks::Line => self.line(&step, shape, other, direction)?,
                Asks::Walk => return None,
            };
            let verdict = match step.action {
                _ if !holds => continue,
                Action::Allow => SideVerdict::Allow,
                Action::Deny => SideVerdict::Deny,
                Action::Pass => {
                    passing = true;
                    continue;
                }
                Action::Log => continue,
            };
            return Some(Said { verdict, by: Some(Decides::step(&step)) });
        }
        None
    }

    /// Whether a selector selects the other end; none if that is open. `names` says whether the DNS
    /// names of network sets count.
    #[inline]
    fn selected(&self, selector: u32, other: &End<'_>, names: bool) -> Option<bool> {
        if other.shape.is_some_and(|shape| self.index.selects(selector, shape)) {
            return Some(true);
        }
        for set in other.sets {
            if self.index.set_shape(*set).is_some_and(|set| self.index.selects(selector, set)) {
                return Some(true);
            }
        }
        if other.open || names && self.index.selects_names(selector) {
            return None;
        }
        Some(false)
    }

    fn line(
        &self,
        step: &Step,
        own: &Shape,
        other: &End<'_>,
        direction: Direction,
    ) -> Option<bool> {
        let line = self.index.line(step.who, own, step.rule?, direction)?;
        let Test::Criteria { selector, not_selector } = line.test else {
            return self.ask(step, own, direction);
        };
        let rule = self.rule(step, own, direction)?;
        let peer = match direction {
            Direction::Ingress => &rule.source,
            Direction::Egress => &rule.destination,
        };
        let names = direction == Direction::Egress && step.action == Action::Allow;
        let within = |nets: &NetList| {
            other.address.map(|address| nets.of(self.flow.family).contains(address))
        };
        let criteria = [
            selector.map(|selector| self.selected(selector, other, names)),
            not_selector.map(|selector| self.selected(selector, other, false).map(|is| !is)),
            peer.nets.as_ref().map(within),
            peer.not_nets.as_ref().map(|nets| within(nets).map(|is| !is)),
            // A negated list of the other version of IP takes the rule out.
            peer.not_nets
                .as_ref()
                .map(|nets| Some(nets.nets().is_empty() || !nets.of(self.flow.family).is_empty())),
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

    /// Asks the rule itself.
    fn ask(&self, step: &Step, own: &Shape, direction: Direction) -> Option<bool> {
        let rule = self.rule(step, own, direction)?;
        let flow = std::borrow::Cow::Borrowed(self.flow);
        let world = World { compiled: self.compiled, flow, facts: Vec::new() };
        world.matches(rule, direction).ok()
    }

    fn rule(&self, step: &Step, own: &Shape, direction: Direction) -> Option<&'a Rule> {
        let rules = match step.who {
            Who::Policy(id) => self.compiled.find_policy(id)?.rules(direction),
            Who::Profile(place) => {
                self.compiled.profile(own.look.profiles.get(place as usize)?)?.rules(direction)
            }
            Who::Nobody => return None,
        };
        rules.get(step.rule? as usize)
    }
}

impl<'a> End<'a> {
    fn new(
        compiled: &'a Compiled,
        index: &'a Index,
        family: Family,
        party: &Party,
    ) -> Option<Self> {
        if party.domain.is_some() {
            return None;
        }
        let Some(address) = party.addresses.single() else {
            let shape = match party.endpoint {
                Some(id) => Some(index.shape(index.seat(id)?)?),
                None => None,
            };
            // Nobody's known address is that of an endpoint whose own is not known.
            let open =
                shape.is_none() || index.sets_meet(compiled, family, party.addresses.spans());
            return Some(Self { shape: shape.map(AsRef::as_ref), address: None, sets: &[], open });
        };
        let at = || compiled.at_address(portcullis_core::net::address(family, address));
        let shape = match party.endpoint {
            Some(id) => {
                let seat = index.seat(id)?;
                if !seat.is_only(compiled, id, family, address) && at().iter().any(|e| *e != id) {
                    return None;
                }
                Some(index.shape(seat)?)
            }
            None => match at() {
                [] => None,
                [only] => Some(index.shape(index.seat(*only)?)?),
                _ => return None,
            },
        };
        let sets = index.sets_holding(compiled, family, address);
        Some(Self { shape: shape.map(AsRef::as_ref), address: Some(address), sets, open: false })
    }
}
