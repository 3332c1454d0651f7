//! The checker as a client: a request on a connection of its own, or behind another; bounded in time and size.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Method, header};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::gate::Outgoing;
use super::other_case::OtherCase;
use super::{Answer, Gate, Recorded, Recording};
use crate::verdict::{Advice, Failed};

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
    before: Option<Box<Request>>,
    gate: Option<Gate>,
    patience: Duration,
    title_case: bool,
    odd_case: bool,
}

/// A request without a body.
pub(crate) fn request(method: Method, path: &str) -> Request {
    let (headers, path) = (Vec::new(), path.to_owned());
    let [title_case, odd_case] = [false; 2];
    Request { method, path, headers, body: None, before: None, gate: None, patience: PATIENCE, title_case, odd_case }
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

    /// A body of which nothing is said.
    pub(crate) fn bare(self, body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..self }
    }

    /// Comes on the connection on which that one was answered, where the server keeps it. What was left of
    /// that one's body there would be taken for this.
    pub(crate) fn after(self, before: Request) -> Self {
        Self { before: Some(Box::new(before)), ..self }
    }

    /// The end of its body waits at the gate: from within the last character that has several bytes, or else the
    /// last byte.
    pub(crate) fn held_at(self, gate: &Gate) -> Self {
        Self { gate: Some(gate.clone()), ..self }
    }

    /// The names of its headers as `Header-Name`, as some clients write them.
    pub(crate) fn title_case(self) -> Self {
        Self { title_case: true, ..self }
    }

    /// The names of its headers as `hEADER-nAME`: as nobody writes them, and anybody may (RFC 9110 §5.1).
    pub(crate) fn odd_case(self) -> Self {
        Self { odd_case: true, ..self.title_case() }
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
        Err(_) => Problem::plain(format!("no whole answer within {} s", patience.as_secs_f32())),
    };
    let (sent, read) = (recording.written(), recording.read());
    let problem = if is_http(&read) { problem } else { Problem::not_http() };
    let came = format!("{}\n({})", read.trim_end(), problem.what);
    let sent = if sent.is_empty() { what } else { sent };
    Err(Failed { advice: problem.advice, ..Failed::new(sent, "an answer in HTTP/1.1", came.trim_start()) })
}

/// As far as it came.
fn is_http(read: &str) -> bool {
    read.starts_with("HTTP/1.") || "HTTP/1.".starts_with(read)
}

/// Why no answer came.
struct Problem {
    what: String,
    advice: Option<Advice>,
}

impl Problem {
    fn plain(what: impl Into<String>) -> Self {
        Self { what: what.into(), advice: None }
    }

    fn refused(address: SocketAddr, error: &std::io::Error) -> Self {
        let what = format!("can't connect to {address}: {}", lab_console::reason(error));
        Self { what, advice: Some(NOBODY) }
    }

    /// Also from a server that speaks before it is asked, as one for HTTP/2 does.
    fn not_http() -> Self {
        Self { what: "it can't be read as HTTP/1.1".to_owned(), advice: Some(NOT_HTTP) }
    }

    fn broken(error: &hyper::Error) -> Self {
        if error.is_parse() || error.is_parse_too_large() {
            return Self { what: format!("it can't be read as HTTP: {error}"), advice: Some(NOT_HTTP) };
        }
        if error.is_incomplete_message() {
            return Self::plain("the connection was closed before the answer was whole");
        }
        Self::plain(format!("the connection broke: {}", lab_console::reason(error)))
    }
}

/// Stands before two requests.
const ON_ONE: &str = "(two requests on one connection: what a server leaves unread of the first one's body, it takes \
                      for the beginning of the second)";

const NOBODY: Advice = Advice {
    why: "There is nothing to be graded where nobody listens.",
    r#try: "Start the server first, and see on which address and port it listens; or leave it to the checker to \
            start it: `--program \"…\"`.",
};

const NOT_HTTP: Advice = Advice {
    why: "The first line of an answer must be like `HTTP/1.1 200 OK`, then come header lines and an empty line. A \
          client that finds anything else can't go on.",
    r#try: "Let a library write the answer. If you did: is it another server that listens there? A gRPC server \
            speaks HTTP/2.",
};

async fn exchange(address: SocketAddr, mut request: Request, recording: Recording) -> Result<Answer, Problem> {
    let before = request.before.take();
    let stream = TcpStream::connect(address).await.map_err(|error| Problem::refused(address, &error))?;
    let stream = OtherCase::new(Recorded::new(stream, recording.clone()), request.odd_case);
    let mut http1 = hyper::client::conn::http1::Builder::new();
    http1.title_case_headers(request.title_case);
    let (mut sender, connection) =
        http1.handshake(TokioIo::new(stream)).await.map_err(|error| Problem::broken(&error))?;
    // The connection does the work while the answer is waited for, and is closed with it.
    let answer = async {
        let Some(before) = before else {
            return ask(&mut sender, address, request, &recording).await?.map_err(|error| Problem::broken(&error));
        };
        let first = ask(&mut sender, address, *before, &recording).await?;
        first.map_err(|error| Problem::broken(&error))?;
        match ask(&mut sender, address, request.clone(), &recording).await? {
            // Whoever closes a connection is right as well, and needn't announce it.
            Err(error) if !error.is_parse() => Box::pin(exchange(address, request, recording.clone())).await,
            Err(error) => Err(Problem::broken(&error)),
            Ok(answer) => Ok(Answer { sent: format!("{ON_ONE}\n{}", answer.sent), ..answer }),
        }
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

/// Sends it on this connection. The inner error: there is no answer.
async fn ask(
    sender: &mut SendRequest<Outgoing>,
    address: SocketAddr,
    request: Request,
    recording: &Recording,
) -> Result<Result<Answer, hyper::Error>, Problem> {
    let outgoing = outgoing(address, request).map_err(Problem::plain)?;
    let sent = match sender.ready().await {
        Ok(()) => sender.send_request(outgoing).await,
        Err(closed) => Err(closed),
    };
    let answer = match sent {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(error)),
    };
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, MOST).collect().await.map_err(|error| {
        let too_large = error.is::<http_body_util::LengthLimitError>();
        Problem::plain(if too_large {
            "more than 1 MiB, and no end in sight".to_owned()
        } else {
            format!("the answer ends too early: {error}")
        })
    })?;
    Ok(Ok(Answer { address, sent: recording.written(), came: recording.read(), parts, body: body.to_bytes() }))
}

fn outgoing(address: SocketAddr, request: Request) -> Result<http::Request<Outgoing>, String> {
    let mut outgoing = http::Request::builder().method(request.method).uri(request.path);
    outgoing = outgoing.header(header::HOST, address.to_string());
    for (name, value) in request.headers {
        outgoing = outgoing.header(name, value);
    }
    outgoing.body(Outgoing::new(request.body.unwrap_or_default(), request.gate)).map_err(|error| error.to_string())
}
