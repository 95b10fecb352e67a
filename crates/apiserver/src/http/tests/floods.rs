//! HTTP/2 as no honest client speaks it: frames by hand.

use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `GET https://a/` by the static table of HPACK (RFC 7541, appendix A).
const GET: &[u8] = &[0x82, 0x87, 0x84, 0x41, 1, b'a'];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame").to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Sends frames after the preface, and says which kinds of frames came back before the end; the
/// server has to end the connection.
async fn ended_by(frames: Vec<u8>) -> Vec<u8> {
    let server = Server::usual().await;
    let mut stream = server.connect("h2").await;
    let mut out = PREFACE.to_vec();
    out.extend(frame(SETTINGS, 0, 0, &[]));
    out.extend(frames);
    // The server may close before it has read all of it.
    let _ = stream.write_all(&out).await;
    let _ = stream.flush().await;
    let mut answer = Vec::new();
    let end = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    assert!(end.is_ok(), "the connection still stands");
    check(&server.ask("GET /x HTTP/1.1", "").await, "200", &[]);
    kinds(&answer)
}

fn kinds(mut answer: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = answer {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        kinds.push(*kind);
        answer = rest.get(length..).unwrap_or_default();
    }
    kinds
}

#[tokio::test]
async fn streams_reset_as_fast_as_they_are_opened_end_the_connection() {
    let mut frames = Vec::new();
    for n in 0..2_000_u32 {
        frames.extend(frame(HEADERS, END_STREAM | END_HEADERS, 2 * n + 1, GET));
        frames.extend(frame(RST_STREAM, 0, 2 * n + 1, &8_u32.to_be_bytes()));
    }
    assert!(ended_by(frames).await.contains(&GOAWAY));
}

#[tokio::test]
async fn a_header_block_without_end_ends_the_connection() {
    let mut frames = frame(HEADERS, END_STREAM, 1, GET);
    // A literal header of one byte's name and 16 bytes' value, again and again.
    let literal: Vec<u8> = [&[0x00, 1, b'x', 16][..], &[b'a'; 16]].concat();
    for _ in 0..20_000 {
        frames.extend(frame(CONTINUATION, 0, 1, &literal));
    }
    assert!(ended_by(frames).await.contains(&GOAWAY));
}

#[tokio::test]
async fn one_stream_too_many_is_refused() {
    let server = Server::usual().await;
    let mut stream = server.connect("h2").await;
    let mut out = PREFACE.to_vec();
    out.extend(frame(SETTINGS, 0, 0, &[]));
    // `GET https://a/stuck`: the path as a literal that is not indexed.
    let get: Vec<u8> = [&[0x82, 0x87, 0x04, 6][..], b"/stuck", &[0x41, 1, b'a']].concat();
    for n in 0..101_u32 {
        out.extend(frame(HEADERS, END_STREAM | END_HEADERS, 2 * n + 1, &get));
    }
    stream.write_all(&out).await.expect("it goes out");
    let mut answer = Vec::new();
    while !kinds(&answer).contains(&RST_STREAM) {
        let mut buffer = [0; 4096];
        let read = timeout(Duration::from_secs(10), stream.read(&mut buffer)).await;
        let read = read.expect("a stream is refused").expect("the connection stands");
        assert!(read > 0, "the connection ended");
        answer.extend_from_slice(&buffer[..read]);
    }
    server.until_under_way(100).await;
    assert_eq!(server.service.under_way.load(Ordering::SeqCst), 100);
}

/// A header that is not in the table (RFC 7541, 6.2.2).
fn literal(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).expect("a short text");
    let (name_length, value_length) = (length(name), length(value));
    [&[0, name_length], name.as_bytes(), &[value_length], value.as_bytes()].concat()
}

#[tokio::test]
async fn a_head_that_says_two_things_resets_its_stream() {
    let server = Server::usual().await;
    let head = |fields: &[(&str, &str)]| -> Vec<u8> {
        fields.iter().flat_map(|(name, value)| literal(name, value)).collect()
    };
    let usual = [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/x")];
    let with = |more: (&'static str, &'static str)| head(&[&usual[..], &[more]].concat());
    for (name, block, answered) in [
        ("nothing wrong", with(("a", "b")), true),
        ("two paths", with((":path", "/y")), false),
        ("two methods", with((":method", "POST")), false),
        ("two authorities", with((":authority", "b")), false),
        ("a pseudo-header that is none", with((":user", "admin")), false),
        ("one of answers", with((":status", "200")), false),
        ("one after a header", head(&[usual[0], usual[1], usual[2], ("a", "b"), usual[3]]), false),
        ("no path", head(&usual[..3]), false),
        ("an empty path", head(&[usual[0], usual[1], usual[2], (":path", "")]), false),
        ("no method", head(&usual[1..]), false),
        ("a name in capitals", with(("Authorization", "Bearer x")), false),
        ("a name that ends a line", with(("a\r\nb", "c")), false),
        ("a value that ends a line", with(("a", "b\r\nauthorization: Bearer x")), false),
        ("a NUL", with(("a", "b\0c")), false),
        ("chunks", with(("transfer-encoding", "chunked")), false),
        ("a connection", with(("connection", "authorization")), false),
        (
            "two lengths",
            head(&[&usual[..], &[("content-length", "1"), ("content-length", "2")]].concat()),
            false,
        ),
        ("a length without a body", with(("content-length", "5")), false),
    ] {
        let mut stream = server.connect("h2").await;
        let mut out = PREFACE.to_vec();
        out.extend(frame(SETTINGS, 0, 0, &[]));
        out.extend(frame(HEADERS, END_STREAM | END_HEADERS, 1, &block));
        stream.write_all(&out).await.expect("it goes out");
        let mut said = Vec::new();
        while !kinds(&said).iter().any(|kind| matches!(*kind, HEADERS | RST_STREAM | GOAWAY)) {
            let mut buffer = [0; 4096];
            let read = timeout(Duration::from_secs(10), stream.read(&mut buffer)).await;
            let read = read.expect("it says something").expect("it reads");
            assert_ne!(read, 0, "{name}: it went without a word");
            said.extend(&buffer[..read]);
        }
        assert_eq!(kinds(&said).contains(&HEADERS), answered, "{name}: {:?}", kinds(&said));
    }
}
