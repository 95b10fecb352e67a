//! TLS 1.2 and 1.3: which certificate we show, and what we ask of a client's.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved,
    ServerConfig, SignatureScheme,
};

/// What the listener shows and asks for; replaced while it runs.
#[derive(Debug)]
pub struct Tls(ArcSwap<ServerConfig>);

/// Why certificate and key cannot be served with.
#[derive(Debug, thiserror::Error)]
#[error("the serving certificate and its key cannot be used")]
pub struct TlsError(#[from] Error);

// === impl Tls ===

impl Tls {
    /// Serves with this certificate, its own first, and its key.
    ///
    /// # Errors
    /// [`TlsError`] where they do not belong together or the key is of no kind that is known.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsError> {
        Ok(Self(ArcSwap::from_pointee(config(chain, key)?)))
    }

    /// Shows another certificate from the next connection on.
    ///
    /// # Errors
    /// As [`Tls::new`]; the one before stays.
    pub fn replace(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<(), TlsError> {
        self.0.store(Arc::new(config(chain, key)?));
        Ok(())
    }

    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.0.load_full()
    }
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Possession { algorithms: provider.signature_verification_algorithms };
    let mut config = builder(provider)?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn builder(
    provider: Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier>, Error> {
    ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

/// Asks for a certificate, and only that the other side holds its key.
///
/// Whether anybody trusts it is judged on every request: a wrong certificate has to end in an answer
/// that says so. Certificates of version 1 are taken, as Go takes them; rustls' own checks of
/// signatures refuse them, so these go by the key alone.
#[derive(Debug)]
struct Possession {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Possession {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No names: a client that finds its issuer missing among them would send no certificate at all,
    /// and be told that it is anonymous rather than that its certificate is wrong.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let bad = || Error::from(CertificateError::BadSignature);
        let key = public_key(certificate)?;
        let key = webpki::RawPublicKeyEntity::try_from(&key)
            .map_err(|_| Error::from(CertificateError::BadEncoding))?;
        // TLS 1.2 names the hash and not the curve: each algorithm of the scheme may be meant.
        let algorithms =
            self.algorithms.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme);
        let (_, algorithms) = algorithms
            .ok_or(Error::from(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme))?;
        let valid = algorithms
            .iter()
            .any(|one| key.verify_signature(*one, message, signed.signature()).is_ok());
        if valid { Ok(HandshakeSignatureValid::assertion()) } else { Err(bad()) }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = public_key(certificate)?;
        rustls::crypto::verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn public_key<'c>(
    certificate: &'c CertificateDer<'_>,
) -> Result<SubjectPublicKeyInfoDer<'c>, Error> {
    portcullis_identity::certificate::public_key(certificate)
        .map(SubjectPublicKeyInfoDer::from)
        .map_err(|_| Error::from(CertificateError::BadEncoding))
}
