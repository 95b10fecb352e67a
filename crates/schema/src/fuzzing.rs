//! The entries for fuzzers: bytes that may be objects, and a short replay in every test run.

use serde_json::Value;

use crate::api::{self, Message};
use crate::decode::{self, Decoded};
use crate::{protobuf, quantity};

/// Reads the bytes as JSON of a kind, which the first byte chooses, prints it and reads that again.
///
/// # Panics
///
/// If what was printed is read as something else, or is complained of.
#[expect(clippy::expect_used, reason = "a fuzzer's entry fails by panicking")]
pub fn json(data: &[u8]) {
    let Some((message, text)) = chosen(data) else { return };
    let Ok(Decoded { object, complaints }) = decode::decode(message, text) else { return };
    assert!(complaints.len() <= decode::COMPLAINTS_MAX);
    let again = decode::decode_value(message, &object).expect("what was printed can be read");
    assert_eq!(again, Decoded { object, complaints: Vec::new() }, "{}", message.name);
}

/// Reads the bytes as a protobuf body and as a message of a kind, which the first byte chooses; what
/// comes of it is read again as JSON.
///
/// # Panics
///
/// If the object is not one that JSON can hold as well.
#[expect(clippy::expect_used, reason = "a fuzzer's entry fails by panicking")]
pub fn protobuf(data: &[u8]) {
    let Some((message, raw)) = chosen(data) else { return };
    // A body that cannot be opened is refused, and that is all of it.
    if let Ok(opened) = protobuf::envelope(raw) {
        assert!(opened.raw.len() < raw.len());
    }
    let Ok(object) = protobuf::decode_message(message, raw) else { return };
    let again = decode::decode_value(message, &object).expect("what was read can be printed");
    assert_eq!(again, Decoded { object, complaints: Vec::new() }, "{}", message.name);
}

/// Reads the bytes as an amount, prints it and reads that again.
///
/// # Panics
///
/// If the amount that was printed is printed in another way.
pub fn quantity(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(Some(printed)) = quantity::canonical(&text) else { return };
    let again = quantity::canonical(&printed);
    assert!(again == Ok(None) || again == Ok(Some(printed.clone())), "{text:?}: {printed:?}");
}

/// The kind that the first byte chooses, and the bytes behind it.
fn chosen(data: &[u8]) -> Option<(&'static Message, &[u8])> {
    let (first, rest) = data.split_first()?;
    let kinds = api::kinds();
    Some((kinds.get(usize::from(*first) % kinds.len())?.message, rest))
}

/// An object of every kind with one of everything in it, for a fuzzer to start from: the byte that
/// chooses the kind, then JSON.
pub fn seeds() -> impl Iterator<Item = Vec<u8>> {
    (0_u8..=u8::MAX).zip(api::kinds()).map(|(at, kind)| {
        let text = Value::Object(filled(kind.message, SEED_DEPTH)).to_string();
        [&[at], text.as_bytes()].concat()
    })
}

/// How deeply seeds nest; schemas would never end.
const SEED_DEPTH: usize = 7;

fn filled(message: &'static Message, depth: usize) -> crate::json::Object {
    let Some(depth) = depth.checked_sub(1) else { return crate::json::Object::new() };
    message.fields.iter().map(|f| (f.name.to_owned(), example(f.kind, depth))).collect()
}

fn example(kind: api::Type, depth: usize) -> Value {
    use api::Type;
    match kind {
        Type::String => Value::from("a"),
        Type::Bool => Value::Bool(true),
        Type::Int32 | Type::Int64 | Type::IntOrString => Value::from(7),
        Type::Float => Value::from(1.5),
        Type::Bytes => Value::from("YQ=="),
        Type::Quantity => Value::from("1500m"),
        Type::Time => Value::from("2026-01-02T03:04:05Z"),
        Type::MicroTime => Value::from("2026-01-02T03:04:05.000006Z"),
        Type::Raw | Type::Fields | Type::Json => serde_json::json!({"b": [1, {"a": null}]}),
        Type::List(item) => Value::Array(vec![example(*item, depth)]),
        Type::Map(item) => {
            Value::Object([("k".to_owned(), example(*item, depth))].into_iter().collect())
        }
        Type::Message(message)
        | Type::OrList(message)
        | Type::OrBool(message)
        | Type::OrStrings(message) => Value::Object(filled(message, depth)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator of numbers that is the same in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).expect("31 bits") % sides
        }
    }

    /// Pieces that make a text of one kind into something else.
    const PIECES: [&str; 16] = [
        "null",
        "{}",
        "[]",
        "\"",
        "\\ud800",
        ",",
        ":",
        "1e9",
        "-0.0",
        "{\"a\":1}",
        "\u{0}",
        "\"x\":",
        "[[[[",
        "\"spec\":{},",
        "1.5Gi",
        "}",
    ];

    #[test]
    fn damaged_objects_are_read_or_refused() {
        let seeds: Vec<Vec<u8>> = seeds().collect();
        assert!(seeds.len() > 130, "{}", seeds.len());
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        for round in 0..1_500 {
            let mut data = seeds[round % seeds.len()].clone();
            for _ in 0..dice.roll(4) {
                let at = 1 + dice.roll(data.len() - 1);
                match dice.roll(3) {
                    0 => data[at] = u8::try_from(dice.roll(256)).expect("a byte"),
                    1 => drop(data.splice(at..at, PIECES[dice.roll(PIECES.len())].bytes())),
                    _ => drop(data.drain(at..data.len().min(at + 1 + dice.roll(8)))),
                }
            }
            json(&data);
            protobuf(&data);
            quantity(&data[1..data.len().min(1 + dice.roll(20))]);
        }
    }

    #[test]
    fn every_seed_is_an_object_of_its_kind() {
        for data in seeds() {
            let (message, text) = chosen(&data).expect("a seed is not empty");
            let decoded = decode::decode(message, text).expect("it is read");
            assert_eq!(decoded.complaints, [], "{}", message.name);
            json(&data);
        }
    }
}
