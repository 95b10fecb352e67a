//! Two policies of equal order that say opposite things.

use std::collections::HashMap;

use portcullis_core::{Code, Severity};
use portcullis_netpol::{Action, Direction};

use crate::context::{Context, DIRECTIONS, PolicyView};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP405"),
    severity: Severity::Warning,
    title: "two policies of equal order decide differently, and their names decide which counts",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let mut groups: HashMap<(&str, Option<u64>, Direction), Vec<&PolicyView<'_>>> = HashMap::new();
    let enforced = |v: &&PolicyView<'_>| !v.policy.kind.is_staged();
    for view in context.policies().iter().filter(enforced) {
        for direction in DIRECTIONS.into_iter().filter(|d| view.policy.looks(*d)) {
            let order = view.policy.order.0.map(f64::to_bits);
            groups.entry((&view.policy.tier, order, direction)).or_default().push(view);
        }
    }
    for ((_, _, direction), group) in groups {
        let decides = |view: &PolicyView<'_>, action: Action| {
            view.policy.rules(direction).iter().any(|r| r.action == action)
        };
        for (i, denier) in group.iter().enumerate().filter(|(_, v)| decides(v, Action::Deny)) {
            let other = group.iter().enumerate().find(|(j, other)| {
                i != *j
                    && decides(other, Action::Allow)
                    && (!decides(other, Action::Deny) || i < *j)
                    && meet(context, denier, other)
            });
            let Some((j, other)) = other else { continue };
            let (first, second) = if i < j { (denier, other) } else { (other, denier) };
            let message = format!(
                "`{}` and `{}` have the same order and decide differently: `{}` is asked first, by its name",
                second.policy.name, first.policy.name, first.policy.name
            );
            found.add(
                CHECK
                    .at(second.field_place("order"), message)
                    .also(first.field_place("order"), "the same")
                    .help("give them different orders"),
            );
        }
    }
}

/// Whether an endpoint is selected by both.
fn meet(context: &Context<'_>, a: &PolicyView<'_>, b: &PolicyView<'_>) -> bool {
    let (a, b) = (context.selected(a), context.selected(b));
    a.iter().any(|id| b.binary_search(id).is_ok())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn two(order: u32, subject: &str) -> String {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web}}}}
spec: {{containers: [{{name: a, image: a}}]}}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {{name: a}}
spec: {{order: 100, selector: app == 'web', ingress: [{{action: Deny}}]}}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {{name: b}}
spec: {{order: {order}, selector: {subject}, ingress: [{{action: Allow, protocol: TCP}}]}}
"
        )
    }

    #[test]
    fn the_name_decides() {
        check(
            CHECK.code,
            &two(100, "all()"),
            expect![[r#"
            15 warning "100": `b` and `a` have the same order and decide differently: `a` is asked first, by its name (give them different orders)
        "#]],
        );
    }

    #[test]
    fn another_order_or_other_endpoints_are_clear() {
        silent(CHECK.code, &[&two(101, "all()"), &two(100, "app == 'db'")]);
    }
}
