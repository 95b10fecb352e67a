//! Writing Calico's stored resources goes around its checks.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};
use crate::roles;

pub(crate) const CHECK: Check = Check {
    code: Code("RB093"),
    severity: Severity::Warning,
    title: "a right to write the resources behind Calico's API",
    run,
};

/// What Calico's API server stores its objects as.
pub(super) const BACKING: &str = "crd.projectcalico.org";

const WRITES: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

fn run(context: &Context<'_>, found: &mut Found) {
    for role in roles::roles(context) {
        for rule in roles::rules(role) {
            let group = rule.groups.iter().find(|(group, _)| *group == BACKING);
            let writes = roles::RoleRule::has(&rule.verbs, &WRITES);
            let policy = roles::RoleRule::has(
                &rule.resources,
                &[
                    "networkpolicies",
                    "globalnetworkpolicies",
                    "tiers",
                    "networksets",
                    "globalnetworksets",
                    "hostendpoints",
                    "stagednetworkpolicies",
                    "stagedglobalnetworkpolicies",
                    "felixconfigurations",
                ],
            );
            let (Some((_, group)), Some(_), Some(_)) = (group, writes, policy) else { continue };
            let message =
                "writing the stored resources goes around validation and the rights on tiers";
            found.add(
                CHECK
                    .at(group.at(), message)
                    .help("grant them in `projectcalico.org`, with `get` on the tier and `tier.networkpolicies` for `default.*`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn role(rules: &str) -> String {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: r}}\n\
             rules: [{rules}]\n"
        )
    }

    #[test]
    fn around_the_checks() {
        check(
            CHECK.code,
            &role(
                "{apiGroups: [crd.projectcalico.org], resources: [globalnetworkpolicies], verbs: [get, create]}",
            ),
            expect![[r#"
                4 warning "crd.projectcalico.org": writing the stored resources goes around validation and the rights on tiers (grant them in `projectcalico.org`, with `get` on the tier and `tier.networkpolicies` for `default.*`)
            "#]],
        );
    }

    #[test]
    fn reading_or_the_proper_api() {
        silent(
            CHECK.code,
            &[
                &role(
                    "{apiGroups: [crd.projectcalico.org], resources: [globalnetworkpolicies], verbs: [get]}",
                ),
                &role(
                    "{apiGroups: [projectcalico.org], resources: [globalnetworkpolicies], verbs: [create]}",
                ),
            ],
        );
    }
}
