//! The entry for fuzzers: texts that may be selectors, and a short replay in every test run.

use crate::{Labels, Selector};

/// The longest text of which it is asked that its canonical form can be read again, in characters:
/// the longest that the API accepts. The canonical form has parentheses that the text need not
/// have, and those of a longer one may nest deeper than [`crate::selector::MAX_DEPTH`].
const TEXT_MAX_CHARS: usize = 1024;

/// Reads the bytes as a selector, prints it, reads that, and asks both about labels that the
/// selector is about.
///
/// # Panics
///
/// If a place in an error lies outside the text, the canonical form cannot be read, or it says
/// something else.
#[expect(clippy::expect_used, reason = "a fuzzer's entry fails by panicking")]
pub fn selector(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let selector = match Selector::parse(&text) {
        Ok(selector) => selector,
        Err(error) => {
            assert!(text.get(error.at.clone()).is_some(), "{text:?}: {error:?}");
            return;
        }
    };
    if text.chars().count() > TEXT_MAX_CHARS {
        return;
    }
    let printed = selector.to_string();
    let again = Selector::parse(&printed).expect("the canonical form is a selector");
    assert_eq!(once_negated(&again), once_negated(&selector), "{text:?} prints as {printed}");
    for labels in labels(&selector) {
        assert_eq!(selector.matches(&labels), again.matches(&labels), "{printed} of {labels}");
    }
}

/// The selector without negations of negations. They print as `!!`, which is read as nothing, as
/// Calico prints and reads them.
fn once_negated(selector: &Selector) -> Selector {
    let all = |list: &[Selector]| list.iter().map(once_negated).collect();
    match selector {
        Selector::Not(inner) => match once_negated(inner) {
            Selector::Not(twice) => *twice,
            inner => Selector::Not(Box::new(inner)),
        },
        Selector::And(list) => Selector::And(all(list)),
        Selector::Or(list) => Selector::Or(all(list)),
        other => other.clone(),
    }
}

/// No labels; every key with a value of its own; and every comparison made true.
fn labels(selector: &Selector) -> [Labels; 3] {
    let mut pairs = Vec::new();
    compared(selector, &mut pairs);
    let other = pairs.iter().map(|(key, _)| (*key, "other")).collect();
    [Labels::default(), other, pairs.into_iter().collect()]
}

fn compared<'a>(selector: &'a Selector, out: &mut Vec<(&'a str, &'a str)>) {
    match selector {
        Selector::All | Selector::Global => {}
        Selector::Has(key) => out.push((key, "")),
        Selector::Equals(key, value)
        | Selector::Differs(key, value)
        | Selector::Contains(key, value)
        | Selector::StartsWith(key, value)
        | Selector::EndsWith(key, value) => out.push((key, value)),
        Selector::In(key, values) | Selector::NotIn(key, values) => {
            out.extend(values.first().map(|value| (key.as_str(), value.as_str())));
        }
        Selector::Not(inner) => compared(inner, out),
        Selector::And(list) | Selector::Or(list) => {
            list.iter().for_each(|selector| compared(selector, out));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "(all() || !has(a.b/c)) && a == 'x' && !(b != \"y\" || c in {'p', \"q\",})\
                        && d not in {} && e notin {'r'} && f contains 's' && !!g starts with 't'\
                        && h startswith '' && i ends with \"u'\" && k endswith 'é' && global( )";

    const TOKENS: [&str; 22] = [
        "(", ")", "!", "&&", "||", "==", "!=", "=", "{", "}", ",", "'", "\"", " ", "\t", "\n",
        "in", "not ", "has(", "all()", "a", "é",
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
    fn damaged_selectors_are_survived() {
        let seed = Selector::parse(SEED).expect("the seed is a selector");
        assert!(seed.keys().len() >= 10, "{seed}");
        selector(SEED.as_bytes());
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..20_000 {
            let mut data = SEED.as_bytes().to_vec();
            for _ in 0..=random.below(4) {
                let at = random.below(data.len());
                let token = TOKENS[random.below(TOKENS.len())];
                match random.below(3) {
                    0 => drop(data.drain(at..data.len().min(at + random.below(20)))),
                    1 => drop(data.splice(at..at, token.bytes())),
                    _ => {
                        let until = data.len().min(at + 30);
                        let copy = data[at..until].to_vec();
                        let into = random.below(data.len());
                        data.splice(into..into, copy);
                    }
                }
            }
            selector(&data);
        }
    }

    #[test]
    fn a_law_that_is_broken_is_seen() {
        let twice = Selector::parse("!(!(!has(a)))").expect("valid");
        assert_eq!(once_negated(&twice), Selector::parse("!has(a)").expect("valid"));
        let [none, other, made] = labels(&Selector::parse("a == 'x' && has(b)").expect("valid"));
        assert_eq!([none.len(), other.len(), made.len()], [0, 2, 2]);
        assert_eq!((other.value("a"), made.value("a")), (Some("other"), Some("x")));
    }
}
