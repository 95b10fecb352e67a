//! Every code there is, whoever raises it.

use portcullis_core::{Code, Severity};

use crate::{checks, report};

/// One kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its code.
    pub code: Code,
    /// What is found, in a few words: lower case, no full stop.
    pub title: &'static str,
    /// How bad it usually is; none where that depends on what is found.
    pub severity: Option<Severity>,
}

/// Every code: those of reading, of lowering, of the checks, and of the report itself.
pub fn catalogue() -> impl Iterator<Item = Entry> {
    let tables = [portcullis_object::codes::ALL, portcullis_snapshot::codes::ALL, report::CODES];
    let plain = tables.into_iter().flatten().map(|(code, title)| Entry {
        code: *code,
        title: title.trim(),
        severity: None,
    });
    let own = checks::ALL.iter().map(|check| Entry {
        code: check.code,
        title: check.title,
        severity: Some(check.severity),
    });
    plain.chain(own)
}

/// The entry of a code.
pub(crate) fn entry(code: &str) -> Option<Entry> {
    catalogue().find(|entry| entry.code.0 == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::page;

    #[test]
    fn every_code_is_one_thing_and_has_a_page() {
        let mut seen = BTreeSet::new();
        for Entry { code, title, .. } in catalogue() {
            assert!(seen.insert(code), "{code} is two things");
            let (family, number) = code.0.split_at(2);
            assert!(["YA", "NP", "RB"].contains(&family) && number.len() == 3, "{code}");
            assert!(page(code.0).is_some(), "{code} has no page");
            assert!(!title.ends_with('.') && !title.is_empty(), "{code}: {title}");
        }
        assert!(seen.len() >= 60, "{} codes", seen.len());
    }
}
