//! A rule whose peers are nobody.

use portcullis_core::{Code, Selector, Severity};
use portcullis_netpol::Peer;

use crate::context::{Context, far, namespace_of};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP331"),
    severity: Severity::Warning,
    title: "a rule whose peer selects nothing that is given",
    run,
};

/// What labels inherited from namespaces begin with.
pub(super) const OF_NAMESPACE: &str = "pcns.";
/// The label by which namespaces are chosen by name: everybody's is known.
pub(super) const NAMED: &str = "pcns.kubernetes.io/metadata.name";

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        for rule in view.rules() {
            for lowered in &rule.lowered {
                let Peer { selector: Some(selector), nets: None, service: None, .. } =
                    far(lowered, rule.direction)
                else {
                    continue;
                };
                if !is_judged(context, selector)
                    || context.matches_something(selector)
                    || context.matches_a_set(selector)
                {
                    continue;
                }
                let at = context.node(&lowered.origin).unwrap_or(rule.at);
                let peer = if view.is_kubernetes() {
                    at
                } else {
                    let entity = rule.peers().unwrap_or(at);
                    entity
                        .field("selector")
                        .or_else(|| entity.field("namespaceSelector"))
                        .unwrap_or(entity)
                };
                // A label that is nearly right is the cause, and was told.
                if found.explains(super::label_unknown::CHECK.code, peer) {
                    continue;
                }
                let message = "nothing that is given is selected by this: the rule matches nobody";
                // Of an entry that is a map, its first field: the whole of it is often many lines.
                let first = peer.entries().next().map(|(_, field)| field.key_place());
                let place = first.unwrap_or_else(|| peer.at());
                let finding = if context.knows_labels(selector) {
                    CHECK.at(place, message)
                } else {
                    CHECK.note(place, message)
                };
                found.add(finding.help("check the labels and the namespace"));
            }
        }
    }
}

/// Whether enough is given to say that a selector matches nothing: something is there to be
/// selected, and the labels it asks for are known.
pub(super) fn is_judged(context: &Context<'_>, selector: &Selector) -> bool {
    let mut namespaces = context.snapshot.namespaces();
    let by_label = selector.keys().iter().any(|k| k.starts_with(OF_NAMESPACE) && *k != NAMED);
    if by_label && namespaces.any(|(_, _, given)| !given) {
        return false;
    }
    match namespace_of(selector) {
        Some(namespace) => context.has_endpoints_in(namespace),
        None => !named_namespaces_are_empty(context, selector) && context.has_endpoints(),
    }
}

/// Whether the selector asks for a namespace by name in which nothing is given.
fn named_namespaces_are_empty(context: &Context<'_>, selector: &Selector) -> bool {
    match selector {
        Selector::Equals(key, name) if key == NAMED => !context.has_endpoints_in(name),
        Selector::In(key, names) if key == NAMED => {
            !names.iter().all(|name| context.has_endpoints_in(name))
        }
        Selector::And(all) => all.iter().any(|s| named_namespaces_are_empty(context, s)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn shop(peer: &str) -> String {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: frontend}}}}
spec: {{containers: [{{name: a, image: a}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web}}
spec:
  ingress:
  - from: [{peer}]
"
        )
    }

    #[test]
    fn a_peer_that_is_nobody() {
        check(
            CHECK.code,
            &shop("{podSelector: {matchLabels: {colour: green}}}"),
            expect![[r#"
            12 info "podSelector": nothing that is given is selected by this: the rule matches nobody (check the labels and the namespace)
        "#]],
        );
        check(
            CHECK.code,
            &shop("{podSelector: {matchLabels: {app: api}}}"),
            expect![[r#"
                12 warning "podSelector": nothing that is given is selected by this: the rule matches nobody (check the labels and the namespace)
            "#]],
        );
    }

    #[test]
    fn peers_that_are_there_or_that_nothing_is_known_of() {
        silent(
            CHECK.code,
            &[
                &shop("{podSelector: {matchLabels: {app: frontend}}}"),
                &shop("{podSelector: {matchLabels: {app: frontned}}}"),
                &shop("{ipBlock: {cidr: 10.0.0.0/8}}"),
                &shop("{namespaceSelector: {matchLabels: {team: fe}}}"),
                &shop("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}"),
            ],
        );
    }
}
