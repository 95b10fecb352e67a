//! The same session under other names: what the recording creates and who sends its requests is
//! called otherwise, in requests and in the answers that are expected. A server that knows a
//! recorded answer by heart shows it here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::record::{Body, Record};

/// Names that are not the recording's own choice, or whose meaning the server knows.
const KEPT: &[&str] = &["default", "kubernetes", "admin", "robot", "recorder", "anonymous"];

/// The users and groups of the certificates, by identity: what a server knows of a request beside
/// what the request says.
const REQUESTERS: &[(&str, &[&str])] = &[
    ("jane", &["jane", "dev"]),
    ("bob", &["bob", "qa", "ops"]),
    ("carol", &["carol"]),
    ("v1", &["victor", "dev"]),
    ("node-1", &["node-1"]),
    ("nocn", &["dev"]),
];

/// A name for each name that is not kept.
pub(crate) struct Renaming(BTreeMap<String, String>);

impl Renaming {
    /// Other names for what `records` create and for their users, drawn with `seed`.
    ///
    /// A name stays if the server might know it as a word of its own: if it occurs in an answer
    /// before anything was created, as a field of an answer, or in what the server says to a request
    /// that does not hold it. So does one that has parts with meanings of their own, as that of a
    /// CustomResourceDefinition, and a single letter.
    pub(crate) fn of(records: &[Record], seed: u64) -> Renaming {
        let requesters = REQUESTERS.iter().flat_map(|(_, names)| *names);
        let mut names: BTreeSet<String> = requesters.map(|name| (*name).to_owned()).collect();
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
            !KEPT.contains(&name.as_str())
                && !known.contains(*name)
                && name.contains(is_letter)
                && name.len() > 1
                && !name.contains('.')
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
            // What is escaped, in an address or in JSON, is part of no word.
            let escaped = match rest.chars().next() {
                Some('%') => 3,
                Some('\\') => 2,
                _ => 0,
            };
            if escaped > 0 {
                let (piece, after) = rest.split_at_checked(escaped).unwrap_or((rest, ""));
                replaced.push_str(piece);
                rest = after;
                continue;
            }
            let in_word = rest.starts_with(is_of_name);
            let ends = |c: char| is_of_name(c) != in_word || "%\\$".contains(c);
            let mut ends = rest.char_indices().skip(1).filter(|(_, c)| ends(*c));
            let end = ends.next().map_or(rest.len(), |(at, _)| at);
            let (piece, after) = rest.split_at(end);
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

    /// Replaces names in a binary message by names of the same length, which leave it one.
    fn bytes(&self, bytes: &mut [u8]) {
        for word in bytes.split_mut(|byte| !is_of_name(char::from(*byte))) {
            let other = std::str::from_utf8(word).ok().and_then(|word| self.0.get(word));
            if let Some(other) = other.filter(|other| other.len() == word.len()) {
                word.copy_from_slice(other.as_bytes());
            }
        }
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
            match &mut record.body {
                Some(Body::Text(text)) => *text = self.text(text),
                Some(Body::Bytes(bytes)) => self.bytes(bytes),
                None => {}
            }
            for (_, values) in &mut record.response_headers {
                values.iter_mut().for_each(|value| *value = self.text(value));
            }
            record.map_response(&|text| self.text(text));
        }
    }
}

/// A name of the same shape: letters become other letters, the same run of letters the same one
/// everywhere and each run's first letter itself, so that most lists keep their order, and with it
/// what stands on which page.
fn renamed(name: &str, stems: &mut BTreeMap<String, String>, random: &mut Random) -> String {
    let mut other = String::new();
    let mut rest = name;
    while !rest.is_empty() {
        let letters = rest.starts_with(is_letter);
        let end = rest.find(|c| is_letter(c) != letters).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if letters {
            let (first, others) = run.split_at(1);
            let drawn = || format!("{first}{}", random.word(others.len().max(1)));
            other.push_str(stems.entry(run.to_owned()).or_insert_with(drawn));
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
        gather(&record.response, false, &mut known);
        let told = told_words(record);
        known.extend(own_words(record).difference(&told).cloned());
    }
    known
}

/// What the server says in headers, texts and errors, and in any way before anything was created.
fn own_words(record: &Record) -> BTreeSet<String> {
    let mut said = BTreeSet::new();
    for value in record.response_headers.iter().flat_map(|(_, values)| values) {
        words(value, &mut said);
    }
    let is_before = ["health", "authn", "discovery"].contains(&record.group.as_str());
    let is_status = record.response.get("kind") == Some(&Value::from("Status"));
    gather(&record.response, is_before || is_status || record.response.is_string(), &mut said);
    said
}

/// What it was told in the request, or by the certificate of who sends it.
fn told_words(record: &Record) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    words(&record.path.replace("%3D", " "), &mut told);
    if let Some(Body::Text(text)) = &record.body {
        words(text, &mut told);
    }
    record.headers.iter().for_each(|(_, value)| words(value, &mut told));
    let names = REQUESTERS.iter().filter(|(identity, _)| *identity == record.identity);
    told.extend(names.flat_map(|(_, names)| *names).map(|name| (*name).to_owned()));
    told
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
        known.extend(word.split('.').map(str::to_owned));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn renaming() -> Renaming {
        let names = [("web", "wxy"), ("app-1", "aqz-1"), ("jane", "jfoo")];
        Renaming(names.map(|(from, to)| (from.to_owned(), to.to_owned())).into())
    }

    #[test]
    fn whole_words_are_renamed_and_references_are_not() {
        for (text, want) in [
            ("/api/v1/namespaces/web/pods/app-1", "/api/v1/namespaces/wxy/pods/aqz-1"),
            ("webs web-1 app-10 xapp-1", "webs web-1 app-10 xapp-1"),
            ("fieldSelector=metadata.name%3Dweb", "fieldSelector=metadata.name%3Dwxy"),
            (r#"{"a": "x\nweb\"web\""}"#, r#"{"a": "x\nwxy\"wxy\""}"#),
            ("${web:metadata.uid}/web", "${web:metadata.uid}/wxy"),
            ("web${web:a}", "wxy${web:a}"),
            ("system:serviceaccount:web:jane", "system:serviceaccount:wxy:jfoo"),
            ("web.other", "wxy.other"),
            ("é web %", "é wxy %"),
        ] {
            assert_eq!(renaming().text(text), want);
        }
    }
}
