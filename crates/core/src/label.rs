//! Label maps.

use std::fmt;
use std::sync::Arc;

use smol_str::SmolStr;

/// A set of labels, sorted by key, each key once. Cloning is O(1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Arc<[(SmolStr, SmolStr)]>);

impl Labels {
    /// The value of `key`, if the label is there. An empty value is a value.
    pub fn value(&self, key: &str) -> Option<&str> {
        let found = self.0.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok()?;
        self.0.get(found).map(|(_, v)| v.as_str())
    }

    /// All labels, in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// All labels, in order of their keys, to be shared rather than copied.
    pub fn pairs(&self) -> &[(SmolStr, SmolStr)] {
        &self.0
    }

    /// The labels that only one of the two has; where both have the key with another value, both labels.
    pub fn differing<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let (mut ours, mut theirs) = (self.0.as_ref(), other.0.as_ref());
        std::iter::from_fn(move || {
            loop {
                let (next, rest) = match (ours.split_first(), theirs.split_first()) {
                    (Some((one, rest)), Some((other, others))) if one == other => {
                        (ours, theirs) = (rest, others);
                        continue;
                    }
                    (Some((one, _)), Some((other, others))) if other < one => {
                        (other, (ours, others))
                    }
                    (Some((one, rest)), _) => (one, (rest, theirs)),
                    (None, Some((other, others))) => (other, (ours, others)),
                    (None, None) => return None,
                };
                (ours, theirs) = rest;
                return Some((next.0.as_str(), next.1.as_str()));
            }
        })
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Hardly anything has more labels, those of its namespace and account included.
const USUAL: usize = 64;

/// Of a key given twice, the last one counts.
impl<K: Into<SmolStr>, V: Into<SmolStr>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let given = iter.into_iter();
        // Whoever filters knows only how many there are at most, which may be anything.
        let most = given.size_hint().1.unwrap_or(0);
        let mut all: Vec<(SmolStr, SmolStr)> = Vec::with_capacity(most.min(USUAL));
        all.extend(given.map(|(k, v)| (k.into(), v.into())));
        // A stable sort keeps the order among equal keys, so the last given is the last of its run.
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.dedup_by(|later, kept| {
            let again = later.0 == kept.0;
            if again {
                std::mem::swap(later, kept);
            }
            again
        });
        Self(all.into())
    }
}

/// `a=1,b=2`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (k, v)) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            write!(f, "{k}={v}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_repeated_key_counts() {
        let labels: Labels = [("b", "1"), ("a", "2"), ("b", "3")].into_iter().collect();
        assert_eq!(labels.value("b"), Some("3"));
        assert_eq!(labels.to_string(), "a=2,b=3");
    }

    #[test]
    fn what_only_one_has_differs() {
        for (one, other, want) in [
            ("", "", ""),
            ("a=1", "a=1", ""),
            ("a=1", "", "a=1"),
            ("a=1,b=2,d=4", "b=2,c=3", "a=1 c=3 d=4"),
            ("a=1,b=2", "a=2,b=2", "a=1 a=2"),
            ("b=1", "a=1,c=1", "a=1 b=1 c=1"),
        ] {
            let labels = |text: &str| -> Labels {
                text.split_terminator(',').filter_map(|label| label.split_once('=')).collect()
            };
            for (one, other) in [(one, other), (other, one)] {
                let (one, other) = (labels(one), labels(other));
                let found = one.differing(&other).map(|(key, value)| format!("{key}={value}"));
                assert_eq!(found.collect::<Vec<_>>().join(" "), want, "{one} and {other}");
            }
        }
    }

    #[test]
    fn an_empty_value_is_a_value_and_an_absent_key_is_not() {
        let labels: Labels = [("a", "")].into_iter().collect();
        assert_eq!(labels.value("a"), Some(""));
        assert_eq!(labels.value("b"), None);
    }
}
