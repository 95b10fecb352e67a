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

#[cfg(test)]
mod tests {
    use crate::render::schema::{count, list, number, object, published, text, texts};

    use super::*;

    /// What [`value`] writes, as JSON Schema. The answer for a flow is that of `connect`.
    fn schema() -> Value {
        let place = |mut own: Value| {
            let map = own.as_object_mut().expect("an object");
            let file = "the input, as given; null for what nobody says";
            map.insert("file".into(), json!({ "type": ["string", "null"], "description": file }));
            map.insert("line".into(), number("counted from 1"));
            map.insert("column".into(), number("counted from 1, in characters"));
            object(own)
        };
        let mut because = list(place(json!({ "text": text("a sentence") })));
        because["type"] = json!(["array", "null"]);
        let mut counterexample = object(json!({
            "text": text("what speaks against the claim"),
            "flow": { "type": ["object", "null"], "description": "as `connect -o json` answers" },
            "because": because,
        }));
        counterexample["type"] = json!(["object", "null"]);
        let assertion = place(json!({
            "test": text("the name of the test; empty for the file"),
            "title": text("the assertion's name, or its line"),
            "status": { "enum": ["pass", "skipped", "unknown", "fail", "malformed"] },
            "why": text("one sentence"),
            "help": texts("the next step"),
            "checked": count("for how many flows or rights it stood"),
            "counterexample": counterexample,
        }));
        object(json!({
            "apiVersion": { "const": API_VERSION },
            "assertions": list(assertion),
            "problems": list(object(json!({
                "file": text("a test file that could not be opened"),
                "text": text("why"),
            }))),
            "assumed": list(object(json!({
                "text": text("what was taken to be so"),
                "flag": {
                    "type": ["string", "null"],
                    "description": "the flag of `connect` that says it",
                },
            }))),
            "skipped": list(place(json!({ "text": text("what took no part, and why") }))),
            "summary": object(json!({
                "files": count("test files"),
                "pass": count("assertions that hold"),
                "fail": count("assertions that do not"),
                "unknown": count("assertions that a missing fact decides"),
                "skipped": count("assertions that are not judged for now"),
                "malformed": count("assertions that cannot be judged as they are written"),
            })),
        }))
    }

    #[test]
    fn the_schema_is_the_one_that_is_published() {
        published("test", schema());
    }
}
