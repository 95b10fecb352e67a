//! What is asked: who wants to do what to what.

use portcullis_core::Namespace;
use smol_str::SmolStr;

use crate::rules::Name;

/// Whoever passes RBAC by: the API server lets members of this group do everything before it asks
/// any authorizer, so that no deleted binding can lock the operator out.
pub const PRIVILEGED_GROUP: &str = "system:masters";

/// Who asks: a user name and groups, as authentication established them.
///
/// A service account is its user name, `system:serviceaccount:NAMESPACE:NAME`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Requester {
    /// The user name.
    pub user: SmolStr,
    /// All groups, the implied ones (`system:authenticated`, `system:serviceaccounts`, …) included.
    pub groups: Vec<SmolStr>,
}

/// One "may it?".
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// Who asks.
    pub requester: Requester,
    /// The verb; a `*` is meant literally and needs a rule with all verbs.
    pub verb: SmolStr,
    /// What it is to be done to.
    pub target: Target,
}

/// What something is done to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A resource of the API.
    Resource(Resource),
    /// A path that is no resource, such as `/healthz`.
    Url(SmolStr),
}

/// A resource as an attempt names it. No word in it is a pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: SmolStr,
    /// The plural, lower-case name of the resource: `pods`.
    pub resource: SmolStr,
    /// The subresource: `log`; empty for the resource itself.
    pub subresource: SmolStr,
    /// The namespace; none for cluster-scoped resources and for requests across all namespaces.
    pub namespace: Option<Namespace>,
    /// The object's name; empty where a request has none (create, most lists).
    pub name: SmolStr,
}

// === impl Requester ===

impl Requester {
    /// Whether the API server would let the requester pass before it asks RBAC.
    pub fn is_privileged(&self) -> bool {
        self.groups.iter().any(|group| group == PRIVILEGED_GROUP)
    }

    /// All that the requester is called.
    pub(crate) fn names(&self) -> impl Iterator<Item = Name<&str>> {
        let groups = self.groups.iter().map(|group| Name::Group(group.as_str()));
        std::iter::once(Name::User(self.user.as_str())).chain(groups)
    }
}

// === impl Target ===

impl Target {
    /// The namespace a RoleBinding must be in to count. URLs have none: only cluster bindings do.
    pub fn namespace(&self) -> Option<&Namespace> {
        match self {
            Self::Resource(resource) => resource.namespace.as_ref(),
            Self::Url(_) => None,
        }
    }
}
