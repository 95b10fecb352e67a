//! The entry for fuzzers, and a short replay of it over damaged test files in every test run.

use portcullis_object::{Input, Limits, load};
use portcullis_snapshot::Settings;

use crate::{Date, Given, Status, read, run, yaml_of_case};

/// Reads the bytes as a test file and as a case file, and judges what is asserted.
///
/// # Panics
///
/// If a file comes to nothing, or an outcome says nothing or points outside of its file.
pub fn fuzz(data: &[u8]) {
    for bytes in [data.to_vec(), yaml_of_case(data)] {
        let limits = Limits { nodes: 20_000, alias_nodes: 5_000, ..Limits::default() };
        let loaded = load(vec![Input { name: "fuzz".into(), bytes }], &limits);
        let suite = read(&loaded.objects, &loaded.unreadable);
        // Every API server has the bootstrap policy; without it a run is ten times as fast.
        let settings = Settings { bootstrap: false, ..Settings::default() };
        let today = Date::after_epoch(20_605);
        let given =
            Given { objects: &[], unreadable: &loaded.unreadable, settings: &settings, today };
        let results = run(&suite, &given);
        assert!(results.worst().is_some(), "a file came to nothing");
        for outcome in &results.outcomes {
            assert!(!outcome.why.is_empty(), "{outcome:?}");
            let is_against = matches!(outcome.status, Status::Unknown);
            assert!(!is_against || outcome.counterexample.is_some(), "{outcome:?}");
            if let Some(place) = &outcome.place {
                assert!(loaded.sources.locate(place).is_some(), "{outcome:?}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fuzz;

    /// Every form of an assertion, with a cluster they can be judged against.
    const SEED: &str = "\
# A case
```yaml
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80, name: http}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}
subjects: [{kind: User, name: jane}]
---
apiVersion: portcullis.dev/v1alpha1
kind: SecurityTest
metadata: {name: t, namespace: shop, tags: [a]}
cluster:
  sources: [../k8s/]
  fixtures:
  - pod: {name: probe, labels: {app: probe}, ports: [80, 53/udp], ip: 10.0.0.1}
  - ip: {internet: 198.51.100.7}
  - user: {john: {groups: [ops]}}
  settings: {intake: stored, podNetworks: [10.0.0.0/8], resolve: {a.example: 10.9.9.9}}
assert:
- probe -> web:80 allow by ingress, shop/web#0
- {from: '*', to: 'web:http', verdict: deny, except: [from probe, {to: web}]}
- some shop/* -> ip/internet:443 allow
- icmp: probe -> web type=8 code=0 deny
- {from: probe, to: web, icmp: {type: 8}, verdict: allow, by: tier/default}
- only: {to: 'web:80', from: [probe, 'ip/internet:80']}
- probe -> only web:80
- table: |
    :80    web  probe
    probe   +    .
    web     .    80,53/udp
- user/jane can get,list pods in shop
- {subject: sa/shop:*, cannot: [get], what: secrets, scope: anywhere}
- who can delete pods anywhere besides built-in exactly user/jane
- {who: {can: get, what: pods/exec, object: x, in: shop}, count: {max: 3}}
- {name: n, skip: {reason: r, until: 2026-12-31}, assert: [probe -> web deny]}
- {accept: unknown, reason: r, allowEmpty: true, from: a/b, to: 'c/d:1', verdict: deny}
steps:
- patch: {pod/web: {metadata: {labels: {app: null}}}}
  assert: [probe -> web:80 allow]
```
";

    const TOKENS: [&str; 18] = [
        "\n",
        " ",
        "-> ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ":",
        "/",
        "*",
        "#",
        "'",
        "only ",
        "by ",
        "except to ",
        "\n---\n",
        "\u{e9}",
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
    fn damaged_test_files_are_survived() {
        fuzz(SEED.as_bytes());
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        for _ in 0..300 {
            let mut data = SEED.as_bytes().to_vec();
            for _ in 0..=random.below(4) {
                let at = random.below(data.len());
                let token = TOKENS[random.below(TOKENS.len())];
                match random.below(4) {
                    0 => drop(data.drain(at..data.len().min(at + random.below(12)))),
                    1 | 2 => drop(data.splice(at..at, token.bytes())),
                    _ => {
                        let until = data.len().min(at + 30);
                        let copy = data[at..until].to_vec();
                        let into = random.below(data.len());
                        data.splice(into..into, copy);
                    }
                }
            }
            fuzz(&data);
        }
    }
}
