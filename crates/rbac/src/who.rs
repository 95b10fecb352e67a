//! The question turned round: whom something is granted to, and everything somebody is granted.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis_core::Namespace;

use crate::attempt::{Requester, Target};
use crate::explain::Dangling;
use crate::grant::{Grant, Scope};
use crate::index::Roles;
use crate::outline::Asked;
use crate::rule::Rule;
use crate::rules::{BindingId, Bound, RoleRef, Rules};
use crate::words;

/// Everything a requester is granted.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// By cluster bindings: in every namespace and on what has none.
    pub cluster: Vec<Grant>,
    /// By RoleBindings, namespace by namespace.
    pub namespaces: BTreeMap<Namespace, Vec<Grant>>,
    /// The bindings that name the requester and refer to no role.
    pub dangling: Vec<Dangling>,
}

/// The rules that count for a requester in a namespace: a SelfSubjectRulesReview.
#[derive(Clone, Debug, Default)]
pub struct RulesReview {
    /// The rules with resources, cluster bindings first; not deduplicated.
    pub resource_rules: Vec<Arc<Rule>>,
    /// The rules with URLs. A RoleBinding's are listed as well, though it grants no URL: the
    /// original does so.
    pub url_rules: Vec<Arc<Rule>>,
    /// What went wrong on the way, if anything: bindings that refer to no role. The lists are then
    /// as complete as they can be.
    pub error: Option<String>,
}

/// Every subject that is granted `verb` on `target`, in the target's namespace (or, without one,
/// in the whole cluster), and by what.
///
/// A subject comes once for each binding that grants it. Groups are named as groups: who is in one
/// is not RBAC's to know.
pub fn who(rules: &Rules, verb: &str, target: &Target) -> Vec<Grant> {
    let asked = Asked::of(rules.lexicon(), verb, target);
    let is_exact = asked.is_exact(rules.lexicon(), verb, target);
    let cluster = permitting(rules, verb, target, Roles::Cluster, Reach::Cluster);
    let namespace = target.namespace();
    // A namespace has fewer bindings than a role may have, and only its own can count.
    let local = namespace.map_or(&[][..], |namespace| rules.index().local(namespace)).iter();
    let local = local.filter_map(|(id, role)| {
        let role = rules.slot(*role).filter(|role| role.may(asked))?;
        let bound = rules.bound(*id).filter(|b| b.binding.namespace.as_ref() == namespace)?;
        Some((bound, role.permitting(asked, is_exact, verb, target)?))
    });
    let cluster = cluster.into_iter().filter_map(|(id, rule)| Some((rules.bound(id)?, rule)));
    cluster.chain(local).flat_map(|(bound, rule)| holders(bound, rule)).collect()
}

/// As [`who`], in whatever namespace; [`Grant::scope`] says where. The target's own namespace does
/// not count.
pub fn who_anywhere(rules: &Rules, verb: &str, target: &Target) -> Vec<Grant> {
    let reach = match target {
        Target::Resource(_) => Reach::Everywhere,
        // Only cluster bindings grant URLs.
        Target::Url(_) => Reach::Cluster,
    };
    let mut found = permitting(rules, verb, target, Roles::Cluster, reach);
    if reach == Reach::Everywhere {
        found.extend(permitting(rules, verb, target, Roles::Local, reach));
        found.sort_unstable();
    }
    let bound = found.into_iter().filter_map(|(id, rule)| Some((rules.bound(id)?, rule)));
    bound.flat_map(|(bound, rule)| holders(bound, rule)).collect()
}

/// Which bindings count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Cluster,
    Everywhere,
}

/// The bindings of roles of this kind that permit `verb` on `target`, each with the first rule that
/// does, in the order in which decisions visit them.
fn permitting(
    rules: &Rules,
    verb: &str,
    target: &Target,
    kind: Roles,
    reach: Reach,
) -> Vec<(BindingId, usize)> {
    let asked = Asked::of(rules.lexicon(), verb, target);
    let is_exact = asked.is_exact(rules.lexicon(), verb, target);
    let mut found = Vec::new();
    for number in rules.index().about(target, kind) {
        let Some(role) = rules.slot(number).filter(|role| role.may(asked)) else { continue };
        let cluster = rules.index().bound_in_cluster(number);
        let local = match reach {
            Reach::Cluster => &[][..],
            Reach::Everywhere => rules.index().bound_in_namespaces(number),
        };
        // Whether the role permits it may take longer to find out than whether anything binds it.
        if !(cluster.is_empty() && local.is_empty())
            && let Some(rule) = role.permitting(asked, is_exact, verb, target)
        {
            let bound = cluster.iter().chain(local).copied();
            let bound = bound.filter(|id| rules.binds(*id, number));
            found.extend(bound.map(|id| (id, rule)));
        }
    }
    found.sort_unstable();
    found
}

/// Everything a requester is granted, wherever.
pub fn what(rules: &Rules, requester: &Requester) -> Holdings {
    let mut held = Holdings::default();
    for bound in rules.everywhere() {
        let Some((_, subject)) = bound.binding.names(requester) else { continue };
        let Some(role) = bound.role else {
            let binding = Arc::clone(bound.binding);
            held.dangling.push(Dangling { binding, subject: subject.clone() });
            continue;
        };
        let grants = (0..role.rules.len()).filter_map(|i| bound.grant_of(subject, i));
        match Scope::of(bound.binding) {
            Scope::Cluster => held.cluster.extend(grants),
            Scope::Namespace(namespace) => {
                // Without resources a rule is about URLs, which a RoleBinding does not grant.
                let grants = grants.filter(|grant| !grant.rule.resources.is_empty());
                held.namespaces.entry(namespace).or_default().extend(grants);
            }
        }
    }
    held
}

/// The rules that count for a requester in a namespace, as a SelfSubjectRulesReview lists them.
/// Without a namespace: those of the cluster bindings.
pub fn rules_for(
    rules: &Rules,
    requester: &Requester,
    namespace: Option<&Namespace>,
) -> RulesReview {
    let (held, missing) = held(rules, requester, namespace);
    let with = |has: fn(&Rule) -> bool| held.iter().filter(|rule| has(rule)).cloned().collect();
    RulesReview {
        resource_rules: with(|rule| !rule.resources.is_empty()),
        url_rules: with(|rule| !rule.urls.is_empty()),
        error: words::aggregate(missing.into_iter().map(words::not_found)),
    }
}

/// The rules that count for a requester in a namespace, and the references to no role on the way.
pub(crate) fn held<'a>(
    rules: &'a Rules,
    requester: &Requester,
    namespace: Option<&'a Namespace>,
) -> (Vec<Arc<Rule>>, Vec<&'a RoleRef>) {
    let (mut held, mut missing) = (Vec::new(), Vec::new());
    for bound in rules.naming(requester, namespace) {
        match bound.role {
            Some(role) => held.extend(role.rules.iter().cloned()),
            None => missing.push(&bound.binding.role),
        }
    }
    (held, missing)
}

/// Everybody whom a binding gives this rule of its role.
fn holders(bound: Bound<'_>, rule: usize) -> impl Iterator<Item = Grant> {
    let subjects = bound.binding.subjects.iter().filter(|subject| !subject.who.is_nobody());
    subjects.filter_map(move |subject| bound.grant_of(subject, rule))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::testing::{attempt, requester, rules};

    const RULES: &str = "
        reader: get,list - pods; get url /healthz
        admin: * * *; * url *
        all = admin: Group ops, ServiceAccount homeless
        health = reader: User probe
        gone = nowhere: User jane
        a/read = reader: User jane, Group ops, ServiceAccount bot
        b/read = reader: ServiceAccount a/bot, user odd
        b/gone = b/nowhere: User jane
    ";

    fn lines(grants: &[Grant]) -> String {
        grants.iter().map(|grant| format!("{grant}\n")).collect()
    }

    /// Who, in the target's namespace; then who anywhere.
    #[track_caller]
    fn check_who(asked: &str, want: Expect) {
        let (rules, asked) = (rules(RULES), attempt(&format!("- {asked}")));
        let here = lines(&who(&rules, &asked.verb, &asked.target));
        let anywhere = lines(&who_anywhere(&rules, &asked.verb, &asked.target));
        want.assert_eq(&format!("here:\n{here}anywhere:\n{anywhere}"));
    }

    #[test]
    fn who_names_subjects_and_leaves_out_those_who_are_nobody() {
        check_who(
            "list pods a",
            expect![[r#"
            here:
            ClusterRoleBinding all grants ClusterRole admin#0 to Group ops
            ClusterRoleBinding health grants ClusterRole reader#0 to User probe
            RoleBinding a/read grants ClusterRole reader#0 to User jane
            RoleBinding a/read grants ClusterRole reader#0 to Group ops
            RoleBinding a/read grants ClusterRole reader#0 to ServiceAccount a/bot
            anywhere:
            ClusterRoleBinding all grants ClusterRole admin#0 to Group ops
            ClusterRoleBinding health grants ClusterRole reader#0 to User probe
            RoleBinding a/read grants ClusterRole reader#0 to User jane
            RoleBinding a/read grants ClusterRole reader#0 to Group ops
            RoleBinding a/read grants ClusterRole reader#0 to ServiceAccount a/bot
            RoleBinding b/read grants ClusterRole reader#0 to ServiceAccount a/bot
        "#]],
        );
        check_who(
            "list pods",
            expect![[r#"
            here:
            ClusterRoleBinding all grants ClusterRole admin#0 to Group ops
            ClusterRoleBinding health grants ClusterRole reader#0 to User probe
            anywhere:
            ClusterRoleBinding all grants ClusterRole admin#0 to Group ops
            ClusterRoleBinding health grants ClusterRole reader#0 to User probe
            RoleBinding a/read grants ClusterRole reader#0 to User jane
            RoleBinding a/read grants ClusterRole reader#0 to Group ops
            RoleBinding a/read grants ClusterRole reader#0 to ServiceAccount a/bot
            RoleBinding b/read grants ClusterRole reader#0 to ServiceAccount a/bot
        "#]],
        );
        check_who(
            "get /healthz",
            expect![[r#"
            here:
            ClusterRoleBinding all grants ClusterRole admin#1 to Group ops
            ClusterRoleBinding health grants ClusterRole reader#1 to User probe
            anywhere:
            ClusterRoleBinding all grants ClusterRole admin#1 to Group ops
            ClusterRoleBinding health grants ClusterRole reader#1 to User probe
        "#]],
        );
    }

    #[test]
    fn what_tells_grants_by_scope_and_what_dangles() {
        let held = what(&rules(RULES), &requester("jane,ops"));
        let mut text = lines(&held.cluster);
        for (namespace, grants) in &held.namespaces {
            text.push_str(&format!("in {namespace}:\n{}", lines(grants)));
        }
        for dangling in &held.dangling {
            text.push_str(&format!("{dangling}\n"));
        }
        expect![[r#"
            ClusterRoleBinding all grants ClusterRole admin#0 to Group ops
            ClusterRoleBinding all grants ClusterRole admin#1 to Group ops
            in a:
            RoleBinding a/read grants ClusterRole reader#0 to User jane
            ClusterRoleBinding gone grants ClusterRole nowhere to User jane, and there is no such role
            RoleBinding b/gone grants Role nowhere to User jane, and there is no such role
        "#]].assert_eq(&text);
    }

    #[test]
    fn a_review_lists_cluster_rules_first_and_says_what_is_missing() {
        let namespace = Namespace::new("b");
        let review = rules_for(&rules(RULES), &requester("jane,ops"), Some(&namespace));
        let list = |rules: &[Arc<Rule>]| -> Vec<String> {
            rules.iter().map(|rule| words::rule(rule)).collect()
        };
        let (resources, urls) = (list(&review.resource_rules), list(&review.url_rules));
        expect![[r#"
            ["{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}"]
            ["{NonResourceURLs:[\"*\"], Verbs:[\"*\"]}"]
            [clusterrole.rbac.authorization.k8s.io "nowhere" not found, role.rbac.authorization.k8s.io "nowhere" not found]"#]].assert_eq(&format!("{resources:?}\n{urls:?}\n{}", review.error.unwrap_or_default()));
    }
}
