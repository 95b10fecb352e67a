//! A server in a process of its own: this test binary, started again.

use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{env, ops};

use portcullis_apiserver::config::Config;
use portcullis_apiserver::run::{self, Notice};

/// Names the folder to the process that is to serve.
const FOLDER: &str = "PORTCULLIS_TEST_SERVER";

/// A server that answers; killed when dropped.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    /// Starts `test` again, which is to [`serve`] this folder, and waits until it says its port.
    pub fn start(folder: &Path, test: &str) -> Self {
        let this = env::current_exe().expect("we are a program");
        let mut command = Command::new(this);
        command.args(["--exact", test, "--nocapture"]);
        command.env(FOLDER, folder).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it can be run again");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let port = lines.find_map(|line| line.ok()?.strip_prefix("ready ")?.parse().ok());
        Self { child, port: port.expect("it is ready") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that is gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves, if this process was started for it.
pub fn serve(config: impl FnOnce(&Path) -> Config) -> ops::ControlFlow<()> {
    let Some(folder) = env::var_os(FOLDER) else { return ops::ControlFlow::Continue(()) };
    run::run(&config(folder.as_ref()), &mut |notice| {
        if let Notice::Ready(ready) = notice {
            let line = format!("\nready {}\n", ready.address.port());
            io::stdout().write_all(line.as_bytes()).expect("somebody listens");
        }
    })
    .expect("it runs until it is killed");
    ops::ControlFlow::Break(())
}
