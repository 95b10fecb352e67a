//! The differences we choose.

use std::collections::HashMap;

use anyhow::{Result, ensure};

/// `deviations.tsv`: case, the original's answer, ours, the reason.
pub struct Deviations(HashMap<String, (String, String)>);

impl Deviations {
    /// Reads the table. Lines that begin with `#` are comments.
    pub fn parse(text: &str) -> Result<Self> {
        let mut table = HashMap::new();
        for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [case, theirs, ours, reason] = fields.as_slice() else {
                anyhow::bail!("not four fields: `{line}`");
            };
            ensure!(!reason.trim().is_empty(), "a deviation needs a reason: `{line}`");
            let row = ((*theirs).to_owned(), (*ours).to_owned());
            let before = table.insert((*case).to_owned(), row);
            ensure!(before.is_none(), "`{case}` stands twice");
        }
        Ok(Self(table))
    }

    /// Whether this difference is chosen.
    pub fn chosen(&self, case: &str, theirs: &str, ours: &str) -> bool {
        self.0.get(case).is_some_and(|(t, o)| t == theirs && o == ours)
    }
}

#[cfg(test)]
mod tests {
    use super::Deviations;

    #[test]
    fn a_deviation_is_this_case_and_these_answers() {
        let table = Deviations::parse("# why\nprobe-1#0\tallow\tdeny\tfails open").expect("valid");
        assert!(table.chosen("probe-1#0", "allow", "deny"));
        assert!(!table.chosen("probe-1#0", "allow", "unknown"));
        assert!(!table.chosen("probe-1#1", "allow", "deny"));
        assert!(Deviations::parse("probe-1#0\tallow\tdeny\t").is_err());
    }
}
