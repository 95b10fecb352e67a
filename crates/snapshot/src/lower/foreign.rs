//! Policies of engines that are not judged here: recognised, so that the answers they could change
//! say so.

use portcullis_core::Namespace;
use portcullis_netpol::Foreign;
use portcullis_object::Object;

/// Whom policies of a kind can concern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Pods of the policy's namespace.
    Namespace,
    /// Pods of the policy's namespace, or all of them if that is the named root namespace.
    NamespaceOrRoot(&'static str),
    /// Everything.
    Cluster,
}

struct Known {
    group: &'static str,
    kind: &'static str,
    reach: Reach,
    /// Engines that stand beside this one can only take away; those that would take its place, or
    /// have tiers of their own, can also give.
    may_allow: bool,
}

const KNOWN: &[Known] = &[
    known("policy.networking.k8s.io", "AdminNetworkPolicy", Reach::Cluster, true),
    known("policy.networking.k8s.io", "BaselineAdminNetworkPolicy", Reach::Cluster, true),
    known("cilium.io", "CiliumNetworkPolicy", Reach::Namespace, true),
    known("cilium.io", "CiliumClusterwideNetworkPolicy", Reach::Cluster, true),
    known("crd.antrea.io", "NetworkPolicy", Reach::Namespace, true),
    known("crd.antrea.io", "ClusterNetworkPolicy", Reach::Cluster, true),
    known(
        "security.istio.io",
        "AuthorizationPolicy",
        Reach::NamespaceOrRoot("istio-system"),
        false,
    ),
    known("security.istio.io", "PeerAuthentication", Reach::NamespaceOrRoot("istio-system"), false),
    known("policy.linkerd.io", "AuthorizationPolicy", Reach::Namespace, false),
    known("policy.linkerd.io", "Server", Reach::Namespace, false),
    known("k8s.ovn.org", "EgressFirewall", Reach::Namespace, false),
];

const fn known(group: &'static str, kind: &'static str, reach: Reach, may_allow: bool) -> Known {
    Known { group, kind, reach, may_allow }
}

/// The policy, if its kind is one of another engine.
pub(crate) fn lower(object: &Object, namespace: &Namespace) -> Option<Foreign> {
    let known = KNOWN.iter().find(|k| k.group == object.group() && k.kind == object.kind())?;
    let of = match known.reach {
        Reach::Namespace => Some(namespace.clone()),
        Reach::NamespaceOrRoot(root) if namespace.as_str() != root => Some(namespace.clone()),
        Reach::NamespaceOrRoot(_) | Reach::Cluster => None,
    };
    let what = match known.reach {
        Reach::Cluster => format!("{} {}", object.kind(), object.name()),
        _ => format!("{} {namespace}/{}", object.kind(), object.name()),
    };
    Some(Foreign {
        what,
        kind: object.kind().into(),
        namespace: of,
        may_allow: known.may_allow,
        origin: object.origin(),
    })
}

/// Whether a kind of this group is namespaced there, for the kinds known here.
pub(crate) fn is_namespaced(group: &str, kind: &str) -> Option<bool> {
    KNOWN.iter().find(|k| k.group == group && k.kind == kind).map(|k| k.reach != Reach::Cluster)
}
