//! `PodSecurity`, as far as it judges namespaces: the labels that say what their pods must keep to.

use serde_json::Value;

use crate::chain::{Plugin, Turn};
use crate::fields::{metadata, section};
use crate::review::Operation;
use crate::{Fault, Object, Refusal};

const LEVEL: &str = "must be one of privileged, baseline, restricted";
const VERSION: &str = "must be \"latest\" or \"v1.x\"";

/// The plugin, as far as it judges labels.
pub(crate) struct PodSecurityLabels;

impl Plugin for PodSecurityLabels {
    fn judge(&self, turn: &Turn<'_>, namespace: &Object) -> Result<(), Refusal> {
        if !turn.review.is_of("", "namespaces") || turn.review.operation == Operation::Delete {
            return Ok(());
        }
        let faults = faults(namespace);
        // What was bad before may stay as it is, or nothing else could be changed any more.
        let known = turn.old.is_some_and(|old| self::faults(old) == faults);
        if faults.is_empty() || known { Ok(()) } else { Err(Refusal::Invalid(faults)) }
    }
}

/// What is wrong with the labels, mode by mode.
fn faults(namespace: &Object) -> Vec<Fault> {
    let labels = section(metadata(namespace), "labels");
    let mut faults = Vec::new();
    for mode in ["enforce", "audit", "warn"] {
        for (suffix, takes, detail) in [
            ("", is_level as fn(&str) -> bool, LEVEL),
            ("-version", is_version as fn(&str) -> bool, VERSION),
        ] {
            let key = format!("pod-security.kubernetes.io/{mode}{suffix}");
            let Some(value) = labels.get(&key).and_then(Value::as_str) else { continue };
            if !takes(value) {
                let field = format!("metadata.labels[{key}]");
                faults.push(Fault { field, value: value.into(), detail });
            }
        }
    }
    faults
}

fn is_level(value: &str) -> bool {
    matches!(value, "privileged" | "baseline" | "restricted")
}

/// `latest`, or `v1.` and a number without leading zeros.
fn is_version(value: &str) -> bool {
    let Some(minor) = value.strip_prefix("v1.") else { return value == "latest" };
    minor.bytes().all(|digit| digit.is_ascii_digit())
        && !minor.is_empty()
        && (minor == "0" || !minor.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Table, judged, of};

    fn labelled(labels: &Value) -> Object {
        let mut keyed = Object::new();
        for (mode, value) in labels.as_object().unwrap() {
            keyed.insert(format!("pod-security.kubernetes.io/{mode}"), value.clone());
        }
        json!({"metadata": {"name": "a", "labels": keyed}}).as_object().unwrap().clone()
    }

    #[track_caller]
    fn check(labels: &Value, old: Option<&Value>, want: &[(&str, &str)]) {
        let operation = if old.is_some() { Operation::Update } else { Operation::Create };
        let old = old.map(labelled);
        let review = of(operation, "namespaces").named("a");
        let told = match judged(&Table::new(), review, &labelled(labels), old.as_ref()) {
            Ok(_) => Vec::new(),
            Err(Refusal::Invalid(faults)) => faults,
            Err(other) => panic!("{other:?}"),
        };
        let told: Vec<(&str, &str)> =
            told.iter().map(|fault| (fault.field.as_str(), fault.detail)).collect();
        assert_eq!(told, want);
    }

    #[test]
    fn labels_say_levels_and_versions() {
        check(&json!({"enforce": "restricted", "enforce-version": "v1.30"}), None, &[]);
        check(
            &json!({"warn": "baseline", "warn-version": "latest", "audit-version": "v1.0"}),
            None,
            &[],
        );
        let field = |mode: &str| format!("metadata.labels[pod-security.kubernetes.io/{mode}]");
        check(
            &json!({"warn-version": "1.30", "enforce": "strict", "audit": ""}),
            None,
            &[
                (&field("enforce"), LEVEL),
                (&field("audit"), LEVEL),
                (&field("warn-version"), VERSION),
            ],
        );
        for version in ["v1.01", "v1.", "v2.1", "v1.x", ""] {
            check(
                &json!({"enforce-version": version}),
                None,
                &[(&field("enforce-version"), VERSION)],
            );
        }
    }

    #[test]
    fn what_was_bad_may_stay() {
        let bad = json!({"warn": "nope"});
        check(&bad, Some(&bad), &[]);
        check(
            &bad,
            Some(&json!({})),
            &[("metadata.labels[pod-security.kubernetes.io/warn]", LEVEL)],
        );
        check(
            &bad,
            Some(&json!({"warn": "other"})),
            &[("metadata.labels[pod-security.kubernetes.io/warn]", LEVEL)],
        );
    }
}
