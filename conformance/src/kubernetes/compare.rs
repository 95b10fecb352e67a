//! An answer held against the recorded one, place by place.

use std::fmt;

use serde_json::Value;

use super::pattern;
use super::record::{Record, Revision, Varies};

/// Headers that clients act upon. That `Audit-Id` is there is compared as well.
const HEADERS: &[&str] = &["Content-Type", "Warning", "Cache-Control", "Vary", "Retry-After"];

/// One place where the answers differ.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// `status`, `header Warning`, `body.metadata.labels`, `rv`.
    pub(crate) place: String,
    pub(crate) found: Found,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    /// Two texts; where they part, in bytes of each.
    Text { expected: String, got: String, parted: (usize, usize) },
    /// Two values.
    Value { expected: Value, got: Value },
    /// Recorded, and not in ours.
    Missing(Value),
    /// In ours, and not recorded.
    Extra(Value),
    /// The same parts in another order than recorded.
    Order { expected: Vec<String>, got: Vec<String> },
    /// No answer came, or the request could not be made.
    Nothing(String),
}

/// What of an answer is not to be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leniency {
    /// Only status, headers, and reason and code of a `Status`: the text names the original's own
    /// types, build or parts.
    pub(crate) free_text: bool,
    /// Lists come in another order, because what they hold was renamed.
    pub(crate) renamed: bool,
    /// How often equal bookmarks come is not fixed.
    pub(crate) any_bookmarks: bool,
}

/// Our answer, read as far as it can be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ours {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Vec<String>)>,
    /// As recordings hold it: JSON, a text, a list of watch events, or `{"$base64": …}`.
    pub(crate) response: Value,
    pub(crate) revision: Option<Revision>,
}

// === impl Ours ===

impl Ours {
    fn header(&self, name: &str) -> &[String] {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or(&[], |(_, values)| values.as_slice())
    }
}

/// Everything in which `ours` differs from the recorded answer, in the order of the record.
pub(crate) fn compare(record: &Record, ours: &Ours, leniency: Leniency) -> Vec<Difference> {
    // The original crashed: any answer is better.
    let Some(status) = record.status else { return Vec::new() };
    let mut comparison = Comparison { record, leniency, differences: Vec::new() };
    if status != ours.status {
        comparison.values("status", &status.into(), &ours.status.into());
    }
    comparison.headers(ours);
    if leniency.free_text {
        comparison.status_words(&record.response, &ours.response);
    } else if is_status(&record.response) != is_status(&ours.response) {
        // Field by field, a refusal and an object have nothing to say to each other.
        comparison.values("response", &record.response, &ours.response);
    } else {
        comparison.value("response", &record.response, &ours.response);
    }
    comparison.revision(ours);
    comparison.differences
}

/// Whether two values are equal but for placeholders, without saying where they are not.
pub(crate) fn equal(record: &Record, path: &str, expected: &Value, got: &Value) -> bool {
    let leniency = Leniency::default();
    let mut comparison = Comparison { record, leniency, differences: Vec::new() };
    comparison.value(path, expected, got);
    comparison.differences.is_empty()
}

struct Comparison<'a> {
    record: &'a Record,
    leniency: Leniency,
    differences: Vec<Difference>,
}

// === impl Comparison ===

impl Comparison<'_> {
    fn headers(&mut self, ours: &Ours) {
        for name in HEADERS {
            let theirs = recorded(self.record, name);
            let got = ours.header(name);
            let equal = theirs.len() == got.len()
                && theirs.iter().zip(got).all(|(e, g)| pattern::matches(e, g));
            if !equal {
                self.header_lines(name, theirs, got);
            }
        }
        let has =
            [recorded(self.record, "Audit-Id"), ours.header("Audit-Id")].map(|v| !v.is_empty());
        if let [true, false] = has {
            self.add("header Audit-Id", Found::Missing("<uid>".into()));
        } else if let [false, true] = has {
            self.add("header Audit-Id", Found::Extra("<uid>".into()));
        }
    }

    fn header_lines(&mut self, name: &str, theirs: &[String], got: &[String]) {
        let place = format!("header {name}");
        for at in 0..theirs.len().max(got.len()) {
            match (theirs.get(at), got.get(at)) {
                (Some(expected), Some(got)) => self.texts(&place, expected, got),
                (Some(expected), None) => self.add(&place, Found::Missing(expected.clone().into())),
                (None, Some(got)) => self.add(&place, Found::Extra(got.clone().into())),
                (None, None) => {}
            }
        }
    }

    /// Of a `Status`: its reason and its code.
    fn status_words(&mut self, expected: &Value, got: &Value) {
        if expected.get("kind") != Some(&"Status".into()) {
            return;
        }
        for word in ["kind", "status", "reason", "code"] {
            let [expected, got] = [expected, got].map(|v| v.get(word).unwrap_or(&Value::Null));
            self.value(&format!("response.{word}"), expected, got);
        }
    }

    fn revision(&mut self, ours: &Ours) {
        if let (Some(expected), Some(got)) = (self.record.revision, ours.revision)
            && expected != got
        {
            self.values("rv", &expected.as_str().into(), &got.as_str().into());
        }
    }

    fn value(&mut self, path: &str, expected: &Value, got: &Value) {
        let varies = self.record.varies_at(path);
        if varies == Some(Varies::Value) {
            return;
        }
        match (expected, got) {
            (Value::String(expected), Value::String(got)) => {
                if varies != Some(Varies::Order) || parts(expected) != parts(got) {
                    self.texts(path, expected, got);
                }
            }
            // Ports are numbers, and yet a placeholder for one is a text.
            (Value::String(expected), Value::Number(got))
                if expected == "<port>" && pattern::matches(expected, &got.to_string()) => {}
            (Value::Object(expected), Value::Object(got)) => {
                for (name, expected) in expected {
                    if is_description(path, name) {
                        continue;
                    }
                    let place = below(path, name);
                    match member(got, name) {
                        Some(got) => self.value(&place, expected, got),
                        None => self.add(&place, Found::Missing(expected.clone())),
                    }
                }
                for (name, got) in got {
                    if !is_description(path, name) && !is_recorded(expected, name) {
                        self.add(&below(path, name), Found::Extra(got.clone()));
                    }
                }
            }
            (Value::Array(expected), Value::Array(got)) => {
                if varies == Some(Varies::Order) || self.is_multiset(path) {
                    self.multiset(path, expected, got);
                } else {
                    self.list(path, expected, got);
                }
            }
            _ if expected == got => {}
            _ => self.values(path, expected, got),
        }
    }

    fn is_multiset(&self, path: &str) -> bool {
        let renamed = || {
            self.leniency.renamed
                && (path == "response" || [".items", ".rows"].iter().any(|end| path.ends_with(end)))
        };
        // Sorted by time in whole seconds by the original, so in no order that could be repeated.
        path.ends_with(".metadata.managedFields")
            || self.record.unordered.iter().any(|place| place == path)
            || renamed()
    }

    /// Two lists whose order counts. Elements that are equal hold the two together; between them
    /// stands what was changed, left out or put in.
    fn list(&mut self, path: &str, expected: &[Value], got: &[Value]) {
        if expected.len() == got.len() {
            for (at, (expected, got)) in expected.iter().zip(got).enumerate() {
                self.value(&format!("{path}[{at}]"), expected, got);
            }
            // One that only was moved would otherwise be told as many that differ.
            self.say_if_only_moved(path, expected, got);
            return;
        }
        let mut from = (0, 0);
        let mut anchors = self.anchors(path, expected, got);
        anchors.push((expected.len(), got.len()));
        for (theirs, ours) in anchors {
            self.gap(path, (expected, from.0..theirs), (got, from.1..ours));
            from = (theirs + 1, ours + 1);
        }
    }

    fn say_if_only_moved(&mut self, path: &str, expected: &[Value], got: &[Value]) {
        let place = format!("{path}[");
        let inside = |difference: &Difference| difference.place.starts_with(&place);
        if self.differences.iter().filter(|d| inside(d)).count() < 2 {
            return;
        }
        let matching = self.matching(path, expected, got);
        if matching.iter().all(Option::is_some) {
            self.differences.retain(|difference| !inside(difference));
            let [expected, got] = [expected, got].map(|list| list.iter().map(title).collect());
            self.add(path, Found::Order { expected, got });
        }
    }

    /// What stands between two anchors: pairs as far as they go, then what is left on one side.
    fn gap(
        &mut self,
        path: &str,
        (expected, theirs): (&[Value], std::ops::Range<usize>),
        (got, ours): (&[Value], std::ops::Range<usize>),
    ) {
        let pairs = theirs.len() == ours.len();
        let [mut theirs, mut ours] = [theirs, ours];
        loop {
            match (theirs.next(), ours.next()) {
                (None, None) => return,
                (Some(t), Some(o)) if pairs => {
                    if let (Some(expected), Some(got)) = (expected.get(t), got.get(o)) {
                        self.value(&format!("{path}[{t}]"), expected, got);
                    }
                }
                (t, o) => {
                    if let Some((t, value)) = t.and_then(|t| Some((t, expected.get(t)?))) {
                        self.add(&format!("{path}[{t}]"), Found::Missing(value.clone()));
                    }
                    if let Some((o, value)) = o.and_then(|o| Some((o, got.get(o)?))) {
                        self.add(&format!("{path}[{o}]"), Found::Extra(value.clone()));
                    }
                }
            }
        }
    }

    /// The longest run of equal elements in the same order: pairs of indices.
    fn anchors(&self, path: &str, expected: &[Value], got: &[Value]) -> Vec<(usize, usize)> {
        let same = |t: usize, o: usize| match (expected.get(t), got.get(o)) {
            (Some(expected), Some(got)) => {
                equal(self.record, &format!("{path}[{t}]"), expected, got)
            }
            _ => false,
        };
        // `lengths[t][o]`: how many pairs are left from there on.
        let (height, width) = (expected.len() + 1, got.len() + 1);
        let mut lengths = vec![0_usize; height * width];
        let mut pairs = vec![false; height * width];
        let read = |lengths: &[usize], t: usize, o: usize| {
            lengths.get(t * width + o).copied().unwrap_or(0)
        };
        for t in (0..expected.len()).rev() {
            for o in (0..got.len()).rev() {
                let paired = same(t, o);
                let best = if paired {
                    1 + read(&lengths, t + 1, o + 1)
                } else {
                    read(&lengths, t + 1, o).max(read(&lengths, t, o + 1))
                };
                if let Some(length) = lengths.get_mut(t * width + o) {
                    *length = best;
                }
                if let Some(pair) = pairs.get_mut(t * width + o) {
                    *pair = paired;
                }
            }
        }
        let mut anchors = Vec::new();
        let (mut t, mut o) = (0, 0);
        while t < expected.len() && o < got.len() {
            if pairs.get(t * width + o) == Some(&true) {
                anchors.push((t, o));
                (t, o) = (t + 1, o + 1);
            } else if read(&lengths, t + 1, o) >= read(&lengths, t, o + 1) {
                t += 1;
            } else {
                o += 1;
            }
        }
        anchors
    }

    /// Two lists in which only what is there counts, and how often.
    fn multiset(&mut self, path: &str, expected: &[Value], got: &[Value]) {
        let (theirs, ours);
        let (expected, got) = if self.leniency.any_bookmarks && path == "response" {
            theirs = once(expected);
            ours = once(got);
            (theirs.as_slice(), ours.as_slice())
        } else {
            (expected, got)
        };
        let partner = self.matching(path, expected, got);
        let taken: Vec<usize> = partner.iter().flatten().copied().collect();
        let mut left: Vec<(usize, &Value)> =
            got.iter().enumerate().filter(|(at, _)| !taken.contains(at)).collect();
        for (at, value) in expected
            .iter()
            .enumerate()
            .filter(|(at, _)| partner.get(*at).is_some_and(Option::is_none))
        {
            // Ours that is called the same is what should have been equal to it.
            let named =
                |ours: &(usize, &Value)| name(ours.1).is_some() && name(ours.1) == name(value);
            let place = format!("{path}[{at}]");
            match left.iter().position(named) {
                Some(found) => {
                    let (_, got) = left.remove(found);
                    self.value(&place, value, got);
                }
                None => self.add(&place, Found::Missing(value.clone())),
            }
        }
        for (at, value) in left {
            self.add(&format!("{path}[{at}]"), Found::Extra(value.clone()));
        }
    }

    /// For each recorded element the one of ours that is equal to it, each taken once. A
    /// placeholder may suit several, so a pair that stands in the way is asked to move.
    fn matching(&self, path: &str, expected: &[Value], got: &[Value]) -> Vec<Option<usize>> {
        let suits: Vec<Vec<usize>> = expected
            .iter()
            .enumerate()
            .map(|(at, expected)| {
                let place = format!("{path}[{at}]");
                let equal = |(_, got): &(usize, &Value)| equal(self.record, &place, expected, got);
                got.iter().enumerate().filter(equal).map(|(at, _)| at).collect()
            })
            .collect();
        let mut owner: Vec<Option<usize>> = vec![None; got.len()];
        for at in 0..expected.len() {
            augment(at, &suits, &mut owner, &mut vec![false; got.len()]);
        }
        let mut partner = vec![None; expected.len()];
        for (ours, theirs) in owner.into_iter().enumerate() {
            if let Some(slot) = theirs.and_then(|theirs| partner.get_mut(theirs)) {
                *slot = Some(ours);
            }
        }
        partner
    }

    fn texts(&mut self, place: &str, expected: &str, got: &str) {
        if let Some(parted) = pattern::parted(expected, got) {
            let (expected, got) = (expected.to_owned(), got.to_owned());
            self.add(place, Found::Text { expected, got, parted });
        }
    }

    fn values(&mut self, place: &str, expected: &Value, got: &Value) {
        self.add(place, Found::Value { expected: expected.clone(), got: got.clone() });
    }

    fn add(&mut self, place: &str, found: Found) {
        self.differences.push(Difference { place: place.to_owned(), found });
    }
}

fn augment(
    at: usize,
    suits: &[Vec<usize>],
    owner: &mut [Option<usize>],
    asked: &mut [bool],
) -> bool {
    for &ours in suits.get(at).into_iter().flatten() {
        let Some(asked_before) = asked.get_mut(ours) else { continue };
        if std::mem::replace(asked_before, true) {
            continue;
        }
        let free = match owner.get(ours).copied().flatten() {
            None => true,
            Some(other) => augment(other, suits, owner, asked),
        };
        if free && let Some(slot) = owner.get_mut(ours) {
            *slot = Some(at);
            return true;
        }
    }
    false
}

/// Events, with bookmarks that are equal but for their revision told once.
fn once(events: &[Value]) -> Vec<Value> {
    let mut seen = Vec::new();
    let mut kept = Vec::new();
    for event in events {
        if event.get("type") == Some(&"BOOKMARK".into()) {
            let mut bare = event.clone();
            if let Some(version) = bare.pointer_mut("/object/metadata/resourceVersion") {
                *version = "<rv>".into();
            }
            if seen.contains(&bare) {
                continue;
            }
            seen.push(bare);
        }
        kept.push(event.clone());
    }
    kept
}

fn is_status(response: &Value) -> bool {
    response.get("kind") == Some(&"Status".into())
}

/// The parts of a text that lists errors, in an order of their own: `x is invalid: [a, b]`.
fn parts(text: &str) -> Vec<&str> {
    let (head, list) = text.split_once(": [").unwrap_or(("", text));
    let mut parts: Vec<&str> = list.trim_end_matches(']').split(", ").collect();
    parts.sort_unstable();
    parts.insert(0, head);
    parts
}

fn recorded<'a>(record: &'a Record, name: &str) -> &'a [String] {
    let found = record.response_headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map_or(&[], |(_, values)| values.as_slice())
}

/// The sentences about a table's columns are the original's own.
fn is_description(path: &str, name: &str) -> bool {
    name == "description" && path.contains(".columnDefinitions[")
}

/// The member that a recorded name stands for.
fn member<'a>(ours: &'a serde_json::Map<String, Value>, name: &str) -> Option<&'a Value> {
    ours.get(name).or_else(|| {
        let suits = |ours: &&String| pattern::matches(name, ours);
        let found = pattern::has_placeholder(name).then(|| ours.keys().find(suits)).flatten();
        found.and_then(|name| ours.get(name))
    })
}

fn is_recorded(expected: &serde_json::Map<String, Value>, name: &str) -> bool {
    expected.contains_key(name)
        || expected.keys().any(|e| pattern::has_placeholder(e) && pattern::matches(e, name))
}

/// A path below another: `a.b`, or `a["x/y"]` where the name is no plain word.
fn below(path: &str, name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_$:".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        format!("{path}.{name}")
    } else {
        format!("{path}[{name:?}]")
    }
}

/// By what an element of a list is known.
fn name(value: &Value) -> Option<&Value> {
    let pointers = [
        "/metadata/name",
        "/object/metadata/name",
        "/object/object/metadata/name",
        "/name",
        "/manager",
        "/field",
        "/type",
    ];
    pointers.iter().find_map(|pointer| value.pointer(pointer))
}

/// An element of a list in a few words.
fn title(value: &Value) -> String {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or("");
    let name = name(value).filter(|name| name.is_string()).unwrap_or(value);
    let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
    let named = if kind.is_empty() || kind == name { name } else { format!("{kind} {name}") };
    super::show::shortened(&named, 60)
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::show::in_one_line(self, f)
    }
}
