//! Pods that carry the token of a strong service account.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};
use crate::tokens;

pub(crate) const CHECK: Check = Check {
    code: Code("RB108"),
    severity: Severity::Warning,
    title: "pods carry the token of a strong service account",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for carrier in tokens::carriers(context) {
        if carrier.workload.kind == "DaemonSet" {
            continue;
        }
        let message = format!(
            "these pods carry a token that may {}: whoever gets into one of them may as well",
            carrier.what
        );
        found.add(
            CHECK
                .at(carrier.place, message)
                .also(carrier.granted, "granted here")
                .help("`automountServiceAccountToken: false` where the token is not used"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent, strong_workload as workload};

    #[test]
    fn getting_in_is_getting_the_right() {
        check(
            CHECK.code,
            &workload("Deployment", "", "get"),
            expect![[r#"
            9 warning "web": these pods carry a token that may read secrets: whoever gets into one of them may as well (`automountServiceAccountToken: false` where the token is not used)
        "#]],
        );
    }

    #[test]
    fn a_volume_asks_for_the_token() {
        let volume = ", automountServiceAccountToken: false, volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: token}}]}}]";
        check(
            CHECK.code,
            &workload("Deployment", volume, "get"),
            expect![[r#"
            9 warning "web": these pods carry a token that may read secrets: whoever gets into one of them may as well (`automountServiceAccountToken: false` where the token is not used)
        "#]],
        );
    }

    #[test]
    fn a_role_binding_gives_it_in_its_namespace() {
        let here = |verbs: &str, resources: &str| {
            workload("Deployment", "", verbs)
                .replace("resources: [secrets]", &format!("resources: [{resources}]"))
                .replace(
                    "kind: ClusterRoleBinding\nmetadata: {",
                    "kind: RoleBinding\nmetadata: {namespace: dev, ",
                )
        };
        check(
            CHECK.code,
            &here("get", "secrets"),
            expect![[r#"
            9 warning "web": these pods carry a token that may read secrets in namespace `dev`: whoever gets into one of them may as well (`automountServiceAccountToken: false` where the token is not used)
        "#]],
        );
        // Users are of the cluster: a RoleBinding lets nobody impersonate them.
        silent(CHECK.code, &[&here("impersonate", "users")]);
        check(
            CHECK.code,
            &workload("Deployment", "", "impersonate").replace("[secrets]", "[users]"),
            expect![[r#"
            9 warning "web": these pods carry a token that may be any user: whoever gets into one of them may as well (`automountServiceAccountToken: false` where the token is not used)
        "#]],
        );
    }

    #[test]
    fn weak_rights_and_absent_tokens() {
        silent(
            CHECK.code,
            &[
                &workload("Deployment", "", "create"),
                &workload("Deployment", ", automountServiceAccountToken: false", "get"),
            ],
        );
    }
}
