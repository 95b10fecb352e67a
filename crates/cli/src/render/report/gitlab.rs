//! GitLab's code quality report: a list of issues in the subset of Code Climate's format it reads.

use portcullis_core::Severity;
use serde_json::{Value, json};

use super::{Listing, Region, Told};

pub(super) fn value(listing: &Listing<'_>) -> Value {
    listing.told.iter().map(|told| issue(told, listing)).collect()
}

fn issue(told: &Told<'_>, listing: &Listing<'_>) -> Value {
    let severity = match told.diagnostic.severity {
        Severity::Error => "major",
        Severity::Warning => "minor",
        Severity::Info => "info",
    };
    let path = told.at.path(listing.root);
    // An issue needs a line, also where there is no text to count in.
    let start = Region { line: 1, column: 1, end_line: 1, end_column: 1 };
    let Region { line, column, end_line, end_column } = told.at.region.unwrap_or(start);
    json!({
        "check_name": told.diagnostic.code.0,
        "description": told.diagnostic.message,
        "severity": severity,
        "fingerprint": told.fingerprint,
        "location": {
            "path": path,
            "lines": { "begin": line, "end": end_line },
            "positions": {
                "begin": { "line": line, "column": column },
                "end": { "line": end_line, "column": end_column },
            },
        },
    })
}
