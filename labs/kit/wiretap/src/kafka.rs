//! Kafka as it passes: requests, and the answers that bear their numbers.
//!
//! Answers that name brokers are held until they are whole, and name the tap instead.
//! All else is passed on at once, and read once it's whole.

mod addresses;
mod content;
mod frames;
mod names;
mod records;
mod request;
#[cfg(test)]
mod tests;
mod topics;
mod wire;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use self::frames::{Frame, Frames};
use self::records::Records;
use self::request::{Api, Request};
pub(crate) use self::topics::Topics;
use crate::Side;
use crate::calls::{Log, Way};
use crate::relay::Decoder;

/// Requests without an answer. Clients have five or so, a broker reads one at a time.
const MAX_PENDING: usize = 10_000;

/// Reads along on one connection.
pub(crate) struct Kafka {
    log: Log,
    tap: SocketAddr,
    topics: Arc<Topics>,
    sent: Frames,
    received: Frames,
    pending: VecDeque<Pending>,
    /// The call that says what isn't Kafka, and which ways.
    unreadable: Option<u64>,
    lost: [bool; 2],
}

/// A request whose answer is still to come.
struct Pending {
    request: Request,
    kept: PendingCall,
}

enum PendingCall {
    Kept(u64),
    /// A fetch is kept if records come.
    Fetch(Side),
}

impl Kafka {
    pub(crate) fn new(log: Log, tap: SocketAddr, topics: Arc<Topics>) -> Self {
        let (sent, received, pending) = Default::default();
        Self { log, tap, topics, sent, received, pending, unreadable: None, lost: [false; 2] }
    }

    fn request(&mut self, frame: &Frame, at: Instant) {
        let Some(request) = Request::read(&frame.bytes) else {
            return self.not_kafka(Way::Sent, "a request without a head");
        };
        if self.pending.len() >= MAX_PENDING {
            return self.not_kafka(Way::Sent, "10,000 requests without an answer");
        }
        let mut side = Side::default();
        side.passed(frame.length, frame.first);
        side.passed(0, at);
        if request.api == Api::Fetch {
            return self.pending.push_back(Pending { request, kept: PendingCall::Fetch(side) });
        }
        let (call, mut answered) = (self.log.open(), true);
        if request.api == Api::Produce {
            match content::produced(&request, &frame.bytes, &self.topics, at) {
                Some((acks, records)) => {
                    answered = acks;
                    write_records(&mut side, records);
                    if !frame.is_whole() {
                        side.start = undecoded(&request, frame);
                    }
                }
                None => side.start = undecoded(&request, frame),
            }
        }
        self.log.edit(call, |call| {
            call.name.clone_from(&request.name);
            (call.sent, call.ended) = (side, !answered);
        });
        if answered {
            self.pending.push_back(Pending { request, kept: PendingCall::Kept(call) });
        }
    }

    /// Reads an answer; one that was held is passed on.
    fn answer(&mut self, frame: &Frame, at: Instant, out: &mut Vec<u8>) {
        let number = frame.bytes[4..].first_chunk().map(|number| i32::from_be_bytes(*number));
        let position = self.pending.iter().position(|pending| Some(pending.request.correlation) == number);
        let Some(position) = position else {
            return out.extend_from_slice(if frame.held { &frame.bytes } else { &[] });
        };
        // Answers come in the order of their requests: those before get none.
        let mut answered = self.pending.drain(..=position).collect::<Vec<_>>();
        let Some(Pending { request, kept }) = answered.pop() else { return };
        answered.iter().for_each(|before| self.end(before));
        let mut side = Side::default();
        let mut length = frame.length;
        if frame.held {
            let rewritten = addresses::rewrite(&request, &frame.bytes, self.tap, &self.topics);
            if rewritten.is_none() {
                side.start = format!("{}, and so clients go round the tap", undecoded(&request, frame));
            }
            let bytes = rewritten.as_deref().unwrap_or(&frame.bytes);
            length = bytes.len();
            out.extend_from_slice(bytes);
        }
        side.passed(length, frame.first);
        side.passed(0, at);
        match kept {
            PendingCall::Fetch(sent) => self.fetched(&request, frame, (sent, side), at),
            PendingCall::Kept(call) => self.answered(&request, frame, (call, side), at),
        }
    }

    fn fetched(&self, request: &Request, frame: &Frame, (sent, mut received): (Side, Side), at: Instant) {
        match content::fetched(request, &frame.bytes, &self.topics, at) {
            Some(records) if records.messages.is_empty() && records.unread.is_none() => return,
            Some(records) => write_records(&mut received, records),
            None => received.start = undecoded(request, frame),
        }
        let call = self.log.open();
        self.log.edit(call, |call| {
            call.name.clone_from(&request.name);
            (call.sent, call.received, call.ended) = (sent, received, true);
        });
    }

    fn answered(&self, request: &Request, frame: &Frame, (call, mut side): (u64, Side), at: Instant) {
        let stored = (request.api == Api::Produce).then(|| content::stored(request, &frame.bytes, &self.topics));
        if matches!(stored, Some(None)) {
            side.start = undecoded(request, frame);
        }
        self.log.edit(call, |call| {
            (call.received, call.ended) = (side, true);
            stored.flatten().into_iter().flatten().for_each(|partition| partition.write(call, at));
        });
    }

    fn end(&self, pending: &Pending) {
        if let PendingCall::Kept(call) = pending.kept {
            self.log.end(call);
        }
    }

    fn not_kafka(&mut self, way: Way, why: &str) {
        let log = &self.log;
        let call = *self.unreadable.get_or_insert_with(|| log.open());
        log.edit(call, |call| {
            call.name = "(not Kafka)".into();
            call.side(way).start = format!("not Kafka: {why}");
        });
        self.lost[way as usize] = true;
    }

    fn count_lost(&self, way: Way, bytes: usize, at: Instant) {
        self.unreadable.into_iter().for_each(|call| self.log.count(call, way, bytes, at));
    }
}

impl Decoder for Kafka {
    fn sent(&mut self, mut bytes: &[u8], at: Instant) {
        let mut passed = Vec::new();
        while !self.lost[Way::Sent as usize] {
            match self.sent.next(&mut bytes, at, |_| false, &mut passed) {
                Ok(Some(frame)) => self.request(&frame, at),
                Ok(None) => return,
                Err(why) => self.not_kafka(Way::Sent, why),
            }
        }
        self.count_lost(Way::Sent, bytes.len(), at);
    }

    fn received<'a>(&mut self, mut bytes: &'a [u8], at: Instant) -> Cow<'a, [u8]> {
        let mut out = Vec::with_capacity(bytes.len() + 64);
        while !self.lost[Way::Received as usize] {
            let pending = &self.pending;
            let hold = |number: &[u8; 4]| {
                let number = i32::from_be_bytes(*number);
                let request = pending.iter().map(|pending| &pending.request).find(|it| it.correlation == number);
                request.is_some_and(|request| request.api.has_addresses())
            };
            match self.received.next(&mut bytes, at, hold, &mut out) {
                Ok(Some(frame)) => self.answer(&frame, at, &mut out),
                Ok(None) => return Cow::Owned(out),
                Err(why) => {
                    out.extend(self.received.rest());
                    self.not_kafka(Way::Received, why);
                }
            }
        }
        self.count_lost(Way::Received, bytes.len(), at);
        out.extend_from_slice(bytes);
        Cow::Owned(out)
    }

    fn closed(&mut self, way: Way, _: Instant) -> Vec<u8> {
        if way == Way::Received { self.received.rest() } else { Vec::new() }
    }

    fn gone(&mut self, _: Instant) {
        let pending = std::mem::take(&mut self.pending);
        pending.iter().for_each(|pending| self.end(pending));
        self.unreadable.into_iter().for_each(|call| self.log.end(call));
    }
}

fn write_records(side: &mut Side, records: Records) {
    records.messages.into_iter().for_each(|message| side.push(message));
    side.not_kept += records.more;
    side.start = records.unread.map_or_else(String::new, |why| format!("not decoded: {why}"));
}

fn undecoded(request: &Request, frame: &Frame) -> String {
    if frame.is_whole() {
        format!("not decoded: version {}", request.version)
    } else {
        format!("not decoded: {} bytes at once", frame.length)
    }
}
