//! A tier without order ties with the tier `default`, and its name decides.

use portcullis_core::{Code, Severity};

use crate::context::{Context, filled, is_calico, name_place};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP404"),
    severity: Severity::Warning,
    title: "a tier without order ties with the tier `default`, and its name decides",
    run,
};

const DEFAULT: &str = "default";
const BUILT_IN: [&str; 3] = [DEFAULT, "kube-admin", "kube-baseline"];

fn run(context: &Context<'_>, found: &mut Found) {
    let tiers = context.objects.iter().filter(|o| is_calico(o) && o.kind() == "Tier");
    for tier in tiers.filter(|t| !BUILT_IN.contains(&t.name()) && !t.name().is_empty()) {
        if tier.root().field("spec").is_some_and(|spec| filled(spec, "order").is_some()) {
            continue;
        }
        let after = tier.name() > DEFAULT;
        let side = if after { "after" } else { "before" };
        let message = format!(
            "without `order` the tier `{}` comes {side} the tier `default`, by its name",
            tier.name()
        );
        let finding = if after {
            let message = format!("{message}: what `default` denies it never sees");
            CHECK.at(name_place(tier), message)
        } else {
            CHECK.note(name_place(tier), message)
        };
        found.add(finding.help("give it an `order` below 1000000 to come first"));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn tier(name: &str, spec: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"
        )
    }

    #[test]
    fn the_name_decides_the_side() {
        check(
            CHECK.code,
            &tier("security", ""),
            expect![[r#"
            3 warning "security": without `order` the tier `security` comes after the tier `default`, by its name: what `default` denies it never sees (give it an `order` below 1000000 to come first)
        "#]],
        );
        check(
            CHECK.code,
            &tier("app", "defaultAction: Pass"),
            expect![[r#"
            3 info "app": without `order` the tier `app` comes before the tier `default`, by its name (give it an `order` below 1000000 to come first)
        "#]],
        );
    }

    #[test]
    fn an_order_says_it() {
        silent(CHECK.code, &[&tier("security", "order: 100")]);
    }
}
