//! A global policy for everything is also one for the nodes.

use portcullis_core::{Code, Severity};
use portcullis_netpol::EndpointKind;

use crate::context::{Context, filled};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP207"),
    severity: Severity::Warning,
    title: "a global policy that selects everything also selects host endpoints",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies().iter().filter(|v| v.is_global()) {
        let Some(spec) = view.spec else { continue };
        let everything = filled(spec, "selector")
            .is_none_or(|s| matches!(s.as_str().map(str::trim), Some("" | "all()")));
        let narrowed = ["namespaceSelector", "serviceAccountSelector"]
            .iter()
            .any(|f| spec.field(f).and_then(|s| s.as_str()).is_some_and(|t| !t.is_empty()));
        let for_hosts = ["applyOnForward", "doNotTrack", "preDNAT"]
            .iter()
            .any(|f| spec.field(f).and_then(|s| s.as_bool()) == Some(true));
        if !everything || narrowed || for_hosts {
            continue;
        }
        let place = view.field_place("selector");
        let host = context
            .selected(view)
            .iter()
            .find(|id| context.endpoint(**id).kind == EndpointKind::Host);
        let help = "`namespaceSelector: all()` selects the pods alone";
        found.add(match host {
            Some(host) => {
                let name = context.name_of(*host);
                CHECK.at(place, format!("this selects the {name} as well")).help(help)
            }
            None => {
                let message = "this selects every pod, and every host endpoint there will be";
                CHECK.note(place, message).help(help)
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    const HOST: &str = "
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: node1-eth0}
spec: {node: node1, interfaceName: eth0}
---";

    fn policy(spec: &str) -> String {
        format!(
            "
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: deny}}
spec: {{{spec}}}
"
        )
    }

    #[test]
    fn nodes_are_among_all() {
        check(
            CHECK.code,
            &format!("{HOST}{}", policy("selector: all()")),
            expect![[r#"
            10 warning "all()": this selects the host endpoint node1-eth0 as well (`namespaceSelector: all()` selects the pods alone)
        "#]],
        );
        check(
            CHECK.code,
            &policy("types: [Ingress]"),
            expect![[r#"
            4 info "deny": this selects every pod, and every host endpoint there will be (`namespaceSelector: all()` selects the pods alone)
        "#]],
        );
    }

    #[test]
    fn pods_alone_or_hosts_on_purpose() {
        silent(
            CHECK.code,
            &[
                &policy("namespaceSelector: all()"),
                &policy("selector: app == 'web'"),
                &policy("applyOnForward: true"),
            ],
        );
    }
}
