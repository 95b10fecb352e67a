//! `portcullis connect`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use portcullis_analysis::{Answer, AskError, Outcome, Question, connect};
use portcullis_core::{Family, nearest};
use portcullis_snapshot::{Settings, Snapshot};

use crate::args::{ConnectArgs, Format};
use crate::cluster::{self, Cluster};
use crate::exit::{Exit, Failure};
use crate::render;
use crate::shell::Shell;
use crate::source::why_not;

/// Bytes of a file of questions. Each answer is hundreds of times as long as its question, so what
/// is beyond this would not be read by anybody.
const QUESTIONS_BYTES_MAX: u64 = 64 << 20;

pub(super) fn run(args: &ConnectArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    match &args.questions {
        None => one(args, shell),
        Some(file) => many(args, file, shell),
    }
}

fn one(args: &ConnectArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    let (from, to) = (args.from.as_deref().unwrap_or(""), args.to.as_deref().unwrap_or(""));
    // What cannot be understood is said before anything is read.
    let question = question(from, to, args.ip_version.0).map_err(|error| failure(&error))?;
    let cluster = open(args, shell)?;
    let answer = connect(&cluster.snapshot, &question).map_err(|error| failure(&error))?;
    let (places, unread) = (&cluster.places, cluster.unread.as_slice());
    shell.answer(
        &args.output,
        None,
        |look| render::connection(&answer, places, unread, look),
        || render::answer_value(&answer, places, unread),
    )?;
    Ok(exit(answer.verdict))
}

/// One answer a line, in the order of the questions.
fn many(args: &ConnectArgs, file: &Path, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    if args.output.output != Format::Jsonl {
        return Err(Failure::new("answers to many questions are lines: give -o jsonl").into());
    }
    let text = read_questions(args, file, shell)?;
    let cluster = open(args, shell)?;
    let mut out = BufWriter::new(&mut *shell.streams.data);
    let (mut bad, mut no, mut unknown) = (false, false, false);
    for line in text.lines().filter(|line| !line.is_empty()) {
        let value = match ask(line, args.ip_version.0, &cluster) {
            Ok(answer) => {
                no |= matches!(answer.verdict, Outcome::Deny | Outcome::Mixed);
                unknown |= answer.verdict == Outcome::Unknown;
                render::answer_value(&answer, &cluster.places, &cluster.unread)
            }
            Err(failure) => {
                bad = true;
                render::error_value(&failure.message, &failure.help)
            }
        };
        writeln!(out, "{value}")?;
    }
    out.flush()?;
    Ok(match (bad, no, unknown) {
        (true, _, _) => Exit::CouldNot,
        (_, true, _) => Exit::No,
        (_, _, true) => Exit::Unknown,
        (false, false, false) => Exit::Yes,
    })
}

fn read_questions(
    args: &ConnectArgs,
    file: &Path,
    shell: &mut Shell<'_>,
) -> anyhow::Result<String> {
    let cannot = |why: std::io::Error| {
        let why = why_not(&why);
        Failure::new(format!("the questions in {} cannot be read: {why}", file.display()))
    };
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        if args.source.files.iter().any(|source| source == "-") {
            return Err(Failure::new("standard input cannot be both questions and objects").into());
        }
        let input = &mut *shell.streams.input;
        input.take(QUESTIONS_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(cannot)?;
    } else {
        let opened = File::open(file).map_err(cannot)?;
        opened.take(QUESTIONS_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(cannot)?;
    }
    if bytes.len() as u64 > QUESTIONS_BYTES_MAX {
        let limit = QUESTIONS_BYTES_MAX >> 20;
        return Err(Failure::new(format!("more than {limit} MiB of questions")).into());
    }
    // A line that is no text names nothing, and is answered so in its place.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Answers one line.
fn ask(line: &str, family: Family, cluster: &Cluster) -> Result<Answer, Failure> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [from, to] = words.as_slice() else {
        return Err(Failure::new(format!("`{}` is no question", line.trim()))
            .help("a question is `FROM TO`, one a line"));
    };
    let question = question(from, to, family).map_err(|error| failure(&error))?;
    connect(&cluster.snapshot, &question).map_err(|error| failure(&error))
}

fn question(from: &str, to: &str, family: Family) -> Result<Question, AskError> {
    Ok(Question { from: from.parse()?, to: to.parse()?, family })
}

fn failure(error: &AskError) -> Failure {
    Failure { message: error.to_string(), help: error.help() }
}

fn open(args: &ConnectArgs, shell: &mut Shell<'_>) -> anyhow::Result<Cluster> {
    let cluster = cluster::open(&args.source, &settings(args), &args.output.look, shell)?;
    for kind in &args.without {
        if let Some(warning) = without_nothing(kind, &cluster.snapshot) {
            shell.note(&args.output.look, &format!("warning: {warning}"))?;
        }
    }
    Ok(cluster)
}

/// What is odd about `--without KIND` if nothing given is of that kind: a typing error here would
/// leave answers unknown without a word.
fn without_nothing(kind: &str, snapshot: &Snapshot) -> Option<String> {
    let mut left_out = snapshot.skipped().filter_map(|s| s.origin.as_ref()?.object.as_ref());
    if left_out.any(|object| object.kind.eq_ignore_ascii_case(kind)) {
        return None;
    }
    let judged_elsewhere = snapshot.network().foreign().iter().map(|f| f.kind.as_str());
    let kinds: BTreeSet<&str> = judged_elsewhere.collect();
    let help = match nearest(kind, kinds.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if kinds.is_empty() => "every policy here is judged".to_owned(),
        None => format!("those not judged are of kind {}", Vec::from_iter(kinds).join(", ")),
    };
    Some(format!("--without {kind}: no policy given is of that kind; {help}"))
}

fn settings(args: &ConnectArgs) -> Settings {
    Settings {
        pod_networks: args.pod_cidr.clone(),
        resolved: args.resolve.iter().map(|r| (r.name.as_str().into(), r.address)).collect(),
        without: args.without.iter().map(Into::into).collect(),
        ..cluster::settings(&args.source)
    }
}

fn exit(verdict: Outcome) -> Exit {
    match verdict {
        Outcome::Allow => Exit::Yes,
        Outcome::Deny | Outcome::Mixed => Exit::No,
        Outcome::Unknown => Exit::Unknown,
    }
}
