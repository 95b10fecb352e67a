//! An alert that looks for a network set where its name is not.

use portcullis_core::{Code, Severity};

use crate::alerts;
use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP701"),
    severity: Severity::Warning,
    title: "an alert that asks for a network set by the wrong field",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let sets: Vec<&str> = context.network().sets().map(|s| s.name.as_str()).collect();
    for (_, spec) in alerts::alerts(context) {
        let Some(query) = spec.field("query") else { continue };
        let Some(text) = query.as_str() else { continue };
        for field in ["source_name", "dest_name"] {
            let Some(value) = compared(text, field) else { continue };
            if !sets.contains(&value) {
                continue;
            }
            let message = format!(
                "`{field}` is `-` for network sets, so this never fires: `{value}` is in `{field}_aggr`"
            );
            found.add(
                CHECK.at(query.at(), message).help(format!("write `{field}_aggr = \"{value}\"`")),
            );
        }
    }
}

/// What a query compares a field with.
fn compared<'a>(query: &'a str, field: &str) -> Option<&'a str> {
    let rest = query.split(field).nth(1)?.trim_start();
    let rest = rest.strip_prefix("==").or_else(|| rest.strip_prefix('='))?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest.get(1..)?.split(quote).next()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn alert(spec: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: GlobalAlert\nmetadata: {{name: a}}\nspec:\n  dataSet: flows\n{spec}"
        )
    }

    const SET: &str = "---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: blocked}
spec: {nets: [203.0.113.1/32]}
";

    #[test]
    fn a_set_has_no_such_name() {
        check(
            CHECK.code,
            &format!("{}{SET}", alert("  query: source_name = \"blocked\"\n")),
            expect![[r#"
                6 warning "source_name = \"blocked\"": `source_name` is `-` for network sets, so this never fires: `blocked` is in `source_name_aggr` (write `source_name_aggr = "blocked"`)
            "#]],
        );
    }

    #[test]
    fn the_field_that_has_it_or_a_pod() {
        silent(
            CHECK.code,
            &[
                &format!("{}{SET}", alert("  query: source_name_aggr = \"blocked\"\n")),
                &format!("{}{SET}", alert("  query: source_name = \"web\"\n")),
            ],
        );
    }
}
