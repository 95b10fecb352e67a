//! The API server: how soon it answers, how large it is, and how fast beside servers that do nothing.
//!
//! ```text
//! this process: 16 clients, 10,000 watchers ──TLS──┬─▶ `portcullis serve`      stores, judges, tells
//!                                                  └─▶ `bench floor` (a child) the same library, and nothing else
//! ```
//! Server and floor take turns and have the same clients, so what disturbs one disturbs the other:
//! ratios count, and each is the middle one of its rounds.

pub mod floor;
mod load;
mod running;
mod tls;
mod watchers;

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clock::{Times, nanoseconds};
use crate::report::Report;
use load::{CONNECTIONS, Client, Sent};
use running::{Floor, Server};

/// A start costs a tenth of a second with what comes after it.
const STARTS: usize = 10;

/// Server and floor take so many turns.
const ROUNDS: usize = 5;
const ROUNDS_QUICK: usize = 2;

/// How long one turn lasts: some thousand answers.
const TURN: Duration = Duration::from_secs(2);
const TURN_QUICK: Duration = Duration::from_millis(500);

/// Objects of the long list.
const LISTED: usize = 6_000;

/// How often it is asked for.
const LISTS: usize = 20;

/// Watches, and how many of them share a connection: as many as the server allows.
const WATCHERS: usize = 10_000;
const WATCHERS_QUICK: usize = 1_000;
const WATCHES_PER_CONNECTION: usize = 100;

/// How often all of them are told something.
const TOLD: usize = 15;

/// How much text an object holds, so that the request has 0.9 kB.
const TEXT_BYTES: usize = 780;

/// Measures the server that this program is.
pub fn measure(program: &Path, quick: bool, report: &mut Report) -> Result<(), Box<dyn Error>> {
    starts(program, report)?;
    resident(program, report)?;
    let server = Server::start(program)?;
    let floor = Floor::start(server.folder())?;
    rates(&server, &floor, quick, report)?;
    list(&server, report)?;
    fan_out(&server, &floor, quick, report)?;
    server.stop()
}

/// From before the process exists until another has its first 200: keys, certificates and the bootstrap
/// policy are made meanwhile.
fn starts(program: &Path, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let begun = Instant::now();
        let server = Server::start(program)?;
        times.push(nanoseconds(begun.elapsed()));
        server.stop()?;
    }
    let best = times.iter().copied().fold(f64::INFINITY, f64::min);
    report.times("serve_cold_start", STARTS, Times::of(times).per(1e6), "ms")?;
    report.number("serve_cold_start_best", STARTS, best / 1e6, "ms")?;
    Ok(())
}

/// Resident memory after kubectl has applied something and had something explained.
fn resident(program: &Path, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let server = Server::start(program)?;
    report.number("serve_rss_idle", 1, server.resident()?, "MB")?;
    match server.with_kubectl() {
        Ok(()) => report.number("serve_rss", 1, server.resident()?, "MB")?,
        Err(why) => eprintln!("serve_rss: SKIPPED, {why}"),
    }
    server.stop()
}

fn rates(
    server: &Server,
    floor: &Floor,
    quick: bool,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let (rounds, turn) = if quick { (ROUNDS_QUICK, TURN_QUICK) } else { (ROUNDS, TURN) };
    let mut setting_up = server.client()?;
    namespace(&mut setting_up, "rates")?;
    let got: Vec<String> = (0..CONNECTIONS).map(|at| format!("got-{at}")).collect();
    for name in &got {
        let request = create(server.port(), "rates", name);
        setting_up.send(&request)?.expect(201)?;
    }
    let get = |at: usize| {
        let path = format!("/api/v1/namespaces/rates/configmaps/{}", got[at % got.len()]);
        load::request(server.port(), "GET", &path, "")
    };
    let constant = load::request(floor.port(), "GET", floor::CONSTANT, "");
    let (mut log, mut creates, mut http, mut gets) = (vec![], vec![], vec![], vec![]);
    for round in 0..rounds {
        let body = configmap("rates", "floor");
        let entry = load::request(floor.port(), "POST", floor::LOG, &body);
        log.push(load::rate(|| floor.client(), turn, 201, |_, _| entry.clone())?);
        creates.push(load::rate(
            || server.client(),
            turn,
            201,
            |at, number| create(server.port(), "rates", &format!("c-{round}-{at}-{number}")),
        )?);
        http.push(load::rate(|| floor.client(), turn, 200, |_, _| constant.clone())?);
        gets.push(load::rate(|| server.client(), turn, 200, |at, _| get(at))?);
    }
    for (name, floor_name, rates, floors) in
        [("create_16", "log_floor_16", creates, log), ("get_16", "http_floor_16", gets, http)]
    {
        let ratios = rates.iter().zip(&floors).map(|(rate, floor)| rate / floor).collect();
        report.times(floor_name, CONNECTIONS, fastest(&floors), "ops/s")?;
        report.times(name, CONNECTIONS, fastest(&rates), "ops/s")?;
        report.times(&format!("{name}_of_floor"), CONNECTIONS, Times::of(ratios), "x")?;
    }
    Ok(())
}

/// All of a long list, not compressed, until its last byte.
fn list(server: &Server, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let mut client = server.client()?;
    namespace(&mut client, "list")?;
    load::each(
        || server.client(),
        LISTED,
        201,
        |number| create(server.port(), "list", &format!("l-{number:05}")),
    )?;
    let request = load::request(server.port(), "GET", "/api/v1/namespaces/list/configmaps", "");
    let mut times = Vec::with_capacity(LISTS);
    let mut bytes = 0;
    for _ in 0..LISTS {
        let begun = Instant::now();
        bytes = client.send(&request)?.expect(200)?.len();
        times.push(nanoseconds(begun.elapsed()));
    }
    report.fact("listed", &json!({"objects": LISTED, "bytes": bytes}))?;
    let best = times.iter().copied().fold(f64::INFINITY, f64::min);
    report.times("list_6000", LISTED, Times::of(times).per(1e6), "ms")?;
    report.number("list_6000_best", LISTED, best / 1e6, "ms")?;
    Ok(())
}

/// One write, until every watch has told it.
fn fan_out(
    server: &Server,
    floor: &Floor,
    quick: bool,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let watches = if quick { WATCHERS_QUICK } else { WATCHERS };
    let mut client = server.client()?;
    namespace(&mut client, "watched")?;
    let listed = load::request(server.port(), "GET", "/api/v1/namespaces/watched/configmaps", "");
    let listed: Value = serde_json::from_slice(client.send(&listed)?.expect(200)?)?;
    let version =
        listed["metadata"]["resourceVersion"].as_str().ok_or("the list has no version")?;
    let path = format!("/api/v1/namespaces/watched/configmaps?watch=1&resourceVersion={version}");
    let mut of_server = watchers::Watchers::connect(
        watches,
        WATCHES_PER_CONNECTION,
        server.port(),
        &path,
        server.tls(b"h2")?,
    )?;
    let mut writer = server.client()?;
    let mut told = |number: usize| {
        let request = create(server.port(), "watched", &format!("w-{number}"));
        let begun = Instant::now();
        writer.send(&request)?.expect(201)?;
        of_server.all_told(begun)
    };
    // The first finds caches cold, and shows how long an event is.
    told(TOLD)?;
    let times = (0..TOLD).map(&mut told).collect::<Result<Vec<f64>, _>>()?;
    let event = of_server.event();
    drop(of_server);
    let mut of_floor = watchers::Watchers::connect(
        watches,
        WATCHES_PER_CONNECTION,
        floor.port(),
        floor::WATCH,
        floor.http2(),
    )?;
    let mut writer = floor.client()?;
    let request = load::request(floor.port(), "POST", floor::FAN, &event);
    let mut told = |_| {
        let begun = Instant::now();
        writer.send(&request)?.expect(201)?;
        of_floor.all_told(begun)
    };
    told(TOLD)?;
    let floors = (0..TOLD).map(&mut told).collect::<Result<Vec<f64>, _>>()?;
    report.fact(
        "told",
        &json!({
            "watches": watches, "connections": watches.div_ceil(WATCHES_PER_CONNECTION),
            "bytes": event.len(),
        }),
    )?;
    let (times, floors) = (Times::of(times), Times::of(floors));
    report.times("fanout_floor_10000", watches, floors.per(1e6), "ms")?;
    report.times("watch_10000", watches, times.per(1e6), "ms")?;
    report.number("watch_10000_of_floor", watches, times.p50 / floors.p50, "x")?;
    Ok(())
}

fn fastest(rates: &[f64]) -> Times {
    let (least, most) = (f64::min, f64::max);
    Times {
        p50: rates.iter().copied().fold(0.0, most),
        p99: rates.iter().copied().fold(f64::INFINITY, least),
    }
}

fn namespace(client: &mut Client, name: &str) -> Result<(), Box<dyn Error>> {
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let request = load::request(client.port(), "POST", "/api/v1/namespaces", &body.to_string());
    client.send(&request)?.expect(201)?;
    Ok(())
}

fn configmap(namespace: &str, name: &str) -> String {
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"text": "x".repeat(TEXT_BYTES)},
    });
    object.to_string()
}

fn create(port: u16, namespace: &str, name: &str) -> Sent {
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    load::request(port, "POST", &path, &configmap(namespace, name))
}
