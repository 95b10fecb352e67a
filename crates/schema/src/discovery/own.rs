//! The group of our own.

use crate::api::{Group, Resource, Version};

/// Questions that Kubernetes does not answer: never stored, so they can be asked and nothing else.
static OWN: Group = Group {
    name: "portcullis.dev",
    versions: &[Version {
        name: "v1alpha1",
        resources: &[Resource {
            group: "portcullis.dev",
            version: "v1alpha1",
            plural: "accessreviews",
            singular: "accessreview",
            kind: "AccessReview",
            namespaced: false,
            verbs: &["create"],
            short_names: &[],
            categories: &[],
            storage_hash: "",
            columns: &[],
            subresources: &[],
        }],
    }],
};

/// `portcullis.dev`, which is not among [`crate::api::groups`]: a server that shall look like the
/// original leaves it out.
pub fn own() -> &'static Group {
    &OWN
}
