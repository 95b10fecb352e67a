//! What nothing can be faster than: memory, and parsers that make nothing of what they read.

use std::hint::black_box;

use granit_parser::Parser;
use serde::de::IgnoredAny;

use crate::clock::{self, Times};
use crate::random::Random;

/// A decision looks at about so many places that depend on each other: an endpoint, its shape, its
/// target, a list, for either end.
const LOADS: usize = 8;

/// Questions of one run.
const QUESTIONS: usize = 100_000;

/// Nanoseconds that eight loads take, each of which needs the one before, over so many bytes.
pub fn memory(bytes: usize) -> Times {
    let cells = (bytes / size_of::<u32>()).max(64);
    let next = cycle(cells);
    let mut random = Random::new(3);
    let starts: Vec<u32> =
        (0..QUESTIONS).map(|_| u32::try_from(random.below(cells)).expect("few cells")).collect();
    clock::questions(&starts, |batch| {
        for start in batch {
            let mut at = *start;
            for _ in 0..LOADS {
                at = next[at as usize];
            }
            black_box(at);
        }
    })
}

/// A permutation of so many cells that is one circle (Sattolo's shuffle), so that no walk is short.
fn cycle(cells: usize) -> Vec<u32> {
    let mut random = Random::new(2);
    let mut next: Vec<u32> = (0..u32::try_from(cells).expect("few cells")).collect();
    for at in (1..cells).rev() {
        next.swap(at, random.below(at));
    }
    next
}

/// Reads the events of YAML and throws them away; returns how many there were.
///
/// # Panics
///
/// If the text is no YAML.
pub fn yaml_events(text: &str) -> usize {
    let events = Parser::new_from_str(text);
    events.fold(0, |count, event| {
        event.expect("the text is YAML");
        count + 1
    })
}

/// The same on two threads, each with half of the documents.
pub fn yaml_events_by_two(text: &str) -> usize {
    let half = text.len() / 2;
    let cut = text[half..].find("\n---\n").map_or(text.len(), |at| half + at + 1);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| yaml_events(&text[..cut]));
        let second = yaml_events(&text[cut..]);
        first.join().expect("the other thread reads on") + second
    })
}

/// Reads JSON values one after the other and throws them away; returns how many there were.
///
/// # Panics
///
/// If the text is no JSON.
pub fn json_values(text: &str) -> usize {
    let values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.fold(0, |count, value| {
        value.expect("the text is JSON");
        count + 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_circle_visits_every_cell() {
        let next = cycle(1_000);
        let mut at = 0_u32;
        for step in 1..=1_000 {
            at = next[at as usize];
            assert_eq!(at == 0, step == 1_000, "after {step} steps");
        }
    }

    #[test]
    fn two_threads_read_what_one_does() {
        let text = "a: 1\n---\nb: [2, 3]\n---\nc: {d: e}\n---\nf: 4\n"
            .repeat(3)
            .replace("4\na", "4\n---\na");
        // The second thread has a stream with a beginning and an end of its own.
        assert_eq!(yaml_events_by_two(&text), yaml_events(&text) + 2);
        assert_eq!(json_values("{\"a\": 1}\n[2]\n3"), 3);
    }
}
