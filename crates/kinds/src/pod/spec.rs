//! What is wrong with the spec of a pod or of a template of pods.

use super::defaults::CONTAINER_LISTS;
use crate::Object;
use crate::value::maps;

/// The containers of a pod of all sorts: the list, the place in it, the container.
pub(super) fn containers_of(spec: &Object) -> impl Iterator<Item = (&'static str, usize, &Object)> {
    CONTAINER_LISTS
        .into_iter()
        .flat_map(move |field| maps(spec, field).map(move |(i, container)| (field, i, container)))
}
