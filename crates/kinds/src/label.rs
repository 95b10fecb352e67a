//! Labels and their selectors.

use crate::path::Path;
use crate::value::{list, map, maps, text, texts};
use crate::{FieldError, Object, name};

/// What stands in a cell that has nothing to show.
pub(crate) const NONE: &str = "<none>";

/// Everything that is wrong with a map of labels.
pub(crate) fn faults(labels: Option<&Object>, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for (key, value) in labels.into_iter().flatten() {
        key_faults(key, path, faults);
        let value = value.as_str().unwrap_or_default();
        for fault in name::label_value_faults(value) {
            faults.push(FieldError::invalid(path, value, fault));
        }
    }
}

/// Everything that is wrong with one label's key.
pub(crate) fn key_faults(key: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for fault in name::qualified_faults(key) {
        faults.push(FieldError::invalid(path, key, fault));
    }
}

/// Everything that is wrong with a LabelSelector.
pub(crate) fn selector_faults(selector: &Object, path: &Path<'_>, found: &mut Vec<FieldError>) {
    faults(map(selector, "matchLabels"), &path.field("matchLabels"), found);
    let expressions = path.field("matchExpressions");
    for (i, wanted) in maps(selector, "matchExpressions") {
        let path = expressions.index(i);
        let values = list(wanted, "values");
        match text(wanted, "operator") {
            "In" | "NotIn" if values.is_empty() => found.push(FieldError::required(
                path.field("values"),
                "must be specified when `operator` is 'In' or 'NotIn'",
            )),
            "Exists" | "DoesNotExist" if !values.is_empty() => found.push(FieldError::forbidden(
                path.field("values"),
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            )),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => found.push(FieldError::invalid(
                path.field("operator"),
                other,
                "not a valid selector operator",
            )),
        }
        key_faults(text(wanted, "key"), &path.field("key"), found);
        let path = path.field("values");
        for (i, value) in texts(wanted, "values").enumerate() {
            for fault in name::label_value_faults(value) {
                found.push(FieldError::invalid(path.index(i), value, fault));
            }
        }
    }
}

/// A LabelSelector as tables show it: requirements in order of their keys.
pub(crate) fn selector_text(selector: Option<&Object>) -> String {
    let Some(selector) = selector else { return NONE.to_owned() };
    let mut parts: Vec<(&str, String)> = Vec::new();
    for (key, value) in map(selector, "matchLabels").into_iter().flatten() {
        parts.push((key, format!("{key}={}", value.as_str().unwrap_or_default())));
    }
    for (_, wanted) in maps(selector, "matchExpressions") {
        let key = text(wanted, "key");
        let mut values: Vec<&str> = texts(wanted, "values").collect();
        values.sort_unstable();
        let values = values.join(",");
        parts.push((
            key,
            match text(wanted, "operator") {
                "In" => format!("{key} in ({values})"),
                "NotIn" => format!("{key} notin ({values})"),
                "Exists" => key.to_owned(),
                "DoesNotExist" => format!("!{key}"),
                _ => return "<error>".to_owned(),
            },
        ));
    }
    if parts.is_empty() {
        return NONE.to_owned();
    }
    parts.sort_by_key(|(key, _)| *key);
    let texts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    texts.join(",")
}

/// A map of labels as tables show it.
pub(crate) fn map_text(labels: Option<&Object>) -> String {
    let mut parts: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if parts.is_empty() {
        return NONE.to_owned();
    }
    parts.sort_unstable();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(selector: Value, shown: &str, want: &[&str]) {
        let selector = selector.as_object().unwrap();
        let mut found = Vec::new();
        selector_faults(selector, &Path::root("s"), &mut found);
        let found: Vec<String> =
            found.iter().map(|f| format!("{}: {}", f.field, f.detail)).collect();
        assert_eq!(found, want);
        assert_eq!(selector_text(Some(selector)), shown);
    }

    #[test]
    fn selectors() {
        check(json!({}), "<none>", &[]);
        check(
            json!({"matchLabels": {"b": "1"}, "matchExpressions": [
                {"key": "a", "operator": "In", "values": ["y", "x"]},
                {"key": "c", "operator": "DoesNotExist"}, {"key": "d", "operator": "Exists"}]}),
            "a in (x,y),b=1,!c,d",
            &[],
        );
        check(
            json!({"matchExpressions": [{"key": "a", "operator": "NotIn"},
                {"key": "b", "operator": "Exists", "values": ["x"]}]}),
            "a notin (),b",
            &[
                "s.matchExpressions[0].values: must be specified when `operator` is 'In' or 'NotIn'",
                "s.matchExpressions[1].values: may not be specified when `operator` is 'Exists' or \
                 'DoesNotExist'",
            ],
        );
        check(
            json!({"matchExpressions": [{"key": "a", "operator": "X"}]}),
            "<error>",
            &["s.matchExpressions[0].operator: not a valid selector operator"],
        );
    }

    #[test]
    fn maps_are_shown_in_order() {
        let labels = json!({"b": "2", "a": "1"});
        assert_eq!(map_text(labels.as_object()), "a=1,b=2");
        assert_eq!(map_text(None), NONE);
    }
}
