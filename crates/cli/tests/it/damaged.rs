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
    let ask = |words: &str| {
        let arguments = format!("portcullis {words} -f -");
        let arguments: Vec<_> = arguments.split(' ').map(Into::into).collect();
        let (mut data, mut notes) = (Vec::new(), Vec::new());
        let streams = Streams { input: &mut text.as_bytes(), data: &mut data, notes: &mut notes };
        let exit = run(arguments, streams, &Environment::default());
        let said = if exit == Exit::CouldNot { &notes } else { &data };
        assert!(!said.is_empty(), "`{words}` ends with {exit:?} and without a word about\n{text}");
        exit
    };
    questions.into_iter().map(ask).collect()
}

fn whole() -> String {
    format!("{SHOP}{MORE}")
}

#[test]
fn the_whole_can_be_judged() {
    use Exit::{No, Yes};
    assert_eq!(check(&whole()), [Yes, No, Yes, Yes, Yes]);
}

#[test]
fn a_line_is_missing() {
    let whole = whole();
    let lines: Vec<&str> = whole.lines().collect();
    for missing in 0..lines.len() {
        let mut left = lines.clone();
        left.remove(missing);
        check(&left.join("\n"));
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
    }
}
