//! What one stranger, or many, may cost.

use std::time::Duration;

/// Every limit of the listener. The defaults are those of the original where it has one, and say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once. More wait in the kernel's queue: each costs memory whether or not it has
    /// proved who it is.
    pub connections: usize,
    /// From the first byte to the end of the TLS handshake.
    pub handshake: Duration,
    /// From the first byte of an HTTP/1.1 request to the end of its head (the original: 32 s). Whoever
    /// sends a head byte by byte holds a connection no longer than this.
    pub head: Duration,
    /// How long a connection may be without a request (the original: 90 s).
    pub idle: Duration,
    /// How long the other side may take nothing of what is written to it.
    pub stalled_write: Duration,
    /// How long a request may take, its body included, watches aside (the original: 60 s).
    pub request: Duration,
    /// Bytes of a request's head, address included. The original takes 1 MiB; the longest honest head
    /// is a token (16 KiB) and the groups of somebody impersonated.
    pub head_bytes: usize,
    /// Bytes of a request's body (the original: 3 MiB).
    pub body_bytes: usize,
    /// Requests at once on one HTTP/2 connection (the original: 100 before authentication).
    pub streams: u32,
    /// Streams of one HTTP/2 connection that were reset by the client and are still to be cleaned up.
    /// One more ends the connection: CVE-2023-44487, the rapid reset.
    pub reset_streams: usize,
    /// Streams of one HTTP/2 connection that the server had to reset because the client broke the
    /// protocol. One more ends the connection: CVE-2025-8671, made you reset.
    pub faulty_streams: usize,
    /// Reading requests at once (`--max-requests-inflight`).
    pub reads: usize,
    /// Writing requests at once (`--max-mutating-requests-inflight`).
    pub writes: usize,
    /// Answers longer than this are compressed for clients that take gzip (the original: 128 KiB).
    pub gzip_over_bytes: usize,
    /// How long requests that are under way may take after the end was asked for.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(32),
            idle: Duration::from_secs(90),
            stalled_write: Duration::from_secs(60),
            request: Duration::from_secs(60),
            head_bytes: 128 * 1024,
            body_bytes: 3 * 1024 * 1024,
            streams: 100,
            reset_streams: 20,
            faulty_streams: 100,
            reads: 400,
            writes: 200,
            gzip_over_bytes: 128 * 1024,
            drain: Duration::from_secs(4),
        }
    }
}
