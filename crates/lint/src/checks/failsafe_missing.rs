//! Failsafe ports that leave out what keeps a node alive.

use portcullis_core::{Code, Severity};
use portcullis_object::Cursor;

use crate::context::{Context, is_calico};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP503"),
    severity: Severity::Warning,
    title: "failsafe ports leave out what keeps nodes reachable",
    run,
};

/// What must stay open: protocol, port, for whom.
type Needed = (&'static str, i64, &'static str);

const INBOUND: &[Needed] =
    &[("TCP", 22, "SSH"), ("TCP", 6443, "the API server"), ("TCP", 10250, "the kubelet")];
const OUTBOUND: &[Needed] = &[("UDP", 53, "DNS"), ("TCP", 6443, "the API server")];

fn run(context: &Context<'_>, found: &mut Found) {
    let hosts = context.snapshot.host_endpoints().next().is_some();
    let felix = context.objects.iter().filter(|o| is_calico(o) && o.kind() == "FelixConfiguration");
    for object in felix {
        let Some(spec) = object.root().field("spec") else { continue };
        let lists =
            [("failsafeInboundHostPorts", INBOUND), ("failsafeOutboundHostPorts", OUTBOUND)];
        for (field, needed) in lists {
            let Some(list) = spec.field(field).filter(|l| !l.is_null()) else { continue };
            let missing: Vec<String> = needed
                .iter()
                .filter(|(protocol, port, _)| !list.items().any(|i| is(i, protocol, *port)))
                .map(|(protocol, port, what)| format!("{port}/{protocol} ({what})"))
                .collect();
            if missing.is_empty() {
                continue;
            }
            let message = format!(
                "`{field}` replaces the default: a policy on host endpoints can now cut off {}",
                missing.join(", ")
            );
            let place = list.key_place();
            let finding = if hosts { CHECK.at(place, message) } else { CHECK.note(place, message) };
            found.add(finding.help("list every port that must survive a wrong policy"));
        }
    }
}

fn is(item: Cursor<'_>, protocol: &str, port: i64) -> bool {
    let said = item.field("protocol").and_then(|p| p.as_str()).unwrap_or("TCP");
    said.eq_ignore_ascii_case(protocol) && item.field("port").and_then(|p| p.as_i64()) == Some(port)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn felix(spec: &str) -> String {
        format!(
            "
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {{name: node1-eth0}}
spec: {{node: node1, interfaceName: eth0}}
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {{name: default}}
spec: {{{spec}}}
"
        )
    }

    #[test]
    fn a_list_replaces_the_default() {
        check(
            CHECK.code,
            &felix("failsafeInboundHostPorts: [{protocol: TCP, port: 22}]"),
            expect![[r#"
                10 warning "failsafeInboundHostPorts": `failsafeInboundHostPorts` replaces the default: a policy on host endpoints can now cut off 6443/TCP (the API server), 10250/TCP (the kubelet) (list every port that must survive a wrong policy)
            "#]],
        );
        check(
            CHECK.code,
            &felix("failsafeOutboundHostPorts: []"),
            expect![[r#"
                10 warning "failsafeOutboundHostPorts": `failsafeOutboundHostPorts` replaces the default: a policy on host endpoints can now cut off 53/UDP (DNS), 6443/TCP (the API server) (list every port that must survive a wrong policy)
            "#]],
        );
    }

    #[test]
    fn the_default_and_a_full_list_are_fine() {
        silent(
            CHECK.code,
            &[
                &felix("logSeverityScreen: Info"),
                &felix(
                    "failsafeInboundHostPorts: [{port: 22}, {port: 6443}, {protocol: tcp, port: 10250}]",
                ),
            ],
        );
    }
}
