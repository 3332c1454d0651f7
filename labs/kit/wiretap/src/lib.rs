//! A relay between a client and a server that shows what passes.
//!
//! Every byte is passed on as it came (but for the addresses of brokers in
//! Kafka's answers). Meanwhile the relay counts, keeps calls as text for people, and
//! can cut the connections.
//!
//! Reading order: [`Tap`]; `relay`, which passes bytes on; `calls`, what is kept; and
//! what reads along: `http1`, `grpc` (over `frames`), `kafka`. `text` shows protobuf.
//!
//! A decoder never changes traffic, whatever passes, and holds bounded memory: of all
//! connections 10,000 calls or 64 MiB of text (the oldest go); of each 64 KiB of a head or
//! a body, 1 MiB of a frame of HTTP/2 or 4 of Kafka's, 8 MiB of gRPC's half messages.

mod calls;
mod frames;
mod grpc;
mod http1;
mod kafka;
mod relay;
#[cfg(test)]
mod tests;
mod text;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use relay::Shared;

/// What is spoken through a tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// HTTP/1.1.
    Http,
    /// gRPC over HTTP/2 without TLS.
    Grpc,
    /// Kafka's protocol, to one broker. Its answers name the tap as the address
    /// of every broker: of a cluster, all but one node would be out of reach.
    Kafka,
}

/// A relay on a free port of 127.0.0.1. Dropping it closes its port and all connections.
pub struct Tap {
    shared: Arc<Shared>,
    stop: CancellationToken,
}

/// Bytes on the wire, each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// By clients.
    pub sent: u64,
    /// By clients, from the server.
    pub received: u64,
}

/// A request and what came back, as it passed.
#[derive(Clone, Debug)]
pub struct Call {
    /// The number of its connection, in the order in which clients connected, from 1.
    pub connection: u64,
    /// `POST /v1/orders`, `orders.v1.OrderService/CreateOrder`, `Produce`.
    pub name: String,
    /// The request.
    pub sent: Side,
    /// What came back.
    pub received: Side,
    /// Both sides are complete, or the connection is gone. A stream is not until it ends.
    pub ended: bool,
}

/// One direction of a [`Call`].
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// This call's own bytes on the wire, its framing included. What belongs to the
    /// connection (HTTP/2's preface, SETTINGS, PING, …) is in [`Tap::bytes`] alone.
    pub bytes: u64,
    /// HTTP: the start line; gRPC: `OK` or `NOT_FOUND: message` in what was received.
    /// Else empty; or what is wrong, where the relay can't read it.
    pub start: String,
    /// HTTP headers, gRPC metadata (pseudo-headers and trailers included), as sent.
    pub headers: Vec<(String, String)>,
    /// What it carried.
    pub messages: Vec<Message>,
    /// How many more messages passed: the first 10,000 are kept.
    pub not_kept: u64,
    /// When its first byte passed.
    pub first: Option<Instant>,
    /// When its last byte so far passed.
    pub last: Option<Instant>,
}

/// A body, an event, a gRPC message, a record.
#[derive(Clone, Debug)]
pub struct Message {
    /// JSON and other text as it is, protobuf by its schema, one field a line.
    pub text: String,
    /// Of the message alone, without framing.
    pub bytes: u64,
    /// When its last byte passed.
    pub at: Instant,
    /// Kafka only.
    pub record: Option<Record>,
}

/// What belongs to a Kafka record beside its value.
#[derive(Clone, Debug)]
pub struct Record {
    /// By name.
    pub topic: String,
    /// Where in the topic.
    pub partition: i32,
    /// Where in the partition. Of a record that was sent, the answer says it.
    pub offset: Option<i64>,
    /// As text.
    pub key: Option<String>,
    /// In the order sent.
    pub headers: Vec<(String, String)>,
    /// Its value is null.
    pub tombstone: bool,
}

impl Tap {
    /// Starts one on the current tokio runtime. Who blocks all threads of that runtime,
    /// as dropping a consumer of rdkafka does, stops the traffic that passes here.
    pub async fn start(wire: Wire, upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let shared = Arc::new(Shared::new(wire, upstream, listener.local_addr()?));
        let stop = CancellationToken::new();
        let (stopped, serving) = (stop.clone(), relay::serve(listener, Arc::clone(&shared)));
        tokio::spawn(async move { stopped.run_until_cancelled(serving).await });
        Ok(Self { shared, stop })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Closes every open connection at once, both ways (RST). New ones are taken.
    pub fn cut(&self) {
        self.shared.cut();
    }

    /// All bytes so far, whatever they were for.
    pub fn bytes(&self) -> Bytes {
        self.shared.bytes()
    }

    /// What is kept now, oldest first; calls under way included.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.kept.calls()
    }

    /// Drops what is kept, so that the next [`Tap::calls`] begins anew. A call
    /// that is under way is dropped as well, and does not come back.
    pub fn clear(&self) {
        self.shared.kept.clear();
    }

    /// Waits until a call fits. The caller bounds the wait; `fits` must not call the tap.
    pub async fn wait_for(&self, fits: impl Fn(&Call) -> bool) -> Call {
        self.shared.kept.wait_for(fits).await
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.stop.cancel();
        self.shared.cut();
    }
}

/// The README's code, so that it compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
