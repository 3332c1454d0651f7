//! A call that is open: what comes is read when the check wants it.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream, SendStream};
use http::HeaderMap;
use http::response::Parts;
use prost_reflect::MethodDescriptor;
use serde_json::Value;
use tokio::time::timeout;

use super::head::{self, Problem};
use super::messages::Messages;
use super::status::Status;
use super::{Connection, json, schema};
use crate::verdict::Failed;

/// Of what came, so much is kept to be shown.
const SHOWN: usize = 8 * 1024;
/// Stands where there was more.
const MORE: char = '…';
/// Of an answer that isn't gRPC.
const FOREIGN: usize = 1024;

/// What a stream brings next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// As JSON, with the names of the .proto file.
    Message(Value),
    /// Nothing comes after that.
    End(Status),
    /// The time was over.
    Nothing,
}

/// One call. Whoever drops it resets it, and closes the connection if nobody else has it.
pub(crate) struct Stream {
    pub(super) sent: String,
    pub(super) shown: String,
    method: MethodDescriptor,
    outgoing: SendStream<Bytes>,
    response: ResponseFuture,
    came: Option<(Parts, RecvStream)>,
    messages: Messages,
    connection: Connection,
}

impl Stream {
    pub(super) fn new(
        (sent, method): (String, MethodDescriptor),
        (response, outgoing): (ResponseFuture, SendStream<Bytes>),
        connection: Connection,
    ) -> Self {
        Self {
            sent,
            shown: String::new(),
            method,
            outgoing,
            response,
            came: None,
            messages: Messages::default(),
            connection,
        }
    }

    /// The next message or the end, if it comes in this time. Between two calls nothing is read:
    /// so much waits in the window, and not more.
    ///
    /// # Errors
    ///
    /// When what comes isn't gRPC, or it breaks off.
    pub(crate) async fn next(&mut self, patience: Duration) -> Result<Next, Failed> {
        match timeout(patience, self.step()).await {
            Ok(Ok(next)) => Ok(next),
            Ok(Err(problem)) if problem.is_cancelled => {
                self.show(&format!("({})", problem.what));
                Ok(Next::End(Status::cancelled()))
            }
            Ok(Err(problem)) => Err(self.failed(problem)),
            Err(_) => Ok(Next::Nothing),
        }
    }

    /// From now on so many bytes may come that nobody has read, on each stream of its connection.
    pub(crate) fn widen(&self, window: u32) {
        self.connection.widen(window);
    }

    /// Where it is: for other calls beside it.
    pub(crate) fn connection(&self) -> Connection {
        self.connection.clone()
    }

    /// RST_STREAM with CANCEL: as a client does that no longer wants it. The connection stays.
    pub(crate) fn reset(&mut self) {
        self.outgoing.send_reset(Reason::CANCEL);
    }

    /// The connection is closed: as of a client that ended.
    pub(crate) fn hang_up(&mut self) {
        self.connection.close();
    }

    /// What came isn't what was expected.
    pub(crate) fn wrong(&self, expected: impl Into<String>) -> Failed {
        Failed::new(&self.sent, expected, self.shown.trim())
    }

    /// There is no whole answer.
    pub(super) fn failed(&self, problem: Problem) -> Failed {
        let problem = problem.or_not_http2(&self.connection.recording.bytes_read());
        let came = format!("{}\n({})", self.shown, problem.what);
        let came = came.trim();
        Failed { advice: problem.advice, ..Failed::new(&self.sent, "an answer in gRPC", came) }
    }

    /// Where it is given up in the middle, it goes on from there.
    async fn step(&mut self) -> Result<Next, Problem> {
        loop {
            if let Some(message) = self.messages.next().map_err(Problem::plain)? {
                let message = schema::decode(self.method.output(), message).map_err(Problem::plain)?;
                // To lay out what is not shown would take longer than to read it.
                if !self.shown.ends_with(MORE) {
                    self.show(&format!("\n{}", json::shown(Some(&self.method.output()), &message)));
                }
                return Ok(Next::Message(message));
            }
            match &mut self.came {
                None => self.head().await?,
                Some((_, body)) => match poll_fn(|cx| body.poll_data(cx)).await {
                    Some(data) => {
                        let data = data.map_err(|error| Problem::broken(&error))?;
                        self.messages.push(&data);
                        // A stream that was reset has no window.
                        let _ = body.flow_control().release_capacity(data.len());
                    }
                    None => return self.ended().await.map(Next::End),
                },
            }
        }
    }

    async fn head(&mut self) -> Result<(), Problem> {
        let response = Pin::new(&mut self.response).await.map_err(|error| Problem::broken(&error))?;
        let (parts, mut body) = response.into_parts();
        self.show(&head::shown(&parts));
        if let Err(problem) = head::check(&parts) {
            let text = text_of(&mut body).await;
            self.show(&format!("\n{}", text.trim()));
            return Err(problem);
        }
        self.messages.encoded(&parts.headers);
        self.came = Some((parts, body));
        Ok(())
    }

    async fn ended(&mut self) -> Result<Status, Problem> {
        let Some((parts, body)) = &mut self.came else { return Err(Problem::plain("nothing came")) };
        if !self.messages.is_empty() {
            return Err(Problem::plain("the stream ends in the middle of a message"));
        }
        let trailers = body.trailers().await.map_err(|error| Problem::broken(&error))?.unwrap_or_default();
        // An answer without messages may have its status in the headers.
        let status = Status::of(&trailers).or_else(|| Status::of(&parts.headers));
        let more = more(&trailers);
        let status = status
            .ok_or_else(|| Problem::not_grpc("the stream ends without a `grpc-status`"))?
            .map_err(Problem::not_grpc)?;
        self.show(&format!("\n{status}{more}"));
        Ok(status)
    }

    fn show(&mut self, text: &str) {
        if self.shown.len() + text.len() <= SHOWN {
            self.shown = format!("{}\n{text}", self.shown).trim().to_owned();
        } else if !self.shown.ends_with(MORE) {
            self.shown.extend(['\n', MORE]);
        }
    }
}

/// Metadata of the program's own.
fn more(trailers: &HeaderMap) -> String {
    let own = trailers.iter().filter(|(name, _)| !head::is_status(name.as_str()));
    own.map(|(name, value)| format!("\n{name}: {}", String::from_utf8_lossy(value.as_bytes()))).collect()
}

/// Its beginning.
async fn text_of(body: &mut RecvStream) -> String {
    let mut text = Vec::new();
    while let Some(Ok(data)) = poll_fn(|cx| body.poll_data(cx)).await {
        text.extend_from_slice(&data);
        let _ = body.flow_control().release_capacity(data.len());
        if text.len() > FOREIGN {
            break;
        }
    }
    text.truncate(FOREIGN);
    String::from_utf8_lossy(&text).into_owned()
}
