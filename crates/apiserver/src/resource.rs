//! How a resource is called, and where its objects lie.

use std::borrow::Cow;

pub use portcullis_schema::api::Resource;

/// The root of all keys, as the original has it: error texts name keys.
const ROOT: &str = "/registry";

/// `deployments.apps`; `pods` in the core group.
pub fn qualified(resource: &Resource) -> String {
    if resource.group.is_empty() {
        resource.plural.to_owned()
    } else {
        format!("{}.{}", resource.plural, resource.group)
    }
}

/// `apps/v1`; `v1` in the core group.
pub fn api_version(resource: &Resource) -> Cow<'static, str> {
    if resource.group.is_empty() {
        Cow::Borrowed(resource.version)
    } else {
        Cow::Owned(format!("{}/{}", resource.group, resource.version))
    }
}

/// What all keys of a resource begin with, those of all its versions.
pub fn prefix(resource: &Resource) -> String {
    let path = match (resource.group, resource.plural) {
        ("", "nodes") => "minions",
        ("", "services") => "services/specs",
        ("", "endpoints") => "services/endpoints",
        ("networking.k8s.io", "ingresses") => "ingress",
        ("apiextensions.k8s.io" | "apiregistration.k8s.io", plural) => {
            return format!("{ROOT}/{}/{plural}/", resource.group);
        }
        (_, plural) => plural,
    };
    [ROOT, "/", path, "/"].concat()
}

/// What the keys of a namespace begin with; of cluster-wide resources, and for all namespaces, the
/// resource's own prefix.
pub fn prefix_in(resource: &Resource, namespace: &str) -> String {
    let mut prefix = prefix(resource);
    if resource.namespaced && !namespace.is_empty() {
        prefix.push_str(namespace);
        prefix.push('/');
    }
    prefix
}

/// Where an object lies.
pub fn key(resource: &Resource, namespace: &str, name: &str) -> String {
    let mut key = prefix_in(resource, namespace);
    key.push_str(name);
    key
}

/// What everybody is warned of who touches a resource that has a successor.
pub fn deprecation(resource: &Resource) -> Option<&'static str> {
    match (resource.group, resource.plural) {
        ("", "endpoints") => {
            Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
        }
        ("", "componentstatuses") => Some("v1 ComponentStatus is deprecated in v1.19+"),
        ("extensions", "deployments") => Some(
            "extensions/v1beta1 Deployment is deprecated in v1.8+, unavailable in v1.16+; use apps/v1 \
             Deployment",
        ),
        _ => None,
    }
}

/// Whether objects of it are kept, or only answered to, as reviews are.
pub fn is_stored(resource: &Resource) -> bool {
    resource.verbs.contains(&"get") && resource.plural != "componentstatuses"
}
