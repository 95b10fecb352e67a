//! Requests whose end two readers could see in different places, and headers that one reader could see and
//! another not. What is hidden in them asks with the admin's token, and so would bring the secret along.

use super::{Gate, HIDDEN, OWN_PATH};
use crate::client;

/// What the words of a case stand for; `|` is the end of a line.
const WORDS: [(&str, &str); 8] = [
    ("{own}", "GET {path} HTTP/1.1|Host: a|Authorization: Bearer jane|"),
    // Jane may not create secrets, so nobody reads the body.
    (
        "{write}",
        "POST /api/v1/namespaces/default/secrets HTTP/1.1|Host: a|Authorization: Bearer jane|",
    ),
    // Everybody may ask who he is, so the body is read.
    (
        "{review}",
        "POST /apis/authentication.k8s.io/v1/selfsubjectreviews HTTP/1.1|Host: a|\
         Authorization: Bearer jane|Content-Type: application/json|",
    ),
    ("{nobody}", "GET {path} HTTP/1.1|Host: a|"),
    ("{length}", "Content-Length: {size}|"),
    ("{chunked}", "Transfer-Encoding: chunked|"),
    ("{chunks}", "{hex}|{inner}|0||"),
    ("{path}", OWN_PATH),
];

/// What is hidden.
const INNER: &str = "GET /api/v1/namespaces/kube-system/secrets/hidden HTTP/1.1|Host: a|Connection: close|\
    Authorization: Bearer admin||";

/// What follows everything: whether it is answered shows whether the connection went on.
const LAST: &str = "GET /version HTTP/1.1|Host: a|Authorization: Bearer jane|Connection: close||";

/// What is sent before [`LAST`], and the codes of all answers. The library that reads HTTP/1.1 says 400
/// without a word.
#[rustfmt::skip]
const CASES: &[(&str, &str, &[u16])] = &[
    ("two requests", "{own}|", &[200, 200]),
    // A body is no request, whether or not anybody reads it.
    ("in the body of a get", "{own}{length}|{inner}", &[200, 200]),
    ("in the chunks of a get", "{own}{chunked}|{chunks}", &[200, 200]),
    ("in a body that is refused", "{write}{length}|{inner}", &[403, 200]),
    ("in chunks that are refused", "{write}{chunked}|{chunks}", &[403, 200]),
    ("in a body that is read", "{review}{length}|{inner}", &[400, 200]),
    ("in chunks that are read", "{review}{chunked}|{chunks}", &[400, 200]),
    ("length and chunks", "{review}{length}{chunked}|{chunks}", &[400]),
    ("chunks and length", "{review}{chunked}{length}|{chunks}", &[400]),
    ("chunks and a length of nothing", "{review}{chunked}Content-Length: 0||{chunks}", &[400]),
    // Lengths.
    ("two lengths", "{own}{length}Content-Length: 0||{inner}", &[400]),
    ("two lengths, the other way", "{own}Content-Length: 0|{length}|{inner}", &[400]),
    ("one length twice", "{own}{length}{length}|{inner}", &[200, 200]),
    ("lengths in a list", "{own}Content-Length: {size}, {size}||{inner}", &[400]),
    ("a length with a sign", "{own}Content-Length: +{size}||{inner}", &[400]),
    ("a length below nothing", "{own}Content-Length: -1||{inner}", &[400]),
    ("a length in hexadecimal", "{own}Content-Length: 0x{hex}||{inner}", &[400]),
    ("an empty length", "{own}Content-Length:||{inner}", &[400]),
    ("a length of two words", "{own}Content-Length: 0 {size}||{inner}", &[400]),
    ("a length that is too long", "{own}Content-Length: 99999999999999999999||{inner}", &[400]),
    // Encodings.
    ("gzip", "{own}Transfer-Encoding: gzip||{chunks}", &[400]),
    ("identity", "{own}Transfer-Encoding: identity||{chunks}", &[400]),
    ("chunks in gzip", "{own}Transfer-Encoding: chunked, gzip||{chunks}", &[400]),
    ("gzip in chunks", "{own}Transfer-Encoding: gzip, chunked||{chunks}", &[501]),
    ("chunks in chunks", "{own}Transfer-Encoding: chunked, chunked||{chunks}", &[501]),
    ("chunks, then identity", "{own}{chunked}Transfer-Encoding: identity||{chunks}", &[400]),
    ("identity, then chunks", "{own}Transfer-Encoding: identity|{chunked}|{chunks}", &[501]),
    ("chunks after a tab", "{own}Transfer-Encoding:\tchunked||{chunks}", &[200, 200]),
    ("chunks after a vertical tab", "{own}Transfer-Encoding: \u{b}chunked||{chunks}", &[400]),
    ("chunks in quotes", "{own}Transfer-Encoding: \"chunked\"||{chunks}", &[400]),
    ("something like chunks", "{own}Transfer-Encoding: xchunked||{chunks}", &[400]),
    ("chunks with a parameter", "{own}Transfer-Encoding: chunked;q=1||{chunks}", &[400]),
    ("chunks in HTTP/1.0", "GET {path} HTTP/1.0|Host: a|{chunked}|{chunks}", &[400]),
    ("an encoding with an underscore", "{own}Transfer_Encoding: chunked|{length}|{inner}", &[200, 200]),
    // Chunks.
    ("a chunk with a sign", "{review}{chunked}|+2|{}|0||{inner}", &[400]),
    ("a chunk below nothing", "{review}{chunked}|-2|{}|0||{inner}", &[400]),
    ("a chunk with 0x", "{review}{chunked}|0x2|{}|0||{inner}", &[400]),
    ("a chunk without a size", "{review}{chunked}||{}|0||{inner}", &[400]),
    ("a chunk too large to count", "{review}{chunked}|fffffffffffffffff2|{}|0||{inner}", &[400]),
    ("a chunk longer than it says", "{review}{chunked}|2|{}{inner}|0||", &[400]),
    ("a chunk after a blank", "{review}{chunked}| 2|{}|0||{inner}", &[400]),
    ("a chunk with bare line ends", "{review}{chunked}|2\n{}\n0\n\n{inner}", &[400]),
    ("a chunk with a line end in its extension", "{review}{chunked}|2;a\nb|{}|0||{inner}", &[400]),
    ("a long extension", "{review}{chunked}|2;{long}|{}|0||{inner}", &[400]),
    ("an extension", "{review}{chunked}|2;a=b|{}|0||", &[201, 200]),
    // Lines.
    ("a folded line", "{nobody}X: a| Authorization: Bearer admin||", &[400]),
    ("a folded first line", "GET {path} HTTP/1.1| Host: a||", &[400]),
    ("a folded value", "{nobody}Authorization:| Bearer admin||", &[400]),
    ("a bare CR in a value", "{nobody}X: a\rAuthorization: Bearer admin||", &[400]),
    ("a bare CR in a name", "{nobody}X\r: a||", &[400]),
    ("a NUL in a value", "{nobody}Authorization: Bearer adm\0in||", &[400]),
    ("a NUL in a name", "{nobody}Authori\0zation: Bearer admin||", &[400]),
    ("a NUL in the address", "GET {path}\0 HTTP/1.1|Host: a||", &[400]),
    ("a blank before the colon", "{nobody}Authorization : Bearer admin||", &[400]),
    ("a tab before the colon", "{nobody}Authorization\t: Bearer admin||", &[400]),
    ("no name", "{nobody}: a||", &[400]),
    ("no colon", "{nobody}Authorization Bearer admin||", &[400]),
    ("a name that is not ASCII", "{nobody}Authorizati\u{f6}n: Bearer admin||", &[400]),
    ("a name in quotes", "{nobody}\"Authorization\": Bearer admin||", &[400]),
    ("a control in a value", "{nobody}X: \u{7}||", &[400]),
    // The first line.
    ("two blanks", "GET  {path} HTTP/1.1|Host: a||", &[400]),
    ("tabs", "GET\t{path}\tHTTP/1.1|Host: a||", &[400]),
    ("a blank in the address", "GET {path} x HTTP/1.1|Host: a||", &[400]),
    ("a version that is none", "GET {path} HTTP/1.2|Host: a||", &[400]),
    ("HTTP/0.9", "GET {path}||", &[400]),
    ("HTTP/2", "PRI * HTTP/2.0||SM||", &[]),
    ("a method that is no word", "G(T {path} HTTP/1.1|Host: a||", &[400]),
    ("no Host", "GET {path} HTTP/1.1||", &[400]),
    ("two Hosts", "{nobody}Host: b||", &[400]),
    ("a Host that is none", "GET {path} HTTP/1.1|Host: a b||", &[400]),
    // What is said in places that do not count.
    ("a trailer", "{nobody}{chunked}|0|Authorization: Bearer admin||", &[403, 200]),
    ("a header that the connection keeps", "{own}Connection: Authorization||", &[200, 200]),
    ("a way to HTTP/2", "{nobody}Connection: Upgrade, HTTP2-Settings|Upgrade: h2c|HTTP2-Settings: AAMAAABkAAQAAP__||", &[403, 200]),
    ("another method", "{own}X-HTTP-Method-Override: DELETE||", &[200, 200]),
    ("another address", "{own}X-Original-URL: /api/v1/namespaces/kube-system/secrets/hidden||", &[200, 200]),
];

fn written(case: &str) -> String {
    let mut text = case.to_owned();
    for (word, meaning) in WORDS {
        text = text.replace(word, meaning);
    }
    let inner = INNER.replace('|', "\r\n");
    let (size, long) = (inner.len(), "a".repeat(20_000));
    text = text.replace("{size}", &size.to_string()).replace("{hex}", &format!("{size:x}"));
    text.replace("{long}", &long).replace('|', "\r\n").replace("{inner}", &inner)
}

#[test]
fn a_request_ends_where_it_says() {
    let Some(gate) = Gate::open("refusals::framing::a_request_ends_where_it_says") else { return };
    let inner = client::exchange(gate.server.port, &gate.trust, written("{inner}").as_bytes());
    assert!(inner.expect("it is answered")[0].body.contains(HIDDEN), "it would be answered");
    let mut faults = Vec::new();
    for (name, case, codes) in CASES {
        let bytes = written(&format!("{case}{LAST}"));
        let answers = gate.send(&gate.trust, bytes.as_bytes());
        let said: Vec<u16> = answers.iter().map(|answer| answer.code).collect();
        if said != *codes {
            faults.push(format!("{name}\n  want {codes:?}\n  have {said:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
