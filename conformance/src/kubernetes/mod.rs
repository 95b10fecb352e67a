//! Sessions with a real kube-apiserver, replayed against `portcullis serve`.
//!
//! A recording is one session on one empty server: every request in order, with the answer of the
//! original. The replay starts a server of its own, makes the certificates of everybody who sends
//! a request, sends each as it was recorded and compares status, headers, body and whether the
//! object's resourceVersion moved. What differs from day to day stands in recordings as
//! placeholders.

mod compare;
mod http;
mod open;
mod pattern;
mod pki;
mod record;
mod rename;
mod replay;
mod report;
mod server;
mod show;
mod table;
#[cfg(test)]
mod tests;
mod walk;

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::Options;
use compare::Leniency;
use open::Ids;
pub use pki::openssl_is_missing;
use record::Record;
use replay::Manner;
use report::Report;
use server::{Launch, Server};
pub(crate) use walk::walk;

/// The groups of the recording that have to agree; the others wait for their time and are reported.
const REQUIRED: &[&str] = &[
    "health",
    "authn",
    "discovery",
    "setup",
    "namespace",
    "configmap",
    "delete",
    "list",
    "watch",
    "secret",
    "serviceaccount",
    "netpol",
    "fieldvalidation",
    "patch",
    "rbac",
    "authz",
    "review",
    "impersonation",
    "token-end",
];

/// The groups that have to agree with controllers.
const REQUIRED_OF_CONTROLLERS: &[&str] = &["c-namespace", "c-gc", "c-aggregation", "c-token"];

/// The port that the recorded server had: it stands in what the server says of itself.
const RECORDED_PORT: u16 = 26_443;

/// Records in which bookmarks come as often as the server likes, but at least once.
const ANY_BOOKMARKS: &[&str] = &["watch-023"];

/// Replays the session without controllers.
pub(crate) fn wire(name: &str, text: &str, options: &Options, out: &mut dyn Write) -> Result<bool> {
    let set = Set { name, required: REQUIRED, controllers: false };
    set.replay(text, options, out)
}

/// Replays the session with controllers.
pub(crate) fn controllers(
    name: &str,
    text: &str,
    options: &Options,
    out: &mut dyn Write,
) -> Result<bool> {
    let set = Set { name, required: REQUIRED_OF_CONTROLLERS, controllers: true };
    set.replay(text, options, out)
}

/// A recording of a whole session.
struct Set<'a> {
    name: &'a str,
    required: &'a [&'a str],
    controllers: bool,
}

impl Set<'_> {
    fn replay(&self, text: &str, options: &Options, out: &mut dyn Write) -> Result<bool> {
        let Some(portcullis) = find(options)? else {
            writeln!(
                out,
                "{}: not run (no `portcullis` beside this program, none named)",
                self.name
            )?;
            return Ok(true);
        };
        let port = options.port.unwrap_or(RECORDED_PORT);
        let mut records = record::parse_all(text)?;
        stop_after(&mut records, &options.groups);
        let renaming = options.rename.map(|seed| rename::Renaming::of(&records, seed));
        if let Some(renaming) = &renaming {
            renaming.apply(&mut records);
        }
        let launch = Launch { portcullis, port, controllers: self.controllers };
        let renamed = |name: &str| match &renaming {
            Some(renaming) => renaming.text(name),
            None => name.to_owned(),
        };
        let mut server = Server::start(&launch, renamed)?;
        on_port(&mut records, server.address().port());
        let free_text = Ids::parse(include_str!("../../wire-free-text.tsv"))?;
        let leniency = |record: &Record| Leniency {
            free_text: free_text.has(&record.id),
            renamed: renaming.is_some(),
            any_bookmarks: ANY_BOOKMARKS.contains(&record.id.as_str()),
        };
        let manner = Manner { pauses: self.controllers, leniency: &leniency };
        let outcomes = replay::replay(&records, &mut server, &manner);
        if !server.is_running() {
            writeln!(out, "the server ended; its last words were\n{}", server.last_words())?;
        }
        let open = Ids::parse(include_str!("../../wire-open.tsv"))?;
        let report = Report { name: self.name, required: self.required, open: &open };
        report.print(&records, &outcomes, options, out).context("printing")
    }
}

/// The server's binary: named, or of this build.
///
/// # Errors
///
/// If cargo runs this program and cannot build the binary.
pub(crate) fn find(options: &Options) -> Result<Option<PathBuf>> {
    if options.portcullis.is_some() {
        return Ok(options.portcullis.clone());
    }
    let program = std::env::current_exe()?;
    // A test lies one folder deeper than a program.
    let folder = program.parent().map(|folder| match folder.file_name() {
        Some(name) if name == "deps" => folder.parent().unwrap_or(folder),
        _ => folder,
    });
    let Some(folder) = folder else { return Ok(None) };
    if let (Some(cargo), Some(target)) = (std::env::var_os("CARGO"), folder.parent()) {
        build(&cargo, target)?;
    }
    Ok(Some(folder.join("portcullis")).filter(|path| path.is_file()))
}

/// Cargo builds the package that it runs, and not the binary of another that this one starts.
fn build(cargo: &OsStr, target: &Path) -> Result<()> {
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--package", "portcullis-cli", "--bin", "portcullis"]);
    build.arg("--target-dir").arg(target);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let status =
        build.current_dir(env!("CARGO_MANIFEST_DIR")).status().context("starting cargo")?;
    anyhow::ensure!(status.success(), "the server does not build");
    Ok(())
}

/// Cuts the session after the last group that is asked for, if any is.
fn stop_after(records: &mut Vec<Record>, groups: &[String]) {
    let asked = |record: &Record| groups.contains(&record.group);
    if let Some(last) = records.iter().rposition(asked) {
        records.truncate(last + 1);
    }
}

/// What the recorded server said of its own address, said of ours.
fn on_port(records: &mut [Record], port: u16) {
    if port == RECORDED_PORT {
        return;
    }
    let (theirs, ours) = (format!("127.0.0.1:{RECORDED_PORT}"), format!("127.0.0.1:{port}"));
    for record in records {
        record.map_response(&|text| text.replace(&theirs, &ours));
    }
}
