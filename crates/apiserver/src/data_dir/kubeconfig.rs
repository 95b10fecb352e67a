//! The admin's kubeconfig.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_core::Timestamp;
use portcullis_identity::PrivateKey;
use portcullis_identity::issue::Issued;

use super::Error;
use super::credentials::{Credentials, Plan};
use super::files::{self, Drafts};

/// As kubeadm calls them: scripts know these names.
const CLUSTER: &str = "kubernetes";
const USER: &str = "kubernetes-admin";
/// The group that no rule binds.
const GROUP: &str = "system:masters";

impl Plan {
    /// Writes the kubeconfig, unless the one that is there still serves: people add their namespace
    /// and context to it.
    pub(super) fn write_kubeconfig(
        &self,
        path: &Path,
        credentials: &Credentials,
        now: Timestamp,
        drafts: &mut Drafts,
    ) -> Result<(), Error> {
        let authorities = STANDARD.encode(credentials.server_authorities());
        let there = files::read_if_there(path)?.and_then(|bytes| String::from_utf8(bytes).ok());
        if there.is_some_and(|text| self.serves(&text, &authorities, credentials, now)) {
            return Ok(());
        }
        let of = |cause| Error::unusable(path, cause);
        let key =
            PrivateKey::generate(&self.random).map_err(|cause| Error::unusable(path, cause))?;
        let certificate = credentials.authority.client(USER, &[GROUP], &key, now, &self.random);
        let certificate = certificate.map_err(of)?.to_pem();
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: {CLUSTER}\n  cluster:\n    \
             certificate-authority-data: {authorities}\n    server: {}\ncontexts:\n- name: \
             {USER}@{CLUSTER}\n  context:\n    cluster: {CLUSTER}\n    user: {USER}\ncurrent-context: \
             {USER}@{CLUSTER}\npreferences: {{}}\nusers:\n- name: {USER}\n  user:\n    \
             client-certificate-data: {}\n    client-key-data: {}\n",
            self.url,
            STANDARD.encode(certificate),
            STANDARD.encode(key.to_pem().as_bytes()),
        );
        drafts.write(path, text.as_bytes())
    }

    /// Whether a kubeconfig leads here, trusts what the server shows, and holds a certificate that is
    /// not due.
    fn serves(
        &self,
        text: &str,
        authorities: &str,
        credentials: &Credentials,
        now: Timestamp,
    ) -> bool {
        let value = |key: &str| {
            text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "))
        };
        let decoded = |key| STANDARD.decode(value(key)?).ok();
        let certificate = decoded("client-certificate-data").zip(decoded("client-key-data"));
        let certificate = certificate.is_some_and(|(certificate, key)| {
            let certificate = Issued::from_pem(&certificate);
            let key = PrivateKey::from_pem(&key, &self.random);
            certificate.is_ok_and(|certificate| {
                let belongs = |key| certificate.belongs(&credentials.authority, &key);
                !certificate.is_due(now) && key.is_ok_and(belongs)
            })
        });
        certificate
            && value("server") == Some(&self.url)
            && value("certificate-authority-data") == Some(authorities)
    }
}
