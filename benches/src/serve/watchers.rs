//! Ten thousand watches that wait for one event.

use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::tls;
use crate::clock::nanoseconds;

/// An event that is not there by then will not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What Go's client lets a server send before it is told to go on, so that nobody waits for that.
const CONNECTION_WINDOW_BYTES: u32 = 1 << 30;
const STREAM_WINDOW_BYTES: u32 = 4 << 20;

/// Watches of one server, each waiting for its next event.
pub struct Watchers {
    runtime: Runtime,
    count: usize,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Events that have been read to their end, by all watches together.
    events: AtomicUsize,
    /// How many are awaited.
    awaited: AtomicUsize,
    all: Notify,
    /// The first event, as it came.
    event: Mutex<Vec<u8>>,
}

impl Watchers {
    /// Begins `count` watches of a path, so many on each connection.
    pub fn connect(
        count: usize,
        per_connection: usize,
        port: u16,
        path: &str,
        config: Arc<ClientConfig>,
    ) -> Result<Self, Box<dyn Error>> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let seen = Arc::new(Seen::default());
        runtime.block_on(async {
            let mut begun = 0;
            while begun < count {
                let watches = per_connection.min(count - begun);
                connection(watches, begun, port, path, Arc::clone(&config), &seen).await?;
                begun += watches;
            }
            Ok::<(), Box<dyn Error>>(())
        })?;
        Ok(Self { runtime, count, seen })
    }

    /// Waits until each watch has told one event more; nanoseconds since `begun`.
    pub fn all_told(&mut self, begun: Instant) -> Result<f64, Box<dyn Error>> {
        let all = self.seen.awaited.fetch_add(self.count, Ordering::SeqCst) + self.count;
        let seen = &self.seen;
        let told = async {
            loop {
                let woken = seen.all.notified();
                if seen.events.load(Ordering::SeqCst) >= all {
                    return Instant::now();
                }
                woken.await;
            }
        };
        // A timeout has to be made inside of the runtime.
        let told = self.runtime.block_on(async { timeout(PATIENCE, told).await });
        let seen = self.seen.events.load(Ordering::SeqCst);
        let told = told.map_err(|_| format!("{seen} of {all} events were told"))?;
        Ok(nanoseconds(told - begun))
    }

    /// The first event.
    pub fn event(&self) -> String {
        let event = self.seen.event.lock().expect("nobody panicked");
        String::from_utf8_lossy(&event).into_owned()
    }
}

async fn connection(
    watches: usize,
    first: usize,
    port: u16,
    path: &str,
    config: Arc<ClientConfig>,
    seen: &Arc<Seen>,
) -> Result<(), Box<dyn Error>> {
    let socket = TcpStream::connect(("127.0.0.1", port)).await?;
    socket.set_nodelay(true)?;
    let stream = TlsConnector::from(config).connect(tls::name(), socket).await?;
    let (mut requests, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .handshake(TokioIo::new(stream))
        .await?;
    tokio::spawn(connection);
    for at in 0..watches {
        let request = Request::get(format!("https://127.0.0.1:{port}{path}"))
            .header("accept", "application/json")
            .body(Nothing)?;
        let answer = requests.send_request(request).await?;
        if !answer.status().is_success() {
            return Err(format!("a watch is answered with {}", answer.status()).into());
        }
        tokio::spawn(follow(answer.into_body(), Arc::clone(seen), first + at == 0));
    }
    // Dropping the sender does not end what it has asked for.
    Ok(())
}

/// Counts the lines of a watch.
async fn follow(mut body: Incoming, seen: Arc<Seen>, keeps: bool) {
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.into_data() else { continue };
        if keeps {
            let mut event = seen.event.lock().expect("nobody panicked");
            if !event.ends_with(b"\n") {
                event.extend_from_slice(&data);
            }
        }
        let lines = data.iter().filter(|byte| **byte == b'\n').count();
        if lines > 0 {
            let events = seen.events.fetch_add(lines, Ordering::SeqCst) + lines;
            // Nothing is awaited twice: the last of a round wakes who waits for the round.
            if events >= seen.awaited.load(Ordering::SeqCst) {
                seen.all.notify_one();
            }
        }
    }
}

/// No body.
struct Nothing;

impl http_body::Body for Nothing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}
