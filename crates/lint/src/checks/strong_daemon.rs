//! A daemon set with a strong service account: its token is on every node.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};
use crate::tokens;

pub(crate) const CHECK: Check = Check {
    code: Code("RB109"),
    severity: Severity::Warning,
    title: "a daemon set carries the token of a strong service account to every node",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for carrier in tokens::carriers(context) {
        if carrier.workload.kind != "DaemonSet" {
            continue;
        }
        let message = format!(
            "every node holds a token that may {}: whoever takes one node may as well",
            carrier.what
        );
        found.add(
            CHECK
                .at(carrier.place, message)
                .also(carrier.granted, "granted here")
                .help("let a deployment do what needs the right"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent, strong_workload as workload};

    #[test]
    fn on_every_node() {
        check(
            CHECK.code,
            &workload("DaemonSet", "", "list"),
            expect![[r#"
            9 warning "web": every node holds a token that may read secrets: whoever takes one node may as well (let a deployment do what needs the right)
        "#]],
        );
    }

    #[test]
    fn weak_rights_a_few_nodes_or_no_token() {
        silent(
            CHECK.code,
            &[
                &workload("DaemonSet", "", "create"),
                &workload("Deployment", "", "list"),
                &workload("DaemonSet", ", automountServiceAccountToken: false", "list"),
            ],
        );
    }
}
