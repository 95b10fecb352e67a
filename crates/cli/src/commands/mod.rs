//! One file a command.

mod check;
mod completion;
mod connect;
pub(crate) mod demo;
mod explain;
mod rbac_can;
mod rbac_what;
mod rbac_who;
mod serve;
mod test;
mod version;

use crate::args::{Command, RbacCommand};
use crate::exit::Exit;
use crate::shell::Shell;

/// Runs one.
pub(crate) fn run(command: &Command, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    match command {
        Command::Connect(args) => connect::run(args, shell),
        Command::Rbac(RbacCommand::Can(args)) => rbac_can::run(args, shell),
        Command::Rbac(RbacCommand::Who(args)) => rbac_who::run(args, shell),
        Command::Rbac(RbacCommand::What(args)) => rbac_what::run(args, shell),
        Command::Check(args) => check::run(args, shell),
        Command::Test(args) => test::run(args, shell),
        Command::Explain(args) => explain::run(args, shell),
        Command::Serve(args) => serve::run(args, shell),
        Command::Demo(args) => demo::run(args, shell),
        Command::Completion(args) => completion::run(args, shell),
        Command::Version(args) => version::run(args, shell),
    }
}
