//! Subjects that a requester could be taken for: one slip of the pen away from being named.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::attempt::{Attempt, Requester};
use crate::rules::{ACCOUNT_PREFIX, Binding, Party, Rules, Subject};

/// Names shorter than this are one letter apart from half of all others, so only their letter case
/// is looked at.
const MIN_LETTERS: usize = 3;

/// A binding in scope that names somebody else who looks like the requester.
#[derive(Clone, Debug)]
pub struct NearName {
    /// The binding.
    pub binding: Arc<Binding>,
    /// The one whom it names.
    pub subject: Subject,
    /// How that differs from the requester.
    pub slip: Slip,
    /// Whether the binding would grant the attempt if it named the requester.
    pub grants: bool,
}

/// How a subject differs from the requester it may have been meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slip {
    /// By letter case or by one letter.
    Spelling,
    /// By kind: a User of the group's name, a User of the service account's name, …
    Kind,
    /// By namespace: the service account of the same name elsewhere.
    Namespace,
}

/// All of them, each party once, those that would grant the attempt in front.
///
/// Another kind or namespace is common and mostly meant, so those are told only if they would grant.
pub(crate) fn near_names(rules: &Rules, attempt: &Attempt) -> Vec<NearName> {
    let mut near: Vec<NearName> = Vec::new();
    for bound in rules.in_scope(attempt.target.namespace()) {
        if bound.binding.names(&attempt.requester).is_some() {
            continue;
        }
        for subject in &bound.binding.subjects {
            let Some(slip) = slip(&attempt.requester, &subject.who) else { continue };
            let grants = bound.grant(subject, &attempt.verb, &attempt.target).is_some();
            if grants || slip == Slip::Spelling {
                let binding = Arc::clone(bound.binding);
                near.push(NearName { binding, subject: subject.clone(), slip, grants });
            }
        }
    }
    near.sort_by_key(|near| !near.grants);
    let mut seen = HashSet::new();
    near.retain(|near| seen.insert(near.subject.who.clone()));
    near
}

fn slip(requester: &Requester, party: &Party) -> Option<Slip> {
    let account = requester.user.strip_prefix(ACCOUNT_PREFIX).and_then(|a| a.split_once(':'));
    let is_group = |name: &str| requester.groups.iter().any(|group| group == name);
    let is_user = |name: &str| name == requester.user || account.is_some_and(|(_, a)| a == name);
    match party {
        Party::User(name) if near(name, &requester.user) => Some(Slip::Spelling),
        Party::User(name) if is_group(name) || is_user(name) => Some(Slip::Kind),
        Party::Group(name) if requester.groups.iter().any(|g| near(name, g)) => {
            Some(Slip::Spelling)
        }
        Party::Group(name) if is_user(name) => Some(Slip::Kind),
        Party::ServiceAccount { namespace, name } => {
            let (in_namespace, account) = account?;
            let same_namespace = namespace.as_ref().is_some_and(|n| n.as_str() == in_namespace);
            match (same_namespace, name == account) {
                (false, true) => Some(Slip::Namespace),
                (true, false) if near(name, account) => Some(Slip::Spelling),
                _ => None,
            }
        }
        Party::Other { name, .. } if is_group(name) || is_user(name) => Some(Slip::Kind),
        _ => None,
    }
}

/// Whether two different names differ by letter case only, or by one letter more, less or other.
fn near(a: &str, b: &str) -> bool {
    if a == b {
        return false;
    }
    let [a, b] = [a, b].map(|s| s.to_lowercase().chars().collect::<Vec<_>>());
    if a == b {
        return true;
    }
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    let head = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let tail = short.iter().rev().zip(long.iter().rev()).take_while(|(x, y)| x == y).count();
    short.len() >= MIN_LETTERS && long.len() - short.len() <= 1 && head + tail + 1 >= long.len()
}

/// A sentence for people, without full stop.
impl fmt::Display for NearName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { binding, subject, slip, grants } = self;
        let verb = if *grants { "grants it to" } else { "names" };
        write!(f, "{binding} {verb} {}, which is another ", subject.who)?;
        f.write_str(match slip {
            Slip::Spelling => "spelling",
            Slip::Kind => "kind of subject",
            Slip::Namespace => "namespace",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_is_letter_case_or_one_letter() {
        for (a, b, want) in [
            ("jane", "jane", false),
            ("jane", "Jane", true),
            ("jane", "jan", true),
            ("jane", "janee", true),
            ("jane", "jade", true),
            ("jane", "jnae", false),
            ("a", "b", false),
            ("a", "A", true),
            ("aaa", "aaaa", true),
            ("", "a", false),
        ] {
            assert_eq!(near(a, b), want, "{a} {b}");
            assert_eq!(near(b, a), want, "{b} {a}");
        }
    }
}
