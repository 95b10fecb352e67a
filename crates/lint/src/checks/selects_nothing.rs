//! A policy that selects nothing.

use portcullis_core::{Code, Severity};

use super::only_host_network::host_network_only;
use super::peer_selects_nothing::is_judged;
use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP206"),
    severity: Severity::Warning,
    title: "a policy that selects nothing that is given",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        if !context.selected(view).is_empty()
            || !is_judged(context, &view.policy.subject)
            || host_network_only(context, view).is_some()
        {
            continue;
        }
        let field = if view.is_kubernetes() { "podSelector" } else { "selector" };
        let subject = view.spec.and_then(|spec| spec.field(field));
        // A label that is nearly right is the cause, and was told.
        if subject.is_some_and(|at| found.explains(super::label_unknown::CHECK.code, at)) {
            continue;
        }
        let message = format!("`{}` selects nothing that is given", view.policy.name);
        let place = view.field_place(field);
        let finding = if context.knows_labels(&view.policy.subject) {
            CHECK.at(place, message)
        } else {
            CHECK.note(place, message)
        };
        found
            .add(finding.help(
                "a policy that selects nothing protects nothing: check labels and namespace",
            ));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn shop(namespace: &str, label: &str) -> String {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: frontend}}}}
spec: {{containers: [{{name: a, image: a}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web, namespace: {namespace}}}
spec:
  podSelector: {{matchLabels: {{app: {label}}}}}
"
        )
    }

    #[test]
    fn nobody_is_protected() {
        check(
            CHECK.code,
            &shop("default", "api"),
            expect![[r#"
            11 warning "{matchLabels: {app: api}}": `web` selects nothing that is given (a policy that selects nothing protects nothing: check labels and namespace)
        "#]],
        );
    }

    #[test]
    fn of_a_namespace_in_which_nothing_is_given_nothing_is_known() {
        silent(
            CHECK.code,
            &[&shop("default", "frontend"), &shop("other", "api"), &shop("default", "frontned")],
        );
    }
}
