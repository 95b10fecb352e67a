//! What passes between the listener and the service behind it.

use std::any::Any;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use rustls::pki_types::CertificateDer;

use super::Body;
use crate::request_info::{self, RequestInfo};

/// What answers requests.
pub trait Service: Send + Sync + 'static {
    /// Answers one request.
    ///
    /// A request that takes too long, or whose client goes away, is dropped where it waits: what must
    /// not be left half done belongs to a task of its own. A panic becomes a 500.
    fn call(&self, request: Request) -> impl Future<Output = Response> + Send;

    /// Words an answer that the listener gives by itself.
    fn refuse(&self, refusal: Refusal) -> Response {
        refusal.response()
    }
}

/// One request.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The address as sent.
    pub uri: Uri,
    /// What method and address ask for. Read once, here: nobody reads the path again.
    pub info: Result<RequestInfo, request_info::Error>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, not yet read.
    pub body: Body,
    /// Who is at the other end.
    pub peer: Arc<Peer>,
}

/// The other end of a connection, the same value for all of its requests.
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The certificates it sent, its own first; empty if it sent none. It holds the key of the first,
    /// and nothing else has been judged.
    pub certificates: Vec<CertificateDer<'static>>,
    memo: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
}

/// One answer.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers. The listener adds the length, the date and, where it compresses, the encoding.
    pub headers: HeaderMap,
    /// The body.
    pub body: ResponseBody,
}

/// The body of an answer.
pub enum ResponseBody {
    /// All of it.
    Full(Bytes),
    /// One frame after the other, each sent as soon as it is there; never compressed. Dropped when the
    /// client has gone, ended when the server stops.
    Stream(Pin<Box<dyn Frames>>),
}

/// Where the frames of a streamed answer come from.
pub trait Frames: Send {
    /// The next frame; `None` is the end.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>>;
}

/// Why the listener answers by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too many requests of its sort are under way.
    TooMany,
    /// It took longer than a request may take.
    TimedOut,
    /// Its handler panicked.
    Panicked,
    /// HTTP/1.1 without exactly one `Host` that is one (RFC 9112, section 3.2), or a path that cannot be
    /// decoded. What is wrong, where the original says it.
    Malformed(&'static str),
    /// A transfer encoding other than `chunked` alone (RFC 9112, section 6.1).
    Encoded,
}

// === impl Peer ===

impl Peer {
    /// A peer whose certificates nobody has judged.
    pub fn new(address: SocketAddr, certificates: Vec<CertificateDer<'static>>) -> Self {
        Self { address, certificates, memo: Mutex::new(None) }
    }

    /// What was [remembered](Self::remember) on this connection, if it is a `T`.
    pub fn remembered<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        memo.as_ref().and_then(|value| Arc::clone(value).downcast().ok())
    }

    /// Keeps a value for the later requests of this connection, such as the outcome of checking
    /// signatures, which does not change with the time. Whoever remembers a verdict remembers under
    /// which trust and until when it holds.
    pub fn remember<T: Any + Send + Sync>(&self, value: Arc<T>) {
        *self.memo.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} certificates)", self.address, self.certificates.len())
    }
}

// === impl Response ===

impl Response {
    /// An answer of this status without headers.
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: ResponseBody::Full(body.into()) }
    }

    /// Plain text, with the headers that Go's `http.Error` sets.
    pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
        const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
        Self::new(status, text)
            .header(header::CONTENT_TYPE, PLAIN)
            .header(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF)
    }

    /// An answer that goes on.
    pub fn stream(status: StatusCode, frames: impl Frames + 'static) -> Self {
        let body = ResponseBody::Stream(Box::pin(frames));
        Self { status, headers: HeaderMap::new(), body }
    }

    /// The same with one more header, in place of others of its name.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

// === impl Refusal ===

impl Refusal {
    /// The answer as the original words it.
    pub fn response(self) -> Response {
        const CLOSE: HeaderValue = HeaderValue::from_static("close");
        match self {
            Self::TooMany => Response::text(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests, please try again later.\n",
            )
            .header(header::RETRY_AFTER, HeaderValue::from_static("1")),
            Self::TimedOut => Response::new(
                StatusCode::GATEWAY_TIMEOUT,
                "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\
                 \"message\":\"Timeout: request did not complete within the allotted timeout\",\
                 \"reason\":\"Timeout\",\"details\":{},\"code\":504}\n",
            )
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            Self::Panicked => Response::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "This request caused apiserver to panic. Look in the logs for details.\n",
            ),
            // The connection ends, as it does there: what follows may be no request at all.
            Self::Malformed(why) => {
                let colon = if why.is_empty() { "" } else { ": " };
                Response::text(StatusCode::BAD_REQUEST, format!("400 Bad Request{colon}{why}"))
                    .header(header::CONNECTION, CLOSE)
            }
            Self::Encoded => {
                Response::text(StatusCode::NOT_IMPLEMENTED, "Unsupported transfer encoding")
                    .header(header::CONNECTION, CLOSE)
            }
        }
    }
}
