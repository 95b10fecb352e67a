//! The normal form: roles, bindings, and an immutable set of both.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use portcullis_core::{Labels, Namespace, Origin, Selector};
use smol_str::SmolStr;

use crate::attempt::{Requester, Target};
use crate::rule::Rule;

/// A Role or a ClusterRole.
#[derive(Clone, Debug)]
pub struct Role {
    /// The namespace of a Role; none for a ClusterRole.
    pub namespace: Option<Namespace>,
    /// The object's name.
    pub name: SmolStr,
    /// The object's labels: aggregation selects by them.
    pub labels: Labels,
    /// The rules, in order.
    pub rules: Vec<Arc<Rule>>,
    /// The `clusterRoleSelectors` of an `aggregationRule`, where the ClusterRole has one: its rules
    /// are then not its own. See [`aggregate`](crate::aggregate).
    pub aggregation: Option<Vec<Selector>>,
    /// Where the object is.
    pub origin: Origin,
}

/// A RoleBinding or a ClusterRoleBinding.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The namespace of a RoleBinding, which is all it grants in; none for a ClusterRoleBinding.
    pub namespace: Option<Namespace>,
    /// The object's name.
    pub name: SmolStr,
    /// The role it grants.
    pub role: RoleRef,
    /// Whom it grants it to, in order.
    pub subjects: Vec<Subject>,
    /// Where the object is.
    pub origin: Origin,
}

/// Which role a binding grants.
#[derive(Clone, Debug)]
pub struct RoleRef {
    /// Whether a Role of the binding's namespace or a ClusterRole.
    pub kind: RoleKind,
    /// The role's name.
    pub name: SmolStr,
    /// Where it is referred to.
    pub origin: Origin,
}

/// The kind of a role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RoleKind {
    /// A Role: rules for one namespace.
    Role,
    /// A ClusterRole: rules for wherever it is bound.
    ClusterRole,
    /// A kind that no API server accepts, as written. It refers to nothing.
    Other(SmolStr),
}

/// Whom a binding names.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The one who is named.
    pub who: Party,
    /// Where the binding names them.
    pub origin: Origin,
}

/// A user, a group, or a service account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The user of exactly this name.
    User(SmolStr),
    /// Every user in the group of exactly this name.
    Group(SmolStr),
    /// A service account. Without a namespace it is that of a RoleBinding ([`Rules`] fills it in);
    /// in a ClusterRoleBinding it is nobody.
    ServiceAccount {
        /// Its namespace.
        namespace: Option<Namespace>,
        /// Its name.
        name: SmolStr,
    },
    /// A kind that no API server accepts (`user`), as written. It is nobody.
    Other {
        /// The kind as written.
        kind: SmolStr,
        /// The name as written.
        name: SmolStr,
    },
}

/// Roles and bindings, as [`Rules`] will hold them. What is added later replaces what has the same
/// kind, namespace and name, as in a cluster.
#[derive(Clone, Debug, Default)]
pub struct RulesBuilder {
    roles: IndexMap<Key, Role>,
    bindings: IndexMap<Key, Binding>,
}

type Key = (Option<Namespace>, SmolStr);

/// An immutable set of roles and bindings.
///
/// Bindings keep the order they were given in, cluster bindings before all others: that is the
/// order in which decisions visit them, and so which of several grants is named.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    roles: IndexMap<Key, Arc<Role>>,
    bindings: Vec<Bound>,
    /// How many of `bindings`, from the start, are cluster bindings.
    cluster_bindings: usize,
    by_namespace: HashMap<Namespace, Vec<usize>>,
}

/// A binding with the role it refers to, where there is one.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub binding: Arc<Binding>,
    pub role: Option<Arc<Role>>,
}

/// Which binding of a [`Rules`]. Means nothing to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingId(pub(crate) usize);

// === impl RulesBuilder ===

impl RulesBuilder {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What every API server creates by itself; see [`bootstrap`](crate::bootstrap). Call it first,
    /// so that what the user gives replaces it.
    pub fn with_bootstrap(mut self) -> Self {
        let (roles, bindings) = crate::bootstrap();
        for role in roles {
            self.role(role);
        }
        for binding in bindings {
            self.binding(binding);
        }
        self
    }

    /// Adds a role, and hands back the one it replaces.
    pub fn role(&mut self, role: Role) -> Option<Role> {
        self.roles.insert((role.namespace.clone(), role.name.clone()), role)
    }

    /// Adds a binding, and hands back the one it replaces.
    pub fn binding(&mut self, binding: Binding) -> Option<Binding> {
        self.bindings.insert((binding.namespace.clone(), binding.name.clone()), binding)
    }

    /// Fills in the rules of aggregated ClusterRoles, as a running cluster would have done. Call it
    /// last; without it they keep the rules they were stored with.
    pub fn aggregated(mut self) -> Self {
        let mut roles: Vec<Role> = self.roles.into_values().collect();
        crate::aggregate(&mut roles);
        self.roles =
            roles.into_iter().map(|r| ((r.namespace.clone(), r.name.clone()), r)).collect();
        self
    }

    /// The set.
    pub fn build(self) -> Rules {
        let roles = self.roles.into_iter().map(|(key, role)| (key, Arc::new(role)));
        let mut rules = Rules { roles: roles.collect(), ..Rules::default() };
        let (cluster, namespaced): (Vec<_>, Vec<_>) =
            self.bindings.into_values().partition(|binding| binding.namespace.is_none());
        rules.cluster_bindings = cluster.len();
        for mut binding in cluster.into_iter().chain(namespaced) {
            if let Some(namespace) = &binding.namespace {
                rules.by_namespace.entry(namespace.clone()).or_default().push(rules.bindings.len());
            }
            binding.place_accounts();
            let role = rules.role(&binding).cloned();
            rules.bindings.push(Bound { binding: Arc::new(binding), role });
        }
        rules
    }
}

// === impl Rules ===

impl Rules {
    /// The set of these. Of two with the same kind, namespace and name the later one counts.
    pub fn new(
        roles: impl IntoIterator<Item = Role>,
        bindings: impl IntoIterator<Item = Binding>,
    ) -> Self {
        let mut builder = RulesBuilder::new();
        for role in roles {
            builder.role(role);
        }
        for binding in bindings {
            builder.binding(binding);
        }
        builder.build()
    }

    /// All roles, in the order given.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    /// All bindings, in the order they are visited in.
    pub fn bindings(&self) -> impl Iterator<Item = &Arc<Binding>> {
        self.bindings.iter().map(|bound| &bound.binding)
    }

    /// A binding of this set, and the role it grants unless there is no such role.
    pub fn binding(&self, id: BindingId) -> Option<(&Arc<Binding>, Option<&Arc<Role>>)> {
        self.bindings.get(id.0).map(|bound| (&bound.binding, bound.role.as_ref()))
    }

    /// The role that a binding refers to; the binding need not be of this set.
    pub fn role(&self, binding: &Binding) -> Option<&Arc<Role>> {
        self.roles.get(&binding.role_key()?)
    }

    /// The bindings that count in `namespace` (or, without one, in the whole cluster).
    pub(crate) fn in_scope(
        &self,
        namespace: Option<&Namespace>,
    ) -> impl Iterator<Item = (BindingId, &Bound)> {
        let local = namespace.and_then(|n| self.by_namespace.get(n)).into_iter().flatten().copied();
        (0..self.cluster_bindings)
            .chain(local)
            .filter_map(|i| self.bindings.get(i).map(|bound| (BindingId(i), bound)))
    }

    /// Every binding.
    pub(crate) fn everywhere(&self) -> &[Bound] {
        &self.bindings
    }

    /// The RoleBindings that do not count in `namespace`.
    pub(crate) fn out_of_scope(
        &self,
        namespace: Option<&Namespace>,
    ) -> impl Iterator<Item = &Bound> {
        self.bindings
            .iter()
            .skip(self.cluster_bindings)
            .filter(move |bound| bound.binding.namespace.as_ref() != namespace)
    }
}

// === impl Binding ===

impl Binding {
    /// `ClusterRoleBinding` or `RoleBinding`.
    pub fn kind(&self) -> &'static str {
        if self.namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" }
    }

    /// The first subject that names the requester, and its place in the list.
    pub fn names(&self, requester: &Requester) -> Option<(usize, &Subject)> {
        self.subjects.iter().enumerate().find(|(_, subject)| subject.who.includes(requester))
    }

    fn place_accounts(&mut self) {
        for subject in &mut self.subjects {
            if let Party::ServiceAccount { namespace, .. } = &mut subject.who
                && namespace.as_ref().is_none_or(|n| n.as_str().is_empty())
            {
                namespace.clone_from(&self.namespace);
            }
        }
    }

    /// A Role is looked up in the binding's own namespace, so a ClusterRoleBinding finds none.
    fn role_key(&self) -> Option<Key> {
        match (&self.role.kind, &self.namespace) {
            (RoleKind::ClusterRole, _) => Some((None, self.role.name.clone())),
            (RoleKind::Role, Some(namespace)) => {
                Some((Some(namespace.clone()), self.role.name.clone()))
            }
            (RoleKind::Role, None) | (RoleKind::Other(_), _) => None,
        }
    }
}

// === impl Role ===

impl Role {
    /// `ClusterRole` or `Role`.
    pub fn kind(&self) -> &'static str {
        if self.namespace.is_some() { "Role" } else { "ClusterRole" }
    }

    /// The first rule that permits `verb` on `target`, by its place.
    pub(crate) fn permitting(&self, verb: &str, target: &Target) -> Option<usize> {
        self.rules.iter().position(|rule| rule.permits(verb, target))
    }
}

// === impl RoleKind ===

impl RoleKind {
    /// The kind as manifests write it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Role => "Role",
            Self::ClusterRole => "ClusterRole",
            Self::Other(kind) => kind,
        }
    }
}

// === impl Party ===

/// What the user name of a service account begins with.
pub(crate) const ACCOUNT_PREFIX: &str = "system:serviceaccount:";

impl Party {
    /// Whether the requester is named. A service account is known by its user name alone: its
    /// groups do not make it one, and who impersonates the name is one.
    pub fn includes(&self, requester: &Requester) -> bool {
        match self {
            Self::User(name) => *name == requester.user,
            Self::Group(name) => requester.groups.contains(name),
            Self::ServiceAccount { namespace: Some(namespace), name } => {
                is_account(&requester.user, namespace.as_str(), name)
            }
            Self::ServiceAccount { namespace: None, .. } | Self::Other { .. } => false,
        }
    }

    /// Whether nobody can ever be this.
    pub fn is_nobody(&self) -> bool {
        match self {
            Self::User(_) | Self::Group(_) => false,
            Self::ServiceAccount { namespace, .. } => {
                namespace.as_ref().is_none_or(|n| n.as_str().is_empty())
            }
            Self::Other { .. } => true,
        }
    }

    /// `User`, `Group`, `ServiceAccount`, or what was written instead.
    pub fn kind(&self) -> &str {
        match self {
            Self::User(_) => "User",
            Self::Group(_) => "Group",
            Self::ServiceAccount { .. } => "ServiceAccount",
            Self::Other { kind, .. } => kind,
        }
    }

    /// The name, without the namespace.
    pub fn name(&self) -> &SmolStr {
        match self {
            Self::User(name)
            | Self::Group(name)
            | Self::ServiceAccount { name, .. }
            | Self::Other { name, .. } => name,
        }
    }
}

fn is_account(user: &str, namespace: &str, name: &str) -> bool {
    !namespace.is_empty()
        && user
            .strip_prefix(ACCOUNT_PREFIX)
            .and_then(|rest| rest.strip_prefix(namespace))
            .and_then(|rest| rest.strip_prefix(':'))
            == Some(name)
}
