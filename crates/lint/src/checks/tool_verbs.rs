//! Verbs that the usual tools need beside those that are given.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};
use crate::roles;

pub(crate) const CHECK: Check = Check {
    code: Code("RB301"),
    severity: Severity::Info,
    title: "verbs that kubectl needs beside those given",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for role in roles::roles(context) {
        for rule in roles::rules(role) {
            let has = |verb: &str| roles::RoleRule::has(&rule.verbs, &[verb]).is_some();
            let about_objects = rule.resources.iter().any(|(word, _)| !word.contains('/'));
            let Some(verbs) = rule.at.field("verbs").filter(|_| about_objects) else { continue };
            let edits = has("get") && has("create") && has("update");
            let (missing, tools) = if edits && !has("patch") {
                ("patch", "`kubectl apply` and `kubectl edit` patch")
            } else if has("list") && has("get") && edits && !has("watch") {
                ("watch", "`kubectl get -w` and `kubectl wait` watch")
            } else {
                continue;
            };
            let message = format!("these verbs lack `{missing}`: {tools}");
            found.add(
                CHECK.at(verbs.at(), message).help(format!("add `{missing}` if people use them")),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn role(rules: &str) -> String {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: r}}\n\
             rules: [{rules}]\n"
        )
    }

    fn verbs(verbs: &str) -> String {
        role(&format!("{{apiGroups: [apps], resources: [deployments], verbs: [{verbs}]}}"))
    }

    #[test]
    fn tools_ask_for_more() {
        check(
            CHECK.code,
            &verbs("get, list, create, update, delete"),
            expect![[r#"
            4 info "[get, list, create, update, delete]": these verbs lack `patch`: `kubectl apply` and `kubectl edit` patch (add `patch` if people use them)
        "#]],
        );
        check(
            CHECK.code,
            &verbs("get, list, create, update, patch"),
            expect![[r#"
            4 info "[get, list, create, update, patch]": these verbs lack `watch`: `kubectl get -w` and `kubectl wait` watch (add `watch` if people use them)
        "#]],
        );
    }

    #[test]
    fn readers_and_full_sets() {
        silent(
            CHECK.code,
            &[
                &verbs("get, list"),
                &verbs("get, list, watch, create, update, patch"),
                &verbs("'*'"),
            ],
        );
    }
}
