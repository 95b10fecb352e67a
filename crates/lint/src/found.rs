//! What checks are, and what they write into.

use portcullis_core::{Code, Diagnostic, Place, Severity};
use portcullis_object::{Cursor, codes};

use crate::context::Context;

/// One thing that is looked for.
pub(crate) struct Check {
    /// Its code.
    pub(crate) code: Code,
    /// How bad it usually is.
    pub(crate) severity: Severity,
    /// What it finds, in a few words.
    pub(crate) title: &'static str,
    pub(crate) run: fn(&Context<'_>, &mut Found),
}

impl Check {
    /// A finding of this check.
    pub(crate) fn at(&self, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, self.severity, place, message)
    }

    /// A finding that is only worth knowing.
    pub(crate) fn note(&self, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, Severity::Info, place, message)
    }
}

/// What was found so far, by readers, lowering and checks.
///
/// A check may also take back what was told before: where one cause explains many findings, it is
/// told once.
pub(crate) struct Found(Vec<Diagnostic>);

impl Found {
    pub(crate) fn new(told: Vec<Diagnostic>) -> Self {
        Self(told)
    }

    pub(crate) fn add(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub(crate) fn told(&self) -> &[Diagnostic] {
        &self.0
    }

    /// Whether a field directly in this node was not understood: what the node then seems to say is
    /// not what its author meant.
    pub(crate) fn misread(&self, at: Cursor<'_>) -> bool {
        let here = at.origin();
        let own = here.path.steps();
        let unread = |d: &&Diagnostic| matches!(d.code, codes::UNKNOWN_FIELD | codes::WRONG_CASE);
        self.0.iter().filter(unread).filter_map(Diagnostic::origin).any(|origin| {
            let steps = origin.path.steps();
            origin.document == here.document
                && steps.len() == own.len() + 1
                && steps.starts_with(&own)
        })
    }

    /// Whether a warning of this code was told about something in this node: it explains what the
    /// node then leads to.
    pub(crate) fn explains(&self, code: Code, at: Cursor<'_>) -> bool {
        let here = at.origin();
        let own = here.path.steps();
        let warned = |d: &&Diagnostic| d.code == code && d.severity >= Severity::Warning;
        self.0
            .iter()
            .filter(warned)
            .filter_map(Diagnostic::origin)
            .any(|origin| origin.document == here.document && origin.path.steps().starts_with(&own))
    }

    /// Every finding, to add to it.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Diagnostic> {
        self.0.iter_mut()
    }

    /// Takes back what a better finding explains.
    pub(crate) fn take_back(&mut self, explained: impl Fn(&Diagnostic) -> bool) {
        self.0.retain(|d| !explained(d));
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.0
    }
}
