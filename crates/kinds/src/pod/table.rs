//! How pods look in a Table.

use portcullis_core::Timestamp;
use serde_json::Value;

use crate::value::{at, flag, integer, is_set, list, map, maps, text};
use crate::{Object, age};

const NONE: &str = "<none>";

/// The cells of a pod: name, ready, status, restarts, age, IP, node, nominated node, readiness gates.
pub(super) fn cells(pod: &Object, now: Timestamp) -> Vec<Value> {
    let empty = Object::new();
    let metadata = map(pod, "metadata").unwrap_or(&empty);
    let spec = map(pod, "spec").unwrap_or(&empty);
    let status = map(pod, "status").unwrap_or(&empty);
    let run = Run::of(metadata, spec, status);
    let restarts = match run.last_restart {
        Some(time) if run.restarts != 0 => {
            format!("{} ({} ago)", run.restarts, age::since(Some(time), now))
        }
        _ => run.restarts.to_string(),
    };
    let address = maps(status, "podIPs").next().map_or("", |(_, one)| text(one, "ip"));
    vec![
        text(metadata, "name").into(),
        format!("{}/{}", run.ready, run.total).into(),
        run.reason.into(),
        restarts.into(),
        age::of(pod, now).into(),
        or_none(address),
        or_none(text(spec, "nodeName")),
        or_none(text(status, "nominatedNodeName")),
        gates(spec, status).into(),
    ]
}

fn or_none(text: &str) -> Value {
    if text.is_empty() { NONE.into() } else { text.into() }
}

fn gates(spec: &Object, status: &Object) -> String {
    let gates = list(spec, "readinessGates").len();
    if gates == 0 {
        return NONE.to_owned();
    }
    let open = maps(spec, "readinessGates")
        .filter(|(_, gate)| {
            let kind = text(gate, "conditionType");
            maps(status, "conditions")
                .find(|(_, condition)| text(condition, "type") == kind)
                .is_some_and(|(_, condition)| text(condition, "status") == "True")
        })
        .count();
    format!("{open}/{gates}")
}

fn is_true(status: &Object, kind: &str) -> bool {
    maps(status, "conditions").any(|(_, condition)| {
        text(condition, "type") == kind && text(condition, "status") == "True"
    })
}

/// What the containers of a pod are doing.
struct Run<'a> {
    ready: usize,
    total: usize,
    restarts: i64,
    last_restart: Option<&'a Value>,
    reason: String,
}

impl<'a> Run<'a> {
    fn of(metadata: &Object, spec: &Object, status: &'a Object) -> Self {
        let is_sidecar = |name: &str| {
            maps(spec, "initContainers")
                .any(|(_, c)| text(c, "name") == name && text(c, "restartPolicy") == "Always")
        };
        let sidecars = maps(spec, "initContainers")
            .filter(|(_, c)| text(c, "restartPolicy") == "Always")
            .count();
        let mut run = Self {
            ready: 0,
            total: list(spec, "containers").len() + sidecars,
            restarts: 0,
            last_restart: None,
            reason: match text(status, "reason") {
                "" => text(status, "phase").to_owned(),
                reason => reason.to_owned(),
            },
        };
        if maps(status, "conditions").any(|(_, condition)| {
            text(condition, "type") == "PodScheduled"
                && text(condition, "reason") == "SchedulingGated"
        }) {
            "SchedulingGated".clone_into(&mut run.reason);
        }
        let steps = list(spec, "initContainers").len();
        let (own_restarts, own_last, is_initializing) = run.initialize(status, steps, is_sidecar);
        if !is_initializing || is_true(status, "Initialized") {
            (run.restarts, run.last_restart) = (own_restarts, own_last);
            run.run(status);
        }
        let is_going = is_set(metadata, "deletionTimestamp");
        let is_over = matches!(text(status, "phase"), "Succeeded" | "Failed");
        if is_going && text(status, "reason") == "NodeLost" {
            "Unknown".clone_into(&mut run.reason);
        } else if is_going && !is_over {
            "Terminating".clone_into(&mut run.reason);
        }
        run
    }

    /// Walks the containers that run before the others; gives the restarts of the sidecars among them
    /// and whether one is still on its way.
    fn initialize(
        &mut self,
        status: &'a Object,
        steps: usize,
        is_sidecar: impl Fn(&str) -> bool,
    ) -> (i64, Option<&'a Value>, bool) {
        let (mut restarts, mut last) = (0, None);
        for (i, container) in maps(status, "initContainerStatuses") {
            let sidecar = is_sidecar(text(container, "name"));
            let count = integer(container, "restartCount").unwrap_or(0);
            let ended = at(container, &["lastState", "terminated", "finishedAt"]);
            self.restarts = self.restarts.saturating_add(count);
            self.last_restart = later(self.last_restart, ended);
            if sidecar {
                restarts = count.saturating_add(restarts);
                last = later(last, ended);
            }
            let (terminated, waiting) = states(container);
            if terminated.is_some_and(|end| integer(end, "exitCode").unwrap_or(0) == 0) {
                continue;
            }
            if sidecar && flag(container, "started") == Some(true) {
                self.ready += usize::from(flag(container, "ready") == Some(true));
                continue;
            }
            let waits_for = waiting.map(|state| text(state, "reason")).filter(|r| !r.is_empty());
            self.reason = match (terminated, waits_for) {
                (Some(end), _) => format!("Init:{}", end_reason(end)),
                (None, Some(reason)) if reason != "PodInitializing" => format!("Init:{reason}"),
                _ => format!("Init:{i}/{steps}"),
            };
            return (restarts, last, true);
        }
        (restarts, last, false)
    }

    fn run(&mut self, status: &'a Object) {
        let (mut has_running, mut error) = (false, None);
        let statuses: Vec<&Object> = maps(status, "containerStatuses").map(|(_, c)| c).collect();
        for container in statuses.into_iter().rev() {
            let count = integer(container, "restartCount").unwrap_or(0);
            self.restarts = self.restarts.saturating_add(count);
            let ended = at(container, &["lastState", "terminated", "finishedAt"]);
            self.last_restart = later(self.last_restart, ended);
            let (terminated, waiting) = states(container);
            let waits_for = waiting.map(|state| text(state, "reason")).filter(|r| !r.is_empty());
            if let Some(reason) = waits_for {
                reason.clone_into(&mut self.reason);
            } else if let Some(end) = terminated {
                self.reason = end_reason(end);
                if integer(end, "exitCode").unwrap_or(0) != 0 {
                    error = Some(self.reason.clone());
                }
            } else if flag(container, "ready") == Some(true)
                && at(container, &["state", "running"]).is_some()
            {
                has_running = true;
                self.ready += 1;
            }
        }
        if self.reason != "Completed" {
            return;
        }
        if has_running && is_true(status, "Ready") {
            "Running".clone_into(&mut self.reason);
        } else if let Some(error) = error {
            self.reason = error;
        } else if has_running {
            "NotReady".clone_into(&mut self.reason);
        }
    }
}

fn states(container: &Object) -> (Option<&Object>, Option<&Object>) {
    let state = |name| at(container, &["state", name]).and_then(Value::as_object);
    (state("terminated"), state("waiting"))
}

fn end_reason(end: &Object) -> String {
    match (text(end, "reason"), integer(end, "signal").unwrap_or(0)) {
        ("", 0) => format!("ExitCode:{}", integer(end, "exitCode").unwrap_or(0)),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

/// The later of two times; as RFC 3339 in UTC they sort as text.
fn later<'a>(one: Option<&'a Value>, other: Option<&'a Value>) -> Option<&'a Value> {
    let as_text = |value: Option<&'a Value>| value.and_then(Value::as_str).unwrap_or_default();
    if as_text(other) > as_text(one) { other } else { one }
}
