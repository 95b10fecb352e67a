//! Running the program in a folder of files.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use portcullis_cli::{Environment, Streams};
use serde_json::Value;
use tempfile::TempDir;

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A folder of files, and the program run in it.
pub struct Folder(TempDir);

// === impl Folder ===

impl Folder {
    /// A folder with these files in it.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }

    /// Adds a file, and the folders it is in.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs the program with words that blanks separate.
    #[track_caller]
    pub fn run(&self, words: &str) -> Run {
        self.run_with(words, "", &[])
    }

    /// The same, with standard input and environment.
    #[track_caller]
    pub fn run_with(&self, words: &str, input: &str, environment: &[(&str, &str)]) -> Run {
        run(&words.split_whitespace().collect::<Vec<_>>(), self.path(), input, environment)
    }

    /// Runs the program and reads its answer as JSON.
    #[track_caller]
    pub fn json(&self, words: &str) -> Value {
        let run = self.run(words);
        serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {run:?}"))
    }
}

/// Runs the program; the environment of the tests plays no part.
#[track_caller]
pub fn run(
    words: &[impl AsRef<OsStr>],
    folder: &Path,
    input: &str,
    environment: &[(&str, &str)],
) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(words).current_dir(folder);
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "TERM", "SOURCE_DATE_EPOCH"] {
        command.env_remove(name);
    }
    command.envs(environment.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    // A run that stops before it reads all of its input is no fault of the test.
    let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("its end");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let run = Run {
        code: output.status.code().expect("an exit code"),
        out: text(output.stdout),
        err: text(output.stderr),
    };
    for word in ["panicked", "RUST_BACKTRACE", "::"] {
        assert!(!run.err.contains(word), "it shows its insides: {run:?}");
    }
    run
}

/// The same within this process, for tests that run it often. The day is 2026-06-01, and `root` the
/// folder that the run believes it began in; paths are still found from where the tests run.
#[track_caller]
pub fn call(words: &[&str], root: &Path, input: &str) -> Run {
    let environment = Environment {
        now_s: 1_780_272_000,
        folder: Some(root.to_owned()),
        ..Environment::default()
    };
    let (mut data, mut notes) = (Vec::new(), Vec::new());
    let streams = Streams { input: &mut input.as_bytes(), data: &mut data, notes: &mut notes };
    let arguments = ["portcullis"].iter().chain(words).map(OsString::from);
    let exit = portcullis_cli::run(arguments, streams, &environment);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Run { code: exit.code().into(), out: text(data), err: text(notes) }
}

/// Two pods, one of which a policy shuts; a role for one of their accounts.
pub const SHOP: &str = "\
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: Pod
metadata: { name: cart, namespace: shop, labels: { app: cart } }
spec:
  containers: [ { name: main, image: none.example/cart, ports: [ { containerPort: 8080 } ] } ]
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop, labels: { app: db } }
spec:
  containers: [ { name: main, image: none.example/db, ports: [ { containerPort: 5432 } ] } ]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress:
  - from: [ { podSelector: { matchLabels: { app: cart } } } ]
    ports: [ { port: 5432 } ]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader, namespace: shop }
rules:
- { apiGroups: [ '' ], resources: [ pods, pods/log ], verbs: [ get, list ] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reader, namespace: shop }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects:
- { kind: ServiceAccount, name: cart, namespace: shop }
- { kind: User, name: jane, apiGroup: rbac.authorization.k8s.io }
";
