//! Untracked policy on every interface of a host.

use portcullis_core::{Code, Severity};
use portcullis_netpol::{EndpointKind, PolicyClass};

use crate::context::{Context, is_calico};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP505"),
    severity: Severity::Warning,
    title: "untracked policy on a host endpoint for all interfaces",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let all_interfaces = |name: &str| {
        context.objects.iter().any(|o| {
            is_calico(o)
                && o.kind() == "HostEndpoint"
                && o.name() == name
                && o.root()
                    .field("spec")
                    .and_then(|s| s.field("interfaceName"))
                    .and_then(|i| i.as_str())
                    == Some("*")
        })
    };
    let untracked = context.policies().iter().filter(|v| v.policy.class == PolicyClass::Untracked);
    for view in untracked {
        let host = context.selected(view).iter().find(|id| {
            let endpoint = context.endpoint(**id);
            endpoint.kind == EndpointKind::Host && all_interfaces(&endpoint.name)
        });
        let Some(host) = host else { continue };
        let message = format!(
            "untracked policy does not apply to the {}, which is for all interfaces (`*`)",
            context.name_of(*host)
        );
        found.add(
            CHECK
                .at(view.field_place("doNotTrack"), message)
                .help("name the interface in a HostEndpoint of its own"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn host(interface: &str) -> String {
        format!(
            "
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {{name: node1}}
spec: {{node: node1, interfaceName: '{interface}'}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: ddos}}
spec: {{selector: all(), doNotTrack: true, applyOnForward: true, ingress: [{{action: Allow}}]}}
"
        )
    }

    #[test]
    fn all_interfaces_are_no_place_for_it() {
        check(
            CHECK.code,
            &host("*"),
            expect![[r#"
            10 warning "true": untracked policy does not apply to the host endpoint node1, which is for all interfaces (`*`) (name the interface in a HostEndpoint of its own)
        "#]],
        );
    }

    #[test]
    fn one_interface_is() {
        silent(CHECK.code, &[&host("eth0")]);
    }
}
