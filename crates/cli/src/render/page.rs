//! Codes with their pages, and fields.

use portcullis_lint::{Entry, FieldHelp};
use serde_json::{Value, json};

use super::table::{columns, wrapped};
use super::{API_VERSION, Look, Tone, clean};

/// A page, its headings stressed. It is Markdown, which reads well as it is.
pub(crate) fn page(text: &str, look: Look) -> String {
    let mut out = String::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        if line.starts_with('#') && !is_code {
            out.push_str(&look.paint(Tone::Strong, &clean(line)));
        } else {
            out.push_str(&clean(line));
        }
        out.push('\n');
    }
    out
}

/// Every code with its title.
pub(crate) fn codes(entries: &[Entry], look: Look) -> String {
    let row = |entry: &Entry| vec![entry.code.to_string(), severity(entry), entry.title.to_owned()];
    columns(&["CODE", "USUALLY", "FINDS"], &entries.iter().map(row).collect::<Vec<_>>(), look)
}

pub(crate) fn codes_value(entries: &[Entry]) -> Value {
    let item = |e: &Entry| json!({ "code": e.code.0, "severity": said(e), "title": e.title });
    json!({ "apiVersion": API_VERSION, "items": entries.iter().map(item).collect::<Vec<_>>() })
}

pub(crate) fn code_value(entry: &Entry, page: &str) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "code": entry.code.0,
        "severity": said(entry),
        "title": entry.title,
        "page": page,
    })
}

/// A field in each API that has it.
pub(crate) fn fields(fields: &[FieldHelp], look: Look) -> String {
    let texts: Vec<String> = fields.iter().map(|field| one_field(field, look)).collect();
    texts.join("\n")
}

fn one_field(field: &FieldHelp, look: Look) -> String {
    let FieldHelp { api_version, kind, path, holds, required, about, fields } = field;
    let name = if path.is_empty() { (*kind).to_owned() } else { format!("{kind} {path}") };
    let needed = if *required { ", required" } else { "" };
    let mut text =
        format!("{}  {holds}{needed}  ({api_version})\n", look.paint(Tone::Strong, &name));
    if let Some(about) = about {
        for line in wrapped(about, look.width.saturating_sub(2)) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    if !fields.is_empty() {
        let rows = fields.iter().map(|(name, holds)| vec![(*name).to_owned(), holds.clone()]);
        text.push('\n');
        text.push_str(&columns(&["FIELD", "HOLDS"], &rows.collect::<Vec<_>>(), look));
    }
    text
}

pub(crate) fn fields_value(fields: &[FieldHelp]) -> Value {
    let item = |field: &FieldHelp| {
        let below =
            field.fields.iter().map(|(name, holds)| json!({ "name": name, "holds": holds }));
        json!({
            "apiVersion": field.api_version,
            "kind": field.kind,
            "field": field.path,
            "holds": field.holds,
            "required": field.required,
            "about": field.about,
            "fields": below.collect::<Vec<_>>(),
        })
    };
    json!({ "apiVersion": API_VERSION, "items": fields.iter().map(item).collect::<Vec<_>>() })
}

fn severity(entry: &Entry) -> String {
    entry.severity.map(|severity| severity.to_string()).unwrap_or_default()
}

fn said(entry: &Entry) -> Option<String> {
    entry.severity.map(|severity| severity.to_string())
}
