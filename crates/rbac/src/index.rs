//! Where to look: for every name, word and namespace, what has to do with it.
//!
//! ```text
//! name of a subject, scope ─► subjects ──────┐
//! namespace ────────────────► RoleBindings   ├─► candidates, each asked whether it is meant
//! word of a rule ───────────► roles          │
//! role ─────────────────────► its bindings ──┘
//! ```
//!
//! What is filed under what is said once, for an index made at a stroke and for one that follows
//! changes.

use portcullis_core::Namespace;

use crate::attempt::Target;
use crate::hash::{self, Spelled};
use crate::postings::Postings;
use crate::rule::ALL;
use crate::rules::{Binding, BindingId, Key, Role, RoleNumber};

/// The index of a [`Rules`](crate::Rules). Clones are O(1).
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// By name and scope.
    subjects: Postings<Entry>,
    /// By namespace.
    local: Postings<(BindingId, RoleNumber)>,
    /// By role.
    bound: Postings<BindingId>,
    /// By key.
    bindings: Postings<BindingId>,
    /// By key.
    roles: Postings<RoleNumber>,
    /// By word of a rule and kind of role.
    about: Postings<RoleNumber>,
}

/// One subject of one binding, in the order in which decisions visit them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub binding: BindingId,
    subject: u32,
    /// What the binding grants.
    pub role: RoleNumber,
}

/// What is filed of many bindings at a stroke: to sort it all once takes a fraction of the time that
/// filing it one by one would.
#[derive(Default)]
pub(crate) struct Draft {
    subjects: Vec<(u64, Entry)>,
    local: Vec<(u64, (BindingId, RoleNumber))>,
    bound: Vec<(u64, BindingId)>,
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

// === What is filed under what ===

fn subjects(
    id: BindingId,
    binding: &Binding,
    role: RoleNumber,
) -> impl Iterator<Item = (u64, Entry)> {
    let scope = hash::scope(binding.namespace.as_ref());
    binding.subjects.iter().zip(0..).filter_map(move |(subject, place)| {
        let name = hash::party(&subject.who)?;
        Some((hash::within(name, scope), Entry { binding: id, subject: place, role }))
    })
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
        self.subjects.extend(subjects(id, binding, role));
        if let Some(namespace) = &binding.namespace {
            self.local.push((hash::scope(Some(namespace)), (id, role)));
        }
        self.bound.push((hash::number(role.0), id));
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
        self.subjects = Postings::of(draft.subjects);
        self.local = Postings::of(draft.local);
        self.bound = Postings::of(draft.bound);
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
        subjects(id, binding, role).for_each(|(name, entry)| self.subjects.insert(name, entry));
        if let Some(namespace) = &binding.namespace {
            self.local.insert(hash::scope(Some(namespace)), (id, role));
        }
        self.bound.insert(hash::number(role.0), id);
        self.bindings.insert(hash::key(&binding.key()), id);
    }

    /// Takes away what inserting it did.
    pub(crate) fn remove_binding(&mut self, id: BindingId, binding: &Binding, role: RoleNumber) {
        subjects(id, binding, role).for_each(|(name, entry)| self.subjects.remove(name, entry));
        if let Some(namespace) = &binding.namespace {
            self.local.remove(hash::scope(Some(namespace)), (id, role));
        }
        self.bound.remove(hash::number(role.0), id);
        self.bindings.remove(hash::key(&binding.key()), id);
    }

    /// Bindings that may be called so.
    pub(crate) fn bindings_called(&self, key: &Key) -> &[BindingId] {
        self.bindings.get(hash::key(key))
    }

    /// Subjects that a requester of this name may be, in this scope.
    #[inline]
    pub(crate) fn subjects(&self, name: u64, scope: u64) -> &[Entry] {
        self.subjects.get(hash::within(name, scope))
    }

    /// RoleBindings that may be in `namespace`, in order.
    pub(crate) fn local(&self, namespace: &Namespace) -> &[(BindingId, RoleNumber)] {
        self.local.get(hash::scope(Some(namespace)))
    }

    /// What may bind this role, in order.
    pub(crate) fn bound(&self, role: RoleNumber) -> &[BindingId] {
        self.bound.get(hash::number(role.0))
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
