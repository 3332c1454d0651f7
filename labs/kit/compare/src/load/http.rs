//! HTTP/1.1 with a request made beforehand.
//!
//! All answers to one request have the same layout here (ids, times and trace
//! ids have fixed lengths), so one answer is parsed, and the others must have
//! its status, its head and its length.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Connection, Target};

const BLANK_LINE: &[u8] = b"\r\n\r\n";
/// More than any answer here has.
const MOST_BYTES: usize = 64 << 10;

/// A server, a request, and what its answer looks like.
#[derive(Clone)]
pub(crate) struct HttpTarget {
    address: SocketAddr,
    request: Bytes,
    layout: Layout,
}

/// Of an answer, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    /// `HTTP/1.1 200`, say.
    status: [u8; 12],
    head: usize,
    total: usize,
}

/// An answer as text.
pub(crate) struct HttpAnswer {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl HttpTarget {
    /// `GET path`; asks once, and fails unless the answer is 200.
    pub(crate) async fn get(address: SocketAddr, path: &str) -> Result<(Self, HttpAnswer)> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: */*\r\n\r\n");
        Self::learn(address, request, "HTTP/1.1 200").await
    }

    /// `POST path` with a JSON body; asks once, and fails unless the answer is 201.
    pub(crate) async fn post(address: SocketAddr, path: &str, body: &str) -> Result<(Self, HttpAnswer)> {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\naccept: */*\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        Self::learn(address, request, "HTTP/1.1 201").await
    }

    async fn learn(address: SocketAddr, request: String, status: &str) -> Result<(Self, HttpAnswer)> {
        let mut stream = connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        let layout = loop {
            ensure!(stream.read_buf(&mut bytes).await? > 0, "the server closed the connection");
            if let Some(layout) = Layout::of(&bytes)?
                && bytes.len() >= layout.total
            {
                break layout;
            }
        };
        let text = String::from_utf8(bytes)?;
        ensure!(text.starts_with(status), "the server didn't answer {status}: {text}");
        let (head, body) = text.split_at(layout.head);
        let line = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let answer = HttpAnswer { headers: head.lines().skip(1).filter_map(line).collect(), body: body.to_owned() };
        Ok((Self { address, request: request.into(), layout }, answer))
    }

    /// The bytes of a request and of its answer.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.request.len(), self.layout.total)
    }
}

impl Layout {
    /// `None` while the head isn't whole.
    fn of(bytes: &[u8]) -> Result<Option<Self>> {
        ensure!(bytes.len() < MOST_BYTES, "the server's answer has no end");
        let Some(end) = bytes.windows(4).position(|four| four == BLANK_LINE) else { return Ok(None) };
        let head = str::from_utf8(&bytes[..end])?.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.context("the server's answer has no content-length")?.parse()?;
        let status = *bytes.first_chunk().context("the server's answer has no status")?;
        Ok(Some(Self { status, head: end + 4, total: end + 4 + length }))
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub(crate) struct HttpConnection {
    stream: TcpStream,
    request: Bytes,
    layout: Layout,
    answer: Vec<u8>,
}

impl Target for HttpTarget {
    type Connection = HttpConnection;

    async fn connect(&self) -> Result<HttpConnection> {
        let stream = connect(self.address).await?;
        let answer = Vec::with_capacity(MOST_BYTES);
        Ok(HttpConnection { stream, request: self.request.clone(), layout: self.layout, answer })
    }
}

impl Connection for HttpConnection {
    async fn step(&mut self) -> Result<u64> {
        let Layout { status, head, total } = self.layout;
        self.answer.clear();
        self.stream.write_all(&self.request).await?;
        while self.answer.len() < total {
            ensure!(self.stream.read_buf(&mut self.answer).await? > 0, "the server closed the connection");
            if self.answer.len() >= status.len() && !self.answer.starts_with(&status) {
                bail!("the server answered {}", String::from_utf8_lossy(&self.answer));
            }
        }
        let is_whole = self.answer.len() == total && &self.answer[head - 4..head] == BLANK_LINE;
        ensure!(is_whole, "the layout of the server's answer changed: {}", String::from_utf8_lossy(&self.answer));
        Ok(1)
    }
}
