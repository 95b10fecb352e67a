//! Requests and answers of a real API server. They are read where `PORTCULLIS_CORPORA` or the
//! folder beside the checkout has them; without them the tests say that they did not run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use portcullis_schema::api::{self, Message};
use portcullis_schema::decode::{self, Decoded};
use portcullis_schema::protobuf;
use serde_json::{Map, Value};

/// The records, one JSON object a line; none where they are not at hand.
pub fn records() -> Option<Vec<Value>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let corpora = std::env::var_os("PORTCULLIS_CORPORA").map_or(beside, PathBuf::from);
    let path = corpora.join("kubernetes/wire-1.35.4.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        crate::skipped(&format!("no recorded requests at {}", path.display()));
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect())
}

pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The message of an object's kind, if the tables know it.
fn message_of(object: &Value) -> Option<&'static Message> {
    let (group, version) = match text(object, "/apiVersion") {
        "" => return None,
        whole => whole.split_once('/').unwrap_or(("", whole)),
    };
    api::kind(group, version, text(object, "/kind")).map(|kind| kind.message)
}

/// Places of answers that stand for something else are filled in, so that they can be read.
pub fn filled(value: &Value) -> Value {
    match value {
        Value::String(text) if text == "<time>" => Value::from("2026-01-02T03:04:05Z"),
        Value::String(text) if text == "<port>" => Value::from(30000),
        Value::Array(items) => items.iter().map(filled).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(k, v)| (k.clone(), filled(v))).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn every_answer_is_printed_again_as_it_was() {
    let Some(records) = records() else { return };
    let mut count = BTreeMap::new();
    let mut faults = Vec::new();
    for record in &records {
        let Some(answer) = record.get("response") else { continue };
        let Some(message) = message_of(answer) else { continue };
        let answer = filled(answer);
        let printed = match decode::decode(message, answer.to_string().as_bytes()) {
            Ok(Decoded { object, complaints }) if complaints.is_empty() => {
                Value::Object(object).to_string()
            }
            Ok(Decoded { complaints, .. }) => complaints[0].to_string(),
            Err(error) => error.to_string(),
        };
        *count.entry(message.name).or_insert(0) += 1;
        let answer = answer.to_string();
        if printed != answer {
            faults.push(format!("{}\n  {answer}\n  {printed}", text(record, "/id")));
        }
    }
    assert!(faults.is_empty(), "{} of {:?}:\n{}", faults.len(), count, faults.join("\n"));
    assert!(count.values().sum::<i32>() > 900 && count.len() > 60, "{count:?}");
}

#[test]
fn no_create_is_contradicted_by_its_answer() {
    let Some(records) = records() else { return };
    let mut count = 0;
    let mut faults = Vec::new();
    for record in &records {
        let Some(body) = record.get("body").and_then(Value::as_str) else { continue };
        let answer = record.get("response").unwrap_or(&Value::Null);
        let created = record.get("status") == Some(&Value::from(201));
        let Some(message) = message_of(answer).filter(|_| created) else { continue };
        let json = text(record, "/headers/Content-Type") == "application/json";
        // An eviction is answered by a status.
        let other = message.name == "meta/v1.Status";
        if text(record, "/method") != "POST" || !json || other || body.contains("${") {
            continue;
        }
        count += 1;
        let mut decoded = match decode::decode(message, body.as_bytes()) {
            Ok(decoded) => decoded.object,
            Err(error) => {
                faults.push(format!("{}: {error}", text(record, "/id")));
                continue;
            }
        };
        decode::settle(message, &mut decoded);
        // The server's own: what it found out, and who asks for a certificate.
        decoded.remove("status");
        if let Some(spec) = decoded.get_mut("spec").and_then(Value::as_object_mut)
            && message.name == "certificates/v1.CertificateSigningRequest"
        {
            spec.retain(|name, _| !matches!(name.as_str(), "username" | "groups"));
        }
        let answer = answer.as_object().expect("a created object is one");
        compare("", &decoded, answer, &mut |fault| {
            faults.push(format!("{}: {fault}", text(record, "/id")));
        });
    }
    assert!(faults.is_empty(), "{} in {count}:\n{}", faults.len(), faults.join("\n"));
    assert!(count >= 300, "only {count} creates");
}

/// What both have must be equal; what the server set or added to may differ.
fn compare(
    path: &str,
    sent: &Map<String, Value>,
    answered: &Map<String, Value>,
    fault: &mut dyn FnMut(String),
) {
    for (name, sent) in sent {
        let Some(answered) = answered.get(name) else { continue };
        compare_values(&format!("{path}.{name}"), sent, answered, fault);
    }
}

fn compare_values(path: &str, sent: &Value, answered: &Value, fault: &mut dyn FnMut(String)) {
    match (sent, answered) {
        (Value::Object(sent), Value::Object(answered)) => compare(path, sent, answered, fault),
        (Value::Array(sent), Value::Array(answered)) if sent.len() == answered.len() => {
            for (at, (sent, answered)) in sent.iter().zip(answered).enumerate() {
                compare_values(&format!("{path}[{at}]"), sent, answered, fault);
            }
        }
        // What the server fills in where nothing, or nothing but zero, was sent.
        (Value::Null, _) => {}
        (Value::Number(sent), _) if sent.as_i64() == Some(0) => {}
        (Value::String(sent), _) if sent.is_empty() => {}
        (_, Value::String(answered)) if answered.starts_with('<') => {}
        (sent, answered) if sent == answered => {}
        _ => fault(format!("{path}: sent {sent}, answered {answered}")),
    }
}

#[test]
fn refused_texts_are_refused_in_the_same_words() {
    let Some(records) = records() else { return };
    let mut count = 0;
    let mut faults = Vec::new();
    for record in &records {
        let Some(body) = record.get("body").and_then(Value::as_str) else { continue };
        let said = text(record, "/response/message");
        let json = text(record, "/headers/Content-Type") == "application/json";
        let Some((kind, why)) = said.split_once(": ").filter(|_| json) else { continue };
        let named = kind.rsplit_once(" cannot be handled as a ");
        let unnamed =
            kind.rsplit_once(" (must be of type ").map(|(a, b)| (a, b.trim_end_matches(')')));
        let Some((_, kind)) = named.or(unnamed) else { continue };
        // The server's own: kinds that are not the address's, or that it does not have at all.
        let Some(kind) = api::kinds().iter().find(|k| k.kind == kind) else { continue };
        if why.contains("unknown conversion") || why.contains("no kind ") {
            continue;
        }
        count += 1;
        let why = match why.strip_prefix("couldn't get version/kind; json parse error: ") {
            Some(why) => why.rsplit_once(" (").map_or(why, |(why, _)| why),
            None => why,
        };
        let ours = match decode::decode(kind.message, body.as_bytes()) {
            Ok(decoded) => {
                let complaints: Vec<String> =
                    decoded.complaints.iter().map(ToString::to_string).collect();
                format!("strict decoding error: {}", complaints.join(", "))
            }
            Err(error) => error.to_string(),
        };
        if ours != why {
            faults.push(format!("{}:\n  {why}\n  {ours}", text(record, "/id")));
        }
    }
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
    assert!(count > 10, "only {count} refused");
}

#[test]
fn protobuf_bodies_are_read_or_refused_as_they_were() {
    let Some(records) = records() else { return };
    let mut seen = [0, 0];
    for record in &records {
        let Some(body) = record.get("body_base64").and_then(Value::as_str) else { continue };
        let id = text(record, "/id");
        let body = base64(body);
        let answer = record.get("response").unwrap_or(&Value::Null);
        let said = text(answer, "/message");
        if record.get("status") == Some(&Value::from(201)) {
            let message = message_of(answer).expect("a known kind");
            let object = protobuf::decode(message, &body).expect(id);
            let answer = answer.as_object().expect("a created object is one");
            let mut faults = Vec::new();
            let mut sent = object;
            sent.remove("status");
            compare("", &sent, answer, &mut |fault| faults.push(fault));
            assert_eq!(faults, Vec::<String>::new(), "{id}");
            seen[0] += 1;
        } else if said.contains("recognized") || said.ends_with("unexpected EOF") {
            let message = api::message("core/v1.ConfigMap").expect("known");
            let why = protobuf::decode(message, &body).expect_err(id);
            assert!(said.contains(&why.to_string()), "{id}: {why}, {said}");
            assert_eq!(why.is_unrecognised(), said.contains("recognized"), "{id}");
            seen[1] += 1;
        }
    }
    assert_eq!(seen, [2, 3]);
}

/// The bytes of a body that is no text.
fn base64(text: &str) -> Vec<u8> {
    let sextet = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let letters: Vec<u8> = text.bytes().filter(|b| *b != b'=').map(sextet).collect();
    letters
        .chunks(4)
        .flat_map(|four| {
            let bits = four.iter().fold(0_u32, |bits, six| bits << 6 | u32::from(*six));
            let bits = bits << (6 * (4 - four.len()));
            let [_, a, b, c] = bits.to_be_bytes();
            [a, b, c].into_iter().take(four.len() - 1)
        })
        .collect()
}
