//! `metadata.generation`: how often what is wanted has changed.

use serde_json::Value;

use crate::Object;
use crate::value::{copy, integer, map, map_or_new, same};

/// The generation of a new object, whatever the client said.
pub(crate) fn first(object: &mut Object) {
    set(object, 1);
}

/// Raises the generation where one of the fields differs from the old object, and else keeps it.
pub(crate) fn next(object: &mut Object, old: &Object, fields: &[&str]) {
    let changed = fields.iter().any(|field| !same(object.get(*field), old.get(*field)));
    if changed {
        raise(object, old);
    } else if let (Some(meta), Some(old)) = (map_or_new(object, "metadata"), map(old, "metadata")) {
        copy(meta, old, "generation");
    }
}

/// Gives the object the generation after that of the old one.
pub(crate) fn raise(object: &mut Object, old: &Object) {
    set(object, of(old).saturating_add(1));
}

/// The generation of an object; 0 where it has none.
pub(crate) fn of(object: &Object) -> i64 {
    map(object, "metadata").and_then(|meta| integer(meta, "generation")).unwrap_or_default()
}

fn set(object: &mut Object, generation: i64) {
    if let Some(meta) = map_or_new(object, "metadata") {
        meta.insert("generation".to_owned(), Value::from(generation));
    }
}
