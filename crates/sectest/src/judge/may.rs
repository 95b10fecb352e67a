//! What somebody may do.

use portcullis_analysis::access;
use portcullis_core::Verdict;
use portcullis_rbac::Attempt;
use smol_str::SmolStr;

use super::rights::{deed_words, placed};
use super::{Court, Judged, Stop, Tally};
use crate::claim::{May, Subject};
use crate::outcome::{Counterexample, Reason, Trace};

impl Court<'_> {
    pub(super) fn may(&self, claim: &May) -> Result<Judged, Stop> {
        let requesters = self.requesters(&claim.subject)?;
        let meant = self.meant(&claim.deed)?;
        let mut tally = Tally::default();
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
                        self.attempt(subject, attempt, claim.can, &mut tally);
                    }
                }
            }
        }
        tally.all("attempts")
    }

    fn attempt(&self, subject: &Subject, attempt: Attempt, can: bool, tally: &mut Tally) {
        let answer = access::can(self.snapshot, &attempt);
        tally.heard.add(&answer.decision.assumed, &answer.skipped);
        tally.heard.add(&[], &answer.decision.skipped);
        let deed = deed_words(&attempt.verb, &attempt.target);
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
}
