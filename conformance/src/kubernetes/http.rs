//! A small HTTP/1.1 client over TLS: just what a replay needs, and nothing that would tidy a
//! request up on its way. Paths, methods and headers leave as they were recorded.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, SignatureScheme, StreamOwned};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest head of an answer: a few kilobytes of headers, with room for many warnings.
const HEAD_BYTES_MAX: usize = 256 * 1024;

/// The longest body: the largest recorded one is under a megabyte.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How much of a long body is sent before a look whether the server has refused it already: once
/// the server has closed, the answer may be lost.
const BODY_PIECE: usize = 64 * 1024;

/// A request as it goes onto the wire.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: Option<&'a [u8]>,
    /// How long the whole answer may take.
    pub(crate) timeout: Duration,
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the answer came to its end; a watch that nobody ended did not.
    pub(crate) ended: bool,
}

/// What sends requests: the server over TLS, or a test's own.
pub(crate) trait Transport: Sync {
    /// Sends a request as `identity` and reads the answer.
    ///
    /// # Errors
    /// If no answer came: no such identity, no connection, or one that closed early.
    fn send(&self, identity: &str, request: &Request<'_>) -> Result<Answer>;

    /// Starts anew on the same store, with no history: every earlier revision is too old then.
    ///
    /// # Errors
    /// If the server did not stop, or did not start again.
    fn lose_history(&mut self) -> Result<()>;
}

/// A client of one server, with the certificates of one identity and the connections it keeps.
pub(crate) struct Client {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    idle: Mutex<Vec<Connection>>,
}

struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
    /// Read, and not asked for yet.
    ahead: Vec<u8>,
}

// === impl Answer ===

impl Answer {
    /// The lines of a header, in order.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value.as_str())
    }
}

// === impl Client ===

impl Client {
    /// A client that trusts the authority `ca` (PEM) and presents `certificate` and its key, both
    /// PEM, if it has one. Nothing is asked of the certificate: what it is worth is the server's
    /// to say.
    pub(crate) fn new(
        address: SocketAddr,
        ca: &[u8],
        certificate: Option<(&[u8], &[u8])>,
    ) -> Result<Client> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(ca) {
            roots.add(root?)?;
        }
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match certificate {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>()?;
                let key =
                    provider.key_provider.load_private_key(PrivateKeyDer::from_pem_slice(key)?)?;
                // Put together without a look at the certificate: rustls would refuse version 1.
                let key = Arc::new(CertifiedKey::new(chain, key));
                builder.with_client_cert_resolver(Arc::new(Always(key)))
            }
        };
        Ok(Client { address, tls: Arc::new(config), idle: Mutex::default() })
    }

    /// Sends a request and reads the answer, over a kept connection if there is one.
    pub(crate) fn send(&self, request: &Request<'_>) -> Result<Answer> {
        let deadline = Instant::now() + request.timeout;
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(connection) = kept {
            match self.exchange(connection, request, deadline) {
                // The server may close a kept connection at any time: that is no answer.
                Err(Broken { answered: false, .. }) => {}
                other => return Ok(other?),
            }
        }
        Ok(self.exchange(self.connect()?, request, deadline)?)
    }

    fn connect(&self) -> Result<Connection> {
        let socket = TcpStream::connect_timeout(&self.address, CONNECT_TIMEOUT)
            .with_context(|| format!("connecting to {}", self.address))?;
        socket.set_nodelay(true)?;
        let name = ServerName::IpAddress(self.address.ip().into());
        let session = ClientConnection::new(Arc::clone(&self.tls), name)?;
        Ok(Connection { stream: StreamOwned::new(session, socket), ahead: Vec::new() })
    }

    fn exchange(
        &self,
        mut connection: Connection,
        request: &Request<'_>,
        deadline: Instant,
    ) -> Result<Answer, Broken> {
        // A server that has heard enough answers and closes before it has read a long body.
        let written = connection.write(&self.address, request, deadline);
        let (answer, keep) = match connection.read(request.method == "HEAD", deadline) {
            Err(Broken { cause, answered: false }) => {
                return Err(Broken { cause: written.err().unwrap_or(cause), answered: false });
            }
            other => other?,
        };
        if keep && written.is_ok() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        Ok(answer)
    }
}

// === impl Connection ===

impl Connection {
    fn write(&mut self, to: &SocketAddr, request: &Request<'_>, until: Instant) -> io::Result<()> {
        self.stream.sock.set_write_timeout(Some(left(until)))?;
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {to}\r\n", request.method, request.path);
        for (name, value) in request.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = request.body {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        self.stream.write_all(head.as_bytes())?;
        for (number, piece) in request.body.unwrap_or_default().chunks(BODY_PIECE).enumerate() {
            if number > 0 && self.is_answered()? {
                return Err(broken("the server would not hear the whole body"));
            }
            self.stream.write_all(piece)?;
        }
        self.stream.flush()
    }

    /// Whether something has come already; does not wait for it.
    fn is_answered(&mut self) -> io::Result<bool> {
        self.stream.flush()?;
        self.stream.sock.set_nonblocking(true)?;
        let mut buffer = [0; 1024];
        let read = self.stream.read(&mut buffer);
        self.stream.sock.set_nonblocking(false)?;
        match read {
            Ok(read) => self.ahead.extend(buffer.iter().take(read)),
            Err(error) if is_timeout(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(!self.ahead.is_empty())
    }

    /// Reads one answer; also says whether the connection can serve another.
    fn read(&mut self, bodiless: bool, until: Instant) -> Result<(Answer, bool), Broken> {
        let head = loop {
            let head = self.read_head(until)?;
            // `100 Continue` and its like announce the answer.
            if !(100..200).contains(&head.status) {
                break head;
            }
        };
        let mut answer = head;
        let has = |name: &str, token: &str| {
            answer.header(name).any(|value| value.to_ascii_lowercase().contains(token))
        };
        let (chunked, close) = (has("Transfer-Encoding", "chunked"), has("Connection", "close"));
        let length = answer.header("Content-Length").next().and_then(|v| v.trim().parse().ok());
        let mut body = Vec::new();
        let ended = if bodiless || answer.status == 204 || answer.status == 304 {
            Ok(true)
        } else if chunked {
            self.read_chunks(&mut body, until)
        } else if let Some(length) = length {
            self.read_exactly(length, &mut body, until).map(|()| true)
        } else {
            self.read_to_close(&mut body, until)
        };
        // What came before the time was over or the connection broke still is an answer.
        answer.ended = ended.unwrap_or(false);
        answer.body = body;
        let keep = answer.ended && !close && (chunked || length.is_some() || bodiless);
        Ok((answer, keep))
    }

    fn read_head(&mut self, until: Instant) -> Result<Answer, Broken> {
        let end = loop {
            if let Some(end) = find(&self.ahead, b"\r\n\r\n") {
                break end;
            }
            let answered = !self.ahead.is_empty();
            if self.ahead.len() > HEAD_BYTES_MAX {
                return Err(Broken::new("a head too long", true));
            }
            match self.fill(until) {
                Ok(0) => {
                    return Err(Broken::new("the connection closed without an answer", answered));
                }
                Ok(_) => {}
                Err(cause) => {
                    let answered = answered || is_timeout(&cause);
                    return Err(Broken { cause, answered });
                }
            }
        };
        let rest = self.ahead.split_off(end + 4);
        let head = String::from_utf8_lossy(&self.ahead).into_owned();
        self.ahead = rest;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or_else(|| Broken::new("no status line", true))?;
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_owned(), value.trim().to_owned()))
        };
        Ok(Answer { status, headers: lines.filter_map(header).collect(), ..Answer::default() })
    }

    /// Reads chunks up to the last one, which is empty. False if the connection closed before.
    fn read_chunks(&mut self, body: &mut Vec<u8>, until: Instant) -> io::Result<bool> {
        loop {
            let Some(line) = self.read_line(until)? else { return Ok(false) };
            let size = line.split(';').next().unwrap_or("").trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| broken("a chunk's size"))?;
            if size == 0 {
                // Trailers, if any, up to the empty line.
                while self.read_line(until)?.is_some_and(|line| !line.is_empty()) {}
                return Ok(true);
            }
            self.read_exactly(size, body, until)?;
            self.read_line(until)?;
        }
    }

    fn read_line(&mut self, until: Instant) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = find(&self.ahead, b"\r\n") {
                let rest = self.ahead.split_off(end + 2);
                let line = std::mem::replace(&mut self.ahead, rest);
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            if self.fill(until)? == 0 {
                return Ok(None);
            }
        }
    }

    fn read_exactly(&mut self, size: usize, to: &mut Vec<u8>, until: Instant) -> io::Result<()> {
        if to.len().saturating_add(size) > BODY_BYTES_MAX {
            return Err(broken("a body too long"));
        }
        let mut missing = size;
        while missing > 0 {
            if self.ahead.is_empty() && self.fill(until)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let rest = self.ahead.split_off(missing.min(self.ahead.len()));
            missing -= self.ahead.len();
            to.append(&mut self.ahead);
            self.ahead = rest;
        }
        Ok(())
    }

    fn read_to_close(&mut self, body: &mut Vec<u8>, until: Instant) -> io::Result<bool> {
        loop {
            body.append(&mut self.ahead);
            if body.len() > BODY_BYTES_MAX {
                return Err(broken("a body too long"));
            }
            if self.fill(until)? == 0 {
                return Ok(true);
            }
        }
    }

    fn fill(&mut self, until: Instant) -> io::Result<usize> {
        self.stream.sock.set_read_timeout(Some(left(until)))?;
        let mut buffer = [0; 16 * 1024];
        let read = match self.stream.read(&mut buffer) {
            // Closed without a farewell: of no matter, as HTTP says itself where a message ends.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            other => other?,
        };
        self.ahead.extend(buffer.iter().take(read));
        Ok(read)
    }
}

/// A socket waits at least this long: nought would mean for ever.
fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// An exchange that brought no answer.
#[derive(Debug)]
struct Broken {
    cause: io::Error,
    /// Whether the server had begun to answer, or had the time to.
    answered: bool,
}

impl Broken {
    fn new(what: &str, answered: bool) -> Broken {
        Broken { cause: broken(what), answered }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cause)
    }
}

impl std::error::Error for Broken {}

/// Presents one certificate whatever the server says it would like.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
