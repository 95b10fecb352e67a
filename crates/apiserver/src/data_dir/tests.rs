//! The directory as an operator finds it, and as they change it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use portcullis_identity::issue::Issued;

use super::*;
use crate::config::{ServiceAccounts, TlsFiles};

const ADDRESS: &str = "127.0.0.1:6443";
const DAY_S: u64 = 86_400;
/// 2026-01-01.
const START: u64 = 1_767_225_600;

fn day(day: u64) -> Timestamp {
    Timestamp::from_seconds(START + day * DAY_S)
}

/// A folder of its own for each test, and a configuration that names it.
struct Operator {
    folder: tempfile::TempDir,
    config: Config,
}

impl Operator {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config { data_dir: Some(folder.path().join("d")), ..Config::default() };
        Self { folder, config }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("d").join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect(name)
    }

    fn try_open(&self, now: Timestamp) -> Result<DataDir, Error> {
        DataDir::open(&self.config, ADDRESS.parse().expect("an address"), now)
    }

    fn open(&self, now: Timestamp) -> DataDir {
        self.try_open(now).expect("the directory opens")
    }

    /// Everything in the directory, with contents.
    fn all(&self) -> Vec<(PathBuf, String)> {
        let pki =
            fs::read_dir(self.path("pki")).expect("pki").map(|one| one.expect("a file").path());
        let mut files: Vec<_> = pki.chain([self.path("admin.kubeconfig")]).collect();
        files.sort();
        files
            .into_iter()
            .map(|path| (path.clone(), fs::read_to_string(path).expect("text")))
            .collect()
    }

    /// What stops the server, with its causes.
    #[track_caller]
    fn refused(&self, want: &[&str]) {
        let error = self.try_open(day(0)).err().expect("it is refused");
        let mut text = error.to_string();
        if let Some(cause) = std::error::Error::source(&error) {
            text = format!("{text}: {cause}");
        }
        for part in want {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

fn tls(data_dir: &DataDir) -> Tls {
    let (chain, key) = data_dir.credentials().serving();
    Tls::new(chain, key).expect("a certificate and its key")
}

#[test]
fn what_is_absent_is_made_for_the_owner_alone() {
    let operator = Operator::new();
    operator.open(day(0));
    assert_eq!((mode(&operator.path("")), mode(&operator.path("pki"))), (0o700, 0o700));
    let names: Vec<_> = operator.all().into_iter().map(|(path, _)| path).collect();
    let want = ["apiserver.crt", "apiserver.key", "ca.crt", "ca.key", "sa.key", "sa.pub"];
    let want = want.map(|name| operator.path("pki").join(name));
    assert_eq!(names[1..], want);
    assert!(names.iter().all(|path| mode(path) == 0o600), "{names:?}");
    let kubeconfig = operator.read("admin.kubeconfig");
    assert!(kubeconfig.contains("server: https://127.0.0.1:6443\n"), "{kubeconfig}");
    assert!(operator.read("pki/sa.pub").starts_with("-----BEGIN PUBLIC KEY-----\nM"));
}

#[test]
fn what_is_there_is_left_as_it_is() {
    let operator = Operator::new();
    operator.open(day(0));
    let edited = operator.read("admin.kubeconfig").replace(
        "user: kubernetes-admin\n",
        "user: \
         kubernetes-admin\n    namespace: shop\n",
    );
    fs::write(operator.path("admin.kubeconfig"), edited).expect("it is written");
    let before = operator.all();
    operator.open(day(100));
    assert_eq!(operator.all(), before);
}

#[test]
fn leaves_are_renewed_in_their_last_third() {
    let operator = Operator::new();
    operator.open(day(0));
    let before = operator.all();
    operator.open(day(240));
    assert_eq!(operator.all(), before, "a third of a year is left");
    operator.open(day(244));
    let changed: Vec<_> = operator
        .all()
        .into_iter()
        .zip(before)
        .filter(|(now, then)| now != then)
        .filter_map(|((path, _), _)| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    assert_eq!(changed, ["admin.kubeconfig", "apiserver.crt"], "the keys and the authority stay");
    let renewed = Issued::from_pem(operator.read("pki/apiserver.crt").as_bytes()).expect("PEM");
    assert!(!renewed.is_due(day(244)));
}

#[test]
fn another_address_gets_another_certificate() {
    let operator = Operator::new();
    operator.open(day(0));
    let before = operator.read("pki/apiserver.crt");
    let elsewhere = "192.0.2.7:443".parse().expect("an address");
    DataDir::open(&operator.config, elsewhere, day(0)).expect("the directory opens");
    assert_ne!(operator.read("pki/apiserver.crt"), before);
    assert!(operator.read("admin.kubeconfig").contains("server: https://192.0.2.7:443\n"));
}

#[test]
fn half_of_a_pair_is_no_reason_to_make_another() {
    for (gone, stays) in [("ca.key", "ca.crt"), ("ca.crt", "ca.key"), ("sa.key", "sa.pub")] {
        let operator = Operator::new();
        operator.open(day(0));
        fs::remove_file(operator.path("pki").join(gone)).expect("it was there");
        operator.refused(&[&format!("pki/{gone}` is missing"), &format!("pki/{stays}` is there")]);
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    for name in ["ca.crt", "ca.key", "sa.key", "apiserver.key"] {
        let operator = Operator::new();
        operator.open(day(0));
        fs::write(operator.path("pki").join(name), "nonsense").expect("it is written");
        operator.refused(&["pki/", "cannot be used: "]);
    }
    let mut operator = Operator::new();
    let absent = operator.path("nosuch");
    operator.config.token_auth_file = Some(absent.clone());
    operator.refused(&["cannot read", "nosuch"]);
    operator.config.token_auth_file = None;
    operator.config.client_ca_file = Some(operator.path("empty"));
    fs::write(operator.path("empty"), "").expect("it is written");
    operator.refused(&["empty` cannot be used"]);
    operator.config.client_ca_file = None;
    operator.config.service_account =
        ServiceAccounts { signing_key_file: Some(absent), ..ServiceAccounts::default() };
    operator.refused(&["cannot read", "nosuch"]);
}

#[test]
fn a_damaged_certificate_of_our_own_is_made_anew() {
    let operator = Operator::new();
    operator.open(day(0));
    fs::write(operator.path("pki/apiserver.crt"), "nonsense").expect("it is written");
    operator.open(day(0));
    assert!(operator.read("pki/apiserver.crt").starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn a_named_certificate_is_shown_instead() {
    let other = Operator::new();
    other.open(day(0));
    let mut operator = Operator::new();
    operator.config.tls = Some(TlsFiles {
        certificate: other.path("pki/apiserver.crt"),
        key: other.path("pki/apiserver.key"),
    });
    let credentials = operator.open(day(0)).credentials();
    let shown = Issued::from_pem(other.read("pki/apiserver.crt").as_bytes()).expect("PEM");
    assert_eq!(credentials.serving().0[0].as_ref(), shown.der());
    assert!(!operator.path("pki/apiserver.crt").exists());
    let trusted = credentials.server_authorities();
    assert!(trusted.contains(&operator.read("pki/ca.crt")));
    assert!(trusted.contains(&other.read("pki/apiserver.crt")));
}

#[test]
fn changed_files_count_without_a_restart() {
    let operator = Operator::new();
    let data_dir = operator.open(day(0));
    let tls = tls(&data_dir);
    assert!(data_dir.look(&tls, day(0)).is_none(), "nothing changed");

    // Another authority, as it is rotated: the certificate and the kubeconfig follow.
    let other = Operator::new();
    other.open(day(0));
    for name in ["pki/ca.crt", "pki/ca.key"] {
        fs::write(operator.path(name), other.read(name)).expect("it is written");
    }
    assert!(matches!(data_dir.look(&tls, day(0)), Some(Reload::Done)));
    assert!(data_dir.look(&tls, day(0)).is_none(), "what we made ourselves is no change");
    let credentials = data_dir.credentials();
    assert_eq!(credentials.server_authorities(), other.read("pki/ca.crt"));
    let text = operator.read("admin.kubeconfig");
    assert!(text.contains(text_of(&other, "certificate-authority-data").as_str()));

    // Half of a change: what was read before goes on to count.
    fs::remove_file(operator.path("pki/ca.key")).expect("it was there");
    let failed = data_dir.look(&tls, day(0));
    assert!(matches!(failed, Some(Reload::Failed(ReloadError::Files(Error::Half { .. })))));
    assert!(Arc::ptr_eq(&credentials, &data_dir.credentials()));
    fs::remove_file(operator.path("pki/ca.crt")).expect("it was there");
    assert!(matches!(data_dir.look(&tls, day(0)), Some(Reload::Failed(_))));
    assert!(!operator.path("pki/ca.crt").exists(), "a running server makes no authority");
}

fn text_of(operator: &Operator, key: &str) -> String {
    let text = operator.read("admin.kubeconfig");
    text.lines().find(|line| line.trim().starts_with(key)).expect(key).trim().to_owned()
}

#[test]
fn without_a_name_the_directory_goes_with_the_server() {
    let config = Config { data_dir: None, ..Config::default() };
    let data_dir = DataDir::open(&config, ADDRESS.parse().expect("an address"), day(0));
    let data_dir = data_dir.expect("the directory opens");
    let root = data_dir.root().to_owned();
    assert!(root.join("admin.kubeconfig").exists());
    drop(data_dir);
    assert!(!root.exists());
}

#[test]
fn a_second_kubeconfig_is_written_where_it_is_wanted() {
    let mut operator = Operator::new();
    let elsewhere = operator.folder.path().join("elsewhere");
    operator.config.kubeconfig_out = Some(elsewhere.clone());
    operator.open(day(0));
    assert_eq!(mode(&elsewhere), 0o600);
    let text = fs::read_to_string(elsewhere).expect("text");
    assert!(text.contains("current-context: kubernetes-admin@kubernetes\n"));
}

#[test]
fn rsa_keys_that_are_found_are_used() {
    let operator = Operator::new();
    fs::create_dir_all(operator.path("pki")).expect("a folder");
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(operator.path("pki"));
        command.output().is_ok_and(|output| output.status.success())
    };
    let made = openssl(&["genrsa", "-out", "sa.key", "2048"])
        && openssl(&["genrsa", "-out", "ca.key", "2048"])
        && openssl(&[
            "req",
            "-x509",
            "-new",
            "-key",
            "ca.key",
            "-subj",
            "/CN=found",
            "-days",
            "3650",
            "-out",
            "ca.crt",
        ]);
    if !made {
        // Not `eprintln!`: the runner would keep it to itself, as the test passes.
        _ = std::io::stderr().write_all(b"SKIPPED: there is no openssl that makes RSA keys\n");
        return;
    }
    let (ca, sa) = (operator.read("pki/ca.key"), operator.read("pki/sa.key"));
    let now = Timestamp::since_epoch(std::time::UNIX_EPOCH.elapsed().expect("a clock"));
    let data_dir = operator.open(now);
    assert_eq!((operator.read("pki/ca.key"), operator.read("pki/sa.key")), (ca, sa));
    let credentials = data_dir.credentials();
    assert_eq!(credentials.server_authorities(), operator.read("pki/ca.crt"));
    tls(&data_dir);
}
