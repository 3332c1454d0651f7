//! Messages in a stream's data: a flag, a length of 4 bytes, the message. They may
//! begin and end anywhere in a frame.

use std::time::Instant;

use prost_reflect::MessageDescriptor;

use crate::{Message, text};

/// Flag and length.
const HEAD: usize = 5;
/// A longer message is counted alone. tonic takes 4 MiB.
const MAX_MESSAGE: usize = 1024 * 1024;

/// One direction of a stream.
#[derive(Default)]
pub(super) struct Messages {
    /// As `grpc-encoding` says.
    pub(super) encoding: Option<String>,
    buffer: Vec<u8>,
    seen: usize,
    lost: bool,
}

impl Messages {
    /// The messages that these bytes complete.
    pub(super) fn read(
        &mut self,
        mut bytes: &[u8],
        descriptor: Option<&MessageDescriptor>,
        at: Instant,
    ) -> Vec<Message> {
        let mut messages = Vec::new();
        while !bytes.is_empty() && !self.lost {
            self.take(&mut bytes, HEAD);
            let Some(&[flag, ref length @ ..]) = self.buffer.first_chunk::<HEAD>() else { break };
            let length = u32::from_be_bytes(*length) as usize;
            self.take(&mut bytes, HEAD + length);
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
        let first = !std::mem::replace(&mut self.lost, true);
        let text = || format!("not decoded from here on: a frame of {bytes} bytes");
        first.then(|| Message { text: text(), bytes: 0, at, record: None }).into_iter().collect()
    }

    fn take(&mut self, bytes: &mut &[u8], until: usize) {
        let (taken, rest) = bytes.split_at(bytes.len().min(until.saturating_sub(self.seen)));
        (self.seen, *bytes) = (self.seen + taken.len(), rest);
        if until <= HEAD + MAX_MESSAGE {
            self.buffer.extend_from_slice(taken);
        }
    }
}
