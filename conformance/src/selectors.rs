//! Expressions of Calico's selector language.

use anyhow::Result;
use portcullis_core::{Labels, Selector};
use serde_json::Value;

use crate::network::{array, text};
use crate::tally::Tally;

/// A line: whether the expression is valid, its canonical form, and its value for label maps. One
/// case for each label map, or one for the line where it has none.
pub(crate) fn expression(line: &Value, tally: &mut Tally<'_>) -> Result<()> {
    let expression = text(line, "selector")?;
    let parsed = Selector::parse(expression);
    let mut theirs = String::new();
    let mut ours = String::new();
    if let Some(valid) = line.get("valid").and_then(Value::as_bool) {
        theirs = format!("valid {valid}");
        ours = format!("valid {}", parsed.is_ok());
    }
    if let (Some(canonical), Ok(selector)) =
        (line.get("canonical").and_then(Value::as_str), &parsed)
    {
        theirs = format!("{theirs}, {canonical}");
        ours = format!("{ours}, {selector}");
    }
    let maps = array(line, "labels");
    if maps.is_empty() {
        tally.case(expression, &theirs, &ours);
    }
    for (labels, matches) in maps.iter().zip(array(line, "matches")) {
        let given: Labels = labels
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(k, v)| Some((k.as_str(), v.as_str()?)))
            .collect();
        let is = parsed.as_ref().is_ok_and(|s| s.matches(&given));
        let theirs = format!("{theirs}, {matches}");
        tally.case(&format!("{expression} {{{given}}}"), &theirs, &format!("{ours}, {is}"));
    }
    Ok(())
}
