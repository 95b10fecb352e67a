//! RBAC: decisions, rule lists, covers, aggregation.

use anyhow::Result;
use serde_json::Value;

use crate::tally::Tally;

pub(crate) fn decide(_line: &Value, _tally: &mut Tally<'_>) -> Result<()> {
    Ok(())
}
pub(crate) fn covers(_line: &Value, _tally: &mut Tally<'_>) -> Result<()> {
    Ok(())
}
pub(crate) fn rules(_line: &Value, _tally: &mut Tally<'_>) -> Result<()> {
    Ok(())
}
pub(crate) fn aggregation(_line: &Value, _tally: &mut Tally<'_>) -> Result<()> {
    Ok(())
}
