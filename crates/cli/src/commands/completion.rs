//! `portcullis completion`.

use clap::CommandFactory;

use crate::args::{Cli, CompletionArgs};
use crate::exit::Exit;
use crate::shell::Shell;

pub(super) fn run(args: &CompletionArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    // The generator panics where writing fails, which a closed pipe would make it do.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "portcullis", &mut script);
    shell.streams.data.write_all(&script)?;
    Ok(Exit::Yes)
}
