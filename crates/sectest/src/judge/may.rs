//! What somebody may do.

use portcullis_analysis::access::{self, Access};
use portcullis_core::Verdict;
use portcullis_rbac::Attempt;
use smol_str::SmolStr;

use super::rights::{deed_words, place_words, placed};
use super::{Court, Heard, Judged, Stop, Tally};
use crate::claim::{May, Subject};
use crate::outcome::{Counterexample, Reason, Trace};

impl Court<'_> {
    pub(super) fn may(&self, claim: &May) -> Result<Judged, Stop> {
        let requesters = self.requesters(&claim.subject)?;
        let meant = self.meant(&claim.deed)?;
        let (mut tally, mut heard) = (Tally::default(), Heard::default());
        for (subject, requester) in &requesters {
            for verb in &claim.deed.verbs {
                // Every object is meant: that is the nameless request for *can*; for *cannot*, also
                // the request for each object that a rule singles out.
                let mut names = vec![SmolStr::default()];
                if !claim.can {
                    names.extend(self.names_in_rules(verb, &meant.target));
                }
                for place in &meant.places {
                    for name in &names {
                        let attempt = Attempt {
                            requester: requester.clone(),
                            verb: verb.clone(),
                            target: placed(&meant.target, place, name),
                        };
                        let answer = access::can(self.snapshot, &attempt);
                        heard.add(&answer.decision.assumed, &answer.skipped);
                        heard.add(&[], &answer.decision.skipped);
                        weigh(subject, attempt, &answer, claim.can, &mut tally);
                    }
                }
            }
        }
        tally.all("attempts", heard)
    }
}

/// Counts one answer for or against the claim.
fn weigh(subject: &Subject, attempt: Attempt, answer: &Access<'_>, can: bool, tally: &mut Tally) {
    let Attempt { verb, target, .. } = &attempt;
    let deed = format!("{}{}", deed_words(verb, target), place_words(target));
    let wanted = if can { Verdict::Allow } else { Verdict::Deny };
    let mut reasons: Vec<Reason> = answer
        .decision
        .because
        .iter()
        .map(|why| Reason { text: why.to_string(), origin: why.origin().cloned() })
        .collect();
    let (may, why) = match answer.verdict {
        Verdict::Allow => ("may", reasons.first().map(|r| r.text.clone())),
        Verdict::Deny => ("may not", reasons.first().map(|r| r.text.clone())),
        Verdict::Unknown => {
            let doubts = answer.doubts.iter().map(|doubt| Reason {
                text: format!("{} is in doubt: {}", doubt.what, doubt.why),
                origin: Some(doubt.origin.clone()),
            });
            reasons.splice(0..0, doubts);
            ("may or may not", reasons.first().map(|r| r.text.clone()))
        }
    };
    let what = format!("{subject} {may} {deed}");
    let said = format!("{what}: {}", why.unwrap_or_default());
    let counterexample = || Counterexample { what, trace: Trace::Access { attempt, reasons } };
    match answer.verdict {
        Verdict::Unknown => tally.is_unknown(|| (said, counterexample())),
        verdict if verdict == wanted => tally.speaks_for(|| said),
        _ => tally.speaks_against(|| (said, Vec::new(), counterexample())),
    }
}
