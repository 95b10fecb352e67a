//! What is refused, over a real socket: each file is a list of attempts with the answer that
//! kube-apiserver 1.35 gives to them.
//!
//! Nothing of it may ever bring the secret of another namespace along.

mod certificates;
mod framing;
mod impersonation;
mod paths;
mod tokens;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use portcullis_apiserver::config::Config;
use portcullis_object::Input;
use rustls::ClientConfig;
use tempfile::TempDir;

use crate::client::{self, Answer};
use crate::server::{self, Server};

/// What `hidden` in `kube-system` holds, which jane and robot may not read.
const HIDDEN: &str = "bm90IGZvciB5b3U=";

/// What `own` in `default` holds, which they may.
const OWN: &str = "Zm9yIHlvdQ==";

/// Where it is.
const OWN_PATH: &str = "/api/v1/namespaces/default/secrets/own";

/// The message of a 401, which says no more on purpose.
const UNAUTHORIZED: &str = "Unauthorized";

/// The anonymous user is known, and may not.
const ANONYMOUS: &str = "secrets \"own\" is forbidden: User \"system:anonymous\" cannot get resource \
    \"secrets\" in API group \"\" in the namespace \"default\"";

/// Tokens of the file, and whose they are.
const TOKENS: &str = "\
admin,admin,1,system:masters
jane,jane,2,dev
deputy,deputy,3,
";

const OBJECTS: &str = r#"
apiVersion: v1
kind: Secret
metadata: { name: hidden, namespace: kube-system }
data: { key: bm90IGZvciB5b3U= }
---
apiVersion: v1
kind: Secret
metadata: { name: own, namespace: default }
data: { key: Zm9yIHlvdQ== }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: robot, namespace: default }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader, namespace: default }
rules:
- { apiGroups: [""], resources: [secrets], verbs: [get, list, watch] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: readers, namespace: default }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects:
- { apiGroup: rbac.authorization.k8s.io, kind: User, name: jane }
- { kind: ServiceAccount, name: robot, namespace: default }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: deputy }
rules:
- { apiGroups: [""], resources: [users], verbs: [impersonate], resourceNames: [jane] }
- { apiGroups: [""], resources: [groups], verbs: [impersonate], resourceNames: [dev] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: deputy }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: deputy }
subjects:
- { apiGroup: rbac.authorization.k8s.io, kind: User, name: deputy }
"#;

fn config(folder: &Path) -> Config {
    let tokens = folder.join("tokens.csv");
    fs::write(&tokens, TOKENS).expect("it can be written");
    Config {
        data_dir: Some(folder.join("data")),
        ephemeral: true,
        bind: ([127, 0, 0, 1], 0).into(),
        anonymous_auth: true,
        token_auth_file: Some(tokens),
        manifests: vec![Input { name: "objects".into(), bytes: OBJECTS.into() }],
        ..Config::default()
    }
}

/// A server with the objects above, and how to speak to it.
struct Gate {
    server: Server,
    folder: TempDir,
    trust: Arc<ClientConfig>,
}

impl Gate {
    /// None in the process that is started to be the server, when it ends.
    fn open(test: &str) -> Option<Self> {
        if server::serve(config).is_break() {
            return None;
        }
        let folder = tempfile::tempdir().expect("there is room");
        let server = Server::start(folder.path(), test);
        let trust = client::trust(&folder.path().join("data"));
        Some(Self { server, folder, trust })
    }

    /// The server's own keys.
    fn pki(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join("data/pki").join(name)).expect("it is there")
    }

    /// Sends a head of these lines, and takes the one answer.
    fn ask(&self, request: &str, headers: impl AsRef<[u8]>) -> Answer {
        self.ask_as(&self.trust, request, headers)
    }

    fn ask_as(
        &self,
        config: &Arc<ClientConfig>,
        request: &str,
        headers: impl AsRef<[u8]>,
    ) -> Answer {
        let head = format!("{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        let headers = headers.as_ref();
        let gap: &[u8] = if headers.is_empty() { b"" } else { b"\r\n" };
        let bytes = [head.as_bytes(), headers, gap, b"\r\n"].concat();
        let mut answers = self.send(config, &bytes);
        assert_eq!(answers.len(), 1, "{request}: {answers:?}");
        answers.remove(0)
    }

    /// Sends bytes, and takes all answers: no attempt may be answered with what is hidden.
    fn send(&self, config: &Arc<ClientConfig>, bytes: &[u8]) -> Vec<Answer> {
        let answers = client::exchange(self.server.port, config, bytes).expect("it is answered");
        let sent = String::from_utf8_lossy(bytes);
        assert!(answers.iter().all(|answer| !answer.body.contains(HIDDEN)), "{sent}: {answers:?}");
        answers
    }
}

/// Compares a whole list before it complains, so that one run shows everything that is wrong with it.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    #[track_caller]
    fn check(&mut self, name: &str, answer: &Answer, code: u16, message: &str) {
        let said = answer.message();
        // Of what is read, only whose it is counts.
        let same = if code == 200 { said.contains(message) } else { said == message };
        if answer.code != code || !same {
            self.0.push(format!(
                "{name}\n  want {code} {message:?}\n  have {} {said:?}",
                answer.code
            ));
        }
    }

    #[track_caller]
    fn none(self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}
