//! Instructions, counted by callgrind: the same on a busy machine as on an idle one.
//!
//! A measure is a child of this program under valgrind, which counts within [`counted`] only.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use crate::access::{self, Access};
use crate::changes;
use crate::cluster::Cluster;
use crate::network::{self, Questions};
use crate::reading;
use crate::report::Report;

/// Questions of one count.
const QUESTIONS: usize = 1_000;
/// Pods of the cluster they are about: making a larger one takes valgrind minutes.
const PODS: usize = 1_000;
/// Bindings that attempts are judged under.
const BINDINGS: usize = 10_000;
/// Bytes that are read.
const BYTES: usize = 1 << 20;

/// What is counted: the name of the measure, the size, and how many operations are in one count.
const MEASURES: [(&str, usize, usize); 6] = [
    ("instructions_flow", PODS, QUESTIONS),
    ("instructions_flow_one", PODS, QUESTIONS),
    ("instructions_label_change", PODS, changes::CHANGES),
    ("instructions_rbac", BINDINGS, QUESTIONS),
    ("instructions_read_yaml", BYTES, 1),
    ("instructions_read_json", BYTES, 1),
];

/// The name by which valgrind knows [`counted`].
const COUNTED: &str = "*instructions*counted*";

/// Counts everything, if valgrind is there.
pub fn measure(
    program: Option<&Path>,
    root: &Path,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("instructions: SKIPPED, valgrind is not installed");
        return Ok(());
    }
    let this = std::env::current_exe()?;
    for (name, size, operations) in MEASURES {
        let only = format!("--toggle-collect={COUNTED}");
        let count = count(Command::new("valgrind").arg(only), &this, &["count", name], root)?;
        report.number(name, size, (count / operations as f64).round(), "instructions")?;
    }
    if let Some(program) = program {
        let count = count(&mut Command::new("valgrind"), program, &["version"], root)?;
        report.number("instructions_version", 1, count, "instructions")?;
    }
    Ok(())
}

fn count(
    valgrind: &mut Command,
    program: &Path,
    arguments: &[&str],
    root: &Path,
) -> Result<f64, Box<dyn Error>> {
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    let output = valgrind.arg(program).args(arguments).current_dir(root).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let count = collected.and_then(|(_, count)| count.trim().parse::<f64>().ok());
    match count {
        Some(count) if output.status.success() && count > 0.0 => Ok(count),
        _ => Err(format!("valgrind counted nothing of {arguments:?}:\n{said}").into()),
    }
}

/// What the child does: gets everything ready, and then what is counted.
pub fn child(name: &str, root: &Path) -> Result<(), Box<dyn Error>> {
    match name {
        "instructions_flow" | "instructions_flow_one" => {
            let snapshot = network::build(&network::read(&Cluster::generate(PODS)));
            let compiled = snapshot.network();
            // What is worked out when it is first asked for is no part of an answer: of endpoints it is
            // made here, of addresses by asking once.
            compiled.warm(1);
            let flows = Questions::about(compiled, PODS).random(QUESTIONS);
            let by_one = name == "instructions_flow_one";
            let ask = if by_one { network::ask_one_by_one } else { network::ask };
            ask(compiled, &flows);
            counted(|| ask(compiled, &flows));
        }
        "instructions_label_change" => {
            let cluster = Cluster::generate(PODS);
            let snapshot = network::build(&network::read(&cluster));
            snapshot.network().warm(1);
            let edits = changes::of_labels(&cluster, snapshot.network());
            counted(|| changes::in_turn(&snapshot, &edits));
        }
        "instructions_rbac" => {
            let mut access = Access::generate(BINDINGS);
            let (rules, attempts) = (access.rules(), access.attempts(QUESTIONS));
            let ask = || access::ask(&rules, &attempts);
            ask();
            counted(ask);
        }
        "instructions_read_yaml" => {
            let text = reading::yaml(root, BYTES)?;
            counted(|| drop(black_box(reading::read(&text, 1))));
        }
        "instructions_read_json" => {
            let text = reading::json(&Cluster::generate(PODS).texts.concat(), BYTES);
            counted(|| drop(black_box(reading::read(&text, 1))));
        }
        other => return Err(format!("`{other}` is not counted").into()),
    }
    Ok(())
}

/// What is counted. Never inlined, so that it has a name.
#[inline(never)]
fn counted(operate: impl FnOnce()) {
    operate();
    // Nothing may be moved behind the end.
    black_box(());
}
