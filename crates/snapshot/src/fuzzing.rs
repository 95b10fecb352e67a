//! The entry for fuzzers: label selectors of Kubernetes, and a short replay in every test run.

use portcullis_core::{Labels, Selector};
use portcullis_object::{Cursor, Input, Limits, load};
use smol_str::SmolStr;

use crate::findings::Findings;
use crate::lower::selectors::{self, Over};
use crate::settings::Intake;

/// Lowers what every object of the bytes has as `selector`, and holds it against the law of label
/// selectors, read a second time.
///
/// # Panics
///
/// If a selector that nothing is wrong with selects something else, or cannot be printed and read.
#[expect(clippy::expect_used, reason = "a fuzzer's entry fails by panicking")]
pub fn label_selector(data: &[u8]) {
    let limits = Limits { nodes: 20_000, alias_nodes: 2_000, ..Limits::default() };
    let loaded = load(vec![Input { name: "a.yaml".into(), bytes: data.to_vec() }], &limits);
    for object in &loaded.objects {
        let Some(at) = object.root().field("selector") else { continue };
        for over in [Over::Pods, Over::Namespaces, Over::Own] {
            let mut out = Findings::new(Intake::Proposed, Vec::new());
            let selector = selectors::kubernetes(at, over, &mut out);
            let broken = out.broken_so_far() > 0;
            let found = out.into_diagnostics();
            for place in found.iter().flat_map(|d| &d.labels).map(|label| &label.place) {
                assert!(loaded.sources.locate(place).is_some(), "{place:?} is nowhere");
            }
            if broken || !found.is_empty() {
                continue;
            }
            let printed = selector.to_string();
            let again = Selector::parse(&printed).expect("the canonical form is a selector");
            assert_eq!(again, selector, "{printed}");
            if over == Over::Own {
                for labels in labels(at) {
                    assert_eq!(selector.matches(&labels), selects(at, &labels), "{at:?}: {labels}");
                }
            }
        }
    }
}

/// Whether a label selector selects these labels, word by word as the API says it: every entry of
/// `matchLabels` and of `matchExpressions` must hold.
fn selects(at: Cursor<'_>, labels: &Labels) -> bool {
    let entries = |field| at.field(field).into_iter();
    let equal = entries("matchLabels")
        .flat_map(Cursor::entries)
        .all(|(key, value)| labels.value(key) == Some(wanted(value).as_str()));
    let met = entries("matchExpressions").flat_map(Cursor::items).all(|expression| {
        let text = |field| expression.field(field).map(wanted).unwrap_or_default();
        let found = labels.value(&text("key"));
        let listed = expression.field("values").is_some_and(|values| {
            values.items().any(|value| found == Some(wanted(value).as_str()))
        });
        match text("operator").as_str() {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            _ => false,
        }
    });
    equal && met
}

/// The text that is asked for: a number or boolean asks for the text it is written as, which the
/// structural check refuses, and null for the empty one.
fn wanted(value: Cursor<'_>) -> SmolStr {
    let text = value.scalar().filter(|_| !value.is_null());
    text.map(SmolStr::from).unwrap_or_default()
}

/// No labels; every key that is asked for with a value of its own; and every key with the values
/// that are asked for, one after the other.
fn labels(at: Cursor<'_>) -> Vec<Labels> {
    let mut pairs: Vec<(SmolStr, SmolStr)> = Vec::new();
    for (key, value) in at.field("matchLabels").into_iter().flat_map(Cursor::entries) {
        pairs.push((key.into(), wanted(value)));
    }
    for expression in at.field("matchExpressions").into_iter().flat_map(Cursor::items) {
        let key = expression.field("key").map(wanted).unwrap_or_default();
        let values = expression.field("values").into_iter().flat_map(Cursor::items);
        let before = pairs.len();
        pairs.extend(values.map(|value| (key.clone(), wanted(value))));
        if pairs.len() == before {
            pairs.push((key, "".into()));
        }
    }
    let other: Labels = pairs.iter().map(|(key, _)| (key.clone(), "other")).collect();
    let last: Labels = pairs.iter().cloned().collect();
    let first: Labels = pairs.into_iter().rev().collect();
    vec![Labels::default(), other, last, first]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "\
apiVersion: v1
kind: Any
selector:
  matchLabels: {app: web, a.example/b: '', c: d-1_e.f}
  matchExpressions:
  - {key: app, operator: In, values: [web, db]}
  - {key: g, operator: NotIn, values: [h]}
  - {key: c, operator: Exists}
  - {key: i, operator: DoesNotExist, values: []}
";

    const TOKENS: [&str; 22] = [
        "null",
        "{}",
        "[]",
        "1",
        "true",
        "''",
        "é",
        "app",
        "web",
        "c",
        "In",
        "NotIn",
        "Exists",
        "DoesNotExist",
        "values: [x]",
        "/",
        "\"",
        ", ",
        ": ",
        "- ",
        "\n---\napiVersion: v1\nkind: Any\nselector: {matchLabels: {a: b}}\n",
        "matchLabels",
    ];

    /// A small generator (xorshift): the same damage on every run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % end.max(1) as u64).expect("below an usize")
        }
    }

    #[test]
    fn damaged_label_selectors_are_survived() {
        label_selector(SEED.as_bytes());
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..5_000 {
            let mut pieces: Vec<&str> =
                SEED.split_inclusive([' ', '\n', ',', '{', '[', '}', ']']).collect();
            for _ in 0..=random.below(3) {
                // What says what the object is stays.
                let at = 4 + random.below(pieces.len() - 4);
                let other = 4 + random.below(pieces.len() - 4);
                match random.below(4) {
                    0 if pieces.len() > 10 => drop(pieces.remove(at)),
                    1 => pieces.swap(at, other),
                    2 => pieces.insert(at, pieces[other]),
                    _ => pieces.insert(at, TOKENS[random.below(TOKENS.len())]),
                }
            }
            label_selector(pieces.concat().as_bytes());
        }
    }

    /// Found by fuzzing, in the law and not in the reader: `y` is a boolean, as a value, among values
    /// and as a key.
    #[test]
    fn what_is_no_text_is_asked_for_as_it_is_written() {
        for value in ["y", "true", "5", "1.50", "~", "null"] {
            let text =
                format!("apiVersion: v1\nkind: Any\nselector: {{matchLabels: {{a: {value}}}}}\n");
            label_selector(text.as_bytes());
            for expression in [
                format!("{{key: a, operator: In, values: [{value}]}}"),
                format!("{{key: {value}, operator: Exists}}"),
            ] {
                let text = format!(
                    "apiVersion: v1\nkind: Any\nselector: {{matchExpressions: [{expression}]}}\n"
                );
                label_selector(text.as_bytes());
            }
        }
    }

    #[test]
    fn the_law_tells_selectors_apart() {
        let input = Input { name: "a.yaml".into(), bytes: SEED.into() };
        let loaded = load(vec![input], &Limits::default());
        let at = loaded.objects[0].root().field("selector").expect("a selector");
        let made = [("app", "web"), ("a.example/b", ""), ("c", "d-1_e.f")];
        assert!(selects(at, &made.into_iter().collect()));
        for (key, value) in [("app", "db"), ("g", "h"), ("c", "d"), ("i", "")] {
            let labels: Labels = made.into_iter().chain([(key, value)]).collect();
            assert!(!selects(at, &labels), "{labels}");
        }
    }
}
