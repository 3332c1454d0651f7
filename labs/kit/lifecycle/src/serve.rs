//! The accept loop, and the end of every connection.
//!
//! Each connection is a task in one `JoinSet`, which is the count of them, the
//! means to cut them off and the proof that they are gone. A connection ends when
//! its client leaves, brings no request in time, is silent for too long, or when
//! the stop has come and its requests are done; at the latest when the drain ends.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, warn};

use crate::limits::connections_possible;
use crate::observe::observe;
use crate::{Limits, Throttle};

/// What is spoken on the port, from the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 (RFC 9112), with keep-alive.
    Http1,
    /// HTTP/2 with prior knowledge and without TLS (RFC 9113 §3.3), as gRPC does.
    Http2,
}

/// Serves `app` on `listener` until `stop`, then drains; returns how many connections
/// had to be cut off when [`Limits::drain`] was over.
///
/// At the stop the listener closes, so that new connections are refused; connections
/// without a request close; the others finish what is in flight (HTTP/2: GOAWAY, RFC
/// 9113 §6.8). When this returns, no task of a connection is left, unless a handler
/// blocks its thread: that is given a second more. Dropping the future cuts off all.
///
/// Nothing that a client does ends it: failures of one connection are `debug` lines.
pub async fn serve(
    listener: TcpListener,
    protocol: Protocol,
    app: Router,
    limits: &Limits,
    stop: CancellationToken,
) -> usize {
    let limits = Limits { connections: connections_possible(limits.connections), ..*limits };
    let server = Server { protocol, limits, app: app.with_state(()), streams: TaskTracker::new(), stop };
    let mut connections = JoinSet::new();
    server.accept_until_stopped(listener, &mut connections).await;
    drain(connections, &server.streams, limits.drain).await
}

/// What each connection gets a copy of.
#[derive(Clone)]
struct Server {
    protocol: Protocol,
    limits: Limits,
    app: Router,
    /// hyper runs each HTTP/2 stream as a task of its own.
    streams: TaskTracker,
    stop: CancellationToken,
}

impl Server {
    /// Takes the listener: it closes when this returns.
    async fn accept_until_stopped(&self, listener: TcpListener, connections: &mut JoinSet<()>) {
        let mut complaints = Throttle::default();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                // Before `accept`, so that a place is free as soon as its connection has ended.
                Some(ended) = connections.join_next() => report(ended),
                accepted = listener.accept() => match accepted {
                    Ok(_) if connections.len() >= self.limits.connections => {
                        complaints.warn("too many connections; refused one");
                    }
                    Ok((stream, _)) => {
                        connections.spawn(self.clone().connection(stream));
                    }
                    // The client was gone before we came to it.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    // Out of descriptors or memory, most likely: `accept` would fail
                    // again at once and spin. Connections that end make room.
                    Err(error) => {
                        complaints.warn(&format!("failed to accept a connection: {error}"));
                        sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
    }

    /// One connection, from its first byte to its end.
    async fn connection(self, stream: TcpStream) {
        // Answers are small; Nagle's algorithm would hold them back for an ACK.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "failed to set TCP_NODELAY");
        }
        let stream = TokioIo::new(stream);
        let asked = Arc::new(AtomicBool::new(false));
        let service = service_fn({
            let (asked, app) = (asked.clone(), self.app.clone());
            move |request| {
                asked.store(true, Ordering::Relaxed);
                observe(request, app.clone())
            }
        });
        let wait = self.limits.first_request;
        // A child, so that connections don't contend for the parent's lock at each poll.
        let stop = self.stop.child_token();
        match self.protocol {
            Protocol::Http1 => {
                let connection = http1(&self.limits).serve_connection(stream, service);
                drive(connection, http1::Connection::graceful_shutdown, &asked, wait, stop).await;
            }
            Protocol::Http2 => {
                let streams = Streams(self.streams);
                let connection = http2(&self.limits, streams).serve_connection(stream, service);
                drive(connection, http2::Connection::graceful_shutdown, &asked, wait, stop).await;
            }
        }
    }
}

fn http1(limits: &Limits) -> http1::Builder {
    let bytes = limits.header_section as usize;
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        // hyper reads more than it needs: without the second a head that came at
        // once could be larger, without the first the buffer could.
        .max_buf_size(bytes.max(8 * 1024))
        .max_header_size(bytes.max(8 * 1024));
    builder
}

/// The windows bound what a peer may send unread, `max_send_buf_size` what we keep for
/// a peer who doesn't read: 64 KiB a stream. Larger ones pay off on long lines only.
fn http2(limits: &Limits, streams: Streams) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(streams);
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(limits.header_section)
        .max_concurrent_streams(limits.concurrent_streams)
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .max_send_buf_size(64 * 1024)
        .keep_alive_interval(limits.ping)
        .keep_alive_timeout(limits.ping);
    builder
}

/// Drives hyper's connection to its end. `asked` tells that a complete request head came.
async fn drive<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    finish: fn(Pin<&mut C>),
    asked: &AtomicBool,
    first_request: Duration,
    stop: CancellationToken,
) {
    let mut connection = pin!(connection);
    let mut too_late = pin!(sleep(first_request));
    let (mut waiting, mut stopping) = (true, false);
    loop {
        tokio::select! {
            // The connection first: a request that is here already is in flight.
            biased;
            ended = connection.as_mut() => {
                // Garbage, a TLS hello, a reset: the client's affair.
                return ended.unwrap_or_else(|error| debug!(?error, "connection failed"));
            }
            () = stop.cancelled(), if !stopping => {
                if !asked.load(Ordering::Relaxed) {
                    return;
                }
                stopping = true;
                finish(connection.as_mut());
            }
            () = too_late.as_mut(), if waiting => {
                if !asked.load(Ordering::Relaxed) {
                    return debug!("no request in time; closed");
                }
                waiting = false;
            }
        }
    }
}

/// Waits for the connections, cuts off what is left, and counts it.
async fn drain(mut connections: JoinSet<()>, streams: &TaskTracker, patience: Duration) -> usize {
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    let late = timeout(patience, all_ended).await.is_err();
    let cut_off = connections.len();
    if late {
        warn!(cut_off, "the drain's time is over");
    }
    // An aborted task ends where it waits next; one that blocks never does.
    let gone = async {
        connections.shutdown().await;
        // A stream ends by itself when its connection is gone.
        streams.close();
        streams.wait().await;
    };
    if timeout(Duration::from_secs(1), gone).await.is_err() {
        error!("a handler blocks its thread; left behind");
    }
    cut_off
}

/// The panic's message is on stderr already; this says that it had no other effect.
fn report(ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        error!("a handler panicked; its connection is closed");
    }
}

/// Where hyper starts its HTTP/2 streams.
#[derive(Clone)]
struct Streams(TaskTracker);

impl<F: Future<Output: Send> + Send + 'static> hyper::rt::Executor<F> for Streams {
    fn execute(&self, stream: F) {
        self.0.spawn(stream);
    }
}
