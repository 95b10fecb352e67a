//! The client against a small server that answers what it is told to.

use std::fs;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustls::{ServerConfig, ServerConnection};

use super::super::pki::{openssl, openssl_is_missing};
use super::super::server::Folder;
use super::*;

/// A server with a script: what it sends for a path, after which it may close.
struct Scripted {
    address: SocketAddr,
    ca: Vec<u8>,
    connections: Arc<AtomicUsize>,
}

/// What is sent for each path, and whether the connection is closed after it.
const SCRIPT: &[(&str, &str, bool)] = &[
    ("/length", "HTTP/1.1 200 OK\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 2\r\n\r\nok", false),
    (
        "/chunked",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n",
        false,
    ),
    ("/close", "HTTP/1.1 200 OK\r\n\r\nto the end", true),
    ("/hang", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", false),
    ("/cut", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", true),
    (
        "/continue",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n",
        false,
    ),
    ("/head", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false),
    ("/once", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true),
    ("/nothing", "", true),
    ("/nonsense", "nonsense\r\n\r\n", true),
];

impl Scripted {
    fn start() -> Scripted {
        let folder = Folder::new().expect("a folder");
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let [key, certificate] = [at("key"), at("crt")];
        let curve = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"];
        openssl(&[&curve[..], &[&key]].concat()).expect("a key");
        let mut make = vec!["req", "-x509", "-new", "-key", &key, "-subj", "/CN=x", "-days", "2"];
        make.extend(["-addext", "subjectAltName=IP:127.0.0.1", "-out", &certificate]);
        make.extend(["-addext", "basicConstraints=critical,CA:FALSE"]);
        openssl(&make).expect("a certificate");
        let [key, ca] = [key, certificate].map(|path| fs::read(path).expect("a file"));
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("versions")
                .with_no_client_auth()
                .with_single_cert(
                    vec![CertificateDer::from_pem_slice(&ca).expect("a certificate")],
                    PrivateKeyDer::from_pem_slice(&key).expect("a key"),
                )
                .expect("a server");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            let config = Arc::new(config);
            for socket in listener.incoming().map_while(io::Result::ok) {
                count.fetch_add(1, Ordering::Relaxed);
                let config = Arc::clone(&config);
                thread::spawn(move || drop(serve(&config, socket)));
            }
        });
        Scripted { address, ca, connections }
    }

    fn client(&self) -> Client {
        Client::new(self.address, &self.ca, None).expect("a client")
    }
}

fn serve(config: &Arc<ServerConfig>, socket: TcpStream) -> io::Result<()> {
    let session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(session, socket);
    loop {
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte)? == 0 {
                return Ok(());
            }
            request.push(byte[0]);
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let path = text.split(' ').nth(1).unwrap_or("").to_owned();
        let length = text.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        if path == "/early" {
            // The answer comes before the body was read, and then the connection goes.
            stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")?;
            stream.flush()?;
            // What was under way is taken in, as closing over it would take the answer back.
            thread::sleep(Duration::from_millis(100));
            let _ = stream.read(&mut vec![0; 16 * 1024]);
            let _ = io::copy(&mut stream.sock, &mut io::sink());
            return Ok(());
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        if path == "/echo" {
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len() + length);
            stream.write_all(&[head.as_bytes(), text.as_bytes(), &body].concat())?;
            stream.flush()?;
            continue;
        }
        let script = SCRIPT.iter().find(|(p, ..)| *p == path);
        let (_, answer, close) = script.copied().unwrap_or(("", "", true));
        stream.write_all(answer.as_bytes())?;
        stream.flush()?;
        if close {
            stream.conn.send_close_notify();
            return stream.flush();
        }
    }
}

fn ask<'a>(method: &'a str, path: &'a str, body: Option<&'a [u8]>) -> Request<'a> {
    Request { method, path, headers: &[], body, timeout: Duration::from_millis(300) }
}

/// Status, body, and whether the answer came to its end; or what went wrong.
fn told(client: &Client, request: &Request<'_>) -> String {
    match client.send(request) {
        Ok(Answer { status, body, ended, .. }) => {
            let end = if ended { "" } else { ", not ended" };
            format!("{status} {}{end}", String::from_utf8_lossy(&body))
        }
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn every_way_to_end_an_answer_is_understood() {
    if openssl_is_missing() {
        return;
    }
    let server = Scripted::start();
    let client = server.client();
    for (method, path, want) in [
        ("GET", "/length", "200 ok"),
        ("GET", "/chunked", "200 abcde"),
        ("GET", "/close", "200 to the end"),
        ("GET", "/hang", "200 abc, not ended"),
        ("GET", "/cut", "200 abc, not ended"),
        ("POST", "/continue", "201 "),
        ("HEAD", "/head", "200 "),
        ("GET", "/nothing", "the connection closed without an answer"),
        ("GET", "/nonsense", "no status line"),
    ] {
        assert_eq!(told(&client, &ask(method, path, None)), want, "{path}");
    }
}

#[test]
fn lines_of_a_header_are_kept_apart_and_in_order() {
    if openssl_is_missing() {
        return;
    }
    let server = Scripted::start();
    let answer = server.client().send(&ask("GET", "/length", None)).expect("an answer");
    assert_eq!(answer.header("X-ONE").collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn a_request_leaves_as_it_was_recorded() {
    if openssl_is_missing() {
        return;
    }
    let server = Scripted::start();
    let headers = [("Accept", "a"), ("accept", "b")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    let request = Request { headers: &headers, ..ask("BREW", "/echo", None) };
    let (address, client) = (server.address, server.client());
    let want =
        format!("200 BREW /echo HTTP/1.1\r\nHost: {address}\r\nAccept: a\r\naccept: b\r\n\r\n");
    assert_eq!(told(&client, &request), want);
    let request = ask("POST", "/echo", Some(b"{}"));
    let want =
        format!("200 POST /echo HTTP/1.1\r\nHost: {address}\r\nContent-Length: 2\r\n\r\n{{}}");
    assert_eq!(told(&client, &request), want);
}

#[test]
fn connections_are_kept_and_one_that_was_closed_is_made_again() {
    if openssl_is_missing() {
        return;
    }
    let server = Scripted::start();
    let client = server.client();
    for path in ["/length", "/chunked", "/length"] {
        told(&client, &ask("GET", path, None));
    }
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
    assert_eq!(told(&client, &ask("GET", "/once", None)), "200 ok");
    assert_eq!(told(&client, &ask("GET", "/length", None)), "200 ok");
    assert_eq!(server.connections.load(Ordering::Relaxed), 2);
}

#[test]
fn an_answer_before_the_body_was_read_is_an_answer() {
    if openssl_is_missing() {
        return;
    }
    let server = Scripted::start();
    let body = vec![b'x'; 8 * 1024 * 1024];
    assert_eq!(told(&server.client(), &ask("POST", "/early", Some(&body))), "413 ");
}
