//! Sixteen clients that do as little as clients can: a thread, a connection and bytes made before.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::tls;

/// Clients at once.
pub const CONNECTIONS: usize = 16;

/// No single read of a test takes as long, so whoever waits longer waits for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request as it goes over the wire.
pub type Sent = Vec<u8>;

/// One connection that is kept alive.
pub struct Client {
    stream: StreamOwned<ClientConnection, TcpStream>,
    port: u16,
    /// The last answer, head and body.
    answer: Vec<u8>,
}

/// What came back.
pub struct Answer<'a> {
    status: u16,
    body: &'a [u8],
}

/// A request; JSON, where it has a body.
pub fn request(port: u16, method: &str, path: &str, body: &str) -> Sent {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n\
         User-Agent: bench/v1\r\n{kind}Content-Length: {}\r\n\r\n",
        body.len(),
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// How many answers of this status all clients together get in a second. `make` gives the request of a
/// client by the numbers of the client and of the request.
pub fn rate(
    connect: impl Fn() -> Result<Client, Box<dyn Error>>,
    turn: Duration,
    status: u16,
    make: impl Fn(usize, usize) -> Sent + Sync,
) -> Result<f64, Box<dyn Error>> {
    let clients = connected(connect)?;
    let ready = Barrier::new(clients.len() + 1);
    let (make, ready) = (&make, &ready);
    thread::scope(|scope| {
        let mut working = Vec::new();
        for (at, mut client) in clients.into_iter().enumerate() {
            working.push(scope.spawn(move || -> Result<usize, String> {
                ready.wait();
                let begun = Instant::now();
                let mut done = 0;
                while begun.elapsed() < turn {
                    let sent = make(at, done);
                    let answer = client.send(&sent).map_err(|why| why.to_string())?;
                    answer.expect(status).map_err(|why| why.to_string())?;
                    done += 1;
                }
                Ok(done)
            }));
        }
        ready.wait();
        let begun = Instant::now();
        let mut done = 0;
        for one in working {
            done += one.join().map_err(|_| "a client panicked")??;
        }
        Ok(done as f64 / begun.elapsed().as_secs_f64())
    })
}

/// Sends so many requests over all connections, in any order.
pub fn each(
    connect: impl Fn() -> Result<Client, Box<dyn Error>>,
    count: usize,
    status: u16,
    make: impl Fn(usize) -> Sent + Sync,
) -> Result<(), Box<dyn Error>> {
    let clients = connected(connect)?;
    let (make, next) = (&make, &AtomicUsize::new(0));
    thread::scope(|scope| {
        let mut working = Vec::new();
        for mut client in clients {
            working.push(scope.spawn(move || -> Result<(), String> {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return Ok(());
                    }
                    let answer = client.send(&make(number)).map_err(|why| why.to_string())?;
                    answer.expect(status).map_err(|why| why.to_string())?;
                }
            }));
        }
        for one in working {
            one.join().map_err(|_| "a client panicked")??;
        }
        Ok(())
    })
}

fn connected(
    connect: impl Fn() -> Result<Client, Box<dyn Error>>,
) -> Result<Vec<Client>, Box<dyn Error>> {
    (0..CONNECTIONS).map(|_| connect()).collect()
}

// === impl Client ===

impl Client {
    pub fn connect(port: u16, config: &Arc<ClientConfig>) -> Result<Self, Box<dyn Error>> {
        let socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let connection = ClientConnection::new(Arc::clone(config), tls::name())?;
        let mut stream = StreamOwned::new(connection, socket);
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(Self { stream, port, answer: Vec::new() })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends a request and waits for the whole answer.
    pub fn send(&mut self, sent: &[u8]) -> Result<Answer<'_>, Box<dyn Error>> {
        self.stream.write_all(sent)?;
        self.stream.flush()?;
        let mut held = 0;
        let mut whole = None;
        loop {
            if self.answer.len() < held + READ_BYTES {
                self.answer.resize((held + READ_BYTES).max(self.answer.len() * 2), 0);
            }
            let read = self.stream.read(&mut self.answer[held..])?;
            if read == 0 {
                return Err("the connection has ended".into());
            }
            held += read;
            if whole.is_none() {
                whole = head(&self.answer[..held])?;
                if let Some(Head { end, length, .. }) = whole {
                    self.answer.resize(self.answer.len().max(end + length + READ_BYTES), 0);
                }
            }
            if let Some(Head { status, end, length }) = whole
                && held >= end + length
            {
                return Ok(Answer { status, body: &self.answer[end..end + length] });
            }
        }
    }
}

/// At least as much is asked for at once: what a record of TLS holds.
const READ_BYTES: usize = 16 * 1024;

/// What the head of an answer says.
#[derive(Clone, Copy)]
struct Head {
    status: u16,
    /// Where the body begins.
    end: usize,
    /// How long it is.
    length: usize,
}

/// The head of an answer, once it is there.
fn head(bytes: &[u8]) -> Result<Option<Head>, Box<dyn Error>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..end])?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or("no status")?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .ok_or("the answer does not say how long it is")?;
    let (status, length) = (status.parse()?, length.1.trim().parse()?);
    Ok(Some(Head { status, end: end + 4, length }))
}

// === impl Answer ===

impl<'a> Answer<'a> {
    /// The body, if the status is this.
    pub fn expect(self, status: u16) -> Result<&'a [u8], Box<dyn Error>> {
        if self.status == status {
            return Ok(self.body);
        }
        Err(format!("{} instead of {status}: {}", self.status, String::from_utf8_lossy(self.body))
            .into())
    }
}
