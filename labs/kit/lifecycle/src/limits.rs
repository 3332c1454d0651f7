//! What one client, and all clients together, may take from a server.

use std::time::Duration;

use crate::start::open_files;

/// Limits of one [`serve`](crate::serve); `Limits::default()` fits the labs.
///
/// Not limited here: how long a request or its body may take, and how large a body
/// is. Only the application knows (an upload may last, a watch never ends).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections (16,384). One more is accepted and closed at once: an error
    /// now is better than a queue that nobody serves. `serve` lowers it to what the
    /// process may open, less 64 for all else, but not below 8.
    pub connections: usize,
    /// How long a new connection may take to bring its first complete request head
    /// (10 s), over HTTP/2 its preface included.
    pub first_request: Duration,
    /// HTTP/1.1: from the end of an answer to the complete next request head (75 s).
    ///
    /// hyper's timer runs from the moment it waits for a head, whether a byte of it
    /// has come or not, so idling and dawdling share this one limit. Who drips a
    /// head into it gains nothing over who stays silent.
    pub idle: Duration,
    /// Bytes of a request's head (32 KiB, at least 8 KiB): line and headers in
    /// HTTP/1.1, the decoded header list in HTTP/2 (RFC 9113 §6.5.2).
    pub header_section: u32,
    /// HTTP/2: requests at once on one connection (256; RFC 9113 §5.1.2).
    pub concurrent_streams: u32,
    /// HTTP/2: how often the peer is pinged, and how long it may take to answer
    /// (20 s). Who doesn't answer gets nothing more, and the connection closes; if not
    /// even that can be sent, because the peer reads nothing, it stays, with little in
    /// memory, until TCP gives up. A real service would set `TCP_USER_TIMEOUT`, for the
    /// readers of HTTP/1.1 that don't read as well.
    pub ping: Duration,
    /// How long requests in flight may take to finish after the stop (10 s).
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            first_request: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            header_section: 32 * 1024,
            concurrent_streams: 256,
            ping: Duration::from_secs(20),
            drain: Duration::from_secs(10),
        }
    }
}

/// Descriptors that are not connections: listener, database, logs, the runtime's own.
const RESERVED: u64 = 64;

/// `wanted`, or fewer when the process may not open so many descriptors.
pub(crate) fn connections_possible(wanted: usize) -> usize {
    let Some(limit) = open_files(u64::MAX) else { return wanted };
    let possible = usize::try_from(limit.saturating_sub(RESERVED)).unwrap_or(usize::MAX);
    wanted.min(possible.max(8))
}
