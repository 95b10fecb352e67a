//! Keys and certificates: those of the server, named as kubeadm names them, and those of everybody
//! who sends a request. The `openssl` command makes them, so that nothing of ours is trusted to
//! judge what it made itself.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Somebody who presents a certificate.
struct Subject {
    /// As recordings call them.
    identity: &'static str,
    /// In `openssl`'s notation: `/O=dev/CN=jane`.
    name: &'static str,
    authority: &'static str,
    extensions: Extensions,
}

enum Extensions {
    /// X.509 version 3, for clients.
    Client,
    /// X.509 version 3, for servers only.
    Server,
    /// None at all: X.509 version 1.
    None,
}

const fn client(identity: &'static str, name: &'static str) -> Subject {
    Subject { identity, name, authority: "ca", extensions: Extensions::Client }
}

/// The identities that recordings name; one that is not here presents nothing.
const SUBJECTS: &[Subject] = &[
    client("admin", "/O=system:masters/CN=admin"),
    client("jane", "/O=dev/CN=jane"),
    client("bob", "/O=qa/O=ops/CN=bob"),
    client("carol", "/CN=carol"),
    client("node-1", "/O=system:nodes/CN=system:node:node-1"),
    client("nocn", "/O=dev"),
    Subject {
        identity: "v1",
        name: "/O=dev/CN=victor",
        authority: "ca",
        extensions: Extensions::None,
    },
    Subject {
        identity: "serverauthonly",
        name: "/CN=sam",
        authority: "ca",
        extensions: Extensions::Server,
    },
    Subject {
        identity: "untrusted",
        name: "/O=system:masters/CN=mallory",
        authority: "other-ca",
        extensions: Extensions::Client,
    },
];

/// Identities without a certificate.
pub(crate) const BARE: &[&str] = &["anonymous", "robot"];

/// A folder of keys and certificates.
pub(crate) struct Pki {
    /// What the server is given: `ca.crt`, `ca.key`, `sa.key`, `sa.pub`.
    pub(crate) server: PathBuf,
    /// One `NAME.crt` and `NAME.key` for each identity.
    clients: PathBuf,
}

impl Pki {
    /// Makes everything anew: the server's in `server`, that of clients in `clients`. Names of
    /// subjects go through `renamed` first.
    pub(crate) fn make(
        server: &Path,
        clients: &Path,
        renamed: impl Fn(&str) -> String,
    ) -> Result<Pki> {
        for folder in [server, clients] {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let pki = Pki { server: server.to_owned(), clients: clients.to_owned() };
        authority(&server.join("ca"), "/CN=kubernetes")?;
        authority(&clients.join("other-ca"), "/CN=elsewhere")?;
        let [key, public] = ["sa.key", "sa.pub"].map(|name| text(&server.join(name)));
        openssl(&["genrsa", "-out", &key, "2048"])?;
        openssl(&["rsa", "-in", &key, "-pubout", "-out", &public])?;
        for subject in SUBJECTS {
            pki.issue(subject, &renamed)?;
        }
        Ok(pki)
    }

    fn issue(&self, subject: &Subject, renamed: impl Fn(&str) -> String) -> Result<()> {
        let at = |end: &str| text(&self.clients.join(format!("{}.{end}", subject.identity)));
        let [key, request, extensions, certificate] = ["key", "csr", "ext", "crt"].map(at);
        let authority = match subject.authority {
            "ca" => self.server.join("ca"),
            other => self.clients.join(other),
        };
        let [ca, ca_key] = ["crt", "key"].map(|end| text(&authority.with_extension(end)));
        let name = renamed(subject.name);
        key_to(&key)?;
        openssl(&["req", "-new", "-key", &key, "-subj", &name, "-out", &request])?;
        let mut sign = vec!["x509", "-req", "-days", "2", "-in", &request, "-out", &certificate];
        sign.extend(["-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial"]);
        let usage = match subject.extensions {
            Extensions::Client => Some("extendedKeyUsage = clientAuth\n"),
            Extensions::Server => Some("extendedKeyUsage = serverAuth\n"),
            Extensions::None => None,
        };
        if let Some(usage) = usage {
            fs::write(&extensions, usage).context("the extensions of a certificate")?;
            sign.extend(["-extfile", &extensions]);
        }
        openssl(&sign)?;
        if usage.is_none() {
            let printed = openssl(&["x509", "-in", &certificate, "-noout", "-text"])?;
            ensure!(printed.contains("Version: 1 "), "this openssl makes no X.509 v1 certificates");
        }
        Ok(())
    }

    /// The authority that signs for the server and most clients, PEM.
    pub(crate) fn ca(&self) -> Result<Vec<u8>> {
        read(&self.server.join("ca.crt"))
    }

    /// Where certificate and key of an identity are; `None` if it presents nothing.
    pub(crate) fn files(&self, identity: &str) -> Option<(PathBuf, PathBuf)> {
        SUBJECTS.iter().any(|subject| subject.identity == identity).then(|| {
            let at = |end: &str| self.clients.join(format!("{identity}.{end}"));
            (at("crt"), at("key"))
        })
    }

    /// The folder of everybody's certificates and keys.
    pub(crate) fn clients(&self) -> &Path {
        &self.clients
    }

    /// Every identity that presents a certificate.
    pub(crate) fn identities() -> impl Iterator<Item = &'static str> {
        SUBJECTS.iter().map(|subject| subject.identity)
    }
}

/// A certificate that signs others, and its key: `PATH.crt` and `PATH.key`.
fn authority(path: &Path, name: &str) -> Result<()> {
    let [key, certificate] = ["key", "crt"].map(|end| text(&path.with_extension(end)));
    key_to(&key)?;
    let mut make = vec!["req", "-x509", "-new", "-key", &key, "-subj", name, "-days", "2"];
    make.extend(["-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", &certificate]);
    openssl(&make).map(drop)
}

fn key_to(path: &str) -> Result<()> {
    openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path])
        .map(drop)
}

/// Whether there is no `openssl` here to make everybody's certificates with. Says that what needs them is
/// left out, past what the test runner keeps to itself: a test that was not made is no test that passed.
pub fn openssl_is_missing() -> bool {
    let missing = openssl(&["version"]).is_err();
    if missing {
        let told = "SKIPPED: there is no `openssl` to make certificates with\n";
        let _ = io::stderr().write_all(told.as_bytes());
    }
    missing
}

pub(super) fn openssl(arguments: &[&str]) -> Result<String> {
    let output = Command::new("openssl").args(arguments).output().context("running `openssl`")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "openssl {}: {}", arguments.join(" "), said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| path.display().to_string())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
