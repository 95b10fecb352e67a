//! From sources to a snapshot, with everything said on the way.

use std::io::Write;

use portcullis_core::{Diagnostic, Namespace, Place, Severity};
use portcullis_object::{Loaded, Sources};
use portcullis_snapshot::{Refused, Settings, Snapshot, WorkloadState};

use crate::args::{LookArgs, RefusedChoice, SourceArgs};
use crate::exit::Failure;
use crate::places::Places;
use crate::render::{self, Look};
use crate::shell::Shell;
use crate::source::{self, Gathered, Problem};

/// What the sources hold, ready for questions.
pub(crate) struct Cluster {
    pub snapshot: Snapshot,
    pub places: Places,
    /// What could not be read, for every answer to count.
    pub unread: Vec<Unread>,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    /// The file.
    pub name: String,
    /// Where in it, if it is not all of it.
    pub line: Option<usize>,
    /// Why, as a clause.
    pub why: String,
}

// === impl Unread ===

impl Unread {
    /// `a.yaml:3`.
    pub fn place(&self) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}", render::clean(&self.name))
    }
}

/// Errors shown without `-v`. Beyond that they are one mistake made many times.
const SHOWN_MAX: usize = 20;

/// Settings as far as the flags of every command say them.
pub(crate) fn settings(source: &SourceArgs) -> Settings {
    let mut settings = Settings {
        refused: match source.refused {
            RefusedChoice::Unknown => Refused::Unknown,
            RefusedChoice::Absent => Refused::Absent,
        },
        ..Settings::default()
    };
    if let Some(namespace) = source.said_namespace() {
        settings.default_namespace = Namespace::new(namespace);
    }
    settings
}

/// Opens and reads the sources, says what they are and what is wrong with them.
///
/// Fails if nothing is left to judge.
pub(crate) fn open(
    source: &SourceArgs,
    settings: &Settings,
    look: &LookArgs,
    shell: &mut Shell<'_>,
) -> anyhow::Result<Cluster> {
    if source.files.is_empty() {
        let help = "give -f with a file, a folder, `-` for standard input, or git:REF:PATH";
        return Err(Failure::new("there is nothing to judge").help(help).into());
    }
    let limits = source.read.limits();
    let Gathered { inputs, problems, left_out } =
        source::gather(&source.files, shell.streams.input, &limits);
    let files = inputs.len();
    let loaded = portcullis_object::load(inputs, &limits);
    let (snapshot, found) = Snapshot::build(&loaded.objects, &loaded.unreadable, settings);

    let drawn = shell.environment.notes_look(look);
    let notes = &mut *shell.streams.notes;
    if !look.quiet {
        let summary = summary(&source.files, files, &loaded, &snapshot);
        writeln!(notes, "source: {}", render::clean(&summary))?;
        let diagnostics: Vec<&Diagnostic> = loaded.diagnostics.iter().chain(&found).collect();
        // If nothing else is left, they are what stops the command, and said then.
        let problems = if loaded.objects.is_empty() { &[] } else { problems.as_slice() };
        let all = Findings { problems, diagnostics: &diagnostics };
        all.write(&loaded.sources, drawn, look.verbose, notes)?;
        for Problem { name, why } in &left_out {
            writeln!(notes, "note: {}: {why}", render::clean(name))?;
        }
    }
    if loaded.objects.is_empty() {
        return Err(nothing(&source.files, &problems).into());
    }
    let unread = unread(&loaded, problems.into_iter().chain(left_out));
    Ok(Cluster { snapshot, places: Places::new(loaded.sources), unread })
}

/// `k8s (5 files, 15 workloads, 17 policies, offline)`.
fn summary(given: &[String], files: usize, loaded: &Loaded, snapshot: &Snapshot) -> String {
    let through = |state: &WorkloadState| matches!(state, WorkloadState::Through(_));
    let workloads = snapshot.workloads().filter(|(_, w)| !through(&w.state)).count();
    let of_kinds = |is: fn(&str) -> bool| loaded.objects.iter().filter(|o| is(o.kind())).count();
    let counts = [
        (files, "file", "files"),
        (workloads, "workload", "workloads"),
        (of_kinds(|kind| kind.ends_with("NetworkPolicy")), "policy", "policies"),
        (
            of_kinds(|kind| matches!(kind, "RoleBinding" | "ClusterRoleBinding")),
            "binding",
            "bindings",
        ),
        (loaded.unreadable.len(), "unreadable document", "unreadable documents"),
    ];
    // Files, workloads and policies are what people look for, also when there is none.
    let shown = counts.iter().enumerate().filter(|(i, (count, ..))| *i < 3 || *count > 0);
    let shown: Vec<String> = shown.map(|(_, (n, one, many))| counted(*n, one, many)).collect();
    format!("{} ({}, offline)", named(given), shown.join(", "))
}

/// The sources, as many as fit a line.
fn named(given: &[String]) -> String {
    const NAMED_MAX: usize = 3;
    match given {
        [first, .., last] if given.len() > NAMED_MAX => format!("{first} ... {last}"),
        _ => given.join(" "),
    }
}

/// `1 file`, `2 files`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What is said about the input before any answer.
pub(crate) struct Findings<'a> {
    pub problems: &'a [Problem],
    pub diagnostics: &'a [&'a Diagnostic],
}

// === impl Findings ===

impl Findings<'_> {
    /// Errors in full, everything else counted; with `verbose` everything in full.
    pub fn write(
        &self,
        sources: &Sources,
        look: Look,
        verbose: bool,
        notes: &mut dyn Write,
    ) -> anyhow::Result<()> {
        for problem in self.problems {
            notes.write_all(render::problem(problem).as_bytes())?;
        }
        let shown = |d: &Diagnostic| verbose || d.severity == Severity::Error;
        let limit = if verbose { usize::MAX } else { SHOWN_MAX };
        let mut left = 0;
        for (i, diagnostic) in self.diagnostics.iter().filter(|d| shown(d)).enumerate() {
            if i < limit {
                notes.write_all(render::finding(diagnostic, sources, look).as_bytes())?;
            } else {
                left += 1;
            }
        }
        let count = |severity| self.diagnostics.iter().filter(|d| d.severity == severity).count();
        let hidden = [
            (left, "more error", "more errors"),
            (if verbose { 0 } else { count(Severity::Warning) }, "warning", "warnings"),
            (if verbose { 0 } else { count(Severity::Info) }, "remark", "remarks"),
        ];
        let hidden: Vec<String> = hidden
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| counted(count, one, many))
            .collect();
        if !hidden.is_empty() {
            writeln!(notes, "{}; -v shows them", hidden.join(", "))?;
        }
        Ok(())
    }
}

pub(crate) fn nothing(given: &[String], problems: &[Problem]) -> Failure {
    if problems.is_empty() {
        return Failure::new(format!("there is no Kubernetes object in {}", named(given)))
            .help("objects are read from .yaml, .yml and .json files, in folders below too");
    }
    let why: Vec<String> = problems.iter().map(|p| format!("`{}`: {}", p.name, p.why)).collect();
    Failure::new(format!("nothing is left to judge: {}", why.join(", ")))
}

/// What every answer must count: files that were not opened, documents that were not read.
fn unread(loaded: &Loaded, problems: impl Iterator<Item = Problem>) -> Vec<Unread> {
    let files = problems.map(|Problem { name, why }| Unread { name, line: None, why });
    let documents = loaded.unreadable.iter().map(|document| {
        let name = loaded.sources.document_name(document.document).to_owned();
        let start = loaded.sources.locate(&Place::In(document.document, 0..0));
        let why = match &document.policy_kind {
            Some(kind) => format!("a document cannot be read; it names the kind {kind}"),
            None => "a document cannot be read".to_owned(),
        };
        Unread { name, line: start.map(|at| at.line), why }
    });
    files.chain(documents).collect()
}
