//! A binding to a service account that nobody creates.

use portcullis_core::{Code, Severity, nearest};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("RB106"),
    severity: Severity::Warning,
    title: "a binding to a service account that is not there",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let accounts: Vec<(&str, &str)> = context
        .of_kind("", "ServiceAccount")
        .map(|o| {
            (
                o.namespace().unwrap_or(context.snapshot.settings().default_namespace.as_str()),
                o.name(),
            )
        })
        .collect();
    for binding in context.bindings() {
        for subject in binding.subjects.iter().filter(|s| s.kind == "ServiceAccount") {
            let Some(namespace) = subject.namespace.as_deref() else { continue };
            let own = || accounts.iter().filter(|(ns, _)| *ns == namespace).map(|(_, name)| *name);
            // Kubernetes makes `default`, and of a namespace without accounts nothing is known.
            if subject.name == "default"
                || own().next().is_none()
                || own().any(|n| n == subject.name)
            {
                continue;
            }
            let message = format!(
                "there is no service account `{namespace}/{}`: whoever creates it gets `{}`",
                subject.name, binding.role_name
            );
            let finding = CHECK.at(subject.place.clone(), message);
            found.add(match nearest(subject.name, own()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help("give its manifest as well"),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{bound, check, silent};

    const ACCOUNT: &str = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: backend, namespace: shop}
---";

    #[test]
    fn whoever_creates_it_has_it() {
        let text =
            format!("{ACCOUNT}{}", bound("kind: ServiceAccount, name: backned, namespace: shop"));
        check(
            CHECK.code,
            &text,
            expect![[r#"
            10 warning "backned": there is no service account `shop/backned`: whoever creates it gets `view` (did you mean `backend`?)
        "#]],
        );
    }

    #[test]
    fn given_by_itself_or_unknown() {
        let account = |name: &str, namespace: &str| {
            format!(
                "{ACCOUNT}{}",
                bound(&format!("kind: ServiceAccount, name: {name}, namespace: {namespace}"))
            )
        };
        silent(
            CHECK.code,
            &[&account("backend", "shop"), &account("default", "shop"), &account("x", "other")],
        );
    }
}
