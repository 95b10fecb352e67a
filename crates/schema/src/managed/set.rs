//! Sets of field paths, in the form in which the API shows them (`FieldsV1`).
//!
//! A set is a tree of maps. A key is a step of a path: `f:NAME` a field, `k:{…}` the item of a list
//! with these keys, `v:VALUE` the item that is this value, `i:N` the item at this index. A path is
//! in the set if its map is empty or holds `.`; the other keys are paths through it.

use serde_json::{Map, Value};

use crate::json::Object;

const SELF: &str = ".";

fn is_member(node: &Object) -> bool {
    node.is_empty() || node.contains_key(SELF)
}

/// Gives a map without `.` its place in the tree: as a path that is in the set, or only leads
/// there. None if it is neither.
pub(super) fn node(member: bool, mut children: Object) -> Option<Value> {
    if children.is_empty() {
        return member.then(|| Value::Object(children));
    }
    if member {
        children.shift_insert(0, SELF.into(), Value::Object(Map::new()));
    }
    Some(Value::Object(children))
}

/// Takes every path of `gone` out of `set`.
pub(super) fn subtract(set: &mut Object, gone: &Object) {
    let mut emptied = false;
    for (step, gone) in gone {
        let (Some(Value::Object(inner)), Value::Object(gone)) = (set.get_mut(step), gone) else {
            continue;
        };
        let member = is_member(inner) && !is_member(gone);
        let mut children = std::mem::take(inner);
        children.shift_remove(SELF);
        subtract(&mut children, gone);
        match (node(member, children), set.get_mut(step)) {
            (Some(left), Some(place)) => *place = left,
            (None, Some(place)) => {
                // Taken out below, all at once: one at a time would move the rest every time.
                *place = Value::Null;
                emptied = true;
            }
            (_, None) => {}
        }
    }
    if emptied {
        set.retain(|_, inner| !inner.is_null());
    }
}

/// Puts every path of `more` into `set`.
pub(super) fn unite(set: &mut Object, more: Object) {
    for (step, more) in more {
        let Value::Object(mut more) = more else { continue };
        let Some(Value::Object(inner)) = set.get_mut(&step) else {
            set.insert(step, Value::Object(more));
            continue;
        };
        let member = is_member(inner) || is_member(&more);
        more.shift_remove(SELF);
        inner.shift_remove(SELF);
        unite(inner, more);
        if member && !inner.is_empty() {
            inner.shift_insert(0, SELF.into(), Value::Object(Map::new()));
        }
    }
    set.sort_keys();
}

/// Takes the path of these fields, and everything below it, out of a set.
pub(super) fn cut(set: &mut Object, path: &[&str]) {
    let [field, rest @ ..] = path else { return };
    let step = format!("f:{field}");
    if rest.is_empty() {
        set.shift_remove(&step);
        return;
    }
    let Some(Value::Object(inner)) = set.get_mut(&step) else { return };
    if inner.is_empty() {
        return;
    }
    cut(inner, rest);
    if inner.is_empty() {
        set.shift_remove(&step);
    } else if inner.len() == 1 {
        // A path that is in the set and leads nowhere else has one form only.
        inner.shift_remove(SELF);
    }
}

/// Leaves of a set what lies at or below one of the paths of these fields; `*` is any step.
pub(super) fn keep(set: &mut Object, paths: &[&[&str]]) {
    for (step, inner) in set.iter_mut() {
        let name = step.strip_prefix("f:");
        let under: Vec<&[&str]> = paths
            .iter()
            .filter_map(|path| path.split_first())
            .filter(|(first, _)| **first == "*" || name == Some(**first))
            .map(|(_, rest)| rest)
            .collect();
        if under.iter().any(|rest| rest.is_empty()) {
            continue;
        }
        if let Value::Object(map) = inner {
            map.shift_remove(SELF);
            keep(map, &under);
            if map.is_empty() {
                *inner = Value::Null;
            }
        }
    }
    set.retain(|_, inner| !inner.is_null());
}

/// A set as somebody sent it, every step in its one form; none if it is no set.
pub(super) fn canonical(set: Object) -> Option<Object> {
    let mut out = Map::new();
    for (step, inner) in set {
        let Value::Object(inner) = inner else { return None };
        if step == SELF {
            out.insert(step, Value::Object(Map::new()));
            continue;
        }
        let (kind, rest) = step.split_at_checked(2)?;
        let step = match kind {
            "f:" => step,
            "k:" => match serde_json::from_str(rest).ok()? {
                Value::Object(mut key) => {
                    key.sort_keys();
                    format!("k:{}", Value::Object(key))
                }
                _ => return None,
            },
            "v:" => format!("v:{}", serde_json::from_str::<Value>(rest).ok()?),
            "i:" => format!("i:{}", rest.parse::<i64>().ok()?),
            // Steps of kinds that a later version may know are left out.
            _ if kind.ends_with(':') => continue,
            _ => return None,
        };
        let member = is_member(&inner);
        let mut children = canonical(inner)?;
        children.shift_remove(SELF);
        if let Some(inner) = node(member, children) {
            out.insert(step, inner);
        }
    }
    out.sort_keys();
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Object {
        serde_json::from_str(text).expect("it is an object")
    }

    fn text(set: Object) -> String {
        Value::Object(set).to_string()
    }

    #[test]
    fn paths_are_taken_out_one_by_one() {
        for (from, gone, want) in [
            (r#"{"f:a":{}}"#, r#"{"f:a":{}}"#, "{}"),
            (r#"{"f:a":{}}"#, r#"{"f:a":{"f:b":{}}}"#, r#"{"f:a":{}}"#),
            (r#"{"f:a":{".":{},"f:b":{}}}"#, r#"{"f:a":{}}"#, r#"{"f:a":{"f:b":{}}}"#),
            (r#"{"f:a":{".":{},"f:b":{}}}"#, r#"{"f:a":{"f:b":{}}}"#, r#"{"f:a":{}}"#),
            (r#"{"f:a":{"f:b":{}}}"#, r#"{"f:a":{"f:b":{}}}"#, "{}"),
            (r#"{"f:a":{".":{},"f:b":{}}}"#, r#"{"f:a":{".":{},"f:b":{}}}"#, "{}"),
            (
                r#"{"f:a":{"f:b":{},"f:c":{},"f:d":{}}}"#,
                r#"{"f:a":{"f:b":{},"f:d":{}}}"#,
                r#"{"f:a":{"f:c":{}}}"#,
            ),
        ] {
            let mut from = set(from);
            subtract(&mut from, &set(gone));
            assert_eq!(text(from), want, "{gone}");
        }
    }

    #[test]
    fn paths_are_put_in() {
        for (into, more, want) in [
            ("{}", r#"{"f:a":{}}"#, r#"{"f:a":{}}"#),
            (r#"{"f:a":{}}"#, r#"{"f:a":{"f:b":{}}}"#, r#"{"f:a":{".":{},"f:b":{}}}"#),
            (r#"{"f:a":{"f:b":{}}}"#, r#"{"f:a":{}}"#, r#"{"f:a":{".":{},"f:b":{}}}"#),
            (r#"{"f:b":{}}"#, r#"{"f:a":{}}"#, r#"{"f:a":{},"f:b":{}}"#),
            (r#"{"f:a":{"f:c":{}}}"#, r#"{"f:a":{"f:b":{}}}"#, r#"{"f:a":{"f:b":{},"f:c":{}}}"#),
        ] {
            let mut into = set(into);
            unite(&mut into, set(more));
            assert_eq!(text(into), want, "{more}");
        }
    }

    #[test]
    fn whole_branches_are_cut_or_kept() {
        let all = r#"{"f:spec":{"f:c":{"k:{\"name\":\"x\"}":{".":{},"f:r":{"f:l":{}}}},"f:n":{}},"f:status":{}}"#;
        for (path, want) in [
            (
                &["status"][..],
                r#"{"f:spec":{"f:c":{"k:{\"name\":\"x\"}":{".":{},"f:r":{"f:l":{}}}},"f:n":{}}}"#,
            ),
            (&["spec"], r#"{"f:status":{}}"#),
            (&["spec", "c"], r#"{"f:spec":{"f:n":{}},"f:status":{}}"#),
            (&["status", "x"], all),
        ] {
            let mut from = set(all);
            cut(&mut from, path);
            assert_eq!(text(from), want, "{path:?}");
        }
        let mut from = set(all);
        keep(&mut from, &[&["spec", "c", "*", "r"]]);
        assert_eq!(text(from), r#"{"f:spec":{"f:c":{"k:{\"name\":\"x\"}":{"f:r":{"f:l":{}}}}}}"#);
    }

    #[test]
    fn what_somebody_sends_gets_one_form() {
        for (sent, want) in [
            (r#"{"k:{ \"b\":1, \"a\":2}":{}}"#, Some(r#"{"k:{\"a\":2,\"b\":1}":{}}"#)),
            (r#"{"f:a":{".":{}}}"#, Some(r#"{"f:a":{}}"#)),
            (r#"{"f:b":{},"f:a":{}}"#, Some(r#"{"f:a":{},"f:b":{}}"#)),
            (r#"{"i:01":{},"v:\"x\"":{},"z:new":{}}"#, Some(r#"{"i:1":{},"v:\"x\"":{}}"#)),
            (r#"{"a":{}}"#, None),
            (r#"{"k:1":{}}"#, None),
            (r#"{"f:a":1}"#, None),
        ] {
            assert_eq!(canonical(set(sent)).map(text).as_deref(), want, "{sent}");
        }
    }
}
