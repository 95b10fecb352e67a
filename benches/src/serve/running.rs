//! Processes that are measured: the server and the floors.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use tempfile::TempDir;

use super::load::{self, Client};
use super::tls;

/// A server that has not answered by then never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often is looked whether it answers: a hundredth of the time it may take.
const LOOK: Duration = Duration::from_micros(200);

/// What kubectl applies.
const APPLIED: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied, namespace: default}\ndata: {a: b}\n";

/// `portcullis serve` over a folder of its own.
pub struct Server {
    child: Child,
    folder: TempDir,
    port: u16,
}

/// The floors, in a child of this program.
pub struct Floor {
    child: Child,
    port: u16,
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
}

// === impl Server ===

impl Server {
    /// Starts it over an empty folder, and returns as soon as it has answered with 200.
    pub fn start(program: &Path) -> Result<Self, Box<dyn Error>> {
        // Beside what is built: where memory passes for a disk, waiting for it says nothing.
        let folder = tempfile::tempdir_in(program.parent().unwrap_or(Path::new(".")))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let begun = Instant::now();
        let child = Command::new(program)
            .args(["serve", "--bind", &format!("127.0.0.1:{port}"), "--data-dir"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self { child, folder, port };
        let stranger = tls::stranger(b"http/1.1")?;
        let asked = load::request(port, "GET", "/livez", "");
        loop {
            let answered = Client::connect(port, &stranger)
                .and_then(|mut client| client.send(&asked)?.expect(200).map(drop));
            match answered {
                Ok(()) => return Ok(server),
                Err(why) if begun.elapsed() > PATIENCE => return Err(why),
                Err(_) => thread::sleep(LOOK),
            }
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A connection of the admin's.
    pub fn client(&self) -> Result<Client, Box<dyn Error>> {
        Client::connect(self.port, &self.tls(b"http/1.1")?)
    }

    /// What the admin speaks.
    pub fn tls(&self, protocol: &[u8]) -> Result<Arc<ClientConfig>, Box<dyn Error>> {
        tls::admin(&self.folder.path().join("admin.kubeconfig"), protocol)
    }

    /// Megabytes that are resident.
    pub fn resident(&self) -> Result<f64, Box<dyn Error>> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number =
            line.and_then(|line| line.split_whitespace().next()).ok_or("no such number")?;
        Ok(number.parse::<f64>()? * 1024.0 / 1e6)
    }

    /// Has kubectl apply something and explain something. It reads all the discovery and OpenAPI it
    /// wants, as nothing of this server is in its cache.
    pub fn with_kubectl(&self) -> Result<(), Box<dyn Error>> {
        let home = tempfile::tempdir()?;
        let file = home.path().join("applied.yaml");
        std::fs::write(&file, APPLIED)?;
        let file = file.to_string_lossy().into_owned();
        for arguments in [&["apply", "-f", &file][..], &["explain", "pods.spec"][..]] {
            let output = Command::new("kubectl")
                .arg("--kubeconfig")
                .arg(self.folder.path().join("admin.kubeconfig"))
                .args(arguments)
                .env("HOME", home.path())
                .output()
                .map_err(|why| format!("kubectl cannot be run: {why}"))?;
            if !output.status.success() {
                let text = String::from_utf8_lossy(&output.stderr);
                return Err(format!("kubectl {arguments:?}: {}", text.trim()).into());
            }
        }
        Ok(())
    }

    /// Ends it, and waits for that.
    pub fn stop(mut self) -> Result<(), Box<dyn Error>> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// === impl Floor ===

impl Floor {
    /// Starts them with the certificate of a data directory, beside which they write.
    pub fn start(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("floor")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("the floor says nothing")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse();
        let (http1, http2) = (tls::stranger(b"http/1.1")?, tls::stranger(b"h2")?);
        let floor = Self { child, port: port.clone().unwrap_or_default(), http1, http2 };
        port?;
        Ok(floor)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn client(&self) -> Result<Client, Box<dyn Error>> {
        Client::connect(self.port, &self.http1)
    }

    /// What speaks HTTP/2 to it.
    pub fn http2(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.http2)
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
