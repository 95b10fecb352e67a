//! A staged policy beside the enforced one of the same name.

use portcullis_core::{Code, Severity};
use portcullis_netpol::PolicyKind;

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP602"),
    severity: Severity::Info,
    title: "a staged policy is evaluated beside the enforced one of its name",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        let twin = match view.policy.kind {
            PolicyKind::StagedGlobal => PolicyKind::Global,
            PolicyKind::StagedNamespaced => PolicyKind::Namespaced,
            PolicyKind::StagedKubernetes => PolicyKind::Kubernetes,
            _ => continue,
        };
        let other = context.policies().iter().find(|other| {
            other.policy.kind == twin
                && other.policy.name == view.policy.name
                && other.namespace() == view.namespace()
        });
        let Some(other) = other else { continue };
        let message = format!(
            "`{}` is enforced as well: until this takes its place both are evaluated, the enforced one first",
            view.policy.name
        );
        found.add(CHECK.at(view.place(), message).also(other.place(), "the enforced one"));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn two(name: &str) -> String {
        format!(
            "
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {{name: web}}
spec: {{order: 1, ingress: [{{action: Allow}}]}}
---
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: {{name: {name}}}
spec: {{order: 1, ingress: [{{action: Deny}}]}}
"
        )
    }

    #[test]
    fn an_edit_is_beside_the_original() {
        check(
            CHECK.code,
            &two("web"),
            expect![[r#"
            9 info "web": `web` is enforced as well: until this takes its place both are evaluated, the enforced one first
        "#]],
        );
    }

    #[test]
    fn a_new_policy_has_no_original() {
        silent(CHECK.code, &[&two("api")]);
    }
}
