//! `cargo run --release -p conformance -- DIR [NAME-PREFIX]`: replays recorded answers.
//!
//! Prints for each file `name: agreed of total`, or `name: not run (reason)`, then the first
//! differences with both answers, and exits 1 if any file is below its ratchet.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: conformance DIR [NAME-PREFIX]");
        return ExitCode::from(2);
    };
    let prefix = arguments.next().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    match conformance::run(&folder, &prefix, &mut std::io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
