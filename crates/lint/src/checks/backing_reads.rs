//! Reading Calico's stored resources is not filtered by tier.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};
use crate::roles;

pub(crate) const CHECK: Check = Check {
    code: Code("RB302"),
    severity: Severity::Info,
    title: "a right to read the resources behind Calico's API, whatever their tier",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for role in roles::roles(context) {
        for rule in roles::rules(role) {
            let group = rule.groups.iter().find(|(g, _)| *g == super::backing_resources::BACKING);
            let reads = roles::RoleRule::has(&rule.verbs, &["get", "list", "watch"]);
            let policy = roles::RoleRule::has(
                &rule.resources,
                &[
                    "networkpolicies",
                    "globalnetworkpolicies",
                    "stagednetworkpolicies",
                    "stagedglobalnetworkpolicies",
                ],
            );
            let (Some((_, group)), Some(_), Some(_)) = (group, reads, policy) else { continue };
            let message =
                "read here, policies of every tier are seen: rights on tiers are not asked";
            found.add(
                CHECK
                    .at(group.at(), message)
                    .help("`projectcalico.org` shows those of the tiers one may get"),
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
    fn all_tiers_are_seen() {
        check(
            CHECK.code,
            &role(
                "{apiGroups: [crd.projectcalico.org], resources: [networkpolicies], verbs: [list]}",
            ),
            expect![[r#"
                4 info "crd.projectcalico.org": read here, policies of every tier are seen: rights on tiers are not asked (`projectcalico.org` shows those of the tiers one may get)
            "#]],
        );
    }

    #[test]
    fn the_proper_api_and_other_resources() {
        silent(
            CHECK.code,
            &[
                &role(
                    "{apiGroups: [projectcalico.org], resources: [networkpolicies], verbs: [list]}",
                ),
                &role("{apiGroups: [crd.projectcalico.org], resources: [ippools], verbs: [list]}"),
            ],
        );
    }
}
