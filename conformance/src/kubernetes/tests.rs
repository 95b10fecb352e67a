//! The replay itself: a recording against itself agrees, and whatever is changed is noticed.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use anyhow::{Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::compare::Leniency;
use super::http::{Answer, Request, Transport};
use super::record::{Body, Record, Revision, parse_all};
use super::rename::Renaming;
use super::replay::{Manner, Outcome, next_reference, replay};
use crate::corpus;

/// The committed recording of the long session.
fn wire() -> Vec<Record> {
    static READ: OnceLock<Vec<Record>> = OnceLock::new();
    READ.get_or_init(|| recording("kubernetes/wire-1.35.4")).clone()
}

fn recording(name: &str) -> Vec<Record> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora");
    let text = corpus::read(&folder, name).expect("readable").expect("committed");
    parse_all(&text).expect("records")
}

/// A server that answers as recorded, with placeholders filled in.
struct Player {
    records: Vec<Record>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    played: BTreeSet<usize>,
    /// All before this one were played.
    first: usize,
    /// uid and revision of every object, by where it is.
    objects: HashMap<String, (u64, u64)>,
    count: u64,
}

impl Player {
    fn new(records: &[Record]) -> Player {
        Player { records: records.to_vec(), state: Mutex::default() }
    }
}

impl Transport for Player {
    fn send(&self, identity: &str, request: &Request<'_>) -> Result<Answer> {
        let mut state = self.state.lock().expect("no panic");
        let is_it = |(at, record): &(usize, &Record)| {
            !state.played.contains(at)
                && record.method == request.method
                && record.identity == identity
                && suits(&record.path, request.path)
                && record.headers.len() == request.headers.len()
                && record.headers.iter().zip(request.headers).all(|(r, q)| suits(&r.1, &q.1))
                && match (&record.body, request.body) {
                    (Some(Body::Text(text)), Some(body)) => {
                        suits(text, &String::from_utf8_lossy(body))
                    }
                    (Some(Body::Bytes(bytes)), Some(body)) => bytes == body,
                    (None, None) => true,
                    _ => false,
                }
        };
        // One that was asked for in these very words goes before one that refers to an answer.
        let found = || self.records.iter().enumerate().skip(state.first).filter(is_it);
        let exact = found().find(|(_, record)| record.path == request.path);
        let found = exact.or_else(|| found().next());
        let Some((at, record)) = found else { bail!("nobody asked for {}", request.path) };
        state.played.insert(at);
        while state.played.contains(&state.first) {
            state.first += 1;
        }
        let Some(status) = record.status else { bail!("closed") };
        Ok(state.answer(record, status))
    }

    fn lose_history(&mut self) -> Result<()> {
        Ok(())
    }
}

impl State {
    fn answer(&mut self, record: &Record, status: u16) -> Answer {
        let place = record.revision.map(|_| place(record)).unwrap_or_default();
        let object = match record.revision {
            None => None,
            Some(Revision::First) => {
                self.count += 1;
                Some((self.count, self.count))
            }
            Some(revision) => {
                let seen = self.objects.get(&place);
                let (uid, version) = *seen.unwrap_or_else(|| panic!("{}: {place}", record.id));
                self.count += u64::from(revision == Revision::Changed);
                Some((uid, if revision == Revision::Changed { self.count } else { version }))
            }
        };
        let mut response = record.response.clone();
        if let Some((uid, version)) = object {
            self.objects.insert(place, (uid, version));
            response["metadata"]["uid"] = self::uid(uid).into();
            response["metadata"]["resourceVersion"] = version.to_string().into();
        }
        let mut fill = |text: &str| self.filled(text);
        let body = match &response {
            Value::String(text) => fill(text).into_bytes(),
            Value::Array(events) => fill(&lines(events)).into_bytes(),
            value => match value.get("$base64").and_then(Value::as_str) {
                Some(bytes) => STANDARD.decode(bytes).expect("base64"),
                None => fill(&value.to_string()).into_bytes(),
            },
        };
        let headers = record.response_headers.iter().flat_map(|(name, values)| {
            values.iter().map(|value| (name.clone(), value.clone())).collect::<Vec<_>>()
        });
        let headers = headers.map(|(name, value)| (name, fill(&value))).collect();
        Answer { status, headers, body, ended: true }
    }

    fn filled(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        self.count += 1;
        let (uid, version) = (uid(self.count), self.count.to_string());
        for (placeholder, filling) in [
            ("<uid>", uid.as_str()),
            ("<rv>", &version),
            ("<time>", "2026-01-02T03:04:05Z"),
            ("<ip>", "10.0.0.7"),
            ("\"<port>\"", "30007"),
            ("<port>", "30007"),
            ("<rand>", "x7k2z"),
            ("<token>", "eyJh.eyJp.c2ln"),
            ("<continue>", "eyJ2IjoibWV0YSJ9"),
            ("<age>", "3m20s"),
            ("<hash>", "0A1B"),
            ("<sha256>", &"0f".repeat(32)),
            ("<pem>", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"),
        ] {
            text = text.replace(placeholder, filling);
        }
        text
    }
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

fn uid(number: u64) -> String {
    format!("7f3a4a52-1cf0-44e1-8ac3-{number:012x}")
}

/// Where an object is: its resource, namespace and name, whatever the group that serves it.
fn place(record: &Record) -> String {
    let path = record.path.split('?').next().unwrap_or("");
    let mut steps: Vec<&str> = path.split('/').skip(1).collect();
    steps.drain(..if steps[0] == "api" { 2 } else { 3 });
    let in_namespace = steps[0] == "namespaces" && steps.len() > 2 && steps[2] != "status";
    let resource = steps[if in_namespace && steps[2] != "finalize" { 2 } else { 0 }];
    let text = |name: &str| record.response["metadata"][name].as_str().unwrap_or("").to_owned();
    format!("{resource} {} {}", text("namespace"), text("name"))
}

/// Whether a text is another with its references filled in.
fn suits(template: &str, text: &str) -> bool {
    match next_reference(template) {
        None => template == text,
        Some((before, _, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| suits(after, rest)))
        }),
    }
}

fn strictly(_: &Record) -> Leniency {
    Leniency::default()
}

/// Replays `records` against a server that plays `played` back.
fn outcomes(records: &[Record], played: &[Record]) -> Vec<Outcome> {
    let manner = Manner { pauses: false, leniency: &strictly };
    replay(records, &mut Player::new(played), &manner)
}

fn told(records: &[Record], outcomes: &[Outcome]) -> String {
    let pairs = records.iter().zip(outcomes);
    let differing = pairs.filter(|(_, outcome)| !outcome.agrees());
    differing
        .map(|(record, outcome)| {
            let told = outcome.differences.iter().map(|difference| format!("  {difference}\n"));
            format!("{}\n{}", record.id, told.collect::<String>())
        })
        .collect()
}

#[track_caller]
fn check_itself(name: &str, total: usize) {
    let records = recording(name);
    let outcomes = outcomes(&records, &records);
    assert_eq!(told(&records, &outcomes), "");
    assert_eq!(outcomes.len(), total);
}

#[test]
fn a_recording_agrees_with_itself() {
    check_itself("kubernetes/wire-1.35.4", 1905);
    check_itself("kubernetes/wire-controllers-1.35.4", 87);
}

#[test]
fn a_renamed_recording_agrees_with_itself_and_with_no_other() {
    let recorded = wire();
    let mut renamed = recorded.clone();
    Renaming::of(&recorded, 7).apply(&mut renamed);
    let outcomes = outcomes(&renamed, &renamed);
    assert_eq!(told(&renamed, &outcomes), "");
    let changed = |(one, other): &(&Record, &Record)| one.response != other.response;
    let changed = recorded.iter().zip(&renamed).filter(changed).count();
    assert!(changed > 800, "only {changed} answers were renamed");
}

/// Changes one record of what is played, and tells what is found in the whole session.
#[track_caller]
fn check(id: &str, change: impl Fn(&mut Record), want: Expect) {
    let mut records = wire();
    let at = records.iter().position(|record| record.id == id).expect("a record");
    // Other sessions begin where this one has what it needs.
    records.truncate(at + 1);
    let mut played = records.clone();
    change(&mut played[at]);
    want.assert_eq(&told(&records, &outcomes(&records, &played)));
}

#[test]
fn status_and_headers_are_compared() {
    check(
        "configmap-001",
        |record| record.status = Some(200),
        expect![[r#"
        configmap-001
          status 201, got 200
    "#]],
    );
    let set = |name: &'static str, values: &'static [&'static str]| {
        move |record: &mut Record| {
            record.response_headers.retain(|(n, _)| n != name);
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            record.response_headers.push((name.to_owned(), values));
        }
    };
    check(
        "configmap-001",
        set("Content-Type", &["application/json;charset=utf-8"]),
        expect![[r#"
        configmap-001
          header Content-Type "application/json", got "application/json;charset=utf-8"
    "#]],
    );
    check(
        "configmap-001",
        set("Cache-Control", &[]),
        expect![[r#"
        configmap-001
          header Cache-Control missing "no-cache, private"
    "#]],
    );
    check(
        "configmap-001",
        set("Audit-Id", &[]),
        expect![[r#"
        configmap-001
          header Audit-Id missing "<uid>"
    "#]],
    );
    check(
        "configmap-001",
        set("Warning", &["299 - \"late\""]),
        expect![[r#"
        configmap-001
          header Warning extra "299 - \"late\""
    "#]],
    );
    check(
        "configmap-001",
        set("Retry-After", &["1"]),
        expect![[r#"
        configmap-001
          header Retry-After extra "1"
    "#]],
    );
    check("configmap-001", set("X-Kubernetes-Pf-Flowschema-Uid", &[]), expect![[""]]);
}

#[test]
fn warnings_are_compared_in_order() {
    let reversed = |record: &mut Record| {
        for (_, values) in &mut record.response_headers {
            values.reverse();
        }
    };
    check(
        "fieldvalidation-004",
        reversed,
        expect![[r#"
        fieldvalidation-004
          header Warning "299 - \"unknown field \\\"spec.containers[0].imagee\\\"\"", got "299 - \"unknown field \\\"spec.Hostnetwork\\\"\""
          header Warning "299 - \"duplicate field \\\"spec.containers[0].image\\\"\"", got "299 - \"unknown field \\\"spec.nosuch\\\"\""
          header Warning "299 - \"unknown field \\\"spec.nosuch\\\"\"", got "299 - \"duplicate field \\\"spec.containers[0].image\\\"\""
          header Warning "299 - \"unknown field \\\"spec.Hostnetwork\\\"\"", got "299 - \"unknown field \\\"spec.containers[0].imagee\\\"\""
    "#]],
    );
}

#[test]
fn a_status_is_compared_text_for_text() {
    let set = |pointer: &'static str, value: Value| {
        move |record: &mut Record| {
            *record.response.pointer_mut(pointer).expect("a member") = value.clone();
        }
    };
    check(
        "namespace-010",
        set("/message", json!("no")),
        expect![[r#"
        namespace-010
          response.message "Namespace \"a_b\" is invalid: metadata.name: Invalid value: \"a…", got "no"
    "#]],
    );
    check(
        "namespace-010",
        set("/reason", json!("Forbidden")),
        expect![[r#"
        namespace-010
          response.reason "Invalid", got "Forbidden"
    "#]],
    );
    check(
        "namespace-010",
        set("/code", json!(403)),
        expect![[r#"
        namespace-010
          response.code 422, got 403
    "#]],
    );
    check(
        "namespace-010",
        set("/details/causes/0/field", json!("metadata")),
        expect![[r#"
        namespace-010
          response.details.causes[0].field "metadata.name", got "metadata"
    "#]],
    );
}

#[test]
fn objects_are_compared_field_by_field() {
    let metadata = |change: fn(&mut serde_json::Map<String, Value>)| {
        move |record: &mut Record| {
            change(record.response["metadata"].as_object_mut().expect("metadata"));
        }
    };
    let gone = metadata(|metadata| drop(metadata.shift_remove("creationTimestamp")));
    check(
        "configmap-001",
        gone,
        expect![[r#"
        configmap-001
          response.metadata.creationTimestamp missing "<time>"
    "#]],
    );
    let more = metadata(|metadata| drop(metadata.insert("generation".into(), json!(1))));
    check(
        "configmap-001",
        more,
        expect![[r#"
        configmap-001
          response.metadata.generation extra 1
    "#]],
    );
    let formless =
        metadata(|metadata| drop(metadata.insert("creationTimestamp".into(), json!("today"))));
    check(
        "configmap-001",
        formless,
        expect![[r#"
        configmap-001
          response.metadata.creationTimestamp "<time>", got "today"
    "#]],
    );
    let sorted = metadata(|metadata| metadata.sort_keys());
    check("configmap-001", sorted, expect![[""]]);
}

#[test]
fn lists_are_compared_in_order_and_managers_are_not() {
    let reversed = |pointer: &'static str| {
        move |record: &mut Record| {
            let list = record.response.pointer_mut(pointer).expect("a list");
            list.as_array_mut().expect("a list").reverse();
        }
    };
    check(
        "list-055",
        reversed("/items"),
        expect![[r#"
        list-055
          response.items in another order
    "#]],
    );
    check(
        "watch-009",
        reversed(""),
        expect![[r#"
        watch-009
          response in another order
    "#]],
    );
    check("namespace-033", reversed("/metadata/managedFields"), expect![[""]]);
    check("review-052", reversed("/status/resourceRules"), expect![[""]]);
}

#[test]
fn events_left_out_are_told_as_such() {
    let without = |record: &mut Record| {
        record.response.as_array_mut().expect("events").remove(1);
    };
    check(
        "watch-009",
        without,
        expect![[r#"
        watch-009
          response[1] missing {"type":"MODIFIED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"w1","namespace…
    "#]],
    );
    let without = |record: &mut Record| {
        record.response.as_array_mut().expect("events").remove(0);
    };
    check(
        "watch-016",
        without,
        expect![[r#"
        watch-016
          response[0] missing {"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"w2","namespace":"…
    "#]],
    );
}

#[test]
fn cells_of_tables_are_compared_and_sentences_about_columns_are_not() {
    check(
        "configmap-074",
        |record| {
            record.response["rows"][0]["cells"][1] = json!(77);
            record.response["columnDefinitions"][0]["description"] = json!("ours");
            record.response["columnDefinitions"][0]["priority"] = json!(1);
        },
        expect![[r#"
            configmap-074
              response.columnDefinitions[0].priority 0, got 1
              response.rows[0].cells[1] 0, got 77
        "#]],
    );
}

#[test]
fn a_revision_that_moves_or_stays_is_noticed() {
    let to = |revision| move |record: &mut Record| record.revision = Some(revision);
    check(
        "configmap-002",
        to(Revision::Changed),
        expect![[r#"
        configmap-002
          rv "same", got "changed"
    "#]],
    );
    check(
        "configmap-026",
        to(Revision::Same),
        expect![[r#"
        configmap-026
          rv "changed", got "same"
    "#]],
    );
}

#[test]
fn what_the_original_says_in_any_order_may_come_in_any() {
    let reversed = |record: &mut Record| {
        let message = record.response["message"].as_str().expect("a text").to_owned();
        let (head, list) = message.split_once(": [").expect("a list");
        let mut parts: Vec<&str> = list.trim_end_matches(']').split(", ").collect();
        parts.reverse();
        record.response["message"] = json!(format!("{head}: [{}]", parts.join(", ")));
        record.response["details"]["causes"].as_array_mut().expect("causes").reverse();
    };
    check("configmap-013", reversed, expect![[""]]);
}

#[test]
fn what_was_asked_with_a_value_that_never_came_is_not_sent() {
    let tokenless = |record: &mut Record| {
        record.response["status"] = json!({});
    };
    let mut records = wire();
    let end =
        records.iter().position(|record| record.id == "serviceaccount-025").expect("a record");
    records.truncate(end + 1);
    let mut played = records.clone();
    tokenless(
        played.iter_mut().find(|record| record.id == "serviceaccount-011").expect("a record"),
    );
    expect![[r#"
        serviceaccount-011
          response.status.token missing "<token>"
          response.status.expirationTimestamp missing "<time>"
        serviceaccount-025
          answer: not sent: our answer to `serviceaccount-011` has no `status.token`
    "#]]
    .assert_eq(&told(&records, &outcomes(&records, &played)));
}

#[test]
fn without_a_server_nothing_is_reached() {
    let records = recording("kubernetes/wire-controllers-1.35.4");
    let outcomes = outcomes(&records, &[]);
    assert_eq!(outcomes.len(), records.len());
    assert!(outcomes.iter().all(|outcome| !outcome.agrees()));
}
