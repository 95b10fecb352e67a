//! The decision in short, from the index.
//!
//! [`explain`](crate::explain) walks every binding in scope; this looks only at those filed under the
//! requester's names, and of their roles at those whose outlines may permit what is asked. Whether a
//! subject includes the requester and a rule permits the attempt is then asked of the same
//! [`Party::includes`](crate::Party::includes) and [`Rule::permits`](crate::Rule::permits), so that
//! the index can lose time and never an answer.

use portcullis_core::Verdict;

use crate::attempt::Attempt;
use crate::grant::Grant;
use crate::hash;
use crate::index::Entry;
use crate::outline::Asked;
use crate::rules::{BindingId, Rules};

/// A verdict and what decided it, by number. For those who need no words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// Allow or deny: a missing grant is a deny.
    pub verdict: Verdict,
    /// What allows it.
    pub by: Option<Deciding>,
}

/// Which binding, subject and rule allow something. [`Rules::grant`] turns it into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deciding {
    /// The binding.
    pub binding: BindingId,
    /// Which of its subjects, counted from 0.
    pub subject: usize,
    /// Which rule of its role, counted from 0.
    pub rule: usize,
}

/// Whether RBAC allows `attempt`, and by which binding and rule. Nothing is allocated.
///
/// As the Kubernetes authorizer, whose first match counts: cluster bindings in order, then the
/// RoleBindings of the target's namespace; of a binding the first subject that names the requester,
/// of its role the first rule that permits the attempt.
pub fn decide(rules: &Rules, attempt: &Attempt) -> Ruling {
    let asked = Asked::of(&attempt.verb, &attempt.target);
    let cluster = hash::scope(None);
    let local = attempt.target.namespace().map(|namespace| hash::scope(Some(namespace)));
    let mut by = None;
    for name in hash::names(&attempt.requester) {
        first(rules, attempt, asked, rules.index().subjects(name, cluster), &mut by);
        // Cluster bindings come first, so that once one grants it the others need not be asked.
        if let Some(local) = local
            && by.is_none_or(|by| by.binding.is_local())
        {
            first(rules, attempt, asked, rules.index().subjects(name, local), &mut by);
        }
    }
    let verdict = if by.is_some() { Verdict::Allow } else { Verdict::Deny };
    Ruling { verdict, by }
}

/// Puts into `by` what allows the attempt by one of these, if that comes before what is there.
#[inline]
fn first(
    rules: &Rules,
    attempt: &Attempt,
    asked: Asked,
    entries: &[Entry],
    by: &mut Option<Deciding>,
) {
    // Most names have none in most namespaces, and a call would cost more than the look.
    if !entries.is_empty() {
        first_of(rules, attempt, asked, entries, by);
    }
}

fn first_of(
    rules: &Rules,
    attempt: &Attempt,
    asked: Asked,
    entries: &[Entry],
    by: &mut Option<Deciding>,
) {
    let before = by.map(|by| (by.binding, by.subject));
    for entry in entries {
        if before.is_some_and(|before| before <= (entry.binding, entry.place())) {
            return;
        }
        let Some(role) = rules.slot(entry.role).filter(|role| role.may(asked)) else { continue };
        if let Some(rule) = role.permitting(asked, &attempt.verb, &attempt.target)
            && rules.is_meant(entry, &attempt.requester, attempt.target.namespace())
        {
            *by = Some(Deciding { binding: entry.binding, subject: entry.place(), rule });
            return;
        }
    }
}

// === impl Rules ===

impl Rules {
    /// The binding, subject, role and rule that a [`Ruling`] over these rules names.
    pub fn grant(&self, by: Deciding) -> Option<Grant> {
        let bound = self.bound(by.binding)?;
        bound.grant_of(bound.binding.subjects.get(by.subject)?, by.rule)
    }
}
