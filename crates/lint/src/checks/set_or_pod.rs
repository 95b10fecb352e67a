//! A selector meant for a network set that pods can match too.

use portcullis_core::{Code, Severity};

use crate::context::{Context, filled};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP210"),
    severity: Severity::Warning,
    title: "a selector for a network set that pods can match too",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies().iter().filter(|v| v.is_global()) {
        for written in view.written() {
            let Some((_, end, rule)) = written.rule else { continue };
            let bound = rule.field(end).is_some_and(|e| filled(e, "namespaceSelector").is_some());
            if written.field != "selector" || bound {
                continue;
            }
            let selector = &written.selector;
            let set = context
                .network()
                .sets()
                .find(|set| set.namespace.is_none() && selector.matches(&set.labels));
            let Some(set) = set.filter(|_| !selector.keys().is_empty()) else { continue };
            let help = "`namespaceSelector: global()` keeps to what has no namespace";
            let pod = context.matching(selector).into_iter().next();
            let finding = match pod {
                Some(pod) => {
                    let name = context.name_of(pod);
                    let message =
                        format!("this selects the set `{}`, and `{name}` as well", set.name);
                    CHECK.at(written.at.at(), message)
                }
                None => {
                    let message = format!(
                        "this selects the set `{}`, and any pod that somebody labels so",
                        set.name
                    );
                    CHECK.note(written.at.at(), message)
                }
            };
            let place = portcullis_core::Place::At(set.origin.field("metadata").field("labels"));
            found.add(finding.also(place, "the set").help(help));
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn lab(more: &str, peer: &str) -> String {
        format!(
            "
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {{name: dns, labels: {{type: allowed-dns}}}}
spec: {{nets: [203.0.113.1/32]}}
---{more}
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: dns}}
spec:
  types: [Egress]
  egress:
  - {{action: Allow, destination: {{{peer}}}}}
"
        )
    }

    const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {type: allowed-dns}}
spec: {containers: [{name: a, image: a}]}
---";

    #[test]
    fn labels_are_anybodys() {
        check(
            CHECK.code,
            &lab("", "selector: type == 'allowed-dns'"),
            expect![[r#"
            13 info "type == 'allowed-dns'": this selects the set `dns`, and any pod that somebody labels so (`namespaceSelector: global()` keeps to what has no namespace)
        "#]],
        );
        check(
            CHECK.code,
            &lab(POD, "selector: type == 'allowed-dns'"),
            expect![[r#"
            18 warning "type == 'allowed-dns'": this selects the set `dns`, and `default/web` as well (`namespaceSelector: global()` keeps to what has no namespace)
        "#]],
        );
    }

    #[test]
    fn global_or_a_plain_pod_selector_is_clear() {
        silent(
            CHECK.code,
            &[
                &lab(POD, "selector: type == 'allowed-dns', namespaceSelector: global()"),
                &lab(POD, "selector: app == 'web'"),
            ],
        );
    }
}
