//! Calico's own table of what its validator accepts.

use anyhow::{Context as _, Result};
use portcullis_object::{Input, Limits, load};
use portcullis_snapshot::{Refused, Settings, Snapshot};
use serde_json::Value;

use crate::network::text;
use crate::tally::Tally;

/// A line, where it has the object as a manifest: whether it is accepted.
pub(crate) fn manifest(line: &Value, tally: &mut Tally<'_>) -> Result<()> {
    let Some(verdict) = line.get("as_manifest") else { return Ok(()) };
    let accepted = verdict["accepted"].as_bool().context("no `accepted`")?;
    let object = line.get("object").context("no `object`")?;
    let input = Input { name: "object.json".into(), bytes: serde_json::to_vec(object)? };
    let loaded = load(vec![input], &Limits::default());
    let settings = Settings { refused: Refused::Absent, ..Settings::default() };
    let (_, found) = Snapshot::build(&loaded.objects, &loaded.unreadable, &settings);
    let reasons: Vec<&str> = loaded
        .diagnostics
        .iter()
        .chain(&found)
        .filter(|d| d.refuses)
        .map(|d| d.message.as_str())
        .collect();
    let case = format!("{}: {} {object}", text(line, "type")?, text(line, "description")?);
    let ours = if reasons.is_empty() { "accepted" } else { "refused" };
    let theirs = if accepted { "accepted" } else { "refused" };
    tally.case(&case, theirs, ours);
    if ours != theirs && !reasons.is_empty() {
        eprintln!("  {case}: {reasons:?}");
    }
    Ok(())
}
