//! The records of a recording: what was asked, and what the original answered.

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// One request in its place in the session, with the original's answer.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Unique in its file: `pod-017`.
    pub(crate) id: String,
    pub(crate) group: String,
    /// Who sends it: the name of an identity.
    pub(crate) identity: String,
    pub(crate) method: String,
    /// Path and query as sent; may hold references.
    pub(crate) path: String,
    /// In the order sent; a name may come several times.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Body>,
    /// How long the original was given before the request.
    pub(crate) after_ms: u64,
    /// Whether the store has to have lost its history before the request.
    pub(crate) needs_lost_history: bool,
    /// To be asked again until it is answered like this.
    pub(crate) eventually: bool,
    /// HTTP status; none if the original closed the connection without an answer.
    pub(crate) status: Option<u16>,
    pub(crate) response_headers: Vec<(String, Vec<String>)>,
    /// JSON, a text, a list of watch events, or `{"$base64": …}`.
    pub(crate) response: Value,
    pub(crate) revision: Option<Revision>,
    /// Paths of lists that are compared as multisets: `response.items`.
    pub(crate) unordered: Vec<String>,
    /// Paths that differ from run to run of the original: `response.message`.
    pub(crate) varies: Vec<(String, Varies)>,
    pub(crate) note: Option<String>,
}

/// A request body as recorded.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// May hold references.
    Text(String),
    /// Protobuf and other bytes, sent as they are.
    Bytes(Vec<u8>),
}

/// An object's resourceVersion against the last time that its uid was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revision {
    First,
    Changed,
    Same,
}

/// How a part of an answer differs from run to run of the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Varies {
    /// The same parts in another order.
    Order,
    /// It is not compared.
    Value,
}

// === impl Record ===

impl Record {
    /// Reads a line of a recording.
    pub(crate) fn parse(line: &str) -> Result<Record> {
        let value: Value = serde_json::from_str(line)?;
        let text = |name: &str| -> Result<String> {
            let text = value.get(name).and_then(Value::as_str);
            Ok(text.with_context(|| format!("no `{name}`"))?.to_owned())
        };
        let status = value.get("status").and_then(Value::as_u64).context("no `status`")?;
        Ok(Record {
            id: text("id")?,
            group: text("group")?,
            identity: text("as")?,
            method: text("method")?,
            path: text("path")?,
            headers: headers(&value)?,
            body: body(&value)?,
            after_ms: value.get("after_ms").and_then(Value::as_u64).unwrap_or(0),
            needs_lost_history: match value.get("needs").and_then(Value::as_str) {
                None => false,
                Some("history-lost") => true,
                Some(other) => bail!("unknown `needs`: {other}"),
            },
            eventually: value.get("eventually") == Some(&Value::Bool(true)),
            status: (status != 0).then(|| u16::try_from(status)).transpose()?,
            response_headers: fields(&value, "response_headers")
                .map(|(name, value)| Ok((name.clone(), texts(value)?)))
                .collect::<Result<_>>()?,
            response: value.get("response").cloned().unwrap_or_default(),
            revision: match value.get("rv").and_then(Value::as_str) {
                None => None,
                Some("first") => Some(Revision::First),
                Some("changed") => Some(Revision::Changed),
                Some("same") => Some(Revision::Same),
                Some(other) => bail!("unknown `rv`: {other}"),
            },
            unordered: value.get("unordered").map_or(Ok(Vec::new()), texts)?,
            varies: varies(&value)?,
            note: value.get("note").and_then(Value::as_str).map(str::to_owned),
        })
    }

    /// Whether the answer is a stream of events.
    pub(crate) fn is_watch(&self) -> bool {
        self.response.is_array()
    }

    /// Changes every text of the answer.
    pub(crate) fn map_response(&mut self, change: &impl Fn(&str) -> String) {
        let response = std::mem::take(&mut self.response);
        self.response = mapped(response, change);
    }

    /// How a place of the answer differs from run to run, if it does.
    pub(crate) fn varies_at(&self, path: &str) -> Option<Varies> {
        self.varies.iter().find(|(place, _)| place == path).map(|(_, how)| *how)
    }
}

// === impl Revision ===

impl Revision {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Revision::First => "first",
            Revision::Changed => "changed",
            Revision::Same => "same",
        }
    }
}

/// Every record of a recording, in order.
pub(crate) fn parse_all(text: &str) -> Result<Vec<Record>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| Record::parse(line).with_context(|| format!("line {}", number + 1)))
        .collect()
}

/// Request headers, with the agent that every recorded request named: it names the field manager.
fn headers(value: &Value) -> Result<Vec<(String, String)>> {
    let mut headers = vec![("User-Agent".to_owned(), "recorder".to_owned())];
    for (name, value) in fields(value, "headers") {
        headers.extend(texts(value)?.into_iter().map(|value| (name.clone(), value)));
    }
    Ok(headers)
}

fn body(value: &Value) -> Result<Option<Body>> {
    if let Some(text) = value.get("body").and_then(Value::as_str) {
        return Ok(Some(Body::Text(text.to_owned())));
    }
    let Some(bytes) = value.get("body_base64").and_then(Value::as_str) else { return Ok(None) };
    Ok(Some(Body::Bytes(STANDARD.decode(bytes).context("`body_base64`")?)))
}

fn varies(value: &Value) -> Result<Vec<(String, Varies)>> {
    fields(value, "varies")
        .map(|(path, how)| {
            let how = match how.as_str() {
                Some("order") => Varies::Order,
                Some("value") => Varies::Value,
                _ => bail!("unknown `varies`: {how}"),
            };
            Ok((path.trim_start_matches('.').to_owned(), how))
        })
        .collect()
}

fn mapped(value: Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => change(&text).into(),
        Value::Array(values) => values.into_iter().map(|value| mapped(value, change)).collect(),
        // Bytes stay what they are.
        Value::Object(members) if members.contains_key("$base64") => Value::Object(members),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (change(&name), mapped(value, change)))
            .collect(),
        other => other,
    }
}

fn fields<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(name).and_then(Value::as_object).into_iter().flatten()
}

/// A text, or a list of them.
fn texts(value: &Value) -> Result<Vec<String>> {
    let text = |value: &Value| Ok(value.as_str().context("not a text")?.to_owned());
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}
