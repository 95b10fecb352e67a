//! ClusterRoles whose rules are those of others.

use std::collections::HashSet;
use std::sync::Arc;

use portcullis_core::Selector;

use crate::rule::Rule;
use crate::rules::Role;

/// Fills in the rules of every ClusterRole with an `aggregationRule`, as the controller of a
/// running cluster does, until nothing is left to do.
///
/// A role gets, selector by selector, the rules of the ClusterRoles that the selector picks by
/// their labels, sorted by name, equal rules once and its own never. That replaces what was stored
/// in it, unless it is nothing: the controller applies an empty list as "no opinion", and server-side
/// apply then leaves the field as it is.
///
/// Where roles aggregate each other, rules stored in one may stay in all of them, and which do
/// depends on who is served first: the controller's queue has no fixed order, ours is the order
/// given.
pub fn aggregate(roles: &mut [Role]) {
    let filled = filled(&roles.iter().collect::<Vec<_>>());
    for (at, rules) in filled {
        if let Some(role) = roles.get_mut(at) {
            role.rules = rules;
        }
    }
}

/// The rules of each role with an `aggregationRule`, by its place. Of other roles only those that
/// some selector picks need be given, in the same order.
pub(crate) fn filled(roles: &[&Role]) -> Vec<(usize, Vec<Arc<Rule>>)> {
    let sources: Vec<(usize, Vec<usize>)> = roles
        .iter()
        .enumerate()
        .filter_map(|(at, role)| Some((at, sources(roles, at, role.aggregation.as_deref()?))))
        .collect();
    let mut filled: Vec<Vec<Arc<Rule>>> = roles.iter().map(|role| role.rules.clone()).collect();
    // A rule travels at least one role further in each round, and no way is longer than all roles in
    // a row. What moves after that only goes round a cycle, and would for ever.
    for _ in 0..=sources.len() {
        let mut settled = true;
        for (at, from) in &sources {
            let rules = union(&filled, from);
            let Some(own) = filled.get_mut(*at) else { continue };
            if !rules.is_empty() && *own != rules {
                *own = rules;
                settled = false;
            }
        }
        if settled {
            break;
        }
    }
    let rules = |at: usize| filled.get_mut(at).map(|rules| (at, std::mem::take(rules)));
    sources.iter().map(|(at, _)| *at).filter_map(rules).collect()
}

/// Which roles the role at `at` copies from, in the order of copying; one picked by two selectors
/// comes twice.
fn sources(roles: &[&Role], at: usize, selectors: &[Selector]) -> Vec<usize> {
    let mut sources = Vec::new();
    for selector in selectors {
        let mut picked: Vec<(usize, &Role)> = roles
            .iter()
            .copied()
            .enumerate()
            .filter(|(i, role)| {
                *i != at && role.namespace.is_none() && selector.matches(&role.labels)
            })
            .collect();
        picked.sort_by(|a, b| a.1.name.cmp(&b.1.name));
        sources.extend(picked.into_iter().map(|(i, _)| i));
    }
    sources
}

fn union(rules: &[Vec<Arc<Rule>>], from: &[usize]) -> Vec<Arc<Rule>> {
    let mut seen = HashSet::new();
    from.iter()
        .filter_map(|i| rules.get(*i))
        .flatten()
        .filter(|rule| seen.insert(Arc::clone(rule)))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{rule, somewhere};
    use crate::words;

    /// `name label,… [< label,…]: rule; rule`: a ClusterRole, its labels, and the labels it picks.
    fn role(written: &str) -> Role {
        let (head, rules) = written.split_once(": ").expect(written);
        let (head, picks) = head.split_once(" < ").map_or((head, None), |(h, p)| (h, Some(p)));
        let (name, labels) = head.split_once(' ').unwrap_or((head, ""));
        let has = |label: &str| Selector::Has(label.into());
        Role {
            namespace: None,
            name: name.into(),
            labels: labels.split(',').filter(|l| !l.is_empty()).map(|l| (l, "")).collect(),
            rules: rules.split("; ").filter(|r| !r.is_empty()).map(|r| Arc::new(rule(r))).collect(),
            aggregation: picks.map(|picks| picks.split(',').map(has).collect()),
            origin: somewhere(),
        }
    }

    #[track_caller]
    fn check(written: &[&str], asked: &str, want: &[&str]) {
        let mut roles: Vec<Role> = written.iter().map(|r| role(r)).collect();
        aggregate(&mut roles);
        let role = roles.iter().find(|role| role.name == asked).expect(asked);
        let got: Vec<String> = role.rules.iter().map(|r| words::rule(r)).collect();
        let want: Vec<String> = want.iter().map(|r| words::rule(&rule(r))).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn rules_come_selector_by_selector_sorted_by_name_and_once() {
        let roles = [
            "all < y,x: get - stored",
            "c x: get - c; get - same",
            "b x: get - b; get - same",
            "a y: get - a",
            "z z: get - z",
        ];
        check(&roles, "all", &["get - a", "get - b", "get - same", "get - c"]);
    }

    #[test]
    fn aggregations_of_aggregations_are_followed_whatever_the_order() {
        let roles = ["admin < a: ", "edit a < e: ", "view e < v: ", "w v: get - w"];
        check(&roles, "admin", &["get - w"]);
    }

    #[test]
    fn a_role_never_aggregates_itself_and_nothing_replaces_nothing() {
        check(&["a x < x: get - a"], "a", &["get - a"]);
        check(&["a x < x: get - a", "b x: get - b"], "a", &["get - b"]);
    }

    #[test]
    fn roles_that_aggregate_each_other_end_alike() {
        let roles = ["a x < y: get - a", "b y < x: get - b", "d x: get - d"];
        check(&roles, "a", &["get - b", "get - d"]);
        check(&roles, "b", &["get - b", "get - d"]);
    }

    #[test]
    fn a_cycle_that_never_settles_ends_all_the_same() {
        let mut roles = ["a x < y: get - a", "b y < z: get - b", "c z < x: get - c"].map(role);
        aggregate(&mut roles);
        assert!(roles.iter().all(|role| role.rules.len() == 1));
    }
}
