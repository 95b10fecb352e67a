//! The question turned round: whom something is granted to, and everything somebody is granted.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis_core::Namespace;

use crate::attempt::{Requester, Target};
use crate::explain::Dangling;
use crate::grant::{Grant, Scope};
use crate::rule::Rule;
use crate::rules::{Bound, Rules};
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
    let bound = rules.in_scope(target.namespace()).map(|(_, bound)| bound);
    bound.flat_map(|bound| holders(bound, verb, target)).collect()
}

/// As [`who`], in whatever namespace; [`Grant::scope`] says where. The target's own namespace does
/// not count.
pub fn who_anywhere(rules: &Rules, verb: &str, target: &Target) -> Vec<Grant> {
    let url = matches!(target, Target::Url(_));
    let bound = rules.everywhere().iter();
    bound
        .filter(|bound| !(url && bound.binding.namespace.is_some()))
        .flat_map(|bound| holders(bound, verb, target))
        .collect()
}

/// Everything a requester is granted, wherever.
pub fn what(rules: &Rules, requester: &Requester) -> Holdings {
    let mut held = Holdings::default();
    for bound in rules.everywhere() {
        let Some((_, subject)) = bound.binding.names(requester) else { continue };
        let Some(role) = &bound.role else {
            let binding = Arc::clone(&bound.binding);
            held.dangling.push(Dangling { binding, subject: subject.clone() });
            continue;
        };
        let grants = (0..role.rules.len()).filter_map(|i| bound.grant_of(subject, i));
        match Scope::of(&bound.binding) {
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
    let mut review = RulesReview::default();
    let mut errors = Vec::new();
    for (_, bound) in rules.in_scope(namespace) {
        if bound.binding.names(requester).is_none() {
            continue;
        }
        let Some(role) = &bound.role else {
            errors.push(words::not_found(&bound.binding.role));
            continue;
        };
        let with = |has: fn(&Rule) -> bool| role.rules.iter().filter(move |r| has(r)).cloned();
        review.resource_rules.extend(with(|rule| !rule.resources.is_empty()));
        review.url_rules.extend(with(|rule| !rule.urls.is_empty()));
    }
    review.error = words::aggregate(errors);
    review
}

fn holders(bound: &Bound, verb: &str, target: &Target) -> Vec<Grant> {
    let subjects = bound.binding.subjects.iter().filter(|subject| !subject.who.is_nobody());
    subjects.filter_map(|subject| bound.grant(subject, verb, target)).collect()
}
