//! Secrets, and what each type of them must hold.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_core::Timestamp;
use portcullis_schema::json::SyntaxError;
use serde_json::Value;

use crate::config_map::{DATA_BYTES_MAX, decoded_bytes, immutable_faults, key_faults};
use crate::path::Path;
use crate::value::{at, copy, default_text, map, map_or_new, remove, text};
use crate::{FieldError, Kind, Object, age, metadata, name, pem};

pub(crate) static SECRET: Secret = Secret;

/// The annotation that binds a token to its account.
const ACCOUNT: &str = "kubernetes.io/service-account.name";

const DATA: Path<'static> = Path::root("data");

/// `v1/Secret`.
pub(crate) struct Secret;

impl Kind for Secret {
    fn default(&self, object: &mut Object) {
        // What is written as text is kept as bytes, and never shown as text again.
        if let Some(Value::Object(texts)) = remove(object, "stringData")
            && !texts.is_empty()
            && let Some(data) = map_or_new(object, "data")
        {
            for (key, value) in texts {
                let bytes = STANDARD.encode(value.as_str().unwrap_or_default());
                data.insert(key, Value::from(bytes));
            }
        }
        default_text(object, "type", "Opaque");
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        if text(object, "type").is_empty() {
            copy(object, old, "type");
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let data = map(object, "data");
        let mut bytes = 0usize;
        for (key, value) in data.into_iter().flatten() {
            key_faults(key, &DATA, &mut faults);
            bytes = bytes.saturating_add(value.as_str().map_or(0, decoded_bytes));
        }
        if bytes > DATA_BYTES_MAX {
            faults.push(FieldError::too_long(DATA, DATA_BYTES_MAX));
        }
        type_faults(object, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        if text(object, "type") != text(old, "type") {
            let detail = "field is immutable";
            faults.push(FieldError::invalid("type", text(object, "type"), detail));
        }
        immutable_faults(object, old, &["data"], &mut faults);
        metadata::kind_faults(self, object, metadata::is_namespaced(object), &mut faults);
        faults.append(&mut self.validate(object));
        faults
    }

    fn warnings(&self, object: &Object, _old: Option<&Object>) -> Vec<String> {
        if text(object, "type") != "kubernetes.io/tls" {
            return Vec::new();
        }
        // The original tries to load the pair as its TLS library would.
        let pair = [("tls.crt", "certificate"), ("tls.key", "key")];
        pair.into_iter()
            .find_map(|(key, what)| pem_fault(&content(object, key), what))
            .into_iter()
            .collect()
    }

    fn selectable(&self, object: &Object, label: &str) -> Option<String> {
        (label == "type").then(|| text(object, "type").to_owned())
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let count = map(object, "data").map_or(0, Object::len);
        let kind = text(object, "type");
        Some(vec![name::of(object).into(), kind.into(), count.into(), age::of(object, now).into()])
    }
}

fn type_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let has = |key: &str| map(object, "data").is_some_and(|data| data.contains_key(key));
    let mut required = |key: &str| faults.push(FieldError::required(DATA.key(key), ""));
    match text(object, "type") {
        "kubernetes.io/service-account-token" => {
            let account = at(object, &["metadata", "annotations", ACCOUNT]);
            if account.and_then(Value::as_str).is_none_or(str::is_empty) {
                let path = Path::root("metadata");
                let path = path.field("annotations");
                faults.push(FieldError::required(path.key(ACCOUNT), ""));
            }
        }
        "kubernetes.io/dockercfg" => docker_faults(object, ".dockercfg", faults),
        "kubernetes.io/dockerconfigjson" => docker_faults(object, ".dockerconfigjson", faults),
        // Either of them is enough.
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            required("username");
            required("password");
        }
        "kubernetes.io/ssh-auth" if content(object, "ssh-privatekey").is_empty() => {
            required("ssh-privatekey");
        }
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"] {
                if !has(key) {
                    required(key);
                }
            }
        }
        _ => {}
    }
}

fn docker_faults(object: &Object, key: &str, faults: &mut Vec<FieldError>) {
    if map(object, "data").is_none_or(|data| !data.contains_key(key)) {
        faults.push(FieldError::required(DATA.key(key), ""));
    } else if let Some(fault) = docker_fault(&content(object, key)) {
        // What stands there is a secret even if it is no good.
        let shown = "<secret contents redacted>";
        faults.push(FieldError::invalid(DATA.key(key), shown, fault));
    }
}

/// What Go says of a text that is no JSON object. `null` is one for it.
fn docker_fault(text: &[u8]) -> Option<String> {
    if let Some(fault) = SyntaxError::first(text) {
        return Some(fault.to_string());
    }
    let kind = match text.trim_ascii_start().first() {
        Some(b'{' | b'n') => return None,
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "bool",
        _ => "number",
    };
    Some(format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"))
}

/// The bytes of a key; none where it is absent.
fn content(object: &Object, key: &str) -> Vec<u8> {
    let text = map(object, "data").map_or("", |data| text(data, key));
    STANDARD.decode(text).unwrap_or_default()
}

/// Why no certificate or key can be read from the bytes, as Go's `crypto/tls` says it.
fn pem_fault(bytes: &[u8], what: &str) -> Option<String> {
    let blocks = pem::blocks(bytes);
    let wanted = |label: &str| match what {
        "certificate" => label == "CERTIFICATE",
        _ => label == "PRIVATE KEY" || label.ends_with(" PRIVATE KEY"),
    };
    if blocks.iter().any(|block| wanted(&block.label)) {
        return None;
    }
    let labels: Vec<&str> = blocks.iter().map(|block| block.label.as_str()).collect();
    Some(match (labels.as_slice(), what) {
        ([], _) => format!("tls: failed to find any PEM data in {what} input"),
        (["CERTIFICATE"], "key") => {
            "tls: found a certificate rather than a key in the PEM for the private key".to_owned()
        }
        (labels, "key") => format!(
            "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping \
             PEM blocks of the following types: [{}]",
            labels.join(" ")
        ),
        ([one], _) if one.ends_with("PRIVATE KEY") => {
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM \
             inputs may have been switched"
                .to_owned()
        }
        (labels, _) => format!(
            "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of \
             the following types: [{}]",
            labels.join(" ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        let mut object = value.as_object().unwrap().clone();
        SECRET.default(&mut object);
        object
    }

    #[track_caller]
    fn check(value: Value, want: &[&str]) {
        let faults = SECRET.validate(&object(value));
        assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), want);
    }

    #[test]
    fn text_becomes_bytes() {
        let secret =
            object(json!({"stringData": {"p": "hunter2", "q": "x"}, "data": {"q": "YQ=="}}));
        assert_eq!(
            Value::Object(secret),
            json!({"data": {"p": "aHVudGVyMg==", "q": "eA=="}, "type": "Opaque"})
        );
        let empty = object(json!({"stringData": {}, "type": ""}));
        assert_eq!(Value::Object(empty), json!({"type": "Opaque"}));
    }

    #[test]
    fn each_type_asks_for_its_keys() {
        check(json!({"type": "kubernetes.io/basic-auth", "data": {"password": ""}}), &[]);
        check(
            json!({"type": "kubernetes.io/basic-auth"}),
            &["data[username]: Required value", "data[password]: Required value"],
        );
        check(
            json!({"type": "kubernetes.io/tls", "data": {"tls.key": ""}}),
            &["data[tls.crt]: Required value"],
        );
        check(
            json!({"type": "kubernetes.io/ssh-auth", "data": {"ssh-privatekey": ""}}),
            &["data[ssh-privatekey]: Required value"],
        );
        check(
            json!({"type": "kubernetes.io/service-account-token"}),
            &["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        );
        check(
            json!({"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "nojson"}}),
            &[
                "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": invalid character 'o' in \
               literal null (expecting 'u')",
            ],
        );
        check(
            json!({"type": "kubernetes.io/dockercfg", "stringData": {".dockercfg": "{\"auths\": {}}"}}),
            &[],
        );
    }

    #[test]
    fn the_type_stays() {
        let (new, old) = (object(json!({"type": "Other"})), object(json!({"immutable": true})));
        let faults = SECRET.validate_update(&new, &old);
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["type", "immutable", "metadata.name"]);
    }

    #[test]
    fn a_pair_that_cannot_be_loaded_is_warned_of() {
        let block = |label| format!("-----BEGIN {label}-----\nAA==\n-----END {label}-----\n");
        for (certificate, key, want) in [
            ("", "", "tls: failed to find any PEM data in certificate input"),
            (&*block("CERTIFICATE"), "", "tls: failed to find any PEM data in key input"),
            (&*block("CERTIFICATE"), &*block("EC PRIVATE KEY"), ""),
            (
                &*block("X"),
                "",
                "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks \
                 of the following types: [X]",
            ),
            (
                &*block("CERTIFICATE"),
                &*block("CERTIFICATE"),
                "tls: found a certificate rather than a key in the PEM for the private key",
            ),
        ] {
            let secret = object(json!({"type": "kubernetes.io/tls",
                "stringData": {"tls.crt": certificate, "tls.key": key}}));
            assert_eq!(SECRET.warnings(&secret, None).join("\n"), want);
        }
    }
}
