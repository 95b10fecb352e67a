//! An alert that looks back no further than its last run.

use portcullis_core::{Code, Severity};

use crate::alerts;
use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP702"),
    severity: Severity::Warning,
    title: "an alert looks back no further than its period, and misses late records",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for (_, spec) in alerts::alerts(context) {
        let read = |name: &str| {
            let at = spec.field(name)?;
            Some((at, alerts::seconds(at.as_str()?)?))
        };
        let (Some((at, lookback)), Some((period, every))) = (read("lookback"), read("period"))
        else {
            continue;
        };
        if lookback <= every {
            let message = "records that arrive late fall between two runs: this looks back no further than its period";
            found.add(CHECK.at(at.at(), message).also(period.at(), "it runs this often").help(
                "add what flushing and storing takes, such as `lookback: 5m` for `period: 1m`",
            ));
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
    fn late_records_are_missed() {
        check(
            CHECK.code,
            &alert("  period: 1m\n  lookback: 1m\n"),
            expect![[r#"
            7 warning "1m": records that arrive late fall between two runs: this looks back no further than its period (add what flushing and storing takes, such as `lookback: 5m` for `period: 1m`)
        "#]],
        );
    }

    #[test]
    fn further_back_is_enough() {
        silent(CHECK.code, &[&alert("  period: 1m\n  lookback: 5m\n"), &alert("  period: 1m\n")]);
    }
}
