//! A host endpoint without profile or policy denies everything.

use portcullis_core::{Code, Severity};
use portcullis_netpol::EndpointKind;

use crate::context::{Context, PolicyView, filled, is_calico, name_place};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP504"),
    severity: Severity::Warning,
    title: "a host endpoint without profile or policy denies all but failsafe ports",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let network = context.network();
    for (id, endpoint) in network.endpoints().filter(|(_, e)| e.kind == EndpointKind::Host) {
        let enforced = |v: &&PolicyView<'_>| !v.policy.kind.is_staged();
        let selected = context
            .policies()
            .iter()
            .filter(enforced)
            .any(|v| context.selected(v).binary_search(&id).is_ok());
        let object = context
            .objects
            .iter()
            .find(|o| is_calico(o) && o.kind() == "HostEndpoint" && o.name() == endpoint.name);
        let Some(object) = object.filter(|_| !selected) else { continue };
        let profiles = object.root().field("spec").and_then(|spec| filled(spec, "profiles"));
        if profiles.is_some() {
            continue;
        }
        let message = format!(
            "`{}` has no profile, and no policy selects it: all traffic of the node but failsafe ports is denied",
            endpoint.name
        );
        found.add(
            CHECK
                .at(name_place(object), message)
                .help("write policies for it first, or `profiles: [projectcalico-default-allow]`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn host(spec: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: HostEndpoint\n\
             metadata: {{name: node1-eth0, labels: {{role: node}}}}\n\
             spec: {{node: node1, interfaceName: eth0{spec}}}\n"
        )
    }

    #[test]
    fn the_node_is_shut() {
        check(
            CHECK.code,
            &host(""),
            expect![[r#"
            3 warning "node1-eth0": `node1-eth0` has no profile, and no policy selects it: all traffic of the node but failsafe ports is denied (write policies for it first, or `profiles: [projectcalico-default-allow]`)
        "#]],
        );
    }

    #[test]
    fn a_profile_or_a_policy_decides() {
        let policy = "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n\
                      metadata: {name: nodes}\nspec: {selector: role == 'node', ingress: [{action: Allow}]}\n";
        silent(
            CHECK.code,
            &[&host(", profiles: [projectcalico-default-allow]"), &format!("{}{policy}", host(""))],
        );
    }
}
