//! A walk of kubectl commands, each run by a real kubectl against our server, held against what
//! the same command printed with the original.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::compare::{Leniency, Ours, compare};
use super::open::Ids;
use super::record::{Body, Record, Varies};
use super::replay::{Outcome, Sent};
use super::report::Report;
use super::server::{Folder, Launch, Server};
use super::table;
use crate::Options;

/// How long a command may take: the longest recorded one waits fifteen seconds.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(40);

/// How long a command that runs beside others has to begin.
const HEAD_START: Duration = Duration::from_secs(1);

/// How long it is left running after the last command that it is to see.
const AFTERMATH: Duration = Duration::from_millis(800);

/// How long one that ends by itself is waited for.
const OWN_END_TIMEOUT: Duration = Duration::from_secs(20);

/// What a command line of a walk is.
struct Command {
    record: Record,
    versions: Vec<String>,
    setups: Vec<String>,
    arguments: Vec<String>,
    stdin: Option<String>,
    environment: Vec<(String, String)>,
    files: Vec<(String, String)>,
    saves_token: bool,
    /// If it runs beside others: the last of them.
    until: Option<String>,
    ends_itself: bool,
    is_table: bool,
    is_explanation: bool,
    stdout: String,
}

/// What a command printed.
struct Printed {
    stdout: String,
    stderr: String,
    exit: Option<i32>,
}

/// Walks with every kubectl that is named, in every set-up that is asked for.
pub(crate) fn walk(name: &str, text: &str, options: &Options, out: &mut dyn Write) -> Result<bool> {
    let Some(portcullis) = super::find(options)? else {
        writeln!(out, "{name}: not run (no `portcullis` beside this program, none named)")?;
        return Ok(true);
    };
    if options.kubectl.is_empty() {
        writeln!(out, "{name}: not run (--kubectl and PORTCULLIS_KUBECTL name no kubectl)")?;
        return Ok(true);
    }
    let commands = parse(text)?;
    let mut as_expected = true;
    for kubectl in &options.kubectl {
        let version = version(kubectl)?;
        for setup in ["plain", "controllers"] {
            if !options.setups.is_empty() && !options.setups.iter().any(|asked| asked == setup) {
                continue;
            }
            let has = |list: &[String], what: &str| list.iter().any(|one| one == what);
            let mut selected: Vec<&Command> = commands
                .iter()
                .filter(|c| has(&c.versions, &version) && has(&c.setups, setup))
                .collect();
            let last = selected.iter().rposition(|c| options.groups.contains(&c.record.group));
            if let Some(last) = last {
                selected.truncate(last + 1);
            }
            let launch = Launch {
                portcullis: portcullis.clone(),
                port: options.port.unwrap_or(0),
                controllers: setup == "controllers",
            };
            let name = format!("{name}/{version}/{setup}");
            as_expected &= one_walk(&name, &selected, kubectl, &launch, options, out)?;
        }
    }
    Ok(as_expected)
}

fn one_walk(
    name: &str,
    commands: &[&Command],
    kubectl: &Path,
    launch: &Launch,
    options: &Options,
    out: &mut dyn Write,
) -> Result<bool> {
    let mut server = Server::start(launch, str::to_owned)?;
    let mut place = Place::new(&server, kubectl)?;
    let exits_only = Ids::parse(include_str!("../../walk-exits-only.tsv"))?;
    let setup = if launch.controllers { "controllers" } else { "plain" };
    let open = Ids::parse(include_str!("../../walk-open.tsv"))?.of_setup(setup);
    let mut outcomes: Vec<Option<Outcome>> = commands.iter().map(|_| None).collect();
    let mut beside: Vec<(usize, Running)> = Vec::new();
    for (at, command) in commands.iter().enumerate() {
        let running = place.start(command)?;
        if command.until.is_some() {
            beside.push((at, running));
            thread::sleep(HEAD_START);
        } else {
            let printed = running.wait(COMMAND_TIMEOUT)?;
            place.set(&mut outcomes, at, command, printed, &exits_only)?;
        }
        let is_last =
            |command: &Command| command.until.as_ref() == Some(&commands_id(commands, at));
        if beside.iter().any(|(at, _)| commands.get(*at).is_some_and(|c| is_last(c))) {
            thread::sleep(AFTERMATH);
            for (at, running) in std::mem::take(&mut beside) {
                let Some(command) = commands.get(at) else { continue };
                let printed = if command.ends_itself {
                    running.wait(OWN_END_TIMEOUT)?
                } else {
                    running.terminate()?
                };
                place.set(&mut outcomes, at, command, printed, &exits_only)?;
            }
        }
    }
    if !server.is_running() {
        writeln!(out, "the server ended; its last words were\n{}", server.last_words())?;
    }
    let records: Vec<Record> = commands.iter().map(|command| command.record.clone()).collect();
    let not_run = || Outcome::nothing(None, "not run");
    let outcomes: Vec<Outcome> =
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(not_run)).collect();
    let report = Report { name, required: &[], open: &open };
    Ok(report.print_as_one(&records, &outcomes, options, out)?)
}

fn commands_id(commands: &[&Command], at: usize) -> String {
    commands.get(at).map(|command| command.record.id.clone()).unwrap_or_default()
}

// === Where a walk happens ===

/// The folder of a walk, the kubeconfigs of everybody in it, and what it is called there.
struct Place {
    folder: Folder,
    /// What recordings say instead of paths and addresses; longest first.
    names: Vec<(String, &'static str)>,
    address: String,
    count: usize,
}

impl Place {
    fn new(server: &Server, kubectl: &Path) -> Result<Place> {
        let folder = Folder::new()?;
        let path = folder.path().to_owned();
        for inner in ["files", "home", "tmp", "bin", "printed"] {
            fs::create_dir_all(path.join(inner))?;
        }
        std::os::unix::fs::symlink(kubectl, path.join("bin/kubectl"))?;
        let address = server.address().to_string();
        let pki = server.pki().clients();
        fs::write(pki.join("ca.crt"), server.pki().ca()?)?;
        let mut names = vec![
            (path.join("tmp").to_string_lossy().into_owned(), "<tmp>"),
            (pki.to_string_lossy().into_owned(), "<pki>"),
            (path.to_string_lossy().into_owned(), "<dir>"),
            (format!("https://{address}"), "<server>"),
            (address.clone(), "<server-address>"),
        ];
        names.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let place = Place { folder, names, address, count: 0 };
        for identity in super::pki::Pki::identities() {
            let Some((certificate, key)) = server.pki().files(identity) else { continue };
            let credentials = format!(
                "    client-certificate: {}\n    client-key: {}\n",
                certificate.display(),
                key.display(),
            );
            place.write_kubeconfig(identity, pki, &credentials)?;
        }
        Ok(place)
    }

    fn write_kubeconfig(&self, name: &str, pki: &Path, credentials: &str) -> io::Result<()> {
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: keep\n  cluster:\n    \
             certificate-authority: {}\n    server: https://{}\ncontexts:\n- name: {name}\n  \
             context:\n    cluster: keep\n    user: {name}\ncurrent-context: {name}\nusers:\n- \
             name: {name}\n  user:\n{credentials}",
            pki.join("ca.crt").display(),
            self.address,
        );
        fs::write(self.kubeconfig(name), text)
    }

    fn kubeconfig(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.kubeconfig"))
    }

    /// Starts a command; what it prints goes to files, so that nothing waits for a reader.
    fn start(&mut self, command: &Command) -> Result<Running> {
        self.count += 1;
        let root = self.folder.path();
        for (name, text) in &command.files {
            let file = root.join("files").join(name);
            fs::create_dir_all(file.parent().context("a file without a folder")?)?;
            fs::write(file, text)?;
        }
        let printed = |end: &str| root.join("printed").join(format!("{}.{end}", self.count));
        let (stdout, stderr) = (printed("out"), printed("err"));
        let mut path = OsString::from(root.join("bin"));
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut process = Process::new(root.join("bin/kubectl"));
        process
            .args(command.arguments.iter().skip(1))
            .current_dir(root.join("files"))
            .env_clear()
            .env("PATH", path)
            .env("HOME", root.join("home"))
            .env("TMPDIR", root.join("tmp"))
            .env("LANG", "C")
            .env("TZ", "UTC")
            .env("KUBECONFIG", self.kubeconfig(&command.record.identity))
            .envs(command.environment.iter().map(|(name, value)| (name, value)))
            .stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(fs::File::create(&stdout)?)
            .stderr(fs::File::create(&stderr)?);
        std::os::unix::process::CommandExt::arg0(&mut process, "kubectl");
        let mut child = process.spawn().context("starting kubectl")?;
        if let (Some(text), Some(mut stdin)) = (&command.stdin, child.stdin.take()) {
            // One that does not read its input to the end may close it.
            let _ = stdin.write_all(text.as_bytes());
        }
        Ok(Running { child, stdout, stderr })
    }

    /// Notes what a command printed, compared with the recording.
    fn set(
        &self,
        outcomes: &mut [Option<Outcome>],
        at: usize,
        command: &Command,
        printed: Printed,
        exits_only: &Ids,
    ) -> Result<()> {
        if command.saves_token {
            self.save_token(&printed.stdout)?;
        }
        if let Some(outcome) = outcomes.get_mut(at) {
            *outcome = Some(self.judge(command, &printed, exits_only));
        }
        Ok(())
    }

    fn save_token(&self, stdout: &str) -> Result<()> {
        let is_of_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let token = stdout.split(|c| !is_of_token(c)).find(|word| word.starts_with("eyJ"));
        let credentials = format!("    token: {}\n", token.unwrap_or("none"));
        let pki = self.names.iter().find(|(_, name)| *name == "<pki>").map(|(path, _)| path);
        let pki = Path::new(pki.context("a folder of certificates")?);
        Ok(self.write_kubeconfig("robot", pki, &credentials)?)
    }

    fn judge(&self, command: &Command, printed: &Printed, exits_only: &Ids) -> Outcome {
        let mut record = command.record.clone();
        let mut stdout = self.with_placeholders(&printed.stdout);
        if command.is_table {
            stdout = table::collapsed(&stdout);
        }
        if command.is_explanation {
            let recorded;
            (recorded, stdout) = table::without_sentences(&command.stdout, &stdout);
            record.response["stdout"] = lines(&recorded);
        }
        let stderr = self.with_placeholders(&without_throttling(&printed.stderr));
        let response =
            json!({ "stdout": lines(&stdout), "stderr": lines(&stderr), "exit": printed.exit });
        let ours = Ours { response, ..Ours::default() };
        let mut differences = compare(&record, &ours, Leniency::default());
        if exits_only.has(&record.id) {
            differences.retain(|difference| difference.place == "response.exit");
        }
        for difference in &mut differences {
            difference.place = difference.place.replacen("response.", "", 1);
        }
        let sent = Sent { path: record.path.clone(), ..Sent::default() };
        Outcome { sent: Some(sent), ours: Some(ours), differences }
    }

    /// Says of paths, addresses and certificates what recordings say of them.
    fn with_placeholders(&self, text: &str) -> String {
        let mut text = without_certificates(text);
        for (path, name) in &self.names {
            text = text.replace(path, name);
        }
        let port = self.address.rsplit(':').next().unwrap_or_default();
        text.replace(&format!("\"targetPort\":{port}"), "\"targetPort\":<port>")
    }
}

/// Certificates written out, one after another, are one `<pem>`.
fn without_certificates(text: &str) -> String {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END CERTIFICATE-----";
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, begun)) = rest.split_once(BEGIN) {
        let Some((_, after)) = begun.split_once(END) else { break };
        let follows_another = kept.ends_with("<pem>") && before.trim().is_empty();
        if !follows_another {
            kept.push_str(before);
            kept.push_str("<pem>");
        }
        rest = after;
    }
    kept + rest
}

/// A client that was told to slow down says so, now and then.
fn without_throttling(stderr: &str) -> String {
    let told = |line: &&str| !line.contains("client-side throttling");
    stderr.split_inclusive('\n').filter(told).collect()
}

fn lines(text: &str) -> Value {
    text.split('\n').map(Value::from).collect()
}

// === A command that runs ===

struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// Waits for its end, and ends it if that does not come.
    fn wait(mut self, timeout: Duration) -> Result<Printed> {
        let until = Instant::now() + timeout;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return self.printed(Some(status));
            }
            if Instant::now() >= until {
                self.child.kill()?;
                self.child.wait()?;
                return self.printed(None);
            }
            // The standard library tells of an end only when asked; six hundred commands are waited for.
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends it, as recordings ended it: they hold no exit code for that.
    fn terminate(self) -> Result<Printed> {
        let id = self.child.id().to_string();
        Process::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status().context("kill")?;
        Ok(Printed { exit: None, ..self.wait(OWN_END_TIMEOUT)? })
    }

    fn printed(&self, status: Option<ExitStatus>) -> Result<Printed> {
        let read = |path: &Path| {
            Ok::<_, io::Error>(String::from_utf8_lossy(&fs::read(path)?).into_owned())
        };
        Ok(Printed {
            stdout: read(&self.stdout)?,
            stderr: read(&self.stderr)?,
            exit: status.and_then(|status| status.code()),
        })
    }
}

// === Reading ===

/// `1.32` of a kubectl that says `v1.32.5`.
fn version(kubectl: &Path) -> Result<String> {
    let mut ask = Process::new(kubectl);
    ask.args(["version", "--client", "-o", "json"]).stdin(Stdio::null());
    let output = ask.output().with_context(|| kubectl.display().to_string())?;
    let said: Value = serde_json::from_slice(&output.stdout).context("what kubectl says it is")?;
    let version = said.pointer("/clientVersion/gitVersion").and_then(Value::as_str);
    let mut parts = version.context("no version")?.trim_start_matches('v').split('.');
    match (parts.next(), parts.next()) {
        (Some(major), Some(minor)) => Ok(format!("{major}.{minor}")),
        _ => bail!("kubectl has no version: {said}"),
    }
}

fn parse(text: &str) -> Result<Vec<Command>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let command = |line: &str| Command::parse(&serde_json::from_str(line)?);
    lines
        .map(|(number, line)| command(line).with_context(|| format!("line {}", number + 1)))
        .collect()
}

impl Command {
    fn parse(value: &Value) -> Result<Command> {
        let optional = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let text = |name: &str| optional(name).with_context(|| format!("no `{name}`"));
        let list = |name: &str| -> Vec<String> {
            let list = value.get(name).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let map = |name: &str| -> HashMap<String, String> {
            let map = value.get(name).and_then(Value::as_object);
            let text =
                |(name, text): (&String, &Value)| Some((name.clone(), text.as_str()?.to_owned()));
            map.into_iter().flatten().filter_map(text).collect()
        };
        let id = text("id")?;
        let group = id.rsplit_once('-').context("an id without a number")?.0.to_owned();
        let arguments = list("argv");
        let stdout = text("stdout")?;
        let varies = map("varies").into_iter().map(|(part, how)| {
            let how = if how == "order" { Varies::Order } else { Varies::Value };
            (format!("response.{part}"), how)
        });
        let is = |name: &str, what: &str| optional(name).as_deref() == Some(what);
        let record = Record {
            identity: text("as")?,
            method: String::new(),
            path: arguments.join(" "),
            headers: Vec::new(),
            body: optional("stdin").map(Body::Text),
            after_ms: 0,
            needs_lost_history: false,
            eventually: false,
            status: Some(0),
            response_headers: Vec::new(),
            response: json!({
                "stdout": lines(&stdout),
                "stderr": lines(&text("stderr")?),
                "exit": value.get("exit"),
            }),
            revision: None,
            unordered: Vec::new(),
            varies: varies.collect(),
            note: optional("note"),
            id,
            group,
        };
        let mut files: Vec<_> = map("files").into_iter().collect();
        files.sort();
        Ok(Command {
            record,
            versions: list("versions"),
            setups: list("setups"),
            arguments,
            stdin: optional("stdin"),
            environment: map("env").into_iter().collect(),
            files,
            saves_token: value.get("save_token").is_some(),
            until: optional("until"),
            ends_itself: is("ended_by", "itself"),
            is_table: is("spaces", "collapsed"),
            is_explanation: is("reduced", "descriptions"),
            stdout,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus;

    fn commands() -> Vec<Command> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora");
        let text = corpus::read(&folder, "kubernetes/kubectl-walk").expect("readable");
        parse(&text.expect("committed")).expect("commands")
    }

    #[test]
    fn every_version_has_one_session_in_every_set_up() {
        let commands = commands();
        for (version, setup, count) in [
            ("1.20", "plain", 616),
            ("1.27", "plain", 645),
            ("1.33", "plain", 647),
            ("1.33", "controllers", 653),
        ] {
            let is = |list: &[String], what: &str| list.iter().any(|one| one == what);
            let selected: Vec<&str> = commands
                .iter()
                .filter(|c| is(&c.versions, version) && is(&c.setups, setup))
                .map(|c| c.record.id.as_str())
                .collect();
            assert_eq!(selected.len(), count, "{version} {setup}");
            let mut once = selected.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), selected.len(), "{version} {setup}: an id comes twice");
        }
    }

    #[test]
    fn certificates_one_after_another_are_one_placeholder() {
        let one = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
        for (text, want) in [
            (format!("a\n{one}\nb"), "a\n<pem>\nb"),
            (format!("{one}\n{one}\n\nb"), "<pem>\n\nb"),
            (format!("{one}\nx\n{one}"), "<pem>\nx\n<pem>"),
            ("-----BEGIN nothing".to_owned(), "-----BEGIN nothing"),
        ] {
            assert_eq!(without_certificates(&text), want);
        }
    }

    #[test]
    fn a_client_that_waits_is_not_compared() {
        let said = "I0101 1 request.go:1] Waited for 1s due to client-side throttling\nerror: x\n";
        assert_eq!(without_throttling(said), "error: x\n");
    }
}
