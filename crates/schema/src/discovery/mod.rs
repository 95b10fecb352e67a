//! What a server says it serves: the documents of discovery, legacy and aggregated.
//!
//! Every document is written from the tables whenever it is asked for, which takes microseconds to
//! a millisecond; a server keeps those that are asked for often. Which groups are served is the
//! caller's to say: [`crate::api::groups`], and ours ([`crate::own`]) unless they are hidden.

use serde_json::{Map, Value, json};

use crate::api::{Group, Resource, Subresource, Version};

/// `/api`: the versions of the core group. `address` is where clients find this server, such as
/// `127.0.0.1:6443`.
pub fn core_versions(core: &Group, address: &str) -> Value {
    let versions: Vec<&str> = core.versions.iter().map(|version| version.name).collect();
    json!({
        "kind": "APIVersions",
        "versions": versions,
        "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": address }],
    })
}

/// `/apis`: the groups, but for the core group.
pub fn groups<'a>(served: impl IntoIterator<Item = &'a Group>) -> Value {
    let groups: Vec<Value> = named(served).map(|group| Value::Object(description(group))).collect();
    json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
}

/// `/apis/GROUP`: its versions.
pub fn group(group: &Group) -> Value {
    let mut out = Map::new();
    out.insert("kind".into(), "APIGroup".into());
    out.insert("apiVersion".into(), "v1".into());
    out.extend(description(group));
    Value::Object(out)
}

/// `/apis/GROUP/VERSION`, or `/api/v1`: the resources and their subresources.
pub fn resources(group: &Group, version: &Version) -> Value {
    let mut out = Map::new();
    out.insert("kind".into(), "APIResourceList".into());
    // The original leaves it out for the core group, which is older.
    if !group.name.is_empty() {
        out.insert("apiVersion".into(), "v1".into());
    }
    out.insert("groupVersion".into(), group_version(group.name, version.name).into());
    let listed = version.resources.iter().flat_map(|resource| {
        let parts = resource.subresources.iter();
        std::iter::once(listed(resource)).chain(parts.map(|part| listed_part(resource, part)))
    });
    out.insert("resources".into(), listed.collect());
    Value::Object(out)
}

/// `/apis` (and, given the core group, `/api`) for clients that ask for everything at once: an
/// `APIGroupDiscoveryList` of `apidiscovery.k8s.io/v2` (KEP-3352).
pub fn aggregated<'a>(served: impl IntoIterator<Item = &'a Group>) -> Value {
    let items: Vec<Value> = served
        .into_iter()
        .map(|group| {
            let metadata = match group.name {
                "" => json!({}),
                name => json!({ "name": name }),
            };
            let versions: Vec<Value> = group.versions.iter().map(whole_version).collect();
            json!({ "metadata": metadata, "versions": versions })
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

/// Groups with a name: the core group has none, and its own place.
fn named<'a>(served: impl IntoIterator<Item = &'a Group>) -> impl Iterator<Item = &'a Group> {
    served.into_iter().filter(|group| !group.name.is_empty())
}

fn group_version(group: &str, version: &str) -> String {
    match group {
        "" => version.to_owned(),
        group => format!("{group}/{version}"),
    }
}

fn description(group: &Group) -> Map<String, Value> {
    let mut versions = group.versions.iter().map(|version| {
        let group_version = group_version(group.name, version.name);
        json!({ "groupVersion": group_version, "version": version.name })
    });
    let preferred = versions.next();
    let mut out = Map::new();
    out.insert("name".into(), group.name.into());
    out.insert("versions".into(), preferred.clone().into_iter().chain(versions).collect());
    if let Some(preferred) = preferred {
        out.insert("preferredVersion".into(), preferred);
    }
    out
}

// === Legacy ===

fn listed(resource: &Resource) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), resource.plural.into());
    out.insert("singularName".into(), resource.singular.into());
    out.insert("namespaced".into(), resource.namespaced.into());
    out.insert("kind".into(), resource.kind.into());
    names(resource, &mut out);
    if !resource.storage_hash.is_empty() {
        out.insert("storageVersionHash".into(), resource.storage_hash.into());
    }
    Value::Object(out)
}

fn listed_part(resource: &Resource, part: &Subresource) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), format!("{}/{}", resource.plural, part.name).into());
    out.insert("singularName".into(), "".into());
    out.insert("namespaced".into(), resource.namespaced.into());
    if is_foreign(resource, part) {
        out.insert("group".into(), part.group.into());
        out.insert("version".into(), part.version.into());
    }
    out.insert("kind".into(), part.kind.into());
    out.insert("verbs".into(), part.verbs.into());
    Value::Object(out)
}

/// Whether the kind of a subresource is of another version than the resource.
fn is_foreign(resource: &Resource, part: &Subresource) -> bool {
    (part.group, part.version) != (resource.group, resource.version)
}

fn names(resource: &Resource, out: &mut Map<String, Value>) {
    out.insert("verbs".into(), resource.verbs.into());
    for (field, names) in
        [("shortNames", resource.short_names), ("categories", resource.categories)]
    {
        if !names.is_empty() {
            out.insert(field.into(), names.into());
        }
    }
}

// === Aggregated ===

fn whole_version(version: &Version) -> Value {
    let resources: Vec<Value> = version.resources.iter().map(whole).collect();
    json!({ "version": version.name, "resources": resources, "freshness": "Current" })
}

fn whole(resource: &Resource) -> Value {
    let mut out = Map::new();
    out.insert("resource".into(), resource.plural.into());
    out.insert("responseKind".into(), response_kind("", "", resource.kind));
    let scope = if resource.namespaced { "Namespaced" } else { "Cluster" };
    out.insert("scope".into(), scope.into());
    out.insert("singularResource".into(), resource.singular.into());
    names(resource, &mut out);
    if !resource.subresources.is_empty() {
        let parts = resource.subresources.iter().map(|part| {
            let (group, version) = match is_foreign(resource, part) {
                true => (part.group, part.version),
                false => ("", ""),
            };
            json!({
                "subresource": part.name,
                "responseKind": response_kind(group, version, part.kind),
                "verbs": part.verbs,
            })
        });
        out.insert("subresources".into(), parts.collect());
    }
    Value::Object(out)
}

/// A kind; without group and version it is of those of the list it stands in.
fn response_kind(group: &str, version: &str, kind: &str) -> Value {
    json!({ "group": group, "version": version, "kind": kind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api, own};

    #[test]
    fn a_group_is_described_with_its_preferred_version() {
        let autoscaling = api::groups().iter().find(|g| g.name == "autoscaling").expect("served");
        assert_eq!(
            group(autoscaling).to_string(),
            r#"{"kind":"APIGroup","apiVersion":"v1","name":"autoscaling","versions":[{"groupVersion":"autoscaling/v2","version":"v2"},{"groupVersion":"autoscaling/v1","version":"v1"}],"preferredVersion":{"groupVersion":"autoscaling/v2","version":"v2"}}"#
        );
    }

    #[test]
    fn subresources_of_other_groups_say_so() {
        let apps = api::groups().iter().find(|g| g.name == "apps").expect("served");
        let list = resources(apps, &apps.versions[0]);
        let of = |name: &str| {
            let resources = list["resources"].as_array().expect("a list");
            resources.iter().find(|r| r["name"] == name).expect("listed").to_string()
        };
        assert_eq!(
            of("deployments/scale"),
            r#"{"name":"deployments/scale","singularName":"","namespaced":true,"group":"autoscaling","version":"v1","kind":"Scale","verbs":["get","patch","update"]}"#
        );
        assert_eq!(
            of("deployments/status"),
            r#"{"name":"deployments/status","singularName":"","namespaced":true,"kind":"Deployment","verbs":["get","patch","update"]}"#
        );
    }

    #[test]
    fn ours_are_listed_where_they_are_served() {
        let all = groups(api::groups().iter().chain([own::group()]));
        let without = groups(api::groups());
        let names = |list: &Value| -> Vec<String> {
            let groups = list["groups"].as_array().expect("a list");
            groups.iter().map(|g| g["name"].as_str().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(names(&all).last().map(String::as_str), Some("portcullis.dev"));
        assert_eq!(names(&all).len(), names(&without).len() + 1);
        assert!(!names(&without).contains(&String::new()), "the core group is not in it");
        let whole = aggregated([own::group()]);
        assert_eq!(
            whole["items"][0].to_string(),
            r#"{"metadata":{"name":"portcullis.dev"},"versions":[{"version":"v1alpha1","resources":[{"resource":"accessreviews","responseKind":{"group":"","version":"","kind":"AccessReview"},"scope":"Cluster","singularResource":"accessreview","verbs":["create"]}],"freshness":"Current"}]}"#
        );
    }
}
