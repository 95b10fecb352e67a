//! The entry for fuzzers: bytes that may be an object of any kind, and a short replay in every test run.

use portcullis_core::Timestamp;
use portcullis_schema::api::{self, Resource};
use portcullis_schema::decode::{Decoded, decode};

use crate::{Object, create_faults, kind, update_faults};

/// A time at which objects are a while old.
const NOW: u64 = 1_795_262_400;

/// Reads the bytes as two objects of a resource, which the first byte chooses and the first zero byte
/// parts, and does with them what the server does: the first is created, the second follows it, and
/// both are shown.
///
/// # Panics
///
/// If an object that is filled in twice differs from what it was after the first time.
pub fn object(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let resources: Vec<&'static Resource> = resources().collect();
    let Some(resource) = resources.get(usize::from(*first) % resources.len()) else { return };
    let half = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let (old, new) = rest.split_at(half);
    let Some(old) = decoded(resource, old) else { return };
    let new = new.strip_prefix(&[0]).and_then(|new| decoded(resource, new)).unwrap_or(old.clone());

    let whole = kind(resource.group, resource.plural);
    let parts = resource.subresources.iter().filter_map(|part| whole.subresource(part.name));
    for behaves in std::iter::once(whole).chain(parts) {
        let (mut old, mut new) = (old.clone(), new.clone());
        for object in [&mut old, &mut new] {
            behaves.default(object);
            let once = object.clone();
            behaves.default(object);
            assert_eq!(*object, once, "{} is filled in differently again", resource.kind);
        }
        behaves.prepare_create(&mut old);
        _ = create_faults(behaves, &old, resource.namespaced);
        _ = behaves.early_warnings(&old);
        behaves.prepare_update(&mut new, &old);
        _ = update_faults(behaves, &new, &old);
        _ = behaves.warnings(&new, Some(&old));
        _ = behaves.cells(&new, Timestamp::from_seconds(NOW));
        for label in ["spec.nodeName", "status.phase", "type", "involvedObject.name", ""] {
            _ = behaves.selectable(&new, label);
        }
        behaves.to_stored(resource.version, &mut new);
        behaves.to_version(resource.version, &mut new);
    }
}

fn resources() -> impl Iterator<Item = &'static Resource> {
    api::groups().iter().flat_map(|group| group.versions).flat_map(|version| version.resources)
}

fn decoded(resource: &Resource, text: &[u8]) -> Option<Object> {
    let message = api::kind(resource.group, resource.version, resource.kind)?.message;
    let Decoded { object, .. } = decode(message, text).ok()?;
    Some(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many changes of each seed are tried in every test run.
    const ROUNDS: u64 = 5;

    #[test]
    fn objects_of_every_kind_with_everything_in_them_are_survived() {
        let seeds: Vec<Vec<u8>> = portcullis_schema::fuzzing::seeds().collect();
        for (place, resource) in resources().enumerate() {
            let place = u8::try_from(place).unwrap();
            let of = api::kinds().iter().position(|one| {
                (one.group, one.version, one.kind)
                    == (resource.group, resource.version, resource.kind)
            });
            let Some(seed) = of.and_then(|at| seeds.get(at)) else { continue };
            let seed = seed.get(1..).unwrap();
            object(&[&[place], seed].concat());
            for round in 1..=ROUNDS {
                object(&[&[place], seed, b"\0", &changed(seed, round)].concat());
            }
        }
    }

    /// The text with some of its letters and digits replaced, the same in every run.
    fn changed(text: &[u8], round: u64) -> Vec<u8> {
        let mut state = round.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let change = |byte: &u8| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            match (state % 16, byte) {
                (0, b'0'..=b'9') => b'-',
                (1, b'0'..=b'9') => b'9',
                (0, b'a') => b'/',
                (1, b'a') => b'*',
                _ => *byte,
            }
        };
        text.iter().map(change).collect()
    }
}
