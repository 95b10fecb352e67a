//! A global policy lets in pods of every namespace that carry a label.

use portcullis_core::{Code, Selector, Severity};

use crate::context::{Context, NAMESPACE_LABEL};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP209"),
    severity: Severity::Warning,
    title: "a peer of a global policy is not bound to a namespace",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies().iter().filter(|v| v.is_global()) {
        for written in view.written() {
            let Some((_, end, rule)) = written.rule else { continue };
            let bound = rule.field(end).is_some_and(|e| {
                ["namespaceSelector", "serviceAccounts"]
                    .iter()
                    .any(|f| e.field(f).is_some_and(|n| !n.is_null() && n.as_str() != Some("")))
            });
            let allows = rule.field("action").and_then(|a| a.as_str()) == Some("Allow");
            let selector = &written.selector;
            let unbound = !matches!(selector, Selector::All)
                && !selector.mentions_global()
                && !selector.keys().iter().any(|k| *k == NAMESPACE_LABEL || k.starts_with("pcns."));
            if written.field != "selector" || bound || !allows || !unbound {
                continue;
            }
            // What is meant for a network set is told by another check.
            if context.matches_a_set(selector) {
                continue;
            }
            let message = "pods of every namespace with these labels are meant: whoever may label a pod is let through";
            found.add(CHECK.at(written.at.at(), message).help(
                "add `namespaceSelector`, such as `kubernetes.io/metadata.name == 'kube-system'`",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(rule: &str) -> String {
        format!(
            "
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: dns}}
spec:
  types: [Egress]
  egress:
  - {rule}
"
        )
    }

    #[test]
    fn any_namespace_can_have_such_a_pod() {
        check(
            CHECK.code,
            &policy("{action: Allow, destination: {selector: k8s-app == \"kube-dns\"}}"),
            expect![[r#"
                8 warning "k8s-app == \"kube-dns\"": pods of every namespace with these labels are meant: whoever may label a pod is let through (add `namespaceSelector`, such as `kubernetes.io/metadata.name == 'kube-system'`)
            "#]],
        );
    }

    #[test]
    fn a_namespace_or_a_deny_is_bound() {
        silent(
            CHECK.code,
            &[
                &policy(
                    "{action: Allow, destination: {selector: a == 'b', namespaceSelector: c == 'd'}}",
                ),
                &policy("{action: Deny, destination: {selector: a == 'b'}}"),
                &policy("{action: Allow, destination: {selector: all()}}"),
            ],
        );
    }
}
