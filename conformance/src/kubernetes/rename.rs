//! The same session under other names: what the recording creates and who sends its requests is
//! called otherwise, in requests and in the answers that are expected. A server that knows a
//! recorded answer by heart shows it here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::record::{Body, Record};

/// Names that are not the recording's own choice, or whose meaning the server knows.
const KEPT: &[&str] = &["default", "kubernetes", "admin", "robot", "recorder", "anonymous"];

/// The users and groups of the certificates.
const REQUESTERS: &[&str] = &["jane", "bob", "carol", "victor", "qa"];

/// A name for each name that is not kept.
pub(crate) struct Renaming(BTreeMap<String, String>);

impl Renaming {
    /// Other names for what `records` create and for their users, drawn with `seed`.
    ///
    /// A name stays if the server might know it as a word of its own: if it occurs in an answer
    /// before anything was created, as a field of an answer, or in a body that is left alone.
    pub(crate) fn of(records: &[Record], seed: u64) -> Renaming {
        let mut names: BTreeSet<String> = REQUESTERS.iter().map(|n| (*n).to_owned()).collect();
        for record in records.iter().filter(|record| record.status == Some(201)) {
            let metadata = record.response.get("metadata");
            let name = metadata.and_then(|metadata| metadata.get("name")?.as_str());
            names.extend(name.filter(|name| !name.contains('<')).map(str::to_owned));
        }
        let known = known_words(records);
        let mut random = Random(seed);
        let mut stems: BTreeMap<String, String> = BTreeMap::new();
        let mut taken: BTreeSet<String> = names.clone();
        let mut chosen = BTreeMap::new();
        let is_own = |name: &&String| {
            !KEPT.contains(&name.as_str()) && !known.contains(*name) && name.contains(is_letter)
        };
        for name in names.iter().filter(is_own) {
            let other = (0..100)
                .map(|_| renamed(name, &mut stems, &mut random))
                .find(|other| !known.contains(other) && !taken.contains(other));
            if let Some(other) = other {
                taken.insert(other.clone());
                chosen.insert(name.clone(), other);
            }
        }
        Renaming(chosen)
    }

    /// A text with every name in it replaced, save in references.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            if rest.starts_with("${")
                && let Some((reference, after)) = rest.split_once('}')
            {
                replaced.push_str(reference);
                replaced.push('}');
                rest = after;
                continue;
            }
            // A word, or what stands before the next one.
            let begins_word = rest.starts_with(is_of_name);
            let end = rest.find(|c| is_of_name(c) != begins_word).unwrap_or(rest.len());
            let end = match rest.find("${") {
                Some(reference) if reference > 0 => end.min(reference),
                _ => end,
            };
            let (piece, after) = rest.split_at_checked(end.max(1)).unwrap_or((rest, ""));
            replaced.push_str(&self.word(piece));
            rest = after;
        }
        replaced
    }

    /// A word, whole or with one of its ends cut off at a dot or a dash: `app-1` as `app-1`,
    /// `a.b` also as `a`.
    fn word(&self, word: &str) -> String {
        if let Some(other) = self.0.get(word) {
            return other.clone();
        }
        for (at, separator) in word.char_indices().filter(|(_, c)| *c == '.') {
            let (before, after) = (word.get(..at), word.get(at + separator.len_utf8()..));
            if let (Some(before), Some(after)) = (before, after)
                && let Some(other) = self.0.get(before)
            {
                return format!("{other}.{}", self.word(after));
            }
        }
        word.to_owned()
    }

    /// Renames throughout a session.
    pub(crate) fn apply(&self, records: &mut [Record]) {
        for record in records {
            record.path = self.text(&record.path);
            for (name, value) in &mut record.headers {
                if name.starts_with("Impersonate-") {
                    *value = self.text(value);
                }
            }
            if let Some(Body::Text(text)) = &mut record.body {
                *text = self.text(text);
            }
            for (_, values) in &mut record.response_headers {
                values.iter_mut().for_each(|value| *value = self.text(value));
            }
            record.map_response(&|text| self.text(text));
        }
    }
}

/// A name of the same shape: letters become other letters, the same run of letters the same one
/// everywhere, so that `w1` and `w2` keep their order.
fn renamed(name: &str, stems: &mut BTreeMap<String, String>, random: &mut Random) -> String {
    let mut other = String::new();
    let mut rest = name;
    while !rest.is_empty() {
        let letters = rest.starts_with(is_letter);
        let end = rest.find(|c| is_letter(c) != letters).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if letters {
            let drawn = stems.entry(run.to_owned()).or_insert_with(|| random.word(run.len()));
            other.push_str(drawn);
        } else {
            other.push_str(run);
        }
        rest = after;
    }
    // A stem that led to a name that is taken is drawn again.
    if other == name {
        stems.clear();
    }
    other
}

fn is_letter(c: char) -> bool {
    c.is_ascii_lowercase()
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_'
}

/// The words that may mean something to the server.
fn known_words(records: &[Record]) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for record in records {
        let is_before = ["health", "authn", "discovery"].contains(&record.group.as_str());
        gather(&record.response, is_before, &mut known);
        if let Some(Body::Bytes(bytes)) = &record.body {
            words(&String::from_utf8_lossy(bytes), &mut known);
        }
    }
    known
}

/// The names of fields, and with `texts` every word.
fn gather(value: &Value, texts: bool, known: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if texts => words(text, known),
        Value::Array(values) => values.iter().for_each(|value| gather(value, texts, known)),
        Value::Object(members) => {
            for (name, value) in members {
                // These hold what people call things.
                if !["data", "labels", "annotations", "matchLabels", "fieldsV1"]
                    .contains(&name.as_str())
                {
                    words(name, known);
                    gather(value, texts, known);
                }
            }
        }
        _ => {}
    }
}

fn words(text: &str, known: &mut BTreeSet<String>) {
    for word in text.split(|c| !is_of_name(c)) {
        known.insert(word.to_owned());
        known.extend(word.split(['.', '-']).map(str::to_owned));
    }
}

/// A sequence that a seed determines: xorshift, which is enough to draw names.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        let mut state = self.0 | 1;
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.0 = state;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33
    }

    fn word(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
        let letter = |n: u64| {
            let at = usize::try_from(n % 26).unwrap_or(0);
            LETTERS.get(at).copied().map_or('a', char::from)
        };
        (0..length).map(|_| letter(self.next())).collect()
    }
}
