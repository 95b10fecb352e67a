//! How an object lies in the store.
//!
//! As the item of a list is written: JSON without `kind` and `apiVersion`, which the resource says, and with
//! its `resourceVersion`, which the store stamps into it as it commits. So an answer is spliced from stored
//! bytes and nothing is read and printed again to serve it.

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use portcullis_kinds::Object;
use portcullis_store::{Entry, Revision, Write};
use serde_json::Value;

use crate::meta;
use crate::status::Status;

/// The entry cannot be read: this program did not write it, or it was damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored object {key} cannot be read")]
pub struct Unreadable {
    /// Where it lies.
    pub key: String,
}

/// What takes the resourceVersion's place until it is known. Nothing else in an object's metadata that
/// comes before it can hold a quotation mark.
const UNSTAMPED: &str = "\"resourceVersion\":\"\"";

/// An object written as it will lie in the store, but for the version between its two parts. Clone is
/// O(1).
#[derive(Clone, Debug)]
pub struct Item {
    head: Bytes,
    tail: Bytes,
}

/// What a write came to, to be answered.
#[derive(Debug)]
pub enum Made {
    /// It is stored, as these bytes.
    Stored(Bytes),
    /// It would be stored, or would not change what is.
    Tried(Object),
}

// === impl Item ===

impl Item {
    /// An object as it is to be stored.
    pub fn of(object: Object) -> Self {
        let json = unstamped(object);
        let at = memchr::memmem::find(&json, UNSTAMPED.as_bytes());
        let at = at.map_or(0, |at| at + UNSTAMPED.len() - 1);
        let json = Bytes::from(json);
        Self { head: json.slice(..at), tail: json.slice(at..) }
    }

    /// The write that stores it under a key.
    pub fn put(self, key: Arc<[u8]>) -> Write {
        Write::Stamped { key, head: self.head, tail: self.tail }
    }

    /// What lies in the store once it was stored at this revision.
    pub fn stored_at(&self, revision: Revision) -> Made {
        Made::Stored(
            [&self.head[..], revision.to_string().as_bytes(), &self.tail[..]].concat().into(),
        )
    }
}

// === impl Made ===

impl Made {
    /// The object, without kind and apiVersion.
    pub fn object(&self) -> Result<Cow<'_, Object>, Status> {
        match self {
            Self::Tried(object) => Ok(Cow::Borrowed(object)),
            Self::Stored(item) => {
                let read = serde_json::from_slice(item).map(Cow::Owned);
                read.map_err(|why| Status::internal(&why.to_string()))
            }
        }
    }
}

/// The write that stores an object under a key.
pub fn put(key: &[u8], object: Object) -> Write {
    Item::of(object).put(key.into())
}

/// The stored form with an empty resourceVersion.
fn unstamped(mut object: Object) -> Vec<u8> {
    object.shift_remove("kind");
    object.shift_remove("apiVersion");
    meta::metadata_mut(&mut object).insert("resourceVersion".to_owned(), "".into());
    meta::sort(&mut object);
    let mut json = Vec::with_capacity(512);
    // INVARIANT: writing a `Value` into a vector cannot fail.
    let _ = serde_json::to_writer(&mut json, &object);
    json
}

/// Whether storing `object` would change nothing of `entry`.
pub fn is_same(entry: &Entry, object: &Object) -> bool {
    let mut stamped = object.clone();
    stamped.shift_remove("kind");
    stamped.shift_remove("apiVersion");
    meta::set(&mut stamped, "resourceVersion", entry.modified.to_string());
    meta::sort(&mut stamped);
    read(entry).is_ok_and(|held| *held == stamped)
}

/// The object, without kind and apiVersion. Read once for all who ask.
pub fn read(entry: &Entry) -> Result<Arc<Object>, Unreadable> {
    let read = entry.memo.of(|| serde_json::from_slice::<Object>(&entry.value).map(Arc::new).ok());
    match read.as_ref() {
        Some(object) => Ok(Arc::clone(object)),
        None => Err(Unreadable { key: String::from_utf8_lossy(&entry.key).into_owned() }),
    }
}

/// An item as the body of an answer: an object of its own, with the line break that ends each.
pub fn document(item: &[u8], kind: &str, api_version: &str) -> Bytes {
    const AROUND_BYTES: usize = 80;
    let mut body = Vec::with_capacity(item.len() + AROUND_BYTES);
    write_as(item, kind, api_version, &mut body);
    body.push(b'\n');
    body.into()
}

/// Writes an item as an object of its own, its kind first.
pub fn write_as(item: &[u8], kind: &str, api_version: &str, out: &mut Vec<u8>) {
    let _ = write!(out, "{{\"kind\":\"{kind}\",\"apiVersion\":\"{api_version}\",");
    out.extend_from_slice(item.get(1..).unwrap_or_default());
}

/// The item as it is to be told when it went at `revision`.
pub fn gone_at(entry: &Entry, revision: Revision) -> Vec<u8> {
    let held = format!("\"resourceVersion\":\"{}\"", entry.modified);
    let told = format!("\"resourceVersion\":\"{revision}\"");
    let item: &[u8] = &entry.value;
    let Some((before, after)) = memchr::memmem::find(item, held.as_bytes())
        .and_then(|at| Some((item.get(..at)?, item.get(at + held.len()..)?)))
    else {
        return item.to_vec();
    };
    [before, told.as_bytes(), after].concat()
}

/// `kind` and `apiVersion` put in front of an object.
pub fn with_kind(object: &Object, kind: &str, api_version: &str) -> Object {
    let mut whole = Object::new();
    whole.insert("kind".to_owned(), kind.into());
    whole.insert("apiVersion".to_owned(), api_version.into());
    whole.extend(
        object
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "kind" | "apiVersion"))
            .map(|(key, value): (&String, &Value)| (key.clone(), value.clone())),
    );
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_store::Memory;
    use serde_json::json;

    const KEY: &[u8] = b"/registry/configmaps/a/b";

    fn stored(object: &Value) -> Arc<Entry> {
        let store = Memory::new();
        let write = put(KEY, object.as_object().expect("an object").clone());
        store.commit_now(&[], vec![write]).expect("it is stored");
        Arc::clone(store.snapshot().get(KEY).expect("it is there"))
    }

    #[test]
    fn an_object_is_written_with_its_version_in_place() {
        let object = json!({
            "kind": "ConfigMap", "apiVersion": "v1",
            "metadata": {"creationTimestamp": "T", "uid": "u", "name": "b", "resourceVersion": "99",
                "annotations": {"x": "\"resourceVersion\":\"\""}},
            "data": {"k": "v"},
        });
        let entry = stored(&object);
        let mut out = Vec::new();
        write_as(&entry.value, "ConfigMap", "v1", &mut out);
        let wanted = r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"b","uid":"u","resourceVersion":"2","creationTimestamp":"T","annotations":{"x":"\"resourceVersion\":\"\""}},"data":{"k":"v"}}"#;
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
        assert!(is_same(&entry, object.as_object().unwrap()));
        let gone = String::from_utf8(gone_at(&entry, Revision(7))).unwrap();
        assert!(gone.contains(r#""uid":"u","resourceVersion":"7","#), "{gone}");
    }

    #[test]
    fn what_is_damaged_is_told() {
        let store = Memory::new();
        store.commit_now(&[], vec![Write::put(KEY, "{\"metadata\"")]).unwrap();
        let entry = Arc::clone(store.snapshot().get(KEY).unwrap());
        assert_eq!(read(&entry).unwrap_err().key, "/registry/configmaps/a/b");
        assert_eq!(gone_at(&entry, Revision(7)), b"{\"metadata\"");
    }
}
