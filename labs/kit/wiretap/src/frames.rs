//! HTTP/2's frames, and the headers in them (RFC 9113 §4, RFC 7541).

use std::time::Instant;

use loona_hpack::Decoder;

use crate::calls::MAX_TEXT;
use crate::text;

/// What a client's first bytes are.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Length, type, flags, stream.
const HEAD: usize = 9;
/// A longer one is counted, and its payload is not kept. 16 KiB is what servers take.
const MAX_FRAME: usize = 1024 * 1024;
/// Beyond this a peer's header table is not followed. All start at 4,096 bytes.
const MAX_TABLE: usize = 64 * 1024;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// A frame as it passed.
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    /// `None` of a frame that is too long to keep.
    payload: Option<Vec<u8>>,
    /// On the wire, its head included.
    pub(crate) length: usize,
    /// When its first byte passed.
    pub(crate) first: Instant,
}

impl Frame {
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The payload without padding and what stands before it; `None` when it's malformed, or not kept.
    pub(crate) fn content(&self) -> Option<&[u8]> {
        let mut content = self.payload.as_deref()?;
        let may_pad = matches!(self.kind, DATA | HEADERS | PUSH_PROMISE);
        if may_pad && self.has(PADDED) {
            let (&padding, rest) = content.split_first()?;
            content = rest.get(..rest.len().checked_sub(padding.into())?)?;
        }
        let before = match self.kind {
            HEADERS if self.has(PRIORITY) => 5,
            PUSH_PROMISE => 4,
            _ => 0,
        };
        content.get(before..)
    }
}

/// Cuts one direction into frames.
pub(crate) struct Frames {
    /// How much of the preface is still to come.
    preface: usize,
    buffer: Vec<u8>,
    seen: usize,
    first: Option<Instant>,
    begun: bool,
}

impl Frames {
    pub(crate) fn of_client() -> Self {
        Self { preface: PREFACE.len(), ..Self::of_server() }
    }

    pub(crate) fn of_server() -> Self {
        Self { preface: 0, buffer: Vec::new(), seen: 0, first: None, begun: false }
    }

    /// The next frame that these bytes complete; they are used up to its end.
    pub(crate) fn next(&mut self, bytes: &mut &[u8], at: Instant) -> Result<Option<Frame>, &'static str> {
        while self.preface > 0 {
            let Some((&byte, rest)) = bytes.split_first() else { return Ok(None) };
            if byte != PREFACE[PREFACE.len() - self.preface] {
                return Err("the client doesn't begin with HTTP/2's preface");
            }
            (self.preface, *bytes) = (self.preface - 1, rest);
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let first = *self.first.get_or_insert(at);
        self.take(bytes, HEAD);
        let Some(head) = self.buffer.first_chunk::<HEAD>().copied().filter(|_| self.seen >= HEAD) else {
            return Ok(None);
        };
        let [a, b, c, kind, flags, stream @ ..] = head;
        let length = HEAD + u32::from_be_bytes([0, a, b, c]) as usize;
        if !std::mem::replace(&mut self.begun, true) && kind != SETTINGS {
            return Err("it doesn't begin with HTTP/2's SETTINGS");
        }
        self.take(bytes, length);
        if self.seen < length {
            return Ok(None);
        }
        (self.seen, self.first) = (0, None);
        let mut payload = std::mem::take(&mut self.buffer);
        payload.drain(..HEAD);
        let payload = (payload.len() + HEAD == length).then_some(payload);
        Ok(Some(Frame { kind, flags, stream: u32::from_be_bytes(stream) & 0x7fff_ffff, payload, length, first }))
    }

    /// Takes bytes until there are so many of the frame.
    fn take(&mut self, bytes: &mut &[u8], until: usize) {
        let (taken, rest) = bytes.split_at(bytes.len().min(until.saturating_sub(self.seen)));
        (self.seen, *bytes) = (self.seen + taken.len(), rest);
        if until <= MAX_FRAME {
            self.buffer.extend_from_slice(taken);
        }
    }
}

/// The headers of one direction, which share a table over all streams.
pub(crate) struct Headers {
    /// `None` after what it couldn't read: all that follows would be wrong.
    decoder: Option<Decoder<'static>>,
    block: Vec<u8>,
}

impl Headers {
    pub(crate) fn new() -> Self {
        let mut decoder = Decoder::new();
        decoder.set_max_allowed_table_size(MAX_TABLE);
        Self { decoder: Some(decoder), block: Vec::new() }
    }

    /// Adds what a frame carries of a block.
    pub(crate) fn add(&mut self, part: Option<&[u8]>) {
        match part {
            Some(part) if self.block.len() + part.len() <= MAX_TEXT => self.block.extend_from_slice(part),
            _ => self.decoder = None,
        }
    }

    /// The headers of the block that is complete now; `None` when they can't be read.
    pub(crate) fn finish(&mut self) -> Option<Vec<(String, String)>> {
        let block = std::mem::take(&mut self.block);
        let (mut headers, mut size) = (Vec::new(), 0);
        let read = self.decoder.as_mut()?.decode_with_cb(&block, |name, value| {
            // A byte of the block may stand for a long header of the table.
            size += name.len() + value.len() + 1;
            if size <= MAX_TEXT {
                headers.push((text::lossy(&name), text::lossy(&value)));
            }
        });
        if read.is_err() {
            self.decoder = None;
            return None;
        }
        Some(headers)
    }
}
