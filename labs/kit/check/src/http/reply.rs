//! What the checker answers as a server.

mod shown;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::StatusCode;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use tokio::time::sleep;

use super::Gate;

/// Of an endless body. After so many bytes nobody is meant to be there any more.
const ENDLESS: u64 = 32 * 1024 * 1024;
const PIECE: &[u8] = &[b' '; 64 * 1024];
/// More of it is no status yet.
pub(super) const HALF_A_LINE: &str = "HTTP/1.1 20";

pub(crate) type Response = http::Response<BoxBody<Bytes, io::Error>>;

/// What a request gets.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// An answer as it should be.
    Answer { status: StatusCode, headers: Vec<(&'static str, String)>, body: String },
    /// The connection is closed after the request was read: nobody knows what became of it.
    Cut,
    /// It isn't closed, but reset (RST): as by a server that has crashed, or by a firewall.
    Reset,
    /// Half of the status line; then the connection is closed.
    CutLine,
    /// The status, the headers and half of this body; then the connection is closed.
    CutBody { status: StatusCode, headers: Vec<(&'static str, String)>, body: String },
    /// The connection stays open, and nothing comes.
    Hang,
    /// The status, the headers and half of this body; then nothing more comes.
    HangBody { status: StatusCode, headers: Vec<(&'static str, String)>, body: String },
    /// An answer whose length isn't said: the body comes in chunks.
    Chunked { status: StatusCode, headers: Vec<(&'static str, String)>, body: String },
    /// A body that begins with this and goes on in spaces. It counts the bytes that were taken.
    Endless { status: StatusCode, content_type: &'static str, begin: String, taken: Taken },
    /// Another reply, after so long.
    Late(Duration, Box<Reply>),
    /// Another reply, once the gate is open.
    Hold(Gate, Box<Reply>),
    /// Another reply, and from before it on nobody listens any more; or not for so long.
    Leave(Option<Duration>, Box<Reply>),
}

impl Reply {
    /// An answer without a body.
    pub(crate) fn status(status: StatusCode) -> Self {
        Self::Answer { status, headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Self {
        Self::text(status, "application/json", body.to_string())
    }

    pub(crate) fn text(status: StatusCode, content_type: &str, body: impl Into<String>) -> Self {
        Self::Answer { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    /// With a header more, where there are headers.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        match &mut self {
            Self::Answer { headers, .. }
            | Self::CutBody { headers, .. }
            | Self::HangBody { headers, .. }
            | Self::Chunked { headers, .. } => headers.push((name, value.into())),
            _ => {}
        }
        self
    }

    /// The same in chunks.
    pub(crate) fn chunked(self) -> Self {
        match self {
            Self::Answer { status, headers, body } => Self::Chunked { status, headers, body },
            other => other,
        }
    }

    /// Half of it; then the connection is closed.
    pub(crate) fn cut(self) -> Self {
        match self {
            Self::Answer { status, headers, body } => Self::CutBody { status, headers, body },
            other => other,
        }
    }

    /// Half of it; then nothing more comes.
    pub(crate) fn stuck(self) -> Self {
        match self {
            Self::Answer { status, headers, body } => Self::HangBody { status, headers, body },
            other => other,
        }
    }

    /// So long after the request.
    pub(crate) fn after(self, time: Duration) -> Self {
        Self::Late(time, Box::new(self))
    }

    /// The last one: nobody listens any more when it is sent.
    pub(crate) fn and_leave(self) -> Self {
        Self::Leave(None, Box::new(self.header("connection", "close")))
    }

    /// Nobody listens when it is sent, and for so long after it.
    pub(crate) fn and_leave_for(self, time: Duration) -> Self {
        Self::Leave(Some(time), Box::new(self.header("connection", "close")))
    }

    /// When `gate` opens.
    pub(crate) fn behind(self, gate: &Gate) -> Self {
        Self::Hold(gate.clone(), Box::new(self))
    }

    /// `None`: the connection is to be closed.
    pub(super) async fn into_response(self) -> Option<Response> {
        match self {
            Self::Cut | Self::Reset | Self::CutLine => None,
            Self::Hang => std::future::pending().await,
            Self::Answer { status, headers, body } => {
                let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
                Some(response(status, headers, body.boxed()))
            }
            Self::CutBody { status, headers, body } => {
                let end = stream::once(async {
                    // What is there is sent when nothing more is: the cut comes after that.
                    tokio::task::yield_now().await;
                    Err(io::Error::other("cut, as the plan says"))
                });
                Some(half_a_response(status, headers, body, end))
            }
            Self::HangBody { status, headers, body } => Some(half_a_response(status, headers, body, stream::pending())),
            Self::Chunked { status, headers, body } => {
                // Some decode each for itself: the first ends in the middle of a character.
                let middle = body.find(|c: char| !c.is_ascii()).map_or(0, |at| at + 1);
                let (first, rest) = body.as_bytes().split_at(middle);
                let pieces = first.chunks(8 * 1024).chain(rest.chunks(8 * 1024)).map(Bytes::copy_from_slice);
                let pieces: Vec<_> = pieces.map(Ok).collect();
                Some(response(status, headers, streamed(stream::iter(pieces))))
            }
            Self::Endless { status, content_type, begin, taken } => {
                let headers = vec![("content-type", content_type.to_owned())];
                let first = stream::iter([Ok(Bytes::from(begin))]);
                Some(response(status, headers, streamed(first.chain(taken.endless()))))
            }
            Self::Late(time, reply) => {
                sleep(time).await;
                Box::pin(reply.into_response()).await
            }
            Self::Hold(gate, reply) => {
                gate.pass().await;
                Box::pin(reply.into_response()).await
            }
            Self::Leave(_, reply) => Box::pin(reply.into_response()).await,
        }
    }
}

type Headers = Vec<(&'static str, String)>;

/// It says how long the body is, sends half of it, and then does what `end` says.
fn half_a_response(
    status: StatusCode,
    mut headers: Headers,
    body: String,
    end: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
) -> Response {
    headers.push(("content-length", body.len().to_string()));
    let half = floor(&body, body.len() / 2);
    let first = stream::iter([Ok(Bytes::from(body).slice(..half))]);
    response(status, headers, streamed(first.chain(end)))
}

fn streamed(pieces: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static) -> BoxBody<Bytes, io::Error> {
    BodyExt::boxed(StreamBody::new(pieces.map(|piece| piece.map(Frame::data))))
}

fn response(status: StatusCode, headers: Headers, body: BoxBody<Bytes, io::Error>) -> Response {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(body).expect("the checks' own headers are headers")
}

/// Where a text may be cut.
fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default()
}

/// How much of an endless body was taken, in bytes; some of it waits in the system's buffers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken(Arc<AtomicU64>);

impl Taken {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn endless(self) -> impl Stream<Item = io::Result<Bytes>> {
        stream::repeat_with(move || {
            let before = self.0.fetch_add(PIECE.len() as u64, Ordering::Relaxed);
            let enough = before >= ENDLESS;
            if enough { Err(io::Error::other("nobody should be there")) } else { Ok(Bytes::from_static(PIECE)) }
        })
    }
}
