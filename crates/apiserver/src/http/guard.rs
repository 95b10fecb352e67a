//! A connection that may not be held for nothing: timers around its reads and writes.
//!
//! The timers of an HTTP library end where its parser begins: a half-sent head, an idle connection
//! and a reader that does not read are seen only here, below both versions of HTTP. No timer is set
//! anew for a request: one that fires too early is set to what is left.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;

/// What goes on on a connection, as those who answer its requests know it.
#[derive(Debug)]
pub(super) struct Activity {
    under_way: AtomicUsize,
    opened: Instant,
    /// When the last request ended, in milliseconds since it was opened.
    ended_ms: AtomicU64,
}

/// One request under way, until dropped.
pub(super) struct Busy(Arc<Activity>);

/// The guarded connection.
pub(super) struct Guard<T> {
    inner: T,
    activity: Arc<Activity>,
    phase: Phase,
    /// Since when the phase is what it is, or when the other side last took something.
    since: Instant,
    reading: Alarm,
    writing: Alarm,
    write_pending_since: Option<Instant>,
    idle: Duration,
    /// None for HTTP/2, whose heads come between the frames of other streams.
    head: Option<Duration>,
    stalled_write: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between requests.
    Idle,
    /// Part of a head has come.
    Head,
    /// A request is under way; it has its own deadline.
    Busy,
}

/// A timer that is made when first needed.
#[derive(Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let (under_way, ended_ms) = (AtomicUsize::new(0), AtomicU64::new(0));
        Arc::new(Self { under_way, opened: Instant::now(), ended_ms })
    }

    pub(super) fn enter(self: &Arc<Self>) -> Busy {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    fn is_busy(&self) -> bool {
        self.under_way.load(Ordering::Acquire) > 0
    }

    fn ended(&self) -> Instant {
        self.opened + Duration::from_millis(self.ended_ms.load(Ordering::Relaxed))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let open = self.0.opened.elapsed().as_millis();
        self.0.ended_ms.store(u64::try_from(open).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.0.under_way.fetch_sub(1, Ordering::Release);
    }
}

impl Alarm {
    /// Whether `at` has come; wakes the task when it does.
    fn rings(&mut self, at: Instant, cx: &mut Context<'_>) -> bool {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(at)));
        // An early ring is a deadline that moved on meanwhile; a late one has to be brought forward.
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() >= at {
                return true;
            }
            sleep.as_mut().reset(at);
        }
        false
    }
}

impl<T> Guard<T> {
    pub(super) fn new(inner: T, activity: Arc<Activity>, limits: &Limits, http2: bool) -> Self {
        Self {
            inner,
            activity,
            phase: Phase::Idle,
            since: Instant::now(),
            reading: Alarm::default(),
            writing: Alarm::default(),
            write_pending_since: None,
            idle: limits.idle,
            head: (!http2).then_some(limits.head),
            stalled_write: limits.stalled_write,
        }
    }

    /// Whether the other side has kept us waiting for too long, nothing having come.
    fn waited_too_long(&mut self, cx: &mut Context<'_>) -> bool {
        if self.activity.is_busy() {
            self.phase = Phase::Busy;
            // HTTP/1.1 does not look for the next request by itself if it found nothing while it
            // answered this one: the timer makes it look.
            self.reading.rings(Instant::now() + self.idle, cx);
            return false;
        }
        if self.phase == Phase::Busy {
            (self.phase, self.since) = (Phase::Idle, self.activity.ended());
        }
        let patience = match (self.phase, self.head) {
            (Phase::Head, Some(head)) => head,
            _ => self.idle,
        };
        self.reading.rings(self.since + patience, cx)
    }

    /// What a write came to, turned into an error if none has succeeded for too long.
    fn watched<R>(
        &mut self,
        written: Poll<io::Result<R>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.write_pending_since = None;
            return written;
        }
        let since = *self.write_pending_since.get_or_insert_with(Instant::now);
        if self.writing.rings(since + self.stalled_write, cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Guard<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if read.is_pending() {
            if self.waited_too_long(cx) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        } else if self.head.is_some() && self.phase != Phase::Head {
            // What comes while a request is under way is its body, or the head of the next.
            (self.phase, self.since) = (Phase::Head, Instant::now());
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Guard<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.watched(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, parts);
        self.watched(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.watched(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.watched(shut, cx)
    }
}
