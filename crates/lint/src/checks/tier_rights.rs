//! Rights on policies of a tier that need a right on the tier itself.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};
use crate::roles;

pub(crate) const CHECK: Check = Check {
    code: Code("RB094"),
    severity: Severity::Warning,
    title: "rights on policies by tier that lack the tier, or have every tier",
    run,
};

/// Resources that stand for the policies of tiers.
const BY_TIER: [&str; 6] = [
    "tier.networkpolicies",
    "tier.globalnetworkpolicies",
    "tier.stagednetworkpolicies",
    "tier.stagedglobalnetworkpolicies",
    "tier.stagedkubernetesnetworkpolicies",
    "tier.policies",
];

fn run(context: &Context<'_>, found: &mut Found) {
    for role in roles::roles(context) {
        let gets_tiers = roles::rules(role).any(|rule| {
            roles::RoleRule::has(&rule.groups, &["projectcalico.org"]).is_some()
                && roles::RoleRule::has(&rule.resources, &["tiers"]).is_some()
                && roles::RoleRule::has(&rule.verbs, &["get"]).is_some()
        });
        for rule in roles::rules(role) {
            let by_tier = rule.resources.iter().find(|(word, _)| BY_TIER.contains(word));
            let Some((word, at)) = by_tier else { continue };
            if !gets_tiers {
                let message = format!(
                    "`{word}` needs `get` on the tier as well: without it these rights are refused"
                );
                found.add(
                    CHECK.at(at.at(), message).help("add `get` on `tiers` of `projectcalico.org`"),
                );
            } else if rule.names.is_empty() {
                let message = format!(
                    "without `resourceNames`, `{word}` is about the policies of every tier"
                );
                found.add(
                    CHECK
                        .note(at.at(), message)
                        .help("`resourceNames: [\"default.*\"]` keeps to one tier"),
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

    fn role(rules: &str) -> String {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: r}}\n\
             rules: [{rules}]\n"
        )
    }

    const BY_TIER: &str =
        "{apiGroups: [projectcalico.org], resources: [tier.networkpolicies], verbs: [create]";
    const TIERS: &str = "{apiGroups: [projectcalico.org], resources: [tiers], verbs: [get]}";

    #[test]
    fn both_are_needed() {
        check(
            CHECK.code,
            &role(&format!("{BY_TIER}, resourceNames: [default.*]}}")),
            expect![[r#"
                4 warning "tier.networkpolicies": `tier.networkpolicies` needs `get` on the tier as well: without it these rights are refused (add `get` on `tiers` of `projectcalico.org`)
            "#]],
        );
        check(
            CHECK.code,
            &role(&format!("{BY_TIER}}}, {TIERS}")),
            expect![[r#"
            4 info "tier.networkpolicies": without `resourceNames`, `tier.networkpolicies` is about the policies of every tier (`resourceNames: ["default.*"]` keeps to one tier)
        "#]],
        );
    }

    #[test]
    fn the_tier_and_its_policies() {
        silent(CHECK.code, &[&role(&format!("{BY_TIER}, resourceNames: [default.*]}}, {TIERS}"))]);
    }
}
