//! The body of a request, read within limits.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

/// A body that has not been read yet.
#[derive(Debug)]
pub struct Body {
    source: Source,
    /// When the request has to be done.
    deadline: Option<Instant>,
}

#[derive(Debug)]
enum Source {
    Whole(Bytes),
    Incoming(Incoming),
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than allowed. The words are the original's.
    #[error("Request entity too large: limit is {limit}")]
    TooLarge {
        /// How many bytes are allowed.
        limit: usize,
    },
    /// It did not arrive in the time that a request has.
    #[error("the body of the request did not arrive in time")]
    Timeout,
    /// The connection or the stream ended before it, or its framing is wrong.
    #[error("the body of the request ended early")]
    Broken,
}

impl Body {
    pub(super) fn incoming(incoming: Incoming, deadline: Option<Instant>) -> Self {
        Self { source: Source::Incoming(incoming), deadline }
    }

    /// Reads all of it. A body that announces more than `limit` bytes is refused unread.
    ///
    /// # Errors
    /// [`BodyError`].
    pub async fn read(self, limit: usize) -> Result<Bytes, BodyError> {
        let incoming = match self.source {
            Source::Whole(bytes) if bytes.len() > limit => {
                return Err(BodyError::TooLarge { limit });
            }
            Source::Whole(bytes) => return Ok(bytes),
            Source::Incoming(incoming) => incoming,
        };
        if incoming.is_end_stream() {
            return Ok(Bytes::new());
        }
        let read = collect(incoming, limit);
        match self.deadline {
            Some(deadline) => timeout_at(deadline, read).await.unwrap_or(Err(BodyError::Timeout)),
            None => read.await,
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self { source: Source::Whole(bytes), deadline: None }
    }
}

async fn collect(mut incoming: Incoming, limit: usize) -> Result<Bytes, BodyError> {
    let announced = incoming.size_hint();
    if announced.lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(BodyError::TooLarge { limit });
    }
    let mut first: Option<Bytes> = None;
    let mut all = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await {
        // Trailers say nothing that the API reads.
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        let read = first.as_ref().map_or(all.len(), Bytes::len);
        if read.saturating_add(data.len()) > limit {
            return Err(BodyError::TooLarge { limit });
        }
        // One frame, as most bodies are, is not copied.
        match first.take() {
            None if all.is_empty() => first = Some(data),
            None => all.extend_from_slice(&data),
            Some(one) => {
                let rest = usize::try_from(incoming.size_hint().lower()).unwrap_or(0);
                all.reserve(one.len() + data.len() + rest.min(limit));
                all.extend_from_slice(&one);
                all.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| all.freeze()))
}
