//! Policy on forwarded traffic: what passes through the host is then denied unless allowed.

use portcullis_core::{Code, Severity};
use portcullis_netpol::PolicyClass;

use crate::context::{Context, DIRECTIONS, field_of, is_unconditional};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP506"),
    severity: Severity::Warning,
    title: "policy on forwarded traffic also cuts the traffic of pods",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let forwards = context
        .policies()
        .iter()
        .filter(|v| v.policy.apply_on_forward && v.policy.class == PolicyClass::Normal);
    for view in forwards {
        let open = DIRECTIONS
            .into_iter()
            .filter(|d| view.policy.looks(*d))
            .find(|d| !view.policy.rules(*d).iter().any(is_unconditional));
        let Some(direction) = open else { continue };
        let message = format!(
            "forwarded {} that no rule here decides is denied at the end of the tier, that of pods and services included",
            field_of(direction)
        );
        found.add(
            CHECK
                .at(view.field_place("applyOnForward"), message)
                .help("end with `action: Allow` or `action: Pass`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(rules: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {{name: a}}\n\
             spec: {{selector: has(host), applyOnForward: true, ingress: [{rules}]}}\n"
        )
    }

    #[test]
    fn pods_are_behind_the_host() {
        check(
            CHECK.code,
            &policy("{action: Allow, protocol: TCP, destination: {ports: [22]}}"),
            expect![[r#"
                4 warning "true": forwarded ingress that no rule here decides is denied at the end of the tier, that of pods and services included (end with `action: Allow` or `action: Pass`)
            "#]],
        );
    }

    #[test]
    fn a_last_rule_for_the_rest() {
        silent(CHECK.code, &[&policy("{action: Deny, protocol: UDP}, {action: Allow}")]);
    }
}
