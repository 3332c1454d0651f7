//! The checker as a client: one request on a connection of its own, bounded in time and size.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Method, header};
use http_body_util::{BodyExt, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::gate::Outgoing;
use super::{Answer, Recorded, Recording, RequestGate as Gate};
use crate::verdict::Failed;

/// For the whole answer. The slowest framework takes a tenth of it on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// Nothing that is asked for in an exercise is larger.
const MOST: usize = 1024 * 1024;

/// What is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// With its query; percent-encoded already.
    pub(crate) path: String,
    headers: Vec<(HeaderName, String)>,
    body: Option<Bytes>,
    gate: Option<Gate>,
    patience: Duration,
}

/// A request without a body.
pub(crate) fn request(method: Method, path: &str) -> Request {
    Request { method, path: path.to_owned(), headers: Vec::new(), body: None, gate: None, patience: PATIENCE }
}

/// `GET path`
pub(crate) fn get(path: &str) -> Request {
    request(Method::GET, path)
}

impl Request {
    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A body of this content type.
    pub(crate) fn body(self, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..self.header(header::CONTENT_TYPE, content_type) }
    }

    /// A body as `application/json`.
    pub(crate) fn json(self, body: &serde_json::Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// The last byte of its body waits at the gate.
    pub(crate) fn held_at(self, gate: &Gate) -> Self {
        Self { gate: Some(gate.clone()), ..self }
    }

    /// Another time for the whole answer than 5 s.
    pub(crate) fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

/// Sends it, and reads the whole answer.
///
/// # Errors
///
/// When no whole answer comes in time: with what came until then.
pub(crate) async fn send(address: SocketAddr, request: Request) -> Result<Answer, Failed> {
    let recording = Recording::default();
    let (what, patience) = (format!("{} {}", request.method, request.path), request.patience);
    let result = timeout(patience, exchange(address, request, recording.clone())).await;
    let problem = match result {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(problem)) => problem,
        Err(_) => format!("no whole answer within {} s", patience.as_secs_f32()),
    };
    let (sent, read) = (recording.written(), recording.read());
    let came = if read.is_empty() { format!("({problem})") } else { format!("{read}\n({problem})") };
    Err(Failed::new(if sent.is_empty() { what } else { sent }, "an answer in HTTP/1.1", came))
}

async fn exchange(address: SocketAddr, request: Request, recording: Recording) -> Result<Answer, String> {
    let refused = |error: std::io::Error| format!("can't connect to {address}: {}", lab_console::reason(&error));
    let stream = TcpStream::connect(address).await.map_err(refused)?;
    let stream = Recorded::new(stream, recording.clone());
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let outgoing = outgoing(address, request)?;
    // The connection does the work while the answer is waited for, and is closed with it.
    let answer = async {
        let answer = sender.send_request(outgoing).await.map_err(|error| broken(&error))?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, MOST).collect().await.map_err(|error| {
            let too_large = error.is::<http_body_util::LengthLimitError>();
            if too_large { "more than 1 MiB".to_owned() } else { format!("the answer ends too early: {error}") }
        })?;
        Ok(Answer { address, sent: recording.written(), came: recording.read(), parts, body: body.to_bytes() })
    };
    let connection = async {
        // What goes wrong on it, the answer tells.
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = answer => answer,
        () = connection => unreachable!("it never ends"),
    }
}

fn outgoing(address: SocketAddr, request: Request) -> Result<http::Request<Outgoing>, String> {
    let mut outgoing = http::Request::builder().method(request.method).uri(request.path);
    outgoing = outgoing.header(header::HOST, address.to_string());
    for (name, value) in request.headers {
        outgoing = outgoing.header(name, value);
    }
    outgoing.body(Outgoing::new(request.body.unwrap_or_default(), request.gate)).map_err(|error| error.to_string())
}

fn broken(error: &hyper::Error) -> String {
    if error.is_parse() {
        format!("it can't be read as HTTP: {error}")
    } else if error.is_incomplete_message() {
        "the connection was closed before the answer was whole".to_owned()
    } else {
        format!("the connection broke: {error}")
    }
}
