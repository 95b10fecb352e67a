//! The entry for fuzzers: bytes that may be an object and a patch of it.

use serde_json::Value;

use super::{Checked, Patched, apply_json, apply_merge, apply_strategic};
use crate::api::{self, Message};
use crate::decode;
use crate::json::{Object, read};
use crate::managed::{Manager, Reset, update};

/// Kinds whose lists merge in every way there is.
const KINDS: [(&str, &str); 4] =
    [("", "Pod"), ("", "Service"), ("", "ConfigMap"), ("apps", "Deployment")];

/// Applies every kind of patch. The first byte chooses the kind, the first zero byte parts object
/// and patch; what comes out is decoded, and its owners are worked out.
///
/// # Panics
///
/// If a write that changes nothing changes who owns what.
pub fn fuzz(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let kind = KINDS.get(usize::from(*first) % KINDS.len());
    let Some(message) = kind.and_then(|(group, kind)| api::kind(group, "v1", kind)) else { return };
    let message = message.message;
    let half = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len() / 2);
    let (original, patch) = rest.split_at(half);
    let patch = patch.strip_prefix(&[0]).unwrap_or(patch);
    let Ok(Value::Object(original)) = read(original).map(|read| read.value) else { return };
    let results = [
        apply_json(original.clone(), patch, Checked::Yes),
        apply_json(original.clone(), patch, Checked::No),
        apply_merge(original.clone(), patch, Checked::Yes),
        apply_merge(original.clone(), patch, Checked::No),
        apply_strategic(message, original.clone(), patch),
    ];
    for patched in results.into_iter().flatten() {
        owners(message, &original, patched);
    }
}

fn owners(message: &'static Message, original: &Object, patched: Patched) {
    let decoded = |object: &Object| {
        let text = Value::Object(object.clone()).to_string();
        decode::decode(message, text.as_bytes()).ok().map(|decoded| decoded.object)
    };
    let (Some(old), Some(mut new)) = (decoded(original), decoded(&patched.object)) else { return };
    let by = Manager {
        name: "f",
        api_version: "v1",
        kind: "Pod",
        subresource: "",
        time: "2027-01-31T08:15:00Z",
    };
    update(message, &Reset::These(&[]), Some(&old), &mut new, &by);
    let mut again = new.clone();
    update(message, &Reset::These(&[]), Some(&new), &mut again, &by);
    assert_eq!(again, new, "{}", message.name);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: &[&[u8]] = &[
        b"\x00{\"kind\":\"Pod\",\"metadata\":{\"finalizers\":[\"a\",\"b\"]},\"spec\":{\"containers\":[{\"name\":\"a\",\"ports\":[{\"containerPort\":1}]},{\"name\":\"b\"}]}}\0{\"metadata\":{\"$deleteFromPrimitiveList/finalizers\":[\"a\"]},\"spec\":{\"$setElementOrder/containers\":[{\"name\":\"c\"},{\"name\":\"a\"}],\"containers\":[{\"name\":\"c\",\"$retainKeys\":[\"name\"]},{\"name\":\"b\",\"$patch\":\"delete\"}]}}",
        b"\x02{\"kind\":\"ConfigMap\",\"metadata\":{\"uid\":\"u\",\"managedFields\":[{\"manager\":\"m\",\"operation\":\"Update\",\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:data\":{\".\":{},\"f:x\":{}}}}]},\"data\":{\"x\":\"1\"}}\0[{\"op\":\"add\",\"path\":\"/data/y\",\"value\":\"2\"},{\"op\":\"move\",\"from\":\"/data/x\",\"path\":\"/data/z\"},{\"op\":\"test\",\"path\":\"/data/z\",\"value\":\"1\"},{\"op\":\"copy\",\"from\":\"/data\",\"path\":\"/data/d\"}]",
        b"\x01{\"spec\":{\"ports\":[{\"port\":80},{\"port\":81,\"protocol\":\"UDP\"}]}}\0{\"spec\":{\"ports\":[{\"port\":80,\"name\":null},{\"$patch\":\"replace\"}]},\"metadata\":null}",
    ];

    /// Bytes that make a text of one kind into something else.
    const DAMAGE: &[u8] = b"{}[]\",:0/-~$.ax";

    #[test]
    fn damaged_patches_are_applied_or_refused() {
        // Xorshift: the same damage in every run.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).expect("it is below")
        };
        for seed in SEEDS {
            fuzz(seed);
            for _ in 0..2_000 {
                let mut damaged = seed.to_vec();
                for _ in 0..=random(3) {
                    let at = random(damaged.len());
                    match random(4) {
                        0 => damaged[at] = DAMAGE[random(DAMAGE.len())],
                        1 => {
                            damaged.remove(at);
                        }
                        2 => damaged.insert(at, seed[random(seed.len())]),
                        _ => {
                            let to = random(damaged.len());
                            damaged.swap(at, to);
                        }
                    }
                }
                fuzz(&damaged);
            }
        }
    }
}
