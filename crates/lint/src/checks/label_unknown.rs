//! A selector that asks for a label that nothing has.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_core::{Code, Place, Selector, Severity, nearest};
use portcullis_object::Cursor;

use crate::context::{Context, DIRECTIONS, PolicyView, field_of};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP205"),
    severity: Severity::Warning,
    title: "a selector asks for a label or value that nothing given has",
    run,
};

const OF_NAMESPACE: &str = super::peer_selects_nothing::OF_NAMESPACE;

/// Labels that Calico and Kubernetes give by themselves.
fn is_given_by_itself(key: &str) -> bool {
    key.starts_with("projectcalico.org/")
}

fn run(context: &Context<'_>, found: &mut Found) {
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let network = context.network();
    let endpoints = network.endpoints().flat_map(|(_, e)| e.labels.iter());
    for (key, value) in endpoints.chain(network.sets().flat_map(|s| s.labels.iter())) {
        known.entry(key).or_default().insert(value);
    }
    if !context.has_endpoints() {
        return;
    }
    let namespaces_given = context.snapshot.namespaces().all(|(_, _, given)| given);
    for view in context.policies() {
        for ask in asked(view) {
            let of_namespace = ask.prefix == OF_NAMESPACE;
            let named = of_namespace && ask.key == "kubernetes.io/metadata.name";
            if is_given_by_itself(&ask.key) || of_namespace && !named && !namespaces_given {
                continue;
            }
            let key = format!("{}{}", ask.prefix, ask.key);
            match known.get(key.as_str()) {
                None => {
                    let keys = known.keys().filter_map(|k| k.strip_prefix(ask.prefix));
                    let inherited = |k: &str| k.starts_with(OF_NAMESPACE) || k.starts_with("pcsa.");
                    let plain = keys.filter(|k| of_namespace || !inherited(k));
                    let near = nearest(&ask.key, plain);
                    let what = if of_namespace { "no namespace" } else { "nothing" };
                    let message = format!("{what} that is given has the label `{}`", ask.key);
                    say(found, ask.places.0, message, &ask.key, near);
                }
                Some(values) => {
                    for value in ask.values.iter().filter(|v| !values.contains(v.as_str())) {
                        let near = nearest(value, values.iter().copied());
                        let message = format!("no `{}` that is given is `{value}`", ask.key);
                        say(found, ask.places.1.clone(), message, value, near);
                    }
                }
            }
        }
    }
}

/// A name that is nearly right is probably a slip; one that is far may be somebody else's to give.
fn say(found: &mut Found, place: Place, message: String, wrong: &str, near: Option<&str>) {
    found.add(match near {
        Some(near) if is_slip(wrong, near) => {
            CHECK.at(place, message).help(format!("did you mean `{near}`?"))
        }
        Some(_) | None => CHECK.note(place, message),
    });
}

/// Whether two words that are near each other are likely meant to be one. Of short ones many are
/// near (`fe`, `be`), and numbered ones are meant to be different.
fn is_slip(wrong: &str, near: &str) -> bool {
    const CHARS_MIN: usize = 4;
    let letters = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    wrong.chars().count() >= CHARS_MIN && letters(wrong) != letters(near)
}

/// A label that must be there for a selector to match.
struct Ask {
    prefix: &'static str,
    key: String,
    /// The values of which one must be it; none for any.
    values: Vec<String>,
    /// Where the key stands, and where the value.
    places: (Place, Place),
}

fn asked(view: &PolicyView<'_>) -> Vec<Ask> {
    let mut asks = Vec::new();
    for written in view.written() {
        let prefix = match written.field {
            "namespaceSelector" => OF_NAMESPACE,
            "selector" => "",
            _ => continue,
        };
        needed(&written.selector, &mut |key, values| {
            let values = values.into_iter().map(str::to_owned).collect();
            asks.push(Ask {
                prefix,
                key: key.to_owned(),
                values,
                places: (written.at.at(), written.at.at()),
            });
        });
    }
    if view.is_calico() {
        return asks;
    }
    let Some(spec) = view.spec else { return asks };
    let mut label_selectors: Vec<Cursor<'_>> = spec.field("podSelector").into_iter().collect();
    for direction in DIRECTIONS {
        let rules = spec.field(field_of(direction)).into_iter().flat_map(Cursor::items);
        for rule in rules {
            let peers = ["from", "to"].iter().find_map(|n| rule.field(n));
            for peer in peers.into_iter().flat_map(Cursor::items) {
                label_selectors.extend(peer.field("podSelector"));
                label_selectors.extend(peer.field("namespaceSelector"));
            }
        }
    }
    for at in label_selectors {
        let prefix = if at.key() == Some("namespaceSelector") { OF_NAMESPACE } else { "" };
        for (key, value) in at.field("matchLabels").into_iter().flat_map(Cursor::entries) {
            let values = value.as_str().map(str::to_owned).into_iter().collect();
            let places = (value.key_place(), value.at());
            asks.push(Ask { prefix, key: key.to_owned(), values, places });
        }
    }
    asks
}

/// Every label that must be there, in terms that are not negated and have no alternative.
fn needed(selector: &Selector, tell: &mut dyn FnMut(&str, Vec<&str>)) {
    match selector {
        Selector::Has(key) => tell(key, Vec::new()),
        Selector::Equals(key, value) => tell(key, vec![value]),
        Selector::In(key, values) => tell(key, values.iter().map(|v| v.as_str()).collect()),
        Selector::And(all) => all.iter().for_each(|s| needed(s, tell)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn shop(labels: &str) -> String {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web, role: frontend}}}}
spec: {{containers: [{{name: a, image: a}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web}}
spec:
  podSelector: {{matchLabels: {{{labels}}}}}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {{name: web}}
spec:
  selector: app == 'web' && !has(nothing)
  ingress: [{{action: Allow, source: {{selector: rolle == 'frontend' || app == 'x'}}}}]
"
        )
    }

    #[test]
    fn a_slip_in_key_or_value() {
        check(
            CHECK.code,
            &shop("role: frontned"),
            expect![[r#"
            11 warning "frontned": no `role` that is given is `frontned` (did you mean `frontend`?)
        "#]],
        );
        check(
            CHECK.code,
            &shop("role: frontend2"),
            expect![[r#"
            11 info "frontend2": no `role` that is given is `frontend2`
        "#]],
        );
        check(
            CHECK.code,
            &shop("app: wbe"),
            expect![[r#"
                11 info "wbe": no `app` that is given is `wbe`
            "#]],
        );
        check(
            CHECK.code,
            &shop("rolle: frontend"),
            expect![[r#"
                11 warning "rolle": nothing that is given has the label `rolle` (did you mean `role`?)
            "#]],
        );
        check(
            CHECK.code,
            &shop("colour: green"),
            expect![[r#"
                11 info "colour": nothing that is given has the label `colour`
            "#]],
        );
    }

    #[test]
    fn labels_that_are_there() {
        silent(CHECK.code, &[&shop("app: web, role: frontend")]);
    }
}
