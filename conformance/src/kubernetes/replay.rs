//! A session: every request of a recording in order, each answer compared.

use std::collections::{BTreeSet, HashMap};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::compare::{Difference, Found, Leniency, Ours, compare};
use super::http::{Answer, Request, Transport};
use super::record::{Body, Record, Revision};

/// How long an answer may take; the original waits three seconds for a revision to come.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How much longer than asked for a watch may last.
const WATCH_GRACE: Duration = Duration::from_secs(2);

/// How long a record that needs controllers is asked again; the original needs a few seconds.
const EVENTUALLY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait before it is asked again.
const EVENTUALLY_PAUSE: Duration = Duration::from_millis(50);

/// So many requests in a row without an answer end the session: nothing is there any more.
const SILENCES_MAX: usize = 5;

/// What came of a record.
pub(crate) struct Outcome {
    /// The request as it was sent, references filled in. None if it was not reached.
    pub(crate) sent: Option<Sent>,
    /// Our answer, if there was one.
    pub(crate) ours: Option<Ours>,
    /// Empty if the answers agree.
    pub(crate) differences: Vec<Difference>,
}

/// A request with its references filled in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

/// How a recording is replayed.
pub(crate) struct Manner<'a> {
    /// Whether the pauses of the original are kept: they matter where controllers have to be
    /// given the time to do nothing.
    pub(crate) pauses: bool,
    /// What of a record's answer is not compared.
    pub(crate) leniency: &'a (dyn Fn(&Record) -> Leniency + Sync),
}

// === impl Outcome ===

impl Outcome {
    pub(crate) fn agrees(&self) -> bool {
        self.differences.is_empty()
    }

    pub(crate) fn nothing(sent: Option<Sent>, why: &str) -> Outcome {
        let difference = Difference { place: "answer".into(), found: Found::Nothing(why.into()) };
        Outcome { sent, ours: None, differences: vec![difference] }
    }
}

/// Replays `records` in order; returns an outcome for each, also for those that were not reached.
pub(crate) fn replay(
    records: &[Record],
    server: &mut dyn Transport,
    manner: &Manner<'_>,
) -> Vec<Outcome> {
    let mut session = Session {
        manner,
        wanted: references(records),
        answers: HashMap::new(),
        revisions: HashMap::new(),
        silences: 0,
    };
    let mut outcomes = Vec::with_capacity(records.len());
    let mut history_is_lost = false;
    let mut rest = records;
    while let Some(record) = rest.first() {
        if session.silences >= SILENCES_MAX {
            outcomes.push(Outcome::nothing(None, "not reached: the server is gone"));
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        if record.needs_lost_history && !std::mem::replace(&mut history_is_lost, true) {
            // The answers that follow tell as well, but not why.
            if let Err(error) = server.lose_history() {
                outcomes.push(Outcome::nothing(None, &format!("{error:#}")));
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
        }
        let batch = session.batch(rest);
        outcomes.extend(session.run(batch, server));
        rest = rest.get(batch.len()..).unwrap_or_default();
    }
    outcomes
}

struct Session<'a> {
    manner: &'a Manner<'a>,
    /// The records that others refer to.
    wanted: BTreeSet<String>,
    /// Their answers.
    answers: HashMap<String, Value>,
    /// The resourceVersion last seen of each uid.
    revisions: HashMap<String, String>,
    /// How many requests in a row got no answer.
    silences: usize,
}

impl Session<'_> {
    /// The records that may be under way together: reads, of which at least one is a watch, that
    /// refer to nothing among themselves. A watch lasts as long as it was asked to, and reads
    /// beside it change nothing, neither for it nor for each other.
    fn batch<'r>(&self, records: &'r [Record]) -> &'r [Record] {
        let is_ready = |record: &&Record| {
            record.method == "GET"
                && !record.eventually
                && !record.needs_lost_history
                && !self.has_pause(record)
                && references(std::slice::from_ref(record))
                    .iter()
                    .all(|id| self.answers.contains_key(id))
        };
        let reads = records.iter().take_while(is_ready).count();
        let reads = records.get(..reads).unwrap_or_default();
        if reads.iter().any(Record::is_watch) { reads } else { records.get(..1).unwrap_or(records) }
    }

    fn has_pause(&self, record: &Record) -> bool {
        self.manner.pauses && record.after_ms > 0
    }

    fn run(&mut self, batch: &[Record], server: &dyn Transport) -> Vec<Outcome> {
        let answered: Vec<(Sent, Result<Answer>)> = match batch {
            [one] if one.eventually => return vec![self.eventually(one, server)],
            [one] => {
                if self.has_pause(one) {
                    thread::sleep(Duration::from_millis(one.after_ms));
                }
                vec![self.ask(one, server)]
            }
            many => {
                let session = &*self;
                thread::scope(|scope| {
                    let asked: Vec<_> = many
                        .iter()
                        .map(|record| {
                            let ask = move || session.ask(record, server);
                            if record.is_watch() { Err(scope.spawn(ask)) } else { Ok(ask()) }
                        })
                        .collect();
                    let fell = || (Sent::default(), Err(anyhow::anyhow!("the client fell")));
                    asked
                        .into_iter()
                        .map(|a| {
                            a.unwrap_or_else(|thread| thread.join().unwrap_or_else(|_| fell()))
                        })
                        .collect()
                })
            }
        };
        batch
            .iter()
            .zip(answered)
            .map(|(record, (sent, answer))| self.judge(record, sent, answer))
            .collect()
    }

    /// Asks until the answer agrees or patience ends.
    fn eventually(&mut self, record: &Record, server: &dyn Transport) -> Outcome {
        let until = Instant::now() + EVENTUALLY_TIMEOUT;
        loop {
            let before = self.revisions.clone();
            let (sent, answer) = self.ask(record, server);
            let outcome = self.judge(record, sent, answer);
            if outcome.agrees() || Instant::now() >= until || self.silences > 0 {
                return outcome;
            }
            // What was seen on the way was not recorded.
            self.revisions = before;
            thread::sleep(EVENTUALLY_PAUSE);
        }
    }

    fn ask(&self, record: &Record, server: &dyn Transport) -> (Sent, Result<Answer>) {
        let sent = match self.fill_in(record) {
            Ok(sent) => sent,
            Err(error) => return (Sent::default(), Err(error)),
        };
        let timeout = watch_seconds(record).map_or(ANSWER_TIMEOUT, |s| s + WATCH_GRACE);
        let request = Request {
            method: &record.method,
            path: &sent.path,
            headers: &sent.headers,
            body: sent.body.as_deref(),
            timeout,
        };
        let answer = server.send(&record.identity, &request);
        (sent, answer)
    }

    fn judge(&mut self, record: &Record, sent: Sent, answer: Result<Answer>) -> Outcome {
        let reached = !sent.path.is_empty();
        let answer = match answer {
            Ok(answer) => answer,
            Err(_) if record.status.is_none() => Answer::default(),
            Err(error) => {
                self.silences += usize::from(reached);
                return Outcome::nothing(reached.then_some(sent), &format!("{error:#}"));
            }
        };
        self.silences = 0;
        let response = parse(&answer, record.is_watch());
        let revision = self.revision(&response);
        let ended = answer.ended;
        let ours =
            Ours { status: answer.status, headers: gather(answer.headers), response, revision };
        let mut differences = compare(record, &ours, (self.manner.leniency)(record));
        if !ended && record.status.is_some() {
            let why = "the answer did not come to its end".to_owned();
            differences.push(Difference { place: "answer".into(), found: Found::Nothing(why) });
        }
        if self.wanted.contains(&record.id) {
            self.answers.insert(record.id.clone(), ours.response.clone());
        }
        Outcome { sent: Some(sent), ours: Some(ours), differences }
    }

    /// Notes the answered object's resourceVersion, and tells how it stands to the one before.
    fn revision(&mut self, response: &Value) -> Option<Revision> {
        let metadata = response.get("metadata")?;
        let text = |name: &str| metadata.get(name)?.as_str();
        let (uid, version) = (text("uid")?, text("resourceVersion")?);
        Some(match self.revisions.insert(uid.to_owned(), version.to_owned()) {
            None => Revision::First,
            Some(before) if before == version => Revision::Same,
            Some(_) => Revision::Changed,
        })
    }

    fn fill_in(&self, record: &Record) -> Result<Sent> {
        let mut headers = record.headers.clone();
        for (_, value) in &mut headers {
            *value = self.filled(value)?;
        }
        let body = match &record.body {
            None => None,
            Some(Body::Bytes(bytes)) => Some(bytes.clone()),
            Some(Body::Text(text)) => Some(self.filled(text)?.into_bytes()),
        };
        Ok(Sent { path: self.filled(&record.path)?, headers, body })
    }

    /// Replaces `${ID:path}` by what our answer held there, and `${repeat:x:N}` by N times x.
    fn filled(&self, text: &str) -> Result<String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, reference, after)) = next_reference(rest) {
            filled.push_str(before);
            let (id, path) = reference;
            if let ("repeat", Some((what, times))) = (id, path.rsplit_once(':')) {
                filled.push_str(&what.repeat(times.parse()?));
            } else {
                filled.push_str(&self.looked_up(id, path)?);
            }
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn looked_up(&self, id: &str, path: &str) -> Result<String> {
        let Some(answer) = self.answers.get(id) else {
            bail!("not sent: it refers to `{id}`, which was not answered");
        };
        let mut value = Some(answer);
        for step in path.split('.') {
            value = value.and_then(|value| match value {
                Value::Array(values) => values.get(step.parse::<usize>().ok()?),
                value => value.get(step),
            });
        }
        match value {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Ok(other.to_string()),
            None => bail!("not sent: our answer to `{id}` has no `{path}`"),
        }
    }
}

/// The ids that requests refer to.
fn references(records: &[Record]) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for record in records {
        let headers = record.headers.iter().map(|(_, value)| value.as_str());
        let body = match &record.body {
            Some(Body::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        for mut rest in headers.chain(body).chain([record.path.as_str()]) {
            while let Some((_, (id, _), after)) = next_reference(rest) {
                if id != "repeat" {
                    ids.insert(id.to_owned());
                }
                rest = after;
            }
        }
    }
    ids
}

/// The first `${ID:path}`: what is before it, its two parts, what is after it.
pub(crate) fn next_reference(text: &str) -> Option<(&str, (&str, &str), &str)> {
    let (before, rest) = text.split_once("${")?;
    let (reference, after) = rest.split_once('}')?;
    Some((before, reference.split_once(':')?, after))
}

/// How long a watch was asked to last.
fn watch_seconds(record: &Record) -> Option<Duration> {
    let (_, seconds) = record.path.split_once("timeoutSeconds=")?;
    let seconds = seconds.split('&').next()?.parse().ok()?;
    record.is_watch().then(|| Duration::from_secs(seconds))
}

/// Lines of the same header together, in the order in which they came.
fn gather(lines: Vec<(String, String)>) -> Vec<(String, Vec<String>)> {
    let mut headers: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in lines {
        match headers.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(&name)) {
            Some((_, values)) => values.push(value),
            None => headers.push((name, vec![value])),
        }
    }
    headers
}

/// A body as recordings hold it.
fn parse(answer: &Answer, watch: bool) -> Value {
    let kind = answer.header("Content-Type").next().unwrap_or("");
    let text = std::str::from_utf8(&answer.body);
    let Some(text) = text.ok().filter(|_| !kind.starts_with("application/vnd.kubernetes.protobuf"))
    else {
        return serde_json::json!({ "$base64": STANDARD.encode(&answer.body) });
    };
    if !kind.starts_with("application/json") {
        return text.into();
    }
    if text.trim().is_empty() {
        return if watch { Value::Array(Vec::new()) } else { text.into() };
    }
    let documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let Ok(mut documents) = documents.collect::<Result<Vec<Value>, _>>() else {
        return text.into();
    };
    let is_event = |value: &Value| value.get("type").is_some() && value.get("object").is_some();
    match documents.as_slice() {
        [one] if !is_event(one) => documents.remove(0),
        _ => Value::Array(documents),
    }
}
