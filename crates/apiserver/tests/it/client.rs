//! A client of one connection: HTTP/1.1 over TLS, trusting the server's own authority.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WantsClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, ConfigBuilder, RootCertStore, StreamOwned};
use serde_json::Value;

/// No answer takes as long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server of this folder is spoken to with.
pub fn trust(folder: &Path) -> Arc<ClientConfig> {
    Arc::new(trusting(folder).with_no_client_auth())
}

/// The same, with certificates and a key that need not be fit for anything.
pub fn presenting(
    folder: &Path,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Arc<ClientConfig> {
    let key = ring::sign::any_supported_type(&key).expect("it is a key");
    // Nothing is compared here: who shows a certificate of somebody else has another key.
    let shown = SingleCertAndKey::from(CertifiedKey::new(chain, key));
    Arc::new(trusting(folder).with_client_cert_resolver(Arc::new(shown)))
}

fn trusting(folder: &Path) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    for certificate in
        CertificateDer::pem_file_iter(folder.join("pki/ca.crt")).expect("it is there")
    {
        roots.add(certificate.expect("it is a certificate")).expect("it can be trusted");
    }
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(roots)
}

/// Sends bytes as they are over a connection of their own, and reads until the server closes it.
pub fn exchange(port: u16, config: &Arc<ClientConfig>, bytes: &[u8]) -> io::Result<Vec<Answer>> {
    let mut stream = connect(port, config)?;
    stream.write_all(bytes)?;
    stream.flush()?;
    let mut answers = Vec::new();
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        // A server that closes at once says so with a reset, or without a word.
        Err(error)
            if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {}
        Err(error) => return Err(error),
    }
    let mut rest = said.as_slice();
    while let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
        let (head, body) = rest.split_at(end + 4);
        let head = String::from_utf8_lossy(head).into_owned();
        let field = |name: &str| {
            let mut fields = head.lines().filter_map(|line| line.split_once(": "));
            fields.find(|(field, _)| *field == name).map(|(_, value)| value)
        };
        let length = field("content-length").map_or(0, |text| text.parse().expect("a length"));
        let (body, after) = body.split_at(length);
        let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let warning = field("warning").unwrap_or_default().to_owned();
        answers.push(Answer { code, warning, body: String::from_utf8_lossy(body).into_owned() });
        rest = after;
    }
    assert!(rest.is_empty(), "half an answer: {}", String::from_utf8_lossy(rest));
    Ok(answers)
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    /// The first `Warning`.
    pub warning: String,
    pub body: String,
}

impl Answer {
    /// The message of a Status, or the body where it is none.
    pub fn message(&self) -> String {
        let read: Option<Value> = serde_json::from_str(&self.body).ok();
        let message = read.as_ref().and_then(|status| status["message"].as_str());
        message.unwrap_or(&self.body).to_owned()
    }
}

fn connect(port: u16, config: &Arc<ClientConfig>) -> io::Result<Stream> {
    let socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let name = ServerName::try_from("localhost").expect("it is a name");
    let connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
    Ok(StreamOwned::new(connection, socket))
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// One connection that is kept alive.
pub struct Client {
    stream: BufReader<Stream>,
    token: String,
}

impl Client {
    pub fn connect(port: u16, trust: &Arc<ClientConfig>, token: &str) -> io::Result<Self> {
        let stream = BufReader::new(connect(port, trust)?);
        Ok(Self { stream, token: token.to_owned() })
    }

    /// Status and body of the answer, which is JSON.
    pub fn ask(&mut self, method: &str, path: &str, body: &str) -> io::Result<(u16, Value)> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len(),
        );
        let stream = self.stream.get_mut();
        stream.write_all(request.as_bytes())?;
        stream.flush()?;
        let mut line = || {
            let mut line = String::new();
            match self.stream.read_line(&mut line)? {
                0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                _ => Ok(line),
            }
        };
        let status = line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut length = 0;
        loop {
            let line = line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let body = serde_json::from_slice(&body).map_err(io::Error::other)?;
        Ok((status.ok_or(io::ErrorKind::InvalidData)?, body))
    }
}
