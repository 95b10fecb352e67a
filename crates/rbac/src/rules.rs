//! The normal form: roles, bindings, and an immutable set of both.

use std::sync::Arc;

use indexmap::IndexMap;
use portcullis_core::{Labels, Namespace, Origin, Selector, Slots};
use smol_str::{SmolStr, format_smolstr};

use crate::aggregate::filled;
use crate::attempt::{Requester, Target};
use crate::hash;
use crate::index::{Draft, Index};
use crate::lexicon::Lexicon;
use crate::outline::{Asked, Outline, Outlines};
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

/// What a requester is called, and what they must be called to be a [`Party`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name<S> {
    /// By the user name.
    User(S),
    /// By one of the groups.
    Group(S),
}

/// Roles and bindings, as [`Rules`] will hold them. What is added later replaces what has the same
/// kind, namespace and name, as in a cluster.
#[derive(Clone, Debug, Default)]
pub struct RulesBuilder {
    roles: IndexMap<Key, Arc<Role>>,
    bindings: IndexMap<Key, Arc<Binding>>,
    setup: Setup,
}

/// What is done of itself to whatever is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    /// Whether the rules of aggregated ClusterRoles are filled in.
    pub aggregated: bool,
    /// What is there unless the user has something else of the same key.
    pub built_in: Option<Arc<BuiltIn>>,
}

/// Roles and bindings that come back when what has replaced them is deleted.
#[derive(Debug, Default)]
pub(crate) struct BuiltIn {
    pub roles: IndexMap<Key, Arc<Role>>,
    pub bindings: IndexMap<Key, Arc<Binding>>,
}

/// Namespace and name of a role or a binding.
pub(crate) type Key = (Option<Namespace>, SmolStr);

/// An immutable set of roles and bindings, with the index that answers [`decide`](crate::decide) and
/// [`who`](crate::who). Cloning is O(1); [`Rules::changed`] makes another that shares what stays.
///
/// Bindings keep the order they were given in, cluster bindings before all others: that is the
/// order in which decisions visit them, and so which of several grants is named.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// All that are there, and all that bindings refer to, by their numbers.
    roles: Slots<RoleSlot>,
    /// What they are called, and where they stand in the order given.
    named: Slots<Named>,
    /// The numbers of the roles in the order given.
    order: Slots<Option<RoleNumber>>,
    cluster_bindings: Slots<Option<Entered>>,
    role_bindings: Slots<Option<Entered>>,
    index: Index,
    /// What the outlines in `roles` are written in.
    lexicon: Arc<Lexicon>,
    /// Those that gather the rules of others.
    gatherers: Arc<[RoleNumber]>,
    setup: Setup,
    /// How many places there may be that nothing is at any more.
    dead: usize,
}

/// What decisions need of a role, in one cache line: ten thousand of them should stay in the cache.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
pub(crate) struct RoleSlot {
    /// What each rule may permit.
    outlines: Outlines,
    /// None where bindings refer to it and it is not there.
    role: Option<Arc<Role>>,
}

/// What changes need of a role.
#[derive(Clone, Debug)]
struct Named {
    key: Key,
    given: Option<Given>,
}

/// A role as it was given, before rules were filled in.
#[derive(Clone, Debug)]
struct Given {
    role: Arc<Role>,
    /// Its place in the order.
    place: usize,
}

/// A binding, and the number of the role it refers to.
#[derive(Clone, Debug)]
struct Entered {
    binding: Arc<Binding>,
    role: RoleNumber,
}

/// A binding with the role it refers to, where there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound<'a> {
    pub binding: &'a Arc<Binding>,
    pub role: Option<&'a Arc<Role>>,
}

/// Which binding of a [`Rules`]. Means nothing to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingId(u32);

/// Which role of a [`Rules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RoleNumber(pub u32);

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
        let roles = roles.into_iter().map(|role| (role.key(), Arc::new(role)));
        let bindings = bindings.into_iter().map(|mut binding| {
            binding.place_accounts();
            (binding.key(), Arc::new(binding))
        });
        let built_in = BuiltIn { roles: roles.collect(), bindings: bindings.collect() };
        self.roles.extend(built_in.roles.clone());
        self.bindings.extend(built_in.bindings.clone());
        self.setup.built_in = Some(Arc::new(built_in));
        self
    }

    /// Adds a role, and hands back the one it replaces.
    pub fn role(&mut self, role: Role) -> Option<Role> {
        self.roles.insert(role.key(), Arc::new(role)).map(Arc::unwrap_or_clone)
    }

    /// Adds a binding, and hands back the one it replaces.
    pub fn binding(&mut self, mut binding: Binding) -> Option<Binding> {
        binding.place_accounts();
        self.bindings.insert(binding.key(), Arc::new(binding)).map(Arc::unwrap_or_clone)
    }

    /// Fills in the rules of aggregated ClusterRoles, as a running cluster does; without it they keep
    /// the rules they were stored with.
    pub fn aggregated(mut self) -> Self {
        self.setup.aggregated = true;
        self
    }

    /// The set.
    pub fn build(self) -> Rules {
        Rules::of(
            self.roles.into_values().collect(),
            self.bindings.into_values().collect(),
            self.setup,
        )
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

    /// The set of these, of which no two of a kind have the same key.
    pub(crate) fn of(roles: Vec<Arc<Role>>, bindings: Vec<Arc<Binding>>, setup: Setup) -> Self {
        let numbered = || roles.iter().enumerate().map(|(i, role)| (RoleNumber::at(i), role));
        let gatherers = numbered().filter(|(_, role)| role.aggregation.is_some());
        let named = |(place, role): (usize, &Arc<Role>)| {
            let given = Some(Given { role: Arc::clone(role), place });
            Named { key: role.key(), given }
        };
        let lexicon = Lexicon::of(roles.iter().flat_map(|role| role.rules.iter().map(Arc::as_ref)));
        let mut rules = Self {
            index: Index::of(numbered().map(|(number, role)| (number, role.as_ref()))),
            named: roles.iter().enumerate().map(named).collect(),
            order: numbered().map(|(number, _)| Some(number)).collect(),
            gatherers: gatherers.map(|(number, _)| number).collect(),
            roles: roles.iter().map(|role| RoleSlot::of(&lexicon, Arc::clone(role))).collect(),
            lexicon: Arc::new(lexicon),
            setup,
            ..Self::default()
        };
        let mut draft = Draft::default();
        let (mut cluster, mut local) = (Vec::new(), Vec::new());
        for binding in bindings {
            let role = rules.number(binding.role_key());
            let (list, id): (_, fn(usize) -> BindingId) = match &binding.namespace {
                None => (&mut cluster, BindingId::cluster),
                Some(_) => (&mut local, BindingId::local),
            };
            draft.binding(id(list.len()), &binding, role);
            list.push(Some(Entered { binding, role }));
        }
        rules.cluster_bindings = cluster.into_iter().collect();
        rules.role_bindings = local.into_iter().collect();
        rules.index.set_bindings(draft);
        if rules.setup.aggregated {
            rules.fill_in();
        }
        rules
    }

    /// The number of the role that a binding refers to, be it there or not.
    fn number(&mut self, key: Option<Key>) -> RoleNumber {
        let Some(key) = key else { return RoleNumber::NONE };
        if let Some(number) = self.known(&key) {
            return number;
        }
        let number = RoleNumber::at(self.roles.push(RoleSlot::default()));
        self.index.insert_key(&key, number);
        self.named.push(Named { key, given: None });
        number
    }

    pub(crate) fn known(&self, key: &Key) -> Option<RoleNumber> {
        let mut numbers = self.index.roles_called(key).iter().copied();
        numbers.find(|number| self.named.get(number.place()).is_some_and(|n| n.key == *key))
    }

    /// All roles, in the order given.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.order.iter().flatten().filter_map(|number| self.slot(*number)?.role.as_ref())
    }

    /// All bindings, in the order they are visited in.
    pub fn bindings(&self) -> impl Iterator<Item = &Arc<Binding>> {
        self.everywhere().map(|bound| bound.binding)
    }

    /// A binding of this set, and the role it grants unless there is no such role.
    pub fn binding(&self, id: BindingId) -> Option<(&Arc<Binding>, Option<&Arc<Role>>)> {
        self.bound(id).map(|bound| (bound.binding, bound.role))
    }

    /// The role that a binding refers to; the binding need not be of this set.
    pub fn role(&self, binding: &Binding) -> Option<&Arc<Role>> {
        self.slot(self.known(&binding.role_key()?)?)?.role.as_ref()
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    #[inline]
    pub(crate) fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    #[inline]
    pub(crate) fn slot(&self, number: RoleNumber) -> Option<&RoleSlot> {
        self.roles.get(number.place())
    }

    #[inline]
    fn entered(&self, id: BindingId) -> Option<&Entered> {
        let list = if id.is_local() { &self.role_bindings } else { &self.cluster_bindings };
        list.get(id.place())?.as_ref()
    }

    pub(crate) fn bound(&self, id: BindingId) -> Option<Bound<'_>> {
        self.entered(id).map(|entered| self.with_role(entered))
    }

    /// The bindings in scope that name the requester, in the order in which decisions visit them.
    pub(crate) fn naming(
        &self,
        requester: &Requester,
        namespace: Option<&Namespace>,
    ) -> impl Iterator<Item = Bound<'_>> {
        let scope = namespace.map(hash::namespace);
        let found = requester.names().flat_map(|name| {
            let hash = name.hash();
            let local = scope.and_then(|scope| self.index.in_namespace(hash, scope));
            let found = self.index.in_cluster(hash).into_iter().chain(local);
            let entries = found.flat_map(|found| found.items());
            entries.filter(move |entry| self.index.is_meant(entry, name, namespace))
        });
        let mut ids: Vec<BindingId> = found.map(|entry| entry.binding).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(|id| self.bound(id))
    }

    /// The bindings that refer to a role.
    pub(crate) fn binding_to(&self, role: RoleNumber) -> impl Iterator<Item = Bound<'_>> {
        let (cluster, local) =
            (self.index.bound_in_cluster(role), self.index.bound_in_namespaces(role));
        let ids = cluster.iter().chain(local);
        let bound =
            ids.filter_map(|id| self.entered(*id)).filter(move |entered| entered.role == role);
        bound.map(|entered| self.with_role(entered))
    }

    pub(crate) fn key(&self, role: RoleNumber) -> Option<&Key> {
        self.named.get(role.place()).map(|named| &named.key)
    }

    /// Whether the binding refers to the role.
    pub(crate) fn binds(&self, id: BindingId, role: RoleNumber) -> bool {
        self.entered(id).is_some_and(|entered| entered.role == role)
    }

    fn with_role<'a>(&'a self, Entered { binding, role }: &'a Entered) -> Bound<'a> {
        Bound { binding, role: self.slot(*role).and_then(|slot| slot.role.as_ref()) }
    }

    /// The bindings that count in `namespace` (or, without one, in the whole cluster).
    pub(crate) fn in_scope(
        &self,
        namespace: Option<&Namespace>,
    ) -> impl Iterator<Item = Bound<'_>> {
        let local = namespace.map_or(&[][..], |namespace| self.index.local(namespace));
        let local = local.iter().filter_map(|(id, _)| self.entered(*id));
        let local = local.filter(move |entered| entered.binding.namespace.as_ref() == namespace);
        let all = self.cluster_bindings.iter().flatten().chain(local);
        all.map(|entered| self.with_role(entered))
    }

    /// Every binding.
    pub(crate) fn everywhere(&self) -> impl Iterator<Item = Bound<'_>> {
        let all = self.cluster_bindings.iter().chain(self.role_bindings.iter()).flatten();
        all.map(|entered| self.with_role(entered))
    }

    /// The RoleBindings that do not count in `namespace`.
    pub(crate) fn out_of_scope(
        &self,
        namespace: Option<&Namespace>,
    ) -> impl Iterator<Item = Bound<'_>> {
        let others = self.role_bindings.iter().flatten();
        let others = others.filter(move |entered| entered.binding.namespace.as_ref() != namespace);
        others.map(|entered| self.with_role(entered))
    }
}

// === Changing them ===

/// Fewer places than this that nothing is at any more are not worth making everything anew.
pub(crate) const DEAD_MIN: usize = 1024;

impl Rules {
    /// The same set made from scratch, if half of the places in this one are empty; else a clone. So
    /// a long life costs no more memory than twice what a fresh set takes, and of the changes only
    /// one in as many as there are bindings pays for it.
    pub(crate) fn renewed(&self) -> Self {
        if self.dead < DEAD_MIN.max(self.places() / 2) {
            return self.clone();
        }
        let roles = self.given().map(|(_, given)| Arc::clone(&given.role)).collect();
        let bindings = self.bindings().map(Arc::clone).collect();
        Self::of(roles, bindings, self.setup.clone())
    }

    /// How many roles and bindings there is place for.
    pub(crate) fn places(&self) -> usize {
        self.order.len() + self.cluster_bindings.len() + self.role_bindings.len()
    }

    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The roles as they were given, in order.
    fn given(&self) -> impl Iterator<Item = (RoleNumber, &Given)> {
        let numbers = self.order.iter().flatten().copied();
        numbers.filter_map(|number| Some((number, self.given_as(number)?)))
    }

    fn given_as(&self, number: RoleNumber) -> Option<&Given> {
        self.named.get(number.place())?.given.as_ref()
    }

    /// The role of this key as it was given.
    pub(crate) fn given_role(&self, key: &Key) -> Option<&Arc<Role>> {
        Some(&self.given_as(self.known(key)?)?.role)
    }

    /// Puts a role in the place of the one of its key, or at the end; hands back its number.
    pub(crate) fn put_role(&mut self, role: &Arc<Role>) -> RoleNumber {
        let number = self.number(Some(role.key()));
        let place = match self.given_as(number) {
            Some(given) => given.place,
            None => self.order.push(Some(number)),
        };
        self.give(number, Some(Given { role: Arc::clone(role), place }));
        self.set_role(number, Some(Arc::clone(role)));
        number
    }

    /// Takes a role away; hands back its number if it was there.
    pub(crate) fn delete_role(&mut self, key: &Key) -> Option<RoleNumber> {
        let number = self.known(key)?;
        let place = self.given_as(number)?.place;
        self.order.set(place, None);
        self.dead += 1;
        self.give(number, None);
        self.set_role(number, None);
        Some(number)
    }

    fn give(&mut self, number: RoleNumber, given: Option<Given>) {
        let gathers = given.as_ref().is_some_and(|given| given.role.aggregation.is_some());
        if gathers != self.gatherers.contains(&number) {
            let others = self.gatherers.iter().copied().filter(|other| *other != number);
            self.gatherers = others.chain(gathers.then_some(number)).collect();
        }
        if let Some(named) = self.named.get(number.place()).cloned() {
            self.named.set(number.place(), Named { given, ..named });
        }
    }

    /// What the role grants from now on.
    fn set_role(&mut self, number: RoleNumber, role: Option<Arc<Role>>) {
        if let Some(before) = self.slot(number).and_then(|slot| slot.role.clone()) {
            self.index.remove_role(number, &before);
        }
        if let Some(role) = &role {
            self.index.insert_role(number, role);
        }
        for rule in role.iter().flat_map(|role| &role.rules) {
            if !self.lexicon.has(rule) {
                Arc::make_mut(&mut self.lexicon).learn(rule);
            }
        }
        let slot = role.map(|role| RoleSlot::of(&self.lexicon, role)).unwrap_or_default();
        self.roles.set(number.place(), slot);
    }

    /// Whether the rules of aggregated roles may be others if this one comes, goes or changes.
    pub(crate) fn is_gathered(&self, role: &Role) -> bool {
        let gathers = |number: &RoleNumber| {
            let selectors = self.given_as(*number).and_then(|g| g.role.aggregation.as_ref());
            selectors.into_iter().flatten().any(|selector| selector.matches(&role.labels))
        };
        let picked = || role.namespace.is_none() && self.gatherers.iter().any(gathers);
        self.setup.aggregated && (role.aggregation.is_some() || picked())
    }

    /// Fills in the rules of aggregated roles, and says which of them grant something else now. It
    /// looks at every ClusterRole.
    pub(crate) fn fill_in(&mut self) -> Vec<RoleNumber> {
        let (numbers, roles): (Vec<RoleNumber>, Vec<Arc<Role>>) = self
            .given()
            .filter(|(_, given)| given.role.namespace.is_none() || given.role.aggregation.is_some())
            .map(|(number, given)| (number, Arc::clone(&given.role)))
            .unzip();
        let filled = filled(&roles.iter().map(Arc::as_ref).collect::<Vec<_>>());
        let mut changed = Vec::new();
        for (at, rules) in filled {
            let (Some(number), Some(role)) = (numbers.get(at), roles.get(at)) else { continue };
            let before = self.slot(*number).and_then(|slot| slot.role.as_ref());
            let same = |before: &Arc<Role>| {
                let mut pairs = before.rules.iter().zip(&rules);
                before.rules.len() == rules.len() && pairs.all(|(a, b)| Arc::ptr_eq(a, b))
            };
            if !before.is_some_and(same) {
                self.set_role(*number, Some(Arc::new(Role { rules, ..Role::clone(role) })));
                changed.push(*number);
            }
        }
        changed
    }

    /// The binding of this key.
    pub(crate) fn binding_called(&self, key: &Key) -> Option<(BindingId, &Arc<Binding>)> {
        let ids = self.index.bindings_called(key).iter().copied();
        let mut bindings = ids.filter_map(|id| Some((id, &self.entered(id)?.binding)));
        bindings.find(|(_, binding)| binding.key() == *key)
    }

    /// Puts a binding in the place of the one of its key, or at the end.
    pub(crate) fn put_binding(&mut self, binding: &Arc<Binding>) {
        let role = self.number(binding.role_key());
        let entered = Entered { binding: Arc::clone(binding), role };
        let id = match self.binding_called(&binding.key()).map(|(id, _)| id) {
            Some(id) => {
                // Nothing else may refer to what it referred to.
                self.dead += usize::from(!self.binds(id, role));
                self.unfile(id);
                self.list(id.is_local()).set(id.place(), Some(entered));
                id
            }
            None if binding.namespace.is_none() => {
                BindingId::cluster(self.cluster_bindings.push(Some(entered)))
            }
            None => BindingId::local(self.role_bindings.push(Some(entered))),
        };
        self.index.insert_binding(id, binding, role);
    }

    /// Takes a binding away.
    pub(crate) fn delete_binding(&mut self, id: BindingId) {
        self.unfile(id);
        self.list(id.is_local()).set(id.place(), None);
        self.dead += 1;
    }

    fn unfile(&mut self, id: BindingId) {
        if let Some(Entered { binding, role }) = self.entered(id).cloned() {
            self.index.remove_binding(id, &binding, role);
        }
    }

    fn list(&mut self, local: bool) -> &mut Slots<Option<Entered>> {
        if local { &mut self.role_bindings } else { &mut self.cluster_bindings }
    }
}

// === impl RoleSlot ===

impl RoleSlot {
    fn of(lexicon: &Lexicon, role: Arc<Role>) -> Self {
        let outlines: Vec<Outline> =
            role.rules.iter().map(|rule| Outline::of(lexicon, rule)).collect();
        Self { outlines: Outlines::of(&outlines), role: Some(role) }
    }

    /// Whether it may permit what is asked. If not, it does not.
    #[inline]
    pub(crate) fn may(&self, asked: Asked) -> bool {
        self.outlines.may(asked)
    }

    /// The first rule that permits `verb` on `target`, by its place. `asked` is both; where it
    /// [is exact](Asked::is_exact), most rules, which are four dependent loads away, are not needed.
    #[inline]
    pub(crate) fn permitting(
        &self,
        asked: Asked,
        is_exact: bool,
        verb: &str,
        target: &Target,
    ) -> Option<usize> {
        let permits = |place: usize| {
            let rule = self.role.as_ref().and_then(|role| role.rules.get(place));
            rule.is_some_and(|rule| rule.permits(verb, target))
        };
        let mut outlines = self.outlines.each().iter().enumerate();
        let first = outlines.find(|(place, outline)| {
            outline.may(asked) && (is_exact && outline.has_any_name() || permits(*place))
        });
        first.map(|(place, _)| place)
    }
}

// === impl BindingId ===

/// Set in the numbers of RoleBindings, so that they come after those of cluster bindings.
const LOCAL: u32 = 1 << 31;

impl BindingId {
    /// More than 2³¹ bindings are beyond what memory holds: each takes hundreds of bytes.
    fn cluster(place: usize) -> Self {
        Self(u32::try_from(place).unwrap_or(u32::MAX) & !LOCAL)
    }

    fn local(place: usize) -> Self {
        Self(Self::cluster(place).0 | LOCAL)
    }

    /// Whether it is a RoleBinding.
    pub(crate) fn is_local(self) -> bool {
        self.0 & LOCAL != 0
    }

    fn place(self) -> usize {
        usize::try_from(self.0 & !LOCAL).unwrap_or(usize::MAX)
    }
}

// === impl RoleNumber ===

impl RoleNumber {
    /// What a reference has that no role can answer: a Role without a namespace, an unknown kind.
    const NONE: Self = Self(u32::MAX);

    fn at(place: usize) -> Self {
        Self(u32::try_from(place).unwrap_or(u32::MAX))
    }

    fn place(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
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

    pub(crate) fn key(&self) -> Key {
        (self.namespace.clone(), self.name.clone())
    }

    pub(crate) fn place_accounts(&mut self) {
        for subject in &mut self.subjects {
            if let Party::ServiceAccount { namespace, .. } = &mut subject.who
                && namespace.as_ref().is_none_or(|n| n.as_str().is_empty())
            {
                namespace.clone_from(&self.namespace);
            }
        }
    }

    /// A Role is looked up in the binding's own namespace, so a ClusterRoleBinding finds none.
    pub(crate) fn role_key(&self) -> Option<Key> {
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

    pub(crate) fn key(&self) -> Key {
        (self.namespace.clone(), self.name.clone())
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

    /// What somebody must be called to be this one; none if nobody can be.
    pub(crate) fn called(&self) -> Option<Name<SmolStr>> {
        match self {
            _ if self.is_nobody() => None,
            Self::User(name) => Some(Name::User(name.clone())),
            Self::Group(name) => Some(Name::Group(name.clone())),
            Self::ServiceAccount { namespace: Some(namespace), name } => {
                Some(Name::User(format_smolstr!("{ACCOUNT_PREFIX}{namespace}:{name}")))
            }
            Self::ServiceAccount { namespace: None, .. } | Self::Other { .. } => None,
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
