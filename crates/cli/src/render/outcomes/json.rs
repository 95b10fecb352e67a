//! For scripts. Field names are an interface.

use portcullis_core::{Assumed, Skipped};
use portcullis_sectest::{Counterexample, Outcome, Reason, Trace};
use serde_json::{Value, json};

use super::{Counts, Ledger, Ran};
use crate::render::API_VERSION;
use crate::render::json::{answer_value, assumed_value, placed, problem_values, skipped_values};

pub(super) fn value(ledger: &Ledger<'_>) -> Value {
    let files = ledger.files;
    let Counts { pass, fail, unknown, skipped, malformed } = Counts::of(files);
    let of_file = |ran: &Ran| -> Vec<Value> {
        ran.results.outcomes.iter().map(|outcome| assertion(ran, outcome)).collect()
    };
    let mut assumed: Vec<&Assumed> = Vec::new();
    for one in files.iter().flat_map(|ran| &ran.results.assumed) {
        if !assumed.contains(&one) {
            assumed.push(one);
        }
    }
    let left_out = |ran: &Ran| {
        let skipped: Vec<Skipped> = ran.results.skipped.clone();
        skipped_values(&skipped, &[], &ran.places)
    };
    json!({
        "apiVersion": API_VERSION,
        "assertions": files.iter().flat_map(of_file).collect::<Vec<_>>(),
        "problems": problem_values(ledger.problems),
        "assumed": assumed.into_iter().map(assumed_value).collect::<Vec<_>>(),
        "skipped": files.iter().flat_map(left_out).collect::<Vec<_>>(),
        "summary": {
            "files": files.len(),
            "pass": pass,
            "fail": fail,
            "unknown": unknown,
            "skipped": skipped,
            "malformed": malformed,
        },
    })
}

fn assertion(ran: &Ran, outcome: &Outcome) -> Value {
    let at = ran.located(outcome);
    json!({
        "test": outcome.test.as_str(),
        "title": outcome.title,
        "status": outcome.status.to_string(),
        "why": outcome.why,
        "help": outcome.help,
        "checked": outcome.checked,
        "counterexample": outcome.counterexample.as_ref().map(|c| counterexample(c, ran)),
        "file": ran.file,
        "line": at.as_ref().map(|at| at.line),
        "column": at.as_ref().map(|at| at.column),
    })
}

/// With the whole answer for a flow, or the reasons for a right.
fn counterexample(counterexample: &Counterexample, ran: &Ran) -> Value {
    let reasons = |reasons: &[Reason]| -> Vec<Value> {
        let value = |r: &Reason| placed(json!({ "text": r.text }), r.origin.as_ref(), &ran.places);
        reasons.iter().map(value).collect()
    };
    let (flow, because) = match &counterexample.trace {
        Trace::Flow(answer) => (Some(answer_value(answer, &ran.places, &[])), None),
        Trace::Access { reasons: because, .. } | Trace::Grants(because) => {
            (None, Some(reasons(because)))
        }
    };
    json!({ "text": counterexample.what, "flow": flow, "because": because })
}
