//! Chores and checks of the workspace, run as `cargo run -p xtask -- TASK`.
//!
//! The checks among them are tests as well, so `cargo test -p xtask` holds what this binary says.

use std::process::ExitCode;

mod bootstrap;
mod codes;
mod floors;
mod members;
mod report;
mod rust;
mod tables;
mod tidy;
mod tree;

/// What this binary can be asked to do.
const TASKS: &[Task] = &[
    Task {
        name: "bootstrap",
        about: "writes the built-in roles and bindings from recorded facts, or checks them",
        run: bootstrap::run,
    },
    Task {
        name: "codes",
        about: "every code has one definition, one page, an example and tests",
        run: codes::run,
    },
    Task {
        name: "floors",
        about: "who imports whom, and what is absent on purpose",
        run: floors::run,
    },
    Task {
        name: "tables",
        about: "write crates/schema's tables from the recorded facts; --check compares",
        run: tables::run,
    },
    Task {
        name: "tidy",
        about: "blanks, leftovers, doc comments, links, long files",
        run: tidy::run,
    },
];

/// One chore, as it is named on the command line. It is given the arguments after its name.
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
