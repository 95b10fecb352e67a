//! What a field means, for the kinds that ask or answer a "may it?".
//!
//! Where a field is and what it holds is the schema's to say; what it means, where that is not plain
//! from its name, is said here in one line.

use portcullis_schema::{Field, Message, Type, message};

/// A field of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldHelp {
    /// `projectcalico.org/v3`.
    pub api_version: String,
    /// `NetworkPolicy`.
    pub kind: &'static str,
    /// The way to it: `spec.ingress`; empty for the kind itself.
    pub path: String,
    /// What it holds, for people: `a list of maps`.
    pub holds: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it means, where that is not plain from its name.
    pub about: Option<&'static str>,
    /// The fields inside it, each with what it holds.
    pub fields: Vec<(&'static str, String)>,
}

/// The kinds: group, version, kind.
const KINDS: &[(&str, &str, &str)] = &[
    ("networking.k8s.io", "v1", "NetworkPolicy"),
    ("policy.networking.k8s.io", "v1alpha2", "ClusterNetworkPolicy"),
    ("projectcalico.org", "v3", "NetworkPolicy"),
    ("projectcalico.org", "v3", "GlobalNetworkPolicy"),
    ("projectcalico.org", "v3", "StagedNetworkPolicy"),
    ("projectcalico.org", "v3", "StagedGlobalNetworkPolicy"),
    ("projectcalico.org", "v3", "StagedKubernetesNetworkPolicy"),
    ("projectcalico.org", "v3", "Tier"),
    ("projectcalico.org", "v3", "NetworkSet"),
    ("projectcalico.org", "v3", "GlobalNetworkSet"),
    ("projectcalico.org", "v3", "HostEndpoint"),
    ("projectcalico.org", "v3", "Profile"),
    ("rbac.authorization.k8s.io", "v1", "Role"),
    ("rbac.authorization.k8s.io", "v1", "ClusterRole"),
    ("rbac.authorization.k8s.io", "v1", "RoleBinding"),
    ("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding"),
];

/// The field of every kind that `KIND.PATH` names, such as `networkpolicy.spec.ingress`: letter case
/// of the kind does not count, and lists are entered without a word. Two APIs have a NetworkPolicy,
/// so there may be two answers; none if no kind has such a field.
pub fn field(path: &str) -> Vec<FieldHelp> {
    let mut steps = path.split('.').filter(|step| !step.is_empty());
    let Some(kind) = steps.next() else { return Vec::new() };
    let steps: Vec<&str> = steps.map(|step| step.split('[').next().unwrap_or(step)).collect();
    let named = KINDS.iter().filter(|(_, _, name)| name.eq_ignore_ascii_case(kind));
    named.filter_map(|(group, version, kind)| help(group, version, kind, &steps)).collect()
}

fn help(
    group: &str,
    version: &'static str,
    kind: &'static str,
    steps: &[&str],
) -> Option<FieldHelp> {
    let mut inside = message(group, version, kind)?;
    let mut found: Option<(&'static Message, &'static Field)> = None;
    for (i, step) in steps.iter().enumerate() {
        let field = inside.field(step)?;
        found = Some((inside, field));
        match entered(field.kind) {
            Some(next) => inside = next,
            None if i + 1 < steps.len() => return None,
            None => {}
        }
    }
    let within = found.map_or(Some(inside), |(_, field)| entered(field.kind));
    Some(FieldHelp {
        api_version: format!("{group}/{version}"),
        kind,
        path: steps.join("."),
        holds: found.map_or("an object".to_owned(), |(_, field)| holds(field.kind)),
        required: found.is_some_and(|(_, field)| field.required),
        about: found.and_then(|(message, field)| about(message.name, field.name)),
        fields: within
            .into_iter()
            .flat_map(Message::fields)
            .map(|field| (field.name, holds(field.kind)))
            .collect(),
    })
}

/// The map that a field leads into, through lists.
fn entered(mut kind: Type) -> Option<&'static Message> {
    while let Type::List(item) = kind {
        kind = *item;
    }
    match kind {
        Type::Message(message) => Some(message),
        _ => None,
    }
}

fn holds(kind: Type) -> String {
    match kind {
        Type::Any => "anything".into(),
        Type::Bool => "a boolean".into(),
        Type::Integer => "a whole number".into(),
        Type::Number => "a number".into(),
        Type::String => "text".into(),
        Type::Quantity => "a quantity".into(),
        Type::IntOrString => "a whole number or text".into(),
        Type::List(Type::Message(_)) => "a list of maps".into(),
        Type::List(Type::String) => "a list of texts".into(),
        Type::List(_) => "a list".into(),
        Type::Map(_) => "a map of your own keys".into(),
        Type::Message(_) => "a map".into(),
    }
}

fn about(message: &str, field: &str) -> Option<&'static str> {
    let is = |(of, name, _): &&(&str, &str, &str)| {
        *name == field
            && message.strip_prefix(of).is_some_and(|rest| rest.is_empty() || *of == CALICO)
    };
    ABOUT.iter().find(is).map(|(.., about)| *about)
}

/// Stands for every message of Calico.
const CALICO: &str = "calico/v3.";

/// Message, field, what it means. Of two that fit, the first counts.
#[rustfmt::skip]
const ABOUT: &[(&str, &str, &str)] = &[
    ("networking/v1.NetworkPolicySpec", "podSelector", "the pods of this namespace that the policy is for; empty is all of them"),
    ("networking/v1.NetworkPolicySpec", "ingress", "who may connect to the pods; empty or absent is nobody, if the types name Ingress"),
    ("networking/v1.NetworkPolicySpec", "egress", "whom the pods may connect to; empty or absent is nobody, if the types name Egress"),
    ("networking/v1.NetworkPolicySpec", "policyTypes", "the directions that are isolated; absent is Ingress, and Egress if there are egress rules"),
    ("networking/v1.NetworkPolicyIngressRule", "from", "the sources, any of which is enough; empty or absent is everyone"),
    ("networking/v1.NetworkPolicyIngressRule", "ports", "the ports, any of which is enough; empty or absent is every port and protocol"),
    ("networking/v1.NetworkPolicyEgressRule", "to", "the destinations, any of which is enough; empty or absent is everyone"),
    ("networking/v1.NetworkPolicyEgressRule", "ports", "the ports, any of which is enough; empty or absent is every port and protocol"),
    ("networking/v1.NetworkPolicyPeer", "podSelector", "pods with these labels, of this namespace unless `namespaceSelector` stands in the same entry"),
    ("networking/v1.NetworkPolicyPeer", "namespaceSelector", "namespaces with these labels; together with `podSelector` in one entry both must hold"),
    ("networking/v1.NetworkPolicyPeer", "ipBlock", "a network, and what is excepted from it; stands alone in its entry"),
    ("networking/v1.IPBlock", "cidr", "the network, such as 10.0.0.0/8"),
    ("networking/v1.IPBlock", "except", "parts of the network that are not meant"),
    ("networking/v1.NetworkPolicyPort", "port", "a number, or the name of a container's port, looked up at each destination; absent is every port"),
    ("networking/v1.NetworkPolicyPort", "endPort", "the last port of a range that begins with `port`"),
    ("networking/v1.NetworkPolicyPort", "protocol", "TCP, UDP or SCTP; absent is TCP"),
    ("policy/v1alpha2.ClusterNetworkPolicySpec", "tier", "Admin is asked before the policies of namespaces, Baseline after them"),
    ("policy/v1alpha2.ClusterNetworkPolicySpec", "priority", "the place in its tier, from 0 to 1000; the lowest is asked first"),
    ("policy/v1alpha2.ClusterNetworkPolicySpec", "subject", "the pods that the policy is for"),
    ("policy/v1alpha2.ClusterNetworkPolicyIngressRule", "action", "Accept and Deny decide; Pass leaves it to the policies of namespaces"),
    ("policy/v1alpha2.ClusterNetworkPolicyEgressRule", "action", "Accept and Deny decide; Pass leaves it to the policies of namespaces"),
    (CALICO, "tier", "the tier it is asked in; absent is `default`"),
    (CALICO, "order", "the place among its like, lowest first; absent comes last (of a tier: with `default`, at 1000000)"),
    (CALICO, "types", "the directions it has a say on; absent is told by the rules that are there"),
    (CALICO, "ingress", "the rules for flows in, in order: the first that matches decides"),
    (CALICO, "egress", "the rules for flows out, in order: the first that matches decides"),
    (CALICO, "action", "Allow and Deny decide; Pass goes to the next tier; Log writes a line and goes on"),
    (CALICO, "source", "what the near end of an egress rule, or the far end of an ingress rule, must be"),
    (CALICO, "destination", "what the far end of an egress rule, or the near end of an ingress rule, must be"),
    (CALICO, "notSelector", "what the end must not be; also true of addresses that nobody knows"),
    (CALICO, "namespaceSelector", "namespaces by their labels; in a rule `global()` is what has no namespace"),
    (CALICO, "selector", "endpoints by their labels, in a rule network sets too: `app == 'web' && has(tier)`"),
    (CALICO, "serviceAccountSelector", "pods by the labels of their service accounts"),
    (CALICO, "serviceAccounts", "pods by the name or labels of their service accounts"),
    (CALICO, "nets", "networks; beside a selector both must hold"),
    (CALICO, "notNets", "networks that are not meant; one family alone says nothing of the other"),
    (CALICO, "ports", "numbers, ranges such as '8000:9000', or names that each endpoint looks up with its own ports"),
    (CALICO, "notPorts", "ports that are not meant"),
    (CALICO, "services", "the endpoints of a service, and in a destination its ports; needs `namespace`"),
    (CALICO, "domains", "DNS names, in the destination of egress rules; Calico Enterprise and Cloud only"),
    (CALICO, "allowedEgressDomains", "DNS names; Calico Enterprise and Cloud only"),
    (CALICO, "http", "methods and paths, which only a proxy enforces"),
    (CALICO, "icmp", "ICMP type and code; needs `protocol` to be ICMP or ICMPv6"),
    (CALICO, "ipVersion", "4 or 6; absent is both"),
    (CALICO, "doNotTrack", "host endpoints only: before connection tracking, both ways, answers included"),
    (CALICO, "preDNAT", "host endpoints only: before the address of a service is replaced; ingress only"),
    (CALICO, "applyOnForward", "also asked about traffic that passes through a host"),
    (CALICO, "stagedAction", "Set (the default) previews the policy, Delete previews its removal"),
    (CALICO, "defaultAction", "what the end of the tier does: Deny (the default) or Pass"),
    (CALICO, "interfaceName", "the interface, or `*` for all of a node's"),
    (CALICO, "profiles", "profiles that decide where no policy does; none denies"),
    (CALICO, "labelsToApply", "labels that endpoints with this profile inherit"),
    (CALICO, "performanceHints", "advice to the data plane; changes no verdict"),
    ("rbac/v1.PolicyRule", "verbs", "what may be done: get, list, watch, create, update, patch, delete, …; `*` is every verb, future ones included"),
    ("rbac/v1.PolicyRule", "apiGroups", "the groups of the resources; \"\" is the core group, `*` every group"),
    ("rbac/v1.PolicyRule", "resources", "plural, lower-case names; `pods/log` is a subresource, which `pods` does not include; `*` is all of both"),
    ("rbac/v1.PolicyRule", "resourceNames", "only objects of these names; `create` and lists have no name to compare"),
    ("rbac/v1.PolicyRule", "nonResourceURLs", "paths that are no resources, such as /healthz; only in a ClusterRole that is bound for the cluster"),
    ("rbac/v1.ClusterRole", "aggregationRule", "the rules are collected from ClusterRoles with these labels, and those written here are overwritten"),
    ("rbac/v1.RoleBinding", "roleRef", "the role that is granted, in this namespace alone, also if it is a ClusterRole; cannot be changed"),
    ("rbac/v1.ClusterRoleBinding", "roleRef", "the ClusterRole that is granted, in every namespace and on what has none; cannot be changed"),
    ("rbac/v1.RoleBinding", "subjects", "whom it is granted to"),
    ("rbac/v1.ClusterRoleBinding", "subjects", "whom it is granted to"),
    ("rbac/v1.Subject", "kind", "User, Group or ServiceAccount"),
    ("rbac/v1.Subject", "namespace", "of a service account; a RoleBinding's own if absent"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_explained_in_every_api_that_has_it() {
        let both = field("networkpolicy.spec.ingress");
        let shown: Vec<String> = both
            .iter()
            .map(|f| format!("{} {} {}: {}", f.api_version, f.kind, f.path, f.holds))
            .collect();
        assert_eq!(
            shown,
            [
                "networking.k8s.io/v1 NetworkPolicy spec.ingress: a list of maps",
                "projectcalico.org/v3 NetworkPolicy spec.ingress: a list of maps",
            ]
        );
        assert!(both.iter().all(|f| f.about.is_some() && !f.fields.is_empty()));
        let names: Vec<&str> = both[0].fields.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["from", "ports"]);
    }

    #[test]
    fn paths_enter_lists_and_end_where_the_kind_does() {
        for (path, want) in [
            ("ClusterRole.rules.verbs", 1),
            ("clusterrole.rules[0].verbs", 1),
            ("networkpolicy.spec.ingress.from.ipBlock.cidr", 1),
            ("networkpolicy.spec.tier", 1),
            ("Tier", 1),
            ("networkpolicy.spec.nothing", 0),
            ("networkpolicy.spec.tier.more", 0),
            ("pod.spec", 0),
            ("", 0),
        ] {
            assert_eq!(field(path).len(), want, "{path}");
        }
    }

    #[test]
    fn every_line_is_about_a_field_that_exists() {
        let mut todo: Vec<&'static Message> =
            KINDS.iter().filter_map(|(g, v, k)| message(g, v, k)).collect();
        assert_eq!(todo.len(), KINDS.len());
        let mut seen: Vec<(&str, &str)> = Vec::new();
        while let Some(next) = todo.pop() {
            for field in next.fields() {
                if seen.contains(&(next.name, field.name)) {
                    continue;
                }
                seen.push((next.name, field.name));
                todo.extend(entered(field.kind));
            }
        }
        for (of, name, about) in ABOUT {
            let known = |(message, field): &(&str, &str)| field == name && message.starts_with(of);
            assert!(seen.iter().any(known), "{of}.{name} is no field");
            assert!(!about.ends_with('.'), "{about}");
        }
    }
}
