//! Who may do something.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_core::Namespace;
use portcullis_rbac::{Grant, Target, who, who_anywhere};
use smol_str::SmolStr;

use super::rights::{Meant, deed_words, place_words, placed};
use super::{Court, Heard, Holds, Judged, Stop};
use crate::claim::{Are, Holders, Scope, Subject};
use crate::outcome::{Counterexample, Reason, Trace};

/// What is wrong about those who were found.
struct Wrong {
    why: String,
    reasons: Vec<Reason>,
}

impl Court<'_> {
    pub(super) fn holders(&self, claim: &Holders) -> Result<Judged, Stop> {
        let meant = self.meant(&claim.deed)?;
        let doubts = self.doubts(&meant);
        let mut checked = 0;
        let mut open = None;
        for verb in &claim.deed.verbs {
            let found = self.found(claim, verb, &meant);
            checked += found.len();
            let place = match (&claim.deed.scope, meant.places.as_slice()) {
                (Scope::Anywhere, _) => " anywhere".to_owned(),
                (_, [place]) => place_words(&placed(&meant.target, place, &SmolStr::default())),
                (_, _) => String::new(),
            };
            let deed = format!("{}{place}", deed_words(verb, &meant.target));
            let Some((Wrong { why, reasons }, is_certain)) = compare(&claim.are, &found, &deed)
            else {
                continue;
            };
            let counterexample =
                Counterexample { what: why.clone(), trace: Trace::Grants(reasons) };
            // What is in doubt can only add somebody.
            let is_open = !is_certain && !doubts.is_empty();
            let judged = Judged {
                holds: if is_open { Holds::Unknown } else { Holds::No },
                why,
                help: Vec::new(),
                checked,
                counterexample: Some(counterexample),
                heard: Heard::default(),
            };
            if !is_open {
                return Ok(judged);
            }
            open = Some(judged);
        }
        if let Some(judged) = open {
            return Ok(judged);
        }
        if let Some(doubt) = doubts.first()
            && !matches!(claim.are, Are::Superset(_) | Are::Count(_, usize::MAX))
        {
            let why = format!("somebody else may be one: {}", doubt.text);
            let trace = Trace::Grants(doubts);
            let counterexample = Some(Counterexample { what: why.clone(), trace });
            let (holds, help, heard) = (Holds::Unknown, Vec::new(), Heard::default());
            return Ok(Judged { holds, why, help, checked, counterexample, heard });
        }
        let why = match checked {
            0 => "nobody".to_owned(),
            1 => "1 holder".to_owned(),
            many => format!("{many} holders"),
        };
        let (holds, help, heard) = (Holds::Yes, Vec::new(), Heard::default());
        Ok(Judged { holds, why, help, checked, counterexample: None, heard })
    }

    /// Everybody whom the first verb of a claim is granted to.
    pub(crate) fn holders_of(&self, claim: &Holders) -> Result<Vec<Subject>, Stop> {
        let meant = self.meant(&claim.deed)?;
        let verb = claim.deed.verbs.first().map_or("", SmolStr::as_str);
        Ok(self.found(claim, verb, &meant).into_keys().collect())
    }

    /// Everybody whom it is granted to, on one object at least, with the grants.
    fn found(&self, claim: &Holders, verb: &str, meant: &Meant) -> BTreeMap<Subject, Vec<Grant>> {
        let rules = self.snapshot.rbac();
        let mut names: Vec<SmolStr> = vec![SmolStr::default()];
        names.extend(self.names_in_rules(verb, &meant.target));
        let mut found: BTreeMap<Subject, Vec<Grant>> = BTreeMap::new();
        for name in &names {
            let grants: Vec<Grant> = if claim.deed.scope == Scope::Anywhere {
                who_anywhere(rules, verb, &placed(&meant.target, &None, name))
            } else {
                let places = meant.places.iter();
                places.flat_map(|p| who(rules, verb, &placed(&meant.target, p, name))).collect()
            };
            for grant in grants {
                if let Some(subject) = Subject::of(&grant.subject.who) {
                    found.entry(subject).or_default().push(grant);
                }
            }
        }
        if !claim.built_in {
            found.retain(|_, grants| grants.iter().any(|g| !g.binding.origin.is_built_in()));
        }
        found
    }

    /// Roles and bindings that may or may not be in force, and could grant it.
    fn doubts(&self, meant: &Meant) -> Vec<Reason> {
        let in_scope = |namespace: Option<&Namespace>| match (&meant.target, namespace) {
            (_, None) => true,
            (Target::Url(_), Some(_)) => false,
            (Target::Resource(_), Some(namespace)) => {
                meant.places.iter().any(|place| place.as_ref() == Some(namespace))
            }
        };
        let doubts = self.snapshot.rbac_doubts().filter(|doubt| {
            let binding = doubt.binding.as_ref().map(|b| b.namespace.as_ref());
            let role = doubt.role.as_ref().map(|r| r.namespace.as_ref());
            binding.or(role).is_none_or(in_scope)
        });
        doubts
            .map(|doubt| Reason {
                text: format!("{} is in doubt: {}", doubt.what, doubt.why),
                origin: Some(doubt.origin.clone()),
            })
            .collect()
    }
}

/// What is wrong about those that were found, and whether it stays wrong if there are more.
fn compare(are: &Are, found: &BTreeMap<Subject, Vec<Grant>>, deed: &str) -> Option<(Wrong, bool)> {
    let extra = |listed: &[Subject]| {
        let listed: BTreeSet<&Subject> = listed.iter().collect();
        let (subject, grants) = found.iter().find(|(s, _)| !listed.contains(s))?;
        let reasons: Vec<Reason> = grants
            .iter()
            .map(|g| Reason { text: g.to_string(), origin: Some(g.origin().clone()) })
            .collect();
        let grant = reasons.first().map(|r| r.text.clone()).unwrap_or_default();
        let why = format!("{subject} can {deed}, and is not listed: {grant}");
        Some((Wrong { why, reasons }, true))
    };
    let lacking = |listed: &[Subject]| {
        let subject = listed.iter().find(|s| !found.contains_key(s))?;
        let why = format!("{subject} is listed, and nothing lets them {deed}");
        Some((Wrong { why, reasons: Vec::new() }, false))
    };
    match are {
        Are::Exactly(listed) => extra(listed).or_else(|| lacking(listed)),
        Are::Subset(listed) => extra(listed),
        Are::Superset(listed) => lacking(listed),
        Are::Count(min, max) => {
            let count = found.len();
            if (*min..=*max).contains(&count) {
                return None;
            }
            let all: Vec<String> = found.keys().map(ToString::to_string).collect();
            let reasons = found
                .values()
                .flatten()
                .map(|g| Reason { text: g.to_string(), origin: Some(g.origin().clone()) })
                .collect();
            let why = match all.as_slice() {
                [] => format!("nobody can {deed}"),
                all => format!("{count} can {deed}: {}", all.join(", ")),
            };
            Some((Wrong { why, reasons }, count > *max))
        }
    }
}
