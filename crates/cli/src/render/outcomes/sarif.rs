//! SARIF: what does not hold, at the assertion, with what decides it as related places.

use std::collections::BTreeMap;
use std::path::Path;

use portcullis_object::Located;
use portcullis_sectest::{Outcome, Status};

use super::{Ledger, Ran, is_bad};
use crate::render::sarif::{
    ArtifactLocation, Location, Log, Message, Notification, Outcome as Found, Region, Rule,
};

/// What can come of an assertion that is worth a result, in the order of the rules.
const RULES: [(Status, &str, &str); 3] = [
    (Status::Fail, "test-fail", "an assertion that does not hold"),
    (Status::Malformed, "test-malformed", "an assertion that cannot be judged as it is written"),
    (Status::Unknown, "test-unknown", "an assertion that a missing fact decides"),
];

pub(super) fn text(ledger: &Ledger<'_>) -> String {
    let Ledger { files, problems, root, .. } = *ledger;
    let rules = RULES.iter().map(|(_, id, title)| Rule {
        id: (*id).to_owned(),
        short_description: Message::new(*title),
        help: None,
    });
    let bad = |ran: &Ran| -> Vec<Found> {
        let bad = ran.results.outcomes.iter().filter(|o| is_bad(o.status));
        bad.map(|outcome| found(ran, outcome, root)).collect()
    };
    let results = files.iter().flat_map(bad).collect();
    Log::of(rules.collect(), results, Notification::of(problems, root)).text()
}

fn found(ran: &Ran, outcome: &Outcome, root: Option<&Path>) -> Found {
    let index = RULES.iter().position(|(status, ..)| *status == outcome.status);
    let rule_index = index.unwrap_or_default();
    let id = RULES.get(rule_index).map_or("", |(_, id, _)| id);
    let at = match ran.located(outcome) {
        Some(at) => location(&at, root),
        None => Location::new(ArtifactLocation::of(&ran.file, root), None),
    };
    let related = ran.against(outcome).into_iter().filter_map(|(origin, why)| {
        let at = ran.places.locate(origin)?;
        Some(Location { message: Some(Message::new(why)), ..location(&at, root) })
    });
    Found {
        rule_id: id.to_owned(),
        rule_index,
        level: if outcome.status == Status::Unknown { "warning" } else { "error" },
        message: Message::new(format!("{}\n{}", ran.title(outcome), ran.why_and_help(outcome))),
        locations: vec![at],
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::new(),
        fixes: Vec::new(),
    }
}

fn location(at: &Located, root: Option<&Path>) -> Location {
    let region = Region {
        start_line: at.line,
        start_column: at.column,
        end_line: at.end_line,
        end_column: at.end_column,
    };
    Location::new(ArtifactLocation::of(&at.input, root), Some(region))
}
