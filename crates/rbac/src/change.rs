//! Changing a set of rules, and whose answers that changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use portcullis_core::Namespace;
use smol_str::SmolStr;

use crate::attempt::Requester;
use crate::grant::Scope;
use crate::rules::{Binding, Key, Party, Role, RoleNumber, Rules};

/// One change of a [`Rules`].
///
/// What is put takes the place of what has the same kind, namespace and name, and else comes last, as
/// in [`RulesBuilder`](crate::RulesBuilder). What is built in gives way to what is put, and comes back
/// to its place when that is deleted; by itself it cannot be deleted.
#[derive(Clone, Debug)]
pub enum Change {
    /// A Role or ClusterRole is there, as it was stored: its rules are filled in if those of the set
    /// are.
    PutRole(Role),
    /// The Role of this namespace or, without one, the ClusterRole of this name is gone.
    DeleteRole(Option<Namespace>, SmolStr),
    /// A RoleBinding or ClusterRoleBinding is there.
    PutBinding(Binding),
    /// The RoleBinding of this namespace or, without one, the ClusterRoleBinding of this name is gone.
    DeleteBinding(Option<Namespace>, SmolStr),
}

/// Whose answers a change may change. Who is not [concerned](Touched::concerns) in a namespace is
/// allowed there after it what they were before, by the same bindings, subjects and rules.
///
/// What a refusal tells besides (who is nearly named, what is granted elsewhere) is about others, and
/// may change for anybody.
///
/// It holds bindings and the names of roles rather than their subjects, so that a role bound in every
/// namespace costs no more to say than one that is bound once.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    /// Those that came, went or changed, as they were and as they are.
    bindings: Vec<Arc<Binding>>,
    /// Those that came, went or changed, and are bound.
    roles: BTreeSet<Key>,
}

// === impl Rules ===

impl Rules {
    /// The same with these changes, in turn, and whose answers they may change. This one stays as it
    /// is.
    ///
    /// What it costs depends on what changes, not on how much there is: some microseconds, whoever
    /// binds the role. Three things cost more. A ClusterRole that others aggregate, or that
    /// aggregates others: all ClusterRoles are looked at, once for all changes given together. One
    /// name, role or namespace with thousands of bindings: the list of their numbers is copied. And
    /// when as much has been deleted as is left, everything is made anew.
    pub fn changed(&self, changes: impl IntoIterator<Item = Change>) -> (Self, Touched) {
        let (mut next, mut touched) = (self.renewed(), Touched::default());
        let mut gathered = false;
        for change in changes {
            match change {
                Change::PutRole(role) => {
                    gathered |= put_role(&mut next, &Arc::new(role), &mut touched);
                }
                Change::DeleteRole(namespace, name) => {
                    gathered |= delete_role(&mut next, &(namespace, name), &mut touched);
                }
                Change::PutBinding(mut binding) => {
                    binding.place_accounts();
                    put_binding(&mut next, &Arc::new(binding), &mut touched);
                }
                Change::DeleteBinding(namespace, name) => {
                    delete_binding(&mut next, &(namespace, name), &mut touched);
                }
            }
        }
        if gathered {
            for number in next.fill_in() {
                touched.role(&next, number);
            }
        }
        (next, touched)
    }
}

/// Whether rules have to be filled in again.
fn put_role(rules: &mut Rules, role: &Arc<Role>, touched: &mut Touched) -> bool {
    let before = rules.given_role(&role.key()).cloned();
    let gathered = before.is_some_and(|before| rules.is_gathered(&before));
    let number = rules.put_role(role);
    touched.role(rules, number);
    gathered || rules.is_gathered(role)
}

fn delete_role(rules: &mut Rules, key: &Key, touched: &mut Touched) -> bool {
    let built_in = rules.setup().built_in.clone();
    let built_in = built_in.as_ref().and_then(|built_in| built_in.roles.get(key));
    let Some(before) = rules.given_role(key).cloned() else { return false };
    match built_in {
        Some(built_in) if Arc::ptr_eq(built_in, &before) => false,
        Some(built_in) => put_role(rules, built_in, touched),
        None => {
            let gathered = rules.is_gathered(&before);
            if let Some(number) = rules.delete_role(key) {
                touched.role(rules, number);
            }
            gathered
        }
    }
}

fn put_binding(rules: &mut Rules, binding: &Arc<Binding>, touched: &mut Touched) {
    let before = rules.binding_called(&binding.key()).map(|(_, before)| Arc::clone(before));
    touched.bindings.extend(before);
    touched.bindings.push(Arc::clone(binding));
    rules.put_binding(binding);
}

fn delete_binding(rules: &mut Rules, key: &Key, touched: &mut Touched) {
    let built_in = rules.setup().built_in.clone();
    let built_in = built_in.as_ref().and_then(|built_in| built_in.bindings.get(key));
    let Some((id, before)) = rules.binding_called(key) else { return };
    match built_in {
        Some(built_in) if Arc::ptr_eq(built_in, before) => {}
        Some(built_in) => put_binding(rules, built_in, touched),
        None => {
            touched.bindings.push(Arc::clone(before));
            rules.delete_binding(id);
        }
    }
}

// === impl Touched ===

impl Touched {
    /// Whether nobody's answers change.
    pub fn is_nothing(&self) -> bool {
        self.bindings.is_empty() && self.roles.is_empty()
    }

    /// Whether the answers to a requester may change, for targets in `namespace` or, without one, for
    /// those in none. `rules` are those before the change or those after it.
    pub fn concerns(
        &self,
        rules: &Rules,
        requester: &Requester,
        namespace: Option<&Namespace>,
    ) -> bool {
        let counts = |b: &Binding| b.namespace.is_none() || b.namespace.as_ref() == namespace;
        let named = |b: &Arc<Binding>| counts(b) && b.names(requester).is_some();
        let touched = |b: &Binding| b.role_key().is_some_and(|key| self.roles.contains(&key));
        self.bindings.iter().any(named)
            || !self.roles.is_empty()
                && rules.naming(requester, namespace).any(|bound| touched(bound.binding))
    }

    /// Everybody who is concerned, and where. `rules` are those before the change or those after it.
    pub fn subjects(&self, rules: &Rules) -> BTreeSet<(Scope, Party)> {
        let of_role = |key: &Key| rules.known(key).map(|number| rules.binding_to(number));
        let bound = self.roles.iter().filter_map(of_role).flatten().map(|bound| bound.binding);
        let all = self.bindings.iter().chain(bound).flat_map(|binding| {
            let named = binding.subjects.iter().filter(|subject| !subject.who.is_nobody());
            named.map(|subject| (Scope::of(binding), subject.who.clone()))
        });
        all.collect()
    }

    /// This and what the other one says.
    pub fn and(mut self, other: Self) -> Self {
        self.bindings.extend(other.bindings);
        self.roles.extend(other.roles);
        self
    }

    fn role(&mut self, rules: &Rules, number: RoleNumber) {
        if rules.binding_to(number).next().is_some() {
            self.roles.extend(rules.key(number).cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RulesBuilder;
    use crate::decide::decide;
    use crate::rules::DEAD_MIN;
    use crate::testing::{attempt, binding, role, rules};

    #[test]
    fn a_set_that_has_lost_as_much_as_it_holds_is_made_anew() {
        let mut rules = rules("r: get - pods\nfirst = r: User jane\na/last = r: User joe");
        let delete = || Change::DeleteBinding(None, "passing".into());
        let mut renewed = 0;
        for _ in 0..2 * DEAD_MIN + 2 {
            let passing = binding("passing", "r", "User eve");
            let (put, touched) = rules.changed([Change::PutBinding(passing)]);
            assert!(touched.concerns(&put, &attempt("eve get pods").requester, None));
            renewed += usize::from(put.places() < rules.places());
            rules = put.changed([delete()]).0;
            assert!(rules.places() <= DEAD_MIN + 4, "{}", rules.places());
        }
        assert!(renewed > 0);
        let by = |asked: &str| decide(&rules, &attempt(asked)).by.and_then(|by| rules.grant(by));
        assert!(by("eve get pods").is_none());
        assert_eq!(by("jane get pods").expect("a grant").binding.name, "first");
        assert_eq!(by("joe get pods a").expect("a grant").binding.name, "last");
    }

    #[test]
    fn what_is_built_in_comes_back_to_its_place() {
        let rules = RulesBuilder::new().with_bootstrap().aggregated().build();
        let names = |rules: &Rules| -> Vec<String> {
            let roles = rules.roles().map(|role| role.to_string());
            roles.chain(rules.bindings().map(|binding| binding.to_string())).collect()
        };
        let delete = || Change::DeleteRole(None, "cluster-admin".into());
        assert!(rules.changed([delete()]).1.is_nothing());
        let (less, touched) = rules.changed([Change::PutRole(role("cluster-admin: get - pods"))]);
        assert_eq!(names(&less), names(&rules));
        let root = attempt("root,system:masters get secrets");
        assert!(touched.concerns(&rules, &root.requester, None));
        let verdicts = |rules: &Rules| decide(rules, &root).by.is_some();
        let back = less.changed([delete()]).0;
        assert_eq!((verdicts(&rules), verdicts(&less), verdicts(&back)), (true, false, true));
        assert_eq!(names(&back), names(&rules));
    }
}
