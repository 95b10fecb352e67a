//! Whether some rules give everything that others would: nobody may grant more than they have.
//!
//! The law is that of the API server's escalation check: the wanted rules are broken into atoms of
//! one verb, one group, one resource and one name (or one verb and one URL), and each atom must be
//! covered by a single rule. Several rules never cover an atom together.

use std::borrow::Borrow;

use indexmap::IndexMap;
use indexmap::map::Entry;
use smol_str::SmolStr;

use crate::rule::{ALL, Rule, has_or_all, url_matches};

/// Which part of the wanted rules is not held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covers {
    /// The atoms nobody covers, in order of the wanted rules; each has the origin of its rule.
    pub uncovered: Vec<Rule>,
}

impl Covers {
    /// Whether everything is held.
    pub fn covered(&self) -> bool {
        self.uncovered.is_empty()
    }
}

/// Whether `owned` gives everything that `wanted` would.
pub fn covers<O: Borrow<Rule>, W: Borrow<Rule>>(owned: &[O], wanted: &[W]) -> Covers {
    let uncovered = wanted
        .iter()
        .flat_map(|rule| atoms(rule.borrow()))
        .filter(|atom| !owned.iter().any(|owner| rule_covers(owner.borrow(), atom)))
        .collect();
    Covers { uncovered }
}

/// Fewer rules that say the same: those about one resource of one group (and the same name, or
/// none) become one with all their verbs, a repeated verb as often as it comes. What cannot be joined comes first, as it is.
pub fn compact(rules: &[Rule]) -> Vec<Rule> {
    let mut compacted = Vec::new();
    let mut simple: IndexMap<(SmolStr, SmolStr, Option<SmolStr>), Rule> = IndexMap::new();
    for rule in rules {
        let key = match (rule.api_groups.as_slice(), rule.resources.as_slice()) {
            ([group], [resource]) if rule.urls.is_empty() && rule.resource_names.len() < 2 => {
                (group.clone(), resource.clone(), rule.resource_names.first().cloned())
            }
            _ => {
                compacted.push(rule.clone());
                continue;
            }
        };
        match simple.entry(key) {
            Entry::Occupied(mut joined) => {
                joined.get_mut().verbs.extend(rule.verbs.iter().cloned())
            }
            Entry::Vacant(first) => {
                first.insert(rule.clone());
            }
        }
    }
    compacted.extend(simple.into_values());
    compacted
}

/// Every combination that a rule permits. URLs combine with verbs only; a rule that has both kinds
/// gives the atoms of both.
fn atoms(rule: &Rule) -> Vec<Rule> {
    let atom = || Rule {
        verbs: Vec::new(),
        api_groups: Vec::new(),
        resources: Vec::new(),
        resource_names: Vec::new(),
        urls: Vec::new(),
        origin: rule.origin.clone(),
    };
    let names: Vec<Vec<SmolStr>> = if rule.resource_names.is_empty() {
        vec![Vec::new()]
    } else {
        rule.resource_names.iter().map(|name| vec![name.clone()]).collect()
    };
    let mut atoms = Vec::new();
    for group in &rule.api_groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                atoms.extend(names.iter().map(|names| Rule {
                    verbs: vec![verb.clone()],
                    api_groups: vec![group.clone()],
                    resources: vec![resource.clone()],
                    resource_names: names.clone(),
                    ..atom()
                }));
            }
        }
    }
    for url in &rule.urls {
        for verb in &rule.verbs {
            atoms.push(Rule { verbs: vec![verb.clone()], urls: vec![url.clone()], ..atom() });
        }
    }
    atoms
}

/// Whether one rule covers one atom. Unlike an attempt, an atom may hold patterns, which only the
/// same or a wider pattern covers.
///
/// A rule with names covers nothing that has none, URLs included.
fn rule_covers(owner: &Rule, atom: &Rule) -> bool {
    let all = |list: &[SmolStr], covered: &dyn Fn(&SmolStr) -> bool| list.iter().all(covered);
    all(&atom.verbs, &|verb| has_or_all(&owner.verbs, verb))
        && all(&atom.api_groups, &|group| has_or_all(&owner.api_groups, group))
        && all(&atom.resources, &|resource| has_resource(&owner.resources, resource))
        && all(&atom.urls, &|url| owner.urls.iter().any(|have| url_matches(have, url)))
        && (owner.resource_names.is_empty()
            || !atom.resource_names.is_empty()
                && all(&atom.resource_names, &|name| owner.resource_names.contains(name)))
}

/// `*`, the resource itself, or `*/sub` for `resource/sub`.
fn has_resource(have: &[SmolStr], resource: &str) -> bool {
    let subresource = resource.split_once('/').map(|(_, subresource)| subresource);
    have.iter().any(|have| {
        have == ALL
            || have == resource
            || subresource.is_some() && have.strip_prefix("*/") == subresource
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rule;
    use crate::words;

    #[track_caller]
    fn check(owned: &[&str], wanted: &str, want: &[&str]) {
        let owned: Vec<Rule> = owned.iter().map(|r| rule(r)).collect();
        let got = covers(&owned, &[rule(wanted)]);
        let got: Vec<String> = got.uncovered.iter().map(words::rule).collect();
        let want: Vec<String> = want.iter().map(|r| words::rule(&rule(r))).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn every_atom_needs_one_rule_of_its_own() {
        check(&["get - pods", "list - secrets"], "get,list - pods", &["list - pods"]);
        check(&["get - pods", "list - pods"], "get,list - pods", &[]);
        check(&["get - pods", "* apps *"], "get apps,- pods,nodes", &["get - nodes"]);
    }

    #[test]
    fn a_pattern_is_covered_by_itself_or_a_wider_one() {
        check(&["get,list,watch - pods"], "* - pods", &["* - pods"]);
        check(&["get - *"], "get - pods/*,*/log,pods/log", &[]);
        check(&["get - */log"], "get - pods/log,pods,*/log", &["get - pods"]);
        check(&["get - pods"], "get - pods/*", &["get - pods/*"]);
        check(&["get url /a/*"], "get url /a/b/*,/a,*", &["get url /a", "get url *"]);
    }

    #[test]
    fn names_narrow() {
        check(&["get - pods a"], "get - pods", &["get - pods"]);
        check(&["get - pods a"], "get - pods a,b", &["get - pods b"]);
        check(&["get - pods"], "get - pods a,b", &[]);
    }

    #[test]
    fn compacting_joins_the_verbs_of_one_resource() {
        let rules: Vec<Rule> = [
            "get - pods",
            "get url /a",
            "list - pods a",
            "watch,get - pods",
            "list apps pods",
            "get url /a",
        ]
        .map(rule)
        .to_vec();
        let got: Vec<String> = compact(&rules).iter().map(words::rule).collect();
        let want =
            ["get url /a", "get url /a", "get,watch,get - pods", "list - pods a", "list apps pods"]
                .map(|r| words::rule(&rule(r)));
        assert_eq!(got, want);
    }
}
