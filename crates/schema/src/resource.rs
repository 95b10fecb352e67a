//! How resources are called: for RBAC, for the command line, and for finding what a kind is.

use crate::generated::resources::RESOURCES;

/// A resource of the API.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The versions served, the preferred one first.
    pub versions: &'static [&'static str],
    /// Its name in rules and addresses: `pods`.
    pub plural: &'static str,
    /// `pod`.
    pub singular: &'static str,
    /// `Pod`.
    pub kind: &'static str,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// `po`.
    pub short_names: &'static [&'static str],
    /// What can be asked of it.
    pub verbs: &'static [&'static str],
    /// `pods/exec` and the like.
    pub subresources: &'static [Subresource],
}

/// A part of a resource that is asked for on its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Subresource {
    /// Behind the slash: `exec`.
    pub name: &'static str,
    /// What can be asked of it.
    pub verbs: &'static [&'static str],
}

/// What every custom resource can be asked, in the order of discovery.
const CUSTOM_VERBS: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const STATUS: &[Subresource] =
    &[Subresource { name: "status", verbs: &["get", "patch", "update"] }];

/// A cluster-scoped custom resource with a status.
const fn custom(
    group: &'static str,
    versions: &'static [&'static str],
    names: (&'static str, &'static str, &'static str),
    short_names: &'static [&'static str],
) -> Resource {
    let (kind, plural, singular) = names;
    Resource {
        group,
        versions,
        plural,
        singular,
        kind,
        namespaced: false,
        short_names,
        verbs: CUSTOM_VERBS,
        subresources: STATUS,
    }
}

/// Resources that no recorded cluster serves.
static OTHERS: &[Resource] = &[
    custom(
        "policy.networking.k8s.io",
        &["v1alpha2"],
        ("ClusterNetworkPolicy", "clusternetworkpolicies", "clusternetworkpolicy"),
        &["cnp"],
    ),
    custom(
        "policy.networking.k8s.io",
        &["v1alpha1"],
        ("AdminNetworkPolicy", "adminnetworkpolicies", "adminnetworkpolicy"),
        &["anp"],
    ),
    custom(
        "policy.networking.k8s.io",
        &["v1alpha1"],
        (
            "BaselineAdminNetworkPolicy",
            "baselineadminnetworkpolicies",
            "baselineadminnetworkpolicy",
        ),
        &["banp"],
    ),
    custom("projectcalico.org", &["v3"], ("GlobalAlert", "globalalerts", "globalalert"), &[]),
    custom("crd.projectcalico.org", &["v1"], ("GlobalAlert", "globalalerts", "globalalert"), &[]),
];

/// Every resource known, those of Kubernetes first.
pub fn resources() -> impl Iterator<Item = &'static Resource> {
    RESOURCES.iter().chain(OTHERS)
}

/// The resource of a kind.
pub fn of_kind(group: &str, kind: &str) -> Option<&'static Resource> {
    // `Eviction`, `Scale` and the like are kinds of subresources, and in no table.
    resources().find(|r| r.kind == kind && r.group == group)
}

/// Every resource that goes by `name`: plural, singular or short name, letter case not counting, as
/// kubectl reads it. More than one means that the group must be said.
pub fn named(name: &str) -> impl Iterator<Item = &'static Resource> {
    let name = name.to_ascii_lowercase();
    resources().filter(move |r| {
        r.plural == name || r.singular == name || r.short_names.contains(&name.as_str())
    })
}

impl Resource {
    /// The subresource `name`, as in `pods/exec`.
    pub fn subresource(&self, name: &str) -> Option<&'static Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_found_by_every_name() {
        for (name, want) in [
            ("pods", "pods."),
            ("Pod", "pods."),
            ("po", "pods."),
            ("deploy", "deployments.apps"),
            ("events", "events. events.events.k8s.io"),
            (
                "gnp",
                "globalnetworkpolicies.crd.projectcalico.org globalnetworkpolicies.projectcalico.org",
            ),
            ("anp", "adminnetworkpolicies.policy.networking.k8s.io"),
            ("nonsense", ""),
        ] {
            let found: Vec<String> =
                named(name).map(|r| format!("{}.{}", r.plural, r.group)).collect();
            assert_eq!(found.join(" "), want, "{name}");
        }
    }

    #[test]
    fn kinds_and_subresources() {
        let pods = of_kind("", "Pod").expect("pods are known");
        assert!(pods.namespaced && pods.versions == ["v1"]);
        assert!(pods.subresource("exec").is_some_and(|s| s.verbs.contains(&"create")));
        assert_eq!(pods.subresource("scale"), None);
        let hpa = of_kind("autoscaling", "HorizontalPodAutoscaler").expect("known");
        assert_eq!(hpa.versions, ["v2", "v1"]);
        assert!(of_kind("crd.projectcalico.org", "Tier").is_some_and(|r| !r.namespaced));
        assert_eq!(of_kind("", "Scale"), None);
    }

    #[test]
    fn tables_are_sorted_and_names_are_lower_case() {
        assert!(RESOURCES.is_sorted_by_key(|r| (r.group, r.plural)));
        for resource in resources() {
            let names = [resource.plural, resource.singular];
            assert!(names.iter().all(|n| *n == n.to_ascii_lowercase()), "{resource:?}");
            assert!(!resource.versions.is_empty(), "{resource:?}");
        }
    }
}
