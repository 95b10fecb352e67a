//! A selector and networks in one peer: both must hold.

use portcullis_core::{Code, Severity};
use portcullis_object::Cursor;

use crate::context::{Context, DIRECTIONS, field_of, filled};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP212"),
    severity: Severity::Warning,
    title: "a selector and networks in one peer must both hold",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies().iter().filter(|v| v.is_calico()) {
        let lists = DIRECTIONS.iter().filter_map(|d| view.spec?.field(field_of(*d)));
        for rule in lists.flat_map(Cursor::items) {
            for entity in ["source", "destination"].iter().filter_map(|end| rule.field(end)) {
                let selector =
                    filled(entity, "selector").or_else(|| filled(entity, "namespaceSelector"));
                let (Some(nets), Some(selector)) = (filled(entity, "nets"), selector) else {
                    continue;
                };
                let field = selector.key().unwrap_or("selector");
                let message = format!(
                    "`nets` and `{field}` must both hold: only addresses in these networks that belong to what is selected"
                );
                found.add(
                    CHECK
                        .at(nets.key_place(), message)
                        .also(selector.key_place(), "and this")
                        .help("write two rules if either is enough"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(source: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {{name: a}}\n\
             spec:\n  ingress:\n  - {{action: Allow, source: {{{source}}}}}\n"
        )
    }

    #[test]
    fn both_must_hold() {
        check(
            CHECK.code,
            &policy("selector: a == 'b', nets: [10.0.0.0/8]"),
            expect![[r#"
            6 warning "nets": `nets` and `selector` must both hold: only addresses in these networks that belong to what is selected (write two rules if either is enough)
        "#]],
        );
    }

    #[test]
    fn one_of_them_is_plain() {
        silent(
            CHECK.code,
            &[
                &policy("selector: a == 'b'"),
                &policy("nets: [10.0.0.0/8]"),
                &policy("nets: [], selector: a == 'b'"),
            ],
        );
    }
}
