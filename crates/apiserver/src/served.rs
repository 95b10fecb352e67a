//! What is served: the groups of Kubernetes, and ours unless they are hidden.
//!
//! Every lookup on behalf of a request goes through here, so that a server which is to look like the
//! original shows nothing else anywhere.

use portcullis_schema::api::{self, Group, Resource, Version};
use portcullis_schema::{emulated, own};

/// Which groups there are for clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Whether ours are among them.
    pub own: bool,
    /// Whether resources are shown as Kubernetes 1.20 did.
    pub as_1_20: bool,
}

impl Served {
    /// The groups in the order of discovery: the core group first, ours last.
    pub fn groups(self) -> impl Iterator<Item = &'static Group> {
        let extensions = self.as_1_20.then(emulated::extensions);
        // Where 1.20 listed it: clients that look a name up find it in the group `apps` first.
        let at = api::groups().iter().position(|group| group.name == "policy").unwrap_or_default();
        let (before, after) = api::groups().split_at(at);
        before.iter().chain(extensions).chain(after).chain(self.own.then(own::group))
    }

    /// A group by its name.
    pub fn group(self, name: &str) -> Option<&'static Group> {
        self.groups().find(|group| group.name == name)
    }

    /// A version of a group.
    pub fn version(self, group: &str, version: &str) -> Option<&'static Version> {
        self.group(group)?.versions.iter().find(|one| one.name == version)
    }

    /// The resource `plural` of a version of a group.
    pub fn resource(self, group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
        let emulated = || emulated::resource(group, version, plural);
        let known = self.as_1_20.then(emulated).flatten();
        let known = known.or_else(|| api::resource(group, version, plural));
        known
            .or_else(|| self.version(group, version)?.resources.iter().find(|r| r.plural == plural))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_are_there_unless_they_are_hidden() {
        for (served, there) in [true, false].map(|own| (Served { own, as_1_20: false }, own)) {
            let has =
                |plural: &str| served.resource("portcullis.dev", "v1alpha1", plural).is_some();
            assert_eq!(has("accessreviews"), there);
            assert!(!has("nosuch"));
            assert_eq!(served.groups().last().map(|g| g.name == "portcullis.dev"), Some(there));
            assert_eq!(served.version("portcullis.dev", "v1alpha1").is_some(), there);
            assert!(served.resource("apps", "v1", "deployments").is_some());
            let accounts = served.resource("", "v1", "serviceaccounts");
            assert_eq!(accounts.map(|accounts| accounts.columns.len()), Some(2));
            let then = Served { as_1_20: true, ..served };
            let accounts = then.resource("", "v1", "serviceaccounts");
            assert_eq!(accounts.map(|accounts| accounts.columns.len()), Some(3));
            assert!(then.resource("", "v1", "pods").is_some());
            let deployments =
                |of: Served| of.resource("extensions", "v1beta1", "deployments").is_some();
            assert!(deployments(then) && !deployments(served));
            assert_eq!(then.groups().count(), served.groups().count() + 1);
            let place = |name| then.groups().position(|group| group.name == name);
            assert!(place("apps") < place("extensions"));
            assert!(served.group("").is_some() && served.group("nosuch").is_none());
        }
    }
}
