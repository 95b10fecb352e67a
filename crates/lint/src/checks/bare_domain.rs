//! A pattern for the names below a domain, which the domain itself is not.

use portcullis_core::{Code, Severity};
use portcullis_object::Cursor;

use crate::context::{Context, DIRECTIONS, field_of, is_calico};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP333"),
    severity: Severity::Info,
    title: "a pattern for names below a domain does not mean the domain itself",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for object in context.objects.iter().filter(|o| is_calico(o)) {
        let Some(spec) = object.root().field("spec") else { continue };
        let rules = DIRECTIONS.iter().filter_map(|d| spec.field(field_of(*d)));
        let of_rules = rules
            .flat_map(Cursor::items)
            .filter_map(|rule| rule.field("destination")?.field("domains"));
        for list in of_rules.chain(spec.field("allowedEgressDomains")) {
            let names: Vec<&str> = list.items().filter_map(Cursor::as_str).collect();
            for at in list.items() {
                let Some(bare) = at.as_str().and_then(|text| text.strip_prefix("*.")) else {
                    continue;
                };
                if !names.contains(&bare) {
                    let message = format!("`*.{bare}` is not `{bare}` itself");
                    found.add(
                        CHECK
                            .at(at.at(), message)
                            .help(format!("list `{bare}` as well if it is meant")),
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn set(domains: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {{name: a}}\n\
             spec: {{allowedEgressDomains: [{domains}]}}\n"
        )
    }

    #[test]
    fn the_domain_is_not_below_itself() {
        check(
            CHECK.code,
            &set("'*.google.com'"),
            expect![[r#"
            4 info "'*.google.com'": `*.google.com` is not `google.com` itself (list `google.com` as well if it is meant)
        "#]],
        );
    }

    #[test]
    fn both_are_listed() {
        silent(CHECK.code, &[&set("'*.google.com', google.com"), &set("api.twilio.com")]);
    }
}
