//! The program as people start it: whole runs, its size, and what it is made of.

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::clock::{Times, nanoseconds};
use crate::report::Report;

/// Every command is run so many times: what starts a process is noisier than what it does.
const STARTS: usize = 10;

/// The commands, by the name of their measure; paths are from the root of the repository.
const COMMANDS: [(&str, &[&str]); 4] = [
    ("version", &["version"]),
    ("demo", &["demo"]),
    (
        "connect",
        &["connect", "default/frontend", "default/cartservice:7070", "-f", "examples/boutique"],
    ),
    ("check", &["check", "examples/boutique"]),
];

/// Milliseconds of whole processes, bytes of the binary, and crates below it.
pub fn measure(program: &Path, root: &Path, report: &mut Report) -> Result<(), Box<dyn Error>> {
    for (name, arguments) in COMMANDS {
        report.times(name, STARTS, runs(program, root, arguments)?.per(1e6), "ms")?;
    }
    let bytes = std::fs::metadata(program)?.len();
    report.number("binary", 1, bytes as f64 / 1e6, "MB")?;
    report.number("binary_crates", 1, crates(root)?, "crates")?;
    Ok(())
}

/// Nanoseconds from start to end: the best and the worst.
fn runs(program: &Path, root: &Path, arguments: &[&str]) -> Result<Times, Box<dyn Error>> {
    let mut times = Times { p50: f64::INFINITY, p99: 0.0 };
    for _ in 0..STARTS {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(root).stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let status = command.status()?;
        let time = nanoseconds(start.elapsed());
        // 1 is an answer: no, or that something was found.
        if !matches!(status.code(), Some(0 | 1)) {
            return Err(format!("{} {arguments:?} ended with {status}", program.display()).into());
        }
        times = Times { p50: times.p50.min(time), p99: times.p99.max(time) };
    }
    Ok(times)
}

/// How many crates are built into the program, itself among them.
fn crates(root: &Path) -> Result<f64, Box<dyn Error>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["tree", "-p", "portcullis-cli", "-e", "normal", "--prefix", "none"];
    let output = Command::new(cargo).args(arguments).current_dir(root).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut lines: Vec<&str> =
        text.lines().map(|line| line.trim_end_matches(" (*)")).filter(|l| !l.is_empty()).collect();
    lines.sort_unstable();
    lines.dedup();
    Ok(lines.len() as f64)
}
