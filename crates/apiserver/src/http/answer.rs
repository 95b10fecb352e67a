//! An answer on its way out: compressed where that pays, framed as HTTP wants it.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use http::{HeaderMap, HeaderValue};
use http_body::{Frame, SizeHint};

use super::guard::Busy;
use super::shutdown::{Bell, Shutdown};
use super::{Frames, Response, ResponseBody};

/// As the original: the fastest level already makes a fifth of a list, and a higher one costs more
/// time than it saves on the wire.
const LEVEL: Compression = Compression::fast();

/// The body as hyper sends it.
pub(super) struct Outgoing {
    content: Content,
    /// The connection is not idle until the body has gone.
    busy: Option<Busy>,
}

enum Content {
    Full(Bytes),
    Stream { frames: Pin<Box<dyn Frames>>, end: Bell },
    Done,
}

/// Turns an answer into hyper's.
pub(super) fn outgoing(
    response: Response,
    shutdown: &Shutdown,
    busy: Busy,
) -> http::Response<Outgoing> {
    let content = match response.body {
        ResponseBody::Full(bytes) if bytes.is_empty() => Content::Done,
        ResponseBody::Full(bytes) => Content::Full(bytes),
        ResponseBody::Stream(frames) => Content::Stream { frames, end: shutdown.bell() },
    };
    let mut answer = http::Response::new(Outgoing { content, busy: Some(busy) });
    *answer.status_mut() = response.status;
    *answer.headers_mut() = response.headers;
    answer
}

/// Compresses a long answer for a client that takes gzip. Streams are left alone: an encoder holds
/// small frames back.
pub(super) async fn compressed(response: Response, over: usize, gzip: bool) -> Response {
    let Response { status, mut headers, body: ResponseBody::Full(plain) } = response else {
        return response;
    };
    if !gzip || plain.len() <= over || headers.contains_key(CONTENT_ENCODING) {
        return Response { status, headers, body: ResponseBody::Full(plain) };
    }
    // Megabytes take milliseconds, in which the thread could answer hundreds of other requests.
    let source = plain.clone();
    let packed = tokio::task::spawn_blocking(move || pack(&source)).await;
    let body = match packed {
        Ok(Ok(packed)) => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
            packed
        }
        // Not compressed is as good an answer.
        _ => plain,
    };
    Response { status, headers, body: ResponseBody::Full(body) }
}

fn pack(plain: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), LEVEL);
    encoder.write_all(plain)?;
    encoder.finish().map(Bytes::from)
}

/// Whether the client takes gzip. As in the original only the bare word counts: `gzip;q=0` is a way
/// to refuse it.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).into_iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|one| one.trim() == "gzip")
}

// === impl Outgoing ===

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = match &mut self.content {
            Content::Done => None,
            Content::Full(bytes) => Some(std::mem::take(bytes)),
            Content::Stream { frames, end } => match frames.as_mut().poll_next(cx) {
                Poll::Ready(Some(frame)) => return Poll::Ready(Some(Ok(Frame::data(frame)))),
                Poll::Ready(None) => None,
                Poll::Pending => match end.poll(cx) {
                    Poll::Ready(()) => None,
                    Poll::Pending => return Poll::Pending,
                },
            },
        };
        self.content = Content::Done;
        self.busy = None;
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.content, Content::Done)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Done => SizeHint::with_exact(0),
            Content::Full(bytes) => {
                SizeHint::with_exact(bytes.len().try_into().unwrap_or(u64::MAX))
            }
            Content::Stream { .. } => SizeHint::default(),
        }
    }
}
