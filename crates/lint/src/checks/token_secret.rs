//! A Secret that holds a token which never expires.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("RB111"),
    severity: Severity::Warning,
    title: "a service account token that never expires",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for secret in context.of_kind("", "Secret") {
        let kind = secret.root().field("type");
        let Some(kind) = kind.filter(|t| t.as_str() == Some("kubernetes.io/service-account-token"))
        else {
            continue;
        };
        let message = "the token in this Secret never expires, and nobody is told who uses it";
        found.add(
            CHECK
                .at(kind.at(), message)
                .help("`kubectl create token`, or a projected volume, gives one that does"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn secret(kind: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Secret\n\
             metadata: {{name: a, annotations: {{kubernetes.io/service-account.name: web}}}}\ntype: {kind}\n"
        )
    }

    #[test]
    fn a_token_for_ever() {
        check(
            CHECK.code,
            &secret("kubernetes.io/service-account-token"),
            expect![[r#"
            4 warning "kubernetes.io/service-account-token": the token in this Secret never expires, and nobody is told who uses it (`kubectl create token`, or a projected volume, gives one that does)
        "#]],
        );
    }

    #[test]
    fn another_secret() {
        silent(CHECK.code, &[&secret("Opaque")]);
    }
}
