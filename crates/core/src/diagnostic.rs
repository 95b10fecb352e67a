//! What is wrong with what people wrote.
//!
//! A diagnostic points at a [`Place`]; only the edge knows files, lines and colours.

use std::fmt;

use crate::origin::{Origin, Place};

/// The stable name of a kind of finding, such as `NP104`. Never renumbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It probably does not do what it says.
    Warning,
    /// The original refuses it, or it certainly does not do what it says.
    Error,
}

/// `info`, `warning`, `error`.
impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A place with a word about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What is underlined.
    pub place: Place,
    /// What is said beside it; may be empty.
    pub text: String,
}

/// A change of text that would mend a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What is replaced.
    pub place: Place,
    /// What stands there afterwards.
    pub text: String,
    /// Whether the fixed text certainly means what was meant.
    pub safe: bool,
}

/// One finding about what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of finding.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence for people: lower case, no full stop, what they wrote in backticks.
    pub message: String,
    /// What is underlined; the first is the primary place.
    pub labels: Vec<Label>,
    /// The likely cause and what to do.
    pub help: Vec<String>,
    /// A change that would mend it.
    pub fix: Option<Fix>,
    /// Whether the original API would refuse the object for it.
    pub refuses: bool,
}

impl Diagnostic {
    /// A finding at a node of a document.
    pub fn new(code: Code, severity: Severity, place: Place, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            labels: vec![Label { place, text: String::new() }],
            help: Vec::new(),
            fix: None,
            refuses: false,
        }
    }

    /// The same, with a word beside the primary place.
    pub fn labelled(mut self, text: impl Into<String>) -> Self {
        if let Some(first) = self.labels.first_mut() {
            first.text = text.into();
        }
        self
    }

    /// The same, with one more place.
    pub fn also(mut self, place: Place, text: impl Into<String>) -> Self {
        self.labels.push(Label { place, text: text.into() });
        self
    }

    /// The same, with one more line of help.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// The same, with a change that would mend it.
    pub fn fixed_by(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// The same; the original API would refuse the object for it.
    pub fn refusing(mut self) -> Self {
        self.refuses = true;
        self
    }

    /// The primary place.
    pub fn place(&self) -> Option<&Place> {
        self.labels.first().map(|l| &l.place)
    }

    /// The origin of the primary place, where the document could be read.
    pub fn origin(&self) -> Option<&Origin> {
        match self.place()? {
            Place::At(origin) | Place::Key(origin) => Some(origin),
            Place::In(..) => None,
        }
    }
}

/// The candidate that `wrong` most likely meant, if one is near enough to be worth proposing.
///
/// Letter case does not count; otherwise up to a third of the letters may differ.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    let limit = (lower.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|c| (strsim::osa_distance(&lower, &c.to_lowercase()), c))
        .filter(|(distance, _)| *distance <= limit)
        .min_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)))
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_near_miss_is_proposed_and_a_far_one_is_not() {
        assert_eq!(nearest("Spec", ["spec", "status"]), Some("spec"));
        assert_eq!(nearest("podSelektor", ["podSelector", "policyTypes"]), Some("podSelector"));
        assert_eq!(nearest("frontent", ["frontend", "backend"]), Some("frontend"));
        assert_eq!(nearest("replicas", ["spec", "status"]), None);
    }
}
