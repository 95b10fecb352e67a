//! From manifests in one string to a compact answer: the only place here that knows the API.

use std::fmt::Write as _;
use std::net::IpAddr;

use expect_test::Expect;
use portcullis_analysis::access::can;
use portcullis_analysis::{Answer, AskError, FlowAnswer, Question, SideAnswer, connect};
use portcullis_core::{Family, Namespace, Origin, Place};
use portcullis_object::{Input, Limits, Loaded, Sources, load};
use portcullis_rbac::{Attempt, Requester, Resource, Target};
use portcullis_snapshot::{Refused, Settings, Snapshot};
use smol_str::SmolStr;

/// Two namespaces with three running pods, for cases that are about something else.
const CLUSTER: &str = "
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: red}}
---
apiVersion: v1
kind: Namespace
metadata: {name: dev, labels: {team: blue}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: keeper, namespace: shop, labels: {role: trusted}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web, tier: front}}
spec:
  containers:
  - {name: c, ports: [{name: http, containerPort: 8080}, {name: udp-in, containerPort: 5353, protocol: UDP}]}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec:
  serviceAccountName: keeper
  containers:
  - {name: c, ports: [{name: sql, containerPort: 5432}]}
status: {phase: Running, podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: box, namespace: dev, labels: {app: box}}
status: {phase: Running, podIP: 10.1.0.1}
";

/// A question as it is written on a command line: two ends, then flags that say what YAML does not.
struct Asked {
    from: String,
    to: String,
    family: Family,
    settings: Settings,
}

impl Asked {
    fn read(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let mut next = || words.next().map(str::to_owned);
        let (from, to) = (next().expect("where from"), next().expect("where to"));
        // The roles that every server has are no part of any connection.
        let settings = Settings { bootstrap: false, ..Settings::default() };
        let mut asked = Self { from, to, family: Family::V4, settings };
        while let Some(flag) = next() {
            let value = next().expect("a value behind the flag");
            asked.flag(&flag, &value);
        }
        asked
    }

    fn flag(&mut self, flag: &str, value: &str) {
        let settings = &mut self.settings;
        match flag {
            "-n" => settings.default_namespace = Namespace::new(value),
            "--ip-version" => self.family = if value == "6" { Family::V6 } else { Family::V4 },
            "--pod-cidr" => settings.pod_networks.push(value.parse().expect("a network")),
            "--refused" => {
                settings.refused = match value {
                    "absent" => Refused::Absent,
                    _ => Refused::Unknown,
                }
            }
            "--resolve" => {
                let (name, address) = value.split_once('=').expect("NAME=ADDRESS");
                let address: IpAddr = address.parse().expect("an address");
                settings.resolved.push((name.into(), address));
            }
            "--without" => settings.without.push(value.into()),
            other => panic!("no flag `{other}`"),
        }
    }
}

/// Reads manifests given as (file name, text).
pub fn read(files: &[(&str, &str)]) -> Loaded {
    let input = |(name, text): &(&str, &str)| Input {
        name: (*name).to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    load(files.iter().map(input).collect(), &Limits::default())
}

/// The answer to a question about manifests, and where its places are.
pub fn ask(files: &[(&str, &str)], question: &str) -> (Result<Answer, AskError>, Sources) {
    let asked = Asked::read(question);
    let loaded = read(files);
    let (snapshot, _) = Snapshot::build(&loaded.objects, &loaded.unreadable, &asked.settings);
    let answer = (|| {
        let (from, to) = (asked.from.parse()?, asked.to.parse()?);
        connect(&snapshot, &Question { from, to, family: asked.family })
    })();
    (answer, loaded.sources)
}

/// The verdict alone, or what the error says.
pub fn verdict(files: &[(&str, &str)], question: &str) -> String {
    match ask(files, question).0 {
        Ok(answer) => answer.verdict.word().to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

/// Asks one question about one file, and expects the flows, who decides where, and what is said
/// beside it.
#[track_caller]
pub fn check(yaml: &str, question: &str, want: Expect) {
    let (answer, sources) = ask(&[("k8s", yaml)], question);
    want.assert_eq(&match answer {
        Ok(answer) => shown(&answer, &sources),
        Err(error) => shown_error(&error),
    });
}

/// As [`check`], with two namespaces and three running pods behind the policies: `shop/web`,
/// `shop/db` and `dev/box`.
#[track_caller]
pub fn check_in_cluster(policies: &str, question: &str, want: Expect) {
    check(&format!("{}{CLUSTER}", policies.trim_start()), question, want);
}

/// As [`check_in_cluster`], for the trace: every tier and policy that had a say.
#[track_caller]
pub fn check_trace(policies: &str, question: &str, want: Expect) {
    let yaml = format!("{}{CLUSTER}", policies.trim_start());
    let (answer, sources) = ask(&[("k8s", &yaml)], question);
    let answer = answer.expect("an answer");
    let mut out = String::new();
    for flow in &answer.flows {
        for side in [&flow.egress, &flow.ingress] {
            let _ = writeln!(out, "{} {}", side.direction, side.verdict);
            for line in &side.lines {
                let decides = if line.decides { "=>" } else { "  " };
                let rule = line.rule.map_or_else(String::new, |rule| format!(" rule {rule}"));
                let what = format!("{} {}{rule}", line.kind, line.policy);
                let at = line.origin.as_ref().map_or_else(String::new, |o| place(&sources, o));
                let text = format!(
                    "{decides} {}({}) {}: {}{at}",
                    line.tier,
                    line.order,
                    what.trim(),
                    line.action
                );
                let _ = writeln!(out, "{text}");
            }
        }
    }
    want.assert_eq(&out);
}

fn shown(answer: &Answer, sources: &Sources) -> String {
    let mut out = String::new();
    if answer.flows.len() > 1 {
        let _ = writeln!(out, "{}:", answer.verdict.word());
    } else {
        assert_eq!(answer.verdict.word(), answer.flows[0].verdict.to_string());
    }
    for flow in &answer.flows {
        shown_flow(flow, sources, &mut out);
    }
    for assumed in &answer.assumed {
        let flag = assumed.flag.map_or_else(String::new, |flag| format!(" [{flag}]"));
        let _ = writeln!(out, "assumed: {}{flag}", assumed.what);
    }
    for skipped in &answer.skipped {
        let at = skipped.origin.as_ref().map_or_else(String::new, |o| place(sources, o));
        let _ = writeln!(out, "skipped: {}{at}", skipped.why);
    }
    out
}

fn shown_flow(flow: &FlowAnswer, sources: &Sources, out: &mut String) {
    let service = flow.service.as_ref().map_or_else(String::new, |s| format!(" by {s}"));
    let _ = writeln!(out, "{} {} -> {} {}{service}", flow.verdict, flow.from, flow.to, flow.what());
    shown_side("  ", &flow.egress, sources, out);
    shown_side("  ", &flow.ingress, sources, out);
    if let Some(would) = &flow.would {
        let _ = writeln!(out, "  would {}", would.verdict);
        shown_side("    ", &would.egress, sources, out);
        shown_side("    ", &would.ingress, sources, out);
    }
    for missing in &flow.missing {
        let flag = missing.flag.as_ref().map_or_else(String::new, |flag| format!(" [{flag}]"));
        let _ = writeln!(out, "  depends on {}{flag}", missing.what);
    }
    if let Some(verdict) = flow.without_refused {
        let _ = writeln!(out, "  without it: {verdict}");
    }
    for note in &flow.notes {
        let _ = writeln!(out, "  note: {note}");
    }
}

/// One side: its verdict, the sentence, and the line of what decided. Nothing for an end that no
/// policy protects.
fn shown_side(indent: &str, side: &SideAnswer, sources: &Sources, out: &mut String) {
    if side.verdict == "unpoliced" {
        return;
    }
    let at = side.decided_by.as_ref().and_then(|by| by.origin.as_ref());
    let at = at.map_or_else(String::new, |origin| place(sources, origin));
    let _ = writeln!(out, "{indent}{} {}: {}{at}", side.direction, side.verdict, side.why);
}

/// Asks whether a requester may do something: `USER VERB RESOURCE[/SUBRESOURCE][.GROUP] [-n NAMESPACE]
/// [--name NAME] [--as-group GROUP]… [--refused absent]`, where a resource that begins with `/` is a URL.
#[track_caller]
pub fn check_access(yaml: &str, question: &str, want: Expect) {
    let loaded = read(&[("k8s", yaml.trim_start())]);
    let (attempt, settings) = attempt(question);
    let (snapshot, _) = Snapshot::build(&loaded.objects, &loaded.unreadable, &settings);
    let access = can(&snapshot, &attempt);
    let mut out = format!("{}\n", access.verdict);
    for why in access.decision.because.iter() {
        let at = why.origin().map_or_else(String::new, |o| place(&loaded.sources, o));
        let _ = writeln!(out, "  {why}{at}");
    }
    for doubt in &access.doubts {
        let at = place(&loaded.sources, &doubt.origin);
        let _ = writeln!(out, "  in doubt: {}: {}{at}", doubt.what, doubt.why);
    }
    want.assert_eq(&out);
}

fn attempt(question: &str) -> (Attempt, Settings) {
    let mut words = question.split_whitespace();
    let mut next = || words.next().map(SmolStr::from);
    let (user, verb) = (next().expect("who"), next().expect("a verb"));
    let what = next().expect("a resource");
    let mut requester = Requester { user, groups: Vec::new() };
    let mut settings = Settings::default();
    let (path, group) = what.split_once('.').unwrap_or((&what, ""));
    let (resource, subresource) = path.split_once('/').unwrap_or((path, ""));
    let mut target = Resource {
        group: group.into(),
        resource: resource.into(),
        subresource: subresource.into(),
        ..Resource::default()
    };
    while let Some(flag) = next() {
        let value = next().expect("a value behind the flag");
        match flag.as_str() {
            "-n" => target.namespace = Some(Namespace::new(value)),
            "--name" => target.name = value,
            "--as-group" => requester.groups.push(value),
            "--refused" => settings.refused = Refused::Absent,
            other => panic!("no flag `{other}`"),
        }
    }
    let is_url = what.starts_with('/');
    let target = if is_url { Target::Url(what) } else { Target::Resource(target) };
    (Attempt { requester, verb, target }, settings)
}

/// ` k8s:12`.
fn place(sources: &Sources, origin: &Origin) -> String {
    match sources.locate(&Place::At(origin.clone())) {
        Some(located) => format!(" {}:{}", located.input, located.line),
        None => String::new(),
    }
}

fn shown_error(error: &AskError) -> String {
    let mut out = format!("error: {error}\n");
    for help in error.help() {
        let _ = writeln!(out, "help: {help}");
    }
    out
}
