//! The streams of one connection, and what they hold of messages that aren't whole.

use std::collections::BTreeMap;
use std::time::Instant;

use prost_reflect::MethodDescriptor;

use super::messages::Messages;
use crate::Message;
use crate::calls::Way;
use crate::frames::Frame;

/// Streams that are known; those that have ended are forgotten first.
const MAX_STREAMS: usize = 1_000;
/// Of messages that aren't whole, all streams together: each may wait for its end for ever.
const MAX_HELD: usize = 8 * 1024 * 1024;

#[derive(Default)]
pub(super) struct Streams {
    known: BTreeMap<u32, Stream>,
    held: usize,
}

pub(super) struct Stream {
    pub(super) call: u64,
    pub(super) method: Option<MethodDescriptor>,
    pub(super) ended: bool,
    sent: Half,
    received: Half,
}

#[derive(Default)]
struct Half {
    messages: Messages,
    over: bool,
}

impl Stream {
    fn half(&mut self, way: Way) -> &mut Half {
        match way {
            Way::Sent => &mut self.sent,
            Way::Received => &mut self.received,
        }
    }

    /// As `grpc-encoding` says.
    pub(super) fn set_encoding(&mut self, way: Way, name: &str) {
        self.half(way).messages.set_encoding(name);
    }

    fn over(&mut self, way: Way) -> usize {
        let half = self.half(way);
        half.over = true;
        half.messages.close()
    }
}

impl Streams {
    pub(super) fn get(&mut self, number: u32) -> Option<&mut Stream> {
        self.known.get_mut(&number)
    }

    pub(super) fn open(&mut self, number: u32, call: u64) {
        if self.known.len() >= MAX_STREAMS {
            self.known.retain(|_, stream| !stream.ended);
        }
        if self.known.len() >= MAX_STREAMS
            && let Some((&oldest, _)) = self.known.first_key_value()
        {
            self.end(oldest);
            self.known.remove(&oldest);
        }
        let (sent, received) = Default::default();
        self.known.insert(number, Stream { call, method: None, ended: false, sent, received });
    }

    /// The messages that a frame of data completes.
    pub(super) fn read(&mut self, way: Way, frame: &Frame, at: Instant) -> Vec<Message> {
        let Some(stream) = self.known.get_mut(&frame.stream) else { return Vec::new() };
        let descriptor = stream.method.as_ref().map(|method| match way {
            Way::Sent => method.input(),
            Way::Received => method.output(),
        });
        let messages = &mut stream.half(way).messages;
        let others = self.held - messages.held();
        let read = match frame.content() {
            Some(content) => messages.read(content, descriptor.as_ref(), MAX_HELD.saturating_sub(others), at),
            // How many messages end in it, and where the next begins, can't be known.
            None => messages.lose(frame.length, at),
        };
        self.held = others + messages.held();
        read
    }

    /// No more will come this way; true when that ends the stream.
    pub(super) fn over(&mut self, way: Way, number: u32) -> bool {
        let Some(stream) = self.known.get_mut(&number) else { return false };
        self.held -= stream.over(way);
        stream.ended = stream.sent.over && stream.received.over;
        stream.ended
    }

    /// No more will come, either way.
    pub(super) fn end(&mut self, number: u32) {
        for way in [Way::Sent, Way::Received] {
            self.over(way, number);
        }
    }

    /// The calls of those that have not ended.
    pub(super) fn open_calls(&self) -> impl Iterator<Item = u64> {
        self.known.values().filter(|stream| !stream.ended).map(|stream| stream.call)
    }
}
