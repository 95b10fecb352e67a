//! `portcullis check`.

use std::io;
use std::path::Path;

use portcullis_core::{Date, Namespace, Severity};
use portcullis_lint::{Baseline, Config, Report, State, settle};
use portcullis_object::{Input, Limits, Loaded, codes};
use portcullis_snapshot::Settings;

use crate::args::{CheckArgs, FailOn};
use crate::cluster::{counted, nothing};
use crate::exit::{Exit, Failure};
use crate::outputs;
use crate::project::{self, Project};
use crate::render::{self, Listing, Tally, Told};
use crate::shell::Shell;
use crate::source::{self, Gathered};

pub(super) fn run(args: &CheckArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    let targets = outputs::chosen(&args.output, args.diff)?;
    let sources: Vec<String> = args.paths.iter().chain(&args.files).cloned().collect();
    let Gathered { inputs, problems, .. } = gather(&sources, args, shell)?;
    let mut project = Project::open(args.config.as_deref(), &sources)?;
    if let Some(file) = &args.baseline {
        project.config.baseline = project::baseline(file)?;
    }
    let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
    let settings = settings(args);
    let check = Check { settings, today: shell.environment.today(), limits: args.read.limits() };
    let inputs = check.mend_as_asked(inputs, &project.config, args, shell)?;
    let mut checked = check.run(inputs, &project.config);
    if let Some(file) = &args.write_baseline {
        checked.write_baseline(file, args, shell)?;
    }

    let listing = Listing {
        problems: &problems,
        root: shell.environment.folder.as_deref(),
        ..listing(&checked, &project, &names, args)
    };
    let draw = |format, look| render::report(format, &listing, look);
    outputs::emit(&targets, draw, &args.look, shell)?;
    shell.note(&args.look, &listing.tally.sentence(names.len()))?;
    Ok(if !problems.is_empty() || checked.is_limited() {
        Exit::CouldNot
    } else if listing.told.iter().any(|told| told.fails) {
        Exit::No
    } else {
        Exit::Yes
    })
}

/// Opens the sources, and says what of them is not read. Fails if nothing is left to check.
fn gather(sources: &[String], args: &CheckArgs, shell: &mut Shell<'_>) -> anyhow::Result<Gathered> {
    if sources.is_empty() {
        let help = "name a file, a folder, `-` for standard input, or git:REF:PATH";
        return Err(Failure::new("there is nothing to check").help(help).into());
    }
    let gathered = source::gather(sources, shell.streams.input, &args.read.limits());
    if gathered.inputs.is_empty() {
        return Err(nothing(sources, &gathered.problems).into());
    }
    for problem in &gathered.problems {
        shell.streams.notes.write_all(render::problem(problem).as_bytes())?;
    }
    for left_out in &gathered.left_out {
        shell.note(&args.look, &format!("note: {}: {}", left_out.name, left_out.why))?;
    }
    Ok(gathered)
}

fn settings(args: &CheckArgs) -> Settings {
    let mut settings = Settings::default();
    if let Some(namespace) = args.namespace.as_deref().filter(|namespace| !namespace.is_empty()) {
        settings.default_namespace = Namespace::new(namespace);
    }
    settings
}

/// What every round of checks has in common.
struct Check {
    settings: Settings,
    today: Date,
    limits: Limits,
}

/// What was read, and what was found in it.
struct Checked {
    loaded: Loaded,
    report: Report,
}

/// A file before and after its fixes.
struct Mended {
    /// Which input it is.
    index: usize,
    name: String,
    before: String,
    after: String,
}

// === impl Checked ===

impl Checked {
    /// Whether something was not read for being too much.
    fn is_limited(&self) -> bool {
        let is_limit = |code| code == codes::LIMIT || code == codes::DEPTH;
        self.loaded.diagnostics.iter().any(|diagnostic| is_limit(diagnostic.code))
    }

    /// Makes everything that was found known from now on.
    fn write_baseline(
        &mut self,
        file: &Path,
        args: &CheckArgs,
        shell: &mut Shell<'_>,
    ) -> anyhow::Result<()> {
        let baseline = Baseline::of(&self.report);
        outputs::write(file, baseline.to_json().as_bytes())?;
        for finding in self.report.findings.iter_mut().filter(|finding| finding.is_new()) {
            finding.state = State::Known;
        }
        let count = counted(baseline.len(), "finding", "findings");
        Ok(shell.note(&args.look, &format!("Wrote {count} to {}.", file.display()))?)
    }
}

// === impl Check ===

impl Check {
    /// Shows or writes what fixes change, if that is wanted. What is to be checked then: what is only
    /// shown counts as it is.
    fn mend_as_asked(
        &self,
        mut inputs: Vec<Input>,
        config: &Config,
        args: &CheckArgs,
        shell: &mut Shell<'_>,
    ) -> anyhow::Result<Vec<Input>> {
        if args.diff {
            show(&self.mend(&inputs, config, args), args, shell)?;
        } else if args.fix {
            let mended = self.mend(&inputs, config, args);
            write_mended(&mended, args, shell)?;
            for Mended { after, index, .. } in mended {
                if let Some(input) = inputs.get_mut(index) {
                    input.bytes = after.into_bytes();
                }
            }
        }
        Ok(inputs)
    }

    fn run(&self, inputs: Vec<Input>, config: &Config) -> Checked {
        let loaded = portcullis_object::load(inputs, &self.limits);
        let report = portcullis_lint::check(&loaded, &self.settings, config, self.today);
        Checked { loaded, report }
    }

    /// Makes fixes until there is none left, in memory alone.
    fn mend(&self, inputs: &[Input], config: &Config, args: &CheckArgs) -> Vec<Mended> {
        let Self { settings, today, limits } = self;
        let settled = settle(inputs.to_vec(), limits, settings, config, *today, args.unsafe_fixes);
        let pairs = inputs.iter().zip(settled).enumerate();
        // What is only shown may be anything; what is written must be a file.
        let wanted = |name: &str| args.diff || is_file(name);
        pairs
            .filter(|(_, (old, new))| old.bytes != new.bytes && wanted(&old.name))
            .filter_map(|(index, (old, new))| {
                let before = String::from_utf8(old.bytes.clone()).ok()?;
                let after = String::from_utf8(new.bytes).ok()?;
                Some(Mended { index, name: new.name, before, after })
            })
            .collect()
    }
}

/// Whether an input is a file, as sources are written.
fn is_file(name: &str) -> bool {
    name != "-" && !name.starts_with("git:")
}

/// Shows what fixes would change.
fn show(mended: &[Mended], args: &CheckArgs, shell: &mut Shell<'_>) -> io::Result<()> {
    let look = shell.environment.data_look(&args.look);
    for Mended { name, before, after, .. } in mended {
        let text = render::unified(name, before, after, look);
        shell.streams.data.write_all(text.as_bytes())?;
    }
    let files = counted(mended.len(), "file", "files");
    shell.note(&args.look, &format!("Would fix {files}; nothing is written."))
}

/// Writes the files that fixes change, if they still are what was checked.
fn write_mended(mended: &[Mended], args: &CheckArgs, shell: &mut Shell<'_>) -> anyhow::Result<()> {
    for Mended { name, before, after, .. } in mended {
        let path = Path::new(name);
        if std::fs::read(path).ok().as_deref() != Some(before.as_bytes()) {
            let failure = Failure::new(format!("{name} changed while it was checked"));
            return Err(failure.help("run it again").into());
        }
        outputs::write(path, after.as_bytes())?;
    }
    let files = counted(mended.len(), "file", "files");
    Ok(shell.note(&args.look, &format!("Fixed {files}."))?)
}

/// What the formats are told: the findings of the configuration, then those of the sources.
fn listing<'a>(
    checked: &'a Checked,
    project: &'a Project,
    names: &[String],
    args: &CheckArgs,
) -> Listing<'a> {
    let fails = |severity| match args.fail_on {
        FailOn::Error => severity == Severity::Error,
        FailOn::Warning => severity >= Severity::Warning,
    };
    let mut tally = Tally::default();
    let mut told = Vec::new();
    for (number, diagnostic) in project.diagnostics.iter().enumerate() {
        tally.add(diagnostic.severity);
        let fingerprint = format!("configuration-{number}");
        let fails = fails(diagnostic.severity);
        told.push(Told::new(diagnostic, &project.loaded.sources, fingerprint, fails));
    }
    for finding in &checked.report.findings {
        let diagnostic = &finding.diagnostic;
        match finding.state {
            State::Known => tally.known += 1,
            State::Allowed { .. } => tally.allowed += 1,
            State::New => {
                tally.add(diagnostic.severity);
                let fix = diagnostic.fix.as_ref();
                tally.fixable += usize::from(fix.is_some_and(|fix| fix.safe || args.unsafe_fixes));
                let fingerprint = finding.fingerprint.to_string();
                let fails = fails(diagnostic.severity);
                told.push(Told::new(diagnostic, &checked.loaded.sources, fingerprint, fails));
            }
        }
    }
    let mut files = names.to_vec();
    for told in &told {
        if !files.contains(&told.at.file) {
            files.push(told.at.file.clone());
        }
    }
    Listing { told, files, problems: &[], tally, root: None }
}
