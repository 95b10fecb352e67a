//! What no server on these libraries can be faster than: the same TLS and HTTP, and next to nothing
//! behind them.

use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::future::poll_fn;
use std::io::Write as _;
use std::path::Path;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::tls;

/// 1 kB that never changes.
pub const CONSTANT: &str = "/constant";
/// The body is read as JSON, appended to a file and answered when the disk has it.
pub const LOG: &str = "/log";
/// A stream of what is sent to [`FAN`].
pub const WATCH: &str = "/watch";
/// The body is sent to everybody at [`WATCH`].
pub const FAN: &str = "/fan";

/// As many entries share one wait for the disk as commits do in the server.
const GROUP: usize = 256;

type Entry = (Bytes, oneshot::Sender<()>);

struct Floors {
    log: Sender<Entry>,
    watching: Mutex<Vec<UnboundedSender<Bytes>>>,
    constant: Bytes,
}

/// What the child does: serves the floors, and prints its port.
pub fn child(folder: &Path) -> Result<(), Box<dyn Error>> {
    let tls = TlsAcceptor::from(tls::server(folder)?);
    let file = tempfile::tempfile_in(folder)?;
    let (log, entries) = channel();
    thread::spawn(move || append(file, &entries));
    let watching = Mutex::new(Vec::new());
    let constant = Bytes::from(vec![b'x'; 1_000]);
    let floors = Arc::new(Floors { log, watching, constant });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        loop {
            let (socket, _) = listener.accept().await?;
            tokio::spawn(connection(socket, tls.clone(), Arc::clone(&floors)));
        }
    })
}

async fn connection(socket: TcpStream, tls: TlsAcceptor, floors: Arc<Floors>) {
    let _ = socket.set_nodelay(true);
    let Ok(stream) = tls.accept(socket).await else { return };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let io = TokioIo::new(stream);
    let service = service_fn(move |request| {
        let floors = Arc::clone(&floors);
        async move { Ok::<_, Infallible>(floors.answer(request).await) }
    });
    if is_http2 {
        let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await;
    } else {
        let _ = http1::Builder::new().serve_connection(io, service).await;
    }
}

/// Writes what waits and waits for the disk once, for all of them.
fn append(mut file: File, entries: &Receiver<Entry>) {
    while let Ok(first) = entries.recv() {
        let waiting: Vec<Entry> =
            std::iter::once(first).chain(entries.try_iter().take(GROUP - 1)).collect();
        let text = waiting.iter().map(|(text, _)| &text[..]).collect::<Vec<_>>().concat();
        if file.write_all(&text).and_then(|()| file.sync_data()).is_err() {
            return;
        }
        for (_, answer) in waiting {
            let _ = answer.send(());
        }
    }
}

impl Floors {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path();
        match path {
            CONSTANT => answer(StatusCode::OK, Body::full(self.constant.clone())),
            WATCH => {
                let (send, receive) = unbounded_channel();
                self.watching.lock().expect("nobody panicked").push(send);
                answer(StatusCode::OK, Body::Stream(receive))
            }
            LOG => {
                let Some(body) = read(request.into_body()).await else {
                    return answer(StatusCode::BAD_REQUEST, Body::full(Bytes::new()));
                };
                if serde_json::from_slice::<serde_json::Value>(&body).is_err() {
                    return answer(StatusCode::BAD_REQUEST, Body::full(Bytes::new()));
                }
                let (done, kept) = oneshot::channel();
                let _ = self.log.send((body.clone(), done));
                match kept.await {
                    Ok(()) => answer(StatusCode::CREATED, Body::full(body)),
                    Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, Body::full(Bytes::new())),
                }
            }
            FAN => {
                let body = read(request.into_body()).await.unwrap_or_default();
                let mut watching = self.watching.lock().expect("nobody panicked");
                watching.retain(|one| one.send(body.clone()).is_ok());
                answer(StatusCode::CREATED, Body::full(Bytes::new()))
            }
            _ => answer(StatusCode::NOT_FOUND, Body::full(Bytes::new())),
        }
    }
}

fn answer(status: StatusCode, body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer
}

async fn read(mut body: Incoming) -> Option<Bytes> {
    let mut read = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.ok()?.into_data() {
            if body.is_end_stream() && read.is_empty() {
                return Some(data);
            }
            read.extend_from_slice(&data);
        }
    }
    Some(read.into())
}

enum Body {
    Full(Option<Bytes>),
    Stream(UnboundedReceiver<Bytes>),
}

impl Body {
    fn full(bytes: Bytes) -> Self {
        Self::Full(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut *self {
            Self::Full(bytes) => Poll::Ready(bytes.take()),
            Self::Stream(receive) => receive.poll_recv(context),
        };
        next.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}
