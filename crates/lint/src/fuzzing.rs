//! The entries for fuzzers: allowances and fixes, and a short replay of both in every test run.

use portcullis_object::{Input, Limits, Loaded, codes, load};
use portcullis_snapshot::Settings;

use crate::{Config, Date, Report, State, allow, edits, settle};

/// A policy with a field that does not exist, and the place of a comment behind it.
const POLICY: [&str; 2] = [
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: b}\n\
     spec:\n  policyTypes: [Ingress]\n  podSelektor: {} # portcullis:",
    "\n",
];

/// What is found in it: a field that does not exist.
const FOUND: &str = "NP101";

/// Reads the first line of the bytes as an allowance beside a finding.
///
/// # Panics
///
/// If the finding is neither told nor allowed, or it is allowed by what gives no reason, is expired
/// or is found fault with.
pub fn allowance(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let is_break = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let said = text.split(is_break).next().unwrap_or("");
    let (loaded, report) = checked(&POLICY.join(said));
    if !loaded.unreadable.is_empty() {
        return;
    }
    let mut told = 0;
    let mut allowed = 0;
    let mut faults = 0;
    for finding in &report.findings {
        let code = finding.diagnostic.code;
        faults += usize::from([allow::MALFORMED, allow::EXPIRED, allow::UNUSED].contains(&code));
        match &finding.state {
            State::Allowed { reason, until, .. } => {
                assert!(!reason.is_empty(), "allowed without a reason: {said:?}");
                assert!(until.is_none_or(|until| today() <= until), "expired: {said:?}");
                assert!(said.contains(code.0), "{code} is allowed by {said:?}");
                allowed += usize::from(code.0 == FOUND);
            }
            State::New | State::Known => told += usize::from(code.0 == FOUND),
        }
    }
    assert_eq!(told + allowed, 1, "{said:?}: {:?}", report.findings);
    assert_eq!(faults, told, "{said:?}: {:?}", report.findings);
}

/// Makes every fix of the bytes, the safe ones and then all.
///
/// # Panics
///
/// If something cannot be read any more, what comes out is about fewer objects or gives a key twice,
/// or it is left with something to fix.
#[expect(clippy::expect_used, reason = "a fuzzer's entry fails by panicking")]
pub fn fixes(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let before = loaded(text);
    for unsafe_too in [false, true] {
        let (settings, config) = (Settings::default(), Config::default());
        let fixed = settle(input(text), &limits(), &settings, &config, today(), unsafe_too);
        let fixed = fixed.into_iter().next().expect("as many inputs as before");
        let fixed = String::from_utf8(fixed.bytes).expect("text stays text");
        if fixed == text {
            continue;
        }
        let (after, report) = checked(&fixed);
        // Of two objects in one document the one that nobody saw may be unreadable; to put them apart
        // is a guess, and no safe fix.
        let is_read = unsafe_too || after.unreadable.len() <= before.unreadable.len();
        assert!(is_read, "{text}\nbecomes\n{fixed}");
        assert!(after.objects.len() >= before.objects.len(), "{text}\nbecomes\n{fixed}");
        assert!(doubled(&after) <= doubled(&before), "{text}\nbecomes\n{fixed}");
        let left = edits(&report, &after.sources, unsafe_too);
        assert!(left.is_empty(), "{left:?} is left to fix in\n{fixed}\nfrom\n{text}");
    }
}

/// How many keys are given twice: what the first of them says is lost.
fn doubled(loaded: &Loaded) -> usize {
    loaded.diagnostics.iter().filter(|d| d.code == codes::DUPLICATE_KEY).count()
}

fn limits() -> Limits {
    Limits { nodes: 20_000, alias_nodes: 2_000, documents: 200, ..Limits::default() }
}

fn input(text: &str) -> Vec<Input> {
    vec![Input { name: "a.yaml".into(), bytes: text.as_bytes().to_vec() }]
}

fn loaded(text: &str) -> Loaded {
    load(input(text), &limits())
}

fn checked(text: &str) -> (Loaded, Report) {
    let loaded = loaded(text);
    let report = crate::check(&loaded, &Settings::default(), &Config::default(), today());
    (loaded, report)
}

/// The first day of 2026.
fn today() -> Date {
    Date::after_epoch(20_454)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small generator (xorshift): the same damage on every run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % end.max(1) as u64).expect("below an usize")
        }

        /// The text with some of its pieces moved, doubled, dropped, or with parts put between.
        fn damaged(&mut self, text: &str, parts: &[&str]) -> String {
            let mut pieces: Vec<&str> =
                text.split_inclusive([' ', '\n', ',', '{', '[', '}', ']', '=', '"']).collect();
            for _ in 0..=self.below(3) {
                let at = self.below(pieces.len());
                let other = self.below(pieces.len());
                match self.below(4) {
                    0 if pieces.len() > 1 => drop(pieces.remove(at)),
                    1 => pieces.swap(at, other),
                    2 => pieces.insert(at, pieces[other]),
                    _ => pieces.insert(at, parts[self.below(parts.len())]),
                }
            }
            pieces.concat()
        }
    }

    #[test]
    fn damaged_allowances_are_survived() {
        assert_eq!(today().to_string(), "2026-01-01");
        const SEED: &str = " allow NP101, NP310 reason=\"it is so\" until=2027-01-01";
        const PARTS: [&str; 10] =
            ["\"", "reason=", "until=", "2025-12-31", "NP101", "allow", "\t", "#", "é", ","];
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        allowance(SEED.as_bytes());
        for _ in 0..300 {
            allowance(random.damaged(SEED, &PARTS).as_bytes());
        }
    }

    /// Something to fix of every sort.
    const BROKEN: &str = "\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: a, labels: {on: yes, v: 1.10}}
Spec: # and me
  selector: app = 'web'
  egress:
    # the only rule
    action: allow
    protocol: tcp
    destination: {nets: 10.0.0.1/8, ports: '80'}
  ingress: {action: Deny}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec:
  podSelector: {matchLabels: {version: 1.10}}
  ingress:
  - from: {ipBlock: {cidr: 10.0.0.1/8}}
    ports: [{port: '80'}]
";

    #[test]
    fn damaged_manifests_are_fixed_once_and_for_all() {
        const PARTS: [&str; 14] = [
            "null", "{}", "- ", "yes", "''", "\"a\"", "allow", "&a ", "*a ", "? ", "|\n", "# c\n",
            "!!str ", "é",
        ];
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        fixes(BROKEN.as_bytes());
        for _ in 0..200 {
            fixes(random.damaged(BROKEN, &PARTS).as_bytes());
        }
    }
}
