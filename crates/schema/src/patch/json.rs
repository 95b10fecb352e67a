//! JSON patch (RFC 6902), with the leniency of the original.
//!
//! Where the original's library leaves the RFC: `replace` adds a member that is not there, what
//! stands before the first `/` of a path is ignored, indices may count from the end (`-1`), a
//! missing `value` is `null`, `copy` of a missing member copies `null`, and replacing the whole
//! document by what is no object or list does nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Checked, PatchError, Patched, go_kind};
use crate::json::{DEPTH_MAX, Object, Read, read};

/// How many operations a patch may have, as the API server limits them: each may cost as much as
/// the whole object.
pub const OPERATIONS_MAX: usize = 10_000;

/// How many bytes all `copy` operations of a patch may copy together, as in the API server: each
/// may double the object.
const COPIED_BYTES_MAX: usize = 3 * 1024 * 1024;

/// How much all operations together may move about, in values. Ten thousand insertions at the
/// front of a long list would otherwise take minutes; the longest honest patch stays far below.
const WORK_MAX: usize = 20_000_000;

/// How many values of a list are moved at the price of one value looked at.
const MOVED_AT_ONCE: usize = 16;

/// Applies a JSON patch.
///
/// # Errors
/// [`PatchError::Malformed`] for what is no patch, [`PatchError::TooLarge`] beyond
/// [`OPERATIONS_MAX`], [`PatchError::Unfit`] when an operation fails: none is applied then.
pub fn apply(original: Object, patch: &[u8], checked: Checked) -> Result<Patched, PatchError> {
    let (operations, complaints) = operations(patch, checked)?;
    if operations.len() > OPERATIONS_MAX {
        return Err(PatchError::TooLarge(format!(
            "Request entity is too large: The allowed maximum operations in a JSON patch is \
             {OPERATIONS_MAX}, got {}",
            operations.len()
        )));
    }
    let mut document = Document { root: Node::opened(original), copied: 0, work: 0 };
    for operation in operations {
        document.apply(&operation).map_err(PatchError::Unfit)?;
    }
    match document.root.into_value() {
        Value::Object(object) => Ok(Patched { object, complaints }),
        other => Err(PatchError::NotAnObject(other)),
    }
}

// === Reading the patch ===

type Operation = Object;

fn operations(patch: &[u8], checked: Checked) -> Result<(Vec<Operation>, Vec<String>), PatchError> {
    let context = match checked {
        Checked::Yes => "error decoding patch: ",
        Checked::No => "",
    };
    let malformed = |why: String| PatchError::Malformed(format!("{context}{why}"));
    let Read { value, mut complaints } = read(patch).map_err(|e| malformed(e.to_string()))?;
    let unreadable = |value: &Value, into: &str| {
        malformed(format!("json: cannot unmarshal {} into Go {into}", go_kind(value)))
    };
    let items = match value {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        other if checked == Checked::No => {
            return Err(unreadable(&other, "value of type jsonpatch.Patch"));
        }
        other => return Err(unreadable(&other, "value of type []handlers.jsonPatchOp")),
    };
    let mut operations = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        let operation = match item {
            Value::Object(operation) => operation,
            Value::Null => Operation::new(),
            other if checked == Checked::No => {
                return Err(unreadable(&other, "value of type jsonpatch.Operation"));
            }
            other => return Err(unreadable(&other, "value of type handlers.jsonPatchOp")),
        };
        if checked == Checked::Yes {
            for (name, value) in &operation {
                match (name.as_str(), value) {
                    ("value", _) | ("op" | "from" | "path", Value::String(_) | Value::Null) => {}
                    ("op" | "from" | "path", _) => {
                        let into = format!("struct field jsonPatchOp.{name} of type string");
                        return Err(unreadable(value, &into));
                    }
                    _ => complaints.push(format!("unknown field \"[{at}].{name}\"")),
                }
            }
        }
        operations.push(operation);
    }
    for complaint in &mut complaints {
        complaint.insert_str(0, "json patch ");
    }
    Ok((operations, complaints))
}

fn text<'a>(operation: &'a Operation, name: &str) -> Result<&'a str, String> {
    let text = operation.get(name).and_then(Value::as_str);
    text.ok_or_else(|| format!("the operation has no `{name}`"))
}

// === The document ===

/// A value of the document. Only what an operation goes through is opened, so the rest keeps the
/// order of its keys, as in the original.
#[derive(Clone)]
enum Node {
    Closed(Value),
    Object(BTreeMap<String, Node>),
    Array(Vec<Node>),
}

impl Node {
    const NULL: Self = Self::Closed(Value::Null);

    fn opened(object: Object) -> Self {
        Self::Object(object.into_iter().map(|(key, value)| (key, Self::Closed(value))).collect())
    }

    /// Opens a value that is closed, if it has an inside.
    fn open(&mut self) {
        let Self::Closed(value) = self else { return };
        match std::mem::take(value) {
            Value::Object(object) => *self = Self::opened(object),
            Value::Array(items) => {
                *self = Self::Array(items.into_iter().map(Self::Closed).collect());
            }
            scalar => *value = scalar,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Closed(Value::Null))
    }

    fn into_value(self) -> Value {
        match self {
            Self::Closed(value) => value,
            Self::Object(map) => {
                Value::Object(map.into_iter().map(|(key, node)| (key, node.into_value())).collect())
            }
            Self::Array(items) => Value::Array(items.into_iter().map(Self::into_value).collect()),
        }
    }

    fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Self::Closed(value), other) => value == other,
            (Self::Object(map), Value::Object(other)) => {
                map.len() == other.len()
                    && map.iter().all(|(key, node)| other.get(key).is_some_and(|o| node.equals(o)))
            }
            (Self::Array(items), Value::Array(other)) => {
                items.len() == other.len() && items.iter().zip(other).all(|(i, o)| i.equals(o))
            }
            _ => false,
        }
    }

    /// How deeply values lie in it, and how many there are.
    fn measure(&self) -> (usize, usize) {
        match self {
            Self::Closed(value) => measure(value),
            Self::Object(map) => within(map.values().map(Self::measure)),
            Self::Array(items) => within(items.iter().map(Self::measure)),
        }
    }
}

fn measure(value: &Value) -> (usize, usize) {
    match value {
        Value::Object(map) => within(map.values().map(measure)),
        Value::Array(items) => within(items.iter().map(measure)),
        _ => (1, 1),
    }
}

fn within(parts: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    let (depth, count) = parts.fold((0, 0), |(d, n), (depth, count)| (depth.max(d), n + count));
    (depth + 1, count + 1)
}

/// The last part of a path, and what it is looked up in.
struct Spot<'a> {
    holder: &'a mut Node,
    key: String,
    /// How deep what stands there lies.
    depth: usize,
}

struct Document {
    root: Node,
    copied: usize,
    work: usize,
}

impl Document {
    fn apply(&mut self, operation: &Operation) -> Result<(), String> {
        match operation.get("op").and_then(Value::as_str).unwrap_or("unknown") {
            "add" => {
                let path = text(operation, "path")?;
                let value = operation.get("value").cloned().unwrap_or_default();
                self.add(path, Node::Closed(value))
            }
            "remove" => self.remove(text(operation, "path")?),
            "replace" => self.replace(text(operation, "path")?, operation.get("value")),
            "move" => {
                let from = text(operation, "from")?;
                let value = self.take(from)?;
                self.add(text(operation, "path")?, value)
            }
            "test" => self.test(text(operation, "path")?, operation.get("value")),
            "copy" => {
                let value = self.get(text(operation, "from")?)?.cloned().unwrap_or(Node::NULL);
                let value = value.into_value();
                self.copied += value.to_string().len();
                if self.copied > COPIED_BYTES_MAX {
                    return Err(format!("more than {COPIED_BYTES_MAX} bytes are copied"));
                }
                self.add(text(operation, "path")?, Node::Closed(value))
            }
            other => Err(format!("there is no operation `{other}`")),
        }
    }

    fn charge(&mut self, work: usize) -> Result<(), String> {
        self.work = self.work.saturating_add(work);
        if self.work > WORK_MAX { Err("the patch is too much work".into()) } else { Ok(()) }
    }

    /// Where `path` leads, its last part left.
    fn spot(&mut self, path: &str) -> Result<Spot<'_>, String> {
        let missing = || format!("there is nothing at `{path}`");
        // Whatever stands before the first slash is not looked at.
        let (_, way) = path.split_once('/').ok_or_else(missing)?;
        let (way, key) = way.rsplit_once('/').map_or((None, way), |(way, key)| (Some(way), key));
        let mut depth = 1;
        let mut holder = &mut self.root;
        for part in way.into_iter().flat_map(|way| way.split('/')) {
            depth += 1;
            let next = match holder {
                Node::Object(map) => map.get_mut(&unescaped(part)),
                Node::Array(items) => {
                    let at = index(part, items.len())?;
                    items.get_mut(at)
                }
                Node::Closed(_) => None,
            };
            holder = next.ok_or_else(missing)?;
            holder.open();
            if matches!(holder, Node::Closed(_)) {
                return Err(missing());
            }
        }
        Ok(Spot { holder, key: unescaped(key), depth })
    }

    /// What stands at `path`; none where an object lacks it.
    fn get(&mut self, path: &str) -> Result<Option<&Node>, String> {
        let Spot { holder, key, .. } = self.spot(path)?;
        match holder {
            Node::Object(map) => Ok(map.get(&key)),
            Node::Array(items) => Ok(items.get(index(&key, items.len())?)),
            Node::Closed(_) => Ok(None),
        }
    }

    fn add(&mut self, path: &str, node: Node) -> Result<(), String> {
        let (height, count) = node.measure();
        self.charge(count)?;
        let Spot { holder, key, depth } = self.spot(path)?;
        if depth + height > DEPTH_MAX {
            return Err(format!("what `{path}` would hold lies too deep"));
        }
        let mut moved = 0;
        match holder {
            Node::Object(map) => {
                map.insert(key, node);
            }
            Node::Array(items) if key == "-" => items.push(node),
            Node::Array(items) => {
                // One beyond the last is a place too.
                let at = index(&key, items.len() + 1)?;
                moved = items.len().saturating_sub(at) / MOVED_AT_ONCE;
                items.insert(at, node);
            }
            Node::Closed(_) => {}
        }
        self.charge(moved)
    }

    fn remove(&mut self, path: &str) -> Result<(), String> {
        let Spot { holder, key, .. } = self.spot(path)?;
        let mut moved = 0;
        match holder {
            Node::Object(map) => {
                map.remove(&key).ok_or_else(|| format!("there is nothing at `{path}`"))?;
            }
            Node::Array(items) => {
                let at = index(&key, items.len())?;
                moved = items.len().saturating_sub(at) / MOVED_AT_ONCE;
                items.remove(at);
            }
            Node::Closed(_) => {}
        }
        self.charge(moved)
    }

    fn take(&mut self, path: &str) -> Result<Node, String> {
        let Spot { holder, key, .. } = self.spot(path)?;
        let found = match holder {
            Node::Object(map) => map.get_mut(&key),
            Node::Array(items) => {
                let at = index(&key, items.len())?;
                items.get_mut(at)
            }
            Node::Closed(_) => None,
        };
        let node = found.ok_or_else(|| format!("there is nothing at `{path}`"))?;
        let node = std::mem::replace(node, Node::NULL);
        self.remove(path).map(|()| node)
    }

    fn replace(&mut self, path: &str, value: Option<&Value>) -> Result<(), String> {
        if path.is_empty() {
            match value {
                None => return Err("the operation has no `value`".into()),
                Some(value @ (Value::Object(_) | Value::Array(_))) => {
                    self.root = Node::Closed(value.clone());
                    self.root.open();
                }
                Some(_) => {}
            }
            return Ok(());
        }
        let node = Node::Closed(value.cloned().unwrap_or_default());
        let (height, _) = node.measure();
        let Spot { holder, key, depth } = self.spot(path)?;
        if depth + height > DEPTH_MAX {
            return Err(format!("what `{path}` would hold lies too deep"));
        }
        match holder {
            Node::Object(map) => {
                map.insert(key, node);
            }
            Node::Array(items) => {
                let at = index(&key, items.len())?;
                if let Some(item) = items.get_mut(at) {
                    *item = node;
                }
            }
            Node::Closed(_) => {}
        }
        Ok(())
    }

    fn test(&mut self, path: &str, value: Option<&Value>) -> Result<(), String> {
        let failed = || Err(format!("the test of `{path}` failed"));
        let found = match path {
            "" => Some(&self.root),
            _ => self.get(path)?,
        };
        let same = match (found, value) {
            (None, None | Some(Value::Null)) => true,
            (Some(node), None) => node.is_null(),
            (Some(node), Some(value)) => node.equals(value),
            (None, Some(_)) => false,
        };
        if same { Ok(()) } else { failed() }
    }
}

/// A part of a path, its `~1` and `~0` undone.
fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// A place in a list of `len`; below zero it counts from the end.
fn index(part: &str, len: usize) -> Result<usize, String> {
    let wrong = || format!("`{part}` is no place in a list of {len}");
    let at: i64 = part.parse().map_err(|_| wrong())?;
    let at = match usize::try_from(at) {
        Ok(at) => Some(at),
        Err(_) => usize::try_from(at.unsigned_abs()).ok().and_then(|back| len.checked_sub(back)),
    };
    at.filter(|at| *at < len).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(original: &str, patch: &str) -> Result<Patched, PatchError> {
        let original = serde_json::from_str(original).expect("it is an object");
        apply(original, patch.as_bytes(), Checked::Yes)
    }

    #[track_caller]
    fn check(original: &str, patch: &str, want: &str) {
        let patched = patched(original, patch).expect("it applies");
        assert_eq!(Value::Object(patched.object).to_string(), want, "{patch}");
    }

    #[track_caller]
    fn refused(original: &str, patch: &str) {
        let refused = patched(original, patch);
        assert!(matches!(refused, Err(PatchError::Unfit(_))), "{patch}: {refused:?}");
    }

    #[test]
    fn operations_apply_as_in_the_original() {
        for (original, patch, want) in [
            (
                r#"{"d":{"x":1}}"#,
                r#"[{"op":"replace","path":"/d/x","value":9}]"#,
                r#"{"d":{"x":9}}"#,
            ),
            (r#"{"d":{}}"#, r#"[{"op":"replace","path":"/d/n","value":1}]"#, r#"{"d":{"n":1}}"#),
            (
                r#"{"d":{"x":1}}"#,
                r#"[{"op":"move","from":"/d/x","path":"/d/z"}]"#,
                r#"{"d":{"z":1}}"#,
            ),
            (
                r#"{"d":{}}"#,
                r#"[{"op":"copy","from":"/d/x","path":"/d/z"}]"#,
                r#"{"d":{"z":null}}"#,
            ),
            (r#"{"d":{}}"#, r#"[{"op":"add","path":"d/x","value":1}]"#, r#"{"d":{},"x":1}"#),
            (r#"{"d":1}"#, "[]", r#"{"d":1}"#),
            (r#"{"d":1}"#, "null", r#"{"d":1}"#),
            (r#"{"d":1}"#, r#"[{"op":"replace","path":"","value":{}}]"#, "{}"),
            (r#"{"d":1}"#, r#"[{"op":"replace","path":"","value":5}]"#, r#"{"d":1}"#),
            (r#"{"d":[1,2]}"#, r#"[{"op":"add","path":"/d/-","value":3}]"#, r#"{"d":[1,2,3]}"#),
            (r#"{"d":[1,2]}"#, r#"[{"op":"add","path":"/d/0","value":3}]"#, r#"{"d":[3,1,2]}"#),
            (r#"{"d":[1,2]}"#, r#"[{"op":"add","path":"/d/-1","value":3}]"#, r#"{"d":[1,2,3]}"#),
            (r#"{"d":[1,2]}"#, r#"[{"op":"remove","path":"/d/-1"}]"#, r#"{"d":[1]}"#),
            (r#"{"d":[1,2]}"#, r#"[{"op":"test","path":"/d/1","value":2}]"#, r#"{"d":[1,2]}"#),
            (r#"{"d":[1]}"#, r#"[{"op":"test","path":"","value":{"d":[1]}}]"#, r#"{"d":[1]}"#),
            (r#"{"d":1}"#, r#"[{"op":"test","path":"/no","value":null}]"#, r#"{"d":1}"#),
            (
                r#"{"d":{}}"#,
                r#"[{"op":"add","path":"/d/a~1b~0c","value":1}]"#,
                r#"{"d":{"a/b~c":1}}"#,
            ),
            (r#"{"d":1}"#, r#"[{"op":"add","path":"/e"}]"#, r#"{"d":1,"e":null}"#),
            // What an operation went through is sorted, the rest is not.
            (
                r#"{"k":{"z":1,"a":1},"d":{"z":1,"a":1}}"#,
                r#"[{"op":"add","path":"/d/m","value":{"y":1,"x":1}}]"#,
                r#"{"d":{"a":1,"m":{"y":1,"x":1},"z":1},"k":{"z":1,"a":1}}"#,
            ),
        ] {
            check(original, patch, want);
        }
    }

    #[test]
    fn what_fails_is_not_told_apart() {
        for (original, patch) in [
            (r#"{"d":{"x":"9"}}"#, r#"[{"op":"test","path":"/d/x","value":"no"}]"#),
            (r#"{"d":{"x":"9"}}"#, r#"[{"op":"test","path":"/d/x"}]"#),
            (r#"{"d":{}}"#, r#"[{"op":"remove","path":"/d/no"}]"#),
            (r#"{"d":{}}"#, r#"[{"op":"add","path":"/no/deep","value":"1"}]"#),
            (r#"{"d":null}"#, r#"[{"op":"add","path":"/d/x","value":"1"}]"#),
            (r#"{"d":"text"}"#, r#"[{"op":"add","path":"/d/x","value":"1"}]"#),
            (r#"{"d":{}}"#, r#"[{"op":"bogus","path":"/d"}]"#),
            (r#"{"d":{}}"#, r#"[{"op":"add"}]"#),
            (r#"{"d":{}}"#, r#"[{"path":"/d"}]"#),
            (r#"{"d":{}}"#, "[null]"),
            (r#"{"d":[1]}"#, r#"[{"op":"add","path":"/d/3","value":1}]"#),
            (r#"{"d":[1]}"#, r#"[{"op":"replace","path":"/d/1","value":1}]"#),
            (r#"{"d":[1]}"#, r#"[{"op":"remove","path":"/d/-2"}]"#),
            (r#"{"d":[1]}"#, r#"[{"op":"remove","path":"/d/x"}]"#),
            (r#"{"d":{}}"#, r#"[{"op":"move","from":"/d/x","path":"/d/z"}]"#),
            (r#"{"d":{}}"#, r#"[{"op":"remove","path":""}]"#),
        ] {
            refused(original, patch);
        }
    }

    #[test]
    fn what_is_no_patch_is_told_in_gos_words() {
        for (patch, checked, want) in [
            (
                r#"{"op":"add"}"#,
                Checked::Yes,
                "error decoding patch: json: cannot unmarshal object into Go value of type \
                 []handlers.jsonPatchOp",
            ),
            (
                "not json",
                Checked::Yes,
                "error decoding patch: invalid character 'o' in literal null (expecting 'u')",
            ),
            (
                r#"[{"op":5}]"#,
                Checked::Yes,
                "error decoding patch: json: cannot unmarshal number into Go struct field \
                 jsonPatchOp.op of type string",
            ),
            (
                "{}",
                Checked::No,
                "json: cannot unmarshal object into Go value of type jsonpatch.Patch",
            ),
        ] {
            let refused = apply(Object::new(), patch.as_bytes(), checked);
            assert_eq!(refused, Err(PatchError::Malformed(want.into())), "{patch}");
        }
    }

    #[test]
    fn odd_operations_are_complained_of() {
        let patch = r#"[{"op":"add","op":"add","path":"/x","value":1,"bogus":1}]"#;
        let complaints = patched("{}", patch).expect("it applies").complaints;
        assert_eq!(
            complaints,
            ["json patch duplicate field \"[0].op\"", "json patch unknown field \"[0].bogus\"",]
        );
    }

    #[test]
    fn limits_hold() {
        let many = |n: usize, one: &str| format!("[{}]", vec![one; n].join(","));
        let test = r#"{"op":"test","path":"/x"}"#;
        assert!(patched("{}", &many(OPERATIONS_MAX, test)).is_ok());
        let refused = patched("{}", &many(OPERATIONS_MAX + 1, test));
        let Err(PatchError::TooLarge(text)) = refused else { panic!("it is not refused") };
        assert_eq!(
            text,
            "Request entity is too large: The allowed maximum operations in a JSON patch is 10000, \
             got 10001"
        );
        // Every copy doubles it.
        let long = format!(r#"{{"x":{{"t":"{}"}}}}"#, "t".repeat(1000));
        let copies = |n: usize| {
            let copies: Vec<String> = (0..n)
                .map(|i| format!(r#"{{"op":"copy","from":"/x","path":"/x/y{i}"}}"#))
                .collect();
            format!("[{}]", copies.join(","))
        };
        assert!(patched(&long, &copies(10)).is_ok());
        assert!(matches!(patched(&long, &copies(20)), Err(PatchError::Unfit(_))));
        // Each move puts the whole one level deeper.
        let steps: Vec<String> = (0..1_000)
            .map(|i| format!(r#"{{"op":"add","path":"/{i}","value":{{}}}}"#))
            .chain(
                (0..999).map(|i| format!(r#"{{"op":"move","from":"/{i}","path":"/{}/x"}}"#, i + 1)),
            )
            .collect();
        assert!(matches!(
            patched("{}", &format!("[{}]", steps.join(","))),
            Err(PatchError::Unfit(_))
        ));
    }
}
