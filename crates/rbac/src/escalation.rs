//! Who may write roles and bindings: nobody grants what they do not have themselves.
//!
//! The law is "Privilege escalation prevention and bootstrapping" of the Kubernetes documentation.
//! Two verbs lift it: `escalate` on a role, and `bind` on the role that a binding refers to.

use std::fmt;

use portcullis_core::{Namespace, Origin, Verdict};
use smol_str::SmolStr;

use crate::attempt::{Attempt, Requester, Resource, Target};
use crate::covers::{Covers, covers};
use crate::decide::decide;
use crate::rule::{ALL, Rule};
use crate::rules::{Binding, Role, RoleKind, RoleRef, Rules};
use crate::who::held;
use crate::words;

/// The API group of roles and bindings.
const GROUP: SmolStr = SmolStr::new_static("rbac.authorization.k8s.io");

/// Why a requester may not write a role or a binding. Its [`Display`](fmt::Display) is what the API
/// server says; for the first two it goes on after `… is forbidden: `.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// They would grant what they do not have.
    Escalation {
        /// Who.
        requester: Requester,
        /// What they do not have, as [`Covers`] lists it.
        uncovered: Vec<Rule>,
        /// What went wrong while finding out what they have.
        resolution_error: Option<String>,
    },
    /// An aggregationRule can gather anything, so that only somebody who may do everything writes one.
    Aggregation,
    /// The role to be bound does not exist.
    NoSuchRole(RoleRef),
}

/// Whether the requester may create `after`, or update `before` to it.
///
/// An update that changes nothing but owner references, finalizers and managed fields needs no
/// rights: the caller lets it pass.
pub fn may_write_role(
    rules: &Rules,
    requester: &Requester,
    before: Option<&Role>,
    after: &Role,
) -> Result<(), Refusal> {
    // A request to create carries no name, so `escalate` by resourceNames is for updates only.
    let name = before.map(|role| role.name.clone()).unwrap_or_default();
    let namespace = after.namespace.as_ref();
    let resource = if namespace.is_some() { "roles" } else { "clusterroles" };
    if requester.is_privileged()
        || may(rules, requester, "escalate", (resource, name.as_str()), namespace)
    {
        return Ok(());
    }
    confirm(rules, requester, namespace, &after.rules)?;
    let aggregates = |role: &Role| role.aggregation.as_ref().is_some_and(|s| !s.is_empty());
    if before.is_some_and(aggregates) || aggregates(after) {
        let everything = everything(&after.origin);
        confirm(rules, requester, namespace, &everything).map_err(|_| Refusal::Aggregation)?;
    }
    Ok(())
}

/// Whether the requester may create or update a binding to this one.
///
/// As with roles, the caller lets updates pass that change nothing of weight.
pub fn may_write_binding(
    rules: &Rules,
    requester: &Requester,
    after: &Binding,
) -> Result<(), Refusal> {
    let namespace = after.namespace.as_ref();
    // A ClusterRole bound by a RoleBinding is asked for in the binding's namespace.
    let may_bind = match after.role.kind {
        RoleKind::ClusterRole => Some("clusterroles"),
        RoleKind::Role => Some("roles"),
        RoleKind::Other(_) => None,
    }
    .is_some_and(|resource| {
        may(rules, requester, "bind", (resource, after.role.name.as_str()), namespace)
    });
    if requester.is_privileged() || may_bind {
        return Ok(());
    }
    let role = rules.role(after).ok_or_else(|| Refusal::NoSuchRole(after.role.clone()))?;
    confirm(rules, requester, namespace, &role.rules)
}

fn may(
    rules: &Rules,
    requester: &Requester,
    verb: &str,
    (resource, name): (&str, &str),
    namespace: Option<&Namespace>,
) -> bool {
    let target = Target::Resource(Resource {
        group: GROUP,
        resource: resource.into(),
        subresource: SmolStr::default(),
        namespace: namespace.cloned(),
        name: name.into(),
    });
    let attempt = Attempt { requester: requester.clone(), verb: verb.into(), target };
    decide(rules, &attempt).verdict == Verdict::Allow
}

/// Whether what the requester has in the namespace covers the wanted rules.
fn confirm<W: std::borrow::Borrow<Rule>>(
    rules: &Rules,
    requester: &Requester,
    namespace: Option<&Namespace>,
    wanted: &[W],
) -> Result<(), Refusal> {
    let (owned, missing) = held(rules, requester, namespace);
    let Covers { uncovered } = covers(&owned, wanted);
    if uncovered.is_empty() {
        return Ok(());
    }
    let resolution_error = words::aggregate(missing.into_iter().map(words::not_found_in_store));
    Err(Refusal::Escalation { requester: requester.clone(), uncovered, resolution_error })
}

/// The rules of somebody who may do everything.
fn everything(origin: &Origin) -> [Rule; 2] {
    let all = || vec![SmolStr::new_static(ALL)];
    let none = Rule {
        verbs: all(),
        api_groups: Vec::new(),
        resources: Vec::new(),
        resource_names: Vec::new(),
        urls: Vec::new(),
        origin: origin.clone(),
    };
    [Rule { api_groups: all(), resources: all(), ..none.clone() }, Rule { urls: all(), ..none }]
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Escalation { requester, uncovered, resolution_error } => {
                f.write_str(&words::escalation(requester, uncovered, resolution_error.as_deref()))
            }
            Self::Aggregation => {
                f.write_str("must have cluster-admin privileges to use the aggregationRule")
            }
            Self::NoSuchRole(role) => f.write_str(&words::not_found_in_store(role)),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use portcullis_core::Selector;

    use super::*;
    use crate::testing::{binding, requester, role, rules};

    const RULES: &str = "
        reader: get,list - pods
        writer: * - pods,secrets
        root: * * *; * url *
        keeper: escalate rbac.authorization.k8s.io roles,clusterroles mine
        binder: bind rbac.authorization.k8s.io clusterroles writer
        read = reader: User jane, User keeper, User binder
        root = root: User root
        keep = keeper: User keeper
        a/bind = binder: User binder
        gone = nowhere: User lost
    ";

    /// `ok`, or the first line of the refusal.
    #[track_caller]
    fn check(result: Result<(), Refusal>, want: &str) {
        let got = result.err().map_or("ok".to_owned(), |refusal| refusal.to_string());
        assert_eq!(got.lines().last(), Some(want));
    }

    #[track_caller]
    fn check_role(who: &str, before: Option<&str>, after: &str, want: &str) {
        let before = before.map(role);
        check(may_write_role(&rules(RULES), &requester(who), before.as_ref(), &role(after)), want);
    }

    #[track_caller]
    fn check_binding(who: &str, (name, granted): (&str, &str), want: &str) {
        let binding = binding(name, granted, "User eve");
        check(may_write_binding(&rules(RULES), &requester(who), &binding), want);
    }

    const MORE: &str = r#"{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}"#;

    #[test]
    fn a_role_may_hold_what_its_writer_has() {
        check_role("jane", None, "new: get - pods", "ok");
        check_role("jane", None, "a/new: list - pods; get - secrets", MORE);
        check_role("eve,system:masters", None, "new: * * *", "ok");
    }

    #[test]
    fn escalate_by_name_is_for_updates_only() {
        check_role("keeper", Some("mine: get - pods"), "mine: get - secrets", "ok");
        check_role("keeper", Some("other: get - pods"), "other: get - secrets", MORE);
        check_role("keeper", None, "mine: get - secrets", MORE);
    }

    #[test]
    fn an_aggregation_needs_everything_before_and_after() {
        let refused = "must have cluster-admin privileges to use the aggregationRule";
        let plain = role("new: get - pods");
        let mut gathering = plain.clone();
        gathering.aggregation = Some(vec![Selector::All]);
        let mut idle = plain.clone();
        idle.aggregation = Some(Vec::new());
        let write = |who: &str, before: Option<&Role>, after: &Role| {
            may_write_role(&rules(RULES), &requester(who), before, after)
        };
        check(write("jane", None, &gathering), refused);
        check(write("jane", Some(&gathering), &plain), refused);
        check(write("jane", None, &idle), "ok");
        check(write("root", None, &gathering), "ok");
    }

    #[test]
    fn a_binding_needs_bind_or_what_its_role_holds() {
        check_binding("jane", ("new", "reader"), "ok");
        check_binding("binder", ("a/new", "writer"), "ok");
        let all = r#"{APIGroups:[""], Resources:["secrets"], Verbs:["*"]}"#;
        check_binding("binder", ("b/new", "writer"), all);
        check_binding("root", ("new", "writer"), "ok");
        let nowhere = r#"clusterroles.rbac.authorization.k8s.io "nowhere" not found"#;
        check_binding("jane", ("new", "nowhere"), nowhere);
        check_binding("root", ("new", "nowhere"), "ok");
        let own = r#"{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}; resolution errors: [clusterroles.rbac.authorization.k8s.io "nowhere" not found]"#;
        check_binding("lost", ("new", "reader"), own);
    }
}
