//! An HTTP match, which no data plane enforces on packets.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP330"),
    severity: Severity::Warning,
    title: "an HTTP match does not restrict packets",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        for rule in view.rules() {
            let Some(http) = rule.at.field("http").filter(|h| !h.is_null()) else { continue };
            let message = "only a proxy enforces `http`: to iptables, nftables and eBPF this rule allows every request";
            found.add(
                CHECK
                    .at(http.key_place(), message)
                    .help("it restricts where application-layer policy (Dikastes with Envoy) runs"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(rule: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {{name: a}}\n\
             spec:\n  ingress:\n  - {rule}\n"
        )
    }

    #[test]
    fn requests_are_not_packets() {
        check(
            CHECK.code,
            &policy("{action: Allow, http: {methods: [GET]}}"),
            expect![[r#"
            6 warning "http": only a proxy enforces `http`: to iptables, nftables and eBPF this rule allows every request (it restricts where application-layer policy (Dikastes with Envoy) runs)
        "#]],
        );
    }

    #[test]
    fn a_rule_about_packets_is_enforced() {
        silent(CHECK.code, &[&policy("{action: Allow, protocol: TCP}")]);
    }
}
