//! What older versions of Kubernetes served or showed otherwise, for servers that are asked to do as they
//! did.
//!
//! Written by hand in the form of the generated tables, and kept out of them: [`crate::api`] lists what
//! Kubernetes 1.35 serves. It knows the kinds, which 1.35 still has in its types.

use crate::api::{Column, Group, Resource, Subresource, Version};

const EXTENSIONS: &str = "extensions";
const V1BETA1: &str = "v1beta1";

/// Service accounts with the column SECRETS, which counted the secrets listed in them: 1.20 made a token
/// secret for every account and listed it there.
static SERVICE_ACCOUNTS: Resource = Resource {
    group: "",
    version: "v1",
    plural: "serviceaccounts",
    singular: "serviceaccount",
    kind: "ServiceAccount",
    namespaced: true,
    verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    short_names: &["sa"],
    categories: &[],
    storage_hash: "pbx9ZvyFpBE=",
    columns: &[
        Column { name: "Name", kind: "string", format: "name", priority: 0 },
        Column { name: "Secrets", kind: "string", format: "", priority: 0 },
        Column { name: "Age", kind: "string", format: "", priority: 0 },
    ],
    subresources: &[Subresource {
        name: "token",
        group: "authentication.k8s.io",
        version: "v1",
        kind: "TokenRequest",
        verbs: &["create"],
    }],
};

/// The group in which Deployments began. What else it held is not emulated.
static GROUP: Group = Group {
    name: EXTENSIONS,
    versions: &[Version {
        name: V1BETA1,
        resources: &[Resource {
            group: EXTENSIONS,
            version: V1BETA1,
            plural: "deployments",
            singular: "deployment",
            kind: "Deployment",
            namespaced: true,
            verbs: &[
                "create",
                "delete",
                "deletecollection",
                "get",
                "list",
                "patch",
                "update",
                "watch",
            ],
            // The group `apps` has its short name and its category: in both, kubectl would warn that the
            // one is ambiguous, and list every Deployment twice in the other.
            short_names: &[],
            categories: &[],
            storage_hash: "8aSe+NMegvE=",
            columns: &[
                Column { name: "Name", kind: "string", format: "name", priority: 0 },
                Column { name: "Ready", kind: "string", format: "", priority: 0 },
                Column { name: "Up-to-date", kind: "string", format: "", priority: 0 },
                Column { name: "Available", kind: "string", format: "", priority: 0 },
                Column { name: "Age", kind: "string", format: "", priority: 0 },
                Column { name: "Containers", kind: "string", format: "", priority: 1 },
                Column { name: "Images", kind: "string", format: "", priority: 1 },
                Column { name: "Selector", kind: "string", format: "", priority: 1 },
            ],
            subresources: &[
                Subresource {
                    name: "scale",
                    group: EXTENSIONS,
                    version: V1BETA1,
                    kind: "Scale",
                    verbs: &["get", "patch", "update"],
                },
                Subresource {
                    name: "status",
                    group: EXTENSIONS,
                    version: V1BETA1,
                    kind: "Deployment",
                    verbs: &["get", "patch", "update"],
                },
            ],
        }],
    }],
};

/// `extensions`, which is not among [`crate::api::groups`].
pub fn extensions() -> &'static Group {
    &GROUP
}

/// The resource as an older Kubernetes served it; none where that makes no difference.
pub fn resource(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    resources().find(|held| (held.group, held.version, held.plural) == (group, version, plural))
}

/// The resource of an older Kubernetes whose objects are of this kind.
pub fn resource_of_kind(group: &str, version: &str, kind: &str) -> Option<&'static Resource> {
    resources().find(|held| (held.group, held.version, held.kind) == (group, version, kind))
}

fn resources() -> impl Iterator<Item = &'static Resource> {
    let versions = GROUP.versions.iter().flat_map(|version| version.resources);
    std::iter::once(&SERVICE_ACCOUNTS).chain(versions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api;

    #[test]
    fn service_accounts_differ_by_a_column() {
        let today = api::resource("", "v1", "serviceaccounts").expect("it is served");
        let then = resource("", "v1", "serviceaccounts").expect("it is emulated");
        let but_columns =
            |resource: &Resource| format!("{:?}", Resource { columns: &[], ..*resource });
        assert_eq!(but_columns(today), but_columns(then));
        let names = |resource: &Resource| -> Vec<&str> {
            resource.columns.iter().map(|column| column.name).collect()
        };
        assert_eq!(names(then), ["Name", "Secrets", "Age"]);
        assert_eq!(names(today), ["Name", "Age"]);
        assert!(resource("", "v1", "secrets").is_none());
    }

    #[test]
    fn deployments_are_shown_as_those_of_apps() {
        let today = api::resource("apps", "v1", "deployments").expect("it is served");
        let then = resource("extensions", "v1beta1", "deployments").expect("it is emulated");
        let shown = |resource: &Resource| {
            let Resource { verbs, storage_hash, columns, .. } = resource;
            format!("{verbs:?} {storage_hash} {columns:?}")
        };
        assert_eq!(shown(today), shown(then));
        let owner = resource_of_kind("extensions", "v1beta1", "Deployment");
        assert!(owner.is_some_and(|owner| std::ptr::eq(owner, then)));
    }

    #[test]
    fn what_is_emulated_is_known_and_not_served() {
        assert!(api::groups().iter().all(|group| group.name != EXTENSIONS));
        for Resource { group, version, kind, subresources, .. } in resources() {
            for kind in [(*kind).to_owned(), format!("{kind}List")] {
                assert!(api::kind(group, version, &kind).is_some(), "{group}/{version} {kind}");
            }
            for Subresource { group, version, kind, .. } in *subresources {
                assert!(api::kind(group, version, kind).is_some(), "{group}/{version} {kind}");
            }
        }
    }
}
