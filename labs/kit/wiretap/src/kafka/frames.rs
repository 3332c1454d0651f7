//! Cuts one direction into messages: a length of 4 bytes, then so many.

use std::time::Instant;

/// A longer message is counted, and of its bytes only the first are kept.
const MAX_KEPT: usize = 4 * 1024 * 1024;
/// So many, for a request's own head.
const MAX_HEAD: usize = 1024;
/// No broker takes or sends more by default settings. `GET ` would be a length of 1.1 GB.
const MAX_LENGTH: i32 = 0x0fff_ffff;
/// The length, and the next 4 bytes: a request's kind and version, an answer's number.
const HEAD: usize = 8;

/// One direction.
#[derive(Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    seen: usize,
    /// Whether it's held back, once that is decided.
    held: Option<bool>,
    first: Option<Instant>,
}

/// A message as it passed.
pub(super) struct Frame {
    /// Its length and all else; of one that is too long its first bytes alone.
    pub(super) bytes: Vec<u8>,
    /// Bytes on the wire.
    pub(super) length: usize,
    /// It has not been passed on yet.
    pub(super) held: bool,
    pub(super) first: Instant,
}

impl Frame {
    pub(super) fn is_whole(&self) -> bool {
        self.bytes.len() == self.length
    }
}

impl Frames {
    /// The next message that these bytes complete; they are used up to its end. What
    /// may be passed on goes to `out`: all, unless `hold` wants it whole beforehand.
    pub(super) fn next(
        &mut self,
        bytes: &mut &[u8],
        at: Instant,
        hold: impl FnOnce(&[u8; 4]) -> bool,
        out: &mut Vec<u8>,
    ) -> Result<Option<Frame>, &'static str> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let first = *self.first.get_or_insert(at);
        if self.seen < HEAD {
            self.take(bytes, HEAD);
            if self.seen < HEAD {
                return Ok(None);
            }
            let length = self.length().ok_or("a length that no message has")?;
            let next = self.bytes.last_chunk().ok_or("no head")?;
            let held = length <= MAX_KEPT && hold(next);
            self.held = Some(held);
            if !held {
                out.extend_from_slice(&self.bytes);
            }
        }
        let length = self.length().ok_or("no head")?;
        let taken = self.take(bytes, length);
        if self.held == Some(false) {
            out.extend_from_slice(taken);
        }
        if self.seen < length {
            return Ok(None);
        }
        let done = std::mem::take(self);
        Ok(Some(Frame { bytes: done.bytes, length, held: done.held == Some(true), first }))
    }

    /// What has not been passed on, and never will be whole.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        let rest = std::mem::take(self);
        if rest.held == Some(false) { Vec::new() } else { rest.bytes }
    }

    /// The message's, with the 4 bytes that say so.
    fn length(&self) -> Option<usize> {
        let length = i32::from_be_bytes(*self.bytes.first_chunk()?);
        // Each has 4 bytes at least: see HEAD.
        (4..=MAX_LENGTH).contains(&length).then(|| length as usize + 4)
    }

    fn take<'a>(&mut self, bytes: &mut &'a [u8], until: usize) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(bytes.len().min(until.saturating_sub(self.seen)));
        (self.seen, *bytes) = (self.seen + taken.len(), rest);
        let room = if until <= MAX_KEPT { taken.len() } else { MAX_HEAD.saturating_sub(self.bytes.len()) };
        self.bytes.extend_from_slice(&taken[..room.min(taken.len())]);
        taken
    }
}
