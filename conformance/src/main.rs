//! `cargo run --release -p conformance -- DIR [NAME-PREFIX] [FLAGS]`: replays recorded answers.
//!
//! Prints for each file `name: agreed of total`, or `name: not run (reason)`, then the first
//! differences with both answers, and exits 1 if any file is below its ratchet.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use conformance::Options;

const USAGE: &str = "\
usage: conformance DIR [NAME-PREFIX] [FLAGS]

  --portcullis PATH   the server to start (else $PORTCULLIS, else the one of this build)
  --port N            the port of 127.0.0.1 that it serves (26443, as recorded; 0: any)
  --groups A,B        end the session after the last of these groups
  --show ID|GROUP|all print requests, answers and differences (may be repeated, or A,B)
  --list              name every record that differs
  --rename SEED       replay under other names
  --kubectl A,B       the kubectl binaries that walk (else $PORTCULLIS_KUBECTL); NAME-PREFIX is then
                      usually kubernetes/walk
  --setups A,B        of plain and controllers, where they walk (both)";

/// What the command line asks for.
struct Arguments {
    folder: PathBuf,
    prefix: String,
    options: Options,
}

fn main() -> ExitCode {
    let asked = match arguments(std::env::args_os().skip(1)) {
        Ok(Some(asked)) => asked,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("error: {error:#}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let Arguments { folder, prefix, options } = asked;
    match conformance::run(&folder, &prefix, &options, &mut std::io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Reads the command line; `None` if help is asked for.
fn arguments(mut given: impl Iterator<Item = OsString>) -> Result<Option<Arguments>> {
    let mut options = Options {
        portcullis: std::env::var_os("PORTCULLIS").filter(|p| !p.is_empty()).map(PathBuf::from),
        kubectl: std::env::var_os("PORTCULLIS_KUBECTL")
            .iter()
            .flat_map(|list| {
                list.to_string_lossy().split(',').map(PathBuf::from).collect::<Vec<_>>()
            })
            .filter(|path| !path.as_os_str().is_empty())
            .collect(),
        ..Options::default()
    };
    let mut plain: Vec<OsString> = Vec::new();
    while let Some(argument) = given.next() {
        let Some(flag) = argument.to_str().filter(|text| text.starts_with('-')) else {
            plain.push(argument);
            continue;
        };
        let (flag, joined) = match flag.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(OsString::from(value))),
            None => (flag.to_owned(), None),
        };
        let mut text = || {
            let value = joined.clone().or_else(|| given.next()).context("it needs a value")?;
            Ok::<String, anyhow::Error>(value.to_str().context("not a text")?.to_owned())
        };
        let several = |text: String| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let mut understand = || -> Result<()> {
            match flag.as_str() {
                "--portcullis" => options.portcullis = Some(text()?.into()),
                "--port" => options.port = Some(text()?.parse()?),
                "--groups" => options.groups.extend(several(text()?)),
                "--show" => options.show.extend(several(text()?)),
                "--rename" => options.rename = Some(text()?.parse()?),
                "--kubectl" => {
                    options.kubectl = several(text()?).iter().map(PathBuf::from).collect()
                }
                "--setups" => options.setups.extend(several(text()?)),
                "--list" => options.list = true,
                _ => bail!("there is no such flag"),
            }
            Ok(())
        };
        if ["--help", "-h"].contains(&flag.as_str()) {
            return Ok(None);
        }
        understand().with_context(|| flag.clone())?;
    }
    let mut plain = plain.into_iter();
    let folder = plain.next().map(PathBuf::from).context("no folder is named")?;
    let prefix = plain.next().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Some(Arguments { folder, prefix, options }))
}
