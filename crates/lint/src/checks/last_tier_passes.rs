//! A tier behind `default` that passes: nothing but profiles come after it.

use portcullis_core::{Code, Place, Severity};
use portcullis_netpol::DefaultAction;

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP407"),
    severity: Severity::Warning,
    title: "the last tier passes, so what it does not decide is allowed by profiles",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let tiers = context.network().tiers().map(|(_, tier)| tier);
    let last = tiers
        .skip_while(|tier| tier.name != "default")
        .skip(1)
        .filter(|tier| tier.defined && !tier.origin.is_built_in())
        .last();
    let Some(last) = last.filter(|t| t.default_action == DefaultAction::Pass) else { return };
    let spec = Place::At(last.origin.field("spec").field("defaultAction"));
    let message = format!(
        "`{}` is the last tier: what it passes is asked of profiles, which allow what pods do",
        last.name
    );
    found.add(CHECK.at(spec, message).help("leave `defaultAction` out to deny"));
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn tier(order: u32, end: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {{name: last}}\n\
             spec: {{order: {order}, defaultAction: {end}}}\n"
        )
    }

    #[test]
    fn nobody_is_asked_afterwards() {
        check(
            CHECK.code,
            &tier(2_000_000, "Pass"),
            expect![[r#"
            4 warning "Pass": `last` is the last tier: what it passes is asked of profiles, which allow what pods do (leave `defaultAction` out to deny)
        "#]],
        );
    }

    #[test]
    fn a_tier_before_default_or_one_that_denies() {
        silent(CHECK.code, &[&tier(100, "Pass"), &tier(2_000_000, "Deny")]);
    }
}
