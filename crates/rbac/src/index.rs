//! Where to look: for every name, word and namespace, what has to do with it.
//!
//! ```text
//! name of a subject (, namespace) ─► subjects ──────┐
//! namespace ───────────────────────► RoleBindings   ├─► candidates, each asked whether it is meant
//! word of a rule ──────────────────► roles          │
//! role ────────────────────────────► its bindings ──┘
//! ```
//!
//! What is filed under what is said once, for an index made at a stroke and for one that follows
//! changes.

use std::cmp::Ordering;
use std::sync::Arc;

use foldhash::quality::FixedState;
use indexmap::IndexSet;
use portcullis_core::{Namespace, Slots};
use smol_str::SmolStr;

use crate::attempt::Target;
use crate::hash::{self, Spelled};
use crate::postings::{Found, Postings, Sieve};
use crate::rule::ALL;
use crate::rules::{Binding, BindingId, Key, Name, Role, RoleNumber};

/// The index of a [`Rules`](crate::Rules). Clones are O(1).
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Of cluster bindings, by name. They are few and asked in every question, so that they stay in
    /// the cache if they stand by themselves.
    cluster_subjects: Postings<Entry>,
    /// The names of those, and of some that are gone: most of who asks is not among them, which this
    /// says in a third of the instructions.
    cluster_names: Arc<Sieve<CLUSTER_NAMES>>,
    /// Of RoleBindings, by name and namespace.
    local_subjects: Postings<Entry>,
    /// The namespaces of entries, by number, and the numbers by namespace.
    namespaces: Slots<Namespace>,
    numbers: Postings<u32>,
    /// RoleBindings by namespace.
    local: Postings<(BindingId, RoleNumber)>,
    /// Cluster bindings by role.
    cluster_bound: Postings<BindingId>,
    /// RoleBindings by role.
    local_bound: Postings<BindingId>,
    /// By key.
    bindings: Postings<BindingId>,
    /// By key.
    roles: Postings<RoleNumber>,
    /// By word of a rule and kind of role.
    about: Postings<RoleNumber>,
}

/// One subject of one binding. Equal and ordered by that alone, in the order in which decisions visit
/// them.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub binding: BindingId,
    /// Its place among those of the binding.
    subject: u32,
    /// What the binding grants.
    pub role: RoleNumber,
    /// The number of that of the binding, if it has one; and [`GROUP`], if the name is a group's.
    namespace: u32,
    /// What one must be called to be the subject. The binding says it too, four dependent loads away.
    name: SmolStr,
}

/// So many that with two thousand names one in thirty passes that is not there. A change copies them.
const CLUSTER_NAMES: usize = 256;

/// Set beside numbers of namespaces, of which there are fewer.
const GROUP: u32 = 1 << 31;

/// What is filed of many bindings at a stroke: to sort it all once takes a fraction of the time that
/// filing it one by one would.
#[derive(Default)]
pub(crate) struct Draft {
    cluster_subjects: Vec<(u64, Entry)>,
    local_subjects: Vec<(u64, Entry)>,
    namespaces: IndexSet<Namespace, FixedState>,
    local: Vec<(u64, (BindingId, RoleNumber))>,
    cluster_bound: Vec<(u64, BindingId)>,
    local_bound: Vec<(u64, BindingId)>,
    bindings: Vec<(u64, BindingId)>,
}

/// Which roles: a ClusterRole is found by whoever asks, a Role only where its namespace is.
#[derive(Clone, Copy)]
#[repr(u64)]
pub(crate) enum Roles {
    Cluster = 1,
    Local,
}

// === impl Entry ===

impl Entry {
    /// The place of the subject among those of the binding.
    #[inline]
    pub(crate) fn place(&self) -> usize {
        usize::try_from(self.subject).unwrap_or(usize::MAX)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.binding, self.subject).cmp(&(other.binding, other.subject))
    }
}

// === What is filed under what ===

/// Each subject, by what it is filed under. `namespace` is the number of that of the binding.
fn subjects(
    id: BindingId,
    binding: &Binding,
    role: RoleNumber,
    namespace: u32,
) -> impl Iterator<Item = (u64, Entry)> {
    let scope = binding.namespace.as_ref().map(hash::namespace);
    binding.subjects.iter().zip(0..).filter_map(move |(named, subject)| {
        let called = named.who.called()?;
        let name = called.hash();
        let key = scope.map_or(name, |scope| hash::within(name, scope));
        let (name, group) = split(called);
        Some((key, Entry { binding: id, subject, role, namespace: namespace | group, name }))
    })
}

/// A name, and what an entry adds to the number of its namespace.
#[inline]
fn split<S>(name: Name<S>) -> (S, u32) {
    match name {
        Name::User(user) => (user, 0),
        Name::Group(group) => (group, GROUP),
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX) & !GROUP
}

fn about(role: &Role) -> impl Iterator<Item = u64> {
    let kind = if role.namespace.is_some() { Roles::Local } else { Roles::Cluster };
    let words = role.rules.iter().flat_map(|rule| &rule.resources).map(|word| hash::word(word));
    let urls = role.rules.iter().any(|rule| !rule.urls.is_empty()).then(hash::urls);
    words.chain(urls).map(move |word| hash::within(word, kind as u64))
}

// === impl Draft ===

impl Draft {
    pub(crate) fn binding(&mut self, id: BindingId, binding: &Binding, role: RoleNumber) {
        let list = match &binding.namespace {
            None => &mut self.cluster_subjects,
            Some(_) => &mut self.local_subjects,
        };
        let mut number_of =
            |namespace: &Namespace| number(self.namespaces.insert_full(namespace.clone()).0);
        let namespace = binding.namespace.as_ref().map_or(0, &mut number_of);
        list.extend(subjects(id, binding, role, namespace));
        if let Some(namespace) = &binding.namespace {
            self.local.push((hash::namespace(namespace), (id, role)));
        }
        let bound = if id.is_local() { &mut self.local_bound } else { &mut self.cluster_bound };
        bound.push((hash::number(role.0), id));
        self.bindings.push((hash::key(&binding.key()), id));
    }
}

// === impl Index ===

impl Index {
    /// Of these roles, and no binding yet.
    pub(crate) fn of<'a>(roles: impl Iterator<Item = (RoleNumber, &'a Role)> + Clone) -> Self {
        let keys = roles.clone().map(|(number, role)| (hash::key(&role.key()), number));
        let words = roles.flat_map(|(number, role)| about(role).map(move |word| (word, number)));
        let (roles, about) = (Postings::of(keys.collect()), Postings::of(words.collect()));
        Self { roles, about, ..Self::default() }
    }

    /// Takes the place of the bindings there were.
    pub(crate) fn set_bindings(&mut self, draft: Draft) {
        self.cluster_names = Arc::default();
        draft.cluster_subjects.iter().for_each(|(name, _)| self.learn_name(*name));
        self.cluster_subjects = Postings::of(draft.cluster_subjects);
        self.local_subjects = Postings::of(draft.local_subjects);
        let numbers = draft.namespaces.iter().map(hash::namespace).zip(0..).collect();
        self.numbers = Postings::of(numbers);
        self.namespaces = draft.namespaces.into_iter().collect();
        self.local = Postings::of(draft.local);
        self.cluster_bound = Postings::of(draft.cluster_bound);
        self.local_bound = Postings::of(draft.local_bound);
        self.bindings = Postings::of(draft.bindings);
    }

    /// The number of a role, whether or not it is there.
    pub(crate) fn insert_key(&mut self, key: &Key, number: RoleNumber) {
        self.roles.insert(hash::key(key), number);
    }

    /// The words of a role.
    pub(crate) fn insert_role(&mut self, number: RoleNumber, role: &Role) {
        about(role).for_each(|word| self.about.insert(word, number));
    }

    /// Takes away what inserting it did.
    pub(crate) fn remove_role(&mut self, number: RoleNumber, role: &Role) {
        about(role).for_each(|word| self.about.remove(word, number));
    }

    /// A binding in all that concerns it.
    pub(crate) fn insert_binding(&mut self, id: BindingId, binding: &Binding, role: RoleNumber) {
        let namespace = binding.namespace.as_ref().map_or(0, |n| self.number_of(n));
        for (key, entry) in subjects(id, binding, role, namespace) {
            if !id.is_local() {
                self.learn_name(key);
            }
            self.subjects_of(id).insert(key, entry);
        }
        if let Some(namespace) = &binding.namespace {
            self.local.insert(hash::namespace(namespace), (id, role));
        }
        self.bound_of(id).insert(hash::number(role.0), id);
        self.bindings.insert(hash::key(&binding.key()), id);
    }

    /// Takes away what inserting it did.
    pub(crate) fn remove_binding(&mut self, id: BindingId, binding: &Binding, role: RoleNumber) {
        for (key, entry) in subjects(id, binding, role, 0) {
            self.subjects_of(id).remove(key, entry);
        }
        if let Some(namespace) = &binding.namespace {
            self.local.remove(hash::namespace(namespace), (id, role));
        }
        self.bound_of(id).remove(hash::number(role.0), id);
        self.bindings.remove(hash::key(&binding.key()), id);
    }

    /// Bindings that may be called so.
    pub(crate) fn bindings_called(&self, key: &Key) -> &[BindingId] {
        self.bindings.get(hash::key(key))
    }

    /// Until all is made anew, as others may have the same bits.
    fn learn_name(&mut self, name: u64) {
        if !self.cluster_names.passes(name) {
            Arc::make_mut(&mut self.cluster_names).insert(name);
        }
    }

    /// What the subjects of a binding are filed in.
    fn subjects_of(&mut self, id: BindingId) -> &mut Postings<Entry> {
        if id.is_local() { &mut self.local_subjects } else { &mut self.cluster_subjects }
    }

    /// The number of a namespace, which it keeps when its last binding goes.
    fn number_of(&mut self, namespace: &Namespace) -> u32 {
        let hash = hash::namespace(namespace);
        let mut known = self.numbers.get(hash).iter().copied();
        if let Some(number) = known.find(|number| self.namespace(*number) == Some(namespace)) {
            return number;
        }
        let number = number(self.namespaces.push(namespace.clone()));
        self.numbers.insert(hash, number);
        number
    }

    /// Where subjects of cluster bindings may be that are called so.
    #[inline]
    pub(crate) fn in_cluster(&self, name: u64) -> Option<Found<'_, Entry>> {
        if self.cluster_names.passes(name) { self.cluster_subjects.find(name) } else { None }
    }

    /// Where subjects of RoleBindings in a namespace may be that are called so.
    #[inline]
    pub(crate) fn in_namespace(&self, name: u64, scope: u64) -> Option<Found<'_, Entry>> {
        self.local_subjects.find(hash::within(name, scope))
    }

    /// Whether what was found by its hash names the one who is called so, and counts in the namespace.
    #[inline]
    pub(crate) fn is_meant(
        &self,
        entry: &Entry,
        called: Name<&str>,
        namespace: Option<&Namespace>,
    ) -> bool {
        let (name, group) = split(called);
        entry.name == name
            && entry.namespace & GROUP == group
            && (!entry.binding.is_local()
                || namespace.is_some() && self.namespace(entry.namespace & !GROUP) == namespace)
    }

    #[inline]
    fn namespace(&self, number: u32) -> Option<&Namespace> {
        self.namespaces.get(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// RoleBindings that may be in `namespace`, in order.
    pub(crate) fn local(&self, namespace: &Namespace) -> &[(BindingId, RoleNumber)] {
        self.local.get(hash::namespace(namespace))
    }

    /// What a binding is filed in by its role.
    fn bound_of(&mut self, id: BindingId) -> &mut Postings<BindingId> {
        if id.is_local() { &mut self.local_bound } else { &mut self.cluster_bound }
    }

    /// Cluster bindings that may refer to this role, in order.
    pub(crate) fn bound_in_cluster(&self, role: RoleNumber) -> &[BindingId] {
        self.cluster_bound.get(hash::number(role.0))
    }

    /// RoleBindings that may refer to this role, in order.
    pub(crate) fn bound_in_namespaces(&self, role: RoleNumber) -> &[BindingId] {
        self.local_bound.get(hash::number(role.0))
    }

    /// Roles of this kind that may have a rule about the target, each once.
    pub(crate) fn about(&self, target: &Target, kind: Roles) -> Vec<RoleNumber> {
        let words = match target {
            Target::Resource(asked) => {
                let Spelled { own, of_any } = Spelled::of(asked);
                [Some(hash::word(ALL)), Some(own), of_any]
            }
            Target::Url(_) => [Some(hash::urls()), None, None],
        };
        let words = words.into_iter().flatten();
        let mut roles: Vec<RoleNumber> = words
            .flat_map(|word| self.about.get(hash::within(word, kind as u64)))
            .copied()
            .collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// Roles that may be called so.
    pub(crate) fn roles_called(&self, key: &Key) -> &[RoleNumber] {
        self.roles.get(hash::key(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rules;

    /// What a hash that stands for two things would find.
    #[test]
    fn an_entry_is_meant_for_its_own_name_kind_and_namespace() {
        let rules = rules(
            "r: get - pods
             everywhere = r: User jane
             a/here = r: Group jane, ServiceAccount bot",
        );
        let (index, a, b) = (rules.index(), Namespace::new("a"), Namespace::new("b"));
        let bot = "system:serviceaccount:a:bot";
        let found = |name: Name<&str>| {
            let local = index.in_namespace(name.hash(), hash::namespace(&a));
            let found = index.in_cluster(name.hash()).or(local).expect("an entry");
            found.items().first().expect("an entry").clone()
        };
        let names = [Name::User("jane"), Name::Group("jane"), Name::User(bot), Name::User("joe")];
        let meant = |name: Name<&str>| {
            let entry = found(name);
            let in_scope = |scope| names.map(|name| index.is_meant(&entry, name, scope));
            [Some(&a), Some(&b), None].map(in_scope)
        };
        let [none, jane] = [[false; 4], [true, false, false, false]];
        assert_eq!(meant(Name::User("jane")), [jane, jane, jane]);
        assert_eq!(meant(Name::Group("jane")), [[false, true, false, false], none, none]);
        assert_eq!(meant(Name::User(bot)), [[false, false, true, false], none, none]);
    }
}
