//! Accepting, shaking hands, and one task for each connection.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Version, header};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::CertificateDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::answer;
use super::guard::{Activity, Guard};
use super::in_flight::{Class, InFlight};
use super::{Body, Limits, Peer, Refusal, Request, Response, Service, Shutdown, Tls};
use crate::request_info::{self, RequestInfo};

/// How long accepting rests when the process has no file descriptors left. The connections that free
/// some need the processor meanwhile.
const REST_AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// How often a quiet HTTP/2 connection is asked whether it is still there: a watch writes nothing for
/// a minute, and a client that vanished would hold it for ever.
const PING_EVERY: Duration = Duration::from_secs(30);

/// How long the answer to a ping may take.
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// How much of a streamed answer may wait in memory for one HTTP/2 stream.
const SEND_BUFFER_BYTES: usize = 256 * 1024;

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request was answered.
    All,
    /// Some connections were still busy when the time for it was over.
    Some,
}

/// What all connections share.
struct Server<S> {
    service: Arc<S>,
    limits: Limits,
    in_flight: InFlight,
    shutdown: Shutdown,
}

/// Serves until the end is asked for; then takes no more connections, ends watches, lets requests
/// that are under way finish within [`Limits::drain`], and returns.
pub async fn serve<S: Service>(
    listener: TcpListener,
    tls: Arc<Tls>,
    service: Arc<S>,
    limits: Limits,
    shutdown: Shutdown,
) -> Drained {
    let most = u32::try_from(limits.connections).unwrap_or(u32::MAX).max(1);
    let places = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(usize::MAX)));
    let drain = limits.drain;
    let in_flight = InFlight::new(&limits);
    let server = Arc::new(Server { service, limits, in_flight, shutdown: shutdown.clone() });
    let accepting = async {
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok((socket, address)) = listener.accept().await else {
                tokio::time::sleep(REST_AFTER_ACCEPT_ERROR).await;
                continue;
            };
            let (server, tls) = (Arc::clone(&server), tls.current());
            tokio::spawn(async move {
                server.connection(socket, address, tls).await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = accepting => {}
        () = shutdown.asked() => {}
    }
    // Nobody is to wait in a queue that is not served any more.
    drop(listener);
    match timeout(drain, places.acquire_many(most)).await {
        Ok(_) => Drained::All,
        Err(_) => Drained::Some,
    }
}

impl<S: Service> Server<S> {
    async fn connection(
        self: Arc<Self>,
        socket: TcpStream,
        address: std::net::SocketAddr,
        tls: Arc<rustls::ServerConfig>,
    ) {
        // Answers are written whole; to wait for more only delays them. An error here shows again below.
        let _ = socket.set_nodelay(true);
        let handshake = timeout(self.limits.handshake, TlsAcceptor::from(tls).accept(socket));
        let stream = tokio::select! {
            done = handshake => match done {
                Ok(Ok(stream)) => stream,
                // A scanner, a client of another CA, plain HTTP: TLS has told them.
                _ => return,
            },
            () = self.shutdown.asked() => return,
        };
        let (_, session) = stream.get_ref();
        let certificates = session.peer_certificates().unwrap_or_default();
        let certificates = certificates.iter().map(|one| CertificateDer::from(one.to_vec()));
        let peer = Arc::new(Peer::new(address, certificates.collect()));
        let http2 = session.alpn_protocol() == Some(b"h2");
        self.requests(stream, peer, http2).await;
    }

    async fn requests(self: Arc<Self>, stream: TlsStream<TcpStream>, peer: Arc<Peer>, http2: bool) {
        let activity = Activity::new();
        let io = TokioIo::new(Guard::new(stream, Arc::clone(&activity), &self.limits, http2));
        let server = Arc::clone(&self);
        let answer = service_fn(move |request| {
            let (server, peer) = (Arc::clone(&server), Arc::clone(&peer));
            let busy = activity.enter();
            async move {
                let response = server.answer(request, peer).await;
                let answer = answer::outgoing(response, &server.shutdown, busy);
                Ok::<_, std::convert::Infallible>(answer)
            }
        });
        // Both kinds of connection end in an error when the other side breaks off or a limit is
        // passed. It has been told, as far as HTTP can tell it.
        if http2 {
            let mut connection = pin!(self.http2().serve_connection(io, answer));
            let ended = tokio::select! {
                _ = connection.as_mut() => true,
                () = self.shutdown.asked() => false,
            };
            if !ended {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        } else {
            let mut connection = pin!(self.http1().serve_connection(io, answer));
            let ended = tokio::select! {
                _ = connection.as_mut() => true,
                () = self.shutdown.asked() => false,
            };
            if !ended {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }

    fn http1(&self) -> http1::Builder {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            // The guard below times heads and idleness.
            .header_read_timeout(None)
            .max_header_size(self.limits.head_bytes);
        builder
    }

    /// Floods that HTTP/2 invites: too many streams, streams reset as fast as they are opened, header
    /// blocks without end (the library derives the number of CONTINUATION frames it takes from the
    /// size of the header list).
    fn http2(&self) -> http2::Builder<TokioExecutor> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.limits.streams)
            .max_pending_accept_reset_streams(self.limits.reset_streams)
            .max_local_error_reset_streams(self.limits.faulty_streams)
            .max_header_list_size(u32::try_from(self.limits.head_bytes).unwrap_or(u32::MAX))
            .max_send_buf_size(SEND_BUFFER_BYTES)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_TIMEOUT);
        builder
    }

    async fn answer(&self, request: http::Request<Incoming>, peer: Arc<Peer>) -> Response {
        let (head, incoming) = request.into_parts();
        if let Some(why) = bad_host(&head) {
            return self.service.refuse(Refusal::Malformed(why));
        }
        if is_encoded(&head.headers) {
            return self.service.refuse(Refusal::Encoded);
        }
        let target = head.uri.path_and_query().map_or("", |target| target.as_str());
        let info = RequestInfo::parse(head.method.as_str(), target);
        if matches!(info, Err(request_info::Error::Undecodable)) {
            return self.service.refuse(Refusal::Malformed(""));
        }
        let mut request = Request {
            info,
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            body: Body::from(bytes::Bytes::new()),
            peer,
        };
        let class = Class::of(&request);
        let Some(_place) = self.in_flight.enter(class) else {
            return self.service.refuse(Refusal::TooMany);
        };
        let deadline = class.is_timed().then(|| Instant::now() + self.limits.request);
        request.body = Body::incoming(incoming, deadline);
        let gzip = answer::takes_gzip(&request.headers);
        let response = self.handled(request, deadline).await;
        answer::compressed(response, self.limits.gzip_over_bytes, gzip).await
    }

    /// Calls the service; a panic stays in its request.
    async fn handled(&self, request: Request, deadline: Option<Instant>) -> Response {
        let mut call = pin!(self.service.call(request));
        let caught =
            poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
                Ok(polled) => polled.map(Ok),
                Err(_) => std::task::Poll::Ready(Err(Refusal::Panicked)),
            });
        let outcome = match deadline {
            Some(deadline) => timeout_at(deadline, caught).await.unwrap_or(Err(Refusal::TimedOut)),
            None => caught.await,
        };
        outcome.unwrap_or_else(|refusal| self.service.refuse(refusal))
    }
}

/// What is wrong with the `Host` of an HTTP/1.1 request: two of them are how requests are smuggled
/// past a proxy that believes the other one.
fn bad_host(head: &http::request::Parts) -> Option<&'static str> {
    if head.version != Version::HTTP_11 {
        return None;
    }
    let mut hosts = head.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => Some("missing required Host header"),
        (Some(_), Some(_)) => Some("too many Host headers"),
        // What RFC 3986, section 3.2, lets stand there.
        (Some(host), None) => {
            let fits =
                |byte: &u8| byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=[]_~".contains(byte);
            (!host.as_bytes().iter().all(fits)).then_some("malformed Host header")
        }
    }
}

/// Whether the body is encoded for its way in another manner than in chunks. The library looks at the last
/// encoding alone, so that what is packed before it is cut would be read packed.
fn is_encoded(headers: &http::HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let first = encodings.next().map(http::HeaderValue::as_bytes);
    first.is_some_and(|encoding| !encoding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
        || encodings.next().is_some()
}
