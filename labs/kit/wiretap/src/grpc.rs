//! gRPC as it passes: a call is an HTTP/2 stream, and its outcome stands in the trailers.

mod messages;
mod status;
mod streams;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::Instant;

use self::streams::{Stream, Streams};
use crate::calls::{Log, Way};
use crate::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, Frames, HEADERS, Headers, PUSH_PROMISE, RST_STREAM,
};
use crate::relay::Decoder;
use crate::text;

/// Reads along on one connection.
pub(crate) struct Grpc {
    log: Log,
    sent: Direction,
    received: Direction,
    streams: Streams,
    /// The call that says what can't be read.
    unreadable: Option<u64>,
}

struct Direction {
    frames: Frames,
    headers: Headers,
    /// The stream whose headers go on in the next frame, and whether they are its last.
    open: Option<(u32, bool)>,
    /// It isn't HTTP/2, and is only counted.
    unreadable: bool,
}

impl Grpc {
    pub(crate) fn new(log: Log) -> Self {
        let direction = |frames| Direction { frames, headers: Headers::new(), open: None, unreadable: false };
        let (sent, received) = (direction(Frames::of_client()), direction(Frames::of_server()));
        Self { log, sent, received, streams: Streams::default(), unreadable: None }
    }

    fn direction(&mut self, way: Way) -> &mut Direction {
        match way {
            Way::Sent => &mut self.sent,
            Way::Received => &mut self.received,
        }
    }

    fn read(&mut self, way: Way, mut bytes: &[u8], at: Instant) {
        while !self.direction(way).unreadable {
            match self.direction(way).frames.next(&mut bytes, at) {
                Ok(Some(frame)) => self.frame(way, &frame, at),
                Ok(None) => return,
                Err(why) => self.not_http2(way, why),
            }
        }
        if let Some(call) = self.unreadable {
            self.log.count(call, way, bytes.len(), at);
        }
    }

    fn not_http2(&mut self, way: Way, why: &str) {
        let log = &self.log;
        let call = *self.unreadable.get_or_insert_with(|| log.open());
        log.edit(call, |call| {
            call.name = "(not HTTP/2)".into();
            call.side(way).start = format!("not HTTP/2: {why}");
        });
        self.direction(way).unreadable = true;
    }

    fn frame(&mut self, way: Way, frame: &Frame, at: Instant) {
        if frame.kind == HEADERS && way == Way::Sent && self.streams.get(frame.stream).is_none() {
            self.streams.open(frame.stream, self.log.open());
        }
        if let Some(stream) = self.streams.get(frame.stream) {
            self.log.edit(stream.call, |call| {
                call.side(way).passed(frame.length, frame.first);
                call.side(way).passed(0, at);
            });
        }
        match frame.kind {
            HEADERS | PUSH_PROMISE | CONTINUATION => self.headers(way, frame),
            DATA => {
                self.data(way, frame, at);
                if frame.has(END_STREAM) {
                    self.over(way, frame.stream);
                }
            }
            RST_STREAM => self.reset(way, frame),
            _ => {}
        }
    }

    fn headers(&mut self, way: Way, frame: &Frame) {
        let direction = self.direction(way);
        direction.headers.add(frame.content());
        if frame.kind != CONTINUATION {
            direction.open = Some((frame.stream, frame.has(END_STREAM)));
        }
        if !frame.has(END_HEADERS) {
            return;
        }
        let headers = direction.headers.finish();
        let Some((number, last)) = direction.open.take() else { return };
        // What a push promises is no call.
        if let Some(stream) = self.streams.get(number).filter(|_| frame.kind != PUSH_PROMISE) {
            match headers {
                Some(headers) => write_headers(&self.log, stream, way, headers),
                None => self.log.edit(stream.call, |call| {
                    call.side(way).start = "headers that can't be read".into();
                    if call.name.is_empty() {
                        call.name = "(unknown)".into();
                    }
                }),
            }
            if last {
                self.over(way, number);
            }
        }
    }

    fn data(&mut self, way: Way, frame: &Frame, at: Instant) {
        let read = self.streams.read(way, frame, at);
        if let Some(stream) = self.streams.get(frame.stream).filter(|_| !read.is_empty()) {
            self.log.edit(stream.call, |call| read.into_iter().for_each(|message| call.side(way).push(message)));
        }
    }

    fn over(&mut self, way: Way, number: u32) {
        if self.streams.over(way, number)
            && let Some(stream) = self.streams.get(number)
        {
            self.log.end(stream.call);
        }
    }

    /// A stream that is reset is over both ways.
    fn reset(&mut self, way: Way, frame: &Frame) {
        let code = frame.content().and_then(|content| content.first_chunk()).map(|code| u32::from_be_bytes(*code));
        let Some(stream) = self.streams.get(frame.stream).filter(|stream| !stream.ended) else { return };
        self.log.edit(stream.call, |call| {
            call.ended = true;
            let start = &mut call.side(way).start;
            // After a status it says only that the rest of the request is not wanted.
            if start.is_empty() {
                *start = format!("RST_STREAM: {}", status::reset(code));
            }
        });
        self.streams.end(frame.stream);
    }
}

fn write_headers(log: &Log, stream: &mut Stream, way: Way, headers: Vec<(String, String)>) {
    let find = |name: &str| headers.iter().find(|(this, _)| this == name).map(|(_, value)| value.as_str());
    let path = find(":path").filter(|_| way == Way::Sent).map(|path| path.trim_start_matches('/').to_owned());
    if let Some(path) = &path {
        stream.method = text::method(path);
    }
    if let Some(encoding) = find("grpc-encoding") {
        stream.set_encoding(way, encoding);
    }
    let outcome = match way {
        Way::Sent => None,
        Way::Received => status::outcome(find(":status"), find("grpc-status"), find("grpc-message")),
    };
    log.edit(stream.call, |call| {
        path.into_iter().for_each(|path| call.name = path);
        if call.name.is_empty() {
            call.name = "(no path)".into();
        }
        let side = call.side(way);
        outcome.into_iter().for_each(|outcome| side.start = outcome);
        side.add_headers(headers);
    });
}

impl Decoder for Grpc {
    fn sent(&mut self, bytes: &[u8], at: Instant) {
        self.read(Way::Sent, bytes, at);
    }

    fn received<'a>(&mut self, bytes: &'a [u8], at: Instant) -> Cow<'a, [u8]> {
        self.read(Way::Received, bytes, at);
        Cow::Borrowed(bytes)
    }

    fn closed(&mut self, _: Way, _: Instant) -> Vec<u8> {
        Vec::new()
    }

    fn gone(&mut self, _: Instant) {
        self.streams.open_calls().chain(self.unreadable).for_each(|call| self.log.end(call));
        self.streams = Streams::default();
    }
}
