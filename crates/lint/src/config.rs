//! What a project says about its checks, in `portcullis.yaml`.
//!
//! ```yaml
//! severity: { NP310: error, NP319: "off" }
//! ignore: [ vendor/**, "*.generated.yaml" ]
//! versions: { kubernetes: "1.35", calico: "3.32" }
//! ```

use std::collections::BTreeMap;
use std::str::FromStr;

use portcullis_core::{Code, Diagnostic, DocumentId, Place, Severity, nearest};
use portcullis_object::{Cursor, Loaded, NodeKind};

use crate::baseline::Baseline;
use crate::catalogue;

/// Something in `portcullis.yaml` that is not understood.
pub(crate) const NOT_UNDERSTOOD: Code = Code("YA023");

/// What a project says about its checks.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// How bad findings of a code are taken to be, instead of how bad the check says.
    pub severity: BTreeMap<Code, Level>,
    /// Patterns of inputs in which nothing is looked for: `*` within one part of a path, `**` any
    /// number of parts; a folder stands for everything in it.
    pub ignore: Vec<String>,
    /// The version of Kubernetes that is written for; the newest known if it is not said.
    pub kubernetes: Option<Version>,
    /// The version of Calico that is written for; the newest known if it is not said.
    pub calico: Option<Version>,
    /// The findings that are known already.
    pub baseline: Baseline,
}

/// How bad findings of one code are taken to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// They are not told. What the original refuses is told all the same.
    Off,
    /// As bad as this.
    As(Severity),
}

/// Major and minor number of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u16,
    /// The second.
    pub minor: u16,
}

/// `1.35`, also `v1.35.4`.
impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).splitn(3, '.');
        let mut number = || parts.next().and_then(|p| p.parse().ok()).ok_or(NotAVersion);
        Ok(Self { major: number()?, minor: number()? })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The text is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAVersion;

impl std::fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a version such as 1.35")
    }
}

impl std::error::Error for NotAVersion {}

impl Config {
    /// Reads what was loaded from one `portcullis.yaml`. Total: what is not understood is said, with
    /// its place, and the rest holds.
    pub fn read(loaded: &Loaded) -> (Self, Vec<Diagnostic>) {
        let mut config = Self::default();
        let mut out = loaded.diagnostics.clone();
        for id in 0..loaded.sources.documents() {
            let Ok(id) = u32::try_from(id) else { break };
            if let Some(content) = loaded.sources.content(DocumentId(id)) {
                config.document(content.root(), &mut out);
            }
        }
        (config, out)
    }

    fn document(&mut self, root: Cursor<'_>, out: &mut Vec<Diagnostic>) {
        const KEYS: [&str; 3] = ["severity", "ignore", "versions"];
        if !expect(root, NodeKind::Map, out) {
            return;
        }
        for (key, value) in root.entries() {
            match key {
                "severity" if expect(value, NodeKind::Map, out) => self.severities(value, out),
                "ignore" if expect(value, NodeKind::List, out) => {
                    for item in value.items() {
                        if expect(item, NodeKind::String, out) {
                            self.ignore.extend(item.as_str().map(str::to_owned));
                        }
                    }
                }
                "versions" if expect(value, NodeKind::Map, out) => self.versions(value, out),
                "severity" | "ignore" | "versions" => {}
                _ => out.push(unknown(key, value, &KEYS)),
            }
        }
    }

    fn severities(&mut self, at: Cursor<'_>, out: &mut Vec<Diagnostic>) {
        for (key, value) in at.entries() {
            let Some(entry) = catalogue::entry(key) else {
                let known: Vec<&str> = catalogue::catalogue().map(|e| e.code.0).collect();
                out.push(unknown(key, value, &known));
                continue;
            };
            let level = match (value.as_str(), value.as_bool()) {
                (Some("error"), _) => Level::As(Severity::Error),
                (Some("warning"), _) => Level::As(Severity::Warning),
                (Some("info"), _) => Level::As(Severity::Info),
                // YAML 1.1 reads an unquoted `off` as a boolean.
                (Some("off"), _) | (_, Some(false)) => Level::Off,
                _ => {
                    let message = format!("the severity of {key} is not one there is");
                    let help = "it is error, warning, info or off";
                    out.push(fault(value.at(), message).help(help));
                    continue;
                }
            };
            self.severity.insert(entry.code, level);
        }
    }

    fn versions(&mut self, at: Cursor<'_>, out: &mut Vec<Diagnostic>) {
        for (key, value) in at.entries() {
            let slot = match key {
                "kubernetes" => &mut self.kubernetes,
                "calico" => &mut self.calico,
                _ => {
                    out.push(unknown(key, value, &["kubernetes", "calico"]));
                    continue;
                }
            };
            match value.as_str().and_then(|text| text.parse().ok()) {
                Some(version) => *slot = Some(version),
                None => {
                    let shown = value.scalar().unwrap_or("this".into());
                    let message = format!("`{shown}` is not a version such as \"1.35\"");
                    out.push(fault(value.at(), message).help("quote it: 1.30 is the number 1.3"));
                }
            }
        }
    }
}

fn expect(at: Cursor<'_>, kind: NodeKind, out: &mut Vec<Diagnostic>) -> bool {
    if at.kind() == kind {
        return true;
    }
    let path = at.path();
    let what = if path.is_root() { "the configuration".to_owned() } else { format!("`{path}`") };
    out.push(fault(at.at(), format!("{what} must be {kind}, not {}", at.kind())));
    false
}

fn unknown(key: &str, value: Cursor<'_>, known: &[&str]) -> Diagnostic {
    let found = fault(value.key_place(), format!("`{key}` is not known here"));
    match nearest(key, known.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`?")),
        None if known.len() <= 5 => found.help(format!("known are {}", known.join(", "))),
        None => found,
    }
}

fn fault(place: Place, message: String) -> Diagnostic {
    Diagnostic::new(NOT_UNDERSTOOD, Severity::Error, place, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::loaded;

    fn read(text: &str) -> (Config, Vec<String>) {
        let loaded = loaded(text);
        let (config, said) = Config::read(&loaded);
        let said = said.iter().map(|d| {
            let range = d.place().and_then(|p| loaded.sources.locate(p)).expect("a place").range;
            format!("{} {:?} {} ({})", d.code, &text[range], d.message, d.help.join("; "))
        });
        (config, said.collect())
    }

    #[test]
    fn what_is_said_holds() {
        let (config, said) = read(
            "severity: {NP310: error, NP102: off, NP319: 'off'}\nignore: [vendor/**]\n\
             versions: {kubernetes: '1.30', calico: v3.32.1}\n",
        );
        assert_eq!(said, [""; 0]);
        let level = |code| config.severity.get(&Code(code)).copied();
        assert_eq!(level("NP310"), Some(Level::As(Severity::Error)));
        assert_eq!(level("NP102"), Some(Level::Off));
        assert_eq!(level("NP319"), Some(Level::Off));
        assert_eq!(config.ignore, ["vendor/**"]);
        assert_eq!(config.kubernetes, Some(Version { major: 1, minor: 30 }));
        assert_eq!(config.calico.map(|v| v.to_string()).as_deref(), Some("3.32"));
    }

    #[test]
    fn what_is_not_understood_is_said_with_its_place() {
        for (text, want) in [
            (
                "severty: {}",
                r#"YA023 "severty" `severty` is not known here (did you mean `severity`?)"#,
            ),
            (
                "severity: {NP3100: error}",
                r#"YA023 "NP3100" `NP3100` is not known here (did you mean `NP310`?)"#,
            ),
            (
                "severity: {NP310: fatal}",
                r#"YA023 "fatal" the severity of NP310 is not one there is (it is error, warning, info or off)"#,
            ),
            ("ignore: vendor", r#"YA023 "vendor" `ignore` must be a list, not a string ()"#),
            (
                "versions: {kubernetes: 1.30}",
                r#"YA023 "1.30" `1.3` is not a version such as "1.35" (quote it: 1.30 is the number 1.3)"#,
            ),
            ("- a", r#"YA023 "- a" the configuration must be a map, not a list ()"#),
        ] {
            assert_eq!(read(text).1, [want], "{text}");
        }
    }
}
