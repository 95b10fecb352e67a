//! An alert on flows that does not say which.

use portcullis_core::{Code, Severity};

use crate::alerts;
use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP704"),
    severity: Severity::Warning,
    title: "an alert on flows fires for allowed flows too",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for (_, spec) in alerts::alerts(context) {
        let flows = spec.field("dataSet").and_then(|d| d.as_str()) == Some("flows");
        let Some(query) = spec.field("query").filter(|_| flows) else { continue };
        if query.as_str().is_some_and(|text| !text.contains("action")) {
            let message = "without `action` this fires for allowed and denied flows alike";
            found.add(
                CHECK
                    .at(query.at(), message)
                    .help("add `AND action = \"deny\"` if those are meant"),
            );
        }
    }
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

    #[test]
    fn both_kinds_of_flow() {
        check(
            CHECK.code,
            &alert("  query: source_namespace = \"dev\"\n"),
            expect![[r#"
            6 warning "source_namespace = \"dev\"": without `action` this fires for allowed and denied flows alike (add `AND action = "deny"` if those are meant)
        "#]],
        );
    }

    #[test]
    fn one_kind_of_flow() {
        silent(
            CHECK.code,
            &[&alert("  query: source_namespace = \"dev\" AND action = \"deny\"\n")],
        );
    }
}
