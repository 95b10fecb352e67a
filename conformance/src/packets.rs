//! Single packets against rules as Calico's data plane sees them.

use anyhow::Result;
use serde_json::Value;

use crate::tally::Tally;

/// A line: tiers, profiles, and packets with verdicts.
pub(crate) fn table(_line: &Value, _tally: &mut Tally<'_>) -> Result<()> {
    Ok(())
}
