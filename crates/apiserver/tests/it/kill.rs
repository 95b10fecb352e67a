//! kill -9 of the server at any moment: what it acknowledged is there when it is back, and versions never
//! go back.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use std::{env, thread};

use portcullis_apiserver::config::Config;
use serde_json::{Value, json};

use crate::client::{Client, trust};
use crate::server::{self, Server};

/// How often it is killed.
const KILLS: &str = "PORTCULLIS_SERVER_KILLS";
const KILLS_NORMALLY: u64 = 5;

/// Each has a connection and objects of its own.
const WRITERS: u64 = 4;

/// How many objects a writer creates, changes and deletes in turn.
const OBJECTS: u64 = 8;

/// The longest time that the server works before it is killed.
const WORK_MAX_US: u64 = 150_000;

const TOKEN: &str = "let-me-in";
const PATH: &str = "/api/v1/namespaces/default/configmaps";

/// What the objects of one writer hold: as acknowledged, and what was asked for last and not answered.
#[derive(Clone, Default)]
struct Model {
    held: BTreeMap<String, u64>,
    /// An object, and what it holds if that was done.
    asked: Option<(String, Option<u64>)>,
    next: u64,
}

/// What one writer lived to see.
struct Seen {
    model: Model,
    acknowledged: u64,
    newest: u64,
}

fn config(folder: &Path) -> Config {
    let tokens = folder.join("tokens.csv");
    std::fs::write(&tokens, format!("{TOKEN},admin,1,system:masters\n"))
        .expect("it can be written");
    Config {
        data_dir: Some(folder.join("data")),
        bind: ([127, 0, 0, 1], 0).into(),
        token_auth_file: Some(tokens),
        ..Config::default()
    }
}

fn version(object: &Value) -> u64 {
    let text = object["metadata"]["resourceVersion"].as_str().expect("it has a version");
    text.parse().expect("it is a number")
}

/// Creates, changes and deletes its objects in turn, until nobody answers.
fn write_for_ever(mut client: Client, writer: u64, mut model: Model) -> Seen {
    let (mut acknowledged, mut newest) = (0, 0);
    loop {
        let number = model.next;
        model.next += 1;
        let name = format!("w{writer}-{}", number % OBJECTS);
        // An object is there twice: what is half there would show.
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
            "data": {"first": number.to_string(), "filler": ".".repeat((number * 37 % 1500) as usize),
                "second": number.to_string()},
        });
        let place = format!("{PATH}/{name}");
        let (answer, wanted) = match model.held.get(&name) {
            None => (("POST", PATH, object.to_string()), Some(number)),
            Some(held) if held % 3 == 0 => (("DELETE", place.as_str(), String::new()), None),
            Some(_) => (("PUT", place.as_str(), object.to_string()), Some(number)),
        };
        let (method, path, body) = answer;
        model.asked = Some((name.clone(), wanted));
        let Ok((status, answer)) = client.ask(method, path, &body) else {
            return Seen { model, acknowledged, newest };
        };
        assert!(matches!(status, 200 | 201), "{method} {path}: {status} {answer}");
        model.asked = None;
        match wanted {
            Some(number) => {
                newest = newest.max(version(&answer));
                model.held.insert(name, number);
            }
            None => drop(model.held.remove(&name)),
        }
        acknowledged += 1;
    }
}

/// Holds what is there against what was acknowledged, and takes over what was done without an answer.
fn compare(kill: u64, there: &BTreeMap<String, u64>, model: &mut Model) {
    if let Some((name, wanted)) = model.asked.take()
        && there.get(&name).copied() == wanted
    {
        match wanted {
            Some(number) => drop(model.held.insert(name, number)),
            None => drop(model.held.remove(&name)),
        }
    }
    for (name, number) in &model.held {
        assert_eq!(there.get(name), Some(number), "kill {kill}: what {name} holds");
    }
}

/// The objects of all writers, and the version of the list.
fn listed(client: &mut Client) -> (BTreeMap<String, u64>, u64) {
    let (status, list) = client.ask("GET", PATH, "").expect("it answers");
    assert_eq!(status, 200, "{list}");
    let items = list["items"].as_array().expect("a list has items");
    let ours = items.iter().filter_map(|item| {
        let name = item["metadata"]["name"].as_str().filter(|name| name.starts_with('w'))?;
        let number = |field: &str| item["data"][field].as_str().and_then(|text| text.parse().ok());
        assert_eq!(number("first"), number("second"), "{name} is half there");
        Some((name.to_owned(), number("first").expect("it holds a number")))
    });
    (ours.collect(), version(&list))
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    if server::serve(config).is_break() {
        return;
    }
    let folder = tempfile::tempdir().expect("there is room");
    let kills = env::var(KILLS).map_or(KILLS_NORMALLY, |text| text.parse().expect("a number"));
    let mut models = vec![Model::default(); WRITERS as usize];
    let (mut newest, mut acknowledged) = (0, 0);
    for kill in 0..=kills {
        let server = Server::start(folder.path(), "kill::nothing_acknowledged_is_lost_by_a_kill");
        let trust = trust(&folder.path().join("data"));
        let connect = || Client::connect(server.port, &trust, TOKEN).expect("it listens");
        let (there, version) = listed(&mut connect());
        assert!(version >= newest, "kill {kill}: the version went back from {newest} to {version}");
        newest = version;
        for model in &mut models {
            compare(kill, &there, model);
        }
        let known: usize = models.iter().map(|model| model.held.len()).sum();
        assert_eq!(there.len(), known, "kill {kill}: what was deleted is gone");
        let working: Vec<_> = (0..WRITERS)
            .zip(models.drain(..))
            .map(|(writer, model)| {
                let client = connect();
                thread::spawn(move || write_for_ever(client, writer, model))
            })
            .collect();
        // Moments that look random, are never the same twice and can be repeated.
        let work = kill.wrapping_mul(0x9e37_79b9_7f4a_7c15) % WORK_MAX_US;
        // This waits for nothing: it is how long the server is left to work before it is killed.
        thread::sleep(Duration::from_micros(work));
        drop(server);
        for writer in working {
            let seen = writer.join().expect("everything was answered well until the end");
            newest = newest.max(seen.newest);
            acknowledged += seen.acknowledged;
            models.push(seen.model);
        }
    }
    assert!(acknowledged > 0, "some of them were killed at work");
}
