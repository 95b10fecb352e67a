//! Fields and kinds of Calico's commercial editions.

use portcullis_core::{Code, Severity};
use portcullis_object::Cursor;

use crate::context::{Context, DIRECTIONS, field_of, filled, is_calico};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP112"),
    severity: Severity::Info,
    title: "a field or kind that open-source Calico does not have",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for object in context.objects.iter().filter(|o| is_calico(o)) {
        let root = object.root();
        if object.kind() == "GlobalAlert" {
            let kind = root.field("kind").unwrap_or(root);
            let message = "a GlobalAlert needs Calico Enterprise or Cloud: open-source Calico has no such kind";
            found.add(CHECK.at(kind.at(), message));
            continue;
        }
        let Some(spec) = root.field("spec") else { continue };
        let rules = DIRECTIONS.iter().filter_map(|d| spec.field(field_of(*d)));
        let domains = rules
            .flat_map(Cursor::items)
            .flat_map(|rule| ["source", "destination"].map(|end| rule.field(end)))
            .flatten()
            .filter_map(|entity| filled(entity, "domains"));
        for at in domains.chain(filled(spec, "allowedEgressDomains")) {
            let message = format!(
                "`{}` needs Calico Enterprise or Cloud: open-source Calico refuses it, or drops it in silence",
                at.key().unwrap_or("domains")
            );
            found.add(
                CHECK.at(at.key_place(), message).help("without DNS policy, list the networks"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    #[test]
    fn names_and_alerts_are_not_open_source() {
        check(
            CHECK.code,
            "
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: a}
spec: {egress: [{action: Allow, destination: {domains: [example.com]}}]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: a}
spec: {allowedEgressDomains: [example.com]}
---
apiVersion: projectcalico.org/v3
kind: GlobalAlert
metadata: {name: a}
",
            expect![[r#"
                5 info "domains": `domains` needs Calico Enterprise or Cloud: open-source Calico refuses it, or drops it in silence (without DNS policy, list the networks)
                10 info "allowedEgressDomains": `allowedEgressDomains` needs Calico Enterprise or Cloud: open-source Calico refuses it, or drops it in silence (without DNS policy, list the networks)
                13 info "GlobalAlert": a GlobalAlert needs Calico Enterprise or Cloud: open-source Calico has no such kind
            "#]],
        );
    }

    #[test]
    fn networks_are() {
        silent(
            CHECK.code,
            &["
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: a}
spec: {egress: [{action: Allow, destination: {nets: [203.0.113.0/24], domains: []}}]}
"],
        );
    }
}
