//! The binary: the arguments and streams of the process, and its exit code.

use std::io::{stderr, stdin, stdout};
use std::process::ExitCode;

use portcullis_cli::{Environment, Streams, run};

/// A request makes and drops some hundred small things.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let environment = Environment::of_process();
    let streams = Streams { input: &mut stdin().lock(), data: &mut stdout(), notes: &mut stderr() };
    run(std::env::args_os(), streams, &environment).into()
}
