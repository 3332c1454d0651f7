//! gRPC's unary calls over HTTP/2 (RFC 9113), frame by frame.
//!
//! A client library costs as much CPU as a server. This knows one request: its
//! headers go once as literals, which the server keeps, and from then on as six
//! indices (RFC 7541 §6.2.1, §6.1), as clients do. Of the answer it reads
//! frames and leaves the headers compressed: a call counts when its message is
//! whole and its stream has ended; a call that fails has no message.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Connection, Target};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;
/// Of SETTINGS and PING.
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// A server, a call, and how many at once on a connection.
#[derive(Clone)]
pub(crate) struct GrpcTarget {
    address: SocketAddr,
    /// `/package.Service/Method`
    path: &'static str,
    /// The request in its frame of gRPC: a flag, a length, the message.
    request: Bytes,
    /// The message that must come; `None` takes any.
    answer: Option<Bytes>,
    at_once: usize,
}

impl GrpcTarget {
    /// Calls `path` with `request`, `at_once` times on each connection.
    pub(crate) fn new(address: SocketAddr, path: &'static str, request: &impl Message, at_once: usize) -> Self {
        Self { address, path, request: frame_message(request), answer: None, at_once }
    }

    /// From now on each answer must be this one.
    pub(crate) fn expecting(self, answer: &impl Message) -> Self {
        Self { answer: Some(frame_message(answer)), ..self }
    }

    /// The bytes of a call and of its answer on a connection that is warm.
    pub(crate) async fn sizes(&self) -> Result<(usize, usize)> {
        let one = Self { at_once: 1, ..self.clone() };
        let mut connection = one.connect().await?;
        // The first calls bring settings, windows and the headers' literals.
        for _ in 0..8 {
            connection.step().await?;
        }
        let before = (connection.sent, connection.received);
        connection.step().await?;
        Ok((connection.sent - before.0, connection.received - before.1))
    }
}

/// A message's frame in gRPC: not compressed, its length, itself.
fn frame_message(message: &impl Message) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(0);
    bytes.put_u32(message.encoded_len() as u32);
    bytes.put_slice(&message.encode_to_vec());
    bytes.freeze()
}

/// A frame of HTTP/2 (RFC 9113 §4.1).
fn put_frame(to: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    to.put_uint(payload.len() as u64, 3);
    to.put_u8(kind);
    to.put_u8(flags);
    to.put_u32(stream);
    to.put_slice(payload);
}

/// The headers of the first call. Four of them enter the dynamic table, where
/// the newest has the index 62.
fn literal_headers(address: SocketAddr, path: &str) -> Vec<u8> {
    // From the static table: `:method: POST`, `:scheme: http`.
    let mut block = vec![0x83, 0x86];
    let authority = address.to_string();
    // With a name from the static table: `:path`, `:authority`, `content-type`.
    for (name, value) in [(4, path), (1, &authority), (31, "application/grpc")] {
        block.put_u8(0x40 | name);
        put_string(&mut block, value);
    }
    block.put_u8(0x40);
    put_string(&mut block, "te");
    put_string(&mut block, "trailers");
    block
}

/// The same headers, from the second call on.
const INDEXED_HEADERS: [u8; 6] = [0x83, 0x86, 0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62];

/// Shorter than 127 bytes, and not Huffman-coded.
fn put_string(block: &mut Vec<u8>, text: &str) {
    block.put_u8(text.len() as u8);
    block.put_slice(text.as_bytes());
}

pub(crate) struct GrpcConnection {
    stream: TcpStream,
    request: Bytes,
    answer: Option<Bytes>,
    at_once: usize,
    headers: Vec<u8>,
    next_stream: u32,
    /// Calls without an end so far, and those of them that have their message.
    open: usize,
    with_message: Vec<u32>,
    outgoing: Vec<u8>,
    incoming: BytesMut,
    sent: usize,
    received: usize,
}

impl Target for GrpcTarget {
    type Connection = GrpcConnection;

    async fn connect(&self) -> Result<GrpcConnection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let mut outgoing = PREFACE.to_vec();
        put_frame(&mut outgoing, SETTINGS, 0, 0, &[]);
        // So large that the server never waits for more (§6.9.1).
        put_frame(&mut outgoing, WINDOW_UPDATE, 0, 0, &((1_u32 << 31) - 1 - 65_535).to_be_bytes());
        Ok(GrpcConnection {
            stream,
            request: self.request.clone(),
            answer: self.answer.clone(),
            at_once: self.at_once,
            headers: literal_headers(self.address, self.path),
            next_stream: 1,
            open: 0,
            with_message: Vec::new(),
            outgoing,
            incoming: BytesMut::with_capacity(64 << 10),
            sent: 0,
            received: 0,
        })
    }
}

impl Connection for GrpcConnection {
    async fn step(&mut self) -> Result<u64> {
        while self.open < self.at_once {
            self.put_call();
        }
        let mut answered = 0;
        while answered == 0 {
            self.flush().await?;
            self.incoming.reserve(4096);
            let read = self.stream.read_buf(&mut self.incoming).await?;
            ensure!(read > 0, "the server closed the connection");
            self.received += read;
            while let Some((kind, flags, stream, payload)) = self.take_frame() {
                answered += u64::from(self.take(kind, flags, stream, &payload)?);
            }
        }
        Ok(answered)
    }
}

impl GrpcConnection {
    async fn flush(&mut self) -> Result<()> {
        self.stream.write_all(&self.outgoing).await?;
        self.sent += self.outgoing.len();
        self.outgoing.clear();
        Ok(())
    }

    fn put_call(&mut self) {
        put_frame(&mut self.outgoing, HEADERS, END_HEADERS, self.next_stream, &self.headers);
        put_frame(&mut self.outgoing, DATA, END_STREAM, self.next_stream, &self.request);
        if self.next_stream == 1 {
            self.headers = INDEXED_HEADERS.to_vec();
        }
        self.next_stream += 2;
        self.open += 1;
    }

    fn take_frame(&mut self) -> Option<(u8, u8, u32, Bytes)> {
        let mut head = self.incoming.get(..9)?;
        let length = head.get_uint(3) as usize;
        let (kind, flags, stream) = (head.get_u8(), head.get_u8(), head.get_u32());
        if self.incoming.len() < 9 + length {
            return None;
        }
        self.incoming.advance(9);
        Some((kind, flags, stream, self.incoming.split_to(length).freeze()))
    }

    /// Whether the frame ends a call.
    fn take(&mut self, kind: u8, flags: u8, stream: u32, payload: &Bytes) -> Result<bool> {
        match kind {
            // tonic sends a message of this size in one frame; another server might not.
            DATA => {
                let is_right = self.answer.as_ref().map_or(payload.len() > 5, |answer| answer == payload);
                ensure!(is_right, "the message is another one: {payload:?}");
                self.with_message.push(stream);
            }
            HEADERS if flags & END_STREAM != 0 => {
                let at = self.with_message.iter().position(|&with_message| with_message == stream);
                self.with_message.swap_remove(at.context("a call failed: it ended without a message")?);
                self.open -= 1;
                return Ok(true);
            }
            RST_STREAM | GOAWAY => bail!("the server ended the call or the connection"),
            SETTINGS | PING if flags & ACK == 0 => {
                let answer: &[u8] = if kind == PING { payload } else { &[] };
                put_frame(&mut self.outgoing, kind, ACK, 0, answer);
            }
            _ => {}
        }
        Ok(false)
    }
}
