//! Client certificates that somebody made himself, or that are not for this. `openssl` makes them, so that
//! nothing of ours judges what it made.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{ANONYMOUS, Faults, Gate, OWN, OWN_PATH, UNAUTHORIZED};
use crate::client;

const CLIENT: &str = "extendedKeyUsage = clientAuth";

/// An authority as `openssl ca` wants it: it lets the dates be chosen, and keeps the names as they are.
const CONFIGURATION: &str = "
[ca]
default_ca = here
[here]
database = index.txt
new_certs_dir = .
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
preserve = yes
[any]
organizationName = optional
commonName = optional
";

/// A folder in which certificates are made.
struct Workshop<'g> {
    gate: &'g Gate,
    folder: PathBuf,
}

impl<'g> Workshop<'g> {
    /// With the server's authority, `ca`, and one of somebody else that has its name.
    fn of(gate: &'g Gate) -> Self {
        let this = Self { gate, folder: gate.folder.path().join("workshop") };
        fs::create_dir(&this.folder).expect("it can be made");
        for name in ["ca.crt", "ca.key"] {
            this.write(name, &gate.pki(name));
        }
        this.write("ca.conf", CONFIGURATION.as_bytes());
        this.write("index.txt", b"");
        this.key("other");
        let name = this.openssl("x509 -in ca.crt -noout -subject -nameopt compat");
        let name = name.trim().trim_start_matches("subject=").trim();
        let subject = if name.starts_with('/') { name.to_owned() } else { format!("/{name}") };
        this.openssl_with(
            "req -x509 -new -key other.key -days 2 -out other.crt -addext keyUsage=keyCertSign -subj",
            &subject,
        );
        this
    }

    fn write(&self, name: &str, text: &[u8]) {
        fs::write(self.folder.join(name), text).expect("it can be written");
    }

    fn openssl(&self, arguments: &str) -> String {
        self.run(arguments.split(' '))
    }

    /// With one more argument, which may hold blanks.
    fn openssl_with(&self, arguments: &str, last: &str) -> String {
        self.run(arguments.split(' ').chain([last]))
    }

    fn run<'a>(&self, arguments: impl Iterator<Item = &'a str>) -> String {
        let mut command = Command::new("openssl");
        let output =
            command.args(arguments).current_dir(&self.folder).output().expect("it is here");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn key(&self, name: &str) {
        let curve = "ec_paramgen_curve:P-256";
        self.openssl(&format!("genpkey -algorithm EC -pkeyopt {curve} -out {name}.key"));
    }

    /// `NAME.crt` and `NAME.key`: signed by `signer`, with these extensions, for these two days.
    fn issue(&self, name: &str, subject: &str, signer: &str, extensions: &str, days: [&str; 2]) {
        self.key(name);
        self.openssl_with(&format!("req -new -key {name}.key -out {name}.csr -subj"), subject);
        self.write("extensions", extensions.as_bytes());
        let [first, last] = days;
        self.openssl(&format!(
            "ca -config ca.conf -batch -notext -in {name}.csr -out {name}.crt -cert {signer}.crt -keyfile \
             {signer}.key -startdate {first}0101000000Z -enddate {last}0101000000Z -extfile extensions"
        ));
    }

    fn certificate(&self, name: &str) -> CertificateDer<'static> {
        let file = self.folder.join(format!("{name}.crt"));
        CertificateDer::from_pem_file(file).expect("it is a certificate")
    }

    fn key_of(&self, name: &str) -> PrivateKeyDer<'static> {
        let file = self.folder.join(format!("{name}.key"));
        PrivateKeyDer::from_pem_file(file).expect("it is a key")
    }

    /// A client that shows these certificates, the first one's key being its own.
    fn shows(&self, chain: &[&str]) -> Arc<ClientConfig> {
        let certificates = chain.iter().map(|name| self.certificate(name)).collect();
        self.shows_with(certificates, chain[0])
    }

    fn shows_with(&self, chain: Vec<CertificateDer<'static>>, key: &str) -> Arc<ClientConfig> {
        client::presenting(&self.data(), chain, self.key_of(key))
    }

    fn data(&self) -> PathBuf {
        self.gate.folder.path().join("data")
    }
}

/// Says that nothing was tried, past what the test runner keeps to itself.
fn openssl_is_missing() -> bool {
    let missing = Command::new("openssl").arg("version").output().is_err();
    if missing {
        let told = "SKIPPED: there is no `openssl` to make certificates with\n";
        let _ = io::stderr().write_all(told.as_bytes());
    }
    missing
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_nobodys() {
    let test = "refusals::certificates::a_certificate_that_nobody_vouches_for_is_nobodys";
    if openssl_is_missing() {
        return;
    }
    let Some(gate) = Gate::open(test) else { return };
    let made = Workshop::of(&gate);
    let now = ["2020", "2099"];
    let master = "/O=system:masters/CN=mallory";
    made.issue("jane", "/O=dev/CN=jane", "ca", CLIENT, now);
    made.issue("nameless", "/O=dev", "ca", CLIENT, now);
    made.issue("past", master, "ca", CLIENT, ["2020", "2021"]);
    made.issue("future", master, "ca", CLIENT, ["2098", "2099"]);
    made.issue("server", master, "ca", "extendedKeyUsage = serverAuth", now);
    made.issue("signer", master, "ca", "extendedKeyUsage = codeSigning, emailProtection", now);
    made.issue("critical", master, "ca", &format!("{CLIENT}\n1.2.3.4 = critical, DER:0500"), now);
    made.issue("foreign", master, "other", CLIENT, now);
    made.issue("of-jane", master, "jane", CLIENT, now);
    made.key("self");
    made.openssl_with("req -x509 -new -key self.key -days 2 -out self.crt -addext extendedKeyUsage=clientAuth -subj", master);
    made.key("self-1");
    made.openssl_with("req -new -key self-1.key -out self-1.csr -subj", master);
    made.openssl("x509 -req -in self-1.csr -signkey self-1.key -days 2 -out self-1.crt");

    let mut faults = Faults::default();
    let mut check = |name: &str, shown: &Arc<ClientConfig>, code: u16, message: &str| {
        let answer = gate.ask_as(shown, &format!("GET {OWN_PATH}"), "");
        faults.check(name, &answer, code, message);
    };
    check("jane", &made.shows(&["jane"]), 200, OWN);
    check("jane, and who vouches for her", &made.shows(&["jane", "ca"]), 200, OWN);
    check("without a name", &made.shows(&["nameless"]), 403, ANONYMOUS);
    for (name, chain) in [
        ("over", &["past"][..]),
        ("not yet", &["future"]),
        ("for servers", &["server"]),
        ("for anything but this", &["signer"]),
        ("with what must be understood", &["critical"]),
        ("of an authority of the same name", &["foreign"]),
        ("of another authority, which is shown", &["foreign", "other"]),
        ("of another authority, ours being shown", &["foreign", "ca"]),
        ("of another authority, behind jane's", &["foreign", "jane", "ca"]),
        ("of somebody who is no authority", &["of-jane", "jane"]),
        ("of somebody who is no authority, to the end", &["of-jane", "jane", "ca"]),
        ("of oneself", &["self"]),
        ("of oneself, twice", &["self", "self"]),
        ("of oneself, version 1", &["self-1"]),
        ("the authority of somebody else", &["other"]),
    ] {
        check(name, &made.shows(chain), 401, UNAUTHORIZED);
    }
    // Changed after signing: another name of the same length.
    let mut bytes = made.certificate("jane").to_vec();
    let at = bytes.windows(4).position(|four| four == b"jane").expect("it is named");
    bytes[at..at + 4].copy_from_slice(b"root");
    let changed = made.shows_with(vec![CertificateDer::from(bytes)], "jane");
    check("changed", &changed, 401, UNAUTHORIZED);
    // A token counts beside a certificate that does not.
    let both = gate.ask_as(
        &made.shows(&["foreign"]),
        &format!("GET {OWN_PATH}"),
        "Authorization: Bearer jane",
    );
    faults.check("and a token", &both, 200, OWN);
    // To show it is not to have it: there is no connection without its key.
    let stolen = made.shows_with(vec![made.certificate("jane")], "foreign");
    let request = format!("GET {OWN_PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let answers = client::exchange(gate.server.port, &stolen, request.as_bytes());
    assert!(answers.is_err(), "{answers:?}");
    faults.none();
}
