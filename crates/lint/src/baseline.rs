//! The findings that a project knows already.

use std::collections::BTreeSet;

use portcullis_core::DocumentId;
use portcullis_object::{Cursor, Loaded, NodeKind};

use crate::report::{Fingerprint, Report, State};

/// The fingerprints of the findings that are known: the rest is new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline(BTreeSet<Fingerprint>);

impl Baseline {
    /// What a report finds and nobody allowed.
    pub fn of(report: &Report) -> Self {
        let unsettled = |state: &State| !matches!(state, State::Allowed { .. });
        let findings = report.findings.iter().filter(|f| unsettled(&f.state));
        Self(findings.map(|f| f.fingerprint).collect())
    }

    /// Whether the finding is known.
    pub fn holds(&self, fingerprint: Fingerprint) -> bool {
        self.0.contains(&fingerprint)
    }

    /// How many are known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads what [`Baseline::to_json`] wrote; none if it is something else.
    pub fn read(loaded: &Loaded) -> Option<Self> {
        let content = loaded.sources.content(DocumentId(0))?;
        let listed = content.root().field("findings")?;
        if listed.kind() != NodeKind::List {
            return None;
        }
        let fingerprint = |at: Cursor<'_>| at.as_str()?.parse().ok();
        listed.items().map(fingerprint).collect::<Option<BTreeSet<_>>>().map(Self)
    }

    /// As a file, sorted, one finding a line, so that versions of it can be compared.
    pub fn to_json(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(|f| format!("    \"{f}\"")).collect();
        if lines.is_empty() {
            return "{\n  \"findings\": []\n}\n".to_owned();
        }
        format!("{{\n  \"findings\": [\n{}\n  ]\n}}\n", lines.join(",\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::testing::{loaded, report, report_with};

    const POLICY: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
                          metadata: {name: a}\nspec:\n  podSelektor: {}\n";

    #[test]
    fn what_is_known_stays_known_when_lines_move() {
        let baseline = Baseline::of(&report(POLICY));
        assert!(!baseline.is_empty());
        let read = Baseline::read(&loaded(&baseline.to_json()));
        assert_eq!(read.as_ref(), Some(&baseline));
        let config = Config { baseline, ..Config::default() };
        let moved = format!("# a comment\n\n---\n{POLICY}  podSelector: {{}}\n  egresss: []\n");
        let states: Vec<(&str, bool)> = report_with(&moved, &config)
            .findings
            .iter()
            .map(|f| (f.diagnostic.code.0, f.state == State::Known))
            .collect();
        assert_eq!(states, [("NP101", true), ("NP101", false)]);
    }

    #[test]
    fn anything_else_is_no_baseline() {
        for text in ["{}", "{\"findings\": 1}", "{\"findings\": [\"x\"]}", "[]", "{"] {
            assert_eq!(Baseline::read(&loaded(text)), None, "{text}");
        }
        let empty = Baseline::default().to_json();
        assert_eq!(Baseline::read(&loaded(&empty)), Some(Baseline::default()));
    }
}
