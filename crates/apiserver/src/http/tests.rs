//! The listener from outside: a client that speaks TLS and, below that, whatever it likes.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::client::TlsStream;

use super::*;
use fixture::{Certificate, certificate};

mod fixture;
mod floods;

/// Answers by path, so that a test can ask for what it needs.
#[derive(Default)]
struct Paths {
    under_way: AtomicUsize,
}

impl Service for Paths {
    async fn call(&self, request: Request) -> Response {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let response = self.respond(request).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        response
    }
}

impl Paths {
    async fn respond(&self, request: Request) -> Response {
        match request.uri.path() {
            "/panic" => panic!("asked to"),
            "/body" => match request.body.read(1_000).await {
                Ok(bytes) => Response::new(StatusCode::OK, bytes),
                Err(error @ BodyError::TooLarge { .. }) => {
                    Response::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
                }
                Err(error) => Response::new(StatusCode::BAD_REQUEST, error.to_string()),
            },
            "/peer" => {
                let count = request.peer.remembered::<usize>().map_or(1, |count| *count + 1);
                request.peer.remember(Arc::new(count));
                let certificates = request.peer.certificates.len();
                Response::new(
                    StatusCode::OK,
                    format!("{certificates} certificates, request {count}"),
                )
            }
            "/long" => Response::new(StatusCode::OK, vec![b'a'; 200_000]),
            "/slow" => {
                sleep(Duration::from_millis(300)).await;
                Response::new(StatusCode::OK, "slow")
            }
            "/stuck" => std::future::pending().await,
            "/api/v1/pods" => Response::stream(StatusCode::OK, Once(Some(Bytes::from("event\n")))),
            "/info" => {
                let info = request.info.expect("the path can be read");
                Response::new(StatusCode::OK, format!("{} {}", info.verb, info.path))
            }
            _ => Response::new(StatusCode::OK, "ok")
                .header(header::CONTENT_TYPE, HeaderValue::from_static("text/plain")),
        }
    }
}

/// One frame, and then nothing for ever: a watch on which nothing happens.
struct Once(Option<Bytes>);

impl Frames for Once {
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.take().map_or(Poll::Pending, |frame| Poll::Ready(Some(frame)))
    }
}

/// A server of its own for each test.
struct Server {
    address: SocketAddr,
    trigger: Trigger,
    serving: JoinHandle<Drained>,
    service: Arc<Paths>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let Certificate { chain, key } = certificate("localhost");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let tls = Arc::new(Tls::new(chain, key).expect("a certificate"));
        let (trigger, shutdown) = Trigger::new();
        let service = Arc::new(Paths::default());
        let serving = tokio::spawn(serve(listener, tls, Arc::clone(&service), limits, shutdown));
        Self { address, trigger, serving, service }
    }

    async fn usual() -> Self {
        Self::start(Limits::default()).await
    }

    async fn connect(&self, protocol: &str) -> TlsStream<TcpStream> {
        self.connect_as(protocol, None).await.expect("a handshake")
    }

    async fn connect_as(
        &self,
        protocol: &str,
        client: Option<Certificate>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let socket = TcpStream::connect(self.address).await.expect("a connection");
        let name = ServerName::try_from("localhost").expect("a name");
        let connector = tokio_rustls::TlsConnector::from(fixture::client(protocol, client));
        connector.connect(name, socket).await
    }

    /// One request on a connection of its own; the whole answer as text.
    async fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = self.connect("http/1.1").await;
        let request = format!("{head}\r\nHost: a\r\nConnection: close\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.expect("the request goes out");
        rest(&mut stream).await
    }

    async fn until_under_way(&self, count: usize) {
        while self.service.under_way.load(Ordering::SeqCst) < count {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// All that comes until the other side closes.
async fn rest(stream: &mut TlsStream<TcpStream>) -> String {
    let mut answer = Vec::new();
    // A connection that is cut without a close_notify ends here too; what came counts.
    let _ = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .expect("the server closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Until the given text has come.
async fn until(stream: &mut TlsStream<TcpStream>, text: &str) -> String {
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains(text) {
        let mut buffer = [0; 4096];
        let read = timeout(Duration::from_secs(10), stream.read(&mut buffer)).await;
        let read = read.expect("something comes").expect("the connection stands");
        assert!(read > 0, "the connection ended after {:?}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[track_caller]
fn check(answer: &str, status: &str, parts: &[&str]) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    for part in parts {
        assert!(answer.contains(part), "no {part:?} in {answer}");
    }
}

#[tokio::test]
async fn a_request_is_answered() {
    let server = Server::usual().await;
    let answer = server.ask("GET /x HTTP/1.1", "").await;
    check(
        &answer,
        "200 OK",
        &["content-type: text/plain", "content-length: 2", "date: ", "\r\n\r\nok"],
    );
    let answer = server.ask("GET /info?watch=true HTTP/1.1", "").await;
    check(&answer, "200 OK", &["get /info"]);
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit() {
    let server = Server::usual().await;
    let answer = server.ask("POST /body HTTP/1.1\r\nContent-Length: 3", "abc").await;
    check(&answer, "200", &["\r\n\r\nabc"]);
    let chunked = "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
    let answer = server.ask("POST /body HTTP/1.1\r\nTransfer-Encoding: chunked", chunked).await;
    check(&answer, "200", &["\r\n\r\nabc"]);
    // What is announced as too long is refused before it comes.
    let answer = server.ask("POST /body HTTP/1.1\r\nContent-Length: 1001", "").await;
    check(&answer, "413", &["Request entity too large: limit is 1000"]);
    let long = format!("3e9\r\n{}\r\n0\r\n\r\n", "a".repeat(0x3e9));
    let answer = server.ask("POST /body HTTP/1.1\r\nTransfer-Encoding: chunked", &long).await;
    check(&answer, "413", &["limit is 1000"]);
}

#[tokio::test]
async fn a_body_that_does_not_come_ends_with_the_request() {
    let limits = Limits { request: Duration::from_millis(50), ..Limits::default() };
    let server = Server::start(limits).await;
    let answer = server.ask("POST /body HTTP/1.1\r\nContent-Length: 3", "a").await;
    assert!(answer.starts_with("HTTP/1.1 400") || answer.starts_with("HTTP/1.1 504"), "{answer}");
}

#[tokio::test]
async fn a_panic_stays_in_its_request() {
    let server = Server::usual().await;
    let mut stream = server.connect("http/1.1").await;
    stream.write_all(b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it goes out");
    let answer = until(&mut stream, "for details.\n").await;
    check(&answer, "500", &["This request caused apiserver to panic", "nosniff"]);
    stream.write_all(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it goes out");
    check(&until(&mut stream, "ok").await, "200", &[]);
}

#[tokio::test]
async fn one_request_too_many_is_told_to_come_again() {
    let server = Server::start(Limits { reads: 1, writes: 1, ..Limits::default() }).await;
    let mut held = server.connect("http/1.1").await;
    held.write_all(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it goes out");
    server.until_under_way(1).await;
    let answer = server.ask("GET /x HTTP/1.1", "").await;
    check(&answer, "429", &["retry-after: 1", "Too many requests, please try again later.\n"]);
    // Writes, probes and watches are counted apart, or not at all.
    check(&server.ask("POST /x HTTP/1.1\r\nContent-Length: 0", "").await, "200", &[]);
    check(&server.ask("GET /livez?verbose HTTP/1.1", "").await, "200", &[]);
    let mut watch = server.connect("http/1.1").await;
    watch.write_all(b"GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("out");
    check(&until(&mut watch, "event").await, "200", &[]);
    // Whoever goes away gives the place back.
    drop(held);
    for _ in 0..1_000 {
        if server.ask("GET /x HTTP/1.1", "").await.starts_with("HTTP/1.1 200") {
            return;
        }
        sleep(Duration::from_millis(2)).await;
    }
    panic!("the place was not given back");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_ended() {
    let limits = Limits { request: Duration::from_millis(50), ..Limits::default() };
    let server = Server::start(limits).await;
    let answer = server.ask("GET /stuck HTTP/1.1", "").await;
    check(&answer, "504", &["\"reason\":\"Timeout\"", "within the allotted timeout"]);
    // A watch is not.
    let mut watch = server.connect("http/1.1").await;
    watch.write_all(b"GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("out");
    until(&mut watch, "event").await;
    let more = timeout(Duration::from_millis(200), watch.read_u8()).await;
    assert!(more.is_err(), "the watch ended: {more:?}");
}

#[tokio::test]
async fn a_connection_is_not_held_for_nothing() {
    let limits = Limits {
        handshake: Duration::from_millis(100),
        head: Duration::from_millis(100),
        idle: Duration::from_millis(100),
        ..Limits::default()
    };
    let server = Server::start(limits).await;
    // Nothing at all, not even a handshake.
    let mut socket = TcpStream::connect(server.address).await.expect("a connection");
    let closed = timeout(Duration::from_secs(5), socket.read(&mut [0; 16])).await;
    assert!(matches!(closed, Ok(Ok(0) | Err(_))), "{closed:?}");
    for protocol in ["http/1.1", "h2"] {
        let begun = Instant::now();
        let mut quiet = server.connect(protocol).await;
        let answer = rest(&mut quiet).await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{protocol}: {answer}");
    }
    // Half a head, then one byte now and then.
    let mut slow = server.connect("http/1.1").await;
    slow.write_all(b"GET / HTTP/1.1\r\nX: ").await.expect("it goes out");
    let begun = Instant::now();
    while slow.write_all(b"a").await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(5), "the head may take for ever");
        sleep(Duration::from_millis(20)).await;
        if let Ok(end) = timeout(Duration::from_millis(1), slow.read_u8()).await {
            assert!(end.is_err());
            break;
        }
    }
    // Between requests it is idle; during one it is not, however long that takes.
    let mut stream = server.connect("http/1.1").await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it goes out");
    until(&mut stream, "slow").await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_take_it() {
    let server = Server::usual().await;
    let ask = async |path: &str, accept: &str| {
        let mut stream = server.connect("http/1.1").await;
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {accept}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("it goes out");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("the answer");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        (String::from_utf8_lossy(&answer[..end]).into_owned(), answer[end..].to_vec())
    };
    let (head, body) = ask("/long", "br, gzip").await;
    assert!(
        head.contains("content-encoding: gzip") && head.contains("vary: Accept-Encoding"),
        "{head}"
    );
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&body[..]), &mut plain)
        .expect("gzip");
    assert_eq!(plain, vec![b'a'; 200_000]);
    for (path, accept) in [("/long", "gzip;q=0"), ("/long", "identity"), ("/x", "gzip")] {
        let (head, _) = ask(path, accept).await;
        assert!(!head.contains("content-encoding"), "{path} {accept}: {head}");
    }
}

#[tokio::test]
async fn a_host_is_named_once() {
    let server = Server::usual().await;
    let mut stream = server.connect("http/1.1").await;
    stream.write_all(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await.expect("it goes out");
    check(&rest(&mut stream).await, "400", &["missing required Host header"]);
    let answer = server.ask("GET / HTTP/1.1\r\nHost: b", "").await;
    check(&answer, "400", &["too many Host headers"]);
}

#[tokio::test]
async fn a_path_that_cannot_be_decoded_is_no_path() {
    let server = Server::usual().await;
    for path in ["/%zz", "/a%f", "/api/v1/%ff"] {
        let answer = server.ask(&format!("GET {path} HTTP/1.1"), "").await;
        check(&answer, "400", &["\r\n\r\n400 Bad Request"]);
    }
}

#[tokio::test]
async fn what_two_readers_could_frame_differently_is_refused() {
    let server = Server::usual().await;
    for head in [
        "POST /body HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4",
        "POST /body HTTP/1.1\r\nContent-Length: +3",
        "POST /body HTTP/1.1\r\nTransfer-Encoding: gzip",
        "POST /body HTTP/1.1\r\nContent-Length : 3",
        "POST /body HTTP/1.1\r\n Content-Length: 3",
        "GET /a b HTTP/1.1",
    ] {
        let answer = server.ask(head, "abc").await;
        check(&answer, "400", &[]);
    }
}

#[tokio::test]
async fn a_head_has_an_end() {
    let server = Server::usual().await;
    let long = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(200_000));
    check(&server.ask(&long, "").await, "431", &[]);
    let many = format!("GET / HTTP/1.1{}", "\r\nX: a".repeat(200));
    check(&server.ask(&many, "").await, "431", &[]);
    let address = format!("GET /{} HTTP/1.1", "a".repeat(70_000));
    check(&server.ask(&address, "").await, "414", &[]);
}

#[tokio::test]
async fn a_connection_has_one_peer() {
    let server = Server::usual().await;
    let mut stream = server.connect_as("http/1.1", Some(certificate("jane"))).await.expect("TLS");
    for count in 1..3 {
        stream.write_all(b"GET /peer HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it goes out");
        until(&mut stream, &format!("1 certificates, request {count}")).await;
    }
    let answer = server.ask("GET /peer HTTP/1.1", "").await;
    check(&answer, "200", &["0 certificates, request 1"]);
}

#[tokio::test]
async fn connections_over_the_cap_wait() {
    let server = Server::start(Limits { connections: 1, ..Limits::default() }).await;
    let held = server.connect("http/1.1").await;
    let mut waiting = Box::pin(server.ask("GET /x HTTP/1.1", ""));
    assert!(timeout(Duration::from_millis(100), &mut waiting).await.is_err());
    drop(held);
    check(&waiting.await, "200", &[]);
}

#[tokio::test]
async fn the_end_lets_requests_finish_and_ends_watches() {
    let server = Server::usual().await;
    let mut watch = server.connect("http/1.1").await;
    watch.write_all(b"GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("out");
    until(&mut watch, "event").await;
    let mut slow = server.connect("http/1.1").await;
    slow.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it goes out");
    let idle = server.connect("http/1.1").await;
    server.until_under_way(1).await;
    let begun = Instant::now();
    server.trigger.shut_down();
    assert!(rest(&mut watch).await.ends_with("0\r\n\r\n"), "the watch ends as HTTP ends a body");
    assert!(rest(&mut slow).await.ends_with("slow"));
    assert_eq!(server.serving.await.expect("no panic"), Drained::All);
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody is accepted any more");
    drop(idle);
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let limits = Limits { drain: Duration::from_millis(100), ..Limits::default() };
    let server = Server::start(limits).await;
    let mut stuck = server.connect("http/1.1").await;
    stuck.write_all(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it goes out");
    server.until_under_way(1).await;
    server.trigger.shut_down();
    assert_eq!(server.serving.await.expect("no panic"), Drained::Some);
}

#[tokio::test]
async fn another_certificate_is_shown_from_the_next_connection_on() {
    let Certificate { chain, key } = certificate("first");
    let tls = Tls::new(chain, key).expect("a certificate");
    let before = tls.current();
    let Certificate { chain, key } = certificate("second");
    tls.replace(chain, key).expect("a certificate");
    assert!(!Arc::ptr_eq(&before, &tls.current()));
    let after = tls.current();
    let (Certificate { chain, .. }, Certificate { key, .. }) =
        (certificate("third"), certificate("fourth"));
    assert!(tls.replace(chain, key).is_err(), "a key that is not its own");
    assert!(Arc::ptr_eq(&after, &tls.current()), "the one before stays");
}
