//! JSON, held against the reader of `serde_json`: what that reads as a value is read here as the
//! same value.

use serde_json::{Map, Number, Value};

use crate::{Input, Limits, load};

/// Reads the bytes as the value of a field of an object, and compares it with what `serde_json`
/// reads. What that refuses is only survived.
///
/// # Panics
///
/// If the object is not found, or says something else.
pub fn fuzz(data: &[u8]) {
    let text = [br#"{"apiVersion":"v1","kind":"Any","data":"#, data, b"}"].concat();
    let limits = Limits::default();
    // The readers differ in what they bound: depth, length of keys.
    let want: Option<Map<String, Value>> =
        serde_json::from_slice(&text).ok().filter(|want| is_within(want, &limits));
    let loaded = load(vec![Input { name: "a.json".to_owned(), bytes: text }], &limits);
    let Some(want) = want else { return };
    let found: Vec<Value> = loaded.objects.iter().map(|object| object.root().to_json()).collect();
    let want = Value::Object(want);
    let is_same = found.iter().all(|found| same(found, &want));
    assert!(found.len() == 1 && is_same, "{found:?}\nis not\n{want:?}: {:?}", loaded.diagnostics);
}

fn is_within(map: &Map<String, Value>, limits: &Limits) -> bool {
    fn values_within(value: &Value, limits: &Limits) -> bool {
        match value {
            Value::Object(map) => is_within(map, limits),
            Value::Array(list) => list.iter().all(|value| values_within(value, limits)),
            _ => true,
        }
    }
    let keys_within = map.keys().all(|key| key.len() <= limits.key_bytes);
    // What lists something is read as its items, and what says twice what it is as the last.
    let is_one = map.get("kind").is_none_or(|kind| kind == "Any");
    keys_within && is_one && map.values().all(|value| values_within(value, limits))
}

/// Whether both say the same. Numbers may be whole however they are written: Kubernetes reads `1.0`
/// as 1.
fn same(found: &Value, want: &Value) -> bool {
    match (found, want) {
        (Value::Number(found), Value::Number(want)) => same_number(found, want),
        (Value::Array(found), Value::Array(want)) => {
            found.len() == want.len() && found.iter().zip(want).all(|(f, w)| same(f, w))
        }
        (Value::Object(found), Value::Object(want)) => {
            let is_same = |(key, value)| want.get(key).is_some_and(|want| same(value, want));
            found.len() == want.len() && found.iter().all(is_same)
        }
        _ => found == want,
    }
}

fn same_number(found: &Number, want: &Number) -> bool {
    /// How far `serde_json` may be from the float that is meant: it rounds twice, we and Go once.
    const ROUNDING: f64 = 4.0 * f64::EPSILON;
    if want.is_i64() {
        return found == want;
    }
    let (Some(found), Some(want)) = (found.as_f64(), want.as_f64()) else { return false };
    // The smallest floats have fewer bits than `ROUNDING` stands for.
    (found - want).abs() <= f64::max(want.abs() * ROUNDING, f64::MIN_POSITIVE * ROUNDING)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = r#"{"a": [1, -2.0, 1e3, 0.5, 9223372036854775808, -0, true, null], "\u00e9\n":
        {"b": "\ud83d\ude00\/", "a": {}, "a": [[]], "": ""}, "c": 12345678901234567890123, "é": "\t"}"#;

    const TOKENS: [&[u8]; 18] = [
        b"{", b"}", b"[", b"]", b",", b":", b"\"", b"\\", b"\\u", b"\\ud800", b"0", b"-", b".",
        b"e9", b"null", b"\"a\":", b"\xff", b"\n",
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
    fn values_are_told_apart() {
        let is_same = |found: &str, want: &str| {
            let [found, want] = [found, want].map(|text| serde_json::from_str(text).expect("JSON"));
            same(&found, &want)
        };
        for (found, want) in [
            ("[1, 1000]", "[1.0, 1e3]"),
            ("1234.567890123457", "1234.5678901234567"),
            ("{\"a\": 1, \"b\": 2}", "{\"b\": 2, \"a\": 1.0}"),
        ] {
            assert!(is_same(found, want), "{found} {want}");
        }
        for (found, want) in
            [("1", "2"), ("1", "\"1\""), ("[1]", "[1, 1]"), ("0.1", "0.2"), ("{}", "{\"a\": 1}")]
        {
            assert!(!is_same(found, want), "{found} {want}");
        }
    }

    #[test]
    fn damaged_json_is_read_as_others_read_it() {
        assert!(serde_json::from_str::<Value>(SEED).is_ok(), "the seed is JSON");
        fuzz(SEED.as_bytes());
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..10_000 {
            let mut data = SEED.as_bytes().to_vec();
            for _ in 0..=random.below(3) {
                let at = random.below(data.len());
                match random.below(3) {
                    0 => drop(data.drain(at..data.len().min(at + random.below(6)))),
                    1 => {
                        let token = TOKENS[random.below(TOKENS.len())];
                        data.splice(at..at, token.iter().copied());
                    }
                    _ => {
                        let until = data.len().min(at + 12);
                        let copy = data[at..until].to_vec();
                        let into = random.below(data.len());
                        data.splice(into..into, copy);
                    }
                }
            }
            fuzz(&data);
        }
    }
}
