//! What nobody may be shown: values of Secrets, and of environment variables whose name looks
//! secret.

use std::collections::HashMap;
use std::ops::Range;

use crate::compose::Parsed;
use crate::tree::{Cursor, NodeKind};

/// The annotation in which `kubectl apply` keeps the whole object, and so its secrets too.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What stands before a value that may be secret, in text that cannot be read.
const VALUE_KEYS: [&str; 3] = ["value:", "\"value\":", LAST_APPLIED];

/// The fields of a Secret that are no secret.
const SECRET_SHOWS: [&str; 5] = ["apiVersion", "kind", "metadata", "type", "immutable"];

/// Parts of names, in upper case, that make the value of an environment variable secret. Rather
/// one too many: a value hidden in vain costs a look into the file.
const SECRET_WORDS: [&str; 9] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "_PASS",
    "TOKEN",
    "SECRET",
    "KEY",
    "CREDENTIAL",
    "PRIVATE",
];

/// Whether the value of an environment variable of this name is to be hidden.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Whether the node lies in something secret.
pub(crate) fn is_secret(at: Cursor<'_>) -> bool {
    let mut node = Some(at);
    while let Some(here) = node {
        if begins_secret(here) {
            return true;
        }
        node = here.parent();
    }
    false
}

/// Whether everything from this node down is secret, for what stands beside it.
fn begins_secret(at: Cursor<'_>) -> bool {
    let (Some(key), Some(parent)) = (at.key(), at.parent()) else { return false };
    Keeper::of(parent).keeps(key)
}

/// A map, as to which of its entries are secret.
#[derive(Clone, Copy)]
enum Keeper {
    /// A Secret: all but what every Secret shows. A misspelt `data` is one all the same.
    Secret,
    /// An environment variable whose name looks secret: all but its name and where it comes from.
    Variable,
    /// Another map whose name looks secret.
    Named,
    /// Annotations.
    Annotations,
    /// Any other.
    Nothing,
}

impl Keeper {
    fn of(map: Cursor<'_>) -> Self {
        let is_named = || map.field("name").and_then(Cursor::as_str).is_some_and(looks_secret);
        if is_secret_object(map) {
            Self::Secret
        } else if map.key() == Some("annotations") {
            Self::Annotations
        } else if !is_named() {
            Self::Nothing
        } else if map.parent().and_then(Cursor::key) == Some("env") {
            Self::Variable
        } else {
            Self::Named
        }
    }

    fn keeps(self, key: &str) -> bool {
        match self {
            Self::Secret => !SECRET_SHOWS.iter().any(|shown| shown.eq_ignore_ascii_case(key)),
            Self::Variable => !matches!(key, "name" | "valueFrom"),
            Self::Named => key == "value",
            Self::Annotations => key == LAST_APPLIED,
            Self::Nothing => false,
        }
    }
}

/// The secret byte ranges of a document, in no order. Entries that do not count, as their key is
/// given again, are secret all the same.
pub(crate) fn ranges(parsed: &Parsed) -> Vec<Range<usize>> {
    // What a map keeps is the same for all its entries, of which there may be many.
    let mut known: HashMap<u32, Keeper> = HashMap::new();
    let mut ranges = Vec::new();
    let mut secret_until = 0;
    for (node, span) in (0_u32..).zip(&parsed.spans) {
        let at = parsed.tree.root().goto(node);
        if let (Some(key), Some(parent)) = (at.key(), at.parent())
            && known.entry(parent.index()).or_insert_with(|| Keeper::of(parent)).keeps(key)
        {
            secret_until = secret_until.max(at.end());
        }
        // What an alias stands for is shown where it is written, so every node counts.
        if node < secret_until {
            ranges.push(span.value.start as usize..span.value.end as usize);
        }
    }
    ranges
}

/// A Secret, also one in a list of Secrets whose items do not say what they are.
fn is_secret_object(object: Cursor<'_>) -> bool {
    let kind = |at: Cursor<'_>| at.field("kind").and_then(|k| k.as_str().map(str::to_owned));
    match kind(object) {
        Some(kind) => kind == "Secret",
        None => object
            .parent()
            .filter(|list| list.kind() == NodeKind::List)
            .and_then(Cursor::parent)
            .and_then(kind)
            .is_some_and(|kind| kind == "SecretList"),
    }
}

/// The secret byte ranges of a text that could not be read as a document, found by its looks. All
/// of a Secret; otherwise whatever follows `value:`, on the line and indented below it.
pub(crate) fn guess(text: &str) -> Vec<Range<usize>> {
    if text.contains("Secret") && crate::object::kinds_named(text).any(|k| k.starts_with("Secret"))
    {
        return std::iter::once(0..text.len()).collect();
    }
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    // The indentation of the last line that had a value: what is deeper belongs to it.
    let mut above = None;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end().len();
        let indent = line.len() - line.trim_start().len();
        let value = VALUE_KEYS.iter().filter_map(|key| Some(line.find(key)? + key.len())).min();
        if let Some(value) = value {
            ranges.push(start + value..end);
            above = Some(indent);
        } else if above.is_some_and(|above| indent > above) || line.trim().is_empty() {
            ranges.push(start..end);
        } else {
            above = None;
        }
        start += line.len();
    }
    ranges.retain(|range| !range.is_empty());
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_secret() {
        for (name, want) in [
            ("DB_PASSWORD", true),
            ("dbPassword", true),
            ("API_KEY", true),
            ("GITHUB_TOKEN", true),
            ("REDIS_ADDR", false),
            ("BYPASS", false),
            ("DB_PASS", true),
        ] {
            assert_eq!(looks_secret(name), want, "{name}");
        }
    }

    #[test]
    fn text_that_cannot_be_read_hides_rather_too_much() {
        for (text, want) in [
            ("kind: Secret\ndata: [", "****"),
            ("kind: Pod\nx: [", "kind: Pod\nx: ["),
            ("- name: A\n  value: b\n  x: [", "- name: A\n  value:****\n  x: ["),
            ("  value: |\n    b\n\n    c\nx: [", "  value:****\n****\n\n****\nx: ["),
            ("{\"name\":\"A\",\"value\":\"b\"", "{\"name\":\"A\",\"value\":****"),
        ] {
            let mut shown = text.to_owned();
            for range in guess(text).into_iter().rev() {
                shown.replace_range(range, "****");
            }
            assert_eq!(shown, want);
        }
    }
}
