//! How the client reads what a server answers: bounded, and with a doubt.

use std::io;

use futures_util::TryStreamExt;
use lab_console::{Failure, reason};
use lab_orders::{ChangeKind, Fault, Order, OrderId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use tokio_stream::StreamExt;
use tokio_util::codec::{FramedRead, LinesCodec};
use tokio_util::io::StreamReader;

use super::ImportLine;
use crate::error::{PROBLEM_JSON, PROBLEM_TYPE, Problem};

/// Of an answer that is read whole; a page of 1,000 orders has less than 1 MiB.
const ANSWER_BYTES: usize = 16 << 20;
/// Of a line of an event.
const EVENT_LINE_BYTES: usize = 1 << 20;

/// What may stand in a path segment as it is (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~').remove(b'.');

/// Where an order is. Whatever was typed stays one segment; nothing at all would be
/// another path, and no server could say what is wrong with it.
pub(crate) fn order_path(id: &str) -> Result<String, Failure> {
    if id.is_empty() {
        OrderId::parse(id)?;
    }
    // The only two segments that mean something else: URL parsers resolve them.
    let id =
        if id == "." || id == ".." { id.replace('.', "%252E") } else { utf8_percent_encode(id, SEGMENT).to_string() };
    Ok(format!("/v1/orders/{id}"))
}

/// Where a page is.
pub(crate) fn list_path(query: impl Iterator<Item = (&'static str, String)>) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    if query.is_empty() { "/v1/orders".to_owned() } else { format!("/v1/orders?{query}") }
}

/// Checks the status and the content type of an answer, and says what is wrong.
pub(crate) fn require(answer: &Response, status: StatusCode, content_type: &str) -> Result<(), String> {
    let given = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("nothing");
    let essence = given.split(';').next().unwrap_or_default().trim();
    if answer.status() == status && essence.eq_ignore_ascii_case(content_type) {
        return Ok(());
    }
    Err(format!("{} with {given} where {status} with {content_type} was due", answer.status()))
}

/// The whole body, up to a bound; an error when it was cut short.
pub(crate) async fn read_bounded(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(data) = answer.chunk().await.map_err(|error| reason(&error))? {
        if body.len() + data.len() > ANSWER_BYTES {
            return Err(format!("a body of more than {ANSWER_BYTES} bytes"));
        }
        body.extend_from_slice(&data);
    }
    Ok(body)
}

/// The failure that a problem stands for; an error when the answer is no problem.
pub(crate) async fn read_problem(answer: Response) -> Result<Failure, String> {
    require(&answer, answer.status(), PROBLEM_JSON)?;
    let body = read_bounded(answer).await?;
    let problem: Problem = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    Ok(problem.into_failure())
}

impl Problem {
    /// As a command reports it: the code that its type ends with, and every fault.
    pub(crate) fn into_failure(self) -> Failure {
        let code = match self.kind.strip_prefix(PROBLEM_TYPE) {
            Some(code) => code.to_owned(),
            None if self.status >= 500 => "unavailable".to_owned(),
            None => "invalid".to_owned(),
        };
        let faults: Vec<_> = self.errors.into_iter().map(|error| Fault::from(error).to_string()).collect();
        let message = if faults.is_empty() { self.detail } else { faults.join("; ") };
        Failure::refused(code, message)
    }
}

/// What became of an import.
#[derive(Default)]
pub(crate) struct ImportAnswer {
    pub(crate) created: u64,
    /// Each refused line, by its number among those that were sent.
    pub(crate) refused: Vec<(usize, Problem)>,
}

/// Reads an import's answer: a line for each line, and the summary, without which it was cut short.
pub(crate) async fn read_import(answer: Response) -> Result<ImportAnswer, String> {
    let text = read_bounded(answer).await?;
    let mut import = ImportAnswer::default();
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line).map_err(|error| error.to_string())? {
            ImportLine::Refused { line, problem } => import.refused.push((line, problem)),
            ImportLine::Placed { .. } => {}
            ImportLine::Summary { summary } => {
                import.created = summary.created;
                return Ok(import);
            }
        }
    }
    Err("no summary at its end".to_owned())
}

/// A server-sent event.
#[derive(Default)]
pub(crate) struct SentEvent {
    pub(crate) id: String,
    name: String,
    data: String,
}

impl SentEvent {
    /// What changed; `None` for the event that says the position alone.
    pub(crate) fn change(&self) -> Result<Option<(ChangeKind, Order)>, String> {
        let Some(kind) = ChangeKind::ALL.into_iter().find(|kind| kind.name() == self.name) else {
            return Ok(None);
        };
        serde_json::from_str(&self.data).map(|order| Some((kind, order))).map_err(|error| error.to_string())
    }
}

/// Reads server-sent events (WHATWG HTML §9.2.6): fields in lines, an empty line between events.
pub(crate) struct EventReader<R> {
    lines: FramedRead<R, LinesCodec>,
}

impl EventReader<()> {
    pub(crate) fn new(answer: Response) -> EventReader<impl tokio::io::AsyncRead + Unpin> {
        let bytes = StreamReader::new(Box::pin(answer.bytes_stream().map_err(io::Error::other)));
        EventReader { lines: FramedRead::new(bytes, LinesCodec::new_with_max_length(EVENT_LINE_BYTES)) }
    }
}

impl<R: tokio::io::AsyncRead + Unpin> EventReader<R> {
    /// The next event; `None` at the end of the stream. An event that was cut off is none.
    pub(crate) async fn next(&mut self) -> Result<Option<SentEvent>, String> {
        let mut event = SentEvent::default();
        while let Some(line) = self.lines.next().await {
            let line = line.map_err(|error| reason(&error))?;
            if line.is_empty() && !event.name.is_empty() {
                return Ok(Some(event));
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => value.clone_into(&mut event.id),
                "event" => value.clone_into(&mut event.name),
                // Our server sends the data in one line.
                "data" => value.clone_into(&mut event.data),
                // A comment, which keeps the connection alive, or something newer.
                _ => {}
            }
        }
        Ok(None)
    }
}
