//! The entries for fuzzers, and a short replay of them over damaged scenarios in every test run.

use portcullis_core::Place;

use crate::compose::{Budget, Parsed, Refusal, Workspace};
use crate::list::Sizes;
use crate::tree::{Cursor, Text};
use crate::{Input, Limits, block, check, json, load, split, yaml};

pub mod values;

/// Reads the bytes as a file, then asks everything of every node: its place, its JSON, its findings.
///
/// # Panics
///
/// If a place lies outside its file, or a node is not found again by its path.
#[expect(clippy::expect_used, reason = "a fuzzer's entry fails by panicking")]
pub fn fuzz(data: &[u8]) {
    let limits = Limits { nodes: 100_000, alias_nodes: 10_000, ..Limits::default() };
    let input = Input { name: "a".to_owned(), bytes: data.to_vec() };
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

/// What a fuzzer's input may cost: with room for everything, and with little.
fn budgets() -> [Budget; 2] {
    let ample = Limits { nodes: 100_000, alias_nodes: 10_000, ..Limits::default() };
    let scarce = Limits { nodes: 40, depth: 5, key_bytes: 12, items: 6, ..ample.clone() };
    [ample.budget(), scarce.budget()]
}

/// Reads each piece of the text with the reader of simple YAML and with the general one: where the
/// first is certain, both must find the same values at the same places.
///
/// # Panics
///
/// If they do not.
#[expect(clippy::panic, reason = "a fuzzer's entry fails by panicking")]
pub fn fuzz_readers(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let all = Text::from(text);
    let (mut first, mut second) = (Workspace::new(true), Workspace::new(true));
    for piece in split::pieces(text) {
        let piece = all.part(piece);
        for budget in budgets() {
            let Some(simple) = block::parse(&piece, budget, &mut first) else { continue };
            let any = yaml::parse_any(&piece, budget, &mut second);
            let Ok(Some(any)) = any else {
                panic!("certain of what is not YAML: {any:?}\n{}", piece.as_str());
            };
            if let Some(why) = difference(&simple, &any) {
                panic!("{why}\n{}", piece.as_str());
            }
        }
    }
}

/// Reads each piece of the text as YAML, prints what it holds as JSON and reads that again.
///
/// # Panics
///
/// If that is something else.
pub fn fuzz_yaml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let all = Text::from(text);
    let [budget, _] = budgets();
    for piece in split::pieces(text) {
        let parsed = yaml::parse(&all.part(piece), budget, &mut Workspace::new(true));
        parsed.into_iter().flatten().for_each(|parsed| print_and_parse(&parsed));
    }
}

/// Reads the first value of the text as JSON: at once, with its items in parts, printed and read
/// again, and as YAML. All must find the same, the second at the same places.
///
/// # Panics
///
/// If they do not.
#[expect(clippy::panic, reason = "a fuzzer's entry fails by panicking")]
pub fn fuzz_json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let source = Text::from(text);
    let [ample, scarce] = budgets();
    for (budget, keep_spans) in [(ample, true), (ample, false), (scarce, true)] {
        let (mut first, mut second) = (Workspace::new(keep_spans), Workspace::new(keep_spans));
        let whole = json::parse(&source, Budget { threads: 1, ..budget }, &mut first);
        let sizes = Sizes { long_bytes: 0, part_bytes: 1 };
        let budget = Budget { threads: 2, ..budget };
        let parts = json::parse_in_parts(&source, budget, &mut second, sizes);
        if let Some(why) = differing(&whole, &parts) {
            panic!("{why}\n{text}");
        }
        let Ok(Some((whole, taken))) = whole else { continue };
        print_and_parse(&whole);
        // What follows the value would be part of the same document to YAML.
        let value = source.part(0..taken);
        if let Ok(Some(yaml)) = yaml::parse_any(&value, budget, &mut second) {
            let printed = |parsed: &Parsed| parsed.tree.root().to_json().to_string();
            assert_eq!(printed(&whole), printed(&yaml), "{text}");
        }
    }
}

/// What is printed as JSON is read as what was printed.
#[expect(clippy::panic, reason = "a fuzzer's entry fails by panicking")]
fn print_and_parse(parsed: &Parsed) {
    let printed = parsed.tree.root().to_json().to_string();
    // What aliases stand for is written out, and may be more than what may be read.
    let budget = Limits::default().budget();
    match json::parse(&Text::from(printed.as_str()), budget, &mut Workspace::default()) {
        Ok(Some((again, _))) => {
            assert_eq!(again.tree.root().to_json().to_string(), printed);
        }
        other => panic!("{other:?}\n{printed}"),
    }
}

type Read = Result<Option<(Parsed, usize)>, Refusal>;

/// The first difference between two outcomes.
fn differing(one: &Read, other: &Read) -> Option<String> {
    match (one, other) {
        (Ok(Some((one, taken))), Ok(Some((other, also)))) if taken == also => {
            difference(one, other)
        }
        (Ok(None), Ok(None)) => None,
        (Err(one), Err(other)) if one == other => None,
        _ => Some(format!("{one:?} is not {other:?}")),
    }
}

/// The first difference between two readings.
fn difference(one: &Parsed, other: &Parsed) -> Option<String> {
    let of = |parsed: &Parsed, node: u32| {
        let at = parsed.tree.root().goto(node);
        let node = parsed.tree.nodes.get(node as usize)?;
        let (span, value) = (parsed.spans.get(at.index() as usize), at.scalar());
        let value = (at.kind(), value.map(|text| text.into_owned()));
        Some((at.path(), value, node.parent, node.end, node.is_hidden(), span.cloned()))
    };
    let nodes = u32::try_from(one.tree.nodes.len().max(other.tree.nodes.len())).ok()?;
    let differs = (0..nodes).find(|node| of(one, *node) != of(other, *node));
    if let Some(node) = differs {
        return Some(format!("{:?} is not {:?}", of(one, node), of(other, node)));
    }
    let rest = |parsed: &Parsed| {
        let twins = parsed.duplicates.iter().map(|d| (d.kept, d.earlier.clone()));
        (twins.collect::<Vec<_>>(), parsed.after_end, parsed.templated)
    };
    (rest(one) != rest(other)).then(|| format!("{:?} is not {:?}", rest(one), rest(other)))
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

    /// A document with every form that the reader of simple YAML knows.
    const SIMPLE: &str = "\
--- # head
# comment
apiVersion: networking.k8s.io/v1 # version
kind: NetworkPolicy
metadata: {name: é, labels: {a: 'b', on: \"c\", 'd': [e, f g, h:i, []]}}

spec:
  podSelector: {}
  y: -1
  0x10: ~
  empty:
  ingress:
  - from:
      - ipBlock:
          cidr: 10.0.0.0/8
          except: [10.1.0.0/16, \"10.2.0.0/16\"] # two
      - - nested
        - 'it''s': \"say \\\"x\\\"\\n\"
    ports:
    - port: 80
      protocol: TCP
    -
      port: 1e3
  script: |
    #!/bin/sh
      echo a: b

    exit
  stripped: |-
    one
  message: pod has
    unbound claims
  list:
  - 'single ''quoted''
    text'
  - \"double \\
    quoted \\\"text\\\"
    \\ here\"
  # comment below
  twice: 1
  twice: 2
last: a b:c#d
";

    /// Bytes that mean something to one of the readers.
    const TOKENS: [&[u8]; 48] = [
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
        b"  ",
        b"\n  ",
        b"\n    ",
        b"\n\n",
        b"# ",
        b" #",
        b":",
        b"-",
        b", ",
        b"? ",
        b"!",
        b"%",
        b"@",
        b"`",
        b"~",
        b"{{",
        b"}}",
        b"y: ",
        b"a: b\n",
        b"- a: b\n",
        b": |\n  x\n  y\n",
        b"|-\n",
        b">-\n",
        b"''",
        b"...",
        b"---",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
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

    /// The text with one to four damages, small enough that much of it still makes sense.
    fn damaged(text: &str, random: &mut Random) -> Vec<u8> {
        let mut data = text.as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(data.len());
            let token = TOKENS[random.below(TOKENS.len())];
            match random.below(6) {
                0 => data.truncate(at),
                1 => drop(data.drain(at..data.len().min(at + random.below(40)))),
                2 => drop(data.drain(at..data.len().min(at + 1))),
                3 | 4 => drop(data.splice(at..at, token.iter().copied())),
                _ => {
                    let until = data.len().min(at + 30);
                    let copy = data[at..until].to_vec();
                    let into = random.below(data.len());
                    data.splice(into..into, copy);
                }
            }
            if data.is_empty() {
                break;
            }
        }
        data
    }

    #[test]
    fn damaged_documents_are_survived() {
        fuzz(SEED.as_bytes());
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..400 {
            fuzz(&damaged(SEED, &mut random));
        }
    }

    #[test]
    fn damaged_values_are_read_the_same_in_parts() {
        const LIST: &str = r#"{"apiVersion": "v1", "a": ["items", {"b": [1]}], "items": [
            {"kind": "Pod", "a": "\"}, {\\", "b": [[], {"c": {}}], "b": 1.50, "d": "\u00e9\ud83d\ude00"},
            [1e3, -0, null, true], "x", {"": {"items": [{"y": "z"}, {"y": "é"}]}}, {}
        ], "kind": "List", "metadata": {"a": 1, "a": 2}}  "#;
        fuzz_json(LIST.as_bytes());
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..4_000 {
            fuzz_json(&damaged(LIST, &mut random));
        }
    }

    #[test]
    fn damaged_documents_are_printed_and_read_again() {
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        for seed in [SEED, SIMPLE] {
            fuzz_yaml(seed.as_bytes());
            (0..2_000).for_each(|_| fuzz_yaml(&damaged(seed, &mut random)));
        }
    }

    #[test]
    fn readers_agree_on_numbers_that_are_short_as_keys() {
        (1..200).for_each(|digits| fuzz_readers(format!("{}: a", "6".repeat(digits)).as_bytes()));
    }

    #[test]
    fn readers_agree_on_damaged_documents() {
        let text = Text::from(SIMPLE);
        let budget = Limits::default().budget();
        assert!(block::parse(&text, budget, &mut Workspace::default()).is_some());
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..20_000 {
            fuzz_readers(&damaged(SIMPLE, &mut random));
        }
    }
}
