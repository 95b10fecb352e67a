//! The server under test: a `portcullis serve` of its own, in a folder that goes when it goes.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::http::{Answer, Client, Request, Transport};
use super::pki::{BARE, Pki};

/// How long it may take to say that it is ready: key generation on a busy machine, and patience.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long it may take to stop: what the command promises, and some more.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

/// What the command says on standard error once it answers.
const READY: &str = "ready in ";

/// How to start a server.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The `portcullis` binary.
    pub(crate) portcullis: PathBuf,
    /// The port of 127.0.0.1 that it serves; 0 for any that is free.
    pub(crate) port: u16,
    /// Whether its controllers run.
    pub(crate) controllers: bool,
}

/// Whether a server that starts on a store keeps what it finds there of the past.
#[derive(Clone, Copy, PartialEq, Eq)]
enum History {
    Kept,
    Lost,
}

/// A running server. It ends when this value does.
pub(crate) struct Server {
    launch: Launch,
    address: SocketAddr,
    child: Child,
    folder: Folder,
    pki: Pki,
    clients: HashMap<String, Client>,
}

/// A folder for temporary files that is removed in the end.
pub(crate) struct Folder(PathBuf);

// === impl Launch ===

impl Launch {
    fn arguments(&self, folder: &Path, address: SocketAddr, history: History) -> Vec<String> {
        let mut arguments = vec![
            "serve".to_owned(),
            format!("--data-dir={}", folder.join("data").display()),
            format!("--bind={address}"),
            format!("--kubeconfig-out={}", folder.join("admin.kubeconfig").display()),
            "--anonymous-auth=true".to_owned(),
            "--api-groups=kubernetes".to_owned(),
        ];
        if !self.controllers {
            arguments.push("--controllers=-*".to_owned());
        }
        if history == History::Lost {
            arguments.push("--history-retention=0s".to_owned());
        }
        arguments
    }
}

// === impl Server ===

impl Server {
    /// Starts a server on an empty store and waits until it answers. Names of certificate subjects
    /// go through `renamed` first.
    pub(crate) fn start(launch: &Launch, renamed: impl Fn(&str) -> String) -> Result<Server> {
        let folder = Folder::new()?;
        let pki =
            Pki::make(&folder.path().join("data/pki"), &folder.path().join("clients"), renamed)?;
        let port = if launch.port == 0 { free_port()? } else { launch.port };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let child = run(launch, &folder, address, History::Kept)?;
        let mut clients = HashMap::new();
        let ca = pki.ca()?;
        for name in BARE {
            clients.insert((*name).to_owned(), Client::new(address, &ca, None)?);
        }
        for name in Pki::identities() {
            let Some((certificate, key)) = pki.files(name) else { continue };
            let (certificate, key) = (fs::read(certificate)?, fs::read(key)?);
            let client = Client::new(address, &ca, Some((&certificate, &key)))?;
            clients.insert(name.to_owned(), client);
        }
        Ok(Server { launch: launch.clone(), address, child, folder, pki, clients })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pki(&self) -> &Pki {
        &self.pki
    }

    /// Whether the process still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_none())
    }

    /// The last lines of what it said, where it died.
    pub(crate) fn last_words(&self) -> String {
        last_lines(&self.folder.path().join("server.log"))
    }

    fn stop(&mut self) -> Result<()> {
        // The standard library can only kill: the question is whether it stops when asked to.
        let id = self.child.id().to_string();
        Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status().context("kill")?;
        let until = Instant::now() + STOP_TIMEOUT;
        while Instant::now() < until {
            if !self.is_running() {
                return Ok(());
            }
            // The standard library tells of an end only when asked.
            thread::sleep(Duration::from_millis(20));
        }
        bail!("the server did not stop within {STOP_TIMEOUT:?} of being asked to")
    }
}

impl Transport for Server {
    fn send(&self, identity: &str, request: &Request<'_>) -> Result<Answer> {
        let client = self.clients.get(identity);
        client.with_context(|| format!("no identity `{identity}`"))?.send(request)
    }

    /// Stops it as an operator does, and starts it again so that it looks back at nothing.
    fn lose_history(&mut self) -> Result<()> {
        self.stop()?;
        self.child = run(&self.launch, &self.folder, self.address, History::Lost)?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts the process and waits for it to be ready.
fn run(launch: &Launch, folder: &Folder, address: SocketAddr, history: History) -> Result<Child> {
    let log = folder.path().join("server.log");
    let mut child = Command::new(&launch.portcullis)
        .args(launch.arguments(folder.path(), address, history))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", launch.portcullis.display()))?;
    let ready = follow(&mut child, &log)?;
    if ready.recv_timeout(READY_TIMEOUT).is_ok() {
        return Ok(child);
    }
    drop(child.kill());
    let status = child.wait()?;
    bail!("the server was not ready, and ended with {status}:\n{}", last_lines(&log))
}

/// Writes what the process says to a file; the channel hears of its being ready, or closes.
fn follow(child: &mut Child, log: &Path) -> Result<Receiver<()>> {
    let said = child.stderr.take().context("no standard error")?;
    let mut log = fs::File::options().create(true).append(true).open(log)?;
    let (tell, ready) = mpsc::channel();
    thread::spawn(move || {
        let mut tell = Some(tell);
        for line in BufReader::new(said).split(b'\n').map_while(Result::ok) {
            let is_ready = String::from_utf8_lossy(&line).contains(READY);
            // Nobody may be waiting any more, and a full disk shows elsewhere.
            drop(log.write_all(&[line.as_slice(), b"\n"].concat()));
            if is_ready && let Some(tell) = tell.take() {
                let _ = tell.send(());
            }
        }
    });
    Ok(ready)
}

fn last_lines(log: &Path) -> String {
    const LINES: usize = 20;
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(LINES)).map(|l| format!("  {l}\n")).collect()
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

// === impl Folder ===

impl Folder {
    /// A new empty folder among the system's temporary files.
    pub(crate) fn new() -> Result<Folder> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("portcullis-conformance-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        Ok(Folder(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system, as all temporary files are.
        drop(fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(portcullis: &str) -> String {
        let launch = Launch { portcullis: portcullis.into(), port: 0, controllers: true };
        match Server::start(&launch, str::to_owned) {
            Ok(_) => "started".to_owned(),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn a_server_that_ends_before_it_is_ready_is_told_with_its_last_words() {
        if super::super::pki::openssl_is_missing() {
            return;
        }
        let folder = Folder::new().expect("a folder");
        let script = folder.path().join("portcullis");
        fs::write(&script, "#!/bin/sh\necho the disk is full >&2\nexit 7\n").expect("a file");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&script, mode).expect("an executable");
        let told = start(&script.to_string_lossy());
        assert!(told.contains("the disk is full"), "{told}");
        assert!(told.contains('7'), "{told}");
        let told = start("/nowhere/portcullis");
        assert!(told.starts_with("starting /nowhere/portcullis"), "{told}");
    }

    #[test]
    fn flags_are_those_of_the_recorded_server() {
        let launch = Launch { portcullis: "p".into(), port: 0, controllers: false };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, RECORDED));
        let plain = launch.arguments(Path::new("/t"), address, History::Kept).join(" ");
        assert_eq!(
            plain,
            "serve --data-dir=/t/data --bind=127.0.0.1:26443 --kubeconfig-out=/t/admin.kubeconfig \
             --anonymous-auth=true --api-groups=kubernetes --controllers=-*",
        );
        let launch = Launch { controllers: true, ..launch };
        let later = launch.arguments(Path::new("/t"), address, History::Lost).join(" ");
        assert!(!later.contains("--controllers") && later.contains("--history-retention=0s"));
    }

    const RECORDED: u16 = super::super::RECORDED_PORT;
}
