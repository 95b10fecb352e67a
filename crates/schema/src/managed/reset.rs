//! Which fields a write does not reach, whatever it says of them: `status` for writes to the object,
//! `spec` for writes to its status. The writer does not come to own them.

use super::set;
use crate::json::Object;
use crate::{api, emulated};

/// Paths of fields.
type Paths = &'static [&'static [&'static str]];

/// Which fields a write does not reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// These, and what lies below them.
    These(Paths),
    /// All but these and what lies below them; `*` is any item of a list.
    AllBut(Paths),
}

impl Reset {
    pub(super) fn cut(&self, changes: &mut Object) {
        match self {
            Self::These(paths) => {
                for path in *paths {
                    set::cut(changes, path);
                }
            }
            Self::AllBut(paths) => set::keep(changes, paths),
        }
    }
}

/// What a write to this resource, or to a subresource of it, does not reach.
pub fn reset(group: &str, version: &str, plural: &str, subresource: &str) -> Reset {
    Reset::These(match (group, plural, subresource) {
        // Who asks for a certificate is filled in and never changed.
        ("certificates.k8s.io", "certificatesigningrequests", "") => &[&["spec"], &["status"]],
        ("certificates.k8s.io", "certificatesigningrequests", "approval") => {
            &[&["spec"], &["status", "certificate"]]
        }
        ("", "pods", "ephemeralcontainers") => {
            return Reset::AllBut(&[&["spec", "ephemeralContainers"]]);
        }
        ("", "pods", "resize") => {
            return Reset::AllBut(&[
                &["spec", "containers", "*", "resources"],
                &["spec", "containers", "*", "resizePolicy"],
                &["spec", "initContainers", "*", "resources"],
                &["spec", "initContainers", "*", "resizePolicy"],
            ]);
        }
        ("", "pods", "status") => {
            &[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]]
        }
        ("", "namespaces", "finalize") => &[&["status"]],
        ("apps" | "extensions", "deployments", "status") => &[&["spec"], &["metadata", "labels"]],
        (
            "admissionregistration.k8s.io"
            | "apiextensions.k8s.io"
            | "apiregistration.k8s.io"
            | "flowcontrol.apiserver.k8s.io"
            | "internal.apiserver.k8s.io"
            | "resource.k8s.io"
            | "storage.k8s.io"
            | "storagemigration.k8s.io",
            _,
            "status",
        )
        | ("networking.k8s.io", "servicecidrs", "status") => &[&["spec"], &["metadata"]],
        (_, _, "status") => &[&["spec"]],
        (_, _, "") => {
            let resource = api::resource(group, version, plural)
                .or_else(|| emulated::resource(group, version, plural));
            match resource.and_then(|resource| resource.subresource("status")) {
                Some(_) => &[&["status"]],
                None => &[],
            }
        }
        _ => &[],
    })
}
