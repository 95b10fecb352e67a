//! One reason why something is permitted: a binding, a subject, a role and a rule.

use std::fmt;
use std::sync::Arc;

use portcullis_core::{Namespace, Origin};

use crate::attempt::Target;
use crate::rule::Rule;
use crate::rules::{Binding, Bound, Role, Subject};

/// Where a binding grants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// In every namespace, and on what has none.
    Cluster,
    /// In one namespace.
    Namespace(Namespace),
}

/// One rule that a binding gives to a subject. Cloning is O(1).
#[derive(Clone, Debug)]
pub struct Grant {
    /// The binding.
    pub binding: Arc<Binding>,
    /// The one whom the binding names.
    pub subject: Subject,
    /// The role that the binding refers to.
    pub role: Arc<Role>,
    /// The rule of the role.
    pub rule: Arc<Rule>,
    /// The rule's place among those of the role, counted from 0.
    pub index: usize,
}

// === impl Scope ===

impl Scope {
    /// Where this binding grants.
    pub fn of(binding: &Binding) -> Self {
        binding.namespace.clone().map_or(Self::Cluster, Self::Namespace)
    }
}

/// `cluster`, or `namespace x`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("cluster"),
            Self::Namespace(namespace) => write!(f, "namespace {namespace}"),
        }
    }
}

// === impl Grant ===

impl Grant {
    /// Where it holds.
    pub fn scope(&self) -> Scope {
        Scope::of(&self.binding)
    }

    /// Where the rule stands; for an aggregated role, in the role it was copied from.
    pub fn origin(&self) -> &Origin {
        &self.rule.origin
    }
}

/// `RoleBinding a/b grants Role a/r#0 to Group g`; rules are counted from 0, as in the document.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { binding, subject, role, index, .. } = self;
        write!(f, "{binding} grants {role}#{index} to {}", subject.who)
    }
}

// === impl Bound ===

impl Bound<'_> {
    /// What the binding gives `subject` towards `verb` on `target`: the first rule that permits it.
    /// Whether the target is within the binding's scope is not asked here.
    pub(crate) fn grant(&self, subject: &Subject, verb: &str, target: &Target) -> Option<Grant> {
        let role = self.role?;
        let index = role.permitting(verb, target)?;
        self.grant_of(subject, index)
    }

    /// The rule at `index` as given to `subject`.
    pub(crate) fn grant_of(&self, subject: &Subject, index: usize) -> Option<Grant> {
        let role = self.role?;
        Some(Grant {
            binding: Arc::clone(self.binding),
            subject: subject.clone(),
            role: Arc::clone(role),
            rule: Arc::clone(role.rules.get(index)?),
            index,
        })
    }
}
