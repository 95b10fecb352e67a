//! May they? RBAC, with what is in doubt.

use portcullis_core::{Decision, Skipped, Verdict};
use portcullis_rbac::{Attempt, Requester, Role, RoleKind, Target, Why, explain_as_server};
use portcullis_snapshot::{Aggregation, RbacDoubt, Snapshot};

/// The answer to one attempt.
#[derive(Clone, Debug)]
pub struct Access<'s> {
    /// The verdict. A refusal is unknown if a role or binding that is in doubt could lift it.
    pub verdict: Verdict,
    /// What RBAC says, with every reason, if nothing that is in doubt is in force.
    pub decision: Decision<Why>,
    /// What is in doubt and could lift a refusal.
    pub doubts: Vec<&'s RbacDoubt>,
    /// What was given and took no part.
    pub skipped: Vec<Skipped>,
}

/// Whether an attempt is allowed, as an API server answers: `system:masters` before RBAC.
pub fn can<'s>(snapshot: &'s Snapshot, attempt: &Attempt) -> Access<'s> {
    let decision = explain_as_server(snapshot.rbac(), attempt);
    let doubts: Vec<&RbacDoubt> = match decision.verdict {
        Verdict::Allow => Vec::new(),
        _ => snapshot.rbac_doubts().filter(|doubt| could_grant(snapshot, doubt, attempt)).collect(),
    };
    let verdict = if doubts.is_empty() { decision.verdict } else { Verdict::Unknown };
    Access { verdict, decision, doubts, skipped: crate::connect::skipped(snapshot) }
}

/// Whether what is in doubt, once its author has mended it, could grant the attempt.
///
/// What it says now is not what it will say, so only its scope and whom it concerns count.
fn could_grant(snapshot: &Snapshot, doubt: &RbacDoubt, attempt: &Attempt) -> bool {
    let in_scope =
        |namespace: Option<&portcullis_core::Namespace>| match (&attempt.target, namespace) {
            (_, None) => true,
            (Target::Url(_), Some(_)) => false,
            (Target::Resource(_), Some(namespace)) => attempt.target.namespace() == Some(namespace),
        };
    match (&doubt.role, &doubt.binding) {
        (_, Some(binding)) => in_scope(binding.namespace.as_ref()),
        (Some(role), None) => bound(snapshot, role, &attempt.requester, in_scope),
        (None, None) => true,
    }
}

/// Whether a binding in scope gives the requester this role, or one that gathers its rules.
fn bound(
    snapshot: &Snapshot,
    role: &Role,
    requester: &Requester,
    in_scope: impl Fn(Option<&portcullis_core::Namespace>) -> bool,
) -> bool {
    let roles = gathering(snapshot, role);
    snapshot.rbac().bindings().any(|binding| {
        let refers = |role: &&Role| {
            binding.role.name == role.name
                && match binding.role.kind {
                    RoleKind::ClusterRole => role.namespace.is_none(),
                    RoleKind::Role => role.namespace == binding.namespace,
                    RoleKind::Other(_) => false,
                }
        };
        in_scope(binding.namespace.as_ref())
            && binding.names(requester).is_some()
            && roles.iter().any(refers)
    })
}

/// The role, and every ClusterRole that gathers its rules, directly or through others.
fn gathering<'a>(snapshot: &'a Snapshot, role: &'a Role) -> Vec<&'a Role> {
    let mut found = vec![role];
    if role.namespace.is_some() || snapshot.settings().aggregation == Aggregation::AsStored {
        return found;
    }
    let mut next = 0;
    while let Some(source) = found.get(next).copied() {
        for other in snapshot.rbac().roles() {
            let selectors = other.aggregation.as_deref().unwrap_or_default();
            let gathers = selectors.iter().any(|selector| selector.matches(&source.labels));
            if gathers && !found.iter().any(|f| f.namespace.is_none() && f.name == other.name) {
                found.push(other);
            }
        }
        next += 1;
    }
    found
}
