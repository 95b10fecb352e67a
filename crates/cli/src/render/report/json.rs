//! For scripts. Field names are an interface: `docs/schema/check.json` says what they hold.

use portcullis_core::Diagnostic;
use serde_json::{Value, json};

use super::{Change, Listing, Spot, Tally, Told};
use crate::render::API_VERSION;
use crate::render::json::problem_values;

pub(super) fn value(listing: &Listing<'_>) -> Value {
    let Tally { errors, warnings, remarks, fixable, known, allowed } = listing.tally;
    json!({
        "apiVersion": API_VERSION,
        "findings": findings(listing),
        "problems": problem_values(listing.problems),
        "summary": {
            "files": listing.files.len(),
            "errors": errors,
            "warnings": warnings,
            "remarks": remarks,
            "fixable": fixable,
            "known": known,
            "allowed": allowed,
        },
    })
}

/// Each finding as one value.
pub(super) fn findings(listing: &Listing<'_>) -> Vec<Value> {
    listing.told.iter().map(finding).collect()
}

fn finding(told: &Told<'_>) -> Value {
    let Diagnostic { code, severity, message, help, refuses, .. } = told.diagnostic;
    let origin = told.diagnostic.origin();
    let object = origin.and_then(|origin| origin.object.as_deref()).map(|object| {
        json!({
            "group": object.group.as_str(),
            "kind": object.kind.as_str(),
            "namespace": object.namespace.as_ref().map(|n| n.as_str()),
            "name": object.name.as_str(),
        })
    });
    let related = told.related.iter().map(|(at, text)| placed(json!({ "text": text }), at));
    let value = json!({
        "code": code.0,
        "severity": severity.to_string(),
        "message": message,
        "help": help,
        "refuses": refuses,
        "fingerprint": told.fingerprint,
        "object": object,
        "field": origin.map(|origin| origin.path.to_string()),
        "related": related.collect::<Vec<_>>(),
        "fix": told.change.as_ref().map(fix),
    });
    placed(value, &told.at)
}

fn fix(change: &Change<'_>) -> Value {
    placed(json!({ "text": change.text, "safe": change.safe }), &change.at)
}

/// The value with `file`, `line`, `column` and where it ends; null where it is in no text.
fn placed(mut value: Value, at: &Spot) -> Value {
    if let Value::Object(map) = &mut value {
        let region = at.region;
        map.insert("file".to_owned(), at.file.as_str().into());
        map.insert("line".to_owned(), region.map(|r| r.line).into());
        map.insert("column".to_owned(), region.map(|r| r.column).into());
        map.insert("endLine".to_owned(), region.map(|r| r.end_line).into());
        map.insert("endColumn".to_owned(), region.map(|r| r.end_column).into());
    }
    value
}

#[cfg(test)]
mod tests {
    use crate::render::schema::{change, count, list, object, published, spot, text, texts};

    use super::*;

    /// What [`value`] writes, as JSON Schema.
    fn schema() -> Value {
        let mut identity = object(json!({
            "group": text("the API group; empty for the core group"),
            "kind": text("the kind"),
            "namespace": {
                "type": ["string", "null"],
                "description": "null if it has or says none",
            },
            "name": text("the name; empty if it has none"),
        }));
        identity["type"] = json!(["object", "null"]);
        let finding = spot(json!({
            "code": { "type": "string", "pattern": "^(YA|NP|RB)[0-9]{3}$" },
            "severity": { "enum": ["error", "warning", "info"] },
            "message": text("one sentence"),
            "help": texts("the likely cause, or what to do"),
            "refuses": { "type": "boolean", "description": "whether the API refuses the object" },
            "fingerprint": text("what the finding is recognised by when lines move"),
            "object": identity,
            "field": {
                "type": ["string", "null"],
                "description": "the way from the document's root",
            },
            "related": list(spot(json!({ "text": text("what is said about the place") }))),
            "fix": change(),
        }));
        object(json!({
            "apiVersion": { "const": API_VERSION },
            "findings": list(finding),
            "problems": list(object(json!({
                "file": text("a source that could not be opened"),
                "text": text("why"),
            }))),
            "summary": object(json!({
                "files": count("files that were read"),
                "errors": count("findings of that severity"),
                "warnings": count("findings of that severity"),
                "remarks": count("findings of severity info"),
                "fixable": count("findings that a fix would mend"),
                "known": count("findings left out, as the baseline has them"),
                "allowed": count("findings left out, as a comment allows them"),
            })),
        }))
    }

    #[test]
    fn the_schema_is_the_one_that_is_published() {
        published("check", schema());
    }
}
