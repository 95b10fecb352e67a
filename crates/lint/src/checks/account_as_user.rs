//! A user whose name looks like that of a service account, and is not.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("RB104"),
    severity: Severity::Warning,
    title: "a user name that looks like a service account's",
    run,
};

const PREFIX: &str = "system:serviceaccount:";

fn run(context: &Context<'_>, found: &mut Found) {
    for binding in context.bindings() {
        for subject in &binding.subjects {
            let message = match (subject.kind, subject.name) {
                ("User", name) => match name.strip_prefix(PREFIX) {
                    Some(rest) if is_account(rest) => continue,
                    Some(_) => format!(
                        "no service account is called `{name}`: it is `{PREFIX}NAMESPACE:NAME`"
                    ),
                    None if name.starts_with("system:serviceaccounts") => {
                        format!("`{name}` is a group of service accounts, not a user")
                    }
                    None => continue,
                },
                ("Group", name) if name.starts_with(PREFIX) => {
                    format!("`{name}` is a service account, not a group")
                }
                ("ServiceAccount", name) if name.contains(':') => {
                    format!("a service account is named without `system:`: `{name}` names nobody")
                }
                _ => continue,
            };
            found.add(
                CHECK
                    .at(subject.place.clone(), message)
                    .help("write `kind: ServiceAccount` with `name` and `namespace`"),
            );
        }
    }
}

fn is_account(rest: &str) -> bool {
    rest.split_once(':').is_some_and(|(namespace, name)| {
        !namespace.is_empty() && !name.is_empty() && !name.contains(':')
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{bound, check, silent};

    #[test]
    fn names_that_nobody_has() {
        check(
            CHECK.code,
            &bound("kind: User, name: 'system:serviceaccount:web'"),
            expect![[r#"
            6 warning "'system:serviceaccount:web'": no service account is called `system:serviceaccount:web`: it is `system:serviceaccount:NAMESPACE:NAME` (write `kind: ServiceAccount` with `name` and `namespace`)
        "#]],
        );
        check(
            CHECK.code,
            &bound("kind: User, name: 'system:serviceaccounts:shop'"),
            expect![[r#"
            6 warning "'system:serviceaccounts:shop'": `system:serviceaccounts:shop` is a group of service accounts, not a user (write `kind: ServiceAccount` with `name` and `namespace`)
        "#]],
        );
        check(
            CHECK.code,
            &bound("kind: Group, name: 'system:serviceaccount:shop:web'"),
            expect![[r#"
                6 warning "'system:serviceaccount:shop:web'": `system:serviceaccount:shop:web` is a service account, not a group (write `kind: ServiceAccount` with `name` and `namespace`)
            "#]],
        );
        check(
            CHECK.code,
            &bound("kind: ServiceAccount, name: 'system:web', namespace: shop"),
            expect![[r#"
                6 warning "'system:web'": a service account is named without `system:`: `system:web` names nobody (write `kind: ServiceAccount` with `name` and `namespace`)
            "#]],
        );
    }

    #[test]
    fn names_that_somebody_has() {
        silent(
            CHECK.code,
            &[
                &bound("kind: User, name: 'system:serviceaccount:shop:web'"),
                &bound("kind: User, name: jane"),
            ],
        );
    }
}
