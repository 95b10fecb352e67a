//! Which resource a key belongs to.

use std::sync::LazyLock;

use portcullis_schema::api;

use crate::resource::{Resource, is_stored, prefix};

/// An object by its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'k> {
    /// Its resource, in the version that is named first.
    pub(super) resource: &'static Resource,
    /// Its namespace; empty for what is cluster-wide.
    pub(super) namespace: &'k str,
    /// Its name.
    pub(super) name: &'k str,
}

/// The resources whose objects are stored, each once, by what their keys begin with.
static BY_PREFIX: LazyLock<Vec<(String, &'static Resource)>> = LazyLock::new(|| {
    let versions = api::groups().iter().flat_map(|group| group.versions);
    let stored = versions.flat_map(|version| version.resources).filter(|one| is_stored(one));
    let mut table: Vec<(String, &'static Resource)> = Vec::new();
    for resource in stored {
        let begins = prefix(resource);
        if !table.iter().any(|(known, _)| *known == begins) {
            table.push((begins, resource));
        }
    }
    table
});

/// The resources whose objects are in namespaces, each once.
pub(super) fn namespaced() -> impl Iterator<Item = &'static Resource> {
    BY_PREFIX.iter().map(|(_, resource)| *resource).filter(|resource| resource.namespaced)
}

/// What lies at a key; none if no object does.
pub(super) fn place(key: &[u8]) -> Option<Place<'_>> {
    let key = std::str::from_utf8(key).ok()?;
    let (rest, resource) = BY_PREFIX
        .iter()
        .find_map(|(prefix, one)| Some((key.strip_prefix(prefix.as_str())?, *one)))?;
    let (namespace, name) = if resource.namespaced { rest.split_once('/')? } else { ("", rest) };
    Some(Place { resource, namespace, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_apart_as_they_are_put_together() {
        for (_, resource) in BY_PREFIX.iter() {
            let namespace = if resource.namespaced { "ns" } else { "" };
            let key = crate::resource::key(resource, namespace, "system:a");
            let found = place(key.as_bytes()).expect("an object");
            let found = (found.resource.plural, found.namespace, found.name);
            assert_eq!(found, (resource.plural, namespace, "system:a"), "{key}");
        }
    }

    #[test]
    fn what_is_no_object_has_no_place() {
        for key in
            ["/registry/ranges/serviceips/10.0.0.1", "/registry/pods/alone", "/other", "\u{e9}"]
        {
            assert!(place(key.as_bytes()).is_none(), "{key}");
        }
    }

    #[test]
    fn a_prefix_of_two_groups_is_one_resource() {
        let events = namespaced().filter(|resource| resource.plural == "events").count();
        assert_eq!(events, 1);
    }
}
