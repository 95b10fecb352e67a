//! How answers look: one file a format. The only part that knows colours, widths and signs.

mod connection;
mod diagnostic;
mod diff;
mod grants;
mod json;
mod outcomes;
mod page;
mod report;
mod sarif;
mod scenario;
#[cfg(test)]
mod schema;
mod table;
mod xml;
mod yaml;

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use portcullis_core::Origin;
use serde_json::Value;

pub(crate) use connection::connection;
pub(crate) use diagnostic::{failure, finding, problem};
pub(crate) use diff::unified;
pub(crate) use grants::{access, holders, holdings, review};
pub(crate) use json::{
    access_value, answer_value, error_value, holders_value, holdings_value, review_value,
};
pub(crate) use outcomes::{Counts, Ledger, Ran, outcomes};
pub(crate) use page::{code_value, codes, codes_value, fields, fields_value, page};
pub(crate) use report::{Listing, Tally, Told, report};
pub(crate) use scenario::{scenario, scenario_value};

use crate::args::Format;
use crate::places::Places;

/// The version of every JSON answer.
pub(crate) const API_VERSION: &str = "portcullis.dev/v1";

/// How a stream is written to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    pub colour: bool,
    /// Words instead of boxes, arrows and signs.
    pub plain: bool,
    /// More columns than fit.
    pub wide: bool,
    /// In columns.
    pub width: usize,
}

/// What a colour says. Nothing is said by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Doubtful,
    Strong,
    Faint,
}

// === impl Tone ===

impl Tone {
    /// The tone of the word for a verdict.
    fn of(verdict: &str) -> Self {
        match verdict {
            "allow" => Self::Good,
            "deny" => Self::Bad,
            "mixed" | "unknown" => Self::Doubtful,
            _ => Self::Faint,
        }
    }
}

// === impl Look ===

impl Look {
    /// The text in the colour of its tone.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let style = match tone {
            Tone::Good => AnsiColor::Green.on_default().bold(),
            Tone::Bad => AnsiColor::Red.on_default().bold(),
            Tone::Doubtful => AnsiColor::Yellow.on_default().bold(),
            Tone::Strong => Style::new().bold(),
            Tone::Faint => Style::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }

    /// What leads from one thing to another.
    pub fn arrow(self) -> &'static str {
        if self.plain { "to" } else { "→" }
    }
}

/// A text that cannot steer the terminal: control characters, and those that turn the direction
/// of writing, are shown by their number. Names in the input are anybody's.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let shown = text
        .chars()
        .map(|c| if steers(c) { c.escape_unicode().to_string() } else { c.to_string() });
    Cow::Owned(shown.collect())
}

/// Where something stands, for people: `a.yaml:3`, `built-in`; empty if nowhere.
pub(crate) fn place(origin: Option<&Origin>, places: &Places) -> String {
    let Some(origin) = origin else { return String::new() };
    match places.locate(origin) {
        Some(at) => format!("{}:{}", clean(&at.input), at.line),
        None => clean(places.input(origin)).into_owned(),
    }
}

/// Writes a value in one of the formats for programs. `items` is where the list is that JSON lines
/// writes one by one; none if the value is one answer.
pub(crate) fn write_value(
    format: Format,
    value: &Value,
    items: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Yaml => out.write_all(yaml::document(value).as_bytes()),
        Format::Jsonl => {
            let list = items.and_then(|key| value.get(key)).and_then(Value::as_array);
            for item in list.map_or(std::slice::from_ref(value), Vec::as_slice) {
                writeln!(out, "{item}")?;
            }
            Ok(())
        }
        Format::Table | Format::Wide | Format::Json => writeln!(out, "{value:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(clean("a\nb\u{202e}c"), "a\\u{a}b\\u{202e}c");
        assert!(matches!(clean("größe"), Cow::Borrowed("größe")));
    }

    #[test]
    fn json_lines_are_the_items() {
        let value = serde_json::json!({"items": [1, {"a": "b"}]});
        let mut out = Vec::new();
        write_value(Format::Jsonl, &value, Some("items"), &mut out).expect("memory");
        write_value(Format::Jsonl, &value, None, &mut out).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text, "1\n{\"a\":\"b\"}\n{\"items\":[1,{\"a\":\"b\"}]}\n");
    }
}
