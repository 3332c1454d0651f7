//! What the checker answers as a server.

use std::fmt;
use std::io;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;

use super::Gate;

/// Of an endless body: a gigabyte in pieces of 64 KiB.
const PIECES: usize = 16 * 1024;
const PIECE: &[u8] = &[b' '; 64 * 1024];

pub(crate) type Response = http::Response<BoxBody<Bytes, io::Error>>;

/// What a request gets.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// An answer as it should be.
    Answer { status: StatusCode, headers: Vec<(&'static str, String)>, body: String },
    /// The connection is closed after the request was read: nobody knows what became of it.
    Cut,
    /// The status, the headers and half of this body; then the connection is closed.
    CutBody { status: StatusCode, headers: Vec<(&'static str, String)>, body: String },
    /// The connection stays open, and nothing comes.
    Hang,
    /// 200, and a body of a gigabyte.
    Endless { content_type: &'static str },
    /// Another reply, once the gate is open.
    Hold(Gate, Box<Reply>),
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
        if let Self::Answer { headers, .. } | Self::CutBody { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }

    /// When `gate` opens.
    pub(crate) fn behind(self, gate: &Gate) -> Self {
        Self::Hold(gate.clone(), Box::new(self))
    }

    /// `None`: the connection is to be closed.
    pub(super) async fn into_response(self) -> Option<Response> {
        match self {
            Self::Cut => None,
            Self::Hang => std::future::pending().await,
            Self::Answer { status, headers, body } => {
                let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
                Some(response(status, headers, body.boxed()))
            }
            Self::CutBody { status, mut headers, body } => {
                headers.push(("content-length", body.len().to_string()));
                let half = floor(&body, body.len() / 2);
                Some(response(status, headers, cut_after(Bytes::from(body).slice(..half))))
            }
            Self::Endless { content_type } => {
                let pieces = stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(PIECE)))).take(PIECES);
                let headers = vec![("content-type", content_type.to_owned())];
                Some(response(StatusCode::OK, headers, BodyExt::boxed(StreamBody::new(pieces))))
            }
            Self::Hold(gate, reply) => {
                gate.pass().await;
                Box::pin(reply.into_response()).await
            }
        }
    }
}

fn cut_after(data: Bytes) -> BoxBody<Bytes, io::Error> {
    let pieces = stream::iter([Ok(Frame::data(data)), Err(io::Error::other("cut, as the plan says"))]);
    BodyExt::boxed(StreamBody::new(pieces))
}

fn response(status: StatusCode, headers: Vec<(&'static str, String)>, body: BoxBody<Bytes, io::Error>) -> Response {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(body).expect("the checks' own headers are headers")
}

/// As a learner sees it: the answer as it is on the wire, or what is done instead, in brackets.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer { status, headers, body } => {
                head(f, *status, headers)?;
                write!(f, "\n{body}")
            }
            Self::CutBody { status, headers, body } => {
                head(f, *status, headers)?;
                write!(f, "\n{}\n(the connection was cut here)", &body[..floor(body, body.len() / 2)])
            }
            Self::Cut => f.write_str("(the connection was cut after the request was read)"),
            Self::Hang => f.write_str("(no answer, and the connection stayed open)"),
            Self::Endless { content_type } => {
                write!(f, "HTTP/1.1 200 OK\ncontent-type: {content_type}\n\n(a gigabyte of spaces)")
            }
            Self::Hold(_, reply) => write!(f, "{reply}"),
        }
    }
}

fn head(f: &mut fmt::Formatter<'_>, status: StatusCode, headers: &[(&'static str, String)]) -> fmt::Result {
    writeln!(f, "HTTP/1.1 {status}")?;
    headers.iter().try_for_each(|(name, value)| writeln!(f, "{name}: {value}"))
}

/// Where a text may be cut.
fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default()
}
