//! The checker as a client: a call, bounded in time and size.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use prost_reflect::MethodDescriptor;
use serde_json::Value;
use tokio::time::sleep;

use super::head::Problem;
use super::stream::{Next, Stream};
use super::{Answer, Connection, json, schema};
use crate::http::Gate;
use crate::verdict::Failed;

/// For the whole answer. The slowest library takes a tenth of it on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// As HTTP/2 begins (RFC 9113 §6.9.2).
pub(super) const WINDOW: u32 = 65_535;
/// Messages of one call that is read to its end.
const MOST_MESSAGES: usize = 10_000;

/// What is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    path: &'static str,
    pub(super) method: MethodDescriptor,
    metadata: Vec<(&'static str, String)>,
    pub(super) message: Bytes,
    shown: String,
    pub(super) gate: Option<Gate>,
    pub(super) window: u32,
    pub(super) patience: Duration,
}

/// A call with one message, as JSON with the names of the .proto file. An enum may be a number.
pub(crate) fn request(path: &'static str, message: &Value) -> Request {
    let method = schema::method(path).expect("the checks call what the schema knows");
    let (message, shown) = (schema::encode(method.input(), message), json::shown(Some(&method.input()), message));
    Request { path, method, metadata: Vec::new(), message, shown, gate: None, window: WINDOW, patience: PATIENCE }
}

impl Request {
    pub(crate) fn metadata(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.metadata.push((name, value.into()));
        self
    }

    /// So long anybody waits, as `grpc-timeout`. The checker itself waits longer.
    pub(crate) fn deadline(self, deadline: Duration) -> Self {
        self.metadata("grpc-timeout", format!("{}m", deadline.as_millis()))
    }

    /// The last byte of its message waits at the gate.
    pub(crate) fn held_at(self, gate: &Gate) -> Self {
        Self { gate: Some(gate.clone()), ..self }
    }

    /// So many bytes may come that nobody has read; 65,535 without. It counts where the call has
    /// a connection of its own.
    pub(crate) fn window(self, window: u32) -> Self {
        Self { window, ..self }
    }

    /// Another time for the whole answer than 5 s.
    pub(crate) fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Metadata and message, as a learner sees them.
    pub(super) fn told(&self) -> String {
        let metadata: String = self.metadata.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        format!("{}\n{metadata}{}", self.path, self.shown)
    }

    pub(super) fn head(&self, address: SocketAddr) -> http::Request<()> {
        let head = http::Request::builder()
            .method(Method::POST)
            .uri(format!("http://{address}/{}", self.path))
            .header("te", "trailers")
            .header("content-type", "application/grpc")
            .header("user-agent", "lab-check")
            .header("grpc-accept-encoding", "identity");
        let head = self.metadata.iter().fold(head, |head, (name, value)| head.header(*name, value));
        head.body(()).expect("the checks' own headers are headers")
    }
}

/// Opens it on a connection of its own: all is sent, and nothing is read yet.
///
/// # Errors
///
/// When there is no server, or none for HTTP/2.
pub(crate) async fn open(address: SocketAddr, request: Request) -> Result<Stream, Failed> {
    Connection::start_at(address, request).await
}

/// Sends it on a connection of its own, and reads all that comes.
///
/// # Errors
///
/// When no whole answer comes in time: with what came until then.
pub(crate) async fn call(address: SocketAddr, request: Request) -> Result<Answer, Failed> {
    whole(request.patience, Connection::start_at(address, request)).await
}

/// All that comes.
pub(super) async fn whole(
    patience: Duration,
    opening: impl Future<Output = Result<Stream, Failed>>,
) -> Result<Answer, Failed> {
    let end = sleep(patience);
    tokio::pin!(end);
    let mut stream = opening.await?;
    let mut messages = Vec::new();
    while messages.len() < MOST_MESSAGES {
        let next = tokio::select! {
            next = stream.next(patience) => next?,
            () = &mut end => Next::Nothing,
        };
        match next {
            Next::Message(message) => messages.push(message),
            Next::End(status) => return Ok(Answer::new(stream, messages, status)),
            Next::Nothing => {
                let what = format!("no whole answer within {} s", patience.as_secs_f32());
                return Err(stream.failed(Problem::plain(what)));
            }
        }
    }
    Err(stream.failed(Problem::plain("messages without end")))
}
