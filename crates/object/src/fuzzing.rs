//! The entry for fuzzers, and a short replay of it over damaged scenarios in every test run.

use portcullis_core::Place;

use crate::tree::Cursor;
use crate::{Input, Limits, check, load};

/// Reads the bytes, then asks everything of every node: its place, its JSON, its findings.
///
/// # Panics
///
/// If a place lies outside its file, or a node is not found again by its path.
#[expect(clippy::expect_used, reason = "a fuzzer's entry fails by panicking")]
pub fn fuzz(data: &[u8]) {
    let limits = Limits { nodes: 100_000, alias_nodes: 10_000, ..Limits::default() };
    for name in ["a.yaml", "a.json"] {
        let input = Input { name: name.to_owned(), bytes: data.to_vec() };
        let loaded = load(vec![input], &limits);
        let locate = |place: &Place| {
            let located = loaded.sources.locate(place).expect("a place in a document has lines");
            let text = loaded.sources.file_text(place.document());
            assert!(text.get(located.range.clone()).is_some(), "{place:?}: {located:?}");
            assert!((located.line, located.column) <= (located.end_line, located.end_column));
        };
        for object in &loaded.objects {
            object.root().to_json();
            check(object).iter().flat_map(|d| &d.labels).for_each(|l| locate(&l.place));
            every_node(object.root(), &mut |at| {
                let found = at.at_path(&at.path());
                assert_eq!(found.map(Cursor::index), Some(at.index()), "{at:?}");
                locate(&at.at());
                locate(&at.key_place());
                at.is_secret();
            });
        }
        loaded.diagnostics.iter().flat_map(|d| &d.labels).for_each(|l| locate(&l.place));
        for document in (0..loaded.sources.documents()).filter_map(|i| u32::try_from(i).ok()) {
            let document = portcullis_core::DocumentId(document);
            for range in loaded.sources.secret_ranges(document) {
                assert!(loaded.sources.file_text(document).get(range).is_some());
            }
        }
    }
}

fn every_node<'a>(at: Cursor<'a>, visit: &mut impl FnMut(Cursor<'a>)) {
    visit(at);
    at.entries().for_each(|(_, value)| every_node(value, visit));
    at.items().for_each(|item| every_node(item, visit));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents with every form of YAML that has its own code here.
    const SEED: &str = "\
# heading
%YAML 1.1
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: é, labels: &l {a: 'b', on: \"c\\u0041\"}}
spec:
  podSelector:
    matchLabels: *l
  ingress:
  - from:
    - ipBlock: {cidr: 10.0.0.0/8, <<: [{except: []}]}
    ports:
    - port: 0x50
      protocol: !!str TCP
--- # next
kind: List
apiVersion: v1
items:
- {kind: Secret, apiVersion: v1, stringData: {a: |-
    x}}
- kind: Pod
  apiVersion: v1
  spec:
    containers:
    - env:
      - name: DB_PASSWORD
        value: |2+ # header
          secret

      - ? name
        : A
...
---
{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"data\": {\"a\": \"\\ud83d\\ude00\\n\"}}
{\"apiVersion\": \"v1\", \"kind\": \"Node\", \"status\": [1e3, -0.5, true, null]}
";

    /// Bytes that mean something to one of the readers.
    const TOKENS: [&[u8]; 20] = [
        b"\n",
        b" ",
        b"\t",
        b"- ",
        b": ",
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"'",
        b"&l ",
        b"*l ",
        b"|\n",
        b"\n---\n",
        b"<<: ",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\r\n",
        b"\\",
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
    fn damaged_documents_are_survived() {
        fuzz(SEED.as_bytes());
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..400 {
            let mut data = SEED.as_bytes().to_vec();
            for _ in 0..=random.below(4) {
                let at = random.below(data.len());
                let token = TOKENS[random.below(TOKENS.len())];
                match random.below(4) {
                    0 => data.truncate(at),
                    1 => drop(data.drain(at..data.len().min(at + random.below(40)))),
                    2 => drop(data.splice(at..at, token.iter().copied())),
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
