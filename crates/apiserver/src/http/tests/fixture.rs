//! Certificates, and a client that believes any server.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::UnixTime;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};

use super::*;

/// A certificate and its key.
pub(super) struct Certificate {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

pub(super) fn client(protocol: &str, certificate: Option<Certificate>) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody));
    let mut config = match certificate {
        Some(one) => config.with_client_auth_cert(one.chain, one.key).expect("a certificate"),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Arc::new(config)
}

#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// One for this name, signed by an authority of its own.
pub(super) fn certificate(name: &str) -> Certificate {
    use portcullis_identity::{Authority, PrivateKey, Random};
    let random = Random::system();
    let now = portcullis_core::Timestamp::since_epoch(
        std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970"),
    );
    let authority = Authority::create("tests", now, &random).expect("an authority");
    let key = PrivateKey::generate(&random).expect("a key");
    let issued = authority.client(name, &[], &key, now, &random).expect("a certificate");
    Certificate {
        chain: vec![CertificateDer::from(issued.der().to_vec())],
        key: crate::data_dir::socket_key(&key),
    }
}
