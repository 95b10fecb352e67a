//! Manifests damaged in every way a slip of the hand can: whatever is left is judged, and nothing
//! stops the program.

use portcullis_cli::{Environment, Exit, Streams, run};

use crate::support::SHOP;

/// A policy of Calico, a host endpoint and a Service: what [`SHOP`] lacks.
const MORE: &str = "\
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: { name: security }
spec: { order: 10, defaultAction: Pass }
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: security.db, namespace: shop }
spec:
  tier: security
  order: 5
  selector: app == 'db' && has(app)
  types: [ Ingress, Egress ]
  ingress:
  - action: Allow
    protocol: TCP
    source: { selector: \"app in { 'cart', 'x' }\", nets: [ 10.0.0.0/8 ], notPorts: [ 1, '2:3' ] }
    destination: { ports: [ 5432 ] }
  - { action: Deny, protocol: ICMP, icmp: { type: 8, code: 0 } }
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: { name: eth0, labels: { role: node } }
spec: { node: node-1, interfaceName: eth0, expectedIPs: [ 192.0.2.1 ], ports: [ { name: a, port: 1, protocol: TCP } ] }
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: { name: bad, labels: { bad: 'yes' } }
spec: { nets: [ 198.51.100.0/24 ], allowedEgressDomains: [ '*.example.com' ] }
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: shop }
spec: { selector: { app: db }, ports: [ { port: 5432, targetPort: 5432 } ] }
";

/// Asks about the text in every way, and says how each ended.
#[track_caller]
fn check(text: &str) -> Vec<Exit> {
    let questions = [
        "connect shop/cart svc/shop/db:5432",
        "connect hep/eth0 shop/db:5432 -o json",
        "connect shop/db dns/www.example.com/icmp:8 -v",
        "rbac can list pods -n shop --as jane --no-bootstrap",
        "rbac what --as jane --no-bootstrap -o yaml",
    ];
    questions.into_iter().map(|words| ask(words, text)).collect()
}

/// Has the text checked, mended and its promises tested, and says how each ended.
#[track_caller]
fn report(text: &str) -> Vec<Exit> {
    let commands = [
        "check --diff --unsafe-fixes",
        "check -o sarif",
        "check --plain",
        "test -v",
        "test --init",
    ];
    commands.into_iter().map(|words| ask(words, text)).collect()
}

#[track_caller]
fn ask(words: &str, text: &str) -> Exit {
    let arguments = format!("portcullis {words} -f -");
    let arguments: Vec<_> = arguments.split(' ').map(Into::into).collect();
    let (mut data, mut notes) = (Vec::new(), Vec::new());
    let streams = Streams { input: &mut text.as_bytes(), data: &mut data, notes: &mut notes };
    let exit = run(arguments, streams, &Environment::default());
    // Where nothing is found, that is said beside the answer.
    let is_beside = exit == Exit::CouldNot || words.starts_with("check");
    let said = if is_beside { &notes } else { &data };
    assert!(!said.is_empty(), "`{words}` ends with {exit:?} and without a word about\n{text}");
    exit
}

/// What the shop promises, beside it.
const PROMISES: &str = "\
---
apiVersion: portcullis.dev/v1alpha1
kind: SecurityTest
metadata: { name: shop }
cluster: { fixtures: [ { ip: { internet: 198.51.100.7 } } ], settings: { bootstrap: false } }
assert:
- shop/cart -> shop/db:5432 allow by shop/db#0
- user/jane can [ get, list ] pods in shop
- { name: later, from: ip/internet, to: 'shop/db:5432', verdict: deny, skip: { reason: x, until: 2030-01-01 } }
- only: { to: 'shop/db:5432', from: [ shop/cart ] }
";

fn whole() -> String {
    format!("{SHOP}{MORE}")
}

fn promised() -> String {
    format!("{SHOP}{PROMISES}")
}

#[test]
fn the_whole_can_be_judged() {
    use Exit::{Unknown, Yes};
    assert_eq!(check(&whole()), [Yes, Unknown, Yes, Yes, Yes]);
    assert_eq!(report(&promised()), [Yes; 5]);
}

/// The text without each of its lines.
fn shorter(whole: &str) -> impl Iterator<Item = String> {
    let lines: Vec<&str> = whole.lines().collect();
    (0..lines.len()).map(move |missing| {
        let left = lines.iter().enumerate().filter(|(i, _)| *i != missing);
        left.map(|(_, line)| format!("{line}\n")).collect()
    })
}

#[test]
fn a_line_is_missing() {
    for text in shorter(&whole()) {
        check(&text);
    }
    for text in shorter(&promised()) {
        report(&text);
    }
}

#[test]
fn a_value_is_of_another_kind() {
    let whole = whole();
    for (from, to) in [
        (": [ ", ": { a: "),
        (": { ", ": [ "),
        ("[ ", "[ null, "),
        ("{ ", "{ '': "),
        (": 5432", ": 99999"),
        (": 5432", ": -1"),
        (": TCP", ": 6"),
        (": shop", ": 'x/y'"),
        (": shop", ": ''"),
        ("'", "\""),
        ("name: ", "name: &a "),
        ("app: ", "app: *a # "),
        ("apiVersion: ", "apiVersion: x/"),
        ("kind: ", "kind: My"),
        (" }", ""),
    ] {
        for (at, _) in whole.match_indices(from) {
            let (head, tail) = whole.split_at(at);
            check(&format!("{head}{to}{}", &tail[from.len()..]));
        }
        check(&whole.replace(from, to));
        report(&promised().replace(from, to));
    }
}
