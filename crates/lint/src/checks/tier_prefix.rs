//! A policy named after one tier and put in another.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP111"),
    severity: Severity::Warning,
    title: "a policy named after one tier and put in another",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies().iter().filter(|v| v.is_calico()) {
        let Some((prefix, _)) = view.policy.name.split_once('.') else { continue };
        let known = context.network().tiers().any(|(_, tier)| tier.name == prefix);
        if !known || view.policy.tier == prefix {
            continue;
        }
        let message = format!(
            "the name says tier `{prefix}`, and the policy is in tier `{}`",
            view.policy.tier
        );
        found.add(
            CHECK.at(view.place(), message).help(format!("write `tier: {prefix}`, or rename it")),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(name: &str, spec: &str) -> String {
        format!(
            "
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {{name: security}}
spec: {{order: 100}}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {{name: {name}}}
spec: {{order: 1, {spec}}}
"
        )
    }

    #[test]
    fn the_name_is_not_what_counts() {
        check(
            CHECK.code,
            &policy("security.web", "selector: all()"),
            expect![[r#"
            9 warning "security.web": the name says tier `security`, and the policy is in tier `default` (write `tier: security`, or rename it)
        "#]],
        );
    }

    #[test]
    fn the_same_tier_or_no_tier_at_all() {
        silent(
            CHECK.code,
            &[&policy("security.web", "tier: security"), &policy("v1.web", "tier: security")],
        );
    }
}
