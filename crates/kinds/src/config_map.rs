//! ConfigMaps.

use portcullis_core::Timestamp;
use serde_json::Value;

use crate::path::Path;
use crate::value::{flag, map, same};
use crate::{FieldError, Kind, Object, age, metadata, name};

/// The most bytes that the values of a ConfigMap or Secret may have together: the original keeps each in one
/// etcd value, which takes 1.5 MiB.
pub const DATA_BYTES_MAX: usize = 1024 * 1024;

pub(crate) static CONFIG_MAP: ConfigMap = ConfigMap;

/// `v1/ConfigMap`.
pub(crate) struct ConfigMap;

impl Kind for ConfigMap {
    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let (data, binary) = (map(object, "data"), map(object, "binaryData"));
        let mut bytes = 0usize;
        let path = Path::root("data");
        for (key, value) in data.into_iter().flatten() {
            key_faults(key, &path, &mut faults);
            if binary.is_some_and(|binary| binary.contains_key(key)) {
                let detail = "duplicate of key present in binaryData";
                faults.push(FieldError::invalid(path.key(key), key.as_str(), detail));
            }
            bytes = bytes.saturating_add(value.as_str().map_or(0, str::len));
        }
        let path = Path::root("binaryData");
        for (key, value) in binary.into_iter().flatten() {
            key_faults(key, &path, &mut faults);
            bytes = bytes.saturating_add(value.as_str().map_or(0, decoded_bytes));
        }
        if bytes > DATA_BYTES_MAX {
            // The original names no field here, and prints its absence like this.
            faults.push(FieldError::too_long("[]", DATA_BYTES_MAX));
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        immutable_faults(object, old, &["data", "binaryData"], &mut faults);
        metadata::kind_faults(self, object, metadata::is_namespaced(object), &mut faults);
        faults.append(&mut self.validate(object));
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let count = |field| map(object, field).map_or(0, Object::len);
        let data = count("data") + count("binaryData");
        Some(vec![name::of(object).into(), data.into(), age::of(object, now).into()])
    }
}

/// Appends what is wrong with a key of data.
pub(crate) fn key_faults(key: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for fault in name::config_key_faults(key) {
        faults.push(FieldError::invalid(path.key(key), key, fault));
    }
}

/// Appends which of the fields changed although `immutable` was set.
pub(crate) fn immutable_faults(
    object: &Object,
    old: &Object,
    fields: &[&str],
    faults: &mut Vec<FieldError>,
) {
    const DETAIL: &str = "field is immutable when `immutable` is set";
    if flag(old, "immutable") != Some(true) {
        return;
    }
    if flag(object, "immutable") != Some(true) {
        faults.push(FieldError::forbidden("immutable", DETAIL));
    }
    for field in fields {
        if !same(object.get(*field), old.get(*field)) {
            faults.push(FieldError::forbidden(*field, DETAIL));
        }
    }
}

/// How many bytes a text in base64 stands for.
pub(crate) fn decoded_bytes(text: &str) -> usize {
    text.trim_end_matches('=').len() * 3 / 4
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(object: Value, want: &[&str]) {
        let faults = CONFIG_MAP.validate(object.as_object().unwrap());
        assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), want);
    }

    #[test]
    fn keys_are_names_of_files_and_stand_once() {
        check(json!({"data": {"a.b": "x"}, "binaryData": {"b_c": "AAEC"}}), &[]);
        check(
            json!({"data": {"a": "1"}, "binaryData": {"a": "AA=="}}),
            &["data[a]: Invalid value: \"a\": duplicate of key present in binaryData"],
        );
        check(json!({"data": {"..": ""}}), &["data[..]: Invalid value: \"..\": must not be '..'"]);
    }

    #[test]
    fn the_size_is_that_of_what_is_meant() {
        check(json!({"data": {"a": "x".repeat(DATA_BYTES_MAX)}}), &[]);
        check(
            json!({"data": {"a": "x".repeat(DATA_BYTES_MAX)}, "binaryData": {"b": "AA=="}}),
            &["[]: Too long: may not be more than 1048576 bytes"],
        );
        for (text, bytes) in [("", 0), ("AA==", 1), ("AAE=", 2), ("AAEC", 3)] {
            assert_eq!(decoded_bytes(text), bytes);
        }
    }

    #[test]
    fn immutable_stays() {
        let old = json!({"immutable": true, "data": {"a": "1"}});
        for (new, want) in [
            (json!({"immutable": true, "data": {"a": "1"}, "binaryData": {}}), vec![]),
            (json!({"data": {"a": "1"}}), vec!["immutable"]),
            (json!({"immutable": true, "binaryData": {"b": "AA=="}}), vec!["data", "binaryData"]),
        ] {
            let mut faults = Vec::new();
            let (new, old) = (new.as_object().unwrap(), old.as_object().unwrap());
            immutable_faults(new, old, &["data", "binaryData"], &mut faults);
            let fields: Vec<&str> = faults.iter().map(|f| f.field.as_str()).collect();
            assert_eq!(fields, want);
        }
    }

    #[test]
    fn the_row_counts_both_maps() {
        let object = json!({"metadata": {"name": "c"}, "data": {"a": ""}, "binaryData": {"b": ""}});
        let cells = CONFIG_MAP.cells(object.as_object().unwrap(), Timestamp::from_seconds(0));
        assert_eq!(cells, Some(vec![json!("c"), json!(2), json!("<unknown>")]));
    }
}
