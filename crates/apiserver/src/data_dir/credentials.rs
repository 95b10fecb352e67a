//! What the server proves itself with, and judges others by.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_core::Timestamp;
use portcullis_identity::certificate::AlternativeNames;
use portcullis_identity::issue::Issued;
use portcullis_identity::key::Form;
use portcullis_identity::{Authority, ClientTrust, PrivateKey, Random};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};

use super::files::{self, Drafts, Stamp};
use super::names;
use crate::config::{Config, TlsFiles};

/// The name of an authority that is made, as kubeadm has it.
const AUTHORITY: &str = "kubernetes";
/// The name of the certificate that the server shows, as kubeadm has it.
const SERVER: &str = "kube-apiserver";

/// What the server proves itself with, and judges others by, as of one reading of the files.
pub struct Credentials {
    /// The authority that the server is.
    pub authority: Authority,
    /// Whom client certificates may come from: the authority, and `--client-ca-file`.
    pub client_trust: ClientTrust,
    /// What service account tokens are signed with.
    pub signing_key: Arc<PrivateKey>,
    /// The files of further keys that service account tokens may be signed with, as PEM: the operator's
    /// `--service-account-key-file`s, in their order.
    pub token_keys: Vec<(PathBuf, Vec<u8>)>,
    /// `--token-auth-file`, as it stands.
    pub token_file: Option<(PathBuf, Vec<u8>)>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// What clients should trust, as PEM.
    server_authorities: String,
}

/// Why the data directory, or a file named by a flag, cannot be used. The operator's affair.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refuses.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// A file does not hold what it should.
    #[error("`{}` cannot be used", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// One file of a pair is there and the other is not.
    #[error("`{}` is missing, and `{}` is there: put it back, or remove both to have new ones made",
        absent.display(), there.display())]
    Half {
        /// Which is missing.
        absent: PathBuf,
        /// Which is there.
        there: PathBuf,
    },
}

/// What to do about files that should be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// Make them: the server starts.
    Make,
    /// Refuse: somebody is changing them just now.
    Refuse,
}

/// Which files count, and what they are for.
pub(super) struct Plan {
    pub(super) pki: PathBuf,
    pub(super) url: String,
    pub(super) random: Random,
    names: AlternativeNames,
    tls: Option<TlsFiles>,
    client_ca: Option<PathBuf>,
    signing_key: Option<PathBuf>,
    token_keys: Vec<PathBuf>,
    token_file: Option<PathBuf>,
}

// === impl Credentials ===

impl Credentials {
    /// The certificate that the server shows, its own first, and its key.
    pub fn serving(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (self.chain.clone(), self.key.clone_key())
    }

    /// What clients should trust, as PEM: the contents of `kube-root-ca.crt` and of kubeconfigs.
    pub fn server_authorities(&self) -> &str {
        &self.server_authorities
    }
}

/// A key as the socket takes it.
pub(crate) fn socket_key(key: &PrivateKey) -> PrivateKeyDer<'static> {
    let (form, bytes) = key.document();
    let bytes = bytes.to_vec();
    match form {
        Form::Pkcs8 => PrivatePkcs8KeyDer::from(bytes).into(),
        Form::Pkcs1 => PrivatePkcs1KeyDer::from(bytes).into(),
        Form::Sec1 => PrivateSec1KeyDer::from(bytes).into(),
    }
}

// === impl Error ===

impl Error {
    pub(super) fn io(doing: &'static str, path: &Path, cause: io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), cause }
    }

    pub(super) fn unusable(
        path: &Path,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unusable { path: path.to_owned(), cause: cause.into() }
    }
}

// === impl Plan ===

impl Plan {
    pub(super) fn of(config: &Config, root: &Path, listening: SocketAddr, random: Random) -> Self {
        Self {
            pki: root.join("pki"),
            url: names::url(listening),
            random,
            names: names::of_server(listening, &config.service_cluster_ip_range),
            tls: config.tls.clone(),
            client_ca: config.client_ca_file.clone(),
            signing_key: config.service_account.signing_key_file.clone(),
            token_keys: config.service_account.key_files.clone(),
            token_file: config.token_auth_file.clone(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.pki.join(name)
    }

    /// What every file that counts looks like now.
    pub(super) fn stamps(&self) -> Vec<Stamp> {
        let own = ["ca.crt", "ca.key", "apiserver.crt", "apiserver.key", "sa.key", "sa.pub"];
        let own = own.map(|name| self.file(name));
        let tls = self.tls.iter().flat_map(|files| [&files.certificate, &files.key]);
        let named = [&self.client_ca, &self.signing_key, &self.token_file].into_iter().flatten();
        own.iter()
            .chain(tls)
            .chain(named)
            .chain(&self.token_keys)
            .map(|path| Stamp::of(path))
            .collect()
    }

    /// Reads all files, and makes those that are absent and the server's own: they are among `drafts`.
    pub(super) fn credentials(
        &self,
        now: Timestamp,
        absent: Absent,
        drafts: &mut Drafts,
    ) -> Result<Credentials, Error> {
        let authority = self.authority(now, absent, drafts)?;
        let own = authority.certificate().to_pem();
        let (chain, key, server_authorities) = match &self.tls {
            Some(files) => self.named_serving(files, own.clone())?,
            None => {
                let (certificate, key) = self.own_serving(&authority, now, drafts)?;
                let chain = vec![CertificateDer::from(certificate.der().to_vec())];
                (chain, socket_key(&key), own.clone())
            }
        };
        let with = |path: &PathBuf| Ok((path.clone(), files::read(path)?));
        Ok(Credentials {
            client_trust: self.client_trust(own)?,
            signing_key: Arc::new(self.signing_key(absent, drafts)?),
            token_keys: self.token_keys.iter().map(with).collect::<Result<_, Error>>()?,
            token_file: self.token_file.as_ref().map(with).transpose()?,
            authority,
            chain,
            key,
            server_authorities,
        })
    }

    fn authority(
        &self,
        now: Timestamp,
        absent: Absent,
        drafts: &mut Drafts,
    ) -> Result<Authority, Error> {
        let (crt, key) = (self.file("ca.crt"), self.file("ca.key"));
        let of = |path: &Path, cause| Error::unusable(path, cause);
        match (files::read_if_there(&crt)?, files::read_if_there(&key)?) {
            (Some(certificate), Some(private)) => {
                Authority::load(&certificate, &private, &self.random)
                    .map_err(|cause| of(&crt, cause))
            }
            (None, None) if absent == Absent::Make => {
                let made = Authority::create(AUTHORITY, now, &self.random);
                let made = made.map_err(|cause| of(&crt, cause))?;
                drafts.write(&key, made.key().to_pem().as_bytes())?;
                drafts.write(&crt, made.certificate().to_pem().as_bytes())?;
                Ok(made)
            }
            (None, None) => Err(Error::io("read", &crt, io::ErrorKind::NotFound.into())),
            (Some(_), None) => Err(Error::Half { absent: key, there: crt }),
            (None, Some(_)) => Err(Error::Half { absent: crt, there: key }),
        }
    }

    /// The serving certificate of our own authority. One that is due, that another authority signed or
    /// that lacks a name is made anew, with the key it had.
    fn own_serving(
        &self,
        authority: &Authority,
        now: Timestamp,
        drafts: &mut Drafts,
    ) -> Result<(Issued, PrivateKey), Error> {
        let (crt, key_file) = (self.file("apiserver.crt"), self.file("apiserver.key"));
        let key = match files::read_if_there(&key_file)? {
            Some(pem) => PrivateKey::from_pem(&pem, &self.random)
                .map_err(|cause| Error::unusable(&key_file, cause))?,
            None => {
                let made = PrivateKey::generate(&self.random)
                    .map_err(|cause| Error::unusable(&key_file, cause))?;
                drafts.write(&key_file, made.to_pem().as_bytes())?;
                made
            }
        };
        let there = files::read_if_there(&crt)?.and_then(|pem| Issued::from_pem(&pem).ok());
        let fits = |one: &Issued| !one.is_due(now) && one.serves(authority, &key, &self.names);
        if let Some(certificate) = there.filter(fits) {
            return Ok((certificate, key));
        }
        let made = authority.serving(SERVER, &self.names, &key, now, &self.random);
        let made = made.map_err(|cause| Error::unusable(&self.file("ca.crt"), cause))?;
        drafts.write(&crt, made.to_pem().as_bytes())?;
        Ok((made, key))
    }

    /// The certificate that flags name. Clients should trust its last one, the nearest to its root.
    fn named_serving(
        &self,
        named: &TlsFiles,
        own_authority: String,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, String), Error> {
        let pem = files::read(&named.certificate)?;
        let unusable = |cause| Error::unusable(&named.certificate, cause);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.map_err(|_| unusable("it is not in PEM form"))?;
        if chain.is_empty() {
            return Err(unusable("there is no certificate in it"));
        }
        let key = files::read(&named.key)?;
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| {
            Error::unusable(&named.key, "there is no private key in PEM form in it")
        })?;
        let authorities = own_authority + &String::from_utf8_lossy(&pem);
        Ok((chain, key, authorities))
    }

    fn client_trust(&self, own: String) -> Result<ClientTrust, Error> {
        let mut bundle = own.into_bytes();
        let mut file = self.file("ca.crt");
        if let Some(named) = &self.client_ca {
            file.clone_from(named);
            let pem = files::read(named)?;
            // Read by itself first: a file without a certificate is a mistake, and ours would hide it.
            ClientTrust::from_pem(&pem).map_err(|cause| Error::unusable(named, cause))?;
            bundle.extend(pem);
        }
        ClientTrust::from_pem(&bundle).map_err(|cause| Error::unusable(&file, cause))
    }

    fn signing_key(&self, absent: Absent, drafts: &mut Drafts) -> Result<PrivateKey, Error> {
        let (path, public) = (self.file("sa.key"), self.file("sa.pub"));
        let path = self.signing_key.clone().unwrap_or(path);
        let of = |cause| Error::unusable(&path, cause);
        if let Some(pem) = files::read_if_there(&path)? {
            return PrivateKey::from_pem(&pem, &self.random).map_err(of);
        }
        if self.signing_key.is_some() || absent == Absent::Refuse {
            return Err(Error::io("read", &path, io::ErrorKind::NotFound.into()));
        }
        if files::read_if_there(&public)?.is_some() {
            return Err(Error::Half { absent: path, there: public });
        }
        let made = PrivateKey::generate(&self.random).map_err(of)?;
        drafts.write(&path, made.to_pem().as_bytes())?;
        drafts.write(&public, public_pem(made.public()).as_bytes())?;
        Ok(made)
    }
}

/// A public key in PEM form (RFC 7468, 13).
fn public_pem(spki: &[u8]) -> String {
    use base64::Engine as _;
    /// RFC 7468, 2: lines of 64 characters.
    const LINE: usize = 64;
    let encoded = base64::engine::general_purpose::STANDARD.encode(spki);
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for (at, character) in encoded.chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem + "\n-----END PUBLIC KEY-----\n"
}
