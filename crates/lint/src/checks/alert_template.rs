//! An alert whose text names a field that it does not have.

use portcullis_core::{Code, Severity};
use portcullis_object::Cursor;

use crate::alerts;
use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP703"),
    severity: Severity::Warning,
    title: "the text of an alert names a field that it does not collect",
    run,
};

/// What every alert can tell, whatever it groups by.
const ALWAYS: [&str; 6] = ["count", "sum", "min", "max", "avg", "value"];

fn run(context: &Context<'_>, found: &mut Found) {
    for (_, spec) in alerts::alerts(context) {
        let listed = spec.field("aggregateBy").into_iter().flat_map(Cursor::items);
        let known: Vec<&str> = listed
            .filter_map(Cursor::as_str)
            .chain(spec.field("field").and_then(Cursor::as_str))
            .collect();
        // Without grouping or metric an alert is about one record, which has every field.
        if known.is_empty() && spec.field("metric").is_none() {
            continue;
        }
        for text in ["summary", "description"].iter().filter_map(|name| spec.field(name)) {
            for name in named(text.as_str().unwrap_or("")) {
                if !known.contains(&name) && !ALWAYS.contains(&name) {
                    let message =
                        format!("`{name}` is not in `aggregateBy`: the alert cannot say it");
                    found.add(
                        CHECK.at(text.at(), message).help(format!("add `{name}` to `aggregateBy`")),
                    );
                }
            }
        }
    }
}

/// The fields that a text names as `${field}`.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.trim())
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
    fn a_field_that_was_not_collected() {
        let text = alert(
            "  summary: from ${source_namespace} to ${dest_name}\n  aggregateBy: [dest_name]\n",
        );
        check(
            CHECK.code,
            &text,
            expect![[r#"
            6 warning "from ${source_namespace} to ${dest_name}": `source_namespace` is not in `aggregateBy`: the alert cannot say it (add `source_namespace` to `aggregateBy`)
        "#]],
        );
    }

    #[test]
    fn fields_that_were() {
        silent(
            CHECK.code,
            &[
                &alert("  summary: to ${dest_name}, ${count}\n  aggregateBy: [dest_name]\n"),
                &alert("  summary: to ${dest_name}\n"),
            ],
        );
    }
}
