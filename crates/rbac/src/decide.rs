//! The decision in short, from the index.
//!
//! [`explain`](crate::explain) walks every binding in scope; this looks only at those filed under the
//! requester's names, and of their roles at those whose outlines may permit what is asked. Whether an
//! entry is meant is then asked of the names in it, and whether a rule permits of the same
//! [`Rule::permits`](crate::Rule::permits), unless its outline is exact.

use portcullis_core::Verdict;

use crate::attempt::{Attempt, Requester};
use crate::grant::Grant;
use crate::hash;
use crate::index::{Entry, Index};
use crate::outline::Asked;
use crate::postings::Found;
use crate::rules::{BindingId, Name, Rules};

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
    let Requester { user, groups } = &attempt.requester;
    let scope = attempt.target.namespace().map(hash::namespace);
    let (mut candidates, mut by) = (Candidates::default(), None);
    candidates.find(rules.index(), Name::User(user), scope);
    for group in groups {
        candidates.find(rules.index(), Name::Group(group), scope);
        if candidates.len + PER_NAME > CANDIDATES_MAX {
            first_of(rules, attempt, &candidates, &mut by);
            candidates.len = 0;
        }
    }
    if candidates.len > 0 {
        first_of(rules, attempt, &candidates, &mut by);
    }
    let verdict = if by.is_some() { Verdict::Allow } else { Verdict::Deny };
    Ruling { verdict, by }
}

/// Lists of entries that are found before the first is looked at. To wait for one of their rows takes
/// as long as the rest of a decision, and so they come all at once.
const CANDIDATES_MAX: usize = 8;

/// One list in the cluster, and one in the namespace.
const PER_NAME: usize = 2;

/// Where entries may be that name the requester.
#[derive(Default)]
struct Candidates<'a> {
    found: [Option<(Name<&'a str>, Found<'a, Entry>)>; CANDIDATES_MAX],
    len: usize,
}

/// Puts into `by` what allows the attempt by one of these, if that comes before what is there.
///
/// Not inlined: to find out that nobody names the requester should not make room for the rest.
#[inline(never)]
fn first_of(
    rules: &Rules,
    attempt: &Attempt,
    candidates: &Candidates<'_>,
    by: &mut Option<Deciding>,
) {
    let (verb, target) = (&attempt.verb, &attempt.target);
    let asked = Asked::of(rules.lexicon(), verb, target);
    let is_exact = || asked.is_exact(rules.lexicon(), verb, target);
    for (name, found) in candidates.found.iter().take(candidates.len).flatten() {
        for entry in found.items() {
            if by.is_some_and(|by| (by.binding, by.subject) <= (entry.binding, entry.place())) {
                break;
            }
            let Some(role) = rules.slot(entry.role).filter(|role| role.may(asked)) else {
                continue;
            };
            if rules.index().is_meant(entry, *name, target.namespace())
                && let Some(rule) = role.permitting(asked, is_exact(), verb, target)
            {
                *by = Some(Deciding { binding: entry.binding, subject: entry.place(), rule });
                break;
            }
        }
    }
}

// === impl Candidates ===

impl<'a> Candidates<'a> {
    #[inline(always)]
    fn find(&mut self, index: &'a Index, name: Name<&'a str>, scope: Option<u64>) {
        let hash = name.hash();
        self.push(name, index.in_cluster(hash));
        if let Some(scope) = scope {
            self.push(name, index.in_namespace(hash, scope));
        }
    }

    #[inline(always)]
    fn push(&mut self, name: Name<&'a str>, found: Option<Found<'a, Entry>>) {
        if let Some(found) = found
            && let Some(place) = self.found.get_mut(self.len)
        {
            *place = Some((name, found));
            self.len += 1;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{attempt, rules};

    #[test]
    fn of_many_groups_the_first_binding_decides() {
        // All but `no` permit it, and the order of groups is not that of bindings.
        let mut written = String::from("yes: get - pods\nno: get - secrets\n");
        for i in 0..20 {
            written += &format!("a/local-{i} = yes: Group g{i}\n");
            written +=
                &format!("cluster-{i} = {}: Group g{i}\n", if i == 9 { "yes" } else { "no" });
        }
        let rules = rules(&written);
        let groups = |from: usize| (from..20).map(|i| format!(",g{i}")).collect::<String>();
        let by = |asked: String| {
            let ruling = decide(&rules, &attempt(&asked));
            ruling.by.and_then(|by| rules.grant(by)).map(|grant| grant.binding.to_string())
        };
        let check = |asked: String, want: Option<&str>| assert_eq!(by(asked).as_deref(), want);
        check(format!("joe{} get pods a", groups(0)), Some("ClusterRoleBinding cluster-9"));
        check(format!("joe{} get pods a", groups(10)), Some("RoleBinding a/local-10"));
        check(format!("joe{},g3 get pods a", groups(10)), Some("RoleBinding a/local-3"));
        check(format!("joe{} get pods b", groups(10)), None);
        check(format!("joe{} get pods", groups(0)), Some("ClusterRoleBinding cluster-9"));
    }
}
