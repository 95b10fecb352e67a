//! The entries for fuzzers: from bytes to answers, and the grammar of endpoints. A short replay of
//! both runs in every test run.

use portcullis_core::{Family, Namespace, Protocol};
use portcullis_object::{Input, Limits, load};
use portcullis_rbac::{Attempt, Requester, Resource, Target};
use portcullis_snapshot::{Refused, Settings, Snapshot, WorkloadState};

use crate::access::can;
use crate::connect::{Question, connect};
use crate::declared::Pair;
use crate::reach::reach;
use crate::spec::{PortSpec, Spec, What, Who, kind_of};

/// How many ends a question is asked between: enough for one of each sort, and few enough that
/// every pair can be asked.
const ENDS_MAX: usize = 6;

/// Builds a snapshot from the bytes and asks questions of it, with refused objects in doubt and
/// left out.
///
/// # Panics
///
/// If something on the way does, a text that is shown as the name of an end names none, or a verdict
/// without its reasons is another.
pub fn fuzz(data: &[u8]) {
    let limits = Limits { nodes: 20_000, alias_nodes: 2_000, documents: 200, ..Limits::default() };
    let input = Input { name: "a.yaml".to_owned(), bytes: data.to_vec() };
    let loaded = load(vec![input], &limits);
    for refused in [Refused::Unknown, Refused::Absent] {
        let settings = Settings { refused, bootstrap: false, ..Settings::default() };
        let (snapshot, found) = Snapshot::build(&loaded.objects, &loaded.unreadable, &settings);
        for place in found.iter().flat_map(|d| &d.labels).map(|label| &label.place) {
            assert!(loaded.sources.locate(place).is_some(), "{place:?} is nowhere");
        }
        connections(&snapshot);
        verdicts(&snapshot);
        grants(&snapshot);
        crate::declared(&snapshot);
    }
}

/// Reads the bytes as one end of a question.
///
/// # Panics
///
/// If who is asked about cannot be printed and read again, or a text that is refused gives no reason.
#[expect(clippy::expect_used, reason = "a fuzzer's entry fails by panicking")]
pub fn spec(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match text.parse::<Spec>() {
        Ok(spec) => {
            let printed = spec.who.to_string();
            let again: Spec = printed.parse().expect("what is shown as the name of an end is one");
            assert_eq!((again.who, again.what), (spec.who, What::Unsaid), "{text:?}: {printed:?}");
        }
        Err(error) => assert!(!error.why.is_empty(), "{error:?}"),
    }
}

fn connections(snapshot: &Snapshot) {
    let ends = ends(snapshot);
    for family in [Family::V4, Family::V6] {
        for from in &ends {
            for to in &ends {
                let question = Question { from: from.clone(), to: to.clone(), family };
                // What cannot be asked says so, and that is an answer too.
                if let Ok(answer) = connect(snapshot, &question) {
                    assert!(!answer.flows.is_empty(), "{question:?} is about nothing");
                }
            }
        }
    }
}

/// Holds the verdicts on pairs of workloads against those of the same questions by name. They are not
/// read from text: a name that no manifest may have may be read as labels there.
fn verdicts(snapshot: &Snapshot) {
    let named = snapshot.workloads().filter_map(|(id, w)| {
        let alone = snapshot.workloads_named(Some(&w.kind), w.namespace.as_str(), &w.name);
        let namespace = Some(w.namespace.as_str().into());
        let who = Who::Workload { kind: kind_of(&w.kind), namespace, name: w.name.clone() };
        (alone.len() == 1).then_some((id, who))
    });
    let named: Vec<_> = named.take(ENDS_MAX / 2).collect();
    for family in [Family::V4, Family::V6] {
        for (from, source) in &named {
            for (to, target) in &named {
                let pair = Pair { from: *from, to: *to, port: 80, protocol: Protocol::TCP };
                let what = What::Port(PortSpec::Number(80), Protocol::TCP);
                let from = Spec { who: source.clone(), what: What::Unsaid };
                let question = Question { from, to: Spec { who: target.clone(), what }, family };
                let alone = connect(snapshot, &question).map(|answer| vec![answer.verdict]);
                assert_eq!(reach(snapshot, &[pair], family), alone, "{question:?}");
            }
        }
    }
}

/// One workload of each sort, a service, a host endpoint, addresses and a name.
fn ends(snapshot: &Snapshot) -> Vec<Spec> {
    let mut texts = Vec::new();
    let mut sorts = Vec::new();
    for (_, workload) in snapshot.workloads() {
        let sort = std::mem::discriminant(&workload.state);
        let endpoint = matches!(workload.state, WorkloadState::Endpoint(_));
        if (endpoint && texts.len() < 2) || !sorts.contains(&sort) {
            sorts.push(sort);
            texts.push(format!("{}/{}:80", workload.namespace, workload.name));
        }
    }
    texts.truncate(ENDS_MAX / 2);
    let service = snapshot.services().next();
    texts.extend(service.map(|(_, s)| format!("svc/{}/{}", s.namespace, s.name)));
    texts.extend(snapshot.host_endpoints().next().map(|(name, ..)| format!("hep/{name}/icmp")));
    texts.extend(["ip/10.0.0.1:80", "ip/[fd00::1]:80", "dns/a.example.com:443"].map(str::to_owned));
    // A name that no manifest may have may also be one that no question can say.
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

fn grants(snapshot: &Snapshot) {
    for group in ["system:authenticated", "system:masters"] {
        for namespace in [None, Some(Namespace::new("default"))] {
            let resource = Resource { resource: "pods".into(), namespace, ..Resource::default() };
            let requester = Requester { user: "jane".into(), groups: vec![group.into()] };
            let target = Target::Resource(resource);
            can(snapshot, &Attempt { requester, verb: "get".into(), target });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Real manifests of every sort that is judged.
    const SEEDS: [&str; 4] = [
        include_str!("../../../examples/boutique/lab-policies.yaml"),
        include_str!("../../../examples/boutique/default-deny-staged.yaml"),
        include_str!("../../../examples/boutique/frontend-policy.yaml"),
        SMALL,
    ];

    /// The kinds that the examples do not have.
    const SMALL: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}, ownerReferences: [{kind: ReplicaSet, name: web-1}]}
spec: {nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}
status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: db}, spec: {template: {spec: {}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: g}
spec:
  order: 5
  applyOnForward: true
  selector: has(host) || app in {'web'}
  ingress:
  - {action: Allow, protocol: TCP, source: {nets: [10.0.0.0/8], notSelector: all()}, destination: {ports: [80, '90:99', http]}}
  - {action: Pass, protocol: ICMP, icmp: {type: 8, code: 0}}
  egress:
  - {action: Allow, destination: {domains: ['*.example.com'], services: {name: s, namespace: default}}}
---
{apiVersion: projectcalico.org/v3, kind: HostEndpoint, metadata: {name: h, labels: {host: a}}, spec: {node: n1, expectedIPs: [192.0.2.1]}}
---
{apiVersion: projectcalico.org/v3, kind: NetworkSet, metadata: {name: n}, spec: {nets: [10.0.0.0/9, 'fd00::/8']}}
---
{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t}, spec: {order: 5, defaultAction: Pass}}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: c}
spec: {tier: Admin, priority: 5, subject: {namespaces: {}}, egress: [{name: a, action: Deny, to: [{networks: [10.0.0.0/8]}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b}
subjects: [{kind: User, name: jane}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r}, rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]}
";

    /// By its name it could be labels, to who reads it in a question.
    const NAMED_AS_LABELS: &str =
        "{apiVersion: v1, kind: Pod, metadata: {name: '=1', namespace: a}}";

    #[test]
    fn a_name_that_reads_as_labels_is_still_one() {
        fuzz(NAMED_AS_LABELS.as_bytes());
    }

    /// What stands where something else was: words, values and shapes that some reader looks for.
    const PARTS: [&str; 24] = [
        "null",
        "{}",
        "[]",
        "-1",
        "0",
        "65536",
        "99999999999999999999",
        "1e400",
        "''",
        "true",
        "all()",
        "global()",
        "'*'",
        "::/0",
        "0.0.0.0/0",
        "10.0.0.0/33",
        "Deny",
        "Pass",
        "UDP",
        "\n---\n",
        "- ",
        ": ",
        "{a: b}",
        "é",
    ];

    /// A small generator (xorshift): the same damage on every run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % end.max(1) as u64).expect("below an usize")
        }
    }

    #[test]
    fn damaged_ends_are_survived() {
        const SEEDS: [&str; 10] = [
            "pod/dev/centos:http",
            "deploy/frontend:80/udp",
            "dev/app.kubernetes.io/name=web,tier=fe:80",
            "app=web/icmp:8.0",
            "ip/203.0.113.9:443",
            "ip/[2001:db8::1]:53/sctp",
            "svc/default/frontend:80",
            "hep/n1-eth0/icmp",
            "dns/API.example.com:443",
            "dev/centos/132",
        ];
        const PARTS: [&str; 16] = [
            "/", ":", "=", "==", ",", ".", "[", "]", "ip/", "pod/", "node/", "80", "132", "icmp",
            "é", " ",
        ];
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        for seed in SEEDS {
            assert!(seed.parse::<Spec>().is_ok(), "{seed}");
            spec(seed.as_bytes());
            for _ in 0..3_000 {
                let mut text = seed.to_owned();
                for _ in 0..=random.below(3) {
                    let at = (0..=random.below(text.len() + 1))
                        .rfind(|at| text.is_char_boundary(*at))
                        .unwrap_or(0);
                    match random.below(3) {
                        0 => text.truncate(at),
                        1 => drop(text.drain(..at)),
                        _ => text.insert_str(at, PARTS[random.below(PARTS.len())]),
                    }
                }
                spec(text.as_bytes());
            }
        }
    }

    /// Cuts the text where a value, a word or a line may begin.
    fn pieces(text: &str) -> Vec<&str> {
        text.split_inclusive([' ', '\n', ',', '{', '[', '}', ']']).collect()
    }

    #[test]
    fn damaged_manifests_are_survived() {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for seed in SEEDS {
            fuzz(seed.as_bytes());
            for _ in 0..300 {
                let mut pieces = pieces(seed);
                for _ in 0..=random.below(3) {
                    let at = random.below(pieces.len());
                    let other = random.below(pieces.len());
                    match random.below(5) {
                        0 => drop(pieces.remove(at)),
                        1 => pieces.swap(at, other),
                        2 => pieces.insert(at, pieces[other]),
                        _ => pieces.insert(at, PARTS[random.below(PARTS.len())]),
                    }
                    if pieces.is_empty() {
                        break;
                    }
                }
                fuzz(pieces.concat().as_bytes());
            }
        }
    }
}
