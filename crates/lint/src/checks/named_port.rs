//! A port named by a rule that none of its endpoints has.

use portcullis_core::{Code, Severity, nearest};
use portcullis_netpol::{Direction, PortMatch};
use portcullis_object::Cursor;

use crate::context::{Context, RuleView};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP327"),
    severity: Severity::Warning,
    title: "a named port that no endpoint of the rule has",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies() {
        for rule in view.rules() {
            for lowered in &rule.lowered {
                let named = lowered.destination.ports.iter().filter_map(|p| match p {
                    PortMatch::Named(name) => Some(name),
                    PortMatch::Range(_) => None,
                });
                for name in named {
                    // The name is looked up at the destination, whichever end that is.
                    let endpoints = match (rule.direction, &lowered.destination.selector) {
                        (Direction::Ingress, _) => context.selected(view).to_vec(),
                        (Direction::Egress, Some(selector)) => context.matching(selector),
                        (Direction::Egress, None) => continue,
                    };
                    let ports = || endpoints.iter().flat_map(|id| &context.endpoint(*id).ports);
                    if endpoints.is_empty() || ports().any(|p| p.name == *name) {
                        continue;
                    }
                    let place = port_place(&rule, name).unwrap_or(rule.at).at();
                    let message = match endpoints.as_slice() {
                        [only] => {
                            format!("`{}` has no port named `{name}`", context.name_of(*only))
                        }
                        all => format!(
                            "none of the {} endpoints meant here has a port named `{name}`",
                            all.len()
                        ),
                    };
                    let near = nearest(name, ports().map(|p| p.name.as_str()));
                    let finding = CHECK.at(place, message);
                    found.add(match near {
                        Some(near) => finding.help(format!("did you mean `{near}`?")),
                        None => finding.help("a name that resolves nowhere matches nothing"),
                    });
                }
            }
        }
    }
}

fn port_place<'a>(rule: &RuleView<'a>, name: &str) -> Option<Cursor<'a>> {
    let listed = rule.at.field("destination").and_then(|d| d.field("ports"));
    let items = listed.or_else(|| rule.at.field("ports"))?.items();
    let is = |c: &Cursor<'_>| c.as_str() == Some(name);
    items.filter_map(|item| Some(item).filter(is).or_else(|| item.field("port").filter(is))).next()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn shop(port: &str, given: &str) -> String {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web}}}}
spec: {{containers: [{{name: a, image: a, ports: [{{name: {port}, containerPort: 80}}]}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  ingress: [{{ports: [{{port: {given}}}]}}]
"
        )
    }

    #[test]
    fn a_name_is_looked_up_at_the_destination() {
        check(
            CHECK.code,
            &shop("http-web", "http-wbe"),
            expect![[r#"
                12 warning "http-wbe": `default/web` has no port named `http-wbe` (did you mean `http-web`?)
            "#]],
        );
        check(
            CHECK.code,
            &shop("http", "metrics"),
            expect![[r#"
                12 warning "metrics": `default/web` has no port named `metrics` (a name that resolves nowhere matches nothing)
            "#]],
        );
    }

    #[test]
    fn a_name_that_is_there_or_a_number_is_plain() {
        silent(CHECK.code, &[&shop("http", "http"), &shop("http", "81")]);
    }
}
