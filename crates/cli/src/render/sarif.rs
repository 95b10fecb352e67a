//! SARIF 2.1.0 (OASIS Standard, 27 March 2020), as far as it is written here.
//!
//! Section numbers are those of the standard.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::source::Problem;

/// A log file with one run (3.13).
#[derive(Serialize)]
pub(super) struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

/// One run of the program (3.14).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub tool: Tool,
    pub invocations: Vec<Invocation>,
    /// In what columns are counted (3.14.17).
    pub column_kind: &'static str,
    pub results: Vec<Outcome>,
}

#[derive(Serialize)]
pub(super) struct Tool {
    pub driver: Driver,
}

/// What found the results (3.19).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver {
    pub name: &'static str,
    pub semantic_version: &'static str,
    pub information_uri: &'static str,
    pub rules: Vec<Rule>,
}

/// What was looked for (3.49).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub id: String,
    pub short_description: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<Help>,
}

/// The page of a rule, as text and as Markdown (3.12).
#[derive(Serialize)]
pub(super) struct Help {
    pub text: String,
    pub markdown: String,
}

/// Whether the run could do its work (3.20).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_execution_notifications: Vec<Notification>,
}

/// Something that kept the run from its work (3.58).
#[derive(Serialize)]
pub(super) struct Notification {
    pub level: &'static str,
    pub message: Message,
    pub locations: Vec<Location>,
}

/// One result (3.27).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    pub rule_id: String,
    pub rule_index: usize,
    pub level: &'static str,
    pub message: Message,
    pub locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related_locations: Vec<Location>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<Fix>,
}

/// Plain text (3.11).
#[derive(Serialize)]
pub(super) struct Message {
    pub text: String,
}

/// Where something is (3.28).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

/// Which file (3.4).
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    pub uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri_base_id: Option<&'static str>,
}

/// Which part of it (3.30); the end is behind the last character, as everywhere here.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub start_line: usize,
    pub start_column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

/// A proposed change (3.55).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fix {
    pub description: Message,
    pub artifact_changes: Vec<ArtifactChange>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactChange {
    pub artifact_location: ArtifactLocation,
    pub replacements: Vec<Replacement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Replacement {
    pub deleted_region: Region,
    pub inserted_content: Message,
}

// === impl Log ===

impl Log {
    /// The log of one run.
    pub fn of(rules: Vec<Rule>, results: Vec<Outcome>, notifications: Vec<Notification>) -> Self {
        let driver = Driver {
            name: "portcullis",
            semantic_version: env!("CARGO_PKG_VERSION"),
            information_uri: env!("CARGO_PKG_REPOSITORY"),
            rules,
        };
        let invocation = Invocation {
            execution_successful: notifications.is_empty(),
            tool_execution_notifications: notifications,
        };
        let run = Run {
            tool: Tool { driver },
            invocations: vec![invocation],
            column_kind: "unicodeCodePoints",
            results,
        };
        Self {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [run],
        }
    }

    /// The log as it is written.
    pub fn text(&self) -> String {
        // Strings, numbers and lists with text keys: nothing that JSON could not hold.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

// === impl Notification ===

impl Notification {
    /// One for each source that could not be opened.
    pub fn of(problems: &[Problem], root: Option<&Path>) -> Vec<Self> {
        let notification = |problem: &Problem| Self {
            level: "error",
            message: Message::new(problem.why.as_str()),
            locations: vec![Location::new(ArtifactLocation::of(&problem.name, root), None)],
        };
        problems.iter().map(notification).collect()
    }
}

// === impl Message ===

impl Message {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

// === impl Location ===

impl Location {
    pub fn new(artifact_location: ArtifactLocation, region: Option<Region>) -> Self {
        Self { physical_location: PhysicalLocation { artifact_location, region }, message: None }
    }
}

// === impl ArtifactLocation ===

impl ArtifactLocation {
    /// The location of an input: relative to the root of the sources where it lies below the root or
    /// was given so, otherwise the URI of a file. Standard input is `-`, and what git holds keeps
    /// its name.
    pub fn of(input: &str, root: Option<&Path>) -> Self {
        /// What readers take for the root of the sources (3.4.4).
        const ROOT: &str = "%SRCROOT%";
        if input == "-" {
            return Self { uri: "-".to_owned(), uri_base_id: None };
        }
        if let Some(rest) = input.strip_prefix("git:") {
            return Self { uri: format!("git:{}", encoded(rest)), uri_base_id: None };
        }
        let path = Path::new(input);
        let below = root.and_then(|root| path.strip_prefix(root).ok()).unwrap_or(path);
        let below = below.strip_prefix(".").unwrap_or(below);
        let uri = encoded(&below.display().to_string());
        if below.is_absolute() {
            return Self { uri: format!("file://{uri}"), uri_base_id: None };
        }
        Self { uri, uri_base_id: Some(ROOT) }
    }
}

/// A path as RFC 3986 (2.3, 3.3) writes it.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_become_uris() {
        for (input, uri, based) in [
            ("k8s/a.yaml", "k8s/a.yaml", true),
            ("./k8s/a.yaml", "k8s/a.yaml", true),
            ("../a b.yaml", "../a%20b.yaml", true),
            ("/repo/k8s/a.yaml", "k8s/a.yaml", true),
            ("/etc/ä.yaml", "file:///etc/%C3%A4.yaml", false),
            ("c:d.yaml", "c%3Ad.yaml", true),
            ("-", "-", false),
            ("git:main:k8s/a.yaml", "git:main%3Ak8s/a.yaml", false),
        ] {
            let at = ArtifactLocation::of(input, Some(Path::new("/repo")));
            assert_eq!((at.uri.as_str(), at.uri_base_id.is_some()), (uri, based), "{input}");
        }
    }
}
