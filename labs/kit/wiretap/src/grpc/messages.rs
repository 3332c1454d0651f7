//! Messages in a stream's data: a flag, a length of 4 bytes, the message. They may
//! begin and end anywhere in a frame.

use std::time::Instant;

use prost_reflect::MessageDescriptor;

use crate::text::MAX_DECODED;
use crate::{Message, text};

/// Flag and length.
const HEAD: usize = 5;
/// Of an encoding's name. gRPC has `gzip`, `deflate`, `zstd`.
const MAX_NAME: usize = 32;

/// One direction of a stream.
#[derive(Default)]
pub(super) struct Messages {
    encoding: Option<String>,
    /// The message's first bytes: all so far, or its head alone.
    buffer: Vec<u8>,
    seen: usize,
    lost: bool,
}

impl Messages {
    pub(super) fn set_encoding(&mut self, name: &str) {
        // Every stream has one.
        self.encoding = Some(name.chars().take(MAX_NAME).collect());
    }

    /// Bytes of a message that isn't whole yet.
    pub(super) fn held(&self) -> usize {
        self.buffer.len()
    }

    /// Lets go of what will never be whole, and returns how much that was.
    pub(super) fn close(&mut self) -> usize {
        self.lost = true;
        std::mem::take(&mut self.buffer).len()
    }

    /// The messages that these bytes complete. Of one that is longer than `room`, or
    /// than is ever decoded, the length alone is known.
    pub(super) fn read(
        &mut self,
        mut bytes: &[u8],
        descriptor: Option<&MessageDescriptor>,
        room: usize,
        at: Instant,
    ) -> Vec<Message> {
        let mut messages = Vec::new();
        while !bytes.is_empty() && !self.lost {
            self.take(&mut bytes, HEAD, room.max(HEAD));
            let Some(&[flag, ref length @ ..]) = self.buffer.first_chunk::<HEAD>() else { break };
            let length = u32::from_be_bytes(*length) as usize;
            self.take(&mut bytes, HEAD + length, if length <= MAX_DECODED { room } else { 0 });
            if self.seen == HEAD + length {
                let text = match &self.encoding {
                    _ if flag == 0 && self.buffer.len() == self.seen => {
                        text::protobuf(descriptor.cloned(), &self.buffer[HEAD..])
                    }
                    Some(encoding) if flag == 1 => format!("{}, {encoding}", text::length(length)),
                    _ => text::length(length),
                };
                messages.push(Message { text, bytes: length as u64, at, record: None });
                (self.buffer, self.seen) = (Vec::new(), 0);
            }
        }
        messages
    }

    /// From here on it's unknown where messages begin.
    pub(super) fn lose(&mut self, bytes: usize, at: Instant) -> Vec<Message> {
        let first = !self.lost;
        self.close();
        let text = || format!("not decoded from here on: a frame of {bytes} bytes");
        first.then(|| Message { text: text(), bytes: 0, at, record: None }).into_iter().collect()
    }

    /// Takes bytes until there are so many of the message, and keeps them if that many may be kept.
    fn take(&mut self, bytes: &mut &[u8], until: usize, room: usize) {
        let (taken, rest) = bytes.split_at(bytes.len().min(until.saturating_sub(self.seen)));
        let is_whole = self.buffer.len() == self.seen;
        (self.seen, *bytes) = (self.seen + taken.len(), rest);
        if is_whole && self.seen <= room {
            self.buffer.extend_from_slice(taken);
        } else {
            self.buffer.truncate(HEAD);
            self.buffer.shrink_to_fit();
        }
    }
}
