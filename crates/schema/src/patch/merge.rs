//! Merge patch (RFC 7386).

use serde_json::Value;

use super::{Checked, PatchError, Patched, object};
use crate::json::Object;

/// Applies a merge patch: `null` removes, objects merge, everything else replaces.
///
/// # Errors
/// [`PatchError::Malformed`] for what is no object.
pub fn apply(mut original: Object, patch: &[u8], checked: Checked) -> Result<Patched, PatchError> {
    let context = match checked {
        Checked::Yes => "error decoding patch: ",
        Checked::No => "",
    };
    // Unchecked, the original reads the patch only while merging it, and then has few words.
    let unread = || PatchError::Malformed("Invalid JSON Patch".into());
    let read = object(patch, context);
    let (patch, complaints) = match checked {
        Checked::Yes => read?,
        Checked::No => read.map_err(|_| unread()).map(|(patch, _)| (patch, Vec::new()))?,
    };
    merge(&mut original, patch.ok_or_else(unread)?);
    Ok(Patched { object: original, complaints })
}

fn merge(into: &mut Object, patch: Object) {
    for (key, value) in patch {
        match value {
            Value::Null => {
                into.remove(&key);
            }
            Value::Object(patch) => match into.get_mut(&key) {
                Some(Value::Object(inner)) => merge(inner, patch),
                _ => {
                    into.insert(key, pruned(Value::Object(patch)));
                }
            },
            // The original prunes a list only where nothing stood before, or nothing that merges.
            value => {
                let stood = into.get(&key).is_some_and(Value::is_object);
                into.insert(key, if stood { value } else { pruned(value) });
            }
        }
    }
    into.sort_keys();
}

/// A value without the members that are `null`; items of lists stay.
fn pruned(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let members = map.into_iter().filter(|(_, value)| !value.is_null());
            let mut map: Object = members.map(|(key, value)| (key, pruned(value))).collect();
            map.sort_keys();
            Value::Object(map)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(pruned).collect()),
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_merge() {
        for (original, patch, want) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"a":1,"e":null}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
            ("{}", r#"{"a":[{"x":null,"y":[null]}]}"#, r#"{"a":[{"y":[null]}]}"#),
            (r#"{"a":{"k":1}}"#, r#"{"a":[{"x":null}]}"#, r#"{"a":[{"x":null}]}"#),
            (
                r#"{"k":{"z":1,"a":1},"d":{"z":1,"a":1}}"#,
                r#"{"d":{"m":1}}"#,
                r#"{"d":{"a":1,"m":1,"z":1},"k":{"z":1,"a":1}}"#,
            ),
        ] {
            let object = serde_json::from_str(original).expect("it is an object");
            let patched = apply(object, patch.as_bytes(), Checked::Yes).expect("it applies");
            assert_eq!(Value::Object(patched.object).to_string(), want, "{original} {patch}");
        }
    }

    #[test]
    fn what_is_no_patch_is_told_in_gos_words() {
        for (patch, checked, want) in [
            (
                "[]",
                Checked::Yes,
                "error decoding patch: json: cannot unmarshal array into Go value of type \
                 map[string]interface {}",
            ),
            (
                "data:\n  y: m\n",
                Checked::Yes,
                "error decoding patch: invalid character 'd' looking for beginning of value",
            ),
            ("null", Checked::Yes, "Invalid JSON Patch"),
            ("bad", Checked::No, "Invalid JSON Patch"),
        ] {
            let refused = apply(Object::new(), patch.as_bytes(), checked);
            assert_eq!(refused, Err(PatchError::Malformed(want.into())), "{patch}");
        }
    }

    #[test]
    fn keys_that_stand_twice_are_told_of() {
        let patch = br#"{"data":{"a":"b","a":"c"}}"#;
        let patched = apply(Object::new(), patch, Checked::Yes).expect("it applies");
        assert_eq!(patched.complaints, ["duplicate field \"data.a\""]);
    }
}
