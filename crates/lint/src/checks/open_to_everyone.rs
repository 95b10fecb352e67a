//! An ingress rule that lets everybody in.

use portcullis_core::{Code, Severity};
use portcullis_netpol::{Action, Direction, Rule};
use portcullis_object::Cursor;

use crate::context::{Context, is_everyone, is_unconditional};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP319"),
    severity: Severity::Warning,
    title: "an ingress rule without peers lets everybody in",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        for rule in view.rules() {
            let open = |r: &&Rule| {
                r.action == Action::Allow && is_everyone(&r.source) && !is_unconditional(r)
            };
            let said = rule.peers().is_some_and(|p| !p.is_null() && !p.is_empty());
            if rule.direction != Direction::Ingress
                || said
                || !rule.lowered.iter().all(open)
                || found.misread(rule.at)
            {
                continue;
            }
            let message = "this rule names no source: everybody may use it, also from outside";
            // Who opens a port of one workload usually means it; who opens one of all pods rarely.
            let wide = view.is_global()
                && view.spec.is_none_or(|s| s.field("selector").is_none_or(is_all));
            let finding = if wide {
                CHECK.at(rule.place(), message)
            } else {
                CHECK.note(rule.place(), message)
            };
            let field = if view.is_kubernetes() { "from" } else { "source" };
            found.add(finding.help(format!("say in `{field}` who may")));
        }
    }
}

fn is_all(selector: Cursor<'_>) -> bool {
    selector.is_null() || matches!(selector.as_str().map(str::trim), Some("" | "all()"))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    #[test]
    fn a_rule_without_a_source_is_open() {
        check(
            CHECK.code,
            r#"
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: metrics}
spec:
  ingress:
  - {action: Allow, protocol: TCP, destination: {ports: [9898]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - ports: [{port: 80}]
"#,
            expect![[r#"
                7 warning "Allow": this rule names no source: everybody may use it, also from outside (say in `source` who may)
                15 info "ports": this rule names no source: everybody may use it, also from outside (say in `from` who may)
            "#]],
        );
    }

    #[test]
    fn a_named_source_is_not() {
        silent(
            CHECK.code,
            &[r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  ingress:
  - {from: [{podSelector: {}}], ports: [{port: 80}]}
  egress:
  - ports: [{port: 80}]
"#],
        );
    }
}
