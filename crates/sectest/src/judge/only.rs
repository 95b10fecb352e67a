//! Who alone may reach something, and what alone somebody may reach.

use std::collections::HashSet;

use portcullis_analysis::{Answer, FlowAnswer, Spec, What, Who};
use portcullis_core::Verdict;
use portcullis_netpol::Direction;

use super::flow::{Key, Lenient, PAIRS_MAX, counterexample, key, sentence, who};
use super::{Court, Heard, Judged, Stop, Tally};
use crate::claim::{End, Only};

impl Court<'_> {
    pub(super) fn only(&self, claim: &Only) -> Result<Judged, Stop> {
        let (mut tally, mut heard) = (Tally::default(), Heard::default());
        let mut listed: HashSet<Key> = HashSet::new();
        for peer in &claim.peers {
            let (from, to) = self.listed(claim, peer);
            let nothing = self.ask_or_nothing(&from, &to, &mut heard, &mut |answer, flow| {
                if !listed.insert(key(flow)) {
                    return;
                }
                match flow.verdict {
                    Verdict::Allow => tally.speaks_for(|| sentence(flow)),
                    Verdict::Deny => tally.speaks_against(|| {
                        let why = format!("{}, though `{peer}` is listed", sentence(flow));
                        (why, Vec::new(), counterexample(answer, flow))
                    }),
                    Verdict::Unknown => {
                        tally.is_unknown(|| (sentence(flow), counterexample(answer, flow)));
                    }
                }
            })?;
            tally.nothing = tally.nothing.or(nothing);
        }
        let mut seen: HashSet<Key> = HashSet::new();
        let lenient = Lenient { endpoints: true, ports: claim.direction == Direction::Egress };
        for (from, to) in self.everybody(claim)? {
            let visit = &mut |answer: &Answer, flow: &FlowAnswer| {
                let is_itself = flow.from == flow.to;
                if is_itself || listed.contains(&key(flow)) || !seen.insert(key(flow)) {
                    return;
                }
                match flow.verdict {
                    Verdict::Deny => tally.speaks_for(|| sentence(flow)),
                    Verdict::Allow => tally.speaks_against(|| {
                        let why = format!("{}, and it is not listed", sentence(flow));
                        (why, Vec::new(), counterexample(answer, flow))
                    }),
                    Verdict::Unknown => {
                        tally.is_unknown(|| (sentence(flow), counterexample(answer, flow)));
                    }
                }
            };
            match self.ask_one(&from, &to, lenient, &mut heard, visit) {
                Err(stop) if stop.is_empty => {
                    tally.nothing.get_or_insert(stop);
                }
                other => {
                    other?;
                }
            }
        }
        let nobody = || Stop::empty(format!("there is nobody else than {}", claim.of));
        tally.nothing.get_or_insert_with(nobody);
        tally.all("flows", heard)
    }

    /// The ends of what a listed peer may do. A port behind it is that of the destination.
    fn listed(&self, claim: &Only, peer: &End) -> (End, End) {
        match claim.direction {
            Direction::Egress => (claim.of.clone(), peer.clone()),
            Direction::Ingress => match peer.what() {
                What::Unsaid => (peer.clone(), claim.of.clone()),
                said => (peer.on(&What::Unsaid), claim.of.on(said)),
            },
        }
    }

    /// Every pair of ends that the claim is about, listed or not.
    fn everybody(&self, claim: &Only) -> Result<Vec<(Spec, Spec)>, Stop> {
        let own = self.specs(&claim.of)?;
        let is_own = |who: &Who| own.iter().any(|own| own.who == *who);
        let workloads: Vec<Who> = self.workloads().filter_map(who).collect();
        let addresses: Vec<Who> = self.addresses.iter().map(|(_, a)| Who::Address(*a)).collect();
        let mut whats: Vec<&What> = match claim.direction {
            Direction::Ingress => vec![claim.of.what()],
            Direction::Egress => Vec::new(),
        };
        for what in claim.peers.iter().map(End::what).filter(|what| **what != What::Unsaid) {
            if !whats.contains(&what) {
                whats.push(what);
            }
        }
        let on = |who: &Who, what: &What| Spec { who: who.clone(), what: what.clone() };
        let mut pairs = Vec::new();
        for of in &own {
            match claim.direction {
                Direction::Ingress => {
                    for other in workloads.iter().chain(&addresses) {
                        if is_own(other) {
                            continue;
                        }
                        let from = on(other, &What::Unsaid);
                        pairs.extend(whats.iter().map(|what| (from.clone(), on(&of.who, what))));
                    }
                }
                Direction::Egress => {
                    let others = workloads.iter().filter(|other| !is_own(other));
                    pairs.extend(others.map(|other| (of.clone(), on(other, &What::Unsaid))));
                    // An address declares no ports: it is asked about those that peers are listed with.
                    for address in &addresses {
                        let ports = whats.iter().filter(|what| matches!(what, What::Port(..)));
                        pairs.extend(ports.map(|what| (of.clone(), on(address, what))));
                    }
                }
            }
        }
        if pairs.len() > PAIRS_MAX {
            return Err(Stop::wrong(format!("it stands for more than {PAIRS_MAX} pairs of ends")));
        }
        Ok(pairs)
    }
}
