//! Which rules a shape has: who selects it, and where their lists are.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, Weak};

use portcullis_core::Family;

use super::Index;
use super::line::{Line, Lines};
use super::lists::Lists;
use super::rulebook::{PolicyRules, Rulebook, Rules, TierRules, Tiers};
use super::shape::{AtHand, Shape};
use crate::compiled::Compiled;
use crate::explain::Stage;
use crate::model::{Direction, Policy, PolicyClass, PolicyId};

impl Index {
    /// The rules of a shape.
    fn rulebook<'a>(
        &self,
        compiled: &Compiled,
        shape: &'a Shape,
        direction: Direction,
    ) -> &'a Arc<Rulebook> {
        shape.own(direction).get_or_init(|| {
            let Some(kin) = self.kin(shape) else {
                let tiers = self.tiers(compiled, shape, direction);
                return self.shared(self.rules(shape, tiers, direction));
            };
            let of_kin = self.rulebook(compiled, kin, direction);
            let rules = self.rules(shape, Arc::clone(&of_kin.rules.tiers), direction);
            // Most have the very rules of their kin, and need not look for them among all.
            if rules.are_those_of(&of_kin.rules) { Arc::clone(of_kin) } else { self.shared(rules) }
        })
    }

    /// The lists of a shape, in which that for this key can be found.
    pub(crate) fn lists_for<'a>(
        &self,
        compiled: &Compiled,
        shape: &'a Shape,
        direction: Direction,
        (key, family, stage): (u32, Family, Stage),
    ) -> Cow<'a, Lists> {
        let usual = family == Family::V4 && stage == Stage::Enforced;
        // Many a change is followed by one question, which need not wait for what others will ask.
        if usual && shape.at_hand().is_none() && shape.was_asked() {
            self.bring_to_hand(compiled, shape);
        }
        let rulebook = self.rulebook(compiled, shape, direction);
        rulebook.lists_for(key, family, stage, &self.atoms)
    }

    /// Has at hand what most questions ask of a shape, if its lists are kept.
    fn bring_to_hand(&self, compiled: &Compiled, shape: &Shape) {
        let lists = |direction| {
            let rulebook = self.rulebook(compiled, shape, direction);
            rulebook.lists(Family::V4, Stage::Enforced, &self.atoms).cloned()
        };
        if let (Some(ingress), Some(egress)) = (lists(Direction::Ingress), lists(Direction::Egress))
        {
            let seen = self.seen(shape).clone();
            shape.have_at_hand(|| AtHand::new(seen, [ingress, egress]));
        }
    }

    /// Works out the lists of a shape for a version of IP, if they are kept.
    pub(super) fn make_lists(&self, compiled: &Compiled, shape: &Shape, family: Family) {
        for direction in [Direction::Ingress, Direction::Egress] {
            let rulebook = self.rulebook(compiled, shape, direction);
            rulebook.lists(family, Stage::Enforced, &self.atoms);
        }
        if family == Family::V4 {
            self.bring_to_hand(compiled, shape);
        }
    }

    /// Another shape that the same policies select: what changes of a pod is often nothing that they
    /// look at, such as the hash of its template.
    fn kin(&self, shape: &Shape) -> Option<&Shape> {
        let kin = self.shapes.get(shape.kin?)?;
        let policies_tell = |(key, _): (&str, &str)| self.subject_keys.contains(key);
        let is_kin =
            kin.workload && !kin.look.labels.differing(&shape.look.labels).any(policies_tell);
        is_kin.then_some(kin)
    }

    /// The policies that select a shape and look in this direction.
    fn tiers(&self, compiled: &Compiled, shape: &Shape, direction: Direction) -> Arc<Tiers> {
        let labels = &shape.look.labels;
        let selects = |policy: &Policy| {
            policy.class == PolicyClass::Normal
                && policy.looks(direction)
                && policy.subject.matches(labels)
        };
        let candidates = self.subjects.candidates(labels);
        let selecting = candidates.filter(|id| compiled.find_policy(*id).is_some_and(selects));
        let mut selecting: Vec<(u64, PolicyId)> =
            selecting.map(|id| (compiled.rank(id), id)).collect();
        selecting.sort_unstable();
        selecting.dedup();
        let mut tiers: Vec<(u64, TierRules)> = Vec::new();
        for (rank, id) in &selecting {
            let (Some(policy), Some(Some(lines))) =
                (compiled.find_policy(*id), self.policies.get(id.index()))
            else {
                continue;
            };
            let rules = PolicyRules {
                id: *id,
                staged: policy.kind.is_staged(),
                doubtful: policy.doubt.is_some(),
                lines: Arc::clone(lines),
            };
            let place = compiled.tier_of_rank(*rank);
            match tiers.last_mut() {
                Some((last, tier)) if *last == place => tier.policies.push(rules),
                _ => {
                    let default_action = compiled.default_action(place);
                    tiers.push((place, TierRules { default_action, policies: vec![rules] }));
                }
            }
        }
        let all = tiers.into_iter().map(|(_, tier)| tier).collect();
        Arc::new(Tiers::new(all, direction))
    }

    fn rules(&self, shape: &Shape, tiers: Arc<Tiers>, direction: Direction) -> Rules {
        let profiles: Vec<Option<Arc<Lines>>> =
            shape.look.profiles.iter().map(|name| self.profiles.get(name).cloned()).collect();
        let named = |lines: &Arc<Lines>| lines.of(direction).iter().any(Line::has_names);
        let is_named = tiers.named || profiles.iter().flatten().any(named);
        let ports = if is_named { shape.look.ports.clone() } else { Vec::new() };
        Rules { direction, tiers, profiles, ports }
    }

    /// The rulebook with these rules: the one in use, if there is one.
    fn shared(&self, rules: Rules) -> Arc<Rulebook> {
        // What is remembered is whole even if whoever held the lock panicked.
        let mut rulebooks = self.rulebooks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rulebook) = rulebooks.known.get(&rules).and_then(Weak::upgrade) {
            return rulebook;
        }
        let key = Arc::new(rules);
        let rulebook = Arc::new(Rulebook::new(Arc::clone(&key)));
        rulebooks.known.insert(key, Arc::downgrade(&rulebook));
        if rulebooks.known.len() > 2 * rulebooks.swept + 1024 {
            rulebooks.known.retain(|_, rulebook| rulebook.strong_count() > 0);
            rulebooks.swept = rulebooks.known.len();
        }
        rulebook
    }
}
