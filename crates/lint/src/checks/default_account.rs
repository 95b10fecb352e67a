//! A binding to the service account that pods get who ask for none.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("RB100"),
    severity: Severity::Warning,
    title: "a binding names a `default` service account",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for binding in context.bindings() {
        for subject in &binding.subjects {
            if subject.kind != "ServiceAccount" || subject.name != "default" {
                continue;
            }
            let namespace = subject.namespace.as_deref().unwrap_or("?");
            let message = format!(
                "every pod of `{namespace}` that names no service account gets `{}`",
                binding.role_name
            );
            found.add(
                CHECK
                    .at(subject.place.clone(), message)
                    .help("make a service account for those who need it"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{bound, check, silent};

    #[test]
    fn every_pod_is_meant() {
        check(
            CHECK.code,
            &bound("kind: ServiceAccount, name: default, namespace: shop"),
            expect![[r#"
                6 warning "default": every pod of `shop` that names no service account gets `view` (make a service account for those who need it)
            "#]],
        );
    }

    #[test]
    fn an_account_of_its_own_is_not() {
        silent(
            CHECK.code,
            &[
                &bound("kind: ServiceAccount, name: web, namespace: shop"),
                &bound("kind: User, name: default"),
            ],
        );
    }
}
