//! Whether connections pass.

use std::collections::HashMap;

use portcullis_analysis::{
    Answer, AskError, DecidedBy, FlowAnswer, Outcome, Question, SideAnswer, Spec, What, Who,
    connect,
};
use portcullis_core::{Family, Verdict, nearest};
use portcullis_snapshot::{Workload, WorkloadState};

use super::{Court, Heard, Judged, Stop, Tally};
use crate::claim::{By, End, Except, Flow};
use crate::outcome::{Counterexample, Trace};

/// How many pairs of ends one assertion may stand for: three hundred workloads, each with each.
/// Beyond, one line would take minutes.
pub(super) const PAIRS_MAX: usize = 100_000;

/// What is left out of a question about everybody, rather than being a mistake in it.
#[derive(Clone, Copy)]
pub(crate) struct Lenient {
    /// Workloads that take no part in traffic.
    pub(crate) endpoints: bool,
    /// Destinations that declare no port, where none is said.
    pub(crate) ports: bool,
}

/// What tells the flows of one question apart: from, to, protocol and port.
pub(super) type Key = (String, String, String);

impl Court<'_> {
    /// One claim about flows.
    pub(super) fn flow(&self, flow: &Flow) -> Result<Judged, Stop> {
        let (mut tally, mut heard) = (Tally::default(), Heard::default());
        self.tally(flow, &mut tally, &mut heard)?;
        if flow.some { tally.any("flows", heard) } else { tally.all("flows", heard) }
    }

    /// Several claims, each of which must hold.
    pub(super) fn flows(&self, flows: &[Flow]) -> Result<Judged, Stop> {
        let (mut tally, mut heard) = (Tally::default(), Heard::default());
        for flow in flows {
            self.tally(flow, &mut tally, &mut heard)?;
        }
        tally.all("flows", heard)
    }

    fn tally(&self, claim: &Flow, tally: &mut Tally, heard: &mut Heard) -> Result<(), Stop> {
        let mut excepted = self.exceptions(claim, heard)?;
        let nothing = self.ask_or_nothing(&claim.from, &claim.to, heard, &mut |answer, flow| {
            let is_excepted = match excepted.get_mut(&key(flow)) {
                Some(hit) => {
                    hit.1 = true;
                    true
                }
                None => false,
            };
            let wanted = if claim.allow != is_excepted { Verdict::Allow } else { Verdict::Deny };
            let said = || sentence(flow);
            if flow.verdict == Verdict::Unknown {
                tally.is_unknown(|| (said(), counterexample(answer, flow)));
            } else if flow.verdict != wanted {
                tally.speaks_against(|| {
                    let why = if is_excepted {
                        format!("{}, though it is excepted", said())
                    } else {
                        said()
                    };
                    (why, Vec::new(), counterexample(answer, flow))
                });
            } else if !is_excepted && !is_decided_by(flow, &claim.by) {
                tally.speaks_against(|| {
                    let by: Vec<String> = claim.by.iter().map(ToString::to_string).collect();
                    let why = format!("not by {}: {}", by.join(", "), said());
                    (why, self.near_names(&claim.by), counterexample(answer, flow))
                });
            } else {
                tally.speaks_for(said);
            }
        })?;
        if let Some(nothing) = nothing {
            tally.nothing.get_or_insert(nothing);
            return Ok(());
        }
        for (index, except) in claim.except.iter().enumerate() {
            let is_hit = excepted.values().any(|(of, is_hit)| *of == index && *is_hit);
            if !is_hit && !self.allow_empty {
                return Err(Stop::empty(format!(
                    "`{except}` is an exception to none of its flows"
                )));
            }
        }
        Ok(())
    }

    /// The flows of every exception, each with the exception it is of, and not met yet.
    fn exceptions(
        &self,
        claim: &Flow,
        heard: &mut Heard,
    ) -> Result<HashMap<Key, (usize, bool)>, Stop> {
        let mut keys = HashMap::new();
        for (index, Except { from, to }) in claim.except.iter().enumerate() {
            let from = from.as_ref().unwrap_or(&claim.from);
            let to = match to {
                Some(to) if *to.what() == What::Unsaid => to.on(claim.to.what()),
                Some(to) => to.clone(),
                None => claim.to.clone(),
            };
            self.ask_or_nothing(from, &to, heard, &mut |_, flow| {
                keys.entry(key(flow)).or_insert((index, false));
            })?;
        }
        Ok(keys)
    }

    /// As [`Self::ask`]; that there is nothing to visit comes back where it is allowed.
    pub(super) fn ask_or_nothing(
        &self,
        from: &End,
        to: &End,
        heard: &mut Heard,
        visit: &mut impl FnMut(&Answer, &FlowAnswer),
    ) -> Result<Option<Stop>, Stop> {
        match self.ask(from, to, heard, visit) {
            Ok(()) => Ok(None),
            Err(stop) if stop.is_empty && self.allow_empty => Ok(Some(stop)),
            Err(stop) => Err(stop),
        }
    }

    /// Visits every flow from one end to another.
    ///
    /// Where an end is every workload, those that declare no port are left out if no port is said,
    /// and so are a workload's connections to itself.
    fn ask(
        &self,
        from: &End,
        to: &End,
        heard: &mut Heard,
        visit: &mut impl FnMut(&Answer, &FlowAnswer),
    ) -> Result<(), Stop> {
        let (sources, targets) = (self.specs(from)?, self.specs(to)?);
        if sources.len().saturating_mul(targets.len()) > PAIRS_MAX {
            return Err(Stop::wrong(format!("it stands for more than {PAIRS_MAX} pairs of ends"))
                .help("ask namespace by namespace"));
        }
        let is_all = |end: &End| matches!(end, End::All(..));
        let leave_out = is_all(from) || is_all(to);
        let portless = is_all(to);
        let mut asked = false;
        for source in &sources {
            for target in &targets {
                let is_itself = leave_out && source.who == target.who;
                let lenient = Lenient { endpoints: leave_out, ports: portless };
                asked |= !is_itself && self.ask_one(source, target, lenient, heard, visit)?;
            }
        }
        if !asked {
            return Err(Stop::empty(format!("there is no flow from {from} to {to}")));
        }
        Ok(())
    }

    /// Visits every flow of one question; whether there was one.
    pub(crate) fn ask_one(
        &self,
        source: &Spec,
        target: &Spec,
        lenient: Lenient,
        heard: &mut Heard,
        visit: &mut impl FnMut(&Answer, &FlowAnswer),
    ) -> Result<bool, Stop> {
        match self.connect(source, target) {
            Ok(answer) => {
                heard.add(&answer.assumed, &answer.skipped);
                answer.flows.iter().for_each(|flow| visit(&answer, flow));
                Ok(true)
            }
            Err(AskError::NoEndpoint { .. }) if lenient.endpoints => Ok(false),
            Err(AskError::Question { .. }) if lenient.ports && target.what == What::Unsaid => {
                let why = "connections to it are not asked about, as it declares no port";
                heard.not_asked(format!("{}: {why}", target.who));
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn connect(&self, from: &Spec, to: &Spec) -> Result<Answer, AskError> {
        let is_v6 = |spec: &Spec| matches!(spec.who, Who::Address(address) if address.is_ipv6());
        let family = if is_v6(from) || is_v6(to) { Family::V6 } else { Family::V4 };
        connect(self.snapshot, &Question { from: from.clone(), to: to.clone(), family })
    }

    /// What an end stands for, in the grammar of `connect`.
    pub(super) fn specs(&self, end: &End) -> Result<Vec<Spec>, Stop> {
        match end {
            End::Spec(spec) => Ok(vec![spec.clone()]),
            End::Named(_, address, what) => {
                Ok(vec![Spec { who: Who::Address(*address), what: what.clone() }])
            }
            End::All(namespace, what) => {
                let all: Vec<Spec> = self
                    .workloads()
                    .filter(|w| namespace.as_ref().is_none_or(|n| w.namespace.as_str() == n))
                    .filter_map(|w| Some(Spec { who: who(w)?, what: what.clone() }))
                    .collect();
                match (all.is_empty(), namespace) {
                    (false, _) => Ok(all),
                    (true, None) => Err(Stop::empty("there is no workload")),
                    (true, Some(namespace)) => {
                        let names = self.workloads().map(|w| w.namespace.as_str());
                        let meant = nearest(namespace, names).filter(|near| near != namespace);
                        let message = format!("there is no workload in namespace `{namespace}`");
                        Err(Stop::empty(message).meant(meant))
                    }
                }
            }
        }
    }

    /// Every workload that takes part in traffic itself.
    pub(crate) fn workloads(&self) -> impl Iterator<Item = &Workload> {
        let takes_part = |state: &WorkloadState| {
            matches!(state, WorkloadState::Endpoint(_) | WorkloadState::HostNetwork(_))
        };
        self.snapshot.workloads().map(|(_, w)| w).filter(move |w| takes_part(&w.state))
    }

    /// What was probably meant by a tier or policy that is not there.
    fn near_names(&self, by: &[By]) -> Vec<String> {
        let network = self.snapshot.network();
        let mut help = Vec::new();
        for by in by {
            let names: Vec<String> = match by {
                By::Side(_) | By::Profile(_) => continue,
                By::Tier(_) => network.tiers().map(|(_, t)| format!("tier/{}", t.name)).collect(),
                By::Policy { namespace, .. } => network
                    .policies()
                    .map(|policy| match (&policy.namespace, namespace) {
                        (Some(n), Some(_)) => format!("policy/{n}/{}", policy.name),
                        _ => format!("policy/{}", policy.name),
                    })
                    .collect(),
            };
            let said = by.to_string();
            let said = said.split('#').next().unwrap_or("");
            if !names.iter().any(|name| name == said)
                && let Some(near) = nearest(said, names.iter().map(String::as_str))
            {
                help.push(format!("did you mean `{near}`?"));
            }
        }
        help
    }
}

/// A workload by kind, namespace and name, so that no other goes by the same.
pub(crate) fn who(workload: &Workload) -> Option<Who> {
    const KINDS: [&str; 8] = [
        "Pod",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "Job",
        "CronJob",
    ];
    let kind = KINDS.into_iter().find(|kind| *kind == workload.kind)?;
    Some(Who::Workload {
        kind: Some(kind),
        namespace: Some(workload.namespace.as_str().into()),
        name: workload.name.clone(),
    })
}

pub(super) fn key(flow: &FlowAnswer) -> Key {
    (flow.from.clone(), flow.to.clone(), flow.what())
}

/// The flow, alone, with its trace.
pub(super) fn counterexample(answer: &Answer, flow: &FlowAnswer) -> Counterexample {
    let verdict = match flow.verdict {
        Verdict::Allow => Outcome::Allow,
        Verdict::Deny => Outcome::Deny,
        Verdict::Unknown => Outcome::Unknown,
    };
    let answer = Answer {
        verdict,
        flows: vec![flow.clone()],
        assumed: answer.assumed.clone(),
        skipped: answer.skipped.clone(),
    };
    Counterexample { what: called(flow), trace: Trace::Flow(Box::new(answer)) }
}

/// `dev/centos -> default/frontend tcp/8080 is allowed`.
fn called(flow: &FlowAnswer) -> String {
    let is = match flow.verdict {
        Verdict::Allow => "is allowed",
        Verdict::Deny => "is denied",
        Verdict::Unknown => "is unknown",
    };
    format!("{} -> {} {} {is}", flow.from, flow.to, flow.what())
}

/// The same, and why.
pub(super) fn sentence(flow: &FlowAnswer) -> String {
    let of = |word: &str| -> Vec<&SideAnswer> {
        [&flow.egress, &flow.ingress].into_iter().filter(|side| side.verdict == word).collect()
    };
    let whys = |sides: &[&SideAnswer]| -> String {
        sides.iter().map(|side| side.why.as_str()).collect::<Vec<_>>().join("; ")
    };
    let why = match flow.verdict {
        Verdict::Deny => whys(&of("deny")),
        Verdict::Allow => {
            // What no policy decides is worth a word only if none decides anything.
            let sides = of("allow");
            let by_policy: Vec<&SideAnswer> =
                sides.iter().copied().filter(|side| is_by_policy(side)).collect();
            match (by_policy.as_slice(), sides.as_slice()) {
                ([], [.., last]) => last.why.clone(),
                (by_policy, _) => whys(by_policy),
            }
        }
        Verdict::Unknown => {
            let facts: Vec<&str> = flow.missing.iter().map(|m| m.what.as_str()).collect();
            if facts.is_empty() {
                whys(&of("unknown"))
            } else {
                format!("it depends on {}", facts.join(", "))
            }
        }
    };
    if why.is_empty() { called(flow) } else { format!("{}: {why}", called(flow)) }
}

/// Whether one side of the flow is decided by all of these.
fn is_decided_by(flow: &FlowAnswer, by: &[By]) -> bool {
    let word = flow.verdict.to_string();
    [&flow.egress, &flow.ingress]
        .into_iter()
        .filter(|side| by.is_empty() || side.verdict == word)
        .any(|side| by.iter().all(|by| side_is_by(side, by)))
}

/// What a profile or the data plane decides is nobody's policy.
fn is_by_policy(side: &SideAnswer) -> bool {
    side.decided_by.as_ref().is_some_and(|decided| decided.tier.is_some())
}

fn side_is_by(side: &SideAnswer, by: &By) -> bool {
    let Some(decided) = &side.decided_by else { return false };
    match by {
        By::Side(direction) => side.direction == *direction && is_by_policy(side),
        By::Tier(name) => decided.tier.as_deref() == Some(name),
        By::Profile(name) => decided.kind == "Profile" && decided.name == *name,
        By::Policy { namespace, name, rule } => {
            is_by_policy(side)
                && is_called(decided, name)
                && namespace.as_ref().is_none_or(|n| decided.namespace.as_deref() == Some(n))
                && rule.is_none_or(|rule| decided.rule == Some(rule))
        }
    }
}

/// Calico stores a policy with its tier in front of its name; people may leave that away.
fn is_called(decided: &DecidedBy, name: &str) -> bool {
    let tier = decided.tier.as_deref().unwrap_or("");
    let without_tier = || decided.name.strip_prefix(tier)?.strip_prefix('.');
    decided.name == name || without_tier() == Some(name)
}
