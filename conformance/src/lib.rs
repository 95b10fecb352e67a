//! Recorded answers of the real implementations, replayed against ours.
//!
//! A corpus is a file of JSON lines (`name.jsonl`, or compressed `name.jsonl.gz`); each line holds
//! inputs and the answers to them. Every object goes through the product's own loader and lowering:
//! refusing is their work. Differences that we choose stand in `deviations.tsv`, each with the
//! original's answer, ours and the reason.

mod corpus;
mod deviations;
mod escalation;
mod kubernetes;
mod network;
mod packets;
mod rbac;
mod requests;
mod selectors;
mod tally;
mod validation;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

pub use deviations::Deviations;
pub use kubernetes::openssl_is_missing;
pub use tally::Tally;

/// One corpus: its name (folder and file, without extension) and how to replay it.
struct Suite {
    name: &'static str,
    replay: Replay,
}

/// How sessions are replayed and what is shown of them.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The `portcullis` binary; none for the one of this build, which lies beside this program.
    pub portcullis: Option<PathBuf>,
    /// The port of 127.0.0.1 that the server under test serves: none for the recorded one, 0 for
    /// any that is free.
    pub port: Option<u16>,
    /// Records, by id or by group, that are shown with both answers.
    pub show: Vec<String>,
    /// Whether every record that differs is named.
    pub list: bool,
    /// If there are any, the session ends after the last of these groups.
    pub groups: Vec<String>,
    /// The kubectl binaries that walk.
    pub kubectl: Vec<PathBuf>,
    /// Of `plain` and `controllers`, the set-ups that they walk in; none for both.
    pub setups: Vec<String>,
    /// If there is one, everything that has a name of the recording's own gets another.
    pub rename: Option<u64>,
}

enum Replay {
    /// Each line is given to this function, which counts what it holds.
    Lines(fn(&serde_json::Value, &mut Tally<'_>) -> Result<()>),
    /// The whole text is a session with a server, whose counts are printed group by group.
    Session(fn(&str, &str, &Options, &mut dyn Write) -> Result<bool>),
    /// What it asks for does not exist yet.
    NotYet(&'static str),
}

const SUITES: &[Suite] = &[
    Suite { name: "rbac/decide", replay: Replay::Lines(rbac::decide) },
    Suite { name: "rbac/covers", replay: Replay::Lines(rbac::covers) },
    Suite { name: "rbac/rules", replay: Replay::Lines(rbac::rules) },
    Suite { name: "rbac/aggregation", replay: Replay::Lines(rbac::aggregation) },
    Suite { name: "rbac/escalation", replay: Replay::Lines(escalation::escalation) },
    Suite { name: "rbac/requestinfo", replay: Replay::Lines(requests::request) },
    Suite { name: "network/kubernetes", replay: Replay::Lines(network::scenario) },
    Suite { name: "network/calico", replay: Replay::Lines(network::scenario) },
    Suite { name: "network/probes", replay: Replay::Lines(network::scenario) },
    Suite { name: "network/online-boutique", replay: Replay::Lines(network::scenario) },
    Suite { name: "network/conformance", replay: Replay::Lines(network::expectation) },
    Suite { name: "network/verdict-tables", replay: Replay::Lines(packets::table) },
    Suite { name: "network/selectors", replay: Replay::Lines(selectors::expression) },
    Suite { name: "network/validation", replay: Replay::Lines(validation::manifest) },
    Suite { name: "network/calicoctl-walk", replay: Replay::NotYet("needs Calico's API") },
    Suite { name: "network/calicoctl-wire", replay: Replay::NotYet("needs Calico's API") },
    Suite { name: "admission/pod-security", replay: Replay::NotYet("needs admission") },
    Suite { name: "admission/psp", replay: Replay::NotYet("needs admission") },
    Suite { name: "admission/vap", replay: Replay::NotYet("needs admission") },
    Suite { name: "admission/map", replay: Replay::NotYet("needs admission") },
    Suite { name: "admission/gatekeeper", replay: Replay::NotYet("needs admission") },
    Suite { name: "kubernetes/wire-1.35.4", replay: Replay::Session(kubernetes::wire) },
    Suite {
        name: "kubernetes/wire-controllers-1.35.4",
        replay: Replay::Session(kubernetes::controllers),
    },
    Suite { name: "kubernetes/kubectl-walk", replay: Replay::Session(kubernetes::walk) },
    Suite { name: "cel/spec", replay: Replay::NotYet("needs CEL") },
    Suite { name: "opa/conformance-v1", replay: Replay::NotYet("needs Rego") },
];

/// How many differences of a file are printed.
const SHOWN: usize = 5;

/// Replays every corpus of the folder whose name begins with `prefix`. True if all are at their
/// ratchet: full agreement.
pub fn run(folder: &Path, prefix: &str, options: &Options, out: &mut dyn Write) -> Result<bool> {
    anyhow::ensure!(folder.is_dir(), "`{}` is not a folder", folder.display());
    let deviations = Deviations::parse(include_str!("../deviations.tsv"))?;
    let also = if prefix == "kubernetes/walk" { "kubernetes/kubectl-walk" } else { prefix };
    let mut all_agreed = true;
    let mut ran = 0;
    for suite in SUITES.iter().filter(|s| s.name.starts_with(prefix) || s.name == also) {
        let Some(text) = corpus::read(folder, suite.name)? else { continue };
        let replay = match &suite.replay {
            Replay::NotYet(reason) => {
                writeln!(out, "{}: not run ({reason})", suite.name)?;
                continue;
            }
            Replay::Session(replay) => {
                all_agreed &= replay(suite.name, &text, options, out)?;
                ran += 1;
                continue;
            }
            Replay::Lines(replay) => replay,
        };
        let mut tally = Tally::new(&deviations);
        for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let line = serde_json::from_str(line)
                .with_context(|| format!("{} line {}", suite.name, number + 1))?;
            replay(&line, &mut tally)
                .with_context(|| format!("{} line {}", suite.name, number + 1))?;
        }
        ran += 1;
        writeln!(out, "{}: {} of {}", suite.name, tally.agreed(), tally.total())?;
        if tally.deviating() > 0 {
            writeln!(out, "  {} of them as deviations.tsv says", tally.deviating())?;
        }
        for difference in tally.differences().iter().take(SHOWN) {
            writeln!(out, "  {difference}")?;
        }
        // A corpus without a case holds nothing, and nothing would say so.
        all_agreed &= tally.agreed() == tally.total() && tally.total() > 0;
    }
    anyhow::ensure!(ran > 0 || !prefix.is_empty(), "no corpus in `{}`", folder.display());
    Ok(all_agreed)
}
