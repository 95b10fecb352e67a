//! An allow that names peers and neither protocol nor port.

use portcullis_core::{Code, Severity};
use portcullis_netpol::{Action, Rule};

use crate::context::{Context, far, is_everyone};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP322"),
    severity: Severity::Info,
    title: "an allow with peers opens every protocol and port",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies().iter().filter(|v| v.is_calico()) {
        for rule in view.rules() {
            let wide = |r: &&Rule| {
                r.action == Action::Allow
                    && !is_everyone(far(r, rule.direction))
                    && r.protocol.is_none()
                    && r.not_protocol.is_none()
                    && r.destination.ports.is_empty()
                    && r.destination.not_ports.is_empty()
                    && r.source.ports.is_empty()
                    && r.destination.service.is_none()
                    && !r.http
            };
            if rule.lowered.iter().all(wide) {
                let message = "this rule says who, and opens every protocol and port to them";
                found.add(
                    CHECK.at(rule.place(), message).help("add `protocol` and `destination.ports`"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    #[test]
    fn who_without_what() {
        check(
            CHECK.code,
            r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: b}
spec:
  types: [Egress]
  egress:
  - action: Allow
    destination: {selector: app == 'db'}
"#,
            expect![[r#"
                8 info "Allow": this rule says who, and opens every protocol and port to them (add `protocol` and `destination.ports`)
            "#]],
        );
    }

    #[test]
    fn a_protocol_or_port_says_what() {
        silent(
            CHECK.code,
            &[r#"
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: b}
spec:
  ingress:
  - {action: Allow, protocol: TCP, source: {selector: a == 'b'}}
  - {action: Deny, source: {selector: a == 'c'}}
  - {action: Allow}
"#],
        );
    }
}
