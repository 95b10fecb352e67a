//! What other programs make, judged here: certificates, keys and requests of `openssl`.

mod certificates;
mod keys;
mod tokens;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use portcullis_core::Timestamp;

/// A folder in which `openssl` works.
struct OpenSsl(tempfile::TempDir);

impl OpenSsl {
    /// None if the machine has no `openssl`, and then says so: a test that was not made is no test
    /// that passed.
    fn start() -> Option<Self> {
        match Command::new("openssl").arg("version").output() {
            Ok(output) if output.status.success() => Some(Self(tempfile::tempdir().unwrap())),
            _ => {
                // Not `eprintln!`: the runner would keep it to itself, as the test passes.
                let told = b"SKIPPED: this machine has no openssl to compare with\n";
                _ = std::io::stderr().write_all(told);
                None
            }
        }
    }

    #[track_caller]
    fn run(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {told}");
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }
}

/// A little later than now: certificates of `openssl` begin when they are made.
#[expect(clippy::disallowed_methods, reason = "openssl reads the clock, so the test must too")]
fn soon() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::since_epoch(since).after(std::time::Duration::from_secs(2))
}
