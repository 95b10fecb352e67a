//! SARIF, for code scanning.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_core::Severity;

use super::{Listing, Spot, Told};
use crate::render::sarif::{
    ArtifactChange, ArtifactLocation, Fix, Help, Location, Log, Message, Notification, Outcome,
    Region, Replacement, Rule,
};

/// The name of our fingerprints, with the version of how they are made (3.27.16).
const FINGERPRINT: &str = "portcullis/v1";

pub(super) fn text(listing: &Listing<'_>) -> String {
    let codes: BTreeSet<&str> = listing.told.iter().map(|told| told.diagnostic.code.0).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let rules = codes.iter().map(|code| rule(code)).collect();
    let results = listing.told.iter().map(|told| outcome(told, &codes, listing)).collect();
    Log::of(rules, results, Notification::of(listing.problems, listing.root)).text()
}

fn rule(code: &str) -> Rule {
    let title = portcullis_lint::catalogue().find(|e| e.code.0 == code).map_or(code, |e| e.title);
    let page = portcullis_lint::page(code);
    Rule {
        id: code.to_owned(),
        short_description: Message::new(title),
        help: page.map(|page| Help { text: page.to_owned(), markdown: page.to_owned() }),
    }
}

fn outcome(told: &Told<'_>, codes: &[&str], listing: &Listing<'_>) -> Outcome {
    let code = told.diagnostic.code.0;
    let related = told.related.iter().map(|(at, text)| {
        let message = (!text.is_empty()).then(|| Message::new(*text));
        Location { message, ..location(at, listing) }
    });
    let change = told.change.as_ref().and_then(|change| {
        let deleted_region = region(&change.at)?;
        let inserted_content = Message::new(change.text);
        let change = ArtifactChange {
            artifact_location: ArtifactLocation::of(&change.at.file, listing.root),
            replacements: vec![Replacement { deleted_region, inserted_content }],
        };
        let description = told.diagnostic.help.first().unwrap_or(&told.diagnostic.message);
        Some(Fix { description: Message::new(description), artifact_changes: vec![change] })
    });
    Outcome {
        rule_id: code.to_owned(),
        // INVARIANT: the codes are those of all results, in order.
        rule_index: codes.binary_search(&code).unwrap_or_default(),
        level: match told.diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "note",
        },
        message: Message::new(told.message_and_help()),
        locations: vec![location(&told.at, listing)],
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, told.fingerprint.clone())]),
        fixes: change.into_iter().collect(),
    }
}

fn location(at: &Spot, listing: &Listing<'_>) -> Location {
    Location::new(ArtifactLocation::of(&at.file, listing.root), region(at))
}

fn region(at: &Spot) -> Option<Region> {
    at.region.map(|at| Region {
        start_line: at.line,
        start_column: at.column,
        end_line: at.end_line,
        end_column: at.end_column,
    })
}
