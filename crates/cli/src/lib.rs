//! The command line: arguments in, answers out. The only part that walks folders, runs git, and
//! knows colours, widths and exit codes.
//!
//! ```text
//! args ──▶ commands ──▶ source (bytes) ──▶ cluster (objects, snapshot) ──▶ engines ──▶ render
//! ```
//! [`run`] is the whole program as a function: streams and environment are arguments, so that tests
//! call commands as the shell does.

pub mod args;
mod cluster;
mod commands;
mod exit;
mod files;
mod outputs;
mod places;
mod project;
mod render;
mod requester;
mod shell;
pub mod source;
mod target;

use std::ffi::OsString;

use clap::Parser;

use crate::args::Cli;
pub use crate::exit::{Exit, Failure};
use crate::shell::UntilClosed;
pub use crate::shell::{Environment, Streams};

/// Runs the program. The first argument is its own name.
pub fn run<'a>(
    arguments: impl IntoIterator<Item = OsString>,
    streams: Streams<'a>,
    environment: &'a Environment,
) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, streams),
    };
    let (mut data, mut notes) = (UntilClosed::new(streams.data), UntilClosed::new(streams.notes));
    let streams = Streams { input: streams.input, data: &mut data, notes: &mut notes };
    let mut shell = shell::Shell { streams, environment };
    let result = commands::run(&cli.command, &mut shell);
    let flushed = shell.streams.data.flush().map_err(anyhow::Error::from);
    match result.and_then(|exit| flushed.map(|()| exit)) {
        Ok(exit) => exit,
        Err(error) => {
            // If notes cannot be written either, there is nobody left to tell.
            let _ = write!(shell.streams.notes, "{}", render::failure(&error));
            Exit::CouldNot
        }
    }
}

/// Help that was asked for is data; a wrong command line is not.
fn usage(error: &clap::Error, streams: Streams<'_>) -> Exit {
    let text = error.render().to_string();
    let (to, exit) = if error.use_stderr() {
        (streams.notes, Exit::CouldNot)
    } else {
        (streams.data, Exit::Yes)
    };
    // As above: there is nobody left to tell.
    let _ = to.write_all(text.as_bytes());
    exit
}
