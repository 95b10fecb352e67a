//! What came out: findings in the order of the text, each with its fingerprint and whether somebody
//! allowed it.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use portcullis_core::{Code, Diagnostic, DocumentId, Place};
use portcullis_object::{Loaded, Located, Sources};

use crate::allow::{self, Allowances};
use crate::config::{Config, Level};
use crate::glob;
use portcullis_core::Date;

/// Everything that is to be said.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order of the inputs and of their text.
    pub findings: Vec<Finding>,
}

/// One finding, and what is known about it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was found.
    pub diagnostic: Diagnostic,
    /// What it is recognised by.
    pub fingerprint: Fingerprint,
    /// Whether it counts.
    pub state: State,
}

/// Whether a finding counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    New,
    /// It is in the baseline.
    Known,
    /// A comment allows it.
    Allowed {
        /// Why, as its author wrote.
        reason: String,
        /// Until when, if that is said.
        until: Option<Date>,
        /// The comment.
        by: Place,
    },
}

impl Finding {
    /// Whether it counts.
    pub fn is_new(&self) -> bool {
        self.state == State::New
    }
}

/// What a finding is recognised by when lines move: its code, the object, the field, and what is
/// written there; never the sentence, which may get better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

/// Sixteen hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Reads what it prints.
impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotAFingerprint);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| NotAFingerprint)
    }
}

/// The text is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAFingerprint;

impl fmt::Display for NotAFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not sixteen hexadecimal digits")
    }
}

impl std::error::Error for NotAFingerprint {}

impl Report {
    pub(crate) fn new(
        diagnostics: Vec<Diagnostic>,
        loaded: &Loaded,
        config: &Config,
        today: Date,
    ) -> Self {
        let sources = &loaded.sources;
        let mut placed: Vec<Placed> =
            diagnostics.into_iter().filter_map(|d| Placed::new(d, sources, config)).collect();
        placed.sort_by(|a, b| a.key().cmp(&b.key()));
        placed.dedup_by(|a, b| a.diagnostic == b.diagnostic);
        let mut allowances = Allowances::read(sources);
        let mut seen: HashMap<u64, u64> = HashMap::new();
        let mut findings: Vec<Finding> = placed
            .into_iter()
            .map(|placed| {
                let state = allowances.judge(&placed.diagnostic, placed.at.as_ref(), today);
                placed.finish(sources, config, state, &mut seen)
            })
            .collect();
        let said: Vec<Placed> = allowances
            .faults(today)
            .into_iter()
            .filter_map(|d| Placed::new(d, sources, config))
            .collect();
        findings.extend(said.into_iter().map(|p| p.finish(sources, config, State::New, &mut seen)));
        let order = |f: &Finding| {
            let place = f.diagnostic.place();
            let at = place.and_then(|p| sources.locate(p)).map_or(0, |at| at.range.start);
            (place.map_or(DocumentId::BUILT_IN, Place::document), at, f.diagnostic.code)
        };
        findings.sort_by_cached_key(order);
        Self { findings }
    }
}

/// A finding with where it is.
struct Placed {
    diagnostic: Diagnostic,
    at: Option<Located>,
}

impl Placed {
    /// None if the configuration does not want to hear it.
    fn new(mut diagnostic: Diagnostic, sources: &Sources, config: &Config) -> Option<Self> {
        let place = diagnostic.place()?;
        let name = sources.document_name(place.document());
        if config.ignore.iter().any(|pattern| glob::matches(pattern, name)) {
            return None;
        }
        let at = sources.locate(place);
        match config.severity.get(&diagnostic.code) {
            Some(Level::Off) if !diagnostic.refuses => return None,
            Some(Level::As(severity)) => diagnostic.severity = *severity,
            Some(Level::Off) | None => {}
        }
        Some(Self { diagnostic, at })
    }

    fn key(&self) -> (Option<DocumentId>, Option<usize>, &'static str, &str) {
        let Diagnostic { code, message, .. } = &self.diagnostic;
        let document = self.diagnostic.place().map(Place::document);
        (document, self.at.as_ref().map(|at| at.range.start), code.0, message)
    }

    fn finish(
        self,
        sources: &Sources,
        config: &Config,
        state: State,
        seen: &mut HashMap<u64, u64>,
    ) -> Finding {
        let first = self.identity(sources);
        // Twins in one place are told apart by their number.
        let count = seen.entry(first).or_default();
        let fingerprint = Fingerprint(hash(first, &count.to_le_bytes()));
        *count += 1;
        let state = match state {
            State::New if config.baseline.holds(fingerprint) => State::Known,
            state => state,
        };
        Finding { diagnostic: self.diagnostic, fingerprint, state }
    }

    fn identity(&self, sources: &Sources) -> u64 {
        let mut text = format!("{}\0", self.diagnostic.code);
        match self.diagnostic.origin() {
            Some(origin) => {
                if let Some(object) = &origin.object {
                    text.push_str(&format!("{object}\0"));
                }
                text.push_str(&origin.path.to_string());
            }
            None => text.push_str(self.at.as_ref().map_or("", |at| &at.input)),
        }
        text.push('\0');
        text.push_str(self.written(sources).unwrap_or(""));
        hash(OFFSET, text.as_bytes())
    }

    /// What is written there, unless nobody may be shown it: a fingerprint must not be a way to
    /// guess it.
    fn written<'a>(&self, sources: &'a Sources) -> Option<&'a str> {
        let (at, place) = (self.at.as_ref()?, self.diagnostic.place()?);
        // A scalar or a key; what is longer is known by its path.
        const BYTES_MAX: usize = 512;
        let text = sources.file_text(place.document()).get(at.range.clone())?;
        if text.len() > BYTES_MAX || text.contains('\n') {
            return None;
        }
        let meets = |r: &Range<usize>| r.start < at.range.end && at.range.start < r.end;
        (!sources.secret_ranges(place.document()).iter().any(meets)).then_some(text)
    }
}

/// FNV-1a: small, stable over versions and machines. Nothing here withstands malice, nor has to.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

fn hash(start: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

/// The codes that only a report raises.
pub(crate) const CODES: &[(Code, &str)] = &[
    (allow::MALFORMED, "an allowance that cannot be understood, or gives no reason"),
    (allow::EXPIRED, "an allowance whose time is over"),
    (allow::UNUSED, "an allowance that allows nothing"),
    (crate::config::NOT_UNDERSTOOD, "a configuration that cannot be understood"),
];

#[cfg(test)]
mod tests {
    use portcullis_core::{Code, Severity};

    use super::*;
    use crate::testing::{report, report_with};

    const POLICY: &str = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n\
                          metadata: {name: a}\nspec: {ordr: 1, selector: all()}\n";

    fn codes(report: &Report) -> Vec<(&'static str, Severity)> {
        report.findings.iter().map(|f| (f.diagnostic.code.0, f.diagnostic.severity)).collect()
    }

    #[test]
    fn the_configuration_decides_what_is_told_and_how() {
        let plain = codes(&report(POLICY));
        assert!(plain.contains(&("NP207", Severity::Info)), "{plain:?}");
        assert!(plain.contains(&("NP101", Severity::Error)), "{plain:?}");
        let severity =
            [("NP207", Level::Off), ("NP101", Level::Off), ("NP411", Level::As(Severity::Error))];
        let severity = severity.into_iter().map(|(code, level)| (Code(code), level)).collect();
        let told = codes(&report_with(POLICY, &Config { severity, ..Config::default() }));
        assert!(!told.iter().any(|(code, _)| *code == "NP207"), "{told:?}");
        assert!(told.contains(&("NP411", Severity::Error)), "{told:?}");
        // What the original refuses cannot be switched off.
        assert!(told.contains(&("NP101", Severity::Error)), "{told:?}");
    }

    #[test]
    fn in_ignored_files_nothing_is_found() {
        let config = Config { ignore: vec!["*.yaml".into()], ..Config::default() };
        assert!(report_with(POLICY, &config).findings.is_empty());
    }

    #[test]
    fn findings_are_in_the_order_of_the_text_and_told_apart() {
        let text = format!("{POLICY}---\n{POLICY}");
        let found = report(&text).findings;
        let places: Vec<_> = found
            .iter()
            .filter_map(|f| f.diagnostic.place())
            .map(|place| place.document())
            .collect();
        assert!(places.is_sorted());
        let mut prints: Vec<_> = found.iter().map(|f| f.fingerprint).collect();
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), found.len());
    }

    #[test]
    fn a_fingerprint_reads_as_it_prints() {
        let print = Fingerprint(0x00ab_cdef_0123_4567);
        assert_eq!(print.to_string(), "00abcdef01234567");
        assert_eq!("00abcdef01234567".parse(), Ok(print));
        for text in ["", "abc", "00abcdef0123456g", "+0abcdef01234567"] {
            assert_eq!(text.parse::<Fingerprint>(), Err(NotAFingerprint), "{text}");
        }
    }
}
