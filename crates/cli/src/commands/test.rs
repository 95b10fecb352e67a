//! `portcullis test`.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use portcullis_core::{Date, Diagnostic, Place};
use portcullis_object::{Input, Limits, Loaded, Object, Unreadable};
use portcullis_sectest::{
    Given, Outcome, SourceRef, Status, Suite, init, read, run as judge, sources, yaml_of_case,
};
use portcullis_snapshot::{Settings, Snapshot};
use smol_str::SmolStr;

use crate::args::{SourceArgs, TestArgs};
use crate::cluster::{self, Findings};
use crate::exit::{Exit, Failure};
use crate::outputs;
use crate::places::Places;
use crate::render::{self, Counts, Ledger, Ran};
use crate::shell::Shell;
use crate::source::{self, Gathered, Problem};

pub(super) fn run(args: &TestArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    if args.init {
        return first_file(args, shell);
    }
    let targets = outputs::chosen(&args.output, false)?;
    let mut paths: Vec<String> = args.paths.iter().chain(&args.source.files).cloned().collect();
    if paths.is_empty() {
        paths.push(".".to_owned());
    }
    let limits = args.source.read.limits();
    let Gathered { inputs, problems, .. } =
        source::gather_tests(&paths, shell.streams.input, &limits);
    for problem in &problems {
        shell.streams.notes.write_all(render::problem(problem).as_bytes())?;
    }
    if inputs.is_empty() {
        return Err(Failure::new(format!("there is no test file in {}", paths.join(" ")))
            .help("test files are called *.sectest.yaml or *.case.md; --init writes a first one")
            .into());
    }
    let settings = cluster::settings(&args.source);
    let today = shell.environment.today();
    let mut told = HashSet::new();
    let mut files = Vec::new();
    for input in inputs {
        let file = TestFile::open(input, &limits, shell);
        file.tell(&settings, args, &mut told, shell)?;
        files.push(file.judge(&settings, today));
    }
    let ledger = Ledger {
        files: &files,
        problems: &problems,
        root: shell.environment.folder.as_deref(),
        is_all: args.look.verbose,
    };
    let draw = |format, look| render::outcomes(format, &ledger, look);
    outputs::emit(&targets, draw, &args.look, shell)?;
    shell.note(&args.look, &Counts::of(&files).sentence(files.len()))?;
    let worst = files.iter().filter_map(|ran| ran.results.worst()).max();
    Ok(match worst {
        _ if !problems.is_empty() => Exit::CouldNot,
        Some(Status::Malformed) | None => Exit::CouldNot,
        Some(Status::Fail) => Exit::No,
        Some(Status::Unknown) => Exit::Unknown,
        Some(Status::Pass | Status::Skipped) => Exit::Yes,
    })
}

/// `--init`: the sources are those of the file, so it belongs where the command is run.
fn first_file(args: &TestArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    let files: Vec<String> = args.paths.iter().chain(&args.source.files).cloned().collect();
    let source = SourceArgs { files, ..args.source.clone() };
    let cluster = cluster::open(&source, &cluster::settings(&source), &args.look, shell)?;
    let named: Vec<&str> = source.files.iter().map(String::as_str).collect();
    shell.streams.data.write_all(init(&cluster.snapshot, &named).as_bytes())?;
    Ok(Exit::Yes)
}

/// A test file with everything it is about.
struct TestFile {
    name: String,
    suite: Suite,
    /// The objects of its sources; its own are in the suite.
    objects: Vec<Object>,
    unreadable: Vec<Unreadable>,
    diagnostics: Vec<Diagnostic>,
    places: Places,
    /// Sources that could not be opened.
    missing: Vec<Outcome>,
}

// === impl TestFile ===

impl TestFile {
    fn open(mut input: Input, limits: &Limits, shell: &mut Shell<'_>) -> Self {
        let name = input.name.clone();
        if name.ends_with(".md") {
            input.bytes = yaml_of_case(&input.bytes);
        }
        let alone = portcullis_object::load(vec![input.clone()], limits);
        let named = sources(&read(&alone.objects, &alone.unreadable));
        let paths: Vec<String> = named.iter().map(|s| resolved(&name, &s.text)).collect();
        let Gathered { mut inputs, problems, .. } =
            source::gather(&paths, shell.streams.input, limits);
        let missing = problems.iter().map(|p| missing(p, &named, &paths)).collect();
        inputs.insert(0, input);
        let Loaded { objects, sources, diagnostics, unreadable, .. } =
            portcullis_object::load(inputs, limits);
        // The file was read first, so its documents are the first ones again.
        let own = alone.sources.documents();
        let is_own = |document: portcullis_core::DocumentId| (document.0 as usize) < own;
        let (beside, objects): (Vec<_>, Vec<_>) =
            objects.into_iter().partition(|object| is_own(object.document()));
        let (own_unreadable, unreadable): (Vec<_>, Vec<_>) =
            unreadable.into_iter().partition(|unreadable| is_own(unreadable.document));
        let suite = read(&beside, &own_unreadable);
        let places = Places::new(sources);
        Self { name, suite, objects, unreadable, diagnostics, places, missing }
    }

    /// Says what is wrong with the objects it is about, unless that was said before.
    fn tell(
        &self,
        settings: &Settings,
        args: &TestArgs,
        told: &mut HashSet<Vec<u8>>,
        shell: &mut Shell<'_>,
    ) -> anyhow::Result<()> {
        if args.look.quiet {
            return Ok(());
        }
        let objects: Vec<Object> =
            self.objects.iter().chain(&self.suite.objects).cloned().collect();
        let (_, found) = Snapshot::build(&objects, &self.unreadable, settings);
        let diagnostics: Vec<&Diagnostic> = self.diagnostics.iter().chain(&found).collect();
        let look = shell.environment.notes_look(&args.look);
        let mut text = Vec::new();
        let findings = Findings { problems: &[], diagnostics: &diagnostics };
        findings.write(self.places.sources(), look, args.look.verbose, &mut text)?;
        if !told.contains(&text) {
            shell.streams.notes.write_all(&text)?;
            told.insert(text);
        }
        Ok(())
    }

    fn judge(self, settings: &Settings, today: Date) -> Ran {
        let given = Given { objects: &self.objects, unreadable: &self.unreadable, settings, today };
        let mut results = judge(&self.suite, &given);
        results.outcomes.splice(0..0, self.missing);
        Ran { file: self.name, results, places: self.places }
    }
}

/// What comes of a source that could not be opened: nothing that the file claims can be relied on.
fn missing(problem: &Problem, named: &[SourceRef], paths: &[String]) -> Outcome {
    let Problem { name, why } = problem;
    // Of the sources that could have led there, the one that leads farthest.
    let of = named.iter().zip(paths).filter(|(_, path)| name.starts_with(path.as_str()));
    let origin = of.max_by_key(|(_, path)| path.len()).map(|(source, _)| source.origin.clone());
    Outcome {
        place: origin.clone().map(Place::At),
        origin,
        test: SmolStr::default(),
        title: "the sources".to_owned(),
        status: Status::Malformed,
        why: format!("{name} cannot be read: {why}"),
        help: Vec::new(),
        checked: 0,
        counterexample: None,
    }
}

/// A source of a test file, which is written as seen from there.
fn resolved(file: &str, source: &str) -> String {
    let is_whole = source == "-" || source.starts_with("git:") || Path::new(source).is_absolute();
    if is_whole || file == "-" {
        return source.to_owned();
    }
    let beside = |file: &str| Path::new(file).parent().unwrap_or(Path::new("")).join(source);
    if let Some((reference, path)) = file.strip_prefix("git:").and_then(|f| f.split_once(':')) {
        let path = straight(&beside(path)).display().to_string();
        // Git calls the root of a commit by no name.
        return format!("git:{reference}:{}", if path == "." { "" } else { &path });
    }
    let path = beside(file);
    let short = straight(&path);
    // Behind a link to a folder, `..` leads elsewhere.
    let is_same = matches!((path.canonicalize(), short.canonicalize()), (Ok(a), Ok(b)) if a == b);
    (if is_same { short } else { path }).display().to_string()
}

/// The path without `.`, and without `..` behind a folder that it leads out of.
fn straight(path: &Path) -> PathBuf {
    let mut straight = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(straight.components().next_back(), Some(Component::Normal(_))) =>
            {
                straight.pop();
            }
            other => straight.push(other),
        }
    }
    if straight.as_os_str().is_empty() { PathBuf::from(".") } else { straight }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_seen_from_the_file() {
        for (file, source, want) in [
            ("none/a.sectest.yaml", "../k8s", "none/../k8s"),
            ("tests/a.sectest.yaml", "../src", "src"),
            ("tests/a.sectest.yaml", "..", "."),
            ("a.sectest.yaml", "k8s", "k8s"),
            ("/t/a.sectest.yaml", "k8s/a.yaml", "/t/k8s/a.yaml"),
            ("t/a.sectest.yaml", "/k8s", "/k8s"),
            ("t/a.sectest.yaml", "-", "-"),
            ("t/a.sectest.yaml", "git:main:k8s", "git:main:k8s"),
            ("git:main:t/a.sectest.yaml", "../k8s/./a", "git:main:k8s/a"),
            ("git:main:t/a.sectest.yaml", "..", "git:main:"),
            ("-", "k8s", "k8s"),
        ] {
            assert_eq!(resolved(file, source), want, "{file} {source}");
        }
    }
}
