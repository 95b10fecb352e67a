//! A global policy that isolates everything it does not except.

use portcullis_core::{Code, Selector, Severity};
use portcullis_netpol::PolicyClass;

use crate::context::{Context, DIRECTIONS, field_of, is_unconditional};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP414"),
    severity: Severity::Info,
    title: "a global policy isolates everything that it does not except",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let enforced = context
        .policies()
        .iter()
        .filter(|v| v.is_global() && !v.policy.kind.is_staged())
        .filter(|v| v.policy.class == PolicyClass::Normal && !v.policy.apply_on_forward);
    for view in enforced {
        if !is_open_ended(&view.policy.subject) {
            continue;
        }
        let shut: Vec<&str> = DIRECTIONS
            .into_iter()
            .filter(|d| view.policy.looks(*d))
            .filter(|d| !view.policy.rules(*d).iter().any(is_unconditional))
            .map(field_of)
            .collect();
        if shut.is_empty() {
            continue;
        }
        let count = context.selected(view).len();
        let whom = match count {
            0 => "everything it does not except".to_owned(),
            1 => "the 1 endpoint that is given and it does not except".to_owned(),
            n => format!("the {n} endpoints that are given and it does not except"),
        };
        let message = format!(
            "this isolates {whom} ({}): operators, webhooks and what comes later included",
            shut.join(" and ")
        );
        found.add(
            CHECK
                .at(view.field_place("selector"), message)
                .help("stage it first (StagedGlobalNetworkPolicy), and see what would be cut"),
        );
    }
}

/// Whether the selector only says what it does not mean.
fn is_open_ended(selector: &Selector) -> bool {
    match selector {
        Selector::All | Selector::Differs(..) | Selector::NotIn(..) | Selector::Not(_) => true,
        // Every pod has a namespace.
        Selector::Has(key) => key == crate::context::NAMESPACE_LABEL,
        Selector::And(all) => all.iter().all(is_open_ended),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(selector: &str, rules: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {{name: a}}\n\
             spec: {{selector: {selector}, types: [Ingress, Egress]{rules}}}\n"
        )
    }

    #[test]
    fn all_but_a_few() {
        check(
            CHECK.code,
            &policy("\"projectcalico.org/namespace not in {'kube-system', 'calico-system'}\"", ""),
            expect![[r#"
                4 info "\"projectcalico.org/namespace not in {'kube-system', 'calico-system'}\"": this isolates everything it does not except (ingress and egress): operators, webhooks and what comes later included (stage it first (StagedGlobalNetworkPolicy), and see what would be cut)
            "#]],
        );
    }

    #[test]
    fn some_only_or_with_a_last_rule() {
        silent(
            CHECK.code,
            &[
                &policy("app == 'web'", ""),
                &policy("all()", ", ingress: [{action: Pass}], egress: [{action: Allow}]"),
            ],
        );
    }
}
