//! Lists of record ids, each with the reason why it stands there.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

/// Ids with a reason each, from lines of two fields with a tab between; `#` begins a comment.
pub(crate) struct Ids(BTreeMap<String, String>);

impl Ids {
    /// Reads a list.
    ///
    /// # Errors
    /// If a line has no reason, or an id stands twice.
    pub(crate) fn parse(text: &str) -> Result<Ids> {
        let mut ids = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (id, reason) = line.split_once('\t').with_context(|| format!("no tab: {line}"))?;
            ensure!(!reason.trim().is_empty(), "no reason: {line}");
            let before = ids.insert(id.to_owned(), reason.to_owned());
            ensure!(before.is_none(), "`{id}` stands twice");
        }
        Ok(Ids(ids))
    }

    /// What holds in one set-up: an id may end in `@SETUP`, and then stands for that one alone.
    pub(crate) fn of_setup(self, setup: &str) -> Ids {
        let own = |(id, reason): (String, String)| match id.split_once('@') {
            Some((id, of)) => (of == setup).then(|| (id.to_owned(), reason)),
            None => Some((id, reason)),
        };
        Ids(self.0.into_iter().filter_map(own).collect())
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// The reason for an id that is on the list.
    pub(crate) fn reason(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_be_of_one_set_up() {
        let of = |setup: &str| {
            Ids::parse("a-1@plain\tas it is\na-2\tas it is\n").expect("a list").of_setup(setup)
        };
        let has = |ids: &Ids| [ids.has("a-1"), ids.has("a-2")];
        assert_eq!([has(&of("plain")), has(&of("controllers"))], [[true, true], [false, true]]);
    }

    #[test]
    fn an_id_needs_a_reason_and_stands_once() {
        let ids = Ids::parse("# a comment\n\na-1\tas it is\n").expect("a list");
        assert_eq!((ids.reason("a-1"), ids.has("a-2")), (Some("as it is"), false));
        for text in ["a-1\n", "a-1\t \n", "a-1\tone\na-1\ttwo\n"] {
            assert!(Ids::parse(text).is_err(), "{text}");
        }
    }
}
