//! What people see of a replay: differences place by place, requests and answers whole.

use std::fmt::{self, Write as _};
use std::io;

use serde_json::Value;

use super::compare::{Difference, Found, Ours};
use super::record::{Body, Record, Varies};
use super::replay::{Outcome, Sent};

/// The longest text of a line that tells a difference in passing.
const LINE: usize = 100;

/// The longest text that is shown whole in a difference; of longer ones, the part that differs.
const WHOLE: usize = 2_000;

/// How much of a long text is shown before and after the place where two part.
const BEFORE: usize = 200;
const AFTER: usize = 400;

/// The longest request body that is shown.
const BODY: usize = 4_000;

/// A text cut to `length` characters.
pub(crate) fn shortened(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
    }
}

/// A difference in passing: `status 200, got 404`.
pub(crate) fn in_one_line(difference: &Difference, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let place = &difference.place;
    match &difference.found {
        Found::Value { expected, got } => {
            write!(f, "{place} {}, got {}", brief(expected), brief(got))
        }
        Found::Missing(value) => write!(f, "{place} missing {}", brief(value)),
        Found::Extra(value) => write!(f, "{place} extra {}", brief(value)),
        Found::Order { .. } => write!(f, "{place} in another order"),
        Found::Nothing(why) => write!(f, "{place}: {}", shortened(why, LINE)),
        Found::Text { expected, got, parted } => {
            let [expected, got] = [(expected, parted.0), (got, parted.1)].map(|(text, at)| {
                let from = floor(text, at.saturating_sub(30));
                let lead = if from > 0 { "…" } else { "" };
                format!("{lead}{}", shortened(text.get(from..).unwrap_or(""), 60))
            });
            write!(f, "{place} {expected:?}, got {got:?}")
        }
    }
}

/// What is shown of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The request and the differences.
    Differences,
    /// The recorded answer and ours as well.
    Everything,
}

/// Prints a record, what came of it, and the differences last, where the eye is.
pub(crate) fn record(
    record: &Record,
    outcome: &Outcome,
    extent: Extent,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let verdict = match outcome.differences.len() {
        0 => "agrees".to_owned(),
        1 => "1 difference".to_owned(),
        many => format!("{many} differences"),
    };
    let headline = format!("━━ {} ━━ {verdict} ", record.id);
    writeln!(out, "{headline}{}", "━".repeat(100_usize.saturating_sub(headline.chars().count())))?;
    request(record, outcome.sent.as_ref(), out)?;
    if extent == Extent::Everything {
        writeln!(out, "── expected")?;
        let status = match record.status {
            Some(0) => String::new(),
            Some(status) => status.to_string(),
            None => "no answer".to_owned(),
        };
        answer(&status, &record.response_headers, &record.response, out)?;
        for (path, how) in &record.varies {
            let how = if *how == Varies::Order { "in any order" } else { "not compared" };
            writeln!(out, "   ({path}: {how})")?;
        }
        for path in &record.unordered {
            writeln!(out, "   ({path}: as a multiset)")?;
        }
        if let Some(revision) = record.revision {
            writeln!(out, "   (resourceVersion: {})", revision.as_str())?;
        }
        writeln!(out, "── got")?;
        match &outcome.ours {
            Some(Ours { status, headers, response, revision }) => {
                let status = if *status == 0 { String::new() } else { status.to_string() };
                answer(&status, headers, response, out)?;
                if let Some(revision) = revision {
                    writeln!(out, "   (resourceVersion: {})", revision.as_str())?;
                }
            }
            None => writeln!(out, "   nothing")?,
        }
    }
    if !outcome.agrees() {
        writeln!(out, "── differences")?;
    }
    for difference in &outcome.differences {
        write!(out, "{}", told(difference))?;
    }
    Ok(())
}

fn request(record: &Record, sent: Option<&Sent>, out: &mut dyn io::Write) -> io::Result<()> {
    let path = sent.map_or(record.path.as_str(), |sent| &sent.path);
    let line = format!("{} {path}", record.method);
    writeln!(out, "   {}   as {}", line.trim(), record.identity)?;
    let headers = sent.map_or(&record.headers, |sent| &sent.headers);
    for (name, value) in headers.iter().filter(|(name, _)| name != "User-Agent") {
        writeln!(out, "   {name}: {}", shortened(value, 160))?;
    }
    let body = match (sent.and_then(|sent| sent.body.as_deref()), &record.body) {
        (Some(bytes), _) => Some(String::from_utf8_lossy(bytes).into_owned()),
        (None, Some(Body::Text(text))) => Some(text.clone()),
        (None, Some(Body::Bytes(bytes))) => Some(format!("{} bytes", bytes.len())),
        (None, None) => None,
    };
    for line in body.iter().flat_map(|body| body.lines()) {
        writeln!(out, "   {}", shortened(line, BODY))?;
    }
    if let Some(note) = &record.note {
        writeln!(out, "   ({note})")?;
    }
    Ok(())
}

fn answer(
    status: &str,
    headers: &[(String, Vec<String>)],
    response: &Value,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if !status.is_empty() {
        writeln!(out, "   {status}")?;
    }
    for (name, values) in headers.iter().filter(|(name, _)| !name.starts_with("X-Kubernetes-Pf-")) {
        for value in values {
            writeln!(out, "   {name}: {value}")?;
        }
    }
    let text = match response {
        Value::String(text) => text.clone(),
        // An event a line, as they came.
        Value::Array(events) => events.iter().map(|e| format!("{e}\n")).collect(),
        value if value.get("stdout").is_some() => printed(value),
        value => pretty(value),
    };
    for line in text.lines() {
        writeln!(out, "   {line}")?;
    }
    Ok(())
}

/// What a command printed, and its exit code.
fn printed(value: &Value) -> String {
    let lines = |name: &str| {
        let lines = value.get(name).and_then(Value::as_array).into_iter().flatten();
        let lines: Vec<&str> = lines.filter_map(Value::as_str).collect();
        lines.join("\n").trim_end().to_owned()
    };
    let [stdout, stderr] = [lines("stdout"), lines("stderr")];
    let exit = value.get("exit").unwrap_or(&Value::Null);
    format!("{stdout}\n[stderr] {stderr}\n[exit] {exit}")
}

/// A difference in full: the place, then both sides below each other.
fn told(difference: &Difference) -> String {
    let mut text = format!(" ≠ {}\n", difference.place);
    match &difference.found {
        Found::Text { expected, got, parted } => texts(&mut text, expected, got, *parted),
        Found::Value { expected, got } => {
            side(&mut text, "expected", &pretty(expected));
            side(&mut text, "got", &pretty(got));
        }
        Found::Missing(value) => {
            side(&mut text, "expected", &pretty(value));
            side(&mut text, "got", "(nothing)");
        }
        Found::Extra(value) => {
            side(&mut text, "expected", "(nothing)");
            side(&mut text, "got", &pretty(value));
        }
        Found::Order { expected, got } => {
            side(&mut text, "expected", &format!("in the order {}", expected.join(", ")));
            side(&mut text, "got", &format!("in the order {}", got.join(", ")));
        }
        Found::Nothing(why) => side(&mut text, "got", why),
    }
    text
}

/// One side of a difference; further lines stand under the first.
fn side(to: &mut String, label: &str, text: &str) {
    for (number, line) in text.lines().enumerate() {
        let label = if number == 0 { label } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(to, "   {label:<9} {line}");
    }
    if text.is_empty() {
        let _ = writeln!(to, "   {label:<9} (empty)");
    }
}

/// Two texts below each other, and a mark under the place where they part. Texts of several lines
/// are shown from the line where they do.
fn texts(to: &mut String, expected: &str, got: &str, parted: (usize, usize)) {
    let (expected, theirs) = excerpt(expected, parted.0);
    let (got, ours) = excerpt(got, parted.1);
    let _ = writeln!(to, "   {:<9} {expected}", "expected");
    // Where placeholders make the two unequally long, the mark is needed on both lines.
    if theirs != ours {
        let _ = writeln!(to, "   {:<9} {}^", "", " ".repeat(theirs));
    }
    let _ = writeln!(to, "   {:<9} {got}", "got");
    let _ = writeln!(to, "   {:<9} {}^", "", " ".repeat(ours));
}

/// The part of a text around a place, on one line, and where the place is in it, in characters.
fn excerpt(text: &str, at: usize) -> (String, usize) {
    let (from, to) = if text.len() <= WHOLE {
        (0, text.len())
    } else {
        (floor(text, at.saturating_sub(BEFORE)), floor(text, (at + AFTER).min(text.len())))
    };
    let on_one_line = |text: &str| text.replace('\n', "⏎").replace('\t', "⇥");
    let [before, after] = [(from, at), (at, to)].map(|(from, to)| {
        let (from, to) = (floor(text, from), floor(text, to));
        on_one_line(text.get(from..to).unwrap_or(""))
    });
    let [lead, trail] = [from > 0, to < text.len()].map(|cut| if cut { "…" } else { "" });
    let place = lead.chars().count() + before.chars().count();
    (format!("{lead}{before}{after}{trail}"), place)
}

/// The nearest boundary of a character at or before a place.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn brief(value: &Value) -> String {
    shortened(&value.to_string(), LINE)
}

fn pretty(value: &Value) -> String {
    let line = value.to_string();
    if line.chars().count() <= LINE {
        return line;
    }
    serde_json::to_string_pretty(value).unwrap_or(line)
}
