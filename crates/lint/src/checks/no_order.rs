//! A policy without order is asked last.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP411"),
    severity: Severity::Info,
    title: "a policy without order is asked after all others of its tier",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies().iter().filter(|v| v.is_calico()) {
        if view.policy.order.0.is_some() || view.spec.is_none() {
            continue;
        }
        let tier = &view.policy.tier;
        let also = if tier == "default" { ", also after those of Kubernetes" } else { "" };
        let message = format!("without `order` this is asked last in the tier `{tier}`{also}");
        found.add(CHECK.at(view.place(), message).help("give it an `order`"));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(spec: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {{name: a}}\n\
             spec: {{{spec}}}\n"
        )
    }

    #[test]
    fn last_of_all() {
        check(
            CHECK.code,
            &policy("selector: all()"),
            expect![[r#"
            3 info "a": without `order` this is asked last in the tier `default`, also after those of Kubernetes (give it an `order`)
        "#]],
        );
    }

    #[test]
    fn a_number_is_a_place() {
        silent(CHECK.code, &[&policy("order: 10")]);
    }
}
