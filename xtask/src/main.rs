//! Chores and checks of the workspace, run as `cargo run -p xtask -- TASK`.
//!
//! The checks among them are tests as well, so `cargo test -p xtask` holds what this binary says.

use std::process::ExitCode;

/// What this binary can be asked to do. One line a task; `run` answers with the exit code.
const TASKS: &[Task] = &[];

/// One chore, as it is named on the command line.
struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> anyhow::Result<ExitCode>,
}

fn main() -> anyhow::Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some((name, rest)) = args.split_first()
        && let Some(task) = TASKS.iter().find(|task| task.name == name)
    {
        return (task.run)(rest);
    }
    eprintln!("usage: cargo run -p xtask -- TASK");
    for task in TASKS {
        eprintln!("  {:<10} {}", task.name, task.about);
    }
    Ok(ExitCode::from(2))
}
