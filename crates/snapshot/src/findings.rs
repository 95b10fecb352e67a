//! Reading the fields of one object, and what is found on the way.

use portcullis_core::{Code, Diagnostic, Labels, Place, Severity};
use portcullis_object::{Cursor, NodeKind};
use smol_str::SmolStr;

use crate::settings::Intake;

/// What was found in one object.
///
/// Two things are told apart. What the API *refuses* may still have a clear meaning; once such an
/// object is stored, that meaning holds. What is *broken* has none: whoever lowers it fails closed,
/// an allow towards matching nothing and a deny towards matching everything.
pub(crate) struct Findings {
    intake: Intake,
    diagnostics: Vec<Diagnostic>,
    broken: usize,
}

impl Findings {
    pub(crate) fn new(intake: Intake, found_before: Vec<Diagnostic>) -> Self {
        let mut this = Self { intake, diagnostics: Vec::new(), broken: 0 };
        for mut diagnostic in found_before {
            // The structure of a stored object was pruned by the server that stored it.
            if intake == Intake::Stored && diagnostic.refuses {
                diagnostic.severity = Severity::Warning;
                diagnostic.refuses = false;
            }
            this.diagnostics.push(diagnostic);
        }
        this
    }

    /// Why the original would refuse the object, if it would.
    pub(crate) fn refusal(&self) -> Option<&Diagnostic> {
        self.diagnostics.iter().find(|d| d.refuses)
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// How much is broken so far; compare two of them to know whether something in between was.
    pub(crate) fn broken_so_far(&self) -> usize {
        self.broken
    }

    /// The API refuses this, and what it means is clear.
    pub(crate) fn refuse(&mut self, code: Code, place: Place, message: impl Into<String>) {
        self.refuse_with(code, place, message, None);
    }

    /// As [`Self::refuse`], with a line of help.
    pub(crate) fn refuse_with(
        &mut self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let severity = match self.intake {
            Intake::Proposed => Severity::Error,
            Intake::Stored => Severity::Warning,
        };
        let mut diagnostic = Diagnostic::new(code, severity, place, message);
        diagnostic.help.extend(help);
        diagnostic.refuses = self.intake == Intake::Proposed;
        self.diagnostics.push(diagnostic);
    }

    /// The API refuses this, and it cannot be evaluated as it stands.
    pub(crate) fn broken(&mut self, code: Code, place: Place, message: impl Into<String>) {
        self.broken_with(code, place, message, None);
    }

    /// As [`Self::broken`], with a line of help.
    pub(crate) fn broken_with(
        &mut self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.broken += 1;
        if self.diagnostics.iter().any(|d| d.refuses && d.place() == Some(&place)) {
            // The structural check, or whoever looked before, has said what is wrong there.
            return;
        }
        let mut diagnostic = Diagnostic::new(code, Severity::Error, place, message);
        diagnostic.help.extend(help);
        diagnostic.refuses = self.intake == Intake::Proposed;
        self.diagnostics.push(diagnostic);
    }

    /// It cannot be evaluated as it stands, and the structural check has said why.
    pub(crate) fn broken_as_said(&mut self) {
        self.broken += 1;
    }

    /// Worth a word; nothing is refused.
    pub(crate) fn warn(&mut self, code: Code, place: Place, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(code, Severity::Warning, place, message));
    }

    // A field of the wrong type was already reported by the structural check; here it only counts
    // as broken, so that nobody takes it for an absent one.

    /// The field, unless it is absent or null.
    pub(crate) fn get<'a>(&mut self, at: Cursor<'a>, name: &str) -> Option<Cursor<'a>> {
        at.field(name).filter(|c| !c.is_null())
    }

    /// A field that is a map.
    pub(crate) fn map<'a>(&mut self, at: Cursor<'a>, name: &str) -> Option<Cursor<'a>> {
        let field = self.get(at, name)?;
        self.expect(field, field.kind() == NodeKind::Map)
    }

    /// The items of a field that is a list; none if it is absent.
    pub(crate) fn list<'a>(&mut self, at: Cursor<'a>, name: &str) -> Vec<Cursor<'a>> {
        let Some(field) = self.get(at, name) else { return Vec::new() };
        match self.expect(field, field.kind() == NodeKind::List) {
            Some(list) => list.items().collect(),
            None => Vec::new(),
        }
    }

    /// A field that is text.
    pub(crate) fn text<'a>(&mut self, at: Cursor<'a>, name: &str) -> Option<&'a str> {
        let field = self.get(at, name)?;
        self.string(field)
    }

    /// The text of a node. A boolean is the word it prints as: so calicoctl reads an unquoted `n`,
    /// and the structural check speaks about it. So it reads a number too, but in which notation
    /// cannot be told from the number.
    pub(crate) fn string<'a>(&mut self, at: Cursor<'a>) -> Option<&'a str> {
        if let Some(text) = at.as_str() {
            return Some(text);
        }
        if let Some(boolean) = at.as_bool() {
            return Some(if boolean { "true" } else { "false" });
        }
        let is_number = matches!(at.kind(), NodeKind::Int | NodeKind::Float);
        if is_number {
            let message = format!("`{}` is a number where text is due", shown(at));
            let help = Some("quote it".into());
            self.broken_with(crate::codes::VALUE, at.at(), message, help);
        } else {
            self.broken_as_said();
        }
        None
    }

    /// A field that is a boolean.
    pub(crate) fn boolean(&mut self, at: Cursor<'_>, name: &str) -> Option<bool> {
        let field = self.get(at, name)?;
        let value = field.as_bool();
        if value.is_none() {
            self.broken += 1;
        }
        value
    }

    /// A field that is a whole number.
    pub(crate) fn integer(&mut self, at: Cursor<'_>, name: &str) -> Option<i64> {
        let field = self.get(at, name)?;
        let value = field.as_i64();
        if value.is_none() {
            self.broken += 1;
        }
        value
    }

    /// A field that is a number.
    pub(crate) fn number(&mut self, at: Cursor<'_>, name: &str) -> Option<f64> {
        let field = self.get(at, name)?;
        let value = field.as_f64();
        if value.is_none() {
            self.broken += 1;
        }
        value
    }

    /// The texts of a field that is a list of texts, with their places.
    pub(crate) fn texts<'a>(&mut self, at: Cursor<'a>, name: &str) -> Vec<(&'a str, Cursor<'a>)> {
        let items = self.list(at, name);
        items.into_iter().filter_map(|c| Some((self.string(c)?, c))).collect()
    }

    /// The pairs of a field that is a map of texts. A null value is the empty text, as in Go. A
    /// number or boolean, which the structural check speaks about, is the text it prints as: so
    /// calicoctl reads it, and what its author meant.
    pub(crate) fn pairs<'a>(&mut self, at: Cursor<'a>, name: &str) -> Vec<(&'a str, SmolStr)> {
        let Some(map) = self.map(at, name) else { return Vec::new() };
        let mut pairs = Vec::new();
        for (key, value) in map.entries() {
            if value.is_null() {
                pairs.push((key, SmolStr::default()));
            } else if let Some(text) = value.scalar() {
                pairs.push((key, text.into()));
            } else {
                self.broken += 1;
            }
        }
        pairs
    }

    /// `metadata.labels`.
    pub(crate) fn labels(&mut self, root: Cursor<'_>) -> Labels {
        let Some(metadata) = self.map(root, "metadata") else { return Labels::default() };
        self.pairs(metadata, "labels").into_iter().collect()
    }

    /// Refuses a list that is longer than the API accepts.
    pub(crate) fn at_most(&mut self, at: Cursor<'_>, name: &str, max: usize) {
        if let Some(field) = self.get(at, name)
            && field.kind() == NodeKind::List
            && field.len() > max
        {
            let message =
                format!("`{name}` has {} entries; at most {max} are accepted", field.len());
            self.refuse(crate::codes::LIST_LENGTH, field.at(), message);
        }
    }

    fn expect<'a>(&mut self, field: Cursor<'a>, ok: bool) -> Option<Cursor<'a>> {
        if !ok {
            self.broken += 1;
        }
        ok.then_some(field)
    }
}

/// The place of a field, or of its parent where it is absent.
pub(crate) fn place_of(at: Cursor<'_>, name: &str) -> Place {
    at.field(name).map_or_else(|| at.at(), Cursor::at)
}

/// How much of a long text a sentence shows.
const SHOWN_CHARS: usize = 80;

/// The beginning of a text, short enough for a sentence and on one line.
pub(crate) fn beginning(text: &str) -> SmolStr {
    let line = text.lines().next().unwrap_or("");
    let cut: String = line.chars().take(SHOWN_CHARS).collect();
    if cut.len() < text.trim_end().len() { SmolStr::from(cut + "…") } else { SmolStr::from(cut) }
}

/// The end of a text, short enough for a sentence and on one line.
pub(crate) fn ending(text: &str) -> SmolStr {
    let line = text.lines().next_back().unwrap_or("");
    let cut = line.chars().count().saturating_sub(SHOWN_CHARS);
    let kept: String = line.chars().skip(cut).collect();
    if kept.len() < text.len() { SmolStr::from(format!("…{kept}")) } else { SmolStr::from(kept) }
}

/// How a scalar is shown to people: its text, or what kind of thing it is.
pub(crate) fn shown(at: Cursor<'_>) -> SmolStr {
    match at.scalar() {
        Some(text) => text.into(),
        None => SmolStr::from(at.kind().to_string()),
    }
}
