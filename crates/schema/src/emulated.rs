//! What Kubernetes 1.20 showed otherwise, for servers that are asked to do as it did.

use crate::api::{Column, Resource, Subresource};

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

/// The resource as Kubernetes 1.20 showed it; none where that makes no difference.
pub fn resource(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    let held = &SERVICE_ACCOUNTS;
    ((held.group, held.version, held.plural) == (group, version, plural)).then_some(held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api;

    #[test]
    fn only_the_columns_differ() {
        let today = api::resource("", "v1", "serviceaccounts").expect("it is served");
        let then = resource("", "v1", "serviceaccounts").expect("it is emulated");
        let but_columns =
            |resource: &Resource| format!("{:?}", Resource { columns: &[], ..copy(resource) });
        assert_eq!(but_columns(today), but_columns(then));
        let names = |resource: &Resource| -> Vec<&str> {
            resource.columns.iter().map(|column| column.name).collect()
        };
        assert_eq!(names(then), ["Name", "Secrets", "Age"]);
        assert_eq!(names(today), ["Name", "Age"]);
        assert!(resource("", "v1", "secrets").is_none());
    }

    fn copy(resource: &Resource) -> Resource {
        let Resource {
            group,
            version,
            plural,
            singular,
            kind,
            namespaced,
            verbs,
            short_names,
            categories,
            storage_hash,
            columns,
            subresources,
        } = *resource;
        Resource {
            group,
            version,
            plural,
            singular,
            kind,
            namespaced,
            verbs,
            short_names,
            categories,
            storage_hash,
            columns,
            subresources,
        }
    }
}
