//! A binding to all service accounts, or to all of a namespace.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("RB103"),
    severity: Severity::Warning,
    title: "a binding names a group of service accounts, and so every pod",
    run,
};

/// What groups of service accounts begin with; behind it stands a namespace.
const GROUP: &str = "system:serviceaccounts";

fn run(context: &Context<'_>, found: &mut Found) {
    for binding in context.bindings() {
        for subject in binding.subjects.iter().filter(|s| s.kind == "Group") {
            let Some(rest) = subject.name.strip_prefix(GROUP) else { continue };
            let whose = match rest.strip_prefix(':') {
                Some(namespace) => format!("every pod in namespace `{namespace}`"),
                None if rest.is_empty() => "every pod of the cluster".to_owned(),
                None => continue,
            };
            let message = format!(
                "{whose} gets `{}`: whoever gets into one of them has it",
                binding.role_name
            );
            found.add(
                CHECK
                    .at(subject.place.clone(), message)
                    .help("name the service accounts that need it"),
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
    fn every_pod_has_an_account() {
        check(
            CHECK.code,
            &bound("kind: Group, name: 'system:serviceaccounts:security'"),
            expect![[r#"
                6 warning "'system:serviceaccounts:security'": every pod in namespace `security` gets `view`: whoever gets into one of them has it (name the service accounts that need it)
            "#]],
        );
        check(
            CHECK.code,
            &bound("kind: Group, name: 'system:serviceaccounts'"),
            expect![[r#"
            6 warning "'system:serviceaccounts'": every pod of the cluster gets `view`: whoever gets into one of them has it (name the service accounts that need it)
        "#]],
        );
    }

    #[test]
    fn one_account_is_not_all() {
        silent(
            CHECK.code,
            &[
                &bound("kind: ServiceAccount, name: a, namespace: b"),
                &bound("kind: Group, name: ops"),
            ],
        );
    }
}
