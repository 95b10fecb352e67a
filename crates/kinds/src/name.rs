//! What names may be, in the words of the API (`apimachinery/pkg/util/validation`).
//!
//! Every rule is a function from a text to what is wrong with it; an empty list is no fault, and costs
//! nothing.

use serde_json::Value;

use crate::Object;
use crate::value::at;

/// The longest name a DNS subdomain may have (RFC 1123).
pub const SUBDOMAIN_MAX: usize = 253;

/// The longest DNS label (RFC 1035, RFC 1123), label value and name part of a label key.
pub const LABEL_MAX: usize = 63;

/// The longest name of a port (RFC 6335).
const PORT_NAME_MAX: usize = 15;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const WILDCARD: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const KEY_NAME: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/// What is wrong with a DNS subdomain (RFC 1123): lower-case letters, digits, `-` and `.`, each part
/// beginning and ending with a letter or digit. Nothing where it is fine.
pub fn subdomain_faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.len() > SUBDOMAIN_MAX {
        faults.push(too_many_characters(SUBDOMAIN_MAX));
    }
    if !is_subdomain_text(name) {
        faults.push(SUBDOMAIN.to_owned());
    }
    faults
}

/// What is wrong with a DNS label (RFC 1123): as a subdomain, and without dots.
pub fn label_faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.len() > LABEL_MAX {
        faults.push(too_many_characters(LABEL_MAX));
    }
    if !is_label_text(name) {
        // What is a subdomain and no label has dots, and that is said in fewer words.
        let dots = is_subdomain_text(name);
        faults.push(if dots { "must not contain dots".to_owned() } else { LABEL.to_owned() });
    }
    faults
}

/// What is wrong with a DNS label (RFC 1035): as [`label_faults`], and beginning with a letter.
pub fn label_1035_faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.len() > LABEL_MAX {
        faults.push(too_many_characters(LABEL_MAX));
    }
    if !is_label_text(name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        faults.push(LABEL_1035.to_owned());
    }
    faults
}

/// What is wrong with `*.` and a subdomain (RFC 1034, 4.3.3).
pub fn wildcard_faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.len() > SUBDOMAIN_MAX {
        faults.push(too_many_characters(SUBDOMAIN_MAX));
    }
    if !name.strip_prefix("*.").is_some_and(is_subdomain_text) {
        faults.push(WILDCARD.to_owned());
    }
    faults
}

/// What is wrong with a name that need only fit into an address: the rule of the RBAC kinds, which may
/// be called `system:node`.
pub fn path_segment_faults(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ['/', '%']
        .into_iter()
        .filter(|letter| name.contains(*letter))
        .map(|letter| format!("may not contain '{letter}'"))
        .collect()
}

/// What is wrong with a qualified name, the rule of label keys: `NAME` or `SUBDOMAIN/NAME`.
pub fn qualified_faults(key: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let name = match key.split_once('/') {
        None => key,
        Some((_, rest)) if rest.contains('/') => {
            return vec![format!(
                "a valid label key {KEY_NAME} with an optional DNS subdomain prefix and '/' \
                 (e.g. 'example.com/MyName')"
            )];
        }
        Some(("", name)) => {
            faults.push("prefix part must be non-empty".to_owned());
            name
        }
        Some((prefix, name)) => {
            if prefix.len() > SUBDOMAIN_MAX {
                faults.push(format!("prefix part {}", too_many_bytes(SUBDOMAIN_MAX)));
            }
            if !is_subdomain_text(prefix) {
                faults.push(format!("prefix part {SUBDOMAIN}"));
            }
            name
        }
    };
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_MAX {
        faults.push(format!("name part {}", too_many_bytes(LABEL_MAX)));
    }
    if !is_key_text(name) {
        faults.push(format!("name part {KEY_NAME}"));
    }
    faults
}

/// What is wrong with the value of a label.
pub fn label_value_faults(value: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if value.len() > LABEL_MAX {
        faults.push(too_many_bytes(LABEL_MAX));
    }
    if !value.is_empty() && !is_key_text(value) {
        faults.push(LABEL_VALUE.to_owned());
    }
    faults
}

/// What is wrong with a key of a ConfigMap's or Secret's data, which becomes the name of a file.
pub fn config_key_faults(key: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if key.len() > SUBDOMAIN_MAX {
        faults.push(too_many_characters(SUBDOMAIN_MAX));
    }
    let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if key.is_empty() || !key.bytes().all(letter) {
        faults.push(CONFIG_KEY.to_owned());
    }
    if key == "." {
        faults.push("must not be '.'".to_owned());
    } else if key == ".." {
        faults.push("must not be '..'".to_owned());
    } else if key.starts_with("..") {
        faults.push("must not start with '..'".to_owned());
    }
    faults
}

/// What is wrong with the name of a port (an IANA service name, RFC 6335 5.1).
pub fn port_name_faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.len() > PORT_NAME_MAX {
        faults.push(too_many_characters(PORT_NAME_MAX));
    }
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || !name.bytes().all(letter) {
        faults.push(
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned(),
        );
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        faults.push("must contain at least one letter (a-z)".to_owned());
    }
    if name.contains("--") {
        faults.push("must not contain consecutive hyphens".to_owned());
    }
    if name.starts_with('-') || name.ends_with('-') {
        faults.push("must not begin or end with a hyphen".to_owned());
    }
    faults
}

/// What is wrong with a port's number.
pub fn port_number_faults(port: i64) -> Vec<String> {
    if (1..=65535).contains(&port) {
        return Vec::new();
    }
    vec!["must be between 1 and 65535, inclusive".to_owned()]
}

/// The name of an object; empty where it has none.
pub(crate) fn of(object: &Object) -> &str {
    at(object, &["metadata", "name"]).and_then(Value::as_str).unwrap_or_default()
}

fn is_subdomain_text(name: &str) -> bool {
    name.split('.').all(is_label_text)
}

fn is_label_text(part: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    bytes.first().is_some_and(|byte| alphanumeric(*byte))
        && bytes.last().is_some_and(|byte| alphanumeric(*byte))
        && bytes.iter().all(|byte| alphanumeric(*byte) || *byte == b'-')
}

fn is_key_text(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The API counts bytes and calls them characters in the older of its rules.
fn too_many_characters(most: usize) -> String {
    format!("must be no more than {most} characters")
}

fn too_many_bytes(most: usize) -> String {
    format!("must be no more than {most} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: fn(&str) -> Vec<String>, cases: &[(&str, &[&str])]) {
        for (name, want) in cases {
            assert_eq!(rule(name), *want, "{name}");
        }
    }

    const LONG: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

    #[test]
    fn names_of_objects() {
        check(
            subdomain_faults,
            &[("a.b-c.0", &[]), ("a..b", &[SUBDOMAIN]), ("", &[SUBDOMAIN]), ("A", &[SUBDOMAIN])],
        );
        check(
            label_faults,
            &[
                ("a-b", &[]),
                ("a.b", &["must not contain dots"]),
                ("-a", &[LABEL]),
                (LONG, &["must be no more than 63 characters"]),
            ],
        );
        check(label_1035_faults, &[("a1", &[]), ("1a", &[LABEL_1035]), ("a-", &[LABEL_1035])]);
        check(
            path_segment_faults,
            &[
                ("system:node", &[]),
                ("..", &["may not be '..'"]),
                ("a/b%", &["may not contain '/'", "may not contain '%'"]),
            ],
        );
        check(wildcard_faults, &[("*.a.b", &[]), ("*.*", &[WILDCARD]), ("a.b", &[WILDCARD])]);
    }

    #[test]
    fn keys_and_values() {
        let name: &str = &format!("name part {KEY_NAME}");
        check(
            qualified_faults,
            &[
                ("example.com/My_Name", &[]),
                ("bad key", &[name]),
                ("kubernetes.io/", &["name part must be non-empty", name]),
                ("/a", &["prefix part must be non-empty"]),
                (LONG, &["name part must be no more than 63 bytes"]),
            ],
        );
        assert_eq!(qualified_faults("A_/x"), [format!("prefix part {SUBDOMAIN}")]);
        assert_eq!(qualified_faults("a/b/c").len(), 1);
        check(label_value_faults, &[("", &[]), ("a_B.c", &[]), ("a ", &[LABEL_VALUE])]);
        check(
            config_key_faults,
            &[
                ("tls.crt", &[]),
                ("", &[CONFIG_KEY]),
                ("..", &["must not be '..'"]),
                ("..a", &["must not start with '..'"]),
                (".", &["must not be '.'"]),
            ],
        );
    }

    #[test]
    fn ports() {
        check(
            port_name_faults,
            &[
                ("http-2", &[]),
                ("80", &["must contain at least one letter (a-z)"]),
                (
                    "a--b-",
                    &[
                        "must not contain consecutive hyphens",
                        "must not begin or end with a hyphen",
                    ],
                ),
            ],
        );
        assert_eq!(port_name_faults("Too_Long_Port_Name_Here").len(), 2);
        assert!(port_number_faults(65535).is_empty());
        assert_eq!(port_number_faults(0), ["must be between 1 and 65535, inclusive"]);
    }
}
