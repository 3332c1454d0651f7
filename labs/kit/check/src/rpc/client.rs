//! The checker as a client: one call on a connection of its own, bounded in time and size.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use prost_reflect::MethodDescriptor;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::head::Problem;
use super::messages::framed;
use super::stream::{Next, Stream};
use super::{Answer, json, schema};
use crate::http::{Gate, Recorded, Recording};
use crate::verdict::Failed;

/// For the whole answer. The slowest library takes a tenth of it on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// As HTTP/2 begins (RFC 9113 §6.9.2).
const WINDOW: u32 = 65_535;
/// Nothing that is asked for in an exercise has more headers.
const HEADERS: u32 = 64 * 1024;
/// Messages of one call that is read to its end.
const MOST_MESSAGES: usize = 10_000;

/// What is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    path: &'static str,
    method: MethodDescriptor,
    metadata: Vec<(&'static str, String)>,
    message: Bytes,
    shown: String,
    gate: Option<Gate>,
    window: u32,
    patience: Duration,
}

/// A call with one message, as JSON with the names of the .proto file. An enum may be a number.
pub(crate) fn request(path: &'static str, message: &Value) -> Request {
    let method = schema::method(path).expect("the checks call what the schema knows");
    let (bytes, shown) = (schema::encode(method.input(), message), json::shown(Some(&method.input()), message));
    with(path, method, bytes, shown)
}

/// A call with these bytes as its message; `what` says what they are.
pub(crate) fn raw(path: &'static str, message: impl Into<Bytes>, what: &str) -> Request {
    let method = schema::method(path).expect("the checks call what the schema knows");
    with(path, method, message.into(), format!("({what})"))
}

fn with(path: &'static str, method: MethodDescriptor, message: Bytes, shown: String) -> Request {
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

    /// So many bytes may come that nobody has read; 65,535 without.
    pub(crate) fn window(self, window: u32) -> Self {
        Self { window, ..self }
    }

    /// Another time for the whole answer than 5 s.
    pub(crate) fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Metadata and message, as a learner sees them.
    fn told(&self) -> String {
        let metadata: String = self.metadata.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        format!("{}\n{metadata}{}", self.path, self.shown)
    }

    fn head(&self, address: SocketAddr) -> http::Request<()> {
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

/// Opens it: all is sent, and nothing is read yet.
///
/// # Errors
///
/// When there is no server, or none for HTTP/2.
pub(crate) async fn open(address: SocketAddr, request: Request) -> Result<Stream, Failed> {
    let (sent, patience, recording) = (request.told(), request.patience, Recording::default());
    let problem = match timeout(patience, opened(address, request, recording.clone())).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(problem)) => problem,
        Err(_) => Problem::plain(format!("the call wasn't taken within {} s", patience.as_secs_f32())),
    };
    let problem = problem.or_not_http2(&recording.bytes_read());
    Err(Failed { advice: problem.advice, ..Failed::new(sent, "a server for gRPC", format!("({})", problem.what)) })
}

/// Sends it, and reads all that comes.
///
/// # Errors
///
/// When no whole answer comes in time: with what came until then.
pub(crate) async fn call(address: SocketAddr, request: Request) -> Result<Answer, Failed> {
    let patience = request.patience;
    let end = sleep(patience);
    tokio::pin!(end);
    let mut stream = open(address, request).await?;
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

async fn opened(address: SocketAddr, request: Request, recording: Recording) -> Result<Stream, Problem> {
    let tcp = TcpStream::connect(address).await.map_err(|error| Problem::refused(address, &error))?;
    // Small frames are not to wait for each other.
    let _ = tcp.set_nodelay(true);
    let broken = |error: h2::Error| Problem::broken(&error);
    let (sender, connection) = h2::client::Builder::new()
        .initial_window_size(request.window)
        .max_header_list_size(HEADERS)
        .enable_push(false)
        .handshake::<_, Bytes>(Recorded::new(tcp, recording.clone()))
        .await
        .map_err(broken)?;
    let mut task = JoinSet::new();
    task.spawn(async move {
        // What goes wrong on it, the stream tells.
        let _ = connection.await;
    });
    let mut sender = sender.ready().await.map_err(broken)?;
    let (told, mut message) = (request.told(), framed(&request.message));
    let (response, mut outgoing) = sender.send_request(request.head(address), false).map_err(broken)?;
    if let Some(gate) = request.gate {
        let last = message.split_off(message.len() - 1);
        outgoing.send_data(message, false).map_err(broken)?;
        gate.pass().await;
        message = last;
    }
    outgoing.send_data(message, true).map_err(broken)?;
    Ok(Stream::new((told, request.method, recording), (response, outgoing), task))
}
