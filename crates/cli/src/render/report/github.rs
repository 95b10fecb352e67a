//! Annotations of a GitHub workflow: commands on its log, one a finding.
//!
//! "Workflow commands for GitHub Actions", and `escapeData` and `escapeProperty` of its toolkit.

use portcullis_core::Severity;

use super::{Listing, Region, Told};

pub(super) fn text(listing: &Listing<'_>) -> String {
    listing.told.iter().map(|told| annotation(told, listing)).collect()
}

fn annotation(told: &Told<'_>, listing: &Listing<'_>) -> String {
    let command = match told.diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut properties = format!("file={}", property(&told.at.path(listing.root)));
    if let Some(Region { line, column, end_line, end_column }) = told.at.region {
        properties.push_str(&format!(",line={line},endLine={end_line},col={column}"));
        // Columns of two lines are not compared with each other.
        if line == end_line {
            properties.push_str(&format!(",endColumn={end_column}"));
        }
    }
    let title = property(told.diagnostic.code.0);
    format!("::{command} {properties},title={title}::{}\n", data(&told.message_and_help()))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(data("100%\r\n::error::x, y"), "100%25%0D%0A::error::x, y");
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
    }
}
